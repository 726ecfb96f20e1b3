#!/bin/sh
# Faults while a message becomes several entries, with a script and on disk:
# more of what 20-faults.t begins with.
# shellcheck source=t/lib.sh
. "${0%/*}/../lib.sh"
need python3
need_strace

for how in "errors" "kills plain"; do
	# shellcheck disable=SC2086 # two words
	if out=$(TMPDIR=$T python3 "$HERE/helpers/faults_group.py" $how 2>&1); then
		pass "$how: $(printf '%s\n' "$out" | sed -n 's/^ok 1 - //p')"
	else
		fail "$how"
		diag "$out"
	fi
done
done_testing
