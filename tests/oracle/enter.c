/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The oracle: runs a command where the kernel itself does what proot imitates,
 * a chroot with bind mounts, in namespaces of mounts, processes and System V IPC of its own.
 *
 *	enter [-u UID] [-r ROOT [-o GUEST:OPTIONS] [-b HOST:GUEST]...] COMMAND [ARGUMENT ...]
 *
 *	-u UID	become this user and group, without supplementary groups
 *	-r ROOT	chroot there, with a fresh /proc where ROOT has a directory for it
 *	-o G:O	mount an overlay with the options O at ROOT/G, before all else
 *	-b H:G	mount H at ROOT/G; with ":ro" behind G, read-only
 *
 * Without -r the command runs in the same namespaces, but sees the host: that
 * is where proot is started, so that both sides are alike and a guest that is
 * root does not touch the machine's /proc.
 *
 * When not started as root, it takes a user namespace in which the user keeps
 * its number, and has no other. Exit status: the command's; 128 + n when signal
 * n ended it; 77 when the namespaces are not permitted, but without -r the
 * command then runs without them.
 */
#define _GNU_SOURCE
#include "../private.h"
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <linux/mount.h>
#include <linux/openat2.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define NOT_PERMITTED 77

struct request {
	long uid;	     /* -1: stay */
	const char *root;    /* NULL: the host's */
	char *overlay;	     /* GUEST:OPTIONS, or NULL */
	char *bindings[256]; /* HOST:GUEST */
	int binding_count;
};

static void write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY);

	if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text))
		err(NOT_PERMITTED, "%s", path);
	close(fd);
}

static void make_namespaces(void)
{
	uid_t uid = geteuid();
	gid_t gid = getegid();
	char line[64];

	if (unshare(CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC | (uid ? CLONE_NEWUSER : 0)))
		err(NOT_PERMITTED, "unshare");
	if (uid) {
		snprintf(line, sizeof(line), "%u %u 1", uid, uid);
		write_file("/proc/self/uid_map", line);
		write_file("/proc/self/setgroups", "deny");
		snprintf(line, sizeof(line), "%u %u 1", gid, gid);
		write_file("/proc/self/gid_map", line);
	}
	if (make_mounts_private())
		err(NOT_PERMITTED, "private mounts");
}

static void mount_proc(const char *root)
{
	char place[PATH_MAX];
	struct stat status;

	snprintf(place, sizeof(place), "%s/proc", root ? root : "");
	if (!stat(place, &status) && mount("proc", place, "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL))
		err(NOT_PERMITTED, "mount proc on %s", place);
}

/* Take ":ro" away from the end of GUEST, if it is there. */
static bool take_read_only(char *guest)
{
	size_t length = strlen(guest);

	if (length < 3 || strcmp(guest + length - 3, ":ro"))
		return false;
	guest[length - 3] = '\0';
	return true;
}

/* What GUEST is in the root, with its links. Somebody may rename something somewhere. */
static int open_in(int root_fd, const char *guest)
{
	const struct open_how how = { .flags = O_PATH | O_CLOEXEC, .resolve = RESOLVE_IN_ROOT };
	int fd;

	do
		fd = (int)syscall(SYS_openat2, root_fd, guest, &how, sizeof(how));
	while (fd < 0 && errno == EAGAIN);
	if (fd < 0)
		err(125, "%s", guest);
	return fd;
}

static void make_read_only(int root_fd, const char *guest)
{
	struct mount_attr wanted = { .attr_set = MOUNT_ATTR_RDONLY };
	int fd = open_in(root_fd, guest);

	if (syscall(SYS_mount_setattr, fd, "", AT_EMPTY_PATH, &wanted, sizeof(wanted)))
		err(125, "read-only %s", guest);
	close(fd);
}

static void mount_binding(const char *root, char *binding)
{
	char place[64], *guest = strchr(binding, ':');
	int root_fd = open(root, O_PATH | O_CLOEXEC), fd;
	bool is_read_only;

	if (!guest)
		errx(125, "-b %s: no guest path", binding);
	*guest++ = '\0';
	is_read_only = take_read_only(guest);
	fd = open_in(root_fd, guest);
	snprintf(place, sizeof(place), "/proc/self/fd/%d", fd);
	if (mount(binding, place, NULL, MS_BIND | MS_REC, NULL))
		err(125, "mount --bind %s %s", binding, guest);
	if (is_read_only)
		make_read_only(root_fd, guest);
	close(fd);
	close(root_fd);
}

/* Its place is named without links. */
static void mount_overlay(const char *root, char *overlay)
{
	char place[PATH_MAX], *options = strchr(overlay, ':');

	if (!options)
		errx(125, "-o %s: no options", overlay);
	*options++ = '\0';
	snprintf(place, sizeof(place), "%s%s", root, overlay);
	if (mount("overlay", place, "overlay", 0, options))
		err(NOT_PERMITTED, "mount overlay on %s, %s", place, options);
}

static void enter_root(struct request *request)
{
	for (int i = 0; i < request->binding_count; i++)
		mount_binding(request->root, request->bindings[i]);
	if (chroot(request->root) || chdir("/"))
		err(125, "chroot %s", request->root);
}

static void become(long uid)
{
	if (setgroups(0, NULL) && errno != EPERM)
		err(125, "setgroups");
	if (setresgid((gid_t)uid, (gid_t)uid, (gid_t)uid) || setresuid((uid_t)uid, (uid_t)uid, (uid_t)uid))
		err(125, "become %ld", uid);
}

/* Wait for PID, reaping whatever else ends, and return its status as a shell does. */
static int wait_for(pid_t pid)
{
	int status;

	for (;;) {
		pid_t ended = wait(&status);

		if (ended < 0 && errno != EINTR)
			err(125, "wait");
		if (ended == pid)
			return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	}
}

/* Fork; the parent waits and exits, the child comes back. */
static void step_down(void)
{
	pid_t pid = fork();

	if (pid < 0)
		err(NOT_PERMITTED, "fork");
	if (pid)
		exit(wait_for(pid));
	prctl(PR_SET_PDEATHSIG, SIGKILL);
}

static struct request read_options(int argc, char **argv)
{
	struct request request = { .uid = -1 };
	int option;

	while ((option = getopt(argc, argv, "+u:r:o:b:")) != -1) {
		switch (option) {
		case 'u':
			request.uid = atol(optarg);
			break;
		case 'r':
			request.root = optarg;
			break;
		case 'o':
			request.overlay = optarg;
			break;
		case 'b':
			if (request.binding_count == (int)(sizeof(request.bindings) / sizeof(*request.bindings)))
				errx(125, "too many bindings");
			request.bindings[request.binding_count++] = optarg;
			break;
		default:
			exit(125);
		}
	}
	if (optind >= argc)
		errx(125, "no command");
	return request;
}

/* Whether the kernel gives this user such namespaces; a child tries. */
static int is_permitted(void)
{
	pid_t pid = fork();
	int status;

	if (!pid) {
		make_namespaces();
		_exit(0);
	}
	return pid > 0 && waitpid(pid, &status, 0) == pid && !status;
}

int main(int argc, char **argv)
{
	struct request request = read_options(argc, argv);

	if (request.root || is_permitted()) {
		make_namespaces();
		step_down();
		if (request.overlay)
			mount_overlay(request.root, request.overlay);
		mount_proc(request.root);
		/* Neither proot nor the command is the first process: signals are not the same for that. */
		step_down();
	}
	if (request.root) {
		enter_root(&request);
		step_down(); /* where proot is on the other side */
	}
	if (request.uid >= 0)
		become(request.uid);
	execv(argv[optind], argv + optind);
	err(127, "%s", argv[optind]);
}
