#!/bin/sh
# OpenJDK: javac, java, jar, threads with file I/O, processes, sockets.
. "$T/lib.sh"
# jshell keeps preferences in the home of /etc/passwd.
JAVA_TOOL_OPTIONS='-Xmx256m -Djava.util.prefs.userRoot=/tmp/home'
export JAVA_TOOL_OPTIONS
mkdir -p p && cat >p/Main.java <<'JAVA'
package p;

import java.io.*;
import java.net.*;
import java.nio.channels.*;
import java.nio.file.*;
import java.util.*;
import java.util.concurrent.*;
import java.util.stream.*;

public class Main {
	record Point(int x, int y) {}

	static long work(int i) throws IOException {
		long n = 0;
		for (int j = 0; j < 50; j++) {
			Path f = Path.of("f" + i + "-" + j);
			Files.writeString(f, "text " + j);
			n += Files.size(f) + Files.readAllLines(f).size();
			Files.move(f, Path.of("g" + i), StandardCopyOption.REPLACE_EXISTING);
			Files.delete(Path.of("g" + i));
		}
		return n;
	}

	static int run(String... command) throws Exception {
		return new ProcessBuilder(command).inheritIO().start().waitFor();
	}

	public static void main(String[] args) throws Exception {
		System.out.println(new Point(1, 2) + " " + String.join(",", args) + " " + System.getProperty("user.dir"));
		System.out.println(Path.of("/proc/self/exe").toRealPath() + " " + System.getProperty("java.home"));
		Files.createDirectories(Path.of("a/b/c"));
		Files.createSymbolicLink(Path.of("a/link"), Path.of("b/c"));
		System.out.println(Path.of("a/link").toRealPath() + " " + Files.readSymbolicLink(Path.of("a/link")));
		try (var s = Files.walk(Path.of("a"))) {
			System.out.println(s.map(Path::toString).sorted().collect(Collectors.toList()));
		}
		try {
			Files.readString(Path.of("missing"));
		} catch (IOException e) {
			System.out.println(e);
		}
		var pool = Executors.newFixedThreadPool(16);
		var jobs = new ArrayList<Future<Long>>();
		for (int i = 0; i < 32; i++) {
			int n = i;
			jobs.add(pool.submit(() -> work(n)));
		}
		long sum = 0;
		for (var j : jobs)
			sum += j.get();
		System.out.println("threads " + sum);
		pool.shutdown();
		System.out.println("process " + run("sh", "-c", "echo from sh; exit 6") + " " + run("true"));
		try {
			run("./missing");
		} catch (IOException e) {
			System.out.println(e.getMessage());
		}
		var p = new ProcessBuilder("cat").directory(new File("/usr")).start();
		try (var w = p.outputWriter()) {
			w.write("through cat\n");
		}
		System.out.print(new String(p.getInputStream().readAllBytes()));
		var slow = new ProcessBuilder("sleep", "100").start();
		slow.destroyForcibly();
		System.out.println("killed " + slow.waitFor());
		try (var c = FileChannel.open(Path.of("map"), StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE); var l = c.lock()) {
			var m = c.map(FileChannel.MapMode.READ_WRITE, 0, 8192);
			m.putInt(4096, 42);
			m.force();
			System.out.println("map " + Files.readAllBytes(Path.of("map"))[4099]);
		}
		try (var server = new ServerSocket(0, 5, InetAddress.getLoopbackAddress())) {
			new Thread(() -> {
				try (var s = new Socket(server.getInetAddress(), server.getLocalPort())) {
					s.getOutputStream().write("tcp".getBytes());
				} catch (IOException e) {
					System.out.println(e);
				}
			}).start();
			try (var s = server.accept()) {
				System.out.println(new String(s.getInputStream().readAllBytes()));
			}
		}
		var address = UnixDomainSocketAddress.of("/tmp/work/jsock");
		try (var server = ServerSocketChannel.open(StandardProtocolFamily.UNIX).bind(address); var c = SocketChannel.open(address)) {
			System.out.println("unix " + server.accept().getLocalAddress());
		}
		try (var w = FileSystems.getDefault().newWatchService()) {
			Path.of("a").register(w, StandardWatchEventKinds.ENTRY_CREATE);
			Files.writeString(Path.of("a/watched"), "");
			System.out.println("watch " + w.poll(10, TimeUnit.SECONDS).pollEvents().get(0).context());
		}
		try {
			recurse(0);
		} catch (StackOverflowError e) {
			System.out.println("stack overflow caught");
		}
		try {
			Object o = args.length > 99 ? "x" : null;
			o.hashCode();
		} catch (NullPointerException e) {
			System.out.println("null caught");
		}
		Runtime.getRuntime().addShutdownHook(new Thread(() -> System.out.println("hook")));
		System.exit(3);
	}

	static int recurse(int n) {
		return recurse(n + 1) + 1;
	}
}
JAVA
run javac -d out p/Main.java
ls -R out
java -cp out p.Main a b 2>/dev/null
echo "[$?]"
run jar --create --file app.jar --main-class p.Main -C out .
java -jar app.jar x 2>/dev/null | head -n 1
for gc in Serial G1 Parallel; do java -XX:+Use${gc}GC -cp out p.Main gc 2>/dev/null | md5sum; done
java -Xint -cp out p.Main int 2>/dev/null | tail -n 2
printf '#!/usr/bin/java --source 17\npublic class S { public static void main(String[] a) { System.out.println("script " + a[0]); } }\n' >script && chmod +x script
./script 1 2>/dev/null
echo 'System.out.println("jshell " + 6 * 7)' | timeout 200 jshell -s - 2>/dev/null
jar --list --file app.jar | sort
