#!/bin/bash
# Threads, with signals and processes of their own: threads.c, compiled by the runner.
. "$T/lib.sh"

"$T/threads" 16
echo "status $?"
"$T/threads" 2 fork
echo "status $?"
