#!/bin/sh
# Job control of an interactive bash in a pseudo-terminal: ^C ^Z ^\ fg bg, and more.
. "$T/lib.sh"
cat >jobs.py <<'PY'
import fcntl, os, pty, re, select, signal, struct, sys, termios, time

class Terminal:
    def __init__(self, *argv):
        self.text = ""
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.environ.update(PS1="READY> ", TERM="vt100")
            os.execvp(argv[0], argv)
        mode = termios.tcgetattr(self.fd)
        mode[3] &= ~termios.ECHO
        termios.tcsetattr(self.fd, termios.TCSANOW, mode)

    def read(self, seconds):
        if not select.select([self.fd], [], [], seconds)[0]:
            return False
        try:
            self.text += os.read(self.fd, 65536).decode()
        except OSError:
            return False
        return True

    def expect(self, pattern, name):
        end = time.time() + 20
        while not (found := re.search(pattern, self.text)) and time.time() < end:
            self.read(0.2)
        if not found:
            print("not ok", name, repr(self.text))
            os.kill(self.pid, signal.SIGKILL)
            sys.exit(1)
        print("ok", name, *found.groups(), flush=True)
        self.text = self.text[found.end():]

    def send(self, text):
        os.write(self.fd, text.encode())

    def command(self, line, pattern, name):
        self.send(line + "\n")
        self.expect(pattern, name)
        if not pattern.endswith("READY> "):
            self.expect("READY> ", "prompt")

    def asleep(self, name):
        """How many programs called so sleep in the terminal's foreground."""
        group = os.tcgetpgrp(self.fd)
        found = 0
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                stat = open(f"/proc/{pid}/stat").read()
            except OSError:
                continue
            found += bool(re.search(rf"\({name}\) S \d+ {group} ", stat))
        return found if group != self.pid else 0

    def until_asleep(self, name, count=1):
        """A ^C or ^Z too early does not reach all that a shell or make is about to start."""
        for _ in range(400):
            if self.asleep(name) == count:
                return
            time.sleep(0.05)
        print("not ok: never asleep in the foreground:", name)
        sys.exit(1)

    def run_until_asleep(self, line, name, count=1):
        self.send(line + "\n")
        self.until_asleep(name, count)

    def end(self):
        while self.read(5):
            pass
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])

def until_stopped(name):
    return f"until jobs -s | grep -q {name}; do sleep 0.1; done; "

def until_gone(pid):
    return f"while kill -0 {pid} 2>/dev/null; do sleep 0.1; done; "

t = Terminal("bash", "--norc", "--noprofile", "--noediting", "-i")
t.expect("READY> ", "starts")
t.command("tty | sed 's/[0-9]*$/N/'; test -t 0 && echo tty=$?", r"(/dev/pts/N)\s+(tty=0)", "tty")
t.command("echo monitor $-", r"monitor \w*(m)", "monitor")
t.command("ps -o stat= -p $$ | tr -d ' \\n'; echo", r"(Ss)\+?", "session leader")

t.run_until_asleep("sleep 1000", "sleep")
t.send("\x03")
t.expect("READY> ", "^C ends it")
t.command("echo status=$?", "(status=130)", "^C")

t.run_until_asleep("sleep 1000", "sleep")
t.send("\x1c")
t.expect("Quit[^\n]*\n[^\n]*READY> ", "^\\ ends it")
t.command("echo status=$?", "(status=131)", "^\\")

t.run_until_asleep("sleep 1000", "sleep")
t.send("\x1a")
t.expect(r"\[1\]\+\s+(Stopped)\s+sleep 1000\s+READY> ", "^Z")
t.command("echo status=$?", "(status=148)", "^Z")
t.command("jobs", r"\[1\]\+\s+(Stopped)", "jobs")
t.command("bg", r"\[1\]\+ (sleep 1000 &)", "bg")
t.command("jobs", r"\[1\]\+\s+(Running)", "jobs after bg")
t.run_until_asleep("fg", "sleep")
t.expect("(sleep 1000)", "fg")
t.send("\x1a")
t.expect("Stopped.*\\s+READY> ", "^Z again")
t.command("p=`jobs -p %1`; kill %1; " + until_gone("$p") + "jobs", r"(Terminated)\s+sleep 1000", "kill a stopped job")

t.run_until_asleep("cat | cat", "cat", 2)
t.send("\x1a")
t.expect(r"\[1\]\+\s+(Stopped)\s+cat \| cat\s+READY> ", "^Z of a pipeline")
t.run_until_asleep("fg", "cat", 2)
t.send("some text\n\x04")
t.expect("(some text)\\s+READY> ", "fg of a pipeline, and end of file")

t.command("cat & " + until_stopped("cat") + "jobs", r"(Stopped)", "background read stops")
t.command("kill -9 %1; wait; echo gone", "(gone)", "kill -9")
t.command("stty tostop; echo x & " + until_stopped("echo") + "jobs", r"(Stopped)\s+echo x", "tostop")
t.run_until_asleep("stty -tostop; fg; cat", "cat")
t.send("\x04")
t.expect("x\\s+READY> ", "fg of it writes")

t.command("trap 'echo caught' INT", "READY> ", "trap")
t.send("\x03")
t.expect("(caught)", "^C runs the trap")
t.command("trap - INT", "READY> ", "trap removed")
t.run_until_asleep("(trap 'echo inner; exit 3' INT; sleep 1000); echo status=$?", "sleep")
t.send("\x03")
t.expect(r"(inner)\s+(status=3)\s+READY> ", "^C in a subshell with a trap")

t.command("trap 'stty size' WINCH; (trap 'stty size; exit' WINCH; kill -STOP $BASHPID)&"
          + until_stopped("trap") + "echo stopped", "(stopped)", "WINCH prepared")
fcntl.ioctl(t.fd, termios.TIOCSWINSZ, struct.pack("HHHH", 41, 101, 0, 0))
t.command("", "(41 101)", "window size")
t.command("trap - WINCH; kill -CONT %%; wait; echo done", "(done)", "window size in a job")

t.command("sleep 1000 & sleep 2000 & jobs -p | wc -l", r"\n(2)\s", "two jobs")
t.command("kill %1 %2; wait; jobs; echo none left", "(none left)", "both killed")
t.command("set -m; sleep 0.1 & wait %1; echo status=$?", "(status=0)", "wait %1")
t.command("sleep 1000 & disown; kill $!; " + until_gone("$!") + "kill -0 $! 2>&1 | grep -o 'No such process'",
          "(No such process)", "disown")

t.send("seq 500 | less -X\n")
t.expect("1\\s+2\\s+3\\s", "less")
t.send("G")
t.expect("(499)\\s+(500)", "less, end")
t.send("q")
t.expect("READY> ", "less ends")
t.send("python3 -c 'import time; print(\"asl\" + \"eep\"); time.sleep(1000)'\n")
t.expect("(asleep)", "Python")
time.sleep(0.3)
t.send("\x03")
t.expect("(KeyboardInterrupt)\\s+READY> ", "^C in Python")
t.run_until_asleep("make -f - <<< 'all:; @sleep 1000'", "sleep")
t.send("\x03")
# GNU make's handler may find that its child is gone, and been waited for, already.
t.expect("(?:Interrupt|No child processes)[^>]*READY> ", "^C in make")
t.send("exit 7\n")
print("exit status", t.end())

# Hang-up: the shell ends its jobs and itself.
t = Terminal("bash", "--norc", "--noprofile", "--noediting", "-i")
t.expect("READY> ", "starts again")
t.send("sleep 3000 & echo pid=$!.\n")
while not (found := re.search(r"pid=(\d+)\.", t.text)):
    t.read(1)
job = int(found.group(1))
# What is bash still when the hang-up comes may lose it.
while not re.match(r"\d+ \(sleep\) S", open(f"/proc/{job}/stat").read()):
    time.sleep(0.05)
os.close(t.fd)
print("hang-up", os.waitstatus_to_exitcode(os.waitpid(t.pid, 0)[1]))
for _ in range(100):
    if not os.path.exists(f"/proc/{job}"):
        break
    time.sleep(0.1)
print("job gone", not os.path.exists(f"/proc/{job}"))
PY
python3 jobs.py || failed=1
script -qec 'tty -s; echo "inner $?"; exit 5' typescript </dev/null | tr -d '\r'
echo "script $?"
grep -c 'inner 0' typescript
setsid sh -c 'tty -s </dev/tty' 2>&1 | sed 's/^.*: //'
