#!/bin/sh
# Each system call of agent-pipe, agent-smtp, agent-lmtp and agent-amqp fails,
# the first few times that each of their processes makes it. (All of them:
# t/slow.)
[ ! -w /dev/shm ] || export TMPDIR=/dev/shm
# shellcheck source=t/lib.sh
. "${0%/*}/lib.sh"
need python3
need_strace

PYTHONDONTWRITEBYTECODE=1 python3 "$HERE/helpers/agent_faults.py" \
    "$BUILD" "$T" "${FAULTS:-2}"
