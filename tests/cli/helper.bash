# Common to all tests of the command line. PROOT names the program under test;
# each file gets a small guest, $GUEST, made of a static busybox. Everything
# lives below $BATS_FILE_TMPDIR and works for root and for an ordinary user.

bats_require_minimum_version 1.5.0

PROOT=${PROOT:-$(cd "$BATS_TEST_DIRNAME/../.." && pwd)/proot}
GUEST=$BATS_FILE_TMPDIR/guest
export PROOT GUEST
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
unset PROOT_VERBOSE PROOT_TMP_DIR PROOT_IGNORE_MISSING_BINDINGS PROOT_NO_SECCOMP

# A guest with busybox in DIR.
make_guest() {
	local applet

	mkdir -p "$1"/{bin,etc,root,tmp,home,usr}
	cp /bin/busybox "$1/bin/busybox"
	for applet in $(/bin/busybox --list); do
		[ "$applet" = busybox ] || ln -s busybox "$1/bin/$applet"
	done
	echo "this is the guest" >"$1/etc/name"
}

setup_file() {
	[ -x "$PROOT" ] || { echo "PROOT: '$PROOT' is not there" >&2; return 1; }
	make_guest "$GUEST"
	mkdir "$BATS_FILE_TMPDIR/shared"
	echo "this is shared" >"$BATS_FILE_TMPDIR/shared/name"
}

setup() {
	SHARED=$BATS_FILE_TMPDIR/shared
	cd "$BATS_TEST_TMPDIR" || return 1
}

# Nothing of a test that failed half-way may stay.
teardown() {
	local seconds

	[ -z "${PID:-}" ] || kill -KILL "$PID" 2>/dev/null || true
	for seconds in $(cat "$BATS_TEST_TMPDIR/.seconds" 2>/dev/null); do
		kill -KILL $(sleepers "$seconds") 2>/dev/null || true
	done
}

# Run proot in the guest: inside [option ...] -- command ...
inside() {
	"$PROOT" -r "$GUEST" "$@"
}

# The ELF header of a program for MACHINE (a number) of CLASS (1: 32 bits, 2: 64 bits), little-endian unless BIG.
fake_elf() {
	local number

	printf -v number '\\%03o\\%03o' $(($1 % 256)) $(($1 / 256))
	[ -z "${3:-}" ] || printf -v number '\\%03o\\%03o' $(($1 / 256)) $(($1 % 256))
	printf "\\177ELF\\00$2\\00$((${3:+1} + 1))\\1\\0\\0\\0\\0\\0\\0\\0\\0\\0\\2\\0$number\\1\\0\\0\\0"
	head -c 200 /dev/zero
}

# Everything about the files below DIR that can change without being noticed.
snapshot() {
	find "$1" -printf '%P %y %i %m %U %G %s %T@ %C@ %l\n' | sort
	find "$1" -type f -exec cksum {} + | sort
}

# A number of seconds for sleep that no other process has.
unique_seconds() {
	echo $((100000 + $$ * 10 + ${#BATS_TEST_NAME} + RANDOM)) | tee -a "$BATS_TEST_TMPDIR/.seconds"
}

# The processes that sleep for exactly SECONDS. Zombies do not count.
sleepers() {
	local directory words

	for directory in /proc/[0-9]*; do
		{ mapfile -d '' -t words <"$directory/cmdline"; } 2>/dev/null || continue
		[[ ${words[*]} == *"sleep $1" ]] && [[ ${words[*]} != *proot* ]] && echo "${directory#/proc/}"
	done
	return 0
}

# Wait until the words hold. How long that may take is for machines that have much else to do.
eventually() {
	local end=$((SECONDS + 60))

	until "$@"; do
		[ "$SECONDS" -lt "$end" ] || { echo "never held: $*"; return 1; }
		sleep 0.05
	done
}

no_sleepers() {
	[ -z "$(sleepers "$1")" ]
}

# has_sleepers SECONDS [COUNT]
has_sleepers() {
	[ "$(sleepers "$1" | wc -l)" -eq "${2:-1}" ]
}

has_line() {
	grep -qx -- "$2" "$1" 2>/dev/null
}

is_root() {
	[ "$(id -u)" -eq 0 ]
}

# What `run` got, for the reader of a failure.
show() {
	echo "status $status: $output"
	[ -z "${stderr:-}" ] || echo "stderr: $stderr"
}

# The same, and that it was this, with success.
prints() {
	show
	[ "$status" -eq 0 ]
	[ "$output" = "$1" ]
}

# refuses_with MESSAGE WORD...: proot refuses its command line.
refuses_with() {
	local message=$1

	shift
	run -1 --separate-stderr "$PROOT" "$@"
	show
	[ "${stderr_lines[0]}" = "proot error: $message" ]
}

# musl has other words for two errors.
glibc_words() {
	sed 's/Symbolic link loop/Too many levels of symbolic links/; s/Filename too long/File name too long/'
}

# fails_with STATUS MESSAGE WORD...: the command prints that to standard error, and nothing else.
fails_with() {
	local expected_status=$1 message=$2

	shift 2
	run "-$expected_status" --separate-stderr "$@"
	stderr=$(glibc_words <<<"$stderr")
	show
	[ -z "$output" ]
	[ "$stderr" = "$message" ]
}
