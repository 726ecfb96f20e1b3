#!/bin/sh
# No recipient is lost: each system call of a run with one entry, and of its
# agent, fails once, and each of the two is killed before every call
# (helpers/faults_queuerun.py).
# shellcheck source=t/lib.sh
. "${0%/*}/lib.sh"
need python3
need_strace

for who in runner agent; do
	for kind in kills errors; do
		if out=$(TMPDIR=$T python3 "$HERE/helpers/faults_queuerun.py" \
		    "$who" "$kind" 2>&1); then
			pass "$(printf '%s\n' "$out" | sed -n 's/^ok 1 - //p')"
		else
			fail "$kind of the $who"
			diag "$(printf '%s\n' "$out" | head -n 60)"
		fi
	done
done
done_testing
