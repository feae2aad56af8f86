/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A file of /proc being rewritten for the guest, line by line: what
 * proc_files.c gives to the makers of each kind.
 */
#ifndef AGENT_PROC_COPY_H
#define AGENT_PROC_COPY_H

#include "agent/slot.h"
#include "base/text.h"

#define COPY_CHUNK 4096 /* the longest line */

struct copy {
	struct slot *slot;
	int from, to;
	const char *host_path; /* of the file */
	char *in;	       /* 2 * COPY_CHUNK: what is read and not yet used */
	size_t in_used, in_length;
	bool is_cut;	 /* not all could be written */
	struct text out; /* flushed when nearly full */
};

struct proc_file;
typedef void copy_maker(struct copy *copy, const struct proc_file *file);

struct proc_file {
	const char *name;
	copy_maker *make;
	unsigned int place_field; /* of a list of mounts: which word is the mount point, from 0 */
	bool has_ids;		  /* its first two words are numbers of the mount and its parent */
};

/* The next line without its newline, or NULL at the end. A line too long for the buffer comes in parts. */
char *copy_next_line(struct copy *copy);
/* Read from the beginning again. */
void copy_rewind(struct copy *copy);
/* The same, with nothing written. */
void copy_restart(struct copy *copy);
/* See to it that the output has room for half a chunk. */
void copy_make_room(struct copy *copy);
/* A newline to the output. */
void copy_end_line(struct copy *copy);

/* proc_mounts.c */
copy_maker proc_make_mounts;
/* proc_cpuinfo.c */
copy_maker proc_make_cpuinfo;
/* kernel.c */
copy_maker proc_make_kernel;
/* proc_status.c */
copy_maker proc_make_status;

#endif
