#!/bin/sh
# Mail from a script to Postfix's smtp-sink, as it is and with each of its ways
# to refuse. (Odder servers are in t/unit/smtpclient*.c.)
# shellcheck source=t/lib.sh
. "${0%/*}/lib.sh"
need smtp-sink perl

new_setup
LUA=$HERE/lua/smtp_client.lua
user=
[ "$(id -u)" -ne 0 ] || user="-u nobody"
mkdir "$T/sink"
chmod 755 "$T"
chmod 777 "$T/sink"

# sink OPTIONS...: starts one; its place is SINK, its mail in $T/sink.
sink() {
	[ -z "${SINK_PID:-}" ] || stop "$SINK_PID"
	rm -f "$T"/sink/*
	port=$(free_port)
	SINK=127.0.0.1:$port
	# shellcheck disable=SC2086
	smtp-sink $user -d "$T/sink/m." "$@" "$SINK" 10 \
	    >"$T/sink.log" 2>&1 </dev/null &
	SINK_PID=$!
	started "$SINK_PID"
	until_true 10 listening "$port" || {
		diag "smtp-sink did not start: $(cat "$T/sink.log")"
		exit 1
	}
	HOSTS=$SINK
	export HOSTS
}


# said: the codes the client got.
codes() {
	cut -c 1-3 "$T/out" | tr '\n' ' '
}

result() {
	sed -n "s/^result //; s/$SINK/SINK/p" "$T/log"
}

# helo NAME: a session in which hook.helo does that.
helo() {
	printf 'HELO %s\r\nQUIT\r\n' "$1" >"$T/in"
	smtpe_run "$T/in" -s "$LUA"
}

export TCPREMOTEIP=192.0.2.7 PROTO=TCP

# A message that has everything, of half a megabyte.
perl -e 'print "Subject: all\r\nX: \xfc\r\n\r\n.\r\n..\r\n.a\r\n\r\n";
    print "." x ($_ % 70), "x\r\n" for 1..12000; print ".\r\n"' >"$T/message"
{
	printf '%s\r\n' 'EHLO client.example' 'MAIL FROM:<a@client.example>' \
	    'RCPT TO:<b@example.org>' 'RCPT TO:<c@example.org>' DATA
	sed 's/^\./../' "$T/message"
	printf '.\r\nQUIT\r\n'
} >"$T/session"

# the message that the sink took, without what the sink put before it
sunk() {
	cat "$T"/sink/m.* 2>/dev/null | sed '1,/^Subject:/{/^Subject:/!d;}' |
	    tr -d '\r'
}

# taken NAME OPTIONS...: the sink takes it, whatever it offers.
taken() {
	name=$1
	shift
	sink "$@"
	smtpe_run "$T/session" -s "$LUA"
	like "$name: the client hears 250" "$STATUS $(codes)" \
	    '^0 220 .*250 354 250 221 $'
	like "$name: both are taken" "$(result)" \
	    '^sendfile ok dot 250 2.0.0 2 SINK b@example.org=250 c@example.org=250$'
	# The sink ends it with an empty line.
	{ tr -d '\r' <"$T/message" && echo; } >"$T/want"
	sunk | cmp -s - "$T/want"
	is "$name: octet for octet" "$?" 0
	is "$name: it is not queued" "$(entries new)" 0
}
taken "everything"
taken "no pipelining" -p
taken "no 8BITMIME" -8
taken "slow" -w 1

sink -e
smtpe_run "$T/session" -s "$LUA"
like "HELO only: taken" "$(result)" '^sendfile ok dot 250 '

# refused NAME COMMAND RESULT CODE
refused() {
	for kind in f r; do
		code=450
		class=temporary
		[ "$kind" = r ] || { code=500 class=permanent; }
		for pipelining in -p ''; do
			# shellcheck disable=SC2086
			sink $pipelining "-$kind" "$1"
			smtpe_run "$T/session" -s "$LUA"
			like "$class at $1 $pipelining" "$(result)" \
			    "^sendfile $class $2 $code .* 0 SINK b@example.org=$code c@example.org=$code\$"
			like "... which the client hears" \
			    "$(tail -n 2 "$T/out" | head -n 1)" "^$code "
			is "... and nothing is queued" "$(entries new)" 0
		done
	done
}
refused MAIL mail
refused RCPT rcpt
refused DATA data
refused . dot

sink -q RCPT
smtpe_run "$T/session" -s "$LUA"
like "it goes away" "$(result)" '^sendfile lost rcpt 451 4.4.2 0 SINK '
like "... the client is told to come again" \
    "$(tail -n 2 "$T/out" | head -n 1)" "^451 4\\.4\\.2 "

# --- pools ---

sink
HOSTS="127.0.0.1:1 nonsense: $SINK 127.0.0.1:2"
smtpe_run "$T/session" -s "$LUA"
like "the first host that is there" "$(result)" '^sendfile ok dot .* SINK '

# --- call-ahead, strings ---

sink
helo check
like "call-ahead" "$(result)" \
    '^check ok rcpt 250 .* 2 SINK b@example.org=250 c@example.org=250$'
is "sends nothing" "$(sunk)" ""
sink -f RCPT
helo check
like "call-ahead, refused" "$(result)" \
    '^check permanent rcpt 500 .* 0 SINK b@example.org=500 c@example.org=500$'

sink
helo string
like "a string" "$(result)" '^sendstring ok dot 250 .* 1 SINK b@example.org=250$'
is "... is what it is" "$(sunk)" "Subject: a string

.
.
end"
like "... from who it says" "$(cat "$T"/sink/m.*)" '^X-Helo-Args: me.example$'

# --- the manual's example ---

sed -n '/^\.Ss smtp$/,/^\.Ed$/p' "${HERE%/*}/man/smtpe-lua.7" |
    sed -n '/^\.Bd/,/^\.Ed/{/^\./!p;}' >"$T/example"
like "the manual has an example" "$(cat "$T/example")" 'smtp\.sendfile'
sink
sed "s|{ \"10.0.0.1\"|{ \"127.0.0.1:1\"|; s|10.0.0.2:2525|$SINK|
    s|\"10.0.0.1\"|\"$SINK\"|" "$T/example" >"$T/example.lua"
smtpe_run "$T/session" -s "$T/example.lua"
like "the example: both are known, and the message is taken" \
    "$STATUS $(codes)" '^0 220 .*250 354 250 221 $'
is "... by the next host" "$(sunk | head -n 1)" "Subject: all"
is "... and not queued" "$(entries new)" 0
stop "$SINK_PID"
SINK_PID=
# What would be the message is one wrong command after the other then.
smtpe_run "$T/session" -s "$T/example.lua" -o errordelay=0
like "the example: without one nobody is known" "$(cat "$T/out")" \
    '^451 4\.4\.1 Connection refused'

# --- the hook's time ---

# Somebody who listens and says nothing.
perl -MIO::Socket::INET -e '$s = IO::Socket::INET->new(Listen => 5,
    LocalAddr => "127.0.0.1"); $| = 1; print $s->sockport, "\n"; sleep 60' \
    >"$T/silent" &
started "$!"
until_true 10 test -s "$T/silent"
HOSTS=127.0.0.1:$(cat "$T/silent")
printf 'HELO slow\r\nNOOP\r\nQUIT\r\n' >"$T/in"
smtpe_run "$T/in" -s "$LUA" -o hooktimeout=300ms
is "a host that is slow ends with the hook" "$STATUS $(codes)" \
    "0 220 250 250 221 "
unlike "... and pcall does not help" "$(cat "$T/out")" 'came back'
like "... as the log says" "$(cat "$T/log")" \
    'event=hook-error hook=helo .*out of time'
done_testing
