#!/bin/sh
# nginx with workers on loopback: static files, a listing, reload, reopen, quit.
. "$T/lib.sh"
mkdir -p root/dir && echo hello >root/file && echo x >root/dir/y && head -c 3000000 /dev/zero >root/big && ln -s /etc/debian_version root/link
cat >conf <<'CONF'
worker_processes 2;
error_log /tmp/work/error.log;
pid /tmp/work/pid;
events { worker_connections 64; }
http {
	types { text/plain txt; }
	default_type text/plain;
	access_log /tmp/work/access.log;
	client_body_temp_path /tmp/work/body;
	proxy_temp_path /tmp/work/proxy;
	fastcgi_temp_path /tmp/work/fastcgi;
	uwsgi_temp_path /tmp/work/uwsgi;
	scgi_temp_path /tmp/work/scgi;
	sendfile on;
	open_file_cache max=10;
	server {
		listen 127.0.0.1:18080;
		listen unix:/tmp/work/sock;
		root /tmp/work/root;
		location /dir/ { autoindex on; autoindex_format json; }
		location /back/ { proxy_pass http://unix:/tmp/work/sock:/; }
	}
}
CONF
cat >get.py <<'PY'
import http.client, json, sys
c = http.client.HTTPConnection("127.0.0.1", 18080, timeout=20)
for path in sys.argv[1:]:
    c.request("GET", path)
    r = c.getresponse()
    body = r.read()
    text = body.decode() if len(body) < 100 else len(body)
    if path == "/dir/":
        text = [e["name"] for e in json.loads(body)]
    print(path, r.status, text)
PY
run nginx -t -c /tmp/work/conf -e /tmp/work/error.log
run nginx -c /tmp/work/conf -e /tmp/work/error.log
until_true test -s pid
pid=$(cat pid)
python3 get.py /file /missing /link /big /dir/ /back/file /../../etc/passwd
ps --ppid "$pid" -o args= | sort
for _ in 1 2 3 4 5 6 7 8; do python3 get.py /big /file & done >many
wait
sort many | uniq -c
sed -i 's/worker_processes 2/worker_processes 3/' conf
kill -HUP "$pid"
until_true sh -c "test \$(ps --ppid $pid -o args= | grep -vc shutting) = 3"
python3 get.py /file
mv access.log old.log && kill -USR1 "$pid"
until_true test -e access.log
python3 get.py /file && until_true test -s access.log
wc -l <access.log
nginx -c /tmp/work/conf -e /tmp/work/error.log -s quit
until_true sh -c "! kill -0 $pid"
try ls pid sock
grep -c 'emerg\|crit\|exited on signal' error.log || :
