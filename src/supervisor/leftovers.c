/* SPDX-License-Identifier: GPL-2.0-or-later */
#define _GNU_SOURCE 1
#include "supervisor/leftovers.h"
#include "engine/descriptors.h"
#include "engine/nest.h"
#include "image/removal.h"
#include "image/shared.h"
#include "image/temporary.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#ifndef ST_NOEXEC
#define ST_NOEXEC 8 /* linux/statfs.h of the kernel */
#endif

#define WAITS_MOST 20
#define WAIT 5000000 /* nanoseconds */

#define GUARD_PAUSE 200000000 /* nanoseconds */
#define GUARD_LOOKS 5 /* so often nobody is there before the guard believes it: execve(2) lets go for a moment */

#define MADE_MOST 64

/* What leftovers_make() has made. */
static char *made[MADE_MOST];
static unsigned int made_count;
/* What leftovers_note_work() has been told. */
static char *works[MADE_MOST];
static unsigned int work_count;
static unsigned int guards; /* processes that have the memory of guests beside them and this one */

/* Guests that end together with the command need a moment for it. */
static bool is_last(const struct image_data *data)
{
	const struct timespec moment = { .tv_nsec = WAIT };

	for (int i = 0; i < WAITS_MOST; i++) {
		if (!shared_has_guests(data, 1 + guards))
			return true;
		nanosleep(&moment, NULL);
	}
	return false;
}

static long system_call(long nr, unsigned long a, unsigned long b, unsigned long c, unsigned long d, unsigned long e,
			unsigned long f)
{
	long result = syscall(nr, a, b, c, d, e, f);

	return result < 0 ? -errno : result;
}

/* Make a directory in PARENT. */
static int make_in(const char *parent, char *host_path)
{
	if (snprintf(host_path, PATH_SIZE, "%s/" TEMPORARY_MOUNT "XXXXXX", parent) >= PATH_SIZE)
		return -ENAMETOOLONG;
	return mkdtemp(host_path) ? 0 : -errno;
}

static bool is_noexec(const char *path)
{
	struct statvfs status;

	return statvfs(path, &status) || status.f_flag & ST_NOEXEC;
}

/* Make one in PARENT of which CHECK, if there is that, says 0. */
static int make_if(const char *parent, char *host_path, int check(const char *host_path))
{
	int error = make_in(parent, host_path);

	if (error || !check)
		return error;
	error = check(host_path);
	if (error)
		removal_run(system_call, host_path);
	return error;
}

/* Where programs can be executed, if they have to and there is such a place. */
static int make_somewhere(char *host_path, bool may_be_noexec, int check(const char *host_path))
{
	const char *wish = getenv("PROOT_TMP_DIR");
	const char *const parents[] = { wish && *wish == '/' ? wish : "/dev/shm", TEMPORARY_PARENTS };
	int error = -EACCES;

	for (unsigned int i = 0; i < 2 * ARRAY_SIZE(parents) && error; i++) {
		const char *parent = parents[i % ARRAY_SIZE(parents)];

		if (may_be_noexec || i >= ARRAY_SIZE(parents) || !is_noexec(parent))
			error = make_if(parent, host_path, check);
	}
	return error;
}

static int make(char *host_path, bool may_be_noexec, mode_t mode, int check(const char *host_path))
{
	int error = made_count == MADE_MOST ? -ENOSPC : make_somewhere(host_path, may_be_noexec, check);

	if (error)
		return error;
	made[made_count] = strdup(host_path);
	if (!made[made_count] || chmod(host_path, mode)) {
		rmdir(host_path);
		return -ENOMEM;
	}
	made_count++;
	return 0;
}

/* Guests of real root change their user. */
static mode_t mode_of_own(void)
{
	return geteuid() ? 0700 : 0711;
}

int leftovers_make(char *host_path)
{
	return make(host_path, false, 01777, NULL);
}

int leftovers_make_memory(struct image_data *data)
{
	char host_path[PATH_SIZE], real[PATH_SIZE];
	int error;

	error = make(host_path, true, mode_of_own(), NULL);
	/* As /proc/PID/maps calls it. */
	if (!error && (!realpath(host_path, real) || strlen(real) >= sizeof(data->memory)))
		error = -ENAMETOOLONG;
	if (!error)
		strcpy(data->memory, real);
	return error;
}

int leftovers_make_where(char *host_path, int check(const char *host_path))
{
	return make(host_path, false, mode_of_own(), check);
}

int leftovers_note_work(const char *work)
{
	if (work_count == MADE_MOST)
		return -ENOSPC;
	works[work_count] = strdup(work);
	return works[work_count] ? (work_count++, 0) : -ENOMEM;
}

void leftovers_clear(const char *work)
{
	removal_run(system_call, work);
}

/* Its directory may be the upper layer, whose times are the guest's affair. */
static void remove_work(char *work)
{
	char *name = strrchr(work, '/');
	struct stat parent;

	*name = '\0';
	if (stat(work, &parent))
		return;
	*name = '/';
	removal_run(system_call, work);
	*name = '\0';
	utimensat(AT_FDCWD, work, (struct timespec[]){ parent.st_atim, parent.st_mtim }, 0);
}

/* Who waits for one of them finds out that it has gone. */
static void remove_works(void)
{
	while (work_count) {
		char *work = works[--work_count];
		int fd = open(work, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

		if (fd >= 0 && !flock(fd, LOCK_EX | LOCK_NB))
			remove_work(work);
		if (fd >= 0)
			close(fd);
		free(work);
	}
}

static void remove_made(void)
{
	while (made_count) {
		removal_run(system_call, made[--made_count]);
		free(made[made_count]);
	}
}

void leftovers_drop(void)
{
	remove_works();
	if (!guards)
		remove_made();
}

static void __attribute__((noreturn)) guard(const struct image_data *data, int supervisor)
{
	const struct timespec pause = { .tv_nsec = GUARD_PAUSE };
	struct pollfd end = { .fd = supervisor, .events = POLLIN };

	while (poll(&end, 1, -1) < 0 && errno == EINTR)
		;
	for (int looks = 0; looks < GUARD_LOOKS; looks++) {
		if (shared_has_guests(data, 1))
			looks = -1;
		nanosleep(&pause, NULL);
	}
	remove_made();
	_exit(0);
}

/* Nothing of the supervisor's stays open, or is where its terminal's signals go. */
static void leave_group(int kept)
{
	sigset_t all;

	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, NULL);
	setsid();
	if (chdir("/"))
		_exit(1);
	descriptors_close_but(kept, -1);
}

void leftovers_guard(const struct image_data *data)
{
	int supervisor = made_count && !data->depth ? (int)syscall(SYS_pidfd_open, getpid(), 0) : -1;
	pid_t child = supervisor < 0 ? -1 : fork();

	if (!child) {
		leave_group(supervisor);
		if (fork())
			_exit(0);
		guard(data, supervisor);
	}
	if (child > 0) {
		waitpid(child, NULL, 0);
		guards = 1;
	}
	if (supervisor >= 0)
		close(supervisor);
}

/* What stood for a tmpfs, of this proot and of those inside. */
static void remove_mounts(const struct image_data *data)
{
	const char *const parents[] = { data->temporary, TEMPORARY_PARENTS };
	char prefix[64];

	snprintf(prefix, sizeof(prefix), TEMPORARY_MOUNT "%llx-", (unsigned long long)data->shared_nonce);
	for (size_t i = 0; i < ARRAY_SIZE(parents); i++)
		if (*parents[i])
			removal_run_all(system_call, parents[i], prefix);
}

/* What a proot inside another has made lies where only that one's agent can reach it. */
static void tidy_inside(const struct image_data *data)
{
	const struct timespec moment = { .tv_nsec = WAIT };

	for (int i = 0; i < WAITS_MOST && data->view_id >= 0 && nest_tidy(data) == -EBUSY; i++)
		nanosleep(&moment, NULL);
}

void leftovers_remove(const struct image_data *data)
{
	remove_works();
	/* Of a proot inside another it can't be told who is the last. */
	if (data->depth || (made_count && is_last(data)))
		remove_made();
	if (data->depth && !data->is_apart)
		tidy_inside(data);
	else if (shared_has_temporaries() && is_last(data))
		remove_mounts(data);
}
