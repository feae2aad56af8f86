# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh
# A login by key: the part of sshd that talks to a stranger is behind a filter.
port=22022
[ "$SIDE" = chroot ] || port=22023
home=$(mktemp -d)
mkdir -p /run/sshd
ssh-keygen -q -t ed25519 -N '' -f "$home/host"
ssh-keygen -q -t ed25519 -N '' -f "$home/key"
: >"$home/log"
/usr/sbin/sshd -D -e -p $port -h "$home/host" -o ListenAddress=127.0.0.1 -o UsePAM=no -o StrictModes=no -o PidFile=none \
	-o PermitRootLogin=yes -o AuthorizedKeysFile="$home/key.pub" 2>"$home/log" &
server=$!
for _ in 1 2 3 4 5 6 7 8 9 10; do
	grep -q listening "$home/log" && break
	sleep 0.3
done
ssh -q -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o BatchMode=yes -i "$home/key" -p $port root@127.0.0.1 \
	'grep ^Seccomp /proc/self/status; cat /etc/debian_version; echo done'
status=$?
kill $server
wait $server
grep -o "Accepted publickey for root" "$home/log"
rm -rf "$home"
exit $status
