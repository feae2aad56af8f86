/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/translate.h"
#include "agent/dispatch.h"
#include "agent/guest_memory.h"
#include "agent/proc.h"
#include "agent/virtual.h"
#include "base/text.h"
#include <asm/fcntl.h>
#include <asm/stat.h>
#include <linux/fcntl.h>
#include <linux/openat2.h>
#include <linux/stat.h>

/* struct view_operations.check_plain, relative to DIRECTORY. */
static long check_plain_at(int directory, const char *path, enum view_check kind, int *object)
{
	struct open_how how = { .flags = O_PATH | O_CLOEXEC, .resolve = RESOLVE_NO_SYMLINKS };
	long fd;

	if (kind == VIEW_CHECK_DIRECTORY)
		how.flags |= O_DIRECTORY;
	if (kind == VIEW_CHECK_OBJECT)
		how.flags |= O_NOFOLLOW;
	fd = GATE_4(NR_openat2, directory, path, &how, sizeof(how));
	if (fd < 0)
		return fd == -ENOENT || fd == -ENOTDIR || fd == -EACCES ? fd : -ELOOP;
	if (object)
		*object = (int)fd;
	else
		GATE_1(NR_close, fd);
	return 0;
}

/*
 * What the resolver looks at is named relative to the guest's own descriptor
 * or cwd as long as the walk has not left its neighbourhood: the way there from
 * the host's root may be closed to the guest.
 */
struct walk_context {
	int directory;
	bool refuses_magic; /* a link of /proc that is no text is ELOOP */
	bool has_jumped;    /* DIRECTORY has become the cwd, through a link of /proc */
	const struct view_result *at;
	char *base;	    /* the host path of DIRECTORY, in slot->base */
	size_t base_length; /* 0 where it plays no part */
	char *relative;	    /* PATH_SIZE bytes for the name from there */
};

/* Where BASE and PATH part: the length of the directory they share, without a final slash. */
static size_t shared_length(const char *base, const char *path)
{
	size_t shared = 0, at = 0;

	for (; base[at] && base[at] == path[at]; at++)
		if (base[at] == '/')
			shared = at;
	if ((!base[at] || base[at] == '/') && (!path[at] || path[at] == '/'))
		shared = at;
	return shared;
}

/* HOST_PATH as it is named from the context's directory, or NULL where it has to be named from the root. */
static const char *from_base(const struct walk_context *context, const char *host_path)
{
	struct text relative;
	size_t shared;

	if (!context->base_length || !(context->at->is_anchored || context->has_jumped))
		return NULL;
	shared = context->base_length == 1 ? 0 : shared_length(context->base, host_path);
	text_init(&relative, context->relative, PATH_SIZE);
	for (const char *up = context->base + shared; context->base_length > 1 && *up; up++)
		if (*up == '/')
			text_add(&relative, relative.length ? "/.." : "..");
	host_path += shared;
	while (*host_path == '/')
		host_path++;
	if (*host_path && relative.length)
		text_add(&relative, "/");
	text_add(&relative, host_path);
	if (!relative.length)
		text_add(&relative, ".");
	return relative.full ? NULL : relative.text;
}

static long agent_read_link(void *context, const char *host_path, char *buf, size_t size, bool is_last)
{
	struct walk_context *walk = context;
	const char *relative = from_base(walk, host_path);
	bool is_magic = false;
	long length = GATE_4(NR_readlinkat, relative ? walk->directory : AT_FDCWD, relative ? relative : host_path, buf,
			     size);

	if (length < 0 || !text_begins(host_path, "/proc/"))
		return length;
	if (length < PATH_SIZE && proc_is_own_cwd(host_path)) {
		/* The walk goes on below the cwd, whatever may be closed above it. */
		walk->directory = AT_FDCWD;
		walk->has_jumped = true;
		walk->base_length = (size_t)length;
		memcpy(walk->base, buf, walk->base_length);
		walk->base[walk->base_length] = '\0';
	}
	length = proc_translate_link(host_path, buf, length, is_last, &is_magic);
	return is_magic && walk->refuses_magic ? -ELOOP : length;
}

static long agent_check_plain(void *context, const char *host_path, enum view_check kind, int *object)
{
	const struct walk_context *walk = context;
	const char *relative = from_base(walk, host_path);

	return check_plain_at(relative ? walk->directory : AT_FDCWD, relative ? relative : host_path, kind, object);
}

long translate_directory(int directory, char *buf, char *scratch)
{
	long length;

	if (directory == AT_FDCWD) {
		length = GATE_2(NR_getcwd, scratch, PATH_SIZE);
		if (length > 0 && scratch[0] == '/')
			return proc_to_canonical_guest(scratch, buf);
	}
	length = proc_read_descriptor(directory, scratch);
	if (length < 0)
		return length == -ENOENT ? -EBADF : length;
	return proc_to_canonical_guest(scratch, buf);
}

void translate_stand_in(const char *guest_path, char *buf)
{
	const struct view *view = the_view();
	size_t length = strlen(guest_path);
	uint32_t mount = view_find_above(view, guest_path, length);
	const struct view_binding *binding;
	struct text host;

	while (view_binding(view, mount)->flags & VIEW_VIRTUAL) {
		while (length && guest_path[--length] != '/')
			;
		mount = view_find_above(view, guest_path, length);
	}
	binding = view_binding(view, mount);
	text_init(&host, buf, PATH_SIZE);
	text_add(&host, view_host(view, mount));
	text_add_bytes(&host, guest_path + binding->guest_length, length - binding->guest_length);
	if (!host.length)
		text_add(&host, "/");
}

uint64_t translate_virtual_inode(uint32_t binding)
{
	return 0x70726f6f00000000 + binding;
}

/* Whether the last component of a relative path may be a directory with a binding below it. */
static bool may_hold_binding(const char *guest_path)
{
	const char *name = text_base_name(guest_path);

	return view_may_be_above(the_view(), name, strlen(name));
}

/* The directory part of a plain relative path has no link in it. Changes and restores PATH. */
static bool is_prefix_plain(int directory, char *path)
{
	char *slash = (char *)text_base_name(path) - 1;
	long status;

	*slash = '\0';
	status = check_plain_at(directory, path, VIEW_CHECK_DIRECTORY, NULL);
	*slash = '/';
	return !status;
}

/*
 * Whether a relative path can go to the kernel as it is: no binding can be met
 * on its way, and no link the kernel would follow out of the view.
 */
static bool passes_as_is(struct call *call, struct host_path *out, unsigned int view_flags, bool removes)
{
	char *path = out->guest_path;
	unsigned int count;

	if (path[0] == '/' || path[strlen(path) - 1] == '/' || view_flags & VIEW_NO_LINKS)
		return false;
	if (!view_is_relative_plain(the_view(), path, &count) || (removes && may_hold_binding(path)))
		return false;
	/* In a virtual directory nothing can be made, which the removed one behind its descriptor would not say. */
	if (the_view()->flags & VIEW_VIRTUAL && view_flags & (VIEW_PARENT | VIEW_MAY_MAKE))
		return false;
	if (view_flags & VIEW_OBJECT)
		return count == 1 ||
		       !check_plain_at(out->directory, path,
				       view_flags & VIEW_FOLLOW ? VIEW_CHECK_ANY : VIEW_CHECK_OBJECT, &out->object);
	if (count > 1 && !is_prefix_plain(out->directory, path))
		return false;
	if (!(view_flags & VIEW_FOLLOW))
		return true;
	return GATE_4(NR_readlinkat, out->directory, path, call->slot->scratch.link, PATH_SIZE) < 0;
}

/*
 * A directory whose host path is longer than PATH_MAX has no name the kernel
 * would tell. It lies far below every binding, so a path of few steps and
 * without links can be left to the kernel, ".." included.
 */
static bool is_deep_and_plain(const struct host_path *out)
{
	const char *path = out->guest_path;
	size_t length = strlen(path);

	return length < 256 && path[length - 1] != '/' &&
	       !check_plain_at(out->directory, path, VIEW_CHECK_OBJECT, NULL);
}

/* A descriptor may be of anything; of a link even, which must not be gone through. */
static long check_is_directory(int directory)
{
	struct stat file;
	long status = directory == AT_FDCWD ? 0 : GATE_2(NR_fstat, directory, &file);

	if (directory == AT_FDCWD || status)
		return status;
	return (file.st_mode & S_IFMT) == S_IFDIR ? 0 : -ENOTDIR;
}

/* The base of a relative path: its guest path to slot->spare, its host path to slot->base. */
static long find_base(struct slot *slot, struct host_path *out, struct walk_context *context)
{
	long status = check_is_directory(out->directory);

	if (!status)
		status = translate_directory(out->directory, slot->spare, slot->base);
	context->directory = out->directory;
	context->base_length = strlen(slot->base);
	return status;
}

/* Whether the path, whose base could not be told, can be left to the kernel. */
static bool is_own_way(const struct host_path *out, long status)
{
	if (status == -ENOENT)
		return out->directory != AT_FDCWD; /* a directory outside the view that the guest was given: its own */
	if (status == -ENAMETOOLONG)
		return is_deep_and_plain(out);
	return false;
}

static long resolve(struct call *call, struct host_path *out, unsigned int view_flags, bool refuses_magic)
{
	struct slot *slot = call->slot;
	struct walk_context context = {
		.directory = AT_FDCWD,
		.refuses_magic = refuses_magic,
		.at = out->result,
		.base = slot->base,
		.relative = slot->relative[out == &call->paths[1]],
	};
	const struct view_operations operations = { .context = &context,
						    .read_link = agent_read_link,
						    .check_plain = agent_check_plain };
	const char *relative;
	long status = 0;

	slot->spare[0] = '\0';
	if (out->guest_path[0] != '/') {
		status = find_base(slot, out, &context);
		if (is_own_way(out, status))
			return 0;
	}
	if (status)
		return status;
	status = view_resolve(the_view(), &operations, slot->spare, out->guest_path, view_flags, &slot->scratch,
			      out->result);
	if (status)
		return status;
	relative = from_base(&context, out->result->host);
	/* What is made or removed needs a name of its own. */
	if (relative && view_flags & VIEW_PARENT && !out->result->ends_in_dot && text_ends(relative, "."))
		relative = NULL;
	out->is_resolved = true;
	out->directory = relative ? context.directory : AT_FDCWD;
	out->path = relative ? relative : out->result->host;
	out->object = out->result->object;
	return 0;
}

static unsigned int view_flags_of(const struct call *call, const struct call_path *shape)
{
	bool flag = call->arguments[shape->flags] & shape->flag;

	switch (shape->follow) {
	case FOLLOW_YES:
		return VIEW_FOLLOW;
	case FOLLOW_UNLESS:
		return flag ? 0 : VIEW_FOLLOW;
	case FOLLOW_IF:
		return flag ? VIEW_FOLLOW : 0;
	case FOLLOW_MAKES:
	case FOLLOW_REMOVES:
		return VIEW_PARENT;
	default:
		return 0;
	}
}

static long translate_from(struct call *call, unsigned int which, int directory, unsigned int view_flags,
			   unsigned int flags)
{
	bool removes = call->row->paths[which].follow == FOLLOW_REMOVES;
	struct host_path *out = &call->paths[which];

	*out = (struct host_path){
		.directory = directory,
		.path = call->slot->path[which],
		.object = -1,
		.result = &call->slot->results[which],
		.guest_path = call->slot->path[which],
	};
	if (!(flags & TRANSLATE_FULL) && passes_as_is(call, out, view_flags, removes))
		return 0;
	return resolve(call, out, view_flags, flags & (TRANSLATE_NO_MAGIC | TRANSLATE_NO_LINKS));
}

long translate_text(struct call *call, int directory, unsigned int view_flags, unsigned int flags)
{
	return translate_from(call, 0, directory, view_flags, flags);
}

long translate_path(struct call *call, unsigned int which, unsigned int flags)
{
	const struct call_path *shape = &call->row->paths[which];
	int directory = shape->directory == CALL_CWD ? AT_FDCWD : (int)call->original[shape->directory];
	unsigned int view_flags = view_flags_of(call, shape);
	char *guest_path = call->slot->path[which];
	long status;

	if (!call->original[shape->path])
		return TRANSLATE_NOTHING;
	status = guest_read_string(guest_path, call->original[shape->path], PATH_SIZE);
	if (status < 0)
		return status;
	call->arguments[shape->path] = (unsigned long)guest_path;
	if (!status)
		return TRANSLATE_NOTHING;
	view_flags |= (flags & TRANSLATE_NO_LINKS ? VIEW_NO_LINKS : 0) |
		      (flags & TRANSLATE_MAY_MAKE ? VIEW_MAY_MAKE : 0) | (flags & TRANSLATE_OBJECT ? VIEW_OBJECT : 0);
	status = translate_from(call, which, directory, view_flags, flags);
	call->arguments[shape->path] = (unsigned long)call->paths[which].path;
	if (shape->directory != CALL_CWD)
		call->arguments[shape->directory] = (unsigned long)call->paths[which].directory;
	return status;
}

#define TIMES_4(text) text text text text
#define LONG_NAME TIMES_4(TIMES_4("nnnnnnnnnnnnnnnn"))		      /* 256 bytes */
#define MANY_LINKS TIMES_4(TIMES_4("/proc/self/root/proc/self/root")) /* 64 links */

const char *translate_path_of_error(long error)
{
	switch (error) {
	case -ENOENT:
		return "/.proot-nowhere/.proot-nowhere";
	case -ENOTDIR:
		return "/dev/null/.proot-nowhere";
	case -ENAMETOOLONG:
		return "/" LONG_NAME "/x";
	case -ELOOP:
		return MANY_LINKS;
	case -EBADF:
		return ".proot-nowhere/.proot-nowhere";
	case -EACCES:
		/* Of the first process an ordinary user may see nothing. Elsewhere it is ENOENT: translate_refuse(). */
		return "/proc/1/root/.proot-nowhere/.proot-nowhere";
	default:
		return NULL;
	}
}

long translate_refuse(struct call *call, unsigned int which, long error)
{
	const char *path = translate_path_of_error(error);
	long result;

	if (error != -EFAULT && !path)
		return error;
	for (unsigned int i = 0; i < ARRAY_SIZE(call->paths) && call->row->paths[i].follow != FOLLOW_NONE; i++)
		if (i >= which)
			call->arguments[call->row->paths[i].path] =
				path ? (unsigned long)path : call->original[call->row->paths[i].path];
	result = call_make(call, call->nr);
	return error == -EACCES && !which && result == -ENOENT ? error : result;
}
