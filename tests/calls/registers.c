/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Every register but that of the result (on x86_64 rcx and r11, too) is after a call what it was before it,
 * whichever way the call goes; the flags and the vector registers too.
 */
#include "call.h"
#include <sys/socket.h>

#ifdef __aarch64__

struct registers {
	unsigned long general[32]; /* x0 to x30, nzcv */
	unsigned char vectors[32][16];
};

enum { X8 = 8, NZCV = 31 };

/* Load IN, make the call, store into OUT. */
void make_call(const struct registers *in, struct registers *out);

#define FOUR(op, a, b, c, d) op(a) op(b) op(c) op(d)
#define ALL(op) \
	FOUR(op, "0, q1", "2, q3", "4, q5", "6, q7") \
	FOUR(op, "8, q9", "10, q11", "12, q13", "14, q15") \
	FOUR(op, "16, q17", "18, q19", "20, q21", "22, q23") FOUR(op, "24, q25", "26, q27", "28, q29", "30, q31")
#define LOAD(registers) "ldp q" registers ", [x9], #32\n"
#define STORE(registers) "stp q" registers ", [x9], #32\n"

__asm__(".text\n"
	"make_call:\n"
	"stp x29, x30, [sp, #-192]!\n"
	"stp x19, x20, [sp, #16]\n stp x21, x22, [sp, #32]\n stp x23, x24, [sp, #48]\n stp x25, x26, [sp, #64]\n"
	"stp x27, x28, [sp, #80]\n stp d8, d9, [sp, #96]\n stp d10, d11, [sp, #112]\n stp d12, d13, [sp, #128]\n"
	"stp d14, d15, [sp, #144]\n str x1, [sp, #160]\n"
	"add x9, x0, #256\n" ALL(LOAD) "ldr x9, [x0, #248]\n msr nzcv, x9\n"
				       "ldp x2, x3, [x0, #16]\n"
				       "ldp x4, x5, [x0, #32]\n"
				       "ldp x6, x7, [x0, #48]\n"
				       "ldp x8, x9, [x0, #64]\n"
				       "ldp x10, x11, [x0, #80]\n"
				       "ldp x12, x13, [x0, #96]\n"
				       "ldp x14, x15, [x0, #112]\n"
				       "ldp x16, x17, [x0, #128]\n"
				       "ldp x18, x19, [x0, #144]\n"
				       "ldp x20, x21, [x0, #160]\n"
				       "ldp x22, x23, [x0, #176]\n"
				       "ldp x24, x25, [x0, #192]\n"
				       "ldp x26, x27, [x0, #208]\n"
				       "ldp x28, x29, [x0, #224]\n"
				       "ldr x30, [x0, #240]\n ldp x0, x1, [x0]\n"
				       "svc #0\n"
				       "str x0, [sp, #168]\n ldr x0, [sp, #160]\n"
				       "stp x2, x3, [x0, #16]\n"
				       "stp x4, x5, [x0, #32]\n"
				       "stp x6, x7, [x0, #48]\n"
				       "stp x8, x9, [x0, #64]\n"
				       "stp x10, x11, [x0, #80]\n"
				       "stp x12, x13, [x0, #96]\n"
				       "stp x14, x15, [x0, #112]\n"
				       "stp x16, x17, [x0, #128]\n"
				       "stp x18, x19, [x0, #144]\n"
				       "stp x20, x21, [x0, #160]\n"
				       "stp x22, x23, [x0, #176]\n"
				       "stp x24, x25, [x0, #192]\n"
				       "stp x26, x27, [x0, #208]\n"
				       "stp x28, x29, [x0, #224]\n"
				       "str x30, [x0, #240]\n str x1, [x0, #8]\n"
				       "ldr x1, [sp, #168]\n str x1, [x0]\n"
				       "mrs x1, nzcv\n str x1, [x0, #248]\n"
				       "add x9, x0, #256\n" ALL(
					       STORE) "ldp x19, x20, [sp, #16]\n ldp x21, x22, [sp, #32]\n ldp x23, "
						      "x24, [sp, #48]\n ldp x25, x26, [sp, #64]\n"
						      "ldp x27, x28, [sp, #80]\n ldp d8, d9, [sp, #96]\n ldp d10, d11, "
						      "[sp, #112]\n ldp d12, d13, [sp, #128]\n"
						      "ldp d14, d15, [sp, #144]\n ldp x29, x30, [sp], #192\n"
						      "ret\n");

/* The number of a call that this CPU lacks is no test of registers. */
static bool is_lacking(long number)
{
	return number >= SYS_open;
}

static void try(const char *name, long number, long a, long b, long c, long d, long e, long f, unsigned long flags)
{
	const long arguments[] = { a, b, c, d, e, f };
	struct registers in, out = { 0 };

	for (int i = 0; i < 31; i++)
		in.general[i] = 0x1111111111111111ul * (unsigned long)i + 0xfedcba98;
	for (int i = 0; i < 32; i++)
		for (int j = 0; j < 16; j++)
			in.vectors[i][j] = (unsigned char)(i * 16 + j);
	for (int i = 0; i < 6; i++)
		in.general[i] = (unsigned long)arguments[i];
	in.general[X8] = (unsigned long)number;
	in.general[NZCV] = (flags & 0xf) << 28;
	if (is_lacking(number))
		return;
	make_call(&in, &out);
	say("%s flags %lx", name, in.general[NZCV]);
	if (number < 400 && number != SYS_mount)
		say(" = %s", show_success((long)out.general[0]));
	for (int i = 1; i < 32; i++)
		if (in.general[i] != out.general[i])
			say(" x%d", i);
	for (int i = 0; i < 32; i++)
		if (memcmp(in.vectors[i], out.vectors[i], sizeof(in.vectors[i])))
			say(" vector%d", i);
	say("\n");
}

#define look_at_cpu()

#else

#include <cpuid.h>

struct registers {
	unsigned long general[16]; /* rax rbx rcx rdx rsi rdi rbp r8 .. r15, flags */
	unsigned char vectors[16][32];
};

static bool has_avx;

/* Load IN, make the call, store into OUT. */
void make_call(const struct registers *in, struct registers *out, long use_avx);

__asm__(".text\n"
	"make_call:\n"
	"push %rbx\n push %rbp\n push %r12\n push %r13\n push %r14\n push %r15\n"
	"push %rsi\n"
	"test %rdx, %rdx\n jz 1f\n"
#define LOAD(n, at) "vmovdqu " #at "(%rdi), %ymm" #n "\n"
	LOAD(0, 128) LOAD(1, 160) LOAD(2, 192) LOAD(3, 224) LOAD(4, 256) LOAD(5, 288) LOAD(6, 320) LOAD(7, 352)
		LOAD(8, 384) LOAD(9, 416) LOAD(10, 448) LOAD(11, 480) LOAD(12, 512) LOAD(13, 544) LOAD(14, 576)
			LOAD(15, 608) "jmp 2f\n1:\n"
#undef LOAD
#define LOAD(n, at) "movdqu " #at "(%rdi), %xmm" #n "\n"
	LOAD(0, 128) LOAD(1, 160) LOAD(2, 192) LOAD(3, 224) LOAD(4, 256) LOAD(5, 288) LOAD(6, 320) LOAD(7, 352)
		LOAD(8, 384) LOAD(9, 416) LOAD(10, 448) LOAD(11, 480) LOAD(12, 512) LOAD(13, 544) LOAD(14, 576) LOAD(
			15, 608) "2:\n"
				 "push %rdx\n"
				 "push 120(%rdi)\n popfq\n"
				 "mov 0(%rdi), %rax\n mov 8(%rdi), %rbx\n mov 24(%rdi), %rdx\n mov 32(%rdi), %rsi\n"
				 "mov 48(%rdi), %rbp\n mov 56(%rdi), %r8\n mov 64(%rdi), %r9\n mov 72(%rdi), %r10\n "
				 "mov 80(%rdi), %r11\n"
				 "mov 88(%rdi), %r12\n mov 96(%rdi), %r13\n mov 104(%rdi), %r14\n mov 112(%rdi), %r15\n"
				 "mov 40(%rdi), %rdi\n"
				 "movq $0x5a5a5a5a, -8(%rsp)\n movq $0x5b5b5b5b, -128(%rsp)\n"
				 "syscall\n"
				 "3:\n"
				 "pushfq\n"
				 "push %rdi\n"
				 "mov 24(%rsp), %rdi\n"
				 "mov %rax, 0(%rdi)\n mov %rbx, 8(%rdi)\n mov %rcx, 16(%rdi)\n mov %rdx, 24(%rdi)\n "
				 "mov %rsi, 32(%rdi)\n"
				 "mov %rbp, 48(%rdi)\n mov %r8, 56(%rdi)\n mov %r9, 64(%rdi)\n mov %r10, 72(%rdi)\n "
				 "mov %r11, 80(%rdi)\n"
				 "mov %r12, 88(%rdi)\n mov %r13, 96(%rdi)\n mov %r14, 104(%rdi)\n mov %r15, 112(%rdi)\n"
				 "pop %rax\n mov %rax, 40(%rdi)\n"
				 "pop %rax\n mov %rax, 120(%rdi)\n"
				 "lea 3b(%rip), %rax\n sub %rax, 16(%rdi)\n"
				 "cld\n"
				 "pop %rdx\n"
				 "test %rdx, %rdx\n jz 1f\n"
#define STORE(n, at) "vmovdqu %ymm" #n ", " #at "(%rdi)\n"
	STORE(0, 128) STORE(1, 160) STORE(2, 192) STORE(3, 224) STORE(4, 256) STORE(5, 288) STORE(6, 320) STORE(7, 352)
		STORE(8, 384) STORE(9, 416) STORE(10, 448) STORE(11, 480) STORE(12, 512) STORE(13, 544) STORE(14, 576)
			STORE(15, 608) "jmp 2f\n1:\n"
#undef STORE
#define STORE(n, at) "movdqu %xmm" #n ", " #at "(%rdi)\n"
	STORE(0, 128) STORE(1, 160) STORE(2, 192) STORE(3, 224) STORE(4, 256) STORE(5, 288) STORE(6, 320) STORE(7, 352)
		STORE(8, 384) STORE(9, 416) STORE(10, 448) STORE(11, 480) STORE(12, 512) STORE(13, 544) STORE(14, 576)
			STORE(15, 608) "2:\n"
				       "pop %rsi\n"
				       "pop %r15\n pop %r14\n pop %r13\n pop %r12\n pop %rbp\n pop %rbx\n"
				       "ret\n");

static const char *const names[] = { "rax", "rbx", "rcx", "rdx", "rsi", "rdi", "rbp", "r8",
				     "r9",  "r10", "r11", "r12", "r13", "r14", "r15", "flags" };
enum { RAX = 0, RCX = 2, RDX = 3, RSI = 4, RDI = 5, R8 = 7, R9 = 8, R10 = 9, R11 = 10, FLAGS = 15 };

static void try(const char *name, long number, long a, long b, long c, long d, long e, long f, unsigned long flags)
{
	struct registers in, out = { 0 };
	size_t width = has_avx ? 32 : 16;

	for (int i = 0; i < 16; i++) {
		in.general[i] = 0x1111111111111111ul * (unsigned long)i + 0xfedcba98;
		for (int j = 0; j < 32; j++)
			in.vectors[i][j] = (unsigned char)(i * 32 + j);
	}
	in.general[RAX] = (unsigned long)number;
	in.general[RDI] = (unsigned long)a;
	in.general[RSI] = (unsigned long)b;
	in.general[RDX] = (unsigned long)c;
	in.general[R10] = (unsigned long)d;
	in.general[R8] = (unsigned long)e;
	in.general[R9] = (unsigned long)f;
	in.general[FLAGS] = flags;
	make_call(&in, &out, has_avx);
	say("%s flags %lx", name, flags);
	if (number < 400 && number != SYS_mount)
		say(" = %s", show_success((long)out.general[RAX]));
	for (int i = 1; i < 16; i++) {
		if (i == RCX || i == R11)
			continue;
		if (in.general[i] != out.general[i] && !(i == FLAGS && ((in.general[i] ^ out.general[i]) & 0xcd5) == 0))
			say(" %s", names[i]);
	}
	/* The kernel leaves the return address in rcx. What r11 holds is nobody's affair. */
	if (out.general[RCX])
		say(" rcx");
	for (int i = 0; i < 16; i++)
		if (memcmp(in.vectors[i], out.vectors[i], width))
			say(" vector%d", i);
	say("\n");
}

static void look_at_cpu(void)
{
	unsigned int a, b, c, d;

	__cpuid(1, a, b, c, d);
	has_avx = c & bit_AVX && c & bit_OSXSAVE;
}

#endif

int main(void)
{
	static const unsigned long all_flags[] = { 0x202, 0x246, 0xad7, 0xcd7 & ~0x400ul, 0x602 };
	static char buf[4096];
	static const char *arguments[] = { NULL };
	int pair[2];

	look_at_cpu();
	MUST(!socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
	for (size_t i = 0; i < ARRAY_SIZE(all_flags); i++) {
		unsigned long flags = all_flags[i];

		try("getpid", SYS_getpid, 1, 2, 3, 4, 5, 6, flags);
		try("stat", SYS_stat, (long)"/file", (long)buf, 3, 4, 5, 6, flags);
		try("stat missing", SYS_stat, (long)"/missing", (long)buf, 3, 4, 5, 6, flags);
		try("newfstatat", SYS_newfstatat, AT_FDCWD, (long)"/bound/sub/../inner", (long)buf, 0, 5, 6, flags);
		try("readlinkat", SYS_readlinkat, AT_FDCWD, (long)"/link-abs", (long)buf, 64, 5, 6, flags);
		try("stat bound", SYS_stat, (long)"/bound/sub/../inner", (long)buf, 3, 4, 5, 6, flags);
		try("openat", SYS_openat, AT_FDCWD, (long)"/bound/inner", O_RDONLY, 4, 5, 6, flags);
		try("openat relative", SYS_openat, AT_FDCWD, (long)"file", O_RDONLY, 4, 5, 6, flags);
		try("openat missing", SYS_openat, AT_FDCWD, (long)"missing", O_RDONLY, 4, 5, 6, flags);
		try("readlink", SYS_readlink, (long)"/link-abs", (long)buf, 64, 4, 5, 6, flags);
		try("getcwd", SYS_getcwd, (long)buf, 64, 3, 4, 5, 6, flags);
		try("chdir", SYS_chdir, (long)"/", 2, 3, 4, 5, 6, flags);
		try("rename", SYS_rename, (long)"/missing", (long)"/missing2", 3, 4, 5, 6, flags);
		try("execve", SYS_execve, (long)"/missing", (long)arguments, (long)arguments, 4, 5, 6, flags);
		try("execve denied", SYS_execve, (long)"/file", (long)arguments, (long)arguments, 4, 5, 6, flags);
		try("rt_sigprocmask", SYS_rt_sigprocmask, SIG_BLOCK, 0, (long)buf, 8, 5, 6, flags);
		try("rt_sigaction", SYS_rt_sigaction, SIGUSR1, 0, (long)buf, 8, 5, 6, flags);
		try("sigaltstack", SYS_sigaltstack, 0, (long)buf, 3, 4, 5, 6, flags);
		memset(buf, 0, 64);
		try("ppoll", SYS_ppoll, 0, 0, (long)buf, (long)(buf + 32), 8, 6, flags);
		try("getsockname", SYS_getsockname, pair[0], (long)buf, (long)(buf + 128), 4, 5, 6, flags);
		try("connect", SYS_connect, pair[0], (long)"\1\0/missing", 10, 4, 5, 6, flags);
		try("sendto", SYS_sendto, pair[0], (long)"x", 1, 0, 0, 0, flags);
		try("recvfrom", SYS_recvfrom, pair[1], (long)buf, 1, 0, (long)(buf + 256), (long)(buf + 512), flags);
		try("unknown", 3000, 1, 2, 3, 4, 5, 6, flags);
		try("refused", SYS_mount, (long)"/missing", 2, 3, 4, 5, 6, flags);
		try("clone3", 435, 0, 0, 3, 4, 5, 6, flags);
	}
	return 0;
}
