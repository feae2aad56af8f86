/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 *	proot-unpack [-q] [-i] [-n NAME] CPU CACHE FILE
 *
 * Unpacks FILE, an archive of a root file system or an image of OCI or docker, or the directory of an OCI image, into
 * CACHE, unless it is there already, and prints where. Of several images it takes that called NAME, for CPU (GOARCH).
 *-i: it has to be an image. -q: neither progress nor warnings.
 *
 * proot calls it as a guest that is root, so owners, modes, devices and attributes are kept as that guest's are; for
 *real root it is a program like any other. It is a program of its own for the libraries it needs, which the command
 *does without.
 */
#define _GNU_SOURCE 1
#include "cli/cache.h"
#include "cli/message.h"
#include "unpack/image.h"
#include "unpack/layer.h"
#include "unpack/progress.h"
#include "unpack/source.h"
#include "unpack/store.h"

#include <errno.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct task {
	const char *cpu, *cache, *file;
	const char *name; /* NULL: the only image */
	bool needs_image, is_quiet;
	struct source source;
	struct image image;
	struct store store;
	struct progress progress;
	struct layer_losses losses;
	struct failure failure;
};

static int read_words(struct task *task, int argc, char *argv[])
{
	int option;

	while ((option = getopt(argc, argv, "qin:")) >= 0)
		switch (option) {
		case 'q':
			task->is_quiet = true;
			break;
		case 'i':
			task->needs_image = true;
			break;
		case 'n':
			task->name = optarg;
			break;
		default:
			return -1;
		}
	if (argc - optind != 3)
		return -1;
	task->cpu = argv[optind];
	task->cache = argv[optind + 1];
	task->file = argv[optind + 2];
	return 0;
}

/* One archive into the tree: a layer, or the whole source. */
static int unpack(struct task *task, struct tree *tree, const struct manifest_part *part)
{
	struct reader *reader = reader_open(&task->source, part, &task->failure);
	int error;

	if (!reader)
		return -1;
	error = layer_unpack(reader_archive(reader), tree, part, &task->losses, &task->failure);
	if (!error)
		error = reader_finish(reader, &task->failure);
	reader_close(reader);
	return error;
}

static int unpack_layers(struct task *task, struct tree *tree)
{
	const struct manifest_image *parts = &task->image.parts;

	for (size_t i = 0; i < parts->layer_count; i++) {
		tree_begin_layer(tree, i > 0);
		if (unpack(task, tree, &parts->layers[i]))
			return failure_add(&task->failure, "layer %zu of %zu", i + 1, parts->layer_count);
	}
	return 0;
}

static int fill(struct task *task, const char *root)
{
	struct tree tree;
	int error = mkdir(root, 0755) ? -errno : tree_begin(&tree, root);

	if (error)
		return failure_set(&task->failure, "%s: %s", root, strerror(-error));
	error = task->source.kind == SOURCE_TREE ? unpack(task, &tree, NULL) : unpack_layers(task, &tree);
	tree_end(&tree);
	return error;
}

static int fill_place(struct task *task)
{
	struct store *store = &task->store;
	char root[PATH_SIZE + 16];
	char *path = realpath(task->file, NULL);
	int error;

	snprintf(root, sizeof(root), "%s/" CACHE_ROOT, store->place);
	error = fill(task, root);
	if (!error && task->source.kind != SOURCE_TREE)
		error = store_write(store, CACHE_IMAGE, task->image.words, task->image.words_size, &task->failure);
	if (!error && path)
		error = store_write(store, CACHE_SOURCE, path, strlen(path), &task->failure);
	free(path);
	return error ? error : store_commit(store, &task->failure);
}

/* What the tree is called. */
static int identify(struct task *task, char id[SHA256_HEX + 1])
{
	const struct manifest_wish wish = { .name = task->name, .cpu = task->cpu };

	if (task->source.kind == SOURCE_TREE)
		return task->needs_image ? failure_set(&task->failure, "it is no image of OCI or docker") :
					   source_digest(&task->source, id, &task->failure);
	if (source_make_plain(&task->source, task->cache, &task->failure) ||
	    image_find(&task->source, &wish, &task->image, &task->failure))
		return -1;
	strcpy(id, task->image.id);
	return 0;
}

static bool is_same(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size &&
	       !memcmp(&a->st_mtim, &b->st_mtim, sizeof(a->st_mtim)) &&
	       !memcmp(&a->st_ctim, &b->st_ctim, sizeof(a->st_ctim));
}

/* What was read is what is there, unless it was changed meanwhile. A name is not part of what is noted. */
static void note_file(const struct task *task, const struct stat *before)
{
	struct stat after;

	if (!task->source.is_directory && !task->name && !stat(task->file, &after) && is_same(before, &after))
		store_note_file(&task->store, before, task->cpu);
}

static int run(struct task *task)
{
	char id[SHA256_HEX + 1];
	struct stat before;
	int found;

	if (stat(task->file, &before))
		return failure_set(&task->failure, "%s", strerror(errno));
	if (source_open(&task->source, task->file, &task->progress, &task->failure) ||
	    store_open(&task->store, task->cache, &task->failure) || identify(task, id))
		return -1;
	found = store_begin(&task->store, id, &task->failure);
	if (found < 0 || (!found && fill_place(task)))
		return -1;
	/* It was whole before. */
	if (found)
		*task->store.place = '\0';
	note_file(task, &before);
	return 0;
}

static void warn_of_losses(const struct task *task)
{
	const struct layer_losses *losses = &task->losses;

	if (losses->devices)
		message_warning("'%s': %lu devices can't be made here, the first is %s", task->file, losses->devices,
				losses->device);
	if (losses->attributes)
		message_warning("'%s': %lu attributes can't be kept here, the first is %s", task->file,
				losses->attributes, losses->attribute);
	if (losses->lists)
		message_warning("'%s': access control lists of %lu files are left out", task->file, losses->lists);
}

/* End by the signal that has come, now that nothing is left half-made. */
static void obey_signal(void)
{
	int number = progress_signal();

	if (!number)
		return;
	signal(number, SIG_DFL);
	raise(number);
}

int main(int argc, char *argv[])
{
	struct task task = { .store.lock = -1, .source.fd = -1 };
	int error;

	if (read_words(&task, argc, argv)) {
		fputs("usage: proot-unpack [-q] [-i] [-n NAME] CPU CACHE FILE\n", stderr);
		return 1;
	}
	/* Names are bytes; libarchive is not to take them for anything else. */
	setlocale(LC_CTYPE, "C.UTF-8");
	umask(022);
	message_set_level(task.is_quiet ? -1 : 0);
	progress_begin(&task.progress, task.file, task.is_quiet);
	progress_catch_signals();
	error = run(&task);
	store_close(&task.store);
	progress_end(&task.progress);
	obey_signal();
	if (error)
		message_error("can't unpack '%s': %s", task.file, task.failure.text);
	else {
		warn_of_losses(&task);
		printf("%s\n", task.store.tree);
	}
	source_close(&task.source);
	image_free(&task.image);
	return error || fflush(stdout) ? 1 : 0;
}
