#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Sessions of gdb, with programs that it starts and with those that run already.
plain() {
	sed -E 's/0x[0-9a-f]{4,}/ADDRESS/g; s/\b(process|LWP|pid) [0-9]+/\1 N/g; s/expected=[0-9]+/expected=N/; s/\[Inferior ([0-9]) \(.*\) /[Inferior \1 /'
}

# debug ARGUMENT... : the commands are the lines of the input.
debug() {
	echo "== $*" | sed -E "s/[0-9]{2,}/N/"
	cat >../commands
	set -- "$@" -ex "set confirm off" -ex "set pagination off"
	while IFS= read -r line; do
		set -- "$@" -ex "$line"
	done <../commands
	timeout 200 gdb -nx -q -batch "$@" 2>&1 </dev/null | plain
}

debug "$P/prog" <<EOF
break main
run one two >../output
bt
info registers rip
next
break work
continue
finish
watch counter
continue
continue
delete
break look
continue
step
info locals
finish
print st.st_mode
print *argv@argc
info proc exe
info proc cmdline
info sharedlibrary
info auxv
catch syscall openat
continue
bt
continue
print \$rax
print \$orig_rax
delete
stepi
stepi
call look("/etc")
continue
EOF
debug "$P/forks" <<EOF
set follow-fork-mode child
break in_child
run >../output
bt
continue
set follow-fork-mode parent
delete
catch exec
catch fork
run >../output
continue
info proc exe
continue
EOF
debug "$P/threads" <<EOF | grep -v -e exited -e Switching
break body if n == 2
run >../output
bt 2
print \$_gthread > 1
set scheduler-locking on
next
print n
set scheduler-locking off
continue
EOF
debug "$P/crash" <<EOF
run
bt
print \$_siginfo.si_signo
print \$_siginfo._sifields._sigfault.si_addr
generate-core-file core.gdb
continue
EOF
debug "$P/crash" core.gdb <<EOF
bt
info registers rip
EOF

"$P/wait" 0 >ready &
while [ ! -s ready ]; do sleep 0.05; done
debug -p $! <<EOF
bt
info registers rip
print \$rax
print \$orig_rax
info proc exe
disassemble stat
disassemble fstatat64
call look("/etc/passwd")
detach
EOF
# Of some CPUs gdb can't write the registers back (AMX and gdb 13): then the process has ended.
grep -e State -e TracerPid /proc/$!/status 2>/dev/null || echo gone
kill $! 2>/dev/null
wait
# A patched site: a breakpoint there, and steps over it.
rm ready
"$P/wait" 1 >ready &
while [ ! -s ready ]; do sleep 0.05; done
debug -p $! <<EOF
break fstatat64
continue
disassemble
stepi
stepi
stepi
stepi
stepi
x/i \$pc
info threads
finish
delete
detach
EOF
kill $! 2>/dev/null
wait
gdbserver --once localhost:0 "$P/prog" >server 2>&1 &
while ! grep -q Listening server 2>/dev/null; do sleep 0.05; done
debug -ex "target remote :$(sed -n 's/.*port //p' server)" "$P/prog" <<EOF | grep -v "^Reading"
break main
continue
bt
next
continue
EOF
wait
