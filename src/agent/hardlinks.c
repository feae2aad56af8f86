/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/hardlinks.h"
#include "agent/guest_memory.h"
#include "agent/identity.h"
#include "agent/owner.h"
#include "agent/proc.h"
#include "base/text.h"
#include <asm/fcntl.h>
#include <asm/stat.h>
#include <linux/fcntl.h>
#include <linux/openat2.h>
#include <linux/stat.h>

#define TERMUX_DIRECTORY ".l2s" /* PROOT_L2S_DIR of proot-distro, in the root */

void hardlinks_release(struct hardlinks_file *file)
{
	if (file->directory >= 0)
		GATE_1(NR_close, file->directory);
	file->directory = -1;
}

static long open_links_directory(int from, const char *path)
{
	struct open_how how = { .flags = O_PATH | O_DIRECTORY | O_CLOEXEC, .resolve = RESOLVE_NO_SYMLINKS };

	return GATE_4(NR_openat2, from, *path ? path : ".", &how, sizeof(how));
}

/* Whether the link NAME is one that was to exchange its place with a file, when the process was killed. */
static __attribute__((noinline)) bool is_left_behind(int directory, const char *name)
{
	char text[PATH_SIZE];
	long length = GATE_4(NR_readlinkat, directory, name, text, sizeof(text));
	struct hardlinks_text read;

	return length > 0 && hardlinks_read_text(text, (size_t)length, &read);
}

/* Whether there is such a file, which may be of any kind but a directory. */
static bool has_links_file(int directory, const char *name)
{
	struct stat status;
	uint32_t type;

	if (GATE_4(NR_newfstatat, directory, name, &status, AT_SYMLINK_NOFOLLOW))
		return false;
	type = status.st_mode & S_IFMT;
	return type != S_IFDIR && (type != S_IFLNK || !is_left_behind(directory, name));
}

/* Who was killed between the two steps of a change has left a link to the count before, or behind. */
static bool find_recounted(struct hardlinks_file *file, unsigned long count)
{
	for (unsigned long other = count ? count - 1 : 0; other <= count + 1; other++)
		if (hardlinks_termux_recount(file->name, other) && has_links_file(file->directory, file->name))
			return true;
	return false;
}

/* In file->directory, the link file->link leads to the file, whatever directory its text says. */
static bool find_termux_file(struct hardlinks_file *file)
{
	char text[PATH_SIZE];
	long length = GATE_4(NR_readlinkat, file->directory, file->link, text, sizeof(text) - 1);
	const char *name;
	unsigned long count;

	if (length <= 0)
		return false;
	text[length] = '\0';
	name = text_base_name(text);
	count = hardlinks_termux_count(name);
	if (!count || !text_begins(name, file->link) || strlen(name) > NAME_LONGEST)
		return false;
	memcpy(file->name, name, strlen(name) + 1);
	return has_links_file(file->directory, file->name) || find_recounted(file, count);
}

/* Look in the directory PATH, relative to FROM. */
static bool find_in(int from, const char *path, struct hardlinks_file *file)
{
	long fd = open_links_directory(from, path);

	file->directory = (int)MAX(fd, -1);
	if (fd < 0)
		return false;
	if (file->form == HARDLINKS_TERMUX ? find_termux_file(file) : has_links_file(file->directory, file->name))
		return true;
	hardlinks_release(file);
	return false;
}

/* In the directory PATH, absolute, "" for the root, and in what it has for such files. */
static bool find_in_both(struct text *path, struct hardlinks_file *file)
{
	size_t length = path->length;
	bool is_found;

	if (file->form == HARDLINKS_TERMUX && find_in(AT_FDCWD, length ? path->text : "/", file))
		return true;
	text_add(path, "/");
	text_add(path, file->form == HARDLINKS_TERMUX ? TERMUX_DIRECTORY : HARDLINKS_NAME);
	is_found = !path->full && find_in(AT_FDCWD, path->text, file);
	path->text[path->length = length] = '\0';
	return is_found;
}

/*
 * In the directories above: one of them may have been moved. By their names, for those in between may be such that
 * the user may not search.
 */
static bool find_above(int from, struct hardlinks_file *file)
{
	char buf[PATH_SIZE];
	struct text path;

	if (proc_read_descriptor(from, buf) < 0 || buf[0] != '/')
		return false;
	buf[buf[1] ? strlen(buf) : 0] = '\0';
	text_resume(&path, buf, sizeof(buf));
	while (!find_in_both(&path, file)) {
		if (!path.length)
			return false;
		path.full = false;
		while (path.length && buf[--path.length] != '/')
			;
		buf[path.length] = '\0';
	}
	return true;
}

/* Not inlined: its frame does not stay. */
static __attribute__((noinline)) bool is_seen_by_guest(const char *host_path)
{
	char guest_path[PATH_SIZE];

	return view_to_guest(the_view(), host_path, guest_path, sizeof(guest_path)) >= 0;
}

/* Where the text says. A text that a guest has written must not lead out of what it sees. */
static bool find_by_text(int from, const char *text, size_t length, struct hardlinks_file *file)
{
	char path[PATH_SIZE];

	memcpy(path, text, length);
	path[length - (length > 1)] = '\0';
	if (text[0] == '/' && !is_seen_by_guest(path))
		return false;
	return find_in(from, path, file);
}

long hardlinks_find(int directory, const char *text, size_t length, struct hardlinks_file *file)
{
	struct hardlinks_text read;

	file->directory = -1;
	if (!hardlinks_read_text(text, length, &read))
		return -ENOENT;
	file->form = read.form;
	memcpy(file->name, read.name, sizeof(read.name));
	memcpy(file->link, read.name, sizeof(read.name));
	if (read.directory_length && find_by_text(directory, text, read.directory_length, file))
		return 0;
	return find_above(directory, file) ? 0 : -ENOENT;
}

/* The link that leads to a file in Termux's form has its name but for the count. */
static void name_termux_link(struct hardlinks_file *file)
{
	size_t length = strlen(file->name) - sizeof("0000");

	memcpy(file->link, file->name, length + 1);
	file->link[length] = '\0';
}

long hardlinks_find_by_path(const char *host_path, struct hardlinks_file *file)
{
	size_t length = strlen(host_path);
	const char *name = text_base_name(host_path);
	char directory[PATH_SIZE];
	long fd;

	file->directory = -1;
	file->form = hardlinks_form_of(host_path);
	if (file->form == HARDLINKS_NONE)
		return -ENOENT;
	memcpy(file->name, name, strlen(name) + 1);
	if (file->form == HARDLINKS_TERMUX)
		name_termux_link(file);
	length -= strlen(name) + 1;
	memcpy(directory, host_path, length);
	directory[length] = '\0';
	fd = open_links_directory(AT_FDCWD, length ? directory : "/");
	file->directory = (int)MAX(fd, -1);
	return fd < 0 ? fd : 0;
}

/* The text of its count; the length or a negative errno. */
static long read_count(const struct hardlinks_file *file, char text[HARDLINKS_COUNT_SIZE])
{
	char name[NAME_LONGEST + 1];

	hardlinks_count_name(name, file->name);
	return GATE_4(NR_readlinkat, file->directory, name, text, HARDLINKS_COUNT_SIZE);
}

unsigned long hardlinks_count(const struct hardlinks_file *file)
{
	char text[HARDLINKS_COUNT_SIZE];
	long length;

	if (file->form == HARDLINKS_TERMUX)
		return hardlinks_termux_count(file->name);
	length = read_count(file, text);
	return length > 0 ? hardlinks_read_count(text, (size_t)length) : 0;
}

bool hardlinks_is_name(int directory, const char *name, const struct hardlinks_file *file)
{
	char text[PATH_SIZE];
	struct hardlinks_text read;
	long length = GATE_4(NR_readlinkat, directory, name, text, sizeof(text));

	return length > 0 && hardlinks_read_text(text, (size_t)length, &read) && read.form == file->form &&
	       text_equal(read.name, file->form == HARDLINKS_OURS ? file->name : file->link);
}

/* Whether HINT, of LENGTH bytes, relative to where the links directory at HOST_PATH is, is a name of FILE: into BUF. */
static bool is_hinted(const struct hardlinks_file *file, const char *host_path, const char *hint, size_t length,
		      char *buf)
{
	size_t place = strlen(host_path) - sizeof(HARDLINKS_NAME "/") - (HARDLINKS_ID_SIZE - 1);
	struct text path;

	text_init(&path, buf, PATH_SIZE);
	text_add_bytes(&path, host_path, place + 1);
	text_add_bytes(&path, hint, length);
	return !path.full && hardlinks_is_name(AT_FDCWD, buf, file);
}

/* The host path of a name into BUF of PATH_SIZE. Of Termux's form the file's own name says which was the first. */
static bool find_name(const struct hardlinks_file *file, const char *host_path, char *buf)
{
	char count[HARDLINKS_COUNT_SIZE];
	const char *at = count, *end;
	struct text path;
	long length;

	if (file->form == HARDLINKS_TERMUX) {
		at = file->link + (text_begins(file->link, ".proot.") ? sizeof(".proot.l2s.") : sizeof(".l2s.")) - 1;
		text_init(&path, buf, PATH_SIZE);
		text_add_bytes(&path, host_path, strlen(host_path) - strlen(file->name));
		text_add_bytes(&path, at, strlen(at) - (sizeof("0000") - 1));
		return !path.full && hardlinks_is_name(AT_FDCWD, buf, file);
	}
	length = read_count(file, count);
	end = count + MAX(length, 0);
	while ((length = (long)hardlinks_next_hint(&at, end)))
		if (is_hinted(file, host_path, at, (size_t)length, buf))
			return true;
	return false;
}

long hardlinks_name(const char *host_path, char *buf)
{
	struct hardlinks_file file;
	char name[PATH_SIZE];
	bool is_found;

	if (hardlinks_form_of(host_path) == HARDLINKS_NONE || hardlinks_find_by_path(host_path, &file))
		return -ENOENT;
	is_found = find_name(&file, host_path, name);
	hardlinks_release(&file);
	return is_found ? view_to_guest(the_view(), name, buf, PATH_SIZE) : -ENOENT;
}

/* The host path of FILE into BUF of PATH_SIZE: its length, or -ENOENT. */
static long path_of_file(const struct hardlinks_file *file, char *buf)
{
	char path[PATH_SIZE];
	struct text whole;

	if (proc_read_descriptor(file->directory, path) < 0)
		return -ENOENT;
	text_resume(&whole, path, sizeof(path));
	text_add(&whole, "/");
	text_add(&whole, file->name);
	if (whole.full)
		return -ENOENT;
	memcpy(buf, path, whole.length + 1);
	return (long)whole.length;
}

long hardlinks_stand(int directory, char *buf, size_t length, bool follows)
{
	struct hardlinks_file file;
	long status = hardlinks_find(directory, buf, length, &file), text;

	if (status)
		return status;
	text = follows ? GATE_4(NR_readlinkat, file.directory, file.name, buf, PATH_SIZE) : -EINVAL;
	status = text < 0 ? path_of_file(&file, buf) : VIEW_TEXT + text;
	hardlinks_release(&file);
	return status;
}

/* The canonical host path of what the call has told of, into BUF of PATH_SIZE: false where it can be no file with
 * names. */
static bool told_path(struct call *call, char *buf)
{
	const struct call_path *shape = &call->row->paths[0];
	const struct host_path *path = &call->paths[0];
	long length;

	if (!path->guest_path)
		return proc_read_descriptor(shape->follow != FOLLOW_NONE && shape->directory == CALL_CWD ?
						    AT_FDCWD :
						    (int)call->original[0],
					    buf) >= 0;
	if (!path->is_resolved || path->result->is_virtual)
		return false;
	if (!path->result->is_magic) {
		memcpy(buf, path->result->host, path->result->host_length + 1);
		return true;
	}
	length = GATE_4(NR_readlinkat, path->directory, path->path, buf, PATH_SIZE - 1);
	buf[MAX(length, 0)] = '\0';
	return length > 0;
}

/* How many names more than the kernel knows what the call has told of has. */
static unsigned long more_names(struct call *call)
{
	char *host_path = call->slot->spare;
	struct hardlinks_file file;
	unsigned long count = 0;

	if (!told_path(call, host_path) || hardlinks_find_by_path(host_path, &file))
		return 0;
	count = hardlinks_count(&file);
	hardlinks_release(&file);
	return count ? count - 1 : 0;
}

/* A links directory counts as one of the directories in the one that holds it. */
static bool holds_links(const struct call *call)
{
	const struct host_path *path = &call->paths[0];
	struct stat status;
	struct text name;

	if (!path->guest_path)
		return !GATE_4(NR_newfstatat, call->original[0], HARDLINKS_NAME, &status, AT_SYMLINK_NOFOLLOW);
	text_init(&name, call->slot->spare, PATH_SIZE);
	text_add(&name, path->path);
	text_add(&name, "/" HARDLINKS_NAME);
	return !name.full && !GATE_4(NR_newfstatat, path->directory, name.text, &status, AT_SYMLINK_NOFOLLOW);
}

/* How many links more, or less, than the kernel knows what it has told of has. */
static long difference(struct call *call, uint32_t mode, uint64_t count)
{
	const struct host_path *path = &call->paths[0];

	if (!count || (path->is_resolved && path->result->is_virtual))
		return 0;
	if ((mode & S_IFMT) != S_IFDIR)
		return (long)more_names(call);
	/* Some file systems do not count. */
	return count > 2 && holds_links(call) ? -1 : 0;
}

static long tell_statx(struct call *call, unsigned long at)
{
	struct statx status;

	if (guest_read(&status, at, sizeof(status)))
		return -EFAULT;
	if (!(status.stx_mask & STATX_NLINK))
		return 0;
	status.stx_nlink += (uint32_t)difference(call, status.stx_mode, status.stx_nlink);
	return guest_write(at + offsetof(struct statx, stx_nlink), &status.stx_nlink, sizeof(status.stx_nlink));
}

long hardlinks_tell(struct call *call)
{
	unsigned long at = call->original[call->nr == NR_newfstatat ? 2 : 1];
	struct stat status;

	if (call->nr == NR_statx)
		return tell_statx(call, call->original[4]);
	if (guest_read(&status, at, sizeof(status)))
		return -EFAULT;
	status.st_nlink += (unsigned long)difference(call, status.st_mode, status.st_nlink);
	return guest_write(at + offsetof(struct stat, st_nlink), &status.st_nlink, sizeof(status.st_nlink));
}

long hardlinks_look(int directory, const char *name, struct stat *status)
{
	char text[PATH_SIZE];
	long length = GATE_4(NR_readlinkat, directory, name, text, sizeof(text)), error;
	struct hardlinks_file file;

	if (length <= 0)
		return length == -EACCES ? length : -ENOENT;
	error = hardlinks_find(directory, text, (size_t)length, &file);
	if (error)
		return error;
	error = GATE_4(NR_newfstatat, file.directory, file.name, status, AT_SYMLINK_NOFOLLOW);
	if (!error && identity_is_on())
		owner_tell(file.directory, file.name, AT_SYMLINK_NOFOLLOW, status);
	hardlinks_release(&file);
	return error;
}
