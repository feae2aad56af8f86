#!/bin/sh
# apt-get update and download, from the machine's mirror. Skipped when it has none.
. "$T/lib.sh"
mkdir -p lists/partial archives/partial
cat >apt.conf <<CONF
Dir::State::lists "/tmp/work/lists";
Dir::Cache "/tmp/work";
Dir::Log "/tmp/work";
Dir::State::status "/var/lib/dpkg/status";
APT::Sandbox::User "root";
APT::Get::List-Cleanup "0";
CONF
sed -n '/^deb /p' /etc/apt/sources.list >sources
APT_CONFIG=/tmp/work/apt.conf
export APT_CONFIG
set -- -o Dir::Etc::sourcelist=/tmp/work/sources
apt-get "$@" update >log 2>&1 </dev/null
status=$?
[ $status = 0 ] || { cat log; skip "apt-get update fails here"; }
grep -c '^E:\|^W:' log
ls lists | sed 's/^.*_dists_/_/'
apt-cache "$@" policy hello | sed -n 2,3p
apt-cache "$@" show hello | grep ^Filename
apt-get "$@" download hello >log 2>&1 || cat log
ls ./*.deb && dpkg-deb -f hello_*.deb Package Version && dpkg -x hello_*.deb x && x/usr/bin/hello
apt-get "$@" -s install cowsay 2>&1 | grep ^Inst | cut -d ' ' -f 2 | sort
apt-get "$@" --download-only -y -o Debug::NoLocking=1 install cowsay >log 2>&1 </dev/null
echo "download-only [$?]"
ls archives
apt list --installed 2>/dev/null | wc -l
apt-mark showmanual | md5sum
