/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/proc_files.h"
#include "agent/host_program.h"
#include "agent/kernel.h"
#include "agent/proc.h"
#include "agent/proc_copy.h"
#include "agent/root.h"
#include "agent/signal.h"
#include "agent/socket_name.h"
#include "agent/sysv_proc.h"
#include "base/text.h"
#include <asm/fcntl.h>
#include <asm/signal.h>
#include <asm/stat.h>
#include <linux/fcntl.h>
#include <linux/memfd.h>
#include <linux/resource.h>
#include <linux/stat.h>
#include <linux/time.h>
#include <linux/time_types.h>

static void flush(struct copy *copy)
{
	copy->is_cut |= GATE_3(NR_write, copy->to, copy->out.text, copy->out.length) != (long)copy->out.length;
	text_init(&copy->out, copy->out.text, copy->out.size);
}

void copy_make_room(struct copy *copy)
{
	if (copy->out.length > COPY_CHUNK / 2)
		flush(copy);
}

void copy_end_line(struct copy *copy)
{
	text_add(&copy->out, "\n");
	copy_make_room(copy);
}

char *copy_next_line(struct copy *copy)
{
	for (;;) {
		char *start = copy->in + copy->in_used;
		size_t length = copy->in_length - copy->in_used, at = 0;
		long got;

		while (at < length && start[at] != '\n')
			at++;
		if (at < length || at >= COPY_CHUNK) {
			start[at] = '\0';
			copy->in_used += at + 1;
			return start;
		}
		memmove(copy->in, start, length);
		copy->in_used = 0;
		copy->in_length = length;
		got = GATE_3(NR_read, copy->from, copy->in + length, COPY_CHUNK - 1);
		if (got <= 0)
			return NULL;
		copy->in_length += (size_t)got;
	}
}

void copy_rewind(struct copy *copy)
{
	GATE_3(NR_lseek, copy->from, 0, 0);
	copy->in_used = copy->in_length = 0;
}

void copy_restart(struct copy *copy)
{
	copy_rewind(copy);
	text_init(&copy->out, copy->out.text, copy->out.size);
	GATE_2(NR_ftruncate, copy->to, 0);
	GATE_3(NR_lseek, copy->to, 0, 0);
}

static bool is_map_head(const char *line)
{
	unsigned long start;

	return text_read_hex(&line, &start) && *line == '-';
}

/* Copy LINE with the host path at AT in it, up to its end or to STOP, as the guest knows it. */
static void copy_with_path(struct copy *copy, const char *line, char *at, char stop)
{
	char *guest_path = copy->slot->spare, *end = at;
	char behind, name[32];

	while (*end && *end != stop)
		end++;
	behind = *end;
	*end = '\0';
	if (sysv_name_of_file(at, name))
		guest_path = name;
	else if (*at != '/' || view_to_guest(the_view(), at, guest_path, PATH_SIZE) <= 0)
		guest_path = at;
	else
		root_tell(guest_path);
	text_add_bytes(&copy->out, line, (size_t)(at - line));
	text_add(&copy->out, guest_path);
	*end = behind;
	text_add(&copy->out, end);
	copy_end_line(copy);
}

/* The end of LINE, or the first of its bytes that is A or B. */
static char *find_either(char *line, char a, char b)
{
	while (*line && *line != a && *line != b)
		line++;
	return line;
}

static bool is_of_image(const char *head)
{
	unsigned long start;

	return text_read_hex(&head, &start) && start >= IMAGE_ADDRESS && start < IMAGE_END_ADDRESS;
}

/*
 * maps and smaps. The image stays in its own: who looks for free room here
 * (AddressSanitizer) must not take ours. Of another's, debuggers write down what they can't find.
 */
static void make_maps(struct copy *copy, const struct proc_file *file)
{
	bool hides, is_hidden = false;
	long thread;
	char *line;

	(void)file;
	hides = proc_of_process(copy->host_path, &thread) && !proc_is_own(thread);
	while ((line = copy_next_line(copy))) {
		bool is_head = is_map_head(line);
		char *path = is_head ? find_either(line, '/', '[') : line;

		is_hidden = is_head ? hides && is_of_image(line) : is_hidden;
		if (is_hidden)
			continue;
		copy_with_path(copy, line, *path == '/' ? path : line + strlen(line), '\0');
	}
}

/* numa_maps: a word is file=PATH. */
static void make_numa_maps(struct copy *copy, const struct proc_file *file)
{
	char *line;

	(void)file;
	while ((line = copy_next_line(copy)))
		copy_with_path(copy, line, find_either(line, '/', '/'), ' ');
}

#define NAME_WORD 7 /* unix_seq_show(), net/unix/af_unix.c */

/* net/unix: names as they were bound. */
static void make_sockets(struct copy *copy, const struct proc_file *file)
{
	char *line;

	(void)file;
	while ((line = copy_next_line(copy))) {
		char *name = line;

		/* The number of the inode, before it, is padded. */
		for (unsigned int i = 0; i < NAME_WORD && *name; i++) {
			while (*name == ' ')
				name++;
			while (*name && *name != ' ')
				name++;
		}
		if (*name)
			socket_name_decode(name + 1);
		text_add(&copy->out, line);
		copy_end_line(copy);
	}
}

#define CPUINFO "cpuinfo"

static const struct proc_file files[] = {
	{ "maps", make_maps, 0, false },
	{ "smaps", make_maps, 0, false },
	{ "numa_maps", make_numa_maps, 0, false },
	{ "unix", make_sockets, 0, false },
	{ "mounts", proc_make_mounts, 1, false },
	{ "mountinfo", proc_make_mounts, 4, true },
	{ "mountstats", proc_make_mounts, 4, false },
	{ "status", proc_make_status, 0, false },
	{ CPUINFO, proc_make_cpuinfo, 0, false },
	{ "ostype", proc_make_kernel, 0, false },
	{ "hostname", proc_make_kernel, 0, false },
	{ "osrelease", proc_make_kernel, 0, false },
	{ "version", proc_make_kernel, 0, false },
	{ "domainname", proc_make_kernel, 0, false },
	{ "shm", sysv_make_file, 0, false },
	{ "sem", sysv_make_file, 0, false },
	{ "msg", sysv_make_file, 0, false },
};

static const struct proc_file *find_file(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(files); i++)
		if (text_equal(name, files[i].name))
			return &files[i];
	return NULL;
}

/* Of the names of them all: this is asked at every open. */
static uint64_t hashes[4];
static bool has_hashes;

static void make_hashes(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		unsigned int hash = view_name_hash(files[i].name, strlen(files[i].name));

		__atomic_fetch_or(&hashes[hash / 64], 1ul << hash % 64, __ATOMIC_RELAXED);
	}
	__atomic_store_n(&has_hashes, true, __ATOMIC_RELEASE);
}

bool proc_file_may_be(const char *name, size_t length)
{
	unsigned int hash = view_name_hash(name, length);

	if (!__atomic_load_n(&has_hashes, __ATOMIC_ACQUIRE))
		make_hashes();
	return hashes[hash / 64] >> hash % 64 & 1 && find_file(name);
}

/* A memfd that tells by its name what it is a copy of: proc_link_guest(). */
static long make_memfd(struct slot *slot, int from)
{
	char *link = slot->scratch.link;
	struct text name;

	text_init(&name, slot->spare, 249 - 1); /* MFD_NAME_MAX_LEN, mm/memfd.c */
	text_add(&name, PROC_COPY_NAME);
	if (proc_read_descriptor(from, link) > 0)
		text_add(&name, link);
	return GATE_2(NR_memfd_create, name.text, MFD_CLOEXEC);
}

/* Put the copy in the place of the file it was made from, for reading only, as /proc has them. */
static long replace(int from, int to, unsigned long flags)
{
	struct text path;
	struct stat file;
	char name[48];
	long reader;

	if (!GATE_2(NR_fstat, from, &file))
		GATE_2(NR_fchmod, to, file.st_mode & 07777);
	text_init(&path, name, sizeof(name));
	text_add(&path, "/proc/self/fd/");
	text_add_number(&path, to);
	reader = GATE_4(NR_openat, AT_FDCWD, name, O_RDONLY | O_CLOEXEC | (flags & O_NONBLOCK), 0);
	GATE_1(NR_close, to);
	if (reader < 0)
		return reader;
	GATE_3(NR_dup3, reader, from, flags & O_CLOEXEC);
	GATE_1(NR_close, reader);
	return from;
}

/*
 * RLIMIT_FSIZE is the guest's, and not for what we write: the soft limit is
 * lifted meanwhile. Beyond the hard one there is SIGXFSZ, which is blocked here.
 */
static void make_within_limit(struct copy *copy, const struct proc_file *file)
{
	static const unsigned long too_large = SIGNAL_BIT(SIGXFSZ);
	static const struct __kernel_timespec no_time;
	struct rlimit limit, lifted;
	bool has_limit = !GATE_2(NR_getrlimit, RLIMIT_FSIZE, &limit) && limit.rlim_cur != RLIM_INFINITY;

	lifted = (struct rlimit){ limit.rlim_max, limit.rlim_max };
	if (has_limit)
		GATE_2(NR_setrlimit, RLIMIT_FSIZE, &lifted);
	file->make(copy, file);
	flush(copy);
	if (has_limit)
		GATE_2(NR_setrlimit, RLIMIT_FSIZE, &limit);
	if (copy->is_cut)
		GATE_4(NR_rt_sigtimedwait, &too_large, NULL, &no_time, SIGNAL_SET_SIZE);
}

static long make_copy(struct slot *slot, const struct proc_file *file, const char *host_path, int from,
		      unsigned long flags)
{
	struct copy copy = { .slot = slot, .from = from, .host_path = host_path, .in = slot->scratch.rest };
	long to = make_memfd(slot, from), status;

	if (to < 0) {
		GATE_1(NR_close, from);
		return to;
	}
	copy.to = (int)to;
	text_init(&copy.out, (char *)&slot->results[1], COPY_CHUNK);
	make_within_limit(&copy, file);
	if (copy.is_cut) {
		/* There is no room for a copy: better the host's own text than none. */
		GATE_1(NR_close, to);
		GATE_3(NR_lseek, from, 0, 0);
		if (!(flags & O_CLOEXEC))
			GATE_3(NR_fcntl, from, F_SETFD, 0);
		return from;
	}
	status = replace(from, copy.to, flags);
	if (status < 0)
		GATE_1(NR_close, from);
	return status;
}

/* Of each process; the machine's only for programs of another. */
static bool is_made(const char *host_path)
{
	long thread;

	if (text_equal(host_path, "/proc/" CPUINFO))
		return host_program_is_emulator() && image_data()->emulator.cpuinfo[0];
	return kernel_is_told_by(host_path) || sysv_is_told_by(host_path) || proc_of_process(host_path, &thread);
}

long proc_file_open(struct slot *slot, const char *host_path, unsigned long flags)
{
	const struct proc_file *file = find_file(text_base_name(host_path));
	long from;

	if (!file || flags & (O_PATH | O_DIRECTORY) || (flags & O_ACCMODE) == O_WRONLY || !is_made(host_path))
		return -ENOSYS;
	from = GATE_4(NR_openat, AT_FDCWD, host_path, flags | O_CLOEXEC, 0);
	return from < 0 ? from : make_copy(slot, file, host_path, (int)from, flags);
}

bool proc_file_of_copy(int fd, char *buf)
{
	static const char start[] = "/memfd:" PROC_COPY_NAME;
	struct stat file;
	size_t length;

	if (GATE_2(NR_fstat, fd, &file) || (file.st_mode & S_IFMT) != S_IFREG || file.st_nlink ||
	    proc_read_descriptor(fd, buf) < 0 || !text_begins(buf, start) || !text_ends(buf, " (deleted)"))
		return false;
	length = strlen(buf) - (sizeof(start) - 1) - (sizeof(" (deleted)") - 1);
	memmove(buf, buf + sizeof(start) - 1, length);
	buf[length] = '\0';
	return true;
}
