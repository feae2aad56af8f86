#!/usr/bin/env bats
# The command lines of programs that call proot, word by word, in a guest of busybox.

load helper

setup() {
	cd "$BATS_TEST_TMPDIR" || return 1
	make_guest guest
	ln -s ../bin guest/usr/bin
	mkdir -p bin home host/data guest/run
	ln -s "$PROOT" bin/proot
	export PATH=$PWD/bin:$PATH HOME=$PWD/home
	echo "of the host" >host/data/file
	HERE=$PWD
}

prints() {
	show
	[ "$status" -eq 0 ]
	[ "$output" = "$1" ]
	[ -z "${stderr:-}" ]
}

# The words that a caller looks for in what --help prints.
is_offered() {
	proot --help | grep -qE "(^|[ ,=[])$1([ ,=[]|\$)"
}

@test "udocker asks what there is" {
	run -0 proot -r / proot --help
	[[ $output == usage:* ]]
	is_offered --kill-on-exit
	is_offered --port
	is_offered --netcoop
	is_offered --link2symlink
}

@test "udocker runs a container" {
	export PROOT_TMP_DIR=$PWD/host PROOT_NO_SECCOMP=1
	run --separate-stderr proot --kill-on-exit --link2symlink -b "$HERE/host/data:/data" -b /dev -b /proc -b /sys \
		-b /etc/resolv.conf:/etc/resolv.conf -b /etc/host.conf:/etc/host.conf -0 -k 4.8.0 -r "$HERE/guest" -w /root \
		/bin/sh -c 'id -u; uname -r; pwd; cat /data/file; ls -d /proc/self/fd; ls /'
	prints $'0\n4.8.0\n/root\nof the host\n/proc/self/fd\nbin\ndata\ndev\netc\nhome\nproc\nroot\nrun\nsys\ntmp\nusr'
	run --separate-stderr proot --kill-on-exit -b "$HERE/host/data:/data" -i 1000:100 -k 4.8.0 -p 8080:38080 -p 53:30053 -n -r "$HERE/guest" /bin/sh -c 'id -u; id -g'
	prints $'1000\n100'
	run --separate-stderr proot -v 9 -0 -r "$HERE/guest" /bin/true
	[ "$status" -eq 0 ]
	[[ $stderr == *"proot info: "* ]]
	[ "$(ls guest)" = "$(printf '%s\n' bin etc home root run tmp usr)" ]
}

@test "udocker runs a container of another CPU" {
	fake_elf 183 2 >guest/program
	chmod +x guest/program
	run --separate-stderr proot --kill-on-exit -q /bin/echo -b /dev -0 -k 4.8.0 -r "$HERE/guest" /program one
	prints "-U LD_LIBRARY_PATH -0 /program /program one"
}

@test "guix pack runs a program of its store" {
	mkdir -p "store/abc-hello/bin"
	printf '#!/bin/sh\necho "hello from $0: $*"\n' >store/abc-hello/bin/hello
	chmod +x store/abc-hello/bin/hello
	PROOT_NO_SECCOMP=1 run --separate-stderr proot -b "$HERE/store:/gnu/store" /gnu/store/abc-hello/bin/hello a b
	prints "hello from /gnu/store/abc-hello/bin/hello: a b"
}

@test "nix-portable: the root is an empty directory" {
	mkdir -p empty nix/store/abc-busybox/bin
	cp /bin/busybox nix/store/abc-busybox/bin/
	run --separate-stderr proot -r "$HERE/empty" -b /dev:/dev -b "$HERE/nix:/nix" -b "$HERE/host:/data" -b "$HOME:$HOME" \
		/nix/store/abc-busybox/bin/busybox sh -c 'cd /; B=/nix/store/abc-busybox/bin/busybox; $B ls -a; $B cat /data/data/file; $B test -c /dev/null && $B pwd'
	prints "."$'\n..\ndata\ndev\nnix\n'"${HOME:1:$(expr index "${HOME:1}" /)-1}"$'\nof the host\n/'
	[ -z "$(ls -A empty)" ]
}

@test "junest" {
	mkdir -p guest/junest
	run --separate-stderr proot -0 -b /dev -b /sys -b /proc -b /tmp -b "$HOME" -r "$HERE/guest" /bin/sh --login -c 'id -u; cd ~ && pwd; ls -d /proc/self/fd /sys /tmp'
	prints $'0\n'"$HOME"$'\n/proc/self/fd\n/sys\n/tmp'
	run --separate-stderr proot -b /dev -b /sys -b /proc -b /tmp -b "$HOME" -b /run/user/12345 -r "$HERE/guest" /bin/sh --login -c 'id -u'
	[ "$output" = "$(id -u)" ]
	[[ -d /run/user/12345 || $stderr == "proot warning: can't bind '/run/user/12345': No such file or directory" ]]
}

@test "apptainer and singularity build an image" {
	printf '#!/bin/sh\nset -e\nmkdir -p $1/etc\necho x >$1/etc/shadow\nchown 0:42 $1/etc/shadow\nmkdir $1/home\nchown 1000:1000 $1/home\n' >build
	chmod +x build
	mkdir root
	run --separate-stderr proot -0 ./build root
	prints ""
	run --separate-stderr proot -S / tar -C root -cf image.tar .
	prints ""
	[ "$(tar --numeric-owner -tvf image.tar | sed -E 's/^[^ ]+ ([0-9]+\/[0-9]+) .* (.*)/\1 \2/' | sort)" = "0/0 ./
0/0 ./etc/
0/42 ./etc/shadow
1000/1000 ./home/" ]
}

@test "proot-distro" {
	cd guest
	run --separate-stderr proot --kill-on-exit --link2symlink --sysvipc \
		'--kernel-release=\Linux\localhost\6.17.0-PRoot-Distro\#1 SMP PREEMPT_DYNAMIC Fri, 10 Oct 2025 00:00:00 +0000\aarch64\localdomain\-1\' \
		-L --change-id=0:0 --rootfs=. --cwd=/root --bind=/dev --bind=/proc --bind=/sys --bind=/dev/urandom:/dev/random \
		--bind=/proc/self/fd:/dev/fd --bind=/proc/self/fd/0:/dev/stdin --bind=/proc/self/fd/1:/dev/stdout \
		--bind=/proc/self/fd/2:/dev/stderr --bind=./tmp:/dev/shm /usr/bin/env -i HOME=/root PATH=/bin TERM=dumb \
		/bin/sh -c 'id -u; uname -r -m; pwd; cat /dev/stdin; ls /dev/shm; echo end >/dev/stdout; head -c 1 /dev/random | wc -c' <<<input
	prints $'0\n6.17.0-PRoot-Distro aarch64\n/root\ninput\nend\n1'
}

@test "nix-on-droid" {
	mkdir -p i/nix i/bin i/etc
	echo "nix's" >i/nix/file
	ln -s /bin/busybox i/bin/sh
	cp /bin/busybox i/bin/
	run --separate-stderr proot -b "$HERE/i/nix:/nix" -b "$HERE/i/bin:/bin!" -b "$HERE/i/etc:/etc!" -b /:/android --link2symlink --sysvipc sh -c \
		'busybox ls /bin; busybox ls /etc; busybox cat /nix/file; busybox test -d /android/usr && echo android'
	prints $'busybox\nsh\nnix\'s\nandroid'
}

@test "AnLinux and Andronix" {
	mkdir x
	tar -cJf x.tar.xz -C host data || skip
	cd x
	run --separate-stderr proot --link2symlink tar -xJf ../x.tar.xz
	prints ""
	[ "$(cat data/file)" = "of the host" ]
	cd ..
	run --separate-stderr proot --link2symlink -0 -r guest -b /dev -b /proc -b guest/root:/dev/shm -w /root /usr/bin/env -i HOME=/root \
		PATH=/usr/local/sbin:/usr/local/bin:/bin:/usr/bin:/sbin:/usr/sbin TERM=dumb LANG=C.UTF-8 /bin/sh --login -c 'echo $HOME; pwd; id -u; touch /dev/shm/x; ls /root'
	prints $'/root\n/root\n0\nx'
}

@test "CERN" {
	mkdir cvmfs
	echo "of cvmfs" >cvmfs/file
	fake_elf 183 2 >guest/program
	chmod +x guest/program
	run --separate-stderr proot -R "$HERE/guest" -b "$HERE/cvmfs:/cvmfs" -q "echo -cpu cortex-a57" /bin/sh -c "cat /cvmfs/file; /program x"
	prints $'of cvmfs\n-cpu cortex-a57 -U LD_LIBRARY_PATH -0 /program /program x'
}
