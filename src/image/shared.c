/* SPDX-License-Identifier: GPL-2.0-or-later */
#define _GNU_SOURCE 1
#include "image/shared.h"
#include "view/change.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <unistd.h>

#ifndef F_SETSIG /* asm-generic/fcntl.h */
#define F_SETSIG 10
#endif

/*
 * Guests of real root change their user: everybody may attach what root makes. What a stranger could write to the
 * page is no more than a stranger could do by renaming. The view says which files guests meet, and is for reading.
 */
#define PAGE_MODE (geteuid() ? 0600 : 0666)
#define VIEW_MODE (geteuid() ? 0600 : 0644)
#define OWNERS_MODE 0600

static struct shared *page;

#define SEGMENTS_MOST 4
static struct {
	void *memory;
	size_t size; /* of a file; 0: it is a segment */
} segments[SEGMENTS_MOST];
static unsigned int segment_count;

static void *keep(void *memory, size_t size)
{
	segments[segment_count].memory = memory;
	segments[segment_count++].size = size;
	return memory;
}

/* A new segment of SIZE bytes, attached; NULL without success. *ID gets its number. */
static void *create_segment(size_t size, int mode, int32_t *id)
{
	void *memory;

	*id = shmget(IPC_PRIVATE, size, IPC_CREAT | SHM_NORESERVE | mode);
	memory = *id < 0 ? (void *)-1 : shmat(*id, NULL, 0);
	if (*id >= 0)
		shmctl(*id, IPC_RMID, NULL);
	if (memory != (void *)-1)
		return keep(memory, 0);
	*id = -1;
	return NULL;
}

static int open_file(const struct image_data *data, enum shared_file file, int flags)
{
	char name[sizeof(data->memory) + 16];

	snprintf(name, sizeof(name), "%s" SHARED_FILE_NAME "%d", data->memory, (int)file);
	return open(name, flags | O_CLOEXEC | O_NOFOLLOW, 0600);
}

static void *map_file(int fd, size_t size, int protection)
{
	void *memory = mmap(NULL, size, protection, MAP_SHARED, fd, 0);

	return memory == MAP_FAILED ? NULL : keep(memory, size);
}

/* The same in a file. */
static void *create_file(const struct image_data *data, enum shared_file file, size_t size, int mode, int32_t *id)
{
	int fd = open_file(data, file, O_RDWR | O_CREAT | O_EXCL);
	void *memory = NULL;

	if (fd >= 0 && !fchmod(fd, (mode_t)mode) && !ftruncate(fd, (off_t)size))
		memory = map_file(fd, size, PROT_READ | PROT_WRITE);
	if (fd >= 0)
		close(fd);
	*id = memory ? (int32_t)file : -1;
	return memory;
}

static void *create(const struct image_data *data, enum shared_file file, size_t size, int mode, int32_t *id)
{
	return *data->memory ? create_file(data, file, size, mode, id) : create_segment(size, mode, id);
}

static void create_view(struct image_data *data)
{
	size_t size = offsetof(struct shared_view, view) + view_changeable_size(&data->view);
	struct shared_view *shared_view;

	shared_view = create(data, SHARED_VIEW, size, VIEW_MODE, &data->view_id);
	if (!shared_view)
		return;
	view_make_changeable(&shared_view->view, &data->view);
	shared_view->nonce = data->shared_nonce;
}

static void create_owners(struct image_data *data)
{
	struct shared_owners *owners =
		create(data, SHARED_OWNERS, store_size(SHARED_OWNERS_BITS), OWNERS_MODE, &data->identity.memory_id);

	if (!owners)
		return;
	store_header_init(&owners->header, SHARED_OWNERS_BITS);
	owners->nonce = data->shared_nonce;
}

static bool create_system_v(struct image_data *data)
{
	int32_t id;

	return create(data, SHARED_SYSTEM_V, SHARED_SYSTEM_V_SIZE, PAGE_MODE, &id);
}

static bool create_page(struct image_data *data)
{
	data->shared_id = -1;
	if (getrandom(&data->shared_nonce, sizeof(data->shared_nonce), 0) != (ssize_t)sizeof(data->shared_nonce))
		return false;
	page = create(data, SHARED_PAGE, sizeof(struct shared), PAGE_MODE, &data->shared_id);
	if (!page)
		return false;
	page->nonce = data->shared_nonce;
	page->changes = 1ull << 32;
	return true;
}

/* Who has a file open for writing, or mapped so, is a guest from now on: shared_has_guests(). */
static void let_guests_write(const struct image_data *data)
{
	int fd = open_file(data, SHARED_PAGE, O_RDONLY);

	shared_detach();
	page = fd < 0 ? NULL : map_file(fd, sizeof(struct shared), PROT_READ);
	if (fd >= 0)
		close(fd);
}

static void create_all(struct image_data *data)
{
	data->view_id = -1;
	if (data->depth && !data->is_apart ? data->shared_id < 0 : !create_page(data))
		return;
	/* The directory with the files is that of the proot around, and not to be reached. */
	if (data->flags & IMAGE_PRIVILEGED && !(data->depth && *data->memory))
		create_view(data);
	if (data->identity.forgets && data->identity.memory_id < 0)
		create_owners(data);
	if (data->flags & IMAGE_SYSTEM_V && !data->depth && !create_system_v(data))
		data->flags &= ~(uint32_t)IMAGE_SYSTEM_V;
}

void shared_create(struct image_data *data)
{
	create_all(data);
	if (*data->memory && page)
		let_guests_write(data);
}

void shared_detach(void)
{
	while (segment_count) {
		segment_count--;
		if (segments[segment_count].size)
			munmap(segments[segment_count].memory, segments[segment_count].size);
		else
			shmdt(segments[segment_count].memory);
	}
	page = NULL;
}

bool shared_has_temporaries(void)
{
	return page && page->temporaries;
}

uint32_t shared_count_refused(unsigned int nr)
{
	return page && nr < SHARED_CALLS ? page->refused[nr] : 0;
}

/*
 * A lease for reading is refused while anybody has the file open for writing, which a mapping does as well: fcntl(2),
 * check_conflicting_open() in fs/locks.c. Each guest has mapped the page so. One that just begins waits until the lease
 * is given back, and of that we are told by a signal that nobody minds.
 */
static bool is_page_mapped(const struct image_data *data)
{
	int fd = open_file(data, SHARED_PAGE, O_RDONLY);
	bool is_mapped;

	if (fd < 0)
		return false;
	/* Any other errno: this file system has no leases. */
	is_mapped = !fcntl(fd, F_SETSIG, SIGURG) && fcntl(fd, F_SETLEASE, F_RDLCK) && errno == EAGAIN;
	fcntl(fd, F_SETLEASE, F_UNLCK);
	close(fd);
	return is_mapped;
}

bool shared_has_guests(const struct image_data *data, unsigned long own)
{
	struct shmid_ds status;

	if (*data->memory)
		return data->shared_id >= 0 && is_page_mapped(data);
	return !shmctl(data->view_id >= 0 ? data->view_id : data->shared_id, IPC_STAT, &status) &&
	       status.shm_nattch > own;
}
