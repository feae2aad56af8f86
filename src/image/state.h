/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What must outlive an execve of the image: strings behind the guest's own
 * environment, which the agent's start code takes off the stack again.
 */
#ifndef IMAGE_STATE_H
#define IMAGE_STATE_H

#include "base/base.h"

#define STATE_STRINGS 6 /* numbers, file name, exe, root, interpreter, credentials: in this order, last in envp */
#define STATE_NUMBERS_SIZE 128

enum state_flags {
	STATE_SIGSYS_IGNORED = 1,   /* the guest ignores SIGSYS */
	STATE_SIGSYS_BLOCKED = 2,   /* it believes SIGSYS to be blocked */
	STATE_NAMED_BY_EXE = 4,	    /* comm is the last component of EXE, not of FILE_NAME */
	STATE_PRIVILEGES_FIXED = 8, /* its no_new_privs is set */
	STATE_OF_HOST = 32,	    /* the program and its interpreter are the host's own */
	STATE_HOST_LIBRARIES = 64,  /* in front of the state is the library path for that program's loader */
	STATE_SECURE = 128,	    /* AT_SECURE: the program may do more than who executed it */
	STATE_FIRST = 256,	    /* CREDENTIALS are those before the program's file gave it any */
};

struct state {
	int program_fd;	      /* the guest's ELF file, open; or -1: EXE and INTERPRETER are to be opened */
	int interpreter_fd;   /* its interpreter, or -1 */
	uint64_t signal_mask; /* the guest's, to be set before its first instruction */
	uint32_t flags;	      /* enum state_flags */
	uint32_t cwd_mount;   /* the entry of the view that the current directory is in + 1; 0: not known */
	int foreign_fd;	      /* of the program that the emulator is to run, or -1 */
	uint32_t filters;     /* so many strings in front of these are seccomp filters of its own: agent/filters.h */
	/*
	 * 0; or where in argv the path of that program is. Behind it is its argv[0], which the emulator
	 * wants in front: so the guest's own arguments lie together, which is what /proc/self/cmdline shows.
	 */
	uint32_t foreign_at;
	const char *file_name; /* as given to execve: AT_EXECFN, and its last component is comm */
	const char *exe;       /* canonical guest path of the program */
	const char *root;      /* that of the process's root directory; "" is the view's */
	/* The program's interpreter, as that names it; where PROGRAM_FD is -1 its canonical path. */
	const char *interpreter;
	/* What the process believes to be: credentials_write(); "": what the kernel says. */
	const char *credentials;
};

/*
 * Write the numbers into BUF of STATE_NUMBERS_SIZE and point STRINGS at the
 * environment strings to add. The others are not copied;
 * INTERPRETER and CREDENTIALS may be NULL.
 */
void state_write(const struct state *state, char *buf, const char *strings[STATE_STRINGS]);
/* Read them back; false when STRINGS are none of ours. */
bool state_read(struct state *state, char *const strings[STATE_STRINGS]);

#endif
