#!/bin/sh
# How a session ends when somebody else wants it to: signals, wherever it is.
# shellcheck source=t/lib.sh
. "${0%/*}/lib.sh"
need python3
TMPDIR=$T python3 "$HERE/helpers/stopped.py"
