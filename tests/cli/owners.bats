#!/usr/bin/env bats
# What guests give to files lasts; the store of what carries no attribute; --check-owners and --repair-owners.

load helper

USER_ID=12345

is_root() {
	[ "$(id -u)" = 0 ]
}

is_root || USER_ID=$(id -u)

# Run "$@" as an ordinary user in an empty file system of that user's at $TREE: so the store is there.
as_user() {
	local mount='mount -t tmpfs -o mode=0755,uid=$0,gid=$0 tmpfs "$TREE" && cd "$TREE" && shift && exec "$@"'

	if is_root; then
		unshare -m sh -c "$mount" "$USER_ID" -- setpriv --reuid "$USER_ID" --regid "$USER_ID" --clear-groups "$@"
	else
		unshare -rm sh -c "$mount" 0 -- unshare -U --map-user="$(id -u)" --map-group="$(id -g)" "$@"
	fi
}

setup() {
	TREE=$BATS_TEST_TMPDIR/tree
	STORE=$TREE/.proot-owners-$USER_ID
	export TREE STORE
	mkdir "$TREE"
	cd "$BATS_TEST_TMPDIR" || return 1
	chmod a+x "$BATS_RUN_TMPDIR" "$BATS_FILE_TMPDIR" "$BATS_TEST_TMPDIR" "$BATS_RUN_TMPDIR"/* || true
	as_user true 2>/dev/null || skip "no namespaces for a file system of one's own"
}

# A script that runs so. It ends at what fails.
user_script() {
	as_user bash -euc "$1"
}

@test "owners, modes and devices last from one proot to the next" {
	run user_script '
		"$PROOT" -0 sh -c "
			mkdir d; ln -s x d/link; mkfifo d/fifo; mknod d/null c 1 3; touch d/file
			chown -h 1:2 d/link; chown 3:4 d/fifo; chmod 6711 d/fifo; chown 5:6 d/null d/file d" >&2
		"$PROOT" -0 stat -c "%n %u %g %a %F %t %T" d d/file d/fifo d/link d/null
		stat -c "%n %s" "$STORE"'
	[ "$status" -eq 0 ]
	[ "${lines[0]}" = "d 5 6 755 directory 0 0" ]
	[ "${lines[1]}" = "d/file 5 6 644 regular empty file 0 0" ]
	[ "${lines[2]}" = "d/fifo 3 4 6711 fifo 0 0" ]
	[ "${lines[3]}" = "d/link 1 2 777 symbolic link 0 0" ]
	[ "${lines[4]}" = "d/null 5 6 644 character special file 1 3" ]
	[ "${lines[5]}" = "$STORE 8192" ]
}

# Between two calls of the kernel the file would have a mode stored that nobody can read, and later can again.
@test "a file whose mode is stored stays readable on the machine while it changes" {
	run --separate-stderr user_script '
		"$PROOT" -0 sh -c "touch file; chmod 2755 file; chmod 7 file; stat -c %a file"
		stat -c %a file
		"$PROOT" -0 sh -c "chmod 444 file; stat -c %a file"
		stat -c %a file'
	[ "$status" -eq 0 ]
	[ "$output" = "7
407
444
444" ]
}

@test "of what is not the user's, owners and modes may be set to what they are" {
	local user=()

	! is_root || user=(setpriv --reuid "$USER_ID" --regid "$USER_ID" --clear-groups)
	run --separate-stderr "${user[@]}" bash -euc '
		file=/etc/passwd owner=$(stat -c %u:%g /etc/passwd) mode=$(stat -c %a /etc/passwd)
		cd /
		"$PROOT" -0 sh -c "
			chown $owner $file /etc && chown -h $owner /etc/mtab && chown :${owner#*:} $file || echo chown
			chmod $mode $file || echo chmod
			chown 1:1 $file || chown $owner $(command -v su) || chmod 600 $file || echo refused"
		"$PROOT" -i 5:6 chown $owner $file || echo refused
		"$PROOT" -i 5:6 chmod $mode $file || echo refused'
	[ "$status" -eq 0 ]
	[ "$output" = $'refused\nrefused\nrefused' ]
}

@test "no store is made where nothing has to be kept there" {
	run user_script '
		"$PROOT" -0 sh -c "ln -s x link; touch file; chown 0:0 file; chown -h 0:0 link; chown 5 file; ls -l" >&2
		ls -A'
	[ "$status" -eq 0 ]
	[ "${lines[*]: -2}" = "file link" ]
}

@test "the root's own store is in no listing" {
	run user_script '
		mkdir -p bin tmp dir
		cp /bin/busybox bin/
		"$PROOT" -0 -r . /bin/busybox sh -c "
			busybox mkfifo p; busybox chown 1:2 p; for i in \$(busybox seq 200); do : >dir/\$i; : >\$i; done"
		touch .proot-owners
		ls -A | grep -c owners
		"$PROOT" -0 -r . /bin/busybox ls -A / | grep -v "^[a-z]*$" | sort -n | cksum
		(echo .proot-owners; seq 200) | cksum
		"$PROOT" -0 -r . /bin/busybox ls -A / | wc -l
		"$PROOT" -0 -r . /bin/busybox find / -name ".proot*"
		"$PROOT" -0 -r . /bin/busybox stat -c %u:%g /p
		mkdir new
		"$PROOT" -0 -r new -b bin:/bin /bin/busybox ls -A / | wc -l
		"$PROOT" -0 ls -A | grep -c owners'
	[ "$status" -eq 0 ]
	[ "${lines[0]}" = 2 ]
	[ "${lines[1]}" = "${lines[2]}" ]
	[ "${lines[3]}" = 205 ]
	[ "${lines[4]}" = /.proot-owners ]
	[ "${lines[5]}" = 1:2 ]
	[ "${lines[6]}" = 1 ]
	[ "${lines[7]}" = 1 ]
}

@test "the root's own store is in no listing, whatever is read at once" {
	# SYS_getdents64 and SYS_getdents of x86_64, whose entries have their length at 16 and the name at 19 or 18
	export READ='
		for my $size (48, 56, 64, 100, 200, 4096) {
			for my $call ([217, 19], [78, 18]) {
				opendir(my $directory, "/"); my %names; my $got;
				while (($got = syscall($call->[0], fileno($directory), my $buf = "\0" x $size, $size)) > 0) {
					for (my $at = 0; $at < $got; $at += unpack("S", substr($buf, $at + 16, 2))) {
						$names{unpack("Z*", substr($buf, $at + $call->[1]))}++;
					}
				}
				print join(" ", $got, map { "$_$names{$_}" } sort keys %names), "\n";
			}
		}'
	[ "$(uname -m)" = x86_64 ] || skip "numbers of another machine"
	run user_script '
		mkfifo p
		touch "$STORE~"
		"$PROOT" -0 chown 1:2 p
		"$PROOT" -0 -r . -b /usr -b /lib -b /lib64 -b /dev /usr/bin/perl -e "$READ" | sort -u'
	[ "$status" -eq 0 ]
	[ "$output" = "0 .1 ..1 dev1 lib1 lib641 p1 usr1" ]
}

@test "--forget: owners are gone with the guests" {
	run user_script '
		touch file
		"$PROOT" -0 sh -c "chown 1:2 file; ln -s x link; chown -h 3:4 link"
		"$PROOT" -0 --forget sh -c "
			stat -c %u:%g file link; chown 5:6 file; chown -h 7:8 link; stat -c %u:%g file link
			chown 0:0 file; chown -h 0:0 link; stat -c %u:%g file link
			mknod null c 1 3; chown 9 null; stat -c \"%u %F\" null; stat -c \"%u %F\" null; ls -ln null >&2"
		"$PROOT" -0 stat -c "%u:%g %F" file link null
		getfattr --absolute-names -n user.rootlesscontainers file >/dev/null
		"$PROOT" --check-owners .'
	[ "$status" -eq 0 ]
	[ "${lines[*]:0:6}" = "1:2 3:4 5:6 7:8 0:0 0:0" ]
	[ "${lines[6]}" = "9 character special file" ]
	[ "${lines[7]}" = "9 character special file" ]
	[[ ${lines[8]} == "crw-r--r-- 1 9 0 1, 3 "* ]]
	[ "${lines[9]}" = "1:2 regular empty file" ]
	[ "${lines[10]}" = "3:4 symbolic link" ]
	[ "${lines[11]}" = "0:0 socket" ]
	[ "${lines[12]}" = "all is well with 1 record of 1 store, and 5 files" ]
}

@test "--check-owners: all is well" {
	run user_script '
		mkdir d
		"$PROOT" --check-owners d
		"$PROOT" -0 sh -c "ln -s x d/link; chown -h 1:2 d/link; touch d/file; chown 3 d/file"
		"$PROOT" --check-owners d
		"$PROOT" --check-owners=.
		"$PROOT" --repair-owners d
		"$PROOT" -0 stat -c %u d/link d/file'
	[ "$status" -eq 0 ]
	[ "${lines[0]}" = "all is well with 0 records of 0 stores, and 1 files" ]
	[ "${lines[1]}" = "all is well with 1 record of 1 store, and 5 files" ]
	[ "${lines[2]}" = "all is well with 1 record of 1 store, and 5 files" ]
	[ "${lines[3]}" = "all is well with 1 record of 1 store, and 5 files" ]
	[ "${lines[*]: -2}" = "1 3" ]
}

@test "what is removed inside leaves nothing" {
	run user_script '
		mkdir d
		"$PROOT" -0 sh -c "
			cd d
			ln -s x link; mkfifo fifo; mknod null c 1 3; ln -s x moved; ln -s x covered; ln -s x kept
			chown -h 1:2 *
			ln kept second; rm second; mv -T kept kept || true; ln kept other; mv kept other; ls -ln other
			rm link null; mv moved covered; ls -ln covered"
		"$PROOT" --check-owners d'
	[ "$status" -eq 0 ]
	[[ ${lines[-3]} == "lrwxrwxrwx 2 1 2 1 "*" other -> x" ]]
	[[ ${lines[-2]} == "lrwxrwxrwx 1 1 2 1 "*" covered -> x" ]]
	[ "${lines[-1]}" = "all is well with 3 records of 1 store, and 7 files" ]
}

@test "what a guest removes takes nothing from what another makes of the same inode" {
	run user_script '
		cat >storm.py <<-"END"
			import os, stat, sys, time

			def other():
			    while time.monotonic() < until:
			        os.mknod("a", stat.S_IFCHR | 0o600, os.makedev(1, 3))
			        os.unlink("a")

			def own():
			    wanted = (stat.S_IFBLK | 0o600, 5, os.makedev(7, 8))
			    while time.monotonic() < until:
			        os.mknod("b", stat.S_IFBLK | 0o600, os.makedev(7, 8))
			        os.chown("b", 5, 6)
			        for i in range(3):
			            status = os.stat("b")
			            if (status.st_mode, status.st_uid, status.st_rdev) != wanted:
			                sys.exit(str(status))
			        os.unlink("b")
			    print("all there")

			until = time.monotonic() + 3
			if not os.fork():
			    other()
			    os._exit(0)
			own()
			os.wait()
		END
		mkdir d
		cd d
		"$PROOT" -0 python3 ../storm.py'
	[ "$status" -eq 0 ]
	[ "$output" = "all there" ]
}

@test "--check-owners, --repair-owners: what is gone" {
	run user_script '
		mkdir d
		"$PROOT" -0 sh -c "ln -s x d/gone; ln -s x d/kept; chown -h 1:2 d/gone d/kept"
		inode=$(stat -c %i d/gone)
		rm d/gone
		! "$PROOT" --check-owners d
		"$PROOT" --repair-owners d
		"$PROOT" --check-owners d
		"$PROOT" -0 stat -c "%u:%g" d/kept
		echo "$STORE: inode $inode, owner 1:2: its object is gone"'
	[ "$status" -eq 0 ]
	[ "${lines[0]}" = "${lines[-1]}" ]
	[ "${lines[1]}" = "1 problem, 1 left, in 2 records of 1 store, and 4 files" ]
	[ "${lines[2]}" = "${lines[-1]} (repaired)" ]
	[ "${lines[3]}" = "1 problem, 0 left, in 2 records of 1 store, and 4 files" ]
	[ "${lines[4]}" = "all is well with 1 record of 1 store, and 4 files" ]
	[ "${lines[5]}" = 1:2 ]
}

@test "--check-owners, --repair-owners: attributes" {
	run user_script '
		touch a b
		"$PROOT" -0 chown 7:8 a
		/usr/bin/python3 -c "import os; os.setxattr(\"b\", \"user.rootlesscontainers\", b\"\\x08\\x80\")"
		! "$PROOT" --check-owners .
		"$PROOT" --repair-owners .
		"$PROOT" --check-owners .
		"$PROOT" -0 stat -c "%u:%g" a b'
	[ "$status" -eq 0 ]
	[ "${lines[0]}" = "$TREE/b: its attribute user.rootlesscontainers is malformed" ]
	[ "${lines[2]}" = "$TREE/b: its attribute user.rootlesscontainers is malformed (repaired)" ]
	[ "${lines[4]}" = "all is well with 0 records of 0 stores, and 3 files" ]
	[ "${lines[*]: -2}" = "7:8 0:0" ]
}

@test "--check-owners, --repair-owners: a damaged store" {
	run user_script '
		"$PROOT" -0 sh -c "for i in 1 2 3; do ln -s x \$i; chown -h \$i:5 \$i; done"
		printf x | dd of="$STORE" bs=1 seek=9 conv=notrunc status=none
		! "$PROOT" --check-owners .
		! "$PROOT" -0 chown -h 9 1
		"$PROOT" --repair-owners .
		"$PROOT" -0 stat -c "%u:%g" 1 2 3
		yes | head -c 4096 | dd of="$STORE" bs=1 seek=4096 conv=notrunc status=none
		! "$PROOT" --check-owners . | tail -n 1
		"$PROOT" --repair-owners . | tail -n 1
		"$PROOT" -0 stat -c "%u:%g" 1 2 3
		"$PROOT" -0 chown -h 9:9 1
		"$PROOT" --check-owners .'
	[ "$status" -eq 0 ]
	[ "${lines[0]}" = "$STORE: its header is damaged" ]
	[[ "${lines[*]}" == *"$STORE: its header is damaged (repaired)"*" 1:5 2:5 3:5 32 problems, 32 left, in "* ]]
	[[ "${lines[*]}" == *" 32 problems, 0 left, in 0 records of 1 store, and 5 files 0:0 0:0 0:0 all is well"* ]]
}

@test "--check-owners: stores that are not trusted" {
	run user_script '
		ln -s elsewhere "$STORE"
		! "$PROOT" --check-owners .
		"$PROOT" -0 sh -c "ln -s x link; chown -h 1:2 link" || echo refused
		rm "$STORE"
		touch "$STORE"
		chmod 666 "$STORE"
		! "$PROOT" --check-owners .'
	[ "$status" -eq 0 ]
	[ "${lines[0]}" = "$STORE: is not used: a link" ]
	[[ "${lines[*]}" == *" refused $STORE: is not used: others may write to it 1 problem, 1 left"* ]]
}

@test "--check-owners: a directory that may not be looked into" {
	run user_script '
		mkdir d
		chmod 300 d
		! "$PROOT" --check-owners .'
	show
	[ "$status" -eq 0 ]
	[[ ${lines[0]} == "proot warning: can't look into '"*"/d'" ]]
	[ "${lines[1]}" = "all is well with 0 records of 0 stores, and 2 files; 1 could not be looked into" ]
}

@test "--check-owners: what is no directory" {
	run "$PROOT" --check-owners "$TREE/none"
	[ "$status" -eq 125 ]
	[ "$output" = "proot error: can't check '$TREE/none': No such file or directory" ]
	touch file
	run "$PROOT" --repair-owners file
	[ "$status" -eq 125 ]
	[ "$output" = "proot error: can't check 'file': Not a directory" ]
}

@test "a store is whole after guests were killed in the middle of changes" {
	run user_script '
		mkdir links
		cd links
		for i in $(seq 40); do
			setsid "$PROOT" -0 sh -c "
				i=0
				while true; do i=\$((i + 1)); ln -s x $i.\$i; chown -h \$i:$i $i.\$i; done" 2>/dev/null &
			until [ -L $i.2 ]; do sleep 0.01; done
			sleep 0.$((RANDOM % 2))$((RANDOM % 10))
			# All of it at once, as soon as there is the process group.
			for _ in {1..500}; do ! kill -KILL -- -$! 2>/dev/null || break; sleep 0.01; done
			wait $! 2>/dev/null || true
		done
		cd ..
		# What a guest has begun in several steps a child of it brings to its end.
		while find /proc/[0-9]*/cwd -maxdepth 0 -lname "$PWD/links" 2>/dev/null | grep -q .; do sleep 0.01; done
		"$PROOT" --check-owners .
		"$PROOT" -0 find . -type l -printf "%f %U %G\n"'
	echo "$output" | head -n 20
	[ "$status" -eq 0 ]
	[[ ${lines[0]} == "all is well with "* ]]
	# Of each run the last link may have no owner yet.
	printf '%s\n' "${lines[@]:1}" | awk -F '[. ]' '
		$3 == $2 && $4 == $1 { good++; next }
		$3 == 0 && $4 == 0 && !late[$1]++ { next }
		{ wrong++ }
		END { exit wrong || good < 20 }'
}
