/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Calls from patched sites. Two ways behind one entry:
 *
 * - fast_call(): the most frequent calls on the most usual paths, with one or
 *   two system calls in all, on the guest's own stack and with its signals open.
 *   It holds nothing and changes nothing that could not be done again, so a
 *   signal that arrives meanwhile finds the guest at its site, about to make
 *   the call (fast_leave_for_signal()). What can't be done again is the last thing, at the gate.
 * - fast_handle(): everything else. The same handlers that a trap gets, in a
 *   slot, with signals blocked; without the trap.
 */
#ifndef AGENT_FAST_H
#define AGENT_FAST_H

#include "agent/plain.h"
#include "agent/slot.h"
#include <linux/openat2.h>

#define FAST_PATH_MOST (FAST_SIZE - FAST_TEXT)

/* What gate_change is to do in the directory that is opened for it. */
struct fast_change {
	char texts[FAST_CHANGED - FAST_TEXT]; /* of one path, or two halves */
	unsigned long nr;		      /* mkdirat, unlinkat or renameat2 */
	const char *name;
	unsigned long third;	/* mode or flags */
	const char *other_name; /* renameat2's; or NULL */
	uint64_t *changes;	/* plain_changes(), or: */
	uint64_t no_changes;
};

/* How the guest's path is named to the kernel. */
enum path_kind {
	PATH_SLOW,     /* not this way */
	PATH_EMPTY,    /* "" */
	PATH_RELATIVE, /* as it is, relative to the guest's directory */
	PATH_ABSOLUTE, /* in a plain directory */
};

#define FAST_UP_MOST 8

/* What is known of the path of a call. */
struct fast_path {
	enum path_kind kind;
	bool follows;	  /* a link in the last component */
	bool keeps_links; /* they are left to the kernel to find */
	bool is_kept;	  /* what is known of it may be found again: plain_is_known() */
	bool is_of_root;
	bool may_be_top;
	bool is_in_root;  /* an absolute path of the root's mount: see use_cwd() */
	bool is_from_cwd; /* an absolute path that is named from the current directory */
	plain_stamp stamp;
	plain_stamp followed; /* of links that have been replaced by their targets; 0: there was none */
	uint64_t now;	      /* clock_now() */
	size_t length;
	size_t replaced; /* so many bytes of it, before frame->path */
	char replaced_text[FAST_UP_MOST * 3];
	uint64_t layers; /* in an overlay: agent/fast_overlay.h; else 0 */
	uint32_t mount;
	bool is_lowest; /* no layer below has anything of that name to be seen */
};

/* How the result of a call that only reads is judged. */
enum fast_kind {
	FAST_STATUS,
	FAST_STATUS_X,
	FAST_LINK,
	FAST_OTHER,
};

/* On the guest's stack. Its head is known to assembly. */
struct fast_frame {
	struct fast_registers registers;
	unsigned long self; /* its own address while a signal may have to find it, + FAST_IS_... */
	union {
		struct open_how how;
		struct {
			unsigned long set;    /* without SIGSYS */
			unsigned long old_at; /* where the kernel writes the old one: the guest's memory, or below */
			unsigned long old;
		} mask;
	};
	long directory;
	union {
		const char *path;
		struct clone_child *child; /* clone3's; its arguments are in host_path */
	};
	unsigned long stamp;	   /* of an open: plain.h's, or 0 */
	unsigned long made[7];	   /* with FAST_CALL: number and arguments */
	unsigned long guest_flags; /* of the stat family, as the guest has them */
	enum fast_kind kind;
	struct fast_path about;
	union {
		char host_path[FAST_PATH_MOST];
		struct fast_change change;
	};
};

/* FAST_IS_DONE: registers.result is the result. */
#define FAST_IS_CLONING 4 /* there may be a record for a child: clone_forget_child() */
#define FAST_IS_ANY 7
/* FAST_IS_MASKED: so it is, and fast_note_mask() is left to do. */

_Static_assert(!offsetof(struct fast_frame, registers), "arch.h");
_Static_assert(offsetof(struct fast_frame, self) == FAST_SELF, "arch.h");
_Static_assert(offsetof(struct fast_frame, how) == FAST_HOW, "arch.h");
_Static_assert(offsetof(struct fast_frame, directory) == FAST_DIRECTORY, "arch.h");
_Static_assert(offsetof(struct fast_frame, path) == FAST_PATH, "arch.h");
_Static_assert(offsetof(struct fast_frame, stamp) == FAST_STAMP, "arch.h");
_Static_assert(offsetof(struct fast_frame, made) == FAST_CALLED, "arch.h");
_Static_assert(offsetof(struct fast_frame, host_path) == FAST_TEXT, "arch.h");
_Static_assert(offsetof(struct fast_frame, change.nr) == FAST_CHANGED, "arch.h");
_Static_assert(sizeof(struct fast_frame) == FAST_SIZE, "arch.h");

/*
 * The result; or FAST_SLOW; or FAST_PASS, when the site is to make the call itself;
 * or FAST_OPEN, when openat2(directory, path, how) is to be made at the gate, or
 * FAST_MASK, when rt_sigprocmask is, with mask, or FAST_CLONE, when clone3 is, with
 * host_path and child, or FAST_CHANGE, when what change says is, or FAST_CALL, when
 * what made says is, for fast_judge().
 */
long fast_call(struct fast_frame *frame);

/* The result of a call that only read, MADE with FAST_CALL, is RESULT: what the guest is to be told, or FAST_SLOW. */
long fast_judge(struct fast_frame *frame, long result);

/* Whether NAME, of LENGTH bytes, is none of a binding, and no "." or "..". */
bool fast_is_ordinary(const char *name, size_t length);

/* The mask has been changed: what the guest is to believe of SIGSYS. May be done twice. */
void fast_note_mask(struct fast_frame *frame);

/*
 * Handle the call as a trap's. 0: registers.result is the result. Or the slot that
 * is to go on at gate_unmask, all signals blocked.
 */
struct slot *fast_handle(struct fast_frame *frame);

/*
 * From now on all calls of this process are made at their sites: where
 * stacks have no room for us. It is never opened again. (A vfork child closes its parent's too, who then is slower.)
 */
void fast_close(void);
#define FAST_CLOSED_BY_US 1ul
#define FAST_CLOSED_BY_TRACER 2ul /* another process's agent: agent/trace_stop.c */
#pragma GCC visibility push(hidden)
extern unsigned long fast_is_closed; /* 0 or FAST_CLOSED_..., known to assembly */
#pragma GCC visibility pop

/* A signal came while the thread was on its way through here: make CONTEXT the guest's. */
void fast_leave_for_signal(struct ucontext *context);

#endif
