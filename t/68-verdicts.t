#!/bin/sh
# What each verdict does at each stage (helpers/verdicts.py has the table).
# shellcheck source=t/lib.sh
. "${0%/*}/lib.sh"
need python3
TMPDIR=$T python3 "$HERE/helpers/verdicts.py" "$HERE/../lib"
