#!/bin/sh
# Ten thousand messages to a hundred destinations (helpers/hundred.py).
[ ! -w /dev/shm ] || export TMPDIR=/dev/shm
# shellcheck source=t/lib.sh
. "${0%/*}/../lib.sh"
need python3

if out=$(TMPDIR=$T python3 "$HERE/helpers/hundred.py" 10000 2>&1); then
	pass "$(printf '%s\n' "$out" | tail -n 1)"
else
	fail "ten thousand to a hundred destinations"
fi
diag "$out"
done_testing
