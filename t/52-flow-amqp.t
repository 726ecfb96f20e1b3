#!/bin/sh
# Mail goes in at the front door and comes out of RabbitMQ: 2,000 messages in
# 20 sessions, 2,000 message ids consumed. Then runner, agent and broker are
# killed while the queue is drained, and everything that was acknowledged is
# in the broker all the same. SEED repeats a run.
# shellcheck source=t/lib.sh
. "${0%/*}/lib.sh"
need tcpserver smtp-source python3 perl epmd
[ -e /usr/sbin/rabbitmq-server ] || skip_all "no rabbitmq-server here"
TOOL=$BUILD/t/helpers/amqp-tool
[ -x "$TOOL" ] || skip_all "amqp-tool is not built"
# shellcheck source=t/lib-rabbit.sh
. "$HERE/lib-rabbit.sh"

new_setup
rabbit_start "$T/rabbit" || {
	fail "a RabbitMQ node of our own starts"
	done_testing
	exit
}
control amqp "$AMQP_URI"
echo "example.org:amqp:/mail" >"$T/control/routes"
control amqptimeout 5
control retry "1 1 1"
"$TOOL" "$AMQP_URI" declare mail >/dev/null || fail "the queue is declared"

# take N: N messages through tcpserver; their ids go to $T/acknowledged.
take() {
	: >"$T/log"
	serve_tcp -c 40 -- "$SMTPE" -c "$T/control" -q "$T/queue"
	ok "$1 messages acknowledged" smtp-source -s 20 -m "$1" -l 4096 \
	    -f a@client.example -t b@example.org "127.0.0.1:$PORT"
	stop "$SERVER"
	sed -n 's/.*event=message id=\([0-9a-z]*\) result=new.*/\1/p' "$T/log" |
	    sort >"$T/acknowledged"
	is "$1 entries" "$(entries new)" "$1"
}

# consume: the message ids that are in the broker, to $T/consumed.
consume() {
	rm -rf "$T/bodies"
	mkdir "$T/bodies"
	"$TOOL" "$AMQP_URI" consume mail 0 "$T/bodies" |
	    sed -n 's/.*"message_id": *"\([^"]*\)".*/\1/p' | sort >"$T/consumed"
}

left() {
	find "$T/queue" -type f ! -path '*/log/*' | wc -l
}

take 2000
ok "queuerun: exit 0" "$QUEUERUN" -c "$T/control" -q "$T/queue" -o log=none
is "the queue is empty" "$(left)" 0
consume
is "2000 messages are in the broker" "$(wc -l <"$T/consumed")" 2000
ok "with the ids that were acknowledged, each once" \
    cmp -s "$T/acknowledged" "$T/consumed"

# hook.amqp chooses; what it gives back as it was stays the route's template.
cat >"$T/policy.lua" <<'X'
function hook.amqp(msg, properties)
	assert(properties.exchange == "" and properties.key == "%u.box")
	if msg:size() > 1e6 then return end
	properties.type = "invoice"
	properties.priority = 3
	properties.headers.size = msg:size()
	properties.headers.urgent = true
	return properties
end
X
"$TOOL" "$AMQP_URI" declare b.box >/dev/null || fail "the queue is declared"
echo "example.org:amqp:/%u.box" >"$T/control/routes"
session "$T/in"
smtpe_run "$T/in"
ok "queuerun with hook.amqp" "$QUEUERUN" -c "$T/control" -q "$T/queue" \
    -s "$T/policy.lua" -o log=none
mkdir "$T/one"
"$TOOL" "$AMQP_URI" consume b.box 0 "$T/one" >"$T/hooked"
like "its type and priority" "$(cat "$T/hooked")" \
    '"priority": ?3,.*"type": ?"invoice"'
like "and its headers" "$(cat "$T/hooked")" '"urgent": ?\["t", ?true\]'
echo "example.org:amqp:/mail" >"$T/control/routes"

# Now with trouble: pauses of a random length, then one of the three dies.
SEED=${SEED:-$(date +%N | sed 's/^0*//')}
diag "SEED=$SEED"
random() {
	SEED=$(((${SEED:-1} * 1103515245 + 12345) % 2147483648))
	echo $((SEED / 65536 % $1))
}
take 2000
round=0
while [ "$round" -lt 9 ] && [ "$(left)" -gt 0 ]; do
	round=$((round + 1))
	"$QUEUERUN" -c "$T/control" -q "$T/queue" -o log=none --flush \
	    2>>"$T/log.run" &
	run=$!
	random 15 >"$T/n"
	sleep "0.$(printf %02d "$(cat "$T/n")")"
	case $((round % 3)) in
	0) kill -9 "$run" 2>/dev/null ;;
	1) rabbit_kill && rabbit_start "$T/rabbit" ;;
	2)
		agent=$(pgrep -P "$run" -f agent-amqp)
		[ -z "$agent" ] || kill -9 "$agent"
		;;
	esac
	wait "$run"
done
diag "killed $round times, $(left) left"
tries=0
while [ "$(left)" -gt 0 ] && [ "$tries" -lt 10 ]; do
	tries=$((tries + 1))
	"$QUEUERUN" -c "$T/control" -q "$T/queue" -o log=none --flush
done
is "the queue is empty in the end" "$(left)" 0
consume
sort -u "$T/consumed" >"$T/distinct"
is "nothing that was acknowledged is missing" \
    "$(comm -23 "$T/acknowledged" "$T/distinct" | wc -l)" 0
is "and nothing else is there" \
    "$(comm -13 "$T/acknowledged" "$T/distinct" | wc -l)" 0
diag "$(($(wc -l <"$T/consumed") - $(wc -l <"$T/distinct"))) were published twice"
rabbit_stop
done_testing
