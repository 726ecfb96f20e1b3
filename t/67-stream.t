#!/bin/sh
# The hooks that see a message while it comes in: 10,000 fields, 100 MB, a field
# of 1 MB, and next to nothing (helpers/stream.py).
# shellcheck source=t/lib.sh
. "${0%/*}/lib.sh"
need python3
in_memory 150000
python3 "$HERE/helpers/stream.py" "$MEMORY"
