#!/usr/bin/env bats
# proot in what confines it, and what confines inside proot: containers' filters, namespaces, odd /proc.

load helper

SANDBOX=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)/build/tests/sandbox

needs_namespaces() {
	unshare -rm true 2>/dev/null || skip "this machine gives no namespaces"
}

@test "under a container's seccomp filter" {
	run inside sh -c 'cat /etc/name; mkdir /tmp/x && mv /tmp/x /tmp/y && rmdir /tmp/y; (cd /etc; ls); sh -c "exit 3"'
	show
	local expected=$output
	run "$SANDBOX" "$PROOT" -r "$GUEST" sh -c \
		'cat /etc/name; mkdir /tmp/x && mv /tmp/x /tmp/y && rmdir /tmp/y; (cd /etc; ls); sh -c "exit 3"'
	show
	[ "$status" -eq 3 ]
	[ "$output" = "$expected" ]
	run "$SANDBOX" "$PROOT" "$PROOT" -0 bash -c 'id -u; touch file; chown 5:6 file; python3 -c "import subprocess
print(int(subprocess.run([\"id\", \"-g\"], capture_output=True).stdout))
import threading
thread = threading.Thread(target=print, args=(1,)); thread.start(); thread.join()"'
	show
	[ "$output" = $'0\n0\n1' ]
}

@test "under a filter that is too old for openat2(2)" {
	run -1 "$SANDBOX" -o "$PROOT" true
	[[ $output == "proot error: openat2(2) is refused here (Operation not permitted), and guests can't run without it: "* ]]
}

@test "prctl(PR_GET_SECCOMP) knows of the filters that proot runs under, and not of its own" {
	local ask='import ctypes; print(ctypes.CDLL(None).prctl(21))'

	run "$SANDBOX" python3 -c "$ask"
	[ "$output" = 2 ]
	run "$SANDBOX" "$PROOT" python3 -c "$ask"
	[ "$output" = 2 ]
	run "$PROOT" "$PROOT" python3 -c "$ask"
	[ "$output" = 0 ]
}

@test "a proot in a guest that has such a filter" {
	run "$PROOT" -0 "$SANDBOX" sh -c 'grep ^Seccomp /proc/self/status; hostname other 2>&1'
	show
	local expected=$output
	[[ $output == *$'Seccomp:\t2\nSeccomp_filters:\t1\n'* ]]
	run "$PROOT" -0 "$SANDBOX" "$PROOT" sh -c 'grep ^Seccomp /proc/self/status; hostname other 2>&1'
	[ "$output" = "$expected" ]
	run "$PROOT" "$SANDBOX" "$PROOT" -0 sh -c 'sh -c "sh -c \"grep ^Seccomp /proc/self/status; hostname other 2>&1\""'
	[ "$output" = "$expected" ]
	run "$PROOT" "$SANDBOX" "${SANDBOX%/*}/proot-other" true
	[ "$output" = "proot error: this process has seccomp filters of its own, which a proot of another build than that around it can't keep" ]
}

@test "in namespaces of its own, with a /proc of its own" {
	needs_namespaces
	run unshare -rmpf --mount-proc "$PROOT" -r "$GUEST" -b /proc sh -c 'cat /etc/name; ls /; readlink /proc/self/exe'
	show
	[ "$output" = "$(printf '%s\n' "this is the guest" bin etc home proc root tmp usr /bin/busybox)" ]
	run unshare -rm "$PROOT" "$PROOT" -i 5:6 id -u
	[ "$output" = 5 ]
}

@test "where nothing can be written" {
	needs_namespaces
	run unshare -rm sh -c 'mount -o bind,ro "$2" "$2" && cd / && "$1" -r "$2" -b /proc -b /etc/passwd:/etc/name -w /etc \
		sh -c "head -c 4 name; touch x 2>&1"' - "$PROOT" "$GUEST"
	show
	[ "$output" = "roottouch: x: Read-only file system" ]
}

@test "with a masked /proc, and with none" {
	needs_namespaces
	run unshare -rm sh -c 'for i in meminfo interrupts; do mount --bind /dev/null /proc/$i; done; "$1" cat /proc/self/comm /proc/meminfo' - "$PROOT"
	show
	[ "$output" = cat ]
	run unshare -rm sh -c 'mount -t tmpfs none /proc && "$1" true' - "$PROOT"
	[ "$status" -eq 1 ]
	[[ $output == *"/proc is not mounted on this machine"* ]]
}

@test "who has a user namespace of his own inside can't mount, and sees no more than before" {
	needs_namespaces
	run inside -b /proc -b "$(command -v unshare):/unshare" -b /lib -b /lib64 -b /usr/lib /unshare -r sh -c \
		'id -u; mount -t tmpfs none /tmp || mount -o bind /etc /home; ls -d /work /srv /etc/name 2>&1; chroot /bin /busybox ls / | head -1'
	show
	[ "${lines[0]}" = 0 ]
	[[ $output == *"/etc/name"* ]] && [[ $output != *$'\n/srv'* ]]
	run inside -b /proc -b "$(command -v unshare):/unshare" -b /lib -b /lib64 -b /usr/lib /unshare -rm --propagation unchanged sh -c \
		'mount -o bind /etc /home; ls /home; pivot_root /home /home/x; cat /home/name; ls /'
	show
	[[ $output == *"ermission"* || $output == *"ermitted"* ]]
	[[ $output != *"this is the guest"* ]]
	[[ $output == *$'bin\netc\nhome'* ]]
}
