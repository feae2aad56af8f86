/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/temporary.h"
#include "base/text.h"
#include <asm/fcntl.h>
#include <linux/fcntl.h>

/* A name no other call uses at the same time, in PARENT. */
static void make_name(char *name, const char *parent, const char *prefix, unsigned long number)
{
	static unsigned int counter;
	struct text text;

	text_init(&text, name, TEMPORARY_SIZE);
	text_add(&text, parent);
	text_add(&text, "/");
	text_add(&text, prefix);
	text_add_number(&text, (long)number);
	text_add(&text, "-");
	text_add_number(&text, GATE_0(NR_gettid));
	text_add(&text, "-");
	text_add_number(&text, __atomic_add_fetch(&counter, 1, __ATOMIC_RELAXED));
}

static long make_in(const char *parent, const char *prefix, unsigned long number, unsigned long flags, char *name)
{
	long status;

	make_name(name, parent, prefix, number);
	status = GATE_3(NR_mkdirat, AT_FDCWD, name, 0755);
	if (status)
		return status;
	status = GATE_4(NR_openat, AT_FDCWD, name, flags | O_DIRECTORY, 0);
	if (status < 0)
		GATE_3(NR_unlinkat, AT_FDCWD, name, AT_REMOVEDIR);
	return status;
}

long temporary_make(const char *prefix, unsigned long number, unsigned long flags, char *name)
{
	static const char *const parents[] = { "/dev/shm", "/tmp", "/var/tmp" };
	const char *chosen = image_data()->temporary;
	long status = chosen[0] ? make_in(chosen, prefix, number, flags, name) : -EACCES;

	for (unsigned int i = 0; status < 0 && status != -EMFILE && i < ARRAY_SIZE(parents); i++)
		status = make_in(parents[i], prefix, number, flags, name);
	return status;
}
