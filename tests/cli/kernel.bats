#!/usr/bin/env bats
# -k: another kernel release, and all the names of the kernel.

load helper

@test "a release" {
	run inside -k 4.5.6-mine uname -r
	[ "$output" = 4.5.6-mine ]
	run inside --kernel-release=4.5.6 sh -c 'uname -r; uname -s; uname -m'
	[ "$output" = "4.5.6"$'\n'"$(uname -s)"$'\n'"$(uname -m)" ]
	run inside -b /proc -k 4.5.6-mine cat /proc/sys/kernel/osrelease /proc/sys/kernel/hostname
	[ "$output" = "4.5.6-mine"$'\n'"$(cat /proc/sys/kernel/hostname)" ]
}

@test "all names, as proot-distro gives them" {
	run inside --kernel-release='\Linux\localhost\6.17.0-PRoot-Distro\#1 SMP PREEMPT_DYNAMIC\aarch64\localdomain\-1\' uname -a
	[ "${output% *}" = "Linux localhost 6.17.0-PRoot-Distro #1 SMP PREEMPT_DYNAMIC aarch64" ] ||
		[ "$output" = "Linux localhost 6.17.0-PRoot-Distro #1 SMP PREEMPT_DYNAMIC aarch64 GNU/Linux" ]
	run inside -k '\\\1.2.3\\\\\' uname -s -r -m
	[ "$output" = "$(uname -s) 1.2.3 $(uname -m)" ]
}

@test "/proc/version, whoever built the kernel" {
	run inside -b /proc -k '\System\\1.2.3\#7 built\\\\' cat /proc/version
	[ "$output" = "$(sed 's/^[^ ]* version [^ ]*/System version 1.2.3/; s/\(.*)\) .*/\1 #7 built/' /proc/version)" ]
}

@test "without -k nothing is another" {
	run inside -b /proc cat /proc/version
	[ "$output" = "$(cat /proc/version)" ]
	[ "$(inside uname -a | cut -d ' ' -f 1-3)" = "$(uname -a | cut -d ' ' -f 1-3)" ]
}

@test "values that are none" {
	local value

	for value in '\' '\a' '\a\b\c\' '\a\b\c\d\e\f\1' '\a\b\c\d\e\f\1\x' '\a\b\c\d\e\f\1\\'; do
		run -1 --separate-stderr "$PROOT" -k "$value" true
		[ "${stderr_lines[0]}" = "proot error: option '-k': '$value': it is neither a release nor \\SYSTEM\\NODE\\RELEASE\\VERSION\\MACHINE\\DOMAIN\\HWCAP\\" ]
	done
	for value in x 0x 5x 99999999999999999999 -2; do
		run -1 --separate-stderr "$PROOT" -k "\\a\\b\\c\\d\\e\\f\\$value\\" true
		[ "${stderr_lines[0]}" = "proot error: option '-k': '\\a\\b\\c\\d\\e\\f\\$value\\': its HWCAP is not a number" ]
	done
}

@test "names that are too long are cut, with a warning" {
	local value

	run --separate-stderr inside -k "$(printf %064d 0)" uname -r
	[ "$output" = "$(printf %064d 0)" ]
	[ -z "$stderr" ]
	for value in "$(printf %064d 0)1" "\\a\\$(printf %064d 0)12\\$(printf %064d 0)1\\c\\d\\e\\-1\\"; do
		run --separate-stderr inside -k "$value" uname -r
		[ "$output" = "$(printf %064d 0)" ]
		[ "$stderr" = "proot warning: option '--kernel-release': a name has more than 64 bytes; the first 64 are taken" ]
	done
	[ "$(inside -k "$value" uname -n 2>/dev/null)" = "$(printf %064d 0)" ]
}
