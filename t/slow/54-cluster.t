#!/bin/sh
# A RabbitMQ cluster behind two front machines, whose nodes die: the leader,
# the one an agent talks to, two at once. scripts/cluster-demo does it and
# counts.
# shellcheck source=t/lib.sh
. "${0%/*}/../lib.sh"
need tcpserver smtp-source perl epmd
[ -e /usr/sbin/rabbitmq-server ] || skip_all "no rabbitmq-server here"
/usr/bin/python3 -c 'import pika' 2>/dev/null || skip_all "no python3-pika here"

TMPDIR=$T sh "$HERE/../scripts/cluster-demo" --lose-quorum >"$T/demo" 2>&1
is "the demo ends well" $? 0
sed 's/^/# /' "$T/demo"
like "messages were acknowledged" "$(cat "$T/demo")" \
    '^ +2000 messages acknowledged'
like "none of them is missing" "$(cat "$T/demo")" \
    '^ +0 acknowledged and missing'
like "the leader died" "$(cat "$T/demo")" "the queue's leader, is killed"
like "the connected node died" "$(cat "$T/demo")" 'connected to, is killed'
like "the quorum was lost" "$(cat "$T/demo")" 'no quorum'
done_testing
