/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The image: the ELF file that the kernel executes in place of each guest
 * program. It is the agent plus one read-only segment, the image data: the
 * settings, then the view. Agent and command share this layout.
 */
#ifndef IMAGE_IMAGE_H
#define IMAGE_IMAGE_H

#include "arch.h"
#include "base/base.h"
#include "image/emulator.h"
#include "image/identity.h"
#include "image/kernel.h"
#include "image/ports.h"
#include "view/view.h"

#define IMAGE_MAGIC 0x746f6f7270 /* "proot" */

/*
 * How the removed directories begin that stand for virtual ones; the number of
 * the view's entry follows (agent/virtual.h). The command makes one too, for a
 * guest that starts in one.
 */
#define IMAGE_VIRTUAL_NAME ".proot-virtual-"

enum image_flags {
	IMAGE_ALLOW_UNKNOWN = 1,     /* -u */
	IMAGE_NO_PATCH = 2,	     /* --no-patch */
	IMAGE_KERNEL = 4,	     /* -k */
	IMAGE_IDENTITY = 8,	     /* -0, -i, -S */
	IMAGE_PRIVILEGED = 16,	     /* some guest may do what root may: mount, name the machine */
	IMAGE_SHOW = 1 << 16,	     /* --trace */
	IMAGE_TRACE_AGENT = 1 << 17, /* --trace-agent */
	IMAGE_TRACED = 32,	     /* a tracer is in the filter's place: --engine=ptrace */
	IMAGE_LINKS = 64,	     /* -l */
	/* What the agent emulates of System V IPC (--sysvipc), for the machine has it not: agent/sysv.h. */
	IMAGE_SHARED_MEMORY = 128,
	IMAGE_SEMAPHORES = 256,
	IMAGE_MESSAGES = 512,
	IMAGE_SYSTEM_V = IMAGE_SHARED_MEMORY | IMAGE_SEMAPHORES | IMAGE_MESSAGES,
};

/* What the command tells every agent. Constant for the life of the guests. */
struct image_data {
	uint64_t magic;
	uint32_t flags;	    /* enum image_flags */
	int32_t verbosity;  /* -v: 3 prints each trapped call */
	int32_t log_fd;	    /* where -v lines go: a descriptor every guest inherits, or -1 */
	int32_t show_fd;    /* likewise those of --trace */
	int32_t show_owner; /* proot itself, which has that one too; SHOW_INODE: that of the file */
	uint64_t show_inode;
	int32_t shared_id; /* image/shared.h: the segment's number, or that of a file in MEMORY, or -1 */
	int32_t view_id;   /* that of the view, which can be changed, or -1 */
	uint32_t depth;	   /* in how many other proots this one runs: image/nest.h */
	/* For which flags and flags of a view filters trap that are there already: with DEPTH only. */
	uint32_t trapped_flags, trapped_view_flags;
	uint32_t filters;  /* of ours that the kernel has for each guest */
	uint32_t is_apart; /* the one around is of another build, with which no memory is shared: image/describe.h */
	uint64_t shared_nonce;
	/* Inode numbers of proot's own. In others, the mounts and names of all guests are not a process's. */
	uint64_t mount_namespace, name_namespace;
	struct emulator emulator; /* of -q */
	struct kernel kernel;	  /* of -k */
	struct identity identity; /* of -0, -i, -S */
	struct ports ports;	  /* of -p, -n */
	char memory[256];	  /* the host's directory with the files that guests share as memory; "": segments */
	char temporary[256];	  /* PROOT_TMP_DIR if set, absolute and short enough; "" otherwise */
	char links_start[256];	  /* of -l: the host's directory proot was started in, if short enough; "" otherwise */
	struct view view;	  /* view.size bytes; how it was at the beginning */
};

/*
 * Compose the image in a memfd (where that may not be executed: an unlinked
 * temporary file). Returns a close-on-exec descriptor to execute, or a
 * negative errno. DATA has its view last; the whole is copied. The agent is that of the image
 * OUTER_FD, or the command's own if that is negative.
 */
int image_compose(const struct image_data *data, int outer_fd);

#endif
