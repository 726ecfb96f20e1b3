#!/bin/sh
# Ten thousand messages are due and no broker can be had: one connection to
# each node, not one for each message, and the run ends.
# shellcheck source=t/lib.sh
. "${0%/*}/lib.sh"
need python3
[ -x "$BUILD/queuerun/agent-amqp" ] || skip_all "agent-amqp is not built"

# Two nodes: one hangs up at once, one takes the connection and never speaks.
cat >"$T/nodes.py" <<'X'
import select, socket, sys
nodes = [socket.create_server(("127.0.0.1", 0)) for _ in range(2)]
print(*[n.getsockname()[1] for n in nodes], flush=True)
kept = []
while True:
    for n in select.select(nodes, [], [])[0]:
        c = n.accept()[0]
        print("hangs-up" if n is nodes[0] else "silent", flush=True)
        if n is nodes[0]:
            c.close()
        else:
            kept.append(c)
X
python3 "$T/nodes.py" >"$T/nodes" &
nodes=$!
started "$nodes"
until_true 10 test -s "$T/nodes"
read -r one two <"$T/nodes"

new_setup
in_memory 200000
"$BUILD/t/helpers/make-entry" -q "$MEMORY/queue" -n 10000 -F a@x.test >/dev/null ||
    fail "the entries are made"
control amqp "amqp://127.0.0.1:$one/"
echo "amqp://127.0.0.1:$two/" >>"$T/control/amqp"
control amqptimeout 1
control route amqp:/mail
control locals none.invalid
count() {
	find "$MEMORY/queue/new" "$MEMORY/queue/due" -type f 2>/dev/null | wc -l
}
is "10,000 are waiting" "$(count)" 10000
timeout 120 "$QUEUERUN" -c "$T/control" -q "$MEMORY/queue" -o log=none
is "the run ends by itself" $? 0
is "and nothing is lost" "$(count)" 10000
is "one connection to each node" "$(sed 1d "$T/nodes" | sort | tr '\n' ' ')" \
    "hangs-up silent "
tried=$(find "$MEMORY/queue/due" -type f 2>/dev/null | wc -l)
ok "who was handed out is tried again later ($tried)" test "$tried" -gt 0
ok "the others do not count this as an attempt" test "$tried" -le 600
id=$(basename "$(find "$MEMORY/queue/due" -type f | head -n 1)" | sed 's/.*,//')
like "the history has both reasons" \
    "$(cat "$(find "$MEMORY/queue/log" -name "$id")")" \
    "127\.0\.0\.1:$one.*127\.0\.0\.1:$two"
done_testing
