#!/usr/bin/env bats
# A root directory that is an archive or an image: -r FILE, --oci, the cache, and what goes wrong.
# tests/archive/run compares what is unpacked with what the machine's root makes of it.

load helper

IMAGES=$BATS_TEST_DIRNAME/../archive/images.py

# A little guest as an archive, once: $BATS_FILE_TMPDIR/guest.tar; and a layer above it.
setup_file() {
	[ -x "$PROOT" ] || { echo "PROOT: '$PROOT' is not there" >&2; return 1; }
	make_guest "$GUEST"
	printf 'root:x:0:0::/root:/bin/sh\nalice:x:1000:1001::/home/alice:/bin/alice\n' >"$GUEST/etc/passwd"
	printf 'root:x:0:\nstaff:x:50:alice\n' >"$GUEST/etc/group"
	tar -C "$GUEST" --owner=0 --group=0 -cf "$BATS_FILE_TMPDIR/guest.tar" .
	mkdir -p "$BATS_FILE_TMPDIR/above/etc" "$BATS_FILE_TMPDIR/above/work"
	echo "this is the layer" >"$BATS_FILE_TMPDIR/above/etc/layer"
	: >"$BATS_FILE_TMPDIR/above/etc/.wh.name"
	tar -C "$BATS_FILE_TMPDIR/above" --owner=0 --group=0 -czf "$BATS_FILE_TMPDIR/above.tar.gz" .
}

setup() {
	[ -x "$(dirname "$PROOT")/proot-unpack" ] || skip "proot-unpack is not built here"
	cd "$BATS_TEST_TMPDIR" || return 1
	TAR=$BATS_FILE_TMPDIR/guest.tar
	ABOVE=$BATS_FILE_TMPDIR/above.tar.gz
	export PROOT_CACHE_DIR=$PWD/cache HOME=$PWD
	unset XDG_CACHE_HOME
}

images() {
	python3 "$IMAGES" "$@"
}

fails_with() {
	local message=$1

	shift
	run -1 --separate-stderr "$PROOT" "$@"
	show
	[ "${stderr_lines[0]}" = "proot error: $message" ]
	[ "${#stderr_lines[@]}" -eq 1 ]
	[ -z "$output" ]
}

trees() {
	ls cache/trees 2>/dev/null | wc -l
}

# As if the file had been there for long.
settle() {
	sleep 3.1
}

@test "-r FILE, -R FILE and -S FILE" {
	run "$PROOT" -r "$TAR" cat /etc/name
	prints "this is the guest"
	run "$PROOT" --rootfs="$TAR" -b /proc cat /etc/name
	prints "this is the guest"
	run "$PROOT" -R "$TAR" cat /etc/name
	prints "this is the guest"
	run "$PROOT" -S "$TAR" sh -c 'id -u; cat /etc/name'
	prints $'0\nthis is the guest'
	[ "$(trees)" = 1 ]
	[ -z "$(ls cache/new)" ]
	[ "$(stat -c %a cache)" = 700 ]
	[ "$(cat cache/trees/*/source)" = "$(realpath "$TAR")" ]
}

@test "what guests change stays" {
	"$PROOT" -0 -r "$TAR" sh -c 'echo mine >/etc/mine; chown 5:6 /etc/mine; rm /etc/name'
	run "$PROOT" -0 -r "$TAR" sh -c 'cat /etc/mine; stat -c %u:%g /etc/mine; ls /etc/name'
	show
	[ "$status" -ne 0 ]
	[ "${lines[0]} ${lines[1]}" = "mine 5:6" ]
}

@test "the same content is the same tree, and other content another" {
	cp "$TAR" one.tar
	cp "$TAR" two.tar
	"$PROOT" -r one.tar touch /mark
	run "$PROOT" -r two.tar ls /mark
	prints /mark
	[ "$(trees)" = 1 ]
	tar --owner=0 --group=0 -rf two.tar -C "$BATS_FILE_TMPDIR/above" ./work
	run "$PROOT" -r two.tar sh -c 'ls -d /work; test ! -e /mark'
	prints /work
	[ "$(trees)" = 2 ]
}

@test "a file that is known is not read again, nor is proot-unpack needed for it" {
	cp "$TAR" one.tar
	mkdir alone
	cp "$PROOT" alone/
	settle
	"$PROOT" -r one.tar true
	[ "$(ls cache/files | wc -l)" = 1 ]
	run alone/proot -r one.tar cat /etc/name
	prints "this is the guest"
	# Changed in place, to the same length and time.
	printf X | dd of=one.tar bs=1 seek=700 conv=notrunc status=none
	touch -r "$TAR" one.tar
	run -1 --separate-stderr alone/proot -r one.tar true
	[[ $stderr == "proot error: can't unpack 'one.tar': there is no proot-unpack beside proot, in ../libexec/proot or in \$PATH. make builds it"* ]]
	[[ $stderr == *"mkdir DIR && proot -0 tar -C DIR -xpf 'one.tar'" ]]
	PATH=$(dirname "$PROOT"):$PATH run alone/proot -r "$TAR" cat /etc/name
	prints "this is the guest"
}

@test "many at once: one unpacks, all run" {
	local i

	for i in 1 2 3 4 5 6; do
		"$PROOT" -r "$TAR" cat /etc/name >"out.$i" 2>&1 &
	done
	wait
	cat out.*
	[ "$(cat out.* | sort | uniq -c | tr -s ' ')" = " 6 this is the guest" ]
	[ "$(trees)" = 1 ]
	[ -z "$(ls cache/new)" ]
}

@test "where the cache is" {
	unset PROOT_CACHE_DIR
	"$PROOT" -r "$TAR" true
	[ -d .cache/proot/trees ]
	XDG_CACHE_HOME=$PWD/xdg "$PROOT" -r "$TAR" true
	[ -d xdg/proot/trees ]
	PROOT_CACHE_DIR=$PWD/deep/er "$PROOT" -r "$TAR" true
	[ -d deep/er/trees ]
	HOME= fails_with "there is no place for unpacked archives: neither PROOT_CACHE_DIR nor XDG_CACHE_HOME nor HOME names a directory" -r "$TAR" true
	PROOT_CACHE_DIR=here fails_with "PROOT_CACHE_DIR: 'here' is no absolute path" -r "$TAR" true
	: >file
	PROOT_CACHE_DIR=$PWD/file fails_with "'$PWD/file' can't be the cache of unpacked archives: Not a directory. PROOT_CACHE_DIR names another" -r "$TAR" true
	mkdir -m 777 open
	PROOT_CACHE_DIR=$PWD/open fails_with "'$PWD/open' can't be the cache of unpacked archives: it belongs to another user, or others may write to it. PROOT_CACHE_DIR names another" -r "$TAR" true
}

@test "attributes that can't be set are a warning" {
	python3 - <<-END
		import io, tarfile
		with tarfile.open("warns.tar", "w", format=tarfile.PAX_FORMAT) as tar:
		    for number in range(9):
		        member = tarfile.TarInfo("%d" % number)
		        member.size, member.pax_headers = 5, {"SCHILY.xattr.nonsense.x": "y"}
		        tar.addfile(member, io.BytesIO(b"good\n"))
	END
	run "$PROOT" -r warns.tar --explain /
	[[ ${lines[0]} == "proot warning: '"*"': 9 attributes can't be kept here, the first is 0: nonsense.x: Operation not supported" ]] || { show; return 1; }
	[ "$(cat cache/trees/*/rootfs/* | sort | uniq -c | tr -s ' ')" = " 9 good" ]
	rm -rf cache
	run "$PROOT" -v -1 -r warns.tar --explain /
	[ "${#lines[@]}" -eq 2 ] || { show; return 1; }
}

@test "what is no archive" {
	echo hello >text
	: >empty
	fails_with "can't unpack '$PWD/text': it is no archive of tar or cpio: Unrecognized archive format" -r text true
	fails_with "can't unpack '$PWD/empty': it is no archive of tar or cpio: Unrecognized archive format" -r empty true
	head -c 300000 "$TAR" >cut
	fails_with "can't unpack '$PWD/cut': Truncated tar archive" -r cut true
	gzip -c "$TAR" | head -c 300000 >cut.gz
	fails_with "can't unpack '$PWD/cut.gz': truncated gzip input" -r cut.gz true
	fails_with "can't unpack '$TAR': it is no image of OCI or docker" -r "$TAR" --oci true
	fails_with "can't use 'nowhere' as root directory: No such file or directory" -r nowhere true
	fails_with "option '--oci': there is no image, which -r has to name" --oci true
	fails_with "can't unpack '$GUEST': it is no OCI layout: that has oci-layout and index.json" --oci -r "$GUEST" true
	[ "$(trees)" = 0 ]
	[ -z "$(ls cache/new)" ]
	# A tree that is there is not taken for an image either.
	cp "$TAR" old.tar
	settle
	"$PROOT" -r old.tar true
	fails_with "option '--oci': 'old.tar' is no image of OCI or docker" -r old.tar --oci true
}

@test "layers, of an OCI image as directory and as archive, and of docker's" {
	images oci layout -l "$TAR" -l "$ABOVE"
	images pack layout image.tar
	gzip -k image.tar
	images docker docker.tar -l "$TAR" -l "$ABOVE" -l "$ABOVE"
	for file in image.tar image.tar.gz docker.tar; do
		run "$PROOT" -r "$file" cat /etc/layer /etc/passwd
		show
		[ "${lines[0]} ${lines[1]}" = "this is the layer root:x:0:0::/root:/bin/sh" ]
		run "$PROOT" -r "$file" ls /etc
		prints $'group\nlayer\npasswd'
	done
	run "$PROOT" --oci -r layout ls /etc
	prints $'group\nlayer\npasswd'
	[ "$(trees)" = 2 ]
}

CONFIG='{"Entrypoint": ["/bin/sh", "-c", "echo \"$0|$*|$A|$B|$HOME|$USER\"; pwd; id -u; id -g"], "Cmd": ["one", "two"],
	"Env": ["A=image", "B=image", "PATH=/bin"], "WorkingDir": "/work", "User": "alice"}'

@test "--oci: entrypoint, command, variables, directory and user are the image's" {
	images oci layout -l "$TAR" -l "$ABOVE" -c "$CONFIG"
	# Root becomes that user, who has to reach the tree.
	mkdir -m 711 cache
	chmod a+x "$BATS_RUN_TMPDIR" "$BATS_FILE_TMPDIR" "$BATS_TEST_TMPDIR" "$BATS_RUN_TMPDIR"/* || true
	A=host run "$PROOT" --oci -r layout
	prints $'one|two|image|image|/home/alice|alice\n/work\n1000\n1001'
	run "$PROOT" --oci -r layout other words here
	prints $'other|words here|image|image|/home/alice|alice\n/work\n1000\n1001'
	B=host run "$PROOT" --oci --env A=mine --unset-env B -w /etc -r layout
	prints $'one|two|mine||/home/alice|alice\n/etc\n1000\n1001'
	C=host run "$PROOT" --oci --clear-env -r layout
	prints $'one|two|image|image|/home/alice|alice\n/work\n1000\n1001'
	USER=me run "$PROOT" --oci -0 -r layout
	prints $"one|two|image|image|$HOME|me"$'\n/work\n0\n0'
	run "$PROOT" --oci --user root -r layout
	prints $'one|two|image|image|/root|root\n/work\n0\n0'
	A=host run "$PROOT" -r layout/../layout --oci -S layout
	show
	[ "${lines[2]}" = 0 ]
}

@test "--oci: who is no user of the image, and an image without one" {
	images oci number -l "$TAR" -c '{"User": "77", "Cmd": ["sh", "-c", "id -u; id -g"], "Env": ["PATH=/bin"]}'
	images oci nobody -l "$TAR" -c '{"User": "bob", "Cmd": ["true"], "Env": ["PATH=/bin"]}'
	images oci none -l "$TAR" -c '{"Cmd": ["sh", "-c", "id -u; id -g; echo $HOME"], "Env": ["PATH=/bin"]}'
	images oci nothing -l "$TAR"
	mkdir -m 711 cache
	chmod a+x "$BATS_RUN_TMPDIR" "$BATS_FILE_TMPDIR" "$BATS_TEST_TMPDIR" "$BATS_RUN_TMPDIR"/* || true
	run "$PROOT" --oci -r number
	prints $'77\n0'
	fails_with "option '--oci': there is no user 'bob' in the guest's /etc/passwd" --oci -r nobody
	run "$PROOT" --oci -r none
	prints $'0\n0\n/root'
	run "$PROOT" --oci -r nothing <<<'echo "$0"; exit 3'
	show
	[ "$status" = 3 ]
	[ "$output" = -sh ]
	if is_root; then
		chmod 700 cache
		run -1 --separate-stderr "$PROOT" --oci -r number
		[[ $stderr == "proot error: user 77 may not enter "*": Permission denied. PROOT_CACHE_DIR names a directory that this user may search, or -0 leaves it to root" ]]
	fi
}

@test "--oci: the image for the CPU, or that -q names" {
	local cpu

	for cpu in amd64 arm64 arm/v6 arm/v7; do
		echo "for $cpu" >"$BATS_TEST_TMPDIR/cpu"
		tar -cf cpu.tar cpu
		images oci layout -l "$TAR" -l cpu.tar -a "$cpu" -i
	done
	images pack layout image.tar
	run "$PROOT" --oci -r image.tar cat /cpu
	prints "for amd64"
	run "$PROOT" -r image.tar cat /cpu
	prints "for amd64"
	printf '#!/bin/sh\n' >qemu-riscv64
	run -1 --separate-stderr "$PROOT" -q "./qemu-riscv64 -x" -r image.tar --explain /cpu
	show
	[[ $stderr == "proot error: can't unpack '$PWD/image.tar': the index sha256:"*": it has no image for the CPU riscv64 (-q names another), but for: amd64, arm64, arm" ]]
}

@test "--oci=NAME: several images" {
	images oci layout -l "$TAR" -n first -c '{"Cmd": ["echo", "1"], "Env": ["PATH=/bin"]}'
	images oci layout -l "$TAR" -n second -c '{"Cmd": ["echo", "2"], "Env": ["PATH=/bin"]}'
	run "$PROOT" --oci=first -r layout
	prints 1
	run "$PROOT" -r layout --oci=second
	prints 2
	images pack layout image.tar
	run "$PROOT" -r image.tar --oci=second
	prints 2
	fails_with "can't unpack '$PWD/layout': index.json: it has several images, and --oci=NAME says which is meant: first, second" -r layout --oci
	fails_with "can't unpack '$PWD/layout': index.json: it has no image called 'third', but: first, second" -r layout --oci=third
}

# spoiled WHAT MESSAGE: of an image in which WHAT is wrong.
spoiled() {
	local message

	rm -rf layout image.tar
	images oci layout -l "$TAR" -l "$ABOVE" -a amd64 -i -s "$1"
	images pack layout image.tar
	run -1 --separate-stderr "$PROOT" --oci -r image.tar true
	message=$(sed 's/[0-9a-f]\{64\}/DIGEST/g' <<<"$stderr")
	[ "$message" = "proot error: can't unpack '$PWD/image.tar': $2" ] || { echo "$message"; return 1; }
	run -1 --separate-stderr "$PROOT" --oci -r layout true
	message=$(sed 's/[0-9a-f]\{64\}/DIGEST/g' <<<"$stderr")
	[ "$message" = "proot error: can't unpack '$PWD/layout': ${3:-$2}" ] || { echo "$message"; return 1; }
}

@test "images that are damaged, or that nobody knows" {
	spoiled type "the index sha256:DIGEST: the media type 'application/vnd.example.thing' is not that of an image"
	spoiled layer-type "the manifest sha256:DIGEST: the media type 'application/vnd.example.squashfs' is not that of a layer"
	spoiled layer-path "the manifest sha256:DIGEST: the digest 'sha256:../../../../../../etc/passwd' is malformed"
	spoiled layer-missing "layer 2 of 2: it has no blobs/sha256/DIGEST" "layer 2 of 2: it has no blobs/sha256/DIGEST: No such file or directory"
	spoiled manifest-bytes "sha256:DIGEST is damaged: its digest is DIGEST"
	spoiled diff-ids "the image's configuration: it has 2 layers, and its configuration digests of 3"
	images docker docker.tar -l "$TAR" -s bytes
	run -1 --separate-stderr "$PROOT" -r docker.tar true
	show
	[[ $stderr == "proot error: can't unpack '$PWD/docker.tar': layer 1 of 1: "* ]]
	rm -rf layout
	# Another layer under the name of the right one, whole and readable.
	images oci layout -l "$TAR" -l "$ABOVE"
	for blob in layout/blobs/sha256/*; do
		[ "$(stat -c %s "$blob")" != "$(stat -c %s "$ABOVE")" ] || tar -C "$GUEST" -czf "$blob" etc/name
	done
	run -1 --separate-stderr "$PROOT" --oci -r layout true
	show
	[[ $stderr == "proot error: can't unpack '$PWD/layout': layer 2 of 2: sha256:"*" is damaged: its digest is "* ]]
	[ "$(trees)" = 0 ]
	[ -z "$(ls cache/new)" ]
}

@test "progress is shown on a terminal, and nowhere else" {
	mkdir big
	head -c 60000000 /dev/urandom >big/random
	tar -cf big.tar big
	run "$PROOT" -r big.tar --explain /big/random
	show
	[[ $output != *%* ]]
	rm -rf cache
	run script -qec "$PROOT -r big.tar --explain /big/random" /dev/null
	[[ $output == *"proot: "*" 'big.tar': "*" % of 60 MB"* ]]
	rm -rf cache
	run script -qec "$PROOT -v -1 -r big.tar --explain /big/random" /dev/null
	[[ $output != *" % of "* ]]
}

@test "inside another proot" {
	run "$PROOT" -b "$PWD:/here" -0 "$PROOT" -r "$TAR" sh -c 'id -u; cat /etc/name'
	prints $'0\nthis is the guest'
	run "$PROOT" "$PROOT" -r "$TAR" sh -c 'cat /etc/name'
	prints "this is the guest"
}
