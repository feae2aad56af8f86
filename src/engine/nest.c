/* SPDX-License-Identifier: GPL-2.0-or-later */
#define _GNU_SOURCE
#include "engine/nest.h"
#include "engine/engine.h"
#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

bool nest_is_guest(void)
{
	unsigned char is_resident;

	return !mincore((void *)IMAGE_ADDRESS, 1, &is_resident);
}

static int ask(enum nest_question question, unsigned long first, unsigned long second)
{
	long answer = syscall(FINISH_NUMBER, NEST_QUESTION, question, first, second);

	return answer < 0 ? -errno : (int)answer;
}

int nest_ask(struct nest *nest)
{
	int status = ask(NEST_WHO, NEST_LAYOUT, (unsigned long)nest);

	/* An agent from before there was an answer. */
	return status == -ENOSYS && nest_is_guest() ? -EPROTO : status;
}

int nest_ask_text(char *buf, size_t size)
{
	int status = ask(NEST_DESCRIBE, (unsigned long)buf, size);

	return status == -ENOSYS ? -EPROTO : status;
}

int nest_ask_filters(const char **strings, uint32_t count)
{
	return ask(NEST_FILTERS, (unsigned long)strings, count);
}

int nest_open_image(void)
{
	return ask(NEST_IMAGE, 0, 0);
}

int nest_tidy(const struct image_data *data)
{
	return ask(NEST_TIDY, (unsigned long)data->view_id, (unsigned long)data->temporary);
}

bool nest_can_filter(void)
{
	return ask(NEST_FILTER, 0, 0) == -EFAULT;
}

int engine_install_inside(const struct sock_fprog *program)
{
	return ask(NEST_FILTER, (unsigned long)program, 0);
}
