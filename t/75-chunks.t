#!/bin/sh
# What a script sees of a message does not depend on how it came: by DATA, or
# in chunks, wherever they were cut (helpers/chunks.py). SEED repeats a run.
# shellcheck source=t/lib.sh
. "${0%/*}/lib.sh"
need python3
in_memory 100000
seed=${SEED:-$(date +%N | sed 's/^0*//')}
TMPDIR=$MEMORY python3 "$HERE/helpers/chunks.py" "${seed:-1}"
