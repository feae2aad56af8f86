/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Seccomp filters of the guest's own. The kernel has them, and applies them to
 * calls that pass our filter. Of a call that traps to us they are asked here, before its handler,
 * because our trap hides what is weaker in the kernel's order: seccomp_run_filters(), kernel/seccomp.c.
 *
 * Which filters a thread has, the kernel knows: each lets us ask for its number, and a
 * thread's newest answers (QUERY_NUMBER). So threads, forks and TSYNC need nothing of ours. The programs, by
 * number, are in memory that fork(2) copies, and go to the next program as strings of the state.
 */
#ifndef AGENT_FILTERS_H
#define AGENT_FILTERS_H

#include "agent/bpf.h"
#include "base/base.h"
#include "registers.h"

/* A verdict for the calls that strict mode forbids: no action of the kernel's. */
#define FILTERS_STRICT 0x00040000u

/* Most filters a thread can have: the kernel counts 4 instructions more for each, up to 32768. */
#define FILTERS_MOST 4032

/* Whether any thread of this memory has, or has had, a filter. */
static inline bool filters_are_on(void);

/*
 * Room for a program of COUNT instructions, to be filled in by the caller, that the
 * calling thread is about to get; NULL without memory. IS_STRICT: forbidding is strict mode's.
 */
struct filter *filters_add(unsigned int count, bool is_strict);
struct sock_filter *filters_code(struct filter *filter);
unsigned int filters_number(const struct filter *filter);
/* It is as it will be. Before the kernel has it; calls may be judged by it from now on. */
void filters_publish(struct filter *filter);
/* The kernel has not taken it. */
void filters_withdraw(struct filter *filter);

/* The calling thread is in strict mode now. Whether THREAD is, maybe another guest's. */
void filters_note_strict(void);
bool filters_read_strict(long thread);
/* How many the calling thread has. */
unsigned int filters_count(void);
/* Whether the mode of the calling thread is the strict one. */
bool filters_is_strict(void);

/* What they say of the calling thread's call at CONTEXT: SECCOMP_RET_ALLOW if there are none. */
uint32_t filters_judge(const struct ucontext *context);
/* Whether every filter there is allows all calls NR, whatever else they are. */
bool filters_allow(unsigned long nr);

/* The calling thread's as strings for the next program, the oldest first, into STRINGS: filters_count(). */
void filters_write(const char **strings);
/* At start, in the new program: COUNT strings. False without memory. */
bool filters_start(char *const *strings, unsigned int count);

#pragma GCC visibility push(hidden)
extern unsigned int filters_version; /* how often one has been published; 0: never */
#pragma GCC visibility pop

static inline bool filters_are_on(void)
{
	return __atomic_load_n(&filters_version, __ATOMIC_ACQUIRE);
}

#endif
