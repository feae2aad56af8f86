# SPDX-License-Identifier: GPL-2.0-or-later
# Frequent calls are rewritten in the guest's memory, and only there, unless
# told not to.

load helper

# A program that makes a call often from sites of each shape, and says which of them have changed.
build_site() {
	cat >site.c <<-'END'
		#include <pthread.h>
		#include <stdio.h>
		#include <string.h>
		#include <unistd.h>
		#define SITE(name, code) \
			extern unsigned char name[]; \
			__asm__(".text\n.balign 64\n.globl " #name "\n" #name ":" code "\nsyscall\nret\n");
		SITE(r1, "mov $21, %eax")
		SITE(r2, "mov $21, %eax\nxor %edx, %edx\nlea r2(%rip), %r8")
		SITE(r3, "mov %rdx, %rax\nmov %rdx, -8(%rsp)")
		SITE(none, "push $21\npop %rax")
		static unsigned char *const sites[] = { r1, r2, r3, none };
		static const char *const names[] = { "r1", "r2", "r3", "none" };
		static void *wait_long(void *unused)
		{
			pause();
			return unused;
		}
		int main(int count, char **words)
		{
			unsigned char before[4][32];
			pthread_t thread;

			if (count > 1 && pthread_create(&thread, NULL, wait_long, words))
				return 1;

			for (int i = 0; i < 4; i++) {
				long (*call)(const char *, long, long) = (void *)sites[i];

				memcpy(before[i], sites[i], sizeof(before[i]));
				for (int n = 0; n < 100; n++)
					if (call("/etc/name", 4, 21) || call("/etc/none", 4, 21) != -2)
						return 1;
				if (memcmp(before[i], sites[i], sizeof(before[i])))
					printf("%s ", names[i]);
			}
			puts("changed");
			return 0;
		}
	END
	cc -O1 -static -pthread -o "$GUEST/bin/site" site.c
}

# Where a tracer is the engine no site is.
wants_patches() {
	[ "${PROOT_ENGINE:-}" != ptrace ] || skip "PROOT_ENGINE=ptrace"
}

setup_file() {
	make_guest "$GUEST"
	cd "$BATS_FILE_TMPDIR" && build_site
}

@test "sites of every shape that are used often are patched" {
	wants_patches
	[ "$(PROOT_NO_PATCH= inside site)" = "r1 r2 r3 changed" ]
}

@test "all of one page, while another thread may be running there" {
	wants_patches
	[ "$(PROOT_NO_PATCH= inside site threads)" = "r1 r2 r3 changed" ]
}

@test "not with --no-patch, nor with PROOT_NO_PATCH=1" {
	wants_patches
	[ "$(inside --no-patch site)" = changed ]
	[ "$(PROOT_NO_PATCH=1 inside site)" = changed ]
	[ "$(PROOT_NO_PATCH=0 inside site)" = "r1 r2 r3 changed" ]
}

@test "the program's file stays as it is, also while it runs" {
	cp "$GUEST/bin/site" before
	inside site
	cmp before "$GUEST/bin/site"
}
