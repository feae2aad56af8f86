/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/hardlinks.h"
#include "base/text.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

bool hardlinks_is_file(const char *path)
{
	char text[PATH_SIZE];
	struct hardlinks_text read;
	struct stat status;
	ssize_t length;

	if (lstat(path, &status) || S_ISDIR(status.st_mode))
		return false;
	length = S_ISLNK(status.st_mode) ? readlink(path, text, sizeof(text)) : 0;
	return length <= 0 || !hardlinks_read_text(text, (size_t)length, &read);
}

/* DIRECTORY, its first LENGTH bytes, with what is in it: false when that is too long. */
static bool name_in(char *buf, const char *directory, size_t length, const char *in, const char *name)
{
	return snprintf(buf, PATH_SIZE, "%.*s/%s%s", (int)length, directory, in, name) < PATH_SIZE;
}

/* The file that LINK leads to lies beside it, under the count of its text, or the one before or behind that. */
static bool find_beside(const char *link, char *buf)
{
	char text[PATH_SIZE], name[NAME_LONGEST + 1];
	ssize_t length = readlink(link, text, sizeof(text) - 1);
	const char *base = text_base_name(link), *last;
	unsigned long count;

	text[length < 0 ? 0 : length] = '\0';
	last = text_base_name(text);
	count = hardlinks_termux_count(last);
	if (!count || strlen(last) > NAME_LONGEST || strncmp(last, base, strlen(base)) != 0)
		return false;
	strcpy(name, last);
	for (unsigned long other = count - 1; other <= count + 1; other++)
		if (hardlinks_termux_recount(name, other) && name_in(buf, link, (size_t)(base - link) - 1, "", name) &&
		    hardlinks_is_file(buf))
			return true;
	return false;
}

static bool find_at(const char *directory, size_t length, const char *in, const struct hardlinks_text *read, char *buf,
		    char *link)
{
	char place[PATH_SIZE];

	if (!name_in(place, directory, length, in, read->name))
		return false;
	if (read->form == HARDLINKS_TERMUX) {
		if (!find_beside(place, buf))
			return false;
		if (link)
			strcpy(link, place);
		return true;
	}
	strcpy(buf, place);
	return hardlinks_is_file(buf);
}

long hardlinks_find_file(const char *host_path, char *buf, long length, char *link)
{
	struct hardlinks_text read;
	char text[PATH_SIZE];
	size_t at;

	if (length < 0)
		length = readlink(host_path, buf, PATH_SIZE);
	if (length <= 0 || !hardlinks_read_text(buf, (size_t)length, &read))
		return -EINVAL;
	memcpy(text, buf, (size_t)length);
	if (text[0] == '/' && find_at(text, read.directory_length - 1, "", &read, buf, link))
		return (long)strlen(buf);
	for (at = (size_t)(text_base_name(host_path) - host_path); at--;) {
		if (host_path[at] != '/')
			continue;
		if (read.form == HARDLINKS_TERMUX && find_at(host_path, at, "", &read, buf, link))
			return (long)strlen(buf);
		if (find_at(host_path, at, read.form == HARDLINKS_TERMUX ? ".l2s/" : HARDLINKS_NAME "/", &read, buf,
			    link))
			return (long)strlen(buf);
	}
	memcpy(buf, text, (size_t)length);
	return -ENOENT;
}
