/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Links of /proc that name host paths, as the guest sees them.
 */
#ifndef AGENT_PROC_H
#define AGENT_PROC_H

#include "agent/agent.h"

/*
 * The host says that HOST_PATH, below /proc, is a link with the text BUF of
 * LENGTH bytes. If it is one the kernel follows by itself, what the resolver
 * is to be told (struct view_operations.read_link), and *IS_MAGIC; LENGTH for
 * others. BUF has PATH_SIZE bytes, and TEXT, which is written unless IS_LAST:
 * it gets the host path of what the link leads to, "" for the root. -EACCES where
 * a process that is no guest has something that the guest has no name for, as
 * the kernel says of processes that may not be looked at.
 */
long proc_translate_link(const char *host_path, char *buf, long length, bool is_last, bool *is_magic, char *text);

/*
 * The guest path that the link HOST_PATH leads to, in BUF of PATH_SIZE, if it
 * is one the kernel follows by itself (exe, cwd, root, fd/N, map_files) and
 * its host text TEXT names a place of the view: the length, else -ENOENT.
 */
long proc_link_guest(const char *host_path, const char *text, char *buf);

/*
 * proc_link_guest() of the link HOST_PATH, slashes behind it aside, which is
 * read into TEXT of PATH_SIZE and changed.
 */
long proc_read_link_guest(char *host_path, char *text, char *buf);

/* Whether the link HOST_PATH leads the kernel and the guest alike: exe and root are others for each. */
bool proc_is_kernels_way(const char *host_path);

/* What the kernel puts behind the path of what has been removed: d_path(), fs/d_path.c. */
#define PROC_DELETED " (deleted)"

#define PROC_NOT_OWN (-1)

/* The descriptor of the calling thread that the link HOST_PATH leads through, AT_FDCWD for its cwd, or PROC_NOT_OWN. */
int proc_own_descriptor(const char *host_path);

/*
 * Whether HOST_PATH is the directory with the links of the calling thread's own descriptors, which it may search,
 * whoever it belongs to: proc_fd_permission(), fs/proc/fd.c.
 */
bool proc_is_own_descriptors(const char *host_path);

/* A quick "no" to the question whether HOST_PATH may be such a link. */
bool proc_may_be_magic(const char *host_path);

/*
 * Which process's directory of a procfs HOST_PATH lies in: what follows behind
 * "N/" or "N/task/N/", and *THREAD is the last N; or NULL.
 */
const char *proc_of_process(const char *host_path, long *thread);

/*
 * Whether PROCESS is the caller, or one of its threads the calling one, by the
 * numbers of /proc: those of its own PID namespace may be others.
 */
bool proc_is_own(long process);

/* Whether PROCESS runs on our image: then it has an agent. */
bool proc_is_guest(long process);
/* Copy SIZE bytes from FROM, in the agent of PROCESS; false when that is not permitted. */
bool proc_read_agent(long process, const void *from, void *to, size_t size);

/* Whether the calling thread has other seccomp filters than ours. False where the kernel does not count them (before
 * Linux 5.9). */
bool proc_status_has_filters(void);

/* How the memfd of a copy of a file of /proc is named, before the path of that file. */
#define PROC_COPY_NAME "proot:"

/* The calling thread's own: it may share descriptors with no other, and the first thread may have ended. */
#define PROC_DESCRIPTORS "/proc/thread-self/fd/"

/* What descriptor DIRECTORY refers to (AT_FDCWD: the cwd): its host path with a final NUL, in BUF of PATH_SIZE. */
long proc_read_descriptor(int directory, char *buf);

/* view_to_guest() for agent use: "" is the root, and knows the host stand-ins of virtual directories. */
long proc_to_canonical_guest(const char *host_path, char *buf);

#endif
