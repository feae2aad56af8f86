/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a proot that runs inside another may ask of the agent it is a guest of.
 *
 * The inner command makes one image of both views, which takes the outer's agent: the
 * filter that is there already lets that one's gate pass, and no call is looked at
 * twice. A question is a call of FINISH_NUMBER, which no kernel has and every filter of ours traps;
 * without an agent, and from one that knows nothing of this, the answer is ENOSYS.
 */
#ifndef IMAGE_NEST_H
#define IMAGE_NEST_H

#include "image/credentials.h"
#include "image/image.h"
#include "image/shared.h"
#include "image/state.h"

#define NEST_QUESTION 0x6e657374 /* the first argument; the second is of enum nest_question */

/*
 * Raised when what the command writes and the agent reads changes its meaning: image data, state, shared memory.
 * Changes of size need not be noticed by hand.
 */
#ifndef NEST_VERSION /* a test has another one */
#define NEST_VERSION 1
#endif
#define NEST_LAYOUT \
	((uint64_t)NEST_VERSION << 48 | (uint64_t)sizeof(struct nest) << 32 | (uint64_t)STATE_STRINGS << 28 | \
	 (sizeof(struct image_data) ^ sizeof(struct shared) << 12))

enum nest_question {
	NEST_WHO,      /* (NEST_LAYOUT, struct nest *): who and where the caller is. 0; -EPROTO: another layout */
	NEST_IMAGE,    /* (): a descriptor, close-on-exec, of the image the caller runs on */
	NEST_FILTER,   /* (struct sock_fprog *): install the filter, as ours and not as the guest's */
	NEST_DESCRIBE, /* (char *, size): as NEST_WHO, for any build (image/describe.h). Its length, or -ENOSPC */
	NEST_FILTERS,  /* (char **, count): the guest's filters as strings of the state, which stay where they are */
	NEST_TIDY,     /* (view_id, char *): remove what stood for a tmpfs in the view, which only the caller has, and
			  $PROOT_TMP_DIR */
};

/* A guest, as its agent knows it. The pointers lead to memory that the guest may read. */
struct nest {
	const struct image_data *data;
	const struct view *view;		 /* the one in force */
	uint32_t state_flags;			 /* those of enum state_flags that outlive any execve */
	uint32_t names[SHARED_NAMES];		 /* versions of the machine's names as guests have set them */
	uint32_t filters;			 /* seccomp filters of its own */
	uint32_t is_apart;			 /* it is of another build, and was read as text */
	char root[PATH_SIZE];			 /* of the process, a canonical path of VIEW; "": the view's own */
	char credentials[CREDENTIALS_TEXT_SIZE]; /* credentials_write(); "": those the kernel knows */
};

#endif
