/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/socket_name.h"

#define MARK '\1' /* before the first slash; in its place where nothing else fits */

/* Any number of "./", then a slash or the mark: these texts are told apart by how many there are. */
static bool needs_dots(const char *name)
{
	while (name[0] == '.' && name[1] == '/')
		name += 2;
	return name[0] == '/' || name[0] == MARK;
}

size_t socket_name_encode(const char *guest_name, char *name)
{
	size_t length = strlen(guest_name);

	if (!needs_dots(guest_name)) {
		memcpy(name, guest_name, length + 1);
		return length;
	}
	if (length + 2 <= SOCKET_NAME_MOST) {
		memcpy(name, "./", 2);
		memcpy(name + 2, guest_name, length + 1);
		return length + 2;
	}
	name[0] = guest_name[0] == '/' ? MARK : guest_name[0];
	memcpy(name + 1, guest_name + 1, length);
	if (length == SOCKET_NAME_MOST || guest_name[0] != '/')
		return length;
	memcpy(name + 1, guest_name, length + 1);
	return length + 1;
}

size_t socket_name_decode(char *name)
{
	size_t length = strlen(name);

	size_t skipped = 0;

	if (name[0] == '.' && needs_dots(name))
		skipped = 2;
	else if (name[0] == MARK && name[1] == '/')
		skipped = 1;
	if (skipped) {
		memmove(name, name + skipped, length - skipped + 1);
		return length - skipped;
	}
	if (name[0] == MARK)
		name[0] = '/';
	return length;
}
