/* SPDX-License-Identifier: GPL-2.0-or-later */
#define _GNU_SOURCE 1
#include "cli/cpu.h"

#include <elf.h>
#include <string.h>

#define LITTLE ELFDATA2LSB
#define BIG ELFDATA2MSB

/* As arch/CPU/kernel/cpu*.c of Linux 6.1 print them, of what QEMU 7.2 emulates when it is not told a model. */
/* clang-format off */
#define EACH EMULATOR_EACH
#define NUMBER EMULATOR_NUMBER
#define CPUINFO_ARM64 \
	EACH "processor\t: " NUMBER "\nBogoMIPS\t: 100.00\n" \
	"Features\t: fp asimd evtstrm aes pmull sha1 sha2 crc32 atomics cpuid\n" \
	"CPU implementer\t: 0x00\nCPU architecture: 8\nCPU variant\t: 0x0\n" \
	"CPU part\t: 0x051\nCPU revision\t: 0\n\n"
#define CPUINFO_ARM \
	EACH "processor\t: " NUMBER "\nmodel name\t: ARMv7 Processor rev 0 (v7l)\nBogoMIPS\t: 100.00\n" \
	"Features\t: half thumb fastmult vfp edsp neon vfpv3 tls vfpv4 idiva idivt vfpd32 \n" \
	"CPU implementer\t: 0x00\nCPU architecture: 7\nCPU variant\t: 0x0\n" \
	"CPU part\t: 0x051\nCPU revision\t: 0\n\n"
#define CPUINFO_RISCV64 \
	EACH "processor\t: " NUMBER "\nhart\t\t: " NUMBER "\nisa\t\t: rv64imafdc\nmmu\t\t: sv48\n\n"
#define CPUINFO_POWER \
	EACH "processor\t: " NUMBER "\ncpu\t\t: POWER9 (architected), altivec supported\n" \
	"clock\t\t: 2000.000000MHz\nrevision\t: 2.0 (pvr 004e 1200)\n\n" \
	EACH "timebase\t: 512000000\nplatform\t: pSeries\n"
#define CPUINFO_S390X \
	"vendor_id       : IBM/S390\n# processors    : " EMULATOR_COUNT "\nbogomips per cpu: 3033.00\n" \
	"max thread id   : 0\nfeatures\t: esan3 zarch stfle msa ldisp eimm dfp edat etf3eh highgprs vx vxe \n" \
	EACH "processor " NUMBER ": version = 00,  identification = 000000,  machine = 8561\n"

static const struct cpu cpus[] = {
	{ EM_X86_64, ELFCLASS64, LITTLE, "x86_64", "", "amd64" },
	{ EM_X86_64, ELFCLASS32, LITTLE, "x32", "", "x32" },
	{ EM_386, ELFCLASS32, LITTLE, "i386", "", "386" },
	{ EM_AARCH64, ELFCLASS64, LITTLE, "aarch64", CPUINFO_ARM64, "arm64" },
	{ EM_AARCH64, ELFCLASS64, BIG, "aarch64_be", "", "aarch64_be" },
	{ EM_ARM, ELFCLASS32, LITTLE, "arm", CPUINFO_ARM, "arm" },
	{ EM_ARM, ELFCLASS32, BIG, "armeb", "", "armeb" },
	{ EM_RISCV, ELFCLASS64, LITTLE, "riscv64", CPUINFO_RISCV64, "riscv64" },
	{ EM_RISCV, ELFCLASS32, LITTLE, "riscv32", "", "riscv32" },
	{ EM_PPC64, ELFCLASS64, BIG, "ppc64", CPUINFO_POWER, "ppc64" },
	{ EM_PPC64, ELFCLASS64, LITTLE, "ppc64le", CPUINFO_POWER, "ppc64le" },
	{ EM_PPC, ELFCLASS32, BIG, "ppc", "", "ppc" },
	{ EM_S390, ELFCLASS64, BIG, "s390x", CPUINFO_S390X, "s390x" },
	{ EM_MIPS, ELFCLASS64, BIG, "mips64", "", "mips64" },
	{ EM_MIPS, ELFCLASS64, LITTLE, "mips64el", "", "mips64le" },
	{ EM_MIPS, ELFCLASS32, BIG, "mips", "", "mips" },
	{ EM_MIPS, ELFCLASS32, LITTLE, "mipsel", "", "mipsle" },
	{ EM_SPARCV9, ELFCLASS64, BIG, "sparc64", "", "sparc64" },
	{ EM_SPARC, ELFCLASS32, BIG, "sparc", "", "sparc" },
	{ EM_68K, ELFCLASS32, BIG, "m68k", "", "m68k" },
	{ EM_ALPHA, ELFCLASS64, LITTLE, "alpha", "", "alpha" },
	{ EM_PARISC, ELFCLASS32, BIG, "hppa", "", "hppa" },
	{ EM_SH, ELFCLASS32, LITTLE, "sh4", "", "sh4" },
	{ EM_SH, ELFCLASS32, BIG, "sh4eb", "", "sh4eb" },
	{ 258, ELFCLASS64, LITTLE, "loongarch64", "", "loong64" },
};
/* clang-format on */

const struct cpu *cpu_at(size_t number)
{
	return number < ARRAY_SIZE(cpus) ? &cpus[number] : NULL;
}

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
