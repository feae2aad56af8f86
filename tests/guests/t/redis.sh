#!/bin/sh
# Redis on a UNIX socket: commands, background save by fork, restart, shutdown.
. "$T/lib.sh"
sock=/tmp/work/redis.sock
start() {
	redis-server --port 0 --unixsocket $sock --daemonize yes --dir /tmp/work --pidfile /tmp/work/pid \
		--logfile /tmp/work/log --save '' "$@" >/dev/null
	until_true sh -c "redis-cli -s $sock ping | grep -q PONG" # while it loads it says so
}
cli() {
	redis-cli -s $sock "$@"
}
start
cli ping
cli set key value && cli get key
cli incrby n 41 && cli incr n
cli rpush list a b c && cli lrange list 0 -1
cli eval "return redis.call('get', KEYS[1])" 1 key
seq 5000 | sed 's/.*/set k& v&/' | cli --pipe | tail -n 1
cli dbsize
cli bgsave
until_true sh -c "redis-cli -s $sock info persistence | grep rdb_bgsave_in_progress:0"
ls dump.rdb && redis-check-rdb dump.rdb | grep -c 'RDB looks OK'
cli config set appendonly yes
until_true sh -c "redis-cli -s $sock info persistence | grep aof_rewrite_in_progress:0"
cli set after aof
redis-cli -s $sock subscribe channel >heard &
until_true sh -c "redis-cli -s $sock pubsub numsub channel | grep -q 1"
cli publish channel message
until_true grep message heard
kill $!
wait
cat heard
cli shutdown nosave
until_true test ! -e $sock
start --appendonly yes
cli get after && cli dbsize
redis-benchmark -s $sock -n 2000 -c 20 -q -t set,get,lpush 2>/dev/null | tr '\r' '\n' | grep -c 'requests per second'
cli debug segfault >/dev/null 2>&1
kill -9 "$(cat pid)" 2>/dev/null
until_true sh -c '! kill -0 "$(cat pid)"'
start --appendonly yes
cli get n
pid=$(cat pid)
kill -TERM "$pid"
until_true sh -c "! kill -0 $pid"
grep -c 'bye bye' log
