#!/bin/sh
# smtpe-import-env: the settings of a receiver that is set by variables
# become a control directory that smtpe and queuerun run with; what may stand
# in a URI (RFC 3986 2.1) and what not.
# shellcheck source=t/lib.sh
. "${0%/*}/lib.sh"
need python3
IMPORT=$BUILD/smtpe/smtpe-import-env

cat >"$T/env" <<'X'
# The old receiver's settings.
BIND_ADDRESS=0.0.0.0
export BIND_PORT="2525"
SERVER_NAME = mail.example.org   # who we are
MAX_EMAIL_SIZE_BYTES=10485760
MAX_TIMEOUT_SECS='180'
TEMP_EMAIL_DIR=/tmp/spilled
AMQP_HOST=rabbit.example.org
AMQP_PORT=5673

AMQP_USERNAME=mail@user
AMQP_PASSWORD='p$ss/w:rd#1'
AMQP_VHOST=/
AMQP_EXCHANGE=mail
AMQP_ROUTING_KEY="in.100%"
AMQP_BUFFER_SIZE=1000
RUST_LOG=info
X
"$IMPORT" -c "$T/control" "$T/env" >"$T/out" 2>"$T/err"
is "exit 0" $? 0
like "what means nothing here is named" "$(cat "$T/err")" \
    "env:17: RUST_LOG means nothing here, left out"
is "and nothing else is" "$(wc -l <"$T/err")" 1
while read -r name wanted; do
	is "$name" "$(cat "$T/control/$name")" "$wanted"
done <<'X'
me mail.example.org
databytes 10485760
timeoutsession 180
amqpspill /tmp/spilled
amqpexchange mail
amqproutingkey in.100%%
amqpwindow 1000
amqpformat json
amqp amqp://mail%40user:p%24ss%2Fw%3Ard%231@rabbit.example.org:5673/%2F
route amqp:
X
is "the password is not for everybody" \
    "$(stat -c %a "$T/control/amqp" "$T/control/me" | tr '\n' ' ')" "640 644 "
like "the launcher's part is shown" "$(cat "$T/out")" \
    'tcpserver -R -H 0\.0\.0\.0 2525 smtpe'
is "nothing else is left" "$(find "$T/control" -name '.*' -type f)" ""
ok "what it wrote is good" "$QUEUERUN" -c "$T/control" --show-controls

# The control directory does what the variables did: any domain, into AMQP.
printf '%s\r\n' 'EHLO client.example' 'MAIL FROM:<>' \
    'RCPT TO:<a@anything.example>' 'RCPT TO:<root@mail.example.org>' QUIT |
    PROTO=TCP TCPREMOTEIP=192.0.2.7 "$SMTPE" -c "$T/control" \
    -q "$T/queue" >"$T/reply" 2>/dev/null
is "every domain is taken" "$(grep -c '^250 2.1.5' "$T/reply")" 2

# Again, with the same and with something else.
ok "again: the same is no trouble" "$IMPORT" -c "$T/control" "$T/env"
echo other.example.org >"$T/control/me"
"$IMPORT" -c "$T/control" "$T/env" >"$T/out" 2>"$T/err"
is "another value there: refused" $? 100
like "by name" "$(cat "$T/err")" "/control/me is there and says something else"
is "and left alone" "$(cat "$T/control/me")" other.example.org
ok "-f replaces it" "$IMPORT" -f -c "$T/control" "$T/env"
is "with ours" "$(cat "$T/control/me")" mail.example.org

# Nearly nothing: the defaults are those of that receiver.
: >"$T/empty"
ok "an empty file" "$IMPORT" -c "$T/control2" "$T/empty"
is "a broker here" "$(cat "$T/control2/amqp")" \
    'amqp://guest:guest@127.0.0.1:5672/%2F'
is "and no file for what is not set" \
    "$(ls "$T/control2" | tr '\n' ' ')" "amqp amqpformat locals relayhosts route "

# wrong LINE PATTERN: refused, with its place; nothing is written.
wrong() {
	printf 'SERVER_NAME=x\n%s\n' "$1" >"$T/bad"
	"$IMPORT" -c "$T/control3" "$T/bad" >"$T/out" 2>"$T/err"
	is "$1: exit 100" $? 100
	like "$1: why" "$(cat "$T/err")" "bad:2: $2"
	[ ! -e "$T/control3" ] || fail "$1: nothing is written"
}
wrong 'AMQP_PORT=0' 'AMQP_PORT: not a port.*0'
wrong 'AMQP_PORT=65536' 'AMQP_PORT: not a port'
wrong 'BIND_PORT=smtp' 'BIND_PORT: not a number: .*smtp'
wrong 'MAX_EMAIL_SIZE_BYTES=10M' 'MAX_EMAIL_SIZE_BYTES: not a number'
wrong 'AMQP_PASSWORD=a$b' 'a \$ means different things'
wrong 'AMQP_PASSWORD="a$b"' 'a \$ means different things'
wrong 'AMQP_VHOST="x' 'the quote is not closed'
wrong "AMQP_VHOST='x" 'the quote is not closed'
wrong 'AMQP_VHOST="x" y' 'something follows the closing quote'
wrong 'AMQP_VHOST="a\nb"' 'AMQP_VHOST: there is a control character'
wrong 'AMQP_VHOST' 'not NAME=value'
wrong '1X=2' 'that is no name'
# What would be written and could not be used.
wrong 'SERVER_NAME=a b' 'SERVER_NAME: .*a b.* is not a host name'
wrong 'AMQP_BUFFER_SIZE=0' 'AMQP_BUFFER_SIZE: .*0.* is not a whole number'
wrong 'AMQP_HOST=a/b@c' 'AMQP_HOST: not a name or address'
wrong 'AMQP_HOST=rabbit:5673' 'AMQP_HOST: not a name or address'
wrong 'BIND_ADDRESS=a;b' 'BIND_ADDRESS: not a name or address'
wrong 'TEMP_EMAIL_DIR=tmp/x' 'TEMP_EMAIL_DIR: not a path from the root'
wrong "AMQP_ROUTING_KEY=$(printf '%0256d' 0)" 'AMQP_ROUTING_KEY: longer than'

# An IPv6 address, with brackets and without.
for host in ::1 '[::1]'; do
	printf 'AMQP_HOST=%s\nBIND_ADDRESS=%s\n' "$host" "$host" >"$T/six"
	"$IMPORT" -f -c "$T/control4" "$T/six" >"$T/out" 2>&1
	is "$host: the broker's URI" "$(cat "$T/control4/amqp")" \
	    'amqp://guest:guest@[::1]:5672/%2F'
	like "$host: the launcher's address" "$(cat "$T/out")" \
	    'tcpserver -R -H ::1 25 .*'
	like "$host: the socket's" "$(cat "$T/out")" 'ListenStream=\[::1\]:25 '
done
"$IMPORT" -c "$T/control3" "$T/none" 2>"$T/err"
is "no such file: exit 111" $? 111
"$IMPORT" 2>/dev/null
is "no file: exit 100" $? 100
done_testing
