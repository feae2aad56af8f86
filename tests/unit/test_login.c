/* SPDX-License-Identifier: GPL-2.0-or-later */
#define _GNU_SOURCE 1
#include "cli/login.h"
#include "tap.h"

#include <string.h>

static const char passwd[] = "root:x:0:0:root:/root:/bin/bash\n"
			     "\n"
			     "# a remark\n"
			     "broken\n"
			     "alice:x:1000:1001:Alice,,,:/home/alice:/bin/zsh\n"
			     "1000:x:7:7::/seven:\n"
			     "nogroup:x:8:x:::\n"
			     "minus:x:4294967295:0:::\n"
			     "last:x:9:9::/last:/bin/last";

static const char group[] = "root:x:0:\n"
			    "alice:x:1001:\n"
			    "audio:x:29:bob,alice\n"
			    "video:x:44:alice\n"
			    "not:x:45:alicea,xalice\n"
			    "wrong:x:y:alice\n"
			    "adm:x:4:alice,bob";

static struct login login;

static bool is(const char *wish, uint32_t uid, uint32_t gid, const char *home)
{
	const struct credentials *credentials = &login.credentials;

	return !login_find(&login, wish, passwd, group) && credentials->uid == uid && credentials->euid == uid &&
	       credentials->gid == gid && credentials->fsgid == gid && !strcmp(login.home, home);
}

static bool fails(const char *wish, const char *error)
{
	if (login_find(&login, wish, passwd, group) && !strcmp(login.error, error))
		return true;
	printf("# %s\n", login.error);
	return false;
}

int main(void)
{
	const uint32_t groups[] = { 4, 29, 44, 1001 };

	ok(is("alice", 1000, 1001, "/home/alice") && !strcmp(login.shell, "/bin/zsh") && !strcmp(login.name, "alice"),
	   "a name");
	ok(login.credentials.group_count == 4 && !memcmp(login.credentials.groups, groups, sizeof(groups)),
	   "its groups");
	ok(!login.credentials.permitted && !login.credentials.effective, "no capabilities");
	ok(is("root", 0, 0, "/root") && login.credentials.effective, "root has them");
	ok(is("1000", 7, 7, "/seven") && !strcmp(login.shell, ""), "a name that is a number");
	ok(is("7", 7, 7, "/seven") && !strcmp(login.name, "1000"), "a number");
	ok(is("last", 9, 9, "/last") && !strcmp(login.shell, "/bin/last"), "the last line");
	ok(is("alice:audio", 1000, 29, "/home/alice") && is("alice:77", 1000, 77, "/home/alice"), "another group");
	ok(is("5:6", 5, 6, "") && !login.name[0] && !login.credentials.group_count, "numbers that nobody has");
	ok(is("8:4", 8, 4, "") && !strcmp(login.name, "nogroup"), "a group for who has none");
	ok(fails("bob", "there is no user 'bob' in the guest's /etc/passwd"), "no such user");
	ok(fails("alice:nobody", "there is no group 'nobody' in the guest's /etc/group"), "no such group");
	ok(fails("5", "user 5 is not in the guest's /etc/passwd, so its group has to be given: 5:GROUP"), "no group");
	ok(fails("broken", "there is no user 'broken' in the guest's /etc/passwd"), "a line that is none");
	ok(fails("minus", "there is no user 'minus' in the guest's /etc/passwd"), "a number that is none");
	ok(fails("nogroup", "the line of 'nogroup' in the guest's /etc/passwd has no group"), "a line without a group");
	ok(fails("4294967295:0", "there is no user '4294967295' in the guest's /etc/passwd"), "-1");
	ok(fails(":a", "':a' names no user") && fails("a:", "'a:' names no group"), "half a wish");
	ok(login_find(&login, "root", "", "") && !login_find(&login, "0:0", "", ""), "no files");
	return plan_done();
}
