/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/elevate.h"
#include "agent/owner.h"
#include "agent/privileges.h"
#include "agent/xattr.h"
#include <linux/capability.h>
#include <linux/fcntl.h>

#define ATTRIBUTE "security.capability"

static long read_status(int fd, const char *host_path, struct credentials_program *program)
{
	struct stat status;
	long error = fd >= 0 ? GATE_2(NR_fstat, fd, &status) : GATE_4(NR_newfstatat, AT_FDCWD, host_path, &status, 0);

	if (error)
		return error;
	if (fd >= 0)
		owner_tell(fd, "", AT_EMPTY_PATH, &status);
	else
		owner_tell(AT_FDCWD, host_path, 0, &status);
	program->uid = status.st_uid;
	program->gid = status.st_gid;
	program->mode = status.st_mode;
	return 0;
}

#define SIZE (XATTR_CAPS_SZ + 4) /* one byte more is too much: credentials_read_capabilities() */

static long read_attribute(int fd, const char *host_path, const char *name, unsigned char bytes[SIZE])
{
	return fd >= 0 ? GATE_4(NR_fgetxattr, fd, name, bytes, SIZE) :
			 GATE_4(NR_getxattr, host_path, name, bytes, SIZE);
}

/* A mode that does not let the user read the file does not let him read those either. */
static long read_given(int fd, const char *host_path, unsigned char bytes[SIZE])
{
	struct object object;
	long size = read_attribute(fd, host_path, XATTR_HIDDEN ATTRIBUTE, bytes);

	if (size != -EACCES)
		return size;
	size = fd >= 0 ? object_take_any(fd, &object) : object_take_plain(host_path, &object);
	if (!size)
		size = xattr_read_capability(&object, bytes, SIZE);
	object_release(&object);
	return size;
}

/* A file system without such attributes is as good as a file without: get_vfs_caps_from_disk(), security/commoncap.c.
 */
static long read_capabilities(int fd, const char *host_path, struct credentials_program *program)
{
	unsigned char bytes[SIZE];
	long size = read_given(fd, host_path, bytes);

	/* Those of a program of the host's are the machine's. */
	if (size == -ENODATA || size == -EOPNOTSUPP)
		size = read_attribute(fd, host_path, ATTRIBUTE, bytes);
	program->has_capabilities = false;
	if (size == -ENODATA || size == -EOPNOTSUPP)
		return 0;
	return size < 0 ? size : credentials_read_capabilities(program, bytes, (size_t)size);
}

long elevate(struct credentials *credentials, int fd, const char *host_path, bool *is_secure)
{
	struct credentials_program program;
	long status = read_status(fd, host_path, &program);

	if (!status)
		status = read_capabilities(fd, host_path, &program);
	return status ? status : credentials_exec(credentials, &program, privileges_are_fixed(), is_secure);
}
