#!/usr/bin/env bats
# --sysvipc: System V IPC where the machine has none. tests/calls/sysv_*.c compare each call with the kernel's.

load helper

REFUSE=$BATS_TEST_DIRNAME/../../build/tests/refuse
STORM=$BATS_TEST_DIRNAME/../../build/tests/sysv-storm

# On the host's own tree, where the machine answers with $ANSWER, ENOSYS if it is not set: emulated [option ...] command ...
emulated() {
	local answer=${ANSWER:-ENOSYS}

	"$REFUSE" "segments=$answer" "semaphores=$answer" "queues=$answer" "$PROOT" --sysvipc "$@"
}

setup() {
	cd "$BATS_TEST_TMPDIR" || return 1
	mkdir tmp
	export PROOT_TMP_DIR=$BATS_TEST_TMPDIR/tmp
}

# Wait until nothing of proot's is left: its guard looks every 0.2 seconds.
wait_for_nothing() {
	local i

	for i in $(seq 100); do
		[ -n "$(ls -A tmp)" ] || return 0
		sleep 0.1
	done
	ls -A tmp
	return 1
}

@test "ipcmk, ipcs, ipcrm" {
	for ANSWER in ENOSYS EPERM SIGSYS; do
		run --separate-stderr emulated bash -ec 'ipcmk -M 100000 -S 3 -Q; for kind in m s q; do ipcs -$kind | awk "/^0x/ { print \$4, \$5 }"; done
			ipcrm --all; ipcs | grep -c ^0x || grep -hc . /proc/sysvipc/*' </dev/null
		[ "$output" = $'Shared memory id: 0\nMessage queue id: 0\nSemaphore id: 0\n644 100000\n644 3\n644 0\n0\n1\n1\n1' ]
		[ -z "$stderr" ]
	done
	wait_for_nothing
}

@test "what the machine has is the machine's" {
	run --separate-stderr "$REFUSE" queues=ENOSYS "$PROOT" --sysvipc -v 3 bash -c 'ipcs -m; ipcs -q'
	[[ $stderr != *": shmctl("* ]]
	run --separate-stderr "$REFUSE" queues=ENOSYS "$PROOT" --sysvipc -v 3 ipcmk -Q
	[[ $stderr == *": msgget("* ]]
	run --separate-stderr "$PROOT" --sysvipc -v 3 ipcmk -p 600 -Q
	[[ $stderr != *": msgget("* ]]
	ipcrm -q "${output##* }"
}

@test "a machine that kills who asks" {
	unset PROOT_ENGINE
	ANSWER=KILL run --separate-stderr emulated echo here
	[ "$output" = here ]
	[ "$stderr" = "proot warning: option '--sysvipc': this machine kills who asks for System V IPC; with --engine=ptrace guests can have it" ]
	ANSWER=KILL run --separate-stderr emulated --engine=ptrace bash -c 'ipcmk -S 3; ipcs -s | grep -c ^0x'
	[ "$output" = $'Semaphore id: 0\n1' ]
	[ -z "$stderr" ]
	wait_for_nothing
}

@test "processes that are killed hold nobody up" {
	run emulated "$STORM" 4 $RANDOM
	show
	[ "$status" -eq 0 ]
	[[ $output == *" steps, "*" killed" ]]
	run emulated --no-patch "$STORM" 2 $RANDOM
	[ "$status" -eq 0 ]
	wait_for_nothing
}

@test "objects last as long as a guest lives" {
	local seconds=$(unique_seconds)

	emulated bash -c "ipcmk -S 3 >/dev/null; mkfifo go; sleep $seconds & exec 9<>go; touch ready; read x <&9; ipcs -s | grep -c ^0x >told; exec sleep $seconds" &
	while [ ! -e ready ]; do sleep 0.05; done
	kill -KILL $!
	sleep 1.2
	echo >go
	while [ ! -s told ]; do sleep 0.05; done
	[ "$(cat told)" = 1 ]
	kill -KILL $(sleepers "$seconds")
	wait_for_nothing
}

@test "who is root inside, and who has ceased to be" {
	# Real root's guest becomes that user indeed, who can't go to where tests are.
	unset PROOT_TMP_DIR
	run --separate-stderr emulated -0 bash -c 'ipcmk -p 600 -M 100 >/dev/null; ipcs -m | awk "/^0x/ { print \$3 }"
		setpriv --reuid 7 --regid 7 --clear-groups ipcrm -m 0; ipcrm -m 0; ipcs -m | grep -c ^0x'
	[ "$output" = $'root\n0' ]
	[[ $stderr == *"permission denied"* ]]
}

@test "a proot inside has the objects of that around" {
	run --separate-stderr emulated "$PROOT" --sysvipc bash -c "ipcmk -S 3 >/dev/null; '$PROOT' ipcs -s | grep -c ^0x"
	[ "$output" = 1 ]
	[ -z "$stderr" ]
	run --separate-stderr "$REFUSE" segments=ENOSYS "$PROOT" "$PROOT" --sysvipc echo inside
	[ "$output" = inside ]
	[ "$stderr" = "proot warning: option '--sysvipc': this machine has no System V IPC: give it to the proot around" ]
}

@test "fakeroot, by message queues and semaphores" {
	[ -x /usr/bin/fakeroot-sysv ] || skip "no fakeroot"
	run --separate-stderr emulated fakeroot-sysv bash -c 'mkdir d; for i in 1 2 3 4 5 6 7 8; do
			(for j in 1 2 3 4 5; do touch d/$i$j; chown $i:$j d/$i$j; done) & done; wait
		stat -c %u:%g d/* | sort -u | wc -l; tar cf - d | tar tvf - | grep -c " games/"'
	[ "$output" = $'40\n5' ]
	[ -z "$stderr" ]
}

@test "Perl's modules" {
	perl -MIPC::SysV -e 1 2>/dev/null || skip "no IPC::SysV"
	run --separate-stderr emulated perl -MIPC::SysV=IPC_PRIVATE,S_IRUSR,S_IWUSR -MIPC::Msg -MIPC::Semaphore -MIPC::SharedMem -we '
		$m = IPC::Msg->new(IPC_PRIVATE, S_IRUSR | S_IWUSR); $m->snd(3, "a message"); $m->rcv($b, 100, 3); print "$b\n"; $m->remove;
		$s = IPC::Semaphore->new(IPC_PRIVATE, 3, S_IRUSR | S_IWUSR); $s->setall(1, 2, 3); $s->op(2, 5, 0); print join(",", $s->getall), "\n";
		$s->remove; $h = IPC::SharedMem->new(IPC_PRIVATE, 8, S_IRUSR | S_IWUSR); $h->write("abcd", 2, 4); print $h->read(3, 2), $h->stat->nattch, "\n"; $h->remove'
	[ "$output" = $'a message\n1,2,8\nbc0' ]
	[ -z "$stderr" ]
}
