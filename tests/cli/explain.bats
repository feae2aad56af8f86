#!/usr/bin/env bats
# --explain: every step of a path, and that it ends where the guest's calls do.

load helper

setup() {
	SHARED=$BATS_FILE_TMPDIR/shared
	cd "$BATS_TEST_TMPDIR" || return 1
	make_guest guest
	mkdir -p guest/a/b data/sub
	echo text >guest/a/file
	echo text >data/sub/file
	ln -s a/b guest/relative
	ln -s /relative/../file guest/absolute
	ln -s loop guest/loop
	ln -s nowhere guest/dangling
	mkfifo guest/fifo
	HERE=$PWD
}

explains() {
	local expected_status=$1 text=$2

	shift 2
	run --separate-stderr "$PROOT" -r guest "$@"
	show
	[ "$status" -eq "$expected_status" ]
	[ "$output" = "$text" ]
	[ -z "$stderr" ]
}

@test "names, links and .." {
	explains 0 "root       / -> $HERE/guest
link       /absolute -> $HERE/guest/absolute, a link to '/relative/../file'
link       /relative -> $HERE/guest/relative, a link to 'a/b'
directory  /a -> $HERE/guest/a
directory  /a/b -> $HERE/guest/a/b
..         /a -> $HERE/guest/a
file       /a/file -> $HERE/guest/a/file
'/absolute' is '$HERE/guest/a/file' of the host, a file" --explain /absolute
	explains 0 "cwd        /a -> $HERE/guest/a
..         / -> $HERE/guest
..         / -> $HERE/guest
fifo       /fifo -> $HERE/guest/fifo
'../../fifo' is '$HERE/guest/fifo' of the host, a fifo" --explain ../../fifo -w /a
}

@test "bindings, and directories that are there because of them" {
	explains 0 "root       / -> $HERE/guest
virtual    /x -> (nothing)
binding    /x/y -> $HERE/data
directory  /x/y/sub -> $HERE/data/sub
file       /x/y/sub/file -> $HERE/data/sub/file
'/x/y/sub/file' is '$HERE/data/sub/file' of the host, a file" -b data:/x/y --explain /x/y/sub/file
	explains 0 "root       / -> $HERE/guest
virtual    /x -> (nothing)
'/x' is a directory that is there because something is bound below it" --explain=/x -b data:/x/y ls
	explains 0 "root       / -> $HERE/guest
virtual    /x -> (nothing)
binding    /x/y -> $HERE/data (read-only)
directory  /x/y/sub -> $HERE/data/sub (read-only)
'/x/y/sub' is '$HERE/data/sub' of the host, a directory" -b data:/x/y:ro --explain /x/y/sub
	explains 0 "root       / -> $HERE/guest
binding    /proc -> /proc
link       /proc/self -> /proc/self, another for each process: the kernel follows it
file       /proc/self/comm -> /proc/self/comm
'/proc/self/comm' is '/proc/self/comm' of the host, a file" --explain /proc/self/comm -b /proc
}

@test "what leads to nothing" {
	explains 1 "root       / -> $HERE/guest
missing    /none -> $HERE/guest/none
'/none/x' leads to nothing: No such file or directory" --explain /none/x
	explains 1 "root       / -> $HERE/guest
link       /dangling -> $HERE/guest/dangling, a link to 'nowhere'
missing    /nowhere -> $HERE/guest/nowhere
'/dangling' leads to nothing: No such file or directory" --explain /dangling
	explains 1 "root       / -> $HERE/guest
directory  /a -> $HERE/guest/a
file       /a/file -> $HERE/guest/a/file
missing    /a/file/x -> $HERE/guest/a/file/x
'/a/file/x' leads to nothing: Not a directory" --explain /a/file/x
	run -1 "$PROOT" -r guest --explain /loop
	[ "${#lines[@]}" -eq 42 ]
	grep -E "^'/loop' leads to nothing: (Too many levels of symbolic links|Symbolic link loop)$" <<<"${lines[41]}"
	run -1 "$PROOT" -r guest --explain /a/file/
	[[ ${lines[-1]} == "'/a/file/' leads to nothing: Not a directory" ]]
	run -1 "$PROOT" --explain ""
	[[ $output == "proot error: option '--explain' has an empty value: it needs PATH"* ]]
	is_root || { mkdir -m 0 guest/closed; run -1 "$PROOT" -r guest --explain /closed/x; [[ $output == *"denied "*": Permission denied" ]]; }
}

@test "it ends where the guest's calls end" {
	local options=(-b data:/x/y -b "data/sub/file:/a/b/c" -b "$HERE:/here" -w /a) path host

	for path in / . .. /a b b/.. file /relative /absolute /x/y /x/y/.. /x/y/sub/file /a/b/c b/c /relative/c /here/guest/a \
		/here/data/sub/../../guest/relative /here/guest/absolute /fifo /x/y/sub/; do
		run -0 "$PROOT" -r guest "${options[@]}" --explain "$path"
		host=$(sed -n "\$s/.* is '\(.*\)' of the host, .*/\1/p" <<<"$output")
		[ -n "$host" ] || [[ $path == /x/y/.. ]]
		[ -z "$host" ] || [ "$(stat -c %d:%i "$host")" = "$("$PROOT" -r guest "${options[@]}" stat -L -c %d:%i "$path")" ]
	done
}

@test "as another user of the guest" {
	mkdir -p guest/etc
	echo "root:x:0:0::/root:/bin/sh" >guest/etc/passwd
	run -0 "$PROOT" -r guest --user root --explain /a
	show
	[ "${lines[-1]}" = "'/a' is '$HERE/guest/a' of the host, a directory" ]
}
