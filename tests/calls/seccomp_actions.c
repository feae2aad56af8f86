/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Each action of a filter, for calls that carry a path and for others: alone, one upon the other, by
 * arguments and by the address of the site; before and after the site was in use.
 */
#include "filter.h"

static struct stat status;

/* Sites of our own: long NAME(a, b, c), of the call NUMBER; at NAME_behind is the address the kernel tells. */
#define SITE(name, number) \
	long name(const void *a, const void *b, long c); \
	extern const char name##_behind[]; \
	__asm__(".text\n .globl " #name ", " #name "_behind\n" #name ": mov $" #number ", %eax\n syscall\n" #name \
		"_behind: ret\n")
SITE(stat_here, 4);
SITE(stat_there, 4);
SITE(open_here, 2);
SITE(unlink_here, 87);
SITE(getppid_here, 110);
SITE(getpgid_here, 121);

static long stat_at(long (*site)(const void *, const void *, long), const char *path)
{
	return site(path, &status, 0);
}

static long open_path(const char *path, long flags)
{
	return open_here(path, (const void *)flags, 0600);
}

static void use_sites(void)
{
	for (int i = 0; i < 40; i++) {
		MUST(!stat_at(stat_here, "/dir/file") && !stat_at(stat_there, "/bound/inner"));
		MUST(open_path("/missing", O_RDONLY) == -ENOENT && unlink_here("/missing", NULL, 0) == -ENOENT);
	}
}

/* Bits of what is told of the trap, and the result that the handler gives in its place. */
static long given;
static int handled;

static void give_result(int signal, siginfo_t *info, void *context)
{
	ucontext_t *user = context;

	handled++;
	say("  %s code %d errno %d call %d arch %x rax %lld site %s\n", sigabbrev_np(signal), info->si_code,
	    info->si_errno, info->si_syscall, info->si_arch, user->uc_mcontext.gregs[REG_RAX],
	    (greg_t)info->si_call_addr == user->uc_mcontext.gregs[REG_RIP] ? "told" : "wrong");
	user->uc_mcontext.gregs[REG_RAX] = given;
}

static void catch_traps(int flags)
{
	struct sigaction action = { .sa_sigaction = give_result, .sa_flags = SA_SIGINFO | flags };

	MUST(!sigaction(SIGSYS, &action, NULL));
}

static void try_all(void)
{
	say("  stat %s", show(stat_at(stat_here, "/dir/file")));
	say(" and of nothing %s", show(stat_at(stat_here, "/missing")));
	say(" open %s", show_success(open_path("/bound/sub/../inner", O_RDONLY)));
	say(" unlink %s", show(unlink_here("/missing", NULL, 0)));
	say(" getppid %s", show_success(getppid_here(NULL, NULL, 0)));
	say(" getpgid %s\n", show_success(getpgid_here(NULL, NULL, 0)));
}

static void errors(void)
{
	static const unsigned int data[] = { 0, 1, EACCES, 4095, 4096, 0xffff };

	use_sites();
	for (size_t i = 0; i < ARRAY_SIZE(data); i++) {
		install_for(SYS_stat, SECCOMP_RET_ERRNO | data[i]);
		try_all();
	}
	install_for(SYS_getpgid, SECCOMP_RET_ERRNO | EDOM);
	install_for(SYS_getppid, SECCOMP_RET_ERRNO | ERANGE);
	install_for(SYS_unlink, SECCOMP_RET_ERRNO | EXDEV);
	try_all();
}

static void by_argument(void)
{
	struct sock_filter filter[] = {
		LOAD_NUMBER,
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_open, 1, 0),
		OTHERWISE(SECCOMP_RET_ALLOW),
		LOAD(args[1]),
		BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, O_WRONLY | O_RDWR, 0, 1),
		OTHERWISE(SECCOMP_RET_ERRNO | EROFS),
		OTHERWISE(SECCOMP_RET_ALLOW),
	};

	use_sites();
	INSTALL(filter);
	for (int i = 0; i < 40; i++)
		MUST(open_path("/dir/file", O_WRONLY) == -EROFS && open_path("/missing", O_RDONLY) == -ENOENT);
	say("  open %s", show_success(open_path("/bound/inner", O_RDONLY)));
	say(" to write %s %s\n", show(open_path("/bound/inner", O_RDWR)), show(open_path("/new", O_CREAT | O_WRONLY)));
}

static struct sock_filter *filter_by_site(const char *behind, unsigned int verdict)
{
	static struct sock_filter filter[8];
	const struct sock_filter code[] = {
		LOAD_NUMBER,
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_stat, 1, 0),
		OTHERWISE(SECCOMP_RET_ALLOW),
		LOAD(instruction_pointer),
		WHEN((unsigned int)(unsigned long)behind, SECCOMP_RET_ALLOW),
		LOAD(nr),
		OTHERWISE(verdict),
	};

	return memcpy(filter, code, sizeof(code));
}

static void by_site(void)
{
	use_sites();
	MUST(!install(filter_by_site(stat_there_behind, SECCOMP_RET_ERRNO | EBADSLT), 8, 0));
	for (int i = 0; i < 40; i++)
		MUST(!stat_at(stat_there, "/bound/inner") && stat_at(stat_here, "/dir/file") == -EBADSLT);
	say("  from there %s %s", show(stat_at(stat_there, "/bound/inner")), show(stat_at(stat_there, "/link-file")));
	say(" from here %s\n", show(stat_at(stat_here, "/bound/inner")));
}

/* As a browser's sandbox does it: the handler makes the call, from the one site that may. */
static void broker(int signal, siginfo_t *info, void *context)
{
	greg_t *regs = ((ucontext_t *)context)->uc_mcontext.gregs;

	(void)signal;
	(void)info;
	handled++;
	regs[REG_RAX] = stat_there((const void *)regs[REG_RDI], (const void *)regs[REG_RSI], 0);
}

static void brokered(void)
{
	struct sigaction action = { .sa_sigaction = broker, .sa_flags = SA_SIGINFO | SA_NODEFER };

	use_sites();
	MUST(!sigaction(SIGSYS, &action, NULL));
	MUST(!install(filter_by_site(stat_there_behind, SECCOMP_RET_TRAP), 8, 0));
	for (int i = 0; i < 40; i++)
		MUST(!stat_at(stat_here, "/bound/inner") && stat_at(stat_here, "/missing") == -ENOENT);
	say("  handled %d times: %s %s\n", handled, show(stat_at(stat_here, "/link-dir/file")),
	    show(stat_at(stat_here, "/closed/file/x")));
}

static void trapped(void)
{
	static const unsigned int data[] = { 0, 77, 0x5052, 0xffff };
	static const long numbers[] = { SYS_stat, SYS_getppid, SYS_getpgid };

	use_sites();
	catch_traps(0);
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++)
		for (size_t j = 0; j < ARRAY_SIZE(data); j++) {
			given = (long)(i * 10 + j);
			install_for(numbers[i], SECCOMP_RET_TRAP | data[j]);
			try_all();
		}
	say("  handled %d times\n", handled);
}

static void trap_stat(void)
{
	install_for(SYS_stat, SECCOMP_RET_TRAP | 1);
	say("  stat %s\n", show(stat_at(stat_here, "/dir/file")));
}

static void trap_getppid(void)
{
	install_for(SYS_getppid, SECCOMP_RET_TRAP | 0x5052);
	say("  getppid %s\n", show(getppid_here(NULL, NULL, 0)));
}

static void trap_both(void)
{
	in_child(trap_stat);
	in_child(trap_getppid);
}

static void trapped_ignored(void)
{
	signal(SIGSYS, SIG_IGN);
	trap_both();
}

static void trapped_blocked(void)
{
	sigset_t set;

	catch_traps(0);
	sigemptyset(&set);
	sigaddset(&set, SIGSYS);
	sigprocmask(SIG_BLOCK, &set, NULL);
	trap_both();
}

static void trapped_all_blocked(void)
{
	sigset_t set;

	catch_traps(0);
	sigfillset(&set);
	sigprocmask(SIG_BLOCK, &set, NULL);
	trap_both();
}

static void trap_in_handler(int signal, siginfo_t *info, void *context)
{
	(void)info;
	(void)context;
	say("  handler of %s: ", sigabbrev_np(signal));
	say("stat %s\n", show(stat_at(stat_here, "/dir/file")));
}

/* SIGSYS is blocked in its own handler, unless that was asked for. */
static void trapped_in_handler(void)
{
	struct sigaction action = { .sa_sigaction = trap_in_handler, .sa_flags = SA_SIGINFO };

	MUST(!sigaction(SIGSYS, &action, NULL));
	trap_both();
}

static void trapped_once(void)
{
	catch_traps(SA_RESETHAND);
	given = 5;
	trap_both();
	install_for(SYS_stat, SECCOMP_RET_TRAP | 1);
	say("  stat %s\n", show(stat_at(stat_here, "/dir/file")));
	say("  stat %s\n", show(stat_at(stat_here, "/dir/file")));
}

/* All pairs of actions, the older one first, and one of the kernel's future; for a call with a path, and one without.
 */
static const unsigned int actions[] = {
	SECCOMP_RET_KILL_PROCESS,
	SECCOMP_RET_KILL_THREAD,
	SECCOMP_RET_TRAP | 3,
	SECCOMP_RET_ERRNO | 4,
	SECCOMP_RET_TRACE | 5,
	SECCOMP_RET_LOG,
	SECCOMP_RET_ALLOW | 6,
	0x10000000,
	0x7fe00000,
	0x90000000,
	0x00020000,
	SECCOMP_RET_ERRNO | 9,
};

static unsigned int older, newer;
static long number;

static void try_pair(void)
{
	catch_traps(0);
	given = 100;
	install_for(number, older);
	install_for(number, newer);
	if (number == SYS_stat)
		say("  result %s\n", show(stat_at(stat_here, "/dir/file")));
	else
		say("  result %s\n", show_success(getppid_here(NULL, NULL, 0)));
}

static void pairs(void)
{
	use_sites();
	for (size_t i = 0; i < ARRAY_SIZE(actions); i++)
		for (size_t j = 0; j < ARRAY_SIZE(actions); j++)
			for (int k = 0; k < 2; k++) {
				older = actions[i];
				newer = actions[j];
				number = k ? SYS_getppid : SYS_stat;
				say(" %08x %08x %ld\n", older, newer, number);
				in_child(try_pair);
			}
}

/* The machine begins with 0 in its registers. */
static void beginning(void)
{
	struct sock_filter filter[] = {
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 1),
		OTHERWISE(SECCOMP_RET_ALLOW),
		OTHERWISE(SECCOMP_RET_KILL_PROCESS),
	};

	INSTALL(filter);
	try_all();
}

static const struct {
	const char *name;
	void (*run)(void);
} cases[] = {
	{ "errors", errors },
	{ "by argument", by_argument },
	{ "by site", by_site },
	{ "brokered", brokered },
	{ "trapped", trapped },
	{ "trapped by default", trap_both },
	{ "trapped, ignored", trapped_ignored },
	{ "trapped, blocked", trapped_blocked },
	{ "trapped, all blocked", trapped_all_blocked },
	{ "trapped in its handler", trapped_in_handler },
	{ "trapped once", trapped_once },
	{ "pairs", pairs },
	{ "beginning", beginning },
};

int main(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		say("%s\n", cases[i].name);
		in_child(cases[i].run);
	}
	return 0;
}
