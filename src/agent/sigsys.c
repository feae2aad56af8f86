/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/sigsys.h"
#include "agent/gate.h"
#include "agent/proc.h"
#include "agent/slot.h"

/* Vfork children that have asked are rarely more at once. */
#define BORROWERS 8

struct borrower {
	int process;
	struct disposition own;
};

static struct {
	int owner; /* the process whose memory it is */
	unsigned int generation;
	unsigned int turn;
	struct disposition of_owner;
	struct borrower borrowers[BORROWERS];
} known;

void sigsys_start(unsigned long handler)
{
	known.of_owner.handler = handler;
	known.owner = (int)GATE_0(NR_getpid);
	known.generation = slot_generation();
}

static struct disposition *find_borrower(int process)
{
	for (unsigned int i = 0; i < BORROWERS; i++)
		if (__atomic_load_n(&known.borrowers[i].process, __ATOMIC_ACQUIRE) == process)
			return &known.borrowers[i].own;
	return NULL;
}

/* In a copy of the memory PROCESS is the owner, and what its parent was, which may have been a borrower. */
static void settle(int process)
{
	unsigned int now = slot_generation();
	struct disposition *parents;

	if (known.generation == now)
		return;
	parents = find_borrower((int)GATE_0(NR_getppid));
	if (parents)
		known.of_owner = *parents;
	memset(known.borrowers, 0, sizeof(known.borrowers));
	known.owner = process;
	known.generation = now;
}

/* It begins with what the process had whose memory it borrows. */
static struct disposition *add_borrower(int process)
{
	unsigned int turn = __atomic_fetch_add(&known.turn, 1, __ATOMIC_RELAXED);
	struct borrower *borrower = &known.borrowers[turn % BORROWERS];

	borrower->own = known.of_owner;
	__atomic_store_n(&borrower->process, process, __ATOMIC_RELEASE);
	return &borrower->own;
}

struct disposition *sigsys_own(void)
{
	int process = (int)GATE_0(NR_getpid);
	struct disposition *own;

	settle(process);
	if (process == known.owner)
		return &known.of_owner;
	own = find_borrower(process);
	return own ? own : add_borrower(process);
}

bool sigsys_read(long thread, struct disposition *disposition)
{
	__typeof__(known) read;

	if (!proc_read_agent(thread, &known, &read, sizeof(read)))
		return false;
	*disposition = read.of_owner;
	/* A borrower's only thread has its number. */
	for (unsigned int i = 0; i < BORROWERS; i++)
		if (read.borrowers[i].process == (int)thread)
			*disposition = read.borrowers[i].own;
	return true;
}
