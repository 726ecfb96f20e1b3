#!/bin/sh
# agent-amqp and a real RabbitMQ node of its own: what it publishes, what it
# answers when the broker refuses, blocks, stops or dies.
# shellcheck source=t/lib.sh
. "${0%/*}/lib.sh"

need python3 perl epmd openssl pgrep
[ -e /usr/sbin/rabbitmq-server ] || skip_all "no rabbitmq-server here"
[ -x "$BUILD/queuerun/agent-amqp" ] || skip_all "agent-amqp is not built"
[ -x "$BUILD/t/helpers/amqp-tool" ] || skip_all "amqp-tool is not built"
python3 -B "$HERE/helpers/amqp_real.py" "$BUILD" "$T"
exit $?
