#!/bin/sh
# Under every launcher, in the clear and with TLS from the start: a message goes
# through, the log never reaches the client, and the client's address is the
# right one.
# shellcheck source=t/lib.sh
. "${0%/*}/lib.sh"
need tcpserver swaks perl python3 openssl

new_setup
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 \
    -subj /CN=mx.example.org -keyout "$T/cert.pem" -out "$T/chain.pem" \
    2>/dev/null
cat "$T/chain.pem" >>"$T/cert.pem"
control tlscert "$T/cert.pem"
control tlscache "$T/tlscache"

# check NAME PORT LOG-FILE [smtps]: one message over TCP; what the client got is
# SMTP and nothing else, and the entry names 127.0.0.1 and the client's own
# port. A log that goes to syslog cannot be seen.
check() {
	rm -rf "$T/queue"
	protocol=ESMTP
	case ${4:-} in
	smtps)
		protocol=ESMTPS
		got=$(python3 "$HERE/helpers/client_tls.py" "$2" \
		    "$T/port-used" 2>&1) ;;
	*)
		got=$(perl "$HERE/helpers/client.pl" "$2" "$T/port-used" 2>&1) ;;
	esac
	is "$1: the dialogue" "$(printf '%s\n' "$got" | sed -n 's/^\(...\) .*/\1/p' | tr '\n' ' ')" \
	    "220 250 250 250 354 250 221 "
	unlike "$1: no log line reaches the client" "$got" 'event='
	is "$1: one entry" "$(entries new)" 1
	entry=$(cat "$T"/queue/new/* | tr '\r' '\n')
	like "$1: the entry names the client" "$entry" \
	    '^client-ip 127\.0\.0\.1$'
	like "$1: and its port" "$entry" \
	    "^client-port $(cat "$T/port-used")\$"
	like "$1: and the protocol" "$entry" "^protocol $protocol\$"
	[ -z "$3" ] || like "$1: the log is where it belongs" "$(cat "$3")" \
	    '^smtpe\[[0-9]+\] event='
}

# check_both NAME: with start LOG-FILE-SETTING functions: "start ARGUMENTS..."
# starts the launcher with these of smtpe's and sets PORT, SERVER and LOG.
check_both() {
	for how in plain smtps; do
		case $how in
		smtps) start --smtps ;;
		*) start ;;
		esac
		check "$1, $how" "$PORT" "$LOG" "$how"
		stop "$SERVER"
	done
}

# --- ucspi-tcp ---

start() {
	LOG=$T/log
	: >"$LOG"
	serve_tcp -- "$SMTPE" -c "$T/control" -q "$T/queue" "$@"
}
check_both tcpserver

# --- ucspi-tcp-ipv6, which cannot be installed beside it ---

ipv6=$HERE/../build/launchers/ucspi-tcp-ipv6/usr/bin/tcpserver
start() {
	LOG=$T/ipv6.log
	PORT=$(free_port)
	"$ipv6" -H -R -l mx.local ::0 "$PORT" "$SMTPE" -c "$T/control" \
	    -q "$T/queue" "$@" >"$T/ipv6.out" 2>"$LOG" </dev/null &
	SERVER=$!
	started "$SERVER"
	until_true 10 listening "$PORT"
}
if [ -x "$ipv6" ]; then
	check_both ucspi-tcp-ipv6
else
	skip 14 "no ucspi-tcp-ipv6 here (scripts/check unpacks it)"
fi
# What it sets for a client with an address of that kind.
session "$T/in"
rm -rf "$T/queue"
PROTO=TCP6 TCP6REMOTEIP=2001:db8::7 TCP6REMOTEPORT=4711 \
    TCPREMOTEIP=192.0.2.7 TCPREMOTEPORT=1 smtpe_run "$T/in"
like "TCP6REMOTEIP is the client" "$(cat "$T"/queue/new/*)" \
    '^client-ip 2001:db8::7$'
like "TCP6REMOTEPORT is its port" "$(cat "$T"/queue/new/*)" \
    '^client-port 4711$'

# --- ipsvd ---

start() {
	LOG=$T/svd.log
	PORT=$(free_port)
	tcpsvd -l mx.local 127.0.0.1 "$PORT" "$SMTPE" -c "$T/control" \
	    -q "$T/queue" "$@" >"$T/svd.out" 2>"$LOG" </dev/null &
	SERVER=$!
	started "$SERVER"
	until_true 10 listening "$PORT"
}
if command -v tcpsvd >/dev/null; then
	check_both tcpsvd
else
	skip 14 "no tcpsvd (ipsvd) here"
fi

# --- systemd ---

start() {
	LOG=$T/sd.log
	PORT=$(free_port)
	# Its own stderr is inherited by smtpe: that is where the log goes.
	systemd-socket-activate --accept --inetd -l "127.0.0.1:$PORT" \
	    "$SMTPE" -c "$T/control" -q "$T/queue" "$@" \
	    >"$T/sd.out" 2>"$LOG" </dev/null &
	SERVER=$!
	started "$SERVER"
	until_true 10 listening "$PORT"
}
if command -v systemd-socket-activate >/dev/null; then
	check_both systemd
else
	skip 14 "no systemd-socket-activate here"
fi

# --- inetd: fd 2 is the client's socket, too; the log must go to syslog ---

inetd=
for p in openbsd-inetd inetd; do
	command -v $p >/dev/null && inetd=$p && break
done
start() {
	LOG=
	PORT=$(free_port)
	printf '127.0.0.1:%s stream tcp nowait root %s smtpe -c %s -q %s %s\n' \
	    "$PORT" "$SMTPE" "$T/control" "$T/queue" "$*" >"$T/inetd.conf"
	$inetd -i "$T/inetd.conf" >"$T/inetd.out" 2>&1 </dev/null &
	SERVER=$!
	started "$SERVER"
	until_true 10 listening "$PORT" || diag "$(cat "$T/inetd.out")"
}
if [ -n "$inetd" ] && [ "$(id -u)" = 0 ]; then
	check_both inetd
elif [ -z "$inetd" ]; then
	skip 12 "no openbsd-inetd here"
else
	skip 12 "inetd needs root"
fi

# --- xinetd, with the example; it cannot be installed beside the other ---

xinetd=$HERE/../build/launchers/xinetd/usr/sbin/xinetd
[ -x "$xinetd" ] || xinetd=$(command -v xinetd)
start() {
	LOG=
	PORT=$(free_port)
	sed "s,/usr/local/bin/smtpe,$SMTPE,
		s,\(port.*= \)25,\1$PORT,
		s,\(user.*= \)smtpe,\1root,
		s,flags.*,server_args = -c $T/control -q $T/queue $*," \
	    "$HERE/../etc/xinetd/smtpe" >"$T/xinetd.conf"
	"$xinetd" -dontfork -stayalive -f "$T/xinetd.conf" -filelog "$T/xinetd.log" \
	    -pidfile "$T/xinetd.pid" >"$T/xinetd.out" 2>&1 </dev/null &
	SERVER=$!
	started "$SERVER"
	until_true 10 listening "$PORT" ||
	    diag "$(cat "$T/xinetd.out" "$T/xinetd.log")"
}
if [ -z "$xinetd" ]; then
	skip 12 "no xinetd here (scripts/check unpacks it)"
elif [ "$(id -u)" = 0 ]; then
	check_both xinetd
else
	skip 12 "xinetd needs root"
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
	perl "$HERE/helpers/client.pl" "$PORT" "$T/port-used.$n" >"$T/par.$n" 2>&1 &
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
