#!/bin/sh
# Eight runners at once, of which one, or an agent of one, is killed every few
# milliseconds: nothing is lost (helpers/kill.py). SEED repeats a run.
# shellcheck source=t/lib.sh
. "${0%/*}/../lib.sh"
need python3
seed=${SEED:-$(date +%N | sed 's/^0*//')}
TMPDIR=$T python3 "$HERE/helpers/kill.py" "${seed:-1}" 2000 300 8
