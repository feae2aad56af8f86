# SPDX-License-Identifier: GPL-2.0-or-later
# Frequent calls are rewritten in the guest's memory, and only there, unless
# told not to.

load helper

# A program that makes one call often from one site, and says whether the site has changed.
build_site() {
	cat >site.c <<-'END'
		#include <stdio.h>
		#include <string.h>
		extern unsigned char site[];
		long call(const char *path, long mode);
		__asm__(".text\n.globl call, site\ncall: site: mov $21, %eax\nsyscall\nret\n");
		int main(void)
		{
			unsigned char before[7];

			memcpy(before, site, sizeof(before));
			for (int i = 0; i < 100; i++)
				if (call("/etc/name", 4) || call("/etc/none", 4) != -2)
					return 1;
			puts(memcmp(before, site, sizeof(before)) ? "changed" : "as it was");
			return 0;
		}
	END
	cc -O1 -static -o "$GUEST/bin/site" site.c
}

setup_file() {
	make_guest "$GUEST"
	cd "$BATS_FILE_TMPDIR" && build_site
}

@test "a site that is used often is patched" {
	[ "$(inside site)" = changed ]
}

@test "not with --no-patch, nor with PROOT_NO_PATCH=1" {
	[ "$(inside --no-patch site)" = "as it was" ]
	[ "$(PROOT_NO_PATCH=1 inside site)" = "as it was" ]
	[ "$(PROOT_NO_PATCH=0 inside site)" = changed ]
}

@test "the program's file stays as it is, also while it runs" {
	cp "$GUEST/bin/site" before
	inside site
	cmp before "$GUEST/bin/site"
}
