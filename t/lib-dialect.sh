# lib-dialect.sh: what the tests of dialects share; source it behind lib.sh,
# with the dialect's name in DIALECT.
# shellcheck shell=sh disable=SC2034

new_setup
ehlo='EHLO client.example'
mail='MAIL FROM:<a@sender.example>'
rcpt='RCPT TO:<b@example.org>'

# session NAME COMMAND...: a session with $T/NAME.lua; the client is 192.0.2.7
# and came to 192.0.2.1:25. What it hears is $T/out, without CRs $T/said; the
# log is $T/log.
session() {
	name=$1
	shift
	printf '%s\r\n' "$@" | PROTO=TCP TCPREMOTEIP=192.0.2.7 \
	    TCPREMOTEPORT=4242 TCPLOCALIP=192.0.2.1 TCPLOCALPORT=25 \
	    TCPREMOTEHOST=client.example \
	    "$SMTPE" -c "$T/control" -q "$T/queue" -s "$T/$name.lua" \
	    >"$T/out" 2>"$T/log"
	STATUS=$?
	tr -d '\r' <"$T/out" >"$T/said"
}

# try NAME COMMAND...: the same, with the script that is on standard input.
try() {
	{
		echo "local $DIALECT = require \"$DIALECT\""
		script
	} >"$T/$1.lua"
	session "$@"
}
# What there is of the script behind that, from standard input.
script() {
	cat
}

# said NAME ERE
said() {
	like "$1" "$(cat "$T/said")" "$2"
}

# The codes of the replies.
codes_said() {
	sed -n 's/^\([0-9]*\) .*/\1/p' "$T/said" | tr '\n' ' '
}

# codes NAME "CODE CODE ... "
codes() {
	is "$1" "$(codes_said)" "$2"
}

# next_hops: what goes by smtp: comes to one of three hosts: 10.0.0.1 takes it,
# 10.0.0.5 knows nobody, all others are busy. The jobs are lines of $T/jobs:
# route, size, sender, recipients and what is behind them.
next_hops() {
	cat >"$T/agent-smtp" <<X
#!/usr/bin/env python3
import socket
s = socket.socket(fileno=0)
s.sendall(b"ready 1 1\n")
text = b""
while True:
    more, fds, _, _ = socket.recv_fds(s, 65536, 10)
    if not more:
        break
    text += more
    while b"\n" in text:
        line, text = text.split(b"\n", 1)
        w = line.split(b" ")
        open("$T/jobs", "ab").write(b" ".join(w[3:]) + b"\n")
        say = (b"ok 250 2.0.0 taken" if b"10.0.0.1" in w[3] else
               b"fail 550 5.1.1 unknown there" if b"10.0.0.5" in w[3] else
               b"later 451 4.7.1 try later")
        s.sendall(b"done " + w[1] + b" 0 " + say + b"\n")
X
	chmod 755 "$T/agent-smtp"
	control agentdir "$T"
	control route smtp:
	control locals none.invalid
	control retry "1 1 1"
}
