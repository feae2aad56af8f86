# SPDX-License-Identifier: GPL-2.0-or-later
"""What bench/run measures: a row for each workload.

`bound` is the largest ratio to the chroot that is accepted, or None.

Paths are the guest's. Each workload finds PLACE/out empty and may write there;
PLACE itself belongs to the user who runs it.
"""

from dataclasses import dataclass, field
from typing import Optional

PLACE = "/tmp/bench"
SOURCES = "/usr/src"
NPM = """
            export HOME=/tmp/bench/npm-home NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt
            node ../npm/bin/npm-cli.js """
REPOSITORY = """
    [ ! -d repository ] || exit 0
    git init -q repository && cd repository
    git config user.name bench && git config user.email bench@localhost
    for round in 1 2 3 4 5; do
        i=0
        while [ $i -lt {n} ]; do
            directory=d$((i % 60))/e$((i % 7)) && mkdir -p $directory
            echo "file $i, round $round" >$directory/f$i && i=$((i + round))
        done
        git add -A && git commit -q -m "round $round"
    done
    git gc -q"""
PACKAGES = ["coreutils", "git", "libc6-dev", "perl-modules-5.36"]


@dataclass
class Micro:
    """One call or two, timed within a process by micro.c, which has a row of this name."""

    name: str
    title: str
    bound: Optional[float] = None
    alone: Optional[str] = None  # what counts is how many times that of this one it takes


@dataclass
class Macro:
    """A shell command, timed from outside. {n} in it stands for the first of `sizes`, in a quick run for the second."""

    name: str
    title: str
    bound: Optional[float]
    command: str
    sizes: tuple = (1, 1)
    setup: str = ""  # once, in the chroot
    before: str = ""  # before each run, in the chroot
    copies: dict = field(default_factory=dict)  # from this machine: {pattern: directory below PLACE}
    needs_network: bool = False
    times_faster: Optional[float] = None  # than Debian's proot, at least


@dataclass
class Identity:
    """A shell command in a Debian with owners of all kinds: by real root, and by a user under proot (identity.py)."""

    name: str
    title: str
    bound: Optional[float]
    command: str
    option: str = "-0 -r"
    is_fresh: bool = False  # each time in a tree of its own


MICRO = [
    Micro("getpid", "getpid", 1.05),
    Micro("read", "read of a byte", 1.05),
    Micro("stat-2", "stat, absolute, depth 2", 1.5),
    Micro("stat-8", "stat, absolute, depth 8", 1.3),
    Micro("stat-relative", "stat, one relative component", 1.25),
    Micro("stat-missing", "stat, missing file", 1.6),
    Micro("stat-links", "stat, three links in the path"),
    Micro("open-close", "open + close, absolute", 1.3),
    Micro("openat-relative", "openat, one component + close", 1.25),
    Micro("access", "access", 1.5),
    Micro("readlink", "readlink", 1.5),
    Micro("getcwd", "getcwd"),
    Micro("mkdir-rmdir", "mkdir + rmdir", 1.25),
    Micro("rename", "rename, there and back", 1.25),
    Micro("create-unlink", "create + close + unlink", 1.25),
    Micro("fork", "fork + wait", 1.1),
    Micro("vfork-exec", "vfork + exec of /bin/true + wait", 1.5),
    Micro("thread", "thread, create + join", 1.05),
    Micro("pipe", "ping-pong between two processes", 1.05),
    Micro("stat-processes", "stat in 2 processes, scaling", 1.05, alone="stat-8"),
    Micro("stat-threads", "stat in 2 threads, scaling", 1.05, alone="stat-8"),
]


MACRO = [
    Macro("find", "find /usr", 1.15, "find {n}", ("/usr", "/usr/share/perl5"), times_faster=4),
    Macro("ls", "ls -lR /usr", 1.25, "ls -lR {n}", ("/usr", "/usr/share/perl5"), times_faster=4),
    Macro("du", "du /usr", 1.15, "du {n}", ("/usr", "/usr/share/perl5")),
    Macro(
        "tar-create",
        "tar, reading 4400 files",
        1.15,
        "tar -cf - {n} | cat",
        ("/usr/include /usr/lib/python3.11 /usr/share/perl", "/usr/include/linux"),
    ),
    Macro(
        "tar-extract",
        "tar, writing 4400 files",
        1.15,
        "tar -xf ../{n}.tar",
        ("large", "small"),
        setup="""
            tar -cf large.tar /usr/include /usr/lib/python3.11 /usr/share/perl
            tar -cf small.tar /usr/include/linux""",
    ),
    Macro(
        "configure",
        "./configure of GNU hello",
        1.25,
        "cd source && ./configure",
        ("hello", "zlib"),
        before="cp -a " + SOURCES + "/{n} source",
        times_faster=4,
    ),
    Macro(
        "make",
        "make -j2 of GNU hello",
        1.12,
        "make -C source -j2",
        ("hello", "zlib"),
        setup="cp -a " + SOURCES + "/{n} configured && cd configured && ./configure",
        before="cp -a ../configured source",
    ),
    Macro(
        "git-clone",
        "git clone, 3000 files",
        1.25,
        "git clone -q ../repository clone",
        (3000, 50),
        setup=REPOSITORY,
    ),
    Macro(
        "git-status",
        "20 x git status, 3000 files",
        1.25,
        "cd ../repository\nfor i in `seq 20`; do git status; done",
        (3000, 50),
        setup=REPOSITORY,
        times_faster=4,
    ),
    Macro(
        "git-log",
        "20 x git log --stat",
        None,
        "cd ../repository\nfor i in `seq 20`; do git log --stat; done",
        (3000, 50),
        setup=REPOSITORY,
    ),
    Macro("python", "50 Python starts", 1.35, "for i in {n}; do python3 -c pass; done", ("`seq 50`", "1 2")),
    Macro(
        "compileall",
        "compileall of Python modules",
        None,
        "PYTHONPYCACHEPREFIX=$PWD python3 -m compileall -q -f /usr/lib/python3.11/{n}",
        ("asyncio /usr/lib/python3.11/email /usr/lib/python3.11/unittest", "json"),
    ),
    Macro("true", "500 x /bin/true from sh", 1.4, "for i in {n}; do /bin/true; done", ("`seq 500`", "1 2 3")),
    Macro(
        "dpkg",
        "dpkg --unpack of 4 packages",
        None,
        """
            dpkg --root=$PWD --log=log --force-not-root --force-script-chrootless --force-depends \
                --unpack ../debs/{n}_*.deb""",
        ("*", "coreutils"),
        before="""
            mkdir -p var/lib/dpkg/updates var/lib/dpkg/info var/lib/dpkg/triggers
            touch var/lib/dpkg/status var/lib/dpkg/available""",
        copies={"{cache}/debs/%s_*.deb" % name: "debs" for name in PACKAGES},
    ),
    Macro(
        "npm",
        "npm install of express",
        None,
        NPM + "install --prefer-offline --no-audit --no-fund express",
        before="echo {} >package.json",
        setup="mkdir npm-home npm-first && cd npm-first && echo {} >package.json"
        + NPM
        + "install --no-audit --no-fund express",
        copies={"{npm}": "."},
        needs_network=True,
    ),
    Macro(
        "cpu",
        "a CPU-bound run: xz",
        1.05,
        "xz -{n} -c ../text",
        (6, 0),
        setup="cat /usr/lib/x86_64-linux-gnu/libc.so.6 /usr/bin/perl /usr/bin/git >text",
    ),
    Macro(
        "io",
        "an I/O-bound run: dd, 4 KiB blocks",
        1.05,
        "dd if=../data of=data bs=4k && dd if=data of=/dev/null bs=4k",
        setup="head -c {n}M /dev/urandom >data",
        sizes=(100, 1),
    ),
]

IDENTITY = [
    Identity("root-ls", "ls -lR / of a Debian, -0", 1.4, "ls -lR /"),
    Identity("root-find", "find /, -0", 1.4, "find /"),
    Identity("root-find-ls", "find / -ls, -0", 1.4, "find / -ls"),
    Identity("root-tar", "tar of it, -0", 1.4, "tar -cf - bin etc home lib* opt root sbin srv usr var | cat"),
    Identity("root-chown", "chown -R of /usr/share, -0", None, "chown -R 1:1 /usr/share; chown -R 0:0 /usr/share"),
    Identity("root-apt", "apt-get install, 30 packages, -S", 1.6, "apt-get -y -q install /debs/*.deb", "-S", True),
]

START = Micro("start", "start of /bin/true", 2.0)
START_MOST = 5.0  # milliseconds

# Of a process that has made calls of all kinds; the bounds are KiB.
MEMORY = [
    Micro("resident", "resident memory of a process", 128),
    Micro("proportional", "the same, what is shared divided"),
]

MEAN_MOST = 1.12  # geometric mean of MACRO
