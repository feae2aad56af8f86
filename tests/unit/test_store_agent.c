/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The agent's side of the store, with the kernel's own calls behind its gate: where stores are looked for and made,
 * what processes see of each other's, growth, files that may not be trusted, and writers that are killed at any moment.
 *
 * It works in a directory of its own, of which the gate says that it is the topmost one the user may write to.
 */
#define _GNU_SOURCE 1
/* The agent has the kernel's. */
#define stat libc_stat
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#undef stat
#undef st_atime
#undef st_mtime
#undef st_ctime

#include "agent/store.h"
#include "agent/guest_memory.h"
#include "agent/plain.h"
#include "agent/store_file.h"
#include "image/shared.h"
#include "image/store.h"
#include "tap.h"

/* What the agent has of the rest of itself. */

static unsigned long calls; /* how many system calls were made */
static bool has_count = true, has_births = true;

/* Memory that all processes of the test share. */
static struct memory {
	uint64_t stores;
	uint32_t failures;
	int64_t error; /* of the last of them */
	uint32_t trying[400], done[400];
	uint32_t ends;
	uint32_t operations;
} * memory;

static char top[PATH_MAX]; /* canonical: the current directory at first */

/* Of directories above ours: nobody may write there, and nobody has. */
static long is_above(const char *path)
{
	return *path == '/' && strncmp(path, top, strlen(top)) != 0;
}

long gate(long nr, unsigned long a, unsigned long b, unsigned long c, unsigned long d, unsigned long e, unsigned long f)
{
	long result;

	calls++;
	if (nr == SYS_faccessat && is_above((const char *)b))
		return -EACCES;
	if (nr == SYS_openat && is_above((const char *)b) && strstr((const char *)b, STORE_NAME))
		return -ENOENT;
	result = syscall(nr, a, b, c, d, e, f);
	if (nr == SYS_statx && !has_births)
		((struct statx *)e)->stx_mask &= ~(uint32_t)STATX_BTIME;
	return result < 0 ? -errno : result;
}

long guest_read(void *to, unsigned long address, size_t size)
{
	memcpy(to, (const void *)address, size);
	return 0;
}

uint64_t *plain_stores(void)
{
	return has_count ? &memory->stores : NULL;
}

static uint64_t now;

uint64_t clock_now(void)
{
	struct timespec time;

	if (now)
		return now;
	clock_gettime(CLOCK_MONOTONIC, &time);
	return (uint64_t)time.tv_sec * 3000000000 + (uint64_t)time.tv_nsec * 3;
}

const struct view *view_in_force;

/* A new view: a later one than what was. */
static void make_view(const char *root)
{
	struct view *view = &((struct image_data *)IMAGE_DATA_ADDRESS)->view;
	uint32_t age = view->age;

	view_init(view, PATH_SIZE, 4, root);
	view->age = age + 1;
	view_in_force = view;
}

static void make_image(const char *root)
{
	struct image_data *data = mmap((void *)IMAGE_DATA_ADDRESS, 1 << 16, PROT_READ | PROT_WRITE,
				       MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);

	if (data == MAP_FAILED)
		exit(1);
	data->identity.host_uid = geteuid();
	make_view(root);
}

static void enter_place(void)
{
	const char *parent = getenv("TMPDIR");

	snprintf(top, sizeof(top), "%s/proot-store-XXXXXX", parent ? parent : "/tmp");
	if (!mkdtemp(top) || chdir(top) || !getcwd(top, sizeof(top)))
		exit(1);
}

/* Objects. */

struct object {
	int directory;
	const char *path;
	unsigned long flags;
	struct stat status;
};

static struct object object_at(int directory, const char *path)
{
	struct object object = { .directory = directory, .path = path };

	object.flags = AT_SYMLINK_NOFOLLOW | (*path ? 0 : AT_EMPTY_PATH);
	if (syscall(SYS_newfstatat, directory, path, &object.status, object.flags))
		printf("# %s: %s\n", path, strerror(errno));
	return object;
}

static struct object link_at(const char *path)
{
	unlink(path);
	if (symlink("x", path))
		printf("# %s: %s\n", path, strerror(errno));
	return object_at(AT_FDCWD, path);
}

static long put(const struct object *object, uint32_t number)
{
	struct owner_record record = {
		.uid = number, .gid = ~number, .mode = number * 3, .has_mode = true, .device = number
	};

	return store_put(object->directory, object->path, object->flags, &object->status, &record);
}

/* The number stored of an object: -1: none; -2: half of one. */
static long number_of(const struct object *object)
{
	struct owner_record record;

	if (!store_find(object->directory, object->path, object->flags, &object->status, &record))
		return -1;
	if (record.gid != ~record.uid || record.mode != record.uid * 3 || record.device != record.uid)
		return -2;
	return record.uid;
}

static bool knows_none(const struct object *object)
{
	return store_knows_none(object->status.st_dev, object->status.st_ino, object->path);
}

static long take_away(const struct object *object)
{
	return store_remove(object->directory, object->path, object->flags, &object->status);
}

/* Each test is a process of its own that knows nothing. */
static void in_child(void (*test)(void), const char *name)
{
	int status;
	pid_t child;

	fflush(stdout);
	child = fork();
	if (!child) {
		tap_failures = 0;
		test();
		fflush(stdout);
		_exit(tap_failures ? 1 : 0);
	}
	waitpid(child, &status, 0);
	ok(!status, name);
}

/* In such a process: what is wrong is a line behind "#". */
#define check(condition) check_that(!!(condition), #condition, __LINE__)

static void check_that(bool is_good, const char *text, int line)
{
	if (is_good)
		return;
	printf("# line %d: %s\n", line, text);
	tap_failures++;
}

static const char *store_path(void)
{
	static char path[STORE_PATH_SIZE];

	store_file_path(top, path);
	return path;
}

static void test_round_trip(void)
{
	struct object object = link_at("one"), other = link_at("two");

	check(number_of(&object) == -1);
	check(access(store_path(), F_OK));
	check(put(&object, 5) == 0);
	check(number_of(&object) == 5);
	check(number_of(&other) == -1);
	check(put(&object, 6) == 0);
	check(put(&other, 7) == 0);
	check(number_of(&object) == 6);
	check(take_away(&object) == 0);
	check(number_of(&object) == -1);
	check(take_away(&object) == 0);
	check(number_of(&other) == 7);
}

static void test_lasts(void)
{
	struct object other = object_at(AT_FDCWD, "two");

	check(number_of(&other) == 7);
}

static void test_names(void)
{
	struct object object;
	char path[PATH_MAX + 32];
	int fd, deep;

	mkdir("sub", 0755);
	mkdir("sub/deep", 0755);
	object = link_at("sub/deep/link");
	check(put(&object, 21) == 0);
	fd = open("sub", O_RDONLY | O_DIRECTORY);
	deep = open("sub/deep/link", O_PATH | O_NOFOLLOW);
	object = object_at(fd, "deep/link");
	check(number_of(&object) == 21);
	object = object_at(fd, "../sub/./deep/link");
	check(number_of(&object) == 21);
	object = object_at(deep, "");
	check(number_of(&object) == 21);
	snprintf(path, sizeof(path), "%s/sub/deep/link", top);
	object = object_at(AT_FDCWD, path);
	check(number_of(&object) == 21);
	snprintf(path, sizeof(path), "/proc/self/fd/%d/deep/link", fd);
	object = object_at(AT_FDCWD, path);
	check(number_of(&object) == 21);
	check(put(&object, 22) == 0);
	check(number_of(&object) == 22);
	rename("sub/deep/link", "moved");
	object = object_at(AT_FDCWD, "moved");
	check(number_of(&object) == 22);
	object = object_at(deep, "");
	check(number_of(&object) == 22);
	snprintf(path, sizeof(path), "sub/" STORE_NAME "%u", geteuid());
	check(access(path, F_OK) && access(store_path(), F_OK) == 0);
}

static void test_pipes(void)
{
	struct object object;
	int fds[2];

	check(pipe(fds) == 0);
	object = object_at(fds[0], "");
	check(number_of(&object) == -1);
	check(put(&object, 1) == -EPERM);
	object = object_at(AT_FDCWD, "/proc/self/cwd");
	check(number_of(&object) == -1);
	check(put(&object, 1) == -EPERM);
}

/* The same inode, made anew. */
static void test_birth(void)
{
	struct object object = link_at("born");
	uint64_t inode = object.status.st_ino;
	bool is_same = false;

	check(put(&object, 31) == 0);
	for (int i = 0; i < 200 && !is_same; i++) {
		object = link_at("born");
		is_same = object.status.st_ino == inode;
		if (is_same)
			check(number_of(&object) == -1);
	}
	if (!is_same)
		printf("# the inode was not used again\n");
	check(put(&object, 32) == 0);
	check(number_of(&object) == 32);
}

static void test_birth_by_handle(void)
{
	has_births = false;
	test_birth();
}

/* In a view with that directory as its root, all places are known. */
static void test_costs_nothing(void)
{
	struct object object, other;
	unsigned long before;
	int fd = open(".", O_RDONLY);

	object = object_at(fd, "two");
	now = 1000;
	check(number_of(&object) == 7);
	check(!knows_none(&object));
	other = link_at("none");
	check(number_of(&other) == -1);
	check(!knows_none(&other));
	make_view(top);
	check(!knows_none(&object));
	check(number_of(&object) == 7);
	other = link_at("none");
	other.directory = fd;
	check(number_of(&other) == -1);
	before = calls;
	for (int i = 0; i < 100; i++)
		check(number_of(&other) == -1);
	check(knows_none(&other));
	check(!knows_none(&object));
	check(calls == before);
	now += CLOCK_AGE_MOST + 1;
	check(!knows_none(&other));
	check(number_of(&other) == -1);
	check(calls == before + 1);
}

static void test_costs_nothing_by_path(void)
{
	char path[PATH_MAX + 32];
	struct object object;
	unsigned long before;

	snprintf(path, sizeof(path), "%s/none", top);
	link_at("none");
	object = object_at(AT_FDCWD, path);
	now = 1000;
	check(!knows_none(&object));
	check(number_of(&object) == -1);
	before = calls;
	check(number_of(&object) == -1);
	check(knows_none(&object));
	check(calls == before);
	snprintf(path, sizeof(path), "%s/sub/../none", top);
	check(!knows_none(&object));
}

/* Others see what a process makes at once, even the first store. */
static void test_first_store(void)
{
	struct object object = link_at("seen");
	int status;
	pid_t child;

	unlink(store_path());
	now = 1000;
	check(number_of(&object) == -1);
	child = fork();
	if (!child)
		_exit(put(&object, 41) != 0);
	waitpid(child, &status, 0);
	check(status == 0);
	check(number_of(&object) == 41);
	/* Who makes it behind our back is seen after a while. */
	check(!unlink(store_path()));
	check(number_of(&object) == 41);
	now += CLOCK_AGE_MOST + 1;
	check(number_of(&object) == -1);
	check(put(&object, 42) == 0);
	check(number_of(&object) == 42);
}

static void test_without_count(void)
{
	struct object object = link_at("seen");
	int status;
	pid_t child;

	has_count = false;
	now = 1000;
	check(number_of(&object) == -1);
	child = fork();
	if (!child)
		_exit(put(&object, 43) != 0);
	waitpid(child, &status, 0);
	check(number_of(&object) == 43);
}

#define MANY 2500

static void make_many(void)
{
	char name[32];

	mkdir("many", 0755);
	for (int i = 0; i < MANY; i++) {
		snprintf(name, sizeof(name), "many/%d", i);
		link_at(name);
	}
}

static int count_many(void)
{
	char name[32];
	int found = 0;

	for (int i = 0; i < MANY; i++) {
		struct object object;

		snprintf(name, sizeof(name), "many/%d", i);
		object = object_at(AT_FDCWD, name);
		found += number_of(&object) == i;
	}
	return found;
}

static void test_growth(void)
{
	struct object object;
	struct stat status;
	char name[32];
	int child_status;
	pid_t child;

	make_many();
	unlink(store_path());
	object = object_at(AT_FDCWD, "many/0");
	check(put(&object, 0) == 0);
	check(number_of(&object) == 0);
	child = fork();
	if (!child) {
		for (int i = 1; i < MANY; i++) {
			snprintf(name, sizeof(name), "many/%d", i);
			object = object_at(AT_FDCWD, name);
			if (put(&object, (uint32_t)i))
				_exit(1);
		}
		_exit(0);
	}
	waitpid(child, &child_status, 0);
	check(child_status == 0);
	check(count_many() == MANY);
	syscall(SYS_stat, store_path(), &status);
	printf("# %d records: %ld KiB\n", MANY, status.st_size / 1024);
	check(status.st_size <= MANY * 600);
	check(status.st_mode == 0100600);
}

/* Where no more can be mapped. */
static void test_no_more_mappings(void)
{
	struct object object = object_at(AT_FDCWD, "many/77"), other = link_at("none");

	has_count = false;
	for (int i = 0; i < 100; i++) {
		struct object mine = link_at("mine");

		check(number_of(&mine) == -1);
		unlink(store_path());
		check(put(&mine, 5) == 0);
		check(number_of(&mine) == 5);
	}
	check(put(&object, 78) == 0);
	check(number_of(&object) == 78);
	check(number_of(&other) == -1);
}

/* Files that others may have put there are left alone. */
static void test_trust(void)
{
	struct object object;
	char path[PATH_MAX + 32];
	int fd;

	mkdir("apart", 0755);
	object = link_at("apart/link");
	unlink(store_path());
	check(symlink("elsewhere", store_path()) == 0);
	check(number_of(&object) == -1);
	check(put(&object, 3) == 0); /* in the next directory */
	check(number_of(&object) == 3);
	snprintf(path, sizeof(path), "apart/" STORE_NAME "%u", geteuid());
	check(unlink(path) == 0);
	check(access("elsewhere", F_OK) != 0);
	unlink(store_path());
	fd = open(store_path(), O_CREAT | O_WRONLY, 0666);
	fchmod(fd, 0666);
	check(put(&object, 3) == 0);
	check(unlink(path) == 0);
	fchmod(fd, 0600);
	check(link(store_path(), "second") == 0);
	close(fd);
}

static void test_trust_second_name(void)
{
	struct object object = object_at(AT_FDCWD, "apart/link");
	char path[PATH_MAX + 32];

	check(put(&object, 3) == 0);
	snprintf(path, sizeof(path), "apart/" STORE_NAME "%u", geteuid());
	check(unlink(path) == 0);
	check(unlink("second") == 0);
	check(unlink(store_path()) == 0);
}

/* What is no store is never written to. */
static void test_damaged(void)
{
	static const char text[] = "this is some other file of the user's, which happens to have that name";
	struct object object = link_at("damaged");
	char content[sizeof(text)];
	int fd = open(store_path(), O_CREAT | O_EXCL | O_RDWR, 0600);

	check(write(fd, text, sizeof(text)) == sizeof(text));
	check(number_of(&object) == -1);
	check(put(&object, 4) == -EIO);
	check(pread(fd, content, sizeof(content), 0) == sizeof(text) && !memcmp(text, content, sizeof(text)));
	check(lseek(fd, 0, SEEK_END) == sizeof(text));
	/* An empty one is that of a process that died. */
	check(ftruncate(fd, 0) == 0);
	check(put(&object, 4) == 0);
	check(number_of(&object) == 4);
	check(ftruncate(fd, 0) == 0 && ftruncate(fd, 5000) == 0);
	now = clock_now() + 2 * CLOCK_AGE_MOST;
	check(number_of(&object) == -1);
	check(put(&object, 5) == 0);
	check(number_of(&object) == 5);
	check(ftruncate(fd, 5000) == 0);
	now += 2 * CLOCK_AGE_MOST;
	check(number_of(&object) == -1);
	check(put(&object, 6) == -EIO);
	unlink(store_path());
	close(fd);
}

static void test_limits(void)
{
	struct object object = link_at("limit");
	struct rlimit soft = { 0, RLIM_INFINITY }, hard = { 0, 0 }, now_is;
	sigset_t all, pending;

	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, NULL);
	check(setrlimit(RLIMIT_FSIZE, &soft) == 0);
	check(setrlimit(RLIMIT_NOFILE, &(struct rlimit){ 0, 4096 }) == 0);
	check(put(&object, 8) == 0);
	check(number_of(&object) == 8);
	getrlimit(RLIMIT_NOFILE, &now_is);
	check(now_is.rlim_cur == 0);
	getrlimit(RLIMIT_FSIZE, &now_is);
	check(now_is.rlim_cur == 0);
	check(setrlimit(RLIMIT_FSIZE, &hard) == 0);
	check(put(&object, 9) == -ENOSPC);
	check(number_of(&object) == 8);
	sigpending(&pending);
	check(!sigismember(&pending, SIGXFSZ));
}

/* Somebody else has the lock, and gives it back. */
static void test_lock(void)
{
	struct object object = link_at("locked");
	int fd, status;
	pid_t child;

	check(put(&object, 1) == 0);
	fd = open(store_path(), O_RDWR);
	check(flock(fd, LOCK_EX) == 0);
	child = fork();
	if (!child)
		_exit(put(&object, 2) != 0);
	usleep(50000);
	check(number_of(&object) == 1);
	check(flock(fd, LOCK_UN) == 0);
	waitpid(child, &status, 0);
	check(status == 0);
	check(number_of(&object) == 2);
}

/* --forget: what is put is in memory, for all processes, and hides what is in the file. */

static void make_forgetful(void)
{
	struct image_data *data = (struct image_data *)IMAGE_DATA_ADDRESS;
	int id = shmget(IPC_PRIVATE, store_size(SHARED_OWNERS_BITS), IPC_CREAT | SHM_NORESERVE | 0600);
	struct shared_owners *owners = shmat(id, NULL, 0);

	shmctl(id, IPC_RMID, NULL);
	data->shared_nonce = owners->nonce = 4711;
	data->identity.memory_id = id;
	data->identity.forgets = 1;
}

static void put_in_child(const struct object *object, uint32_t number)
{
	pid_t child = fork();
	int status;

	if (!child)
		_exit(put(object, number) != 0);
	waitpid(child, &status, 0);
	check(status == 0);
}

static void test_forget(void)
{
	struct object object = link_at("forgotten"), other = link_at("remembered");
	struct owner_record record;

	check(put(&other, 1) == 0);
	make_forgetful();
	check(number_of(&object) == -1);
	check(number_of(&other) == 1);
	put_in_child(&object, 2);
	put_in_child(&other, 3);
	check(number_of(&object) == 2);
	check(number_of(&other) == 3);
	check(store_find_forgettable(AT_FDCWD, "forgotten", AT_SYMLINK_NOFOLLOW, &object.status, &record));
	check(take_away(&object) == 0);
	check(number_of(&object) == -1);
	check(!knows_none(&other));
	((struct image_data *)IMAGE_DATA_ADDRESS)->identity.forgets = 0;
	check(number_of(&object) == -1);
	check(number_of(&other) == 1);
}

static void test_forget_without_memory(void)
{
	struct object object = link_at("forgotten");

	((struct image_data *)IMAGE_DATA_ADDRESS)->identity.forgets = 1;
	((struct image_data *)IMAGE_DATA_ADDRESS)->identity.memory_id = -1;
	check(number_of(&object) == -1);
	check(put(&object, 1) == -ENOMEM);
}

/* Writers that are killed. */

#define FILES 400
#define KILLS 250

static void make_files(void)
{
	char name[32];

	mkdir("killed", 0755);
	for (int i = 0; i < FILES; i++) {
		snprintf(name, sizeof(name), "killed/%d", i);
		link_at(name);
	}
}

static struct object file_at(char name[32], unsigned int index)
{
	snprintf(name, 32, "killed/%u", index);
	return object_at(AT_FDCWD, name);
}

/* Number by number, each said before it is stored and behind. Of WRITERS, this one has files of its own. */
_Noreturn static void write_for_ever(unsigned int writer, unsigned int writers)
{
	char name[32];

	srandom((unsigned int)(getpid() + time(NULL)));
	for (;;) {
		unsigned int index = (unsigned int)random() % (FILES / writers) * writers + writer;
		struct object object = file_at(name, index);
		uint32_t number = MAX(memory->done[index], memory->trying[index]) + 1;
		bool removes = random() % 8 == 0;
		long error;

		number = (number & ~1u) + (removes ? 3 : 2); /* odd: none */
		__atomic_store_n(&memory->trying[index], number, __ATOMIC_RELEASE);
		error = removes ? take_away(&object) : put(&object, number);
		if (error) {
			memory->error = error;
			__atomic_fetch_add(&memory->failures, 1, __ATOMIC_RELAXED);
		}
		__atomic_store_n(&memory->done[index], number, __ATOMIC_RELEASE);
		__atomic_fetch_add(&memory->operations, 1, __ATOMIC_RELAXED);
	}
}

static bool may_be(long found, uint32_t number)
{
	return found == (number % 2 || !number ? -1 : (long)number);
}

/* Every file has the number stored last, or the one that was being stored. */
static void test_files(void)
{
	char name[32];

	for (unsigned int i = 0; i < FILES; i++) {
		struct object object = file_at(name, i);
		long found = number_of(&object);

		if (!may_be(found, memory->done[i]) && !may_be(found, memory->trying[i])) {
			printf("# file %u: %ld, done %u, trying %u\n", i, found, memory->done[i], memory->trying[i]);
			tap_failures++;
		}
		/* From now on it counts which it was. */
		memory->done[i] = memory->trying[i] = found >= 0 ? (uint32_t)found : (memory->trying[i] | 1);
	}
}

/* Of the slots of the file. */
static unsigned int count_damaged(void)
{
	struct store_bucket bucket;
	struct store_record record;
	unsigned int count = 0;
	int fd = open(store_path(), O_RDONLY);

	for (uint32_t i = 0; pread(fd, &bucket, sizeof(bucket), (off_t)store_bucket_offset(i)) == sizeof(bucket); i++)
		for (unsigned int slot = 0; slot < STORE_SLOTS; slot++)
			count += store_read(&bucket, slot, &record) == STORE_DAMAGED;
	close(fd);
	return count;
}

/* Looks at what others write all the time: numbers do not go back. */
_Noreturn static void read_along(void)
{
	char name[32];
	uint32_t latest[FILES] = { 0 };
	struct object objects[FILES];

	for (unsigned int i = 0; i < FILES; i++)
		objects[i] = file_at(name, i);
	while (!__atomic_load_n(&memory->ends, __ATOMIC_ACQUIRE))
		for (unsigned int i = 0; i < FILES; i++) {
			long found;

			snprintf(name, sizeof(name), "killed/%u", i);
			objects[i].path = name;
			found = number_of(&objects[i]);
			if (found == -2 || (found >= 0 && (uint32_t)found < latest[i]))
				_exit(1);
			if (found >= 0)
				latest[i] = (uint32_t)found;
		}
	_exit(0);
}

static pid_t start_reader(void)
{
	pid_t reader = fork();

	if (!reader)
		read_along();
	return reader;
}

/* Three writers, for a random time. */
static void write_for_a_while(void)
{
	struct timespec time = { .tv_nsec = random() % 8000000 };
	pid_t writers[3];

	for (unsigned int i = 0; i < ARRAY_SIZE(writers); i++)
		if (!(writers[i] = fork()))
			write_for_ever(i, ARRAY_SIZE(writers));
	nanosleep(&time, NULL);
	for (unsigned int i = 0; i < ARRAY_SIZE(writers); i++)
		kill(writers[i], SIGKILL);
	for (unsigned int i = 0; i < ARRAY_SIZE(writers); i++)
		waitpid(writers[i], NULL, 0);
}

/* By somebody who has not looked before. */
static bool is_all_there(void)
{
	int status;
	pid_t child;

	fflush(stdout);
	child = fork();
	if (!child) {
		tap_failures = 0;
		test_files();
		fflush(stdout);
		_exit(tap_failures != 0);
	}
	waitpid(child, &status, 0);
	return !status;
}

/* An empty store: true when that before had grown. The reader, which has seen more, is another one. */
static bool begin_anew(pid_t *reader)
{
	struct stat status = { 0 };
	int ended;

	syscall(SYS_stat, store_path(), &status);
	kill(*reader, SIGKILL);
	waitpid(*reader, &ended, 0);
	check(WIFSIGNALED(ended));
	unlink(store_path());
	memset(memory->done, 0, sizeof(memory->done));
	memset(memory->trying, 0, sizeof(memory->trying));
	*reader = start_reader();
	return status.st_size > (long)store_size(2);
}

/* 25 times. */
static void kill_writers(void)
{
	for (unsigned int i = 0; i < 25; i++) {
		write_for_a_while();
		check(is_all_there());
	}
}

static void end_reader(pid_t reader)
{
	int status;

	memory->ends = 1;
	waitpid(reader, &status, 0);
	check(status == 0);
	check(memory->failures == 0);
	if (memory->failures)
		printf("# the last failure was %ld\n", (long)memory->error);
	memset(memory, 0, sizeof(*memory));
}

static void test_killed(void)
{
	unsigned int grown = 0, begun = 0;
	pid_t reader;

	make_files();
	unlink(store_path());
	reader = start_reader();
	for (unsigned int i = 1; i <= KILLS / 25; i++) {
		kill_writers();
		check(count_damaged() == 0);
		grown += begin_anew(&reader);
		begun++;
	}
	printf("# %u operations, %u of %u stores had grown\n", memory->operations, grown, begun);
	end_reader(reader);
}

static void test_killed_in_memory(void)
{
	pid_t reader;

	make_files();
	reader = start_reader();
	for (unsigned int i = 1; i <= KILLS / 25; i++)
		kill_writers();
	printf("# %u operations\n", memory->operations);
	end_reader(reader);
}

static void remove_all(void)
{
	char command[PATH_MAX + 32];

	snprintf(command, sizeof(command), "rm -rf '%s'", top);
	if (system(command))
		printf("# %s\n", command);
}

int main(void)
{
	const char *wish = getenv("PROOT_TEST_SEED");
	unsigned int seed = wish ? (unsigned int)atol(wish) : (unsigned int)time(NULL);

	printf("# PROOT_TEST_SEED=%u\n", seed);
	srandom(seed);
	memory = mmap(NULL, sizeof(*memory), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	enter_place();
	make_image("/");
	in_child(test_round_trip, "stored, changed, forgotten");
	in_child(test_lasts, "a later process finds it");
	in_child(test_names, "objects named in all ways");
	in_child(test_costs_nothing, "what is not stored costs no system call");
	in_child(test_costs_nothing_by_path, "nor does it by its path");
	in_child(test_pipes, "what is in no directory");
	in_child(test_birth, "an inode that was made anew");
	in_child(test_birth_by_handle, "the same where no time of birth is known");
	in_child(test_first_store, "a store that another process makes");
	in_child(test_without_count, "the same without shared memory");
	in_child(test_growth, "a store grows while others read it");
	in_child(test_no_more_mappings, "without room for more mappings");
	in_child(test_trust, "what others may have made is not trusted");
	in_child(test_trust_second_name, "nor is what has a second name");
	in_child(test_damaged, "what is no store is left alone");
	in_child(test_limits, "limits of the guest's");
	in_child(test_lock, "a writer waits for another");
	in_child(test_forget, "what is to be forgotten");
	in_child(test_forget_without_memory, "the same without memory for it");
	in_child(test_killed, "writers are killed");
	make_forgetful();
	in_child(test_killed_in_memory, "the same in memory");
	remove_all();
	return plan_done();
}
