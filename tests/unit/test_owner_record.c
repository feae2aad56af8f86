/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The message that owners are kept in: known bytes, round trips of all kinds of numbers, what is malformed.
 */
#include "image/owner_record.h"
#include "tap.h"

#include <stdlib.h>
#include <string.h>

static bool is_equal(const struct owner_record *a, const struct owner_record *b)
{
	return a->uid == b->uid && a->gid == b->gid && a->has_mode == b->has_mode && a->mode == b->mode &&
	       a->device == b->device;
}

static bool writes(struct owner_record record, const char *bytes, size_t length)
{
	unsigned char buf[OWNER_RECORD_SIZE];
	struct owner_record again;

	return owner_record_write(&record, buf, sizeof(buf)) == length && !memcmp(buf, bytes, length) &&
	       owner_record_read(&again, buf, length) && is_equal(&record, &again);
}

static void test_written(void)
{
	ok(writes((struct owner_record){ 0 }, "", 0), "0:0 is an empty message");
	ok(writes((struct owner_record){ .uid = 1, .gid = 300 }, "\x08\x01\x10\xac\x02", 5), "uid and gid");
	ok(writes((struct owner_record){ .uid = OWNER_KEEP }, "\x08\xff\xff\xff\xff\x0f", 6), "no uid");
	ok(writes((struct owner_record){ .has_mode = true }, "\x18\x00", 2), "a mode of 0 is written");
	ok(writes((struct owner_record){ .mode = 020666, .has_mode = true, .device = 0x103 },
		  "\x18\xb6\x43\x20\x83\x02", 6),
	   "a device");
}

static bool reads(const char *bytes, size_t length, struct owner_record expected)
{
	unsigned char *copy = malloc(length + !length); /* so that reading behind it is seen */
	struct owner_record record;
	bool is_read;

	memcpy(copy, bytes, length);
	is_read = owner_record_read(&record, copy, length) && is_equal(&record, &expected);
	free(copy);
	return is_read;
}

static bool refuses(const char *bytes, size_t length)
{
	unsigned char *copy = malloc(length + !length);
	struct owner_record record;
	bool is_read;

	memcpy(copy, bytes, length);
	is_read = owner_record_read(&record, copy, length);
	free(copy);
	return !is_read;
}

#define READS(bytes, ...) reads(bytes, sizeof(bytes) - 1, (struct owner_record){ __VA_ARGS__ })
#define REFUSES(bytes) refuses(bytes, sizeof(bytes) - 1)

static void test_read(void)
{
	ok(READS("\x08\x00\x10\x00", .uid = 0), "zeros that are written");
	ok(READS("\x08\x01\x08\x02", .uid = 2), "the last field counts");
	ok(READS("\x08\x81\x80\x80\x80\x80\x80\x80\x80\x80\x00", .uid = 1), "a number of ten bytes");
	ok(READS("\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x7f", .uid = ~0u), "more than 64 bits are cut off");
	ok(READS("\x28\x05\x31"
		 "12345678"
		 "\x3a\x03xyz\x45"
		 "1234\x10\x07",
		 .gid = 7),
	   "unknown fields are passed over");
	ok(READS("\x0a\x01\x05\x10\x07", .gid = 7), "a known number of another type is unknown");
	ok(READS("\xf8\xff\xff\xff\x0f\x01\x10\x07", .gid = 7), "the largest field number");
}

static void test_malformed(void)
{
	ok(REFUSES("\x08"), "a tag without a value");
	ok(REFUSES("\x08\x80"), "half a number");
	ok(REFUSES("\x08\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x00"), "a number of eleven bytes");
	ok(REFUSES("\x00\x01"), "field 0");
	ok(REFUSES("\x80\x80\x80\x80\x10\x01"), "a tag of 33 bits");
	ok(REFUSES("\x3a\x04xyz"), "text shorter than it says");
	ok(REFUSES("\x3a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01xyz"), "text of 2^64-1 bytes");
	ok(REFUSES("\x31"
		   "1234567") &&
		   REFUSES("\x45"
			   "123"),
	   "short numbers of fixed size");
	ok(REFUSES("\x0b\x0c") && REFUSES("\x0e"), "groups and unknown types");
}

static uint64_t random_number(void)
{
	return ((uint64_t)random() << 33 ^ (uint64_t)random() << 11 ^ (uint64_t)random()) >> random() % 64;
}

/* Written whole, and into each room that is too small. */
static bool survives(const struct owner_record *record)
{
	unsigned char buf[OWNER_RECORD_SIZE], part[OWNER_RECORD_SIZE];
	size_t length = owner_record_write(record, buf, sizeof(buf));
	struct owner_record again;

	if (length > sizeof(buf) || !owner_record_read(&again, buf, length) || !is_equal(record, &again))
		return false;
	for (size_t room = 0; room < length; room++) {
		memset(part, 0x55, sizeof(part));
		if (owner_record_write(record, part, room) != length || memcmp(part, buf, room) || part[room] != 0x55)
			return false;
	}
	return true;
}

static void test_round_trips(void)
{
	bool is_good = true;

	for (int i = 0; i < 20000 && is_good; i++) {
		struct owner_record record = { .uid = (uint32_t)random_number(), .gid = (uint32_t)random_number() };

		record.has_mode = random() % 2;
		record.mode = record.has_mode ? (uint32_t)random_number() : 0;
		record.device = random() % 2 ? random_number() : 0;
		is_good = survives(&record);
	}
	ok(is_good, "random records survive");
	ok(survives(&(struct owner_record){ ~0u, ~0u, ~0u, true, ~0ull }), "so does the longest");
}

int main(void)
{
	test_written();
	test_read();
	test_malformed();
	test_round_trips();
	return plan_done();
}
