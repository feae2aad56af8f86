#!/usr/bin/env bats
# Root, bindings and the initial directory, as the guest sees them.

load helper

# Like run, for a command no process of which may take so many seconds of a CPU, however busy that is.
run_within() {
	run bash -c 'ulimit -t "$1" && shift && exec "$@"' - "$@"
}

gives() {
	show
	[ "$status" -eq 0 ]
	[ "$output" = "$1" ]
}

@test "a listing shows a binding over a missing place" {
	run inside -b "$SHARED:/missing/deep/place" sh -c 'ls / | grep missing; ls /missing /missing/deep; cat /missing/deep/place/name'
	gives $'missing\n/missing:\ndeep\n\n/missing/deep:\nplace\nthis is shared'
	[ ! -e "$GUEST/missing" ]
}

@test "the listing of an empty root shows the bindings" {
	mkdir empty
	run "$PROOT" -r empty -b "$GUEST/bin:/bin" -b "$SHARED:/nix" -b "$SHARED:/a/b" ls /
	gives $'a\nbin\nnix'
	[ -z "$(ls -A empty)" ]
}

@test "a listing shows a binding over a name that is there only once" {
	run inside -b "$SHARED:/home" sh -c 'ls / | grep -c home; ls /home'
	gives $'1\nname'
}

@test "find and stat see virtual directories as directories" {
	run inside -b "$SHARED:/missing/place" find /missing
	gives $'/missing\n/missing/place\n/missing/place/name'
	run inside -b "$SHARED/name:/missing/file" stat -c '%F' /missing /missing/file
	gives $'directory\nregular file'
}

@test "nothing can be created in a virtual directory" {
	run inside -b "$SHARED:/missing/place" sh -c 'echo >/missing/file'
	[ "$status" -ne 0 ]
	[ ! -e "$GUEST/missing" ]
}

@test "the last of two bindings at one place wins" {
	mkdir other
	echo other >other/name
	run inside -b "$PWD/other:/s" -b "$SHARED:/s" cat /s/name
	gives "this is shared"
	run inside -b "$SHARED:/s" -b "$PWD/other:/s" cat /s/name
	gives other
}

@test "the last of a root directory and a binding at / wins" {
	mkdir empty
	run "$PROOT" -r empty -b "$GUEST:/" cat /etc/name
	gives "this is the guest"
	run "$PROOT" -b "$SHARED:/" -r "$GUEST" cat /etc/name
	gives "this is the guest"
	run "$PROOT" -b "$SHARED:/" --tmpfs / -b "$SHARED:/shared" -R "$GUEST" cat /etc/name /shared/name
	gives $'this is the guest\nthis is shared'
}

@test "the last of two bindings wins though one is named through a link" {
	mkdir other
	echo other >other/name
	cp -a "$GUEST" guest
	ln -s /x/y guest/link
	run "$PROOT" -r guest -b "$SHARED:/x/y" -b "$PWD/other:/link" cat /x/y/name
	gives other
	run "$PROOT" -r guest -b "$PWD/other:/link" -b "$SHARED:/x/y" cat /x/y/name
	gives "this is shared"
}

@test "the deepest binding wins, in any order" {
	mkdir -p other/deep
	echo shallow >other/deep/name
	run inside -b "$SHARED:/s/deep" -b "$PWD/other:/s" cat /s/deep/name
	gives "this is shared"
	run inside -b "$PWD/other:/s" -b "$SHARED:/s/deep" cat /s/deep/name
	gives "this is shared"
}

@test "a binding over a missing place inside a binding" {
	mkdir other
	run inside -b "$SHARED:/s/deep" -b "$PWD/other:/s" sh -c 'ls /s; cat /s/deep/name'
	gives $'deep\nthis is shared'
	[ -z "$(ls -A other)" ]
}

@test "a binding at / replaces the root" {
	mkdir empty
	run "$PROOT" -r empty -b "$GUEST:/" cat /etc/name
	gives "this is the guest"
}

@test "guest links in the location are followed" {
	cp -a "$GUEST" guest
	ln -s /real guest/link
	mkdir guest/real
	run "$PROOT" -r guest -b "$SHARED:/link" sh -c 'cat /real/name; readlink /link'
	gives $'this is shared\n/real'
}

@test "a final link is covered, not followed, when GUEST ends in !" {
	cp -a "$GUEST" guest
	ln -s /real guest/link
	mkdir guest/real
	run "$PROOT" -r guest -b "$SHARED:/link!" sh -c 'cat /link/name; ls -A /real; readlink /link'
	[ "$output" = "this is shared" ]
}

@test "a link in the location may lie in another binding" {
	mkdir other
	cp -a "$GUEST" guest
	mkdir -p guest/etc/deep
	ln -s /etc/deep other/link
	run "$PROOT" -r guest -b "$SHARED:/o/link" -b "$PWD/other:/o" cat /etc/deep/name
	gives "this is shared"
}

@test "a link that loops or leads nowhere is covered, without a warning" {
	local link

	cp -a "$GUEST" guest
	ln -s /loop guest/loop
	ln -s nowhere guest/dangling
	ln -s dangling guest/second
	for link in loop dangling second; do
		run --separate-stderr "$PROOT" -r guest -b "$SHARED:/$link" sh -c "cat /$link/name; test ! -e /nowhere && echo covered"
		[ "$output" = "this is shared"$'\n'covered ]
		[ -z "$stderr" ]
		[ -L "guest/$link" ]
	done
}

@test "a location that leads out of the guest stays inside" {
	run inside -b "$SHARED:/../../s" cat /s/name
	gives "this is shared"
}

@test "a relative GUEST starts at the host's current directory" {
	run inside -b "$SHARED:there" cat "$PWD/there/name"
	gives "this is shared"
}

@test "a relative HOST" {
	cd "$SHARED/.."
	run inside -b shared:/s cat /s/name
	gives "this is shared"
}

@test "HOST through a link is resolved once, on the host" {
	ln -s "$SHARED" link
	run inside -b "$PWD/link:/s" cat /s/name
	gives "this is shared"
}

@test "a directory that a link of /proc leads to is bound once for all" {
	mkdir -p here/deep
	cd here
	echo here >name
	echo below >deep/name
	run inside -b /proc/self/cwd:/h -b /proc/self/cwd/deep:/d -b /proc/thread-self/fd/8:/f -b "/proc/$$/cwd/deep:/p" \
		sh -c 'cd /etc; cat /h/name /d/name /f/name /p/name; (cat /h/deep/name)' 8<.
	gives $'here\nbelow\nhere\nbelow\nbelow'
	cd "$GUEST"
	run "$PROOT" -r /proc/self/cwd sh -c 'cd /bin; cat /etc/name; pwd'
	gives $'this is the guest\n/bin'
	run "$PROOT" -v 1 -r /proc/self/root -b /proc -b /proc/self/cwd readlink /proc/self/cwd
	[[ $output == *"root = /"$'\n'*"$GUEST" ]]
}

@test "-b /dev -b /proc/self/fd:/dev/fd as proot-distro does" {
	run --separate-stderr inside -b /dev -b /proc -b /proc/self/fd:/dev/fd -b /proc/self/fd/0:/dev/stdin \
		-b /proc/self/fd/1:/dev/stdout -b /proc/self/fd/2:/dev/stderr -b /dev/urandom:/dev/random \
		sh -c 'echo input | cat /dev/stdin; echo out >/dev/stdout; echo fd | cat /dev/fd/0'
	gives $'input\nout\nfd'
	[ -z "$stderr" ]
}

@test "/dev/stdin without a /dev of the host" {
	run --separate-stderr inside -b /proc -b /proc/self/fd:/dev/fd -b /proc/self/fd/0:/dev/stdin sh -c 'echo input | cat /dev/stdin; echo x | cat /dev/fd/0'
	gives $'input\nx'
	[ -z "$stderr" ]
}

@test "the host's current directory where the guest sees it" {
	mkdir directory
	cd directory
	run inside -b "$BATS_TEST_TMPDIR" pwd
	gives "$BATS_TEST_TMPDIR/directory"
	run inside -b "$BATS_TEST_TMPDIR:/elsewhere" sh -c 'pwd; echo "$PWD"'
	gives $'/elsewhere/directory\n/elsewhere/directory'
	run "$PROOT" pwd
	gives "$PWD"
}

@test "a current directory inside the rootfs" {
	cd "$GUEST/etc"
	run inside cat name
	gives "this is the guest"
}

@test "the guest's own directory of the same name is not the host's" {
	mkdir -p "guest$BATS_TEST_TMPDIR"
	cp -a "$GUEST/bin" guest/
	run --separate-stderr "$PROOT" -r guest pwd
	gives /
	[ -z "$stderr" ]
}

@test "\$PWD through a link of the host is kept where it is right" {
	mkdir real
	ln -s real link
	cd link
	run "$PROOT" sh -c 'echo "$PWD"'
	gives "$BATS_TEST_TMPDIR/link"
}

@test "a current directory that is gone" {
	mkdir gone
	cd gone
	rmdir ../gone
	run --separate-stderr inside pwd
	gives /
	[ -z "$stderr" ]
}

@test "-w through a guest link, and relative" {
	cp -a "$GUEST" guest
	ln -s etc guest/link
	run "$PROOT" -r guest -w /link /bin/pwd
	gives /etc
	mkdir sub
	run inside -b . -w sub /bin/pwd
	gives "$PWD/sub"
}

@test "a current directory that exists only in the view, where the host's root is the guest's" {
	[ "$("$PROOT" -b "$SHARED:/nowhere/deep/x" /bin/sh -c 'cd /nowhere/deep && pwd -P && cat x/name && ls ..')" = "/nowhere/deep
this is shared
deep" ]
}

@test "-w in a virtual directory" {
	run --separate-stderr inside -b "$SHARED:/missing/place" -w /missing sh -c 'pwd; ls; cat place/name'
	gives $'/missing\nplace\nthis is shared'
	[ -z "$stderr" ]
}

@test "the command is looked up in the guest's \$PATH, relative to -w" {
	cp -a "$GUEST" guest
	mkdir guest/tools
	printf '#!/bin/sh\necho "tool $0 $*"\n' >guest/tools/tool
	printf 'not for me' >guest/bin/tool
	chmod +x guest/tools/tool
	run env PATH=/bin:/tools "$PROOT" -r guest tool a b
	gives "tool /tools/tool a b"
	run env PATH=/bin: "$PROOT" -r guest -w /tools tool a
	gives "tool tool a"
	run "$PROOT" -r guest -w /tools ./tool
	gives "tool ./tool "
}

@test "without \$PATH there is a default one" {
	run env -u PATH "$PROOT" -r "$GUEST" cat /etc/name
	gives "this is the guest"
}

@test "a text without #! goes to the shell, as with execvp" {
	cp -a "$GUEST" guest
	echo 'echo "text $0 $1"' >guest/text
	chmod +x guest/text
	run "$PROOT" -r guest /text x
	gives "text /text x"
}

@test "argv[0] is the command as written" {
	run inside -b /proc cat /proc/self/cmdline
	gives "cat/proc/self/cmdline"
}

@test "5000 bindings, quickly" {
	local i arguments=()

	mkdir many
	for i in {1..5000}; do
		arguments+=(-b "$SHARED:/b/$i/x")
	done
	run_within 8 "$PROOT" -r "$GUEST" "${arguments[@]}" sh -c 'ls /b | wc -l; ls /b/4711/x'
	gives $'5000\nname'
}

@test "20000 bindings of one file, quickly" {
	local i arguments=()

	cd "$SHARED"
	for i in {1..20000}; do
		arguments+=(-b "name:/b/$i")
	done
	run_within 8 "$PROOT" -r "$GUEST" "${arguments[@]}" cat /b/17711
	gives "this is shared"
}

@test "5000 bindings over what is there" {
	local i arguments=()

	mkdir -p guest/bin
	cp /bin/busybox guest/bin/
	for i in {1..5000}; do
		: >"guest/$i"
		arguments+=(-b "$SHARED/name:/$i")
	done
	run_within 8 "$PROOT" -r guest "${arguments[@]}" /bin/busybox sh -c '/bin/busybox ls / | /bin/busybox wc -l; /bin/busybox cat /5000'
	gives $'5001\nthis is shared'
}

@test "bindings with long paths" {
	local i deep host arguments=()

	deep=$(printf '/y%.0s' {1..200})
	run inside -b "$SHARED:$deep" cat "$deep/name"
	gives "this is shared"
	host=$BATS_TEST_TMPDIR$(printf '/%0200d' {1..4})
	mkdir -p "$host"
	echo long >"$host/name"
	for i in {1..15}; do
		arguments+=(-b "$host:/long/$i")
	done
	run inside "${arguments[@]}" cat /long/1/name /long/15/name
	gives $'long\nlong'
}

@test "nothing changes in the rootfs, nor in /tmp, when everything is killed" {
	local seconds pid

	seconds=$(unique_seconds)
	touch marker
	snapshot "$GUEST" >before
	"$PROOT" -r "$GUEST" -b "$SHARED:/missing/deep/place" -b "$SHARED/name:/etc/name" -b "$SHARED:/home" \
		sh -c "ls -R /missing >/dev/null; cd /missing; sleep $seconds; :" 3>&- &
	pid=$!
	eventually has_sleepers "$seconds"
	kill -KILL $(sleepers "$seconds") "$pid"
	eventually no_sleepers "$seconds"
	snapshot "$GUEST" >after
	diff before after
	[ -z "$(find /tmp /var/tmp /dev/shm -maxdepth 1 -uid "$(id -u)" -name '.proot-*' ! -name '.proot-owners-*' -newer marker 2>/dev/null)" ]
}

# The root is on another file system than both of what is bound: names of the kernel's would be on one.
@test "a binding over a missing place can't be renamed to another" {
	local other

	other=$(mktemp -d /dev/shm/proot-places.XXXXXX) || skip "needs another file system"
	[ "$(stat -c %d "$other")" != "$(stat -c %d /)" ] || skip "needs another file system"
	mkdir -p "$other/bound" "$other/dir"
	touch "$other/bound/kept" "$other/file"
	run "$PROOT" -b "$other/bound:/new/place" -b "$other/file:/new/file" -b "$other/dir:/new-dir" python3 -c 'import os
for name in ("/new/place", "/new/file"):
    for call in (os.rename, os.link):
        try: call(name, "/new-dir/x"); print(call.__name__, name)
        except OSError as error: print(error.strerror)'
	show
	[ -e "$other/bound/kept" ] && [ -e "$other/file" ] && [ -z "$(ls "$other/dir")" ]
	rm -r "$other"
	[ "$output" = $'Invalid cross-device link\nInvalid cross-device link\nInvalid cross-device link\nInvalid cross-device link' ]
}
