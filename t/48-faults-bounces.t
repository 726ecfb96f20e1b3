#!/bin/sh
# Senders are told, once: a runner that bounces is killed before each of its
# system calls (helpers/faults_bounce.py; that each fails: t/slow).
# shellcheck source=t/lib.sh
. "${0%/*}/lib.sh"
need python3
need_strace
in_memory 50000

if out=$(TMPDIR=$MEMORY python3 "$HERE/helpers/faults_bounce.py" kills 2>&1); then
	pass "$(printf '%s\n' "$out" | sed -n 's/^ok 1 - //p')"
else
	fail "kills of a runner that bounces"
	diag "$(printf '%s\n' "$out" | head -n 60)"
fi
done_testing
