# SPDX-License-Identifier: GPL-2.0-or-later
# Filters of libseccomp: errors by call and by argument, a log, and what a program executed behind them finds.
import errno, os, seccomp, tempfile

directory = tempfile.mkdtemp()
rules = seccomp.SyscallFilter(defaction=seccomp.ALLOW)
rules.add_rule(seccomp.ERRNO(errno.EACCES), "openat", seccomp.Arg(2, seccomp.MASKED_EQ, os.O_WRONLY, os.O_WRONLY))
rules.add_rule(seccomp.ERRNO(errno.EXDEV), "mkdir")
rules.add_rule(seccomp.ERRNO(errno.EDOM), "getppid")
rules.add_rule(seccomp.LOG, "rmdir")
rules.load()
tries = (
    lambda: len(open("/etc/debian_version").read()) > 2,
    lambda: open("/tmp/new", "w"),
    lambda: os.mkdir("/tmp/new"),
    lambda: os.rmdir("/tmp/none"),
    lambda: os.rmdir(directory),
)
for attempt in tries:
    try:
        print(attempt())
    except OSError as error:
        print(error)
os.execv("/bin/sh", ["sh", "-c", "echo x >/tmp/new; mkdir /tmp/new; grep ^Seccomp /proc/self/status; cat /etc/debian_version"])
