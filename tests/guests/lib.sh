# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh
#
# What the scripts of t/ share. They run inside the guest, in an empty /tmp/work.
# All they print must be the same every time: the runner compares it with what the
# same script prints in a real chroot. So most checks need no expected value here.

set -u

# run COMMAND...: its output is shown only when it fails, and then ends the script.
run() {
	if ! "$@" >/tmp/log 2>&1 </dev/null; then
		echo "failed: $*"
		tail -n 40 /tmp/log
		exit 1
	fi
	echo "ok $1"
}

# quietly COMMAND...: the same, and says nothing when it works.
quietly() {
	run "$@" >/tmp/said || {
		cat /tmp/said
		exit 1
	}
}

# is NAME GOT WANT
is() {
	if [ "$2" = "$3" ]; then
		echo "ok $1"
	else
		echo "not ok $1: '$2' is not '$3'"
		failed=1
	fi
}

# try COMMAND...: output, errors and status.
try() {
	"$@" 2>&1
	echo "[$?]"
}

# until_true COMMAND...: waits for it, up to a minute or more on a machine that is busy.
until_true() {
	tries=600
	while [ $tries -gt 0 ]; do
		"$@" >/dev/null 2>&1 && return
		sleep 0.1
		tries=$((tries - 1))
	done
	echo "still false: $*"
	exit 1
}

# For scripts that ask for what only another user may do.
need_ordinary_user() {
	if [ "$(id -u)" = 0 ] || grep -q 'CapEff:.*[1-9a-f]' /proc/self/status; then
		skip "for an ordinary user"
	fi
	grep -q 4294967295 /proc/self/uid_map || skip "a user namespace answers otherwise"
}

# skip REASON
skip() {
	echo "$*"
	exit 77
}

failed=0
finish() {
	status=$?
	[ $status = 0 ] && status=$failed
	exit $status
}
trap finish EXIT
