#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# The calls of 22 programs as strace tells them: each call, its arguments and its result.
cat >hello.c <<EOF
#include <stdio.h>
int main(void) { return printf("hello\n") < 0; }
EOF
printf 'hello: hello.o\n\tgcc -o $@ $<\nhello.o: hello.c\n\tgcc -c $<\n' >Makefile

trace() {
	echo "== $*"
	strace -f -o ../trace "$@" >../out 2>&1
	echo "status $?"
	cat ../out
	perl /tmp/t/normalise ../trace
}

trace gcc -O1 -o one hello.c
trace make
trace ar rcs lib.a hello.o
trace nm lib.a
trace objdump -d hello.o
trace strip -o stripped hello
trace ./hello
trace ls -l /etc/default
trace find /usr/include/linux -name 'a*.h'
trace sed -i s/hello/world/ hello.c
trace mawk -F: '{ print $1 }' /etc/passwd
trace tar cf a.tar -C /etc passwd group
trace tar xf a.tar
trace cp -a /etc/default copy
trace install -D -m 644 hello.c a/b/hello.c
trace mv hello.c other.c
trace ln -s other.c link
trace rm -r copy
trace sort -o sorted /etc/passwd
trace gzip -nk other.c
trace perl -e 'print join " ", sort </etc/*>; mkdir "d"; rename "d", "e"; rmdir "e"; print -s "/etc/passwd"'
trace bash -c 'for i in 1 2; do /bin/echo $i; done; test -e /nowhere; cd /tmp; pwd'
trace dash -c 'for file in /etc/default/*; do read -r line <"$file"; done; (exit 3); echo $?'
