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
