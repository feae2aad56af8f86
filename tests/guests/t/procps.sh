#!/bin/sh
# procps: what processes see of themselves and of each other in /proc.
. "$T/lib.sh"
ps -o comm=,args= -p $$
ps -o args= -p "$(sh -c 'echo $PPID')"
cat /proc/$$/comm && tr '\0' ' ' </proc/$$/cmdline && echo
readlink /proc/$$/exe /proc/$$/cwd /proc/$$/root /proc/self/exe /proc/thread-self/exe /proc/self/task/self/exe
tr '\0' '\n' </proc/self/environ | grep -v '^_=' | sort
sleep 1000 &
pid=$!
until_true sh -c "grep -q sleep /proc/$pid/comm"
ps -o comm=,args=,stat= -p $pid
readlink /proc/$pid/exe /proc/$pid/cwd /proc/$pid/root
pgrep -x -P $$ sleep | grep -c . && pkill -P $$ -x sleep
wait $pid 2>/dev/null
echo "killed [$?]"
pidof sh | grep -cw $$
ps ax -o comm= | grep -c '^procps.sh$'
exec 7</etc/passwd 8>written
readlink /proc/$$/fd/7 /proc/self/fd/8 && ls -l /proc/self/fd/7 | sed 's/.* \//\//'
grep pos /proc/self/fdinfo/7
(cd /proc/self/root && pwd -P && ls -d etc)
(cd /proc/$$/cwd && pwd -P)
cat /proc/self/stat | cut -d ' ' -f 2
grep -c '^Name:\|^State:\|^Uid:' /proc/self/status
free >/dev/null && uptime >/dev/null && vmstat >/dev/null && w >/dev/null && top -bn1 >top && grep -c 'top$' top
sysctl -n kernel.ostype
pwdx $$ | cut -d : -f 2
LD_TRACE_LOADED_OBJECTS=1 /bin/true | sed 's/ (0x.*//'
LD_SHOW_AUXV=1 /bin/true | grep -E 'EXECFN|PHNUM|PAGESZ|SECURE'
LD_SHOW_AUXV=1 /tmp/../bin/true | grep EXECFN
cp /bin/sleep mine && ./mine 1000 &
pid=$!
until_true test -e mine
until_true sh -c "grep -q mine /proc/$pid/comm || grep -q mine /proc/*/comm"
pkill -x mine
wait
prlimit --nofile --noheadings -o RESOURCE && taskset -p $$ | grep -c mask
sh -c 'sleep 0.2; echo reparented' & wait
kill -l | head -c 20 && echo
