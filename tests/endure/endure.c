/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Changes owners, modes and devices of files until it is killed, and then tells whether
 * all of it is there.
 *
 *	endure work SEED DIRECTORY 3<>LOG	change files in DIRECTORY for ever
 *	endure check SEED DIRECTORY 3<>LOG	see what is there; the status says if it is right
 *
 * Each change is one system call. LOG, opened outside, has two numbers for each: that it begins
 * and that it is done. What a change is follows from the seed, its number and those before it,
 * so the log alone says what must be there. Of the one that was under way, either all must be
 * there or nothing; which, the check adds to the log.
 */
#define _GNU_SOURCE
#include "../oracle/sequence.h"
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/posix_acl.h>
#include <linux/posix_acl_xattr.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#define LOG 3
#define PLACES 12
#define ATTRIBUTE "trusted.endure"

/* One name, and what it must be. */
struct file {
	mode_t mode; /* 0: nothing is there */
	uid_t uid;
	gid_t gid;
	dev_t device;
	unsigned int value; /* of the attribute; 0: none */
};

struct model {
	struct file files[PLACES];
};

enum action { MAKE, OWN, MODE, REMOVE, MOVE, ATTACH, OPEN, LIST };

struct change {
	enum action action;
	int place, other;
	struct file file; /* what it is to be */
};

static const char *name_of(int place)
{
	static char names[2][8];
	static unsigned int turn;
	char *name = names[turn ^= 1];

	snprintf(name, sizeof(names[0]), "%c", 'a' + place);
	return name;
}

static mode_t imagine_mode(void)
{
	static const mode_t modes[] = { 0644, 0600, 0000, 0755, 0111, 0444, 0666, 01777, 0007, 04755, 02755, 06711 };

	return modes[random_below(sizeof(modes) / sizeof(*modes))];
}

static uid_t imagine_id(void)
{
	static const uid_t ids[] = { 0, 1, 33, 1000, 1000, 65534, 100000 };

	return ids[random_below(sizeof(ids) / sizeof(*ids))];
}

static struct file imagine_file(void)
{
	static const mode_t types[] = { S_IFREG, S_IFREG, S_IFDIR, S_IFLNK, S_IFCHR, S_IFBLK, S_IFIFO, S_IFSOCK };
	struct file file = { .mode = types[random_below(sizeof(types) / sizeof(*types))] };

	file.mode |= S_ISLNK(file.mode) ? 0777 : imagine_mode();
	/* mkdir(2) gives none of these. */
	if (S_ISDIR(file.mode))
		file.mode &= ~(mode_t)(S_ISUID | S_ISGID);
	if (S_ISCHR(file.mode) || S_ISBLK(file.mode))
		file.device = makedev(1 + random_below(250), random_below(300));
	return file;
}

static int imagine_empty_place(const struct model *model)
{
	int place = (int)random_below(PLACES);

	for (int i = 0; i < PLACES && model->files[place].mode; i++)
		place = (place + 1) % PLACES;
	return place;
}

/* Something to do with the file that is at CHANGE's place. */
static void imagine_action(const struct model *model, struct change *change)
{
	static const enum action actions[] = { OWN, OWN, OWN, MODE, MODE, MODE, REMOVE, MOVE, ATTACH, OPEN, LIST };
	struct file *file = &change->file;

	change->action = actions[random_below(sizeof(actions) / sizeof(*actions))];
	change->other = imagine_empty_place(model);
	if (change->action == MOVE && model->files[change->other].mode)
		change->action = REMOVE;
	if (S_ISLNK(file->mode) && change->action != REMOVE && change->action != MOVE)
		change->action = OWN;
	if ((change->action == ATTACH || change->action == LIST) && !S_ISREG(file->mode) && !S_ISDIR(file->mode))
		change->action = MODE;
	if (change->action == OPEN && !S_ISREG(file->mode))
		change->action = OWN;
}

/* chown(2) takes set-id bits away, but of a directory (fs/open.c). */
static void give(struct file *file, uid_t uid, gid_t gid)
{
	file->uid = uid;
	file->gid = gid;
	if (S_ISDIR(file->mode))
		return;
	file->mode &= ~(mode_t)S_ISUID;
	if (file->mode & S_IXGRP)
		file->mode &= ~(mode_t)S_ISGID;
}

/* Change NUMBER of SEED, when the files are those of MODEL. */
static struct change imagine_change(uint64_t seed, int number, const struct model *model)
{
	struct change change = { .action = MAKE };

	random_start(seed << 32 ^ (uint64_t)number);
	change.place = (int)random_below(PLACES);
	change.file = model->files[change.place];
	if (!change.file.mode) {
		change.file = imagine_file();
		return change;
	}
	imagine_action(model, &change);
	if (change.action == OWN)
		give(&change.file, imagine_id(), imagine_id());
	else if (change.action == MODE)
		change.file.mode = (change.file.mode & S_IFMT) | imagine_mode();
	else if (change.action == LIST)
		change.file.mode = (change.file.mode & ~(mode_t)0777) | (imagine_mode() & 0777);
	else if (change.action == ATTACH)
		change.file.value = 1 + random_below(1000000);
	return change;
}

static void apply(struct model *model, const struct change *change)
{
	struct file *file = &model->files[change->place];

	*file = change->file;
	if (change->action == MOVE)
		model->files[change->other] = *file;
	if (change->action == MOVE || change->action == REMOVE)
		*file = (struct file){ 0 };
}

static int make(const char *name, const struct file *file)
{
	if (S_ISDIR(file->mode))
		return mkdir(name, file->mode & 07777);
	if (S_ISLNK(file->mode))
		return symlink("nowhere", name);
	return mknod(name, file->mode, file->device);
}

/* Root may. */
static int look_into(const char *name)
{
	int fd = open(name, O_RDWR);

	return fd < 0 ? -1 : close(fd);
}

/* A list that says no more than the mode becomes it: posix_acl_equiv_mode(), fs/posix_acl.c. */
static int put_list(const char *name, mode_t mode)
{
	struct {
		struct posix_acl_xattr_header header;
		struct posix_acl_xattr_entry entries[3];
	} list = { .header.a_version = POSIX_ACL_XATTR_VERSION };
	static const uint16_t tags[] = { ACL_USER_OBJ, ACL_GROUP_OBJ, ACL_OTHER };

	for (int i = 0; i < 3; i++)
		list.entries[i] = (struct posix_acl_xattr_entry){ tags[i], mode >> (6 - 3 * i) & 7, ACL_UNDEFINED_ID };
	return setxattr(name, "system.posix_acl_access", &list, sizeof(list), 0);
}

static int do_change(const struct change *change)
{
	const char *name = name_of(change->place);
	const struct file *file = &change->file;

	switch (change->action) {
	case MAKE:
		return make(name, file);
	case OWN:
		return lchown(name, file->uid, file->gid);
	case MODE:
		return chmod(name, file->mode & 07777);
	case REMOVE:
		return S_ISDIR(file->mode) ? rmdir(name) : unlink(name);
	case MOVE:
		return rename(name, name_of(change->other));
	case ATTACH:
		return setxattr(name, ATTRIBUTE, &file->value, sizeof(file->value), 0);
	case LIST:
		return put_list(name, file->mode);
	case OPEN:
		return look_into(name);
	}
	return 0;
}

static void note(int entry)
{
	if (write(LOG, &entry, sizeof(entry)) != sizeof(entry))
		err(2, "log");
}

/* All that is done, applied to the model. Returns its number; *IS_BEGUN tells if one more was under way. */
static int read_log(uint64_t seed, struct model *model, bool *is_begun)
{
	int entry, number = 0;

	*is_begun = false;
	while (read(LOG, &entry, sizeof(entry)) == sizeof(entry)) {
		*is_begun = entry == 2 * number;
		if (entry == 2 * number + 1) {
			struct change change = imagine_change(seed, number++, model);

			apply(model, &change);
		}
	}
	return number;
}

static void work(uint64_t seed)
{
	struct model model = { 0 };
	bool is_begun;

	for (int number = read_log(seed, &model, &is_begun);; number++) {
		struct change change = imagine_change(seed, number, &model);

		note(2 * number);
		if (do_change(&change))
			err(2, "change %d, %d of %s", number, change.action, name_of(change.place));
		apply(&model, &change);
		note(2 * number + 1);
	}
}

static struct file look(int place)
{
	struct file file = { 0 };
	struct stat status;

	if (lstat(name_of(place), &status))
		return file;
	file.mode = status.st_mode;
	file.uid = status.st_uid;
	file.gid = status.st_gid;
	file.device = status.st_rdev;
	if (lgetxattr(name_of(place), ATTRIBUTE, &file.value, sizeof(file.value)) < 0)
		file.value = 0;
	return file;
}

static bool is_same(const struct file *one, const struct file *other)
{
	return one->mode == other->mode && one->uid == other->uid && one->gid == other->gid &&
	       one->device == other->device && one->value == other->value;
}

static void print_file(const char *what, const struct file *file)
{
	printf("  %s: %o %u:%u device %lx value %u\n", what, file->mode, file->uid, file->gid,
	       (unsigned long)file->device, file->value);
}

/* Whether the files are those of MODEL. */
static bool is_there(const struct model *model, bool tells)
{
	bool is_right = true;

	for (int i = 0; i < PLACES; i++) {
		struct file file = look(i);

		if (is_same(&file, &model->files[i]))
			continue;
		is_right = false;
		if (!tells)
			continue;
		printf("%s\n", name_of(i));
		print_file("is", &file);
		print_file("must be", &model->files[i]);
	}
	return is_right;
}

static int check(uint64_t seed)
{
	struct model before = { 0 }, after;
	bool is_begun;
	int number = read_log(seed, &before, &is_begun);
	struct change change = imagine_change(seed, number, &before);

	after = before;
	apply(&after, &change);
	if (is_begun && is_there(&after, false)) {
		note(2 * number + 1);
		return 0;
	}
	if (is_there(&before, true))
		return 0;
	printf("after %d changes", number);
	if (is_begun)
		printf(", and perhaps %d of %s", change.action, name_of(change.place));
	printf("\n");
	return 1;
}

int main(int argc, char **argv)
{
	uint64_t seed;

	if (argc != 4)
		errx(2, "usage: endure work|check SEED DIRECTORY");
	seed = strtoull(argv[2], NULL, 10);
	umask(0);
	if (chdir(argv[3]))
		err(2, "%s", argv[3]);
	if (!strcmp(argv[1], "check"))
		return check(seed);
	work(seed);
}
