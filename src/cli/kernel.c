/* SPDX-License-Identifier: GPL-2.0-or-later */
#define _GNU_SOURCE 1
#include "cli/kernel.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define FORM "it is neither a release nor \\SYSTEM\\NODE\\RELEASE\\VERSION\\MACHINE\\DOMAIN\\HWCAP\\"

/* Take as much of TEXT as fits, and say whether that is not all of it. */
static bool take_name(struct kernel *kernel, enum kernel_name name, const char *text, size_t length)
{
	bool is_cut = length >= KERNEL_NAME_SIZE;

	memcpy(kernel->names[name], text, is_cut ? KERNEL_NAME_SIZE - 1 : length);
	return is_cut;
}

/* "-1", or a number as in C. */
static bool take_hardware(struct kernel *kernel, const char *text, size_t length)
{
	char number[32], *end;

	if (!length || (length == 2 && !strncmp(text, "-1", 2)))
		return true;
	if (length >= sizeof(number) || *text < '0' || *text > '9')
		return false;
	memcpy(number, text, length);
	number[length] = '\0';
	errno = 0;
	kernel->hardware = strtoull(number, &end, 0);
	kernel->has_hardware = 1;
	return !*end && !errno;
}

const char *kernel_read(struct kernel *kernel, const char *value, bool *is_cut)
{
	size_t length;

	*kernel = (struct kernel){ 0 };
	*is_cut = false;
	if (*value != '\\') {
		*is_cut = take_name(kernel, KERNEL_RELEASE, value, strlen(value));
		return NULL;
	}
	for (unsigned int i = 0; i <= KERNEL_NAMES; i++) {
		value++;
		length = strcspn(value, "\\");
		if (!value[length])
			return FORM;
		if (i < KERNEL_NAMES)
			*is_cut |= take_name(kernel, i, value, length);
		if (i == KERNEL_NAMES && !take_hardware(kernel, value, length))
			return "its HWCAP is not a number";
		value += length;
	}
	return value[1] ? FORM : NULL;
}
