#!/bin/sh
# Random commands, and a script that answers at random: the two never get out
# of step (helpers/random_session.py). SEED repeats a run.
# shellcheck source=t/lib.sh
. "${0%/*}/lib.sh"
need python3
in_memory 100000
seed=${SEED:-$(date +%N | sed 's/^0*//')}
TMPDIR=$MEMORY python3 "$HERE/helpers/random_session.py" "${seed:-1}" 20000
