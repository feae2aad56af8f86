/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "image/credentials.h"
#include "base/error.h"
#include "base/text.h"
#include <linux/capability.h>
#include <linux/prctl.h>
#include <linux/securebits.h>

#define CAPABILITY(number) (1ull << (number))
#define ALL_CAPABILITIES ((2ull << CAP_LAST_CAP) - 1)
/* CAP_FS_SET, kernel/capability.c: what goes with the file-system user. */
#define FILE_CAPABILITIES \
	(CAPABILITY(CAP_CHOWN) | CAPABILITY(CAP_DAC_OVERRIDE) | CAPABILITY(CAP_DAC_READ_SEARCH) | \
	 CAPABILITY(CAP_FOWNER) | CAPABILITY(CAP_FSETID) | CAPABILITY(CAP_LINUX_IMMUTABLE) | CAPABILITY(CAP_MKNOD) | \
	 CAPABILITY(CAP_MAC_OVERRIDE))
#define GROUPS_MOST 65536 /* NGROUPS_MAX */
/* SECURE_EXEC_RESTRICT_FILE and SECURE_EXEC_DENY_INTERACTIVE, Linux 6.14. Their locks are one higher. */
#define EXEC_BITS (5u << 8)
#define ALL_BITS (SECURE_ALL_BITS | EXEC_BITS)
#define ALL_LOCKS (ALL_BITS << 1)
#define S_SET_UID 04000
#define S_SET_GID 02000
#define S_GROUP_EXECUTES 010

void credentials_init(struct credentials *credentials, uint32_t uid, uint32_t gid)
{
	uint64_t all = uid ? 0 : ALL_CAPABILITIES;

	credentials->uid = credentials->euid = credentials->suid = credentials->fsuid = uid;
	credentials->gid = credentials->egid = credentials->sgid = credentials->fsgid = gid;
	credentials->securebits = SECUREBITS_DEFAULT;
	credentials->group_count = 0;
	credentials->inheritable = credentials->ambient = 0;
	credentials->permitted = credentials->effective = all;
	credentials->bounding = ALL_CAPABILITIES;
}

void credentials_copy(struct credentials *to, const struct credentials *from)
{
	memcpy(to, from, credentials_size(from));
}

bool credentials_equal(const struct credentials *a, const struct credentials *b)
{
	return a->group_count == b->group_count && !memcmp(a, b, credentials_size(a));
}

static bool is_set(const struct credentials *credentials, unsigned int bit)
{
	return credentials->securebits >> bit & 1;
}

bool credentials_in_group(const struct credentials *credentials, uint32_t gid)
{
	if (credentials->fsgid == gid)
		return true;
	for (uint32_t i = 0; i < credentials->group_count; i++)
		if (credentials->groups[i] == gid)
			return true;
	return false;
}

bool credentials_may_signal(const struct credentials *actor, const struct credentials *subject)
{
	return actor->euid == subject->suid || actor->euid == subject->uid || actor->uid == subject->suid ||
	       actor->uid == subject->uid;
}

/*
 * Change the users, and what follows of it: capabilities go when none of the three is root any
 * more, and the effective ones come and go with the effective user (cap_emulate_setxuid()).
 */
static void change_users(struct credentials *credentials, uint32_t real, uint32_t effective, uint32_t saved)
{
	bool was_root = !credentials->uid || !credentials->euid || !credentials->suid;
	bool was_effective = !credentials->euid;

	credentials->uid = real;
	credentials->euid = credentials->fsuid = effective;
	credentials->suid = saved;
	if (is_set(credentials, SECURE_NO_SETUID_FIXUP))
		return;
	if (was_root && real && effective && saved) {
		if (!is_set(credentials, SECURE_KEEP_CAPS))
			credentials->permitted = credentials->effective = 0;
		credentials->ambient = 0;
	}
	if (was_effective && effective)
		credentials->effective = 0;
	if (!was_effective && !effective)
		credentials->effective = credentials->permitted;
}

static void change_groups(struct credentials *credentials, uint32_t real, uint32_t effective, uint32_t saved)
{
	credentials->gid = real;
	credentials->egid = credentials->fsgid = effective;
	credentials->sgid = saved;
}

long credentials_setuid(struct credentials *credentials, uint32_t uid)
{
	if (uid == CREDENTIALS_KEEP)
		return -EINVAL;
	if (credentials_can(credentials, CAP_SETUID)) {
		change_users(credentials, uid, uid, uid);
		return 0;
	}
	if (uid != credentials->uid && uid != credentials->suid)
		return -EPERM;
	change_users(credentials, credentials->uid, uid, credentials->suid);
	return 0;
}

long credentials_setgid(struct credentials *credentials, uint32_t gid)
{
	if (gid == CREDENTIALS_KEEP)
		return -EINVAL;
	if (credentials_can(credentials, CAP_SETGID)) {
		change_groups(credentials, gid, gid, gid);
		return 0;
	}
	if (gid != credentials->gid && gid != credentials->sgid)
		return -EPERM;
	change_groups(credentials, credentials->gid, gid, credentials->sgid);
	return 0;
}

/* Real, effective and saved ids: of users and groups alike. */
struct triple {
	uint32_t real, effective, saved;
};

/* setreuid(2) and setregid(2) of IDS, for who IS_FREE to choose any. */
static long exchange(struct triple *ids, uint32_t real, uint32_t effective, bool is_free)
{
	const struct triple old = *ids;

	if (real != CREDENTIALS_KEEP) {
		if (real != old.real && real != old.effective && !is_free)
			return -EPERM;
		ids->real = real;
	}
	if (effective != CREDENTIALS_KEEP) {
		if (effective != old.real && effective != old.effective && effective != old.saved && !is_free)
			return -EPERM;
		ids->effective = effective;
	}
	if (real != CREDENTIALS_KEEP || (effective != CREDENTIALS_KEEP && effective != old.real))
		ids->saved = ids->effective;
	return 0;
}

long credentials_setreuid(struct credentials *credentials, uint32_t real, uint32_t effective)
{
	struct triple ids = { credentials->uid, credentials->euid, credentials->suid };
	long status = exchange(&ids, real, effective, credentials_can(credentials, CAP_SETUID));

	if (!status)
		change_users(credentials, ids.real, ids.effective, ids.saved);
	return status;
}

long credentials_setregid(struct credentials *credentials, uint32_t real, uint32_t effective)
{
	struct triple ids = { credentials->gid, credentials->egid, credentials->sgid };
	long status = exchange(&ids, real, effective, credentials_can(credentials, CAP_SETGID));

	if (!status)
		change_groups(credentials, ids.real, ids.effective, ids.saved);
	return status;
}

static bool is_new(uint32_t id, const struct triple *old)
{
	return id != CREDENTIALS_KEEP && id != old->real && id != old->effective && id != old->saved;
}

#define NOTHING 1 /* of set_three(): there is nothing to change */

/* setresuid(2) and setresgid(2) of IDS, which belong to a task whose file-system id is FILES. */
static long set_three(struct triple *ids, uint32_t files, const struct triple *wish, bool is_free)
{
	const struct triple old = *ids;

	if ((wish->real == CREDENTIALS_KEEP || wish->real == old.real) &&
	    (wish->effective == CREDENTIALS_KEEP || (wish->effective == old.effective && wish->effective == files)) &&
	    (wish->saved == CREDENTIALS_KEEP || wish->saved == old.saved))
		return NOTHING;
	if (!is_free && (is_new(wish->real, &old) || is_new(wish->effective, &old) || is_new(wish->saved, &old)))
		return -EPERM;
	if (wish->real != CREDENTIALS_KEEP)
		ids->real = wish->real;
	if (wish->effective != CREDENTIALS_KEEP)
		ids->effective = wish->effective;
	if (wish->saved != CREDENTIALS_KEEP)
		ids->saved = wish->saved;
	return 0;
}

long credentials_setresuid(struct credentials *credentials, uint32_t real, uint32_t effective, uint32_t saved)
{
	struct triple ids = { credentials->uid, credentials->euid, credentials->suid };
	const struct triple wish = { real, effective, saved };
	long status = set_three(&ids, credentials->fsuid, &wish, credentials_can(credentials, CAP_SETUID));

	if (!status)
		change_users(credentials, ids.real, ids.effective, ids.saved);
	return status == NOTHING ? 0 : status;
}

long credentials_setresgid(struct credentials *credentials, uint32_t real, uint32_t effective, uint32_t saved)
{
	struct triple ids = { credentials->gid, credentials->egid, credentials->sgid };
	const struct triple wish = { real, effective, saved };
	long status = set_three(&ids, credentials->fsgid, &wish, credentials_can(credentials, CAP_SETGID));

	if (!status)
		change_groups(credentials, ids.real, ids.effective, ids.saved);
	return status == NOTHING ? 0 : status;
}

long credentials_setfsuid(struct credentials *credentials, uint32_t uid)
{
	uint32_t old = credentials->fsuid;

	if (uid == CREDENTIALS_KEEP || uid == old ||
	    (uid != credentials->uid && uid != credentials->euid && uid != credentials->suid &&
	     !credentials_can(credentials, CAP_SETUID)))
		return old;
	credentials->fsuid = uid;
	if (is_set(credentials, SECURE_NO_SETUID_FIXUP))
		return old;
	if (!old)
		credentials->effective &= ~FILE_CAPABILITIES;
	else if (!uid)
		credentials->effective |= credentials->permitted & FILE_CAPABILITIES;
	return old;
}

long credentials_setfsgid(struct credentials *credentials, uint32_t gid)
{
	uint32_t old = credentials->fsgid;

	if (gid != CREDENTIALS_KEEP && (gid == credentials->gid || gid == credentials->egid ||
					gid == credentials->sgid || credentials_can(credentials, CAP_SETGID)))
		credentials->fsgid = gid;
	return old;
}

long credentials_may_set_groups(const struct credentials *credentials, unsigned int count)
{
	if (!credentials_can(credentials, CAP_SETGID))
		return -EPERM;
	if (count > GROUPS_MOST)
		return -EINVAL;
	return count > CREDENTIALS_GROUPS_MOST ? -ENOMEM : 0;
}

/* By insertion: they come sorted mostly. */
static void sort(uint32_t *groups, unsigned int count)
{
	for (unsigned int i = 1; i < count; i++) {
		uint32_t group = groups[i];
		unsigned int at = i;

		for (; at && groups[at - 1] > group; at--)
			groups[at] = groups[at - 1];
		groups[at] = group;
	}
}

long credentials_set_groups(struct credentials *credentials, const uint32_t *groups, unsigned int count)
{
	long status = credentials_may_set_groups(credentials, count);

	for (unsigned int i = 0; !status && i < count; i++)
		if (groups[i] == CREDENTIALS_KEEP)
			status = -EINVAL;
	if (status)
		return status;
	memmove(credentials->groups, groups, count * sizeof(*groups));
	sort(credentials->groups, count);
	credentials->group_count = count;
	return 0;
}

static bool is_within(uint64_t set, uint64_t whole)
{
	return !(set & ~whole);
}

long credentials_set_capabilities(struct credentials *credentials, const struct credentials_sets *sets)
{
	uint64_t effective = sets->effective & ALL_CAPABILITIES, permitted = sets->permitted & ALL_CAPABILITIES,
		 inheritable = sets->inheritable & ALL_CAPABILITIES;

	if (!credentials_can(credentials, CAP_SETPCAP) &&
	    !is_within(inheritable, credentials->inheritable | credentials->permitted))
		return -EPERM;
	if (!is_within(inheritable, credentials->inheritable | credentials->bounding) ||
	    !is_within(permitted, credentials->permitted) || !is_within(effective, permitted))
		return -EPERM;
	credentials->effective = effective;
	credentials->permitted = permitted;
	credentials->inheritable = inheritable;
	credentials->ambient &= permitted & inheritable;
	return 0;
}

bool credentials_is_control(int option)
{
	return option == PR_GET_KEEPCAPS || option == PR_SET_KEEPCAPS || option == PR_CAPBSET_READ ||
	       option == PR_CAPBSET_DROP || option == PR_GET_SECUREBITS || option == PR_SET_SECUREBITS ||
	       option == PR_CAP_AMBIENT;
}

static long set_keepcaps(struct credentials *credentials, unsigned long value)
{
	if (value > 1)
		return -EINVAL;
	if (is_set(credentials, SECURE_KEEP_CAPS_LOCKED))
		return -EPERM;
	credentials->securebits &= ~(uint32_t)SECBIT_KEEP_CAPS;
	credentials->securebits |= value ? SECBIT_KEEP_CAPS : 0;
	return 0;
}

static long drop_bounding(struct credentials *credentials, unsigned long capability)
{
	if (!credentials_can(credentials, CAP_SETPCAP))
		return -EPERM;
	if (capability > CAP_LAST_CAP)
		return -EINVAL;
	credentials->bounding &= ~CAPABILITY(capability);
	return 0;
}

static long set_securebits(struct credentials *credentials, unsigned long value)
{
	uint32_t old = credentials->securebits;
	unsigned long changed = old ^ value;

	if ((old & ALL_LOCKS) >> 1 & changed || old & ALL_LOCKS & ~value ||
	    value & ~(unsigned long)(ALL_BITS | ALL_LOCKS))
		return -EPERM;
	/* Some say nothing of what the task itself may do. */
	if (!credentials_can(credentials, CAP_SETPCAP) && (!changed || changed & ~(unsigned long)(EXEC_BITS * 3)))
		return -EPERM;
	credentials->securebits = (uint32_t)value;
	return 0;
}

static long control_ambient(struct credentials *credentials, const unsigned long arguments[4])
{
	uint64_t bit = arguments[1] <= CAP_LAST_CAP ? CAPABILITY(arguments[1]) : 0;

	if (arguments[0] == PR_CAP_AMBIENT_CLEAR_ALL) {
		if (arguments[1] | arguments[2] | arguments[3])
			return -EINVAL;
		credentials->ambient = 0;
		return 0;
	}
	if (!bit || arguments[2] | arguments[3])
		return -EINVAL;
	switch (arguments[0]) {
	case PR_CAP_AMBIENT_IS_SET:
		return credentials->ambient & bit ? 1 : 0;
	case PR_CAP_AMBIENT_RAISE:
		if (!(credentials->permitted & credentials->inheritable & bit) ||
		    is_set(credentials, SECURE_NO_CAP_AMBIENT_RAISE))
			return -EPERM;
		credentials->ambient |= bit;
		return 0;
	case PR_CAP_AMBIENT_LOWER:
		credentials->ambient &= ~bit;
		return 0;
	default:
		return -EINVAL;
	}
}

long credentials_control(struct credentials *credentials, int option, const unsigned long arguments[4])
{
	switch (option) {
	case PR_GET_KEEPCAPS:
		return is_set(credentials, SECURE_KEEP_CAPS);
	case PR_SET_KEEPCAPS:
		return set_keepcaps(credentials, arguments[0]);
	case PR_CAPBSET_READ:
		return arguments[0] > CAP_LAST_CAP ? -EINVAL : (long)(credentials->bounding >> arguments[0] & 1);
	case PR_CAPBSET_DROP:
		return drop_bounding(credentials, arguments[0]);
	case PR_GET_SECUREBITS:
		return credentials->securebits;
	case PR_SET_SECUREBITS:
		return set_securebits(credentials, arguments[0]);
	default:
		return control_ambient(credentials, arguments);
	}
}

/* A number in a file: little-endian, and not aligned. */
static uint32_t number_at(const unsigned char *bytes, size_t index)
{
	bytes += index * sizeof(uint32_t);
	return (uint32_t)bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 | (uint32_t)bytes[3] << 24;
}

long credentials_read_capabilities(struct credentials_program *program, const void *bytes, size_t size)
{
	static const size_t sizes[] = { XATTR_CAPS_SZ_1, XATTR_CAPS_SZ_2, XATTR_CAPS_SZ_3 };
	uint32_t magic = size < sizeof(magic) ? 0 : number_at(bytes, 0);
	unsigned int revision = (magic & VFS_CAP_REVISION_MASK) >> VFS_CAP_REVISION_SHIFT;

	program->has_capabilities = false;
	if (!revision || revision > ARRAY_SIZE(sizes) || size != sizes[revision - 1])
		return -EINVAL;
	if (revision == 3 && number_at(bytes, 5))
		return 0;
	program->has_capabilities = true;
	program->is_effective = magic & VFS_CAP_FLAGS_EFFECTIVE;
	program->permitted = number_at(bytes, 1);
	program->inheritable = number_at(bytes, 2);
	if (revision > 1) {
		program->permitted |= (uint64_t)number_at(bytes, 3) << 32;
		program->inheritable |= (uint64_t)number_at(bytes, 4) << 32;
	}
	program->permitted &= ALL_CAPABILITIES;
	program->inheritable &= ALL_CAPABILITIES;
	return 0;
}

/* What of the old ones goes on to count while an execve is under way. */
struct before {
	uint32_t uid, euid, gid;
	uint64_t permitted;
};

/* bprm_fill_uid(), fs/exec.c: without the group's right to execute, the bit has meant mandatory locking. */
static void take_bits(struct credentials *credentials, const struct credentials_program *program)
{
	if (program->mode & S_SET_UID)
		credentials->euid = program->uid;
	if ((program->mode & (S_SET_GID | S_GROUP_EXECUTES)) == (S_SET_GID | S_GROUP_EXECUTES))
		credentials->egid = program->gid;
}

/* get_file_caps(): *IS_EFFECTIVE says whether what is permitted becomes effective at once. */
static long take_capabilities(struct credentials *credentials, const struct credentials_program *program,
			      bool *is_effective)
{
	*is_effective = program->has_capabilities && program->is_effective;
	credentials->permitted = 0;
	if (!program->has_capabilities)
		return 0;
	credentials->permitted =
		(credentials->bounding & program->permitted) | (credentials->inheritable & program->inheritable);
	return *is_effective && program->permitted & ~credentials->permitted ? -EPERM : 0;
}

/* handle_privileged_root() */
static void take_root(struct credentials *credentials, bool has_capabilities, bool *is_effective)
{
	if (is_set(credentials, SECURE_NOROOT) || (has_capabilities && credentials->uid && !credentials->euid))
		return;
	if (!credentials->euid || !credentials->uid)
		credentials->permitted = credentials->bounding | credentials->inheritable;
	if (!credentials->euid)
		*is_effective = true;
}

/*
 * The rest of cap_bprm_creds_from_file(), where in_group_p() looks at the old file-system group. Returns whether
 * the program may do more than who executed it.
 */
static bool settle(struct credentials *credentials, const struct before *before, bool has_capabilities,
		   bool is_effective, bool has_fixed)
{
	bool is_changed = credentials->euid != before->euid || !credentials_in_group(credentials, credentials->egid);

	if (has_fixed && (is_changed || credentials->permitted & ~before->permitted)) {
		credentials->euid = credentials->uid;
		credentials->egid = credentials->gid;
		credentials->permitted &= before->permitted;
	}
	credentials->suid = credentials->fsuid = credentials->euid;
	credentials->sgid = credentials->fsgid = credentials->egid;
	if (has_capabilities || is_changed)
		credentials->ambient = 0;
	credentials->permitted |= credentials->ambient;
	credentials->effective = is_effective ? credentials->permitted : credentials->ambient;
	credentials->securebits &= ~(uint32_t)SECBIT_KEEP_CAPS;
	return is_changed || credentials->euid != before->uid || credentials->egid != before->gid ||
	       (credentials->uid && (is_effective || credentials->permitted & ~credentials->ambient));
}

long credentials_exec(struct credentials *credentials, const struct credentials_program *program, bool has_fixed,
		      bool *is_secure)
{
	const struct before before = { credentials->uid, credentials->euid, credentials->gid, credentials->permitted };
	bool has_capabilities = program->has_capabilities, is_effective;
	uint32_t egid = credentials->egid;
	long status;

	if (!has_fixed)
		take_bits(credentials, program);
	status = take_capabilities(credentials, program, &is_effective);
	if (status) {
		credentials->euid = before.euid;
		credentials->egid = egid;
		credentials->permitted = before.permitted;
		return status;
	}
	take_root(credentials, has_capabilities, &is_effective);
	*is_secure = settle(credentials, &before, has_capabilities, is_effective, has_fixed);
	return 0;
}

bool credentials_gain(const struct credentials *old, const struct credentials *new)
{
	return old->euid != new->euid || old->egid != new->egid || old->fsuid != new->fsuid ||
	       old->fsgid != new->fsgid || !is_within(new->permitted, old->permitted);
}

static void add_number(struct text *text, uint64_t number)
{
	if (text->length)
		text_add(text, ",");
	text_add_hex(text, number);
}

/* The order is that of the struct; the number of groups is theirs. */
void credentials_write(const struct credentials *credentials, char *buf)
{
	const uint32_t *ids = &credentials->uid;
	const uint64_t *sets = &credentials->inheritable;
	struct text text;

	text_init(&text, buf, CREDENTIALS_TEXT_SIZE);
	for (unsigned int i = 0; i < 9; i++)
		add_number(&text, ids[i]);
	for (unsigned int i = 0; i < 5; i++)
		add_number(&text, sets[i]);
	for (uint32_t i = 0; i < credentials->group_count; i++)
		add_number(&text, credentials->groups[i]);
}

_Static_assert(offsetof(struct credentials, securebits) == 8 * sizeof(uint32_t), "ids, then securebits");
_Static_assert(offsetof(struct credentials, ambient) ==
		       offsetof(struct credentials, inheritable) + 4 * sizeof(uint64_t),
	       "five sets");

bool credentials_are_sound(const struct credentials *credentials)
{
	const uint32_t *ids = &credentials->uid;

	for (unsigned int i = 0; i < 8; i++)
		if (ids[i] == CREDENTIALS_KEEP)
			return false;
	return credentials->group_count <= CREDENTIALS_GROUPS_MOST &&
	       is_within(credentials->securebits, ALL_BITS | ALL_LOCKS) &&
	       is_within(credentials->inheritable | credentials->permitted | credentials->bounding, ALL_CAPABILITIES) &&
	       is_within(credentials->effective, credentials->permitted) &&
	       is_within(credentials->ambient, credentials->permitted & credentials->inheritable);
}

/* The next number at *AT, behind a comma unless it IS_FIRST, of at most MOST. */
static bool read_number(const char **at, bool is_first, uint64_t most, uint64_t *number)
{
	const char *start;
	unsigned long value;

	if (!is_first && *(*at)++ != ',')
		return false;
	start = *at;
	if (!text_read_hex(at, &value) || *at - start > 16 || value > most)
		return false;
	*number = value;
	return true;
}

bool credentials_read(struct credentials *credentials, const char *text)
{
	uint32_t *ids = &credentials->uid;
	uint64_t *sets = &credentials->inheritable, number;

	for (unsigned int i = 0; i < 9; i++) {
		if (!read_number(&text, !i, UINT32_MAX, &number))
			return false;
		ids[i] = (uint32_t)number;
	}
	for (unsigned int i = 0; i < 5; i++)
		if (!read_number(&text, false, UINT64_MAX, &sets[i]))
			return false;
	for (credentials->group_count = 0; *text; credentials->group_count++) {
		if (credentials->group_count == CREDENTIALS_GROUPS_MOST ||
		    !read_number(&text, false, CREDENTIALS_KEEP - 1, &number))
			return false;
		credentials->groups[credentials->group_count] = (uint32_t)number;
		if (credentials->group_count && number < credentials->groups[credentials->group_count - 1])
			return false;
	}
	return credentials_are_sound(credentials);
}
