/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * /proc/sysvipc: the host's files with the guests' objects in the place of the host's. Formats are those of
 * ipc/shm.c, sem.c and msg.c.
 */
#include "agent/proc_copy.h"
#include "agent/segments.h"
#include "agent/sysv.h"
#include "agent/sysv_proc.h"
#include <asm/ipcbuf.h>
#include <asm/shmbuf.h>
#include <linux/shm.h>

#define DIRECTORY "/proc/sysvipc/"

static const struct file {
	const char *name;
	uint32_t flag; /* of the image, by which they are ours */
} files[SYSV_FAMILIES] = {
	[SYSV_SHM] = { "shm", IMAGE_SHARED_MEMORY },
	[SYSV_SEM] = { "sem", IMAGE_SEMAPHORES },
	[SYSV_MSG] = { "msg", IMAGE_MESSAGES },
};

bool sysv_is_told_by(const char *host_path)
{
	if (!(image_data()->flags & IMAGE_SYSTEM_V) || !text_begins(host_path, DIRECTORY))
		return false;
	for (unsigned int i = 0; i < SYSV_FAMILIES; i++)
		if (text_equal(host_path + strlen(DIRECTORY), files[i].name))
			return image_data()->flags & files[i].flag;
	return false;
}

static void add_padded(struct text *to, uint64_t number, unsigned int base, size_t width)
{
	char digits[24];
	size_t at = sizeof(digits);

	do
		digits[--at] = (char)('0' + number % base);
	while (number /= base);
	for (size_t length = sizeof(digits) - at; length < width; length++)
		text_add(to, " ");
	text_add_bytes(to, digits + at, sizeof(digits) - at);
}

/* Words with a space before each, but for the first. */
struct column {
	uint64_t number;
	size_t width;
};

static void add_columns(struct copy *copy, const struct column *columns, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		text_add(&copy->out, " ");
		add_padded(&copy->out, columns[i].number, 10, columns[i].width);
	}
	copy_end_line(copy);
}

static void add_front(struct copy *copy, enum sysv_family family, const struct sysv_object *object)
{
	if ((int32_t)object->key < 0) {
		char key[16];
		struct text text;

		text_init(&text, key, sizeof(key));
		text_add_number(&text, (int32_t)object->key);
		for (size_t length = text.length; length < 10; length++)
			text_add(&copy->out, " ");
		text_add(&copy->out, key);
	} else {
		add_padded(&copy->out, object->key, 10, 10);
	}
	text_add(&copy->out, " ");
	add_padded(&copy->out, (uint64_t)sysv_id(family, object), 10, 10);
	text_add(&copy->out, "  ");
	add_padded(&copy->out, object->mode, 8, 4);
}

static void add_segment(struct copy *copy, struct sysv_object *object)
{
	int id = sysv_id(SYSV_SHM, object);
	struct shmid64_ds status;

	segments_tell(copy->slot, (struct sysv_segment *)object, &status);
	add_front(copy, SYSV_SHM, object);
	add_columns(copy,
		    (const struct column[]){ { status.shm_segsz, 21 },
					     { (uint64_t)status.shm_cpid, 5 },
					     { (uint64_t)status.shm_lpid, 5 },
					     { status.shm_nattch, 6 },
					     { object->uid, 5 },
					     { object->gid, 5 },
					     { object->cuid, 5 },
					     { object->cgid, 5 },
					     { (uint64_t)status.shm_atime, 10 },
					     { (uint64_t)status.shm_dtime, 10 },
					     { (uint64_t)status.shm_ctime, 10 },
					     { segments_pages(id) * 0x1000, 21 },
					     { 0, 21 } },
		    13);
}

static void add_set(struct copy *copy, struct sysv_object *object)
{
	const struct sysv_set *set = (const struct sysv_set *)object;

	add_front(copy, SYSV_SEM, object);
	add_columns(copy,
		    (const struct column[]){ { set->count, 10 },
					     { object->uid, 5 },
					     { object->gid, 5 },
					     { object->cuid, 5 },
					     { object->cgid, 5 },
					     { set->otime, 10 },
					     { set->ctime, 10 } },
		    7);
}

static void add_queue(struct copy *copy, struct sysv_object *object)
{
	const struct sysv_queue *queue = (const struct sysv_queue *)object;

	add_front(copy, SYSV_MSG, object);
	text_add(&copy->out, " ");
	add_columns(copy,
		    (const struct column[]){ { queue->bytes, 10 },
					     { queue->count, 10 },
					     { queue->spid, 5 },
					     { queue->rpid, 5 },
					     { object->uid, 5 },
					     { object->gid, 5 },
					     { object->cuid, 5 },
					     { object->cgid, 5 },
					     { queue->stime, 10 },
					     { queue->rtime, 10 },
					     { queue->ctime, 10 } },
		    11);
}

static void add_all(struct copy *copy, enum sysv_family family)
{
	for (uint64_t i = 0; i < THE_SYSV->tables[family].high; i++) {
		struct sysv_object *object = sysv_at(family, i);

		if (!object->used)
			continue;
		if (family == SYSV_SHM)
			add_segment(copy, object);
		else if (family == SYSV_SEM)
			add_set(copy, object);
		else
			add_queue(copy, object);
	}
}

void sysv_make_file(struct copy *copy, const struct proc_file *file)
{
	const char *head = copy_next_line(copy);
	long lock;

	if (head)
		text_add(&copy->out, head);
	copy_end_line(copy);
	lock = sysv_begin();
	if (lock < 0)
		return;
	for (unsigned int i = 0; i < SYSV_FAMILIES; i++)
		if (text_equal(file->name, files[i].name))
			add_all(copy, i);
	sysv_end(lock);
}

/* newseg(), ipc/shm.c: one that has no name any more, when it is seen here. The key is that it was made with. */
bool sysv_name_of_file(const char *host_path, char buf[32])
{
	struct sysv_object *object;
	struct text text;
	uint64_t key = 0;
	long lock;
	int id;

	if (!(image_data()->flags & IMAGE_SHARED_MEMORY) || !segments_is_file(host_path, &id))
		return false;
	lock = sysv_begin();
	if (lock >= 0) {
		if (!sysv_find(SYSV_SHM, id, &object))
			key = object->key;
		sysv_end(lock);
	}
	text_init(&text, buf, 32);
	text_add(&text, "/SYSV");
	for (int shift = 28; shift >= 0; shift -= 4)
		text_add_bytes(&text, &"0123456789abcdef"[key >> shift & 15], 1);
	text_add(&text, " (deleted)");
	return true;
}
