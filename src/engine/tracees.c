/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "engine/tracees.h"
#include <stdlib.h>

#define CHAINS 1024 /* a power of 2 */

static struct tracee *chains[CHAINS];

static struct tracee **chain_of(pid_t thread)
{
	return &chains[(unsigned int)thread % CHAINS];
}

struct tracee *tracees_get(pid_t thread)
{
	struct tracee *tracee = *chain_of(thread);

	while (tracee && tracee->thread != thread)
		tracee = tracee->next;
	if (tracee)
		return tracee;
	tracee = calloc(1, sizeof(*tracee));
	if (!tracee)
		return NULL;
	tracee->thread = thread;
	tracee->next = *chain_of(thread);
	*chain_of(thread) = tracee;
	return tracee;
}

void tracees_forget(pid_t thread)
{
	for (struct tracee **place = chain_of(thread); *place; place = &(*place)->next) {
		struct tracee *tracee = *place;

		if (tracee->thread != thread)
			continue;
		*place = tracee->next;
		free(tracee);
		return;
	}
}
