#!/bin/sh
# perl: files, directories, processes, signals, sockets, modules.
. "$T/lib.sh"
cat >t.pl <<'PL'
use strict;
use warnings;
use Cwd qw(getcwd realpath);
use File::Find;
use File::Path qw(make_path remove_tree);
use File::Copy qw(copy move);
use File::Spec;
use File::Temp qw(tempfile tempdir);
use IO::Socket::UNIX;
use IPC::Open3;
use POSIX qw(:sys_wait_h mkfifo);
use Socket;
$| = 1;
print "perl $^X $0 ", getcwd(), "\n";
make_path('a/b/c');
for my $i (1 .. 50) {
	open(my $file, '>', "a/b/f$i") or die;
	print $file "line $_\n" for 1 .. $i;
}
my ($files, $bytes) = (0, 0);
find({ wanted => sub { if (-f) { $files++; $bytes += -s _ } }, no_chdir => 0 }, 'a');
print "find $files $bytes\n";
symlink('b/f1', 'a/link') or die;
print "link ", readlink('a/link'), ' ', realpath('a/link'), ' ', (-l 'a/link' ? 1 : 0), "\n";
rename('a/link', 'a/link2') && link('a/b/f2', 'a/hard') && copy('a/b/f3', 'a/f3') && move('a/f3', 'a/f4') or die;
print "nlink ", (stat 'a/hard')[3], "\n";
utime(1000, 2000, 'a/f4');
printf "times %d %d mode %o\n", (stat 'a/f4')[8, 9], chmod(0600, 'a/f4') && (stat 'a/f4')[2];
opendir(my $dir, 'a') or die;
print join(' ', sort grep { !/^\./ } readdir $dir), "\n";
my ($file, $name) = tempfile(DIR => '.', UNLINK => 1);
print $file "x\n";
print "glob ", scalar(my @g = glob('a/b/f*')), "\n";
print "missing: ", (open(my $m, '<', 'missing') ? '' : $!), "\n";
print "exec: ", (system('./missing') == -1 ? $! : $?), "\n";
print "backtick ", `echo \$0 | tr a-z A-Z`;
system('exit 9;');
print "status ", $? >> 8, "\n";
system('kill -9 $$');
print "signal ", $? & 127, "\n";
my $pid = open(my $pipe, '-|', 'sort', '-r', 'a/b/f3') or die;
print "pipe: $_" while <$pipe>;
close $pipe;
$pid = open3(my $in, my $out, undef, 'cat');
print $in "through open3\n";
close $in;
print <$out>;
waitpid $pid, 0;
my %end;
for my $i (1 .. 20) {
	my $child = fork;
	exit $i if !$child;
	$end{$child} = $i;
}
my $sum = 0;
while ((my $child = wait) > 0) {
	$sum += $? >> 8 if $end{$child} == $? >> 8;
}
print "forks $sum\n";
$SIG{ALRM} = sub { die "alarm\n" };
eval { alarm 1; sleep 20 };
print "caught $@";
{
	my $n = 0;
	local $SIG{CHLD} = sub { 1 while waitpid(-1, WNOHANG) > 0 && ++$n };
	fork || exit for 1 .. 3;
	select undef, undef, undef, 0.05 while $n < 3;
	print "sigchld $n\n";
}
my $server = IO::Socket::UNIX->new(Local => 'socket', Listen => 1) or die "socket: $!";
if (!fork) {
	my $client = IO::Socket::UNIX->new(Peer => '/tmp/work/socket') or die;
	print $client "over a socket\n";
	exit;
}
my $peer = $server->accept;
print <$peer>;
wait;
print "at ", $server->hostpath, "\n";
socketpair(my $s, my $t, AF_UNIX, SOCK_STREAM, PF_UNSPEC);
syswrite $s, "pair\n";
print scalar <$t>;
remove_tree('a');
print "gone\n" if !-e 'a';
print "user ", (getpwuid 0)[0], ' ', join(',', sort { $a cmp $b } map { $_ =~ /^(POSIX|Cwd)\.pm$/ } keys %INC), "\n";
exec $^X, '-e', 'print "exec $0 @ARGV\n"', 'x', 'y';
PL
perl t.pl
echo "[$?]"
printf '#!/usr/bin/perl -w -l\nprint "script $0 @ARGV"; print "$^W";' >script.pl && chmod +x script.pl && ./script.pl 1 2
PATH=$PWD:$PATH script.pl
perl -MConfig -e 'print "$Config{archname}\n"'
perl -e 'use threads; print join(",", map { $_->join } map { my $n = $_; threads->create(sub { open my $f, ">", "t$n"; print $f $n; close $f; -s "t$n" }) } 1..8), "\n"'
perldoc -V 2>&1 | head -n 1
