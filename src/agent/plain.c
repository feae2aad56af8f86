/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/plain.h"
#include "agent/attach.h"
#include "agent/root.h"
#include "agent/guest_memory.h"
#include "agent/seal.h"
#include "image/shared.h"
#include <asm/fcntl.h>
#include <linux/fcntl.h>
#include <linux/openat2.h>

#define ONE_ENDED (1ull << 32)
#define ONE_GOING_ON 1ull

/* A change that has not ended after so many ticks never will: its process was killed in the middle. */
#define CHANGE_TIME_MOST (1ull << 32)

static struct shared *const shared = (struct shared *)IMAGE_SHARED_ADDRESS;

static enum { UNKNOWN, ATTACHED, ABSENT } state;

/* What is kept of one path. */
struct entry {
	uint64_t version; /* odd while it is written: an address on the stack of who does */
	uint32_t length;
	uint32_t is_of_root; /* see plain_is_directory() */
	uint64_t changes;    /* shared->changes when it was verified */
	uint64_t time;
	uint64_t layers; /* see plain_layers() */
	char path[PLAIN_LENGTH_MOST];
};

/*
 * Directories, what was seen to be no link, and directories of overlays: tables of their own, for the others come
 * and go. Before something is kept they are not looked at, which would cost
 * short programs a page fault.
 */
#define TABLE_BITS 5
static struct entry directories[1 << TABLE_BITS] AGENT_LARGE, others[1 << TABLE_BITS] AGENT_LARGE,
	layered[1 << TABLE_BITS] AGENT_LARGE;
static bool has_directories, has_others, has_layered;

/*
 * How many notes are still made unasked: as many after each question that a note
 * could have saved. Who only asks about things again and again has no use for notes.
 */
#define NOTES_AFTER 256
static unsigned int directory_notes, other_notes;

static bool is_worth_it(unsigned int *notes)
{
	unsigned int left = __atomic_load_n(notes, __ATOMIC_RELAXED);

	if (left)
		__atomic_store_n(notes, left - 1, __ATOMIC_RELAXED);
	return left;
}

/* The current directory's host path, if it is in the root; else with no length. */
static struct entry cwd AGENT_LARGE;
static unsigned int cwd_wanted; /* how often it was, and not known; 0: never */

/* Another thread may have been faster: then there is no room for ours, and theirs serves. */
static bool is_ours(void)
{
	uint64_t nonce;

	return !guest_read(&nonce, (unsigned long)&shared->nonce, sizeof(nonce)) && nonce == image_data()->shared_nonce;
}

struct shared *plain_shared(void)
{
	if (image_data()->shared_id < 0)
		return NULL;
	/* That fails where it is there already. */
	if (state != ATTACHED)
		attach_memory(image_data()->shared_id, shared, sizeof(*shared), true);
	return is_ours() ? shared : NULL;
}

static bool attach(void)
{
	bool attached = false;

	if (image_data()->shared_id >= 0 && clock_now()) {
		/* Files have been attached at the start. */
		if (!*image_data()->memory)
			GATE_3(NR_shmat, image_data()->shared_id, shared, 0);
		attached = is_ours();
	}
	if (attached)
		seal(shared, ALIGN_UP(sizeof(*shared), 0x1000ul));
	__atomic_store_n(&state, attached ? ATTACHED : ABSENT, __ATOMIC_RELEASE);
	return attached;
}

void plain_stop(void)
{
	clock_stop();
	__atomic_store_n(&state, ABSENT, __ATOMIC_RELEASE);
}

static inline bool is_attached(void)
{
	return state == ATTACHED || (state == UNKNOWN && attach());
}

uint64_t *plain_stores(void)
{
	return is_attached() ? &shared->stores : NULL;
}

static bool distrusts_cwd;

bool plain_trusts_cwd(void)
{
	return !__atomic_load_n(&distrusts_cwd, __ATOMIC_ACQUIRE);
}

void plain_distrust_cwd(void)
{
	__atomic_store_n(&distrusts_cwd, true, __ATOMIC_RELEASE);
}

static inline uint64_t changes_now(void)
{
	return __atomic_load_n(&shared->changes, __ATOMIC_ACQUIRE);
}

/* A process that was killed within a change must not keep all others from trusting for good. */
static void forget_dead_change(uint64_t changes)
{
	uint64_t ended = (changes | (ONE_ENDED - 1)) + 1;

	if (clock_now() - __atomic_load_n(&shared->began, __ATOMIC_RELAXED) > CHANGE_TIME_MOST)
		__atomic_compare_exchange_n(&shared->changes, &changes, ended, false, __ATOMIC_ACQ_REL,
					    __ATOMIC_RELAXED);
}

plain_stamp plain_mark(void)
{
	uint64_t changes = is_attached() ? changes_now() : 0;

	if ((uint32_t)changes)
		forget_dead_change(changes);
	return changes;
}

bool plain_has_changed(plain_stamp mark)
{
	return mark && ((uint32_t)mark || changes_now() != mark);
}

unsigned long plain_unmark(plain_stamp mark)
{
	return (uint32_t)mark ? 1 : -mark;
}

plain_stamp plain_now(void)
{
	uint64_t changes = plain_mark();

	return (uint32_t)changes ? 0 : changes;
}

void plain_begin_change(void)
{
	if (!is_attached())
		return;
	__atomic_store_n(&shared->began, clock_now(), __ATOMIC_RELAXED);
	__atomic_fetch_add(&shared->changes, ONE_GOING_ON, __ATOMIC_ACQ_REL);
}

uint64_t *plain_changes(void)
{
	if (!is_attached())
		return NULL;
	__atomic_store_n(&shared->began, clock_now(), __ATOMIC_RELAXED);
	return &shared->changes;
}

void plain_end_change(void)
{
	uint64_t changes, ended;

	if (!is_attached())
		return;
	changes = changes_now();
	do
		/* Somebody may have taken this change for dead. */
		ended = changes + ONE_ENDED - ((uint32_t)changes ? ONE_GOING_ON : 0);
	while (!__atomic_compare_exchange_n(&shared->changes, &changes, ended, true, __ATOMIC_ACQ_REL,
					    __ATOMIC_ACQUIRE));
}

/* Of its end: that is where most paths differ. */
static struct entry *entry_of(struct entry *table, const char *path, size_t length)
{
	unsigned long hash = length, word;
	size_t left = length;

	for (; left >= sizeof(word) && left + 2 * sizeof(word) >= length; left -= sizeof(word)) {
		__builtin_memcpy(&word, path + left - sizeof(word), sizeof(word));
		hash = (hash ^ word) * 0x9e3779b97f4a7c15;
	}
	if (left + 2 * sizeof(word) >= length) {
		for (word = 0; left; left--)
			word = word << 8 | (unsigned char)path[left - 1];
		hash = (hash ^ word) * 0x9e3779b97f4a7c15;
	}
	return &table[hash >> (64 - TABLE_BITS)];
}

static bool is_fresh(const struct entry *entry, uint64_t changes, uint64_t now)
{
	return entry->changes == changes && now - entry->time <= CLOCK_AGE_MOST;
}

/* *LAYERS becomes what was kept with it. */
static bool find_kept(struct entry *table, const char *path, size_t length, bool is_of_root, uint64_t changes,
		      uint64_t now, uint64_t *layers)
{
	const struct entry *entry = entry_of(table, path, length);
	uint64_t version = __atomic_load_n(&entry->version, __ATOMIC_ACQUIRE);

	*layers = entry->layers;
	if (version & 1 || entry->length != length || entry->is_of_root < is_of_root ||
	    memcmp(entry->path, path, length) || !is_fresh(entry, changes, now))
		return false;
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	return __atomic_load_n(&entry->version, __ATOMIC_RELAXED) == version;
}

static bool is_kept(struct entry *table, const char *path, size_t length, bool is_of_root, uint64_t changes,
		    uint64_t now)
{
	uint64_t layers;

	return find_kept(table, path, length, is_of_root, changes, now, &layers);
}

static void keep_in(struct entry *entry, const char *path, size_t length, bool is_of_root, uint64_t changes,
		    uint64_t time, uint64_t layers)
{
	uint64_t version = 0;
	uint64_t writer = (uint64_t)&version | 1;

	/* Fresh memory is not looked at before it is written, which would be a page fault more. */
	if (!__atomic_compare_exchange_n(&entry->version, &version, writer, false, __ATOMIC_ACQ_REL,
					 __ATOMIC_RELAXED) &&
	    (version & 1 || !__atomic_compare_exchange_n(&entry->version, &version, writer, false, __ATOMIC_ACQ_REL,
							 __ATOMIC_RELAXED)))
		return;
	entry->length = (uint32_t)length;
	entry->is_of_root = is_of_root;
	entry->changes = changes;
	entry->time = time;
	entry->layers = layers;
	memcpy(entry->path, path, length);
	__atomic_store_n(&entry->version, version + 2, __ATOMIC_RELEASE);
}

static void keep(struct entry *table, const char *path, size_t length, bool is_of_root, uint64_t changes, uint64_t time)
{
	keep_in(entry_of(table, path, length), path, length, is_of_root, changes, time, 0);
}

/*
 * Open the directory's own entry "." with O_CREAT | O_EXCL: the kernel walks
 * there, and then says EEXIST without having opened or changed anything.
 */
bool plain_leads_to_dot(int directory, const char *path)
{
	static const struct open_how how = { .flags = O_CREAT | O_EXCL, .resolve = RESOLVE_NO_SYMLINKS };

	return GATE_4(NR_openat2, directory, path, &how, sizeof(how)) == -EEXIST;
}

static bool ask(const char *host_path, size_t length)
{
	char path[PLAIN_LENGTH_MOST + 3];

	memcpy(path, host_path, length);
	memcpy(path + length, "/.", 3);
	return plain_leads_to_dot(AT_FDCWD, path);
}

/*
 * Whether the guest may pass the directories above a binding. They are not on
 * the way to its host path, so the kernel has to be asked each time; only of
 * those in the root it can be asked easily.
 */
static bool is_reachable(const struct view *view, uint32_t mount)
{
	const struct view_binding *root = view_binding(view, 0), *binding = view_binding(view, mount);
	const char *guest = view_guest(view, mount);
	size_t length = binding->guest_length;
	char path[PLAIN_LENGTH_MOST + 3];

	while (length && guest[--length] != '/')
		;
	if (root->host_length + length > PLAIN_LENGTH_MOST || view_find_above(view, guest, length))
		return false;
	memcpy(path, view_host(view, 0), root->host_length);
	memcpy(path + root->host_length, guest, length);
	memcpy(path + root->host_length + length, "/.", 3);
	return plain_leads_to_dot(AT_FDCWD, path);
}

size_t plain_host_path(const char *guest_path, size_t length, char *buf, size_t size, uint32_t *mount)
{
	const struct view *view = the_view();
	size_t host_length = root_is_set() ? 0 : view_to_host_plain(view, guest_path, length, buf, size, mount);

	return host_length && *mount && !is_reachable(view, *mount) ? 0 : host_length;
}

static bool knows(const char *host_path, size_t length, bool is_of_root, uint64_t now, plain_stamp stamp)
{
	return has_directories && is_kept(directories, host_path, length, is_of_root, stamp, now);
}

bool plain_knows_directory(const char *host_path, size_t length, uint64_t now, plain_stamp *stamp)
{
	if (length > PLAIN_LENGTH_MOST || !is_attached())
		return false;
	*stamp = changes_now();
	return knows(host_path, length, true, now, *stamp);
}

bool plain_is_directory(const char *host_path, size_t length, bool is_of_root, plain_stamp *stamp)
{
	uint64_t now = clock_now();

	*stamp = 0;
	if (length > PLAIN_LENGTH_MOST || !is_attached())
		return false;
	*stamp = changes_now();
	if (knows(host_path, length, is_of_root, now, *stamp))
		return true;
	if ((uint32_t)*stamp) {
		forget_dead_change(*stamp);
		return false;
	}
	directory_notes = NOTES_AFTER;
	if (!ask(host_path, length) || !plain_holds(*stamp))
		return false;
	keep(directories, host_path, length, is_of_root, *stamp, now);
	has_directories = true;
	return true;
}

bool plain_is_known(const char *host_path, size_t length, plain_stamp stamp, uint64_t now)
{
	if (length > PLAIN_LENGTH_MOST)
		return false;
	if ((has_others && is_kept(others, host_path, length, false, stamp, now)) ||
	    knows(host_path, length, false, now, stamp))
		return true;
	other_notes = NOTES_AFTER;
	return false;
}

void plain_note(const char *host_path, size_t length, plain_stamp stamp, uint64_t now)
{
	if (!stamp || !is_worth_it(&other_notes) || length > PLAIN_LENGTH_MOST || !plain_holds(stamp) ||
	    (has_others && is_kept(others, host_path, length, false, stamp, now)))
		return;
	keep(others, host_path, length, false, stamp, now);
	has_others = true;
}

void plain_note_directory(const char *host_path, size_t length, bool is_of_root, plain_stamp stamp, uint64_t now)
{
	if (!stamp || !is_worth_it(&directory_notes) || length > PLAIN_LENGTH_MOST || !plain_holds(stamp) ||
	    knows(host_path, length, is_of_root, now, stamp))
		return;
	keep(directories, host_path, length, is_of_root, stamp, now);
	has_directories = true;
}

uint64_t plain_layers(const char *guest_path, size_t length, bool is_absolute, uint64_t now, plain_stamp *stamp)
{
	uint64_t layers;

	if (length > PLAIN_LENGTH_MOST || !has_layered || !is_attached())
		return 0;
	*stamp = changes_now();
	return find_kept(layered, guest_path, length, is_absolute, *stamp, now, &layers) ? layers : 0;
}

void plain_note_layers(const char *guest_path, size_t length, bool is_absolute, uint64_t layers, plain_stamp stamp,
		       uint64_t now)
{
	uint64_t kept;

	if (!stamp || (uint32_t)stamp || length > PLAIN_LENGTH_MOST || !plain_holds(stamp) ||
	    (has_layered && find_kept(layered, guest_path, length, is_absolute, stamp, now, &kept)))
		return;
	keep_in(entry_of(layered, guest_path, length), guest_path, length, is_absolute, stamp, now, layers);
	has_layered = true;
}

/* Whether PATH is DIRECTORY, of LENGTH bytes, or below it. */
static bool is_below(const char *path, const char *directory, size_t length)
{
	return !memcmp(path, directory, length) && (!path[length] || path[length] == '/');
}

/* It costs as much as it saves in a few calls. */
#define CWD_WANTED_BEFORE 8

static void learn_cwd(uint64_t now, plain_stamp stamp)
{
	const struct view *view = the_view();
	char path[PLAIN_LENGTH_MOST + 1];
	long size;

	if (++cwd_wanted % CWD_WANTED_BEFORE)
		return;
	size = GATE_2(NR_getcwd, path, sizeof(path));
	if (size <= 1 || !is_below(path, view_host(view, 0), view_binding(view, 0)->host_length))
		size = 1;
	if (plain_holds(stamp))
		keep_in(&cwd, path, (size_t)size - 1, true, stamp, now, 0);
}

static unsigned int count_slashes(const char *path, size_t from, size_t to)
{
	unsigned int count = 0;

	for (; from < to; from++)
		count += path[from] == '/';
	return count;
}

/*
 * Always by way of the root: that the directories above the current one may be
 * searched, the kernel is to find out where the path leads through them.
 */
size_t plain_from_cwd(const char *host_path, uint64_t now, plain_stamp stamp, unsigned int *up)
{
	const struct view *view = the_view();
	size_t root_length = view_binding(view, 0)->host_length, cwd_length;
	uint64_t version = __atomic_load_n(&cwd.version, __ATOMIC_ACQUIRE);

	if (!plain_trusts_cwd())
		return 0;
	if (!cwd_wanted || version & 1 || !is_fresh(&cwd, stamp, now)) {
		learn_cwd(now, stamp);
		return 0;
	}
	cwd_length = cwd.length;
	if (cwd_length < root_length || !cwd_length)
		return 0;
	*up = count_slashes(cwd.path, root_length, cwd_length);
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	if (__atomic_load_n(&cwd.version, __ATOMIC_RELAXED) != version ||
	    *up >= count_slashes(host_path, 0, root_length))
		return 0;
	while (host_path[root_length] == '/')
		root_length++;
	return host_path[root_length] ? root_length : 0;
}

static void forget_half(struct entry *table, unsigned int count, unsigned long from, unsigned long to)
{
	for (unsigned int i = 0; i < count; i++) {
		uint64_t version = __atomic_load_n(&table[i].version, __ATOMIC_RELAXED);

		if (!(version & 1) || version < from || version >= to)
			continue;
		table[i].changes = 0;
		__atomic_store_n(&table[i].version, clock_now() << 1, __ATOMIC_RELEASE);
	}
}

void plain_forget_half(unsigned long from, unsigned long to)
{
	forget_half(directories, ARRAY_SIZE(directories), from, to);
	forget_half(others, ARRAY_SIZE(others), from, to);
	forget_half(layered, ARRAY_SIZE(layered), from, to);
	forget_half(&cwd, 1, from, to);
}
