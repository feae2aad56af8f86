#!/usr/bin/env bats
# Programs for another CPU. What stands for QEMU here are programs of this machine, which tell what they got.

load helper

packages="Debian's packages qemu-user and qemu-user-static have it"

setup() {
	SHARED=$BATS_FILE_TMPDIR/shared
	cd "$BATS_TEST_TMPDIR" || return 1
	cp -a "$GUEST" guest
	fake_elf 183 2 >guest/program
	chmod +x guest/program
}

gives() {
	show
	[ "$status" -eq 0 ]
	[ "$output" = "$1" ]
}

@test "the emulator gets its options, argv[0], the path and the arguments" {
	run "$PROOT" -r guest -q echo /program one "two words"
	gives "-U LD_LIBRARY_PATH -0 /program /program one two words"
	run "$PROOT" -r guest -q "/bin/echo -cpu 'a b' -g\"1 2\"  3" /program
	gives "-cpu a b -g1 2 3 -U LD_LIBRARY_PATH -0 /program /program"
	run "$PROOT" -r guest -w /bin -q echo ../program
	gives "-U LD_LIBRARY_PATH -0 ../program ../program"
	run "$PROOT" -r guest --qemu=echo sh -c '/program x'
	gives "-U LD_LIBRARY_PATH -0 /program /program x"
}

@test "thousands of arguments and variables" {
	local count

	for count in 500 600 800 900 3000; do
		run "$PROOT" -r guest -q echo sh -c "/program \$(seq $count)"
		gives "-U LD_LIBRARY_PATH -0 /program /program $(seq $count | tr '\n' ' ' | sed 's/ $//')"
	done
	run env $(seq 30 | sed 's/.*/LD_X&=&/') LD_LIBRARY_PATH=/last $(seq 2000 | sed 's/.*/A&=&/') \
		"$PROOT" -r guest -q "echo x" sh -c 'exec /program one'
	show
	[ "${output##* -0 }" = "/program /program one" ]
	[[ $output != *"-U LD_LIBRARY_PATH"* ]]
	[ "$(grep -o -- '-E LD_' <<<"$output" | wc -l)" -eq 16 ]
}

@test "a script whose interpreter is for another CPU" {
	printf '#!/program  an argument \n' >guest/script
	chmod +x guest/script
	run "$PROOT" -r guest -q echo /script one
	gives "-U LD_LIBRARY_PATH -0 /program /program an argument /script one"
	run "$PROOT" -r guest -q echo sh -c 'cd / && ./script one'
	gives "-U LD_LIBRARY_PATH -0 /program /program an argument ./script one"
}

@test "argv[0] is the caller's" {
	export LC_ALL=C
	run "$PROOT" -r guest -b /dev -q echo /host-rootfs/usr/bin/perl -e 'exec { "/program" } "zero", "one"'
	gives "-U LD_LIBRARY_PATH -0 zero /program one"
}

# AT_EXECFD, number 2 in the auxiliary vector, is how binfmt_misc does that, and QEMU takes it.
@test "a program executed by its descriptor is handed over open" {
	local words='fd=$(/host-rootfs/usr/bin/od -An -v -tu8 -w16 /proc/$$/auxv | sed -n "s/^ *2  *//p")
		readlink /proc/$$/fd/$fd; echo $0 "$@"'

	run "$PROOT" -r guest -b /proc -q "sh -c '$words'" /host-rootfs/usr/bin/python3 -c '
import os
os.execve(os.open("/program", os.O_RDONLY), ["zero", "one"], {"PATH": "/bin"})'
	gives /program$'\n'"-U LD_LIBRARY_PATH -0 zero /program one"
	run "$PROOT" -r guest -b /proc -q "sh -c 'fd=none; $words'" /program
	[[ ${lines[0]} != /program ]]
}

@test "variables for the loader go to the program, not to the emulator" {
	export LD_BIND_NOW=1 LD_LIBRARY_PATH=/a:/b
	run "$PROOT" -r guest -q "echo x" /program
	show
	[[ $output == "x -E LD_"*" -E LD_"*" -0 /program /program" ]]
	[[ $output == *" -E LD_BIND_NOW=1 "* ]]
	[[ $output == *" -E LD_LIBRARY_PATH=/a:/b "* ]]
	unset LD_BIND_NOW LD_LIBRARY_PATH
	run "$PROOT" -r guest -q "echo x" sh -c 'LD_PRELOAD=/none.so LD_AUDIT=a,b /program'
	gives "x -E LD_PRELOAD=/none.so -U LD_LIBRARY_PATH -0 /program /program"
	run "$PROOT" -r guest -q "env -u X" sh -c 'LD_AUDIT=a,b LD_PRELOAD=/none.so exec /program'
	[[ $output != *"cannot be preloaded"* ]]
}

@test "the library path proot was started with is for programs of the host, too" {
	local library

	library=$(ldd /usr/bin/env | sed -n 's/.*=> \(\/[^ ]*libc\.so\.6\).*/\1/p')
	mkdir "the libraries"
	sed 's/libc\.so\.6/libx.so.6/g' /usr/bin/env >qemu-aarch64
	chmod +x qemu-aarch64
	ln -s "$library" "the libraries/libx.so.6"
	run -127 "$PROOT" -r guest -q ./qemu-aarch64 "/host-rootfs$PWD/qemu-aarch64"
	LD_LIBRARY_PATH="/none:the libraries" run "$PROOT" -r guest -q ./qemu-aarch64 -w / "/host-rootfs$PWD/qemu-aarch64" -i a=b
	gives a=b
	LD_LIBRARY_PATH=$(printf /%05000d 1) run "$PROOT" -r guest -q ./qemu-aarch64 sh -c 'echo started'
	show
	[ "${lines[0]}" = "proot warning: LD_LIBRARY_PATH is too long to be of use to programs of the host" ]
	[ "${lines[1]}" = started ]
	export LD_LIBRARY_PATH="$PWD/the libraries"
	run "$PROOT" -r guest -b /proc -q ./qemu-aarch64 sh -c \
		'cd "/host-rootfs$0"; ./qemu-aarch64 | grep ^LD_; /host-rootfs/usr/bin/cat /proc/self/environ | tr "\0" "\n" | grep -c ^LD_LIB' "$PWD"
	gives "LD_LIBRARY_PATH=$PWD/the libraries"$'\n'1
	run "$PROOT" -r guest -q ./qemu-aarch64 sh -c 'cd "/host-rootfs$0"; LD_LIBRARY_PATH=/of/the/guest ./qemu-aarch64 | grep ^LD_' "$PWD"
	gives "LD_LIBRARY_PATH=/of/the/guest"
	run "$PROOT" -r guest -q ./qemu-aarch64 sh -c 'cd "/host-rootfs$0"; unset LD_LIBRARY_PATH; ./qemu-aarch64 | grep -c ^LD_' "$PWD"
	[ "$output" = 0 ]
}

@test "chroot in the guest, where the emulator can't be seen" {
	is_root || skip "for root"
	mkdir -p guest/inner
	cp -a guest/bin guest/program guest/inner
	run "$PROOT" -r guest -q "echo x" chroot /inner /program one
	gives "x -U LD_LIBRARY_PATH -0 /program /program one"
}

@test "a program of the host finds its libraries there, and its files in the guest" {
	run "$PROOT" -r guest -q echo /host-rootfs/usr/bin/sort /etc/name
	gives "this is the guest"
	run "$PROOT" -r guest -q echo -b "$(readlink -f /usr/bin/sort):/bin/sort" sort /etc/name
	gives "this is the guest"
	run "$PROOT" -r guest -q echo sh -c 'LD_PRELOAD=/none.so LD_LIBRARY_PATH=/x /host-rootfs/usr/bin/env | grep ^LD_ | sort'
	gives "LD_LIBRARY_PATH=/x"$'\n'"LD_PRELOAD=/none.so"
	run "$PROOT" -r guest -q echo /host-rootfs/usr/bin/perl -MPOSIX -e 'print "loads modules\n"'
	show
	[ "$status" -ne 0 ]
}

@test "a program of the host with musl finds its libraries there, and its files in the guest" {
	printf '%s\n' '#include <stdio.h>' 'int answer(void) { return 42; }' >library.c
	printf '%s\n' '#include <stdio.h>' 'int answer(void);' 'int main(void) { char line[100] = "";
		FILE *file = fopen("/etc/name", "r"); if (file) fgets(line, 100, file);
		printf("%d %s", answer(), line); return 0; }' >program.c
	musl-gcc -shared -fPIC -o libanswer.so library.c
	musl-gcc -o program program.c -L. -lanswer -Wl,-rpath,'$ORIGIN'
	run "$PROOT" -r guest -q echo "/host-rootfs$PWD/program"
	gives "42 this is the guest"
}

@test "a program of the host loads what it names by its place in the guest" {
	local library name

	library=$(ldd /usr/bin/env | sed -n 's/.*=> \(\/[^ ]*libc\.so\.6\).*/\1/p')
	run "$PROOT" -r guest -q echo /host-rootfs/usr/bin/python3 -c "
import ctypes
print(ctypes.CDLL('/host-rootfs$library').abs(-3))
print(ctypes.CDLL('$library').abs(-4))"
	gives 3$'\n'4
}

@test "a program of the host loads no library of the guest" {
	local library

	for library in $(ldd /usr/bin/env | sed -n 's/.*=> \(\/[^ ]*\).*/\1/p'); do
		mkdir -p "guest$(dirname "$library")"
		echo nonsense >"guest$library"
	done
	mkdir -p guest/etc
	echo nonsense >guest/etc/ld.so.cache
	echo /none.so >guest/etc/ld.so.preload
	run "$PROOT" -r guest -q echo /host-rootfs/usr/bin/env -i a=b
	gives "a=b"
}

# program NAME: from stdin, for this machine.
program() {
	gcc -O1 -o "$1" -x c - "${@:2}"
}

@test "without an emulator, a guest's program gets no loader from the host" {
	program "$PWD/loader" -static <<<'#include <stdio.h>
		int main(void) { puts("of the host"); return 0; }'
	program guest/escape "-Wl,--dynamic-linker=/host-rootfs$PWD/loader" <<<'int main(void) { return 0; }'
	run -127 "$PROOT" -r guest /escape
	run -127 "$PROOT" -q none -r guest /escape
	run "$PROOT" -r guest sh -c '/escape; echo $?'
	show
	[ "${lines[-1]}" = 127 ]
}

@test "a program of the host sees its environment and its entry, in constructors too" {
	program "$PWD/of-host" <<<'#include <stdio.h>
		#include <stdlib.h>
		#include <sys/auxv.h>
		extern char **environ;
		void _start(void);
		static int is_first = 1;
		static void show(const char *when)
		{
			for (char **at = environ; *at; at++)
				printf("%s %s\n", when, *at);
		}
		__attribute__((constructor)) static void construct(void)
		{
			show("constructor");
			unsetenv("LD_LIBRARY_PATH");
			setenv("OWN", "1", 1);
		}
		int main(void)
		{
			show("main");
			puts(getauxval(AT_ENTRY) == (unsigned long)_start ? "entry" : "no entry");
			return 0;
		}'
	LD_LIBRARY_PATH=/of/the/host run "$PROOT" -r guest -q echo sh -c "exec env -i A=1 LD_BIND_NOW=1 Z=2 /host-rootfs$PWD/of-host"
	gives "constructor A=1
constructor LD_BIND_NOW=1
constructor Z=2
main A=1
main LD_BIND_NOW=1
main Z=2
main OWN=1
entry"
}

@test "a program that is bound into the guest loads what lies beside it" {
	mkdir -p app/lib
	program "$PWD/app/lib/lib.so" -shared -fPIC <<<'int answer(void) { return 42; }'
	program "$PWD/app/load" <<<'#include <dlfcn.h>
		#include <stdio.h>
		int main(int argc, char **argv)
		{
			void *library = dlopen(argv[1], RTLD_NOW);
			int (*answer)(void) = library ? (int (*)(void))dlsym(library, "answer") : NULL;

			if (answer)
				printf("%d\n", answer());
			else
				puts(dlerror());
			return argc < 2;
		}'
	run "$PROOT" -r guest -q echo -b "$PWD/app:/work" /work/load /work/lib/lib.so
	gives 42
	cp -a app guest/opt-app
	run "$PROOT" -r guest -q echo /opt-app/load /opt-app/lib/lib.so
	gives 42
	run "$PROOT" -r guest -q echo -b "$PWD/app/load:/bin/load" load /opt-app/lib/lib.so
	[[ $output == *"cannot open shared object file"* ]]
}

@test "what has no place in any directory is called what the kernel calls it" {
	run "$PROOT" -r guest -b /proc -q echo /host-rootfs/usr/bin/python3 -c '
import os
print(os.readlink("/proc/self/fd/%d" % os.memfd_create("name")))'
	gives "/memfd:name (deleted)"
}

@test "a program executed by a link in /proc, and with few descriptors" {
	run "$PROOT" -r guest -b /proc -q "echo x" /host-rootfs/usr/bin/python3 -c '
import os
fd = os.open("/program", os.O_RDONLY)
os.execv("/proc/self/fd/%d" % fd, ["zero", "one"])'
	[[ $output == "x -U LD_LIBRARY_PATH -0 zero /proc/self/fd/"*" one" ]]
	run "$PROOT" -r guest -q "/bin/busybox echo x" sh -c 'exec 3</etc/name; ulimit -n 4; exec /program one'
	gives "x -U LD_LIBRARY_PATH -0 /program /program one"
}

@test "a root below the host's is a root" {
	is_root || skip "for root"
	mkdir jail
	cp -a guest/bin jail
	echo jailed >jail/hostname
	mkdir jail/etc
	mv jail/hostname jail/etc/name
	ln -s /etc/name jail/link
	run "$PROOT" -r guest -q echo chroot "/host-rootfs$PWD/jail" cat /link
	gives jailed
	run "$PROOT" -r guest -q echo chroot /host-rootfs sh -c 'readlink -f /etc/alternatives/awk'
	gives "$(readlink -f /etc/alternatives/awk)"
}

@test "an absolute link of the host leads to the host" {
	ln -s "$(readlink -f /usr/bin/env)" env
	run "$PROOT" -r guest -q echo "/host-rootfs$PWD/env" -i a=b
	gives "a=b"
	ln -s /etc/name link
	ln -s /etc/passwd passwd
	run "$PROOT" -r guest -q echo sh -c "cat /host-rootfs$PWD/passwd | head -n 1; cat /host-rootfs$PWD/link"
	show
	[ "${lines[0]}" = "$(head -n 1 /etc/passwd)" ]
	[[ ${lines[1]} == *"No such file or directory" ]]
}

@test "a program of this machine in the guest runs with its own interpreter, or that of the host" {
	mkdir -p guest/usr/bin
	cp /usr/bin/env guest/usr/bin/native
	run "$PROOT" -r guest -q echo /usr/bin/native -i a=b
	gives "a=b"
}

@test "the host is not listed in the guest's root" {
	run "$PROOT" -r guest -q echo ls /
	show
	[[ $output != *host-rootfs* ]]
	run "$PROOT" -r guest -q echo find / -name host-rootfs
	gives ""
	run "$PROOT" -r guest -q echo ls -d /host-rootfs/etc/passwd
	gives /host-rootfs/etc/passwd
}

@test "the guest starts in its own root where it can't see the current directory" {
	run "$PROOT" -r guest -q echo sh -c 'pwd; echo $PWD'
	gives "/"$'\n'"/"
}

@test "what is run by an emulator looks like the program" {
	run "$PROOT" -r guest -b /proc -q "sh -c 'tr \"\\0\" \"|\" </proc/\$\$/cmdline; echo; readlink /proc/\$\$/exe; cat /proc/\$\$/comm'" \
		/program one two
	gives "/program|one|two|"$'\n'/program$'\n'program
}

@test "/proc/cpuinfo is that of the emulated CPU, for its programs" {
	local count

	count=$(grep -c ^processor /proc/cpuinfo)
	cp /bin/dash qemu-aarch64
	run "$PROOT" -r guest -b /proc -q "./qemu-aarch64 -c 'sort -u </proc/cpuinfo; grep -c ^processor </proc/cpuinfo'" /program
	show
	[[ $output == *"CPU architecture: 8"* ]]
	[ "${lines[-1]}" = "$count" ]
	run "$PROOT" -r guest -b /proc -q ./qemu-aarch64 sh -c 'cat /proc/cpuinfo'
	[ "$status" -eq 0 ]
	[[ $output != *"CPU architecture: 8"* ]]
}

@test "without -q, what the host has is used" {
	mkdir path
	cp /bin/echo path/qemu-aarch64
	run env PATH="$PWD/path:$PATH" "$PROOT" -r guest /program one
	gives "-U LD_LIBRARY_PATH -0 /program /program one"
	mv path/qemu-aarch64 path/qemu-aarch64-static
	rm -f path/qemu-aarch64
	run env PATH="$PWD/path" "$PROOT" -v 1 -r guest /program one
	show
	[[ $output == *"qemu = qemu-aarch64-static"*"-0 /program /program one" ]]
	fails_with 126 \
		"proot error: '/program' is a program for aarch64 and this machine is $(uname -m): that needs QEMU, -q qemu-aarch64 ($packages)" \
		env PATH="$PWD/path" "$PROOT" -q none -r guest /program
}

@test "--mixed-mode=false and PROOT_FORCE_FOREIGN_BINARY emulate programs of this machine" {
	run "$PROOT" --mixed-mode=false -r guest -q echo /bin/busybox true
	gives "-U LD_LIBRARY_PATH -0 /bin/busybox /bin/busybox true"
	PROOT_FORCE_FOREIGN_BINARY=1 run "$PROOT" -r guest -q echo /bin/busybox true
	gives "-U LD_LIBRARY_PATH -0 /bin/busybox /bin/busybox true"
	run "$PROOT" --mixed-mode=true -r guest -q echo /bin/busybox echo native
	gives native
}

@test "a root directory with blanks in its name" {
	mv guest "a guest"
	run "$PROOT" -r "a guest" -q echo /program "a b"
	gives "-U LD_LIBRARY_PATH -0 /program /program a b"
}

@test "an emulator in a directory with blanks in its name" {
	mkdir "a b"
	cp /bin/echo "a b/qemu-aarch64"
	run "$PROOT" -r guest -q "'$PWD/a b/qemu-aarch64' -x" /program
	gives "-x -U LD_LIBRARY_PATH -0 /program /program"
}

@test "what is wrong with -q" {
	local quoted

	fails_with 1 "proot error: option '-q': 'qemu-aarch65': not found in \$PATH" "$PROOT" -q qemu-aarch65 -r guest /program
	fails_with 1 "proot error: option '-q': 'qemu-arm': not found in \$PATH; $packages" \
		env PATH="$PWD" "$PROOT" -q "qemu-arm -cpu max" -r guest /program
	fails_with 1 "proot error: option '-q': './none': No such file or directory" "$PROOT" -q ./none -r guest /program
	fails_with 1 "proot error: option '-q': '/etc/passwd': Permission denied" "$PROOT" -q /etc/passwd -r guest /program
	fails_with 1 "proot error: option '-q': '/etc': Is a directory" "$PROOT" -q /etc -r guest /program
	printf '#!/bin/sh\n' >script
	chmod +x script
	fails_with 1 "proot error: option '-q': './script': it is no ELF program" "$PROOT" -q ./script -r guest /program
	fails_with 1 "proot error: option '-q': 'guest/program': it is a program for aarch64 itself" \
		"$PROOT" -q guest/program -r guest /program
	for quoted in "echo 'a" 'echo "a'; do
		fails_with 1 "proot error: option '-q': '$quoted': a quotation mark is missing" "$PROOT" -q "$quoted" -r guest /program
	done
	fails_with 1 "proot error: option '-q': ' ': it names no program" "$PROOT" -q " " -r guest /program
	fails_with 1 "proot error: option '-q': the command is too long" "$PROOT" -q "$(printf 'echo %03000d' 1)" -r guest /program
	for quoted in 2041 2042 2043 2044 2045; do
		fails_with 1 "proot error: option '-q': the command is too long" \
			"$PROOT" -q "$(printf 'echo %0*d %06000d' "$quoted" 1 2)" -r guest /program
	done
}

@test "an emulator for another CPU than the program's" {
	cp /bin/echo qemu-arm
	fails_with 126 "proot error: '/program' is a program for aarch64, and '$PWD/qemu-arm' runs programs for arm: try -q qemu-aarch64" \
		"$PROOT" -q ./qemu-arm -r guest /program
	run "$PROOT" -q ./qemu-arm -r guest sh -c '/program || echo failed'
	[[ $output == *failed ]]
	[[ $output == *"not found"* || $output == *"ormat error"* || $output == *"syntax error"* ]]
}
