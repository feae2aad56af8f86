/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Files of /proc/PID whose text names paths, and those about the program's
 * memory: what they tell, by whatever way they are reached, and what their
 * descriptors are like. The image and its memory, which have to be told of, are left out.
 */
#include "call.h"
#include <elf.h>
#include <sys/auxv.h>

#ifndef PR_GET_AUXV
#define PR_GET_AUXV 0x41555856
#endif

static char text[1 << 20];

static long read_file(int directory, const char *path)
{
	int fd = openat(directory, path, O_RDONLY);
	long length = 0, got;

	if (fd < 0)
		return -errno;
	while ((got = read(fd, text + length, sizeof(text) - 1 - (size_t)length)) > 0)
		length += got;
	text[length] = '\0';
	close(fd);
	return length;
}

static void replace_number(char *path)
{
	char number[32], *at;

	snprintf(number, sizeof(number), "/proc/%d", getpid());
	at = strstr(path, number);
	if (at) {
		memmove(at + 8, at + strlen(number), strlen(at + strlen(number)) + 1);
		memcpy(at, "/proc/ME", 8);
	}
}

/* The descriptor: its number, flags, type and mode, name, and what can't be done with it. */
static void try_descriptor(const char *path, int flags)
{
	int lowest = dup(0), fd, copy;
	char link[PATH_MAX], name[64];
	struct stat status;
	long length;

	close(lowest);
	fd = open(path, flags);
	if (fd < 0) {
		say("%s %o: %s\n", path, flags, strerrorname_np(errno));
		return;
	}
	MUST(!fstat(fd, &status));
	snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
	length = readlink(name, link, sizeof(link) - 1);
	link[length < 0 ? 0 : length] = '\0';
	replace_number(link);
	copy = open(name, O_RDONLY);
	say("%s %o: lowest %d, flags %o %d, mode %o, write %s, again %s, link %s\n", path, flags, fd == lowest,
	    fcntl(fd, F_GETFL) & ~O_NOFOLLOW, fcntl(fd, F_GETFD), status.st_mode, show(CALL(SYS_write, fd, "x", 1)),
	    show_success(copy), link);
	close(copy);
	close(fd);
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The different words that hold a slash, or begin with a bracket. */
static void say_names(const char *path)
{
	char *names[4096];
	size_t count = 0;
	long length = read_file(AT_FDCWD, path);

	say("%s %s:", path, show_success(length));
	if (length < 0)
		length = 0;
	text[length] = '\0';
	for (char *word = strtok(text, " \n"); word && count < 4096; word = strtok(NULL, " \n")) {
		if ((!strchr(word, '/') && word[0] != '[' && strncmp(word, "heap", 4) && strncmp(word, "stack", 5)) ||
		    strstr(word, "memfd:proot") || strstr(word, "SYSV") || strstr(word, "[anon") ||
		    strstr(word, "zero"))
			continue;
		names[count++] = word;
	}
	qsort(names, count, sizeof(*names), by_text);
	for (size_t i = 0; i < count; i++)
		if (!i || strcmp(names[i], names[i - 1]))
			say(" %s", names[i]);
	say("\n");
}

/* Lists of mounts: the places, but the root, which is none in a chroot. */
static void say_mounts(const char *path, int field)
{
	char *names[256];
	size_t count = 0;

	say("%s %s:", path, show_success(read_file(AT_FDCWD, path)));
	for (char *line = text; line && *line; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL) {
		char *word = line;

		for (int i = 0; i < field; i++)
			word = strchr(word, ' ') + 1;
		if (word[1] != ' ' && count < ARRAY_SIZE(names))
			names[count++] = strndup(word, strcspn(word, " \n"));
	}
	qsort(names, count, sizeof(*names), by_text);
	for (size_t i = 0; i < count; i++)
		say(" %s", names[i]);
	say("\n");
}

static void say_strings(const char *path)
{
	long length = read_file(AT_FDCWD, path);

	say("%s %s:", path, show_success(length));
	for (long at = 0; at < length; at += (long)strlen(text + at) + 1)
		if (strncmp(text + at, "PROOT_TEST", 10))
			say(" [%s]", text + at);
	say("\n");
}

static void try_auxv(void)
{
	static char vector[4096];
	long length = read_file(AT_FDCWD, "/proc/self/auxv");
	Elf64_auxv_t *entries = (Elf64_auxv_t *)text;
	long result = CALL(SYS_prctl, PR_GET_AUXV, vector, sizeof(vector), 0, 0);
	int wrong = 0;

	for (; entries->a_type != AT_NULL; entries++)
		wrong += getauxval(entries->a_type) != entries->a_un.a_val;
	say("auxv: %d wrong, the same %d, %s\n", wrong,
	    result < 0 || (result >= length && !memcmp(vector, text, (size_t)length)),
	    result < 0 ? show(result) : "some");
	say("  base %d, execfn %s, platform %s\n", getauxval(AT_BASE) != 0, (char *)getauxval(AT_EXECFN),
	    (char *)getauxval(AT_PLATFORM));
	say("  short %s bad %s %s\n", show_success(CALL(SYS_prctl, PR_GET_AUXV, vector, 8, 0, 0)),
	    show(CALL(SYS_prctl, PR_GET_AUXV, no_memory(), 64, 0, 0)),
	    show(CALL(SYS_prctl, PR_GET_AUXV, vector, 64, 1, 0)));
}

/* Of /proc/self/stat: the fields that do not change from run to run. */
static void say_fields(const char *path)
{
	long length = read_file(AT_FDCWD, path);
	char *at = strrchr(text, ')');
	int field = 2;

	say("%s %s: %.20s", path, show_success(length), strchr(text, '(') ? strchr(text, '(') : "");
	for (char *word = strtok(at ? at + 1 : NULL, " \n"); word; word = strtok(NULL, " \n"))
		if (++field == 3 || field == 18 || field == 20 || field == 38 || field == 52)
			say(" %d=%s", field, word);
	say(" fields %d\n", field);
}

#ifndef PR_SET_MM
#define PR_SET_MM 35
#endif

/* What needs CAP_SYS_RESOURCE, and what does not; the program's own file can't be changed while it is mapped. */
static void try_memory(void)
{
	int file = open("/tests/true", O_RDONLY);

	say("PR_SET_MM: brk %s, exe %s, exe none %s, size %s, map %s\n",
	    show(CALL(SYS_prctl, PR_SET_MM, PR_SET_MM_START_BRK, 4096, 0, 0)),
	    show(CALL(SYS_prctl, PR_SET_MM, PR_SET_MM_EXE_FILE, file, 0, 0)),
	    show(CALL(SYS_prctl, PR_SET_MM, PR_SET_MM_EXE_FILE, 1000, 0, 0)),
	    show_success(CALL(SYS_prctl, PR_SET_MM, 15 /* PR_SET_MM_MAP_SIZE */, &file, 0, 0)),
	    show(CALL(SYS_prctl, PR_SET_MM, 14 /* PR_SET_MM_MAP */, no_memory(), 104, 0)));
	close(file);
}

static const char *const names[] = { "maps",   "smaps", "numa_maps", "mounts",	"mountinfo", "mountstats",
				     "status", "stat",	"comm",	     "cmdline", "auxv",	     "limits" };

static void try_descriptors(void)
{
	char path[64];

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		snprintf(path, sizeof(path), "/proc/self/%s", names[i]);
		try_descriptor(path, O_RDONLY);
	}
	try_descriptor("/proc/self/maps", O_RDONLY | O_CLOEXEC);
	try_descriptor("/proc/self/maps", O_RDONLY | O_NONBLOCK);
	try_descriptor("/proc/self/maps", O_RDONLY | O_NOFOLLOW | O_CREAT);
	try_descriptor("/proc/self/maps", O_PATH);
	try_descriptor("/proc/self/maps", O_RDONLY | O_DIRECTORY);
	try_descriptor("/proc/self/maps", O_RDONLY | O_CREAT | O_EXCL);
	try_descriptor("/proc/self/maps/", O_RDONLY);
	try_descriptor("/proc/self/maps/x", O_RDONLY);
	try_descriptor("/proc/thread-self/status", O_RDONLY);
	try_descriptor("/proc/mounts", O_RDONLY);
	try_descriptor("/proc/mounts", O_RDONLY | O_NOFOLLOW);
	try_descriptor("/proc/1000000/maps", O_RDONLY);
	try_descriptor("/proc/self/task/1000000/maps", O_RDONLY);
}

static void say_way(int directory, const char *path)
{
	char name[64];
	long length = read_file(directory, path);

	snprintf(name, sizeof(name), "%s", path);
	say("by %s %s, names it %d\n", path[0] == '.' && path[1] == '.' ? "numbers" : name, show_success(length),
	    strstr(text, " /tests/proc_text\n") != NULL);
}

/* The same file by other ways: links, descriptors, other names. */
static void try_ways(void)
{
	static const char *const ways[] = { "self/maps", "./self/../self/maps", "thread-self/maps",
					    "self/task/../maps" };
	int directory = open("/proc", O_RDONLY), self = open("/proc/self", O_PATH);
	char path[64];

	MUST(!mkdir("/tmp/ways", 0755) && !symlink("/proc/self/maps", "/tmp/ways/absolute"));
	MUST(!symlink("../../proc", "/tmp/ways/proc") && !symlink("self", "/tmp/ways/self"));
	for (size_t i = 0; i < ARRAY_SIZE(ways); i++)
		say_way(directory, ways[i]);
	say_way(self, "maps");
	say_names("/tmp/ways/absolute");
	say_names("/tmp/ways/proc/self/maps");
	MUST(!chdir("/proc/self"));
	say_names("maps");
	say_names("task/../maps");
	snprintf(path, sizeof(path), "../%d/task/%d/maps", getpid(), getpid());
	say_way(AT_FDCWD, path);
	MUST(!chdir("/") && !unlink("/tmp/ways/absolute") && !unlink("/tmp/ways/proc"));
	close(directory);
	close(self);
}

int main(int argc, char **argv)
{
	char *arguments[] = { "proc_text", "two words", "", "again", NULL };

	say_strings("/proc/self/cmdline");
	say_strings("/proc/self/environ");
	say_strings("/proc/self/comm");
	try_auxv();
	if (argc == 1) {
		execv("/tests/proc_text", arguments);
		return 1;
	}
	(void)argv;
	try_descriptors();
	MUST(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, open("/bound/inner", O_RDONLY), 0) != MAP_FAILED);
	MUST(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, open("/dir/file", O_RDONLY), 0) != MAP_FAILED);
	free(malloc(200000));
	say_names("/proc/self/maps");
	say_names("/proc/self/smaps");
	say_names("/proc/self/smaps_rollup");
	say_names("/proc/self/numa_maps");
	say_mounts("/proc/self/mounts", 1);
	say_mounts("/proc/self/mountinfo", 4);
	say_mounts("/proc/mounts", 1);
	say_fields("/proc/self/stat");
	say_fields("/proc/thread-self/stat");
	try_ways();
	MUST(!prctl(PR_SET_NAME, "another name of it"));
	say_strings("/proc/self/comm");
	say_fields("/proc/self/stat");
	try_memory();
	return 0;
}
