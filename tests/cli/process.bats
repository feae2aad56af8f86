#!/usr/bin/env bats
# Exit status, signals, processes and descriptors.

load helper

# Like inside, but in the background, with the output in the file "out". PID is proot's own.
background() {
	rm -f out
	env --default-signal=INT,QUIT "$PROOT" -r "$GUEST" "$@" >out 2>&1 3>&- &
	PID=$!
}

@test "the exit status is the command's" {
	local code

	for code in 0 1 7 125 126 127 128 255; do
		run "-$code" inside sh -c "exit $code"
	done
}

@test "128+n when signal n killed the command" {
	local number

	for number in 1 2 6 9 11 13 15; do
		# Who runs this in the background of a script ignores two of them.
		run env --default-signal=INT,QUIT bash -c "ulimit -c 0; '$PROOT' -r '$GUEST' sh -c 'kill -$number \$\$; sleep 5'"
		show
		[ "$status" -eq $((128 + number)) ]
	done
}

@test "the status is never that of another process" {
	run inside -b /dev sh -c '(sleep 0.1; exit 9) & exit 4'
	[ "$status" -eq 4 ]
	run inside -b /dev sh -c '(exit 9) & sleep 0.2; exit 4'
	[ "$status" -eq 4 ]
}

@test "what the command left in the background lives on, and is not waited for" {
	local seconds

	seconds=$(unique_seconds)
	timeout 100 "$PROOT" -r "$GUEST" -b /dev sh -c "sleep $seconds >/dev/null 2>&1 & (setsid sleep $seconds >/dev/null 2>&1 &)" 3>&-
	eventually has_sleepers "$seconds" 2
	kill $(sleepers "$seconds")
	eventually no_sleepers "$seconds"
}

@test "what is left in the background can still make calls after proot is gone" {
	inside -b /dev sh -c "(sleep 0.5; cat /etc/name >/tmp/late) >/dev/null 2>&1 &" 3>&-
	eventually has_line "$GUEST/tmp/late" "this is the guest"
	rm "$GUEST/tmp/late"
}

@test "SIGKILL of proot leaves a working guest" {
	background sh -c 'echo ready; sleep 0.5; cat /etc/name'
	eventually has_line out ready
	kill -KILL "$PID"
	eventually has_line out "this is the guest"
}

@test "--kill-on-exit ends the background, however it was made" {
	local seconds

	seconds=$(unique_seconds)
	run inside -b /dev --kill-on-exit sh -c "sleep $seconds & (setsid sleep $seconds &) ; setsid sh -c '(sleep $seconds &)'; sleep 0.2; exit 3"
	[ "$status" -eq 3 ]
	[ -z "$(sleepers "$seconds")" ]
}

@test "--kill-on-exit returns the status and the signal of the command" {
	run inside --kill-on-exit sh -c 'exit 42'
	[ "$status" -eq 42 ]
	run inside --kill-on-exit sh -c 'kill -9 $$'
	[ "$status" -eq 137 ]
	run -127 inside --kill-on-exit nope
}

@test "--kill-on-exit ends everything when proot is killed" {
	local seconds

	seconds=$(unique_seconds)
	background -b /dev --kill-on-exit sh -c "(setsid sleep $seconds &); sleep $seconds; :"
	eventually has_sleepers "$seconds" 2
	kill -KILL "$PID"
	eventually no_sleepers "$seconds"
}

@test "--kill-on-exit ends everything when its keeper is killed" {
	local seconds keeper

	seconds=$(unique_seconds)
	background -b /dev --kill-on-exit sh -c "(setsid sleep $seconds &); sleep $seconds; :"
	eventually has_sleepers "$seconds" 2
	keeper=$(cat "/proc/$PID/task/$PID/children")
	kill -KILL $keeper
	run wait "$PID"
	eventually no_sleepers "$seconds"
}

@test "a signal sent to proot reaches the command" {
	local name

	for name in TERM INT HUP QUIT USR1 USR2 ALRM WINCH; do
		background sh -c "trap 'echo got $name; exit 9' $name; echo ready; while :; do sleep 0.05; done"
		eventually has_line out ready
		kill "-$name" "$PID"
		run wait "$PID"
		eventually has_line out "got $name"
	done
}

@test "a signal sent to proot reaches the command with --kill-on-exit" {
	background --kill-on-exit sh -c "trap 'echo got TERM; exit 9' TERM; echo ready; while :; do sleep 0.05; done"
	eventually has_line out ready
	kill -TERM "$PID"
	eventually has_line out "got TERM"
	code=0
	wait "$PID" || code=$?
	[ "$code" -eq 9 ]
}

@test "the command's death by a signal that was passed on" {
	local seconds code=0

	seconds=$(unique_seconds)
	background sleep "$seconds"
	eventually has_sleepers "$seconds"
	kill -TERM "$PID"
	wait "$PID" || code=$?
	[ "$code" -eq 143 ]
	no_sleepers "$seconds"
}

@test "proot dies of SIGINT and SIGQUIT if the command does and both got it" {
	run /usr/bin/python3 - "$PROOT" "$GUEST" <<-'END'
		import os, resource, signal, subprocess, sys, time
		resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))
		for option in ("-u", "--kill-on-exit"):
		    for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGTERM):
		        for to_command in (False, True):
		            proot = subprocess.Popen([sys.argv[1], "-r", sys.argv[2], option, "sh", "-c",
		                                      "echo $$; exec sleep 100"], stdout=subprocess.PIPE)
		            command = int(proot.stdout.readline())
		            time.sleep(0.3)
		            os.kill(command if to_command else proot.pid, number)
		            print(proot.wait(), end=" ")
		    print()
	END
	show
	[ "$output" = $'-2 130 -3 131 143 143 \n-2 130 -3 131 143 143 ' ]
}

@test "timeout proot" {
	local seconds

	seconds=$(unique_seconds)
	SECONDS=0
	run timeout 1 "$PROOT" -r "$GUEST" sleep "$seconds"
	[ "$status" -eq 124 ]
	[ "$SECONDS" -lt 100 ]
	no_sleepers "$seconds"
}

@test "an alarm set before proot reaches the command" {
	run /usr/bin/python3 -c 'import os, signal, sys; signal.alarm(1); os.execv(sys.argv[1], sys.argv[1:])' \
		"$PROOT" -r "$GUEST" sleep 20
	[ "$status" -eq 142 ]
}

@test "timers set before proot are the command's" {
	cat >program <<-'END'
		import os, signal, sys
		signal.setitimer(getattr(signal, sys.argv[1]), float(sys.argv[2]))
		os.execv(sys.argv[3], sys.argv[3:])
	END
	for option in -u --kill-on-exit; do
		for kind in ITIMER_REAL/142 ITIMER_VIRTUAL/154 ITIMER_PROF/155; do
			run "-${kind#*/}" timeout 60 /usr/bin/python3 program "${kind%/*}" 0.3 "$PROOT" -r "$GUEST" $option sh -c 'while :; do :; done'
		done
	done
	# Nobody else has it: nothing comes when it would be up.
	run -0 /usr/bin/python3 program ITIMER_REAL 3 "$PROOT" /usr/bin/python3 -c \
		'import signal, time; left = signal.setitimer(signal.ITIMER_REAL, 0)[0]; time.sleep(left + 0.2); print(0 < left < 3)'
	show
	[ "$output" = True ]
}

@test "ignored signals stay ignored, blocked ones blocked" {
	cat >program <<-'END'
		import os, signal, sys
		signal.signal(signal.SIGPIPE, signal.SIG_DFL)
		for number in (signal.SIGINT, signal.SIGHUP, signal.SIGTSTP, signal.SIGCHLD)[: int(sys.argv[1])]:
		    signal.signal(number, signal.SIG_IGN)
		signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR2, signal.SIGSYS, signal.SIGRTMIN + 3} if int(sys.argv[1]) else set())
		os.execv(sys.argv[2], sys.argv[2:])
	END
	for count in 0 3 4; do
		/usr/bin/python3 program "$count" /bin/busybox grep -E '^Sig(Blk|Ign|Pnd)' /proc/self/status >native
		for option in -u --kill-on-exit; do
			/usr/bin/python3 program "$count" "$PROOT" -r "$GUEST" -b /proc $option \
				grep -E '^Sig(Blk|Ign|Pnd)' /proc/self/status >inside
			diff native inside
		done
	done
}

@test "a parent that ignores SIGCHLD gets the status all the same" {
	run bash -c "trap '' CHLD; exec '$PROOT' -r '$GUEST' sh -c 'exit 5'"
	[ "$status" -eq 5 ]
}

@test "the guest gets the descriptors it would get natively" {
	for redirection in '' '0<&-' '2>&-' '0<&- 2>&-' '7</dev/null'; do
		bash -c "/bin/busybox sh -c '/bin/busybox ls /proc/self/fd >native' $redirection"
		for option in -u --kill-on-exit; do
			bash -c "'$PROOT' -r '$GUEST' $option -b /proc -b '$PWD:/here' sh -c '/bin/busybox ls /proc/self/fd >/here/inside' $redirection"
			diff native inside
		done
	done
}

@test "the guest's descriptors point where they do natively" {
	/bin/busybox ls -l /proc/self/fd 3>&- 4>&- </dev/null 2>/dev/null >native 9</etc
	"$PROOT" -r / /bin/busybox ls -l /proc/self/fd 3>&- 4>&- </dev/null 2>/dev/null >inside 9</etc
	sed -n 's/.* \([0-9] ->.*\)/\1/p' native | grep -v -e /proc/ -e native >a
	sed -n 's/.* \([0-9] ->.*\)/\1/p' inside | grep -v -e /proc/ -e inside >b
	diff a b
}

@test "with -v 2 the log has a descriptor of its own, out of the way" {
	inside -b /proc -b /dev sh -c 'exec 2>/dev/null; /bin/busybox ls /proc/self/fd' 2>/dev/null >silent
	inside -v 2 -b /proc -b /dev sh -c 'exec 2>/dev/null; /bin/busybox ls /proc/self/fd' 2>log >logged
	[ "$(sort silent logged | uniq -u | wc -l)" -eq 1 ]
	[ "$(sort silent logged | uniq -u)" -gt 100 ]
	[ -s log ]
}

@test "proot holds no descriptor of its caller" {
	# A pipe's reader sees its end when the command closes it, not when proot ends.
	local seconds

	seconds=$(unique_seconds)
	output=$(timeout 100 bash -c "'$PROOT' -r '$GUEST' sh -c 'echo early; exec >&- 2>&-; sleep $seconds; :' & disown" 3>&-)
	[ "$output" = early ]
	eventually has_sleepers "$seconds"
}

# Whether no child of PID has ended that it has not waited for.
has_no_zombies() {
	local child

	for child in $(cat "/proc/$PID/task/$PID/children"); do
		! grep -qs '^State:.Z' "/proc/$child/status" || return
	done
}

@test "no zombie stays while proot waits" {
	local seconds

	seconds=$(unique_seconds)
	background -b /dev sh -c "for i in 1 2 3 4 5; do (sh -c 'exit 0' &); done; sleep 0.3; sleep $seconds; :"
	eventually has_sleepers "$seconds"
	eventually has_no_zombies
	kill -TERM "$PID"
	run wait "$PID"
}

@test "a command that is stopped stops proot, and goes on with it" {
	run /usr/bin/python3 - "$PROOT" "$GUEST" <<-'END'
		import os, signal, subprocess, sys, time
		for option in ("-u", "--kill-on-exit"):
		    for number in (signal.SIGSTOP, signal.SIGTSTP):
		        proot = subprocess.Popen([sys.argv[1], "-r", sys.argv[2], option, "sh", "-c",
		                                  "echo $$; exec sleep 100"], stdout=subprocess.PIPE)
		        command = int(proot.stdout.readline())
		        time.sleep(0.2)
		        os.kill(command, number)
		        pid, status = os.waitpid(proot.pid, os.WUNTRACED)
		        print(os.WIFSTOPPED(status), os.WSTOPSIG(status) == number)
		        os.kill(proot.pid, signal.SIGCONT)
		        end = time.monotonic() + 60
		        while (state := open(f"/proc/{command}/stat").read().rsplit(")")[1].split()[0]) != "S" and time.monotonic() < end:
		            time.sleep(0.05)
		        print(state)
		        os.kill(proot.pid, signal.SIGTERM)
		        print(proot.wait())
	END
	show
	[ "$(sort <<<"$output" | uniq -c | tr -s ' ' | tr '\n' ',')" = " 4 143, 4 S, 4 True True," ]
}

# Let the command end and wait for proot, whose status is STATUS.
ends_with() {
	local code=0

	: >"$GUEST/tmp/over"
	wait "$PID" || code=$?
	echo "status $code"
	[ "$code" -eq "$1" ]
}

# A command that was stopped by its own number, after proot has stopped with it. PID is proot's, COMMAND the command's.
# It ends when there is a file, which ends_with makes.
stopped_command() {
	rm -f "$GUEST/tmp/over"
	background "$@" sh -c 'echo $$; until [ -e /tmp/over ]; do sleep 0.05; done; exit 5'
	eventually grep -q . out
	read -r COMMAND <out
	kill -STOP "$COMMAND"
	eventually grep -q '^State:.T' "/proc/$PID/status"
}

@test "a command that is continued by its own number continues proot" {
	local option

	for option in -u --kill-on-exit; do
		stopped_command "$option"
		kill -CONT "$COMMAND"
		ends_with 5
	done
}

@test "a command that is killed while it is stopped ends proot" {
	stopped_command
	kill -KILL "$COMMAND"
	ends_with 137
}

@test "a command that stops itself many times, and is continued by another" {
	run timeout -k 1 60 "$PROOT" -r "$GUEST" -b /proc -b /dev sh -c '
		(for i in 1 2 3 4 5 6 7 8; do
			until grep -q "^State:.T" /proc/$$/status; do :; done
			kill -CONT $$
		done) &
		for i in 1 2 3 4 5 6 7 8; do kill -STOP $$; done
		exit 5'
	show
	[ "$status" -eq 5 ]
}

@test "nothing is left of a stopped proot that is continued, or killed" {
	local waker

	stopped_command
	waker=$(sed "s/\b$COMMAND\b//" "/proc/$PID/task/$PID/children")
	[ -d "/proc/${waker// /}" ]
	sleep 0.5
	grep -q '^State:.T' "/proc/$PID/status"
	kill -CONT "$PID"
	eventually eval '[ "$(cat /proc/$PID/task/$PID/children)" = "$COMMAND " ]'
	ends_with 5
	stopped_command
	waker=$(sed "s/\b$COMMAND\b//" "/proc/$PID/task/$PID/children")
	kill -KILL "$PID"
	eventually eval '! grep -q "^State:.[^Z]" /proc/${waker// /}/status 2>/dev/null'
	kill -KILL "$COMMAND"
}

@test "no process of proot is left behind" {
	local seconds

	seconds=$(unique_seconds)
	inside -b /dev --kill-on-exit sh -c "sleep $seconds &"
	inside sh -c "sleep 0.1"
	no_sleepers "$seconds"
	[ -z "$(ps -eo ppid,args | awk -v parent=$$ '$1 == parent && /proot -r/')" ]
}

@test "a guest of 300 processes at once" {
	run inside -b /dev sh -c 'i=0; while [ $i -lt 300 ]; do /bin/busybox true & i=$((i + 1)); done; wait; echo done'
	[ "$output" = "done" ]
}

@test "a limit of file sizes is for the command" {
	run sh -c "ulimit -S -f 1; '$PROOT' -r '$GUEST' sh -c 'ulimit -S -f'"
	[ "$status" = 0 ]
	[ "$output" = "$(sh -c 'ulimit -S -f 1; ulimit -S -f')" ]
	run sh -c "ulimit -f 1; '$PROOT' -r '$GUEST' true"
	[ "$status" = 125 ]
	[[ $output = *"File too large"* ]]
}

@test "an orphan's parent is the one it would have without proot" {
	local program='((sleep 0.2; exec sh -c "cut -d\" \" -f4 /proc/\$\$/stat >ppid") &); until [ -s ppid ]; do sleep 0.05; done' natively

	setsid sh -c "$program"
	natively=$(cat ppid)
	rm ppid
	setsid "$PROOT" sh -c "$program"
	[ "$(cat ppid)" = "$natively" ]
}
