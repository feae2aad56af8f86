/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Calls that ask for credentials or change them. They are answered from what the agent
 * keeps (agent/identity.h), by the kernel's rules (image/credentials.h), and none reaches the kernel: its own
 * would refuse, or give up what we need.
 */
#include "image/credentials.h"
#include "agent/access.h"
#include "agent/credentials.h"
#include "agent/dispatch.h"
#include "agent/guest_memory.h"
#include "agent/handlers.h"
#include "agent/identity.h"
#include "agent/kin.h"
#include "agent/proc.h"
#include <linux/capability.h>
#include <linux/prctl.h>

long credentials_id(const struct credentials *credentials, unsigned long nr)
{
	switch (nr) {
	case NR_getuid:
		return credentials->uid;
	case NR_geteuid:
		return credentials->euid;
	case NR_getgid:
		return credentials->gid;
	default:
		return credentials->egid;
	}
}

long handle_get_id(struct call *call)
{
	identity_tidy();
	return credentials_id(identity_now(), call->nr);
}

long handle_get_three_ids(struct call *call)
{
	const struct credentials *now = identity_now();
	const uint32_t users[] = { now->uid, now->euid, now->suid }, groups[] = { now->gid, now->egid, now->sgid };
	const uint32_t *ids = call->nr == NR_getresuid ? users : groups;

	for (unsigned int i = 0; i < ARRAY_SIZE(users); i++)
		if (guest_write(call->arguments[i], &ids[i], sizeof(ids[i])))
			return -EFAULT;
	return 0;
}

long handle_getgroups(struct call *call)
{
	const struct credentials *now = identity_now();
	int room = (int)call->arguments[0];
	uint32_t count = now->group_count;

	if (room < 0 || (room && count > (uint32_t)room))
		return -EINVAL;
	if (room && guest_write(call->arguments[1], now->groups, count * sizeof(now->groups[0])))
		return -EFAULT;
	return count;
}

/*
 * The kernel knows who has opened a file by its own credentials of him (linkat(2) with AT_EMPTY_PATH): they are
 * another copy from now on, which this makes of them: cap_task_prctl(), security/commoncap.c.
 */
static void renew(void)
{
	GATE_5(NR_prctl, PR_SET_KEEPCAPS, 0, 0, 0, 0);
	access_forget_opened();
}

/* What becomes of the task besides: commit_creds(), kernel/cred.c. That its memory can't be seen is left out: we must.
 */
static long commit(const struct credentials *new)
{
	bool gains = credentials_gain(identity_now(), new);
	long status = identity_set(new);

	if (!status && gains)
		GATE_2(NR_prctl, PR_SET_PDEATHSIG, 0);
	if (!status)
		renew();
	return status;
}

/* The call NR with ARGUMENTS, which are ids, on CREDENTIALS. */
static long set_ids(struct credentials *credentials, unsigned long nr, const unsigned long arguments[6])
{
	uint32_t a = (uint32_t)arguments[0], b = (uint32_t)arguments[1], c = (uint32_t)arguments[2];

	switch (nr) {
	case NR_setuid:
		return credentials_setuid(credentials, a);
	case NR_setgid:
		return credentials_setgid(credentials, a);
	case NR_setreuid:
		return credentials_setreuid(credentials, a, b);
	case NR_setregid:
		return credentials_setregid(credentials, a, b);
	case NR_setresuid:
		return credentials_setresuid(credentials, a, b, c);
	case NR_setresgid:
		return credentials_setresgid(credentials, a, b, c);
	case NR_setfsuid:
		return credentials_setfsuid(credentials, a);
	default:
		return credentials_setfsgid(credentials, a);
	}
}

/* Whether the kernel does nothing where nothing changes: kernel/sys.c. */
static bool leaves_equal(unsigned long nr)
{
	return nr == NR_setresuid || nr == NR_setresgid || nr == NR_setfsuid || nr == NR_setfsgid;
}

long handle_set_ids(struct call *call)
{
	struct credentials new;
	long result, status;

	credentials_copy(&new, identity_now());
	result = set_ids(&new, call->nr, call->arguments);
	if (result < 0 || (credentials_equal(&new, identity_now()) && leaves_equal(call->nr)))
		return result;
	status = commit(&new);
	return status ? status : result;
}

long handle_setgroups(struct call *call)
{
	unsigned int count = (unsigned int)call->arguments[0];
	struct credentials new;
	long status;

	credentials_copy(&new, identity_now());
	status = credentials_may_set_groups(&new, count);
	if (!status && guest_read(new.groups, call->arguments[1], count * sizeof(new.groups[0])))
		status = -EFAULT;
	if (!status)
		status = credentials_set_groups(&new, new.groups, count);
	return status ? status : commit(&new);
}

/*
 * The form of the sets that the header at ADDRESS asks for: how many words each has, or
 * -EINVAL, and then the form there is is written there: cap_validate_magic(), kernel/capability.c.
 */
static long read_form(unsigned long address)
{
	static const uint32_t present = _LINUX_CAPABILITY_VERSION_3;
	uint32_t version;

	if (guest_read(&version, address, sizeof(version)))
		return -EFAULT;
	switch (version) {
	case _LINUX_CAPABILITY_VERSION_1:
		return _LINUX_CAPABILITY_U32S_1;
	case _LINUX_CAPABILITY_VERSION_2:
	case _LINUX_CAPABILITY_VERSION_3:
		return _LINUX_CAPABILITY_U32S_3;
	default:
		return guest_write(address, &present, sizeof(present)) ? -EFAULT : -EINVAL;
	}
}

static long read_process(unsigned long address, int *process)
{
	address += offsetof(struct __user_cap_header_struct, pid);
	return guest_read(process, address, sizeof(*process)) ? -EFAULT : 0;
}

/* The sets of PROCESS, or a thread, in the form of WORDS: what is no guest has the kernel's. */
static long get_sets(int process, struct credentials *buf, struct __user_cap_data_struct *data, long words)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3, .pid = process };
	const struct credentials *credentials = identity_now();

	if (process && process != GATE_0(NR_gettid)) {
		credentials = buf;
		if (!kin_has_identity(process) || !identity_read(process, buf))
			return GATE_2(NR_capget, &header, data);
	}
	for (long i = 0; i < words; i++)
		data[i] = (struct __user_cap_data_struct){ (uint32_t)(credentials->effective >> 32 * i),
							   (uint32_t)(credentials->permitted >> 32 * i),
							   (uint32_t)(credentials->inheritable >> 32 * i) };
	return 0;
}

/* The order of errors is that of kernel/capability.c: without DATA, a program asks which form there is. */
long handle_capget(struct call *call)
{
	unsigned long header = call->arguments[0], to = call->arguments[1];
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];
	long words = read_form(header), status;
	struct credentials other;
	int process;

	if (!to || words < 0)
		return words == -EFAULT ? words : to ? words : 0;
	if (read_process(header, &process))
		return -EFAULT;
	if (process < 0)
		return -EINVAL;
	status = get_sets(process, &other, data, words);
	if (status)
		return status;
	return guest_write(to, data, (size_t)words * sizeof(data[0])) ? -EFAULT : 0;
}

long handle_capset(struct call *call)
{
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = { 0 };
	long words = read_form(call->arguments[0]), status;
	struct credentials_sets sets = { 0 };
	struct credentials new;
	int process;

	if (words < 0)
		return words;
	if (read_process(call->arguments[0], &process))
		return -EFAULT;
	if (process && process != GATE_0(NR_gettid))
		return -EPERM;
	if (guest_read(data, call->arguments[1], (size_t)words * sizeof(data[0])))
		return -EFAULT;
	for (unsigned int i = 0; i < ARRAY_SIZE(data); i++) {
		sets.effective |= (uint64_t)data[i].effective << 32 * i;
		sets.permitted |= (uint64_t)data[i].permitted << 32 * i;
		sets.inheritable |= (uint64_t)data[i].inheritable << 32 * i;
	}
	credentials_copy(&new, identity_now());
	status = credentials_set_capabilities(&new, &sets);
	return status ? status : commit(&new);
}

static bool only_asks(const struct call *call)
{
	int option = (int)call->arguments[0];

	return option == PR_GET_KEEPCAPS || option == PR_CAPBSET_READ || option == PR_GET_SECUREBITS ||
	       (option == PR_CAP_AMBIENT && call->arguments[1] == PR_CAP_AMBIENT_IS_SET);
}

long credentials_prctl(const struct call *call)
{
	struct credentials new;
	long result, status = 0;

	credentials_copy(&new, identity_now());
	result = credentials_control(&new, (int)call->arguments[0], call->arguments + 1);
	if (result >= 0 && !credentials_equal(&new, identity_now()))
		status = identity_set(&new);
	if (result >= 0 && !status && !only_asks(call))
		renew();
	return status ? status : result;
}
