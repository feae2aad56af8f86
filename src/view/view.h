/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The view: what the guest sees. A root, and bindings over it.
 *
 * A pure module: no allocation, no globals, no system call. It answers "which
 * host path stands behind this guest path" the way Linux resolves a path below
 * chroot(2) and bind mounts, and reads the host only through the operations
 * its caller gives. The agent, the command and the unit tests share it.
 *
 * The view itself is one block of memory without pointers (offsets from its
 * start), so that it can be a read-only segment of the image, or memory that
 * guests share and change (view/change.h).
 *
 * Canonical guest paths inside the view have no final slash: the root is "".
 */
#ifndef VIEW_VIEW_H
#define VIEW_VIEW_H

#include "base/base.h"

#define VIEW_LINKS_MOST 40 /* MAXSYMLINKS, include/linux/namei.h, Linux 4.2 and later */

enum view_binding_flags {
	VIEW_DIRECTORY = 1,  /* the host object is a directory */
	VIEW_VIRTUAL = 2,    /* a directory with no host object: it is there because something is bound below */
	VIEW_UNLISTED = 4,   /* its name is missing in the host's listing of the directory it is in */
	VIEW_TWICE = 8,	     /* its host object is seen at another place too */
	VIEW_HOST = 16,	     /* the host's root, for programs of the host: an absolute link in it begins there too */
	VIEW_TEMPORARY = 32, /* its host object was made for it, or lies in what was */
	VIEW_READ_ONLY = 64, /* nothing in it can be changed by it: agent/readonly.h */
	VIEW_OVERLAY = 128,  /* its host object is the upper one of several layers: view/layers.h */
};

/* A place of the view. Entry 0 is the root. Its number stays the same as long as it is there. */
struct view_binding {
	uint32_t guest; /* offset of the canonical guest path */
	uint32_t guest_length;
	uint32_t host; /* offset of the canonical host path; "" for "/"; of "" where virtual; of view_layer(0) */
	uint32_t host_length;
	uint32_t flags;	 /* enum view_binding_flags */
	uint32_t parent; /* the entry it was mounted in, or over */
	/* Of view/change.h: */
	uint32_t age;  /* in the order of mounting; 0: from the beginning, those above before those below */
	uint32_t left; /* when it was unmounted */
};

/* Which entries are in force. */
struct view_order {
	uint32_t count;	  /* the first of them, sorted by guest path, byte-wise */
	uint32_t covered; /* so many more behind those, that others hide: mounted later at their place or above */
	uint32_t entries[];
};

struct view {
	uint32_t size;		/* of the whole block in bytes */
	uint32_t capacity;	/* bytes usable by view_add() */
	uint32_t binding_count; /* entries that are or have been in use: at least 1 */
	uint32_t strings;	/* offset behind the last string */
	uint32_t flags;		/* of all bindings, or-ed */
	uint32_t order;		/* offset of the order in force */
	uint64_t names[4];	/* which name hashes are the last component of a binding */
	uint64_t above[4];	/* which are a component above a binding */
	uint32_t bindings;	/* offset of the array */
	uint32_t binding_most;	/* entries the array has room for */
	/* Of view/change.h; 0 where the view can't be changed: */
	uint32_t orders;      /* offset of the places for orders, which are used in turn */
	uint32_t base_count;  /* so many entries are from the beginning */
	uint32_t texts;	      /* offset of the room for the paths of the others */
	uint32_t age;	      /* of the last change */
	uint32_t order_count; /* how many orders have been in force */
	uint32_t reserved;
};

/* So many places for orders there are: one is written again when so many less two have been in force behind it. */
#define VIEW_ORDERS 32

/* A step of a walk, for who wants to explain it. */
enum view_event {
	VIEW_BEGIN,	    /* it stands at its base */
	VIEW_ENTER,	    /* a name has been entered, which may be a link */
	VIEW_ENTER_BINDING, /* the name of a binding */
	VIEW_UP,	    /* ".." */
	VIEW_LINK,	    /* the place is a link, and is going to be followed */
	VIEW_KERNEL_LINK,   /* it is one that the kernel alone can follow */
};

enum view_check {
	VIEW_CHECK_DIRECTORY, /* it must be a directory */
	VIEW_CHECK_ANY,	      /* its last component may be anything but a link */
	VIEW_CHECK_OBJECT,    /* its last component may be a link; as with O_NOFOLLOW */
};

/* What a layer of an overlay has at a place: view/layers.h. */
enum view_object {
	VIEW_IS_OTHER, /* neither of these */
	VIEW_IS_DIRECTORY,
	VIEW_IS_OPAQUE,	  /* a directory: what lower layers have there is not seen */
	VIEW_IS_WHITEOUT, /* nothing, whatever lower layers have there */
};

struct view_result;

/* A component that stands for several levels: how many is not known. Up from there is ENAMETOOLONG. */
#define VIEW_CUT "\002"

/* What the resolver may ask of the host. */
struct view_operations {
	void *context; /* handed to both */
	/*
	 * In an overlay the base, or what VIEW_JUMP leads to, may lie so far down that the host does not tell its path.
	 * It is a directory that only the upper layer has, and the components of its guest path from this byte on are
	 * no names, but so many levels down; the first may be VIEW_CUT. 0: it has a name. May be NULL.
	 */
	const size_t *named;
	/*
	 * The root of the process that asks, a canonical guest path: absolute
	 * paths and links begin there, and ".." stays there. NULL or "": the
	 * view's.
	 */
	const char *root;
	/*
	 * The target of the symbolic link HOST_PATH: its length, without a
	 * final NUL. -EINVAL when it is something else; -ELOOP when it may
	 * not be followed; other negative errno as readlink(2). A target of exactly SIZE bytes counts as too long.
	 *
	 * VIEW_JUMP + length: the link is no text but leads straight to the
	 * object whose canonical guest path ("/" for the root) is in BUF, with
	 * a final NUL: nothing is looked up on the way there. It is the base from
	 * then on.
	 *
	 * VIEW_HELD + length: the target's text as it is, and what follows, if
	 * that is relative, may be named from the directory the link is in: it
	 * is the base from then on.
	 *
	 * VIEW_MAGIC: a link the kernel alone can follow (/proc/PID/fd/N and
	 * its kind): the resolver leaves it in the host path as it is.
	 */
	long (*read_link)(void *context, const char *host_path, char *buf, size_t size, bool is_last);
	/*
	 * Whether HOST_PATH exists and no component of it is a symbolic link:
	 * 0 when so; -ELOOP when one is, or when it can't be told; -ENOENT,
	 * -ENOTDIR or -EACCES as open(2) has it. KIND says what more. An
	 * O_PATH descriptor is left in *OBJECT unless OBJECT is NULL. The
	 * operation may be NULL.
	 */
	long (*check_plain)(void *context, const char *host_path, enum view_check kind, int *object);
	/*
	 * Whether who asks may search the directory HOST_PATH: 0, or -EACCES. Asked before anything is looked up
	 * there, which nothing is then without. May be NULL: the kernel tells, and is right.
	 */
	long (*may_search)(void *context, const char *host_path);
	/*
	 * Told of each step. RESULT is where the walk stands: host and guest path and the mount are valid. TEXT, of
	 * LENGTH bytes, is a link's target. May be NULL; with check_plain() not every step is told.
	 */
	void (*tell)(void *context, enum view_event event, const struct view_result *result, const char *text,
		     size_t length);
	/*
	 * A link may be no link to the guest, but one of several names of a file: that file's host path into BUF of
	 * PATH_SIZE, and its length, if HOST_PATH is such; or -EINVAL. The link's text, LENGTH bytes, is in BUF; or it
	 * is not known and LENGTH negative, as where the link is not to be followed. VIEW_TEXT + length: it is
	 * followed, the file is a link itself, and that one's text is in BUF. May be NULL, as may is_hidden: whether a
	 * guest finds nothing by NAME.
	 */
	long (*stand)(void *context, const char *host_path, char *buf, long length);
	bool (*is_hidden)(const char *name, size_t length);
	/*
	 * What is at HOST_PATH, in a layer of an overlay, not followed: enum view_object, or a negative errno.
	 * IS_UPPER: it is the upper layer. NULL only where no view has an overlay.
	 */
	long (*look)(void *context, const char *host_path, bool is_upper);
};

#define VIEW_MAGIC (-4096)
#define VIEW_JUMP 0x10000
#define VIEW_HELD 0x20000
#define VIEW_TEXT 0x40000

enum view_resolve_flags {
	VIEW_FOLLOW = 1,     /* follow a symbolic link in the last component */
	VIEW_PARENT = 2,     /* the call makes or removes the last component: keep it as it is written */
	VIEW_NO_LINKS = 8,   /* a symbolic link anywhere is ELOOP */
	VIEW_MAY_MAKE = 16,  /* the call may make the last component: if missing, no error; with a slash, EISDIR */
	VIEW_OBJECT = 32,    /* the caller has a use for result->object */
	VIEW_MISSING_OK = 4, /* take missing components as named, for the place of a binding; ".." is ENOENT */
	/* RESOLVE_BENEATH, _IN_ROOT and _NO_XDEV of openat2(2): */
	VIEW_BENEATH = 64,    /* a step out of GUEST_BASE is EXDEV, as is an absolute path or link */
	VIEW_IN_ROOT = 128,   /* GUEST_BASE is the root: ".." stays there, absolute paths and links begin there */
	VIEW_NO_MOUNTS = 256, /* a step to another binding is EXDEV */
};

/* Where a name of an overlay lies in its layers. Bit N of a set is layer N; layer 0 is the upper one. */
struct layers_place {
	uint64_t merged;  /* the layers whose directories are seen there as one; 0: it is no directory */
	uint64_t above;	  /* the same of the directory it is in */
	uint32_t layer;	  /* which has it; or where nothing is, the directory */
	bool is_there;	  /* one has it */
	bool is_whiteout; /* the upper layer has a whiteout of it */
};

/*
 * Where a path leads. HOST and GUEST are NUL-terminated. With VIEW_PARENT a
 * last component "." or ".." and slashes behind the last component stay in
 * HOST, because the kernel's answer depends on them.
 */
struct view_result {
	/* What is small lies in front, in one page with the beginning of a text. */
	size_t host_length;
	size_t guest_length;
	uint32_t mount;	       /* index of the deepest binding at or above GUEST */
	uint32_t parent_mount; /* the same for the directory that holds the last component */
	int object;	       /* with VIEW_OBJECT: an O_PATH descriptor of the place, the caller's to close, or -1 */
	bool is_mount_point;   /* GUEST is exactly a binding (or the root) */
	bool is_root;	       /* GUEST is the root of who asks */
	bool is_virtual;       /* GUEST is a virtual directory: HOST is not valid */
	bool is_magic;	       /* HOST ends in a link left to the kernel: the object may be anywhere */
	bool is_nameless;      /* GUEST is of an overlay, and has components that are no names */
	/*
	 * The walk has met no binding, no absolute link and no root since it
	 * began at its base, or jumped: HOST may be named from there. ANCHOR is
	 * the length of the host path of the highest directory it has been in.
	 */
	bool is_anchored;
	bool is_parent_anchored; /* with VIEW_PARENT, of a binding: the directory that holds it may be */
	size_t anchor;
	/* In an overlay (the mount has VIEW_OVERLAY): see struct layers_place, view/layers.h. */
	struct layers_place place;
	bool ends_in_dot;     /* the path ended in "." or, with VIEW_PARENT, ".." */
	bool wants_directory; /* the path ended in "/", "/." or "/.." */
	char host[PATH_SIZE];
	char guest[PATH_SIZE]; /* canonical; "" is the root */
};

/* Storage view_resolve() needs; too large for a guest's stack. */
struct view_scratch {
	char rest[2 * PATH_SIZE];
	char link[PATH_SIZE];
};

/*
 * Resolve GUEST_PATH, relative to the canonical GUEST_BASE unless it begins
 * with a slash. Returns 0 or a negative errno as path_resolution(7) has it. A
 * missing last component is not an error here: the call on RESULT->host tells.
 * After -EACCES, RESULT->host is at or below the place that may not be searched;
 * after -ENOENT, at or below what is missing.
 * An empty GUEST_PATH is -ENOENT.
 */
long view_resolve(const struct view *view, const struct view_operations *operations, const char *guest_base,
		  const char *guest_path, unsigned int flags, struct view_scratch *scratch, struct view_result *result);

/*
 * The guest path of the canonical absolute HOST_PATH, written to BUF: its
 * length, or -ENOENT when the guest can't see it, -ENAMETOOLONG. The root is
 * "/" here: this is what guests read. Of several places it is the one that was
 * mounted first, or that of the longest host path where they are from the beginning.
 */
long view_to_guest(const struct view *view, const char *host_path, char *buf, size_t size);

/* The same, or where it was seen before something was mounted over it. */
long view_to_guest_covered(const struct view *view, const char *host_path, char *buf, size_t size);

/* The same where it is known to be seen in the entry MOUNT; -ENOENT when it is not. */
long view_to_guest_in(const struct view *view, uint32_t mount, const char *host_path, char *buf, size_t size);

/* Whether the canonical HOST_PATH may be seen at more than one place. */
bool view_shows_twice(const struct view *view, const char *host_path);

/*
 * Whether a relative path can be left to the kernel as far as bindings go: no
 * component of it is ".." or the name of a binding's last component; nor "." if
 * there are virtual directories, which the kernel knows nothing of. COUNT gets
 * the number of components.
 */
bool view_is_relative_plain(const struct view *view, const char *guest_path, unsigned int *count);

/* Of few of its bytes: this is done for most components of most paths. */
static inline unsigned int view_name_hash(const char *name, size_t length)
{
	unsigned int hash = (unsigned int)length * 37;

	if (length)
		hash += (unsigned char)name[0] * 7u + (unsigned char)name[length / 2] * 31u +
			(unsigned char)name[length - 1] * 101u;
	return (hash ^ hash >> 8) & 255;
}

/* Whether NAME, whose hash is a binding's, may be the last component of one. */
bool view_has_name(const struct view *view, const char *name, size_t length);

/* Whether NAME, of LENGTH bytes, may be the last component of a binding: a quick "no" for most. */
static inline bool view_may_be_bound(const struct view *view, const char *name, size_t length)
{
	unsigned int hash = view_name_hash(name, length);

	return view->names[hash / 64] >> hash % 64 & 1 && view_has_name(view, name, length);
}

/* Whether NAME, of LENGTH bytes, may be the name of a directory that has a binding in it or below. */
bool view_may_be_above(const struct view *view, const char *name, size_t length);

/*
 * The host path of an absolute path of LENGTH bytes as it stands, into BUF of
 * SIZE (which may be GUEST_PATH itself): its length, or 0 when it can't be told
 * so, because of a ".." or a virtual directory, or of its length. It is right
 * unless a link is on the way, which the kernel can tell (RESOLVE_NO_SYMLINKS).
 * *MOUNT becomes the entry the path is in; whether the guest may pass the
 * directories above that is the caller's to find out.
 */
size_t view_to_host_plain(const struct view *view, const char *guest_path, size_t length, char *buf, size_t size,
			  uint32_t *mount);

/* The entry whose guest path is exactly GUEST_PATH (LENGTH bytes), or -1. */
int view_find(const struct view *view, const char *guest_path, size_t length);
/* The deepest entry at or above the canonical GUEST_PATH. Never fails: there is the root. */
uint32_t view_find_above(const struct view *view, const char *guest_path, size_t length);
/* Whether an entry lies strictly below the canonical GUEST_PATH. */
bool view_has_below(const struct view *view, const char *guest_path, size_t length);
/*
 * The next entry directly inside the directory GUEST_PATH after entry AFTER
 * (-1: from the start), or -1. NAME gets its last component.
 */
int view_next_child(const struct view *view, const char *guest_path, size_t length, int after, const char **name);

/* A number from before a change may be used still: it must not lead out of the block. */
static inline const struct view_binding *view_binding(const struct view *view, uint32_t index)
{
	return (const struct view_binding *)((const char *)view + view->bindings) +
	       (index < view->binding_most ? index : 0);
}

/* The order in force. It stays readable for a while when that has become another. */
static inline const struct view_order *view_order(const struct view *view)
{
	return (const struct view_order *)((const char *)view + __atomic_load_n(&view->order, __ATOMIC_ACQUIRE));
}

static inline size_t view_order_size(uint32_t binding_most)
{
	return ALIGN_UP(sizeof(struct view_order) + binding_most * sizeof(uint32_t), 8);
}

static inline const char *view_guest(const struct view *view, uint32_t index)
{
	return (const char *)view + view_binding(view, index)->guest;
}

static inline const char *view_host(const struct view *view, uint32_t index)
{
	return (const char *)view + view_binding(view, index)->host;
}

/*
 * With VIEW_OVERLAY the host path is followed by more strings: the host path of the directory things are made in that
 * are not to be seen yet, one with a byte that is the number of lower layers, and their host paths, the upper first.
 */
#define VIEW_LAYERS_MOST 60

static inline const char *view_layers_next(const char *string)
{
	return string + strlen(string) + 1;
}

static inline const char *view_work(const struct view *view, uint32_t index)
{
	return view_layers_next(view_host(view, index));
}

/*
 * The directory in the work directory in which a directory that is removed has the name it had in the overlay: so what
 * the kernel calls it then, for who has it open, can be told.
 */
#define VIEW_REMOVED "removed"

/* How many layers entry INDEX has, the upper one too. */
static inline unsigned int view_layer_count(const struct view *view, uint32_t index)
{
	return 1u + (unsigned char)*view_layers_next(view_work(view, index));
}

/* The host path of layer NUMBER of entry INDEX; "" for "/". */
static inline const char *view_layer(const struct view *view, uint32_t index, unsigned int number)
{
	const char *layer = view_host(view, index);

	if (number)
		for (layer = view_layers_next(view_work(view, index)); number; number--)
			layer = view_layers_next(layer);
	return layer;
}

/*
 * Building, done by the command. view_init() lays an empty view with the root
 * HOST_ROOT into BLOCK of CAPACITY bytes, with room for BINDINGS more.
 */
long view_init(struct view *block, size_t capacity, uint32_t bindings, const char *host_root);
/*
 * Add or replace the entry at the canonical GUEST_PATH. FLAGS is of enum
 * view_binding_flags; HOST_PATH canonical ("/" for the root), "" where virtual; with VIEW_OVERLAY all the strings, of
 * which those of layers are "" for the root. -ENOSPC when the block is full.
 */
long view_add(struct view *view, const char *guest_path, const char *host_path, uint32_t flags);
/* How many bytes the strings of an overlay take, with their NULs. */
size_t view_layers_size(const char *strings);
/* When all entries are there: note in which of them each lies. */
void view_note_parents(struct view *view);
/* Likewise: set VIEW_TWICE where need be, and only there. */
void view_note_twice(struct view *view);
/* Make names and flags those of the entries in force, or with MORE add these to what they are. */
void view_note_names(struct view *view, const struct view_order *order, bool more);

#endif
