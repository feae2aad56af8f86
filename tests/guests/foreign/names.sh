#!/bin/bash
# What tells a program where it is: uname, its own names in /proc, its arguments.
. "$T/lib.sh"

uname -m
arch
echo "$0 $(cat /proc/$$/comm)"
cat /proc/self/comm
tr '\0' '|' </proc/self/cmdline
echo
readlink /proc/self/exe
head -c 5 /proc/self/exe | od -c | head -n 1
(exec -a "another name" cat /proc/self/cmdline) | tr '\0' '|'
echo
(exec -a "another name" cat /proc/self/comm)
(exec -a "" sh -c 'echo "($0)"')
sh -c 'echo "$0 $1"' zero "o n e"
od -An -v -tu8 -w16 /proc/self/auxv | awk '$1 == 6 || $1 == 17 { print }' 2>/dev/null
printf '#!/bin/bash -e\necho "$0|$1|$-" | tr -d B; cat /proc/$$/comm\n' >script
chmod +x script
./script one
ln -s script link
./link one
printf '#!%s/link two\n' "$PWD" >chain
chmod +x chain
./chain three
cp /bin/echo program
./program copied
PATH=$PWD:$PATH program found
ln -s /bin/echo absolute
./absolute through a link
perl -e 'exec { "./program" } "", "empty name"'
chmod 0644 program
./program
try ./missing
printf '\177ELF' >broken
chmod +x broken
./broken
echo "status $?"
env -i /usr/bin/env
LD_BIND_NOW=1 LD_LIBRARY_PATH=/none:/usr/lib LD_WARN= env | grep ^LD_ | sort
LD_PRELOAD=/none.so true
getconf LONG_BIT 2>/dev/null
