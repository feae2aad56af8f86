#!/usr/bin/env bats
# Machines without System V segments: what guests share lies in files.

load helper

REFUSE=$BATS_TEST_DIRNAME/../../build/tests/refuse

# Where the machine answers shmget(2) and its kind with $ANSWER: without [option ...] command ...
without() {
	PROOT_TMP_DIR=$BATS_TEST_TMPDIR/tmp "$REFUSE" "segments=$ANSWER" "$PROOT" "$@"
}

setup() {
	cd "$BATS_TEST_TMPDIR" || return 1
	mkdir a b tmp
	chmod 755 .
}

# Wait until nothing of proot's is left: the guard looks every 0.2 seconds.
wait_for_nothing() {
	local i

	for i in $(seq 100); do
		[ -n "$(ls -A tmp)" ] || return 0
		sleep 0.1
	done
	ls -A tmp
	return 1
}

@test "what is mounted and named inside is so for all guests" {
	echo "in a" >a/name
	for ANSWER in ENOSYS EPERM SIGSYS; do
		run --separate-stderr without -0 bash -ec 'ls -d tmp/.proot-mount-* | wc -l; hostname other; sh -c hostname
			mount --bind a b; sh -c "cat b/name"; mount -t tmpfs x b; touch b/new; sh -c "ls b"; umount b; ls b'
		[ "$status" -eq 0 ]
		[ "$output" = $'1\nother\nin a\nnew\nname' ]
		[ -z "$stderr" ]
		wait_for_nothing
	done
	# Guests of real root may become somebody else.
	[ "$(id -u)" = 0 ] || return 0
	run --separate-stderr "$REFUSE" segments=ENOSYS "$PROOT" bash -ec 'hostname other; mount --bind /proc /mnt
		setpriv --reuid 12345 --regid 12345 --clear-groups sh -c "hostname; cat /mnt/self/comm"'
	[ "$output" = $'other\ncat' ]
}

@test "--forget" {
	ANSWER=ENOSYS
	run --separate-stderr without -0 --forget sh -c 'touch file; chown 5:6 file; sh -c "stat -c %u:%g file"'
	[ "$output" = 5:6 ]
	# To real root -0 is nothing new.
	[ "$(id -u)" = 0 ] || [ "$(stat -c %u file)" = "$(id -u)" ]
	wait_for_nothing
}

@test "names that another guest has changed are noticed" {
	ANSWER=ENOSYS
	echo x >a/name
	run --separate-stderr without bash -ec 'for i in $(seq 50); do cat a/name; sh -c "mv a c; mkdir a; echo $i >a/name"
		cat a/name; sh -c "rm -r a; mv c a"; done | sort -u | wc -l'
	[ "$output" = 51 ]
}

@test "the directory stays as long as a guest lives, whoever is killed" {
	local seconds=$(unique_seconds)

	ANSWER=ENOSYS
	without -0 bash -c "hostname other; mkfifo go; sleep $seconds & exec 9<>go; touch ready; read x <&9; hostname >told; exec sleep $seconds" &
	while [ ! -e ready ]; do sleep 0.05; done
	kill -KILL $!
	sleep 1.6
	ls -d tmp/.proot-mount-*
	echo >go
	while [ ! -s told ]; do sleep 0.05; done
	[ "$(cat told)" = other ]
	kill -KILL $(sleepers "$seconds")
	wait_for_nothing
}
