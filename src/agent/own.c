/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/own.h"
#include "agent/proc.h"
#include "agent/slot.h"
#include <linux/kcmp.h>
#include <linux/sched.h>

#define ENTRIES 16

/* Entries are used again only when nobody can be reading them. */
static struct own entries[ENTRIES] AGENT_LARGE;
static unsigned int last;	/* made: index + 1; 0: none */
static unsigned int everybody;	/* index + 1 of the entry of all that have none of their own */
static unsigned int generation; /* of the memory the entries are known for */

static struct own *find(int process)
{
	for (unsigned int i = 0; i < ENTRIES; i++)
		if (entries[i].process == process && entries[i].generation == generation)
			return &entries[i];
	return NULL;
}

/* In a copy of the memory: what the parent had is everybody's now. */
static void settle(void)
{
	unsigned int now = slot_generation();
	struct own *parent;
	int parent_number;

	if (now == generation)
		return;
	parent_number = (int)GATE_0(NR_getppid); /* 0: it is in another namespace */
	parent = parent_number ? find(parent_number) : NULL;
	if (parent)
		everybody = (unsigned int)(parent - entries) + 1;
	generation = now;
}

static struct own *current(void)
{
	struct own *own;
	unsigned int index;

	if (!__atomic_load_n(&last, __ATOMIC_ACQUIRE))
		return NULL;
	settle();
	own = find((int)GATE_0(NR_getpid));
	index = __atomic_load_n(&everybody, __ATOMIC_ACQUIRE);
	return own ? own : index ? &entries[index - 1] : NULL;
}

const struct own *own_now(void)
{
	return current();
}

bool own_shares_memory(long process)
{
	return !GATE_5(NR_kcmp, GATE_0(NR_getpid), process, KCMP_VM, 0, 0);
}

/*
 * Nobody else can be a thread of the process, its parent after vfork(2), or share its memory
 * otherwise, when the kernel pretends to unshare that (check_unshare_flags(), kernel/fork.c).
 */
bool own_is_alone(void)
{
	return !GATE_1(NR_unshare, CLONE_VM);
}

static bool is_unused(unsigned int index)
{
	const struct own *own = &entries[index];

	if (index + 1 == everybody)
		return false;
	return !own->process || own->generation != generation || !own_shares_memory(own->process);
}

/* An entry nobody uses, the longest unused first; NULL: none. */
static struct own *take(void)
{
	for (unsigned int i = 0; i < ENTRIES; i++)
		if (is_unused((last + i) % ENTRIES))
			return &entries[(last + i) % ENTRIES];
	return NULL;
}

/* Fill and publish an entry for PROCESS. */
static long add(int process, const char *root, uint32_t cwd_mount)
{
	struct own *own = take();

	if (!own)
		return -ENOMEM;
	memmove(own->root, root, strlen(root) + 1);
	own->cwd_mount = cwd_mount;
	own->generation = generation;
	own->process = process;
	if (!process)
		__atomic_store_n(&everybody, (unsigned int)(own - entries) + 1, __ATOMIC_RELEASE);
	__atomic_store_n(&last, (unsigned int)(own - entries) + 1, __ATOMIC_RELEASE);
	return 0;
}

bool own_is_borrowed(void)
{
	return own_shares_memory(GATE_0(NR_getppid));
}

/*
 * A vfork child's number; 0 of who is the owner of its memory, or shares root and current directory with its
 * parent as well: a child of CLONE_VM and CLONE_FS changes them for both.
 */
static int own_number(void)
{
	int process = (int)GATE_0(NR_getpid), parent = (int)GATE_0(NR_getppid);

	return own_shares_memory(parent) && GATE_5(NR_kcmp, process, parent, KCMP_FS, 0, 0) ? process : 0;
}

long own_set_root(const char *root)
{
	int process = own_number();
	const struct own *old = current();
	struct own *replaced;
	long status;

	settle();
	replaced = process ? find(process) : NULL;
	status = add(process, root, old ? old->cwd_mount : 0);
	if (replaced && !status)
		replaced->process = 0;
	return status;
}

long own_set_cwd_mount(uint32_t mount)
{
	int process = own_number();
	struct own *own = current();

	settle();
	if (!own || own->process != process)
		return add(process, own ? own->root : "", mount);
	__atomic_store_n(&own->cwd_mount, mount, __ATOMIC_RELEASE);
	return 0;
}

bool own_read_root(long process, char *buf)
{
	unsigned int index;

	buf[0] = '\0';
	if (!proc_read_agent(process, &everybody, &index, sizeof(index)))
		return false;
	if (index && (index > ENTRIES || !proc_read_agent(process, entries[index - 1].root, buf, PATH_SIZE)))
		return false;
	buf[PATH_SIZE - 1] = '\0';
	return true;
}
