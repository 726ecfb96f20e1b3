#!/bin/sh
# agent-smtp: what every agent must do (helpers/agent_conformance.py), then
# servers of every kind: what they refuse, offer, leave out, say.
[ ! -w /dev/shm ] || export TMPDIR=/dev/shm
# shellcheck source=t/lib.sh
. "${0%/*}/lib.sh"
need python3

PYTHONDONTWRITEBYTECODE=1 python3 "$HERE/helpers/agent_smtp.py" \
    "$BUILD" "$T"
