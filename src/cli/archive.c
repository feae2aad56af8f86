/* SPDX-License-Identifier: GPL-2.0-or-later */
#define _GNU_SOURCE 1
#include "cli/archive.h"

#include "arch.h"
#include "cli/cache.h"
#include "cli/cpu.h"
#include "cli/emulator.h"
#include "cli/host.h"
#include "cli/message.h"
#include "cli/oci.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define UNPACKER "proot-unpack"
#define WORDS_MOST 24

/* An archive on its way to a tree. */
struct unpacking {
	const struct config *config;
	const char *file; /* as written */
	struct stat status;
	char path[PATH_SIZE];	  /* canonical */
	char cache[PATH_SIZE];	  /* the directory of the cache */
	char unpacker[PATH_SIZE]; /* the program */
	char tree[PATH_SIZE];	  /* what comes of it */
	const char *cpu;
};

/* What proot-unpack is to be for: that of -q, or this machine's. */
static const char *choose_cpu(const struct config *config)
{
	const struct cpu *cpu = config->emulator ? emulator_cpu(config->emulator) : NULL;

	if (!cpu)
		cpu = cpu_find(ARCH_ELF_MACHINE, ELFCLASS64, ELFDATA2LSB);
	return cpu->oci;
}

static bool put_directory(char *buf, const char *front, const char *back)
{
	return front && *front == '/' && snprintf(buf, PATH_SIZE, "%s%s", front, back) < PATH_SIZE;
}

/* Make PATH, an absolute one, and what is missing above: for nobody else. */
static int make_directories(char *path)
{
	for (char *at = path + 1; *at; at++) {
		int error;

		if (*at != '/')
			continue;
		*at = '\0';
		error = mkdir(path, 0700) && errno != EEXIST ? -errno : 0;
		*at = '/';
		/* What can't be made may be there all the same, read-only. */
		if (error && error != -EROFS && error != -EACCES)
			return error;
	}
	return mkdir(path, 0700) && errno != EEXIST ? -errno : 0;
}

/* Others are not to put trees there, nor programs that would make this user of whoever executes them within their
 * reach. */
static int check_cache(const char *path)
{
	struct stat status;

	if (stat(path, &status))
		return -errno;
	if (!S_ISDIR(status.st_mode))
		return -ENOTDIR;
	return status.st_uid == geteuid() && !(status.st_mode & 022) ? 0 : -EPERM;
}

static int find_cache(char *buf)
{
	const char *wish = getenv("PROOT_CACHE_DIR");
	int error;

	if (wish && *wish && *wish != '/') {
		message_error("PROOT_CACHE_DIR: '%s' is no absolute path", wish);
		return -EINVAL;
	}
	if (!put_directory(buf, wish, "") && !put_directory(buf, getenv("XDG_CACHE_HOME"), "/proot") &&
	    !put_directory(buf, getenv("HOME"), "/.cache/proot")) {
		message_error("there is no place for unpacked archives: neither PROOT_CACHE_DIR nor XDG_CACHE_HOME nor "
			      "HOME names a directory");
		return -ENOENT;
	}
	error = make_directories(buf);
	if (!error)
		error = check_cache(buf);
	if (error == -EPERM)
		message_error("'%s' can't be the cache of unpacked archives: it belongs to another user, or others may "
			      "write to it. PROOT_CACHE_DIR names another",
			      buf);
	else if (error)
		message_error("'%s' can't be the cache of unpacked archives: %s. PROOT_CACHE_DIR names another", buf,
			      strerror(-error));
	return error;
}

/* A tree that was unpacked from the very file before. */
static bool find_tree(struct unpacking *unpacking)
{
	char name[NAME_LONGEST + 1], link[PATH_SIZE + NAME_LONGEST + 16], id[NAME_LONGEST + 1];
	ssize_t length;

	/* A directory changes without a sign of it, and which image is meant is not noted. */
	if (!S_ISREG(unpacking->status.st_mode) || unpacking->config->image_name)
		return false;
	cache_name_file(&unpacking->status, unpacking->cpu, name);
	snprintf(link, sizeof(link), "%s/" CACHE_FILES "/%s", unpacking->cache, name);
	length = readlink(link, id, sizeof(id) - 1);
	if (length <= 0)
		return false;
	id[length] = '\0';
	return snprintf(unpacking->tree, PATH_SIZE, "%s/" CACHE_TREES "/%s", unpacking->cache, id) < PATH_SIZE &&
	       !strchr(id, '/') && host_is_directory(unpacking->tree);
}

static bool is_program(const char *path)
{
	struct stat status;

	return stat(path, &status) == 0 && S_ISREG(status.st_mode) && access(path, X_OK) == 0;
}

/* Beside proot, where it is installed, or in $PATH. */
static bool find_unpacker(char *buf)
{
	const char *const places[] = { "", "../libexec/proot/" };
	const char *directory = getenv("PATH");
	char own[PATH_SIZE];
	ssize_t length = readlink("/proc/self/exe", own, sizeof(own) - 1);

	own[MAX(length, 0)] = '\0';
	if (strrchr(own, '/'))
		strrchr(own, '/')[1] = '\0';
	for (size_t i = 0; i < ARRAY_SIZE(places) && *own; i++)
		if (snprintf(buf, PATH_SIZE, "%s%s" UNPACKER, own, places[i]) < PATH_SIZE && is_program(buf))
			return true;
	for (; directory && *directory; directory += *directory == ':') {
		size_t part = strcspn(directory, ":");

		if (*directory == '/' && snprintf(buf, PATH_SIZE, "%.*s/" UNPACKER, (int)part, directory) < PATH_SIZE &&
		    is_program(buf))
			return true;
		directory += part;
	}
	return false;
}

static void explain_unpacker(const char *file)
{
	message_error(
		"can't unpack '%s': there is no " UNPACKER " beside proot, in ../libexec/proot or in $PATH. "
		"make builds it where libarchive and jansson are (Debian: libarchive-dev, libjansson-dev). By hand: "
		"mkdir DIR && proot -0 tar -C DIR -xpf '%s'",
		file, file);
}

/* The words of the unpacker, from WORDS on. */
static void put_words(const struct unpacking *unpacking, const char **words)
{
	*words++ = unpacking->unpacker;
	if (unpacking->config->verbosity < 0)
		*words++ = "-q";
	if (unpacking->config->honours_image)
		*words++ = "-i";
	if (unpacking->config->image_name) {
		*words++ = "-n";
		*words++ = unpacking->config->image_name;
	}
	*words++ = "--";
	*words++ = unpacking->cpu;
	*words++ = unpacking->cache;
	*words++ = unpacking->path;
	*words = NULL;
}

/* As a guest that is root; it has PROOT's own environment otherwise. For root itself the kernel does what is needed. */
static void __attribute__((noreturn)) execute(const struct unpacking *unpacking)
{
	static const char *const engines[] = {
		[CONFIG_ENGINE_AUTO] = "--engine=auto",
		[CONFIG_ENGINE_SIGSYS] = "--engine=sigsys",
		[CONFIG_ENGINE_PTRACE] = "--engine=ptrace",
	};
	const char *words[WORDS_MOST] = {
		"proot", "-0", "-r", "/", "-w", "/", "--kill-on-exit", engines[unpacking->config->engine], "--"
	};
	const char *program = "/proc/self/exe";

	if (geteuid()) {
		put_words(unpacking, words + 9);
	} else {
		put_words(unpacking, words);
		program = unpacking->unpacker;
	}
	setenv("PROOT_VERBOSE", unpacking->config->verbosity < 0 ? "-1" : "0", true);
	unsetenv("PROOT_FORCE_FOREIGN_BINARY");
	/* What occupies a descriptor that was closed has to stay: nothing that is unpacked may get a message. */
	for (int fd = 0; fd < 3; fd++)
		fcntl(fd, F_SETFD, 0);
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	execv(program, (char *const *)words);
	message_error("can't execute '%s': %s", program, strerror(errno));
	_exit(EXIT_FAILURE);
}

/* The line that FD gives, into the tree's path; false where it is none. */
static bool read_answer(int fd, char *buf)
{
	size_t length = 0;
	ssize_t got;

	while (length < PATH_SIZE - 1 &&
	       ((got = read(fd, buf + length, PATH_SIZE - 1 - length)) > 0 || (got < 0 && errno == EINTR)))
		length += (size_t)MAX(got, 0);
	buf[length] = '\0';
	if (!length || buf[length - 1] != '\n')
		return false;
	buf[length - 1] = '\0';
	return true;
}

/* It has said what is wrong, unless a signal ended it. */
static int explain_end(const struct unpacking *unpacking, int status)
{
	if (WIFSIGNALED(status) || WEXITSTATUS(status) != 1)
		message_error("can't unpack '%s': " UNPACKER " has ended with status %d", unpacking->file,
			      WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status));
	return -EIO;
}

static int unpack(struct unpacking *unpacking)
{
	int ends[2], status = 0;
	bool is_answer;
	pid_t child;

	if (!find_unpacker(unpacking->unpacker)) {
		explain_unpacker(unpacking->file);
		return -ENOENT;
	}
	if (pipe2(ends, O_CLOEXEC)) {
		message_error("can't unpack '%s': %s", unpacking->file, strerror(errno));
		return -EMFILE;
	}
	child = fork();
	if (!child) {
		dup2(ends[1], 1);
		execute(unpacking);
	}
	close(ends[1]);
	is_answer = child > 0 && read_answer(ends[0], unpacking->tree);
	close(ends[0]);
	while (child > 0 && waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	return is_answer && !status ? 0 : explain_end(unpacking, status);
}

/* The text beside the tree that says how the image is run. */
static int read_image(const struct unpacking *unpacking, struct config *config)
{
	char file[PATH_SIZE + 16];
	struct stat status;
	ssize_t length = -1;
	int fd, error;

	snprintf(file, sizeof(file), "%s/" CACHE_IMAGE, unpacking->tree);
	fd = open(file, O_RDONLY | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT) {
		message_error("option '--oci': '%s' is no image of OCI or docker", unpacking->file);
		return -EINVAL;
	}
	if (fd >= 0 && !fstat(fd, &status))
		config->image = malloc((size_t)status.st_size + 1);
	if (config->image)
		length = read(fd, config->image, (size_t)status.st_size);
	error = length < 0 ? -errno : oci_apply(config, config->image, (size_t)length);
	if (fd >= 0)
		close(fd);
	if (error)
		message_error("can't read '%s': %s", file, strerror(-error));
	return error;
}

static int settle(struct unpacking *unpacking, struct config *config)
{
	int error = find_cache(unpacking->cache);

	if (!error)
		error = host_canonicalise(unpacking->file, unpacking->path);
	if (!error && !find_tree(unpacking))
		error = unpack(unpacking);
	if (error)
		return error;
	if (asprintf(&config->tree, "%s/" CACHE_ROOT, unpacking->tree) < 0) {
		config->tree = NULL;
		message_error("out of memory");
		return -ENOMEM;
	}
	config->host_root = config->tree;
	return config->honours_image ? read_image(unpacking, config) : 0;
}

int archive_settle(struct config *config)
{
	struct unpacking unpacking = { .config = config, .file = config->host_root };
	bool is_there = config->host_root && stat(config->host_root, &unpacking.status) == 0;

	if (is_there &&
	    (S_ISREG(unpacking.status.st_mode) || (config->honours_image && S_ISDIR(unpacking.status.st_mode)))) {
		unpacking.cpu = choose_cpu(config);
		return settle(&unpacking, config);
	}
	if (config->honours_image && !config->host_root) {
		message_error("option '--oci': there is no image, which -r has to name");
		return -EINVAL;
	}
	return 0;
}
