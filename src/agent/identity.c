/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/identity.h"
#include "agent/own.h"
#include "agent/proc.h"
#include "agent/slot.h"
#include <asm/stat.h>
#include <linux/fcntl.h>

#define RECORDS 64
#define ENTRIES 4096

/*
 * The values that threads have or had, each once. One that nobody has any more is
 * written again only when all others have been meanwhile, so nobody is still reading it.
 */
static struct credentials records[RECORDS] AGENT_LARGE;
static unsigned int record_count;
static unsigned int record_last;

struct entry {
	int thread; /* 0: free; written last */
	uint16_t record;
	bool is_borrowed;      /* of a process that shares the memory */
	unsigned long pointer; /* the thread's pointer to its own memory: fork(2) and vfork(2) leave it as it is */
};

static struct entry entries[ENTRIES] AGENT_LARGE;

/* One word, so that it is read and changed at once. */
struct table {
	unsigned int generation; /* of the memory that the entries are known for */
	uint16_t everybody;	 /* record of all who have no entry */
	uint16_t count;		 /* entries that are in use, and maybe some that are free */
};

static uint64_t table_word;

/* Whose memory it is. */
static int owner;
static unsigned int owner_generation;

/* The thread that changes things. Wiped by fork(2): the child does not have that thread. */
static int holder AGENT_WIPED;

_Static_assert(sizeof(struct table) == sizeof(table_word), "one word");

static struct table load_table(void)
{
	uint64_t word = __atomic_load_n(&table_word, __ATOMIC_ACQUIRE);
	struct table table;

	__builtin_memcpy(&table, &word, sizeof(table));
	return table;
}

static void store_table(struct table table)
{
	uint64_t word;

	__builtin_memcpy(&word, &table, sizeof(word));
	__atomic_store_n(&table_word, word, __ATOMIC_RELEASE);
}

static bool exchange_table(struct table old, struct table new)
{
	uint64_t from, to;

	__builtin_memcpy(&from, &old, sizeof(from));
	__builtin_memcpy(&to, &new, sizeof(to));
	return __atomic_compare_exchange_n(&table_word, &from, to, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE);
}

static int thread_of(const struct entry *entry)
{
	return __atomic_load_n(&entry->thread, __ATOMIC_ACQUIRE);
}

static struct entry *find(struct table table, int thread)
{
	for (unsigned int i = 0; i < table.count; i++)
		if (thread_of(&entries[i]) == thread)
			return &entries[i];
	return NULL;
}

static unsigned long thread_pointer(void)
{
	unsigned long pointer = 0;

	ARCH_GET_THREAD_POINTER(&pointer);
	return pointer;
}

/* The entry of the thread that the calling one is a copy of, in a copy of the memory: of several, its parent's. */
static const struct entry *find_original(struct table table)
{
	unsigned long pointer = thread_pointer();
	int parent = (int)GATE_0(NR_getppid);
	const struct entry *found = NULL;

	for (unsigned int i = 0; i < table.count; i++)
		if (thread_of(&entries[i]) && entries[i].pointer == pointer && (!found || entries[i].thread == parent))
			found = &entries[i];
	return found;
}

/* In a copy of the memory: what the thread had that made it is everybody's now. */
static struct table settle(void)
{
	for (;;) {
		struct table old = load_table(), new = { slot_generation(), old.everybody, 0 };
		const struct entry *original;

		if (old.generation == new.generation)
			return old;
		original = find_original(old);
		if (original)
			new.everybody = original->record;
		if (exchange_table(old, new))
			return new;
	}
}

/* A kernel that can't tell who shares memory says so of one process alone, too. */
static bool is_there(const struct entry *entry)
{
	if (!entry->is_borrowed)
		return GATE_3(NR_tgkill, owner, entry->thread, 0) != -ESRCH;
	return own_shares_memory(entry->thread) ||
	       (!own_shares_memory(GATE_0(NR_getpid)) && GATE_2(NR_kill, entry->thread, 0) != -ESRCH);
}

/* The thread that the calling one shares its memory's pointer with: after vfork(2) its parent's. */
static const struct entry *find_maker(struct table table)
{
	unsigned long pointer = thread_pointer();

	for (unsigned int i = 0; i < table.count; i++)
		if (thread_of(&entries[i]) && entries[i].pointer == pointer && is_there(&entries[i]))
			return &entries[i];
	return NULL;
}

static const struct credentials *find_now(void)
{
	struct table table = settle();
	const struct entry *entry;

	if (!table.count)
		return &records[table.everybody];
	entry = find(table, (int)GATE_0(NR_gettid));
	if (!entry)
		entry = find_maker(table);
	return &records[entry ? entry->record : load_table().everybody];
}

const struct credentials *identity_of_all(void)
{
	struct table table = load_table();

	return table.count ? NULL : &records[table.everybody];
}

const struct credentials *identity_now(void)
{
	const struct credentials *all = identity_of_all();

	return all ? all : find_now();
}

/* The holder may have been killed: a child that shares the memory. */
static void lock(void)
{
	int self = (int)GATE_0(NR_gettid);

	for (unsigned int tries = 1;; tries++) {
		int found = 0;

		if (__atomic_compare_exchange_n(&holder, &found, self, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
			return;
		if (tries % 256 == 0 && GATE_2(NR_tkill, found, 0) == -ESRCH &&
		    __atomic_compare_exchange_n(&holder, &found, self, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
			return;
		GATE_0(NR_sched_yield);
	}
}

static void unlock(void)
{
	__atomic_store_n(&holder, 0, __ATOMIC_RELEASE);
}

/* Who shares the memory of a parent is not its owner. */
static int find_owner(void)
{
	if (owner_generation != slot_generation()) {
		owner = (int)GATE_0(own_is_borrowed() ? NR_getppid : NR_getpid);
		owner_generation = slot_generation();
	}
	return owner;
}

/* Bit N: record N is somebody's. */
static uint64_t used_records(struct table table)
{
	uint64_t used = 1ull << table.everybody;

	for (unsigned int i = 0; i < table.count; i++)
		if (entries[i].thread)
			used |= 1ull << entries[i].record;
	return used;
}

/* The record that equals CREDENTIALS: one there is, or a new one. Its index, or -ENOMEM. */
static long take_record(struct table table, const struct credentials *credentials)
{
	uint64_t used = used_records(table);

	for (unsigned int i = 0; i < record_count; i++)
		if (credentials_equal(&records[i], credentials))
			return (long)i;
	for (unsigned int i = 1; i <= RECORDS; i++) {
		unsigned int index = (record_last + i) % RECORDS;

		if (used >> index & 1)
			continue;
		credentials_copy(&records[index], credentials);
		record_last = index;
		record_count = MAX(record_count, index + 1);
		return (long)index;
	}
	return -ENOMEM;
}

/* How many threads the process has that still run: /proc counts them as links, and the first one to the end of all. */
static unsigned int count_threads(void)
{
	struct stat tasks;
	char exe[1];

	if (GATE_4(NR_newfstatat, AT_FDCWD, "/proc/self/task", &tasks, 0))
		return 0;
	return (unsigned int)tasks.st_nlink - 2 -
	       (GATE_4(NR_readlinkat, AT_FDCWD, "/proc/self/exe", exe, sizeof(exe)) < 0);
}

static void drop_where(struct table table, bool is_dropped(const struct entry *entry, uint16_t record), uint16_t record)
{
	for (unsigned int i = 0; i < table.count; i++)
		if (entries[i].thread && is_dropped(&entries[i], record))
			__atomic_store_n(&entries[i].thread, 0, __ATOMIC_RELEASE);
	while (table.count && !entries[table.count - 1].thread)
		table.count--;
	store_table(table);
}

static bool is_gone(const struct entry *entry, uint16_t record)
{
	(void)record;
	return !is_there(entry);
}

static bool is_like(const struct entry *entry, uint16_t record)
{
	return entry->record == record && !entry->is_borrowed;
}

/* Where all threads have entries with one value, it becomes everybody's. */
static void collapse(struct table table)
{
	unsigned int count = 0;
	uint16_t record = 0;

	for (unsigned int i = 0; i < table.count; i++) {
		if (!entries[i].thread || entries[i].is_borrowed)
			continue;
		if (count++ && entries[i].record != record)
			return;
		record = entries[i].record;
	}
	if (!count || count < count_threads())
		return;
	table.everybody = record;
	store_table(table);
	drop_where(table, is_like, record);
}

static void tidy(void)
{
	struct table table = settle();

	if (!table.count)
		return;
	drop_where(table, is_gone, 0);
	if (find_owner() == GATE_0(NR_getpid))
		collapse(load_table());
}

void identity_tidy(void)
{
	if (identity_of_all())
		return;
	lock();
	tidy();
	unlock();
}

/* Give the calling thread an entry with RECORD. */
static long add_entry(struct table table, int thread, uint16_t record)
{
	struct entry *entry = find(table, 0);

	if (!entry && table.count == ENTRIES)
		return -ENOMEM;
	if (!entry)
		entry = &entries[table.count++];
	entry->record = record;
	entry->is_borrowed = find_owner() != GATE_0(NR_getpid);
	entry->pointer = thread_pointer();
	__atomic_store_n(&entry->thread, thread, __ATOMIC_RELEASE);
	store_table(table);
	return 0;
}

/* Of a thread among several, or a child that shares the memory. */
static long set_entry(struct table table, uint16_t record)
{
	int thread = (int)GATE_0(NR_gettid);
	struct entry *entry = find(table, thread);
	bool is_everybodys = record == table.everybody && find_owner() == GATE_0(NR_getpid);
	long status = 0;

	if (entry && is_everybodys)
		__atomic_store_n(&entry->thread, 0, __ATOMIC_RELEASE);
	else if (entry)
		__atomic_store_n(&entry->record, record, __ATOMIC_RELEASE);
	else if (!is_everybodys)
		status = add_entry(table, thread, record);
	tidy();
	return status;
}

static long set(const struct credentials *credentials)
{
	struct table table = settle();
	long record = take_record(table, credentials);

	if (record < 0)
		return record;
	if (!own_is_alone())
		return set_entry(table, (uint16_t)record);
	owner = (int)GATE_0(NR_getpid);
	owner_generation = slot_generation();
	store_table((struct table){ table.generation, (uint16_t)record, 0 });
	return 0;
}

long identity_set(const struct credentials *credentials)
{
	long status;

	lock();
	status = set(credentials);
	unlock();
	return status;
}

/* The record that THREAD has, as TABLE of its process's memory says; -1 when that can't be read. */
static int read_record(long thread, struct table table)
{
	struct entry some[32];
	unsigned int generation;

	if (!proc_read_agent(thread, slot_generation_place, &generation, sizeof(generation)))
		return -1;
	for (unsigned int i = 0; generation == table.generation && i < MIN(table.count, ENTRIES);
	     i += ARRAY_SIZE(some)) {
		if (!proc_read_agent(thread, &entries[i], some, sizeof(some)))
			return -1;
		for (unsigned int j = 0; j < ARRAY_SIZE(some) && i + j < table.count; j++)
			if (some[j].thread == thread)
				return some[j].record;
	}
	return table.everybody;
}

/* The record of THREAD, another guest's, in the memory of its process; NULL when that can't be read. */
static const struct credentials *find_record(long thread)
{
	struct table table;
	int record;

	if (!proc_read_agent(thread, &table_word, &table, sizeof(table)))
		return NULL;
	record = table.count ? read_record(thread, table) : table.everybody;
	return record >= 0 && record < RECORDS ? &records[record] : NULL;
}

bool identity_read(long thread, struct credentials *buf)
{
	const struct credentials *record = find_record(thread);

	return record && proc_read_agent(thread, record, buf, offsetof(struct credentials, groups)) &&
	       credentials_are_sound(buf) && proc_read_agent(thread, record, buf, credentials_size(buf)) &&
	       credentials_are_sound(buf);
}

bool identity_read_ids(long thread, struct identity_ids *ids)
{
	const struct credentials *record = find_record(thread);
	uint32_t some[offsetof(struct credentials, egid) / sizeof(uint32_t) + 1];

	if (!record || !proc_read_agent(thread, record, some, sizeof(some)))
		return false;
	*ids = (struct identity_ids){ some[offsetof(struct credentials, uid) / sizeof(uint32_t)],
				      some[offsetof(struct credentials, euid) / sizeof(uint32_t)],
				      some[offsetof(struct credentials, egid) / sizeof(uint32_t)] };
	return true;
}

void identity_start(const char *text)
{
	if (!credentials_read(&records[0], text))
		credentials_init(&records[0], image_data()->identity.uid, image_data()->identity.gid);
	record_count = 1;
	owner = (int)GATE_0(NR_getpid);
	owner_generation = slot_generation();
}
