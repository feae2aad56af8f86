/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/raised.h"
#include <linux/fcntl.h>
#include <linux/stat.h>

#define PERMISSIONS 07777u
#define NOTES 40

enum { FREE, WRITTEN, VALID };

/* fork(2) copies none: the child's calls are others. */
static struct note {
	uint64_t device, inode;
	uint32_t mode;
	int state;
} notes[NOTES] AGENT_WIPED;

static unsigned int note_count AGENT_WIPED;

static struct note *find(const struct stat *status)
{
	if (!__atomic_load_n(&note_count, __ATOMIC_ACQUIRE))
		return NULL;
	for (unsigned int i = 0; i < NOTES; i++)
		if (__atomic_load_n(&notes[i].state, __ATOMIC_ACQUIRE) == VALID && notes[i].inode == status->st_ino &&
		    notes[i].device == status->st_dev)
			return &notes[i];
	return NULL;
}

static struct note *take_note(void)
{
	for (unsigned int i = 0; i < NOTES; i++) {
		int state = FREE;

		if (__atomic_compare_exchange_n(&notes[i].state, &state, WRITTEN, false, __ATOMIC_ACQ_REL,
						__ATOMIC_RELAXED))
			return &notes[i];
	}
	return NULL;
}

static void give_back(struct note *note)
{
	__atomic_store_n(&note->state, FREE, __ATOMIC_RELEASE);
	__atomic_sub_fetch(&note_count, 1, __ATOMIC_ACQ_REL);
}

static struct note *note_mode(const struct stat *status)
{
	struct note *note = take_note();

	if (!note)
		return NULL;
	note->device = status->st_dev;
	note->inode = status->st_ino;
	note->mode = status->st_mode & PERMISSIONS;
	__atomic_store_n(&note->state, VALID, __ATOMIC_RELEASE);
	__atomic_add_fetch(&note_count, 1, __ATOMIC_ACQ_REL);
	return note;
}

bool raised_raise(const struct object *object, uint32_t bits)
{
	struct note *before, *note;
	struct stat status;
	uint32_t mode;

	if (GATE_4(NR_newfstatat, object->fd, "", &status, AT_EMPTY_PATH))
		return false;
	mode = status.st_mode & PERMISSIONS;
	if ((mode | bits) == mode)
		return false;
	/* What has been raised before is to be what it was before that. */
	before = find(&status);
	note = before ? before : note_mode(&status);
	if (note && !GATE_2(NR_chmod, object->name, mode | bits))
		return true;
	if (note && !before)
		give_back(note);
	return false;
}

void raised_lower(const struct object *object)
{
	struct note *note = find(&object->status);

	/* An object that has been raised twice is lowered once. */
	if (!note)
		return;
	GATE_2(NR_chmod, object->name, note->mode);
	give_back(note);
}

void raised_tell(struct stat *status)
{
	const struct note *note = find(status);

	if (note)
		status->st_mode = (status->st_mode & ~PERMISSIONS) | note->mode;
}

void raised_change(const struct stat *status)
{
	struct note *note = find(status);

	if (note)
		note->mode = status->st_mode & PERMISSIONS;
}
