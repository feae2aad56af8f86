#!/usr/bin/env bats
# mount, umount and hostname of who is root inside: by util-linux on the host's own tree, by busybox in a guest.
# Alone: it looks at what guests of this machine have left of mounts.

load helper

# As root on the host's own tree, but for where mount(8) keeps its notes.
as_root() {
	"$PROOT" -0 -b "$BATS_TEST_TMPDIR/.run:/run/mount" "$@"
}

# What is left of tmpfs mounts.
leftovers() {
	ls -d /dev/shm/.proot-mount-* /tmp/.proot-mount-* /var/tmp/.proot-mount-* 2>/dev/null || true
}

setup() {
	SHARED=$BATS_FILE_TMPDIR/shared
	cd "$BATS_TEST_TMPDIR" || return 1
	mkdir a b c .run
	echo "in a" >a/name
	cat /proc/self/mountinfo >.mounts
	leftovers >.leftovers
	hostname >.hostname
}

# Whatever was mounted inside, the machine has the mounts and the name it had.
check_machine() {
	diff .mounts <(cat /proc/self/mountinfo)
	diff .leftovers <(leftovers)
	[ "$(hostname)" = "$(cat .hostname)" ]
}

@test "mount --bind, mountpoint, findmnt, umount" {
	run as_root bash -ec 'mount --bind a b; cat b/name; mountpoint -q b; findmnt -no TARGET --mountpoint "$PWD/b"
		grep -c "$PWD/b" /proc/mounts; umount b; ! mountpoint -q b; ls b; ! umount b 2>/dev/null'
	show
	[ "$status" -eq 0 ]
	[ "$output" = "in a"$'\n'"$PWD/b"$'\n1' ]
	check_machine
}

@test "mount --move, --rbind, stacked mounts" {
	run as_root bash -ec 'mkdir a/sub; mount --bind c a/sub; echo c >c/name; mount --rbind a b; cat b/sub/name
		mount --bind c b; cat b/name; umount b; cat b/name; mount --move b c; cat c/name c/sub/name; ls b
		umount -R c; cat c/name; umount a/sub'
	show
	[ "$status" -eq 0 ]
	[ "$output" = $'c\nc\nin a\nin a\nc\nc' ]
	check_machine
}

@test "files on files" {
	run as_root bash -ec 'echo other >other; mount --bind other a/name; cat a/name; rm a/name 2>/dev/null || echo busy
		umount a/name; cat a/name; ! mount --bind other b 2>/dev/null'
	[ "$output" = $'other\nbusy\nin a' ]
	check_machine
}

@test "what debootstrap does for its target" {
	make_guest target
	mkdir target/proc target/sys
	run as_root bash -ec 'export TARGET=$PWD/target
		mount -t proc proc "$TARGET/proc"; mount -t sysfs sysfs "$TARGET/sys"
		chroot "$TARGET" sh -c "cat /proc/self/comm; ls -d /sys/class"
		chroot "$TARGET" umount /sys; umount "$TARGET/proc"
		ls -A "$TARGET/proc" "$TARGET/sys" | grep -v : || true'
	show
	[ "$status" -eq 0 ]
	[ "${lines[0]}" = cat ]
	[ "${lines[1]}" = /sys/class ]
	[ "${#lines[@]}" -eq 2 ]
	check_machine
}

@test "mount in a chroot, and by busybox in a guest" {
	make_guest target
	mkdir target/x target/y
	echo x >target/x/name
	run as_root chroot target sh -ec 'mount -o bind /x /y; cat /y/name; umount /y; ls /y'
	[ "$output" = x ]
	run inside -0 -b /proc sh -ec 'mkdir -p /x /y; echo x >/x/name; mount -o bind /x /y; cat /y/name
		mount | grep -c " /y "; umount /y; ls /y'
	show
	[ "$output" = $'x\n1' ]
	check_machine
}

@test "tmpfs: fresh, and gone afterwards" {
	run as_root bash -ec 'mount -t tmpfs -o mode=700,size=1m none b; stat -c "%a %u %g" b; mkdir -p b/x/y; echo t >b/x/y/z
		chmod 0 b/x/y; umount b; ls b; mount -t tmpfs none b; ls b; mkdir -p b/1/2; mount -t tmpfs none b/1; >b/1/3'
	show
	[ "$status" -eq 0 ]
	[ "$output" = "700 0 0" ]
	check_machine
	# What others still see of it stays.
	run as_root bash -ec 'mount -t tmpfs none b; mkdir b/x; echo t >b/x/y; mount --bind b/x c; umount b; cat c/y; umount c'
	[ "$output" = t ]
	check_machine
	run as_root --kill-on-exit bash -ec 'mount -t tmpfs none b; echo t >b/x; sleep 1000 & kill -KILL $$'
	[ "$status" -eq 137 ]
	check_machine
}

@test "processes that run already see a mount, and so do those of others started later; another proot does not" {
	run as_root bash -ec 'mkfifo go; (cat go >/dev/null; cat b/name; bash -c "cat b/name") & mount --bind a b; echo >go; wait'
	show
	[ "$output" = $'in a\nin a' ]
	as_root bash -c 'mount --bind a b; echo >go; cat go >/dev/null' &
	PID=$!
	cat go >/dev/null
	run as_root ls b
	[ "$output" = "" ]
	echo >go
	wait "$PID"
	unset PID
	check_machine
}

@test "a hundred processes mount and unmount at once" {
	run as_root bash -c 'for i in {1..100}; do mkdir "d$i" "e$i"; echo "$i" >"d$i/name"; done
		one() {
			local i=$1
			for _ in 1 2 3; do
				mount --bind "d$i" "e$i" || echo "mount $i"
				[ "$(cat "e$i/name")" = "$i" ] || echo "lost $i"
				umount "e$i" || echo "umount $i"
				[ ! -e "e$i/name" ] || echo "left $i"
			done
		}
		for i in {1..100}; do one "$i" & done; wait
		grep -c "$PWD" /proc/self/mountinfo'
	show
	[ "$output" = 0 ] || [ "$output" = 1 ]
	check_machine
}

@test "what can't be is refused" {
	run as_root bash -c 'mount -o remount,ro a; echo $?; mount -t no-such-type none b; echo $?; mount -t tmpfs none /; echo $?; mount -t overlay none b; echo $?'
	show
	[ "$(grep -xc 32 <<<"$output")" -eq 4 ]
	is_root || { run "$PROOT" mount --bind a b; [ "$status" -ne 0 ]; }
	is_root || { run "$PROOT" umount /; [ "$status" -ne 0 ]; }
	run as_root bash -ec 'mount --make-rprivate /; mount --make-rslave /'
	[ "$status" -eq 0 ]
	check_machine
}

@test "mounts are made read-only and writable again" {
	run as_root bash -c 'echo x >a/file; mount --bind a b && mount -o remount,bind,ro b; echo y >b/file; chmod 600 b/file; rm b/file; cat b/file
		echo z >a/file; cat b/file; mount -o remount,bind,rw b; echo w >b/file; cat a/file; umount b
		mount -t tmpfs -o ro none b; >b/x; mount -o remount,rw b; >b/x; ls b; mount -o remount,ro,bind / && >a/new; >b/y; ls a b'
	show
	[ "$(grep -c 'Read-only file system' <<<"$output")" -eq 5 ]
	[ "$(grep -v 'Read-only file system' <<<"$output")" = $'x\nz\nw\nx\na:\nfile\nname\n\nb:\nx\ny' ]
	check_machine
}

@test "the machine's name" {
	run as_root bash -ec 'hostname inner.example; hostname; uname -n; cat /proc/sys/kernel/hostname; bash -c hostname
		domainname d; domainname'
	show
	[ "$output" = $'inner.example\ninner.example\ninner.example\ninner.example\nd' ]
	is_root || { run "$PROOT" hostname other; [ "$status" -ne 0 ]; }
	run inside -0 -k '\\node\\\\\-1\' sh -c 'hostname; hostname x; hostname'
	[ "$output" = $'node\nx' ]
	check_machine
}

@test "a link put in the place of what is bound leads nowhere" {
	make_guest guest
	mkdir -p guest/a/b guest/m outside
	echo outside >outside/name
	run "$PROOT" -0 -r guest sh -c 'mount -o bind /a/b /m
		mv /a/b /a/c; ln -s ../../outside /a/b; cat /m/name; cd /m; ls -a /m/ | grep name; >/m/new; rm /m/name
		for i in 1 2 3 4 5 6 7 8; do cat /m/name; stat -c %F /m/name; done; umount /m && echo unmounted'
	show
	[[ $output != *outside* ]]
	[ "${lines[-1]}" = unmounted ]
	[ "$(ls outside)" = name ]
	check_machine
}
