/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Numbers of sections are those of RFC 1951 and RFC 1952. */
#include "image/pack.h"

#define HEAD 10 /* 1952, 2.3 */
#define TAIL 8	/* a checksum and the size */

#define CODE_MOST 15	/* bits of a code: 3.2.7 */
#define LITERALS 288	/* symbols of bytes, lengths, and the end of a block */
#define DISTANCES 32	/* symbols of distances */
#define LENGTH_CODES 19 /* symbols of lengths of codes */
#define END_OF_BLOCK 256

/* What comes next of a code: its symbol, and below that how many bits it has; 0: there is no such code. */
#define STEP(symbol, bits) ((uint16_t)((symbol) << 4 | (bits)))
#define STEP_BITS(step) ((step)&15u)
#define STEP_SYMBOL(step) ((step) >> 4)

/* All codes of an alphabet, by as many of the next bits as the longest has. */
struct alphabet {
	unsigned int bits;
	uint16_t steps[1 << CODE_MOST];
};

static struct alphabet literals, distances;

struct reader {
	const unsigned char *at, *end;
	uint64_t held; /* bits that are read, the next one is the lowest */
	unsigned int count;
	bool is_damaged;
};

struct writer {
	unsigned char *out;
	size_t length, room;
};

/* A symbol that stands for BASE and the number in the next MORE bits. */
struct range {
	uint16_t base;
	uint8_t more;
};

/* 3.2.5 */
static const struct range length_ranges[] = {
	{ 3, 0 },   { 4, 0 },	{ 5, 0 },   { 6, 0 },	{ 7, 0 },   { 8, 0 },  { 9, 0 },  { 10, 0 },
	{ 11, 1 },  { 13, 1 },	{ 15, 1 },  { 17, 1 },	{ 19, 2 },  { 23, 2 }, { 27, 2 }, { 31, 2 },
	{ 35, 3 },  { 43, 3 },	{ 51, 3 },  { 59, 3 },	{ 67, 4 },  { 83, 4 }, { 99, 4 }, { 115, 4 },
	{ 131, 5 }, { 163, 5 }, { 195, 5 }, { 227, 5 }, { 258, 0 },
};

static const struct range distance_ranges[] = {
	{ 1, 0 },     { 2, 0 },	    { 3, 0 },	  { 4, 0 },	 { 5, 1 },	{ 7, 1 },
	{ 9, 2 },     { 13, 2 },    { 17, 3 },	  { 25, 3 },	 { 33, 4 },	{ 49, 4 },
	{ 65, 5 },    { 97, 5 },    { 129, 6 },	  { 193, 6 },	 { 257, 7 },	{ 385, 7 },
	{ 513, 8 },   { 769, 8 },   { 1025, 9 },  { 1537, 9 },	 { 2049, 10 },	{ 3073, 10 },
	{ 4097, 11 }, { 6145, 11 }, { 8193, 12 }, { 12289, 12 }, { 16385, 13 }, { 24577, 13 },
};

/*
 * Hold as many bits as a code can have, and more. Beyond the end there are zeros. Most often a word is read, of which
 * the bytes that do not fit come again; other CPUs than little-endian ones take the bytes one by one.
 */
static inline void fill(struct reader *reader)
{
	uint64_t word;

	if (reader->count > CODE_MOST)
		return;
	if (__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ && (size_t)(reader->end - reader->at) >= sizeof(word)) {
		memcpy(&word, reader->at, sizeof(word));
		reader->held |= word << reader->count;
		reader->at += (63 - reader->count) / 8;
		reader->count |= 56;
		return;
	}
	while (reader->count <= 56 && reader->at < reader->end) {
		reader->held |= (uint64_t)*reader->at++ << reader->count;
		reader->count += 8;
	}
}

static inline void drop(struct reader *reader, unsigned int count)
{
	reader->is_damaged |= count > reader->count;
	reader->held >>= count;
	reader->count -= MIN(count, reader->count);
}

static inline unsigned int read_bits(struct reader *reader, unsigned int count)
{
	unsigned int bits;

	fill(reader);
	bits = (unsigned int)reader->held & ((1u << count) - 1);
	drop(reader, count);
	return bits;
}

static inline unsigned int read_symbol(struct reader *reader, const struct alphabet *alphabet)
{
	unsigned int step;

	fill(reader);
	step = alphabet->steps[reader->held & ((1u << alphabet->bits) - 1)];
	reader->is_damaged |= !STEP_BITS(step);
	drop(reader, STEP_BITS(step));
	return STEP_SYMBOL(step);
}

/* The first bit of a code is the lowest of those that are held. */
static unsigned int reverse(unsigned int code, unsigned int bits)
{
	unsigned int reversed = 0;

	for (; bits; bits--, code >>= 1)
		reversed = reversed << 1 | (code & 1);
	return reversed;
}

/* The alphabet of COUNT symbols whose codes have so many BITS: 3.2.2. False: there are not so many codes. */
static bool make_alphabet(struct alphabet *alphabet, const uint8_t *bits, unsigned int count)
{
	unsigned int code = 0;

	alphabet->bits = 0;
	for (unsigned int symbol = 0; symbol < count; symbol++)
		alphabet->bits = MAX(alphabet->bits, bits[symbol]);
	memset(alphabet->steps, 0, sizeof(uint16_t) << alphabet->bits);
	for (unsigned int length = 1; length <= alphabet->bits; length++, code <<= 1)
		for (unsigned int symbol = 0; symbol < count; symbol++) {
			if (bits[symbol] != length)
				continue;
			if (code >> length)
				return false;
			for (unsigned int at = reverse(code, length); at < 1u << alphabet->bits; at += 1u << length)
				alphabet->steps[at] = STEP(symbol, length);
			code++;
		}
	return true;
}

/* 3.2.6 */
static bool make_fixed(void)
{
	uint8_t bits[LITERALS];

	for (unsigned int symbol = 0; symbol < LITERALS; symbol++)
		bits[symbol] = symbol < 144 ? 8 : symbol < 256 ? 9 : symbol < 280 ? 7 : 8;
	make_alphabet(&literals, bits, LITERALS);
	memset(bits, 5, DISTANCES);
	return make_alphabet(&distances, bits, DISTANCES);
}

/* COUNT lengths of codes, which are told by codes of their own: false where more are told. */
static bool read_lengths(struct reader *reader, uint8_t *bits, unsigned int count)
{
	unsigned int at = 0, symbol, times;
	uint8_t value;

	while (at < count && !reader->is_damaged) {
		symbol = read_symbol(reader, &literals);
		value = symbol < 16 ? (uint8_t)symbol : symbol == 16 && at ? bits[at - 1] : 0;
		times = symbol < 16 ? 1 :
			symbol < 18 ? 3 + read_bits(reader, symbol == 16 ? 2 : 3) :
				      11 + read_bits(reader, 7);
		if (times > count - at)
			return false;
		memset(bits + at, value, times);
		at += times;
	}
	return !reader->is_damaged;
}

/* 3.2.7 */
static bool read_alphabets(struct reader *reader)
{
	static const uint8_t order[LENGTH_CODES] = { 16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15 };
	unsigned int literal_count = 257 + read_bits(reader, 5), distance_count = 1 + read_bits(reader, 5),
		     length_count = 4 + read_bits(reader, 4);
	uint8_t bits[LITERALS + DISTANCES] = { 0 };

	if (literal_count > LITERALS)
		return false;
	for (unsigned int i = 0; i < length_count; i++)
		bits[order[i]] = (uint8_t)read_bits(reader, 3);
	return make_alphabet(&literals, bits, LENGTH_CODES) &&
	       read_lengths(reader, bits, literal_count + distance_count) &&
	       make_alphabet(&literals, bits, literal_count) &&
	       make_alphabet(&distances, bits + literal_count, distance_count);
}

/* What stands for itself: 3.2.4. */
static bool copy_stored(struct reader *reader, struct writer *writer)
{
	unsigned int size;

	drop(reader, reader->count % 8);
	size = read_bits(reader, 16);
	if ((size ^ read_bits(reader, 16)) != 0xffff || size > writer->room - writer->length)
		return false;
	for (; size; size--)
		writer->out[writer->length++] = (unsigned char)read_bits(reader, 8);
	return !reader->is_damaged;
}

static inline unsigned int read_range(struct reader *reader, const struct range *ranges, unsigned int count,
				      unsigned int symbol)
{
	if (symbol >= count) {
		reader->is_damaged = true;
		return 0;
	}
	return ranges[symbol].base + read_bits(reader, ranges[symbol].more);
}

/* What has been before: SYMBOL tells how much of it. */
static inline void repeat(struct reader *reader, struct writer *writer, unsigned int symbol)
{
	size_t length = read_range(reader, length_ranges, ARRAY_SIZE(length_ranges), symbol - END_OF_BLOCK - 1),
	       distance = read_range(reader, distance_ranges, ARRAY_SIZE(distance_ranges),
				     read_symbol(reader, &distances));

	unsigned char *to = writer->out + writer->length;

	reader->is_damaged |= distance > writer->length || length > writer->room - writer->length;
	if (reader->is_damaged)
		return;
	/* They may overlap: what repeats is written so. */
	for (size_t i = 0; i < length; i++)
		to[i] = (to - distance)[i];
	writer->length += length;
}

/* In copies of both, which no byte that is written may be part of: so they stay in registers. */
static bool unpack_codes(struct reader *reader_at, struct writer *writer_at)
{
	struct reader reader = *reader_at;
	struct writer writer = *writer_at;
	unsigned int symbol = 0;

	while (!reader.is_damaged) {
		symbol = read_symbol(&reader, &literals);
		if (symbol == END_OF_BLOCK)
			break;
		if (symbol > END_OF_BLOCK)
			repeat(&reader, &writer, symbol);
		else if (writer.length < writer.room)
			writer.out[writer.length++] = (unsigned char)symbol;
		else
			reader.is_damaged = true;
	}
	*reader_at = reader;
	*writer_at = writer;
	return !reader.is_damaged;
}

static bool unpack_block(struct reader *reader, struct writer *writer)
{
	switch (read_bits(reader, 2)) {
	case 0:
		return copy_stored(reader, writer);
	case 1:
		return make_fixed() && unpack_codes(reader, writer);
	case 2:
		return read_alphabets(reader) && unpack_codes(reader, writer);
	default:
		return false;
	}
}

bool pack_is_packed(const unsigned char *packed, size_t size)
{
	return size >= HEAD + TAIL && packed[0] == 0x1f && packed[1] == 0x8b && packed[2] == 8 && !packed[3];
}

size_t pack_size(const unsigned char *packed, size_t size)
{
	const unsigned char *at = packed + size - 4;

	return at[0] | (size_t)at[1] << 8 | (size_t)at[2] << 16 | (size_t)at[3] << 24;
}

bool pack_unpack(const unsigned char *packed, size_t size, unsigned char *out)
{
	struct reader reader = { .at = packed + HEAD, .end = packed + size - TAIL };
	struct writer writer = { .out = out, .room = pack_size(packed, size) };
	bool is_last;

	do {
		is_last = read_bits(&reader, 1);
		if (!unpack_block(&reader, &writer))
			return false;
	} while (!is_last);
	return writer.length == writer.room;
}
