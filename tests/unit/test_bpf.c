/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Random programs of classic BPF, run by the kernel in a child that has installed
 * them by seccomp(2), and by bpf_run(): of random calls both must say the same.
 */
#define _GNU_SOURCE 1
#include "tap.h"
#include "agent/bpf.h"
#include "arch.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PROGRAMS 1500
#define CALLS 8
#define PARTS 3 /* of 12 bits: what fits into an errno */
#define BODY_MOST 40
#define TEST_NUMBER 5000 /* no kernel has it */
#define MEMORY 4
#define KEPT 15 /* the word of memory that the end has for itself */
#define NOT_MADE (-1000000)

static uint64_t random_state = 1;

static uint32_t next_random(void)
{
	random_state = random_state * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(random_state >> 33);
}

static uint32_t below(uint32_t most)
{
	return next_random() % most;
}

/* Numbers at which something changes, and others. */
static uint32_t random_number(void)
{
	static const uint32_t numbers[] = { 0, 1, 2, 31, 32, 33, 0x7fffffff, 0x80000000, 0xffffffff };

	return below(3) ? numbers[below(ARRAY_SIZE(numbers))] : next_random() << 1 ^ next_random();
}

struct program {
	struct sock_filter code[256];
	unsigned int count;
};

static void add(struct program *program, unsigned int code, uint32_t k, unsigned int yes, unsigned int no)
{
	program->code[program->count++] = (struct sock_filter){ (uint16_t)code, (uint8_t)yes, (uint8_t)no, k };
}

/* All other calls pass, and memory is filled, for the kernel refuses programs that read it before. */
static void add_head(struct program *program)
{
	add(program, BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr), 0, 0);
	add(program, BPF_JMP | BPF_JEQ | BPF_K, TEST_NUMBER, 1, 0);
	add(program, BPF_RET | BPF_K, SECCOMP_RET_ALLOW, 0, 0);
	for (uint32_t i = 0; i < MEMORY; i++)
		add(program, BPF_ST, i, 0, 0);
}

/* The part of the accumulator that the last argument asks for is the verdict. */
static void add_end(struct program *program)
{
	add(program, BPF_ST, KEPT, 0, 0);
	add(program, BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[5]), 0, 0);
	add(program, BPF_ALU | BPF_MUL | BPF_K, 12, 0, 0);
	add(program, BPF_MISC | BPF_TAX, 0, 0, 0);
	add(program, BPF_LD | BPF_MEM, KEPT, 0, 0);
	add(program, BPF_ALU | BPF_RSH | BPF_X, 0, 0, 0);
	add(program, BPF_ALU | BPF_AND | BPF_K, 0xfff, 0, 0);
	add(program, BPF_ALU | BPF_OR | BPF_K, SECCOMP_RET_ERRNO, 0, 0);
	add(program, BPF_RET | BPF_A, 0, 0, 0);
}

static uint32_t random_offset(void)
{
	return below(sizeof(struct seccomp_data) / 4) * 4;
}

static void add_load(struct program *program)
{
	static const uint16_t codes[] = { BPF_LD | BPF_W | BPF_ABS,
					  BPF_LD | BPF_W | BPF_LEN,
					  BPF_LDX | BPF_W | BPF_LEN,
					  BPF_LD | BPF_IMM,
					  BPF_LDX | BPF_IMM,
					  BPF_LD | BPF_MEM,
					  BPF_LDX | BPF_MEM,
					  BPF_ST,
					  BPF_STX,
					  BPF_MISC | BPF_TAX,
					  BPF_MISC | BPF_TXA };
	uint16_t code = codes[below(3) ? 0 : below(ARRAY_SIZE(codes))];
	uint32_t k = random_number();

	if (code == (BPF_LD | BPF_W | BPF_ABS))
		k = random_offset();
	else if (BPF_MODE(code) == BPF_MEM || BPF_CLASS(code) == BPF_ST || BPF_CLASS(code) == BPF_STX)
		k = below(MEMORY);
	add(program, code, k, 0, 0);
}

static void add_calculation(struct program *program)
{
	static const uint16_t operations[] = { BPF_ADD, BPF_SUB, BPF_MUL, BPF_DIV, BPF_AND, BPF_OR,
					       BPF_XOR, BPF_LSH, BPF_RSH, BPF_NEG, BPF_MOD };
	uint16_t operation = operations[below(ARRAY_SIZE(operations) - (below(50) != 0))];
	uint16_t source = operation != BPF_NEG && below(2) ? BPF_X : BPF_K;
	uint32_t k = random_number();

	if (operation == BPF_LSH || operation == BPF_RSH)
		k %= below(20) ? 32 : 40;
	if (operation == BPF_DIV && source == BPF_X && below(3))
		add(program, BPF_LDX | BPF_IMM, k | 1, 0, 0);
	add(program, BPF_ALU | operation | source, k, 0, 0);
}

static void add_jump(struct program *program)
{
	static const uint16_t operations[] = { BPF_JEQ, BPF_JGT, BPF_JGE, BPF_JSET, BPF_JA };
	uint16_t operation = operations[below(ARRAY_SIZE(operations))];

	if (operation == BPF_JA)
		add(program, BPF_JMP | BPF_JA, below(4), 0, 0);
	else
		add(program, BPF_JMP | operation | (below(2) ? BPF_X : BPF_K), random_number(), below(5), below(5));
}

static void make_program(struct program *program)
{
	unsigned int length = 1 + below(BODY_MOST);

	program->count = 0;
	add_head(program);
	while (program->count < length + MEMORY + 3) {
		unsigned int kind = below(40);

		if (kind < 15)
			add_load(program);
		else if (kind < 30)
			add_calculation(program);
		else if (kind < 39)
			add_jump(program);
		else
			add(program, BPF_RET | BPF_K, SECCOMP_RET_ERRNO | below(4096), 0, 0);
	}
	/* Jumps that lead too far end here. */
	for (unsigned int i = 0; i < 5; i++)
		add(program, BPF_ALU | BPF_XOR | BPF_K, random_number(), 0, 0);
	add_end(program);
}

/* One answer for each part of each call, in memory that parent and child share. */
struct answers {
	int is_taken;
	long answers[CALLS][PARTS];
};

/* As bpf_run() sees what the kernel will: but for the address, which no program here must look at in two ways. */
static void run_in_child(const struct program *program, const uint64_t arguments[CALLS][6], struct answers *answers)
{
	struct sock_fprog whole = { (unsigned short)program->count, (struct sock_filter *)program->code };

	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &whole))
		_exit(1);
	answers->is_taken = 1;
	for (unsigned int i = 0; i < CALLS; i++)
		for (uint64_t part = 0; part < PARTS; part++) {
			const uint64_t *a = arguments[i];
			long result = syscall(TEST_NUMBER, a[0], a[1], a[2], a[3], a[4], part);

			answers->answers[i][part] = result < 0 ? -errno : result;
		}
	_exit(0);
}

/* Whether PROGRAM looks at where the call comes from, which libc alone knows. */
static bool looks_at_address(const struct program *program)
{
	for (unsigned int i = 0; i < program->count; i++)
		if (program->code[i].code == (BPF_LD | BPF_W | BPF_ABS) &&
		    (program->code[i].k == offsetof(struct seccomp_data, instruction_pointer) ||
		     program->code[i].k == offsetof(struct seccomp_data, instruction_pointer) + 4))
			return true;
	return false;
}

static long expected(const struct program *program, const uint64_t arguments[6], uint64_t part)
{
	struct seccomp_data data = { .nr = TEST_NUMBER, .arch = ARCH_AUDIT };
	bool looks_further;
	uint32_t verdict;

	memcpy(data.args, arguments, 5 * sizeof(*arguments));
	data.args[5] = part;
	verdict = bpf_run(program->code, program->count, &data, &looks_further);
	if ((verdict & SECCOMP_RET_ACTION_FULL) != SECCOMP_RET_ERRNO)
		return NOT_MADE;
	return -(long)(verdict & SECCOMP_RET_DATA);
}

/* The child ends at the first call that kills it: there is no answer then, nor are there later ones. */
static bool agrees(const struct program *program, const uint64_t arguments[CALLS][6], const struct answers *answers)
{
	bool is_over = false;

	for (unsigned int i = 0; i < CALLS; i++)
		for (uint64_t part = 0; part < PARTS; part++) {
			long wanted = is_over ? NOT_MADE : expected(program, arguments[i], part);

			is_over |= wanted == NOT_MADE;
			if (answers->answers[i][part] != wanted) {
				printf("# kernel %ld, here %ld\n", answers->answers[i][part], wanted);
				return false;
			}
		}
	return true;
}

static void show(const struct program *program)
{
	for (unsigned int i = 0; i < program->count; i++)
		printf("# %3u: code %02x jt %u jf %u k %x\n", i, program->code[i].code, program->code[i].jt,
		       program->code[i].jf, program->code[i].k);
}

/* -1: the kernel does not take it; else whether all answers are the same. */
static int compare(struct answers *answers)
{
	struct program program;
	uint64_t arguments[CALLS][6];
	int status;
	pid_t child;

	do
		make_program(&program);
	while (looks_at_address(&program));
	for (unsigned int i = 0; i < CALLS; i++)
		for (unsigned int j = 0; j < 6; j++)
			arguments[i][j] = (uint64_t)random_number() << 32 | random_number();
	answers->is_taken = 0;
	for (unsigned int i = 0; i < CALLS * PARTS; i++)
		answers->answers[i / PARTS][i % PARTS] = NOT_MADE;
	child = fork();
	if (!child)
		run_in_child(&program, (const uint64_t(*)[6])arguments, answers);
	if (waitpid(child, &status, 0) != child || !answers->is_taken)
		return -1;
	if (agrees(&program, (const uint64_t(*)[6])arguments, answers))
		return 1;
	show(&program);
	return 0;
}

static void test_random(void)
{
	struct answers *answers =
		mmap(NULL, sizeof(*answers), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	unsigned int taken = 0, wrong = 0;

	for (unsigned int i = 0; i < PROGRAMS && wrong < 5; i++) {
		int result = compare(answers);

		taken += result >= 0;
		wrong += !result;
	}
	printf("# the kernel took %u of %u programs\n", taken, PROGRAMS);
	ok(taken > PROGRAMS / 2, "the kernel takes most random programs");
	ok(!wrong, "what the kernel says of their calls is what is said here");
}

static void test_further(void)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 1, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[3])),
		BPF_STMT(BPF_RET | BPF_A, 0),
	};
	struct seccomp_data data = { .nr = 1, .args = { 0, 0, 0, 77 } };
	bool looks_further = true;

	ok(bpf_run(code, 5, &data, &looks_further) == SECCOMP_RET_ALLOW && !looks_further,
	   "what depends on the number alone does");
	data.nr = 2;
	ok(bpf_run(code, 5, &data, &looks_further) == 77 && looks_further, "what looks at an argument does");
	ok(bpf_run(code, 2, &data, &looks_further) == SECCOMP_RET_KILL_PROCESS, "a program without an end kills");
}

int main(void)
{
	const char *seed = getenv("PROOT_TEST_SEED");

	random_state = seed ? strtoull(seed, NULL, 0) : (uint64_t)getpid() << 20 ^ (uint64_t)time(NULL);
	printf("# PROOT_TEST_SEED=%#llx\n", (unsigned long long)random_state);
	test_further();
	test_random();
	return plan_done();
}
