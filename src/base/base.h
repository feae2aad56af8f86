/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Types and helpers every layer may use.
 *
 * Freestanding: needs the compiler's own headers only, so that the same file
 * serves the agent (no libc) and the command (libc).
 */
#ifndef BASE_BASE_H
#define BASE_BASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))
#define MIN(a, b) ((a) < (b) ? (a) : (b))
#define MAX(a, b) ((a) > (b) ? (a) : (b))
#define ALIGN_UP(value, to) (((value) + (to)-1) & ~((to)-1))
#define ALIGN_DOWN(value, to) ((value) & ~((to)-1))

/* Longest path with its final NUL, and longest name (limits.h of Linux). */
#define PATH_SIZE 4096
#define NAME_LONGEST 255

/* The compiler may emit calls to these; base/memory.c has them for the agent, libc for the command. */
void *memcpy(void *to, const void *from, size_t size);
void *memmove(void *to, const void *from, size_t size);
void *memset(void *to, int byte, size_t size);
int memcmp(const void *a, const void *b, size_t size);
size_t strlen(const char *text);

#endif
