#!/bin/sh
# coreutils: files, links, modes, times, text, and their error messages.
. "$T/lib.sh"

mkdir -p a/b/c d
echo hello >a/file
ln a/file a/hard
ln -s file a/soft
ln -s ../a/b d/dir
ln -s nowhere d/broken
ln -sr a/b/c d/relative
ln -s loop2 loop1
ln -s loop1 loop2
stat -c '%N %F %h %s %a' a/file a/soft d/dir d/broken d/relative
stat -L -c '%F' a/soft d/dir
try stat -L -c %F d/broken
try cat loop1
try ls a/file/x
try mkdir a
try mkdir missing/b
try rmdir a
try rm a
try rm -r missing
try ln a/file d/dir/../b/c/hard2
test "$(stat -c %i a/file)" = "$(stat -c %i a/b/c/hard2)" && echo same inode
try ln a/b hardlink-to-directory
try mv a a/b
try mv a/b d/dir
try cp a/file a/hard
try cp a d
cp -a a copy && diff -r a copy && stat -c '%N %h' copy/*
cp -rL a copyL 2>/dev/null && stat -c '%N %F' copyL/soft
cp --parents a/b/c/hard2 d && ls d/a/b/c
mv -T copy moved && mv -n moved/file a/hard && ls moved
install -D -m 750 a/file i/n/s && stat -c %a i/n/s
touch -d '2001-02-03 04:05:06.789 UTC' a/file && stat -c %y a/hard
touch -r a/file d && stat -c %Y d
touch -h -d @0 a/soft && stat -c '%Y' a/soft
chmod u=rwx,g=rx,o= a/file && stat -c %a a/hard
chmod -R go-rwx moved && find moved -printf '%m\n' | sort -u
chmod +t,g+s d && stat -c %a d
umask 077 && mkdir private && stat -c %a private && umask 022
[ "$(id -u)" = 0 ] || {
	chmod 0 a/file
	try cat a/file
	try mknod dev c 1 3
	try chroot / /bin/true
	chmod 644 a/file
}
mkfifo fifo && stat -c %F fifo && mknod fifo2 p && ls -1F | grep fifo
readlink d/dir && readlink -f d/dir && realpath d/relative && realpath -m missing/../x
try readlink -e d/broken
realpath --relative-to=d a/b
pwd -P && (cd d/dir && pwd -L && pwd -P && cd .. && ls)
truncate -s 1M sparse && stat -c '%s %b' sparse && cp --sparse=always sparse sparse2 && cmp sparse sparse2
dd if=/dev/zero of=zeros bs=1k count=100 2>/dev/null && dd if=zeros bs=10k skip=5 2>/dev/null | wc -c
du -b zeros && du --inodes -s a
split -n 4 zeros part. && cat part.* | cmp - zeros && ls part.*
seq 20 | csplit -s - 5 '{2}' && wc -l xx*
seq 100000 | sort -R --random-source=zeros | sort -S 1M -T . -n | md5sum
printf '%s\n' b a c a | sort | uniq -c
seq 5 >s1 && seq 3 7 >s2 && comm s1 s2 && join s1 s2 | paste -sd,
seq 10 | cut -c 1 | tr -d 1 | nl | tac | head -n 3
printf 'abc\n' | od -c && base64 s1 | base64 -d | cksum
sha256sum s1 >sums && sha256sum -c sums && b2sum s2 | cut -c 1-16
tee t1 t2 <s1 >/dev/null && cmp t1 t2
mktemp -p . tmp.XXXXXX | sed 's/[^.]*$/X/'
mktemp -d -t dir.XXXXXX | sed 's/[^.]*$/X/'
expr 6 \* 7 && factor 5040 && seq -s+ 5 && basename a/b.c .c && dirname a/b.c
timeout 0.2 sleep 30
echo "timeout $?"
timeout -s KILL 0.2 sleep 30
echo "timeout -s KILL $?"
env -i A=b env && env -C a/b pwd && env -S 'printf %s\n x y'
nice -n 5 nice && nohup true 2>&1 </dev/null
stdbuf -oL echo unbuffered
tail -f s1 --pid=$$ -n 1 >tailed &
tail=$!
until_true test -s tailed
echo more >>s1
until_true grep -q more tailed
cat tailed
kill $tail
wait 2>/dev/null
name=$(printf '%0255d' 1)
touch "$name" && ls "$name" | wc -c && rm "$name"
try touch "$name"0 | cut -c 1-20,270-
(i=0; while [ $i -lt 200 ]; do mkdir deep-directory-name-number && cd -P deep-directory-name-number 2>/dev/null || break; i=$((i + 1)); done; echo "deep $i"; pwd -P | wc -c; touch at-the-bottom)
find deep-directory-name-number -name at-the-bottom | wc -c
du -s --inodes deep-directory-name-number
rm -r deep-directory-name-number
path=$(printf './%.0s' $(seq 2046))
ls -d "$path/a" | wc -c
try ls "${path}././a" | cut -c 4090-
i=0
ln -s a/file l0
while [ $i -lt 40 ]; do ln -s l$i l$((i + 1)); i=$((i + 1)); done
cat l39
try cat l40
mkdir many && (cd many && seq 3000 | xargs touch && ls | wc -l && ls -U | sort -n | tail -n 1)
ls -l /proc/self/fd | awk 'NR > 1 && NR < 5 { print $9 }'
ls -d /dev/null /dev/pts /proc/self /sys/kernel /etc/passwd /usr/bin/env
ls / && ls -l /bin /lib | cut -c 1 | uniq
try ls /root/../../.. | head -n 3
cd / && find . -maxdepth 1 -type l -printf '%p %l\n' | sort
cd /tmp/work && find . -type f | sort | xargs md5sum | grep -v -e tmp. -e XX | md5sum
rm -rf -- * && ls -A
shred -u -n 1 x 2>&1; test -e /etc/passwd -a ! -e /missing && [ -w . ] && [ ! -w /proc/version ] && echo test
df . | wc -l
sync -f . && echo synced
who | wc -l >/dev/null; tty; uname -s; nproc | grep -c .; arch
