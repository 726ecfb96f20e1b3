#!/bin/sh
# What operators do loses no entry: each system call of smtpe-queue fails, and
# it is killed before each, for each verb that changes an entry
# (helpers/faults_operator.py).
[ ! -w /dev/shm ] || export TMPDIR=/dev/shm
# shellcheck source=t/lib.sh
. "${0%/*}/../lib.sh"
need python3
need_strace

# faults KIND VERB...
faults() {
	if out=$(TMPDIR=$T PYTHONDONTWRITEBYTECODE=1 python3 \
	    "$HERE/helpers/faults_operator.py" "$@" 2>&1); then
		pass "$(printf '%s\n' "$out" | sed -n 's/^ok 1 - //p')"
	else
		fail "$1 of smtpe-queue"
		diag "$(printf '%s\n' "$out" | head -n 60)"
	fi
}
faults kills
faults errors
done_testing
