/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Calls that mark a place and all below it, where the kernel knows nothing of
 * what the guest has bound below.
 */
#include "agent/dispatch.h"
#include "agent/guest_memory.h"
#include "agent/handlers.h"
#include "agent/translate.h"
#include <asm/fcntl.h>
#include <linux/fanotify.h>
#include <linux/fcntl.h>
#include <linux/landlock.h>

#define FILE_ACCESS \
	0x8007ull /* ACCESS_FILE, security/landlock/fs.c: execute, write, read, truncate, ioctl on a device */
#define FILE_TRUNCATE 0x4000ull
#define WHOLE_MOUNTS (FAN_MARK_MOUNT | FAN_MARK_FILESYSTEM)

/*
 * A whole mount or file system of the host is more than the guest sees, and its
 * events bring descriptors of any file of it: EPERM, as for who has no
 * CAP_SYS_ADMIN. What else is wrong with the call the kernel says first.
 */
long handle_fanotify_mark(struct call *call)
{
	long status;

	if (!(call->arguments[1] & WHOLE_MOUNTS) || call->arguments[1] & FAN_MARK_FLUSH)
		return handle_paths(call);
	status = translate_refuse(call, 0, -ENOENT);
	return status == -ENOENT ? -EPERM : status;
}

/* Allow ACCESS below what is bound at entry INDEX; of a file, what a file has. */
static void allow_binding(const struct call *call, uint32_t index, uint64_t access)
{
	const struct view_binding *binding = view_binding(the_view(), index);
	const char *host_path = view_host(the_view(), index);
	struct landlock_path_beneath_attr rule = { .allowed_access = access };

	if (!(binding->flags & VIEW_DIRECTORY))
		rule.allowed_access &= FILE_ACCESS;
	rule.parent_fd = (int)GATE_4(NR_openat, AT_FDCWD, *host_path ? host_path : "/", O_PATH | O_CLOEXEC, 0);
	if (rule.parent_fd < 0)
		return;
	GATE_4(NR_landlock_add_rule, call->arguments[0], LANDLOCK_RULE_PATH_BENEATH, &rule, 0);
	GATE_1(NR_close, rule.parent_fd);
}

/* A rule for a directory is one for all that is mounted below it; each binding there gets its own. */
long handle_landlock_rule(struct call *call)
{
	const struct view *view = the_view();
	const struct view_order *order = view_order(view);
	struct landlock_path_beneath_attr rule;
	char *place = call->slot->spare;
	size_t length;
	long status;

	if (guest_read(&rule, call->arguments[2], sizeof(rule)))
		return call_make(call, call->nr);
	status = call_make(call, call->nr);
	if (status || translate_directory(rule.parent_fd, place, call->slot->base[0]))
		return status;
	length = strlen(place);
	for (uint32_t i = 1; i < order->count; i++) {
		const struct view_binding *binding = view_binding(view, order->entries[i]);
		const char *guest = view_guest(view, order->entries[i]);

		if (!(binding->flags & VIEW_VIRTUAL) && binding->guest_length > length &&
		    !memcmp(guest, place, length) && guest[length] == '/')
			allow_binding(call, order->entries[i], rule.allowed_access);
	}
	return 0;
}
