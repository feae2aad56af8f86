#!/bin/sh
# grep -r, sed, awk, patch, diff.
. "$T/lib.sh"
LC_ALL=C
export LC_ALL
grep -rl 'struct stat' /usr/include | sort | md5sum
grep -rIc main /usr/share/perl5 /usr/share/git-core | sort | md5sum
grep -rn --include='*.h' -E '^#define +E[A-Z]+ +[0-9]+' /usr/include | sort | md5sum
grep -R -s 'root' /etc 2>/dev/null | sort | md5sum
find /usr/share/common-licenses -type f -print0 | sort -z | xargs -0 grep -ciw the
try grep -r x missing
try grep -q nothing /etc/passwd
zgrep -c . /dev/null
mkdir -p src/sub && cp -r /usr/include/linux src/a && cp -r src/a src/b
find src/b -name '*.h' -print0 | xargs -0 sed -i 's/unsigned int/unsigned  int/; /^#include/d'
grep -rc include src/b | grep -v ':0' | head -n 3
diff -ruN src/a src/b >patch.diff
echo "diff $?"
wc -l <patch.diff | grep -c .
md5sum <patch.diff | wc -c
(cd src && cp -r a c && cd c && patch -s -p2 <../../patch.diff) && diff -r src/b src/c && echo ok patch
(cd src/c && patch -s -R -p2 <../../patch.diff) && diff -r src/a src/c && echo ok patch -R
awk -F: '{ n++; print $1 | "sort -r | head -n 3" } END { close("sort -r | head -n 3"); print n > "/dev/stderr" }' /etc/passwd
awk 'BEGIN { while (("echo piped" | getline line) > 0) print line; print ENVIRON["HOME"]; system("exit 3"); printf "x" > "made"; close("made"); getline y < "made"; print y }'
sed -n '/^root/{s/:.*//;p;w saved
}' /etc/passwd && cat saved
sed -i.bak 's/root/toor/' saved && cat saved saved.bak
echo a b c | xargs -n 1 -P 3 sh -c 'echo got $0' | sort
seq 500 | xargs -n 1 /bin/echo | wc -l
file /bin/sh /usr/bin/perl /etc/passwd saved src
cmp saved saved.bak
sdiff saved saved.bak | tr -s '\t ' ' '
