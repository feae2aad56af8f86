#!/usr/bin/env bats
# How calls are intercepted: the filter, the tracer, the choice between the two, and --doctor.
# Alone: it counts the tracers of the machine.

load helper

REFUSE=$BATS_TEST_DIRNAME/../../build/tests/refuse

# Like inside, where the machine refuses some things: refusing WHAT=ERROR... -- [option ...] command ...
refusing() {
	local what=()

	while [ "$1" != -- ]; do
		what+=("$1")
		shift
	done
	shift
	"$REFUSE" "${what[@]}" "$PROOT" -r "$GUEST" "$@"
}

# The numbers of the tracers that there are, but for those that have ended.
tracers() {
	local pid

	for pid in $(pgrep -x proot-tracer); do
		grep -q '^State:.[^Z]' "/proc/$pid/status" 2>/dev/null && echo "$pid"
	done
	return 0
}

# The tracer of the guest with the number PID.
tracer_of() {
	sed -n 's/^TracerPid:\t//p' "/proc/$1/status"
}


@test "a filter is used where there is one" {
	unset PROOT_ENGINE
	run --separate-stderr inside -v cat /etc/name
	[ "$output" = "this is the guest" ]
	[[ $stderr == *"engine = sigsys (auto)"* ]]
}

@test "the tracer is used where the machine refuses a filter, whatever it says" {
	local error

	unset PROOT_ENGINE
	for error in EPERM EINVAL ENOSYS; do
		run --separate-stderr refusing "seccomp=$error" -- -v cat /etc/name
		[ "$output" = "this is the guest" ]
		[[ $stderr == *"engine = ptrace (auto)"* ]]
	done
}

@test "either is used when it is asked for" {
	run --separate-stderr inside -v --engine=ptrace cat /etc/name
	[ "$output" = "this is the guest" ]
	[[ $stderr == *"engine = ptrace"* ]]
	run --separate-stderr env PROOT_ENGINE=ptrace "$PROOT" -r "$GUEST" -v cat /etc/name
	[[ $stderr == *"engine = ptrace"* ]]
	run --separate-stderr env PROOT_ENGINE=ptrace "$PROOT" -r "$GUEST" -v --engine=sigsys cat /etc/name
	[[ $stderr == *"engine = sigsys"* ]]
	run --separate-stderr env PROOT_ENGINE=x "$PROOT" -r "$GUEST" cat /etc/name
	[ "$output" = "this is the guest" ]
	[ "$stderr" = "proot warning: PROOT_ENGINE: 'x' is none of auto, sigsys and ptrace" ]
}

@test "what can't be done is said, and whom to ask" {
	run -125 refusing seccomp=EPERM -- --engine=sigsys cat /etc/name
	[ "${lines[0]}" = "proot error: can't intercept system calls by a filter (--engine=sigsys): Operation not permitted" ]
	[ "${lines[1]}" = "fatal error: see \`proot --doctor\`." ]
	run -125 refusing seccomp=EINVAL ptrace=ENOSYS -- cat /etc/name
	[ "${lines[0]}" = "proot error: can't intercept system calls by a tracer (--engine=ptrace): Function not implemented" ]
	[ "${lines[1]}" = "fatal error: see \`proot --doctor\`." ]
}

@test "with a tracer the status is the command's, and no child is there that it did not make" {
	run -7 inside --engine=ptrace sh -c 'exit 7'
	run inside --engine=ptrace sh -c 'kill -TERM $$'
	[ "$status" -eq 143 ]
	run inside --engine=ptrace sh -c 'kill -SYS $$'
	[ "$status" -eq 159 ]
	run inside --engine=ptrace -b /proc sh -c 'read -r children </proc/$$/task/$$/children; echo "$children"
		grep -e TracerPid -e Seccomp: /proc/self/status'
	[ "$output" = $'\nTracerPid:\t0\nSeccomp:\t0' ]
}

@test "a tracer takes the command over at no call that traps" {
	local i

	for i in $(seq 40); do
		inside --engine=ptrace true
	done
}

has_tracers() {
	[ "$(tracers)" = "$1" ]
}

# statuses WORD...: what a debugger that runs by these words is told by waitpid(2) of a process that is no guest, and executes.
statuses() {
	local target

	rm -f fifo
	mkfifo fifo
	sh -c 'read -r word <fifo; exec true' &
	target=$!
	timeout 20 "$@" python3 -c 'import ctypes, os, sys
pid, libc = int(sys.argv[1]), ctypes.CDLL(None, use_errno=True)
seize, interrupt, go_on = 0x4206, 0x4207, 7
print("seize", libc.ptrace(seize, pid, None, None), os.strerror(ctypes.get_errno()))
libc.ptrace(interrupt, pid, None, None)
print(hex(os.waitpid(pid, 0)[1]))
libc.ptrace(go_on, pid, None, None)
with open("fifo", "w") as fifo: fifo.write("word\n")
print(hex(os.waitpid(pid, 0)[1]))' "$target"
	kill "$target" 2>/dev/null || true
	wait "$target" || true
}

@test "with a tracer, a debugger inside is told of what is no guest as outside" {
	local outside

	outside=$(statuses)
	run statuses "$PROOT" --engine=ptrace -w "$PWD"
	show
	[ "$output" = "$outside" ]
	[[ $output == "seize "* ]]
}

@test "a tracer ends with the last guest" {
	local before

	before=$(tracers)
	inside --engine=ptrace true
	eventually has_tracers "$before"
}

@test "guests go on without proot, and not without their tracer" {
	local pid seconds

	seconds=$(unique_seconds)
	inside --engine=ptrace sh -c "sleep $seconds; echo on" >out 2>&1 3>&- &
	PID=$!
	eventually has_sleepers "$seconds"
	pid=$(sleepers "$seconds")
	kill -KILL "$PID"
	sleep 0.2
	[ -d "/proc/$pid" ]
	kill -KILL "$(tracer_of "$pid")"
	eventually [ ! -d "/proc/$pid" ]
	[ "$(cat out)" = "" ]
}

@test "what the command left in the background goes on to be traced" {
	inside --engine=ptrace -b /dev sh -c '(sleep 0.4; cat /etc/name >/tmp/left) & exit 3' || [ $? -eq 3 ]
	eventually has_line "$GUEST/tmp/left" "this is the guest"
}

@test "--kill-on-exit ends all guests of a tracer" {
	local seconds

	seconds=$(unique_seconds)
	inside --engine=ptrace --kill-on-exit -b /dev sh -c "sleep $seconds & sleep 0.2"
	no_sleepers "$seconds"
}

@test "--doctor says that proot runs, with what" {
	run "$PROOT" --doctor
	[ "$status" -eq 0 ]
	[[ $output == *"seccomp filter   yes: "*"seccomp trap     yes: "*"ptrace           yes"*"image            yes: "* ]]
	[ "${lines[-1]}" = "proot runs here, with --engine=sigsys unless another is asked for" ]
}

@test "--doctor finds what is refused" {
	local what line

	while read -r what line; do
		run -0 "$REFUSE" "$what" "$PROOT" --doctor
		[[ $output == *$'\n'"$line"*" no ("* ]]
	done <<-END
		seccomp=EPERM seccomp filter
		ptrace=EPERM ptrace
		memfd=ENOSYS memory file
		layout=EINVAL PR_SET_MM_MAP
		memory=ENOSYS shared memory
		attributes=EPERM user attributes
		namespaces=EPERM user namespaces
	END
	run -0 "$REFUSE" seccomp=EINVAL "$PROOT" --doctor
	[ "${lines[-1]}" = "proot runs here, with --engine=ptrace unless another is asked for" ]
	run -1 "$REFUSE" seccomp=EINVAL ptrace=EPERM "$PROOT" --doctor
	[ "${lines[-1]}" = "proot can't run here" ]
}

@test "--doctor looks at the directory it is told, and leaves nothing there" {
	mkdir place
	run -0 "$PROOT" --doctor=place
	[[ $output == *"user attributes  "*", place: "* ]]
	run -0 "$PROOT" --doctor "$PWD/place"
	[[ $output == *"user attributes  "*", $PWD/place: "* ]]
	[ -z "$(ls -A place)" ]
	run -1 "$PROOT" --doctor nowhere
	[ "$output" = "proot error: 'nowhere' is not a directory" ]
}
