#!/bin/sh
# The complete agent that smtpe-agent(7) prints does what the page says.
# shellcheck source=t/lib.sh
. "${0%/*}/lib.sh"
need python3 mandoc

PYTHONDONTWRITEBYTECODE=1 python3 "$HERE/helpers/agent_example.py" \
    "${HERE%/*}/man/smtpe-agent.7" "$T"
