#!/bin/sh
# A hundred mail servers, 30 of them dead, 10 slow (helpers/hundred_smtp.py).
[ ! -w /dev/shm ] || export TMPDIR=/dev/shm
# shellcheck source=t/lib.sh
. "${0%/*}/../lib.sh"
need python3

PYTHONDONTWRITEBYTECODE=1 python3 "$HERE/helpers/hundred_smtp.py" \
    "$BUILD" "$T" 20
