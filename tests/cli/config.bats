#!/usr/bin/env bats
# Profiles: --config FILE and @NAME do what their lines do on the command line.

load helper

setup() {
	SHARED=$BATS_FILE_TMPDIR/shared
	cd "$BATS_TEST_TMPDIR" || return 1
	export HOME=$PWD/home
	unset XDG_CONFIG_HOME
	mkdir -p home/.config/proot
}

@test "a wrapper script becomes a file" {
	mkdir conf data
	echo mine >data/file
	cat >conf/guest <<-END
		# what a script would give as options
		rootfs = $GUEST
		bind ../data:/some data
		--bind=$SHARED:/shared
		-k 1.2.3-mine
		cwd /etc

		env GREETING=hello   you
		unset-env SOMETHING
		-- /bin/sh -c 'echo "\$0"; cat name "/some data/file" /shared/name; echo "\$GREETING" \${SOMETHING-none}; uname -r' "\$HOME"
	END
	SOMETHING=else run "$PROOT" --config conf/guest
	prints "$HOME"$'\nthis is the guest\nmine\nthis is shared\nhello   you none\n1.2.3-mine'
	run "$PROOT" --config=conf/guest cat name
	prints "this is the guest"
	run "$PROOT" --config=conf/guest -w "/some data" cat file
	prints mine
}

@test "@NAME is a profile of the user's" {
	echo "rootfs=$GUEST" >home/.config/proot/guest
	printf '@guest\nbind %s:/s' "$SHARED" >home/.config/proot/more
	run "$PROOT" @guest cat /etc/name
	prints "this is the guest"
	run "$PROOT" -0 @more -w / cat /s/name
	prints "this is shared"
	mkdir -p xdg/proot
	echo "env WHERE=xdg" >xdg/proot/guest
	XDG_CONFIG_HOME=$PWD/xdg run "$PROOT" @more /bin/sh -c 'echo $WHERE'
	prints xdg
	XDG_CONFIG_HOME=$PWD/none run "$PROOT" @more cat /s/name
	prints "this is shared"
	run -127 --separate-stderr "$PROOT" -r "$GUEST" -- @guest
	[[ $stderr == "proot error: '@guest' not found"* ]]
}

@test "from a pipe" {
	run "$PROOT" --config <(echo "rootfs $GUEST") cat /etc/name
	prints "this is the guest"
}

@test "variables, and the home directory" {
	mkdir home/data
	echo mine >home/data/file
	printf 'rootfs $GUEST\nbind ~/data\nbind ${HOME}/data:/d' >p
	run "$PROOT" --config p cat "$HOME/data/file" /d/file
	prints $'mine\nmine'
}

@test "mistakes are told by file and line" {
	printf '# x\n\nrotfs /\n' >p
	refuses_with "p:3: unknown option '--rotfs', did you mean '--rootfs'?" --config p true
	printf 'bind $NOWHERE/x\n' >p
	refuses_with "p:1: the variable 'NOWHERE' is not set" --config p true
	echo @p >home/.config/proot/p
	refuses_with "$HOME/.config/proot/p:1: profiles name each other too deep: '$HOME/.config/proot/p'" @p true
	refuses_with "there is no profile 'q': neither $HOME/.config/proot/q nor /etc/proot/q" @q true
	refuses_with "'@/p' names no profile: --config takes the path of a file" @/p true
	refuses_with "can't read the profile 'none': No such file or directory" --config none true
	refuses_with "can't read the profile 'home': Is a directory" --config home true
	printf 'rootfs /\0' >p
	refuses_with "can't read the profile 'p': it is no text" --config p true
	refuses_with "can't read the profile '/dev/zero': File too large" --config /dev/zero true
}
