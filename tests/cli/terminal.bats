#!/usr/bin/env bats
# Job control in a pseudo-terminal, as natively: see terminal.py.
# Alone: it waits for a shell as somebody at the terminal does.

load helper

scene() {
	run timeout 60 /usr/bin/python3 "$BATS_TEST_DIRNAME/terminal.py" "$@" 3>&-
	show
	[ "$status" -eq 0 ]
}

@test "^C ends the command, and proot says so" {
	scene interrupt
}

@test "^\\ ends the command, and proot says so" {
	scene quit
}

@test "^C ends a loop of the calling script" {
	scene loop
	scene loop --kill-on-exit
}

@test "^C is the guest's to catch" {
	scene catch
}

@test "^Z stops the job, fg and bg continue it" {
	scene suspend
}

@test "^Z, fg and ^C with --kill-on-exit" {
	scene suspend --kill-on-exit
}

@test "an interactive shell inside has job control of its own" {
	scene shell
}

@test "a background job that reads the terminal stops" {
	scene background
}

@test "the guest's terminal is proot's" {
	scene size
}

@test "a terminal that hangs up ends the command" {
	scene hangup
}
