/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sites that make the same call again and again, of every shape: those that can be
 * patched do the same before and after; those that must not be are left as they
 * are, byte for byte.
 */
#include "call.h"
#include <pthread.h>
#include <sys/uio.h>

#define TIMES 40

/* long NAME(long a, long b): the code of SITE, which must leave the number in eax. */
#define SITE(name, ...) \
	long name(long a, long b); \
	__asm__(".text\n .globl " #name "\n .balign 16\n" #name ":\n" __VA_ARGS__ "\n ret\n")

SITE(access_r1, "mov $21, %eax\n syscall");
SITE(stat_r1, "mov $4, %eax\n syscall");
SITE(chdir_r1, "mov $80, %eax\n syscall");
SITE(open_r1, "xor %edx, %edx\n mov $2, %eax\n syscall");
SITE(mkdir_r1, "mov $83, %eax\n syscall");
SITE(rmdir_r1, "mov $84, %eax\n syscall");
SITE(unlink_r1, "mov $87, %eax\n syscall");
SITE(rename_r1, "mov $82, %eax\n syscall");
SITE(getcwd_r1, "mov $79, %eax\n syscall");
/* Of a descriptor and a buffer. */
static const char no_path[] __attribute__((used)) = "";
SITE(statx_r1,
     "mov %rsi, %r8\n lea no_path(%rip), %rsi\n mov $0x1000, %edx\n mov $0x7ff, %r10d\n mov $332, %eax\n syscall");
/* The number comes from memory. */
SITE(access_r3, "push $21\n push $0\n mov 8(%rsp), %rax\n syscall\n pop %rcx\n pop %rcx");
/* The number is in eax already, and what stands before the trap only looks like a mov of it. */
SITE(access_lea, "push $21\n pop %rax\n .byte 0x8d, 0xb8, 21, 0, 0, 0\n syscall");
SITE(access_rex, "push $21\n pop %rax\n .byte 0x41, 0xb8, 21, 0, 0, 0\n syscall");
/* The number is loaded some instructions earlier. */
SITE(access_near, "mov $21, %eax\n xor %edx, %edx\n syscall");
SITE(access_eight, "mov $21, %eax\n xor %edx, %edx\n mov %rdi, %r8\n lea access_eight(%rip), %r9\n test %r8, %r8\n"
		   "mov -8(%rsp), %r10\n setne %dl\n movzbl %dl, %edx\n shl $3, %edx\n syscall");
/* More than that; a branch; another number; and what only looks like a load of it: an operand that is stored. */
SITE(access_nine, "mov $21, %eax\n xor %edx, %edx\n xor %r8d, %r8d\n xor %r9d, %r9d\n xor %r10d, %r10d\n nop\n nop\n"
		  "nop\n nop\n nop\n syscall");
SITE(access_branch, "mov $21, %eax\n test %rdi, %rdi\n jz 1f\n nop\n 1: syscall");
SITE(access_other, "mov $21, %eax\n mov %eax, %r8d\n mov %r8d, %eax\n syscall");
SITE(access_stored, "mov $21, %r8d\n mov %r8d, %eax\n movl $21, -0x48(%rsp)\n xor %edx, %edx\n syscall");
/* The mov begins in one page and ends in the next. */
SITE(access_crossing, ".balign 4096\n .skip 4093, 0x90\n mov $21, %eax\n syscall");
/* The trap of another site's code, entered without its mov. */
SITE(access_behind, "mov $21, %eax\n jmp behind_mov");
SITE(shared_trap, "mov $4, %eax\n behind_mov: syscall");

static const struct {
	const char *name;
	long (*call)(long a, long b);
} sites[] = {
	{ "mov", access_r1 },	     { "from memory", access_r3 },     { "lea", access_lea },
	{ "prefix", access_rex },    { "near", access_near },	       { "eight", access_eight },
	{ "nine", access_nine },     { "branch", access_branch },      { "other", access_other },
	{ "stored", access_stored }, { "two pages", access_crossing }, { "behind", access_behind },
};

/* How often the answer was not the first one. */
static int count_changes(long (*call)(long, long), long a, long b)
{
	long first = call(a, b);
	int changes = 0;

	for (int i = 1; i < TIMES; i++)
		changes += call(a, b) != first;
	return changes;
}

static void test_shapes(void)
{
	struct stat file;

	for (size_t i = 0; i < ARRAY_SIZE(sites); i++) {
		say("%s: %s", sites[i].name, show(sites[i].call((long)"/dir/file", R_OK)));
		say(", %d changes", count_changes(sites[i].call, (long)"/dir/file", R_OK));
		say("; %s", show(sites[i].call((long)"/nowhere", R_OK)));
		say("; %s\n", show(sites[i].call(8, R_OK)));
	}
	say("stat: %d changes, %s\n", count_changes(stat_r1, (long)"/dir", (long)&file),
	    show(stat_r1((long)"/dir", 8)));
	say("shared: %d changes\n", count_changes(shared_trap, (long)"/dir", (long)&file));
	say("behind: %s\n", show(access_behind((long)"/dir", R_OK)));
	say("chdir: %d changes\n", count_changes(chdir_r1, (long)"/dir", 0));
	say("chdir: %s\n", show(chdir_r1((long)"/dir/file", 0)));
	chdir_r1((long)"/", 0);
	for (int i = 0; i < TIMES; i++) {
		long made = mkdir_r1((long)"/tmp/patched", 0755), removed = rmdir_r1((long)"/tmp/patched", 0);

		if (made || removed || i + 1 == TIMES)
			say("mkdir, rmdir %d: %s, %s\n", i, show(made), show(removed));
	}
	for (int i = 0; i < TIMES; i++) {
		long fd = open_r1((long)"/dir/file", O_RDONLY);

		if (fd < 0 || i + 1 == TIMES)
			say("open %d: %s\n", i, show_success(fd));
		close((int)fd);
	}
}

/* What is there is told before what the name looks like. */
static void test_making(void)
{
	static const char *const paths[] = { "/", "//", "/dir", "/dir/", "/file", "/file/", "/missing/", "." };

	for (int i = 0; i < TIMES; i++)
		for (size_t path = 0; path < ARRAY_SIZE(paths); path++) {
			long made = open_r1((long)paths[path], O_CREAT | O_EXCL),
			     truncated = open_r1((long)paths[path], O_TRUNC | O_WRONLY);

			if (i == 0 || i == TIMES - 1)
				say("make %d %s: %s, %s\n", i, paths[path], show_success(made),
				    show_success(truncated));
			close(truncated >= 0 ? (int)truncated : -1);
		}
}

static void test_getcwd(void)
{
	static const char *const places[] = { "/", "/dir", "/dir/sub", "/bound", "/bound/sub/again" };
	char buf[256];

	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		MUST(!chdir(places[i]));
		memset(buf, 'x', sizeof(buf));
		say("getcwd: %d changes", count_changes(getcwd_r1, (long)buf, sizeof(buf)));
		say(", %s, %c behind", buf, buf[strlen(buf) + 1]);
		for (size_t size = 0; size < 20; size++)
			say(" %s", show(getcwd_r1((long)buf, (long)size)));
		say("; %s\n", show(getcwd_r1((long)no_memory(), sizeof(buf))));
	}
	MUST(!chdir("/"));
}

static void test_descriptors(void)
{
	static const char *const paths[] = {
		"/", "/dir", "/dir/sub", "/dir/file", "/bound", "/bound/sub", "/dir/mount"
	};
	struct statx file;

	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		int fd = open(paths[i], O_RDONLY);

		for (int j = 0; j < TIMES; j++) {
			long result = statx_r1(fd, (long)&file);

			if (!j || j + 1 == TIMES)
				say("statx %s: %s, top %d\n", paths[i], show(result),
				    !!(file.stx_attributes & STATX_ATTR_MOUNT_ROOT));
		}
		close(fd);
	}
}

/* What the calls that change entries say, of all kinds of names. */
static void test_entries(void)
{
	static const char *const names[] = {
		"/tmp/patched-a",
		"/tmp/patched-b",
		"/tmp/patched-d/c",
		"/tmp/patched-d",
		"/tmp/patched-none/x",
		"/tmp/",
		"/tmp/patched-a/",
		"/tmp/.",
		"/tmp/..",
		"/",
		"",
		"tmp/patched-a",
		"tmp/patched-b",
		"/link-abs",
		"/bound",
		"/bound/sub",
		"/bound/patched-a",
		"/dir/mount",
		"/proc/self/cwd",
		"/tmp/patched-d/../patched-a",
		"/tmp/patched-l",
		"/tmp/patched-l/new",
		"patched-a",
		"/bound-file",
	};
	unsigned long seed = 1;

	rmdir("/tmp/patched-d");
	symlink("/dir", "/tmp/patched-l");
	for (int i = 0; i < 3000; i++) {
		const char *name, *other;
		long result;

		seed = seed * 6364136223846793005 + 1442695040888963407;
		/* Most that can be done is done among the first. */
		name = names[(seed >> 33) % (seed >> 60 < 12 ? 4 : ARRAY_SIZE(names))];
		other = names[(seed >> 43) % (seed >> 59 & 1 ? 4 : ARRAY_SIZE(names))];
		switch (seed >> 53 & 3) {
		case 0:
			result = rename_r1((long)name, (long)other);
			break;
		case 1:
			result = mkdir_r1((long)name, 0755);
			break;
		case 2:
			result = rmdir_r1((long)name, 0);
			break;
		default:
			close(open("/tmp/patched-a", O_WRONLY | O_CREAT, 0644));
			result = unlink_r1((long)name, 0);
		}
		say("%lu %s %s: %s\n", seed >> 53 & 3, name, other, show(result));
	}
}

/* Code that is called again and again and must stay as it is. */
static const unsigned char access_code[] = { 0xb8, 21, 0, 0, 0, 0x0f, 0x05, 0xc3 };

static void test_code_in(const char *what, void *code)
{
	long (*call)(long, long) = (long (*)(long, long))code;
	int changes;

	MUST(code != MAP_FAILED);
	changes = count_changes(call, (long)"/dir/file", R_OK);
	say("%s: %d changes, code %s\n", what, changes,
	    memcmp(code, access_code, sizeof(access_code)) ? "changed" : "as it was");
}

/* Sites that have been called often, and how they began. */
#define BEGINS(...) { __VA_ARGS__ }, sizeof((unsigned char[]){ __VA_ARGS__ })
static const struct {
	const char *name;
	const void *code;
	unsigned char begins[12];
	size_t size;
} must_not[] = {
	{ "lea", (const void *)access_lea, BEGINS(0x6a, 21, 0x58, 0x8d, 0xb8, 21) },
	{ "prefix", (const void *)access_rex, BEGINS(0x6a, 21, 0x58, 0x41, 0xb8, 21) },
	{ "nine", (const void *)access_nine, BEGINS(0xb8, 21, 0, 0, 0, 0x31, 0xd2) },
	{ "branch", (const void *)access_branch, BEGINS(0xb8, 21, 0, 0, 0, 0x48, 0x85) },
	{ "other", (const void *)access_other, BEGINS(0xb8, 21, 0, 0, 0, 0x41, 0x89) },
	{ "stored", (const void *)access_stored, BEGINS(0x41, 0xb8, 21, 0, 0, 0, 0x44, 0x89, 0xc0, 0xc7, 0x44, 0x24) },
};

static void test_mappings(void)
{
	char bytes[sizeof(access_code)];
	void *code = mmap(NULL, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int fd = open("/tmp/code", O_RDWR | O_CREAT | O_TRUNC, 0755);

	MUST(code != MAP_FAILED && fd >= 0 && write(fd, access_code, sizeof(access_code)) == sizeof(access_code));
	memcpy(code, access_code, sizeof(access_code));
	test_code_in("memory that is written", code);
	MUST(!mprotect(code, PAGE, PROT_READ | PROT_EXEC));
	test_code_in("memory of no file", code);
	test_code_in("a shared mapping", mmap(NULL, PAGE, PROT_READ | PROT_EXEC, MAP_SHARED, fd, 0));
	test_code_in("a mapping that is written",
		     mmap(NULL, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE, fd, 0));
	code = mmap(NULL, PAGE, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0);
	MUST(code != MAP_FAILED);
	say("a private mapping: %d changes\n", count_changes((long (*)(long, long))code, (long)"/dir/file", R_OK));
	MUST(pread(fd, bytes, sizeof(bytes), 0) == sizeof(bytes));
	say("its file %s\n", memcmp(bytes, access_code, sizeof(bytes)) ? "changed" : "is as it was");
	close(fd);
	unlink("/tmp/code");
	for (size_t i = 0; i < ARRAY_SIZE(must_not); i++)
		say("%s: %s\n", must_not[i].name,
		    memcmp(must_not[i].code, must_not[i].begins, must_not[i].size) ? "changed" : "as it was");
}

/* Registers, flags and red zone around a call: 0 when all are as they were, or the number of the first that is not. */
long check_registers(const char *path, long number_of_flags);
__asm__(".text\n .globl check_registers\n"
	"check_registers:\n"
	"push %rbx\n push %rbp\n push %r12\n push %r13\n push %r14\n push %r15\n"
	"mov $4, %esi\n"
	"mov $0x1111, %ebx\n mov $0x2222, %ebp\n mov $0x3333, %edx\n mov $0x4444, %r8d\n mov $0x5555, %r9d\n"
	"mov $0x6666, %r10d\n mov $0x7777, %r12d\n mov $0x8888, %r13d\n mov $0x9999, %r14d\n mov %rsp, %r15\n"
	"push $0x8d7\n popfq\n"
	"movq $0x5a5a, -8(%rsp)\n movq $0x5b5b, -128(%rsp)\n"
	"mov $21, %eax\n"
	"syscall\n"
	"1: pushfq\n pop %r11\n"
	"mov $1, %eax\n cmp %rsp, %r15\n jne 2f\n"
	"lea 1b(%rip), %rsi\n"
	"mov $2, %eax\n cmp %rsi, %rcx\n jne 2f\n"
	"mov $3, %eax\n cmp $0x1111, %rbx\n jne 2f\n"
	"mov $4, %eax\n cmp $0x2222, %rbp\n jne 2f\n"
	"mov $5, %eax\n cmp $0x3333, %rdx\n jne 2f\n"
	"mov $6, %eax\n cmp $0x4444, %r8\n jne 2f\n"
	"mov $7, %eax\n cmp $0x5555, %r9\n jne 2f\n"
	"mov $8, %eax\n cmp $0x6666, %r10\n jne 2f\n"
	"mov $9, %eax\n cmp $0x7777, %r12\n jne 2f\n"
	"mov $10, %eax\n cmp $0x8888, %r13\n jne 2f\n"
	"mov $11, %eax\n cmp $0x9999, %r14\n jne 2f\n"
	"mov $12, %eax\n and $0x8d5, %r11d\n cmp $0x8d5, %r11d\n jne 2f\n"
	/* The push of the flags has overwritten the first word of the red zone. */
	"mov $13, %eax\n cmpq $0x5b5b, -128(%rsp)\n jne 2f\n"
	"xor %eax, %eax\n"
	"2: pop %r15\n pop %r14\n pop %r13\n pop %r12\n pop %rbp\n pop %rbx\n ret\n");

static void test_registers(void)
{
	long wrong = 0;

	for (int i = 0; i < TIMES && !wrong; i++)
		wrong = check_registers(i % 2 ? "/dir/file" : "/dir/../dir/file", 0);
	say("registers: %ld\n", wrong);
}

#define THREADS 16
#define ROUNDS 3000

/* A site of their own for the threads to run through while it is being patched; and one in the same page. */
SITE(access_threads, "mov $21, %eax\n syscall");
SITE(access_neighbour, "mov $21, %eax\n syscall");

static void *run_through(void *number)
{
	long wrong = 0;

	for (int i = 0; i < ROUNDS; i++) {
		long (*call)(long, long) = i % 3 ? access_threads : access_neighbour;
		bool is_there = (i + (long)number) % 2;

		wrong += call((long)(is_there ? "/dir/file" : "/dir/none"), F_OK) != (is_there ? 0 : -ENOENT);
	}
	return (void *)wrong;
}

static void test_threads(void)
{
	pthread_t threads[THREADS];
	long wrong = 0;

	for (long i = 0; i < THREADS; i++)
		MUST(!pthread_create(&threads[i], NULL, run_through, (void *)i));
	for (int i = 0; i < THREADS; i++) {
		void *result;

		pthread_join(threads[i], &result);
		wrong += (long)result;
	}
	say("threads: %ld wrong\n", wrong);
}

SITE(access_child, "mov $21, %eax\n syscall");

static void test_children(void)
{
	int status;
	pid_t child = vfork();

	if (!child)
		_exit(count_changes(access_child, (long)"/dir/file", R_OK));
	MUST(waitpid(child, &status, 0) == child);
	say("vfork: %x, then %d changes\n", (unsigned int)status, count_changes(access_child, (long)"/dir/file", R_OK));
	child = fork();
	if (!child)
		_exit(count_changes(access_child, (long)"/dir/file", R_OK));
	MUST(waitpid(child, &status, 0) == child);
	say("fork: %x\n", (unsigned int)status);
}

int main(void)
{
	test_shapes();
	test_getcwd();
	test_descriptors();
	test_entries();
	test_mappings();
	test_registers();
	test_threads();
	test_children();
	test_making();
	return 0;
}
