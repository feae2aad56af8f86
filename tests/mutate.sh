# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# Is a random test any good? Rules are broken one after the other in a copy of the sources, and the test must find each.
# For a script that has set $top, and has two functions:
#
#	mutations	prints lines of NAME, USERS, FILE and SED, with tabs between them: what is broken, for whom
#			it shows, and where. A sed program that changes nothing is an error.
#	is_found USERS	runs the test with $work/broken/proot, its output in $work/log: 0 if it finds something, 77 if
#			there is nothing to compare with
#
# and ends with mutate_all [NAME ...], which prints TAP and exits.

work=$(mktemp -d "${TMPDIR:-/tmp}/proot-mutations.XXXXXX") || exit 2
trap 'rm -rf "$work"' EXIT
trap 'exit 143' INT TERM HUP

# shellcheck disable=SC2154 # $top is set by who reads this
make_original() {
	local part

	mkdir "$work/original" && cp -a "$top/Makefile" "$top/src" "$work/original/" || exit 2
	for part in tests docs scripts completions; do
		[ ! -e "$top/$part" ] || cp -a "$top/$part" "$work/original/"
	done
	# What is built already need not be built again.
	mkdir "$work/original/build" && cp -a "$top"/build/{agent,command,*.*} "$work/original/build/" 2>"$work/log"
	make -s -C "$work/original" proot >"$work/log" 2>&1 || { cat "$work/log"; exit 2; }
}

# Break FILE with SED in a copy: status 1 and a reason if that can't be.
break_rule() {
	rm -rf "$work/broken"
	cp -a "$work/original" "$work/broken"
	sed -i "$2" "$work/broken/$1"
	! cmp -s "$work/original/$1" "$work/broken/$1" || { echo "# nothing changed in $1"; return 1; }
	env -u CI make -s -C "$work/broken" proot >"$work/log" 2>&1 || { sed 's/^/# /' "$work/log"; return 1; }
}

mutate_all() {
	local wanted=" $* " number=0 failed=0 name users file program

	make_original
	while IFS=$'\t' read -r name users file program; do
		[ $# = 0 ] || [[ $wanted == *" $name "* ]] || continue
		number=$((number + 1))
		if ! break_rule "$file" "$program"; then
			echo "not ok $number - $name can be broken"
			failed=1
			continue
		fi
		is_found "$users"
		case $? in
		0) echo "ok $number - $name: $(grep -m1 -o 'difference.*' "$work/log")" ;;
		77) echo "ok $number - $name # SKIP no oracle: namespaces are not permitted" ;;
		*) echo "not ok $number - $name broken is found"; failed=1 ;;
		esac
	done < <(mutations)
	echo "1..$number"
	exit "$failed"
}
