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
#include "view/view.h"

#define IMAGE_MAGIC 0x746f6f7270 /* "proot" */

/*
 * How the removed directories begin that stand for virtual ones; the number of
 * the view's entry follows (agent/virtual.h). The command makes one too, for a
 * guest that starts in one.
 */
#define IMAGE_VIRTUAL_NAME ".proot-virtual-"

enum image_flags {
	IMAGE_ALLOW_UNKNOWN = 1, /* -u */
	IMAGE_NO_PATCH = 2,	 /* --no-patch */
	IMAGE_KERNEL = 4,	 /* -k */
	IMAGE_IDENTITY = 8,	 /* -0, -i, -S */
	IMAGE_PRIVILEGED = 16,	 /* some guest may do what root may: mount, name the machine */
};

/* What the command tells every agent. Constant for the life of the guests. */
struct image_data {
	uint64_t magic;
	uint32_t flags;	   /* enum image_flags */
	int32_t verbosity; /* -v: 3 prints each trapped call */
	int32_t log_fd;	   /* where -v lines go: a descriptor every guest inherits, or -1 */
	int32_t shared_id; /* image/shared.h: the segment's number, or -1 */
	int32_t view_id;   /* that of the view, which can be changed, or -1 */
	uint32_t reserved;
	uint64_t shared_nonce;
	/* Inode numbers of proot's own. In others, the mounts and names of all guests are not a process's. */
	uint64_t mount_namespace, name_namespace;
	struct emulator emulator; /* of -q */
	struct kernel kernel;	  /* of -k */
	struct identity identity; /* of -0, -i, -S */
	char temporary[256];	  /* PROOT_TMP_DIR if set, absolute and short enough; "" otherwise */
	struct view view;	  /* view.size bytes; how it was at the beginning */
};

/*
 * Compose the image in a memfd (where that may not be executed: an unlinked
 * temporary file). Returns a close-on-exec descriptor to execute, or a
 * negative errno. DATA has its view last; the whole is copied.
 */
int image_compose(const struct image_data *data);

#endif
