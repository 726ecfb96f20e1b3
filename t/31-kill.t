#!/bin/sh
# Runners and agents are killed at random while they drain the queue: nothing
# is lost (helpers/kill.py). SEED repeats a run.
# shellcheck source=t/lib.sh
. "${0%/*}/lib.sh"
need python3
seed=${SEED:-$(date +%N | sed 's/^0*//')}
# A sanitizer's search for leaks is a process that would be killed, too, and is
# waited for without end.
ASAN_OPTIONS=${ASAN_OPTIONS:+$ASAN_OPTIONS:}detect_leaks=0
export ASAN_OPTIONS
TMPDIR=$T python3 "$HERE/helpers/kill.py" "${seed:-1}" 400 25
