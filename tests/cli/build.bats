#!/usr/bin/env bats
# What make promises: in a copy of the tree, with what is built already.

load helper

setup() {
	unset MAKEFLAGS MAKELEVEL
	cd "$BATS_TEST_DIRNAME/../.." || return 1
	cp -a Makefile src scripts build "$BATS_TEST_TMPDIR/"
	mkdir "$BATS_TEST_TMPDIR/tests"
	cp -a tests/tests.mk "$BATS_TEST_TMPDIR/tests/"
	cd "$BATS_TEST_TMPDIR" || return 1
}

@test "make gives the program of its own build, whatever was there" {
	echo "of another build" >proot
	run make
	show
	[ "$status" -eq 0 ]
	cmp proot build/proot
	touch -d yesterday proot
	cp -p proot before
	run make
	[ "$status" -eq 0 ]
	[ ! proot -nt before ]
}

@test "a compiler for a CPU there is no folder of is refused in one line" {
	printf '#!/bin/sh\necho vax-linux-gnu\n' >vax-gcc
	chmod +x vax-gcc
	run make CC=./vax-gcc
	show
	[ "$status" -ne 0 ]
	[ "${#lines[@]}" -eq 1 ]
	[[ $output == *"./vax-gcc compiles for vax, and there is no src/arch/vax.  Stop." ]]
}

@test "a compiler that is not there is named" {
	run make CC=nope
	show
	[ "$status" -ne 0 ]
	[[ $output == *"'nope -dumpmachine' does not tell which CPU it compiles for.  Stop." ]]
}
