#!/bin/sh
# Under every launcher: a message goes through, the log never reaches the
# client, and the client's address is the right one.
# shellcheck source=t/lib.sh
. "${0%/*}/lib.sh"
need tcpserver swaks perl

new_setup
client=$HERE/helpers/client.pl

# check NAME PORT LOG-FILE: one message over TCP; what the client got is SMTP
# and nothing else, and the entry names 127.0.0.1 and the client's own port.
check() {
	rm -rf "$T/queue"
	got=$(perl "$client" "$2" "$T/port-used" 2>&1)
	is "$1: the dialogue" "$(printf '%s\n' "$got" | sed -n 's/^\(...\) .*/\1/p' | tr '\n' ' ')" \
	    "220 250 250 250 354 250 221 "
	unlike "$1: no log line reaches the client" "$got" 'event='
	is "$1: one entry" "$(entries new)" 1
	like "$1: the entry names the client" \
	    "$(cat "$T"/queue/new/* | tr '\r' '\n')" '^client-ip 127\.0\.0\.1$'
	like "$1: and its port" "$(cat "$T"/queue/new/*)" \
	    "^client-port $(cat "$T/port-used")\$"
	[ -z "$3" ] || like "$1: the log is where it belongs" "$(cat "$3")" \
	    '^smtpe\[[0-9]+\] event='
}

: >"$T/log"
serve_tcp -- "$SMTPE" -c "$T/control" -q "$T/queue"
check tcpserver "$PORT" "$T/log"
stop "$SERVER"

if command -v systemd-socket-activate >/dev/null; then
	port=$(free_port)
	# Its own stderr is inherited by smtpe: that is where the log goes.
	systemd-socket-activate --accept --inetd -l "127.0.0.1:$port" \
	    "$SMTPE" -c "$T/control" -q "$T/queue" \
	    >"$T/sd.out" 2>"$T/sd.log" </dev/null &
	server=$!
	started "$server"
	until_true 10 listening "$port"
	check systemd "$port" "$T/sd.log"
	stop "$server"
else
	skip 6 "no systemd-socket-activate here"
fi

# inetd: fd 2 is the client's socket, too; the log must go to syslog.
inetd=
for p in openbsd-inetd inetd; do
	command -v $p >/dev/null && inetd=$p && break
done
if [ -n "$inetd" ] && [ "$(id -u)" = 0 ]; then
	port=$(free_port)
	printf '127.0.0.1:%s stream tcp nowait root %s smtpe -c %s -q %s\n' \
	    "$port" "$SMTPE" "$T/control" "$T/queue" >"$T/inetd.conf"
	$inetd -i "$T/inetd.conf" >"$T/inetd.out" 2>&1 </dev/null &
	server=$!
	started "$server"
	until_true 10 listening "$port" || diag "$(cat "$T/inetd.out")"
	check inetd "$port" ""
	stop "$server"
elif [ -z "$inetd" ]; then
	skip 5 "no openbsd-inetd here"
else
	skip 5 "inetd needs root"
fi

# A plain pipe: nothing known of the client.
rm -rf "$T/queue"
session "$T/in"
smtpe_run "$T/in"
is "pipe: exit 0" "$STATUS" 0
is "pipe: the dialogue" "$(sed -n 's/^\(...\) .*/\1/p' "$T/out" | tr '\n' ' ')" \
    "220 250 250 250 354 250 221 "
is "pipe: one entry" "$(entries new)" 1
like "pipe: the client is unknown" "$(cat "$T"/queue/new/*)" \
    '^client-ip unknown$|\(unknown\)'

rm -rf "$T/queue"
swaks --pipe "$SMTPE -c $T/control -q $T/queue" --helo client.example \
    --from a@client.example --to b@example.org >"$T/swaks.out" 2>&1
is "swaks --pipe: exit 0" "$?" 0
is "swaks --pipe: one entry" "$(entries new)" 1

# systemd with Accept=yes names the client in REMOTE_ADDR.
rm -rf "$T/queue"
REMOTE_ADDR=192.0.2.9 REMOTE_PORT=999 smtpe_run "$T/in"
like "REMOTE_ADDR is the client" "$(cat "$T"/queue/new/*)" \
    '^client-ip 192\.0\.2\.9$'

# A launcher that says nonsense is not believed.
rm -rf "$T/queue"
TCPREMOTEIP='not an address' PROTO=TCP smtpe_run "$T/in"
is "nonsense in TCPREMOTEIP: still served" "$STATUS" 0
unlike "nonsense in TCPREMOTEIP: not recorded" "$(cat "$T"/queue/new/*)" \
    'not'

# Several at once, one process each.
rm -rf "$T/queue"
serve_tcp -c 20 -- "$SMTPE" -c "$T/control" -q "$T/queue"
n=0
while [ $n -lt 10 ]; do
	perl "$client" "$PORT" "$T/port-used.$n" >"$T/par.$n" 2>&1 &
	eval "c$n=\$!"
	n=$((n + 1))
done
while [ $n -gt 0 ]; do
	n=$((n - 1))
	eval "wait \$c$n"
done
is "ten at once: ten entries" "$(entries new)" 10
stop "$SERVER"

# Someone who goes away at once leaves nothing and is no failure.
status=$T/status
# shellcheck disable=SC2016
serve_tcp -- sh -c '"$@"; echo $? >>"$0"' "$status" "$SMTPE" \
    -c "$T/control" -q "$T/queue"
perl -MIO::Socket::INET -MSocket=SOL_SOCKET,SO_LINGER -e '
	my $s = IO::Socket::INET->new("127.0.0.1:$ARGV[0]") or die;
	setsockopt $s, SOL_SOCKET, SO_LINGER, pack "ii", 1, 0;
	close $s' "$PORT"
until_true 20 test -s "$status"
is "a reset connection is exit 0" "$(cat "$status")" 0
stop "$SERVER"
done_testing
