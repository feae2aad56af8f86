/* SPDX-License-Identifier: GPL-2.0-or-later */
#define _GNU_SOURCE 1
#include "cli/cpu.h"

#include <elf.h>
#include <string.h>

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

const struct cpu *cpu_find(uint16_t machine, uint8_t class, uint8_t order)
{
	for (size_t i = 0; i < ARRAY_SIZE(cpus); i++)
		if (cpus[i].machine == machine && cpus[i].class == class && cpus[i].order == order)
			return &cpus[i];
	return NULL;
}

#define PREFIX "qemu-"
#define SUFFIX "-static"

const struct cpu *cpu_of_emulator(const char *path)
{
	const char *name = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;
	size_t length = strlen(name);

	if (strncmp(name, PREFIX, strlen(PREFIX)))
		return NULL;
	name += strlen(PREFIX);
	length -= strlen(PREFIX);
	if (length > strlen(SUFFIX) && !strcmp(name + length - strlen(SUFFIX), SUFFIX))
		length -= strlen(SUFFIX);
	for (size_t i = 0; i < ARRAY_SIZE(cpus); i++)
		if (strlen(cpus[i].name) == length && !strncmp(cpus[i].name, name, length))
			return &cpus[i];
	return NULL;
}
