#!/bin/sh
# A whole Debian package: dpkg-buildpackage of hello, which configures, builds, tests and packs.
. "$T/lib.sh"
cp -a /usr/src/hello hello
cd hello || exit
DEB_BUILD_OPTIONS="parallel=2" dpkg-buildpackage -b -us -uc -d >../build.log 2>&1 </dev/null
status=$?
echo "dpkg-buildpackage [$status]"
[ $status = 0 ] || tail -n 30 ../build.log
# Its greeting-2 passes on the nights around full moon and is skipped on all others,
# which is not for two runs at two times to agree on.
grep -E '^# (TOTAL|FAIL|ERROR):' ../build.log
grep '^PASS:\|^FAIL:\|^ERROR:' ../build.log | grep -v greeting-2 | sort
grep '^checking' ../build.log | sort | md5sum
cd ..
dpkg-deb -I hello_*.deb | grep -v Installed-Size
dpkg-deb -c hello_*.deb | awk '!/locale/ { print $1, $6 }'
dpkg -x hello_*.deb x && x/usr/bin/hello -g "built here"
