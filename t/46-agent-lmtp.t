#!/bin/sh
# agent-lmtp: what every agent must do (helpers/agent_conformance.py), then one
# answer for each recipient, and Unix sockets.
[ ! -w /dev/shm ] || export TMPDIR=/dev/shm
# shellcheck source=t/lib.sh
. "${0%/*}/lib.sh"
need python3

PYTHONDONTWRITEBYTECODE=1 python3 "$HERE/helpers/agent_lmtp.py" \
    "$BUILD" "$T"
