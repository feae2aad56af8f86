/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/seal.h"
#include "agent/dispatch.h"
#include "agent/handlers.h"

static void seal_between(const char *start, const char *end)
{
	seal(start, ALIGN_UP((size_t)(end - start), 0x1000ul));
}

void seal_start(void)
{
	seal_between(agent_image_start, agent_text_end);
	seal_between(agent_seldom_start, agent_seldom_end);
	seal_between(agent_identity_start, agent_identity_end);
	seal_between(agent_data_start, agent_image_end);
	seal(image_data(), ALIGN_UP(offsetof(struct image_data, view) + image_data()->view.size, 0x1000ul));
}

/* Also one that begins below the image and ends behind it. */
long handle_madvise(struct call *call)
{
	unsigned long start = call->arguments[0], length = call->arguments[1];
	bool ends_above = start + length > IMAGE_ADDRESS || start + length < start;

	return start < IMAGE_END_ADDRESS && ends_above ? -EPERM : call_make(call, call->nr);
}
