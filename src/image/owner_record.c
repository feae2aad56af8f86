/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The wire format is that of https://protobuf.dev/programming-guides/encoding: each field begins with a tag, its
 * number above three bits that tell how it is written. The last of several fields with one number counts.
 */
#include "image/owner_record.h"

enum { FIELD_UID = 1, FIELD_GID, FIELD_MODE, FIELD_DEVICE };

/* Groups (3 and 4) are of old, and nobody has put any into this message: malformed. */
enum { WIRE_VARINT = 0, WIRE_64 = 1, WIRE_BYTES = 2, WIRE_32 = 5 };

#define WIRE_BITS 3

/* What is written to, or what remains to be read. */
struct output {
	unsigned char *at;
	size_t size;
	size_t length; /* wanted */
};

struct input {
	const unsigned char *at;
	size_t left;
};

static void put_varint(struct output *output, uint64_t value)
{
	do {
		unsigned char byte = (value & 0x7f) | (value > 0x7f ? 0x80 : 0);

		if (output->length < output->size)
			output->at[output->length] = byte;
		output->length++;
		value >>= 7;
	} while (value);
}

static void put_field(struct output *output, unsigned int field, uint64_t value)
{
	put_varint(output, field << WIRE_BITS | WIRE_VARINT);
	put_varint(output, value);
}

size_t owner_record_write(const struct owner_record *record, unsigned char *buf, size_t size)
{
	struct output output = { .at = buf, .size = size };

	if (record->uid)
		put_field(&output, FIELD_UID, record->uid);
	if (record->gid)
		put_field(&output, FIELD_GID, record->gid);
	if (record->has_mode)
		put_field(&output, FIELD_MODE, record->mode);
	if (record->device)
		put_field(&output, FIELD_DEVICE, record->device);
	return output.length;
}

/* At most ten bytes; what is above 64 bits is cut off, as other readers do. */
static bool take_varint(struct input *input, uint64_t *value)
{
	*value = 0;
	for (unsigned int shift = 0; shift < 70 && input->left; shift += 7) {
		unsigned char byte = *input->at++;

		input->left--;
		*value |= (uint64_t)(byte & 0x7f) << shift;
		if (!(byte & 0x80))
			return true;
	}
	return false;
}

static bool skip(struct input *input, uint64_t size)
{
	if (size > input->left)
		return false;
	input->at += size;
	input->left -= size;
	return true;
}

static bool skip_field(struct input *input, unsigned int wire)
{
	uint64_t number;

	switch (wire) {
	case WIRE_VARINT:
		return take_varint(input, &number);
	case WIRE_64:
		return skip(input, 8);
	case WIRE_32:
		return skip(input, 4);
	case WIRE_BYTES:
		return take_varint(input, &number) && skip(input, number);
	}
	return false;
}

static void set_field(struct owner_record *record, uint64_t field, uint64_t value)
{
	switch (field) {
	case FIELD_UID:
		record->uid = (uint32_t)value;
		break;
	case FIELD_GID:
		record->gid = (uint32_t)value;
		break;
	case FIELD_MODE:
		record->mode = (uint32_t)value;
		record->has_mode = true;
		break;
	case FIELD_DEVICE:
		record->device = value;
		break;
	}
}

bool owner_record_read(struct owner_record *record, const unsigned char *value, size_t size)
{
	struct input input = { .at = value, .left = size };
	uint64_t tag, number;

	*record = (struct owner_record){ .uid = 0 };
	while (input.left) {
		if (!take_varint(&input, &tag) || tag > UINT32_MAX || !(tag >> WIRE_BITS))
			return false;
		if ((tag & ((1 << WIRE_BITS) - 1)) != WIRE_VARINT) {
			if (!skip_field(&input, tag & ((1 << WIRE_BITS) - 1)))
				return false;
			continue;
		}
		if (!take_varint(&input, &number))
			return false;
		set_field(record, tag >> WIRE_BITS, number);
	}
	return true;
}
