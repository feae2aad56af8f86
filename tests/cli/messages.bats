#!/usr/bin/env bats
# Bad input: one line that names the thing, and the right status.

load helper

packages="Debian's packages qemu-user and qemu-user-static have it"
see_help='fatal error: see `proot --help`.'

wrong_usage() {
	local message=$1

	shift
	fails_with 1 "proot error: $message"$'\n'"$see_help" "$PROOT" "$@"
}

@test "an unknown option, with a suggestion" {
	wrong_usage "unknown option '--rotfs', did you mean '--rootfs'?" --rotfs=/ true
	wrong_usage "unknown option '--kil-on-exit', did you mean '--kill-on-exit'?" --kil-on-exit true
	wrong_usage "unknown option '--nonsense'" --nonsense
	wrong_usage "unknown option '-z'" -z
}

@test "a missing, empty or superfluous value" {
	wrong_usage "option '-r' needs a value: PATH" -r
	wrong_usage "option '--bind' needs a value: HOST[:GUEST[!][:ro]]" --bind
	wrong_usage "option '-w' has an empty value: it needs PATH" -w ""
	wrong_usage "option '--kill-on-exit' takes no value, but got 'yes'" --kill-on-exit=yes
}

@test "a wrong value" {
	wrong_usage "option '-b': ':/x' names no path of the host" -b :/x true
	wrong_usage "option '-b': '/x:' names no path of the guest" -b /x: true
	wrong_usage "option '--verbose': 'x' is not a number" --verbose=x true
	wrong_usage "option '--engine': 'x' is none of auto, sigsys and ptrace" --engine=x true
}

@test "a value of 130000 characters" {
	run --separate-stderr "$PROOT" -r "/$(printf %0130000d 0)" true
	[ "$status" -eq 1 ]
	[ "${#stderr_lines[@]}" -eq 1 ]
	[[ $stderr == "proot error: can't use '/000"*"name too long" ]]
}

@test "a missing rootfs" {
	fails_with 1 "proot error: can't use '/nowhere' as root directory: No such file or directory" "$PROOT" -r /nowhere true
}

@test "a rootfs that is neither a directory nor a file" {
	mkfifo fifo
	fails_with 1 "proot error: can't use 'fifo' as root directory: Not a directory" "$PROOT" -r fifo true
}

@test "a rootfs that is a loop of links" {
	ln -s a b
	ln -s b a
	fails_with 1 "proot error: can't use 'a' as root directory: Too many levels of symbolic links" "$PROOT" -r a true
}

@test "a rootfs that may not be entered" {
	! is_root || skip "root may enter any directory"
	mkdir -m 0 closed
	fails_with 1 "proot error: can't use 'closed' as root directory: Permission denied" "$PROOT" -r closed true
}

@test "an empty rootfs" {
	mkdir empty
	fails_with 127 "proot error: '/bin/sh' not found (root = $PWD/empty, cwd = /, \$PATH=$PATH)" "$PROOT" -r empty
	fails_with 127 "proot error: 'ls' not found (root = $PWD/empty, cwd = /, \$PATH=$PATH)" "$PROOT" -r empty ls
	fails_with 127 "proot error: 'ls' not found (root = $PWD/empty, cwd = /, \$PATH=$PATH)" "$PROOT" empty ls
}

@test "a command that is not found" {
	fails_with 127 "proot error: 'nope' not found (root = $GUEST, cwd = /etc, \$PATH=$PATH)" "$PROOT" -r "$GUEST" -w /etc nope
	fails_with 127 "proot error: './nope' not found (root = $GUEST, cwd = /etc, \$PATH=$PATH)" "$PROOT" -r "$GUEST" -w /etc ./nope
	fails_with 127 "proot error: '' not found (root = $GUEST, cwd = /, \$PATH=$PATH)" "$PROOT" -r "$GUEST" ''
}

@test "a command that is a directory" {
	fails_with 126 "proot error: can't execute '/etc': it is a directory" "$PROOT" -r "$GUEST" /etc
	fails_with 126 "proot error: can't execute '/bin/ls/': Not a directory" "$PROOT" -r "$GUEST" /bin/ls/
}

@test "a command that is a virtual directory" {
	fails_with 126 "proot error: can't execute '/missing': it is a directory" "$PROOT" -r "$GUEST" -b "$SHARED:/missing/s" /missing
}

@test "a command without permission" {
	mkdir guest
	cp /bin/busybox guest/busybox
	chmod 600 guest/busybox
	fails_with 126 "proot error: can't execute '/busybox': it has no execute permission" "$PROOT" -r guest /busybox
	fails_with 126 "proot error: can't execute 'busybox': it has no execute permission" \
		env PATH=/nowhere:/ "$PROOT" -r guest busybox
}

@test "a command that can't be read" {
	! is_root || skip "root may read any file"
	mkdir guest
	cp /bin/busybox guest/busybox
	chmod 111 guest/busybox
	fails_with 126 "proot error: can't execute '/busybox': it can't be read" "$PROOT" -r guest /busybox
}

@test "a command that is a loop of links" {
	mkdir guest
	ln -s a guest/b
	ln -s b guest/a
	fails_with 126 "proot error: can't execute '/a': Too many levels of symbolic links" "$PROOT" -r guest /a
}

@test "a name that is too long" {
	local name

	name=$(printf %0256d 0)
	fails_with 126 "proot error: can't execute '/$name': File name too long" "$PROOT" -r "$GUEST" "/$name"
}

@test "a command name that is too long is not looked for, and not printed as a whole" {
	local name

	name=$(printf %0256d 0)
	fails_with 126 "proot error: can't execute '$name': File name too long" "$PROOT" -r "$GUEST" "$name"
	fails_with 127 "proot error: '${name:1}' not found (root = $GUEST, cwd = /, \$PATH=/bin)" \
		env PATH=/bin "$PROOT" -r "$GUEST" "${name:1}"
	for name in "$(printf %0130000d 0)" "/$(printf %0130000d 0)"; do
		run -126 --separate-stderr "$PROOT" -r "$GUEST" "$name"
		[ "${#stderr}" -lt 2100 ]
		[[ $(glibc_words <<<"$stderr") == "proot error: can't execute '"*"0...0"*"0': File name too long" ]]
	done
}

@test "a program for another CPU" {
	mkdir guest
	fake_elf 183 2 >guest/program
	chmod +x guest/program
	fails_with 126 "proot error: '/program' is a program for aarch64 and this machine is $(uname -m): that needs QEMU, -q qemu-aarch64 ($packages)" \
		"$PROOT" -q none -r guest /program
}

@test "a program of another byte order" {
	local row number class big name

	mkdir guest
	for row in "8 1 - mipsel" "8 1 big mips" "8 2 - mips64el" "21 2 - ppc64le" "21 2 big ppc64" "183 2 big aarch64_be"; do
		read -r number class big name <<<"$row"
		fake_elf "$number" "$class" "${big#-}" >guest/program
		chmod +x guest/program
		fails_with 126 "proot error: '/program' is a program for $name and this machine is $(uname -m): that needs QEMU, -q qemu-$name ($packages)" \
			"$PROOT" -q none -r guest /program
	done
}

@test "a program for a CPU nobody knows" {
	mkdir guest
	fake_elf 9999 2 >guest/program
	chmod +x guest/program
	fails_with 126 "proot error: '/program' is a program for an unknown CPU (ELF machine 9999) and this machine is $(uname -m)" \
		"$PROOT" -r guest /program
}

@test "a script whose interpreter is for another CPU" {
	mkdir guest
	fake_elf 243 2 >guest/program
	printf '#!/program\n' >guest/script
	chmod +x guest/program guest/script
	fails_with 126 "proot error: '/program' is a program for riscv64 and this machine is $(uname -m): that needs QEMU, -q qemu-riscv64 ($packages)" \
		"$PROOT" -q none -r guest /script
}

@test "a missing ELF interpreter" {
	local interpreter

	mkdir guest
	cp /usr/bin/env guest/program
	interpreter=$(grep -ao '/lib[^[:cntrl:]]*/ld-[^[:cntrl:]]*' guest/program | head -n 1)
	fails_with 127 "proot error: '/program' needs the ELF interpreter '$interpreter': No such file or directory" \
		"$PROOT" -r guest /program
}

@test "a missing script interpreter" {
	mkdir guest
	printf '#!/usr/bin/nope -x\n' >guest/script
	chmod +x guest/script
	fails_with 127 "proot error: '/script' needs the interpreter '/usr/bin/nope': No such file or directory" "$PROOT" -r guest /script
}

@test "a file that is no program" {
	mkdir guest
	printf 'x\0y' >guest/data
	chmod +x guest/data
	fails_with 126 "proot error: can't execute '/data': it is neither an ELF program nor a script with a #! line" "$PROOT" -r guest /data
}

@test "a missing binding is a warning" {
	run --separate-stderr inside -b /nowhere cat /etc/name
	show
	[ "$status" -eq 0 ]
	[ "$output" = "this is the guest" ]
	[ "$stderr" = "proot warning: can't bind '/nowhere': No such file or directory" ]
	run --separate-stderr env PROOT_IGNORE_MISSING_BINDINGS=1 "$PROOT" -r "$GUEST" -b /nowhere cat /etc/name
	[ "$status" -eq 0 ]
	[ -z "$stderr" ]
}

@test "a binding that is a loop of links is a warning" {
	ln -s loop loop
	run --separate-stderr inside -b "$PWD/loop" cat /etc/name
	show
	[ "$status" -eq 0 ]
	[ "$(glibc_words <<<"$stderr")" = "proot warning: can't bind '$PWD/loop': Too many levels of symbolic links" ]
}

@test "a binding below a file is a warning" {
	run --separate-stderr inside -b "$SHARED:/etc/name/below" cat /etc/name
	show
	[ "$status" -eq 0 ]
	[ "$output" = "this is the guest" ]
	[ "${#stderr_lines[@]}" -eq 1 ]
	[[ $stderr == "proot warning: "*"/etc/name"*"ot a directory" ]]
}

@test "a binding above a missing directory is a warning" {
	run --separate-stderr inside -b "$SHARED:/missing/.." cat /etc/name
	show
	[ "$output" = "this is the guest" ]
	[ "$stderr" = "proot warning: can't bind '$SHARED' at '/missing/..': No such file or directory" ]
}

@test "a binding with a name that is too long is a warning" {
	local name where

	name=$(printf %0256d 0)
	for where in "/$name" "/$name/x" "/x/$name" "/etc/$name"; do
		run --separate-stderr inside -b "$SHARED:$where" cat /etc/name
		show
		[ "$output" = "this is the guest" ]
		[[ $(glibc_words <<<"$stderr") == "proot warning: can't bind '$SHARED' at '"*"': File name too long" ]]
	done
	run --separate-stderr inside -b "$SHARED:/${name:1}" cat "/${name:1}/name"
	[ "$output" = "this is shared" ]
}

@test "a file bound to / is a warning" {
	run --separate-stderr inside -b "$SHARED/name:/" cat /etc/name
	show
	[ "$output" = "this is the guest" ]
	[ "$stderr" = "proot warning: can't bind '$SHARED/name' at '/': Not a directory" ]
}

@test "a missing initial directory is a warning, and / is taken" {
	run --separate-stderr inside -w /nowhere sh -c 'pwd; echo "$PWD"'
	show
	[ "$status" -eq 0 ]
	[ "$output" = $'/\n/' ]
	[ "$stderr" = "proot warning: can't start in '/nowhere': No such file or directory; starting in '/'" ]
	run --separate-stderr inside -w /etc/name pwd
	[ "$output" = / ]
	[ "$stderr" = "proot warning: can't start in '/etc/name': Not a directory; starting in '/'" ]
}

@test "an argument of 131071 characters passes, a longer one is refused as by the kernel" {
	run inside sh -c 'x=$(printf %0131071d 0); /bin/busybox printf %s "$x" | wc -c'
	show
	[ "$output" -eq 131071 ]
	run inside sh -c 'x=$(printf %0200000d 0); /bin/busybox echo "$x"'
	show
	[ "$status" -eq 126 ]
	[[ $output == *"rgument list too long"* ]]
}

@test "arguments that do not fit are refused in one line" {
	# Leave proot itself just enough, and not enough for what a "#!" line adds.
	mkdir guest
	cp /bin/busybox guest/
	printf '#!/busybox sh %s\n' "$(printf %0200d 0)" >guest/script
	chmod +x guest/script
	run /usr/bin/python3 - "$PROOT" <<-'END'
		import os, subprocess, sys, resource
		limit = 256 * 1024  # of the stack: a quarter of it is for argv and envp, 128 KiB at least
		resource.setrlimit(resource.RLIMIT_STACK, (limit, limit))
		for count in range(131000, 129000, -10):
		    try:
		        result = subprocess.run([sys.argv[1], "-r", "guest", "/script", "x" * (count - 70000), "y" * 70000],
		                                env={}, capture_output=True, text=True)
		    except OSError:
		        continue
		    print(result.returncode, result.stderr, end="")
		    break
	END
	show
	[ "${#lines[@]}" -eq 1 ]
	[[ $output == "126 proot error: can't execute '/script': arguments and environment are longer than the kernel takes" ]]
}

@test "a machine without /proc" {
	local without=(unshare -rm sh -c 'mount -t tmpfs none /proc && exec "$0" "$@"')

	"${without[@]}" true || skip "no namespaces to take /proc away in"
	fails_with 1 "proot error: /proc is not mounted on this machine, and guests can't run without it" \
		"${without[@]}" "$PROOT" -r "$GUEST" cat /etc/name
	run -0 "${without[@]}" "$PROOT" --version
}

@test "messages do not go where a closed stderr was" {
	run -127 bash -c '"$PROOT" -r "$GUEST" nope 2>&-'
	[ -z "$output" ]
}

@test "--help to a full device fails" {
	run bash -c '"$PROOT" --help >/dev/full'
	[ "$status" -eq 1 ]
}
