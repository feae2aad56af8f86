/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who makes the calls: credentials, and what changes them. All by the kernel's raw
 * calls, for libc would change other threads as well.
 *
 * Only such capabilities are shown as decide about files and credentials: a machine's
 * root may have been born without some of the others.
 */
#define _GNU_SOURCE
#include "conduct.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/prctl.h>
#include <linux/securebits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define BIT(capability) (1u << (capability))
#define SHOWN \
	(BIT(CAP_CHOWN) | BIT(CAP_DAC_OVERRIDE) | BIT(CAP_DAC_READ_SEARCH) | BIT(CAP_FOWNER) | BIT(CAP_FSETID) | \
	 BIT(CAP_SETGID) | BIT(CAP_SETUID) | BIT(CAP_SETPCAP) | BIT(CAP_SYS_ADMIN) | BIT(CAP_MKNOD) | \
	 BIT(CAP_SETFCAP))

struct capabilities {
	uint32_t effective, permitted, inheritable; /* the first 32 */
	struct __user_cap_data_struct data[2];
};

static struct capabilities get_capabilities(void)
{
	struct __user_cap_header_struct header = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct capabilities set = { 0 };

	CALL(SYS_capget, &header, set.data);
	set.effective = set.data[0].effective;
	set.permitted = set.data[0].permitted;
	set.inheritable = set.data[0].inheritable;
	return set;
}

static long set_capabilities(struct capabilities *set)
{
	struct __user_cap_header_struct header = { _LINUX_CAPABILITY_VERSION_3, 0 };

	set->data[0].effective = set->effective;
	set->data[0].permitted = set->permitted;
	set->data[0].inheritable = set->inheritable;
	return CALL(SYS_capset, &header, set->data);
}

static void say_groups(void)
{
	gid_t groups[64];
	long count = CALL(SYS_getgroups, 64, groups);

	say(" [");
	for (long i = 0; i < count; i++)
		say("%s%u", i ? " " : "", groups[i]);
	say("]");
}

void people_say(void)
{
	struct capabilities set = get_capabilities();
	uid_t uid[3] = { 0 };
	gid_t gid[3] = { 0 };

	CALL(SYS_getresuid, &uid[0], &uid[1], &uid[2]);
	CALL(SYS_getresgid, &gid[0], &gid[1], &gid[2]);
	say(" %u %u %u %ld", uid[0], uid[1], uid[2], CALL(SYS_setfsuid, -1));
	say(" : %u %u %u %ld", gid[0], gid[1], gid[2], CALL(SYS_setfsgid, -1));
	say_groups();
	say(" %x %x %x", set.effective & SHOWN, set.permitted & SHOWN, set.inheritable & SHOWN);
}

void people_say_short(void)
{
	say("%ld:%ld ", CALL(SYS_setfsuid, -1), CALL(SYS_setfsgid, -1));
}

/* The answer to a change of credentials, and what they are now. */
static void say_changed(long result)
{
	if (say_result(result))
		people_say();
}

static void drop_to(uid_t uid, gid_t gid, gid_t group, bool is_for_ever)
{
	const gid_t groups[] = { group, 50 };

	CALL(SYS_setgroups, group ? 2 : 0, groups);
	if (is_for_ever) {
		CALL(SYS_setresgid, gid, gid, gid);
		CALL(SYS_setresuid, uid, uid, uid);
	} else {
		CALL(SYS_setresgid, -1, gid, -1);
		CALL(SYS_setresuid, -1, uid, -1);
	}
}

/* Root that can't do without asking, in one way or another. */
static void drop_capabilities(uint32_t dropped)
{
	struct capabilities set = get_capabilities();

	set.effective &= ~dropped;
	set.permitted &= random_chance(50) ? ~dropped : ~0u;
	set_capabilities(&set);
}

static void keep_capabilities(uid_t uid, uint32_t kept)
{
	struct capabilities set;

	CALL(SYS_prctl, PR_SET_KEEPCAPS, 1);
	drop_to(uid, uid, 1001, true);
	set = get_capabilities();
	set.effective = set.permitted = kept & set.permitted;
	set_capabilities(&set);
}

static const uint32_t abilities[] = {
	BIT(CAP_CHOWN),
	BIT(CAP_DAC_OVERRIDE),
	BIT(CAP_DAC_READ_SEARCH),
	BIT(CAP_FOWNER),
	BIT(CAP_FSETID),
	BIT(CAP_MKNOD),
	BIT(CAP_SETFCAP),
	BIT(CAP_SETUID) | BIT(CAP_SETGID),
	BIT(CAP_DAC_OVERRIDE) | BIT(CAP_DAC_READ_SEARCH),
	BIT(CAP_DAC_OVERRIDE) | BIT(CAP_FOWNER) | BIT(CAP_FSETID),
	BIT(CAP_SYS_ADMIN),
	SHOWN,
};

void people_become(unsigned int number)
{
	switch (number % 8) {
	case 0:
		break;
	case 1:
		drop_to(1000, 1000, 1001, true);
		break;
	case 2:
		drop_to(1001, 1001, 33, true);
		break;
	case 3:
		drop_to(1000, 1000, 0, false);
		break;
	case 4:
		drop_to(33, 1000, 1001, random_chance(50));
		break;
	case 5:
		drop_capabilities(PICK(abilities));
		break;
	case 6:
		keep_capabilities(1001, PICK(abilities));
		break;
	case 7:
		CALL(SYS_setfsgid, 1001);
		CALL(SYS_setfsuid, 1000);
	}
	say("becomes");
	people_say();
}

static const struct {
	const char *name;
	long number;
	int count;
	bool is_group;
} setters[] = {
	{ "setuid", SYS_setuid, 1, false },	  { "setgid", SYS_setgid, 1, true },
	{ "setreuid", SYS_setreuid, 2, false },	  { "setregid", SYS_setregid, 2, true },
	{ "setresuid", SYS_setresuid, 3, false }, { "setresgid", SYS_setresgid, 3, true },
	{ "setfsuid", SYS_setfsuid, 1, false },	  { "setfsgid", SYS_setfsgid, 1, true },
};

void do_set_ids(void)
{
	unsigned int which = random_below(sizeof(setters) / sizeof(*setters));
	uint32_t ids[3];

	say("%s", setters[which].name);
	for (int i = 0; i < 3; i++) {
		ids[i] = random_chance(30) ? (uint32_t)-1 : setters[which].is_group ? place_gid() : place_uid();
		if (i < setters[which].count)
			say(" %d", (int)ids[i]);
	}
	say_changed(CALL(setters[which].number, ids[0], ids[1], ids[2]));
}

void do_set_groups(void)
{
	gid_t groups[4];
	int count = (int)random_below(5);

	say("setgroups");
	for (int i = 0; i < 4; i++) {
		groups[i] = place_gid();
		if (i < count)
			say(" %d", (int)groups[i]);
	}
	say_changed(CALL(SYS_setgroups, count, groups));
}

void do_capabilities(void)
{
	struct capabilities set = get_capabilities();
	uint32_t ability = PICK(abilities);

	switch (random_below(6)) {
	case 0:
		set.effective = set.permitted;
		say("capset all permitted");
		break;
	case 1:
		set.effective = ability & set.permitted;
		say("capset only %x", ability);
		break;
	case 2:
		set.effective &= ~ability;
		set.permitted &= ~ability;
		say("capset not %x", ability);
		break;
	case 3:
		set.inheritable |= ability;
		say("capset inheritable %x", ability);
		break;
	case 4:
		set.effective |= ability;
		say("capset more %x", ability);
		break;
	case 5:
		set.effective &= ~ability;
		say("capset less %x", ability);
	}
	say_changed(set_capabilities(&set));
}

static const struct {
	const char *name;
	int option;
	unsigned long value[3];
} settings[] = {
	{ "keepcaps 1", PR_SET_KEEPCAPS, { 1 } },
	{ "keepcaps 0", PR_SET_KEEPCAPS, { 0 } },
	{ "keepcaps?", PR_GET_KEEPCAPS, { 0 } },
	{ "securebits noroot", PR_SET_SECUREBITS, { SECBIT_NOROOT } },
	{ "securebits no fixup", PR_SET_SECUREBITS, { SECBIT_NO_SETUID_FIXUP } },
	{ "securebits none", PR_SET_SECUREBITS, { 0 } },
	{ "securebits?", PR_GET_SECUREBITS, { 0 } },
	{ "ambient chown", PR_CAP_AMBIENT, { PR_CAP_AMBIENT_RAISE, CAP_CHOWN } },
	{ "ambient override", PR_CAP_AMBIENT, { PR_CAP_AMBIENT_RAISE, CAP_DAC_OVERRIDE } },
	{ "ambient chown?", PR_CAP_AMBIENT, { PR_CAP_AMBIENT_IS_SET, CAP_CHOWN } },
	{ "ambient none", PR_CAP_AMBIENT, { PR_CAP_AMBIENT_CLEAR_ALL } },
	{ "bounding fowner", PR_CAPBSET_DROP, { CAP_FOWNER } },
	{ "bounding fowner?", PR_CAPBSET_READ, { CAP_FOWNER } },
	{ "no new privileges", PR_SET_NO_NEW_PRIVS, { 1 } },
	{ "no new privileges?", PR_GET_NO_NEW_PRIVS, { 0 } },
};

void do_process(void)
{
	unsigned int which = random_below(sizeof(settings) / sizeof(*settings));
	const unsigned long *value = settings[which].value;

	say("prctl %s", settings[which].name);
	say_changed(CALL(SYS_prctl, settings[which].option, value[0], value[1], value[2]));
}

void do_mask(void)
{
	static const int masks[] = { 022, 022, 022, 0, 0, 027, 077, 002, 0777, 0177 };
	int mask = PICK(masks);

	say("umask %o = %lo", mask, CALL(SYS_umask, mask));
}

static const char *imagine_program(void)
{
	static char path[32];

	if (random_chance(50))
		return path_wished(WISH_PROGRAM);
	snprintf(path, sizeof(path), BELOW_HELPERS "%u", 1 + random_below(3));
	return path;
}

void do_execute(void)
{
	const char *program = imagine_program(), *path = path_wished(WISH_FILE);
	char *const arguments[] = { "conduct", "helper", (char *)path, NULL }, *const none[] = { NULL };
	int status;
	pid_t pid;

	fflush(stdout);
	pid = random_chance(50) ? vfork() : fork();
	if (!pid) {
		syscall(SYS_execve, program, arguments, none);
		_exit(errno);
	}
	waitpid(pid, &status, 0);
	say("execve %s %s", path_show(program), path_show(path));
	if (WIFSIGNALED(status))
		say(" killed by %d", WTERMSIG(status));
	else if (WEXITSTATUS(status) == 200)
		say(" executed");
	else
		say_result(-WEXITSTATUS(status));
}
