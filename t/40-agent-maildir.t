#!/bin/sh
# agent-maildir: what every agent must do (helpers/agent_conformance.py), then
# names, bytes, attackers, loops, full and failing disks.
# In memory where possible: 20,000 small files are made and removed.
[ ! -w /dev/shm ] || export TMPDIR=/dev/shm
# shellcheck source=t/lib.sh
. "${0%/*}/lib.sh"
need python3

[ -x "$BUILD/queuerun/agent-maildir" ] || {
	fail "agent-maildir is built"
	done_testing
}
PYTHONDONTWRITEBYTECODE=1 python3 "$HERE/helpers/agent_maildir.py" \
    "$BUILD" "$T"
