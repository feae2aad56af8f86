/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Files with several names that are linked, renamed, exchanged and removed, in directories that are moved too, until
 * whoever does it is killed.
 *
 *	links work SEED NUMBER [COUNT]	do it in the directory wNUMBER, COUNT times or for ever
 *	links check NUMBER		whether what is there is what has been done
 *
 * What has been done, and what is under way, is in shared memory: the file that is open as descriptor 3. Each file
 * has a number in it, and each name must have the file it was given; one that was under way may be as before or as
 * behind.
 */
#define _GNU_SOURCE
#include "../oracle/sequence.h"
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define NAMES 12
#define DIRECTORIES 3
#define RENAME_EXCHANGE_FLAG 2

struct value {
	uint32_t now, next;
};

static struct state {
	struct value names[NAMES];	  /* the number of the file; 0: there is none */
	struct value places[DIRECTORIES]; /* 1: it has been moved down */
	uint32_t last;			  /* number given to a file */
	uint32_t calls;
} * state;

static int number;

static const char *directory_path(int directory, bool is_down)
{
	static char paths[4][64];
	static int turn;
	char *path = paths[turn = (turn + 1) % 4];

	snprintf(path, sizeof(paths[0]), "w%d/%sd%d", number, is_down ? "deep/er/" : "", directory);
	return path;
}

static const char *name_at(int name, bool is_down)
{
	static char paths[4][128];
	static int turn;
	char *path = paths[turn = (turn + 1) % 4];

	snprintf(path, sizeof(paths[0]), "%s/n%d", directory_path(name % DIRECTORIES, is_down), name);
	return path;
}

static const char *name_path(int name)
{
	return name_at(name, state->places[name % DIRECTORIES].now);
}

static void must(bool is_so, const char *what)
{
	if (!is_so)
		err(1, "call %u: %s", state->calls, what);
}

/* What is under way may be seen from here on, and what is done. */
static void begin(void)
{
	__sync_synchronize();
}

static void end(void)
{
	__sync_synchronize();
	for (int i = 0; i < NAMES; i++)
		state->names[i].now = state->names[i].next;
	for (int i = 0; i < DIRECTORIES; i++)
		state->places[i].now = state->places[i].next;
}

static unsigned long names_of(uint32_t file)
{
	unsigned long count = 0;

	for (int i = 0; i < NAMES; i++)
		count += state->names[i].now == file;
	return count;
}

/* The number in the file, or 0 and its errno. */
static uint32_t read_number(const char *path, struct stat *status)
{
	int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	uint32_t file = 0;

	if (fd < 0)
		return 0;
	if (read(fd, &file, sizeof(file)) != sizeof(file) || fstat(fd, status))
		err(1, "reading %s", path);
	close(fd);
	return file;
}

static void do_make(int name)
{
	char temporary[64];
	int fd;

	if (state->names[name].now)
		return;
	state->last++;
	snprintf(temporary, sizeof(temporary), "w%d/new", number);
	unlink(temporary);
	fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	must(fd >= 0 && write(fd, &state->last, sizeof(state->last)) == sizeof(state->last), "making a file");
	close(fd);
	state->names[name].next = state->last;
	begin();
	must(!rename(temporary, name_path(name)), "naming a file");
	end();
}

static void do_link(int from, int to)
{
	int result;

	if (!state->names[from].now)
		return;
	if (!state->names[to].now)
		state->names[to].next = state->names[from].now;
	begin();
	result = link(name_path(from), name_path(to));
	must(state->names[to].now ? result < 0 && errno == EEXIST : !result, "link");
	end();
}

static void do_unlink(int name)
{
	uint32_t file = state->names[name].now;

	state->names[name].next = 0;
	begin();
	must(unlink(name_path(name)) ? !file && errno == ENOENT : file, "unlink");
	end();
}

static void do_rename(int from, int to)
{
	uint32_t old = state->names[from].now, new = state->names[to].now;

	if (old && old != new) {
		state->names[to].next = old;
		state->names[from].next = 0;
	}
	begin();
	must(rename(name_path(from), name_path(to)) ? !old && errno == ENOENT : old, "rename");
	end();
}

static void do_exchange(int from, int to)
{
	uint32_t old = state->names[from].now, new = state->names[to].now;

	if (!old || !new || from == to)
		return;
	state->names[to].next = old;
	state->names[from].next = new;
	begin();
	if (syscall(SYS_renameat2, AT_FDCWD, name_path(from), AT_FDCWD, name_path(to), RENAME_EXCHANGE_FLAG)) {
		must(errno == EINVAL, "exchange");
		state->names[to].next = new;
		state->names[from].next = old;
	}
	end();
}

static void do_move(int directory)
{
	bool is_down = state->places[directory].now;

	state->places[directory].next = !is_down;
	begin();
	must(!rename(directory_path(directory, is_down), directory_path(directory, !is_down)), "moving a directory");
	end();
}

/* Each name has its file, and each file so many names. */
static void look(int name)
{
	struct stat status;
	uint32_t file = read_number(name_path(name), &status);

	if (file != state->names[name].now)
		errx(1, "call %u: %s is file %u, not %u", state->calls, name_path(name), file, state->names[name].now);
	if (file && status.st_nlink != names_of(file))
		errx(1, "call %u: %s has %lu links, not %lu", state->calls, name_path(name),
		     (unsigned long)status.st_nlink, names_of(file));
}

static void step(void)
{
	int from = (int)random_below(NAMES), to = (int)random_below(NAMES);

	state->calls++;
	switch (random_below(10)) {
	case 0:
	case 1:
		do_make(from);
		break;
	case 2:
	case 3:
	case 4:
		do_link(from, to);
		break;
	case 5:
		do_unlink(from);
		break;
	case 6:
	case 7:
		do_rename(from, to);
		break;
	case 8:
		do_exchange(from, to);
		break;
	default:
		do_move(from % DIRECTORIES);
	}
	look(from);
	look(to);
}

static void work(long count)
{
	static const char *const above[] = { "", "/deep", "/deep/er" };
	char path[64];

	for (size_t i = 0; i < sizeof(above) / sizeof(above[0]); i++) {
		snprintf(path, sizeof(path), "w%d%s", number, above[i]);
		mkdir(path, 0755);
	}
	for (int i = 0; i < DIRECTORIES; i++)
		mkdir(directory_path(i, state->places[i].now), 0755);
	while (count < 0 || count--)
		step();
}

/* What was under way is settled by what is there. */
static void check_place(int directory)
{
	struct value *place = &state->places[directory];
	bool is_down = !access(directory_path(directory, true), F_OK);

	if (place->now == place->next && is_down != place->now && state->calls)
		errx(1, "directory %d is not where it should be", directory);
	place->now = place->next = is_down;
}

static void check_name(int name)
{
	struct value *value = &state->names[name];
	struct stat status;
	uint32_t file = read_number(name_path(name), &status);

	if (file != value->now && file != value->next)
		errx(1, "%s is file %u, not %u or %u", name_path(name), file, value->now, value->next);
	value->now = value->next = file;
}

static void check(void)
{
	struct stat status;

	for (int i = 0; i < DIRECTORIES; i++)
		check_place(i);
	for (int i = 0; i < NAMES; i++)
		check_name(i);
	/* Who was killed may have left a count too high. */
	for (int i = 0; i < NAMES; i++)
		if (state->names[i].now && !lstat(name_path(i), &status) &&
		    status.st_nlink < names_of(state->names[i].now))
			errx(1, "%s has %lu links, and %lu names", name_path(i), (unsigned long)status.st_nlink,
			     names_of(state->names[i].now));
}

int main(int argc, char **argv)
{
	bool works = argc > 3 && !strcmp(argv[1], "work");

	if (!works && (argc != 3 || strcmp(argv[1], "check")))
		errx(2, "usage: links work SEED NUMBER [COUNT] | check NUMBER");
	number = atoi(argv[works ? 3 : 2]);
	if (ftruncate(3, sizeof(*state)))
		err(2, "descriptor 3");
	state = mmap(NULL, sizeof(*state), PROT_READ | PROT_WRITE, MAP_SHARED, 3, 0);
	if (state == MAP_FAILED)
		err(2, "descriptor 3");
	if (!works) {
		check();
		return 0;
	}
	random_start(strtoull(argv[2], NULL, 10) + state->calls);
	work(argc > 4 ? atol(argv[4]) : -1);
	return 0;
}
