/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/nest.h"
#include "agent/filters.h"
#include "agent/guest_memory.h"
#include "agent/identity.h"
#include "agent/kernel.h"
#include "agent/plain.h"
#include "agent/privileges.h"
#include "agent/root.h"
#include "agent/tmpfs.h"
#include "image/describe.h"
#include <asm/fcntl.h>
#include <linux/fcntl.h>
#include <linux/prctl.h>
#include <linux/seccomp.h>
#include <linux/shm.h>

/* The caller, in the slot. */
static const struct nest *find_out(struct slot *slot)
{
	struct nest *nest = (struct nest *)slot->results;
	const struct shared *shared = plain_shared();

	_Static_assert(sizeof(slot->results) >= sizeof(*nest), "slot.h");
	nest->data = image_data();
	nest->view = the_view();
	nest->state_flags = privileges_state();
	for (unsigned int i = 0; i < SHARED_NAMES; i++)
		nest->names[i] = shared ? __atomic_load_n(&shared->names[i].version, __ATOMIC_ACQUIRE) : 0;
	nest->filters = filters_count();
	nest->is_apart = 0;
	memcpy(nest->root, root_path(), strlen(root_path()) + 1);
	nest->credentials[0] = '\0';
	if (identity_is_on())
		credentials_write(identity_now(), nest->credentials);
	return nest;
}

/* Where the guest wants the text. */
struct page {
	unsigned long at;
	size_t length, size;
};

static long put(void *page_at, const void *bytes, size_t size)
{
	struct page *page = page_at;
	long status = size > page->size - page->length ? -ENOSPC : guest_write(page->at + page->length, bytes, size);

	page->length += status ? 0 : size;
	return status;
}

static long describe(struct slot *slot, unsigned long at, size_t size)
{
	struct page page = { at, 0, size };
	struct kernel kernel = image_data()->kernel;
	long status;

	for (unsigned int i = 0; i < KERNEL_NAMES; i++)
		kernel_read_name(i, kernel.names[i]);
	status = describe_write(find_out(slot), &kernel, put, &page);
	return status ? status : (long)page.length;
}

static long tell_who(struct slot *slot, unsigned long at)
{
	return guest_write(at, find_out(slot), sizeof(struct nest));
}

static long tell_filters(struct slot *slot, unsigned long at, unsigned long count)
{
	const char **strings = (const char **)slot->results;

	if (count != filters_count() || count * sizeof(*strings) > sizeof(slot->results))
		return -E2BIG;
	filters_write(strings);
	return guest_write(at, strings, count * sizeof(*strings));
}

/* Somebody who has a view would lose files of his. */
static long tidy(struct slot *slot, long id, unsigned long temporary)
{
	struct shmid64_ds status;
	long length = guest_read_string(slot->path[0], temporary, PATH_SIZE);

	const struct shared *shared = plain_shared();

	if (length < 0)
		return length;
	if (shared && !shared->temporaries)
		return 0;
	if (GATE_3(NR_shmctl, id, IPC_STAT, &status) || status.shm_nattch > 1)
		return -EBUSY;
	tmpfs_remove_all(id, slot->path[0]);
	return 0;
}

long nest_answer(struct slot *slot, const unsigned long arguments[6])
{
	if (arguments[0] != NEST_QUESTION)
		return -ENOSYS;
	switch (arguments[1]) {
	case NEST_WHO:
		return arguments[2] == NEST_LAYOUT ? tell_who(slot, arguments[3]) : -EPROTO;
	case NEST_IMAGE:
		return GATE_4(NR_openat, AT_FDCWD, "/proc/thread-self/exe", O_RDONLY | O_CLOEXEC, 0);
	case NEST_FILTER:
		return GATE_3(NR_prctl, PR_SET_SECCOMP, SECCOMP_MODE_FILTER, arguments[2]);
	case NEST_DESCRIBE:
		return describe(slot, arguments[2], arguments[3]);
	case NEST_FILTERS:
		return tell_filters(slot, arguments[2], arguments[3]);
	case NEST_TIDY:
		return tidy(slot, (int)arguments[2], arguments[3]);
	default:
		return -ENOSYS;
	}
}
