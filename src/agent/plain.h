/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Host paths known to be plain: that no component of them is a symbolic link.
 * To ask the kernel costs as much as the guest's own call; so the answers are
 * kept for a while.
 *
 * They stay true as long as no name is renamed, removed as a directory, or made
 * as a symbolic or hard link, nor a current directory changed. All guests of one proot count those changes in
 * memory that they share (image/shared.h), before and behind the change; one
 * who has used an answer looks at the count again behind its call, and does not
 * trust the result if it has changed. A change made outside is met within
 * CLOCK_AGE_MOST. Times are clock_now()'s.
 */
#ifndef AGENT_PLAIN_H
#define AGENT_PLAIN_H

#include "agent/agent.h"
#include "agent/clock.h"
#include "image/shared.h"

/* Longer host paths are not kept. */
#define PLAIN_LENGTH_MOST 232

/* The count of changes when an answer was given; 0: given without one. */
typedef uint64_t plain_stamp;

/*
 * The host path of an absolute path of LENGTH bytes as it stands, as
 * view_to_host_plain() has it, or 0. The way to the binding it is in, if any, is
 * open.
 */
size_t plain_host_path(const char *guest_path, size_t length, char *buf, size_t size, uint32_t *mount);

/*
 * Ask the kernel whether PATH, which ends in "/.", relative to DIRECTORY, leads
 * to a directory that can be searched, without a link on the way.
 */
bool plain_leads_to_dot(int directory, const char *path);

/*
 * Whether relative paths may be asked about too. They stay plain as long as the
 * current directory stays the same one, so those who change that count it as a
 * change of names; not where who shares this memory may have another one: after
 * plain_distrust_cwd().
 */
bool plain_trusts_cwd(void);
void plain_distrust_cwd(void);

/*
 * Whether the directory named by the first LENGTH bytes of HOST_PATH, absolute or
 * relative to the current directory, exists and is plain. Whether it can be searched
 * the call itself finds out. *STAMP is for plain_holds(). IS_OF_ROOT: the path is
 * relative, or that of the root with a guest's path behind it as it stands, in
 * which there is nothing but names of the root's mount.
 */
bool plain_is_directory(const char *host_path, size_t length, bool is_of_root, plain_stamp *stamp);

/* Whether that has been said of the path, with IS_OF_ROOT. The kernel is not asked. */
bool plain_knows_directory(const char *host_path, size_t length, uint64_t now, plain_stamp *stamp);

/*
 * HOST_PATH, in the root and plain by STAMP, named from the current directory by
 * way of the root, where that is a shorter walk for the kernel: UP times "../", and what is behind
 * the returned number of bytes. 0: it is not, or not known.
 * The answer to a call that names it so counts if STAMP holds behind it.
 */
size_t plain_from_cwd(const char *host_path, uint64_t now, plain_stamp stamp, unsigned int *up);

/*
 * Whether the last component of HOST_PATH, in a plain directory, was seen to be no
 * link. Note that it was, or even that it was seen to be a directory: a plain one.
 */
bool plain_is_known(const char *host_path, size_t length, plain_stamp stamp, uint64_t now);
void plain_note(const char *host_path, size_t length, plain_stamp stamp, uint64_t now);
void plain_note_directory(const char *host_path, size_t length, bool is_of_root, plain_stamp stamp, uint64_t now);

/*
 * The layers (struct layers_place, view/layers.h) of the directory of an overlay at the canonical GUEST_PATH; 0: they
 * are not known. IS_ABSOLUTE: whoever looks from the root gets there, too. *STAMP is for plain_holds(). Noted is what
 * a walk has found that had STAMP before it, at the time NOW. What copies a directory up counts as a change, too, as
 * does who may search one in an upper layer: agent/overlay.h.
 */
uint64_t plain_layers(const char *guest_path, size_t length, bool is_absolute, uint64_t now, plain_stamp *stamp);
void plain_note_layers(const char *guest_path, size_t length, bool is_absolute, uint64_t layers, plain_stamp stamp,
		       uint64_t now);

/* A stamp for what the caller asks the kernel itself from now on; 0 where there is none, or a change is going on. */
plain_stamp plain_now(void);

/*
 * A mark of the time before a walk of several look-ups, and whether a name may
 * have come to mean something else since, so that they do not belong together.
 */
plain_stamp plain_mark(void);
bool plain_has_changed(plain_stamp mark);
/* What the count of changes, added to it, is 0 with as long as plain_has_changed() is false; 0 where there is no mark.
 */
unsigned long plain_unmark(plain_stamp mark);

/* Whether what plain_is_directory() said is true still. */
static inline bool plain_holds(plain_stamp stamp)
{
	const struct shared *shared = (const struct shared *)IMAGE_SHARED_ADDRESS;

	return !stamp || __atomic_load_n(&shared->changes, __ATOMIC_ACQUIRE) == stamp;
}

/* Who was noting something on the stack between FROM and TO does not go on with it. */
void plain_forget_half(unsigned long from, unsigned long to);

/* The count of stores made or replaced (agent/store.h), or NULL where guests share none. */
uint64_t *plain_stores(void);

/* The page that all guests share (image/shared.h), or NULL. */
struct shared *plain_shared(void);

/* Do without: the guest takes the clock away. */
void plain_stop(void);

/* To be called before and after a call by which a name may come to mean another directory, or a link. */
void plain_begin_change(void);
/* The counter such a change is counted in where that is done by hand (gate_change), or NULL: none. One begins. */
uint64_t *plain_changes(void);
void plain_end_change(void);

#endif
