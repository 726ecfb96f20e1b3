#!/bin/sh
# agent-amqp and peers that never speak, speak garbage, lie or stop: nothing
# is answered "ok" that was not confirmed, and no wait is without an end.
# shellcheck source=t/lib.sh
. "${0%/*}/lib.sh"

need python3
[ -x "$BUILD/queuerun/agent-amqp" ] || skip_all "agent-amqp is not built"
python3 -B "$HERE/helpers/amqp_fakes.py" "$BUILD" "$T"
exit $?
