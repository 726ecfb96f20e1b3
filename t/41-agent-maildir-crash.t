#!/bin/sh
# agent-maildir is killed at each system call of a delivery: what is in new/ is
# whole, and a repeat gives exactly one file.
# In memory where possible.
[ ! -w /dev/shm ] || export TMPDIR=/dev/shm
# shellcheck source=t/lib.sh
. "${0%/*}/lib.sh"
need python3

[ -x "$BUILD/queuerun/agent-maildir" ] || {
	fail "agent-maildir is built"
	done_testing
}
# A sanitizer cannot look for leaks in what is traced, and ends with 1.
ASAN_OPTIONS=${ASAN_OPTIONS:+$ASAN_OPTIONS:}detect_leaks=0
export ASAN_OPTIONS
PYTHONDONTWRITEBYTECODE=1 python3 "$HERE/helpers/agent_maildir.py" \
    "$BUILD" "$T" crash
