/* SPDX-License-Identifier: GPL-2.0-or-later */
#define _GNU_SOURCE 1
#include "cli/explain.h"

#include "cli/message.h"

#include <elf.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#define ARGUMENT_LONGEST (32UL * (unsigned long)sysconf(_SC_PAGESIZE) - 1) /* MAX_ARG_STRLEN, binfmts.h */

struct cpu {
	uint16_t machine; /* e_machine */
	uint8_t class;	  /* EI_CLASS */
	uint8_t order;	  /* EI_DATA */
	const char *name; /* as uname -m and as QEMU's user programs have it */
};

#define LITTLE ELFDATA2LSB
#define BIG ELFDATA2MSB

/* clang-format off */
static const struct cpu cpus[] = {
	{ EM_X86_64, ELFCLASS64, LITTLE, "x86_64" },
	{ EM_X86_64, ELFCLASS32, LITTLE, "x32" },
	{ EM_386, ELFCLASS32, LITTLE, "i386" },
	{ EM_AARCH64, ELFCLASS64, LITTLE, "aarch64" },
	{ EM_AARCH64, ELFCLASS64, BIG, "aarch64_be" },
	{ EM_ARM, ELFCLASS32, LITTLE, "arm" },
	{ EM_ARM, ELFCLASS32, BIG, "armeb" },
	{ EM_RISCV, ELFCLASS64, LITTLE, "riscv64" },
	{ EM_RISCV, ELFCLASS32, LITTLE, "riscv32" },
	{ EM_PPC64, ELFCLASS64, BIG, "ppc64" },
	{ EM_PPC64, ELFCLASS64, LITTLE, "ppc64le" },
	{ EM_PPC, ELFCLASS32, BIG, "ppc" },
	{ EM_S390, ELFCLASS64, BIG, "s390x" },
	{ EM_MIPS, ELFCLASS64, BIG, "mips64" },
	{ EM_MIPS, ELFCLASS64, LITTLE, "mips64el" },
	{ EM_MIPS, ELFCLASS32, BIG, "mips" },
	{ EM_MIPS, ELFCLASS32, LITTLE, "mipsel" },
	{ EM_SPARCV9, ELFCLASS64, BIG, "sparc64" },
	{ EM_SPARC, ELFCLASS32, BIG, "sparc" },
	{ EM_68K, ELFCLASS32, BIG, "m68k" },
	{ EM_ALPHA, ELFCLASS64, LITTLE, "alpha" },
	{ EM_PARISC, ELFCLASS32, BIG, "hppa" },
	{ EM_SH, ELFCLASS32, LITTLE, "sh4" },
	{ EM_SH, ELFCLASS32, BIG, "sh4eb" },
	{ 258, ELFCLASS64, LITTLE, "loongarch64" },
};
/* clang-format on */

static const char *cpu_name(const struct plan *plan)
{
	for (size_t i = 0; i < ARRAY_SIZE(cpus); i++)
		if (cpus[i].machine == plan->machine && cpus[i].class == plan->class &&
		    cpus[i].order == (uint8_t)plan->head[EI_DATA])
			return cpus[i].name;
	return NULL;
}

static void explain_foreign(const char *path, const struct plan *plan)
{
	const char *cpu = cpu_name(plan);
	char unknown[64];
	struct utsname host;

	uname(&host);
	snprintf(unknown, sizeof(unknown), "an unknown CPU (ELF machine %d)", plan->machine);
	message_error("'%s' is a program for %s and this machine is %s; running it through QEMU is not supported yet",
		      path, cpu ? cpu : unknown, host.machine);
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
		explain_foreign(path, plan);
		return EXIT_NOT_EXECUTABLE;
	case PLAN_INTERPRETER:
		message_error("'%s' needs the ELF interpreter '%s': %s", place->command, path, strerror((int)-error));
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
	} else {
		message_error("can't execute the image for '%s': %s", place->command, reason);
	}
	return EXIT_OWN_FAILURE;
}
