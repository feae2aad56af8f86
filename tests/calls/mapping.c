/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Programs that map over, unmap, protect and give up everything there is, where proot's own
 * memory may be: what the calls say is not told, but that all goes on afterwards. And what
 * personality(2) and PR_SET_MM change.
 */
#include "call.h"
#include <pthread.h>
#include <sys/personality.h>
#include <sys/utsname.h>

static struct stat status;

static void say_child(pid_t pid)
{
	int result;

	MUST(pid > 0 && waitpid(pid, &result, 0) == pid);
	say(" child %d", result);
}

static void *look(void *unused)
{
	say(" thread %s", show(CALL(SYS_stat, "/bound/inner", &status)));
	return unused;
}

/* Calls of all kinds go on. */
static void check(void)
{
	pthread_t thread;
	pid_t pid;

	say("  stat %s", show(CALL(SYS_stat, "/bound/inner", &status)));
	say(" %s", show(CALL(SYS_stat, "/link-dir/../bound/sub/again/innermost", &status)));
	for (int i = 0; i < 40; i++)
		MUST(!access("/dir/file", F_OK) && access("/missing", F_OK));
	say(" open %s", show_success(CALL(SYS_open, "/link-file", O_RDONLY)));
	say(" mkdir %s", show(CALL(SYS_mkdir, "/made", 0700)));
	say(" rmdir %s", show(CALL(SYS_rmdir, "/made")));
	MUST(!pthread_create(&thread, NULL, look, NULL) && !pthread_join(thread, NULL));
	pid = fork();
	if (!pid)
		_exit(access("/bound/inner", F_OK) ? 1 : 2);
	say_child(pid);
	pid = fork();
	if (!pid) {
		execl("/tests/mapping", "mapping", "check", NULL);
		_exit(3);
	}
	say_child(pid);
	say("\n");
}

/* All that is mapped, but for what the program itself is and needs: below and above the rest. */
static void for_others(void (*function)(unsigned long start, unsigned long length))
{
	static unsigned long ranges[4096][2];
	unsigned int count = 0;
	char line[1024];
	FILE *maps = fopen("/proc/self/maps", "r");

	while (maps && fgets(line, sizeof(line), maps)) {
		unsigned long start, end;

		if (sscanf(line, "%lx-%lx", &start, &end) != 2 || start < 0x1000000000 || start >= 0x500000000000)
			continue;
		ranges[count][0] = start;
		ranges[count++][1] = end - start;
	}
	fclose(maps);
	for (unsigned int i = 0; i < count; i++)
		function(ranges[i][0], ranges[i][1]);
}

static void unmap(unsigned long start, unsigned long length)
{
	munmap((void *)start, length);
}

static void protect(unsigned long start, unsigned long length)
{
	mprotect((void *)start, length, PROT_NONE);
}

static void protect_key(unsigned long start, unsigned long length)
{
	CALL(SYS_pkey_mprotect, start, length, PROT_NONE, -1);
}

static void give_up(unsigned long start, unsigned long length)
{
	static const int advice[] = { MADV_DONTNEED, MADV_FREE, MADV_REMOVE, MADV_WIPEONFORK,
				      MADV_DONTFORK, MADV_COLD, MADV_PAGEOUT };

	for (size_t i = 0; i < ARRAY_SIZE(advice); i++)
		madvise((void *)start, length, advice[i]);
}

static void map_over(unsigned long start, unsigned long length)
{
	mmap((void *)start, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
}

static void move(unsigned long start, unsigned long length)
{
	mremap((void *)start, length, length, MREMAP_MAYMOVE | MREMAP_FIXED, (void *)0x600000000000);
}

static void move_over(unsigned long start, unsigned long length)
{
	void *memory = mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	mremap(memory, length, length, MREMAP_MAYMOVE | MREMAP_FIXED, (void *)start);
}

static void (*change)(unsigned long, unsigned long);

static void change_all(void)
{
	/* As in a program that has been running for a while. */
	check();
	for_others(change);
	check();
}

static void change_at_once(void)
{
	check();
	change(0x2000000000, 0x4000000000);
	check();
}

static void grow(void)
{
	char *start = sbrk(0);

	for (int i = 0; i < 64; i++)
		MUST(sbrk(1 << 20) != (void *)-1);
	memset(start, 1, 64 << 20);
	check();
}

static void set_bounds(void)
{
	static char arguments[] = "new\0arguments";
	char buf[256] = "";
	int fd = open("/proc/self/cmdline", O_RDONLY);

	say("  start %s", show(CALL(SYS_prctl, PR_SET_MM, PR_SET_MM_ARG_START, arguments, 0, 0)));
	say(" end %s", show(CALL(SYS_prctl, PR_SET_MM, PR_SET_MM_ARG_END, arguments + sizeof(arguments), 0, 0)));
	say(" file %s", show(CALL(SYS_prctl, PR_SET_MM, PR_SET_MM_EXE_FILE, -1, 0, 0)));
	say(" size %s", show(CALL(SYS_prctl, PR_SET_MM, PR_SET_MM_MAP_SIZE, buf, 0, 0)));
	say(" bad %s\n", show(CALL(SYS_prctl, PR_SET_MM, 77, 0, 0, 0)));
	close(fd);
	check();
}

/* Called as a program: where things are, into a pipe that is 3. */
static int say_places(void)
{
	unsigned long places[] = { (unsigned long)&places, (unsigned long)sbrk(0),
				   (unsigned long)mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) };

	return write(3, places, sizeof(places)) != sizeof(places);
}

static void find_places(unsigned long places[3])
{
	int pipes[2], result;
	pid_t pid;

	MUST(!pipe(pipes));
	pid = fork();
	if (!pid) {
		dup2(pipes[1], 3);
		execl("/tests/mapping", "mapping", "places", NULL);
		_exit(1);
	}
	MUST(waitpid(pid, &result, 0) == pid && !result && read(pipes[0], places, 24) == 24);
	close(pipes[0]);
	close(pipes[1]);
}

static unsigned long persona;

static void personify(void)
{
	unsigned long places[2][3];
	struct utsname name;
	bool same;

	say("  set %s", show_success(CALL(SYS_personality, persona)));
	uname(&name);
	say(" is %lx machine %s", CALL(SYS_personality, 0xffffffff), name.machine);
	find_places(places[0]);
	find_places(places[1]);
	same = !memcmp(places[0], places[1], sizeof(places[0]));
	say(" places %s\n", same == !!(persona & ADDR_NO_RANDOMIZE) ? "as they should be" : "wrong");
	check();
	execl("/tests/mapping", "mapping", "persona", NULL);
}

static int say_persona(void)
{
	struct utsname name;
	char line[1024];
	FILE *maps;
	char *page = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	uname(&name);
	say("  program: %lx machine %s", CALL(SYS_personality, 0xffffffff), name.machine);
	maps = fopen("/proc/self/maps", "r");
	while (fgets(line, sizeof(line), maps))
		if (strtoul(line, NULL, 16) == (unsigned long)page)
			say(" page %.4s", strchr(line, ' ') + 1);
	fclose(maps);
	say("\n");
	return 0;
}

/* A page of code that was only to be read. */
static void read_implies(void)
{
	static const unsigned char code[] = { 0xb8, 7, 0, 0, 0, 0xc3 };
	unsigned char *page;

	CALL(SYS_personality, READ_IMPLIES_EXEC);
	page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	memcpy(page, code, sizeof(code));
	say("  code %d\n", ((int (*)(void))page)());
	check();
}

static const struct {
	const char *name;
	void (*change)(unsigned long, unsigned long);
} changes[] = {
	{ "unmap", unmap },	  { "protect", protect }, { "protect by key", protect_key }, { "give up", give_up },
	{ "map over", map_over }, { "move", move },	  { "move over", move_over },
};

static const unsigned long personae[] = { 0,
					  PER_LINUX32,
					  ADDR_NO_RANDOMIZE,
					  ADDR_COMPAT_LAYOUT,
					  ADDR_LIMIT_3GB,
					  ADDR_LIMIT_32BIT,
					  READ_IMPLIES_EXEC,
					  UNAME26,
					  ADDR_NO_RANDOMIZE | READ_IMPLIES_EXEC | ADDR_COMPAT_LAYOUT,
					  STICKY_TIMEOUTS | SHORT_INODE | WHOLE_SECONDS };

int main(int argc, char **argv)
{
	if (argc > 1 && !strcmp(argv[1], "places"))
		return say_places();
	if (argc > 1 && !strcmp(argv[1], "persona"))
		return say_persona();
	if (argc > 1)
		return access("/link-dir/file", F_OK) ? 4 : 5;
	for (size_t i = 0; i < ARRAY_SIZE(changes); i++) {
		change = changes[i].change;
		say("%s\n", changes[i].name);
		in_child(change_all);
		say("%s at once\n", changes[i].name);
		in_child(change_at_once);
	}
	for (size_t i = 0; i < ARRAY_SIZE(personae); i++) {
		persona = personae[i];
		say("persona %lx\n", persona);
		in_child(personify);
	}
	say("read implies\n");
	in_child(read_implies);
	say("grow\n");
	in_child(grow);
	say("bounds\n");
	in_child(set_bounds);
	return 0;
}
