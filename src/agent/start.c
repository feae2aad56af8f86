/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The first code of a fresh image, on the stack the kernel made: takes the
 * state off it, maps the guest's program, makes the process look as if the
 * kernel had executed that program itself, and goes there.
 */
#include "agent/agent.h"
#include "agent/child.h"
#include "agent/elevate.h"
#include "agent/filters.h"
#include "agent/gate.h"
#include "agent/host_program.h"
#include "agent/identity.h"
#include "agent/interpreter.h"
#include "agent/mounts.h"
#include "agent/patch.h"
#include "agent/privileges.h"
#include "agent/program.h"
#include "agent/root.h"
#include "agent/seal.h"
#include "agent/show.h"
#include "agent/signal.h"
#include "agent/tracer.h"
#include "agent/trace.h"
#include "agent/translate.h"
#include "agent/views.h"
#include "base/text.h"
#include "image/state.h"
#include <asm/fcntl.h>
#include <asm/mman.h>
#include <linux/auxvec.h>
#include <linux/elf.h>
#include <linux/fcntl.h>
#include <linux/mman.h>
#include <linux/openat2.h>
#include <linux/personality.h>
#include <linux/prctl.h>

char guest_exe[PATH_SIZE] AGENT_EARLY;

/* What the kernel puts at the stack pointer. */
struct start_stack {
	unsigned long argc;
	char **argv;
	char **envp;
	unsigned long envc;
	unsigned long *auxv;
	size_t auxv_size;	/* bytes, with its AT_NULL */
	unsigned long state_at; /* where the state's strings begin: the guest's environment ends there */
};

_Noreturn void agent_start(unsigned long *stack);

static _Noreturn void die(const char *what, long status)
{
	char line[256];
	struct text text;

	text_init(&text, line, sizeof(line));
	text_add(&text, "proot error: ");
	text_add(&text, what);
	text_add(&text, ": errno ");
	text_add_number(&text, -status);
	text_add(&text, "\n");
	GATE_3(NR_write, 2, line, text.length);
	for (;;)
		GATE_1(NR_exit_group, 127);
}

static void read_stack(unsigned long *at, struct start_stack *stack)
{
	stack->argc = *at++;
	stack->argv = (char **)at;
	at += stack->argc + 1;
	stack->envp = (char **)at;
	while (*at)
		at++;
	stack->envc = (unsigned long)((char **)at - stack->envp);
	stack->auxv = ++at;
	while (*at != AT_NULL)
		at += 2;
	stack->auxv_size = (size_t)((char *)(at + 2) - (char *)stack->auxv);
}

/* Take the state's strings out of envp: auxv moves down over them, the stack pointer stays aligned. */
static void take_state(struct start_stack *stack, struct state *state)
{
	char **strings = stack->envp + stack->envc - STATE_STRINGS;
	unsigned long *moved;

	if (stack->envc < STATE_STRINGS || !state_read(state, strings) || stack->envc - STATE_STRINGS < state->filters)
		die("this program is part of proot and not to be started by hand", -ENOEXEC);
	strings -= state->filters;
	if (!filters_start(strings, state->filters))
		die("the program's seccomp filters could not be kept", -ENOMEM);
	stack->state_at = (unsigned long)strings[state->flags & STATE_HOST_LIBRARIES ? -1 : 0];
	moved = (unsigned long *)(strings + 1);
	memmove(moved, stack->auxv, stack->auxv_size);
	*strings = NULL;
	stack->envc -= STATE_STRINGS + state->filters;
	stack->auxv = moved;
}

/* The emulator's arguments in its order: see struct state. Returns the first of the guest's own. */
static char *arrange_arguments(const struct start_stack *stack, const struct state *state)
{
	char **at = stack->argv + state->foreign_at;
	char *path = at[0];

	if (!state->foreign_at)
		return at[0];
	at[0] = at[1];
	at[1] = path;
	return at[0];
}

/* One more entry, in the room that the state has left. */
static void add_auxiliary(struct start_stack *stack, unsigned long type, unsigned long value)
{
	unsigned long *end = (unsigned long *)((char *)stack->auxv + stack->auxv_size) - 2;

	end[0] = type;
	end[1] = value;
	end[2] = AT_NULL;
	end[3] = 0;
	stack->auxv_size += 2 * sizeof(*end);
}

static unsigned long *find_auxiliary(const struct start_stack *stack, unsigned long type)
{
	for (unsigned long *at = stack->auxv; *at != AT_NULL; at += 2)
		if (*at == type)
			return at + 1;
	return NULL;
}

static void set_auxiliary(const struct start_stack *stack, unsigned long type, unsigned long value)
{
	unsigned long *at = find_auxiliary(stack, type);

	if (at)
		*at = value;
}

/* Where the program is put and where the heap begins, by one random number; none with ADDR_NO_RANDOMIZE. */
static unsigned long random_number(void)
{
	unsigned long number = 0;

	if (GATE_1(NR_personality, 0xffffffff) & ADDR_NO_RANDOMIZE)
		return 0;
	GATE_3(NR_getrandom, &number, sizeof(number), 1);
	return number;
}

static unsigned long heap_start(const struct program_map *map, bool has_interpreter, unsigned long random)
{
	unsigned long start = ALIGN_UP(map->end, 0x1000ul);

	if (map->is_position_independent && !has_interpreter)
		start = ARCH_PROGRAM_BASE; /* away from the mappings: brk of static programs, Linux 5.18 */
	return start + (random % ARCH_HEAP_RANDOM & ~0xffful);
}

/* What /proc/self/cmdline, environ, auxv and the heap show. Without this call (kernels before 3.18) they show ours. */
static void tell_kernel(unsigned long *stack_pointer, const struct start_stack *stack, const struct program_map *map,
			unsigned long heap, const char *arguments)
{
	unsigned long arguments_end = stack->envc ? (unsigned long)stack->envp[0] : stack->state_at;
	struct prctl_mm_map layout;

	layout = (struct prctl_mm_map){
		.start_code = map->start_code,
		.end_code = map->end_code,
		.start_data = map->start_data,
		.end_data = map->end_data,
		.start_brk = heap,
		.brk = heap,
		.start_stack = (unsigned long)stack_pointer,
		.arg_start = stack->argc ? (unsigned long)arguments : arguments_end,
		.arg_end = arguments_end,
		.env_start = arguments_end,
		.env_end = stack->state_at,
		.auxv = (void *)stack->auxv,
		.auxv_size = (unsigned int)stack->auxv_size,
		.exe_fd = (unsigned int)-1,
	};
	GATE_5(NR_prctl, PR_SET_MM, PR_SET_MM_MAP, &layout, sizeof(layout), 0);
}

static void set_auxv(const struct start_stack *stack, const struct state *state, const struct program_map *program,
		     const struct program_map *interpreter)
{
	set_auxiliary(stack, AT_PHDR, program->headers);
	set_auxiliary(stack, AT_PHNUM, program->header_count);
	set_auxiliary(stack, AT_ENTRY, program->entry);
	set_auxiliary(stack, AT_BASE, interpreter->base);
	set_auxiliary(stack, AT_EXECFN, (unsigned long)state->file_name);
}

static void map_program(const struct state *state, struct program_map *program, struct program_map *interpreter,
			unsigned long random)
{
	bool has_interpreter = state->interpreter_fd >= 0;
	unsigned long moved = random >> 32 << 12 & ((1ul << (ARCH_PROGRAM_BASE_RANDOM_BITS + 12)) - 1);
	long status =
		program_map(program, state->program_fd, has_interpreter ? PROGRAM_AT_BASE : PROGRAM_ANYWHERE, moved);

	if (status)
		die("the guest's program could not be mapped", status);
	program_close(state->program_fd);
	*interpreter = (struct program_map){ 0 };
	if (!has_interpreter)
		return;
	status = program_map(interpreter, state->interpreter_fd, PROGRAM_ANYWHERE, 0);
	if (status)
		die("the guest's ELF interpreter could not be mapped", status);
	interpreter_start(state->interpreter, state->interpreter_fd);
	program_close(state->interpreter_fd);
}

/* What a child maps into the memory it shares. */
struct map_aside {
	struct state *state;
	struct program_map *program, *interpreter;
	unsigned long random;
	bool is_mapped;
};

static int open_by_name(const char *guest_path)
{
	static const struct open_how how = { .flags = O_RDONLY | O_CLOEXEC, .resolve = RESOLVE_NO_SYMLINKS };
	char host_path[PATH_SIZE];

	/* The path is resolved: a link on the way has come to be there since. */
	translate_stand_in(guest_path, host_path);
	return (int)GATE_4(NR_openat2, AT_FDCWD, host_path, &how, sizeof(how));
}

static long map_by_name(struct slot *aside_at, long unused)
{
	struct map_aside *aside = (struct map_aside *)aside_at;
	struct state *state = aside->state;

	(void)unused;
	program_make_room(-1);
	state->program_fd = open_by_name(state->foreign_at ? image_data()->emulator.words : state->exe);
	if (state->interpreter[0])
		state->interpreter_fd = open_by_name(state->interpreter);
	if (state->program_fd < 0 || (state->interpreter[0] && state->interpreter_fd < 0))
		return 0;
	map_program(state, aside->program, aside->interpreter, aside->random);
	aside->is_mapped = true;
	return 0;
}

/* The guest has left no descriptor free: see plan_without_descriptors() in exec.c. */
static void map_without_descriptors(struct state *state, struct program_map *program, struct program_map *interpreter,
				    unsigned long random)
{
	struct map_aside aside = { state, program, interpreter, random, false };
	long status = child_run(map_by_name, &aside, 0, 0);

	if (!aside.is_mapped)
		die("the guest's program could not be opened", status ? status : -ENOENT);
}

/* comm: the kernel cuts it to 15 bytes. */
static void set_name(const struct state *state)
{
	const char *exe = text_base_name(guest_exe);
	char name[64];
	struct text text;

	text_init(&text, name, sizeof(name));
	if (state->flags & STATE_NAMED_BY_EXE)
		text_add_bytes(&text, exe, strlen(exe) - (text_ends(exe, " (deleted)") ? 10 : 0));
	else
		text_add(&text, text_base_name(state->file_name));
	GATE_2(NR_prctl, PR_SET_NAME, name);
}

/* The command leaves it to us to look at the file of the first program. */
static void elevate_first(const struct state *state, bool *is_secure)
{
	char host_path[PATH_SIZE];
	struct credentials credentials;
	long status;

	translate_stand_in(state->exe, host_path);
	credentials_copy(&credentials, identity_now());
	status = elevate(&credentials, state->foreign_at ? -1 : state->program_fd, host_path, is_secure);
	if (!status)
		status = identity_set(&credentials);
	if (status)
		die("the guest's program can't be executed as this user", status);
}

static void start_identity(const struct start_stack *stack, const struct state *state)
{
	bool is_secure = state->flags & STATE_SECURE;
	const struct credentials *credentials;

	identity_start(state->credentials);
	if (state->flags & STATE_FIRST)
		elevate_first(state, &is_secure);
	credentials = identity_now();
	set_auxiliary(stack, AT_UID, credentials->uid);
	set_auxiliary(stack, AT_EUID, credentials->euid);
	set_auxiliary(stack, AT_GID, credentials->gid);
	set_auxiliary(stack, AT_EGID, credentials->egid);
	set_auxiliary(stack, AT_SECURE, is_secure);
	/* begin_new_exec(), fs/exec.c */
	if (is_secure)
		GATE_2(NR_prctl, PR_SET_PDEATHSIG, 0);
}

/* A guest's process as it begins. */
struct start {
	struct start_stack stack;
	struct state state;
	struct program_map program, interpreter;
	unsigned long random;
};

/* What the agent keeps of the process, but for the program. */
static void start_process(struct start *start)
{
	const struct state *state = &start->state;

	memcpy(guest_exe, state->exe, MIN(strlen(state->exe) + 1, sizeof(guest_exe) - 1));
	slot_start();
	seal_start();
	views_start();
	signal_start(state->flags, state->signal_mask);
	privileges_start(state->flags);
	if (identity_is_on())
		start_identity(&start->stack, state);
	root_start(state->root);
	mounts_start(state->cwd_mount);
}

static void start_program(struct start *start)
{
	struct state *state = &start->state;

	start->random = random_number();
	if (state->program_fd >= 0)
		map_program(state, &start->program, &start->interpreter, start->random);
	else
		map_without_descriptors(state, &start->program, &start->interpreter, start->random);
	set_auxv(&start->stack, state, &start->program, &start->interpreter);
	if (state->foreign_fd >= 0)
		add_auxiliary(&start->stack, AT_EXECFD, (unsigned long)state->foreign_fd);
	if (image_data()->kernel.has_hardware)
		set_auxiliary(&start->stack, AT_HWCAP, image_data()->kernel.hardware);
	patch_start(&start->program);
}

/* What others see of it. */
static void start_appearance(struct start *start, unsigned long *stack_pointer, const char *arguments)
{
	const struct state *state = &start->state;

	if (start->program.wants_executable_stack)
		GATE_3(NR_mprotect, ALIGN_DOWN((unsigned long)stack_pointer, 0x1000ul), 0x1000,
		       PROT_READ | PROT_WRITE | PROT_EXEC | PROT_GROWSDOWN);
	tell_kernel(stack_pointer, &start->stack, &start->program,
		    heap_start(&start->program, state->interpreter_fd >= 0, start->random), arguments);
	set_name(state);
}

static void start_host_program(const struct start *start)
{
	const struct state *state = &start->state;

	if (state->flags & STATE_OF_HOST && start->interpreter.base)
		host_program_start(&start->interpreter, find_auxiliary(&start->stack, AT_ENTRY), start->stack.envp,
				   state->interpreter, state->flags & STATE_HOST_LIBRARIES);
	if (state->foreign_at)
		host_program_start_emulator();
}

_Noreturn void agent_start(unsigned long *stack_pointer)
{
	struct start start;
	const struct state *state = &start.state;
	char *const *argv;
	const char *arguments;
	unsigned long entry;

	read_stack(stack_pointer, &start.stack);
	take_state(&start.stack, &start.state);
	arguments = arrange_arguments(&start.stack, &start.state);
	start_process(&start);
	start_program(&start);
	start_appearance(&start, stack_pointer, arguments);
	start_host_program(&start);
	argv = start.stack.argv + state->foreign_at;
	show_program(state->file_name, argv, state->foreign_at ? argv[1] : NULL);
	entry = state->interpreter_fd >= 0 ? start.interpreter.entry : start.program.entry;
	trace_tell_start(stack_pointer, entry, state->signal_mask);
	GATE_4(NR_rt_sigprocmask, SIG_SETMASK, &state->signal_mask, 0, SIGNAL_SET_SIZE);
	tracer_start(!(state->flags & STATE_OF_HOST) && patch_may_enter());
	tracer_leave();
	agent_enter_guest(stack_pointer, entry);
}
