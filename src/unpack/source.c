/* SPDX-License-Identifier: GPL-2.0-or-later */
#define _GNU_SOURCE 1
#include "unpack/source.h"

#include "base/text.h"
#include "unpack/tree.h"

#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define BLOCK_SIZE (64U << 10)
#define HOPS_MOST 8
#define MEMBERS_MOST 100000

struct source_member {
	struct source_member *next;
	char *target; /* clean, of one that is another name of it; NULL: it has its own bytes */
	uint64_t size;
	char name[];
};

/*
 * From the bottom: the bytes as they are stored, in a file or in a member of OUTER; PLAIN, which decompresses them;
 * ENTRIES, which takes that for an archive.
 */
struct reader {
	struct source *source;
	int fd;
	struct archive *outer, *plain, *entries;
	struct sha256 stored_digest, plain_digest;
	const struct manifest_part *part;
	char stored_block[BLOCK_SIZE], plain_block[BLOCK_SIZE];
};

/* LIBARCHIVE is not left to run programs for what it can't decompress itself. */
static void support_filters(struct archive *archive)
{
	archive_read_support_filter_gzip(archive);
	archive_read_support_filter_bzip2(archive);
	archive_read_support_filter_compress(archive);
	archive_read_support_filter_xz(archive);
	archive_read_support_filter_lzma(archive);
	archive_read_support_filter_lzip(archive);
	archive_read_support_filter_lz4(archive);
	archive_read_support_filter_zstd(archive);
}

static void support_formats(struct archive *archive)
{
	archive_read_support_format_tar(archive);
	archive_read_support_format_cpio(archive);
}

static int fail_of(struct archive *archive, struct failure *failure)
{
	const char *text = archive_error_string(archive);

	return failure_set(failure, "%s", text ? text : "out of memory");
}

static int fail_memory(struct failure *failure)
{
	return failure_set(failure, "out of memory");
}

/* The image's own archive: a file that is skipped through. */
struct file_flow {
	int fd;
	char block[BLOCK_SIZE];
};

static la_ssize_t read_file(struct archive *archive, void *context, const void **block)
{
	struct file_flow *flow = context;
	ssize_t length = read(flow->fd, flow->block, sizeof(flow->block));

	*block = flow->block;
	if (length < 0)
		archive_set_error(archive, errno, "%s", strerror(errno));
	return length;
}

static la_int64_t skip_file(struct archive *archive, void *context, la_int64_t request)
{
	struct file_flow *flow = context;

	(void)archive;
	return lseek(flow->fd, request, SEEK_CUR) < 0 ? 0 : request;
}

static int close_file(struct archive *archive, void *context)
{
	(void)archive;
	free(context);
	return ARCHIVE_OK;
}

/* The source as an archive, from its beginning. NULL: out of memory, or FAILURE says so. */
static struct archive *open_file(const struct source *source, struct failure *failure)
{
	struct file_flow *flow = malloc(sizeof(*flow));
	struct archive *archive = flow ? archive_read_new() : NULL;

	if (!archive || lseek(source->fd, 0, SEEK_SET) < 0) {
		failure_set(failure, "%s", strerror(errno));
		free(flow);
		archive_read_free(archive);
		return NULL;
	}
	flow->fd = source->fd;
	support_filters(archive);
	support_formats(archive);
	if (archive_read_open2(archive, flow, NULL, read_file, skip_file, close_file) == ARCHIVE_OK)
		return archive;
	fail_of(archive, failure);
	archive_read_free(archive);
	return NULL;
}

/* 1: there is a further entry; 0: there is none; -1 */
static int next_entry(struct archive *archive, struct archive_entry **entry, char *path, struct failure *failure)
{
	int result = archive_read_next_header(archive, entry);
	const char *name;

	if (result == ARCHIVE_EOF)
		return 0;
	if (result != ARCHIVE_OK && result != ARCHIVE_WARN)
		return fail_of(archive, failure);
	name = archive_entry_pathname(*entry);
	/* What no image has. */
	if (!name || tree_clean_path(name, path))
		strcpy(path, "..");
	return 1;
}

static bool begins_with_digest(const char *name)
{
	return strspn(name, "0123456789abcdef") >= SHA256_HEX;
}

/* Whether an image may have a member of that name, and no root directory would. */
static bool is_of_image(const char *name)
{
	static const char *const names[] = { "oci-layout", "index.json", "manifest.json", "repositories", "blobs" };

	for (unsigned int i = 0; i < ARRAY_SIZE(names); i++)
		if (!strcmp(name, names[i]))
			return true;
	return begins_with_digest(name) || (text_begins(name, "sha256:") && begins_with_digest(name + 7)) ||
	       text_begins(name, "blobs/");
}

/* What LINK in the member NAME leads to, as far as that is in the archive: to be given to free(). */
static char *find_target(const char *name, const char *symbolic, const char *hard)
{
	size_t above = symbolic ? (size_t)(text_base_name(name) - name) : 0;
	const char *text = symbolic ? symbolic : hard;
	char buf[PATH_SIZE], *joined;
	int error;

	for (; above && text_begins(text, "../"); text += 3)
		do
			above--;
		while (above && name[above - 1] != '/');
	if (asprintf(&joined, "%.*s%s", (int)above, name, text) < 0)
		return NULL;
	error = tree_clean_path(joined, buf);
	free(joined);
	return strdup(error ? "" : buf);
}

static int add_member(struct source *source, struct archive_entry *entry, const char *name)
{
	struct source_member *member = calloc(1, sizeof(*member) + strlen(name) + 1);
	const char *hard = archive_entry_hardlink(entry);
	const char *symbolic = archive_entry_filetype(entry) == AE_IFLNK ? archive_entry_symlink(entry) : NULL;

	if (!member)
		return -ENOMEM;
	strcpy(member->name, name);
	member->size = (uint64_t)archive_entry_size(entry);
	member->next = source->members;
	source->members = member;
	if (hard || symbolic)
		member->target = find_target(name, symbolic, hard);
	return (hard || symbolic) && !member->target ? -ENOMEM : 0;
}

static const struct source_member *find_name(const struct source *source, const char *name)
{
	const struct source_member *member = source->members;

	while (member && strcmp(member->name, name) != 0)
		member = member->next;
	return member;
}

/* The member that has the bytes of NAME; NULL: there is none. */
static const struct source_member *find_member(const struct source *source, const char *name)
{
	const struct source_member *member = find_name(source, name);

	for (int hops = 0; member && member->target; hops++)
		member = hops < HOPS_MOST ? find_name(source, member->target) : NULL;
	return member;
}

static void free_members(struct source *source)
{
	while (source->members) {
		struct source_member *member = source->members;

		source->members = member->next;
		free(member->target);
		free(member);
	}
}

/* The members of an image; none where a name is none of an image's. */
static int list_members(struct source *source, struct archive *archive, struct failure *failure)
{
	struct archive_entry *entry;
	char path[PATH_SIZE];
	unsigned int count = 0;
	int found;

	while ((found = next_entry(archive, &entry, path, failure)) > 0) {
		if (!*path)
			continue;
		if (!is_of_image(path) || ++count > MEMBERS_MOST) {
			free_members(source);
			return 0;
		}
		if (add_member(source, entry, path))
			return fail_memory(failure);
	}
	return found;
}

static int look_at_file(struct source *source, struct failure *failure)
{
	struct archive *archive = open_file(source, failure);
	int error = archive ? list_members(source, archive, failure) : -1;

	if (error && !source->members)
		failure_add(failure, "it is no archive of tar or cpio");
	source->is_compressed = archive && archive_filter_count(archive) > 1;
	archive_read_free(archive);
	if (error)
		return -1;
	if (find_member(source, "oci-layout") && find_member(source, "index.json"))
		source->kind = SOURCE_OCI;
	else if (find_member(source, "manifest.json"))
		source->kind = SOURCE_DOCKER;
	else
		source->kind = SOURCE_TREE;
	return 0;
}

static int look_at_directory(struct source *source, struct failure *failure)
{
	source->is_directory = true;
	source->kind = SOURCE_OCI;
	if (faccessat(source->fd, "oci-layout", F_OK, 0) || faccessat(source->fd, "index.json", F_OK, 0))
		return failure_set(failure, "it is no OCI layout: that has oci-layout and index.json");
	return 0;
}

int source_open(struct source *source, const char *path, struct progress *progress, struct failure *failure)
{
	struct stat status;

	*source = (struct source){ .path = path, .progress = progress };
	/* What is no file may keep one waiting. */
	source->fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (source->fd < 0 || fstat(source->fd, &status))
		return failure_set(failure, "%s", strerror(errno));
	if (S_ISDIR(status.st_mode))
		return look_at_directory(source, failure);
	if (!S_ISREG(status.st_mode))
		return failure_set(failure, "it is neither a file nor a directory");
	return look_at_file(source, failure);
}

void source_close(struct source *source)
{
	free_members(source);
	if (source->fd >= 0)
		close(source->fd);
	source->fd = -1;
}

static uint64_t size_of(int fd)
{
	struct stat status;

	return fstat(fd, &status) ? 0 : (uint64_t)status.st_size;
}

int source_digest(struct source *source, char hex[SHA256_HEX + 1], struct failure *failure)
{
	struct sha256 digest;
	char block[BLOCK_SIZE];
	ssize_t length;

	progress_start(source->progress, "reading", size_of(source->fd));
	sha256_begin(&digest);
	if (lseek(source->fd, 0, SEEK_SET) < 0)
		return failure_set(failure, "%s", strerror(errno));
	while ((length = read(source->fd, block, sizeof(block))) > 0 && !progress_signal()) {
		sha256_add(&digest, block, (size_t)length);
		progress_add(source->progress, (size_t)length);
	}
	if (length < 0)
		return failure_set(failure, "%s", strerror(errno));
	sha256_end(&digest, hex);
	return 0;
}

/* Where PART lies, in BUF of PATH_SIZE. */
static int name_part(const struct manifest_part *part, char *buf)
{
	if (part->name)
		return tree_clean_path(part->name, buf);
	snprintf(buf, PATH_SIZE, "blobs/sha256/%s", part->digest);
	return 0;
}

/* The file NAME of a layout: its descriptor. */
static int open_blob(const struct source *source, const char *name, uint64_t *size, struct failure *failure)
{
	int fd = openat(source->fd, name, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	struct stat status;

	if (fd >= 0 && !fstat(fd, &status) && S_ISREG(status.st_mode)) {
		*size = (uint64_t)status.st_size;
		return fd;
	}
	failure_set(failure, "it has no %s: %s", name, fd < 0 ? strerror(errno) : "it is no file");
	if (fd >= 0)
		close(fd);
	return -1;
}

/* The member NAME of the archive: its bytes come from archive_read_data(). NULL after an error. */
static struct archive *open_member(const struct source *source, const char *name, uint64_t *size,
				   struct failure *failure)
{
	const struct source_member *member = find_member(source, name);
	struct archive *archive = member ? open_file(source, failure) : NULL;
	struct archive_entry *entry;
	char path[PATH_SIZE];
	int found;

	if (!member)
		failure_set(failure, "it has no %s", name);
	if (!archive)
		return NULL;
	*size = member->size;
	while ((found = next_entry(archive, &entry, path, failure)) > 0)
		if (!strcmp(path, member->name) && !archive_entry_hardlink(entry))
			return archive;
	if (!found)
		failure_set(failure, "it has no %s any more", name);
	archive_read_free(archive);
	return NULL;
}

/* The first LENGTH bytes of FD or OUTER to BUF: how many there were, or -1. */
static ssize_t read_some(int fd, struct archive *outer, char *buf, size_t length, struct failure *failure)
{
	size_t done = 0;
	ssize_t got = 1;

	for (; done < length && got > 0; done += (size_t)MAX(got, 0))
		got = outer ? archive_read_data(outer, buf + done, length - done) : read(fd, buf + done, length - done);
	if (got >= 0)
		return (ssize_t)done;
	return outer ? fail_of(outer, failure) : failure_set(failure, "%s", strerror(errno));
}

int source_read_member(struct source *source, const char *name, char **text, size_t *length, struct failure *failure)
{
	struct archive *outer = NULL;
	uint64_t size = 0;
	ssize_t got = -1;
	int fd = -1;

	if (source->is_directory)
		fd = open_blob(source, name, &size, failure);
	else
		outer = open_member(source, name, &size, failure);
	*text = NULL;
	if (size > MANIFEST_SIZE_MOST)
		failure_set(failure, "%s is too large", name);
	else if (fd >= 0 || outer)
		*text = malloc(size + 1);
	if (*text)
		got = read_some(fd, outer, *text, size, failure);
	*length = (size_t)MAX(got, 0);
	archive_read_free(outer);
	if (fd >= 0)
		close(fd);
	if (got < 0) {
		free(*text);
		*text = NULL;
	}
	return got < 0 ? -1 : 0;
}

static int check_digest(struct sha256 *digest, const char *wanted, struct failure *failure)
{
	char hex[SHA256_HEX + 1];

	sha256_end(digest, hex);
	if (*wanted && strcmp(hex, wanted) != 0)
		return failure_set(failure, "sha256:%s is damaged: its digest is %s", wanted, hex);
	return 0;
}

int source_read_part(struct source *source, const struct manifest_part *part, char **text, size_t *length,
		     struct failure *failure)
{
	struct sha256 digest;
	char name[PATH_SIZE];

	if (name_part(part, name))
		return failure_set(failure, "it has no %.200s", part->name);
	if (source_read_member(source, name, text, length, failure))
		return -1;
	sha256_begin(&digest);
	sha256_add(&digest, *text, *length);
	if (!check_digest(&digest, part->digest, failure))
		return 0;
	free(*text);
	*text = NULL;
	return -1;
}

/* The stored bytes: from the file, or from a member of the image. */
static la_ssize_t read_stored(struct archive *archive, void *context, const void **block)
{
	struct reader *reader = context;
	ssize_t length = reader->outer ? archive_read_data(reader->outer, reader->stored_block, BLOCK_SIZE) :
					 read(reader->fd, reader->stored_block, BLOCK_SIZE);

	*block = reader->stored_block;
	if (length < 0 && archive)
		archive_set_error(archive, EIO, "%s",
				  reader->outer ? archive_error_string(reader->outer) : strerror(errno));
	if (length <= 0)
		return length < 0 ? -1 : 0;
	if (reader->part && *reader->part->digest)
		sha256_add(&reader->stored_digest, reader->stored_block, (size_t)length);
	progress_add(reader->source->progress, (size_t)length);
	return length;
}

/* A digest of what is stored tells enough. */
static bool wants_plain_digest(const struct reader *reader)
{
	return reader->part && !*reader->part->digest;
}

static la_ssize_t read_plain(struct archive *archive, void *context, const void **block)
{
	struct reader *reader = context;
	la_ssize_t length = archive_read_data(reader->plain, reader->plain_block, BLOCK_SIZE);

	*block = reader->plain_block;
	if (length < 0 && archive)
		archive_set_error(archive, EIO, "%s", archive_error_string(reader->plain));
	if (length > 0 && wants_plain_digest(reader))
		sha256_add(&reader->plain_digest, reader->plain_block, (size_t)length);
	return length < 0 ? -1 : length;
}

/* What decompresses. */
static struct archive *new_plain(void)
{
	struct archive *archive = archive_read_new();

	if (archive) {
		support_filters(archive);
		archive_read_support_format_raw(archive);
	}
	return archive;
}

static int open_plain(struct reader *reader, struct failure *failure)
{
	struct archive_entry *entry;
	int result;

	reader->plain = new_plain();
	if (!reader->plain)
		return fail_memory(failure);
	if (archive_read_open(reader->plain, reader, NULL, read_stored, NULL))
		return fail_of(reader->plain, failure);
	result = archive_read_next_header(reader->plain, &entry);
	if (result == ARCHIVE_EOF)
		return failure_set(failure, "it is empty");
	return result == ARCHIVE_OK ? 0 : fail_of(reader->plain, failure);
}

static int open_entries(struct reader *reader, struct failure *failure)
{
	reader->entries = archive_read_new();
	if (!reader->entries)
		return fail_memory(failure);
	support_formats(reader->entries);
	return archive_read_open(reader->entries, reader, NULL, read_plain, NULL) ? fail_of(reader->entries, failure) :
										    0;
}

static int open_bytes(struct reader *reader, struct failure *failure)
{
	struct source *source = reader->source;
	char name[PATH_SIZE];
	uint64_t size = size_of(source->fd);

	if (!reader->part) {
		progress_start(source->progress, "unpacking", size);
		return lseek(source->fd, 0, SEEK_SET) < 0 || (reader->fd = dup(source->fd)) < 0 ?
			       failure_set(failure, "%s", strerror(errno)) :
			       0;
	}
	if (name_part(reader->part, name))
		return failure_set(failure, "it has no %.200s", reader->part->name);
	if (source->is_directory)
		reader->fd = open_blob(source, name, &size, failure);
	else
		reader->outer = open_member(source, name, &size, failure);
	progress_start(source->progress, "unpacking a layer of", size);
	return reader->fd < 0 && !reader->outer ? -1 : 0;
}

/* Its stored bytes, decompressed. NULL after an error. */
static struct reader *open_reader(struct source *source, const struct manifest_part *part, struct failure *failure)
{
	struct reader *reader = calloc(1, sizeof(*reader));

	if (!reader) {
		fail_memory(failure);
		return NULL;
	}
	reader->source = source;
	reader->part = part;
	reader->fd = -1;
	sha256_begin(&reader->stored_digest);
	sha256_begin(&reader->plain_digest);
	if (!open_bytes(reader, failure) && !open_plain(reader, failure))
		return reader;
	reader_close(reader);
	return NULL;
}

struct reader *reader_open(struct source *source, const struct manifest_part *part, struct failure *failure)
{
	struct reader *reader = open_reader(source, part, failure);

	if (!reader || !open_entries(reader, failure))
		return reader;
	reader_close(reader);
	return NULL;
}

struct archive *reader_archive(struct reader *reader)
{
	return reader->entries;
}

int reader_finish(struct reader *reader, struct failure *failure)
{
	const void *block;
	la_ssize_t length;

	while ((length = read_plain(NULL, reader, &block)) > 0)
		;
	if (length < 0)
		return fail_of(reader->plain, failure);
	while ((length = read_stored(NULL, reader, &block)) > 0)
		;
	if (length < 0)
		return failure_set(failure, "it can't be read to its end");
	if (!reader->part)
		return 0;
	return wants_plain_digest(reader) ? check_digest(&reader->plain_digest, reader->part->plain, failure) :
					    check_digest(&reader->stored_digest, reader->part->digest, failure);
}

void reader_close(struct reader *reader)
{
	archive_read_free(reader->entries);
	archive_read_free(reader->plain);
	archive_read_free(reader->outer);
	if (reader->fd >= 0)
		close(reader->fd);
	free(reader);
}

static int open_nameless(const char *directory)
{
	char name[PATH_SIZE];
	int fd = open(directory, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

	if (fd >= 0 || snprintf(name, sizeof(name), "%s/plainXXXXXX", directory) >= PATH_SIZE)
		return fd;
	fd = mkostemp(name, O_CLOEXEC);
	if (fd >= 0)
		unlink(name);
	return fd;
}

static int copy_plain(struct reader *reader, int fd, struct failure *failure)
{
	const void *block;
	la_ssize_t length;

	while ((length = read_plain(NULL, reader, &block)) > 0 && !progress_signal()) {
		ssize_t written = write(fd, block, (size_t)length);

		if (written != length)
			return failure_set(failure, "%s", strerror(written < 0 ? errno : ENOSPC));
	}
	return length < 0 ? fail_of(reader->plain, failure) : 0;
}

int source_make_plain(struct source *source, const char *directory, struct failure *failure)
{
	struct reader *reader;
	int fd, error;

	if (!source->is_compressed)
		return 0;
	reader = open_reader(source, NULL, failure);
	if (!reader)
		return -1;
	fd = open_nameless(directory);
	error = fd < 0 ? failure_set(failure, "%s: %s", directory, strerror(errno)) : copy_plain(reader, fd, failure);
	reader_close(reader);
	if (error) {
		if (fd >= 0)
			close(fd);
		return -1;
	}
	close(source->fd);
	source->fd = fd;
	source->is_compressed = false;
	return 0;
}
