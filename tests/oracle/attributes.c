/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Calls on what a file has beside its content: extended attributes, flags, handles; watches on it. */
#define _GNU_SOURCE
#include "calls.h"
#include "say.h"
#include <fcntl.h>
#include <string.h>
#include <sys/fanotify.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef SYS_setxattrat
#define SYS_setxattrat 463
#define SYS_getxattrat 464
#define SYS_listxattrat 465
#define SYS_removexattrat 466
#endif
#ifndef SYS_file_getattr
#define SYS_file_getattr 468
#define SYS_file_setattr 469
#endif
#ifndef AT_HANDLE_FID
#define AT_HANDLE_FID 0x200
#endif

void do_attribute(void)
{
	static const char *const names[] = { "user.a", "user.a", "user.b",    "user.missing",
					     "bad",    "",	 "trusted.x", "security.y" };
	/* Names that are an overlay's own: what it does with those of its files' users. */
	static const char *const of_layers[] = { "user.overlay.opaque", "user.overlay.whiteout",  "user.overlay.a",
						 "user.overlay.",	"user.overlay.overlay.a", "user.overlaya" };
	static const int numbers[][4] = {
		{ SYS_setxattr, SYS_getxattr, SYS_listxattr, SYS_removexattr },
		{ SYS_lsetxattr, SYS_lgetxattr, SYS_llistxattr, SYS_lremovexattr },
	};
	static const char *const calls[] = { "setxattr", "getxattr", "listxattr", "removexattr" };
	const char *path = path_random(), *name = random_chance(97) ? PICK(names) : BAD_POINTER;
	unsigned int no_follow = random_below(2), which = random_below(4);
	unsigned long size = random_chance(70) ? 64 : random_below(6);
	long number = numbers[no_follow][which], result;
	char buf[256] = "text of the attribute";
	int flags = random_chance(70) ? 0 : (int)random_below(4);

	if (is_of_layers && random_chance(35))
		name = PICK(of_layers);
	/* How much room the kernel's own take counts there. */
	if (is_of_layers && (size == 64 || which == 2))
		size = sizeof(buf);
	say("%s%s %s %s %lu", no_follow ? "l" : "", calls[which], path_show(path), path_show(name), size);
	switch (which) {
	case 0:
		say(" %d", flags);
		say_result(CALL(number, path, name, buf, size % 20, flags));
		break;
	case 1:
		result = CALL(number, path, name, buf, size);
		if (say_result(result) && size)
			say(" '%.*s'", (int)result, buf);
		break;
	case 2:
		result = CALL(number, path, buf, size);
		if (say_result(result) && size)
			say_names(buf, result);
		break;
	default:
		say_result(CALL(number, path, name));
	}
}

struct attribute_arguments {
	uint64_t value;
	uint32_t size;
	uint32_t flags;
};

void do_attribute_at(void)
{
	static const int flags_of[] = { 0, AT_SYMLINK_NOFOLLOW, AT_EMPTY_PATH, 0x40 };
	struct place place = random_place();
	char buf[256] = "set by the at call";
	struct attribute_arguments arguments = { (uint64_t)buf, random_below(20), 0 };
	int flags = PICK(flags_of);
	long result;

	if (random_chance(10))
		place.path = "";
	switch (random_below(4)) {
	case 0:
		say("setxattrat ");
		say_place(&place);
		say(" %x", flags);
		say_result(CALL(SYS_setxattrat, place.directory, place.path, flags, "user.a", &arguments,
				sizeof(arguments)));
		break;
	case 1:
		say("getxattrat ");
		say_place(&place);
		say(" %x", flags);
		result = CALL(SYS_getxattrat, place.directory, place.path, flags, "user.a", &arguments,
			      sizeof(arguments));
		if (say_result(result))
			say(" '%.*s'", (int)result, buf);
		break;
	case 2:
		say("listxattrat ");
		say_place(&place);
		say(" %x", flags);
		result = CALL(SYS_listxattrat, place.directory, place.path, flags, buf, sizeof(buf));
		if (say_result(result))
			say_names(buf, result);
		break;
	default:
		say("removexattrat ");
		say_place(&place);
		say(" %x", flags);
		say_result(CALL(SYS_removexattrat, place.directory, place.path, flags, "user.a"));
	}
}

void do_handle(void)
{
	static const int flags_of[] = { 0, AT_SYMLINK_FOLLOW, AT_EMPTY_PATH, 0x4000, AT_HANDLE_FID };
	struct {
		struct file_handle head;
		char bytes[MAX_HANDLE_SZ];
	} handle = { .head = { .handle_bytes = random_chance(80) ? MAX_HANDLE_SZ : 0 } };
	struct place place = random_place();
	int flags = PICK(flags_of), mount;

	if (is_of_layers)
		return;
	say("name_to_handle_at ");
	say_place(&place);
	say(" %x", flags);
	say_result(CALL(SYS_name_to_handle_at, place.directory, place.path, &handle, &mount, flags));
	say(" [%u]", handle.head.handle_bytes);
}

/* struct file_attr, include/uapi/linux/fs.h, Linux 6.17 */
struct file_attributes {
	uint64_t flags;
	uint32_t extent_size;
	uint32_t extents;
	uint32_t project;
	uint32_t cow_extent_size;
};

void do_file_attributes(void)
{
	static const int flags_of[] = { 0, AT_SYMLINK_NOFOLLOW, AT_EMPTY_PATH, 0x40 };
	static const uint64_t attributes_of[] = { 0, 0x80 /* no dump */, 0x40 /* no access time */, 1ull << 63 };
	struct {
		struct file_attributes known;
		uint64_t unknown;
	} attributes = { { 0 }, random_below(2) };
	struct place place = random_place();
	size_t size = random_chance(90) ? sizeof(attributes.known) : random_below(sizeof(attributes) + 1);
	int flags = PICK(flags_of);

	if (random_chance(10))
		place.path = "";
	if (random_chance(60)) {
		say("file_getattr ");
		say_place(&place);
		say(" %zu %x", size, flags);
		if (say_result(CALL(SYS_file_getattr, place.directory, place.path, &attributes, size, flags)))
			say(" [%llx %u]", (unsigned long long)attributes.known.flags, attributes.known.project);
		return;
	}
	attributes.known.flags = PICK(attributes_of);
	say("file_setattr ");
	say_place(&place);
	say(" %llx %zu %x", (unsigned long long)attributes.known.flags, size, flags);
	say_result(CALL(SYS_file_setattr, place.directory, place.path, &attributes, size, flags));
}

void do_mark(void)
{
	/* No whole mounts: those are the host's. */
	static const unsigned int flags_of[] = { FAN_MARK_ADD, FAN_MARK_ADD | FAN_MARK_DONT_FOLLOW,
						 FAN_MARK_ADD | FAN_MARK_ONLYDIR, FAN_MARK_REMOVE };
	struct place place = random_place();
	unsigned int flags = PICK(flags_of);
	int group;

	if (is_of_layers)
		return;
	group = (int)CALL(SYS_fanotify_init, FAN_CLASS_NOTIF | FAN_REPORT_FID | FAN_NONBLOCK | FAN_CLOEXEC, O_RDONLY);

	if (random_chance(10))
		place.path = NULL;
	/* proot refuses root what the kernel refuses others: its mounts are not the guest's. */
	if (!geteuid())
		flags &= ~(unsigned int)FAN_MARK_MOUNT;
	say("fanotify_mark ");
	say_place(&place);
	say(" %x", flags);
	say_result(CALL(SYS_fanotify_mark, group, flags, FAN_OPEN | FAN_CLOSE, place.directory, place.path));
	if (group >= 0)
		close(group);
}
