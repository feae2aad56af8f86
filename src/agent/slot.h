/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Slots: the memory the agent works in, one for each call in progress. Guests
 * run on stacks of a few KiB, so neither path buffers nor the agent's own
 * frames may lie there.
 *
 * A slot is taken when a call traps and freed when its result is in the
 * guest's registers. A call that waits at the gate keeps its slot; a signal
 * that interrupts it frees the slot before the guest's handler runs
 * (signal_leave_gate()), so a handler that never returns leaks nothing.
 * fork(2) gives the child empty slots (MADV_WIPEONFORK); a vfork child that
 * executes a program leaves its slot to the kernel to clear (exec.c).
 */
#ifndef AGENT_SLOT_H
#define AGENT_SLOT_H

#include "agent/agent.h"
#include "agent/calls.h"
#include "agent/plain.h"
#include "registers.h"
#include "view/view.h"

/* Where a path argument leads, as the kernel takes it. */
struct host_path {
	int directory; /* descriptor PATH is relative to */
	const char *path;
	int pin;	   /* an O_PATH descriptor kept until the call is done (agent/pin.h), or -1 */
	bool is_pin_lent;  /* it is the other path's, who closes it */
	int held;	   /* a descriptor of the directory BASE_LINK leads to, or -1 */
	plain_stamp stamp; /* with is_plain: see plain_holds() */
	uint8_t kind;	   /* enum pin_kind: what it is held by */
	bool is_plain;	   /* PATH is absolute and its directory plain; RESULT is not valid, but for its HOST */
	bool is_resolved;  /* RESULT is valid; otherwise the guest's own relative path serves */
	bool is_as_is; /* PATH is the guest's own relative one, which meets no binding and, if all goes well, no link */
	bool is_own_way; /* it leads through a directory that has no name in the view: the kernel's alone */
	struct view_result *result;
	char *guest_path; /* the argument as the guest wrote it, copied */
	/*
	 * What HOST may be named from while RESULT is anchored: a descriptor or
	 * AT_FDCWD, or a link of /proc; and its host path, "" for the root; NULL: nothing.
	 */
	int base_directory;
	char base_link[48]; /* "": none; the longest is /proc/PID/task/TID/fd/N */
	const char *base;
};

/* Room for the name of a descriptor, and of a file below it, whose last component is shorter than PIN_LAST_SIZE. */
#define PIN_LAST_SIZE 1024
#define PIN_NAME_SIZE (PIN_LAST_SIZE + 64)

struct slot;
struct credentials;

/* One trapped call. */
struct call {
	const struct call_row *row;
	struct slot *slot;
	struct ucontext *context;
	unsigned long nr;
	unsigned long arguments[6]; /* the guest's; a handler may change them before it resumes */
	unsigned long original[6];
	struct host_path paths[2];
	long (*finish)(struct slot *slot, long result); /* of a call that waits: slot->finish without -v */
	uint32_t mount;		      /* to be noted with the directory the call opens: agent/mounts.h; 0: none */
	call_handler *retry;	      /* on ELOOP at gate_open */
	unsigned int tries;	      /* how often it has been */
	const struct credentials *as; /* whose rights count, if they are not identity_now()'s: of access(2) */
	bool is_denied;		      /* -EACCES was our answer, not the kernel's: agent/access.h */
	bool is_overriding;	      /* modes have been changed for it: it is made at once, not resumed */
	int waits;		      /* what is to be opened with the modes as they were: a descriptor; or -1 */
	bool is_judged;		      /* at gate_judged: it is not made yet */
	bool is_noted;	  /* others know that it waits: finish takes that back, also of a call that was not made */
	bool leaves;	  /* a signal's handler is about to be entered: finish can't resume it */
	bool holds;	  /* a walk holds the directories of links it follows */
	plain_stamp mark; /* of the last walk's beginning */
	unsigned long leave_stack; /* not 0: the guest's own frame, to return from with rt_sigreturn */
};

typedef long slot_finish(struct slot *slot, long result);

struct slot {
	int owner;	  /* 0: free. The kernel may clear it when a vfork child executes */
	int is_abandoned; /* a tracer has freed it: agent/trace_leave.c. What the call holds is yet to be given back */
	slot_finish *finish;   /* what is left to do behind the gate; NULL: nothing */
	unsigned long keep;    /* the call waits at the gate: do not free */
	unsigned long deliver; /* handler of the guest's own SIGSYS; else how many frames more than ours are left */
	long result;
	struct saved_registers saved;
	unsigned long enter[7]; /* of a call from a patched site: registers, mask and address for gate_unmask */
	unsigned long mask;
	unsigned long gate;
	unsigned long unmark;	/* at gate_open, of a path that was walked: less call.mark; 0: of none */
	unsigned long told;	/* not 0: a tracer is to be told of the return from the signal */
	unsigned long restorer; /* with DELIVER, where the frame does not say it: what that handler returns to; or 0 */
	struct call call;
	struct ucontext context; /* likewise: as a trap's frame would have it */
	void *extra;		 /* memory of a vfork child's execve: given back by who takes the slot next */
	size_t extra_size;
	char path[2][PATH_SIZE];
	struct view_result results[2];
	struct view_scratch scratch;
	char relative[2][PATH_SIZE];   /* host paths named from there */
	char base[2][PATH_SIZE];       /* the host paths of what they are named from */
	char pinned[2][PIN_NAME_SIZE]; /* names by descriptor */
	char spare[PATH_SIZE];	       /* for the handler: socket addresses, link targets, masks */
	char stack[];
};

_Static_assert(offsetof(struct slot, owner) == SLOT_OWNER, "arch.h");
_Static_assert(offsetof(struct slot, finish) == SLOT_FINISH, "arch.h");
_Static_assert(offsetof(struct slot, keep) == SLOT_KEEP, "arch.h");
_Static_assert(offsetof(struct slot, deliver) == SLOT_DELIVER, "arch.h");
_Static_assert(offsetof(struct slot, result) == SLOT_RESULT, "arch.h");
_Static_assert(offsetof(struct slot, saved) == SLOT_SAVED, "arch.h");
_Static_assert(offsetof(struct slot, enter) == SLOT_ENTER, "arch.h");
_Static_assert(offsetof(struct slot, mask) == SLOT_MASK, "arch.h");
_Static_assert(offsetof(struct slot, gate) == SLOT_GATE, "arch.h");
_Static_assert(offsetof(struct slot, unmark) == SLOT_UNMARK, "arch.h");
_Static_assert(offsetof(struct slot, told) == SLOT_TOLD, "arch.h");
_Static_assert(offsetof(struct slot, restorer) == SLOT_RESTORER, "arch.h");
_Static_assert(offsetof(struct ucontext, uc_stack.ss_sp) == UCONTEXT_STACK, "arch.h");
/* Changes of an overlay are the deepest, where what is copied has an owner to be stored: scripts/check-agent. */
#define SLOT_STACK (48 * 1024)
_Static_assert(sizeof(struct slot) + SLOT_STACK <= SLOT_SIZE, "a slot needs a stack");

/* Once at start, before the first trap. */
void slot_start(void);
/* A free slot, now ours. Never fails: makes more, or waits for one. */
struct slot *slot_take(void);
/* A finish that leaves the result as it is. */
#pragma GCC visibility push(hidden)
slot_finish slot_finish_nothing;
#pragma GCC visibility pop
/* A number, not 0, that tells this memory from the one it was copied from at fork(2). */
unsigned int slot_generation(void);
#pragma GCC visibility push(hidden)
extern unsigned int slot_generation_place[]; /* where it is kept; 0 while nobody has asked */
#pragma GCC visibility pop
static inline void slot_free(struct slot *slot)
{
	__atomic_store_n(&slot->owner, 0, __ATOMIC_RELEASE);
}

#endif
