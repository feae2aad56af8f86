/* SPDX-License-Identifier: GPL-2.0-or-later */
#define _GNU_SOURCE 1
#include "unpack/failure.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int failure_set(struct failure *failure, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(failure->text, sizeof(failure->text), format, arguments);
	va_end(arguments);
	return -1;
}

int failure_add(struct failure *failure, const char *format, ...)
{
	struct failure old = *failure;
	va_list arguments;
	size_t length;

	va_start(arguments, format);
	vsnprintf(failure->text, sizeof(failure->text), format, arguments);
	va_end(arguments);
	length = strlen(failure->text);
	snprintf(failure->text + length, sizeof(failure->text) - length, ": %s", old.text);
	return -1;
}
