#!/bin/sh
# Senders are told, once: a runner that bounces whose system calls fail, one after
# the other (helpers/faults_bounce.py; kills are t/48-faults-bounces.t).
# shellcheck source=t/lib.sh
. "${0%/*}/../lib.sh"
need python3
need_strace
in_memory 50000

if out=$(TMPDIR=$MEMORY python3 "$HERE/helpers/faults_bounce.py" errors 2>&1); then
	pass "$(printf '%s\n' "$out" | sed -n 's/^ok 1 - //p')"
else
	fail "errors of a runner that bounces"
	diag "$(printf '%s\n' "$out" | head -n 60)"
fi
done_testing
