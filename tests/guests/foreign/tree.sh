#!/bin/bash
# Whole trees: listed, copied, packed and compared.
. "$T/lib.sh"

cd /
ls -lRn --time-style=+%s bin boot etc home lib opt root sbin usr var 2>&1 | md5sum
find . -xdev -path ./tmp -prune -o -path ./proc -prune -o -path ./dev -prune -o -path ./sys -prune -o \
	-printf '%P %y %i %m %U %G %s %T@ %l\n' 2>&1 | sort | md5sum
du -s usr | cut -f 1
ls -A /
tar -cf - usr/share usr/bin 2>/dev/null | md5sum
cd /tmp/work || exit
cp -a /usr/share/perl5 /etc/debian_version . && diff -r /usr/share/perl5 perl5 && echo same
tar -C /usr/lib -czf lib.tar.gz systemd tmpfiles.d 2>/dev/null
mkdir out && tar -C out -xzf lib.tar.gz && diff -r /usr/lib/systemd out/systemd && echo same
ln -s /tmp/work/out absolute && ln -s out/../out relative && ls absolute relative
dpkg-deb --version | head -n 1
dpkg -s coreutils | sed -n 's/^Version/version/p'
realpath /bin/sh /proc/self/cwd /usr/bin/../lib/../bin/env
df . >/dev/null && echo df
touch -d '2001-02-03 04:05:06' old && stat -c %Y old
: >a && ln a b && stat -c '%h %i' a b | uniq | wc -l
chmod 000 a && cat a
rm -rf out perl5 && ls -A | sort
