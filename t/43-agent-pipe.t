#!/bin/sh
# agent-pipe: what every agent must do (helpers/agent_conformance.py), then
# message, environment, exit statuses, output, time-outs, workers.
[ ! -w /dev/shm ] || export TMPDIR=/dev/shm
# shellcheck source=t/lib.sh
. "${0%/*}/lib.sh"
need python3

PYTHONDONTWRITEBYTECODE=1 python3 "$HERE/helpers/agent_pipe.py" \
    "$BUILD" "$T"
