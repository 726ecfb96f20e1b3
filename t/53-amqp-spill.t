#!/bin/sh
# amqpspill from end to end: the copy is there as long as the entry is in the
# queue, in whatever way that leaves.
# shellcheck source=t/lib.sh
. "${0%/*}/lib.sh"
need python3
[ -x "$BUILD/queuerun/agent-amqp" ] || skip_all "agent-amqp is not built"

new_setup
mkdir "$T/spill"
control amqp amqp://127.0.0.1:1
control amqpspill "$T/spill"
control retry "1 1 1"
control route amqp:/mail
control locals local.test

run() {
	"$QUEUERUN" -c "$T/control" -q "$T/queue" -o log=none --flush "$@"
}
spilled() {
	find "$T/spill" -type f | wc -l
}

session "$T/input"
smtpe_run "$T/input"
smtpe_run "$T/input"
is "two are accepted" "$(entries new)" 2
is "nothing is spilled before an attempt" "$(spilled)" 0
ok "no broker: the run is complete" run
is "both are spilled" "$(spilled)" 2
is "and both are in the queue" \
    "$(entries due)" 2
ok "again" run
is "once each" "$(spilled)" 2
id=$("$SMTPE_QUEUE" -c "$T/control" -q "$T/queue" list --json |
    python3 -c 'import json, sys; print(json.load(sys.stdin)[0]["id"])')
is "the copy names its entry" "$(grep -l "$id" "$T/spill"/* | wc -l)" 1
ok "an operator removes one" \
    "$SMTPE_QUEUE" -c "$T/control" -q "$T/queue" remove "$id"
is "its copy is gone" "$(spilled) $(grep -l "$id" "$T/spill"/* | wc -l)" "1 0"
ok "the other is delivered" run -o "route=maildir:$T/Maildir"
is "and has arrived" "$(find "$T/Maildir/new" -type f | wc -l)" 1
is "its copy is gone, too" "$(find "$T/spill" -mindepth 1 | wc -l)" 0
done_testing
