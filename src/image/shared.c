/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "image/shared.h"
#include <sys/random.h>
#include <sys/shm.h>

/*
 * Everybody may attach it: guests of real root change their user, and what a
 * stranger could write there is no more than a stranger could do by renaming.
 */
#define MODE 0666

void shared_create(struct image_data *data)
{
	int id = shmget(IPC_PRIVATE, sizeof(struct shared), IPC_CREAT | MODE);
	struct shared *shared = id < 0 ? (void *)-1 : shmat(id, NULL, 0);

	data->shared_id = -1;
	if (id >= 0)
		shmctl(id, IPC_RMID, NULL);
	if (shared == (void *)-1)
		return;
	if (getrandom(&data->shared_nonce, sizeof(data->shared_nonce), 0) != (ssize_t)sizeof(data->shared_nonce))
		return;
	shared->nonce = data->shared_nonce;
	shared->changes = 1ull << 32;
	data->shared_id = id;
}
