/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "image/shared.h"
#include "view/change.h"
#include <stdlib.h>
#include <sys/random.h>
#include <sys/shm.h>
#include <unistd.h>

/*
 * Guests of real root change their user: everybody may attach what root makes. What a stranger could write to the
 * page is no more than a stranger could do by renaming. The view says which files guests meet, and is for reading.
 */
#define PAGE_MODE (geteuid() ? 0600 : 0666)
#define VIEW_MODE (geteuid() ? 0600 : 0644)
#define OWNERS_MODE 0600

static struct shared *page;

/* A new segment of SIZE bytes, attached; NULL without success. *ID gets its number. */
static void *create(size_t size, int mode, int32_t *id)
{
	void *memory;

	*id = shmget(IPC_PRIVATE, size, IPC_CREAT | SHM_NORESERVE | mode);
	memory = *id < 0 ? (void *)-1 : shmat(*id, NULL, 0);
	if (*id >= 0)
		shmctl(*id, IPC_RMID, NULL);
	if (memory != (void *)-1)
		return memory;
	*id = -1;
	return NULL;
}

static void create_view(struct image_data *data)
{
	size_t size = offsetof(struct shared_view, view) + view_changeable_size(&data->view);
	struct shared_view *shared_view;

	shared_view = create(size, VIEW_MODE, &data->view_id);
	if (!shared_view)
		return;
	view_make_changeable(&shared_view->view, &data->view);
	shared_view->nonce = data->shared_nonce;
}

static void create_owners(struct image_data *data)
{
	struct shared_owners *owners = create(store_size(SHARED_OWNERS_BITS), OWNERS_MODE, &data->identity.memory_id);

	if (!owners)
		return;
	store_header_init(&owners->header, SHARED_OWNERS_BITS);
	owners->nonce = data->shared_nonce;
}

void shared_create(struct image_data *data)
{
	data->shared_id = data->view_id = data->identity.memory_id = -1;
	if (getrandom(&data->shared_nonce, sizeof(data->shared_nonce), 0) != (ssize_t)sizeof(data->shared_nonce))
		return;
	page = create(sizeof(struct shared), PAGE_MODE, &data->shared_id);
	if (!page)
		return;
	page->nonce = data->shared_nonce;
	page->changes = 1ull << 32;
	if (data->flags & IMAGE_PRIVILEGED)
		create_view(data);
	if (data->identity.forgets)
		create_owners(data);
}

bool shared_has_temporaries(void)
{
	return page && page->temporaries;
}

bool shared_is_last(const struct image_data *data)
{
	struct shmid_ds status;

	return !shmctl(data->view_id, IPC_STAT, &status) && status.shm_nattch <= 1;
}
