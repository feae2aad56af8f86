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

# compiles_with COMPILER [WORD...]: make compiles main.c with it, and once only.
compiles_with() {
	local compiler=$1

	shift
	run make V=1 "$@" build/command/cli/main.c.o
	show
	[ "$status" -eq 0 ]
	[[ ${lines[0]} == "$compiler "*" src/cli/main.c" ]]
	run make V=1 "$@" build/command/cli/main.c.o
	[[ $output != *main.c* ]]
}

@test "the command is compiled for musl, or for the C library that is asked for" {
	compiles_with cc LIBC=system
	compiles_with musl-gcc
	run readelf -l build/proot
	[[ $output != *INTERP* ]]
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

@test "./check of a suite that is not there says so" {
	run "$BATS_TEST_DIRNAME/../../check" nope
	show
	[ "$status" -eq 1 ]
	[ "${lines[0]}" = "There is no suite 'nope': tests/suites has them." ]
}

# What bash offers for the command line LINE, with the cursor at its end. BREAKS: what readline breaks words at.
offers() {
	local COMP_LINE=$1 COMP_POINT=${#1} COMP_WORDS COMP_CWORD COMPREPLY=() line=$1

	[[ ${BREAKS-:=} ]] && line=$(sed 's/[:=]/ & /g' <<<"$1")
	read -ra COMP_WORDS <<<"$line"
	[[ $1 != *" " ]] || COMP_WORDS+=("")
	COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
	_proot
	printf '%s\n' "${COMPREPLY[@]}"
}

offer() {
	[[ $'\n'$(offers "$1")$'\n' == *$'\n'"$2"$'\n'* ]] || { echo "'$1' does not offer '$2' but:"; offers "$1"; return 1; }
}

@test "what bash offers" {
	make -s build/proot.bash
	source build/proot.bash
	mkdir -p hosts/here etcetera
	: >hosts/file
	offer "proot -b hosts/" hosts/file
	offer "proot -b /etc:hos" hosts
	offer "proot -b /etc:" hosts
	offer "proot --bind=/etc:hosts/f" hosts/file
	offer "proot --bind=hosts/f" hosts/file
	offer "proot --rootfs=e" etcetera
	offer "proot --rootfs=" hosts
	offer "proot -r e" etcetera
	offer "proot -re" -retcetera
	offer "proot -v 3 -r e" etcetera
	offer "proot -v 3 e" etcetera
	offer "proot -v --root" --rootfs
	offer "proot --engine=s" sigsys
	offer "proot --engine s" sigsys
	offer "proot -r etcetera hos" hosts
	offer "proot -r etcetera -- hos" hosts
	offer "proot -r etcetera cat hosts/f" hosts/file
	offer "proot --help=bi" bind
	offer "proot --config=hosts/f" hosts/file
	mkdir -p conf/proot
	: >conf/proot/mine
	XDG_CONFIG_HOME=$PWD/conf offer "proot @" @mine
	XDG_CONFIG_HOME=$PWD/conf offer "proot -v @mi" @mine
	offer "proot @mine --root" --rootfs
	BREAKS= offer "proot -b /etc:hos" /etc:hosts
	BREAKS= offer "proot --rootfs=e" --rootfs=etcetera
	offer "proot --engine=p" ptrace
	[ -z "$(offers "proot -r etcetera --engine=q")" ]
}

@test "the other completions and the manual page can be made" {
	local document

	for document in man zsh fish; do
		make -s "build/proot.$document"
		grep -q kill.*on.*exit "build/proot.$document"
	done
	[ -z "$(grep '[.][.]$' build/proot.man)" ]
}

# NAMES, VALUE, SUMMARY and DETAIL of each row of options.def, one row a line, with US between them.
rows() {
	perl -0777 -ne '
		s/"\s*\n\s*"//g;
		while (/^OPTION\([a-z_]+, "([^"]*)", "([^"]*)", [A-Z]+,\s*"([^"]*)",\s*"([^"]*)"\)/mg) { print join("\x1f", $1, $2, $3, $4), "\n" }
	' src/cli/options.def
}

@test "--help, --help=OPTION and the manual page say what the rows say" {
	local names value summary detail first name count=0

	make -s build/proot.man
	sed 's/\\f[BIR]//g; s/\\//g' build/proot.man >page
	build/proot --help >help
	while IFS=$'\x1f' read -r names value summary detail; do
		count=$((count + 1))
		grep -qF -- "${names// /, }" page || { echo "manual page: $names"; return 1; }
		grep -qF -- "${summary:1}" page || { echo "manual page: $summary"; return 1; }
		[ -z "$detail" ] || grep -qF -- "$(tr -d '\\' <<<"$detail")" page || { echo "manual page: $detail"; return 1; }
		grep -qF -- "$summary" help || { echo "help: $summary"; return 1; }
		grep -qF -- "  ${names// /, }" help || { echo "help: $names"; return 1; }
		for name in $names; do
			build/proot "--help=$name" >one
			[ "$(head -1 one)" = "$(grep -E -- "  ${names// /, }([ =[]|\$)" help | sed 's/\(  [^ ].*[^ ]\)  .*/\1/')" ]
			[[ " $(tr -s ' \n' ' ' <one)" == *"${summary:1}"*"$detail "* ]] || { cat one; return 1; }
			build/proot "--help=${name#-}" >bare
			cmp one bare
		done
	done < <(rows)
	[ "$count" -eq "$(grep -c '^OPTION(' src/cli/options.def)" ]
	run -1 --separate-stderr build/proot --help=bnid
	[ "${stderr_lines[0]}" = "proot error: unknown option '--bnid', did you mean '--bind'?" ]
}

@test "the page of system calls has a line for each row of the table" {
	make -s build/proot.calls
	sed -n 's/^\(PASS\|REFUSE\|TRAP\)(\([a-z0-9_]*\).*/\2/p' src/agent/calls.def | sort >"$BATS_TEST_TMPDIR/rows"
	sed -n 's/^\.BR \([a-z0-9_]*\) .*[,.]$/\1/p' build/proot.calls | sort >"$BATS_TEST_TMPDIR/lines"
	[ -s "$BATS_TEST_TMPDIR/rows" ]
	diff "$BATS_TEST_TMPDIR/rows" "$BATS_TEST_TMPDIR/lines"
}
