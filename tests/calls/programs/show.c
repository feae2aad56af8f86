/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a program sees of itself when it has just been executed: arguments,
 * environment, auxiliary vector, names, signals, descriptors, memory layout.
 */
#include "call.h"
#include <elf.h>
#include <link.h>
#include <sys/auxv.h>
#include <sys/resource.h>

extern char _start[];

static const char *short_of(const char *text)
{
	static char buf[80];

	if (strlen(text) < 200)
		return text;
	snprintf(buf, sizeof(buf), "[%zu bytes]%.20s", strlen(text), text);
	return buf;
}

static ssize_t read_whole(const char *path, char *buf, size_t size)
{
	int fd = open(path, O_RDONLY);
	ssize_t length = 0, part;

	if (fd < 0)
		return -1;
	while ((part = read(fd, buf + length, size - (size_t)length)) > 0)
		length += part;
	close(fd);
	return length;
}

/* Whether the file FILE of /proc/self is the COUNT strings STRINGS, each with its NUL. */
static bool is_strings(const char *file, char *const *strings, int count)
{
	static char buf[1 << 20];
	ssize_t length = read_whole(file, buf, sizeof(buf));
	size_t at = 0;

	for (int i = 0; i < count; i++) {
		size_t size = strlen(strings[i]) + 1;

		if (at + size > (size_t)length || memcmp(buf + at, strings[i], size))
			return false;
		at += size;
	}
	return at == (size_t)length;
}

static void show_arguments(int argc, char **argv, char **envp)
{
	int envc = 0;

	say("argc %d\n", argc);
	for (int i = 0; i < argc && i < 20; i++)
		say("argv %s\n", short_of(argv[i]));
	for (; envp[envc]; envc++)
		if (envc < 20)
			say("envp %s\n", strncmp(envp[envc], "PROOT_TEST_", 11) ? short_of(envp[envc]) : "of the test");
	say("cmdline %d environ %d count %d\n", is_strings("/proc/self/cmdline", argv, argc),
	    is_strings("/proc/self/environ", envp, envc), envc);
}

/* argv, a NULL, envp, a NULL, then the auxiliary vector: the stack as the kernel makes it. */
static void show_vector(int argc, char **argv, char **envp)
{
	static unsigned long file[256];
	unsigned long *vector;
	ssize_t size = read_whole("/proc/self/auxv", (char *)file, sizeof(file));
	int envc = 0;

	while (envp[envc])
		envc++;
	vector = (unsigned long *)(envp + envc + 1);
	say("stack aligned %d envp behind argv %d\n", ((unsigned long)(argv - 1) & 15) == 0, envp == argv + argc + 1);
	say("auxv types");
	for (unsigned long *at = vector; *at; at += 2)
		if (*at != AT_SYSINFO_EHDR)
			say(" %lu", *at);
	say("\n");
	say("auxv in proc alike %d\n", size >= 0 && !memcmp(file, vector, (size_t)size > 320 ? 320 : (size_t)size));
	say("execfn %s\n", short_of((const char *)getauxval(AT_EXECFN)));
	say("platform %s pagesz %lu clktck %lu secure %lu uid %lu %lu gid %lu %lu\n",
	    (const char *)getauxval(AT_PLATFORM), getauxval(AT_PAGESZ), getauxval(AT_CLKTCK), getauxval(AT_SECURE),
	    getauxval(AT_UID), getauxval(AT_EUID), getauxval(AT_GID), getauxval(AT_EGID));
	say("entry %d phent %lu random %d minsigstksz %d hwcap %d\n", getauxval(AT_ENTRY) == (unsigned long)_start,
	    getauxval(AT_PHENT), getauxval(AT_RANDOM) > (unsigned long)vector, getauxval(AT_MINSIGSTKSZ) > 0,
	    getauxval(AT_HWCAP) != 0);
	say("base is %d execfn above strings %d\n", getauxval(AT_BASE) != 0,
	    getauxval(AT_EXECFN) > (unsigned long)(envc ? envp[envc - 1] : argv[argc - 1]));
}

static void show_headers(void)
{
	const ElfW(Phdr) *header = (const ElfW(Phdr) *)getauxval(AT_PHDR);
	unsigned long count = getauxval(AT_PHNUM), loads = 0;

	for (unsigned long i = 0; i < count; i++)
		loads += header[i].p_type == PT_LOAD;
	say("headers %d loads %lu\n", count > 0, loads);
}

/* Fields of /proc/self/stat, from 1 as proc(5) counts them. */
static unsigned long stat_field(const char *text, int number)
{
	const char *at = strrchr(text, ')') + 2;

	for (int i = 3; i < number; i++)
		at = strchr(at, ' ') + 1;
	return strtoul(at, NULL, 10);
}

static void show_layout(int argc, char **argv, char **envp)
{
	static char text[4096];
	ssize_t length = read_whole("/proc/self/stat", text, sizeof(text) - 1);
	unsigned long code = (unsigned long)show_layout, heap;
	char *block;

	MUST(length > 0);
	text[length] = '\0';
	say("code %d data %d stack %d\n", stat_field(text, 26) <= code && code < stat_field(text, 27),
	    stat_field(text, 45) != 0 && stat_field(text, 46) >= stat_field(text, 45),
	    stat_field(text, 28) == (unsigned long)(argv - 1));
	say("arguments %d %d environment %d %d\n", !argc || stat_field(text, 48) == (unsigned long)argv[0],
	    argc && envp[0] ? stat_field(text, 49) == (unsigned long)envp[0] : -1,
	    envp[0] ? stat_field(text, 50) == (unsigned long)envp[0] : -1,
	    stat_field(text, 51) >= stat_field(text, 50));
	heap = stat_field(text, 47);
	block = sbrk(0);
	say("heap in proc %d grows %d", heap <= (unsigned long)block && (unsigned long)block - heap < 1 << 20,
	    sbrk(1 << 16) != (void *)-1);
	block = sbrk(0);
	block[-1] = 1;
	say(" shrinks %d\n", sbrk(-(1 << 16)) != (void *)-1 && (char *)sbrk(0) == block - (1 << 16));
}

static void show_status_line(const char *status, const char *key)
{
	const char *line = strstr(status, key);

	say("%.*s\n", line ? (int)strcspn(line, "\n") : 0, line ? line : "");
}

/* SIGSYS is left out: proot lives by it, and /proc tells. */
static void show_signal_line(const char *status, const char *key)
{
	const char *line = strstr(status, key);

	if (line)
		say("%s %016lx\n", key, strtoul(line + strlen(key), NULL, 16) & ~(1ul << (SIGSYS - 1)));
}

static void show_names(void)
{
	static char buf[8192];
	char name[17] = "";
	ssize_t length = readlink("/proc/self/exe", buf, sizeof(buf) - 1);

	say("exe %.*s\n", (int)length, buf);
	length = readlink("/proc/self/cwd", buf, sizeof(buf));
	say("cwd %.*s\n", (int)length, buf);
	length = readlink("/proc/self/root", buf, sizeof(buf));
	say("root %.*s\n", (int)length, buf);
	prctl(PR_GET_NAME, name);
	length = read_whole("/proc/self/comm", buf, sizeof(buf));
	say("name %s comm %.*s", name, (int)length, buf);
	length = read_whole("/proc/self/status", buf, sizeof(buf) - 1);
	buf[length < 0 ? 0 : length] = '\0';
	show_status_line(buf, "\nName:" + 1);
	show_status_line(buf, "Umask:");
	show_signal_line(buf, "SigPnd:");
	show_signal_line(buf, "ShdPnd:");
	show_signal_line(buf, "SigBlk:");
	show_signal_line(buf, "SigIgn:");
	show_signal_line(buf, "SigCgt:");
	show_status_line(buf, "Uid:");
	show_status_line(buf, "Threads:");
}

static void show_signals(void)
{
	struct sigaction action;
	stack_t stack;
	sigset_t set;

	say("blocked");
	sigprocmask(SIG_BLOCK, NULL, &set);
	for (int i = 1; i < 65; i++)
		if (sigismember(&set, i) > 0)
			say(" %d", i);
	say(" pending");
	sigpending(&set);
	for (int i = 1; i < 65; i++)
		if (sigismember(&set, i) > 0)
			say(" %d", i);
	say(" handled");
	for (int i = 1; i < 65; i++)
		if (!sigaction(i, NULL, &action) && action.sa_handler != SIG_DFL)
			say(" %d%s", i, action.sa_handler == SIG_IGN ? "i" : "h");
	sigaltstack(NULL, &stack);
	say(" stack %d %zu\n", stack.ss_flags, stack.ss_size);
}

static void show_descriptors(void)
{
	say("descriptors");
	for (int fd = 0; fd < 200; fd++) {
		int flags = fcntl(fd, F_GETFD);

		if (flags >= 0)
			say(" %d%s", fd, flags ? "c" : "");
	}
	say("\n");
}

static void show_rest(void)
{
	int death = -1;
	unsigned int control = 0;

	prctl(PR_GET_PDEATHSIG, &death);
#ifdef __aarch64__
	unsigned long word;

	__asm__("mrs %0, fpcr" : "=r"(word));
	control = (unsigned int)word;
#else
	__asm__("stmxcsr %0" : "=m"(control));
#endif
	say("dumpable %d keepcaps %d pdeathsig %d thp %d timerslack %d mxcsr %x\n", prctl(PR_GET_DUMPABLE),
	    prctl(PR_GET_KEEPCAPS), death, prctl(PR_GET_THP_DISABLE, 0, 0, 0, 0), prctl(PR_GET_TIMERSLACK) > 0,
	    control);
	say("session %d group %d priority %d\n", getsid(0) > 0, getpgrp() > 0, getpriority(PRIO_PROCESS, 0));
}

/* Say that the program runs, and stay until standard input ends. */
static int wait_for_end(void)
{
	char byte;

	MUST(write(3, "x", 1) == 1);
	close(3);
	return read(0, &byte, 1) != 0;
}

int main(int argc, char **argv, char **envp)
{
	if (argc > 1 && !strcmp(argv[1], "wait"))
		return wait_for_end();
	show_descriptors();
	show_arguments(argc, argv, envp);
	show_vector(argc, argv, envp);
	show_headers();
	show_names();
	show_signals();
	show_layout(argc, argv, envp);
	show_rest();
	return argc > 1 && !strncmp(argv[1], "exit", 4) ? atoi(argv[1] + 4) : 0;
}
