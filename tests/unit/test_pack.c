/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What gzip has packed is what it was when it is unpacked, and what is damaged is found to be, or harmless. Converted
 * code comes back.
 */
#include "image/pack.h"
#include "tap.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MOST 70000
#define ROOM (MOST + 1000)

static unsigned char in[MOST], out[ROOM];

/* Pack the first SIZE bytes of IN to OUT, at LEVEL: the length of it. */
static size_t pack(size_t size, unsigned int level)
{
	char path[] = "/tmp/test_pack.XXXXXX", line[100];
	FILE *file = fdopen(mkstemp(path), "w");
	size_t length;

	fwrite(in, 1, size, file);
	fclose(file);
	snprintf(line, sizeof(line), "gzip -%un <%s", level, path);
	file = popen(line, "r");
	length = fread(out, 1, ROOM, file);
	pclose(file);
	unlink(path);
	return length;
}

/* Whether the first SIZE bytes of IN come back. */
static bool comes_back(size_t size, unsigned int level)
{
	size_t length = pack(size, level);
	unsigned char *packed = malloc(length), *again = malloc(size + 1);
	bool is_same;

	memcpy(packed, out, length);
	is_same = pack_is_packed(packed, length) && pack_size(packed, length) == size &&
		  pack_unpack(packed, length, again) && !memcmp(in, again, size);
	free(packed);
	free(again);
	return is_same;
}

/* COUNT sorts of bytes, with repetitions of what came before. */
static void fill(size_t size, unsigned int count)
{
	for (size_t at = 0; at < size; at++) {
		in[at] = (unsigned char)((unsigned int)rand() % count);
		if (at > 300 && rand() % 20 == 0)
			for (size_t from = at - (size_t)(rand() % 300) - 1, i = (size_t)rand() % 600; i && at < size;
			     i--)
				in[at++] = in[from++];
	}
}

static void test_round_trips(void)
{
	static const size_t sizes[] = { 0, 1, 3, 5, 16, 270, 1000, MOST };
	bool is_random_right = true, is_same_right = true, is_noise_right = true;

	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		for (unsigned int count = 1; count <= 256; count *= 4) {
			fill(sizes[i], count);
			is_random_right &= comes_back(sizes[i], 9) && comes_back(sizes[i], 1);
		}
		memset(in, 'x', sizes[i]);
		is_same_right &= comes_back(sizes[i], 9);
		for (size_t at = 0; at < sizes[i]; at++)
			in[at] = (unsigned char)rand();
		is_noise_right &= comes_back(sizes[i], 9);
	}
	ok(is_random_right, "all sorts of texts come back");
	ok(is_same_right, "what is all the same comes back");
	ok(is_noise_right, "what can't be packed comes back");
}

/* AddressSanitizer looks on. */
static void test_damage(void)
{
	size_t size = 3000, refused = 0, length;
	unsigned char *again = malloc(size);

	fill(size, 16);
	length = pack(size, 9);
	for (unsigned int i = 0; i < 20000; i++) {
		/* The size stays right: it is what the room was made for. */
		size_t cut = rand() % 4 ? 0 : (size_t)rand() % (length - 18), left = length - cut;
		unsigned char *packed = malloc(left);

		memcpy(packed, out, left - 8);
		memcpy(packed + left - 8, out + length - 8, 8);
		if (left > 18)
			packed[10 + (size_t)rand() % (left - 18)] ^= (unsigned char)(1 + rand() % 255);
		refused += !pack_unpack(packed, left, again);
		free(packed);
	}
	free(again);
	ok(refused > 5000, "what is damaged is found to be, or harmless");
	ok(!pack_is_packed((const unsigned char *)"\177ELF..............", 18) && !pack_is_packed(out, 17),
	   "what is not packed");
}

/* Branches to everywhere, in the code and out of it, and what looks like them. */
static void test_conversion(void)
{
	static unsigned char code[5000], before[5000];
	unsigned int wrong = 0, changed = 0;

	for (unsigned int i = 0; i < 2000; i++) {
		size_t size = (size_t)rand() % sizeof(code);

		for (size_t at = 0; at < size; at++)
			code[at] = (unsigned char)(rand() % 3 ? 0xe8 + rand() % 2 : rand() % 2 ? 0 : rand());
		memcpy(before, code, size);
		pack_convert(code, size);
		changed += memcmp(before, code, size) != 0;
		pack_restore(code, size);
		wrong += memcmp(before, code, size) != 0;
	}
	ok(!wrong && changed > 1000, "converted code comes back");
}

int main(void)
{
	srand(1);
	test_round_trips();
	test_damage();
	test_conversion();
	return plan_done();
}
