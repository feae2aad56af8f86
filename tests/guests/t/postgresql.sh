#!/bin/sh
# PostgreSQL: initdb, start, queries over its UNIX socket, stop. It refuses to run as root.
. "$T/lib.sh"
PATH=$(echo /usr/lib/postgresql/*/bin):$PATH
PGDATA=/tmp/work/data PGHOST=/tmp/work PGPORT=15432 PGUSER=guest PGDATABASE=postgres
export PATH PGDATA PGHOST PGPORT PGUSER PGDATABASE
run initdb -U guest -A trust --no-sync --no-locale -E UTF8
run pg_ctl -l server.log -w -t 60 -o "-k /tmp/work -c listen_addresses= -c fsync=off" start
ls -a | grep PGSQL
psql -At <<'SQL'
create table t(a serial primary key, b text);
insert into t(b) select 'row ' || n from generate_series(1, 20000) n;
create index i on t(b);
select count(*), max(b) from t;
begin; delete from t where a > 10; select count(*) from t; rollback;
select count(*) from t where b like 'row 1%';
copy (select * from t where a < 4) to '/tmp/work/copied';
\! cat /tmp/work/copied
copy t(b) from program 'seq 5';
select count(*) from t;
select pg_read_file('PG_VERSION') = current_setting('server_version_num')::int / 10000 || E'\n';
create tablespace s location '/tmp/work/space';
SQL
mkdir space && psql -At -c "create tablespace s location '/tmp/work/space'" -c 'create table in_space(x int) tablespace s' -c 'checkpoint'
readlink data/pg_tblspc/* && ls space | wc -l
createdb second && psql -At -d second -c 'create extension plpgsql' 2>&1
for i in 1 2 3 4; do psql -At -c "insert into t(b) select 'c$i' from generate_series(1, 500)" & done
wait
psql -At -c "select b, count(*) from t where b like 'c_' group by b order by b"
pg_dump -t t >dump.sql && psql -q -d second -f dump.sql >/dev/null && psql -At -d second -c 'select count(*) from t'
run pgbench -q -i -s 1
pgbench -n -c 4 -j 2 -t 50 2>/dev/null | grep 'actually processed'
psql -At -c 'set max_parallel_workers_per_gather=2; set parallel_setup_cost=0; set min_parallel_table_scan_size=0; select sum(aid) from pgbench_accounts'
kill -9 "$(sed -n 1p data/postmaster.pid)" && sleep 1
until_true pg_ctl -l server.log -w -t 30 -o "-k /tmp/work -c listen_addresses= -c fsync=off" start
psql -At -c 'select count(*) from t'
grep -c 'automatic recovery\|was not properly shut down' server.log
try psql -At -c 'select no_such_column from t'
run pg_ctl -m fast -w stop
ls -a | grep PGSQL
try psql -c 'select 1'
