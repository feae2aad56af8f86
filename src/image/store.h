/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The store: a file with the owners of objects that can't carry an extended attribute of the user's (links, fifos,
 * sockets, what stands for devices; everything, where a file system has no such attributes). Here is its format, as
 * pure functions over bytes: no system call, no allocation, and whatever the bytes are, no function crashes, loops
 * or reads beyond what it is told. agent/store.c and cli/check.c do what touches the file.
 *
 * It is neither LMDB nor SQLite, because it is written in the guest's process, by code without libc: no heap, no
 * thread-local storage, no descriptor or lock that is kept from call to call, and a fork(2) or SIGKILL at any
 * instruction. What is needed is one lookup by number; neither order nor transactions of several records.
 *
 * A page with a header, then 2^bits buckets of a page each: 32 slots. A record is in the bucket that the first bits
 * of its key's hash name, in the first slot that was free from the one on that the last bits name. A slot that has
 * been in use is never empty again, so a search ends at the first empty one.
 *
 * A slot has two copies of its record, each with a sequence number and a checksum; the valid one with the higher
 * number counts. What is changed is always the other copy, of 64 bytes, in one write, and each operation is one
 * such write. So whoever dies at any instruction, and a power cut, lose that operation at most; and readers take no
 * lock: half a copy is no valid one. Writers exclude each other (flock(2); the kernel gives it back when they die).
 *
 * A bucket that is full makes the table grow: a new file, of twice as many buckets, is written aside and renamed over
 * the old one, which is marked as replaced for those who have it in their memory.
 *
 * Numbers are in the byte order of the machine.
 */
#ifndef IMAGE_STORE_H
#define IMAGE_STORE_H

#include "base/base.h"

/* The file's name: this, and the user's number. While it grows, the new one has STORE_ASIDE behind that. */
#define STORE_NAME ".proot-owners-"
#define STORE_ASIDE "~"
#define STORE_SEEN "+" /* agent/seen.h */
#define STORE_NAME_SIZE (sizeof(STORE_NAME) + sizeof(STORE_ASIDE) + 10)

#define STORE_PAGE 4096
#define STORE_SLOTS 32 /* of a bucket */
#define STORE_BITS_MOST 18
/* No more slots than this for each record in use: hostile keys must not make the file grow for ever. */
#define STORE_SLOTS_EACH 256

enum store_flags {
	STORE_HAS_MODE = 1, /* the object's mode is that of the record, not the inode's */
	STORE_GONE = 2,	    /* the slot is free */
};

/* The object's name: its inode, as long as that was not made anew since. */
struct store_key {
	uint64_t inode;	     /* not 0 */
	uint64_t filesystem; /* 0 in files; st_dev where one table serves several file systems */
};

struct store_record {
	struct store_key key;
	int64_t birth_seconds; /* stx_btime; where the file system has none, store_handle_birth(); or 0 */
	uint32_t birth_nanoseconds;
	uint32_t uid, gid;
	uint32_t mode;	 /* st_mode, with STORE_HAS_MODE */
	uint32_t flags;	 /* enum store_flags */
	uint64_t device; /* st_rdev; 0: none */
	/* Of what was read: which change of its slot it is. What is put gets the next one. */
	uint32_t sequence;
};

struct store_copy {
	uint64_t checksum; /* of all that follows */
	uint32_t sequence;
	uint32_t flags;
	uint64_t inode;
	uint64_t filesystem;
	int64_t birth_seconds;
	uint32_t birth_nanoseconds;
	uint32_t mode;
	uint32_t uid, gid;
	uint64_t device;
};

struct store_slot {
	struct store_copy copies[2];
};

struct store_bucket {
	struct store_slot slots[STORE_SLOTS];
};

struct store_header {
	uint64_t magic;
	uint32_t format;
	uint32_t bits;
	uint64_t checksum; /* of what stands before it */
	uint32_t replaced; /* not 0: there is a new file in this one's place */
	uint32_t reserved;
};

_Static_assert(sizeof(struct store_copy) == 64, "copies lie in one sector of a disk");
_Static_assert(sizeof(struct store_bucket) == STORE_PAGE, "a bucket is a page");

/* What one operation changes. */
struct store_change {
	size_t offset; /* in the bucket */
	struct store_copy copy;
};

enum store_state {
	STORE_EMPTY,   /* never in use */
	STORE_RECORD,  /* a record that counts */
	STORE_FREE,    /* of one that was removed */
	STORE_DAMAGED, /* neither copy is valid */
};

/*
 * What tells an inode from one made anew, where there is no time of birth: its handle of SIZE bytes, as
 * name_to_handle_at(2) has it, in which most file systems have a generation.
 */
int64_t store_handle_birth(const unsigned char *handle, size_t size);

/* The header of a table of 2^BITS buckets. */
void store_header_init(struct store_header *header, uint32_t bits);
/* Whether it is one; the number of its buckets is then 2^*BITS, of at most STORE_BITS_MOST. */
bool store_header_read(const struct store_header *header, uint32_t *bits);
/* Whether nothing has been written there. */
bool store_header_is_blank(const struct store_header *header);
static inline bool store_is_replaced(const struct store_header *header)
{
	return __atomic_load_n(&header->replaced, __ATOMIC_ACQUIRE);
}

/* The size of the whole file, and where in it the bucket of KEY, or bucket number INDEX, begins. */
static inline size_t store_size(uint32_t bits)
{
	return (size_t)STORE_PAGE + ((size_t)STORE_PAGE << bits);
}
static inline size_t store_bucket_offset(uint32_t index)
{
	return (size_t)STORE_PAGE + (size_t)STORE_PAGE * index;
}
uint32_t store_bucket_of(uint32_t bits, const struct store_key *key);

/*
 * The record of KEY in its BUCKET, which others may be writing to; false when there is none. Uses less than 400
 * bytes of stack, so that it can be called from anywhere.
 */
bool store_find_in(const struct store_bucket *bucket, const struct store_key *key, struct store_record *record);

/* What slot INDEX of a bucket holds, which others may be writing to. */
enum store_state store_read(const struct store_bucket *bucket, unsigned int index, struct store_record *record);

/*
 * What to write to make RECORD that of its key: 0, or -ENOSPC when the bucket is full. The caller keeps other
 * writers out.
 */
long store_put_in(const struct store_bucket *bucket, const struct store_record *record, struct store_change *change);
/*
 * What to write to remove that of RECORD's key: 0, or -ENOENT. If RECORD has a sequence number, which is never 0 in
 * what was read, it is removed only if nothing has been put there since.
 */
long store_remove_from(const struct store_bucket *bucket, const struct store_record *record,
		       struct store_change *change);
/* What to write to free slot INDEX, whatever it holds. */
void store_free_slot(const struct store_bucket *bucket, unsigned int index, struct store_change *change);

/* Make the change in memory. */
void store_apply(struct store_bucket *bucket, const struct store_change *change);

/*
 * Fill bucket INDEX of a table of 2^BITS from OLD, that bucket of a smaller table of 2^OLD_BITS which its records were
 * in: INDEX >> (BITS - OLD_BITS). Returns the number of its records.
 */
unsigned int store_split(struct store_bucket *bucket, uint32_t bits, uint32_t index, const struct store_bucket *old);

#endif
