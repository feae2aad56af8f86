/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What -k makes of the kernel: uname, /proc, AT_HWCAP. */
#include "call.h"
#include <sys/auxv.h>
#include <sys/utsname.h>

static void say_file(const char *path)
{
	char text[512];
	int fd = open(path, O_RDONLY);
	long length = fd < 0 ? 0 : read(fd, text, sizeof(text) - 1);

	if (fd < 0)
		say("%s: %s\n", path, strerrorname_np(errno));
	close(fd);
	text[length < 0 ? 0 : length] = '\0';
	/* Who built the machine's kernel is the machine's. */
	for (char *open = text; (open = strchr(open, '(')); open++)
		*open = '\0';
	say("%s: %s%s", path, text, strchr(text, '\n') ? "" : "...\n");
}

static void say_names(void)
{
	struct utsname names;

	MUST(!uname(&names));
	say("%s|%s|%s|%s|%s|%s\n", names.sysname, names.nodename, names.release, names.version, names.machine,
	    names.domainname);
}

/* getauxval(3) tells what the C library makes of it. */
static void say_hardware(void)
{
	unsigned long entry[2];
	int fd = open("/proc/self/auxv", O_RDONLY);

	while (read(fd, entry, sizeof(entry)) == sizeof(entry))
		if (entry[0] == AT_HWCAP)
			say("AT_HWCAP %lx\n", entry[1]);
	close(fd);
}

static void say_uname(const char *what, void *address)
{
	long status = syscall(SYS_uname, address);

	say("%s: %s\n", what, status ? strerrorname_np(errno) : "0");
}

int main(int argc, char **argv)
{
	char *arguments[] = { argv[0], "again", NULL };
	struct utsname names;

	say_names();
	say_hardware();
	if (argc > 1)
		return 0;
	/* Often enough for the site to be patched. */
	for (int i = 0; i < 40; i++)
		MUST(!uname(&names) && !strcmp(names.release, "9.8.7-x"));
	say_uname("bad address", (void *)8);
	say_uname("may not be written", (void *)main);
	say_file("/proc/version");
	say_file("/proc/sys/kernel/ostype");
	say_file("/proc/sys/kernel/hostname");
	say_file("/proc/sys/kernel/osrelease");
	say_file("/proc/sys/kernel/version");
	say_file("/proc/sys/kernel/domainname");
	execv("/proc/self/exe", arguments);
	return 1;
}
