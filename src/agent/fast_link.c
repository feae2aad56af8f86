/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/fast_link.h"
#include "agent/hardlinks.h"
#include "agent/links.h"
#include "agent/root.h"
#include <linux/fcntl.h>

uint32_t links_met[LINKS_TABLE];
bool links_any;

/* So many only: others may lead through themselves. */
#define FOLLOWED_MOST 8

/* A host path in the frame. What is in front of ROOT is the root's. */
struct line {
	char *text;
	size_t root, end;
};

/* The end of the first component that may be a link, or 0. */
static size_t find_link(const struct line *line, bool follows)
{
	for (size_t at = line->root + 1; at < line->end; at++)
		if (line->text[at] == '/' && links_may_have(line->text, at))
			return at;
	return follows && links_may_have(line->text, line->end) ? line->end : 0;
}

/* Where the last component of what ends at END begins. */
static size_t component_start(const struct line *line, size_t end)
{
	while (line->text[end - 1] != '/')
		end--;
	return end;
}

/* Whether what ends at END is in the root's mount, and all of it but the last component a plain directory. */
static bool is_in_plain(const struct line *line, size_t end, plain_stamp *stamp)
{
	size_t name = component_start(line, end), start;

	for (size_t at = end; at > line->root; at = start - 1) {
		start = component_start(line, at);
		if (start == at || !fast_is_ordinary(line->text + start, at - start))
			return false;
	}
	if (name - 1 > line->root)
		return plain_is_directory(line->text, name - 1, true, stamp);
	*stamp = plain_now();
	return *stamp;
}

/*
 * The target of a link, of LENGTH bytes at NAME, goes to where it counts from: the root, or so much above
 * NAME as it says, for above a plain directory is what its text says. Where it ends, or 0.
 */
static size_t place_target(const struct line *line, size_t name, size_t length)
{
	const char *target = line->text + name;
	size_t to = name;

	if (target[length - 1] == '/')
		return 0;
	if (target[0] == '/')
		to = line->root;
	for (; length > 3 && target[0] == '.' && target[1] == '.' && target[2] == '/'; target += 3, length -= 3)
		if (to > line->root + 1)
			to = component_start(&(struct line){ line->text, line->root, 0 }, to - 1);
	memmove(line->text + to, target, length);
	return to + length;
}

/* The link that ends at END is read, and its target put in its place, in a line of SIZE bytes. */
static bool put_target(struct line *line, size_t end, size_t size)
{
	size_t name = component_start(line, end), behind = line->end + 1 - end, tail = size - behind, at;
	long length;

	memmove(line->text + tail, line->text + end, behind);
	if (tail <= end)
		return false;
	line->text[end] = '\0';
	/* The kernel has taken the path before it writes. */
	length = GATE_4(NR_readlinkat, AT_FDCWD, line->text, line->text + name, tail - name);
	if (length <= 0 || (size_t)length >= tail - name)
		return false;
	line->text[name + (size_t)length] = '\0';
	if (hardlinks_are_on() && hardlinks_may_hide(line->text + name))
		return false;
	at = place_target(line, name, (size_t)length);
	memmove(line->text + at, line->text + tail, behind);
	line->end = at + behind - 1;
	return at;
}

bool fast_ends_in_link(const struct fast_frame *frame, const struct fast_path *path)
{
	return path->follows && links_are_known() && links_may_have(frame->host_path, path->length);
}

bool fast_follow(struct fast_frame *frame, const struct fast_path *path, size_t *length, plain_stamp *stamp)
{
	size_t root = view_binding(the_view(), 0)->host_length, at;
	struct line line = { frame->host_path, root, root + *length };
	plain_stamp now;

	*stamp = 0;
	if (!links_are_known() || root_is_set())
		return true;
	memcpy(line.text, view_host(the_view(), 0), root);
	for (unsigned int links = 0; (at = find_link(&line, path->follows)); links++) {
		if (links == FOLLOWED_MOST || !is_in_plain(&line, at, &now) || (*stamp && now != *stamp))
			return false;
		*stamp = now;
		if (!put_target(&line, at, FAST_PATH_MOST))
			return false;
	}
	*length = line.end - root;
	return true;
}
