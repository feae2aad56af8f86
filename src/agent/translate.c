/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/translate.h"
#include "agent/access.h"
#include "agent/closed.h"
#include "agent/deep.h"
#include "agent/dispatch.h"
#include "agent/guest_memory.h"
#include "agent/handlers.h"
#include "agent/hardlinks_change.h"
#include "agent/links.h"
#include "agent/mounts.h"
#include "agent/overlay.h"
#include "agent/pin.h"
#include "agent/proc.h"
#include "agent/readonly.h"
#include "agent/root.h"
#include "agent/virtual.h"
#include "base/text.h"
#include "image/overlay.h"
#include "view/layers.h"
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

struct walk_context {
	struct host_path *path;
	char *base;	    /* PATH_SIZE bytes for path->base */
	char *relative;	    /* PATH_SIZE bytes for the name from there */
	bool refuses_magic; /* a link of /proc that is no text is ELOOP */
	bool is_refused;    /* one led to what is no guest's */
	size_t named;	    /* struct view_operations.named */
	struct call *call;
	plain_stamp mark; /* of the time before it */
	bool holds;	  /* what a link leads to is looked up in the directory it was read in */
};

/*
 * HOST_PATH, whose walk has been no higher than its first ANCHOR bytes, as it is
 * named from the base of PATH: up as far as the walk has gone, and down again,
 * for each directory on the way must be one that may be searched. Into BUF of
 * PATH_SIZE; false when it is too long, or the base is no place of the view any more.
 */
static bool name_from_base(const struct host_path *path, size_t anchor, const char *host_path, char *buf)
{
	struct text relative;

	if (strlen(path->base) < anchor || memcmp(path->base, host_path, anchor))
		return false;
	text_init(&relative, buf, PATH_SIZE);
	text_add(&relative, path->base_link);
	for (const char *up = path->base + anchor; *up; up++)
		if (*up == '/')
			text_add(&relative, relative.length ? "/.." : "..");
	host_path += anchor;
	while (*host_path == '/')
		host_path++;
	if (*host_path && relative.length)
		text_add(&relative, "/");
	text_add(&relative, host_path);
	if (relative.length == strlen(path->base_link))
		text_add(&relative, relative.length ? "/." : ".");
	return !relative.full;
}

/*
 * What the resolver looks at is named from the guest's own descriptor or cwd as
 * long as the walk has not left its neighbourhood: the way there from the
 * host's root may be closed to the guest. *DIRECTORY gets what the result is relative to.
 */
static const char *name_on_walk(const struct walk_context *walk, const char *host_path, int *directory)
{
	const struct host_path *path = walk->path;
	bool is_near = path->base && path->result->is_anchored &&
		       name_from_base(path, path->result->anchor, host_path, walk->relative);

	*directory = is_near ? path->base_directory : AT_FDCWD;
	return is_near ? walk->relative : host_path;
}

/* What follows is named from the link HOST_PATH, to an object whose host path is in walk->base. */
static void set_link_base(struct walk_context *walk, const char *host_path)
{
	struct host_path *path = walk->path;

	path->base = strlen(host_path) < sizeof(path->base_link) ? walk->base : NULL;
	path->base_directory = AT_FDCWD;
	if (path->base)
		memcpy(path->base_link, host_path, strlen(host_path) + 1);
}

/*
 * A link of /proc. Where the kernel itself would go through it to a directory,
 * the walk goes on from there, whatever may be closed or removed above.
 */
static long follow_magic(struct walk_context *walk, const char *host_path, char *buf, long length, bool is_last)
{
	struct host_path *path = walk->path;
	bool is_magic = false;

	length = proc_translate_link(host_path, buf, length, is_last, &is_magic, walk->base);
	if (is_magic && walk->refuses_magic)
		return -ELOOP;
	walk->is_refused |= length == -EACCES;
	if (length < VIEW_JUMP && (length != VIEW_MAGIC || is_last))
		return length;
	path->base = NULL;
	walk->named = 0;
	if (length >= VIEW_JUMP && proc_is_kernels_way(host_path)) {
		if (overlay_is_there())
			closed_find(buf, walk->base, host_path, &walk->named);
		set_link_base(walk, host_path);
	}
	return length;
}

/*
 * The directory BASE of the host is called GUEST_BASE; in an overlay what has that name may be another one, and it has
 * been removed; or it lies too far down, where other layers than the upper one might have more of it. Of GUEST_BASE
 * NAMED bytes are names; 0: all. 0, or -ENOENT.
 */
static long check_base(const char *guest_base, const char *base, size_t named)
{
	uint32_t mount = view_find_above(the_view(), guest_base, strlen(guest_base));
	size_t nameless = named && strlen(guest_base) > named ? strlen(guest_base) - named : 0;
	char rest[PATH_SIZE], host_path[PATH_SIZE];
	struct layers_place place;
	struct text text;
	size_t length;
	long status;

	if (!overlay_is_mount(mount))
		return 0;
	length = view_binding(the_view(), mount)->guest_length;
	text_init(&text, rest, sizeof(rest));
	text_add_bytes(&text, guest_base + length, strlen(guest_base + length) - nameless);
	status = layers_find(the_view(), &translate_look, mount, rest, &place, host_path, &length);
	if (status)
		return status == -EACCES ? status : -ENOENT;
	text_init(&text, host_path, sizeof(host_path));
	text_add_bytes(&text, base[1] ? base : "", (base[1] ? strlen(base) : 0) - nameless);
	if (!layers_are_at(the_view(), mount, rest, &place, host_path))
		return -ENOENT;
	return nameless && place.merged != 1 ? -ENOENT : 0;
}

/* Whether behind a host path of LENGTH bytes there is no room for what the guest may still name. */
static bool leaves_no_room(const struct host_path *path, size_t length)
{
	return length > DEEP_KNOWN_MOST && length + strlen(path->guest_path) + 2 > PATH_SIZE;
}

/* The link HOST_PATH has a text that can't be read, or that leaves no room behind it: where it leads, the kernel knows.
 */
static long follow_long(struct walk_context *walk, const char *host_path, char *buf, bool is_last)
{
	struct host_path *path = walk->path;
	long fd, status;

	if (walk->refuses_magic || is_last)
		return walk->refuses_magic ? -ELOOP : VIEW_MAGIC;
	path->base = NULL;
	fd = GATE_4(NR_openat, AT_FDCWD, host_path, O_PATH | O_DIRECTORY | O_CLOEXEC, 0);
	if (fd < 0)
		return VIEW_MAGIC;
	status = deep_find_base((int)fd, path->guest_path, buf, walk->base);
	GATE_1(NR_close, fd);
	if (status < 0)
		return VIEW_MAGIC;
	walk->named = strlen(buf) - (size_t)status;
	status = check_base(buf, walk->base, walk->named);
	if (status)
		return status;
	set_link_base(walk, host_path);
	return VIEW_JUMP + (long)strlen(buf);
}

/*
 * A link has been read in the directory PARENT. It may be moved, or another
 * take its place, before what the link leads to is looked up: that is named by
 * the descriptor from now on.
 */
static long hold_link(struct walk_context *walk, const char *host_path, int parent, const char *target, long length)
{
	struct host_path *path = walk->path;
	size_t parent_length = (size_t)(text_base_name(host_path) - host_path) - 1;
	struct text link;

	if (length < 0 || length > DEEP_KNOWN_MOST || target[0] == '/' || proc_may_be_magic(host_path)) {
		GATE_1(NR_close, parent);
		return length;
	}
	pin_let_go(path);
	path->held = parent;
	text_init(&link, path->base_link, sizeof(path->base_link));
	text_add(&link, PROC_DESCRIPTORS);
	text_add_number(&link, parent);
	memcpy(walk->base, host_path, parent_length);
	walk->base[parent_length] = '\0';
	path->base = walk->base;
	path->base_directory = AT_FDCWD;
	return VIEW_HELD + length;
}

/* A link that is not of /proc. */
static long read_text_link(struct walk_context *walk, int directory, const char *name, const char *host_path, char *buf,
			   size_t size)
{
	const char *link = name == walk->relative ? walk->path->base_link : "";
	int parent = -1;
	long length = pin_read_link(directory, link, name, buf, size, walk->holds ? &parent : NULL, walk->mark);

	if (length > 0)
		links_note(host_path, strlen(host_path));
	return parent < 0 ? length : hold_link(walk, host_path, parent, buf, length);
}

static long agent_read_link(void *context, const char *host_path, char *buf, size_t size, bool is_last)
{
	struct walk_context *walk = context;
	int directory;
	const char *name = name_on_walk(walk, host_path, &directory);
	long length;

	/* What follows may be the descriptors of this process, where ours must not be. */
	if (name == host_path && walk->path->held >= 0) {
		walk->path->base = NULL;
		pin_let_go(walk->path);
	}
	if (!text_begins(host_path, "/proc/"))
		length = read_text_link(walk, directory, name, host_path, buf, size);
	else
		length = GATE_4(NR_readlinkat, directory, name, buf, size);
	if (length >= VIEW_HELD)
		return length;
	if ((length == -ENAMETOOLONG || (length > 0 && leaves_no_room(walk->path, (size_t)length))) &&
	    proc_is_kernels_way(host_path))
		return follow_long(walk, host_path, buf, is_last);
	if (length < 0 || !proc_may_be_magic(host_path))
		return length;
	return follow_magic(walk, host_path, buf, length, is_last);
}

static long agent_check_plain(void *context, const char *host_path, enum view_check kind, int *object)
{
	const struct walk_context *walk = context;
	int directory;
	const char *name = name_on_walk(walk, host_path, &directory);
	long status;

	if (name == walk->relative && walk->path->base_link[0])
		return -ELOOP;
	status = check_plain_at(directory, name, kind, object);
	if (status || !object || pin_is_of_mount(name, *object, walk->path->result->mount))
		return status;
	GATE_1(NR_close, *object);
	*object = -1;
	return -ELOOP;
}

/* struct view_operations.stand */
static long agent_stand(void *context, const char *host_path, char *buf, long length)
{
	const struct walk_context *walk = context;
	bool follows = length >= 0;
	struct hardlinks_text read;
	const char *name;
	long parent;
	int directory;

	name = name_on_walk(walk, host_path, &directory);
	if (length < 0)
		length = GATE_4(NR_readlinkat, directory, name, buf, PATH_SIZE);
	if (length <= 0 || !hardlinks_read_text(buf, (size_t)length, &read))
		return -EINVAL;
	parent = pin_open_parent(directory, name == walk->relative ? walk->path->base_link : "", (char *)name);
	if (parent < 0)
		return -EINVAL;
	length = hardlinks_stand((int)parent, buf, (size_t)length, follows);
	GATE_1(NR_close, parent);
	return length < 0 ? -EINVAL : length;
}

/* struct view_operations.is_hidden: an address known when linking. */
static bool agent_is_hidden(const char *name, size_t length)
{
	return hardlinks_is_hidden(name, length);
}

/* The same where only the upper layer has anything. */
static long look_near(int directory, const char *name)
{
	struct stat status;
	long error = GATE_4(NR_newfstatat, directory, name, &status, AT_SYMLINK_NOFOLLOW);

	if (error)
		return error;
	if ((status.st_mode & S_IFMT) == S_IFCHR && !status.st_rdev)
		return VIEW_IS_WHITEOUT;
	return (status.st_mode & S_IFMT) == S_IFDIR ? VIEW_IS_DIRECTORY : VIEW_IS_OTHER;
}

/* struct view_operations.look */
static long agent_look(void *context, const char *host_path, bool is_upper)
{
	const struct walk_context *walk = context;
	int directory;
	const char *name = walk ? name_on_walk(walk, host_path, &directory) : host_path;

	return name == host_path ? overlay_look(gate, host_path, is_upper) : look_near(directory, name);
}

const struct view_operations translate_look = { .look = agent_look };

static long agent_may_search(void *context, const char *host_path)
{
	const struct walk_context *walk = context;
	int directory;
	const char *name = name_on_walk(walk, host_path, &directory);

	if (proc_is_own_descriptors(host_path))
		return 0;
	return access_check_directory(walk->call, directory, name, ACCESS_SEARCH);
}

long translate_directory(int directory, char *buf, char *scratch)
{
	long length;

	if (directory == AT_FDCWD) {
		length = GATE_2(NR_getcwd, scratch, PATH_SIZE);
		if (length > 0 && scratch[0] == '/')
			return mounts_to_guest(directory, scratch, buf);
	}
	length = proc_read_descriptor(directory, scratch);
	if (length < 0)
		return length == -ENOENT ? -EBADF : length;
	return mounts_to_guest(directory, scratch, buf);
}

/* The same in an overlay, of the first LENGTH bytes of REST, which may be BUF: false where it is not there. */
static bool stand_in_layers(uint32_t mount, const char *rest, size_t length, char *buf)
{
	struct layers_place place;
	char path[PATH_SIZE];
	size_t host_length;

	memcpy(path, rest, length);
	path[length] = '\0';
	return !layers_find(the_view(), &translate_look, mount, path, &place, buf, &host_length) && place.is_there;
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
	if (binding->flags & VIEW_OVERLAY &&
	    stand_in_layers(mount, guest_path + binding->guest_length, length - binding->guest_length, buf))
		return;
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

bool translate_passes_as_is(const char *path, unsigned int view_flags, bool removes, unsigned int *count)
{
	if (path[0] == '/' || path[strlen(path) - 1] == '/' || view_flags & VIEW_NO_LINKS)
		return false;
	if (!view_is_relative_plain(the_view(), path, count) || (removes && may_hold_binding(path)))
		return false;
	/* In a virtual directory nothing can be made, which the removed one behind its descriptor would not say. */
	return !(the_view()->flags & VIEW_VIRTUAL && view_flags & (VIEW_PARENT | VIEW_MAY_MAKE));
}

static size_t directory_length(const char *path)
{
	return (size_t)(text_base_name(path) - path) - 1;
}

/* Whether the last component of a path in a plain directory is a link. That a file is none is kept. */
static bool ends_in_link(struct call *call, const struct host_path *out)
{
	size_t length = strlen(out->path);
	long status;

	if (plain_is_known(out->path, length, out->stamp, clock_now()))
		return false;
	status = GATE_4(NR_readlinkat, AT_FDCWD, out->path, call->slot->scratch.link, PATH_SIZE);
	if (status != -EINVAL)
		return status != -ENOENT;
	plain_note(out->path, length, out->stamp, clock_now());
	return false;
}

bool translate_may_be_plain(const char *path, unsigned int view_flags, bool removes)
{
	const char *name;

	if (path[0] != '/' || path[strlen(path) - 1] == '/' || view_flags & VIEW_NO_LINKS)
		return false;
	if (the_view()->flags & VIEW_VIRTUAL && view_flags & (VIEW_PARENT | VIEW_MAY_MAKE))
		return false;
	name = text_base_name(path);
	return !removes || !(may_hold_binding(path) || view_may_be_bound(the_view(), name, strlen(name)));
}

/*
 * What a call makes or removes: its directory is opened by names alone, which is
 * how it turns out that it is plain. Two names that are looked at together have
 * to be in the root's mount.
 */
static bool is_entry_plain(const struct call *call, struct host_path *out, unsigned int view_flags, unsigned int flags,
			   bool removes)
{
	const char *path = out->guest_path;
	uint32_t mount;

	if (!translate_may_be_plain(path, view_flags, removes) || pin_ends_in_dots(path) ||
	    !plain_host_path(path, strlen(path), out->result->host, PATH_SIZE, &mount) ||
	    (mount && flags & TRANSLATE_NAME) || !pin_holds_place(out->result->host) ||
	    (readonly_matters(call) && readonly_is_mount(mount)))
		return false;
	out->path = out->result->host;
	out->directory = AT_FDCWD;
	out->is_plain = true;
	return true;
}

/*
 * Whether an absolute path meets neither binding nor link up to its last
 * component, and no link there that has to be followed.
 */
static bool is_plain(struct call *call, struct host_path *out, unsigned int view_flags, unsigned int flags,
		     bool removes)
{
	const char *path = out->guest_path;
	char *host_path = out->result->host;
	uint32_t mount;

	if (!translate_may_be_plain(path, view_flags, removes) ||
	    !plain_host_path(path, strlen(path), host_path, PATH_SIZE, &mount) ||
	    (readonly_matters(call) && readonly_is_mount(mount)) ||
	    !plain_is_directory(host_path, directory_length(host_path), !mount, &out->stamp))
		return false;
	out->path = host_path;
	out->is_plain = !(view_flags & VIEW_FOLLOW) || flags & TRANSLATE_OBJECT || !ends_in_link(call, out);
	return out->is_plain;
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

/* The base of a relative path: its guest path to GUEST_BASE, its host path to BASE, and how much of the former is
 * names, or 0, to NAMED. */
static long find_base(struct host_path *path, char *guest_base, char *base, size_t *named)
{
	long status = check_is_directory(path->directory);

	if (!status)
		status = translate_directory(path->directory, guest_base, base);
	/* The host's path may be too long for what the guest may still name. */
	if (!status && leaves_no_room(path, strlen(base)))
		status = -ENAMETOOLONG;
	*named = 0;
	if (status == -ENAMETOOLONG) {
		status = deep_find_base(path->directory, path->guest_path, guest_base, base);
		*named = strlen(guest_base) - (size_t)MAX(status, 0);
	}
	if (status >= 0) {
		path->base_directory = path->directory;
		path->base = text_equal(base, "/") ? "" : base;
	}
	return MIN(status, 0);
}

static bool begins_with_dots(const char *path, size_t dots)
{
	return !memcmp(path, "..", dots) && (!path[dots] || path[dots] == '/');
}

static void strip_name(char *path)
{
	size_t length = strlen(path);

	while (length && path[--length] != '/')
		;
	path[length] = '\0';
}

/*
 * BASE, which is called GUEST_BASE, goes up by one name. What has been removed from the upper layer is where such
 * directories go, which is not where it was: above it is the overlay's again.
 */
static void go_up(char *guest_base, char *base)
{
	uint32_t mount = view_find_above(the_view(), guest_base, strlen(guest_base));
	const char *work = overlay_is_mount(mount) ? view_work(the_view(), mount) : NULL;
	struct text text;

	if (work && text_begins(base, work) && base[strlen(work)] == '/') {
		text_init(&text, base, PATH_SIZE);
		text_add(&text, view_host(the_view(), mount));
		text_add(&text, guest_base + view_binding(the_view(), mount)->guest_length);
	}
	strip_name(guest_base);
	strip_name(base);
}

/*
 * PATH is relative to such a directory. In one that has been removed there is nothing but the way up, which *PATH
 * loses, as do GUEST_BASE and BASE: 0, or -ENOENT. If KEEPS_LAST it is not lost as the last name, which is not gone.
 */
static long leave_removed(char *guest_base, char *base, size_t named, const char **path, bool keeps_last)
{
	bool is_at_end = false;
	long status = -ENOENT;

	while (status == -ENOENT && !is_at_end) {
		bool goes_up = begins_with_dots(*path, 2);

		if (!goes_up && !(begins_with_dots(*path, 1) && (*path)[1]))
			return status;
		if (goes_up)
			go_up(guest_base, base);
		*path += goes_up ? 2 : 1;
		while (**path == '/')
			++*path;
		is_at_end = !**path;
		if (is_at_end)
			*path = goes_up && keeps_last ? ".." : ".";
		status = check_base(guest_base, base, named);
	}
	return status;
}

/* Whether the walk may begin at DIRECTORY, which has no name any more that this could be asked of. */
static bool may_search_removed(struct call *call, int directory)
{
	if (access_is_checked(call))
		return access_check_directory(call, directory, "", ACCESS_SEARCH) != -EACCES;
	return GATE_4(NR_faccessat2, directory, "", ACCESS_SEARCH, AT_EACCESS | AT_EMPTY_PATH) != -EACCES;
}

/* closed_find() of such a base. */
static long enter_closed(int directory, const char *guest_base, const char *base, size_t *named)
{
	char link[CLOSED_LINK_SIZE];

	closed_link(directory, link);
	return closed_find(guest_base, base, link, named);
}

/* Whether DIRECTORY is in the work directory of an overlay, which only who was forked while we used it can have. */
static bool is_in_work(int directory, char *buf)
{
	if (!overlay_is_there() || proc_read_descriptor(directory, buf) < 0)
		return false;
	for (uint32_t i = 0; i < the_view()->binding_count; i++) {
		const char *work = overlay_is_mount(i) ? view_work(the_view(), i) : NULL;

		if (work && text_begins(buf, work) && (!buf[strlen(work)] || buf[strlen(work)] == '/'))
			return true;
	}
	return false;
}

/* Whether the path, whose base could not be told, can be left to the kernel. */
static bool is_own_way(const struct host_path *out, long status)
{
	if (status == -ENOENT)
		return out->directory != AT_FDCWD; /* a directory outside the view that the guest was given: its own */
	return false;
}

/* A link of /proc to what the process has open leads to what the kernel has there, which may have been copied since. */
static void renew_own(const char *host_path)
{
	int own = proc_own_descriptor(host_path);

	if (own != PROC_NOT_OWN)
		overlay_renew(own);
}

/* What has been removed from an overlay, a lower layer has still: the kernel would find what was in there. */
static bool is_there_still(int directory)
{
	struct stat status;

	return GATE_4(NR_newfstatat, directory, "", &status, AT_EMPTY_PATH) || status.st_nlink;
}

static long resolve(struct call *call, unsigned int which, unsigned int view_flags, bool refuses_magic)
{
	struct slot *slot = call->slot;
	struct host_path *out = &call->paths[which];
	struct walk_context context = {
		.path = out,
		.base = slot->base[which],
		.relative = slot->relative[which],
		.refuses_magic = refuses_magic,
		.call = call,
		.mark = call->mark,
		/*
		 * What a relative path begins at another thread may change at any time. But with VIEW_IN_ROOT the
		 * base is the root too: it must not become another.
		 */
		.holds = (call->holds || out->guest_path[0] != '/') && !(view_flags & (VIEW_BENEATH | VIEW_IN_ROOT)),
	};
	const struct view_operations operations = {
		.context = &context,
		.named = &context.named,
		.root = root_path(),
		.read_link = agent_read_link,
		.check_plain = agent_check_plain,
		.may_search = access_is_checked(call) ? agent_may_search : NULL,
		.stand = hardlinks_are_on() ? agent_stand : NULL,
		.is_hidden = hardlinks_are_on() ? agent_is_hidden : NULL,
		.look = agent_look,
	};
	const char *guest_path = out->guest_path;
	bool is_removed = false;
	long status = 0;

	slot->spare[0] = '\0';
	if (out->guest_path[0] != '/' || view_flags & VIEW_IN_ROOT) {
		status = find_base(out, slot->spare, slot->base[which], &context.named);
		if (!status && overlay_is_there()) {
			status = check_base(slot->spare, slot->base[which], context.named);
			if (status == -ENOENT && !may_search_removed(call, out->directory))
				return -EACCES;
			if (status == -ENOENT) {
				/* Names from BASE on are not those from the descriptor on any more. */
				out->base = NULL;
				status = leave_removed(slot->spare, slot->base[which], context.named, &guest_path,
						       view_flags & VIEW_PARENT);
			}
			if (status == -EACCES && !context.named)
				status = enter_closed(out->directory, slot->spare, slot->base[which], &context.named);
			is_removed = status == -ENOENT;
		}
		/* It is there still for who is in it. */
		if (status == -ENOENT && (text_equal(guest_path, ".") || text_equal(guest_path, ".."))) {
			out->is_own_way = true;
			return 0;
		}
		if (is_own_way(out, status) && !is_removed && is_in_work(out->directory, slot->base[which]))
			return -EACCES;
		if (is_own_way(out, status) && !(is_removed && is_there_still(out->directory))) {
			out->is_own_way = true;
			return 0;
		}
	}
	if (status)
		return status;
	status =
		view_resolve(the_view(), &operations, slot->spare, guest_path, view_flags, &slot->scratch, out->result);
	if (!status && context.is_refused)
		status = -EACCES;
	if (status)
		return status;
	out->is_resolved = true;
	if (overlay_is_there() && out->result->is_magic)
		renew_own(out->result->host);
	out->pin = out->result->object;
	out->path = name_on_walk(&context, out->result->host, &out->directory);
	return 0;
}

static unsigned int view_flags_of(const struct call *call, const struct call_path *shape)
{
	if (shape->follow == FOLLOW_MAKES || shape->follow == FOLLOW_REMOVES)
		return VIEW_PARENT;
	return call_follows(shape, call->arguments) ? VIEW_FOLLOW : 0;
}

/* What path is to be held by, if its text alone may come to lead elsewhere. */
static enum pin_kind pin_kind_of(unsigned int view_flags, unsigned int flags)
{
	if (view_flags & VIEW_FOLLOW)
		return PIN_OBJECT;
	return flags & TRANSLATE_OBJECT ? PIN_LINK : PIN_PARENT;
}

/* Whether the kernel goes through the last component in any case: because of a slash behind it, or it is a dot. */
static bool follows_unasked(const struct host_path *path, unsigned int view_flags)
{
	return path->is_resolved && !(view_flags & VIEW_PARENT) &&
	       (path->result->wants_directory || pin_ends_in_dots(path->path));
}

/* Find out what the path names: how the kernel is told, and in OUT->result, or out->is_resolved is false. */
static long name_path(struct call *call, unsigned int which, unsigned int view_flags, unsigned int flags)
{
	bool removes = call->row->paths[which].follow == FOLLOW_REMOVES;
	struct host_path *out = &call->paths[which];
	unsigned int count;
	long status;

	out->kind = pin_kind_of(view_flags, flags);
	if (hardlinks_want_walk(out->guest_path, view_flags))
		flags = (flags | TRANSLATE_FULL) & ~(unsigned int)TRANSLATE_PLAIN;
	if (!(flags & TRANSLATE_FULL) && !readonly_matters(call) &&
	    translate_passes_as_is(out->guest_path, view_flags, removes, &count)) {
		out->is_as_is = true;
		/* One component that is not followed leads nowhere else. */
		if (count == 1 && (flags & TRANSLATE_OBJECT || !(view_flags & VIEW_FOLLOW)))
			out->kind = PIN_NONE;
		return 0;
	}
	if (!(flags & TRANSLATE_FULL) && view_flags & VIEW_PARENT &&
	    is_entry_plain(call, out, view_flags, flags, removes))
		return 0;
	if (flags & TRANSLATE_PLAIN && is_plain(call, out, view_flags, flags, removes)) {
		out->directory = AT_FDCWD;
		out->kind = PIN_NONE;
		return 0;
	}
	if (out->kind != PIN_PARENT && !(flags & TRANSLATE_NAME))
		view_flags |= VIEW_OBJECT;
	status = resolve(call, which, view_flags, flags & (TRANSLATE_NO_MAGIC | TRANSLATE_NO_LINKS));
	if (!status && out->kind == PIN_PARENT && follows_unasked(out, view_flags))
		out->kind = PIN_OBJECT;
	return status;
}

static void set_arguments(struct call *call, unsigned int which)
{
	const struct call_path *shape = &call->row->paths[which];

	call->arguments[shape->path] = (unsigned long)call->paths[which].path;
	if (shape->directory != CALL_CWD)
		call->arguments[shape->directory] = (unsigned long)call->paths[which].directory;
}

static long hold(struct call *call, unsigned int which)
{
	struct host_path *path = &call->paths[which];

	return pin_path(path, path->kind, call_takes_directory(call, which), call->slot->pinned[which]);
}

long translate_hold(struct call *call, unsigned int which)
{
	long status = hold(call, which);

	set_arguments(call, which);
	return status;
}

/* Whether the parent of what the walk has found, of LENGTH bytes, is where the guest's text says, from the root on. */
static bool is_by_text(const struct host_path *path, size_t length)
{
	return !memcmp(path->guest_path, path->result->guest, length) && path->guest_path[length] == '/';
}

/*
 * What the walk has found out about layers, for the fast way. Whether the directory itself may be searched it has not
 * asked; those above it it has come through.
 */
static void note_layers(const struct call *call, const struct host_path *path, uint64_t now)
{
	const struct view_result *at = path->result;
	size_t parent = at->guest_length;
	bool is_absolute;

	if (!path->is_resolved || at->is_virtual || at->is_magic || at->is_nameless || at->ends_in_dot ||
	    at->is_mount_point || !overlay_is_mount(at->mount))
		return;
	while (at->guest[--parent] != '/')
		;
	is_absolute = is_by_text(path, parent);
	plain_note_layers(at->guest, parent, is_absolute, at->place.above, call->mark, now);
	if (at->place.merged)
		plain_note_layers(at->guest, at->guest_length, is_absolute, at->place.merged, call->mark, now);
}

/* Who changes names all the time must not keep another process here for ever. */
#define TRIES_MOST 1000

static long translate_from(struct call *call, unsigned int which, int directory, unsigned int view_flags,
			   unsigned int flags)
{
	struct host_path *out = &call->paths[which];
	uint64_t now = overlay_is_there() ? clock_now() : 0;
	long status = PIN_AGAIN;

	/* All that the path leads through has to be looked at. */
	if (access_is_checked(call))
		flags = (flags | TRANSLATE_FULL) & ~(unsigned int)TRANSLATE_PLAIN;

	for (unsigned int tries = 0; status == PIN_AGAIN && tries < TRIES_MOST; tries++) {
		pin_close(out);
		call->holds |= tries >= TRANSLATE_HOLDING_TRY;
		call->mark = plain_mark();
		*out = (struct host_path){
			.directory = directory,
			.path = call->slot->path[which],
			.pin = -1,
			.held = -1,
			.result = &call->slot->results[which],
			.guest_path = call->slot->path[which],
		};
		status = name_path(call, which, view_flags, flags);
		if (!status && !(flags & TRANSLATE_NAME))
			status = hold(call, which);
		if ((status < 0 || out->is_resolved) && !call->holds && plain_has_changed(call->mark))
			status = PIN_AGAIN;
		flags = (flags | TRANSLATE_FULL) & ~(unsigned int)TRANSLATE_PLAIN;
	}
	if (!status && overlay_is_there())
		note_layers(call, out, now);
	return status == PIN_AGAIN ? -ELOOP : status;
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
		return readonly_check(call, which, TRANSLATE_NOTHING);
	status = guest_read_string(guest_path, call->original[shape->path], PATH_SIZE);
	if (status < 0)
		return status;
	call->arguments[shape->path] = (unsigned long)guest_path;
	if (!status)
		return readonly_check(call, which, TRANSLATE_NOTHING);
	view_flags |= (flags & TRANSLATE_NO_LINKS ? VIEW_NO_LINKS : 0) |
		      (flags & TRANSLATE_MAY_MAKE ? VIEW_MAY_MAKE : 0) | (flags & TRANSLATE_OF_VIEW);
	status = translate_from(call, which, directory, view_flags, flags);
	set_arguments(call, which);
	return status ? status : readonly_check(call, which, status);
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
	case -EISDIR: /* of one that is to be made */
		return "/proc/";
	case -ENAMETOOLONG:
		return "/" LONG_NAME "/x";
	case -ELOOP:
		return MANY_LINKS;
	case -EBADF:
		return ".proot-nowhere/.proot-nowhere";
	case -EACCES:
		/* Of the first process an ordinary user may see nothing. */
		return "/proc/1/root/.proot-nowhere/.proot-nowhere";
	default:
		return NULL;
	}
}

/* Make the call with PATH, or where it is NULL with none that can be read, in place of path WHICH and those behind it.
 */
static long make_with(struct call *call, unsigned int which, const char *path)
{
	for (unsigned int i = which; i < ARRAY_SIZE(call->paths) && call->row->paths[i].follow != FOLLOW_NONE; i++)
		call->arguments[call->row->paths[i].path] = path ? (unsigned long)path : BAD_ADDRESS;
	return call_make(call, call->nr);
}

long translate_refuse(struct call *call, unsigned int which, long error)
{
	const char *path = translate_path_of_error(error);
	long result;

	/* In a directory that exists in the view only the walk itself says so, whatever the call. */
	if (error == -EROFS && call->row->writes && (call->paths[which].is_resolved || !call->paths[which].guest_path))
		return readonly_refuse(call, which);
	if (error != -EFAULT && !path)
		return error;
	result = make_with(call, which, path);
	/* A sandbox that lets nobody make hard links says so before the kernel looks at paths. */
	if (error == -EACCES && hardlinks_are_on() && call->row->handler == handle_link && hardlinks_is_refusal(result))
		return error;
	if (error != -EACCES || result != -ENOENT)
		return result;
	/* The path may have been allowed after all, or something else is missing: another path tells. */
	result = make_with(call, which, translate_path_of_error(-ENOTDIR));
	return result == -ENOTDIR ? error : result;
}

long translate_refuse_own(struct call *call, unsigned int which, long error)
{
	long result;

	call_start_anew(call);
	result = make_with(call, which, translate_path_of_error(-ENOTDIR));
	return result < 0 && result != -ENOTDIR ? result : error;
}

static void strip_last(char *path)
{
	size_t length = strlen(path);

	while (length > 1 && path[length - 1] == '/')
		length--;
	while (length && path[length - 1] != '/')
		length--;
	path[length] = '\0';
}

char *translate_parent(const struct call *call, const struct host_path *path, int *directory)
{
	char *guest_path = call->slot->scratch.link, *name = call->slot->spare;
	const struct view_result *result = path->result;

	*directory = path->directory;
	if (!result->is_virtual && !result->is_mount_point) {
		memcpy(name, path->path, strlen(path->path) + 1);
		strip_last(name);
	} else {
		memcpy(guest_path, result->guest, result->guest_length + 1);
		if (!result->ends_in_dot)
			strip_last(guest_path);
		guest_path[strlen(guest_path) - text_ends(guest_path, "/")] = '\0';
		translate_stand_in(guest_path, name);
		*directory = AT_FDCWD;
		if (result->is_parent_anchored && path->base &&
		    name_from_base(path, result->anchor, name, guest_path)) {
			*directory = path->base_directory;
			name = guest_path;
		}
		if (strlen(name) + 3 < PATH_SIZE)
			memcpy(name + strlen(name), "/", 2);
	}
	if (strlen(name) + 2 < PATH_SIZE)
		memcpy(name + strlen(name), ".", 2);
	return name;
}
