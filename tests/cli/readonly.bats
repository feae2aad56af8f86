# SPDX-License-Identifier: GPL-2.0-or-later
# Read-only bindings and empty directories of the guest's own: by programs.

load helper

setup() {
	cd "$BATS_TEST_TMPDIR" || return 1
	mkdir -p place/sub other
	echo text >place/file
	ln -s file place/link
	mkfifo place/fifo
	mkdir temporary
	export PROOT_TMP_DIR=$PWD/temporary
}

# Nothing that stood for --tmpfs is left on the host.
no_more_temporaries() {
	[ -z "$(ls -A temporary)" ]
}

# What would change it, and what can't do without.
changes='
	for change in "touch here/new" "mkdir here/new" "ln -s x here/new" "ln here/file here/new" "mv here/file here/new" \
		"rm here/file" "rmdir here/sub" "chmod 600 here/file" "chown $(id -u) here/file" "touch here/file" "truncate -s 0 here/file" \
		"cp /etc/hostname here/file" "mv here/file other/file" "tar xf archive.tar -C here" "dd of=here/file if=/dev/null" \
		"setfattr -n user.x -v 1 here/file" "sed -i s/t/x/ here/file" "mknod here/new p" "install archive.tar here/new" \
		"python3 bind.py here/new" "bash -c :\>here/file" "bash -c :\>\>here/link"; do
		eval "$change" >/dev/null 2>errors && echo "done: $change"
		grep -q "Read-only file system" errors || { echo "$change:"; cat errors; }
	done'

@test "-b :ro: nothing can be changed by anybody's tools" {
	touch unpacked
	tar cf archive.tar unpacked
	echo "import socket, sys; socket.socket(socket.AF_UNIX).bind(sys.argv[1])" >bind.py
	snapshot place >before
	for user in "" -0; do
		run "$PROOT" $user -b "$PWD/place:$PWD/here:ro" bash -c "$changes"
		show
		[ "$output" = "" ]
	done
	snapshot place >after
	diff before after
}

@test "-b :ro: what reads goes on, and fifos are written to" {
	run timeout 20 "$PROOT" -b "$PWD/place:/here:ro" bash -ec 'cat /here/file /here/link; cd /here; ls; cat <fifo & echo through >fifo; wait
		test -r file; ! test -w file; ! test -w .; grep -o " /here [^ ]* r[ow]" /proc/mounts | cut -d" " -f2,4
		stat -f -c %T . >/dev/null; echo "$PWD"; cd ..; pwd'
	show
	[ "$status" -eq 0 ]
	[ "$output" = $'text\ntext\nfifo\nfile\nlink\nsub\nthrough\n/here ro\n/here\n/' ]
}

@test "the root is read-only, but for what is bound and --tmpfs" {
	cp -a "$GUEST" root
	mkdir root/work
	snapshot root >before
	run --separate-stderr "$PROOT" --ro-bind "$PWD/root:/" -b "$PWD/other:/work" --tmpfs /tmp --tmpfs /new/place sh -c '
		echo a >/work/a; echo b >/tmp/b; cat /tmp/b; echo c >/new/place/c; cat /new/place/c
		for place in / /etc /bin /new; do touch $place/x 2>&1; done; rm /bin/ls; echo x >/etc/name; ls /'
	show
	[ "$(cat other/a)" = a ]
	[ "$output" = $'b\nc\ntouch: //x: Read-only file system\ntouch: /etc/x: Read-only file system\ntouch: /bin/x: Read-only file system\ntouch: /new/x: Read-only file system\nbin\netc\nhome\nnew\nroot\ntmp\nusr\nwork' ]
	snapshot root >after
	diff before after
	no_more_temporaries
}

@test "-v tells which are read-only" {
	run "$PROOT" -v 1 --ro-bind /:/ -b "$PWD/place:/here:ro" -b "$PWD/other:/there" true
	show
	[[ $output == *"root = / (read-only)"* && $output == *"/place:/here:ro"* && $output == *"/other:/there"* ]]
	[[ $output != *"/there:ro"* ]]
}

@test "a read-only place stays so in another proot" {
	run "$PROOT" -b "$PWD/place:/here:ro" "$PROOT" -b /here:/there sh -c 'touch /there/x'
	show
	[[ $output == *"Read-only file system" ]]
}

@test "--tmpfs: empty, everybody's, and gone at the end" {
	run "$PROOT" --tmpfs "$PWD/place" --tmpfs=new/deep bash -ec 'stat -c "%a %F" place new/deep; ls -A place new/deep
		echo x >place/x; mkdir new/deep/d; chmod 0 new/deep/d; cp /bin/true place; place/true; df -P place | grep -c place'
	show
	[ "$status" -eq 0 ]
	[ "$output" = $'1777 directory\n1777 directory\nnew/deep:\n\nplace:\n1' ]
	[ "$(cat place/file)" = text ]
	[ ! -e new ]
	no_more_temporaries
}

@test "--tmpfs: gone when the command is not there, is killed, or proot is" {
	run -127 "$PROOT" --tmpfs /x no-such-command
	no_more_temporaries
	run "$PROOT" --tmpfs /x sh -c 'echo x >/x/x; kill -9 $$'
	[ "$status" -eq 137 ]
	no_more_temporaries
	for options in "" --kill-on-exit; do
		run "$PROOT" $options --tmpfs /x sh -c 'echo x >/x/x; kill -9 $PPID; sleep 0.3'
		eventually no_more_temporaries
	done
}

@test "--tmpfs: there as long as a guest is" {
	"$PROOT" --tmpfs /x bash -c '(for i in {1..100}; do [ -e end ] || sleep 0.1; done; echo y >/x/y && cat /x/x >late) 3>&- &
		echo x >/x/x' 3>&-
	sleep 0.5
	run no_more_temporaries
	[ "$status" -ne 0 ]
	touch end
	eventually test -s late
	[ "$(cat late)" = x ]
	eventually no_more_temporaries
}

@test "--tmpfs: mistakes" {
	run --separate-stderr "$PROOT" --tmpfs
	[ "$status" -eq 1 ]
	[[ $stderr == "proot error: option '--tmpfs' needs a value: GUEST"* ]]
	run --separate-stderr "$PROOT" --tmpfs "$PWD/place/file/x" true
	show
	no_more_temporaries
}
