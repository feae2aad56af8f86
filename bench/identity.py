# SPDX-License-Identifier: GPL-2.0-or-later
"""What it costs to be root: rows that compare real root in a chroot with a user under `proot -0` or `-S`.

Both have a small Debian whose files have owners, modes and devices of all kinds
(tests/guests/packed): root's is unpacked by root, the user's under proot.
"""

import os
import shutil
import subprocess
import time

ENVIRONMENT = {
    "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
    "LANG": "C.UTF-8",
    "HOME": "/root",
    "DEBIAN_FRONTEND": "noninteractive",
}


def unpack(words, archive, tree, **user):
    """By the tar of this machine, which WORDS begin."""
    command = [*words, "tar", "--xattrs", "--xattrs-include=*", "--numeric-owner", "-C", tree, "-xpf", archive]
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL, cwd="/", **user)


class Trees:
    """Both trees, in HERE, and how each side goes into them. PROOT is the command, as words."""

    def __init__(self, here, packed, proot, uid):
        self.here = here
        self.packed = packed
        self.proot = proot
        self.user = {"user": uid, "group": uid, "extra_groups": []}
        self.owner = uid
        for side in ("chroot", "proot"):
            self.make(side, "tree")

    def make(self, side, name):
        """A fresh tree; its path."""
        place = f"{self.here}/{side}"
        tree = f"{place}/{name}"
        owner = self.owner if side == "proot" else 0
        for directory in (place, tree):
            os.makedirs(directory, exist_ok=True)
            os.chown(directory, owner, owner)
        if side == "proot":
            unpack([*self.proot, "-0"], f"{self.packed}/debian.tar", tree, **self.user)
        else:
            unpack([], f"{self.packed}/debian.tar", tree)
        return tree

    def run(self, side, tree, option, command):
        """Seconds that the shell COMMAND takes there, or None if it fails. OPTION is -S, or -0 -r."""
        words = ["chroot", tree] if side == "chroot" else [*self.proot, *option.split(), tree]
        user = {} if side == "chroot" else self.user
        start = time.monotonic()
        done = subprocess.run(
            [*words, "/bin/sh", "-ec", command],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd="/",
            env=ENVIRONMENT,
            **user,
        )
        seconds = time.monotonic() - start
        return None if done.returncode else seconds


def show_machine(tree, mount):
    """What -S shows of the machine, or its end."""
    for name in ("proc", "sys", "dev"):
        words = ["mount", "--rbind", f"/{name}"] if mount else ["umount", "--recursive", "--lazy"]
        subprocess.run([*words, f"{tree}/{name}"], check=True)


def measure_in_fresh(trees, row, side):
    """In a tree of its own, because the command changes it; packages lie in /debs."""
    tree = trees.make(side, "fresh")
    try:
        shutil.copytree(f"{trees.packed}/debs", f"{tree}/debs")
        if side == "chroot":
            show_machine(tree, True)
        return trees.run(side, tree, row.option, row.command)
    finally:
        if side == "chroot":
            show_machine(tree, False)
        subprocess.run(["rm", "-rf", "--one-file-system", tree], check=True)


def measure(trees, row):
    """A function from a way to seconds, as bench/run has them."""

    def of(way):
        if row.is_fresh:
            return measure_in_fresh(trees, row, way.name)
        return trees.run(way.name, f"{trees.here}/{way.name}/tree", row.option, row.command)

    return of
