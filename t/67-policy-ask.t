#!/bin/sh
# The policies that ask others: scan, which asks the daemons of
# t/helpers/service_stub.py, and callahead, which asks another smtpe.
# shellcheck source=t/lib.sh
. "${0%/*}/lib.sh"
need python3 tcpserver

top=${HERE%/*}
new_setup
rm -f "$T/control/locals"
control errordelay 0
control luapath "$top/scripts/?.lua"
control statedir "$T/state"

set -- refuse=any:refuse rspamd=rspamd clamd=clamd spamd=spamd \
    silent=clamd:silent garbage=spamd:garbage
python3 "$HERE/helpers/service_stub.py" "$@" >"$T/ports" 2>"$T/stub.log" &
started "$!"
until_true 20 grep -q '^ready' "$T/ports" || {
	diag "$(cat "$T/stub.log")"
	fail "the daemons start"
	done_testing
}
at() {
	sed -n "s/^$1 /127.0.0.1:/p" "$T/ports"
}

# shellcheck disable=SC2016
VIRUS='X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR'
SPAM='XJS*C4JDBQADN1.NSBN3*2IDNEN*GTUBE'

# scan NAME OPTIONS-IN-LUA: the script $T/NAME.lua
scan() {
	printf 'require("policy").chain { require "policy.scan" %s }\n' "$2" \
	    >"$T/$1.lua"
}

# try NAME TEXT [IP]: the reply to a message of this text; fresh queue.
try() {
	rm -rf "$T/queue"
	printf '%s\r\n' 'EHLO client.example' 'MAIL FROM:<a@client.example>' \
	    'RCPT TO:<b@example.org>' DATA 'X-Spam-Flag: no' 'Subject: x' '' \
	    "$2" . QUIT >"$T/in"
	PROTO=TCP TCPREMOTEIP=${3:-8.8.8.8} smtpe_run "$T/in" -s "$T/$1.lua"
	sed -n '/^354/{n;p;}' "$T/out" | tr -d '\r'
}

# What became of it: "new ID", "quarantine/NAME", or nothing.
where() {
	find "$T/queue/new" "$T/queue/hold" "$T/queue/quarantine" -type f \
	    2>/dev/null | sed "s,^$T/queue/,,; s,/[^/]*\$,," | tr '\n' ' '
}

# The X-Spam fields that it leaves with.
fields() {
	id=$(find "$T/queue/new" "$T/queue/quarantine" -type f -printf '%f\n' \
	    2>/dev/null)
	"$SMTPE_QUEUE" -c "$T/control" -q "$T/queue" cat "$id" | tr -d '\r' |
	    sed -n 's/^X-Spam-//p' | tr '\n' ','
}

# --- scan ---

scan all "{ clamd = { '$(at refuse)', '$(at clamd)' },
    rspamd = { '$(at rspamd)' }, spamd = { '$(at spamd)' } }"
like "scan: good mail passes" "$(try all hello)" '^250 2\.0\.0 '
is "... and says who found it good" "$(fields)" \
    "Status: No, score=-1.4 by spamd,Status: No, score=0.5 by rspamd,"
is "scan: a virus" "$(try all "$VIRUS")" \
    "550 5.7.1 There is a virus: Win.Test.EICAR_HDB-1"
is "... is not queued" "$(where)" ""
like "scan: spam is tagged" "$(try all "$SPAM")" '^250 2\.0\.0 '
like "... as such, and nobody else's tags are left" "$(fields)" \
    '^Flag: YES,.*Status: Yes, score=1000.0 by spamd,.*Status: Yes, score=15.5 by rspamd,$'
like "scan: not that of neighbours" "$(try all "$SPAM" 10.1.2.3)" '^250 '
is "... whose fields stay" "$(fields)" "Flag: no,"
like "scan: but their viruses" "$(try all "$VIRUS" 10.1.2.3)" '^550 5\.7\.1 '

scan reject "{ rspamd = { '$(at rspamd)' }, spam = 'reject' }"
is "scan: rspamd rejects" "$(try reject "$SPAM")" "550 5.7.1 This is spam"
scan quarantine "{ spamd = { '$(at spamd)' }, spam = 'quarantine:spam',
    clamd = { '$(at clamd)' }, virus = 'quarantine:virus' }"
like "scan: spam goes into quarantine" "$(try quarantine "$SPAM")" '^250 '
is "... there" "$(where)" "quarantine/spam "
like "scan: and viruses" "$(try quarantine "$VIRUS$SPAM")" '^250 '
is "... where they go" "$(where)" "quarantine/virus "
scan discard "{ clamd = { '$(at clamd)' }, virus = 'discard' }"
like "scan: or nowhere" "$(try discard "$VIRUS")" '^250 '
is "... at all" "$(where)" ""

scan down "{ clamd = { '$(at refuse)' }, rspamd = { '$(at rspamd)' } }"
is "scan: nobody there" "$(try down hello)" \
    "451 4.7.1 Not looked at yet, try again"
like "... as the log says" "$(cat "$T/log")" 'scan: clamd: Connection refused'
scan accept "{ clamd = { '$(at refuse)' }, rspamd = { '$(at rspamd)' },
    failed = 'accept', spam = 'reject' }"
like "scan: or it passes" "$(try accept hello)" '^250 '
is "... what the others let pass" "$(try accept "$SPAM")" \
    "550 5.7.1 This is spam"
scan silent "{ clamd = { '$(at silent)' }, timeout = '0.3' }"
like "scan: nobody answers" "$(try silent hello)" '^451 4\.7\.1 '
scan garbage "{ spamd = { '$(at garbage)' } }"
like "scan: nonsense is no answer" "$(try garbage hello)" '^451 4\.7\.1 '
scan large "{ clamd = { '$(at clamd)' }, size = 10 }"
like "scan: too large to be looked at" "$(try large "$VIRUS")" '^250 '
scan none '{}'
like "scan: nobody is asked" "$(try none "$VIRUS")" '^250 '

# By controls alone.
at clamd >"$T/control/scanclamd"
control scanvirus quarantine:v
scan control ''
try control "$VIRUS" >/dev/null
is "scan: by its controls" "$(where)" "quarantine/v "
rm "$T/control/scanclamd" "$T/control/scanvirus"
for bad in "virus = 'tag'" "spam = 'x'" "failed = 'x'" "size = 'x'" \
    "timeout = 'x'" "clamav = {}" "allow = { 'x' }"; do
	scan bad "{ $bad }"
	try bad hello >/dev/null
	is "scan: $bad is an error" "$(head -c 9 "$T/out")" "421 4.3.0"
done

# --- callahead ---

# The host that knows: b@example.org, c@example.org.
mkdir -p "$T/next"
echo next.example >"$T/next/me"
printf 'example.org\nother.example\n' >"$T/next/rcpthosts"
printf 'b@example.org:\nc@example.org:\n' >"$T/next/recipients"
serve_tcp -- "$SMTPE" -c "$T/next" -q "$T/nextqueue"
NEXT=127.0.0.1:$PORT

callahead() {
	{
		echo 'local policy = require "policy"'
		echo 'policy.now = function() return tonumber(os.getenv "NOW") end'
		printf 'policy.chain { require "policy.callahead" %s }\n' "$2"
	} >"$T/$1.lua"
}

# rcpt NAME RECIPIENT [NOW]: the reply to RCPT.
rcpt() {
	printf '%s\r\n' 'EHLO client.example' 'MAIL FROM:<a@client.example>' \
	    "RCPT TO:<$2>" QUIT >"$T/in"
	NOW=${3:-1000} PROTO=TCP TCPREMOTEIP=8.8.8.8 \
	    smtpe_run "$T/in" -s "$T/$1.lua"
	tail -n 2 "$T/out" | head -n 1 | tr -d '\r'
}
control rcpthosts 'example.org
other.example'
printf 'example.org\nother.example\n' >"$T/control/rcpthosts"

callahead ask "{ hosts = { 'example.org 127.0.0.1:1 $NEXT' } }"
like "callahead: who is known" "$(rcpt ask b@example.org)" '^250 '
like "callahead: who is not" "$(rcpt ask x@example.org)" '^550 5\.1\.1 .*'
like "callahead: another domain is not asked about" \
    "$(rcpt ask x@other.example)" '^250 '

# Without the host: what is remembered.
callahead gone "{ hosts = { 'example.org 127.0.0.1:1' } }"
like "callahead: a yes is remembered" "$(rcpt gone B@example.org)" '^250 '
like "callahead: and a no, with its words" "$(rcpt gone x@example.org)" \
    '^550 5\.1\.1 .*'
is "callahead: others cannot be asked" "$(rcpt gone c@example.org)" \
    "451 4.4.1 The recipient cannot be verified now"
like "... as the log says" "$(cat "$T/log")" \
    'callahead: 127\.0\.0\.1:1: connect: 451 4\.4\.1 Connection refused'
like "callahead: which is not remembered" "$(rcpt ask c@example.org)" '^250 '
like "callahead: a no is forgotten first" "$(rcpt gone x@example.org 4600)" \
    '^451 4\.4\.1 '
like "... not so a yes" "$(rcpt gone b@example.org 4600)" '^250 '
like "... but it is, too" "$(rcpt gone b@example.org 87401)" '^451 4\.4\.1 '
like "callahead: nor is what comes from the future believed" \
    "$(rcpt gone b@example.org 500)" '^451 4\.4\.1 '
callahead pass "{ hosts = { 'example.org 127.0.0.1:1' }, failed = 'accept' }"
like "callahead: or they pass" "$(rcpt pass y@example.org)" '^250 '
callahead any "{ hosts = { '* $NEXT' }, sender = 'ask@example.org' }"
like "callahead: every other domain" "$(rcpt any z@other.example)" \
    '^550 5\.1\.1 '

# What the host says of the sender says nothing of the recipient.
printf '@example.org\n' >"$T/next/badmailfrom"
like "callahead: a refusal of the sender" "$(rcpt any w@other.example)" \
    '^451 4\.4\.1 '
like "... is in the log" "$(cat "$T/log")" "callahead: $NEXT: mail: 5"

# Without a memory.
rm -rf "$T/state"
echo >"$T/state"
rm "$T/next/badmailfrom"
like "callahead: without a memory" "$(rcpt ask x@example.org)" '^550 5\.1\.1 '
like "... it asks each time" "$(rcpt ask b@example.org)" '^250 '
for bad in "hosts = { 'example.org' }" "failed = 'x'" "good = 'x'" \
    "host = {}"; do
	callahead bad "{ $bad }"
	rcpt bad b@example.org >/dev/null
	is "callahead: $bad is an error" "$(head -c 9 "$T/out")" "421 4.3.0"
done
done_testing
