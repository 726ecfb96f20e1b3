# lib-policy.sh: what the tests of policies share; source it behind lib.sh.
# shellcheck shell=sh disable=SC2034

top=${HERE%/*}
new_setup
rm -f "$T/control/locals"
control errordelay 0
control statedir "$T/state"
control luapath "$top/scripts/?.lua"

# script NAME: $T/NAME.lua is what standard input has, with a clock of ours.
script() {
	{
		echo 'local policy = require "policy"'
		echo 'policy.now = function() return tonumber(os.getenv "NOW") end'
		cat
	} >"$T/$1.lua"
}

# lines COMMAND...: what the client says is in $T/in.
lines() {
	printf '%s\r\n' "$@" >"$T/in"
}

# message FIELD...: the same, for a message with this header.
message() {
	printf '%s\r\n' 'EHLO client.example' 'MAIL FROM:<a@client.example>' \
	    'RCPT TO:<b@example.org>' DATA "$@" '' Hello. . QUIT >"$T/in"
}

codes() {
	tr -d '\r' |
	    sed -n 's/^\([0-9][0-9][0-9]\) \([245]\.[0-9]*\.[0-9]* \)*.*/\1 \2/p' |
	    sed 's/ *$//' | tr '\n' ',' | sed 's/,$//'
}

# try NAME IP [NOW [OPTIONS...]]: the codes of a session with $T/NAME.lua, but
# for those of the banner, EHLO and QUIT. Its log is $T/log, and behind
# $T/log.all.
try() {
	name=$1
	TCPREMOTEIP=$2
	NOW=${3:-1000}
	[ $# -lt 3 ] || shift
	shift 2
	export TCPREMOTEIP NOW
	PROTO=TCP "$SMTPE" -c "$T/control" -q "$T/queue" -s "$T/$name.lua" "$@" \
	    <"$T/in" >"$T/out" 2>"$T/log"
	cat "$T/log" >>"$T/log.all"
	codes <"$T/out" | sed 's/^220,250,//; s/,221 2\.0\.0$//'
}

# The codes of MAIL and RCPT.
no="250 2.1.0,451 4.7.1"
yes="250 2.1.0,250 2.1.5"

# fails_to_load WHAT SCRIPT LOG-ERE: a script that says 421 and why.
fails_to_load() {
	printf '%s\n' "$2" >"$T/bad.lua"
	is "$1: 421" "$(try bad 192.0.2.1)" "421 4.3.0"
	like "... and the log says why" "$(cat "$T/log")" "$3"
}

records() {
	find "$T/state/$1" -type f 2>/dev/null | wc -l
}
