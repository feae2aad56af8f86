#!/bin/sh
# tar both ways, with each compressor, links, holes, long names.
. "$T/lib.sh"

mkdir -p tree/dir/sub
for i in 1 2 3 4 5; do seq $((i * 1000)) >tree/dir/file$i; done
long=tree/$(printf '%0200d' 0)/$(printf '%0200d' 0)
mkdir -p "$long" && echo long >"$long/file"
ln tree/dir/file1 tree/dir/sub/hard
ln -s ../file2 tree/dir/sub/soft
ln -s /etc/passwd tree/absolute
ln -s missing tree/broken
mkfifo tree/fifo
truncate -s 3M tree/hole && echo end >>tree/hole
chmod 640 tree/dir/file3 && chmod 700 tree/dir/sub
find tree -depth -exec touch -h -d @1000000000 {} +
touch -d @1100000000 tree/dir/file4
listing() {
	(cd "$1" && find . -printf '%p %y %m %s %n %l' \( -type d -printf '\n' -o -printf ' %T@\n' \) | LC_ALL=C sort)
}
listing tree >before
for how in '' -z -j -J --zstd; do
	# shellcheck disable=SC2086 # none is none
	tar $how -cf archive -C tree . && mkdir out && tar $how -xpf archive -C out && listing out >after
	cmp before after && echo "ok tar $how"
	rm -rf out
done
tar -cf - --format=posix -S tree | (mkdir out && cd out && tar -xpSf -)
listing out/tree | cmp - before && echo ok sparse pipe
stat -c %b out/tree/hole
tar -tvf archive --zstd | awk '{ print $1, $3, $6, $7, $8 }' | sort | md5sum
tar -rf plain before && tar -rf plain after && tar -tf plain && tar --delete -f plain after && tar -tf plain
tar -cf - before | tar -xOf - | cmp - before && echo ok extract to stdout
tar -cf inc -g snapshot tree && echo new >tree/new && tar -cf inc2 -g snapshot tree && tar -tf inc2 | grep -v /$
tar -df inc && echo ok compare
try tar -xf missing
try tar -xf before
tar -cf usr.tar -C / usr/lib/git-core usr/share/perl5 usr/include
mkdir u && tar -xf usr.tar -C u && diff -r u/usr/include /usr/include && diff -r u/usr/share/perl5 /usr/share/perl5 && echo ok usr
(cd u && find . -printf '%p %y %m %s %l\n' | LC_ALL=C sort | md5sum)
tar -xf usr.tar --transform 's,^usr/include,moved,' usr/include/stdio.h && ls moved
tar -cf - --exclude='*.h' -C /usr include | tar -tf - | grep '\.h$' | wc -l
