#!/usr/bin/env bats
# proot inside proot: what an option of the inner one names is what the outer one shows, and one agent serves both.
# Alone: it looks at what guests of this machine have left of mounts.

load helper

# The outer proot: GUEST with the machine's directories beside it, so that an inner command has what it needs.
outer() {
	"$PROOT" -b "$GUEST:/mnt/guest" "$@"
}

teardown() {
	rm -rf "${PLACE:-}"
}

setup() {
	SHARED=$BATS_FILE_TMPDIR/shared
	cd "$BATS_TEST_TMPDIR" || return 1
	mkdir data .run && echo "this is data" >data/name
}


@test "a root, and what the outer one has bound in it" {
	run outer -b data:/mnt/guest/home -b data:/mnt/guest/made/here "$PROOT" -r /mnt/guest \
		sh -c 'cat /etc/name /home/name /made/here/name; ls /; pwd; ls /made'
	show
	[ "$status" -eq 0 ]
	[ "$output" = "$(printf '%s\n' "this is the guest" "this is data" "this is data" bin etc home made root tmp usr / here)" ]
}

@test "bindings of the inner one lie over those of the outer one" {
	run outer -b data:/mnt/guest/home -b data:/inside "$PROOT" -r /mnt/guest -b "$SHARED:/home" -b /inside:/over/there \
		sh -c 'cat /home/name /over/there/name; [ -e /inside ] || echo no'
	show
	[ "$output" = $'this is shared\nthis is data\nno' ]
}

@test "a binding over a link, as the outer guest sees it" {
	ln -s /mnt/guest/etc link
	run outer -b data:/mnt/guest/home "$PROOT" -b link:/bound -r / sh -c "cat /bound/name $PWD/link/name"
	[ "$output" = $'this is the guest\nthis is the guest' ]
	run outer "$PROOT" -r /mnt/guest -b "$PWD/data:/bin/../tmp" cat /tmp/name
	[ "$output" = "this is data" ]
}

@test "three deep, with a root in a root" {
	mkdir -p "$GUEST/root/deep"
	cp -a "$GUEST/bin" "$GUEST/root/deep/"
	run outer -b data:/mnt/guest/root/deep/data "$PROOT" -r /mnt/guest -b "$PROOT:/proot" -b /lib -b /lib64 -b /usr/lib \
		/proot -r /root/deep -b /etc/name:/name sh -c 'cat /name /data/name; ls /'
	rm -r "$GUEST/root/deep"
	show
	[ "$output" = "$(printf '%s\n' "this is the guest" "this is data" bin data name)" ]
}

@test "the host outside the outer root can't be reached" {
	run outer "$PROOT" -r /mnt/guest sh -c 'cat /../../etc/name; cd /; ls ../../.. | head -1; cat /mnt/guest/etc/name'
	[ "${lines[0]}" = "this is the guest" ]
	[ "${lines[1]}" = bin ]
	[ "$status" -ne 0 ]
	run "$PROOT" -r "$GUEST" -b "$PROOT:/proot" -b /lib -b /lib64 -b /usr/lib /proot -b /etc/name:/copy \
		sh -c "cat /copy; [ -e '$BATS_TEST_TMPDIR' ] || echo hidden"
	[ "$output" = $'this is the guest\nhidden' ]
	run "$PROOT" -r "$GUEST" -b "$PROOT:/proot" -b /lib -b /lib64 -b /usr/lib /proot -b "$BATS_TEST_TMPDIR:/copy" true
	[[ "$output" == *"can't bind '$BATS_TEST_TMPDIR'"* ]]
}

@test "no /proc in the outer guest" {
	run inside -b "$PROOT:/proot" -b /lib -b /lib64 -b /usr/lib /proot -w /etc sh -c 'pwd; ls /proc'
	show
	[ "${lines[0]}" = /etc ]
}

@test "a current directory, and one that exists only for a binding" {
	run outer -b data:/made/here "$PROOT" -w /made sh -c 'pwd; ls; cd here; cat name; pwd -P; cd ..; ls'
	show
	[ "$output" = $'/made\nhere\nthis is data\n/made/here\nhere' ]
	run outer "$PROOT" -w /mnt/guest/etc cat name
	[ "$output" = "this is the guest" ]
}

@test "a root of a process that chroot(2) has changed" {
	run "$PROOT" -0 -r "$GUEST" -b "$PROOT:/home/proot" -b /lib:/home/lib -b /lib64:/home/lib64 -b /usr/lib:/home/usr/lib \
		-b "$GUEST/bin:/home/bin" -b data:/home/data chroot /home /proot -b /data:/bound sh -c 'ls /; cat /bound/name'
	show
	[ "$output" = "$(printf '%s\n' bin bound data lib lib64 proot usr "this is data")" ]
}

@test "who one is" {
	run "$PROOT" -0 "$PROOT" id -u
	[ "$output" = 0 ]
	run "$PROOT" -0 "$PROOT" -i 1000:1001 sh -c 'id -u; id -g; sh -c "grep ^Uid /proc/self/status"'
	[ "$output" = $'1000\n1001\nUid:\t1000\t1000\t1000\t1000' ]
	run "$PROOT" "$PROOT" -0 "$PROOT" id -u
	[ "$output" = 0 ]
	run "$PROOT" -i 7:8 "$PROOT" "$PROOT" sh -c 'id -u; id -g'
	[ "$output" = $'7\n8' ]
	run "$PROOT" -i 7:8 "$PROOT" -0 "$PROOT" sh -c 'id -u; touch file; stat -c %u:%g file'
	[ "$output" = $'0\n0:0' ]
}

@test "owners are kept where one proot keeps them" {
	local as=() PROOT=$PROOT

	# Where bats works as root nobody else may look in.
	PLACE=$(mktemp -d) && chmod 777 "$PLACE" && cp "$PROOT" "$PLACE/proot" && PROOT=$PLACE/proot && cd "$PLACE"
	! is_root || as=(setpriv --reuid 12345 --regid 12345 --clear-groups)
	run "${as[@]}" "$PROOT" -0 "$PROOT" sh -c 'touch file; chown 5:6 file; mknod device c 1 3; stat -c %u:%g file'
	show
	[ "$output" = 5:6 ]
	run "${as[@]}" "$PROOT" -0 "$PROOT" -0 "$PROOT" stat -c '%u:%g %F' file device
	[ "$output" = $'5:6 regular empty file\n0:0 character special file' ]
	run "${as[@]}" "$PROOT" -0 stat -c '%u:%g %F' file device
	[ "$output" = $'5:6 regular empty file\n0:0 character special file' ]
}

@test "the kernel's release: the inner one that is given" {
	run "$PROOT" -k 3.4.5 "$PROOT" uname -r
	[ "$output" = 3.4.5 ]
	run "$PROOT" -k 3.4.5 "$PROOT" -k 4.5.6 "$PROOT" cat /proc/sys/kernel/osrelease
	[ "$output" = 4.5.6 ]
	run "$PROOT" -k '\A\B\C\D\E\F\-1\' "$PROOT" -k 4.5.6 uname -nr
	[ "$output" = "B 4.5.6" ]
	run "$PROOT" -0 --hostname one bash -ec 'hostname; hostname two; "$PROOT" hostname; "$PROOT" --hostname three "$PROOT" bash -c \
		"hostname; hostname four; hostname"; hostname'
	[ "$output" = $'one\ntwo\nthree\nfour\nfour' ]
}

@test "ports: what is outside the inner one is inside the outer one" {
	local port=$((20000 + RANDOM % 10000)) other

	other=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)/build/tests/proot-other
	cat >server.py <<'END'
import socket
server = socket.create_server(("127.0.0.1", 8080))
server.settimeout(10)
server.accept()[0].sendall(b"hello from %d" % server.getsockname()[1])
END
	for inner in "$PROOT" "$other"; do
		"$PROOT" -p "1234:$port" "$inner" -p 8080:1234 python3 server.py 3>&- &
		PID=$!
		eventually greets "$port"
		wait "$PID"
		PID=
	done
}

greets() {
	[ "$( (exec 4<>"/dev/tcp/127.0.0.1/$1" && cat <&4) 2>/dev/null)" = "hello from 8080" ]
}

@test "mounts of the inner one are its own, and it begins with the outer one's" {
	run "$PROOT" -0 -b "$PWD/.run:/run/mount" bash -ec 'mkdir a b c; echo a >a/name; mount --bind a b
		"$PROOT" bash -ec "cat b/name; mount --bind a c; cat c/name; umount b; [ ! -e b/name ]"
		cat b/name; [ ! -e c/name ] && echo own'
	show
	[ "$output" = $'a\na\na\nown' ]
}

@test "a tmpfs of the outer one outlives the inner one's umount, and nothing is left behind" {
	local left=/dev/shm/.proot-mount-*

	run "$PROOT" -0 -b "$PWD/.run:/run/mount" bash -ec 'mkdir a b; mount -t tmpfs none a; echo a >a/name
		"$PROOT" bash -ec "cat a/name; umount a; mount -t tmpfs none b; echo b >b/name"; cat a/name; ls b'
	show
	[ "$output" = $'a\na' ]
	! ls -d $left 2>/dev/null
}

@test "a tmpfs of an inner one, where nobody outside may mount" {
	run "$PROOT" "$PROOT" -0 -b "$PWD/.run:/run/mount" bash -c 'mkdir a; mount -t tmpfs none a; mkdir -p a/b/c; chmod 0 a/b; ls a'
	show
	[ "$output" = b ]
	! ls -d /dev/shm/.proot-mount-* 2>/dev/null
}

@test "links of /proc and mounts of the inner guest" {
	run outer "$PROOT" -r /mnt/guest -b /proc -b "$PWD/data:/home" sh -c 'for i in exe cwd root; do readlink /proc/self/$i; done
		cut -d" " -f2 /proc/mounts | grep -v "^/proc/."'
	show
	[ "$output" = "$(printf '%s\n' /bin/busybox / / / /home /proc)" ]
}

@test "the emulator of the outer one, or one that the outer guest has" {
	mkdir -p outer/{opt,bin,guest}
	cp /bin/busybox outer/opt/echo && cp /bin/busybox outer/bin/busybox && ln -s busybox outer/bin/sh
	cp -a "$GUEST/bin" outer/guest/
	fake_elf 183 2 >outer/guest/program && chmod +x outer/guest/program
	local tools=(-b "$PROOT:/proot" -b /lib -b /lib64 -b /usr/lib)

	run "$PROOT" -r outer "${tools[@]}" /proot -r /guest -q /opt/echo /program one
	show
	[ "$output" = "-U LD_LIBRARY_PATH -0 /program /program one" ]
	run "$PROOT" -r outer "${tools[@]}" /proot -r /guest -q /opt/echo sh -c '/program two; ls /host-rootfs/'
	show
	[ "$output" = "$(printf '%s\n' "-U LD_LIBRARY_PATH -0 /program /program two" bin guest lib lib64 opt proot usr)" ]
	run "$PROOT" -r outer "${tools[@]}" -q "$PWD/outer/opt/echo" /proot -r /guest sh -c '/program three'
	show
	[ "$output" = "-U LD_LIBRARY_PATH -0 /program /program three" ]
	run -126 "$PROOT" -r outer "${tools[@]}" -q "$PWD/outer/opt/echo" /proot -r /guest -q none /program
}

@test "a guest of the inner one, seen from outside" {
	local seconds

	seconds=$(unique_seconds)
	run outer -0 "$PROOT" -0 sh -c '"$1" -r /mnt/guest -b /dev sleep "$2" &
		until pid=$(pgrep -xf "sleep $2"); do sleep 0.05; done
		until [ "$(readlink "/proc/$pid/exe")" != "" ]; do sleep 0.05; done
		for i in exe root cwd; do readlink "/proc/$pid/$i"; done; stat -Lc %i "/proc/$pid/exe" /mnt/guest/bin/busybox | uniq | wc -l
		grep ^Uid "/proc/$pid/status"; kill "$pid"; wait' - "$PROOT" "$seconds"
	show
	[ "$output" = "$(printf '%s\n' /mnt/guest/bin/busybox /mnt/guest /mnt/guest 1)"$'\nUid:\t0\t0\t0\t0' ]
	no_sleepers "$seconds"
}

@test "exit status, signals, --kill-on-exit" {
	local seconds

	seconds=$(unique_seconds)
	run "$PROOT" "$PROOT" sh -c 'exit 7'
	[ "$status" -eq 7 ]
	run "$PROOT" "$PROOT" sh -c 'kill -TERM $$'
	[ "$status" -eq 143 ]
	run -127 "$PROOT" "$PROOT" /does/not/exist
	run "$PROOT" "$PROOT" --kill-on-exit sh -c "sleep $seconds & exit 3"
	[ "$status" -eq 3 ]
	no_sleepers "$seconds"
	run "$PROOT" --kill-on-exit "$PROOT" sh -c "sleep $seconds >/dev/null 2>&1 & exit 4"
	[ "$status" -eq 4 ]
	no_sleepers "$seconds"
}

@test "an inner proot of another build" {
	local other

	other=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)/build/tests/proot-other
	run outer -k 3.4.5 -b data:/mnt/guest/home -b data:/mnt/guest/made/here "$other" -r /mnt/guest -b "$PWD/data:/tmp" \
		sh -c 'uname -r; cat /etc/name /home/name /made/here/name /tmp/name; ls /'
	show
	[ "$output" = "$(printf '%s\n' 3.4.5 "this is the guest" "this is data" "this is data" "this is data" bin etc home made root tmp usr)" ]
	run "$other" -0 "$PROOT" "$other" "$PROOT" -i 5:6 sh -c 'id -u; id -g'
	[ "$output" = $'5\n6' ]
	run "$PROOT" -0 bash -c 'hostname two; "$1" hostname; "$1" id -u; "$1" grep ^Seccomp /proc/self/status' - "$other"
	[ "$output" = $'two\n0\nSeccomp:\t0\nSeccomp_filters:\t0' ]
	run "$PROOT" -0 -b "$PWD/.run:/run/mount" "$other" bash -c 'mkdir m; mount -t tmpfs none m && echo in >m/name; cat m/name'
	[ "$output" = in ]
	[ -z "$(ls -d /dev/shm/.proot-mount-* 2>/dev/null)" ]
}

# What stands for PRoot is a tracer of that name.
@test "in a PRoot that traces" {
	cat >tracer.py <<'END'
import ctypes, os, sys
libc = ctypes.CDLL(None)
open("/proc/self/comm", "w").write("proot")
child = os.fork()
if not child:
    libc.ptrace(0, 0, 0, 0)
    os.kill(os.getpid(), 19)
    os.execvp(sys.argv[1], sys.argv[1:])
while True:
    pid, status = os.waitpid(-1, 0)
    if os.WIFEXITED(status):
        sys.exit(os.WEXITSTATUS(status))
    libc.ptrace(7, pid, 0, 0)
END
	run -125 python3 tracer.py "$PROOT" true
	show
	[[ $output == "proot error: this is a guest of another PRoot, process "*", which traces it by ptrace(2): no other proot can run in there" ]]
	sed -i 's/"proot"/"debug"/' tracer.py
	run -0 python3 tracer.py "$PROOT" true
}

@test "what is asked of an agent is no secret, and of no use to who is none of ours" {
	run "$PROOT" python3 -c 'import ctypes, os; libc = ctypes.CDLL(None, use_errno=True)
for question in (0, 7, 9):
    print(libc.syscall(0x50524f4f, 0x6e657374, question, 1, 0), os.strerror(ctypes.get_errno()))
print(libc.syscall(0x50524f4f, 1, 0, 0, 0), os.strerror(ctypes.get_errno()))'
	show
	[ "$output" = "$(printf -- '-1 %s\n' "Protocol error" "Function not implemented" "Function not implemented" "Function not implemented")" ]
}
