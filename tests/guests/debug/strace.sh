#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# strace's other ways: faults, stacks, counts, attaching.
plain() {
	sed -E 's/Process [0-9]+/Process N/; s/0x[0-9a-f]{4,}/ADDRESS/g; s/\b[0-9]{2,}\b/N/g; s/\|STATX_MNT_ID//'
}

strace -f -e inject=openat:error=EACCES:when=4 cat /etc/passwd /etc/group 2>&1 | tail -n 12 | plain
strace -e trace=openat,read -e inject=openat:retval=77:when=4+ cat /etc/passwd 2>&1 | plain
(strace -o ../out -e trace=newfstatat -e inject=newfstatat:signal=USR1:when=2 ls /etc/passwd) 2>/dev/null
plain <../out
strace --seccomp-bpf -f -o ../out -e trace=openat,newfstatat sh -c 'cat /etc/passwd; ls /etc/group; :' | plain
perl /tmp/t/normalise ../out | plain
strace -k -e trace=openat,newfstatat cat /etc/passwd 2>&1 | plain
strace -c cat /etc/passwd 2>&1 >/dev/null | awk '/^ *[0-9]/ && $NF != "total" { print $4, $NF }' | sort
# A tracee that is started with SIGTRAP ignored or blocked has it so.
sh -c 'trap "" TRAP; exec strace -o /dev/null grep SigIgn /proc/self/status'
perl -e 'use POSIX; sigprocmask(SIG_BLOCK, POSIX::SigSet->new(SIGTRAP)); exec qw(strace -o /dev/null grep SigBlk /proc/self/status)'
strace -D -e trace=openat cat /etc/passwd 2>&1 | plain
strace strace -o /dev/null cat /etc/passwd >/dev/null 2>../outer
sed -n 's/^\(ptrace([A-Z_]*\).*/\1/p' ../outer | sort | uniq -c | head -n 3

looked='newfstatat(AT_FDCWD, "/etc/passwd", {st_mode=S_IFREG|0644, .* = 0$'
"$P/wait" 2 >ready &
while [ ! -s ready ]; do sleep 0.05; done
{
	tracee=$!
	strace -f -p $tracee -o ../attached &
	for i in $(seq 200); do
		sleep 0.1
		! grep -q "$looked" ../attached 2>/dev/null || ! grep -q 'accept(' ../attached || break
	done
	kill -INT $!
	wait $!
} 2>&1 | grep -v ptrace_syscall_info | plain
sed -n 's/.*\(accept([0-9]*\),.*/\1/p' ../attached | sort -u
grep -c "$looked" ../attached | sed 's/[1-9].*/some/'
grep -v -e newfstatat -e accept -e SIG -e detached ../attached | plain
grep TracerPid /proc/$!/status
kill $!
wait
