#!/bin/sh
# smtpe-cluster(7), word for word: the settings that the page shows make a
# front machine that its balancer finds up, that takes the client's address
# from the balancer, and that hands its mail to the brokers.
# shellcheck source=t/lib.sh
. "${0%/*}/lib.sh"

page=$HERE/../man/smtpe-cluster.7
mkdir "$T/control"
# "$ cat FILE" and what it prints.
awk -v dir="$T/control" '
	/^\.Ed/ { file = "" }
	/^\$ / { file = "" }
	/^\$ cat / { file = $3; sub(".*/", "", file); next }
	file != "" { print > (dir "/" file) }
' "$page"
is "the page's settings" "$(cd "$T/control" && echo *)" \
    "amqp amqpdeclare amqpexchange amqproutingkey locals proxyhosts proxylocal rcpthosts route"
echo mx.example.org >"$T/control/me"
echo "$T/queue" >"$T/control/queuedir"

# front HEADER LINE...: a session with the PROXY header in front.
front() {
	printf '%b' "$1"
	shift
	printf '%s\r\n' "$@" QUIT
}
local_header='\r\n\r\n\0000\r\nQUIT\n\0040\0000\0000\0000'
client_header='\r\n\r\n\0000\r\nQUIT\n\0041\0021\0000\0014\0306\0063\0144\0007\0300\0000\0002\0013\0234\0100\0000\0031'

front "$local_header" "$(sed -n 's/^ *option smtpchk //p' "$page")" |
    TCPREMOTEIP=192.0.2.1 PROTO=TCP "$SMTPE" -c "$T/control" \
    >"$T/out" 2>"$T/err"
like "the balancer's check is greeted" "$(cat "$T/out")" "220 mx.example.org"
like "and answered" "$(cat "$T/out")" "250 HELP"

front "$client_header" "EHLO client" "MAIL FROM:<a@example.net>" \
    "RCPT TO:<b@example.org>" DATA "Subject: x" "" "x" . |
    TCPREMOTEIP=192.0.2.1 PROTO=TCP "$SMTPE" -c "$T/control" \
    >"$T/out" 2>>"$T/err"
like "mail is taken" "$(cat "$T/out")" "250 2.0.0 Queued as"
like "from the client" "$(cat "$T/queue"/new/*)" "client-ip 198.51.100.7"
"$SMTPE_QUEUE" -c "$T/control" why "$(ls "$T/queue/new")" >"$T/why"
like "and goes to the brokers" "$(cat "$T/why")" "amqp:"

"$QUEUERUN" -c "$T/control" -o amqp=amqp://127.0.0.1:1/mail 2>"$T/err"
like "whose settings an agent understands" "$(cat "$T/err")" 'outcome=later code=451 text="127.0.0.1:1: connect'
unlike "with none that is wrong" "$(cat "$T"/queue/log/*/*)" "4\.3\.5"
done_testing
