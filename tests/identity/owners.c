/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Calls that change owners, modes, sizes, times and attributes.
 */
#define _GNU_SOURCE
#include "conduct.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/posix_acl.h>
#include <linux/posix_acl_xattr.h>
#include <linux/xattr.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef SYS_fchmodat2
#define SYS_fchmodat2 452
#endif

/* The answer, and what a file is now that a descriptor or a path names. */
static void say_descriptor(int fd, long result)
{
	struct stat status;

	if (say_result(result))
		say_stat_result(CALL(SYS_fstat, fd, &status), &status);
}

static void say_changed(const struct place *place, long result)
{
	if (say_result(result))
		look_say(place);
}

static void change_owner_of_kept(uid_t uid, gid_t gid)
{
	int fd = kept_any();

	say("fchown %d %d:%d", fd, (int)uid, (int)gid);
	say_descriptor(fd, CALL(SYS_fchown, fd, uid, gid));
}

void do_change_owner(void)
{
	static const int flags_of[] = {
		0, 0, AT_SYMLINK_NOFOLLOW, AT_SYMLINK_NOFOLLOW, AT_EMPTY_PATH, AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW
	};
	struct place place = place_wished(WISH_ANY);
	uid_t uid = place_uid();
	gid_t gid = place_gid();
	int flags = PICK(flags_of);

	if (random_chance(20)) {
		change_owner_of_kept(uid, gid);
		return;
	}
	if (flags & AT_EMPTY_PATH && random_chance(60))
		place.path = "";
	say("fchownat ");
	say_place(&place);
	say(" %d:%d %x", (int)uid, (int)gid, flags);
	say_changed(&place, CALL(SYS_fchownat, place.directory, place.path, uid, gid, flags));
}

static void change_mode_of_kept(mode_t mode)
{
	int fd = kept_any();

	say("fchmod %d %o", fd, mode);
	say_descriptor(fd, CALL(SYS_fchmod, fd, mode));
}

void do_change_mode(void)
{
	static const int flags_of[] = { 0, 0, AT_SYMLINK_NOFOLLOW, AT_EMPTY_PATH };
	struct place place = place_wished(WISH_ANY);
	mode_t mode = place_mode();
	int flags = PICK(flags_of);

	switch (random_below(6)) {
	case 0:
		change_mode_of_kept(mode);
		break;
	case 1:
		if (flags & AT_EMPTY_PATH && random_chance(60))
			place.path = "";
		say("fchmodat2 ");
		say_place(&place);
		say(" %o %x", mode, flags);
		say_changed(&place, CALL(SYS_fchmodat2, place.directory, place.path, mode, flags));
		break;
	default:
		say("fchmodat ");
		say_place(&place);
		say(" %o", mode);
		say_changed(&place, CALL(SYS_fchmodat, place.directory, place.path, mode));
	}
}

void do_truncate(void)
{
	const char *path = path_wished(WISH_FILE);
	struct place place = { AT_FDCWD, path };
	int fd = kept_any();
	long size = random_below(5);

	if (random_chance(30)) {
		say("ftruncate %d %ld", fd, size);
		say_descriptor(fd, CALL(SYS_ftruncate, fd, size));
		return;
	}
	say("truncate %s %ld", path_show(path), size);
	say_changed(&place, CALL(SYS_truncate, path, size));
}

static struct timespec imagine_time(void)
{
	static const long parts[] = { 0, 0, 0, UTIME_NOW, UTIME_OMIT };
	struct timespec time = { .tv_sec = 1000 + random_below(1000), .tv_nsec = PICK(parts) };

	return time;
}

void do_times(void)
{
	static const int flags_of[] = { 0, 0, AT_SYMLINK_NOFOLLOW, AT_EMPTY_PATH };
	struct timespec times[2] = { imagine_time(), imagine_time() };
	struct place place = place_wished(WISH_ANY);
	bool has_times = random_chance(80), has_path = random_chance(80);
	int flags = PICK(flags_of);

	if (!has_path)
		place.directory = kept_any();
	say("utimensat ");
	if (has_path)
		say_place(&place);
	else
		say("%d", place.directory);
	for (int i = 0; has_times && i < 2; i++)
		say(" %ld.%lx", times[i].tv_sec, times[i].tv_nsec);
	say(" %x", flags);
	if (has_path)
		say_changed(&place, CALL(SYS_utimensat, place.directory, place.path, has_times ? times : NULL, flags));
	else
		say_descriptor(place.directory,
			       CALL(SYS_utimensat, place.directory, NULL, has_times ? times : NULL, 0));
}

struct value {
	union {
		unsigned char bytes[64];
		uint32_t words[16];
		struct {
			uint32_t version;
			struct posix_acl_xattr_entry entries[7];
		} list;
	};
	size_t size;
};

/* Capabilities of a file, of the second version or the third, or something near to it. */
static void imagine_capability(struct value *value)
{
	bool has_root = random_chance(20);

	value->words[0] = (has_root ? VFS_CAP_REVISION_3 : VFS_CAP_REVISION_2) | random_below(2);
	value->words[1] = random_chance(50) ? 1u << random_below(8) : random_below(0x100);
	value->words[2] = random_chance(30) ? 1u << random_below(8) : 0;
	value->words[3] = value->words[4] = 0;
	value->words[5] = random_chance(30) ? 1000 : 0;
	value->size = has_root ? XATTR_CAPS_SZ_3 : XATTR_CAPS_SZ_2;
	if (random_chance(5))
		value->size--;
}

static void add_entry(struct value *value, unsigned int tag, unsigned int permissions, uint32_t id)
{
	size_t count = (value->size - sizeof(uint32_t)) / sizeof(struct posix_acl_xattr_entry);

	value->list.entries[count].e_tag = (uint16_t)tag;
	value->list.entries[count].e_perm = (uint16_t)permissions;
	value->list.entries[count].e_id = id;
	value->size += sizeof(struct posix_acl_xattr_entry);
}

/* An access control list, a short one often. */
static void imagine_list(struct value *value)
{
	bool has_user = random_chance(60), has_group = random_chance(40);

	value->list.version = POSIX_ACL_XATTR_VERSION;
	value->size = sizeof(uint32_t);
	add_entry(value, ACL_USER_OBJ, random_below(8), ACL_UNDEFINED_ID);
	if (has_user)
		add_entry(value, ACL_USER, random_below(8), random_chance(50) ? 1000 : 33);
	add_entry(value, ACL_GROUP_OBJ, random_below(8), ACL_UNDEFINED_ID);
	if (has_group)
		add_entry(value, ACL_GROUP, random_below(8), random_chance(50) ? 1001 : 0);
	if ((has_user || has_group) && random_chance(95))
		add_entry(value, ACL_MASK, random_below(8), ACL_UNDEFINED_ID);
	add_entry(value, ACL_OTHER, random_below(8), ACL_UNDEFINED_ID);
}

static struct value imagine_value(const char *name)
{
	struct value value = { .size = 1 + random_below(6) };

	memcpy(value.bytes, "value", 6);
	if (strstr(name, "capability"))
		imagine_capability(&value);
	else if (strstr(name, "acl"))
		imagine_list(&value);
	return value;
}

/*
 * Whether a file of this type has no place for such an attribute when it is not really the kernel that keeps it: links,
 * fifos, sockets and devices have none for attributes of the user's.
 */
static bool has_no_place(const char *name, long result, const struct stat *status)
{
	return !result && !S_ISREG(status->st_mode) && !S_ISDIR(status->st_mode) &&
	       (!strncmp(name, "trusted.", 8) || !strncmp(name, "security.", 9));
}

static void change_attribute(const char *path, const char *name, const struct value *value, int flags)
{
	struct place place = { AT_FDCWD, path };
	bool follows = random_chance(60);
	struct stat status;

	say("%s %s", follows ? "setxattr" : "lsetxattr", path_show(path));
	say(" %s %zu:%x.%x %x", name, value->size, value->words[0], value->words[1], flags);
	if (has_no_place(name, CALL(follows ? SYS_stat : SYS_lstat, path, &status), &status))
		say(" left out");
	else
		say_changed(&place,
			    CALL(follows ? SYS_setxattr : SYS_lsetxattr, path, name, value->bytes, value->size, flags));
}

static void remove_attribute(const char *path, const char *name)
{
	struct place place = { AT_FDCWD, path };
	bool follows = random_chance(60);

	say("%s %s %s", follows ? "removexattr" : "lremovexattr", path_show(path), name);
	say_changed(&place, CALL(follows ? SYS_removexattr : SYS_lremovexattr, path, name));
}

/* The same by a descriptor. */
static void change_attribute_of_kept(const char *name, const struct value *value, int flags)
{
	int fd = kept_any();
	struct stat status;

	if (random_chance(30)) {
		say("fremovexattr %d %s", fd, name);
		say_descriptor(fd, CALL(SYS_fremovexattr, fd, name));
		return;
	}
	say("fsetxattr %d %s %zu:%x.%x %x", fd, name, value->size, value->words[0], value->words[1], flags);
	if (has_no_place(name, CALL(SYS_fstat, fd, &status), &status))
		say(" left out");
	else
		say_descriptor(fd, CALL(SYS_fsetxattr, fd, name, value->bytes, value->size, flags));
}

static void attribute_named(const char *name)
{
	static const int flags_of[] = { 0, 0, 0, XATTR_CREATE, XATTR_REPLACE };
	struct value value = imagine_value(name);
	const char *path = path_random();
	int flags = PICK(flags_of);

	if (random_chance(25))
		change_attribute_of_kept(name, &value, flags);
	else if (random_chance(25))
		remove_attribute(path, name);
	else
		change_attribute(path, name, &value, flags);
}

void do_attribute(void)
{
	static const char *const names[] = {
		"user.a",    "user.a",	   "user.b", "trusted.a",	    "security.capability",
		"trusted.b", "security.a", "user.",  "security.capability", "nothing.a"
	};

	attribute_named(PICK(names));
}

void do_access_list(void)
{
	static const char *const names[] = { "system.posix_acl_access", "system.posix_acl_access",
					     "system.posix_acl_default" };

	attribute_named(PICK(names));
}
