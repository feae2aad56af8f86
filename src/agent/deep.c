/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/deep.h"
#include "agent/proc.h"
#include "base/text.h"
#include <asm/fcntl.h>
#include <linux/fcntl.h>

#define NO_NAME "/\001"
/* The same for two or more levels, of which nothing more is known. */
#define NO_NAMES "/" VIEW_CUT
/* So many levels at once, by "..", have room in a path. */
#define STRIDE 900
#define STRIDES_MOST 100
/* So often links may lead up, beside what the guest's own path says. */
#define LINKS_UP 100

bool deep_is_nameless(const char *path)
{
	for (; *path; path++)
		if ((text_begins(path, NO_NAME) || text_begins(path, NO_NAMES)) && (!path[2] || path[2] == '/'))
			return true;
	return false;
}

static bool add_times(char *path, const char *part, unsigned int times)
{
	struct text text = { path, PATH_SIZE, strlen(path), false };

	while (times--)
		text_add(&text, part);
	return !text.full;
}

static long open_above(int directory, unsigned int steps, char *buf)
{
	memcpy(buf, ".", 2);
	add_times(buf, "/..", steps);
	return GATE_4(NR_openat, directory, buf, O_PATH | O_DIRECTORY | O_CLOEXEC, 0);
}

/* The path of the directory STEPS above: its length, -ENAMETOOLONG while that is too near, another errno when too far.
 */
static long read_above(int directory, unsigned int steps, char *host_path)
{
	long fd = open_above(directory, steps, host_path), length;

	if (fd < 0)
		return fd;
	length = proc_read_descriptor((int)fd, host_path);
	GATE_1(NR_close, fd);
	return length > DEEP_KNOWN_MOST ? -ENAMETOOLONG : length;
}

/* The same, and its guest path: 0 or the errno. */
static long look_above(int directory, unsigned int steps, char *guest_path, char *host_path)
{
	long status = read_above(directory, steps, host_path);

	if (status < 0)
		return status;
	status = proc_to_canonical_guest(host_path, guest_path);
	/* From a root ".." does not lead on: it may be fewer steps away. */
	return !status && (!guest_path[0] || text_equal(host_path, "/")) ? -ENOENT : status;
}

/* A directory above another, by whole strides. */
struct climb {
	int fd;
	bool is_opened;
	unsigned int steps;
};

static void end_climb(const struct climb *climb)
{
	if (climb->is_opened)
		GATE_1(NR_close, climb->fd);
}

/* From DIRECTORY, while the next stride leads to what is too near as well. */
static void begin_climb(struct climb *climb, int directory, char *buf)
{
	*climb = (struct climb){ .fd = directory };
	while (climb->steps < STRIDE * STRIDES_MOST && read_above(climb->fd, STRIDE, buf) == -ENAMETOOLONG) {
		long fd = open_above(climb->fd, STRIDE, buf);

		if (fd < 0)
			return;
		end_climb(climb);
		*climb = (struct climb){ (int)fd, true, climb->steps + STRIDE };
	}
}

/* How often PATH goes up at most. */
static unsigned int count_up(const char *path)
{
	unsigned int count = 0;

	for (; *path; path++)
		count += path[0] == '.' && path[1] == '.';
	return count;
}

/* STEPS down from PATH, of which no more than MOST are told apart. */
static bool add_steps(char *path, unsigned int steps, unsigned int most)
{
	return steps <= most ? add_times(path, NO_NAME, steps) :
			       add_times(path, NO_NAMES, 1) && add_times(path, NO_NAME, most - 1);
}

/*
 * The nearest directory above CLIMB that will do: how many steps up it is, or a negative errno. Where the way up is
 * closed there is none, nor can the guest's walk get there.
 */
static long search_base(const struct climb *climb, char *guest_base, char *host_base)
{
	unsigned int near = 0, far = STRIDE + 1;
	long status, why = -ENAMETOOLONG;

	while (far - near > 1) {
		unsigned int steps = near + (far - near) / 2;

		status = look_above(climb->fd, steps, guest_base, host_base);
		if (status == -ENAMETOOLONG)
			near = steps;
		else
			far = steps, why = status;
	}
	if (why && why != -EACCES)
		return why;
	if (!why)
		why = look_above(climb->fd, far, guest_base, host_base);
	if (why == -EACCES) {
		/* Some way below the root, one step more than can be walked. */
		memcpy(host_base, view_host(the_view(), 0), view_binding(the_view(), 0)->host_length + 1);
		guest_base[0] = '\0';
		return far + 1;
	}
	return why ? why : (long)far;
}

/* How many steps up the last base was: who walks through a tree is not far from there. 0: there was none. */
static unsigned int last_steps;

/* Levels that are still between the next directory and the same base, mostly. */
#define LEVELS_BETWEEN 64

/* Whether no binding can begin below HOST_PATH, and above what is too far down. */
static bool is_below_bindings(const char *host_path)
{
	size_t length = strlen(host_path);

	for (uint32_t i = 0; i < the_view()->binding_count; i++)
		if (view_binding(the_view(), i)->host_length >= length)
			return false;
	return true;
}

/*
 * STEPS above DIRECTORY, which need not be the nearest base: 0 or an errno. In an overlay it must be, for directories
 * above may be in more layers.
 */
static long try_base(int directory, unsigned int steps, char *guest_base, char *host_base)
{
	struct climb climb = { .fd = directory };
	long status = 0;

	while (steps - climb.steps > STRIDE && status >= 0) {
		status = open_above(climb.fd, STRIDE, host_base);
		end_climb(&climb);
		climb = (struct climb){ (int)status, status >= 0, climb.steps + STRIDE };
	}
	if (status >= 0)
		status = look_above(climb.fd, steps - climb.steps, guest_base, host_base);
	end_climb(&climb);
	return !status && !is_below_bindings(host_base) ? -ENOENT : status;
}

static long find_as_last(int directory, char *guest_base, char *host_base)
{
	unsigned int steps = __atomic_load_n(&last_steps, __ATOMIC_RELAXED);
	bool may_try = steps && !(the_view()->flags & VIEW_OVERLAY);
	long status = may_try ? try_base(directory, steps, guest_base, host_base) : -ENOENT;

	if (status != -ENAMETOOLONG)
		return status ? status : (long)steps;
	status = try_base(directory, steps + LEVELS_BETWEEN, guest_base, host_base);
	return status ? status : (long)steps + LEVELS_BETWEEN;
}

static long find_nearest(int directory, char *guest_base, char *host_base)
{
	struct climb climb;
	long steps;

	begin_climb(&climb, directory, host_base);
	steps = search_base(&climb, guest_base, host_base);
	end_climb(&climb);
	return steps < 0 ? steps : (long)climb.steps + steps;
}

long deep_find_base(int directory, const char *guest_path, char *guest_base, char *host_base)
{
	unsigned int most = MIN(count_up(guest_path) + LINKS_UP, STRIDE), all;
	long steps = find_as_last(directory, guest_base, host_base);

	if (steps < 0)
		steps = find_nearest(directory, guest_base, host_base);
	if (steps < 0)
		return steps;
	all = (unsigned int)steps;
	__atomic_store_n(&last_steps, all, __ATOMIC_RELAXED);
	if (!add_steps(guest_base, all, most) || !add_steps(host_base, all, most))
		return -ENAMETOOLONG;
	return (long)(MIN(all, most) * (sizeof(NO_NAME) - 1));
}

bool deep_is_below(int directory, const char *host_path, size_t length, char *buf)
{
	unsigned int near = 0, far = STRIDE + 1;
	struct climb climb;
	long status;

	begin_climb(&climb, directory, buf);
	while (far - near > 1) {
		unsigned int steps = near + (far - near) / 2;

		status = read_above(climb.fd, steps, buf);
		if (status == -ENAMETOOLONG)
			near = steps;
		else
			far = steps;
	}
	status = read_above(climb.fd, far, buf);
	end_climb(&climb);
	if (status < 0)
		return status == -EACCES || status == -ENOTDIR;
	return !memcmp(buf, host_path, length) && (!buf[length] || buf[length] == '/');
}
