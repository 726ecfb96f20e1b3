#!/bin/sh
# Mail of 50 MB, and mail that is nearly nothing, arrives in RabbitMQ octet for
# octet, in both formats.
# shellcheck source=t/lib.sh
. "${0%/*}/../lib.sh"
need python3 perl epmd
[ -e /usr/sbin/rabbitmq-server ] || skip_all "no rabbitmq-server here"
[ -x "$BUILD/t/helpers/amqp-tool" ] || skip_all "amqp-tool is not built"
python3 -B "$HERE/helpers/amqp_large.py" "$BUILD" "$T" "${MB:-50}"
