/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Calls that lead past the view in other ways than by a path: another mount
 * namespace, whose root would become the cwd; a probe in a file, named to
 * perf_event_open(2); the file system below a directory, as an object.
 */
#include "agent/capability.h"
#include "agent/dispatch.h"
#include "agent/guest_memory.h"
#include "agent/handlers.h"
#include "agent/pin.h"
#include "agent/translate.h"
#include "base/text.h"
#include <asm/fcntl.h>
#include <linux/fcntl.h>
#include <linux/mount.h>
#include <linux/nsfs.h>
#include <linux/perf_event.h>
#include <linux/sched.h>

/* With 0 the descriptor tells what namespace is meant. A pidfd takes several at once. */
static bool is_mount_namespace(int fd, unsigned int kind)
{
	return kind ? kind & CLONE_NEWNS : GATE_2(NR_ioctl, fd, NS_GET_NSTYPE) == CLONE_NEWNS;
}

#define NAMESPACES \
	((unsigned int)(CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET | \
			CLONE_NEWCGROUP | CLONE_NEWTIME))

/* EPERM, as for who has no CAP_SYS_ADMIN there, if FD has what KIND says: setns(), kernel/nsproxy.c. */
static long refuse_namespace(int fd, unsigned int kind)
{
	long type = GATE_2(NR_ioctl, fd, NS_GET_NSTYPE);

	if (type >= 0)
		return !kind || kind == (unsigned int)type ? -EPERM : -EINVAL;
	if (type == -EBADF)
		return -EBADF;
	return kind & ~NAMESPACES || GATE_4(NR_pidfd_send_signal, fd, 0, NULL, 0) == -EBADF ? -EINVAL : -EPERM;
}

long handle_setns(struct call *call)
{
	int fd = (int)call->arguments[0];

	if (!is_mount_namespace(fd, (unsigned int)call->arguments[1]))
		return call_make(call, call->nr);
	return refuse_namespace(fd, (unsigned int)call->arguments[1]);
}

/* The number of one of the kernel's dynamic kinds of events, or -1. */
static long event_type(const char *host_path)
{
	long fd = GATE_4(NR_openat, AT_FDCWD, host_path, O_RDONLY | O_CLOEXEC, 0), length;
	const char *at;
	char text[24];

	if (fd < 0)
		return -1;
	length = GATE_3(NR_read, fd, text, sizeof(text) - 1);
	GATE_1(NR_close, fd);
	text[MAX(length, 0)] = '\0';
	at = text;
	return text_read_number(&at);
}

#define EVENT_SOURCES "/sys/bus/event_source/devices/"

/* A probe has the path of its file in the attributes. The kernel refuses those who are not privileged with EACCES. */
long handle_perf_event_open(struct call *call)
{
	struct perf_event_attr *attributes = (struct perf_event_attr *)call->arguments[0];
	uint32_t type;

	if (guest_read(&type, (unsigned long)&attributes->type, sizeof(type)))
		return -EFAULT;
	if (type >= PERF_TYPE_MAX && type == event_type(EVENT_SOURCES "uprobe/type"))
		return -EACCES;
	return call_make(call, call->nr);
}

#define OPEN_TREE_FLAGS \
	(AT_EMPTY_PATH | AT_NO_AUTOMOUNT | AT_SYMLINK_NOFOLLOW | AT_RECURSIVE | OPEN_TREE_CLOEXEC | OPEN_TREE_CLONE)

/* Without OPEN_TREE_CLONE it is an open with O_PATH, for everybody; vfs_open_tree(), fs/namespace.c. */
long handle_open_tree(struct call *call)
{
	unsigned int flags = (unsigned int)call->arguments[2];
	long result;

	if (flags & ~(unsigned int)OPEN_TREE_FLAGS || (flags & (AT_RECURSIVE | OPEN_TREE_CLONE)) == AT_RECURSIVE)
		return -EINVAL;
	/* mount(2) does it, and mount(8) tries that then. */
	if (flags & OPEN_TREE_CLONE)
		return has_capability(CAP_SYS_ADMIN) ? -ENOSYS : -EPERM;
	result = handle_paths(call);
	return result < 0 ? result : pin_take_place(call, (int)result);
}
