#!/bin/sh
# sqlite3: journal modes, locks between processes, WAL, attached databases.
. "$T/lib.sh"
sqlite3 db 'create table t(a integer primary key, b text); insert into t(b) values ("x"), ("y"); select * from t;'
for mode in delete truncate persist wal memory; do
	sqlite3 db "pragma journal_mode=$mode; begin; insert into t(b) select b || '$mode' from t; commit; select count(*) from t;"
	ls db*
done
sqlite3 db 'pragma journal_mode=wal'
for i in 1 2 3 4 5 6; do
	(for j in 1 2 3 4 5; do sqlite3 db ".timeout 20000" "insert into t(b) values('p$i-$j')"; done) &
done
wait
sqlite3 db "select count(*) from t where b like 'p%-%'; pragma integrity_check;"
sqlite3 db 'pragma journal_mode=delete' 'begin exclusive' '.system sqlite3 db "select 1 from t limit 1" 2>&1; echo [$?]' 'commit'
sqlite3 db '.backup copy' && sqlite3 copy 'attach "db" as o; select count(*) from t, o.t limit 1'
sqlite3 db .dump | sqlite3 again && sqlite3 again 'select sum(length(b)) from t'
sqlite3 db 'vacuum; pragma temp_store=file; create index i on t(b); select b from t order by b desc limit 3;'
printf '1,a\n2,b\n' >in.csv && sqlite3 imported -cmd '.mode csv' '.import in.csv t' 'select * from t' 2>&1
try sqlite3 /missing/db 'select 1'
chmod 444 again
[ "$(id -u)" = 0 ] || try sqlite3 again 'delete from t'
sqlite3 :memory: "select writefile('w', 'text'), readfile('w')"
with='with recursive c(x) as (select 1 union all select x+1 from c where x < 100000) insert into n select x, x * 7 % 1000 from c'
sqlite3 big "create table n(x, y); $with; create index j on n(y); select count(*), sum(y) from n where y < 10"
