/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Filters of the guest's own: what they forbid is forbidden, what they allow goes on, path calls included. */
#include "call.h"
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/socket.h>

#define LOAD_NUMBER BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr))
#define WHEN(number, verdict) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 1), BPF_STMT(BPF_RET | BPF_K, verdict)
#define OTHERWISE(verdict) BPF_STMT(BPF_RET | BPF_K, verdict)

static struct sock_filter refuse_some[] = {
	LOAD_NUMBER,
	WHEN(SYS_getppid, SECCOMP_RET_ERRNO | EACCES),
	WHEN(SYS_socket, SECCOMP_RET_ERRNO | EPERM),
	WHEN(SYS_uname, SECCOMP_RET_ERRNO | ENOSYS),
	OTHERWISE(SECCOMP_RET_ALLOW),
};

static struct sock_filter kill_some[] = {
	LOAD_NUMBER,
	WHEN(SYS_getppid, SECCOMP_RET_KILL_PROCESS),
	OTHERWISE(SECCOMP_RET_ALLOW),
};

static struct sock_filter trap_some[] = {
	LOAD_NUMBER,
	WHEN(SYS_getppid, SECCOMP_RET_TRAP | 77),
	OTHERWISE(SECCOMP_RET_ALLOW),
};

/* A sandbox: only these, the others end the process. */
static struct sock_filter allow_list[] = {
	LOAD_NUMBER,
	WHEN(SYS_stat, SECCOMP_RET_ALLOW),
	WHEN(SYS_newfstatat, SECCOMP_RET_ALLOW),
	WHEN(SYS_openat, SECCOMP_RET_ALLOW),
	WHEN(SYS_open, SECCOMP_RET_ALLOW),
	WHEN(SYS_read, SECCOMP_RET_ALLOW),
	WHEN(SYS_write, SECCOMP_RET_ALLOW),
	WHEN(SYS_close, SECCOMP_RET_ALLOW),
	WHEN(SYS_exit_group, SECCOMP_RET_ALLOW),
	OTHERWISE(SECCOMP_RET_KILL_PROCESS),
};

static long install_by_prctl(struct sock_filter *filter, size_t count)
{
	struct sock_fprog program = { (unsigned short)count, filter };

	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	return CALL(SYS_prctl, PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}

static long install(struct sock_filter *filter, size_t count, unsigned int flags)
{
	struct sock_fprog program = { (unsigned short)count, filter };

	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	return CALL(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program);
}

static void check_paths(void)
{
	struct stat status;

	say("  stat %s", show(CALL(SYS_stat, "/bound/inner", &status)));
	say(" missing %s", show(CALL(SYS_newfstatat, AT_FDCWD, "missing", &status, 0)));
	say(" open %s\n", show_success(CALL(SYS_openat, AT_FDCWD, "/bound/sub/../inner", O_RDONLY)));
}

static void refused(void)
{
	say("  install %s\n", show(install(refuse_some, ARRAY_SIZE(refuse_some), 0)));
	say("  getppid %s socket %s\n", show(CALL(SYS_getppid)), show(CALL(SYS_socket, AF_UNIX, SOCK_STREAM, 0)));
	check_paths();
	say("  mode %ld\n", (long)prctl(PR_GET_SECCOMP));
}

static void refused_by_prctl(void)
{
	say("  install %s\n", show(install_by_prctl(refuse_some, ARRAY_SIZE(refuse_some))));
	say("  getppid %s socket %s\n", show(CALL(SYS_getppid)), show(CALL(SYS_socket, AF_UNIX, SOCK_STREAM, 0)));
	check_paths();
}

static void killed(void)
{
	say("  install %s\n", show(install(kill_some, ARRAY_SIZE(kill_some), SECCOMP_FILTER_FLAG_TSYNC)));
	check_paths();
	CALL(SYS_getppid);
	say("  not killed\n");
}

static void handle_trap(int signal, siginfo_t *info, void *context)
{
	(void)context;
	say("  trapped: %s code %d errno %d call %d arch %x\n", sigabbrev_np(signal), info->si_code, info->si_errno,
	    info->si_syscall, info->si_arch);
	_exit(3);
}

static void trapped(void)
{
	struct sigaction action = { .sa_sigaction = handle_trap, .sa_flags = SA_SIGINFO };

	MUST(!sigaction(SIGSYS, &action, NULL));
	say("  install %s\n", show(install(trap_some, ARRAY_SIZE(trap_some), 0)));
	check_paths();
	CALL(SYS_getppid);
	say("  not trapped\n");
}

static void trapped_by_default(void)
{
	say("  install %s\n", show(install(trap_some, ARRAY_SIZE(trap_some), 0)));
	CALL(SYS_getppid);
	say("  not trapped\n");
}

static void allowed(void)
{
	say("  install %s\n", show(install(allow_list, ARRAY_SIZE(allow_list), 0)));
	check_paths();
	CALL(SYS_getppid);
	say("  not killed\n");
}

static void inherited(void)
{
	char *const arguments[] = { "show", "exit5", NULL };

	say("  install %s\n", show(install(refuse_some, ARRAY_SIZE(refuse_some), 0)));
	execv("/tests/entry", arguments);
}

/* A site that is used again and again: long access_often(path, mode). */
long access_often(const char *path, long mode);
__asm__(".text\n .globl access_often\naccess_often: mov $21, %eax\n syscall\n ret\n");

#define TIMES 40
#define FORBIDDEN_MODE 7

/* Only some of the calls from one site are trapped. */
static struct sock_filter trap_mode[] = {
	LOAD_NUMBER,
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_access, 1, 0),
	OTHERWISE(SECCOMP_RET_ALLOW),
	BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[1])),
	WHEN(FORBIDDEN_MODE, SECCOMP_RET_TRAP | 77),
	OTHERWISE(SECCOMP_RET_ALLOW),
};

static void use_often(void)
{
	struct sigaction action = { .sa_sigaction = handle_trap, .sa_flags = SA_SIGINFO };
	long wrong = 0;

	MUST(!sigaction(SIGSYS, &action, NULL));
	for (int i = 0; i < TIMES; i++)
		wrong += access_often("/dir/file", R_OK);
	say("  wrong: %ld\n", wrong);
}

static void try_forbidden(void)
{
	long result = access_often("/dir/file", FORBIDDEN_MODE);

	say("  not trapped: %s\n", show(result));
}

static void used_before(void)
{
	use_often();
	say("  install %s\n", show(install(trap_mode, ARRAY_SIZE(trap_mode), 0)));
	try_forbidden();
}

static void used_behind(void)
{
	say("  install %s\n", show(install(trap_mode, ARRAY_SIZE(trap_mode), 0)));
	use_often();
	try_forbidden();
}

static void used_by_program(void)
{
	char *const arguments[] = { "seccomp", "use", NULL };

	say("  install %s\n", show(install(trap_mode, ARRAY_SIZE(trap_mode), 0)));
	execv("/tests/seccomp", arguments);
}

static void errors(void)
{
	struct sock_fprog none = { 0, refuse_some }, bad = { 5, no_memory() };
	struct sock_filter wrong[] = { BPF_STMT(0xff, 0) };

	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	say("  empty %s\n", show(CALL(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &none)));
	say("  bad memory %s %s\n", show(CALL(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &bad)),
	    show(CALL(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, no_memory())));
	say("  wrong program %s\n", show(install(wrong, 1, 0)));
	say("  wrong flags %s\n", show(install(refuse_some, ARRAY_SIZE(refuse_some), 1u << 20)));
	say("  wrong operation %s\n", show(CALL(SYS_seccomp, 77, 0, 0)));
	say("  action %s %s\n",
	    show(CALL(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &(unsigned int){ SECCOMP_RET_TRAP })),
	    show(CALL(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &(unsigned int){ 12345 })));
	say("  wrong mode %s\n", show(CALL(SYS_prctl, PR_SET_SECCOMP, 9, &none)));
}

static const struct {
	const char *name;
	void (*run)(void);
} cases[] = {
	{ "refused", refused },
	{ "refused by prctl", refused_by_prctl },
	{ "killed", killed },
	{ "trapped", trapped },
	{ "trapped by default", trapped_by_default },
	{ "allowed", allowed },
	{ "inherited", inherited },
	{ "site used before", used_before },
	{ "site used behind", used_behind },
	{ "site used by a program", used_by_program },
	{ "errors", errors },
};

int main(int argc, char **argv)
{
	(void)argv;
	if (argc > 1) {
		use_often();
		try_forbidden();
		return 0;
	}
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		say("%s\n", cases[i].name);
		in_child(cases[i].run);
	}
	return 0;
}
