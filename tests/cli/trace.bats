#!/usr/bin/env bats
# --trace: a line for each call, in the guest's words.

load helper

setup() {
	SHARED=$BATS_FILE_TMPDIR/shared
	cd "$BATS_TEST_TMPDIR" || return 1
	make_guest guest
	mkdir guest/d
	ln -s d guest/link
	echo text >guest/d/file
}

# The trace without numbers of processes, and with any for descriptors.
calls() {
	sed -E 's/^\[pid [0-9]+\] //; s/^(open.*) = [0-9]+$/\1 = N/' "$1"
}

has_calls() {
	local line

	for line in "$@"; do
		calls trace | grep -qxF -- "$line" || { echo "no line: $line"; cat trace; return 1; }
	done
}

@test "what is asked, and what comes of it" {
	"$PROOT" -r guest -b "$SHARED:/s" --trace=trace /bin/sh -c '
		cd /link; cat file /s/name; mkdir made; mv made /d/moved; rmdir moved
		ln -s "a \"b\"" l; cat /none; : >new; rm -r l new
		exec /bin/true one "two words"' >out 2>&1
	has_calls 'chdir("/link") = 0' 'openat(AT_FDCWD, "file", O_RDONLY) = N' 'openat(AT_FDCWD, "/s/name", O_RDONLY) = N' \
		'mkdir("made", 0777) = 0' 'rename("made", "/d/moved") = 0' 'rmdir("moved") = 0' 'symlink("a \"b\"", "l") = 0' \
		'execve("/bin/true", ["/bin/true", "one", "two words"], ...) = 0'
	calls trace | grep -E '^open(at)?\((AT_FDCWD, )?"/none", .*\) = -1 ENOENT$'
	calls trace | grep -E '^open(at)?\((AT_FDCWD, )?"new", O_(WR|RD)(ONLY|WR)\|(.*\|)?O_CREAT(\|.*)?, 0666\) = N$'
	[ "$(calls trace | head -1 | cut -c -30)" = 'execve("/bin/sh", ["/bin/sh", ' ]
	! grep -F "$PWD" trace
	! grep -vE '^\[pid [0-9]+\] [a-z_0-9]+\(.*\) = -?[0-9]' trace
}

@test "to standard error; the command's status stays" {
	run -3 --separate-stderr "$PROOT" -r guest --trace /bin/sh -c 'echo out; exit 3'
	[ "$output" = out ]
	[[ $stderr == "[pid "*'] execve("/bin/sh", '* ]]
	grep -vE '^\[pid [0-9]+\] ' <<<"$stderr" && return 1
	run -3 --separate-stderr "$PROOT" -r guest -v 1 --trace=trace /bin/sh -c 'exit 3'
	[[ $stderr == "proot info: root = "* && $stderr != *execve* ]]
	grep -qF 'execve("/bin/sh"' trace
}

@test "what is refused is told, and counted at the end" {
	"$PROOT" --trace=trace perl -e 'my $t = "ext4"; syscall 430, $t, 0; syscall 163, 0; syscall 163, 0; syscall 9999, 1; exit 0'
	has_calls 'fsopen("ext4", 0) = -1 ENOSYS (refused by proot)' 'acct(NULL) = -1 EPERM (refused by proot)'
	grep -E 'syscall_9999\(0x1, .*\) = -1 ENOSYS \(not known to proot\)$' trace
	[ "$(tail -3 trace)" = 'acct was refused, 2 times
fsopen was refused, 1 times
system call 511 or higher is not known to proot: ENOSYS, 1 times' ]
	"$PROOT" -r guest --trace=trace /bin/true
	tail -1 trace | grep -E '^\[pid '
	# Without it they get the same.
	run "$PROOT" perl -e 'print syscall(163, 0), " ", $! + 0, " "; print syscall(9999, 1), " ", $! + 0'
	[ "$output" = "-1 1 -1 38" ]
	run "$PROOT" --trace=trace perl -e 'print syscall(163, 0), " ", $! + 0, " "; print syscall(9999, 1), " ", $! + 0'
	[ "$output" = "-1 1 -1 38" ]
}

@test "also of programs that close all descriptors" {
	"$PROOT" --trace=trace perl -e 'syscall 436, 3, 0xffffffff, 0; -e "/after"; exec "/bin/true"'
	grep -F '"/after", ' trace
	grep -F 'execve("/bin/true", ["/bin/true"], ...) = 0' trace
}

@test "what can't be written, and what is another's" {
	run -125 --separate-stderr "$PROOT" --trace=/none/file true
	[[ $stderr == "proot error: option '--trace': can't write to '/none/file': No such file or directory" ]]
	echo old >trace
	"$PROOT" -r guest --trace=trace /bin/true
	! grep old trace
}
