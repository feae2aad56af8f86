/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/access.h"
#include "agent/access_list.h"
#include "agent/child.h"
#include "agent/dispatch.h"
#include "agent/guest_memory.h"
#include "agent/handlers.h"
#include "agent/open.h"
#include "agent/owner.h"
#include "agent/pin.h"
#include "agent/proc.h"
#include "agent/raised.h"
#include "agent/translate.h"
#include "base/text.h"
#include <asm/fcntl.h>
#include <linux/capability.h>
#include <linux/fcntl.h>
#include <linux/stat.h>
#include <asm/statfs.h>

#ifndef AT_EXECVE_CHECK
#define AT_EXECVE_CHECK 0x10000
#endif

enum access_kind access_kind(const struct call *call)
{
	const struct credentials *credentials;
	const struct identity *identity = &image_data()->identity;

	if (!identity_is_on())
		return ACCESS_KERNEL;
	credentials = access_credentials(call);
	if (credentials_can(credentials, CAP_DAC_OVERRIDE) && credentials_can(credentials, CAP_FOWNER))
		return ACCESS_ROOT;
	return identity->uid && credentials->fsuid == identity->uid ? ACCESS_KERNEL : ACCESS_CHECKED;
}

/* capable_wrt_inode_uidgid() of generic_permission(). */
static bool overrides(const struct credentials *credentials, const struct stat *status, unsigned int mask)
{
	bool writes = mask & ACCESS_WRITE, executes = mask & ACCESS_SEARCH;

	if (credentials_can(credentials, CAP_DAC_READ_SEARCH) && !writes && (status_is_directory(status) || !executes))
		return true;
	if (!credentials_can(credentials, CAP_DAC_OVERRIDE))
		return false;
	return status_is_directory(status) || !executes || status->st_mode & 0111;
}

bool access_may(const struct credentials *credentials, const struct access_file *file, unsigned int mask)
{
	const struct stat *status = &file->status;
	unsigned int granted = status->st_mode;
	long listed = access_list_check(credentials, file, mask);

	if (credentials->fsuid == status->st_uid)
		granted >>= 6;
	else if (credentials_in_group(credentials, status->st_gid))
		granted >>= 3;
	if (listed == ACCESS_LIST_NONE ? !(mask & ~granted & 7) : !listed)
		return true;
	return overrides(credentials, status, mask);
}

bool access_is_owner(const struct credentials *credentials, const struct stat *status)
{
	return credentials->fsuid == status->st_uid || credentials_can(credentials, CAP_FOWNER);
}

long access_look(struct access_file *file)
{
	long error;

	if (text_equal(file->path, "."))
		file->path = "";
	file->flags |= AT_EMPTY_PATH;
	error = GATE_4(NR_newfstatat, file->directory, file->path, &file->status, file->flags);
	if (!error)
		owner_tell(file->directory, file->path, file->flags, &file->status);
	return error;
}

struct access_file access_file_of(const struct object *object)
{
	struct access_file file = { .directory = object->fd, .path = "", .flags = AT_EMPTY_PATH };
	struct owner_record record;

	owner_of(object, &file.status, &record);
	return file;
}

long access_check_at(struct call *call, int directory, const char *path, unsigned int mask)
{
	struct access_file file = { .directory = directory, .path = path };
	long error = access_look(&file);

	if (error)
		return error == -EACCES ? error : 0;
	return access_judge(call, &file, mask);
}

long access_check_directory(struct call *call, int directory, const char *path, unsigned int mask)
{
	struct access_file file = { .directory = directory, .path = path };
	long error = access_look(&file);

	if (error || !status_is_directory(&file.status))
		return error == -EACCES ? error : 0;
	return access_judge(call, &file, mask);
}

/* What the kernel says of the file before it looks at modes: vfs_truncate(), fs/open.c; notify_change(), fs/attr.c;
 * LOOKUP_DIRECTORY. */
static bool is_of_wrong_type(const struct call *call, const struct stat *status)
{
	if (call->nr == NR_truncate)
		return (status->st_mode & S_IFMT) != S_IFREG;
	if (call->row->needs == CALL_NEEDS_OWNER)
		return (status->st_mode & S_IFMT) == S_IFLNK;
	return call->row->needs == CALL_NEEDS_SEARCH && !status_is_directory(status);
}

static long check_object(struct call *call)
{
	const struct host_path *path = &call->paths[0];
	bool follows = call_follows(&call->row->paths[0], call->original);
	struct access_file file = { .directory = path->directory,
				    .path = path->path,
				    .flags = follows ? 0 : AT_SYMLINK_NOFOLLOW };
	long error = access_look(&file);

	if (error || is_of_wrong_type(call, &file.status))
		return error == -EACCES ? error : 0;
	if (path->is_resolved && proc_is_own_descriptors(path->result->host))
		return 0;
	if (call->row->needs == CALL_NEEDS_OWNER)
		return access_is_owner(access_credentials(call), &file.status) ? 0 : -EPERM;
	return access_judge(call, &file, call->row->needs);
}

long access_find_path(struct call *call, unsigned int which)
{
	const struct host_path *path = &call->paths[which];
	long status = translate_path(call, which, TRANSLATE_FULL | TRANSLATE_NAME);

	if (status)
		return status == -EACCES ? status : ACCESS_SETTLED;
	return path->is_resolved && !path->result->is_virtual ? 0 : ACCESS_SETTLED;
}

static long check(struct call *call)
{
	long status;

	if (call_is_of_entry(&call->row->paths[0]) || call_is_of_entry(&call->row->paths[1]))
		return access_check_entries(call);
	if (!call->row->needs || call->row->paths[0].follow == FOLLOW_NONE)
		return 0;
	status = access_find_path(call, 0);
	return status ? status : check_object(call);
}

long access_check(struct call *call)
{
	long status = MIN(check(call), 0);

	call_start_anew(call);
	/* Other arguments are looked at before. */
	return status == -EACCES && call->is_denied ? translate_refuse(call, 0, status) : status;
}

long access_handle(struct call *call)
{
	long status = access_is_checked(call) ? access_check(call) : 0;

	return status ? status : call->row->handler(call);
}

#define MOUNT_NOEXEC 8 /* ST_NOEXEC, include/linux/statfs.h */

static bool is_on_noexec(int directory, const char *path)
{
	struct object object = { .is_opened = false };
	struct statfs mount = { 0 };

	if (!(path[0] ? object_take_entry(directory, path, &object) : object_take_any(directory, &object)))
		GATE_2(NR_statfs, object.name, &mount);
	object_release(&object);
	return mount.f_flags & MOUNT_NOEXEC;
}

struct asking {
	struct object object;
	long result;
};

/* 0, or what the kernel says of the file when its mode does not deny it: Linux 6.14. */
static long ask_whether_executable(struct slot *asking_at, long unused)
{
	struct asking *asking = (struct asking *)asking_at;
	bool is_raised = raised_raise(&asking->object, 0500);

	(void)unused;
	asking->result = GATE_5(NR_execveat, asking->object.fd, "", BAD_ADDRESS, NULL, AT_EMPTY_PATH | AT_EXECVE_CHECK);
	if (asking->result == -EFAULT || asking->result == -EINVAL)
		asking->result = 0;
	if (is_raised)
		raised_lower(&asking->object);
	return 0;
}

/* What else may be in the way of who may execute the file: writers of it, a mount. */
static long ask_kernel(int directory, const char *path)
{
	struct asking asking;
	long status = path[0] ? object_take_entry(directory, path, &asking.object) :
				object_take_any(directory, &asking.object);

	if (!status)
		child_run_to_the_end(ask_whether_executable, &asking, 0);
	object_release(&asking.object);
	return status ? status : asking.result;
}

long access_check_executable(int directory, const char *path, unsigned long flags, long result)
{
	struct access_file file = { .directory = directory, .path = path, .flags = flags };
	const struct stat *status = &file.status;

	if (GATE_4(NR_newfstatat, directory, path, &file.status, flags))
		return result;
	if (result == -EACCES && (status->st_uid != image_data()->identity.host_uid ||
				  (status->st_mode & S_IFMT) != S_IFREG || is_on_noexec(directory, path)))
		return result;
	owner_tell(directory, path, flags, &file.status);
	if (!access_may(identity_now(), &file, ACCESS_SEARCH))
		return -EACCES;
	return result == -EACCES ? ask_kernel(directory, path) : result;
}
