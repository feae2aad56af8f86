/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Random names, owners and modes. There are few of each, so that one call meets
 * what another has made.
 */
#define _GNU_SOURCE
#include "conduct.h"
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static uid_t host_uid = 12345;

void place_start(uid_t uid)
{
	host_uid = uid;
}

/* Names of directories, of other files and of programs: mostly, for anything may be made or moved anywhere. */
static const char *const directories[] = { "a", "b", "c" };
static const char *const files[] = { "v", "w", "x", "y", "z" };
static const char *const programs[] = { "p", "q" };

static const char *imagine_last(enum wish wish)
{
	unsigned int number = random_below(100);

	if (wish == WISH_PROGRAM && number < 90)
		return PICK(programs);
	if (wish == WISH_DIRECTORY ? number < 92 : wish == WISH_ANY ? number < 35 : number < 5)
		return PICK(directories);
	return random_chance(92) ? PICK(files) : PICK(programs);
}

/* A name in the ground, or one or two directories below. */
static void imagine_names(char *buf, size_t size, enum wish wish)
{
	unsigned int depth = random_below(100);
	const char *first = PICK(directories), *second = PICK(directories), *last = imagine_last(wish);

	snprintf(buf, size, "%s%s%s%s%s", depth < 45 ? "" : first, depth < 45 ? "" : "/", depth < 88 ? "" : second,
		 depth < 88 ? "" : "/", last);
}

static const char *imagine_path(char *buf, size_t size, enum wish wish)
{
	static const char *const odd[] = { "", ".", "..", "/t", "a/..", "b/.", "/", "../t/c", "../bin", "./a/../b" };
	char plain[16];
	unsigned int form = random_below(100);

	imagine_names(plain, sizeof(plain), wish);
	if (form < 72)
		return strcpy(buf, plain);
	if (form < 95)
		snprintf(buf, size, GROUND "/%s", plain);
	else if (form < 97)
		snprintf(buf, size, "%s/", plain);
	else
		strcpy(buf, PICK(odd));
	return buf;
}

const char *path_wished(enum wish wish)
{
	static char bufs[4][64];
	static unsigned int next;

	next = (next + 1) % 4;
	return imagine_path(bufs[next], sizeof(bufs[next]), wish);
}

const char *path_random(void)
{
	return path_wished(WISH_ANY);
}
const char *path_show(const char *path)
{
	return *path ? path : "''";
}

int kept_random(void)
{
	unsigned int number = random_below(100);

	return number < 80 ? AT_FDCWD :
	       number < 94 ? KEPT_FIRST + (int)random_below(2) :
	       number < 98 ? KEPT_FIRST + (int)random_below(KEPT_COUNT) :
			     99;
}

int kept_any(void)
{
	return KEPT_FIRST + (int)random_below(KEPT_COUNT);
}

void kept_add(int fd)
{
	struct stat status;
	bool is_directory = !fstat(fd, &status) && S_ISDIR(status.st_mode);

	dup2(fd, KEPT_FIRST + (is_directory ? 0 : 2) + (int)random_below(2));
}

void kept_start(void)
{
	static const char *const first[] = { GROUND, GROUND "/a", GROUND "/x", GROUND "/a/y" };

	for (int i = 0; i < KEPT_COUNT; i++) {
		int fd = open(first[i], (i < 2 ? O_RDONLY : O_RDWR) | O_NONBLOCK | O_NOCTTY);

		struct stat status;

		if (fd < 0)
			continue;
		if (!fstat(fd, &status) && !S_ISCHR(status.st_mode))
			dup2(fd, KEPT_FIRST + i);
		close(fd);
	}
}

bool has_missing_place(const struct stat *status)
{
	(void)status;
	return false;
}

struct place place_wished(enum wish wish)
{
	struct place place = { kept_random(), NULL };

	place.path = path_wished(wish);
	return place;
}

const char *place_target(void)
{
	static const char *const targets[] = { "a",   "b",   "../a", "/t/c", "c/a",	     ".",  "..", "/t/x",
					       "a/y", "./w", "gone", "b/",   "/bin/helper1", "/t", "v",	 "../z" };

	return PICK(targets);
}

uid_t place_uid(void)
{
	const uid_t uids[] = {
		0, 0, 0, 1000, 1000, 1000, 1001, 1001, 33, 65534, (uid_t)-1, (uid_t)-1, host_uid, 100000
	};

	return PICK(uids);
}

gid_t place_gid(void)
{
	const gid_t gids[] = { 0, 0, 1000, 1000, 1001, 1001, 33, 50, 65534, (gid_t)-1, (gid_t)-1, host_uid, 100000 };

	return PICK(gids);
}

mode_t place_mode(void)
{
	static const mode_t modes[] = { 0644,  0600,  0755,  0700,  0711,  0750,  0640,	 0444,	0000,  0555,  0222,
					0070,  0007,  0777,  0666,  0300,  0500,  0100,	 0011,	01777, 01770, 02775,
					02755, 02644, 04755, 04711, 06755, 06777, 02711, 04644, 07777, 03777 };

	return random_chance(85) ? PICK(modes) : random_below(010000);
}
