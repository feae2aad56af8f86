/* SPDX-License-Identifier: GPL-2.0-or-later */
#define _GNU_SOURCE 1
#include "cli/explain.h"

#include "cli/cpu.h"
#include "cli/emulator.h"
#include "cli/message.h"

#include <elf.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#define ARGUMENT_LONGEST (32UL * (unsigned long)sysconf(_SC_PAGESIZE) - 1) /* MAX_ARG_STRLEN, binfmts.h */

static void explain_foreign(const char *path, const struct plan *plan, const struct emulator *emulator)
{
	const struct cpu *cpu = cpu_find(plan->machine, plan->class, plan->head[EI_DATA]), *other = NULL;
	struct utsname host;
	char name[64];

	uname(&host);
	if (!cpu)
		snprintf(name, sizeof(name), "an unknown CPU (ELF machine %d)", plan->machine);
	if (emulator->count)
		other = cpu_find(emulator->machine, emulator->class, emulator->order);
	if (!cpu)
		message_error("'%s' is a program for %s and this machine is %s", path, name, host.machine);
	else if (other)
		message_error("'%s' is a program for %s, and '%s' runs programs for %s: try -q qemu-%s", path,
			      cpu->name, emulator->words + sizeof(EMULATOR_HOST) - 1, other->name, cpu->name);
	else
		message_error("'%s' is a program for %s and this machine is %s: that needs QEMU, -q qemu-%s "
			      "(" EMULATOR_PACKAGES ")",
			      path, cpu->name, host.machine, cpu->name);
}

/* What execve(2) calls EACCES, or NULL when that says it all. */
static const char *denial(const char *host_path)
{
	struct stat status;

	if (!host_path || stat(host_path, &status) < 0)
		return NULL;
	if (S_ISDIR(status.st_mode))
		return "it is a directory";
	if (!S_ISREG(status.st_mode))
		return "it is not a regular file";
	if (!(status.st_mode & 0111))
		return "it has no execute permission";
	return access(host_path, R_OK) < 0 ? "it can't be read" : NULL;
}

static void explain_program(const struct explain_place *place, const struct plan *plan, long error,
			    const char *host_path)
{
	bool is_command = !plan->failed_path || !strcmp(plan->failed_path, place->file);
	const char *reason = error == -EACCES ? denial(host_path) : NULL;

	if (!reason)
		reason = strerror((int)-error);
	if (!is_command)
		message_error("'%s' needs the interpreter '%s': %s", place->command, plan->failed_path, reason);
	else if (error == -ENOENT)
		message_error("'%s' not found (root = %s, cwd = %s, $PATH=%s)", place->command, place->host_root,
			      place->guest_cwd, place->path);
	else
		message_error("can't execute '%s': %s", place->command, reason);
}

enum exit_status explain_plan(const struct explain_place *place, const struct plan *plan, long error,
			      const char *host_path)
{
	const char *path = plan->failed_path ? plan->failed_path : place->command;

	switch (plan->stage) {
	case PLAN_FORMAT:
		message_error("can't execute '%s': it is neither an ELF program nor a script with a #! line", path);
		return EXIT_NOT_EXECUTABLE;
	case PLAN_FOREIGN:
		explain_foreign(path, plan, plan->emulator);
		return EXIT_NOT_EXECUTABLE;
	case PLAN_INTERPRETER:
		if (plan->is_of_host)
			path = emulator_host_path(path);
		if (plan->foreign_path) {
			message_error("'%s' of the host needs the ELF interpreter '%s': %s",
				      emulator_host_path(plan->emulator->words), path, strerror((int)-error));
			break;
		}
		message_error("'%s' needs the ELF interpreter '%s': %s", place->command, path, strerror((int)-error));
		break;
	case PLAN_EMULATOR:
		message_error("can't run '%s' of the host for '%s': %s", emulator_host_path(path), place->command,
			      strerror((int)-error));
		break;
	case PLAN_PROGRAM:
		explain_program(place, plan, error, host_path);
		break;
	}
	return error == -ENOENT ? EXIT_NOT_FOUND : EXIT_NOT_EXECUTABLE;
}

/* The first of WORDS that is longer than the kernel takes, or -1. */
static int find_too_long(char *const *words)
{
	for (int i = 0; words[i]; i++)
		if (strlen(words[i]) > ARGUMENT_LONGEST)
			return i;
	return -1;
}

static void explain_too_big(const struct explain_place *place, const struct launch *launch)
{
	int argument = find_too_long(launch->argv);
	int variable = find_too_long(launch->envp);

	if (argument >= 0)
		message_error("can't execute '%s': its argument %d has %zu bytes, the kernel takes %lu", place->command,
			      argument, strlen(launch->argv[argument]), ARGUMENT_LONGEST);
	else if (variable >= 0)
		message_error("can't execute '%s': the environment variable %.*s has %zu bytes, the kernel takes %lu",
			      place->command, (int)strcspn(launch->envp[variable], "="), launch->envp[variable],
			      strlen(launch->envp[variable]), ARGUMENT_LONGEST);
	else
		message_error("can't execute '%s': arguments and environment are longer than the kernel takes",
			      place->command);
}

enum exit_status explain_launch(const struct explain_place *place, const struct launch *launch,
				const struct launch_failure *failure)
{
	const char *reason = strerror(-failure->error);

	if (failure->stage == LAUNCH_FORK) {
		message_error("can't make a process for '%s': %s", place->command, reason);
	} else if (failure->stage == LAUNCH_DIRECTORY) {
		message_error("can't change to directory '%s': %s", launch->host_cwd, reason);
	} else if (failure->error == -E2BIG) {
		explain_too_big(place, launch);
		return EXIT_NOT_EXECUTABLE;
	} else if (failure->stage == LAUNCH_ENGINE) {
		message_error("can't intercept system calls by %s: %s",
			      launch->data->flags & IMAGE_TRACED ? "a tracer (--engine=ptrace)" :
								   "a filter (--engine=sigsys)",
			      reason);
		message_see_doctor();
	} else {
		message_error("can't execute the image for '%s': %s", place->command, reason);
		message_see_doctor();
	}
	return EXIT_OWN_FAILURE;
}
