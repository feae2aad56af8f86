/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Extended attributes, where the guest is not who the kernel knows, or there are overlays. The one that a file's owner
 * is kept in is no guest's. Those that only root may set, security.* and trusted.*, are kept as attributes of the
 * user's, with XATTR_HIDDEN in front.
 */
#include "agent/access.h"
#include "agent/attributes.h"
#include "agent/child.h"
#include "agent/dispatch.h"
#include "agent/guest_memory.h"
#include "agent/handlers.h"
#include "agent/object.h"
#include "agent/overlay.h"
#include "agent/owner.h"
#include "agent/raised.h"
#include "agent/room.h"
#include "agent/translate.h"
#include "agent/xattr.h"
#include "base/text.h"
#include "image/overlay.h"
#include <asm/fcntl.h>
#include <linux/capability.h>
#include <linux/fcntl.h>
#include <linux/limits.h>
#include <linux/mman.h>
#include <linux/posix_acl.h>
#include <linux/posix_acl_xattr.h>
#include <linux/stat.h>
#include <linux/xattr.h>

#define SECURITY "security."
#define CAPABILITY "security.capability"
#define TRUSTED "trusted."
#define NAME_SIZE (XATTR_NAME_MAX + 1)

enum attribute_action { GET, SET, LIST, REMOVE };

/* What a call is about. */
struct attribute {
	enum attribute_action action;
	char name[NAME_SIZE]; /* as the kernel is to be told */
	unsigned long name_at;
	unsigned long value, size;
	unsigned int flags;
	bool is_roots; /* the guest's name is of those that only root may set */
	bool is_bare;  /* it was nothing but the beginning that an overlay's own have */
};

/* struct xattr_args, include/uapi/linux/xattr.h, Linux 6.13. */
struct arguments_at {
	uint64_t value;
	uint32_t size;
	uint32_t flags;
};

static enum attribute_action action_of(unsigned long nr)
{
	switch (nr) {
	case NR_getxattr:
	case NR_lgetxattr:
	case NR_fgetxattr:
	case NR_getxattrat:
		return GET;
	case NR_setxattr:
	case NR_lsetxattr:
	case NR_fsetxattr:
	case NR_setxattrat:
		return SET;
	case NR_listxattr:
	case NR_llistxattr:
	case NR_flistxattr:
	case NR_listxattrat:
		return LIST;
	default:
		return REMOVE;
	}
}

/* The arguments behind the path, in the forms with a directory. */
static long read_form_at(const struct call *call, struct attribute *attribute)
{
	const unsigned long *a = call->original;
	struct arguments_at arguments = { 0 };

	if (attribute->action == LIST) {
		attribute->value = a[3];
		attribute->size = a[4];
		return 0;
	}
	attribute->name_at = a[3];
	if (attribute->action == REMOVE)
		return 0;
	if (a[5] < sizeof(arguments))
		return -EINVAL;
	if (guest_read(&arguments, a[4], sizeof(arguments)))
		return -EFAULT;
	attribute->value = arguments.value;
	attribute->size = arguments.size;
	attribute->flags = arguments.flags;
	return 0;
}

static long read_form(const struct call *call, struct attribute *attribute)
{
	const unsigned long *a = call->original;

	*attribute = (struct attribute){ .action = action_of(call->nr) };
	if (call->nr == NR_setxattrat || call->nr == NR_getxattrat || call->nr == NR_listxattrat ||
	    call->nr == NR_removexattrat)
		return read_form_at(call, attribute);
	if (attribute->action == LIST) {
		attribute->value = a[1];
		attribute->size = a[2];
		return 0;
	}
	attribute->name_at = a[1];
	attribute->value = a[2];
	attribute->size = a[3];
	attribute->flags = (unsigned int)a[4];
	return 0;
}

static bool is_hidden(const char *name)
{
	return text_equal(name, OWNER_ATTRIBUTE) || text_begins(name, XATTR_HIDDEN);
}

/* The guest's name, as the kernel is to be told: import_xattr_name(), fs/xattr.c, has the errors. */
static long read_name(struct attribute *attribute)
{
	char name[NAME_SIZE];
	long length = guest_read_string(name, attribute->name_at, NAME_SIZE);
	struct text told;

	if (length == -ENAMETOOLONG || !length)
		return -ERANGE;
	if (length < 0)
		return length;
	attribute->is_roots = identity_is_on() && (text_begins(name, SECURITY) || text_begins(name, TRUSTED));
	text_init(&told, attribute->name, NAME_SIZE);
	text_add(&told, attribute->is_roots ? XATTR_HIDDEN : "");
	text_add(&told, name);
	return told.full ? -ERANGE : 0;
}

/* What an overlay keeps with a file is not the guest's: its own names that begin so have a longer beginning there. */
static long escape_name(struct attribute *attribute)
{
	char name[NAME_SIZE];
	struct text told;

	if (!text_begins(attribute->name, OVERLAY_PREFIX))
		return 0;
	attribute->is_bare = text_equal(attribute->name, OVERLAY_PREFIX);
	memcpy(name, attribute->name, strlen(attribute->name) + 1);
	text_init(&told, attribute->name, NAME_SIZE);
	text_add(&told, OVERLAY_ESCAPED);
	text_add(&told, name + sizeof(OVERLAY_PREFIX) - 1);
	return told.full ? -EOPNOTSUPP : 0;
}

/* xattr_permission(), fs/xattr.c, of names that are neither only root's nor the system's. */
static long check_user(const struct access_file *file, const struct attribute *attribute)
{
	const struct credentials *credentials = identity_now();
	uint32_t mode = file->status.st_mode, type = mode & S_IFMT;
	bool changes = attribute->action != GET, is_users = text_begins(attribute->name, "user.");

	if (is_users && type != S_IFREG && type != S_IFDIR)
		return changes ? -EPERM : -ENODATA;
	if (is_users && changes && type == S_IFDIR && mode & S_ISVTX && !access_is_owner(credentials, &file->status))
		return -EPERM;
	return access_may(credentials, file, changes ? ACCESS_WRITE : ACCESS_READ) ? 0 : -EACCES;
}

/* The same, and cap_inode_setxattr(), security/commoncap.c, of those that only root may change. */
static long check_roots(const struct attribute *attribute)
{
	const struct credentials *credentials = identity_now();
	bool changes = attribute->action != GET;
	unsigned int capability = text_equal(attribute->name, XATTR_HIDDEN CAPABILITY) ? CAP_SETFCAP : CAP_SYS_ADMIN;

	if (!changes && !text_begins(attribute->name, XATTR_HIDDEN TRUSTED))
		return 0;
	return credentials_can(credentials, capability) ? 0 : changes ? -EPERM : -ENODATA;
}

static long check_permission(const struct object *object, const struct attribute *attribute)
{
	bool changes = attribute->action != GET;
	struct access_file file;

	if (attribute->is_roots)
		return check_roots(attribute);
	file = access_file_of(object);
	/* That such a file can have none comes first: set_posix_acl(), fs/posix_acl.c. */
	if (text_begins(attribute->name, "system.") && (file.status.st_mode & S_IFMT) == S_IFLNK)
		return 0;
	if (text_equal(attribute->name, "system.posix_acl_default") && (file.status.st_mode & S_IFMT) != S_IFDIR)
		return 0;
	if (text_begins(attribute->name, "system."))
		return !changes || access_is_owner(identity_now(), &file.status) ? 0 : -EPERM;
	return check_user(&file, attribute);
}

static long make_as_named(const struct object *object, const struct attribute *attribute)
{
	if (attribute->action == GET)
		return GATE_4(NR_getxattr, object->name, attribute->name, attribute->value, attribute->size);
	if (attribute->action == SET)
		return GATE_5(NR_setxattr, object->name, attribute->name, attribute->value, attribute->size,
			      attribute->flags);
	return GATE_2(NR_removexattr, object->name, attribute->name);
}

/* A beginning that is all there is is no name, behind permissions: xattr_resolve_name(), fs/xattr.c. */
static long make(const struct object *object, const struct attribute *attribute)
{
	struct attribute none = *attribute;
	long status;

	if (!attribute->is_bare)
		return make_as_named(object, attribute);
	none.flags = XATTR_REPLACE;
	status = make_as_named(object, &none);
	return status == -ENODATA && status_is_regular_or_directory(&object->status) ? -EINVAL : status;
}

struct make_steps {
	const struct object *object;
	const struct attribute *attribute;
	long status;
};

/* With a mode that lets it be done for that long. */
static long make_between(struct slot *steps_at, long unused)
{
	struct make_steps *steps = (struct make_steps *)steps_at;
	bool is_raised = raised_raise(steps->object, 0600);

	(void)unused;
	steps->status = make(steps->object, steps->attribute);
	if (is_raised)
		raised_lower(steps->object);
	return 0;
}

/* Made by the owner that the kernel knows, whose mode may deny it. */
static long make_with_access(const struct object *object, const struct attribute *attribute)
{
	struct make_steps steps = { object, attribute, make(object, attribute) };

	if (steps.status == -EACCES && owner_is_users(object) && access_kind(NULL) != ACCESS_KERNEL)
		child_run_alone(make_between, &steps, 0);
	return steps.status;
}

long xattr_read_capability(const struct object *object, void *value, size_t size)
{
	struct attribute attribute = {
		.action = GET, .name = XATTR_HIDDEN CAPABILITY, .value = (unsigned long)value, .size = size
	};

	return make_with_access(object, &attribute);
}

void xattr_drop_capability(const struct object *object)
{
	struct attribute attribute = { .action = REMOVE, .name = XATTR_HIDDEN CAPABILITY };

	if ((object->status.st_mode & S_IFMT) == S_IFREG && owner_is_users(object))
		make_with_access(object, &attribute);
}

/*
 * The mode that a list has made of the file with OLD, as the guest saw it: who is no member of the group takes its bit
 * away: posix_acl_update_mode(), fs/posix_acl.c. The inode may have more bits than the guest knows.
 */
static uint32_t mode_with_list(const struct object *object, const struct stat *old)
{
	const struct credentials *credentials = identity_now();
	uint32_t kept = S_ISUID | S_ISVTX;

	if (credentials_in_group(credentials, old->st_gid) || credentials_can(credentials, CAP_FSETID))
		kept |= S_ISGID;
	return (object->status.st_mode & 0777) | (old->st_mode & kept);
}

/* What is stored with the file has the MODE that the list has made of it, where that is not the inode's. */
static long put_mode(struct object *object, struct owner_record *record, uint32_t mode)
{
	if (owner_record_is_device(record)) {
		record->mode = (record->mode & S_IFMT) | (object->status.st_mode & ~(uint32_t)S_IFMT);
	} else {
		record->has_mode = (object->status.st_mode & 07777) != mode;
		record->mode = record->has_mode ? (object->status.st_mode & S_IFMT) | mode : 0;
	}
	return owner_put(object, record);
}

/* An empty one is none: posix_acl_from_xattr(), fs/posix_acl.c. */
static bool removes_list(const struct attribute *attribute)
{
	return attribute->action == REMOVE || attribute->size <= sizeof(struct posix_acl_xattr_header);
}

/* An access list changes the mode, which for what is stored with the file has to let its owner read. */
static long change_list(struct object *object, const struct attribute *attribute)
{
	struct owner_record record;
	struct stat status;
	uint32_t mode, told;
	long result;

	owner_of(object, &status, &record);
	result = make_with_access(object, attribute);
	if (result || removes_list(attribute) || !owner_is_users(object) || object_look_changed(object))
		return result;
	mode = mode_with_list(object, &status);
	told = (mode & ~owner_hidden_bits(object->status.st_mode)) | attributes_kept_bits(object);
	if ((object->status.st_mode & 07777) != told)
		object_change_mode(object, told);
	return put_mode(object, &record, mode);
}

struct listing {
	struct object *object;
	const struct attribute *attribute;
	long result;
};

static long change_list_at_once(struct slot *listing_at, long unused)
{
	struct listing *listing = (struct listing *)listing_at;

	(void)unused;
	listing->result = change_list(listing->object, listing->attribute);
	return 0;
}

/* What the list that has been read says of the owner is what the mode does: see owner.h. */
static long tell_list(const struct object *object, const struct attribute *attribute, long length)
{
	struct {
		struct posix_acl_xattr_header header;
		struct posix_acl_xattr_entry entry;
	} first;
	struct owner_record record;
	struct stat status;

	owner_of(object, &status, &record);
	if (length < (long)sizeof(first) || !attribute->size || !record.has_mode)
		return length;
	if (guest_read(&first, attribute->value, sizeof(first)))
		return -EFAULT;
	/* It is the first: posix_acl_valid(), fs/posix_acl.c. */
	first.entry.e_perm = (uint16_t)(status.st_mode >> 6 & 7);
	return guest_write(attribute->value, &first, sizeof(first)) ? -EFAULT : length;
}

static long make_list(struct object *object, const struct attribute *attribute)
{
	struct listing listing = { object, attribute, 0 };
	long result;

	/* Until its mode is another, what is stored with the file may be for nobody to read. */
	if (attribute->action != GET) {
		child_run_to_the_end(change_list_at_once, &listing, 0);
		return listing.result;
	}
	result = make_with_access(object, attribute);
	return owner_is_users(object) ? tell_list(object, attribute, result) : result;
}

/* Attributes of the user's can't be what these are: those of other files than regular ones and directories. */
static bool can_have(const struct object *object, const struct attribute *attribute)
{
	uint32_t type = object->status.st_mode & S_IFMT;

	return !attribute->is_roots || type == S_IFREG || type == S_IFDIR;
}

static long handle_one(struct object *object, const struct attribute *attribute)
{
	long status;

	if (!attribute->is_roots && is_hidden(attribute->name))
		return attribute->action == SET ? -EPERM : -ENODATA;
	status = check_permission(object, attribute);
	if (status)
		return status;
	if (attribute->action == REMOVE && !can_have(object, attribute))
		return -ENODATA;
	if (text_equal(attribute->name, XATTR_ACCESS_LIST))
		return make_list(object, attribute);
	status = make_with_access(object, attribute);
	/* The machine's own: a label, say. */
	if (status == -ENODATA && attribute->action == GET && text_begins(attribute->name, XATTR_HIDDEN SECURITY))
		status = GATE_4(NR_getxattr, object->name, attribute->name + sizeof(XATTR_HIDDEN) - 1, attribute->value,
				attribute->size);
	return status;
}

/* The names in LIST of LENGTH bytes that the guest is to see, as it knows them: how many bytes are left. */
static long tell_names(char *list, long length)
{
	bool sees_trusted = credentials_can(identity_now(), CAP_SYS_ADMIN);
	char *to = list;

	for (const char *name = list; name < list + length;) {
		size_t size = strlen(name) + 1;
		bool is_roots = text_begins(name, XATTR_HIDDEN SECURITY) ||
				(text_begins(name, XATTR_HIDDEN TRUSTED) && sees_trusted);
		size_t skip = is_roots ? sizeof(XATTR_HIDDEN) - 1 : 0;

		if (is_roots || !is_hidden(name)) {
			memmove(to, name + skip, size - skip);
			to += size - skip;
		}
		name += size;
	}
	return to - list;
}

/* The same of what is in an overlay: ovl_listxattr(), fs/overlayfs/xattrs.c. */
static long tell_escaped(char *list, long length)
{
	size_t front = sizeof(OVERLAY_PREFIX) - 1, longer = sizeof(OVERLAY_ESCAPED) - 1;
	char *to = list;

	for (const char *name = list; name < list + length;) {
		size_t size = strlen(name) + 1;

		if (text_begins(name, OVERLAY_ESCAPED)) {
			memmove(to + front, name + longer, size - longer);
			memcpy(to, OVERLAY_PREFIX, front);
			to += size - longer + front;
		} else if (!text_begins(name, OVERLAY_PREFIX)) {
			memmove(to, name, size);
			to += size;
		}
		name += size;
	}
	return to - list;
}

static long list_names(const struct object *object, const struct attribute *attribute, bool is_in_overlay)
{
	char *list = (char *)room_map(XATTR_LIST_MAX, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1);
	long length;

	if ((long)list < 0 && (long)list > -4096)
		return (long)list;
	length = GATE_3(NR_listxattr, object->name, list, XATTR_LIST_MAX);
	/* Who only asks how long it is hears of all, which must find room: ovl_listxattr(). */
	if (length > 0 && is_in_overlay && attribute->size)
		length = (unsigned long)length > attribute->size ? -ERANGE : tell_escaped(list, length);
	if (length > 0 && identity_is_on())
		length = tell_names(list, length);
	if (length > 0 && attribute->size) {
		if ((unsigned long)length > attribute->size)
			length = -ERANGE;
		else if (guest_write(attribute->value, list, (size_t)length))
			length = -EFAULT;
	}
	room_unmap(list, XATTR_LIST_MAX);
	return length;
}

#define CAPABILITY_ROOT 5 /* the word in struct vfs_ns_cap_data */

/*
 * Capabilities of a file in the form that they are read in: cap_convert_nscap() and cap_inode_getsecurity(),
 * security/commoncap.c. WORDS has room for the larger form.
 */
static long convert_capability(struct attribute *attribute, uint32_t words[XATTR_CAPS_SZ_3 / 4])
{
	uint32_t revision;

	if (attribute->action != SET || !attribute->size || !text_equal(attribute->name, XATTR_HIDDEN CAPABILITY))
		return 0;
	if (attribute->size != XATTR_CAPS_SZ_2 && attribute->size != XATTR_CAPS_SZ_3)
		return -EINVAL;
	if (guest_read(words, attribute->value, attribute->size))
		return -EFAULT;
	revision = words[0] & VFS_CAP_REVISION_MASK;
	if (revision != (attribute->size == XATTR_CAPS_SZ_2 ? VFS_CAP_REVISION_2 : VFS_CAP_REVISION_3))
		return -EINVAL;
	words[0] = revision | (words[0] & VFS_CAP_FLAGS_EFFECTIVE);
	/* Those of this machine's root, which have no need to say so. */
	if (attribute->size == XATTR_CAPS_SZ_3 && !words[CAPABILITY_ROOT]) {
		words[0] = VFS_CAP_REVISION_2 | (words[0] & VFS_CAP_FLAGS_EFFECTIVE);
		attribute->size = XATTR_CAPS_SZ_2;
	}
	attribute->value = (unsigned long)words;
	return 0;
}

/* What the kernel says of other arguments than the path: 0 or a negative errno. */
static long ask_arguments(struct call *call)
{
	long status = translate_refuse(call, 0, -ENOTDIR);

	memcpy(call->arguments, call->original, sizeof(call->arguments));
	return status == -ENOTDIR ? 0 : status;
}

/* Of an empty path the descriptor is meant, as by the calls that have none: path_listxattrat() and its kind,
 * fs/xattr.c. */
static bool means_descriptor(const struct call *call)
{
	const struct call_path *shape = &call->row->paths[0];
	unsigned long path = call->original[shape->path];
	char none[1];

	if (shape->follow < FOLLOW_UNLESS || !(call->original[shape->flags] & AT_EMPTY_PATH))
		return false;
	return !path || !guest_read_string(none, path, sizeof(none));
}

static long take_object(struct call *call, struct object *object)
{
	bool is_by_descriptor;
	long status;

	object->is_opened = false;
	is_by_descriptor = call->row->paths[0].follow == FOLLOW_NONE;
	status = is_by_descriptor || identity_is_on() ? 0 : ask_arguments(call);
	if (status)
		return status;
	status = is_by_descriptor || means_descriptor(call) ? object_take_descriptor((int)call->original[0], object) :
							      object_take(call, object);
	return status ? status : overlay_check_object(call, object->fd);
}

/* The kernel reads name, flags and value before it looks for the file: setxattr_copy(), fs/xattr.c. */
static bool may_come_behind(const struct call *call, const struct attribute *attribute, bool is_taken)
{
	return identity_is_on() && call->row->paths[0].follow != FOLLOW_NONE && (!is_taken || attribute->action == SET);
}

/* What is to be done with the object is done. */
static long act_on(struct object *object, struct attribute *attribute)
{
	uint32_t capability[XATTR_CAPS_SZ_3 / 4];
	bool is_in_overlay = overlay_is_there() && overlay_has(object->fd);
	long status = is_in_overlay ? escape_name(attribute) : 0;

	if (!status && identity_is_on())
		status = convert_capability(attribute, capability);
	if (status)
		return status;
	if (attribute->action == LIST)
		return list_names(object, attribute, is_in_overlay);
	return identity_is_on() ? handle_one(object, attribute) : make(object, attribute);
}

static long handle(struct call *call, struct attribute *attribute)
{
	struct object object = { .is_opened = false };
	long status = attribute->action == LIST ? 0 : read_name(attribute);
	bool is_taken;

	if (!status && !identity_is_on() && attribute->action != LIST && !text_begins(attribute->name, OVERLAY_PREFIX))
		return handle_paths(call);
	if (!status)
		status = take_object(call, &object);
	is_taken = !status;
	if (!status)
		status = act_on(&object, attribute);
	object_release(&object);
	return status < 0 && may_come_behind(call, attribute, is_taken) ? translate_refuse_own(call, 0, status) :
									  status;
}

long handle_xattr(struct call *call)
{
	struct attribute attribute;
	long status;

	if (!identity_is_on() && !overlay_is_there())
		return handle_paths(call);
	status = read_form(call, &attribute);
	return status ? status : handle(call, &attribute);
}
