/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What execve(2) does before the point of no return, over guest paths: follow
 * "#!" lines, recognise the ELF file, find its interpreter. Pure but for the
 * operations its caller gives; shared by the command (first program) and the
 * agent (every other).
 */
#ifndef IMAGE_PLAN_H
#define IMAGE_PLAN_H

#include "base/base.h"
#include "image/emulator.h"

#define PLAN_HEAD_SIZE 256  /* BINPRM_BUF_SIZE, include/uapi/linux/binfmts.h, Linux 5.1 */
#define PLAN_READ_SIZE 1024 /* ELF_HEAD_SIZE, image/elf.h */
#define PLAN_SCRIPTS_MOST 5 /* depth > 5 is ELOOP, exec_binprm() in fs/exec.c */

enum plan_stage {
	PLAN_PROGRAM,	  /* the file named, or the interpreter of a "#!" line */
	PLAN_FORMAT,	  /* neither ELF nor "#!" */
	PLAN_FOREIGN,	  /* an ELF file for another CPU: MACHINE and CLASS say which */
	PLAN_INTERPRETER, /* the ELF interpreter */
	PLAN_EMULATOR,	  /* the emulator */
};

struct plan_operations {
	/*
	 * Open the regular file GUEST_PATH for execution as execve(2) would:
	 * a descriptor, or a negative errno (EACCES for what is no regular
	 * file or lacks permission). EXE, of PATH_SIZE bytes, gets its
	 * canonical guest path; may be NULL.
	 */
	long (*open)(void *context, const char *guest_path, char *exe);
	long (*read)(int fd, void *buf, size_t size, uint64_t offset);
	void (*close)(int fd);
	/*
	 * The same of the file HOST_PATH of the host, which is not asked of the view. Never called without an emulator.
	 */
	long (*open_host)(void *context, const char *host_path);
	/* Whether the program EXE is not in the guest's own tree, but shown there. May be NULL: none is. */
	bool (*is_bound)(void *context, const char *exe);
};

struct plan {
	bool drops_foreign; /* set by the caller: FOREIGN_FD is of no use to it, and descriptors are scarce */
	int program_fd;	    /* -1, or open: the ELF file to map */
	int interpreter_fd; /* -1, or open: its interpreter */
	int foreign_fd;	    /* -1, or open: the program of another CPU that PROGRAM_FD, the emulator, is to run */
	/* With the latter, the path to give the emulator: as FAILED_PATH. */
	const char *foreign_path;
	/* The program and its interpreter are the host's own: it is an emulator, or a program for this machine among
	 * others. */
	bool is_of_host;
	bool has_interpreter; /* also when it is not open */
	/*
	 * What replaces argv[0] when "#!" lines were followed: FRONT[0] to
	 * FRONT[FRONT_COUNT - 1]; nothing when 0. Points into TEXT.
	 */
	const char *front[2 * PLAN_SCRIPTS_MOST + 1];
	unsigned int front_count;
	/* On failure: at which stage, and of which file (points into TEXT or to the caller's path). */
	enum plan_stage stage;
	const char *failed_path;
	uint16_t machine;    /* e_machine of the program found */
	uint8_t class;	     /* EI_CLASS of it */
	char exe[PATH_SIZE]; /* canonical guest path of the program mapped, or emulated: /proc/self/exe */
	char interpreter[PATH_SIZE];
	char text[PLAN_SCRIPTS_MOST * PLAN_HEAD_SIZE + PATH_SIZE];
	unsigned char head[PLAN_READ_SIZE]; /* of which "#!" counts in the first PLAN_HEAD_SIZE */
	/* What plan_exec() was given. */
	const struct plan_operations *operations;
	const struct emulator *emulator;
	void *context;
};

/*
 * Plan the execution of GUEST_PATH. EMULATOR, which may be NULL, runs programs of another CPU. 0: the descriptors are
 * open and the caller's. Otherwise a negative errno as execve(2), no descriptor left open, and STAGE and FAILED_PATH
 * tell more.
 */
long plan_exec(struct plan *plan, const struct plan_operations *operations, void *context,
	       const struct emulator *emulator, const char *guest_path);

/* Close what plan_exec() opened. */
void plan_close(struct plan *plan);

#endif
