/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is to be unpacked: an archive, or a directory in the layout of OCI images, and what lies in it: of an image
 * texts and layers, which are archives themselves.
 */
#ifndef UNPACK_SOURCE_H
#define UNPACK_SOURCE_H

#include "unpack/failure.h"
#include "unpack/manifest.h"
#include "unpack/progress.h"

#include <archive.h>

enum source_kind { SOURCE_TREE, SOURCE_OCI, SOURCE_DOCKER };

struct source {
	const char *path;
	enum source_kind kind;
	int fd; /* the file, or the directory */
	bool is_directory;
	bool is_compressed;
	struct source_member *members; /* of an archive that is an image's */
	struct progress *progress;
};

/* Open PATH and see what it is. It is given back by source_close(), also after an error. */
int source_open(struct source *source, const char *path, struct progress *progress, struct failure *failure);
void source_close(struct source *source);

/* Where an image's archive is compressed: replace it by its plain form, in a file without a name in DIRECTORY. */
int source_make_plain(struct source *source, const char *directory, struct failure *failure);

/* The digest of the whole file. */
int source_digest(struct source *source, char hex[SHA256_HEX + 1], struct failure *failure);

/* The text of PART, or of the member NAME, to be given to free(). That it has its digest has been seen to. */
int source_read_part(struct source *source, const struct manifest_part *part, char **text, size_t *length,
		     struct failure *failure);
int source_read_member(struct source *source, const char *name, char **text, size_t *length, struct failure *failure);

/* An archive that is being read: the whole source, or a layer. */
struct reader;

/* PART: a layer; NULL: the source itself. NULL after an error. */
struct reader *reader_open(struct source *source, const struct manifest_part *part, struct failure *failure);
/* For libarchive. */
struct archive *reader_archive(struct reader *reader);
/* Read to the end: whether its digest is right. */
int reader_finish(struct reader *reader, struct failure *failure);
void reader_close(struct reader *reader);

#endif
