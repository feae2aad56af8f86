/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Calls that are none of this CPU's 64-bit table: int 0x80, the x32 numbers,
 * numbers no kernel knows. None may reach the host.
 */
#include "call.h"

static long interrupt_80(long number, long a, long b, long c)
{
	long result;

	__asm__ volatile("int $0x80"
			 : "=a"(result)
			 : "a"(number), "b"(a), "c"(b), "d"(c)
			 : "memory", "r8", "r9", "r10", "r11");
	return result;
}

/* On some machines, among them virtual ones, it is a fault whatever the kernel is built for. */
static bool has_interrupt_80(void)
{
	int status;
	pid_t child = fork();

	if (!child) {
		interrupt_80(0, 0, 0, 0);
		_exit(0);
	}
	MUST(child > 0 && waitpid(child, &status, 0) == child);
	return !WIFSIGNALED(status);
}

int main(void)
{
	static const long numbers[] = { 500, 511, 600, 1023, 4096, 100000, 0x7fffffff, -2, 0x50524f4f };
	static char *low;
	struct stat status;

	low = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
	MUST(low != MAP_FAILED);
	strcpy(low, "/");
	/* The oracle knows some of these; a guest has none of them. */
	if (!strcmp(getenv("PROOT_TEST_SIDE"), "proot") && has_interrupt_80()) {
		static const int old[] = { 5, 33, 12, 20, 106, 195, 295, 0 };

		for (size_t i = 0; i < ARRAY_SIZE(old); i++)
			if (interrupt_80(old[i], (long)low, 0, 0) != -ENOSYS)
				say("int 0x80 %d passes\n", old[i]);
	}
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++)
		say("%ld = %s\n", numbers[i], show(CALL(numbers[i], 1, 2, 3)));
	for (long number = 0; number < 8; number++)
		say("x32 %ld = %s\n", number, show(CALL(0x40000000 + number, low, &status, 0)));
	say("x32 520 = %s\n", show(CALL(0x40000000 + 520, low, &status, 0)));
	say("high half of a number: %s\n", show(CALL(0x100000000 + SYS_getuid)) ? "answered" : "");
	say("missing, high half: %s\n", show(CALL(0x100000000 + SYS_stat, "/missing", &status)));
	return 0;
}
