/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The program of the host that runs those of another CPU: QEMU's user mode.
 * A constant of the view, in the image data.
 */
#ifndef IMAGE_EMULATOR_H
#define IMAGE_EMULATOR_H

#include "base/base.h"

/* Where the guest sees the host's root, when there is an emulator. */
#define EMULATOR_HOST "/host-rootfs"

#define EMULATOR_WORDS_SIZE 2048
#define EMULATOR_CPUINFO_SIZE 512
#define EMULATOR_LIBRARY_PATH_SIZE 4096
#define EMULATOR_EACH "\1"
#define EMULATOR_NUMBER "\2"
#define EMULATOR_COUNT "\3"
/* So many of the loader's variables are named on its command line; all are in its environment, which is the guest's. */
#define EMULATOR_VARIABLES_MOST 16

struct emulator {
	uint32_t count;	   /* of WORDS; 0: there is no emulator */
	uint32_t runs_all; /* programs of this machine too */
	/* What it runs, as in ELF headers. MACHINE 0: not known, so whatever is not of this machine. */
	uint16_t machine;
	uint8_t class;
	uint8_t order;
	/* NUL-terminated, one behind the other: its canonical guest path, argv[0], its options. */
	char words[EMULATOR_WORDS_SIZE];
	/*
	 * /proc/cpuinfo of its CPU: what is there once, EMULATOR_EACH, what is there for each processor, and maybe
	 * EMULATOR_EACH and what follows them. EMULATOR_NUMBER is the processor's, EMULATOR_COUNT how many there
	 * are. "": the host's will do.
	 */
	char cpuinfo[EMULATOR_CPUINFO_SIZE];
	/* "LD_LIBRARY_PATH=..." of the host, for its programs; or "". */
	char library_path[EMULATOR_LIBRARY_PATH_SIZE];
};

/* The path in the host of what the guest sees at PATH; NULL where that is not below EMULATOR_HOST. */
const char *emulator_host_path(const char *path);

/* Whether a program of this ELF header goes to EMULATOR, which may be NULL. IS_NATIVE: this machine runs it. */
bool emulator_runs(const struct emulator *emulator, uint16_t machine, uint8_t class, uint8_t order, bool is_native);

/* A variable of the dynamic loader's that the guest's environment holds: "LD_...". */
bool emulator_is_loader_variable(const char *variable);
/* Whether it can be named on the command line: QEMU takes a comma for the end of a variable. */
bool emulator_takes_variable(const char *variable);

/*
 * The words in front of the program's path and argv[0], into FRONT, which has
 * room for emulator_front_most(): how many. VARIABLES are those of the loader. They point into EMULATOR and at
 * VARIABLES.
 */
unsigned int emulator_front(const struct emulator *emulator, const char *const variables[], unsigned int count,
			    bool has_library_path, const char *front[]);
unsigned int emulator_front_most(const struct emulator *emulator);

#endif
