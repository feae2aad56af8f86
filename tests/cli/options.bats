#!/usr/bin/env bats
# Every spelling of every option, by its effect; both grammars; --help.

load helper

name_is_guest() {
	show
	[ "$status" -eq 0 ]
	[ "$output" = "this is the guest" ]
}

name_is_shared() {
	show
	[ "$status" -eq 0 ]
	[ "$output" = "this is shared" ]
}

@test "-r PATH" {
	run "$PROOT" -r "$GUEST" cat /etc/name
	name_is_guest
}

@test "-rPATH" {
	run "$PROOT" "-r$GUEST" cat /etc/name
	name_is_guest
}

@test "--rootfs PATH" {
	run "$PROOT" --rootfs "$GUEST" cat /etc/name
	name_is_guest
}

@test "--rootfs=PATH" {
	run "$PROOT" --rootfs="$GUEST" cat /etc/name
	name_is_guest
}

@test "a relative rootfs" {
	cd "$GUEST/.."
	run "$PROOT" -r guest cat /etc/name
	name_is_guest
}

@test "a rootfs through a symbolic link" {
	ln -s "$GUEST" link
	run "$PROOT" -r link cat /etc/name
	name_is_guest
}

@test "rootfs as first operand (1.8.4)" {
	run "$PROOT" -b "$SHARED:/shared" "$GUEST" cat /etc/name
	name_is_guest
}

@test "rootfs -- command" {
	run "$PROOT" "$GUEST" -- cat /etc/name
	name_is_guest
}

@test "-- rootfs command" {
	run "$PROOT" -- "$GUEST" cat /etc/name
	name_is_guest
}

@test "-r PATH -- command" {
	run "$PROOT" -r "$GUEST" -- cat /etc/name
	name_is_guest
}

@test "without a rootfs the root is the host's" {
	run "$PROOT" cat "$GUEST/etc/name"
	name_is_guest
}

@test "options behind the command are the command's" {
	run "$PROOT" -r "$GUEST" echo -r x --help -- -v
	prints "-r x --help -- -v"
}

@test "the default command is a login shell" {
	run "$PROOT" -r "$GUEST" <<<'echo "$0 $PWD"'
	prints "-sh /"
}

@test "the default command with the rootfs as operand" {
	run "$PROOT" "$GUEST" <<<'echo "$0"'
	prints "-sh"
}

@test "-b HOST:GUEST in every spelling" {
	local words

	for words in "-b $SHARED:/s" "-b$SHARED:/s" "--bind $SHARED:/s" "--bind=$SHARED:/s" \
		"-m $SHARED:/s" "-m$SHARED:/s" "--mount $SHARED:/s" "--mount=$SHARED:/s"; do
		run inside $words cat /s/name
		name_is_shared
	done
}

@test "-b HOST shows it at the same path" {
	run inside -b "$SHARED" cat "$SHARED/name"
	name_is_shared
}

@test "-b of a file" {
	run inside -b "$SHARED/name:/etc/name" cat /etc/name
	name_is_shared
}

@test "-b \$VARIABLE" {
	export SOMEWHERE=$SHARED
	run inside -b '$SOMEWHERE/name:/etc/name' cat /etc/name
	name_is_shared
	run inside -b '$SOMEWHERE' cat "$SHARED/name"
	name_is_shared
}

@test "-w PATH in every spelling, with \$PWD" {
	local words

	for words in "-w /etc" "-w/etc" "--pwd /etc" "--pwd=/etc" "--cwd /etc" "--cwd=/etc"; do
		run inside $words sh -c '/bin/pwd; echo "$PWD"; cat name'
		prints $'/etc\n/etc\nthis is the guest'
	done
}

@test "-W shows the current directory and starts there" {
	echo here >file
	run inside -W sh -c 'pwd; cat file'
	prints "$BATS_TEST_TMPDIR"$'\nhere'
}

@test "-B and -M show the host's files" {
	local option

	for option in -B -M; do
		run inside $option sh -c 'cat /etc/passwd && ls -d /proc/self/fd /dev/null /tmp /sys'
		show
		[ "$status" -eq 0 ]
		[[ $output == "$(cat /etc/passwd)"*"/dev/null"*"/tmp" ]]
	done
}

@test "-B shows \$HOME and is silent about what is missing" {
	mkdir home
	echo mine >home/file
	HOME=$PWD/home
	run --separate-stderr inside -B cat "$PWD/home/file"
	prints mine
	[ -z "$stderr" ]
	HOME=/nowhere/at/all
	run --separate-stderr inside -B echo fine
	prints fine
	[ -z "$stderr" ]
}

@test "-R PATH" {
	run --separate-stderr "$PROOT" -R "$GUEST" sh -c "cat /etc/name '$GUEST/etc/name'; ls -d /proc/self/fd /run"
	prints $'this is the guest\nthis is the guest\n/proc/self/fd\n/run'
	[ -z "$stderr" ]
	run "$PROOT" "-R$GUEST" cat /etc/name
	name_is_guest
}

@test "-v shows the configuration, to stderr" {
	PROOT_NO_PATCH='' run --separate-stderr inside -v -b "$SHARED:/s" -w /etc cat name
	name_is_guest
	[[ $stderr == *"proot info: root = $GUEST"* ]]
	[[ $stderr == *"proot info: binding = $SHARED:/s"* ]]
	[[ $stderr == *"proot info: cwd = /etc"* ]]
	[[ $stderr == *"proot info: command = "*"/bin/cat"* ]]
	[[ $stderr == *"no-patch = no"*"allow-unknown-syscalls = no"*"kill-on-exit = no"* ]]
	run --separate-stderr inside -v -u --no-patch --kill-on-exit --engine=sigsys cat /etc/name
	[[ $stderr == *"engine = sigsys"*"no-patch = yes"*"allow-unknown-syscalls = yes"*"kill-on-exit = yes"* ]]
}

@test "a PROOT_VERBOSE that is no number is a warning" {
	run --separate-stderr env PROOT_VERBOSE=abc "$PROOT" -r "$GUEST" cat /etc/name
	name_is_guest
	[ "$stderr" = "proot warning: PROOT_VERBOSE: 'abc' is not a number" ]
	run --separate-stderr env PROOT_VERBOSE=abc "$PROOT" -v -1 -r "$GUEST" cat /etc/name
	name_is_guest
	[ -z "$stderr" ]
}

@test "-v N, -vN, --verbose=N, --verbose, PROOT_VERBOSE" {
	local words

	for words in "-v 1" -v1 --verbose=1 --verbose "--verbose 1"; do
		run --separate-stderr inside $words cat /etc/name
		name_is_guest
		[[ $stderr == *"proot info: root = "* ]]
	done
	export PROOT_VERBOSE=1
	run --separate-stderr inside cat /etc/name
	name_is_guest
	[[ $stderr == *"proot info: root = "* ]]
}

@test "-v -1 silences warnings" {
	run --separate-stderr inside -v -1 -b /nowhere cat /etc/name
	name_is_guest
	[ -z "$stderr" ]
}

@test "-v 3 prints a line for each trapped call without disturbing the guest" {
	run --separate-stderr inside -v 3 cat /etc/name
	name_is_guest
	[[ $stderr == *open*"/etc/name"*"$GUEST/etc/name"* ]]
}

# A guest of its own, whose calls are logged: what the log says, without numbers of processes, in LOG.
logged() {
	cp -a "$GUEST" guest
	mkdir -p guest/d/e
	echo text >guest/d/file
	ln -s d/file guest/link
	HOST=$PWD/guest
	"$PROOT" "$@" -r guest -b "$SHARED:/missing/place" /bin/sh -c '
		cat /link /missing/place/name
		cd d
		cat file ./e/../file
		ls -d /missing nowhere/x /nowhere/x /missing/place/no/x
		mv file /d/e/
		mkdir /d/made
		unlink /nowhere/x
		:' 2>log >out
	LOG=$(sed -n 's/^proot info: pid [0-9]*: //p' log)
}

tells() {
	local line

	for line in "$@"; do
		grep -qxF -- "$line" <<<"$LOG" || { echo "no line: $line"; echo "$LOG"; return 1; }
	done
}

@test "-v 2 tells of each path where it leads on the host" {
	logged -v 2
	tells "openat \"/link\" -> \"$HOST/d/file\"" "openat \"/missing/place/name\" -> \"$SHARED/name\"" \
		"chdir \"/d\" -> \"$HOST/d\"" "openat \"file\" -> \"$HOST/d/file\"" \
		"openat \"./e/../file\" -> \"$HOST/d/file\"" "newfstatat \"/missing\" -> \"(virtual)\"" \
		"rename \"file\" -> \"$HOST/d/file\" \"/d/e/file\" -> \"$HOST/d/e/file\"" \
		"mkdir \"/d/made\" -> \"$HOST/d/made\"" "execve \"/bin/cat\" -> \"$HOST/bin/busybox\""
	[ -z "$(grep -F -e /proc/thread-self/fd -e ' = ' <<<"$LOG")" ]
}

@test "-v 2 tells of a path that leads nowhere how far it was looked up" {
	logged -v 2
	tells "newfstatat \"/nowhere/x\" -> \"$HOST/nowhere/x\"" "newfstatat \"nowhere/x\" -> \"$HOST/d/nowhere/x\"" \
		"newfstatat \"/missing/place/no/x\" -> \"$SHARED/no\""
	grep -q "^unlink \"/nowhere/x\" -> \"$HOST/nowhere" <<<"$LOG"
}

@test "-v 3 tells arguments and results, and execve before it succeeds" {
	logged -v 3
	grep -qE "^openat\(0x[0-9a-f]+(, 0x[0-9a-f]+){5}\) \"file\" -> \"$HOST/d/file\" = [0-9]+$" <<<"$LOG"
	grep -qE "^newfstatat\(.*\) \"/nowhere/x\" -> \"$HOST/nowhere/x\" = ENOENT$" <<<"$LOG"
	grep -qE "^execve\(.*\) \"/bin/cat\" -> \"$HOST/bin/busybox\"$" <<<"$LOG"
	grep -qE "^rt_sigaction\(.*\) = 0$" <<<"$LOG"
}

@test "options without effect on a plain command" {
	local words

	for words in -u --allow-unknown-syscalls --no-patch --engine=auto --engine=sigsys "--engine auto" --kill-on-exit; do
		run --separate-stderr inside $words cat /etc/name
		name_is_guest
		[ -z "$stderr" ]
	done
}

@test "what Termux's PRoot has to be asked for is always so" {
	ln -s /etc/name link
	run --separate-stderr inside -H -L --ashmem-memfd --sysvipc -b "$PWD:/here" sh -c 'readlink /here/link; stat -c %s /here/link'
	prints $'/etc/name\n9'
	[ -z "$stderr" ]
}

@test "--help, -h, --usage: stdout, status 0, the words callers grep for" {
	local option

	for option in --help -h --usage; do
		run --separate-stderr "$PROOT" "$option"
		[ "$status" -eq 0 ]
		[ -z "$stderr" ]
		[[ $output == usage:* ]]
		grep -qE '(^|[ ,=[])--kill-on-exit([ ,=[]|$)' <<<"$output"
	done
}

@test "--help has every option that is accepted, and none that is not" {
	local name options=$BATS_TEST_DIRNAME/../../src/cli/options.def

	run "$PROOT" --help
	for name in $(sed -n 's/^OPTION([^,]*, "\([^"]*\)".*/\1/p' "$options"); do
		grep -qE -- "(^|[ ,])$name([ ,=[]|\$)" <<<"$output" || { echo "missing: $name"; return 1; }
	done
	for name in $(sed -n 's/^LATER("\([^"]*\)".*/\1/p' "$options"); do
		! grep -qE -- "(^|[ ,])$name([ ,=[]|\$)" <<<"$output" || { echo "too early: $name"; return 1; }
	done
}

@test "--version, -V, --about" {
	local option

	for option in --version -V --about; do
		run --separate-stderr "$PROOT" "$option"
		[ "$status" -eq 0 ]
		[ -z "$stderr" ]
		[[ $output == "proot "* ]]
	done
}

@test "PROOT_NO_SECCOMP, PROOT_LOADER and the like have no effect" {
	export PROOT_NO_SECCOMP=1 PROOT_LOADER=/x PROOT_LOADER_32=/x PROOT_ASSUME_NEW_SECCOMP=1
	export PROOT_DONT_POLLUTE_ROOTFS=1 PROOT_FORCE_FOREIGN_BINARY=1 PROOT_TMP_DIR=$BATS_TEST_TMPDIR
	run --separate-stderr inside cat /etc/name
	name_is_guest
	[ -z "$stderr" ]
}

@test "the environment passes through, and nothing is added to it" {
	env -i PATH=/bin PWD=/etc A=b /bin/busybox env | sort >native
	run env -i PATH=/bin PWD=/etc A=b "$PROOT" -r "$GUEST" -w /etc env
	show
	[ "$status" -eq 0 ]
	[ "$(sort <<<"$output")" = "$(cat native)" ]
}
