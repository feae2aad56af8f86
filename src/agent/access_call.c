/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * access(2) and its kind, where the guest is not who the kernel knows. Without AT_EACCESS it is asked for the real ids,
 * all the way there: access_override_creds(), fs/open.c.
 */
#include "agent/access.h"
#include "agent/dispatch.h"
#include "agent/handlers.h"
#include "agent/owner.h"
#include "agent/readonly.h"
#include <linux/fcntl.h>
#include <linux/securebits.h>

static void make_real(struct credentials *credentials)
{
	credentials->fsuid = credentials->uid;
	credentials->fsgid = credentials->gid;
	if (!(credentials->securebits & SECBIT_NO_SETUID_FIXUP))
		credentials->effective = credentials->uid ? 0 : credentials->permitted;
}

bool access_real_is_effective(void)
{
	const struct credentials *credentials = identity_now();
	uint64_t effective = credentials->uid ? 0 : credentials->permitted;

	return credentials->fsuid == credentials->uid && credentials->fsgid == credentials->gid &&
	       (credentials->securebits & SECBIT_NO_SETUID_FIXUP || credentials->effective == effective);
}

static long check_object(struct call *call, const struct object *object, unsigned int mask)
{
	long result = GATE_4(NR_faccessat2, object->fd, "", mask, AT_EMPTY_PATH | AT_EACCESS);
	struct access_file file;

	/* What the modes do not decide: read-only file systems, files of others. */
	if (result && (result != -EACCES || !owner_is_users(object)))
		return result;
	file = access_file_of(object);
	return access_judge(call, &file, mask);
}

static long ask(struct call *call, void *mask_at)
{
	unsigned int mask = *(const unsigned int *)mask_at;
	struct object object;
	long result = handle_paths(call);

	if (call->is_denied || (result && result != -EACCES))
		return result;
	call_start_anew(call);
	if (!mask)
		return result;
	result = object_take(call, &object);
	if (!result)
		result = check_object(call, &object, mask);
	object_release(&object);
	return result;
}

static long ask_as(struct call *call, const struct credentials *credentials)
{
	unsigned int mask = (unsigned int)call->original[call->nr == NR_access ? 1 : 2] & 7;
	long result;

	call->as = credentials;
	if (access_kind(call) == ACCESS_KERNEL)
		return handle_paths(call);
	result = ask(call, &mask);
	if (result == -EACCES)
		result = access_override_step(call, ask, &mask, result);
	call->is_denied = true;
	return result;
}

static long ask_as_real(struct call *call)
{
	struct credentials real;
	long result;

	credentials_copy(&real, identity_now());
	make_real(&real);
	result = ask_as(call, &real);
	call->as = NULL;
	return result;
}

static long ask_by_any(struct call *call)
{
	if (!identity_is_on())
		return handle_paths(call);
	return call->nr == NR_faccessat2 && call->original[3] & AT_EACCESS ? ask_as(call, NULL) : ask_as_real(call);
}

long handle_access(struct call *call)
{
	long result = ask_by_any(call);

	if (!result && readonly_is_there() && call->original[call->nr == NR_access ? 1 : 2] & ACCESS_WRITE)
		result = readonly_check_access(call);
	return result;
}
