/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/raised.h"
#include "agent/agent.h"
#include "agent/plain.h"
#include <linux/fcntl.h>
#include <linux/stat.h>

#define PERMISSIONS 07777u
#define SET_ID 06000u
#define NOTES 40

enum { FREE, WRITTEN, VALID };

/* fork(2) copies none: the child's calls are others. */
static struct note {
	uint64_t device, inode;
	uint32_t mode;	/* to be again */
	uint32_t added; /* bits that it has beside that */
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

static struct note *note_mode(const struct stat *status, uint32_t bits)
{
	struct note *note = take_note();

	if (!note)
		return NULL;
	note->device = status->st_dev;
	note->inode = status->st_ino;
	note->mode = status->st_mode & PERMISSIONS;
	note->added = bits & ~note->mode;
	__atomic_store_n(&note->state, VALID, __ATOMIC_RELEASE);
	__atomic_add_fetch(&note_count, 1, __ATOMIC_ACQ_REL);
	return note;
}

/* Who is no member of its group can't change a mode and leave it set-group-id: setattr_prepare(), fs/attr.c. */
static bool is_of_own_group(const struct stat *status)
{
	uint32_t groups[256];
	long count;

	if (status->st_gid == image_data()->identity.host_gid)
		return true;
	count = GATE_2(NR_getgroups, ARRAY_SIZE(groups), groups);
	for (long i = 0; i < count; i++)
		if (groups[i] == status->st_gid)
			return true;
	return false;
}

bool raised_raise(const struct object *object, uint32_t bits)
{
	struct note *before, *note;
	struct stat status;
	uint32_t mode;

	if (GATE_4(NR_newfstatat, object->fd, "", &status, AT_EMPTY_PATH))
		return false;
	mode = status.st_mode & PERMISSIONS;
	if ((mode | bits) == mode || (mode & S_ISGID && !is_of_own_group(&status)))
		return false;
	/* What has been raised before is to be what it was before that. */
	before = find(&status);
	note = before ? before : note_mode(&status, bits);
	if (note && !GATE_3(NR_fchmodat, AT_FDCWD, object->name, mode | bits)) {
		note->added = bits & ~note->mode;
		return true;
	}
	if (note && !before)
		give_back(note);
	return false;
}

/* What others have made of the mode meanwhile stays, and set-id bits that a change of the file has taken. */
void raised_lower(const struct object *object)
{
	struct note *note = find(&object->status);
	struct stat now;

	/* An object that has been raised twice is lowered once. */
	if (!note)
		return;
	if (!GATE_4(NR_newfstatat, object->fd, "", &now, AT_EMPTY_PATH) &&
	    !((now.st_mode ^ (note->mode | note->added)) & PERMISSIONS & ~SET_ID))
		GATE_3(NR_fchmodat, AT_FDCWD, object->name, note->mode & ~(SET_ID & ~now.st_mode));
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

void raised_change_other(const struct stat *status)
{
	struct note *note = find(status);

	if (note)
		note->mode = status->st_mode & PERMISSIONS & ~note->added;
}

/* What was begun by who has been killed since has ended. */
void raised_begin(void)
{
	struct shared *shared = plain_shared();

	if (!shared)
		return;
	__atomic_store_n(&shared->raises_ended, __atomic_load_n(&shared->raises, __ATOMIC_RELAXED), __ATOMIC_RELAXED);
	__atomic_add_fetch(&shared->raises, 1, __ATOMIC_ACQ_REL);
}

void raised_end(void)
{
	struct shared *shared = plain_shared();

	if (shared)
		__atomic_store_n(&shared->raises_ended, __atomic_load_n(&shared->raises, __ATOMIC_RELAXED),
				 __ATOMIC_RELEASE);
}

uint64_t raised_mark(void)
{
	const struct shared *shared = plain_shared();
	uint64_t ended = shared ? __atomic_load_n(&shared->raises_ended, __ATOMIC_ACQUIRE) : 0;

	return !shared || __atomic_load_n(&shared->raises, __ATOMIC_ACQUIRE) == ended ? ended + 1 : 0;
}

bool raised_may_have_been(uint64_t mark)
{
	return !mark || raised_mark() != mark;
}
