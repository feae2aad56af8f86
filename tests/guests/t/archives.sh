#!/bin/sh
# cpio, xz, zstd, gzip, bzip2, ar, and pipes of them.
. "$T/lib.sh"
cp -r /usr/include/linux tree && ln tree/stat.h tree/hard.h && ln -s stat.h tree/soft.h && mkfifo tree/fifo
find tree -name '*.h' -newer /etc/passwd >/dev/null
(find tree | LC_ALL=C sort | cpio -o -H newc --quiet --reproducible) >t.cpio
mkdir out && (cd out && cpio -idm --quiet <../t.cpio) && diff -r --no-dereference tree out/tree 2>&1 | grep -v fifo
stat -c '%h %F %n' out/tree/hard.h out/tree/soft.h out/tree/fifo
cpio -t --quiet <t.cpio | md5sum
find tree -type f | cpio -pdml --quiet linked && stat -c %h linked/tree/stat.h && echo linked
seq 200000 >numbers
for how in gzip bzip2 xz zstd; do
	$how -k numbers 2>&1
	ls numbers.* | tail -n 1
	$how -dc numbers.* | cmp - numbers && echo "ok $how"
	try $how numbers </dev/null 2>&1 | head -c 100
	rm -f numbers.*
done
[ -e numbers ] || seq 200000 >numbers
xz -T 2 -k numbers && xz -t numbers.xz && xz -l --robot numbers.xz | grep ^file | cut -f 4
zstd -q -T2 -k numbers && zstd -q -t numbers.zst && rm numbers && zstd -q -d numbers.zst && md5sum <numbers
zcat /missing 2>&1; gzip -c numbers | zgrep -c 7
ar rcD lib.a numbers t.cpio && ar t lib.a && ar p lib.a numbers | cmp - numbers && echo ok ar
split -b 100k numbers piece. && cat piece.* | sha1sum
touch -r /etc/passwd numbers && gzip -k numbers && [ "$(stat -c %Y numbers.gz)" = "$(stat -c %Y /etc/passwd)" ] && echo times kept
