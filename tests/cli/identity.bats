#!/usr/bin/env bats
# Who the guest thinks it is: -0, -i, -S, --user.

load helper

eval "common_$(declare -f setup_file)"

setup_file() {
	common_setup_file
	# Whom root becomes must be able to go there.
	chmod a+x "$BATS_RUN_TMPDIR" "$BATS_FILE_TMPDIR"
	cat >"$GUEST/etc/passwd" <<-END
		root:x:0:0:root:/root:/bin/sh
		alice:x:1234:1235:Alice:/home:/bin/ash
		bare:x:77:78:::
	END
	cat >"$GUEST/etc/group" <<-END
		root:x:0:
		alice:x:1235:
		audio:x:29:alice
		video:x:44:bob,alice
	END
}

# In these tests the guest's /proc is there.
as() {
	inside -b /proc "$@"
}

@test "-0: root" {
	run as -0 id
	[[ $output == "uid=0(root) gid=0(root)"* ]]
	run as --root-id id -u
	[ "$output" = 0 ]
}

@test "-i: any numbers" {
	run as -i 1234:44 id
	[ "$output" = "uid=1234(alice) gid=44(video)" ]
	run as --change-id=5:6 sh -c 'id -u; id -g; id -ru; id -rg'
	[ "${lines[*]}" = "5 6 5 6" ]
	run as -0 -i 5:6 id -u
	[ "$output" = 5 ]
}

@test "-S: root with what programs need" {
	run "$PROOT" -S "$GUEST" sh -c 'id -u; cat /etc/name; test -d /proc/self && test -c /dev/null'
	[ "$status" -eq 0 ]
	[ "${lines[*]}" = "0 this is the guest" ]
}

@test "root gives it up, and has no way back" {
	run as -0 su alice -c 'id -u; id -g; sh -c "id -u"; su root -c id </dev/null; echo $?'
	[ "${lines[0]}" = 1234 ]
	[ "${lines[1]}" = 1235 ]
	[ "${lines[2]}" = 1234 ]
	[ "${lines[-1]}" = 1 ]
}

@test "su, for who is root" {
	run as -0 su alice -c 'id -u; echo $HOME'
	[ "${lines[*]}" = "1234 /home" ]
}

@test "/proc/PID/status tells it" {
	local words='grep -E "^(Uid|Gid|Groups|Cap(Eff|Prm|Bnd)):" /proc/self/status; grep Uid: /proc/$$/status'

	! is_root || return 0 # real root is the kernel's
	run as -i 5:6 sh -c "$words"
	[ "${lines[0]}" = $'Uid:\t5\t5\t5\t5' ]
	[ "${lines[1]}" = $'Gid:\t6\t6\t6\t6' ]
	[[ ${lines[2]} == $'Groups:\t'* ]]
	[ "${lines[3]}" = $'CapPrm:\t0000000000000000' ]
	[ "${lines[4]}" = $'CapEff:\t0000000000000000' ]
	[ "${lines[6]}" = $'Uid:\t5\t5\t5\t5' ]
	run as -0 sh -c "$words"
	[ "${lines[0]}" = $'Uid:\t0\t0\t0\t0' ]
	[ "${lines[3]}" = $'CapPrm:\t000001ffffffffff' ]
	# Of who is no guest, what the kernel says.
	run as -0 sh -c 'grep Uid: /proc/1/status'
	[ "$output" = "$(grep Uid: /proc/1/status)" ]
}

@test "--user: a user of the guest" {
	run as --user alice sh -c 'id; echo "$HOME $USER $LOGNAME $SHELL"'
	[ "${lines[0]}" = "uid=1234(alice) gid=1235(alice) groups=29(audio),44(video),1235(alice)" ]
	[ "${lines[1]}" = "/home alice alice /bin/ash" ]
	run as --user 1234 id -un
	[ "$output" = alice ]
	run as --user bare sh -c 'echo "$HOME $USER $SHELL"; id -g'
	[ "${lines[*]}" = "/ bare /bin/sh 78" ]
}

@test "--user: with a group, and numbers" {
	run as --user alice:audio id
	[ "$output" = "uid=1234(alice) gid=29(audio) groups=29(audio),44(video)" ]
	USER=x LOGNAME=x run as --user 5:6 sh -c 'id -u; id -g; echo "$HOME ${USER-none} ${LOGNAME-none}"'
	[ "${lines[*]}" = "5 6 / none none" ]
}

@test "--user: what is missing is named" {
	local empty=$BATS_TEST_TMPDIR/empty

	fails_saying() {
		run -1 --separate-stderr "$PROOT" -r "$GUEST" --user "$1" true
		[ "$stderr" = "proot error: option '--user': $2" ] || { show; return 1; }
	}
	fails_saying bob "there is no user 'bob' in the guest's /etc/passwd"
	fails_saying alice:bobs "there is no group 'bobs' in the guest's /etc/group"
	fails_saying 5 "user 5 is not in the guest's /etc/passwd, so its group has to be given: 5:GROUP"
	fails_saying :x "':x' names no user"
	fails_saying alice: "'alice:' names no group"
	mkdir "$empty"
	run -1 --separate-stderr "$PROOT" -r "$empty" --user alice true
	[ "$stderr" = "proot error: option '--user': there is no user 'alice' in the guest's /etc/passwd" ]
	run -1 --separate-stderr "$PROOT" --user
	[[ $stderr == *"option '--user' needs a value: NAME[:GROUP]"* ]]
}

@test "--user of real root is the kernel's, unless -i is given" {
	is_root || return 0
	run as --user alice sh -c 'grep -E "^(Uid|Gid|Groups|CapBnd):" /proc/self/status; exec 5<>/dev/null; test -O /proc/self'
	[ "${lines[0]}" = $'Uid:\t1234\t1234\t1234\t1234' ]
	[ "${lines[1]}" = $'Gid:\t1235\t1235\t1235\t1235' ]
	[ "${lines[2]}" = $'Groups:\t29 44 1235 ' ]
	run as -i 5:6 --user alice id -u
	[ "$output" = 1234 ]
}

@test "set-user-id programs lead back to root" {
	! is_root || return 0 # real root is the kernel's
	cp /bin/busybox "$GUEST/bin/su" && chmod 4755 "$GUEST/bin/su"
	printf 'root::1:0:99999:7:::\n' >"$GUEST/etc/shadow"
	run as --user alice sh -c 'su root -c "id -u"'
	rm -f "$GUEST/etc/shadow"
	cp -P "$GUEST/bin/sh" "$GUEST/bin/su"
	[ "$output" = 0 ]
}

@test "kill -1 stays among the guests" {
	! is_root || return 0
	# Nothing happens to who does not want this signal, should it come to others.
	listen='trap "echo >$0/came" WINCH; echo >$0/ready; for i in $(seq 100); do [ -e $0/over ] || sleep 0.1; done'
	mkdir outside place
	sh -c "$listen" "$PWD/outside" &
	as -0 -w / -b /dev/null -b "$PWD/place:/place" sh -c "sh -c '$listen' /place & until [ -e /place/ready ]; do sleep 0.1; done; kill -WINCH -1; wait" &
	eventually [ -e place/came ]
	touch place/over outside/over
	wait
	[ -e outside/ready ]
	[ ! -e outside/came ]
}

@test "values that are none" {
	local value

	for value in x 1 1: :1 1:x 1:2:3 -1:0 0:4294967295; do
		run -1 --separate-stderr "$PROOT" -i "$value" true
		[ "${stderr_lines[0]}" = "proot error: option '-i': '$value' is not USER:GROUP, two numbers" ]
	done
}

@test "--user: a passwd that is no file" {
	mkdir -p other/bin other/etc/passwd
	cp /bin/busybox other/bin/
	run --separate-stderr "$PROOT" -r other --user root /bin/busybox id
	[ "$status" -eq 1 ]
	[ "$stderr" = "proot error: can't read /etc/passwd of the guest: Is a directory" ]
	rmdir other/etc/passwd
	mkfifo other/etc/passwd
	run --separate-stderr timeout 10 "$PROOT" -r other --user root /bin/busybox id
	[ "$status" -eq 1 ]
	[ "$stderr" = "proot error: can't read /etc/passwd of the guest: Invalid argument" ]
}

@test "--forget where there is nothing to forget" {
	run --separate-stderr as --forget true
	[ "$status" -eq 0 ]
	[ "$stderr" = "proot warning: option '--forget' has no effect here: owners are the kernel's" ]
	! is_root || { run --separate-stderr as -0 --forget true; [[ $stderr == *"no effect"* ]]; }
	is_root || { run --separate-stderr as -0 --forget true; [ "$stderr" = "" ]; }
}

@test "strangers may not attach what guests share" {
	run as -0 sh -c 'awk -v proot="$PPID" "\$5 == proot { print \$3 }" /proc/sysvipc/shm'
	show
	is_root || [ "${lines[*]}" = "1600 1600" ]
	! is_root || [ "${lines[*]}" = "1666 1644" ]
}
