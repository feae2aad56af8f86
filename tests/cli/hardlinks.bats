#!/usr/bin/env bats
# -l: hard links where there are none; trees of Termux's PRoot; --check-links, --repair-links and --flatten-links.

load helper

setup_file() {
	[ -x "$PROOT" ] || { echo "PROOT: '$PROOT' is not there" >&2; return 1; }
	"${CC:-cc}" -O1 -static -o "$BATS_FILE_TMPDIR/no-links" "$BATS_TEST_DIRNAME/../no-links.c"
}

setup() {
	cd "$BATS_TEST_TMPDIR" || return 1
	TREE=$BATS_TEST_TMPDIR/tree
}

# no_links [-e ERRNO] [-x] [--] OPTION...: proot where there are no hard links.
no_links() {
	local own=()

	while [ "$1" = -x ] || [ "$1" = -e ]; do
		own+=("$1")
		[ "$1" = -x ] || { shift && own+=("$1"); }
		shift
	done
	"$BATS_FILE_TMPDIR/no-links" "${own[@]}" "$PROOT" "$@"
}

# A guest whose programs are names of one file.
make_linked() {
	local name

	mkdir -p "$1"/{bin,usr/lib}
	cp /bin/busybox "$1/bin/busybox"
	for name in sh ls cat stat ln rm mv readlink chown chmod mkdir rmdir find; do
		ln "$1/bin/busybox" "$1/bin/$name"
	done
	echo data >"$1/usr/lib/f"
	ln "$1/usr/lib/f" "$1/g"
}

@test "a guest is unpacked with --link2symlink, entered, moved and entered again" {
	make_linked source
	tar -cf source.tar -C source .
	mkdir tree
	(cd tree && no_links --link2symlink tar -xf ../source.tar)
	[ -L tree/bin/sh ]
	[ "$("$PROOT" --check-links tree)" = "all is well with 16 names of 2 files" ]
	run no_links -l -r tree /bin/stat -c '%n %h %F' /bin/sh /usr/lib/f /bin
	[ "${lines[0]}" = "/bin/sh 14 regular file" ]
	[ "${lines[1]}" = "/usr/lib/f 2 regular file" ]
	[ "${lines[2]}" = "/bin 2 directory" ]
	mv tree elsewhere
	run no_links -l -r elsewhere -w / /bin/sh -c 'ls -A; ls -A bin usr/lib; cat g; readlink g || echo no link'
	[ "$output" = "bin
g
usr
bin:
busybox
cat
chmod
chown
find
ln
ls
mkdir
mv
readlink
rm
rmdir
sh
stat

usr/lib:
f
data
no link" ]
}

@test "the command itself, and the guest's root by -0, are of files with several names" {
	make_linked source
	(mkdir tree && cd tree && no_links -l /bin/cp -a ../source/. .)
	run no_links -l -0 -r tree -b /proc -w / /bin/sh -c '
		readlink /proc/self/exe; chown 5:6 g; chmod 4711 g; stat -c "%u %g %a %h" usr/lib/f; rm g; stat -c "%u %h" usr/lib/f'
	[ "$output" = "/bin/sh
5 6 4711 2
5 1" ]
}

@test "an open file is called by a name" {
	mkdir tree
	cd tree || return 1
	run no_links -l -r / sh -c 'echo x >a; ln a b; exec 3<a; readlink /proc/self/fd/3; rm a; readlink /proc/self/fd/3
		mkdir d; mv b d/c; readlink /proc/self/fd/3; ln d/c e; ln e f; rm d/c; readlink /proc/self/fd/3; cat /proc/self/fd/3'
	[ "$output" = "$PWD/a
$PWD/b
$PWD/d/c
$PWD/f
x" ]
}

@test "nobody but the guest's own call makes a name" {
	mkdir tree
	run no_links -l -r / /bin/sh -c 'cd tree; echo x >a; ln a b; ln -s ../.proot-links/0123456789abcdef c; ls .proot-links; mkdir .proot-links'
	[[ $output == *"Operation not permitted"* ]]
	[[ $output == *".proot-links"*"No such file or directory"* ]]
	[ ! -L tree/c ]
}

@test "errors that mean that there are no hard links" {
	local number

	mkdir tree
	# EPERM, EACCES, ENOSYS, EOPNOTSUPP, EMLINK
	for number in 1 13 38 95 31; do
		touch "tree/a$number"
		no_links -e "$number" -l -r / ln "tree/a$number" "tree/b$number"
		[ -L "tree/b$number" ]
	done
	# ENOSPC
	touch tree/a
	run no_links -e 28 -l -r / ln tree/a tree/b
	[[ $output == *"No space left on device"* ]]
	[ ! -L tree/a ]
}

@test "a hard link of the file system stays one" {
	mkdir tree && touch tree/a
	"$PROOT" -l -r / ln tree/a tree/b
	[ "$(stat -c '%h %F' tree/b)" = "2 regular empty file" ]
	[ ! -e tree/.proot-links ]
}

@test "what is out of reach of a links directory is another file system" {
	mkdir -p tree/a tree/c out
	cd tree || return 1
	no_links -l -r / sh -c 'echo x >a/f; ln a/f a/g; ln a/f c/h'
	run no_links -l -r / ln a/f ../out/i
	[[ $output == *"Invalid cross-device link"* ]]
	run no_links -l -r / perl -e 'rename("c", "../out/c") or print "$!\n"; rename("a/g", "../out/g") or print "$!\n"'
	[ "$output" = "Invalid cross-device link
Invalid cross-device link" ]
	no_links -l -r / mv a/g ../out
	no_links -l -r / mv c ../out
	[ "$(stat -c '%h %F' ../out/g ../out/c/h)" = "1 regular file
1 regular file" ]
	[ "$(no_links -l -r / stat -c '%h %F' a/f)" = "1 regular file" ]
	rm ../out/g
	no_links -l -r / rm a/f
	[ ! -e .proot-links ]
}

# A tree as Termux's PRoot leaves it, with one file in the directory of its name, and one in the root's.
make_termux() {
	local name

	mkdir -p "$TREE"/{bin,usr,.l2s}
	cp /bin/busybox "$TREE/bin/.l2s.busybox0001.0003"
	ln -s "$TREE/bin/.l2s.busybox0001.0003" "$TREE/bin/.l2s.busybox0001"
	for name in busybox sh ls; do
		ln -s "$TREE/bin/.l2s.busybox0001" "$TREE/bin/$name"
	done
	for name in cat stat rm ln mv; do
		ln -s busybox "$TREE/bin/$name"
	done
	echo hello >"$TREE/.l2s/.l2s.f0001.0002"
	ln -s "$TREE/.l2s/.l2s.f0001.0002" "$TREE/.l2s/.l2s.f0001"
	ln -s "$TREE/.l2s/.l2s.f0001" "$TREE/usr/f"
	ln -s "$TREE/.l2s/.l2s.f0001" "$TREE/g"
}

@test "a tree of Termux's PRoot" {
	make_termux
	[ "$("$PROOT" --check-links tree)" = "all is well with 5 names of 2 files" ]
	run no_links -l -r tree -w / /bin/sh -c 'ls -A bin; stat -c "%n %h %F" /bin/sh /usr/f; cat g
		ln g h; stat -c %h h; rm usr/f; mv g usr/g; stat -c %h usr/g; ln bin/ls bin/dir; stat -c %h bin/sh'
	[ "$output" = "busybox
cat
ln
ls
mv
rm
sh
stat
/bin/sh 3 regular file
/usr/f 2 regular file
hello
3
2
4" ]
	# As Termux's own has it.
	[ "$(readlink tree/h)" = "$TREE/.l2s/.l2s.f0001" ]
	[ "$(readlink tree/.l2s/.l2s.f0001)" = "$TREE/.l2s/.l2s.f0001.0002" ]
	[ "$(cat tree/h)" = hello ]
}

@test "the same, moved; and made right, and real" {
	make_termux
	mv tree moved
	run no_links -l -r moved -w / /bin/sh -c 'cat g; stat -c %h /bin/sh; rm g usr/f; ls -A .l2s'
	[ "$output" = "hello
3" ]
	run "$PROOT" --check-links moved
	[ "$output" = "all is well with 3 names of 1 file; on the host 4 of them lead elsewhere" ]
	"$PROOT" --repair-links moved
	[ "$(readlink moved/bin/ls)" = "$BATS_TEST_TMPDIR/moved/bin/.l2s.busybox0001" ]
	"$PROOT" --flatten-links moved
	[ "$(stat -c '%h %F' moved/bin/sh)" = "3 regular file" ]
	[ -z "$(find moved -name '.l2s.*')" ]
}

@test "--check-links and --repair-links" {
	local file

	mkdir tree
	cd tree || return 1
	no_links -l -r / sh -c 'echo 1 >a; ln a b; ln a c; echo 2 >d; ln d e; echo 3 >f; ln f g'
	file=$(readlink a)
	rm b d e
	rm "$(readlink f)"
	ln -sf 7 "$file.count"
	touch .proot-links/junk
	run "$PROOT" --check-links .
	[ "$status" -eq 1 ]
	[[ $output == *"/f: its file is gone"* && $output == *"/g: its file is gone"* ]]
	[[ $output == *"/$file: it has 2 names, and 7 are counted"* ]]
	[[ $output == *": no name has it any more"* && $output == *"/junk: left behind"* ]]
	[[ ${lines[-1]} == *" problems, "*" left, in 4 names of 2 files" ]]
	run "$PROOT" --repair-links .
	[ "$status" -eq 1 ]
	rm f g
	run "$PROOT" --check-links .
	[ "$output" = "all is well with 2 names of 1 file" ]
	[ "$(readlink "$file.count")" = 2 ]
}

@test "--flatten-links where there still are no hard links" {
	mkdir tree
	cd tree || return 1
	no_links -l -r / sh -c 'echo 1 >a; chmod 640 a; touch -d @1000 a; ln a b; ln -s x l; ln l m'
	[ "$(no_links -l -r / stat -c '%h %F' m)" = "2 symbolic link" ]
	run no_links --flatten-links .
	[ "$output" = "all is well with 4 names of 2 files, made real: 2 as copies" ]
	[ "$(stat -c '%h %a %Y %s' a b)" = "1 640 1000 2
1 640 1000 2" ]
	[ "$(readlink l m)" = "x
x" ]
	[ "$(ls -A)" = "a
b
l
m" ]
}

@test "a file that was just being taken from its place" {
	local identity=0123456789abcdef

	mkdir -p tree/.proot-links tree/d
	cd tree || return 1
	echo x >".proot-links/$identity"
	ln -s 1 ".proot-links/$identity.count"
	ln -s "$identity/../d/f" .proot-links/taking
	run "$PROOT" --check-links .
	[[ $output == *"/taking: a file has not got its name back"* ]]
	no_links -l -r / sh -c 'echo y >a; ln a b'
	[ "$(cat d/f)" = x ]
	run "$PROOT" --check-links .
	[ "$output" = "all is well with 3 names of 2 files" ]
}
