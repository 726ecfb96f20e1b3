#!/bin/sh
# Mail goes in at one front door, out of the queue by SMTP to another, by LMTP
# and to programs: with real clients and servers around it.
[ ! -w /dev/shm ] || export TMPDIR=/dev/shm
# shellcheck source=t/lib.sh
. "${0%/*}/lib.sh"
need tcpserver smtp-source smtp-sink python3

N=300
new_setup
control route smtp:127.0.0.1:1
user=
[ "$(id -u)" -ne 0 ] || user="-u nobody"
chmod 755 "$T"

# take N: N messages to RECIPIENT in ten sessions.
take() {
	serve_tcp -c 40 -- "$SMTPE" -c "$T/control" -q "$T/queue" -o log=none \
	    -o relayhosts=127.0.0.1
	ok "$1 messages are taken" smtp-source -s 10 -m "$1" -l 4096 \
	    -f a@client.example -t "$2" "127.0.0.1:$PORT"
	stop "$SERVER"
}
run() {
	"$QUEUERUN" -c "$T/control" -q "$T/queue" "$@" 2>"$T/log"
	STATUS=$?
}

# To Postfix's sink, by a route and by smtproutes.
port=$(free_port)
mkdir "$T/sink"
chmod 777 "$T/sink"
# shellcheck disable=SC2086
smtp-sink $user -d "$T/sink/m." -M 100000 "127.0.0.1:$port" 50 \
    >"$T/sink.log" 2>&1 </dev/null &
started $!
until_true 10 listening "$port" || diag "$(cat "$T/sink.log")"
take "$N" b@example.net
control smtproutes "example.net:127.0.0.1:$port"
run
is "a run delivers them" "$STATUS $(entries new) $(entries due)" "0 0 0"
is "smtp-sink has each" \
    "$(cat "$T"/sink/m.* | grep -c '^X-Rcpt-Args: <b@example.net>')" "$N"
like "and the log says who took it" "$(grep event=delivery "$T/log")" \
    'agent=smtp .*outcome=ok .*code=250'

# From one of ours to the next: nothing is changed but the fields we add.
mkdir -p "$T/next"
cp -R "$T/control" "$T/next/control"
printf '%s\n' example.net >"$T/next/control/locals"
printf '%s\n' example.net >"$T/next/control/rcpthosts"
printf '%s\n' "$T/next/maildir" >"$T/next/control/maildir"
printf '%s\n' other.example.net >"$T/next/control/me"
rm "$T/next/control/smtproutes"
serve_tcp -c 40 -- "$SMTPE" -c "$T/next/control" -q "$T/next/queue" -o log=none
NEXT=$PORT
{
	printf 'From: <a@client.example>\nSubject: x\n\n.\n..\n.dot\n'
	printf 'From x\n\ncaf\303\251\n'
} >"$T/body"
serve_tcp -- "$SMTPE" -c "$T/control" -q "$T/queue" -o log=none \
    -o relayhosts=127.0.0.1
ok "a message is taken" smtp-source -F "$T/body" -f a@client.example \
    -t b@example.net "127.0.0.1:$PORT"
stop "$SERVER"
control smtproutes "example.net:127.0.0.1:$NEXT"
run
is "it goes to the next one" "$STATUS $(entries new)" "0 0"
"$QUEUERUN" -c "$T/next/control" -q "$T/next/queue" -o log=none
{
	cat "$T/body"
	echo
} >"$T/want"
sed '1,/^Subject:/{/^From:/!{/^Subject:/!d;};}' "$T"/next/maildir/new/* \
    >"$T/got"
ok "octet for octet" cmp -s "$T/want" "$T/got"
is "two Received fields" \
    "$(grep -c '^Received:' "$T"/next/maildir/new/*)" 2

# A server that is down: the mail waits, and why says for what.
control smtproutes "example.net:127.0.0.1:1"
take 3 b@example.net
run
is "nobody listens: they wait" "$STATUS $(entries new) $(entries due)" "0 0 3"
like "and the log says why" "$(grep event=delivery "$T/log")" \
    'outcome=later code=451 .*Connection refused'
control smtproutes "example.net:127.0.0.1:$NEXT"
run --flush
is "until somebody does" "$(entries due)" 0

# To a program, for a virtual domain.
control virtualdomains v.example.org:alice
control rcpthosts v.example.org
control routes "v.example.org:pipe:cat >>$T/piped; echo \"\$LOCAL \$EXT\" >>$T/env"
take 20 x@v.example.org
run
is "20 runs of a program" \
    "$(sort "$T/env" | uniq -c | sed 's/^ *//') $(grep -c '^Delivered-To:' "$T/piped")" \
    "20 alice-x x 20"
control routes "v.example.org:pipe:echo 5.1.1 nobody here; exit 100"
take 1 x@v.example.org
run -o route=discard:
like "one that refuses" "$(grep event=delivery "$T/log")" \
    'outcome=fail code=554 .*nobody here'
done_testing
