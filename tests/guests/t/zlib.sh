#!/bin/sh
# gcc and make: zlib from Debian's source, with its own tests, and an installation.
. "$T/lib.sh"
cp -a /usr/src/zlib zlib
cd zlib || exit
# Without setting LDFLAGS the checks look for an installed zlib.
LDCONFIG=true
export LDCONFIG
quietly ./configure --prefix=/tmp/work/installed
run make -j 2
make check >check 2>&1
echo "check [$?]"
grep -a 'test OK\|FAILED' check | sort
run make install
cd .. && (cd installed && find . \( -type l -printf '%p %l\n' \) -o -printf '%p %m\n' | LC_ALL=C sort)
cat >use.c <<'C'
#include <stdio.h>
#include <string.h>
#include <zlib.h>
int main(void)
{
	static char text[100000], packed[100000], again[100000];
	uLongf n = sizeof(packed), m = sizeof(again);
	memset(text, 'x', sizeof(text));
	compress((void *)packed, &n, (void *)text, sizeof(text));
	uncompress((void *)again, &m, (void *)packed, n);
	printf("zlib %s: %lu %lu %d\n", zlibVersion(), n, m, memcmp(text, again, m));
}
C
run gcc -O2 -g -Wall -Iinstalled/include -o use use.c -Linstalled/lib -lz -Wl,-rpath,/tmp/work/installed/lib
./use
LD_LIBRARY_PATH=/tmp/work/installed/lib ldd ./use | sed 's/ (0x.*//'
rm -f use && run gcc -flto -O2 -pipe -save-temps -Iinstalled/include -o use use.c installed/lib/libz.a && ./use
rm -f use && TMPDIR=/missing run gcc -Iinstalled/include -o use use.c installed/lib/libz.a && ./use
printf '#error stop\n' | try gcc -c -x c -
nm -D installed/lib/libz.so | grep -c ' T '
strip use && ./use && objdump -d use | grep -c call
