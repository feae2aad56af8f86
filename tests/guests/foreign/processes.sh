#!/bin/bash
# Processes and signals: groups, traps, stop and continue, pipes, statuses.
. "$T/lib.sh"

sh -c 'exit 37'
echo "status $?"
sh -c 'kill -TERM $$'
echo "status $?"
sh -c 'kill -SEGV $$' 2>&1 | sed 's/[0-9][0-9]*//g'
echo "statuses ${PIPESTATUS[*]}"
trap 'echo "usr1"' USR1
kill -USR1 $$
trap 'echo "child"' CHLD
sleep 0.1
trap - CHLD
sleep 100 &
kill -STOP $!
until_true grep -q 'State:.T' /proc/$!/status
kill -CONT $!
until_true grep -q 'State:.S' /proc/$!/status
kill $!
wait $!
echo "killed $?"
yes | head -n 3
echo "sigpipe ${PIPESTATUS[*]}"
for i in 1 2 3 4 5 6 7 8; do (seq 20000 | md5sum) & done | sort -u
wait
timeout 0.2 sleep 10
echo "timeout $?"
(ulimit -n 20; ulimit -n)
perl -e '
	my @got;
	$SIG{$_} = sub { push @got, shift } for qw(HUP INT QUIT USR1 USR2 TERM WINCH);
	kill $_, $$ for qw(HUP INT QUIT USR1 USR2 TERM WINCH);
	print "@got\n";
	pipe my $r, my $w;
	for my $n (1 .. 20) {
		next if fork;
		syswrite $w, "$n\n";
		exit $n;
	}
	close $w;
	my %status;
	while ((my $pid = wait) > 0) { $status{$? >> 8}++ }
	print join(" ", sort { $a <=> $b } keys %status), "\n";
	print join(" ", sort { $a <=> $b } map { chomp; $_ } <$r>), "\n";
	alarm 1;
	$SIG{ALRM} = sub { die "alarm\n" };
	eval { sleep 10 };
	print $@;
	$SIG{SEGV} = sub { print "segv\n"; exit 3 };
	kill SEGV => $$;
	sleep 1'
echo "status $?"
mkfifo fifo
echo through >fifo &
cat fifo
flock lock true && echo locked
script -qec 'stty size; tty | tr -d 0-9; (exit 5)' /dev/null | tr -d '\r'
nice -n 3 nice
setsid sh -c 'echo "own session $(($$ == $(cut -d" " -f 6 </proc/$$/stat)))"'
