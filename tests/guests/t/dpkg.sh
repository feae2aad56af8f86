#!/bin/sh
# dpkg: build, look into, unpack and install packages; the database of the guest.
. "$T/lib.sh"
dpkg -l | md5sum
dpkg -s bash | grep -E '^(Package|Status|Version)'
dpkg -L coreutils | sort | md5sum
dpkg -S /usr/bin/env /bin/ls
dpkg --audit
dpkg --verify coreutils bash libc6 | grep -v '/usr/share/\(doc\|man\|locale\)'
dpkg --compare-versions 1.2~rc1 lt 1.2 && echo less
dpkg-query -W -f '${Package} ${Version}\n' 'lib*' | wc -l
update-alternatives --query awk | head -n 4
SOURCE_DATE_EPOCH=1000000000
export SOURCE_DATE_EPOCH
mkdir -p pkg/DEBIAN pkg/usr/bin pkg/usr/share/p && printf '#!/bin/sh\necho packaged\n' >pkg/usr/bin/p && chmod 755 pkg/usr/bin/p
ln -s ../../bin/p pkg/usr/share/p/link
printf 'Package: p\nVersion: 1\nArchitecture: all\nMaintainer: nobody <n@localhost>\nDescription: a test\n' >pkg/DEBIAN/control
printf '#!/bin/sh\necho "postinst $1 in $PWD, root=$DPKG_ROOT"\n' >pkg/DEBIAN/postinst && chmod 755 pkg/DEBIAN/postinst
for how in gzip xz zstd none; do
	dpkg-deb --root-owner-group -Z$how -b pkg p-$how.deb
	dpkg-deb -c p-$how.deb | awk '{ print $1, $2, $3, $6, $7, $8 }' | md5sum
done
dpkg -I p-xz.deb && dpkg -x p-xz.deb x && x/usr/bin/p && find x | sort && dpkg -e p-xz.deb control && ls control
ar t p-xz.deb
dpkg-deb --fsys-tarfile p-xz.deb | tar -tf -
[ "$(id -u)" = 0 ] || need_ordinary_user
mkdir -p inst/var/lib/dpkg/updates inst/var/lib/dpkg/info inst/var/lib/dpkg/triggers && touch inst/var/lib/dpkg/status inst/var/lib/dpkg/available
dpkg --root=/tmp/work/inst --force-not-root --force-script-chrootless --log=/tmp/work/dpkg.log -i p-xz.deb 2>&1
dpkg --root=/tmp/work/inst -l p | tail -n 1 && inst/usr/bin/p
dpkg --root=/tmp/work/inst --force-not-root --force-script-chrootless --log=/tmp/work/dpkg.log -P p 2>&1
find inst | sort
dpkg-architecture -q DEB_HOST_MULTIARCH && dpkg --print-architecture
