/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a process can ask and set about itself: as outside, where the answer is not that a filter is there. */
#include "call.h"
#include <linux/capability.h>
#include <sys/personality.h>
#include <sys/resource.h>
#include <sys/utsname.h>

static void say_capabilities(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = { { 0 } };

	say("capget %s", show(CALL(SYS_capget, &header, data)));
	say(" %x %x %x %x\n", data[0].effective, data[0].permitted, data[1].effective, data[1].inheritable);
}

int main(void)
{
	gid_t groups[64];
	struct utsname name;
	sigset_t set;
	char text[32] = "";

	say("uid %u %u gid %u %u groups %d\n", getuid(), geteuid(), getgid(), getegid(), getgroups(64, groups));
	say_capabilities();
	say("setuid %s setgid %s\n", show(CALL(SYS_setuid, getuid())), show(CALL(SYS_setgid, getgid())));
	say("setuid to another %s\n", geteuid() ? show(CALL(SYS_setuid, 77)) : "not tried");
	say("umask %o then %o\n", umask(027), umask(022));
	say("personality %x\n", personality(0xffffffff));
	say("dumpable %d, set %d, now %d\n", prctl(PR_GET_DUMPABLE), prctl(PR_SET_DUMPABLE, 0), prctl(PR_GET_DUMPABLE));
	say("stat without being dumpable %s", show(CALL(SYS_access, "/bound/inner", R_OK)));
	/* As an ordinary user, /proc/self is root's now. */
	say(" readlink %s\n", show_success(CALL(SYS_readlink, "/link-file", text, sizeof(text))));
	say("relative %s", show(CALL(SYS_access, "bound/sub/../inner", R_OK)));
	say(" getcwd %s", show(CALL(SYS_getcwd, text, sizeof(text))));
	say(" chdir %s", show(CALL(SYS_chdir, "/bound/sub")));
	say(" relative %s", show(CALL(SYS_access, "../inner", R_OK)));
	say(" again %s\n", show(CALL(SYS_access, "again/../../sub/file", R_OK)));
	say("dumpable again %d\n", prctl(PR_SET_DUMPABLE, 1));
	say("name %d", prctl(PR_SET_NAME, "a name that is too long"));
	say(" %d", prctl(PR_GET_NAME, text));
	say(" %s\n", text);
	say("no new privileges %d\n", prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
	say("subreaper %d securebits %d\n", prctl(PR_SET_CHILD_SUBREAPER, 1), prctl(PR_GET_SECUREBITS));
	say("tid address %s\n", show_success(CALL(SYS_prctl, PR_GET_TID_ADDRESS, text)));
	MUST(!uname(&name));
	say("system %s machine %s\n", name.sysname, name.machine);
	say("priority %d nice %d\n", getpriority(PRIO_PROCESS, 0), nice(1));
	sigemptyset(&set);
	say("ioprio %s\n", show(CALL(SYS_ioprio_get, 1, 0)));
	say("kcmp with itself %s\n", show(CALL(SYS_kcmp, getpid(), getpid(), 0, 0, 0)));
	return 0;
}
