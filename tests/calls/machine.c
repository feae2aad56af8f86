/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the machine is called, and what else of it root may not change in a container. Natively
 * in a UTS namespace of its own.
 */
#include "call.h"
#include <sched.h>
#include <sys/quota.h>
#include <sys/reboot.h>
#include <sys/time.h>
#include <sys/timex.h>
#include <sys/utsname.h>

static bool is_native;

static void say_names(void)
{
	struct utsname names;

	MUST(!uname(&names));
	say("%s|%s\n", names.nodename, names.domainname);
}

static void say_file(const char *path)
{
	char text[512];
	int fd = open(path, O_RDONLY);
	long length = fd < 0 ? 0 : read(fd, text, sizeof(text) - 1);

	MUST(fd >= 0 && length >= 0);
	close(fd);
	text[length] = '\0';
	say("%s: %s", path, text);
}

static void set(long number, const char *name, const char *text, long length)
{
	say("%s(%.70s, %ld) = %s\n", name, text ? text : "NULL", length, show(CALL(number, text, length)));
	say_names();
}

#define SET(name, text, length) set(SYS_##name, #name, text, length)

static void check_names(void)
{
	static char longest[80];

	memset(longest, 'x', sizeof(longest) - 1);
	SET(sethostname, "inner", 5);
	SET(setdomainname, "domain", 6);
	SET(sethostname, "inner", 3);
	SET(sethostname, "with\0zero", 9);
	SET(sethostname, "", 0);
	SET(sethostname, NULL, 0);
	SET(sethostname, NULL, 1);
	SET(sethostname, NULL, 65);
	SET(sethostname, "inner", -1);
	SET(sethostname, longest, 65);
	SET(sethostname, longest, 64);
	SET(setdomainname, longest, 64);
	SET(setdomainname, longest, 65);
	SET(sethostname, "inner.example", 13);
	SET(setdomainname, "example", 7);
	say_file("/proc/sys/kernel/hostname");
	say_file("/proc/sys/kernel/domainname");
}

/* A child, and a program. */
static void check_others(const char *program)
{
	pid_t pid = fork();
	int status;

	if (!pid) {
		say_names();
		SET(sethostname, "childs", 6);
		execl(program, program, "again", NULL);
		_exit(1);
	}
	MUST(waitpid(pid, &status, 0) == pid);
	say("status %x\n", status);
	say_names();
}

#ifdef IS_INSIDE
/* Natively they would succeed, and are not to be tried. */
#define IS_REFUSED(number, ...) say("%s: %d\n", #number, is_native || CALL(number, ##__VA_ARGS__) == -EPERM)

static void check_refused(void)
{
	const struct timespec time = { 0 };
	struct timeval day = { 0 };
	struct timex adjustment = { .modes = ADJ_FREQUENCY };

	IS_REFUSED(SYS_clock_settime, CLOCK_REALTIME, &time);
	IS_REFUSED(SYS_settimeofday, &day, NULL);
	IS_REFUSED(SYS_adjtimex, &adjustment);
	IS_REFUSED(SYS_clock_adjtime, CLOCK_REALTIME, &adjustment);
	IS_REFUSED(SYS_reboot, 0xfee1dead, 672274793, RB_DISABLE_CAD, 0);
	IS_REFUSED(SYS_swapon, "/file", 0);
	IS_REFUSED(SYS_swapoff, "/file");
	IS_REFUSED(SYS_acct, "/file");
	IS_REFUSED(SYS_pivot_root, "/dir", "/dir/mount");
	IS_REFUSED(SYS_init_module, NULL, 0, "");
	IS_REFUSED(SYS_delete_module, "none", O_NONBLOCK);
	IS_REFUSED(SYS_kexec_load, 0, 0, NULL, 0);
	/* Some kernels are without. */
	say("iopl: %d\n", CALL(SYS_iopl, 3) < 0 || is_native);
	say("ioperm: %d\n", CALL(SYS_ioperm, 0x80, 1, 1) < 0 || is_native);
	IS_REFUSED(SYS_vhangup);
}
#endif

int main(int argc, char **argv)
{
	const char *side = getenv("PROOT_TEST_SIDE");

	is_native = side && !strcmp(side, "kernel");
	if (argc > 1) {
		say_names();
		return 0;
	}
	/* The machine is to keep its name, whatever happens. */
	if (is_native && !geteuid() && unshare(CLONE_NEWUTS))
		return 77;
	check_names();
	check_others(argv[0]);
#ifdef IS_INSIDE
	check_refused();
#endif
	return 0;
}
