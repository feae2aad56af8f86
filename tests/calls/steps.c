/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A signal at every instruction of a call. A parent steps a child through each
 * of some calls with ptrace, one instruction further each time, and there lets a
 * signal come. Its handler must find the program's own code interrupted, with the
 * registers that belong there; and whether it returns or jumps away, the call has
 * been made once or not at all. The calls have been made often before, so that
 * their sites are patched.
 */
#include "call.h"
#include <sched.h>
#include <setjmp.h>
#include <sys/inotify.h>
#include <sys/ptrace.h>
#include <sys/user.h>

#ifndef PTRACE_GETSIGMASK
#define PTRACE_GETSIGMASK 0x420a
#endif

#define WARM_UP 40
#define SET_SIZE 8
#define BIT(signal) (1ul << ((signal)-1))
#define FLAGS 0xd5ul

/*
 * long NAME(const long arguments[6]): LOAD leaves the number in eax, the call is
 * made with known registers, what is there afterwards goes to "after".
 */
unsigned long site_stack, after[8], shared_number;

#define SITE(name, load, ...) SITE_THEN(name, load, "", __VA_ARGS__)
#define SITE_THEN(name, load, then, ...) \
	long name(const long *arguments); \
	extern char name##_begin[], name##_behind[]; \
	__asm__(".text\n .globl " #name ", " #name "_begin, " #name "_behind\n" #name ":\n" \
		"push %rbx\n push %rbp\n push %r12\n push %r13\n push %r14\n push %r15\n" \
		"mov 8(%rdi), %rsi\n mov 16(%rdi), %rdx\n mov 24(%rdi), %r10\n" \
		"mov 32(%rdi), %r8\n mov 40(%rdi), %r9\n mov (%rdi), %rdi\n" \
		"mov $0x1111, %ebx\n mov $0x2222, %ebp\n mov $0x7777, %r12d\n" \
		"mov $0x8888, %r13d\n mov $0x9999, %r14d\n mov $0xaaaa, %r15d\n" __VA_ARGS__ \
		"mov %rsp, site_stack(%rip)\n mov $0xd7, %ah\n sahf\n" #name "_begin:\n" load "\n syscall\n" #name \
		"_behind:\n" then "mov %rbx, after(%rip)\n mov %rbp, after+8(%rip)\n mov %r12, after+16(%rip)\n" \
		"mov %r13, after+24(%rip)\n mov %r14, after+32(%rip)\n mov %r15, after+40(%rip)\n" \
		"mov %rsp, after+48(%rip)\n pushfq\n pop after+56(%rip)\n mov site_stack(%rip), %rsp\n" #name \
		"_end:\n")
#define SITE_END(pops) __asm__(pops "pop %r15\n pop %r14\n pop %r13\n pop %r12\n pop %rbp\n pop %rbx\n ret\n")

SITE(site_access, "mov $21, %eax");
SITE_END("");
SITE(site_stat, "mov $4, %eax");
SITE_END("");
SITE(site_open, "mov $2, %eax");
SITE_END("");
SITE(site_mkdir, "mov $83, %eax");
SITE_END("");
SITE(site_rmdir, "mov $84, %eax");
SITE_END("");
SITE(site_rename, "mov $82, %eax");
SITE_END("");
SITE(site_unlink, "mov $87, %eax");
SITE_END("");
SITE(site_unlinkat, "mov $263, %eax");
SITE_END("");
SITE(site_mask, "mov $14, %eax");
SITE_END("");
SITE(site_poll, "mov $271, %eax");
SITE_END("");
SITE(site_watch, "mov $254, %eax");
SITE_END("");
/* A site that several calls share: the number comes from memory. */
SITE(site_shared, "mov 8(%rsp), %rax", "push shared_number(%rip)\n push $0\n");
SITE_END("pop %rcx\n pop %rcx\n");

/* Returns twice: the child ends at once. */
SITE_THEN(site_clone, "mov $435, %eax",
	  "mov %rax, %rcx\n jrcxz 1f\n jmp 2f\n1: mov $60, %eax\n mov $0, %edi\n syscall\n2:\n", "");
SITE_END("");

/* Instructions between the number and the trap: one of them, and its effect, depends on where it stands. */
unsigned long *found_number;
extern char site_far_1[], site_far_2[];
SITE(site_far, "mov $21, %eax\n"
	       ".globl site_far_1, site_far_2\n"
	       "site_far_1: lea shared_number(%rip), %rcx\n"
	       "site_far_2: mov %rcx, found_number(%rip)");
SITE_END("");

static struct stat status;
static unsigned long no_signals, all_signals = ~0ul, mask, old_mask;
static char child_stack[4096] __attribute__((aligned(16)));
static const struct {
	uint64_t flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls;
} child_arguments = { .flags = CLONE_VM | CLONE_VFORK,
		      .stack = (uintptr_t)child_stack,
		      .stack_size = sizeof(child_stack) };
static struct timespec no_time;
static int watches = -1;

static void nothing(void)
{
}

static void remove_made(void)
{
	rmdir("/tmp/steps");
}

static void make_removed(void)
{
	mkdir("/tmp/steps", 0755);
}

#define TMP 100 /* a descriptor of /tmp */

static void make_file(void)
{
	unlink("/tmp/steps-new");
	close(open("/tmp/steps-old", O_WRONLY | O_CREAT, 0644));
	if (fcntl(TMP, F_GETFD) < 0) {
		int fd = open("/tmp", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

		MUST(dup2(fd, TMP) == TMP);
		close(fd);
	}
}

static long check_renamed(void)
{
	return access("/tmp/steps-new", F_OK) || !access("/tmp/steps-old", F_OK);
}

static long check_unlinked(void)
{
	return !access("/tmp/steps-old", F_OK);
}

static void block_second(void)
{
	mask = BIT(SIGUSR2);
	old_mask = 0;
	CALL(SYS_rt_sigprocmask, SIG_SETMASK, &mask, NULL, SET_SIZE);
}

static void end_children(void)
{
	while (waitpid(-1, NULL, __WALL) > 0)
		;
}

static long check_old_mask(void)
{
	return old_mask == BIT(SIGUSR2) ? 0 : 1;
}

static void new_watches(void)
{
	close(watches);
	watches = inotify_init1(IN_CLOEXEC);
}

static void number_access(void)
{
	shared_number = SYS_access;
}

static void forget_number(void)
{
	found_number = NULL;
}

static long check_number(void)
{
	return found_number == &shared_number ? 0 : 1;
}

/* One that is not trapped. */
static void number_getppid(void)
{
	shared_number = SYS_getppid;
}

static const struct one_call {
	const char *name;
	long (*site)(const long *arguments);
	const char *begin, *behind;
	long number;
	long arguments[6];
	void (*prepare)(void);
	long result;	       /* 1: whatever is not negative */
	long (*check)(void);   /* 0: all is well, when the call has been made */
	bool gives_descriptor; /* to be closed again */
} calls[] = {
#define AT(site) site, site##_begin, site##_behind
	{ "access", AT(site_access), SYS_access, { (long)"/dir/file", R_OK }, nothing, 0, NULL, false },
	{ "access, none", AT(site_access), SYS_access, { (long)"/dir/none", R_OK }, nothing, -ENOENT, NULL, false },
	{ "access, relative", AT(site_access), SYS_access, { (long)"dir/sub", R_OK }, nothing, 0, NULL, false },
	{ "access, link", AT(site_access), SYS_access, { (long)"/link-abs", R_OK }, nothing, 0, NULL, false },
	{ "stat, bound", AT(site_stat), SYS_stat, { (long)"/bound/inner", (long)&status }, nothing, 0, NULL, false },
	{ "open", AT(site_open), SYS_open, { (long)"/dir/file", O_RDONLY }, nothing, 1, NULL, true },
	{ "open, link", AT(site_open), SYS_open, { (long)"/link-abs", O_RDONLY }, nothing, 1, NULL, true },
	{ "open, up", AT(site_open), SYS_open, { (long)"/dir/../file", O_RDONLY }, nothing, 1, NULL, true },
	{ "mkdir", AT(site_mkdir), SYS_mkdir, { (long)"/tmp/steps", 0755 }, remove_made, 0, NULL, false },
	{ "rmdir", AT(site_rmdir), SYS_rmdir, { (long)"/tmp/steps" }, make_removed, 0, NULL, false },
	{ "rename",
	  AT(site_rename),
	  SYS_rename,
	  { (long)"/tmp/steps-old", (long)"/tmp/steps-new" },
	  make_file,
	  0,
	  check_renamed,
	  false },
	{ "rename, none",
	  AT(site_rename),
	  SYS_rename,
	  { (long)"/tmp/steps-none/old", (long)"/tmp/steps-none/new" },
	  nothing,
	  -ENOENT,
	  NULL,
	  false },
	{ "unlink", AT(site_unlink), SYS_unlink, { (long)"tmp/steps-old" }, make_file, 0, check_unlinked, false },
	{ "unlink, bound", AT(site_unlink), SYS_unlink, { (long)"/bound/none" }, nothing, -ENOENT, NULL, false },
	{ "unlinkat",
	  AT(site_unlinkat),
	  SYS_unlinkat,
	  { TMP, (long)"steps-old", 0 },
	  make_file,
	  0,
	  check_unlinked,
	  false },
	{ "mask",
	  AT(site_mask),
	  SYS_rt_sigprocmask,
	  { SIG_UNBLOCK, (long)&mask, (long)&old_mask, SET_SIZE },
	  block_second,
	  0,
	  check_old_mask,
	  false },
	{ "mask, all",
	  AT(site_mask),
	  SYS_rt_sigprocmask,
	  { SIG_BLOCK, (long)&all_signals, (long)&old_mask, SET_SIZE },
	  block_second,
	  0,
	  check_old_mask,
	  false },
	{ "clone3",
	  AT(site_clone),
	  SYS_clone3,
	  { (long)&child_arguments, sizeof(child_arguments) },
	  end_children,
	  1,
	  NULL,
	  false },
	{ "ppoll",
	  AT(site_poll),
	  SYS_ppoll,
	  { 0, 0, (long)&no_time, (long)&no_signals, SET_SIZE },
	  nothing,
	  0,
	  NULL,
	  false },
	{ "watch",
	  AT(site_watch),
	  SYS_inotify_add_watch,
	  { -1, (long)"/dir", IN_CREATE | IN_MASK_CREATE },
	  new_watches,
	  1,
	  NULL,
	  false },
	{ "far number", AT(site_far), SYS_access, { (long)"/dir/file", R_OK }, forget_number, 0, check_number, false },
	{ "shared site", AT(site_shared), SYS_access, { (long)"/dir/file", R_OK }, number_access, 0, NULL, false },
	{ "shared site, passed", AT(site_shared), SYS_getppid, { 0 }, number_getppid, 1, NULL, false },
};

/* What parent and child tell each other. */
static struct report {
	volatile bool go_on; /* the next case */
	volatile long handled, wrong_results, wrong_contexts;
	char first[256];
} * report;

static const struct one_call *current;
static bool jumps;

/* What the handler does, and of which signal. */
static const struct way {
	const char *name;
	int signal;
	bool jumps;
	size_t every; /* how many of the calls it is tried with */
} ways[] = {
	{ "returns", SIGUSR1, false, 1 },
	{ "jumps", SIGUSR1, true, 1 },
	{ "jumps, SIGSYS", SIGSYS, true, 4 },
};
static sigjmp_buf back;
extern char __executable_start[], etext[];

static void note(volatile long *count, const char *what, unsigned long value)
{
	if (!report->first[0])
		snprintf(report->first, sizeof(report->first), "; %s: %s %lx", current->name, what, value);
	++*count;
}

/* All that the site has set must be as it was. */
static void check_context(const ucontext_t *context)
{
	static const struct {
		int at;
		unsigned long value;
	} kept[] = {
		{ REG_RBX, 0x1111 }, { REG_RBP, 0x2222 }, { REG_R12, 0x7777 },
		{ REG_R13, 0x8888 }, { REG_R14, 0x9999 }, { REG_R15, 0xaaaa },
	};
	static const int arguments[] = { REG_RDI, REG_RSI, REG_RDX, REG_R10, REG_R8, REG_R9 };
	const greg_t *regs = context->uc_mcontext.gregs;
	const char *at = (const char *)regs[REG_RIP];
	long wrong = report->wrong_contexts;

	if (at < __executable_start || at >= etext)
		note(&report->wrong_contexts, "stands at", (unsigned long)at);
	if (at < current->begin || at > current->behind)
		return;
	for (size_t i = 0; i < ARRAY_SIZE(kept); i++)
		if ((unsigned long)regs[kept[i].at] != kept[i].value)
			note(&report->wrong_contexts, "register", (unsigned long)kept[i].at);
	for (size_t i = 0; i < ARRAY_SIZE(arguments); i++)
		if (regs[arguments[i]] !=
		    (i || watches < 0 || current->number != SYS_inotify_add_watch ? current->arguments[i] : watches))
			note(&report->wrong_contexts, "argument", i);
	if ((unsigned long)regs[REG_RSP] != site_stack)
		note(&report->wrong_contexts, "stack", (unsigned long)regs[REG_RSP]);
	if ((regs[REG_EFL] & FLAGS) != FLAGS)
		note(&report->wrong_contexts, "flags", (unsigned long)regs[REG_EFL]);
	if (at == current->behind - 2 && regs[REG_RAX] != current->number)
		note(&report->wrong_contexts, "number", (unsigned long)regs[REG_RAX]);
	if (at != current->begin && at < current->behind - 2 && at != site_far_1 && at != site_far_2)
		note(&report->wrong_contexts, "inside of an instruction at", (unsigned long)at);
	report->wrong_contexts = MIN(wrong + 1, report->wrong_contexts);
}

static void handle(int signal, siginfo_t *info, void *context_at)
{
	const ucontext_t *context = context_at;
	const greg_t *regs = context->uc_mcontext.gregs;
	const char *at = (const char *)regs[REG_RIP];

	(void)signal, (void)info;
	report->handled++;
	check_context(context);
	if (!jumps || at < current->begin || at > current->behind)
		return;
	if (current->gives_descriptor && at == current->behind && regs[REG_RAX] >= 0)
		close((int)regs[REG_RAX]);
	siglongjmp(back, 1);
}

/* Traps around what the parent steps through. */
void mark_begin(void);
void mark_end(void);
extern char mark_begin_behind[], mark_end_behind[];
__asm__(".text\n .globl mark_begin, mark_end, mark_begin_behind, mark_end_behind\n"
	"mark_begin: int3\n mark_begin_behind: ret\n mark_end: int3\n mark_end_behind: ret\n");

static void check_result(long result)
{
	static const unsigned long kept[] = { 0x1111, 0x2222, 0x7777, 0x8888, 0x9999, 0xaaaa };

	if (current->result == 1 ? result < 0 : result != current->result)
		note(&report->wrong_results, "result", (unsigned long)result);
	else if (current->check && current->check())
		note(&report->wrong_results, "check", (unsigned long)current->check());
	if (current->gives_descriptor && result >= 0)
		close((int)result);
	for (size_t i = 0; i < ARRAY_SIZE(kept); i++)
		if (after[i] != kept[i])
			note(&report->wrong_results, "register behind", i);
	if (after[6] != site_stack)
		note(&report->wrong_results, "stack behind", after[6]);
	if ((after[7] & FLAGS) != FLAGS)
		note(&report->wrong_results, "flags behind", after[7]);
}

static long make_call(void)
{
	long arguments[6];

	memcpy(arguments, current->arguments, sizeof(arguments));
	if (current->number == SYS_inotify_add_watch)
		arguments[0] = watches;
	return current->site(arguments);
}

static void run_case(void)
{
	static long result; /* beside the jump */
	unsigned long none = 0;

	current->prepare();
	if (!sigsetjmp(back, 1)) {
		mark_begin();
		result = make_call();
		mark_end();
		check_result(result);
	} else {
		mark_end();
	}
	CALL(SYS_rt_sigprocmask, SIG_SETMASK, &none, NULL, SET_SIZE);
}

static void warm_up(void)
{
	for (int i = 0; i < WARM_UP; i++) {
		long result;

		current->prepare();
		result = make_call();
		check_result(result);
	}
}

static int first_free_descriptor(void)
{
	int fd = dup(0);

	close(fd);
	return fd;
}

static _Noreturn void child(void)
{
	static char stack[0x10000];
	struct sigaction action = { .sa_sigaction = handle, .sa_flags = SA_SIGINFO };
	int free;

	MUST(!sigaltstack(&(stack_t){ .ss_sp = stack, .ss_size = sizeof(stack) }, NULL));
	MUST(!ptrace(PTRACE_TRACEME, 0, 0, 0));
	free = first_free_descriptor();
	for (size_t way = 0; way < ARRAY_SIZE(ways); way++) {
		jumps = ways[way].jumps;
		action.sa_flags = SA_SIGINFO | (jumps ? SA_ONSTACK : 0);
		MUST(!sigaction(ways[way].signal, &action, NULL));
		for (size_t i = 0; i < ARRAY_SIZE(calls); i += ways[way].every) {
			current = &calls[i];
			*report = (struct report){ 0 };
			warm_up();
			while (!report->go_on)
				run_case();
			close(watches);
			watches = -1;
			if (first_free_descriptor() != free)
				note(&report->wrong_results, "descriptors left",
				     (unsigned long)first_free_descriptor());
			mark_end();
		}
	}
	_exit(0);
}

/*
 * The parent
 */

static long instruction(pid_t child)
{
	return ptrace(PTRACE_PEEKUSER, child, offsetof(struct user_regs_struct, rip), 0);
}

/* Let CHILD go on with *SIGNAL, which becomes that with which it stops. */
static void resume(pid_t child, int request, int *signal)
{
	int stopped;

	MUST(!ptrace(request, child, 0, *signal) && waitpid(child, &stopped, __WALL) == child);
	if (!WIFSTOPPED(stopped)) {
		say("the child ended: %x%s\n", (unsigned int)stopped, report->first);
		_exit(97);
	}
	*signal = WSTOPSIG(stopped) == SIGTRAP ? 0 : WSTOPSIG(stopped);
}

static void run_to(pid_t child, const char *place, int signal)
{
	do
		resume(child, PTRACE_CONT, &signal);
	while (signal || instruction(child) != (long)place);
}

static bool is_blocked(pid_t child)
{
	unsigned long blocked = 0;

	MUST(!ptrace(PTRACE_GETSIGMASK, child, sizeof(blocked), &blocked));
	return blocked & BIT(SIGUSR1);
}

/* In long stretches with signals blocked, one place is like the other; in loops, one round. */
#define BLOCKED_STRIDE 509
#define ROUNDS_MOST 3
#define PLACES_MOST 8192
#define TRIES 3

/* Where a signal is to come: when the instruction AT is reached for the time ROUND. */
static struct place {
	long at;
	int round;
} places[PLACES_MOST];
static int places_count;

static int count_rounds(long at)
{
	int count = 0;

	for (int i = 0; i < places_count; i++)
		count += places[i].at == at;
	return count;
}

/* Step through the whole call once, and note its places. */
static void find_places(pid_t child)
{
	int signal = 0;
	long at;

	run_to(child, mark_begin_behind, 0);
	places_count = 0;
	for (long steps = 0; (at = instruction(child)) != (long)mark_end; steps++) {
		int round = count_rounds(at);

		if (!signal && round < ROUNDS_MOST && places_count < PLACES_MOST &&
		    (!is_blocked(child) || steps % BLOCKED_STRIDE == 0))
			places[places_count++] = (struct place){ at, round };
		resume(child, PTRACE_SINGLESTEP, &signal);
	}
	run_to(child, mark_end_behind, 0);
}

/* Debug registers do nothing on some virtual machines. Then every place is stepped to, and few are taken of a call. */
static bool has_breakpoints;
#define PLACES_STEPPED 10

static void set_breakpoint(pid_t child, long at)
{
	MUST(!ptrace(PTRACE_POKEUSER, child, offsetof(struct user, u_debugreg[7]), 0));
	MUST(!ptrace(PTRACE_POKEUSER, child, offsetof(struct user, u_debugreg[0]), at));
	MUST(!ptrace(PTRACE_POKEUSER, child, offsetof(struct user, u_debugreg[7]), at ? 1 : 0));
}

/* Send the signal at PLACE, unless the call goes another way this time. */
static bool interrupt(pid_t child, const struct place *place, int with)
{
	int signal = 0, round = 0;
	bool is_there = false;

	run_to(child, mark_begin_behind, 0);
	set_breakpoint(child, place->at);
	do {
		if (!is_there && !signal && instruction(child) == place->at && round++ == place->round) {
			set_breakpoint(child, 0);
			is_there = true;
			signal = with;
		}
		resume(child, PTRACE_CONT, &signal);
	} while (signal || instruction(child) != (long)mark_end_behind);
	set_breakpoint(child, 0);
	return is_there;
}

static void probe_breakpoints(pid_t child, const struct one_call *call)
{
	int signal = 0;

	run_to(child, mark_begin_behind, 0);
	set_breakpoint(child, (long)call->begin);
	resume(child, PTRACE_CONT, &signal);
	has_breakpoints = instruction(child) == (long)call->begin;
	set_breakpoint(child, 0);
	if (instruction(child) != (long)mark_end_behind)
		run_to(child, mark_end_behind, signal);
}

/* As interrupt(). */
static bool interrupt_stepping(pid_t child, const struct place *place, int with)
{
	int signal = 0, round = 0;
	long at;

	run_to(child, mark_begin_behind, 0);
	while ((at = instruction(child)) != (long)mark_end) {
		if (!signal && at == place->at && round++ == place->round) {
			run_to(child, mark_end_behind, with);
			return true;
		}
		resume(child, PTRACE_SINGLESTEP, &signal);
	}
	run_to(child, mark_end_behind, signal);
	return false;
}

static void run_parent(pid_t child, const struct one_call *call, const struct way *way)
{
	long sent = 0;
	int stride;

	find_places(child);
	stride = has_breakpoints ? 1 : places_count / PLACES_STEPPED + 1;
	/* Each call begins elsewhere. */
	for (int i = (int)((size_t)(call - calls + (way - ways)) % (size_t)stride); i < places_count; i += stride)
		for (int tries = 0; tries < TRIES; tries++) {
			/* What is known of a path is forgotten after a while. */
			if (tries)
				usleep(6000);
			if ((has_breakpoints ? interrupt : interrupt_stepping)(child, &places[i], way->signal)) {
				sent++;
				break;
			}
		}
	report->go_on = true;
	run_to(child, mark_end_behind, 0);
	say("%s, %s: %ld signals lost, %ld wrong results, %ld wrong contexts%s\n", call->name, way->name,
	    sent - report->handled, report->wrong_results, report->wrong_contexts, report->first);
	if (getenv("STEPS_COUNT"))
		say("# %ld signals at %d places\n", sent, places_count);
}

int main(void)
{
	cpu_set_t one;
	int ended;
	pid_t pid;

	/* They take turns, which is fastest on one CPU. */
	CPU_ZERO(&one);
	CPU_SET(sched_getcpu(), &one);
	sched_setaffinity(0, sizeof(one), &one);
	report = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	MUST(report != MAP_FAILED && !chdir("/"));
	pid = fork();
	if (!pid)
		child();
	/* At a mark, or a signal. */
	MUST(waitpid(pid, &ended, 0) == pid && WIFSTOPPED(ended));
	run_to(pid, mark_begin_behind, WSTOPSIG(ended) == SIGTRAP ? 0 : WSTOPSIG(ended));
	run_to(pid, mark_end_behind, 0);
	probe_breakpoints(pid, &calls[0]);
	for (size_t way = 0; way < ARRAY_SIZE(ways); way++)
		for (size_t i = 0; i < ARRAY_SIZE(calls); i += ways[way].every)
			run_parent(pid, &calls[i], &ways[way]);
	MUST(!ptrace(PTRACE_CONT, pid, 0, 0) && waitpid(pid, &ended, 0) == pid);
	say("child: %x\n", (unsigned int)ended);
	return 0;
}
