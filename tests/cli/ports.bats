# SPDX-License-Identifier: GPL-2.0-or-later
# Ports of the guest that are others on the host: real servers and clients, inside and outside.

load helper

# free_port [BELOW]: one that nobody has now, in reach of -p without a value with BELOW.
free_port() {
	python3 - "${1:-}" <<-'END'
		import random, socket, sys
		while True:
		    port = random.randrange(2100, 3000) if sys.argv[1] else random.randrange(20000, 30000)
		    try:
		        for family in socket.AF_INET, socket.AF_INET6:
		            for kind in socket.SOCK_STREAM, socket.SOCK_DGRAM:
		                with socket.socket(family, kind) as one:
		                    one.bind(('', port))
		        print(port)
		        break
		    except OSError:
		        pass
	END
}

# A server that says TEXT to each who connects to PORT, and in the file NAME which port it thinks to have.
write_server() {
	cat >server.py <<-'END'
		import os, socket, sys
		port, text, name = int(sys.argv[1]), sys.argv[2], sys.argv[3]
		family = socket.AF_INET6 if len(sys.argv) > 4 else socket.AF_INET
		with socket.socket(family) as server:
		    server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
		    server.bind(('::1' if family == socket.AF_INET6 else '127.0.0.1', port))
		    server.listen()
		    with open(name + '.new', 'w') as file:
		        print(server.getsockname()[1], file=file)
		    os.rename(name + '.new', name)
		    while True:
		        connection, _ = server.accept()
		        with connection:
		            connection.sendall(text.encode() + b'\n')
	END
}

# What a server at PORT says.
said_at='exec 3<>"/dev/tcp/${2:-127.0.0.1}/$1" && cat <&3'
said() {
	timeout 10 bash -c "$said_at" - "$@"
}

# serve OPTION... -- PORT TEXT [6]: in the background, until the test's end; it runs when this returns.
serve() {
	rm -f here
	"$PROOT" --kill-on-exit "${@:1:$#-2}" python3 server.py "${@: -2:1}" "${@: -1}" here 3>&- &
	PIDS+=" $!"
	eventually test -e here
}

setup() {
	cd "$BATS_TEST_TMPDIR" || return 1
	PIDS=
	write_server
}

teardown() {
	[ -z "$PIDS" ] || kill -TERM $PIDS 2>/dev/null || true
	[ -z "$PIDS" ] || wait $PIDS || true
}

@test "a user serves a port that only root may" {
	local port
	port=$(free_port)

	serve -p "80:$port" 80 hello
	[ "$(cat here)" = 80 ]
	[ "$(said "$port")" = hello ]
	run said 80
	[ "$output" != hello ]
	[ "$("$PROOT" -p "80:$port" bash -c "$said_at" - 80)" = hello ]
}

@test "a server of the host is met under another port" {
	local port inside
	port=$(free_port)
	inside=$(free_port)

	python3 server.py "$port" outside here 3>&- &
	PIDS+=" $!"
	eventually test -e here
	[ "$("$PROOT" --port="$inside:$port" bash -c "$said_at" - "$inside")" = outside ]
	run "$PROOT" bash -c "$said_at" - "$inside"
	[ "$status" -ne 0 ]
}

@test "version 6" {
	local port
	port=$(free_port)

	rm -f here
	"$PROOT" --kill-on-exit -p "81:$port" python3 server.py 81 six here 6 3>&- &
	PIDS+=" $!"
	eventually test -e here
	[ "$(cat here)" = 81 ]
	[ "$(said "$port" ::1)" = six ]
}

@test "ports change places" {
	local one other
	one=$(free_port)
	other=$(free_port)

	serve -p "$one:$other" -p "$other:$one" "$one" first
	serve -p "$one:$other" -p "$other:$one" "$other" second
	[ "$(said "$one")" = second ]
	[ "$(said "$other")" = first ]
	[ "$("$PROOT" -p "$one:$other" -p "$other:$one" bash -c "$said_at" - "$one")" = first ]
}

@test "a taken port is taken" {
	local port
	port=$(free_port)

	serve -p "80:$port" 80 hello
	run "$PROOT" -p "82:$port" python3 server.py 82 x there
	show
	[[ $output == *"Address already in use"* ]]
}

@test "-n: one program runs twice" {
	local port
	port=$(free_port)

	cat >twice.sh <<-END
		python3 server.py "\$1" "\$2" "\$2" &
		for i in {1..100}; do [ -e "\$2" ] || sleep 0.05; done
		cat "\$2"
		set -- "\$1" 127.0.0.1
		$said_at
		sleep 1
	END
	for name in first second; do
		timeout 20 "$PROOT" --kill-on-exit -n bash twice.sh "$port" "$name" >"$name.out" 2>&1 3>&- &
		PIDS+=" $!"
	done
	wait $PIDS
	PIDS=
	cat first.out second.out
	[ "$(cat first.out)" = "$port"$'\n'first ]
	[ "$(cat second.out)" = "$port"$'\n'second ]
	run said "$port"
	[ "$status" -ne 0 ]
}

@test "-n: a port is in use inside all the same" {
	run timeout 20 "$PROOT" -n python3 - "$(free_port)" <<-'END'
		import socket, sys
		port = int(sys.argv[1])
		one, other = socket.socket(), socket.socket()
		one.bind(('127.0.0.1', port))
		one.listen()
		print(one.getsockname()[1] == port)
		try:
		    other.bind(('127.0.0.1', port))
		except OSError as error:
		    print(error.strerror)
		one.close()
		other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
		other.bind(('127.0.0.1', port))
		print(other.getsockname()[1] == port)
		with socket.socket() as any_port:
		    any_port.bind(('127.0.0.1', 0))
		    print(any_port.getsockname()[1] != port)
	END
	show
	[ "$output" = "True"$'\n'"Address already in use"$'\n'"True"$'\n'"True" ]
}

@test "-p without a value: low ports are 2000 higher, others stay" {
	local port
	port=$(free_port low)

	serve -p $((port - 2000)) low
	[ "$(cat here)" = $((port - 2000)) ]
	[ "$(said "$port")" = low ]
	port=$(free_port low)
	serve -p "$port" high
	[ "$(cat here)" = "$port" ]
	[ "$(said "$port")" = high ]
}

@test "-p without a value: guests meet under the low port" {
	local port
	port=$(free_port low)

	run timeout 20 "$PROOT" --kill-on-exit -p bash -c "python3 server.py $((port - 2000)) text here &
		for i in {1..100}; do [ -e here ] || sleep 0.05; done
		set -- $((port - 2000)); $said_at"
	show
	[ "$output" = text ]
}

@test "mistakes" {
	local value

	for value in 80 80: :80 80:x 0:80 80:70000 80:81:82; do
		run --separate-stderr "$PROOT" -p "$value" true
		show
		[ "$status" -eq 1 ]
		[[ $stderr == "proot error: option '-p': '$value': "* ]]
	done
	run "$PROOT" -p 80:90 -p 81:90 true
	[[ $output == *"another port stands for OUT already"* ]]
	run "$PROOT" -n=1 true
	[ "$status" -eq 1 ]
}
