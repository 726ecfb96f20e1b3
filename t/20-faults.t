#!/bin/sh
# The promise under faults: each system call of a session with one message
# fails once, and the process is killed before each of them. 250 only with a
# complete entry; without it nothing is left (helpers/faults.py).
# shellcheck source=t/lib.sh
. "${0%/*}/lib.sh"
need python3
need_strace

# sweep NAME TMPDIR ARGUMENTS...
sweep() {
	sweep_with faults "$@"
}

# sweep_with HELPER NAME TMPDIR ARGUMENTS...
sweep_with() {
	helper=$1
	name=$2
	tmp=$3
	shift 3
	if out=$(TMPDIR=$tmp python3 "$HERE/helpers/$helper.py" "$@" 2>&1); then
		pass "$name: $(printf '%s\n' "$out" | sed -n 's/^ok 1 - //p')"
	else
		fail "$name"
		diag "$out"
	fi
}

# In memory as well, where the directory must be synced for itself.
in_memory 100000
sweep "errors, on disk" "$T" errors
sweep "errors, in memory" "$MEMORY" errors existing
sweep "kills, on disk" "$T" kills
sweep "kills, in memory" "$MEMORY" kills existing
sweep "errors, in chunks" "$MEMORY" errors existing bdat
sweep "kills, in chunks" "$MEMORY" kills existing bdat
sweep_with faults_group "a group, kills" "$T" kills
sweep_with faults_group "a group, errors" "$MEMORY" errors plain
done_testing
