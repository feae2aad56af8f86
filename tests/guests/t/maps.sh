#!/bin/sh
# The files a process has mapped, by the names it knows.
. "$T/lib.sh"

# Proot's own memory in the process is there for all to see.
files() {
	grep -v -e '^/memfd:proot' -e '^/SYSV' | sort -u
}

awk '$6 ~ /^\// { print $6 }' /proc/self/maps | files
awk '/heap|stack|vdso/ { print $6 }' /proc/self/maps | sort -u
sleep 1000 &
until_true grep -q bin/sleep /proc/$!/maps
grep -o '/.*bin/sleep' /proc/$!/maps | sort -u
grep -o '/.*bin/sleep' /proc/$!/smaps | sort -u
pmap $! | awk '/sleep|libc/ { print $4 }' | sort -u
kill $!
python3 -c '
import ctypes
class Info(ctypes.Structure):
    _fields_ = [("file", ctypes.c_char_p), ("base", ctypes.c_void_p), ("name", ctypes.c_char_p), ("address", ctypes.c_void_p)]
libc, info = ctypes.CDLL(None), Info()
libc.dladdr(libc.printf, ctypes.byref(info))
print("dladdr", info.file.decode(), info.name.decode())'
find /proc/self/map_files -printf '%l\n' 2>/dev/null | grep '^/' | files
