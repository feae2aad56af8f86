/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The examples that NIST gives for FIPS 180-4, and all lengths around a block, in pieces and as a whole. */
#include "unpack/sha256.h"
#include "tap.h"

#include <string.h>

static const char *digest(const char *text, size_t length, size_t piece)
{
	static char hex[SHA256_HEX + 1];
	struct sha256 sha;

	sha256_begin(&sha);
	for (size_t at = 0; at < length; at += piece)
		sha256_add(&sha, text + at, MIN(piece, length - at));
	sha256_end(&sha, hex);
	return hex;
}

static bool is(const char *text, const char *wanted)
{
	return !strcmp(digest(text, strlen(text), 64), wanted);
}

/* The digest of the digests of 0 to 300 bytes: as python3's hashlib has it. */
static const char *of_all_lengths(size_t piece)
{
	char text[300], all[301 * SHA256_HEX + 1];

	for (size_t i = 0; i < sizeof(text); i++)
		text[i] = (char)(i * 7);
	for (size_t length = 0; length <= sizeof(text); length++)
		memcpy(all + length * SHA256_HEX, digest(text, length, piece), SHA256_HEX);
	return digest(all, 301 * SHA256_HEX, 1000);
}

int main(void)
{
	static char million[1000000];
	const char *all = "917dfe241fcf4d27cf00582a4b7cbc1f5bb92f4298d46d8d986f7cda814596c6";

	memset(million, 'a', sizeof(million));
	ok(is("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"), "nothing");
	ok(is("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"), "one block");
	ok(is("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
	      "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"),
	   "two blocks");
	ok(!strcmp(digest(million, sizeof(million), 4096),
		   "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"),
	   "a million bytes");
	ok(!strcmp(of_all_lengths(300), all), "all lengths");
	for (size_t piece = 1; piece < 130; piece += 21)
		ok(!strcmp(of_all_lengths(piece), all), "in pieces");
	return plan_done();
}
