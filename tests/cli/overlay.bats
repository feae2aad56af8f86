# SPDX-License-Identifier: GPL-2.0-or-later
# Overlays: what is changed goes to the upper layer, and --ephemeral keeps nothing. What the kernel makes of the same
# calls is compared by tests/overlay.

load helper

setup() {
	cd "$BATS_TEST_TMPDIR" || return 1
	mkdir -p low/dir/sub lower/dir up temporary
	echo low >low/file
	echo lower >lower/file
	echo only >lower/dir/only
	echo deep >low/dir/sub/deep
	ln -s dir/only low/link
	printf '#!/bin/sh\necho "runs: $0"\n' >lower/program
	chmod 755 lower/program
	export PROOT_TMP_DIR=$PWD/temporary
	case $(stat -f -c %T .) in
	tmpfs | ext* | xfs | btrfs) ;;
	*) skip "a file system that may have no user attributes" ;;
	esac
}

# Nothing but the layers is left on the host.
only_layers() {
	[ -z "$(ls -A temporary)" ] && [ "$(ls -A | tr '\n' ' ')" = "low lower temporary up " ]
}

over() {
	"$PROOT" --overlay "low:lower:up:/here" "$@"
}

@test "--overlay: the layers are one tree" {
	run over sh -ec 'cd /here; ls; cat file link dir/sub/deep; ls dir; ./program; readlink -f link; pwd -P; cd dir/..; pwd -P
		cat </here/file; readlink /proc/self/cwd; exec 3<dir/only; readlink /proc/self/fd/3; stat -f -c %T .'
	show
	[ "$status" -eq 0 ]
	[ "$output" = $'dir\nfile\nlink\nprogram\nlow\nonly\ndeep\nonly\nsub\nruns: ./program\n/here/dir/only\n/here\n/here\nlow\n/here\n/here/dir/only\noverlayfs' ]
	[ -z "$(ls -A up)" ]
	only_layers
}

@test "--overlay: changes go to the upper layer, and are there the next time" {
	snapshot low >before
	snapshot lower >>before
	mv before temporary
	run over sh -ec 'cd /here; echo more >>file; rm dir/only; echo new >dir/new; mv program dir; chmod 700 dir/sub; ln file dir/second
		rm -r dir/sub; mkdir dir/sub; touch -h -d @1000 link; mkfifo fifo'
	show
	[ "$status" -eq 0 ]
		snapshot low >temporary/after
	snapshot lower >>temporary/after
	diff temporary/before temporary/after
	rm temporary/before temporary/after
	only_layers
	[ "$(stat -c '%F %t:%T' up/dir/only)" = "character special file 0:0" ]
	[ "$(stat -c '%F %t:%T' up/program)" = "character special file 0:0" ]
	[ "$(cat up/file)" = $'low\nmore' ]
	run over sh -ec 'cd /here; ls -F . dir dir/sub; dir/program; cat dir/second'
	show
	[ "$output" = $'.:\ndir/\nfifo|\nfile\nlink@\n\ndir:\nnew\nprogram*\nsecond\nsub/\n\ndir/sub:\nruns: dir/program\nlow\nmore' ]
}

@test "--overlay: what the kernel would refuse" {
	chmod 444 low/file
	chmod 555 lower/dir low/dir
	[ "$(id -u)" -ne 0 ] || skip "root may do that"
	run over sh -c 'cd /here; mv dir other 2>&1 | grep -c .; echo x >file; rm dir/only; rmdir dir; mknod whiteout c 0 0; ls'
	show
	chmod -R u+w low lower up
	[[ $output == *"file: Permission denied"* && $output == *"dir/only': Permission denied"* ]]
	[[ $output == *"mknod: "*"Operation not permitted"* && $output == *$'\ndir\nfile\nlink\n'* ]]
}

@test "--overlay: a directory with whiteouts is removed and replaced whatever its mode is" {
	local mode

	for mode in 600 200 300 400 500 000; do
		run over sh -ec "cd /here; rm -f dir/only dir/sub/*; rmdir dir/sub; chmod $mode dir; rmdir dir; ls; mkdir dir; ls -A dir"
		show
		[ "$output" = $'file\nlink\nprogram' ]
		rm -r up
		mkdir up
		run over python3 -c "import os
os.chdir('/here')
os.remove('dir/only'); os.remove('dir/sub/deep'); os.rmdir('dir/sub'); os.chmod('dir', 0o$mode)
os.mkdir('new'); os.mkdir('new/in'); os.rename('new', 'dir'); print(os.listdir('dir'), os.listdir('.'))"
		show
		[ "$status" = 0 ]
		[[ $output == "['in']"* && $output != *new* ]]
		rm -r up
		mkdir up
	done
}

@test "--overlay: who has a removed directory open is told its name" {
	run over python3 -c 'import os
os.umask(0o777)
def removed(*paths):
    opened = [os.open(path, os.O_RDONLY) for path in paths]
    for path in paths: os.rmdir(path)
    for fd in opened: print(os.readlink(f"/proc/self/fd/{fd}"), os.fstat(fd).st_nlink)
os.chdir("/here")
os.remove("dir/only"); os.remove("dir/sub/deep")
inner = os.open("dir/sub", os.O_RDONLY)
removed("dir/sub", "dir")
print(os.readlink(f"/proc/self/fd/{inner}"))
os.umask(0o22)
os.mkdir("dir"); os.mkdir("dir/sub")
removed("dir/sub", "dir")
os.chdir("/here/../here")
os.mkdir("new"); os.mkdir("dir"); over = os.open("dir", os.O_RDONLY); os.rename("new", "dir")
print(os.readlink(f"/proc/self/fd/{over}"), sorted(os.listdir(".")))'
	show
	# The kernel says so, too: of merged directories ovl_getattr(), fs/overlayfs/inode.c, counts nothing.
	[ "$output" = $'/here/dir/sub (deleted) 1\n/here/dir (deleted) 1\n/here/dir/sub (deleted)\n/here/dir/sub (deleted) 0\n/here/dir (deleted) 0\n/here/dir (deleted) [\'dir\', \'file\', \'link\', \'program\']' ]
	only_layers
}

@test "--overlay: of a link the kernel judges the old name before slashes behind the new one" {
	run over python3 -c 'import os
for old in "/bin/sh/x", "/here/file/x", "/here/none", "/none", "/here/file", "/here/dir":
    try: os.link(old, "/here/new/")
    except OSError as error: print(error.strerror)
try: os.link("/proc/self/status", "/here/" + "n" * 256)
except OSError as error: print(error.strerror)'
	show
	[ "$output" = $'Not a directory\nNot a directory\nNo such file or directory\nNo such file or directory\nNo such file or directory\nNo such file or directory\nFile name too long' ]
	only_layers
}

@test "--overlay: a removed directory is left by .., which can't be removed" {
	mkdir -p low/gone/in/it
	run over python3 -c 'import os
def refuse(call, name):
    try: call(name)
    except OSError as error: print(name, error.strerror)
os.chdir("/here/gone/in/it")
os.rmdir("../it")
for name in "..", "../", ".", "../.", "../..": refuse(os.rmdir, name)
os.rmdir("../../in")
for name in "..", "../..": refuse(os.rmdir, name)
refuse(os.remove, "..")
refuse(os.mkdir, "../new")
print(os.stat("../..").st_ino == os.stat("/here/gone").st_ino)'
	show
	[ "$output" = $'.. Directory not empty\n../ Directory not empty\n. Invalid argument\n../. Invalid argument\n../.. Directory not empty
.. Directory not empty\n../.. Directory not empty\n.. Is a directory\n../new No such file or directory\nTrue' ]
	only_layers
}

@test "--overlay: what is made over a whiteout in a set-group-id directory keeps its set-id bits" {
	chmod 2755 low/dir
	run over python3 -c 'import os
os.chdir("/here/dir")
os.umask(0)
for make in lambda: os.close(os.open("only", os.O_CREAT | os.O_WRONLY, 0o6711)), lambda: os.mkfifo("only", 0o4700):
    os.remove("only")
    make()
    print(oct(os.stat("only").st_mode))
os.remove("only")
os.symlink("../file", "only")
print(oct(os.stat("only").st_mode))'
	show
	[ "$output" = $'0o106711\n0o14700\n0o100644' ]
	rm up/dir/only
	only_layers
}

@test "--overlay: an open file of a lower layer in whose place another has come has been removed" {
	run over python3 -c 'import os
os.chdir("/here")
replaced, made, copied, device = [os.open(name, os.O_RDONLY) for name in ("file", "dir/only", "program", "dir/sub/deep")]
open("new", "w").close()
os.rename("new", "file")
os.remove("dir/only")
open("dir/only", "w").close()
os.remove("dir/sub/deep")
os.mkfifo("dir/sub/deep")
open("program", "a").close()
for fd in replaced, made, copied, device: print(os.readlink(f"/proc/self/fd/{fd}"))'
	show
	[ "$output" = $'/here/file (deleted)\n/here/dir/only (deleted)\n/here/program\n/here/dir/sub/deep (deleted)' ]
	only_layers
}

@test "--overlay: an attribute that may not be set, or a file that may not be truncated, is not copied" {
	[ "$EUID" != 0 ] || skip "root may do that"
	chmod 555 low/dir/sub
	chmod 444 low/file
	run over python3 -c 'import os
for change in lambda: os.setxattr("/here/dir/sub", "user.a", b"x"), lambda: os.truncate("/here/file", 1):
    try: change()
    except OSError as error: print(error.strerror)'
	show
	[ "$output" = $'Permission denied\nPermission denied' ]
	[ -z "$(ls -A up)" ]
	chmod 755 low/dir/sub
	chmod 644 low/file
	only_layers
}

@test "--overlay: what is old is looked up before the new name is judged" {
	chmod 555 low/dir
	run over python3 -c 'import ctypes, os
libc = ctypes.CDLL(None, use_errno=True)
for old in "/here/file/.", "/here/file/", "/here/file/..", "/here/none/.":
    print(libc.link(old.encode(), b"/here/dir/new"), os.strerror(ctypes.get_errno()))
os.mkdir("/here/place")
print(libc.renameat2(-100, b"/here/file", -100, b"/here/place", 1), os.strerror(ctypes.get_errno()))
try: os.removexattr("/here/dir/sub/deep", "bad")
except OSError as error: print(error.strerror)'
	show
	[ "$output" = $'-1 Not a directory\n-1 Not a directory\n-1 Not a directory\n-1 No such file or directory\n-1 File exists\nOperation not supported' ]
	[ ! -e up/dir/sub ]
	chmod 755 low/dir
	only_layers
}

@test "--overlay: arguments that can't be are refused before anything is made" {
	python3 -c 'import os; os.setxattr("low/dir/sub", "user.overlay.opaque", b"y")'
	run over -b lower:/virtual/sub python3 -c 'import ctypes, os, struct
libc = ctypes.CDLL(None, use_errno=True)
os.chdir("/here")
os.remove("file")
both_ways_below = struct.pack("QQQ", os.O_CREAT | os.O_EXCL, 0o644, 0x18)
print(libc.syscall(437, -100, b"file", both_ways_below, 24), os.strerror(ctypes.get_errno()))
print(libc.linkat(-100, None, -100, b"/virtual/new", 0x400), os.strerror(ctypes.get_errno()))
print(os.path.exists("/here/file"))
deep = os.open("dir/sub/deep", os.O_RDONLY)
utimensat = {"x86_64": 280, "aarch64": 88}[os.uname().machine]
print(libc.syscall(utimensat, deep, None, None, 0x1000), os.strerror(ctypes.get_errno()))
libc.fchownat(-100, f"/proc/self/fd/{deep}".encode(), -1, os.getgid(), 0x40)
print(libc.syscall(utimensat, -100, b"/here/dir/sub/deep", struct.pack("qqqq", 0, (1 << 30) - 2, 0, (1 << 30) - 2), 0))
os.mkdir("upper")
libc.linkat(os.open("upper", os.O_RDONLY), b"", -100, b"/here/dir/new", 0x1000)
os.rmdir("upper")
try: os.removexattr("/here/dir/sub", "user.overlay.opaque")
except OSError as error: print(error.strerror)
gone = os.open("gone", os.O_CREAT | os.O_RDWR)
os.remove("gone")
for path, flags in (f"/proc/self/fd/{gone}".encode(), 0x400), (b"", 0x1000):
    print(libc.linkat(gone, path, -100, b"/here/dir/new", flags), os.strerror(ctypes.get_errno()))
known = os.open("dir/sub/deep", os.O_PATH)
for fd, flags in (deep, 1 << 63), (known, 0):
    libc.syscall(469, fd, b"", struct.pack("QIIII", flags, 0, 0, 0, 0), 24, 0x1000) # file_setattr(2), Linux 6.17'
	show
	[ "$output" = $'-1 Invalid argument\n-1 Bad address\nFalse\n-1 Invalid argument\n0\nNo data available\n-1 No such file or directory\n-1 No such file or directory' ]
	[ ! -e up/dir ]
	only_layers
}

@test "--overlay: who has a directory open that has been closed since is told so, and does not get in" {
	[ "$EUID" != 0 ] || skip "root gets in"
	run over python3 -c 'import os
def tell(what, *of):
    try: return what(*of)
    except OSError as error: return error.strerror
sub = os.open("/here/dir/sub", os.O_RDONLY)
os.chmod("/here/dir/sub", 0)
print(oct(os.stat(sub).st_mode), tell(os.fchdir, sub))
os.mkdir("/here/new")
os.chdir("/here/new")
os.chmod("/here/new", 0o644)
os.rmdir("/here/new")
print(tell(os.stat, "../file"))'
	show
	[ "$output" = $'0o40000 Permission denied\nPermission denied' ]
	chmod 755 up/dir/sub
	only_layers
}

@test "--overlay: an attribute of no kind is refused by the mode, and copies nothing" {
	[ "$EUID" != 0 ] || skip "root may write"
	chmod 444 low/file
	run over python3 -c 'import os
try: os.setxattr("/here/file", "bad", b"x")
except OSError as error: print(error.strerror)'
	show
	[ "$output" = "Permission denied" ]
	[ -z "$(ls -A up)" ]
	chmod 644 low/file
	only_layers
}

@test "--overlay: names in a removed directory, too long ones, and those of a directory without a path are judged in the kernel's order" {
	mkdir place
	run over -b place:/here/dir/sub -b place:/place python3 -c 'import ctypes, os
libc = ctypes.CDLL(None, use_errno=True)
def rename(*of):
    ctypes.set_errno(0)
    libc.renameat2(*of)
    print(os.strerror(ctypes.get_errno()))
os.mkdir("/here/new")
new = os.open("/here/new", os.O_RDONLY)
os.rmdir("/here/new")
rename(new, b"a", -100, b"/place/a", 0)
rename(new, b"a", -100, b"/here/a", 0)
rename(-100, b"/here/dir/sub", -100, b"/here/" + b"n" * 256, 0)
os.chdir("/here")
for i in range(20): os.mkdir("n" * 255); os.chdir("n" * 255)
rename(-100, b"/here/file", -100, b"none", 2)
open("there", "w").close()
rename(-100, b"/here/dir", -100, b"there", 1)'
	show
	[ "$output" = $'Invalid cross-device link\nNo such file or directory\nFile name too long\nNo such file or directory\nFile exists' ]
	find up -name 'nnn*' -prune -exec rm -r {} +
	rmdir place
	only_layers
}

@test "--overlay: a second name by descriptor is one of the copy, and none of what has been removed" {
	cp low/file low/other
	cp low/file low/gone
	ln -s place low/pointer
	run over python3 -c 'import ctypes, os, threading
libc = ctypes.CDLL(None, use_errno=True)
def link(path, new):
    ctypes.set_errno(0)
    libc.linkat(-100, path.encode(), -100, new, 0x400)
    return os.strerror(ctypes.get_errno())
file, gone, link_fd = os.open("/here/file", os.O_RDONLY), os.open("/here/gone", os.O_RDONLY), os.open("/here/pointer", os.O_PATH | os.O_NOFOLLOW)
os.remove("/here/gone")
os.remove("/here/other")
print(link(f"/proc/self/fd/{file}", b"/here/second"))
print(link(f"/proc/self/fd/{file}", b"/here/other"))
print(link(f"/proc/self/fd/{link_fd}", b"/here/dir/link"), os.readlink("/here/dir/link"))
print(link(f"/proc/self/fd/{gone}", b"/here/third"), link(f"/proc/thread-self/fd/{gone}", b"/here/gone"))
def with_own_descriptors():
    libc.unshare(0x400)
    os.close(gone)
    print(link(f"/proc/self/fd/{gone}", b"/here/third"), link(f"/proc/self/fd/{file}", b"/here/third"))
thread = threading.Thread(target=with_own_descriptors)
thread.start()
thread.join()
linkat = {"x86_64": 265, "aarch64": 37}[os.uname().machine]
libc.syscall.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_char_p, ctypes.c_long, ctypes.c_char_p, ctypes.c_ulong]
print(libc.syscall(linkat, -100, b"/here/dir/sub/deep", -100, b"/here/deep", 1 << 32))
open("/here/deep", "w").write("changed\n")
os.remove("/here/pointer")
os.symlink("other", "/here/pointer")
print(link(f"/proc/self/fd/{link_fd}", b"/here/dir/second"))
open("/here/second", "w").write("changed\n")
print(open("/here/third").read(), os.stat("/here/file").st_nlink, os.path.lexists("/here/gone"))'
	show
	[ "$output" = $'Success\nSuccess\nSuccess place\nNo such file or directory No such file or directory\nNo such file or directory Success\n0\nNo such file or directory\nchanged\n 4 False' ]
	[ "$(stat -c %h low/file low/gone low/pointer)" = $'1\n1\n1' ]
	rm low/other low/gone low/pointer
	only_layers
}

@test "--overlay: a link where something was keeps its group, also in a set-group-id directory" {
	[ "$EUID" = 0 ] || skip "for root, who has other groups"
	run over python3 -c 'import os
os.chown("/here/dir", -1, 33)
os.chmod("/here/dir", 0o2755)
os.remove("/here/dir/sub/deep")
os.chown("/here/dir/sub", -1, 33)
os.chmod("/here/dir/sub", 0o2755)
os.link("/here/file", "/here/dir/sub/deep")
temporary = os.open("/here", os.O_TMPFILE | os.O_RDWR)
os.remove("/here/dir/sub/deep")
os.link(f"/proc/self/fd/{temporary}", "/here/dir/sub/deep", src_dir_fd=temporary)
print(os.stat("/here/file").st_gid, os.stat("/here/dir/sub/deep").st_gid, os.stat("/here/dir/sub/deep").st_nlink)'
	show
	[ "$output" = "0 0 1" ]
	only_layers
}

@test "--overlay: a removed directory of the upper layer is left by .., to where it was" {
	run over python3 -c 'import os
os.mkdir("/here/dir/sub/low")
fd = os.open("/here/dir/sub/low", os.O_RDONLY)
sub = os.open("/here/dir/sub", os.O_RDONLY)
os.rmdir("/here/dir/sub/low")
os.remove("/here/dir/sub/deep")
os.chmod("/here/dir", 0o751)
print(os.stat("..", dir_fd=fd).st_ino == os.stat("/here/dir/sub").st_ino)
os.rmdir("/here/dir/sub")
for path, of in ("..", sub), ("./..", sub), ("../../dir/", sub):
    print(oct(os.stat(path, dir_fd=of).st_mode), os.stat(path, dir_fd=of).st_ino == os.stat("/here/dir").st_ino)
print(os.stat(".", dir_fd=sub).st_nlink)'
	show
	[ "$output" = $'True\n0o40751 True\n0o40751 True\n0o40751 True\n1' ]
	only_layers
}

@test "--overlay: an open file of a lower layer is not the copy of another name that it has there" {
	ln low/file low/dir/second
	run over python3 -c 'import os
file = os.open("/here/file", os.O_RDONLY)
os.remove("/here/file")
open("/here/dir/second", "w").write("more")
os.rename("/here/dir/sub/deep", "/here/other")
print(os.stat(file).st_size, os.readlink(f"/proc/self/fd/{file}"))'
	show
	[ "$output" = "4 /here/file (deleted)" ]
	rm low/dir/second
	only_layers
}

@test "--overlay: a new file has the lowest descriptor, also with -0" {
	run over -0 python3 -c 'import os
os.mkdir("/here/new")
lowest = os.dup(0)
os.close(lowest)
os.remove("/here/dir/sub/deep")
for path, flags in ("/here/new/file", os.O_CREAT | os.O_WRONLY), ("/here/dir/sub/deep", os.O_CREAT | os.O_WRONLY), ("/here/file", os.O_WRONLY), ("/here/dir/sub/made", os.O_CREAT | os.O_RDWR), ("/here/dir", os.O_TMPFILE | os.O_RDWR):
    fd = os.open(path, flags, 0o600)
    print(fd - lowest)
    os.close(fd)'
	show
	[ "$output" = $'0\n0\n0\n0\n0' ]
	only_layers
}

@test "--overlay: by O_PATH, too, what has been removed gets no name, and what never had one gets one" {
	run over python3 -c 'import ctypes, os
libc = ctypes.CDLL(None, use_errno=True)
def link(fd, new):
    ctypes.set_errno(0)
    libc.linkat(-100, f"/proc/self/fd/{fd}".encode(), -100, new, 0x400)
    return os.strerror(ctypes.get_errno())
open("/here/new", "w").close()
removed = os.open("/here/new", os.O_PATH)
os.remove("/here/new")
print(link(removed, b"/here/dir/sub/removed"))
fd = os.open("/here", os.O_TMPFILE | os.O_RDWR)
nameless = os.open(f"/proc/self/fd/{fd}", os.O_PATH)
print(link(nameless, b"/here/named"), os.path.exists("/here/named"))'
	show
	[ "$output" = $'No such file or directory\nSuccess True' ]
	[ "$(ls -A up)" = named ]
}

@test "--overlay: with -0 a second name by descriptor is made where modes deny it to the user" {
	mkdir low/closed
	chmod 555 low/closed
	run over -0 python3 -c 'import os
file = os.open("/here/file", os.O_RDONLY)
os.link(f"/proc/self/fd/{file}", "/here/closed/new", src_dir_fd=file)
print(os.stat("/here/closed/new").st_nlink)'
	show
	[ "$output" = 2 ]
	chmod 755 low/closed up/closed
	rmdir low/closed
	only_layers
}

@test "--overlay: only a directory is entered by descriptor, and as it is now" {
	mkfifo low/fifo
	mkdir low/closed
	chmod 0 low/closed
	run over python3 -c 'import os
def tell(what, *of):
    try: return what(*of)
    except OSError as error: return error.strerror
fifo, closed, new = os.open("/here/fifo", os.O_PATH), os.open("/here/closed", os.O_PATH), os.open("/here/dir/sub", os.O_PATH)
os.chmod("/here/fifo", 0o600)
os.chmod("/here/closed", 0o755)
print(tell(os.fchdir, fifo), tell(os.fchdir, closed))
os.remove("/here/dir/sub/deep")
os.rmdir("/here/dir/sub")
print(tell(lambda: os.rename("/here/file", "a", dst_dir_fd=new)))
print(tell(lambda: os.rename("a", "/here/file", src_dir_fd=new)))'
	show
	[ "$output" = $'Not a directory None\nNo such file or directory\nNo such file or directory' ]
	chmod 755 low/closed
	rmdir low/closed
	rm low/fifo
	only_layers
}

@test "--overlay: attributes are changed in the copy, by whatever way the file is named" {
	python3 -c 'import os; os.setxattr("low/file", "user.a", b"1")' || skip "no attributes here"
	run over python3 -c 'import ctypes, os
libc = ctypes.CDLL(None, use_errno=True)
os.removexattr(f"/proc/self/fd/{os.open('"'/here/file'"', os.O_PATH)}", "user.a")
os.chdir("/here/dir/sub")
libc.fsetxattr(-100, b"user.b", b"2", 1, 0) # which Linux 6.13 and later do
print(os.listxattr("/here/file"))'
	show
	[ "$output" = "[]" ]
	[ "$(python3 -c 'import os; print(os.listxattr("low/file"), os.listxattr("low/dir/sub"))')" = "['user.a'] []" ]
}

@test "--overlay: with -0 what modes deny to the user is changed in the copy" {
	run over -0 sh -ec 'chmod 0 /here/dir; chmod 600 /here/dir/sub/deep; touch -d @1 /here/dir/only; ln /here/dir/sub/deep /here/new
		echo more >>/here/new; cat /here/dir/sub/deep; echo less >/here/dir/only; cat /here/dir/only; rm /here/dir/only; stat -c %a /here/dir'
	show
	[ "$output" = $'deep\nmore\nless\n0' ]
	[ "$(stat -c '%a %h' low/dir/sub/deep lower/dir/only)" = $'644 1\n644 1' ]
	[ "$(cat low/dir/sub/deep lower/dir/only)" = $'deep\nonly' ]
	chmod 755 up/dir
	only_layers
}

@test "--overlay: with -0 nothing of it is mounted elsewhere, through no link of /proc either" {
	mkdir plain
	run over -0 -b plain:/mnt python3 -c 'import ctypes, os
libc = ctypes.CDLL(None, use_errno=True)
sub = os.open("/here/dir/sub", os.O_RDONLY)
os.chdir("/here/dir")
for source in f"/proc/self/fd/{sub}", "/proc/self/cwd", f"/dev/fd/{os.open('"'/here/file'"', os.O_PATH)}":
    print(libc.mount(source.encode(), b"/mnt", b"none", 0x1000, None), os.strerror(ctypes.get_errno()))'
	show
	[ "$output" = $'-1 Operation not permitted\n-1 Operation not permitted\n-1 Operation not permitted' ]
	rmdir plain
	only_layers
}

@test "--overlay: a link that leads elsewhere meanwhile changes no lower layer" {
	for number in {1..300}; do echo "$number" >"low/n$number"; done
	run over timeout 60 python3 -c 'import os, threading, time
os.chdir("/here")
open("upper", "w").close()
os.symlink("upper", "flips")
is_over = False
def flip():
    number = 0
    while not is_over:
        number = number % 300 + 1
        for target in f"n{number}", "upper":
            os.symlink(target, "flipped")
            os.rename("flipped", "flips")
def change(what):
    while not is_over:
        try: what()
        except OSError: pass
changes = lambda: os.chmod("flips", 0o600), lambda: os.utime("flips", (1, 1)), lambda: os.truncate("flips", 1)
threads = [threading.Thread(target=flip)] + [threading.Thread(target=change, args=(what,)) for what in changes]
for thread in threads: thread.start()
time.sleep(1)
is_over = True
for thread in threads: thread.join()
print("over")'
	show
	[ "$output" = over ]
	[ "$(cat low/n*)" = "$(seq 300 | sort | sed 's/^/n/' | LC_ALL=C sort | sed 's/^n//')" ]
	[ "$(stat -c %a low/n* | sort -u)" = 644 ]
	[ -z "$(find low -name 'n*' ! -newermt 2000-01-01)" ]
	rm low/n*
	only_layers
}

@test "--overlay: what has no length is not cut, and the kernel says why, also with -0" {
	mkfifo low/fifo
	for root in "" -0; do
		# shellcheck disable=SC2086 # none or one
		run over $root python3 -c 'import os
fd = os.open("/here/dir/sub", os.O_RDONLY)
for path in "/here/dir/sub", "/here/fifo", f"/proc/self/fd/{fd}":
    try: os.truncate(path, 1)
    except OSError as error: print(error.strerror)'
		show
		[ "$output" = $'Is a directory\nInvalid argument\nIs a directory' ]
		[ -z "$(ls -A up)" ]
	done
	rm low/fifo
	only_layers
}

@test "--overlay: what lies under a mount may be moved before the mount is in the way" {
	local denied=Permission

	[ "$EUID" != 0 ] || denied=Device
	chmod 555 low/dir
	mkdir place
	run over -b place:/here/dir python3 -c 'import ctypes, os
libc = ctypes.CDLL(None, use_errno=True)
os.mkdir("/here/other")
for old, new, flags in (("dir", "other/dir", 0), ("other", "dir", 0), ("other", "dir", 1), ("file", "dir", 0), ("none", "dir", 0), ("dir", "dir", 2)):
    ctypes.set_errno(0)
    libc.renameat2(-100, b"/here/" + old.encode(), -100, b"/here/" + new.encode(), flags)
    print(os.strerror(ctypes.get_errno()).split()[0])'
	show
	[ "$output" = "$denied"$'\nDevice\nFile\nIs\nNo\nSuccess' ]
	run over -b place:/here/dir/sub unlink /here/dir
	show
	[[ $output == *"Is a directory" ]]
	chmod 755 low/dir
	rmdir place
	only_layers
}

@test "--overlay: a removed directory that is open keeps its mode" {
	run over python3 -c 'import os
os.chdir("/here")
os.remove("dir/sub/deep"); os.remove("dir/only")
for mode, name in (0o555, "dir/sub"), (0o705, "dir"):
    opened = os.open(name, os.O_RDONLY)
    os.chmod(name, mode)
    os.rmdir(name)
    print(oct(os.fstat(opened).st_mode), os.fstat(opened).st_nlink)'
	show
	[ "$output" = $'0o40555 1\n0o40705 1' ]
	only_layers
}

@test "--overlay: links of /proc lead to directories far down" {
	run over python3 -c 'import os
def told(call, *arguments):
    try: return call(*arguments)
    except OSError as error: return error.strerror
os.chdir("/here")
for step in range(11):
    os.mkdir("d" * 255); os.chdir("d" * 255)
here = os.open(".", os.O_RDONLY)
print(told(os.mkdir, "/proc/self/cwd/new/"), told(os.mkdir, "/proc/thread-self/cwd/new"), told(os.listdir, "."))
print(told(os.mkdir, f"/proc/self/fd/{here}/new/in"), told(os.rename, "/proc/self/cwd/new", f"/proc/self/fd/{here}/moved"))
print(told(os.rename, "/proc/self/cwd/moved", "/proc/self/cwd/moved/in/x"), told(os.link, "/here/dir", "/proc/self/cwd/x"))
print(told(os.link, "/here/file", "/proc/self/root/proc/self/cwd/file"), told(open, "/proc/self/cwd/file").read(), end="")
print(sorted(told(os.listdir, "/proc/self/cwd/moved/..")), sorted(told(os.listdir, f"/proc/self/fd/{here}/")), told(os.readlink, "/proc/self/cwd/no"))'
	show
	[ "$output" = $'None File exists [\'new\']\nNone None\nInvalid argument Operation not permitted\nNone low\n[\'file\', \'moved\'] [\'file\', \'moved\'] No such file or directory' ]
	only_layers
}

@test "--overlay: a directory whose path is longer than any may be is one as others are" {
	mkdir temporary/tree
	cat >temporary/program <<-'END'
		import os, sys
		def told(call, *arguments):
		    try: return call(*arguments)
		    except OSError as error: return error.strerror
		os.chdir(sys.argv[1])
		os.umask(0o22)
		for step in range(20):
		    os.mkdir("d" * 255); os.chdir("d" * 255)
		here = os.open(".", os.O_RDONLY)
		print(told(os.mkdir, "new"), told(os.mkdir, "new/"), told(os.mkdir, "/proc/self/cwd/new"), told(os.mkdir, "../beside"))
		print(told(os.mkdir, f"/proc/self/fd/{here}/new/in"), told(os.rename, "new", f"/proc/self/fd/{here}/moved"))
		print(told(os.rename, "moved", "moved/in/x"), told(os.rename, f"/proc/thread-self/cwd/moved/in", "../beside"), sorted(os.listdir("..")))
		print(told(os.link, sys.argv[1] + "/file", "file"), told(os.link, sys.argv[1] + "/dir", "x"), told(os.link, "file", sys.argv[1] + "/second"))
		print(told(os.symlink, "../beside/../" + "d" * 255 + "/file", "link"), open("link").read(), told(os.readlink, "/proc/self/cwd/no"))
		with open("/proc/self/cwd/file", "a") as file: file.write("more")
		print(open(sys.argv[1] + "/second").read(), told(os.stat, "..").st_nlink, told(os.lstat, "link").st_size, told(os.rename, "no", "link"))
		print(told(os.chmod, "moved", 0o700), oct(os.stat(f"/proc/self/fd/{here}/moved/.").st_mode), told(os.chdir, "moved/../moved"), sorted(os.listdir("/proc/self/cwd/..")))
		print(told(os.rename, "../file", sys.argv[1] + "/new"), told(os.remove, "../link"), told(os.rmdir, ".."), told(os.chdir, ".."), told(os.rmdir, "moved"))
		print(told(os.rmdir, "/proc/self/cwd/../beside"), told(os.listdir, "."), told(os.chdir, "no"), told(os.truncate, "no", 0))
		for step in range(20):
		    os.chdir(".."); os.rmdir("d" * 255)
		print(os.getcwd() == sys.argv[1], sorted(os.listdir(".")))
	END
	cp -a lower/. low/. temporary/tree
	python3 temporary/program "$PWD/temporary/tree" >temporary/expected
	run over python3 temporary/program /here
	show
	[ "$status" -eq 0 ] && [ "$output" = "$(cat temporary/expected)" ]
	[[ $output == "None File exists File exists None"*"True ['dir', 'file', 'link', 'new', 'program', 'second']" ]]
	rm -r temporary/program temporary/tree temporary/expected
	only_layers
}

@test "--overlay: links of /proc to what has been copied up lead to the copy" {
	run over python3 -c 'import os
os.chdir("/here/dir")
file = os.open("../file", os.O_RDONLY); directory = os.open(".", os.O_PATH); cwd = os.open("/here", os.O_PATH)
os.chmod("/here/dir", 0o711); os.chmod("/here", 0o700)
with open("/here/file", "a") as new: new.write("more")
print(os.stat(f"/proc/self/fd/{file}").st_size, open(f"/proc/self/fd/{file}").read())
print(*(oct(os.stat(f"/proc/self/{name}/").st_mode) for name in (f"fd/{directory}", "cwd", f"fd/{cwd}")), os.stat("/proc/self/cwd").st_ino == os.stat("/here/dir").st_ino)'
	show
	[ "$output" = $'8 low\nmore\n0o40711 0o40711 0o40700 True' ]
}

@test "--overlay: who is in a removed directory of a lower layer is told so, also when there is another" {
	run over python3 -c 'import os
def cwd():
    try: return os.getcwd()
    except OSError as error: return error.strerror
os.chdir("/here/dir/sub")
fd = os.open(".", os.O_RDONLY | os.O_DIRECTORY)
child = os.fork()
if not child:
    os.remove("/here/dir/sub/deep"); os.rmdir("/here/dir/sub"); os.mkdir("/here/dir/sub"); os._exit(0)
os.wait()
print(cwd(), os.readlink("/proc/self/cwd"), os.readlink(f"/proc/self/fd/{fd}"), os.readlink(f"/proc/{os.getppid()}/cwd") != "")
os.chdir("/here/dir/sub")
print(cwd(), os.readlink("/proc/self/cwd"))'
	show
	[ "$output" = $'No such file or directory /here/dir/sub (deleted) /here/dir/sub (deleted) True\n/here/dir/sub /here/dir/sub' ]
	only_layers
}

@test "--overlay: who has a file of a lower layer open still means it when it is renamed" {
	run over python3 -c 'import os
os.chdir("/here")
fds = [os.open(name, os.O_RDONLY) for name in ("file", "program", "dir/only")]
os.mkdir("new"); os.mkdir("new/in"); os.rename("file", "new/in/a"); os.rename("new", "newer")
os.mkdir("dir/sub/x"); os.rename("program", "dir/sub/x/b"); os.mkdir("program")
os.link("dir/only", "second"); os.remove("dir/only")
for fd, name in zip(fds, ("newer/in/a", "dir/sub/x/b", "second")):
    if name != "second": print(os.readlink(f"/proc/self/fd/{fd}"), end=" ")
    os.truncate(f"/proc/self/fd/{fd}", fd)
    os.fchmod(fd, 0o604 + fd % 4)
    print(os.fstat(fd).st_size == fd, os.stat(name) == os.fstat(fd))
os.remove("newer/in/a")
print(os.readlink(f"/proc/self/fd/{fds[0]}"))'
	show
	[ "$output" = $'/here/newer/in/a True True\n/here/dir/sub/x/b True True\nTrue True\n/here/newer/in/a (deleted)' ]
	only_layers
}

@test "--overlay: names that are too long are that, and nothing is read-only" {
	run over python3 -c 'import ctypes, errno, os
long = "l" * 256
def refused(call, *arguments):
    try: call(*arguments)
    except OSError as error: print(errno.errorcode[error.errno], end=" ")
os.chdir("/here/dir")
for call in os.rmdir, os.remove, os.mkdir, os.mkfifo: refused(call, long)
refused(os.symlink, "to", long)
refused(os.link, "only", long)
refused(os.rename, "only", long)
refused(os.rename, long, "only")
refused(os.rename, "missing", long)
refused(os.open, long, os.O_CREAT | os.O_WRONLY)'
	show
	[ "$output" = "ENAMETOOLONG ENAMETOOLONG ENAMETOOLONG ENAMETOOLONG ENAMETOOLONG ENAMETOOLONG ENAMETOOLONG ENAMETOOLONG ENOENT ENAMETOOLONG " ]
	[ -z "$(ls -A up)" ]
}

@test "--overlay: a descriptor that has become one of the copy has the flags it was opened with" {
	run over python3 -c 'import fcntl, os
os.chdir("/here")
for flags in os.O_RDONLY, os.O_RDONLY | os.O_NOFOLLOW | os.O_SYNC | os.O_NONBLOCK, os.O_PATH, os.O_PATH | os.O_NOFOLLOW:
    fd = os.open("file", flags)
    before = fcntl.fcntl(fd, fcntl.F_GETFL)
    os.chmod("file", 0o600 + flags % 7)
    print(oct(os.fstat(fd).st_mode) == oct(os.stat("file").st_mode), fcntl.fcntl(fd, fcntl.F_GETFL) == before)'
	show
	[ "$output" = $'True True\nTrue True\nTrue True\nTrue True' ]
}

@test "--overlay: a directory that can't be written to changes places" {
	run over python3 -c 'import ctypes, os
os.chdir("/here")
os.mkdir("new"); os.mkdir("new/in"); os.chmod("new", 0o555)
os.remove("dir/only"); os.remove("dir/sub/deep"); os.rmdir("dir/sub"); os.rmdir("dir"); os.mkdir("dir", 0o500); os.remove("file"); os.mkdir("file", 0o500)
print(ctypes.CDLL(None).renameat2(-100, b"new", -100, b"file", 2), oct(os.stat("file").st_mode), os.listdir("file"))
print(ctypes.CDLL(None).renameat2(-100, b"file", -100, b"dir", 2), oct(os.stat("dir").st_mode), os.listdir("dir"), os.listdir("file"))'
	show
	chmod -R u+w up
	[ "$output" = $'0 0o40555 [\'in\']\n0 0o40555 [\'in\'] []' ]
}

@test "--overlay: what can't be done copies nothing" {
	mkfifo lower/fifo
	run over python3 -c 'import os
def refused(call, *arguments):
    try: call(*arguments)
    except OSError as error: print(error.strerror)
os.chdir("/here")
refused(os.truncate, "dir", 0)
refused(os.truncate, "fifo", 0)
refused(os.link, "fifo/", "new")
refused(os.link, "..", "dir/sub/new")
refused(os.link, "/here", "dir/sub/new")
refused(os.link, "dir/only", "dir/sub/new/")
with open("file") as file:
    refused(os.removexattr, file.fileno(), "user.missing")
import ctypes
times = (ctypes.c_long * 4)(0, 10 ** 9, 0, 0)
refused(os.setxattr, "fifo", "user.a", b"value")
libc = ctypes.CDLL(None, use_errno=True)
print(libc.utimensat(-100, b"file", times, 0), ctypes.get_errno())
os.chdir("dir")
utimensat = {"x86_64": 280, "aarch64": 88}[os.uname().machine]
print(libc.syscall(utimensat, -100, None, None, 0), ctypes.get_errno())'
	show
	[ "$output" = $'Is a directory\nInvalid argument\nNot a directory\nInvalid cross-device link\nOperation not permitted\nNo such file or directory\nNo data available\nOperation not permitted\n-1 22\n-1 14' ]
	[ -z "$(ls -A up)" ]
}

@test "--overlay: a whiteout is no device to be made, however far down" {
	run over python3 -c 'import os, stat
os.chdir("/here")
for _ in range(20):
    os.mkdir("d" * 255)
    os.chdir("d" * 255)
os.mkdir("there")
for name in "whiteout", "there", "missing/whiteout", "whiteout/":
    try: os.mknod(name, stat.S_IFCHR | 0o644, 0)
    except OSError as error: print(error.strerror)
os.chmod(".", 0o555)
try: os.mknod("whiteout", stat.S_IFCHR, 0)
except OSError as error: print(error.strerror)
os.chmod(".", 0o755)
print(os.listdir("."))'
	show
	local denied='Permission denied'
	[ "$(id -u)" != 0 ] || denied='Operation not permitted'
	[ "$output" = $'Operation not permitted\nFile exists\nNo such file or directory\nNo such file or directory\n'"$denied"$'\n[\'there\']' ]
	rm -r up/d*
}

@test "--overlay: in a directory that can't be written to no socket is bound, and it is not copied" {
	chmod 555 lower/dir low/dir
	run over python3 -c 'import socket
socket.socket(socket.AF_UNIX).bind("/here/dir/socket")'
	show
	chmod -R u+w low lower up
	if [ "$(id -u)" = 0 ]; then # who may
		[ "$status" -eq 0 ]
		[ -S up/dir/socket ]
		return
	fi
	[[ $output == *"Permission denied"* ]]
	[ -z "$(ls -A up)" ]
}

@test "--overlay: rename of a directory of a lower layer is EXDEV, and mv copies it" {
	run over python3 -c 'import os
try: os.rename("/here/dir", "/here/moved")
except OSError as error: print(error.strerror)'
	[ "$output" = "Invalid cross-device link" ]
	run over sh -ec 'mv /here/dir /here/moved; find /here | sort'
	show
	[ "$output" = $'/here\n/here/file\n/here/link\n/here/moved\n/here/moved/only\n/here/moved/sub\n/here/moved/sub/deep\n/here/program' ]
}

@test "--overlay: an attribute of the guest's own that is named as the overlay's" {
	command -v setfattr >/dev/null || skip "needs setfattr"
	run over sh -ec 'cd /here; setfattr -n user.overlay.opaque -v mine dir; getfattr -d dir; ls dir'
	show
	[ "$output" = $'# file: dir\nuser.overlay.opaque="mine"\n\nonly\nsub' ]
}

@test "--overlay: bindings in it, and it in another place" {
	mkdir bound
	echo bound >bound/name
	run over -b "$PWD/bound:/here/dir/place" -b "$PWD/bound:/here/dir/sub" sh -ec 'cd /here/dir; ls . place sub; cat place/name; cd place/..; pwd
		rmdir sub || echo x >sub/new'
	show
	[[ $output == $'.:\nonly\nplace\nsub\n\nplace:\nname\n\nsub:\nname\nbound\n/here/dir'* ]]
	[ "$(cat bound/new)" = x ]
	rm -r bound
}

@test "--overlay: many names, read in pieces and removed" {
	(cd lower/dir && touch {1..3000})
	(cd low/dir && touch {2900..3100})
	run over sh -ec 'ls /here/dir | wc -l; ls -f /here/dir | sort | uniq -d; rm -r /here/dir; ls /here/dir 2>&1; mkdir /here/dir; ls /here/dir'
	show
	[ "$output" = $'3102\nls: cannot access \'/here/dir\': No such file or directory' ]
}

@test "--overlay: several processes copy one file up" {
	head -c 1000000 /dev/urandom >lower/large
	run over sh -ec 'cd /here; for i in 1 2 3 4 5 6 7 8; do (echo $i >>large) & done; wait; stat -c %s large; tail -c 16 large | sort | tr "\n" " "'
	show
	[ "$output" = $'1000016\n1 2 3 4 5 6 7 8 ' ]
	cmp -n 1000000 lower/large up/large
	only_layers
}

@test "--overlay: who is forked while another thread changes something holds nobody up" {
	run over -b /usr timeout 60 python3 -c 'import os, signal, threading
os.chdir("/here")
is_over = False
def change(name):
    while not is_over:
        os.mkdir(name)
        os.rmdir(name)
threads = [threading.Thread(target=change, args=(f"d{number}",)) for number in range(2)]
for thread in threads: thread.start()
children = []
for number in range(200):
    child = os.fork()
    if not child:
        signal.pause()
    children.append(child)
    os.mkdir(f"m{number}")
is_over = True
for thread in threads: thread.join()
os.mkdir("last")
for child in children: os.kill(child, 9)
print("all")'
	show
	[ "$status" -eq 0 ] && [ "$output" = all ]
}

@test "--overlay: what is renamed meanwhile is a file, or is not there" {
	local race

	race='import atexit, os, stat, time
def attempt(call, *arguments):
    try: return call(*arguments)
    except FileNotFoundError: return None
os.chdir("/here")
child = os.fork()
while not child:
    os.rename("file", "other")
    os.rename("other", "file")
atexit.register(os.kill, child, 9)
end = time.monotonic() + 3
count = 0
while time.monotonic() < end:
    status = attempt(os.stat, "file")
    assert not status or stat.S_ISREG(status.st_mode), status
    fd = attempt(os.open, "file", os.O_WRONLY if count % 2 else os.O_RDONLY)
    if fd is not None: os.close(fd)
    attempt(os.chmod, "file", 0o644)
    attempt(os.setxattr, "file", "user.x", b"y")
    count += status is not None
assert count
print("seen")'
	run over -b /usr python3 -c "$race"
	show
	[ "$status" -eq 0 ] && [ "$output" = seen ]
}

@test "--overlay: a directory that can't be written to is renamed and replaced" {
	run over sh -ec 'cd /here; rm -r dir; mkdir dir new; chmod 444 dir new; mv -T dir file2; mkdir sub; mv program sub; rm sub/program
		chmod 444 sub; mkdir other; mv -T other sub; mv -T new dir; stat -c "%n %a" dir file2 sub'
	show
	[ "$status" -eq 0 ] && [ "$output" = $'dir 444\nfile2 444\nsub 755' ]
	only_layers
}

@test "--overlay: what a killed one left of its try-out goes, and what only has its name stays" {
	echo mine >up/.proot-try-0
	mknod up/.proot-try-1 c 0 0 || skip "no whiteouts"
	mkdir .up.proot-work
	mknod .up.proot-work/.proot-try- c 0 0
	run over cat /here/.proot-try-0
	show
	[ "$status" -eq 0 ] && [ "$output" = mine ]
	[ "$(ls -A up)" = .proot-try-0 ]
	only_layers
}

@test "--overlay: with -0 owners last" {
	run over -0 sh -ec 'cd /here; chown 5:6 file dir/only; chmod 4755 program; mkdir dir/new; chown 7:8 dir/new; rm link; mknod link c 1 3; stat -c "%u:%g %a %F" *'
	show
	[ "$status" -eq 0 ]
	run over -0 sh -ec 'cd /here; stat -c "%n %u:%g %a" file dir/only dir/new program; stat -c %F link'
	show
	[ "$output" = $'file 5:6 644\ndir/only 5:6 644\ndir/new 7:8 755\nprogram 0:0 4755\ncharacter special file' ]
}

@test "--overlay: sockets are made where something was" {
	run over python3 -c 'import os, socket
os.chdir("/here"); os.unlink("file"); os.unlink("dir/only")
for name in ("file", "/here/dir/only"):
    s = socket.socket(socket.AF_UNIX); s.bind(name); s.listen()
    c = socket.socket(socket.AF_UNIX); c.connect(name); print(s.getsockname(), oct(os.stat(name).st_mode & 0o170000))'
	show
	[ "$output" = $'file 0o140000\n/here/dir/only 0o140000' ]
}

@test "--overlay: a socket has the name it was bound to, from whatever layer" {
	run over python3 -c 'import os, socket
os.chdir("/here/dir")
for name in "one", "./two", ".//./three", "sub/four", "sub/./five":
    s = socket.socket(socket.AF_UNIX); s.bind(name); print(s.getsockname(), os.path.exists(name))'
	show
	[ "$output" = $'one True\n./two True\n.//./three True\nsub/four True\nsub/./five True' ]
}

@test "--overlay: mistakes" {
	run --separate-stderr "$PROOT" --overlay low:/here true
	[ "$status" -eq 1 ]
	[[ $stderr == "proot error: option '--overlay': 'low:/here' is not LOWER[:LOWER...]:UPPER:GUEST"* ]]
	run --separate-stderr "$PROOT" --overlay low:none:/here true
	[ "$status" -eq 1 ]
	[[ $stderr == "proot error: can't use 'none' as a layer: No such file or directory"* ]]
	run --separate-stderr "$PROOT" --overlay low:/:/here true
	[[ $stderr == "proot error: the root directory can't be the upper layer of an overlay"* ]]
	mkdir up/in
	run --separate-stderr "$PROOT" --overlay up/in:up:/here true
	[[ $stderr == "proot error: the layer '$PWD/up/in' lies in the upper layer '$PWD/up'"* ]]
	run --separate-stderr over -l true
	[[ $stderr == "proot error: '--link2symlink' can't be used with '--overlay' or '--ephemeral'"* ]]
	run --separate-stderr over "$PROOT" true
	[[ $stderr == "proot error: a proot can't run inside one that has an overlay"* ]]
	run --separate-stderr "$PROOT" "$PROOT" --overlay low:up:/here true
	[[ $stderr == "proot error: a proot inside another can't have an overlay"* ]]
}

@test "--ephemeral: nothing of the root is changed, and nothing is left" {
	cp -a "$GUEST" temporary/root
	snapshot temporary/root >temporary/before
	for user in "" -0; do
		run "$PROOT" $user --ephemeral -r "$PWD/temporary/root" -b "$PWD/up:/kept" sh -ec 'echo x >/etc/name; rm -r /home; mkdir /home /new
			mv /bin/ls /new; chmod 0 /root; busybox ls /; cat /etc/name; echo y >/kept/file'
		show
		[ "$output" = $'bin\netc\nhome\nkept\nnew\nroot\ntmp\nusr\nx' ]
		[ "$(cat up/file)" = y ]
	done
	snapshot temporary/root >temporary/after
	diff temporary/before temporary/after
	[ "$(ls -A temporary | grep -v owners)" = $'after\nbefore\nroot' ]
}

@test "--ephemeral: also of the machine's own" {
	run "$PROOT" --ephemeral sh -ec 'echo x >/etc/proot-new; echo y >'"$PWD"'/low/file; cat /etc/proot-new low/file; test -c /dev/null; test -d /proc/self'
	show
	[ "$(id -u)" -ne 0 ] && [[ $output == *"Permission denied"* ]] && return
	[ "$output" = $'x\ny' ]
	[ ! -e /etc/proot-new ]
	[ "$(cat low/file)" = low ]
	only_layers
}

@test "--ephemeral: gone when the command or proot is killed" {
	run "$PROOT" --ephemeral sh -c 'echo x >low/file; kill -9 $$'
	[ "$status" -eq 137 ]
	only_layers
	run "$PROOT" --ephemeral sh -c 'echo x >low/file; kill -9 $PPID; sleep 0.3'
	eventually only_layers
	[ "$(cat low/file)" = low ]
}

# Who looks for the border of a file system, as git(1) and find -xdev do, finds none in an overlay of several.
@test "--overlay: directories are of one device, whatever layer has them" {
	local other user

	other=$(mktemp -d /dev/shm/proot-overlay.XXXXXX) || skip "needs another file system"
	[ "$(stat -c %d "$other")" != "$(stat -c %d .)" ] || skip "needs another file system"
	mkdir -p "$other/up" lower/below/deep
	cat >temporary/look.py <<-"END"
		import ctypes, os
		libc = ctypes.CDLL(None, use_errno=True)
		def statx(fd, name, flags):
		    buf = (ctypes.c_uint32 * 64)()
		    assert not libc.statx(fd, name.encode(), flags, 0x7ff, buf)
		    return os.makedev(buf[34], buf[35]), buf[8] | buf[9] << 32
		def look(path):
		    fd = os.open(path, os.O_RDONLY)
		    parent = os.open(os.path.dirname(path), os.O_PATH)
		    name = os.path.basename(path)
		    os.chdir(path)
		    seen = {(s.st_dev, s.st_ino) for s in (os.stat(path), os.lstat(path), os.fstat(fd), os.stat(name, dir_fd=parent),
		            os.stat("."), os.stat(f"/proc/self/fd/{fd}"), os.stat("../" + name), os.stat("/proc/self/cwd"))}
		    seen |= {statx(-100, path, 0), statx(fd, "", 0x1000), statx(parent, name, 0x100), statx(-100, ".", 0)}
		    os.close(fd), os.close(parent), os.chdir("/")
		    assert len(seen) == 1, (path, seen)
		    return seen.pop()
		paths = ["/here/dir", "/here/dir/sub", "/here/below", "/here/below/deep", "/here/new"]
		os.mkdir("/here/new")
		for change in (lambda: 0, lambda: os.chmod("/here/below", 0o700), lambda: os.chmod("/here/dir", 0o700)):
		    change()
		    for i in range(3):
		        seen = [look(path) for path in paths]
		        assert {device for device, _ in seen} == {os.stat("/here").st_dev}, seen
		        assert len(set(seen)) == len(paths), seen
		print(len(os.popen("find /here -xdev -name deep").readlines()))
	END
	for user in "" -0; do
		rm -rf "$other/up"/*
		run "$PROOT" $user --overlay "low:lower:$other/up:/here" /usr/bin/python3 temporary/look.py
		show
		[ "$status" -eq 0 ] && [ "$output" = 2 ] || break
	done
	rm -r "$other"
	[ "$status" -eq 0 ] && [ "$output" = 2 ]
}

# The upper layer is on another file system than the lower one and what is bound.
@test "--ephemeral: what is bound over a missing place can't be renamed or linked" {
	local other change

	other=$(mktemp -d /dev/shm/proot-overlay.XXXXXX) || skip "needs another file system"
	[ "$(stat -c %d "$other")" != "$(stat -c %d .)" ] || skip "needs another file system"
	mkdir -p temporary/bound temporary/root/there
	touch temporary/bound/kept temporary/file
	snapshot temporary >up/before
	change='import os
for name in ("/new/deep/place", "/new/file"):
    for to in ("/moved", "/there/moved", "/new/moved"):
        for call in (os.rename, os.link):
            try: call(name, to); print(call.__name__, name, to)
            except OSError as error: assert error.strerror in ("Invalid cross-device link", "Read-only file system"), error'
	run env PROOT_TMP_DIR="$other" "$PROOT" -r "$PWD/temporary/root" --ephemeral -b "$PWD/temporary/bound:/new/deep/place" \
		-b "$PWD/temporary/file:/new/file" -b /usr -b /lib -b /lib64 -b /bin python3 -c "$change"
	show
	rm -r "$other"
	[ "$status" -eq 0 ] && [ "$output" = "" ]
	snapshot temporary >up/after
	diff up/before up/after
}

@test "what has just been read of a lower layer is read anew when its directory changes" {
	for ((i = 0; i < 100; i++)); do
		mkdir -p "lower/$i/d" "lower/$i/e"
		echo 1 | tee "lower/$i/d/f" >"lower/$i/e/f"
	done
	cat >temporary/read.py <<-"END"
		import os, sys

		def read(path):
		    for i in range(3):
		        size = os.stat(path).st_size
		        with open(path) as file:
		            assert len(file.read()) == size
		    return size

		def be_shut_out(path):
		    for use in os.stat, open, os.readlink:
		        try:
		            use(path)
		            sys.exit(f"{use} of {path} may be done")
		        except PermissionError:
		            pass

		for i in range(100):
		    path = f"/here/{i}/d/f"
		    os.chmod(f"/here/{i}", 0o755)
		    assert read(path) == 2
		    if os.geteuid():
		        os.chmod(f"/here/{i}", 0)
		        be_shut_out(path)
		        os.chmod(f"/here/{i}", 0o755)
		        assert read(path) == 2
		    with open(path, "a") as file:
		        file.write("more")
		    assert read(path) == 6, path
		    if i % 2:
		        os.rename(path, path + "g")
		    else:
		        os.remove(path)
		    assert not os.access(path, os.F_OK)

		# What is open has been removed, and another made in its place.
		for i in range(100):
		    old = os.open(f"/here/{i}/e", os.O_RDONLY)
		    os.remove(f"/here/{i}/e/f")
		    os.rmdir(f"/here/{i}/e")
		    os.mkdir(f"/here/{i}/e")
		    open(f"/here/{i}/e/g", "w").close()
		    for k in range(3):
		        os.stat(f"/here/{i}/e/g")
		        for use in os.stat, os.open, os.readlink:
		            for name in "f", "g":
		                try:
		                    use(name, *([os.O_RDONLY] if use == os.open else []), dir_fd=old)
		                    sys.exit(f"{use} finds {name} in {i}")
		                except FileNotFoundError:
		                    pass
		    os.close(old)
		print("all as it should be")
	END
	cp -a lower temporary/again
	run over /usr/bin/python3 temporary/read.py
	show
	[ "$status" -eq 0 ]
	[ "$output" = "all as it should be" ]
	# Where no directory is at two places, names relative to descriptors are found the fast way, too.
	mkdir -p temporary/root/usr temporary/root/here temporary/up
	for name in bin lib lib64; do
		[ ! -L /$name ] || ln -s usr/$name temporary/root/$name
	done
	mv temporary/read.py temporary/root
	run "$PROOT" -r temporary/root -b /usr --overlay temporary/again:temporary/up:/here /usr/bin/python3 /read.py
	show
	[ "$status" -eq 0 ]
	[ "$output" = "all as it should be" ]
}

@test "--overlay: who is in a directory of the upper layer that names do not lead to any more finds what is in it" {
	mkdir -p lower/shut/again
	echo old >lower/shut/again/old
	cat >temporary/shut.py <<-"END"
		import errno, os

		def fails(number, call, *arguments, **more):
		    try:
		        call(*arguments, **more)
		    except OSError as error:
		        assert error.errno == number, error
		    else:
		        raise AssertionError(f"{call} {arguments}")

		def work(at):
		    assert sorted(os.listdir(at)) == ["file", "sub"]
		    os.stat("sub/deep", dir_fd=at)
		    fails(errno.ENOENT, os.stat, "old", dir_fd=at)
		    fails(errno.ENOENT, os.stat, "sub/old", dir_fd=at)
		    assert os.read(os.open("sub/../file", os.O_RDONLY, dir_fd=at), 9) == b"x"
		    with open(os.open("new", os.O_CREAT | os.O_WRONLY, dir_fd=at), "w") as file:
		        file.write("new")
		    os.chmod("new", 0o600, dir_fd=at)
		    os.rename("new", "sub/moved", src_dir_fd=at, dst_dir_fd=at)
		    os.link("sub/moved", "new", src_dir_fd=at, dst_dir_fd=at)
		    assert sorted(os.listdir(at)) == ["file", "new", "sub"]
		    os.remove("new", dir_fd=at)
		    os.remove("sub/moved", dir_fd=at)
		    os.mkdir("made", dir_fd=at)
		    os.rmdir("made", dir_fd=at)

		os.chdir("/here")
		os.remove("shut/again/old")
		os.rmdir("shut/again")
		fds = []
		for name in "again", "other":
		    os.makedirs(f"shut/{name}/sub/deep")
		    with open(f"shut/{name}/file", "w") as file:
		        file.write("x")
		    fds.append(os.open(f"shut/{name}", os.O_RDONLY))
		os.mkdir("shut/gone")
		gone = os.open("shut/gone", os.O_RDONLY)
		os.rmdir("shut/gone")
		os.chmod("shut", 0o600)
		for at in fds:
		    work(at)
		    os.chdir(at)
		    assert sorted(os.listdir(".")) == sorted(os.listdir("/proc/self/cwd/.")) == ["file", "sub"]
		    os.stat("/proc/self/cwd/sub/deep")
		    if os.geteuid():
		        for path in "../other", "../other/sub", "../again/file", os.getcwd(), "../nothing", "../..":
		            fails(errno.EACCES, os.stat, path)
		    os.stat("..")
		fails(errno.ENOENT, os.stat, "x", dir_fd=gone)
		fails(errno.ENOENT, os.mkdir, "x", dir_fd=gone)
		fails(errno.EBUSY, os.rename, "..", "/here/.", src_dir_fd=gone)
		os.chmod("/here/shut", 0o755)
		print(*sorted(os.listdir("/here/shut")))
	END
	run over /usr/bin/python3 temporary/shut.py
	show
	[ "$status" -eq 0 ]
	[ "$output" = "again other" ]
	[ ! -e "$(find up -name .proot-work)" ]
	[ "$(cat lower/shut/again/old)" = old ]
}

@test "--overlay: a thread with descriptors of its own finds the leader's in /proc/self, and its own in /proc/thread-self" {
	cat >temporary/thread.py <<-'END'
		import ctypes, os, threading

		def work():
		    assert ctypes.CDLL(None).unshare(0x400) == 0  # CLONE_FILES
		    os.dup2(os.open("/here/file", os.O_RDONLY), 10)
		    os.remove("/here/file")
		    print(os.readlink("/proc/self/fd/10"), os.readlink("/proc/thread-self/fd/10"))

		os.dup2(os.open("/here/dir/only", os.O_RDONLY), 10)
		thread = threading.Thread(target=work)
		thread.start()
		thread.join()
	END
	run over python3 temporary/thread.py
	show
	[ "$status" -eq 0 ]
	[ "$output" = "/here/dir/only /here/file (deleted)" ]
}
