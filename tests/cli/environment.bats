#!/usr/bin/env bats
# What the guest is told that is not a file: --env, --unset-env, --clear-env, --hostname.

load helper

setup() {
	cd "$BATS_TEST_TMPDIR" || return 1
	export SOMETHING="of proot's" OTHER=other
}

# The guest's environment as env(1) makes it: same ENV-ARGUMENTS -- PROOT-OPTIONS
same() {
	local words=()

	while [ "$1" != -- ]; do
		words+=("$1")
		shift
	done
	shift
	env "${words[@]}" /bin/busybox env | sort >native
	run inside -w / "$@" /bin/busybox env
	[ "$status" -eq 0 ]
	diff <(grep -v '^\(PWD\|_\)=' native) <(sort <<<"$output" | grep -v '^\(PWD\|_\)=')
}

@test "the environment is what env(1) makes of it" {
	same A=1 -- --env A=1
	same A=1 "B=two words" C= -- --env A=1 "--env=B=two words" --env C=
	same A=2 -- --env A=1 --env A=2
	same -u SOMETHING -- --unset-env SOMETHING
	same -u SOMETHING -u NONE A=1 -- --unset-env=SOMETHING --unset-env NONE --env=A=1
	same SOMETHING=else -- --unset-env SOMETHING --env SOMETHING=else
	same -u SOMETHING -- --env SOMETHING=else --unset-env SOMETHING
	same -i A=1 -- --clear-env --env A=1
	same -i -- --env A=1 --clear-env
	same -i SOMETHING="$SOMETHING" -- --clear-env --env SOMETHING --env NONE
	same SOMETHING="$SOMETHING" -- --env SOMETHING
}

@test "an empty environment is empty" {
	run env -i "$PROOT" -r "$GUEST" --clear-env /bin/busybox env
	prints ""
	run inside --clear-env /bin/busybox env
	prints ""
	run inside --clear-env -w /etc /bin/busybox env
	prints PWD=/etc
	run inside --clear-env -w /etc --env PWD=/else /bin/busybox env
	prints PWD=/else
}

@test "the command is looked up in the PATH that is asked for" {
	mkdir -p guest/only guest/bin
	cp /bin/busybox guest/bin
	ln -s /bin/busybox guest/only/echo
	run "$PROOT" -r guest --env PATH=/only echo found
	prints found
	run -127 "$PROOT" -r guest --env PATH=/none echo found
	[[ $output == *"'echo' not found ("*"\$PATH=/none)" ]]
	run inside --clear-env echo found
	prints found
}

@test "it is the guest's: proot has its own" {
	mkdir home
	echo mine >home/file
	HOME=$PWD/home run inside -B --env HOME=/nowhere sh -c "cat $PWD/home/file; echo \$HOME"
	prints $'mine\n/nowhere'
	HOME=$PWD/home run inside --clear-env -b '$HOME:/h' cat /h/file
	prints mine
}

@test "--env is stronger than --user" {
	mkdir -p guest/etc guest/bin
	cp /bin/busybox guest/bin
	echo 'root:x:0:0::/root:/bin/ash' >guest/etc/passwd
	echo 'root:x:0:' >guest/etc/group
	run "$PROOT" -r guest --user root --env HOME=/else --clear-env --env USER=me /bin/busybox env
	[ "$(sort <<<"$output")" = $'HOME=/root\nLOGNAME=root\nSHELL=/bin/ash\nUSER=me' ]
}

@test "what is no variable" {
	refuses_with "option '--env': '=x' names no variable" --env =x true
	refuses_with "option '--env' has an empty value: it needs NAME[=VALUE]" --env= true
	refuses_with "option '--unset-env': 'A=1' is not the name of a variable" --unset-env A=1 true
	refuses_with "option '--clear-env' takes no value, but got 'x'" --clear-env=x true
}

@test "a name for the machine" {
	run inside --hostname mine -b /proc sh -c 'uname -n; cat /proc/sys/kernel/hostname; hostname; uname -r'
	prints $'mine\nmine\nmine\n'"$(uname -r)"
	run inside --hostname=mine -k '\\other\1.2.3\\\\\' uname -n -r
	prints "mine 1.2.3"
	run inside -k '\\other\1.2.3\\\\\' --hostname=mine uname -n -r
	prints "mine 1.2.3"
	run inside -0 --hostname=mine sh -c 'hostname; hostname new; hostname'
	prints $'mine\nnew'
	long=$(printf '%065d' 0)
	run inside --hostname="${long:1}" uname -n
	prints "${long:1}"
	refuses_with "option '--hostname': '$long': it has more than 64 bytes" --hostname="$long" true
	[ "$(hostname)" != mine ]
}
