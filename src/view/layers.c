/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "view/layers.h"
#include "base/error.h"

void layers_begin(struct layers_place *place, unsigned int count)
{
	*place = (struct layers_place){ .merged = ~(uint64_t)0 >> (64 - count), .is_there = true };
}

/* The host path that REST, of LENGTH bytes, has in layer NUMBER: its length, or -ENAMETOOLONG. */
static long join(const struct view *view, uint32_t index, unsigned int number, const char *rest, size_t length,
		 char *buf)
{
	const char *layer = view_layer(view, index, number);
	size_t layer_length = strlen(layer);

	if (layer_length + length >= PATH_SIZE)
		return -ENAMETOOLONG;
	memcpy(buf, layer, layer_length);
	memcpy(buf + layer_length, rest, length);
	buf[layer_length + length] = '\0';
	return (long)(layer_length + length);
}

/* KIND is what layer NUMBER has there. Whether those below count still. */
static bool take(struct layers_place *place, unsigned int number, long kind)
{
	if (kind == VIEW_IS_WHITEOUT) {
		place->is_whiteout = !number;
		return false;
	}
	if (!place->is_there)
		place->layer = number;
	place->is_there = true;
	/* Below a directory what is none counts for nothing, and is the end, too. */
	if (kind != VIEW_IS_OTHER)
		place->merged |= (uint64_t)1 << number;
	return kind == VIEW_IS_DIRECTORY;
}

static bool is_same(const char *a, const char *b)
{
	size_t length = strlen(a);

	return length == strlen(b) && !memcmp(a, b, length);
}

static long step(const struct view *view, const struct view_operations *operations, uint32_t index, const char *rest,
		 size_t rest_length, struct layers_place *place, char *buf, size_t *length)
{
	struct layers_place found = { .above = place->merged };
	bool goes_on = true;
	long joined;

	if (!place->merged)
		return place->is_there ? -ENOTDIR : -ENOENT;
	for (unsigned int i = 0; i < view_layer_count(view, index) && goes_on; i++) {
		long kind;

		if (!(found.above >> i & 1))
			continue;
		joined = join(view, index, i, rest, rest_length, buf);
		if (!i && is_same(buf, view_work(view, index)))
			continue;
		kind = joined < 0 ? joined : operations->look(operations->context, buf, !i);
		if (kind < 0 && kind != -ENOENT && kind != -ENOTDIR && !(kind == -ENAMETOOLONG && joined >= 0))
			return kind;
		if (kind >= 0)
			goes_on = take(&found, i, kind);
	}
	while (!found.is_there && !(found.above >> found.layer & 1))
		found.layer++;
	*place = found;
	joined = join(view, index, found.layer, rest, rest_length, buf);
	*length = (size_t)MAX(joined, 0);
	return MIN(joined, 0);
}

long layers_step(const struct view *view, const struct view_operations *operations, uint32_t index, const char *rest,
		 struct layers_place *place, char *buf, size_t *length)
{
	return step(view, operations, index, rest, strlen(rest), place, buf, length);
}

long layers_find(const struct view *view, const struct view_operations *operations, uint32_t index, const char *rest,
		 struct layers_place *place, char *buf, size_t *length)
{
	size_t at = 0;
	long status;

	layers_begin(place, view_layer_count(view, index));
	status = join(view, index, 0, rest, 0, buf);
	*length = (size_t)MAX(status, 0);
	status = MIN(status, 0);
	while (!status && rest[at]) {
		at++;
		while (rest[at] && rest[at] != '/')
			at++;
		status = step(view, operations, index, rest, at, place, buf, length);
	}
	return status;
}

bool layers_are_at(const struct view *view, uint32_t index, const char *rest, const struct layers_place *place,
		   const char *host_path)
{
	size_t length = strlen(host_path), rest_length = strlen(rest);

	for (unsigned int i = 0; i < view_layer_count(view, index); i++) {
		const char *layer = view_layer(view, index, i);
		size_t layer_length = strlen(layer);

		if (place->merged >> i & 1 && layer_length + rest_length == length &&
		    !memcmp(host_path, layer, layer_length) && !memcmp(host_path + layer_length, rest, rest_length))
			return true;
	}
	return false;
}
