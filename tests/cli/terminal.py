#!/usr/bin/python3
"""Scenes of job control: a bash of the host in a pseudo-terminal, with proot as its job.

usage: terminal.py SCENE [option of proot ...]
PROOT and GUEST come from the environment. Exits with 0 when the scene went as
it does natively.
"""

import fcntl
import os
import pty
import re
import select
import struct
import sys
import termios
import time

PROMPT = "ready> "


class Terminal:
    """A pseudo-terminal with a program in it, and what it printed."""

    def __init__(self, *argv):
        self.pid, self.fd = pty.fork()
        if not self.pid:
            os.environ.update(PS1=PROMPT, TERM="dumb", HISTFILE="", ENV="")
            os.environ.pop("PROMPT_COMMAND", None)
            os.execvp(argv[0], argv)
        self.seen = ""

    def read(self, seconds):
        ready, _, _ = select.select([self.fd], [], [], seconds)
        if not ready:
            return False
        try:
            data = os.read(self.fd, 4096)
        except OSError:
            return False
        self.seen += data.decode(errors="replace").replace("\r", "")
        return bool(data)

    def expect(self, pattern, seconds=50):
        """Wait for the pattern; forget what came before it. Returns the match."""
        end = time.monotonic() + seconds
        while True:
            match = re.search(pattern, self.seen)
            if match:
                self.seen = self.seen[match.end():]
                return match
            if time.monotonic() > end:
                sys.exit(f"never saw {pattern!r} in {self.seen!r}")
            self.read(0.2)

    def send(self, text):
        os.write(self.fd, text.encode())

    def line(self, text):
        self.send(text + "\n")


def start(options):
    terminal = Terminal("bash", "--norc", "--noprofile", "-i")
    terminal.expect(PROMPT)
    words = " ".join(options)
    terminal.line(f'proot() {{ "$PROOT" -r "$GUEST" {words} "$@"; }}; stty -echo')
    terminal.expect(PROMPT)
    return terminal


def status(terminal, expected):
    terminal.line('echo "status=$?"')
    terminal.expect(f"status={expected}\n")
    terminal.expect(PROMPT)


def until(terminal, line, pattern):
    """Give the line to the shell till what it answers has the pattern."""
    end = time.monotonic() + 50
    while True:
        terminal.line(line)
        answer = terminal.expect("((?:.|\n)*?)" + PROMPT)[1]
        if re.search(pattern, answer):
            return
        if time.monotonic() > end:
            sys.exit(f"{line!r} never gave {pattern!r}")
        time.sleep(0.1)


def job(terminal, command, before=""):
    """Start a command of the guest that says "begun", behind what is to be done before that, in the foreground."""
    terminal.line(f'proot sh -c \'{before}echo begun; {command}\'')
    terminal.expect("begun\n")
    time.sleep(0.3)


def foreground(terminal, pattern):
    """Continue the job, which the shell shows by the pattern, in the foreground."""
    terminal.line("fg")
    terminal.expect(pattern + ".*\n")
    time.sleep(0.3)


def interrupt(options):
    terminal = start(options)
    job(terminal, "exec sleep 100")
    terminal.send("\x03")
    terminal.expect(PROMPT)
    status(terminal, 130)


def quit_key(options):
    terminal = start(options)
    terminal.line("ulimit -c 0")
    terminal.expect(PROMPT)
    job(terminal, "exec sleep 100")
    terminal.send("\x1c")
    terminal.expect(PROMPT)
    status(terminal, 131)


def loop(options):
    """A script that runs proot in a loop ends with ^C, unless the command handles that."""
    terminal = start(options)
    words = " ".join(options)
    script = f'for i in 1 2; do "$PROOT" -r "$GUEST" {words} sh -c "$0"; echo after $?; done'
    terminal.line(f"bash -c '{script}' 'echo begun; exec sleep 100'")
    terminal.expect("begun\n")
    time.sleep(0.3)
    terminal.send("\x03")
    if terminal.expect("after|" + PROMPT)[0] == "after":
        sys.exit("the loop went on")
    status(terminal, 130)
    terminal.line(f"bash -c '{script}' 'trap \"exit 5\" INT; echo begun; while :; do sleep 0.1; done'")
    for _ in range(2):
        terminal.expect("begun\n")
        time.sleep(0.3)
        terminal.send("\x03")
        terminal.expect("after 5\n")
    terminal.expect(PROMPT)
    status(terminal, 0)


def catch(options):
    terminal = start(options)
    job(terminal, "while :; do sleep 0.1; done", 'trap "echo caught; exit 5" INT; ')
    terminal.send("\x03")
    terminal.expect("caught")
    terminal.expect(PROMPT)
    status(terminal, 5)


def suspend(options):
    terminal = start(options)
    job(terminal, "exec cat")
    for _ in range(2):
        terminal.send("\x1a")
        terminal.expect("Stopped")
        terminal.expect(PROMPT)
        foreground(terminal, r'"\$@"')
        terminal.line("one")
        terminal.expect("one\n")
    terminal.send("\x1a")
    terminal.expect("Stopped")
    terminal.expect(PROMPT)
    terminal.line("bg")
    terminal.expect(PROMPT)
    until(terminal, "jobs", "Stopped")  # it reads from the terminal in the background
    foreground(terminal, r'"\$@"')
    terminal.line("two")
    terminal.expect("two\n")
    terminal.send("\x03")
    terminal.expect(PROMPT)
    status(terminal, 130)


def shell(options):
    terminal = start(options)
    terminal.line('PS1="inner> " proot sh -i')
    terminal.expect("inner> ")
    terminal.line("sh -c 'echo be''gun; exec sleep 100'")
    terminal.expect("begun\n")
    terminal.send("\x1a")
    terminal.expect("Stopped")
    terminal.expect("inner> ")
    terminal.line("jobs")
    terminal.expect("Stopped.*sleep 100")
    terminal.expect("inner> ")
    foreground(terminal, "sleep 100")
    terminal.send("\x03")
    terminal.expect("inner> ")
    terminal.line("sleep 0.2 & wait; echo wait''ed")
    terminal.expect("waited")
    terminal.line("exit 3")
    terminal.expect(PROMPT)
    status(terminal, 3)


def background(options):
    terminal = start(options)
    terminal.line("proot cat &")
    terminal.expect(PROMPT)
    until(terminal, "jobs", "Stopped")
    foreground(terminal, "proot cat")
    terminal.line("hello")
    terminal.expect("hello")
    terminal.send("\x04")
    terminal.expect(PROMPT)
    status(terminal, 0)


def size(options):
    terminal = start(options)
    fcntl.ioctl(terminal.fd, termios.TIOCSWINSZ, struct.pack("HHHH", 33, 77, 0, 0))
    terminal.line("proot stty size")
    terminal.expect("33 77\n")
    terminal.expect(PROMPT)
    job(terminal, "while :; do sleep 0.1; done", 'trap "stty size; exit" WINCH; ')
    fcntl.ioctl(terminal.fd, termios.TIOCSWINSZ, struct.pack("HHHH", 34, 78, 0, 0))
    terminal.expect("34 78\n")
    terminal.expect(PROMPT)


def hangup(options):
    """proot itself is the terminal's program, as in xterm -e proot."""
    terminal = Terminal(os.environ["PROOT"], "-r", os.environ["GUEST"], *options, "sh", "-c",
                        'trap "echo gone >/tmp/hangup; exit" HUP; echo begun; while :; do sleep 0.1; done')
    terminal.expect("begun\n")
    mark = os.path.join(os.environ["GUEST"], "tmp/hangup")
    os.close(terminal.fd)
    end = time.monotonic() + 50
    while not os.path.exists(mark):
        if time.monotonic() > end:
            sys.exit("the command never heard of the hangup")
        time.sleep(0.05)
    os.unlink(mark)


SCENES = {"interrupt": interrupt, "quit": quit_key, "loop": loop, "catch": catch, "suspend": suspend, "shell": shell,
          "background": background, "size": size, "hangup": hangup}

if __name__ == "__main__":
    SCENES[sys.argv[1]](sys.argv[2:])
