/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "image/plan.h"
#include "arch.h"
#include "base/error.h"
#include "base/text.h"
#include "image/elf.h"

_Static_assert(PLAN_READ_SIZE == ELF_HEAD_SIZE, "plan.h");

static long fail(struct plan *plan, enum plan_stage stage, const char *path, long status)
{
	plan->stage = stage;
	plan->failed_path = path;
	return status;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/*
 * Split a "#!" line as load_script(), fs/binfmt_script.c, does: the interpreter
 * up to a blank, then everything up to the end of the line as one argument. A
 * line that fills the buffer is accepted only if the interpreter's name ended.
 */
static long split_script(char *line, size_t size, const char **interpreter, const char **argument)
{
	char *end = line + size, *at = line + 2, *name, *newline = at;

	while (newline < end && *newline != '\n')
		newline++;
	if (newline == end) {
		while (at < end && is_blank(*at))
			at++;
		while (at < end && *at && !is_blank(*at))
			at++;
		if (at >= end)
			return -ENOEXEC;
		newline = end - 1;
		at = line + 2;
	}
	while (newline > at && is_blank(newline[-1]))
		newline--;
	*newline = '\0';
	while (is_blank(*at))
		at++;
	if (at >= newline)
		return -ENOEXEC;
	/* A zero byte is no blank to the kernel: it finds an empty name, which is the cwd, which is no file. */
	if (!*at)
		return -EACCES;
	*interpreter = at;
	while (*at && !is_blank(*at))
		at++;
	for (name = at; is_blank(*at); at++)
		*at = '\0';
	*argument = at > name && at < newline ? at : NULL;
	return 0;
}

static void push_front(struct plan *plan, const char *argument)
{
	memmove(plan->front + 1, plan->front, plan->front_count * sizeof(plan->front[0]));
	plan->front[0] = argument;
	plan->front_count++;
}

/* The head of a file lies in plan->head: put its "#!" line into TEXT, and the words in front of the arguments. */
static long enter_script(struct plan *plan, const char *script, struct text *text, size_t size, const char **next)
{
	char *line = text->text + text->length;
	const char *argument = NULL;
	long status;

	/* As the kernel's buffer: zeros behind a short file. */
	memcpy(line, plan->head, PLAN_HEAD_SIZE);
	if (size < PLAN_HEAD_SIZE)
		memset(line + size, 0, PLAN_HEAD_SIZE - size);
	text->length += PLAN_HEAD_SIZE;
	status = split_script(line, PLAN_HEAD_SIZE, next, &argument);
	if (status)
		return status;
	if (!plan->front_count)
		push_front(plan, script);
	if (argument)
		push_front(plan, argument);
	push_front(plan, *next);
	return 0;
}

/* The ELF interpreter's name, which SEGMENT holds: out of the head, HEAD_SIZE bytes, where it is in there. */
static long read_name(struct plan *plan, const Elf64_Phdr *segment, size_t head_size)
{
	size_t size = segment->p_filesz;

	if (segment->p_offset > head_size || size > head_size - segment->p_offset)
		return plan->operations->read(plan->program_fd, plan->interpreter, size, segment->p_offset);
	memcpy(plan->interpreter, plan->head + segment->p_offset, size);
	return (long)size;
}

/* Name the interpreter in the host, SIZE bytes of it as the program does. */
static bool name_in_host(struct plan *plan, size_t size)
{
	const size_t length = sizeof(EMULATOR_HOST) - 1;

	if (plan->interpreter[0] != '/' || size > sizeof(plan->interpreter) - length)
		return false;
	memmove(plan->interpreter + length, plan->interpreter, size);
	memcpy(plan->interpreter, EMULATOR_HOST, length);
	return true;
}

/*
 * Open the interpreter, whose name has SIZE bytes. Beside an emulator the programs of this
 * machine are guests of their own kind: their libraries are in the host, unless
 * the guest's tree holds the program as well as its interpreter.
 */
static long open_named(struct plan *plan, size_t size)
{
	const struct plan_operations *operations = plan->operations;
	long fd;

	if (!plan->is_of_host) {
		fd = operations->open(plan->context, plan->interpreter, NULL);
		if (fd != -ENOENT || !plan->emulator || !plan->emulator->count)
			return fd;
	}
	if (!name_in_host(plan, size))
		return -ENOENT;
	plan->is_of_host = true;
	return operations->open_host(plan->context, emulator_host_path(plan->interpreter));
}

/* Find and open the ELF interpreter, if the program names one. */
static long open_interpreter(struct plan *plan, struct elf *elf, size_t head_size, const char *program)
{
	const struct plan_operations *operations = plan->operations;
	const Elf64_Phdr *segment;
	long size;

	/* The kernel reads all headers before it looks at one. */
	if (!elf_segment(elf, elf->header.e_phnum - 1u))
		return fail(plan, PLAN_FORMAT, program, -ENOEXEC);
	for (unsigned int i = 0; i < elf->header.e_phnum; i++) {
		segment = elf_segment(elf, i);
		if (!segment)
			return fail(plan, PLAN_FORMAT, program, -ENOEXEC);
		if (segment->p_type != PT_INTERP)
			continue;
		if (segment->p_filesz < 2 || segment->p_filesz > sizeof(plan->interpreter))
			return fail(plan, PLAN_FORMAT, program, -ENOEXEC);
		size = read_name(plan, segment, head_size);
		if (size != (long)segment->p_filesz)
			return fail(plan, PLAN_FORMAT, program, size < 0 ? size : -EIO);
		if (plan->interpreter[size - 1])
			return fail(plan, PLAN_FORMAT, program, -ENOEXEC);
		plan->has_interpreter = true;
		plan->interpreter_fd = (int)open_named(plan, (size_t)size);
		if (plan->interpreter_fd < 0)
			return fail(plan, PLAN_INTERPRETER, plan->interpreter, plan->interpreter_fd);
		size = operations->read(plan->interpreter_fd, plan->head, sizeof(plan->head), 0);
		if (size < (long)sizeof(Elf64_Ehdr))
			return fail(plan, PLAN_INTERPRETER, plan->interpreter, size < 0 ? size : -EIO);
		if (elf_init(elf, plan->interpreter_fd, operations->read, plan->head, (size_t)size))
			return fail(plan, PLAN_INTERPRETER, plan->interpreter, -ELIBBAD);
		return 0;
	}
	return 0;
}

static void close_one(const struct plan *plan, int *fd)
{
	if (*fd >= 0)
		plan->operations->close(*fd);
	*fd = -1;
}

/* The program that is open is for the emulator. */
static long enter_emulator(struct plan *plan, const char *program)
{
	const struct plan_operations *operations = plan->operations;
	const char *emulator = plan->emulator->words;
	struct elf elf;
	long size;

	plan->foreign_fd = plan->program_fd;
	plan->program_fd = -1;
	if (plan->drops_foreign)
		close_one(plan, &plan->foreign_fd);
	plan->foreign_path = program;
	plan->is_of_host = true;
	plan->program_fd = (int)operations->open_host(plan->context, emulator_host_path(emulator));
	if (plan->program_fd < 0)
		return fail(plan, PLAN_EMULATOR, emulator, plan->program_fd);
	size = operations->read(plan->program_fd, plan->head, sizeof(plan->head), 0);
	if (size < 0 || elf_init(&elf, plan->program_fd, operations->read, plan->head, (size_t)size))
		return fail(plan, PLAN_EMULATOR, emulator, size < 0 ? size : -ENOEXEC);
	return open_interpreter(plan, &elf, (size_t)size, emulator);
}

static long enter_program(struct plan *plan, size_t size, const char *program)
{
	const struct plan_operations *operations = plan->operations;
	bool is_native;
	struct elf elf;
	long status;

	if (!elf_identify(plan->head, size, &plan->machine, &plan->class))
		return fail(plan, PLAN_FORMAT, program, -ENOEXEC);
	is_native = plan->machine == ARCH_ELF_MACHINE && plan->class == ELFCLASS64;
	if (emulator_runs(plan->emulator, plan->machine, plan->class, plan->head[EI_DATA], is_native))
		return enter_emulator(plan, program);
	if (!is_native)
		return fail(plan, PLAN_FOREIGN, program, -ENOEXEC);
	status = elf_init(&elf, plan->program_fd, operations->read, plan->head, size);
	if (status)
		return fail(plan, PLAN_FORMAT, program, status);
	plan->is_of_host = plan->emulator && plan->emulator->count && operations->is_bound &&
			   operations->is_bound(plan->context, plan->exe);
	return open_interpreter(plan, &elf, size, program);
}

/* Follow "#!" lines until something else is open as plan->program_fd. */
static long walk_scripts(struct plan *plan, const char *guest_path)
{
	const struct plan_operations *operations = plan->operations;
	struct text text;
	const char *program = guest_path;
	long size, status;

	text_init(&text, plan->text, sizeof(plan->text));
	for (unsigned int depth = 0;; depth++) {
		if (depth > PLAN_SCRIPTS_MOST)
			return fail(plan, PLAN_PROGRAM, program, -ELOOP);
		plan->program_fd = (int)operations->open(plan->context, program, plan->exe);
		if (plan->program_fd < 0)
			return fail(plan, PLAN_PROGRAM, program, plan->program_fd);
		size = operations->read(plan->program_fd, plan->head, sizeof(plan->head), 0);
		if (size < 0)
			return fail(plan, PLAN_PROGRAM, program, size);
		if (size < 2 || memcmp(plan->head, "#!", 2))
			return enter_program(plan, (size_t)size, program);
		if (depth == PLAN_SCRIPTS_MOST)
			return fail(plan, PLAN_PROGRAM, program, -ELOOP);
		status = enter_script(plan, program, &text, (size_t)size, &program);
		if (status)
			return fail(plan, PLAN_FORMAT, program, status);
		operations->close(plan->program_fd);
		plan->program_fd = -1;
	}
}

long plan_exec(struct plan *plan, const struct plan_operations *operations, void *context,
	       const struct emulator *emulator, const char *guest_path)
{
	long status;

	plan->operations = operations;
	plan->context = context;
	plan->emulator = emulator;
	plan->program_fd = plan->interpreter_fd = plan->foreign_fd = -1;
	plan->front_count = 0;
	plan->is_of_host = plan->has_interpreter = false;
	plan->foreign_path = NULL;
	plan->failed_path = guest_path;
	status = walk_scripts(plan, guest_path);
	if (status)
		plan_close(plan);
	return status;
}

void plan_close(struct plan *plan)
{
	close_one(plan, &plan->program_fd);
	close_one(plan, &plan->interpreter_fd);
	close_one(plan, &plan->foreign_fd);
}
