/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/deep.h"
#include "agent/proc.h"
#include "base/text.h"
#include <asm/fcntl.h>
#include <linux/fcntl.h>

#define NO_NAME "/\001"
/* So many components without a name have room behind a known path, and the rest of the guest's behind them. */
#define STEPS_MOST 900

bool deep_is_nameless(const char *path)
{
	for (; *path; path++)
		if (text_begins(path, NO_NAME) && (!path[2] || path[2] == '/'))
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

/* The path of the directory STEPS above: its length, -ENAMETOOLONG while that is too near, another errno when too far.
 */
static long read_above(int directory, unsigned int steps, char *host_path)
{
	long fd, length;

	memcpy(host_path, ".", 2);
	add_times(host_path, "/..", steps);
	fd = GATE_4(NR_openat, directory, host_path, O_PATH | O_DIRECTORY | O_CLOEXEC, 0);
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

/*
 * The nearest directory that will do. Where the way up is closed there is none,
 * nor can the guest's walk get there.
 */
long deep_find_base(int directory, char *guest_base, char *host_base)
{
	unsigned int near = 0, far = STEPS_MOST + 1;
	long status, why = -ENAMETOOLONG;

	while (far - near > 1) {
		unsigned int steps = near + (far - near) / 2;

		status = look_above(directory, steps, guest_base, host_base);
		if (status == -ENAMETOOLONG)
			near = steps;
		else
			far = steps, why = status;
	}
	if (why && why != -EACCES)
		return why;
	if (why) {
		/* Some way below the root, one step more than can be walked. */
		memcpy(host_base, view_host(the_view(), 0), view_binding(the_view(), 0)->host_length + 1);
		guest_base[0] = '\0';
		far++;
	} else {
		why = look_above(directory, far, guest_base, host_base);
	}
	if (why && why != -EACCES)
		return why;
	if (!add_times(guest_base, NO_NAME, far) || !add_times(host_base, NO_NAME, far))
		return -ENAMETOOLONG;
	return (long)(far * (sizeof(NO_NAME) - 1));
}

bool deep_is_below(int directory, const char *host_path, size_t length, char *buf)
{
	unsigned int near = 0, far = STEPS_MOST + 1;
	long status = -ENAMETOOLONG;

	while (far - near > 1) {
		unsigned int steps = near + (far - near) / 2;

		status = read_above(directory, steps, buf);
		if (status == -ENAMETOOLONG)
			near = steps;
		else
			far = steps;
	}
	status = read_above(directory, far, buf);
	if (status < 0)
		return status == -EACCES || status == -ENOTDIR;
	return !memcmp(buf, host_path, length) && (!buf[length] || buf[length] == '/');
}
