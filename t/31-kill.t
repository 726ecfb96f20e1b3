#!/bin/sh
# Runners and agents are killed at random while they drain the queue: nothing
# is lost (helpers/kill.py). SEED repeats a run.
# shellcheck source=t/lib.sh
. "${0%/*}/lib.sh"
need python3
seed=${SEED:-$(date +%N | sed 's/^0*//')}
TMPDIR=$T python3 "$HERE/helpers/kill.py" "${seed:-1}" 400 25
