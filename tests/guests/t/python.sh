#!/bin/sh
# python3: subprocess, threads, multiprocessing, asyncio, sockets, mmap, venv.
. "$T/lib.sh"
PYTHONDONTWRITEBYTECODE=1
export PYTHONDONTWRITEBYTECODE
cat >t.py <<'PY'
import asyncio, concurrent.futures, ctypes, fcntl, glob, mmap, os
import pathlib, shutil, signal, socket, subprocess, sys, tempfile, threading, time, zipfile

print(sys.executable, sys.argv, os.getcwd(), os.readlink("/proc/self/exe"))

# subprocess
run = subprocess.run
print(run(["echo", "a"], capture_output=True, text=True))
print(run("exit 3", shell=True).returncode, run(["sh", "-c", "kill -15 $$"]).returncode)
for command in (["./missing"], ["/etc/passwd"], ["/tmp"]):
    try:
        run(command)
    except OSError as e:
        print(type(e).__name__, e)
print(run(["pwd"], cwd="/usr/lib", capture_output=True, text=True).stdout.strip())
try:
    run(["true"], cwd="/missing")
except OSError as e:
    print(e)
print(run(["env"], env={"A": "b"}, capture_output=True, text=True).stdout.strip())
try:
    run(["sleep", "20"], timeout=0.2)
except subprocess.TimeoutExpired as e:
    print("timeout", e.cmd)
p = subprocess.Popen(["tr", "a-z", "A-Z"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True)
print(p.communicate(b"pipe")[0], p.returncode)
print(run(["sh", "-c", "echo $((0 + $(ls /proc/self/fd | wc -l)))"], capture_output=True, close_fds=True).stdout)
print(run(["sh", "-c", "cat <&9"], pass_fds=[9] if os.dup2(os.open("/etc/debian_version", os.O_RDONLY), 9) else [], capture_output=True).stdout)
print(sum(subprocess.call("true") for _ in range(200)))
pid = os.posix_spawn("/bin/sh", ["sh", "-c", "exit 4"], {}, file_actions=[(os.POSIX_SPAWN_CLOSE, 9)], setsigmask=[signal.SIGINT])
print("posix_spawn", os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))

# files
with tempfile.TemporaryDirectory() as d:
    p = pathlib.Path(d)
    (p / "x/y").mkdir(parents=True)
    (p / "x/f").write_text("text")
    (p / "link").symlink_to("x/f")
    print((p / "link").resolve().relative_to(p), (p / "link").read_text(), os.path.islink(p / "link"))
    print(sorted(str(q.relative_to(p)) for q in p.rglob("*")), [e.name for e in os.scandir(p / "x") if e.is_dir()])
    shutil.copytree(p / "x", p / "z", symlinks=True)
    os.replace(p / "z/f", p / "z/g")
    dirfd = os.open(p, os.O_RDONLY)
    print(os.stat("x/f", dir_fd=dirfd).st_size, os.listdir(dirfd) and os.access("x", os.R_OK, dir_fd=dirfd))
    os.rename("x/f", "x/h", src_dir_fd=dirfd, dst_dir_fd=dirfd)
    os.unlink("x/h", dir_fd=dirfd)
    print(os.path.realpath(f"/proc/self/fd/{dirfd}") == d)
    os.close(dirfd)
    with open(p / "m", "w+b") as f:
        f.truncate(8192)
        m = mmap.mmap(f.fileno(), 0)
        m[4096:4100] = b"mmap"
        m.flush()
        print(open(p / "m", "rb").read()[4096:4100])
        m.close()
        fcntl.flock(f, fcntl.LOCK_EX)
        print("flock", run(["flock", "-n", str(p / "m"), "true"]).returncode)
    os.setxattr(p / "m", "user.x", b"1")
    print(os.listxattr(p / "m"), shutil.disk_usage(d).total > 0, os.statvfs(d).f_namemax)
    fd = os.open(d, os.O_TMPFILE | os.O_RDWR)
    os.write(fd, b"nameless")
    os.link(f"/proc/self/fd/{fd}", "named", dst_dir_fd=os.open(p, os.O_PATH), follow_symlinks=True)
    print((p / "named").read_bytes())
print("removed", os.path.exists(d))
print("memfd", os.readlink(f"/proc/self/fd/{os.memfd_create('name')}"))
with zipfile.ZipFile("z.zip", "w") as z:
    z.write("t.py")
print(zipfile.ZipFile("z.zip").namelist())

# threads
def work(i):
    for n in range(50):
        name = f"thread-{i}-{n}"
        with open(name, "w") as f:
            f.write(name)
        os.stat(name)
        os.rename(name, name + "x")
        os.unlink(name + "x")
    return i
with concurrent.futures.ThreadPoolExecutor(16) as pool:
    print("threads", sum(pool.map(work, range(32))), glob.glob("thread-*"))
with concurrent.futures.ThreadPoolExecutor(8) as pool:
    print("subprocess in threads", sum(pool.map(lambda i: run(["sh", "-c", f"exit {i % 3}"]).returncode, range(60))))
threading.stack_size(32768)
t = threading.Thread(target=lambda: print("small stack", os.path.exists("/etc/passwd")))
t.start(); t.join()

# asyncio
async def main():
    async def handle(r, w):
        w.write((await r.readline()).upper())
        await w.drain()
        w.close()
    unix = await asyncio.start_unix_server(handle, "asock")
    tcp = await asyncio.start_server(handle, "127.0.0.1", 0)
    for opened in (asyncio.open_unix_connection("/tmp/work/asock"),
                   asyncio.open_connection(*tcp.sockets[0].getsockname())):
        r, w = await opened
        w.write(b"async\n")
        print(await r.readline())
        w.close()
    async def sub(i):
        p = await asyncio.create_subprocess_exec("sh", "-c", f"echo {i}; exit {i}", stdout=subprocess.PIPE)
        out, _ = await p.communicate()
        return int(out), p.returncode
    print(await asyncio.gather(*(sub(i) for i in range(10))))
    print(await asyncio.to_thread(lambda: open("/etc/hostname", "a") and 1 if os.access("/missing", 0) else 2))
    loop = asyncio.get_running_loop()
    event = asyncio.Event()
    loop.add_signal_handler(signal.SIGUSR1, event.set)
    os.kill(os.getpid(), signal.SIGUSR1)
    await asyncio.wait_for(event.wait(), 5)
    print("signal in loop", unix.sockets[0].getsockname())
    unix.close(); tcp.close()
asyncio.run(main())

# sockets
a, b = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
fd = os.open("/etc/hosts", os.O_RDONLY)
socket.send_fds(a, [b"fd"], [fd])
print("sent fd", socket.recv_fds(b, 10, 1)[1] != [])
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM); s.bind("dgram")
c = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM); c.bind("/tmp/work/dgram2")
c.sendto(b"datagram", "/tmp/work/dgram")
print(s.recvfrom(100)); s.connect("dgram2"); print(s.getpeername())
x = socket.socket(socket.AF_UNIX); x.bind("\0abstract-proot-test"); print(x.getsockname())
y = socket.socket(socket.AF_UNIX)
try: y.bind("dgram")
except OSError as e: print(e)
try: y.connect("missing")
except OSError as e: print(e)
try: y.bind("/tmp/work/" + "x" * 120)
except OSError as e: print(e)

# signals
signal.signal(signal.SIGALRM, lambda *_: print("alarm"))
signal.setitimer(signal.ITIMER_REAL, 0.1)
time.sleep(0.5)
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR2])
os.kill(os.getpid(), signal.SIGUSR2)
print(signal.sigpending(), signal.sigwait([signal.SIGUSR2]))
signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 65))
print("all blocked", os.path.exists("/etc/passwd"), run(["sh", "-c", "cat /etc/debian_version"]).returncode)
r, w = os.pipe()
if os.fork() == 0:
    os.setsid(); os.write(w, b"x"); os._exit(0)
print(os.read(r, 1), os.waitpid(-1, 0)[1])
print(ctypes.CDLL(None).access(b"/etc/passwd", 4))
os.execv(sys.executable, ["python3", "-c", "import sys; print('exec', sys.argv)", "last"])
PY
cat >processes.py <<'PY'
import multiprocessing as mp
import os
from multiprocessing import shared_memory

def square(x):
    return x * x
def child(q, lock, value):
    for _ in range(100):
        with lock:
            value.value += 1
    q.put(os.getpid() != os.getppid())
if __name__ == "__main__":
    for method in ("fork", "spawn", "forkserver"):
        ctx = mp.get_context(method)
        with ctx.Pool(4) as pool:
            print(method, sum(pool.map(square, range(100))))
        q, lock, value = ctx.Queue(), ctx.Lock(), ctx.Value("i", 0)
        ps = [ctx.Process(target=child, args=(q, lock, value)) for _ in range(4)]
        [x.start() for x in ps]
        print(all(q.get() for _ in ps), [x.join() or x.exitcode for x in ps], value.value)
    s = shared_memory.SharedMemory(create=True, size=100)
    s.buf[:3] = b"shm"
    again = shared_memory.SharedMemory(s.name)
    print(bytes(again.buf[:3]))
    again.close()
    s.close()
    s.unlink()

PY
python3 -u t.py
echo "[$?]"
python3 -u processes.py
echo "[$?]"
python3 -c 'import os; os._exit(300 % 256)'
echo "[$?]"
python3 -m compileall -q t.py && ls __pycache__
python3 -m venv --without-pip venv && venv/bin/python -c 'import sys; print(sys.prefix, sys.base_prefix)'
python3 -c 'import os; os.chdir("/usr"); os.fchdir(os.open("lib", os.O_RDONLY)); print(os.getcwd())'
python3 - <<'PY'
import os
n = 0
for top, dirs, files in os.walk("/usr/lib/python3.11"):
    for f in files:
        n += os.lstat(os.path.join(top, f)).st_size if not f.endswith(".pyc") else 0
print("walk", n > 0)
PY
