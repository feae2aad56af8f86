#!/bin/bash
# bash: pipes, substitutions, here-documents, traps, descriptors, status.
. "$T/lib.sh"

# With binfmt_misc others see the emulator here; ours is out of sight.
[ -n "$FOREIGN" ] || echo "shell: $0 $(readlink /proc/$$/exe) $(cat /proc/$$/comm)"
echo "fib $(f() { (($1 < 2)) && echo "$1" || echo $(($(f $(($1 - 1))) + $(f $(($1 - 2))))); }; f 9)"

echo "pipes: $(seq 1000 | tac | sort -n | grep 7 | wc -l)"
false | true | (exit 3) | true
echo "pipestatus: ${PIPESTATUS[*]}"
(set -o pipefail; false | true; echo "pipefail: $?")
yes | head -n 1 >/dev/null
echo "sigpipe: ${PIPESTATUS[*]}"

diff <(seq 5) <(seq 2 6)
echo "process substitution: $? $(cat <(echo a) <(echo b) | tr '\n' ' ')"
seq 3 | tee >(sed 's/^/copy /' >copy) >/dev/null
until_true test -s copy
cat copy
cat /dev/fd/3 3<<<"fd 3" - <<<"stdin"
echo "from /dev/stdin: $(echo text | cat /dev/stdin)"
echo err >>/dev/stderr

cat <<-EOT
	here $((6 * 7)) $(basename "$PWD")
	EOT
cat <<'EOT' | tr '[:lower:]' '[:upper:]'
literal $HOME
EOT
big=$(head -c 200000 /dev/zero | tr '\0' x)
echo "big here-string: $(wc -c <<<"$big")"

coproc C { while read -r line; do echo "got $line"; done; }
pid=$C_PID
echo one >&"${C[1]}"
read -r answer <&"${C[0]}"
echo "coproc: $answer"
kill "$pid"
wait "$pid"

exec 5<>both
echo first >&5
exec 5<&-
cat both
set -C
try bash -Cc 'echo x >both'
set +C
mkfifo pipe
echo "through a fifo" >pipe &
cat pipe
wait
mapfile -t lines < <(seq 4)
echo "mapfile: ${#lines[@]} ${lines[3]}"

echo "exit trap: $(trap 'echo bye' EXIT; echo hi)"
echo "err trap: $(trap 'echo err $?' ERR; false; true)"
trap 'echo usr1' USR1
kill -USR1 $$
(trap 'echo term; kill $!; exit 5' TERM; sleep 30 & sleep 0.3; kill -TERM $BASHPID; wait)
echo "status: $?"
trap - USR1
bash -c 'trap "" INT; kill -INT $$; echo ignored'
{ bash -c 'kill -9 $$'; echo "killed: $?"; } 2>/dev/null
{ bash -c 'kill -SEGV $$'; echo "segv: $?"; } 2>/dev/null

sleep 60 &
sleep 0.2
kill $!
wait $!
echo "wait: $?"
sum=0
pids=
for i in 3 1 2; do (until [ -e "may-end-$i" ]; do sleep 0.1; done; exit $i) & pids="$pids $!"; done
# shellcheck disable=SC2086 # a list
for i in 1 2 3; do : >"may-end-$i" && wait -n $pids 2>/dev/null; sum=$((sum * 10 + $?)); done
rm may-end-?
echo "wait -n: $sum"

try bash -c ./missing
try bash -c missing
touch plain
try bash -c ./plain
mkdir directory
try bash -c ./directory
printf '#!/missing/interpreter\n' >bad
chmod +x bad
try ./bad
printf '#!/bin/sh -x\necho "$0 $*"\n' >good
chmod +x good
try ./good a 'b c'
printf 'echo no magic $0\n' >none
chmod +x none
./none
printf '#!./good first\n' >chain
chmod +x chain
./chain last 2>&1
(exec -a renamed bash -c 'echo $0; [ -n "$FOREIGN" ] || tr "\0" " " </proc/$$/cmdline; echo; cat /proc/$$/comm')
/bin/echo "${big:0:131071}" | wc -c
try /bin/echo "$big" | cut -c 1-200

mkdir -p a/b/c
ln -s a/b link
cd link/c && pwd && pwd -P && cd .. && pwd && cd -P . && pwd
cd "$HOME" && cd - >/dev/null && echo "$OLDPWD"
cd /tmp/work || exit
shopt -s globstar nullglob extglob
echo a/** !(*o*) none*
(cd /proc/self && basename "$PWD")
try cd /missing
(umask 027; : >masked; stat -c %a masked)
ulimit -n 64
try bash -c 'for i in {10..80}; do eval "exec $i</dev/null" || exit 9; done' 2>&1 | tail -n 2
hash ls && type -t ls && command -v ls
set +u
echo "read: $(read -r -t 0.1 _ < <(sleep 1); echo $?)"
printf '%(%Y)T %s\n' 0 "${BASH_VERSINFO[0]}"
time_out=$( { TIMEFORMAT=timed; time :; } 2>&1)
echo "$time_out"
n=0
while ((n < 300)); do /bin/true; ((n++)); done
echo "loop $n"
