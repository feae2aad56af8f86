# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh
#
# What a Debian made here by debootstrap needs of this machine: its mirror, and
# what apt needs to reach that. Nothing of it is ever written into the tree.

keyring=/usr/share/keyrings/debian-archive-keyring.gpg

# The URIs of this machine's binary archives, one a line, in both of apt's formats.
mirrors() {
	for file in /etc/apt/sources.list.d/*.sources; do
		[ -e "$file" ] && awk '
			function flush() { if (deb) print uris; deb = 0; uris = "" }
			/^[ \t]*$/ { flush() }
			/^Types:/ { for (i = 2; i <= NF; i++) deb += $i == "deb" }
			/^URIs:/ { for (i = 2; i <= NF; i++) uris = uris $i "\n" }
			END { flush() }' "$file"
	done
	for file in /etc/apt/sources.list /etc/apt/sources.list.d/*.list; do
		[ -e "$file" ] && sed -n 's/^deb[[:space:]]*\(\[[^]]*\]\)\{0,1\}[[:space:]]*\([^[:space:]]*\).*/\2/p' "$file"
	done
	return 0
}

# What apt needs on this machine to reach its mirror, and nothing else of its settings.
apt_settings() {
	apt-config dump | grep -Ei '^Acquire::(http|https|ftp|proxy|retries|forceipv|check)' || :
	echo 'Acquire::Languages "none";'
	echo 'APT::Install-Recommends "false";'
}

# debootstrap_here SUITE DIR CACHE [option ...]: a minimal Debian in DIR, with the packages kept in CACHE.
# $DEBOOTSTRAP is the command, as words.
debootstrap_here() {
	suite=$1 directory=$2 kept=$3
	shift 3
	mirror=$(mirrors | grep -E '/debian/?$' | head -n 1)
	if [ -z "$mirror" ]; then
		echo "no Debian mirror in this machine's apt sources" >&2
		return 1
	fi
	[ -e "$keyring" ] || keyring=
	mkdir -p "$kept/partial"
	# shellcheck disable=SC2086 # words
	${DEBOOTSTRAP:-debootstrap} --variant=minbase --cache-dir="$kept" ${keyring:+--keyring="$keyring"} "$@" \
		"$suite" "$directory" "$mirror" || return
	printf 'deb %s %s main\ndeb-src %s %s main\n' "$mirror" "$suite" "$mirror" "$suite" >"$directory/etc/apt/sources.list"
	mkdir -p "$directory/etc/apt/apt.conf.d"
	apt_settings >"$directory/etc/apt/apt.conf.d/90machine"
	cp /etc/resolv.conf /etc/hosts "$directory/etc/"
	mkdir -p "$directory/usr/local/share/ca-certificates"
	for certificate in /usr/local/share/ca-certificates/*.crt; do
		[ ! -e "$certificate" ] || cp "$certificate" "$directory/usr/local/share/ca-certificates/"
	done
}
