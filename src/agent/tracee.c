/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/tracee.h"
#include "agent/room.h"
#include "agent/seal.h"
#include <asm/mman.h>
#include <linux/mman.h>
#include <linux/ptrace.h>
#include <linux/uio.h>

#define TRACEES 2048

/* Of all tracers of this process: a tracee has one. There are none until somebody traces. */
static struct tracee *tracees;

/* Places that were ever used: beyond them nothing is to be found. */
static unsigned int used;

struct tracee *tracee_find(int thread)
{
	for (unsigned int i = 0; i < __atomic_load_n(&used, __ATOMIC_ACQUIRE); i++)
		if (__atomic_load_n(&tracees[i].thread, __ATOMIC_ACQUIRE) == thread)
			return &tracees[i];
	return NULL;
}

static bool make_room(void)
{
	const size_t size = TRACEES * sizeof(*tracees);
	struct tracee *none = NULL;
	long made;

	if (__atomic_load_n(&tracees, __ATOMIC_ACQUIRE))
		return true;
	made = room_map(size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1);
	if (made < 0)
		return false;
	if (__atomic_compare_exchange_n(&tracees, &none, (struct tracee *)made, false, __ATOMIC_ACQ_REL,
					__ATOMIC_ACQUIRE))
		seal((char *)made, size);
	else
		room_unmap((void *)made, size);
	return true;
}

static struct tracee *claim(int thread)
{
	for (unsigned int i = 0; make_room() && i < TRACEES; i++) {
		unsigned int seen = __atomic_load_n(&used, __ATOMIC_RELAXED);
		int none = 0;

		if (!__atomic_compare_exchange_n(&tracees[i].thread, &none, thread, false, __ATOMIC_ACQ_REL,
						 __ATOMIC_RELAXED))
			continue;
		while (seen <= i &&
		       !__atomic_compare_exchange_n(&used, &seen, i + 1, false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED))
			;
		return &tracees[i];
	}
	return NULL;
}

struct tracee *tracee_take(int thread)
{
	struct tracee *tracee = tracee_find(thread);

	if (!tracee)
		tracee = claim(thread);
	if (tracee)
		*tracee = (struct tracee){ .thread = thread, .request = PTRACE_CONT };
	return tracee;
}

long tracee_request(const struct tracee *tracee, long request, unsigned long address, const void *data)
{
	return GATE_4(NR_ptrace, request, tracee->thread, address, data);
}

bool tracee_read(int thread, const void *from, void *to, size_t size)
{
	struct iovec local = { to, size }, remote = { (void *)from, size };

	return GATE_6(NR_process_vm_readv, thread, &local, 1, &remote, 1, 0) == (long)size;
}

bool tracee_write(int thread, const void *to, const void *from, size_t size)
{
	struct iovec local = { (void *)from, size }, remote = { (void *)to, size };

	return GATE_6(NR_process_vm_writev, thread, &local, 1, &remote, 1, 0) == (long)size;
}

/* All parts of the registers, either way. */
static bool transfer(const struct tracee *tracee, long request, void *regs)
{
	static const struct traced_part parts[] = TRACED_PARTS;

	for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
		struct iovec part = { (char *)regs + parts[i].offset, parts[i].size };

		if (tracee_request(tracee, request, parts[i].type, &part))
			return false;
	}
	return true;
}

bool tracee_get(const struct tracee *tracee, struct traced_registers *regs)
{
	return transfer(tracee, PTRACE_GETREGSET, regs);
}

bool tracee_set(const struct tracee *tracee, const struct traced_registers *regs)
{
	return transfer(tracee, PTRACE_SETREGSET, (void *)regs);
}

void tracee_set_call(const struct tracee *tracee, unsigned long nr)
{
	struct traced_registers regs;

	if (!tracee_get(tracee, &regs))
		return;
	traced_set_call(&regs, nr);
	tracee_set(tracee, &regs);
}
