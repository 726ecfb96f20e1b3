#!/bin/sh
# Every stage of one message, in order, from the first octet to after the last
# delivery; and how long each kind of state lives, as the table in
# smtpe-hooks(7) says.
# shellcheck source=t/lib.sh
. "${0%/*}/lib.sh"
# shellcheck source=t/lib-queue.sh
. "${0%/*}/lib-queue.sh"
need python3

TRACE=$T/trace
ROUTE=
export TRACE ROUTE
export PROTO=TCP TCPREMOTEIP=192.0.2.7 TCPREMOTEPORT=4711 \
    TCPREMOTEHOST=client.example TCPLOCALIP=192.0.2.25 TCPLOCALPORT=25

# say LINE...: one session; the trace is what it was.
say() {
	: >"$TRACE"
	printf '%s\r\n' "$@" >"$T/in"
	smtpe_run "$T/in" -s "$HERE/lua/state.lua"
}
stages() {
	sed -n 's/^\([a-z]*\) .*/\1/p' "$TRACE" | tr '\n' ' '
}
# column NAME: that value in each line of a stage.
column() {
	sed -n "s/^\\([a-z]*\\) .*\\<$1=\\([^ ]*\\).*/\\2/p" "$TRACE" | tr '\n' ' '
}

# --- one message, two attempts, then delivery ---

fresh
control script "$HERE/lua/state.lua"
control me mx.example.org
control rcpthosts example.org
control authplain 1
ROUTE=later:x
say 'EHLO c.example' "AUTH PLAIN $(printf '\0u\0p' | base64)" 'MAIL FROM:<a@b.example>' 'RCPT TO:<x@example.org>' DATA \
    'Subject: one' '' text . QUIT
like "it was queued" "$(cat "$T/out")" '^250 2\.0\.0 Queued as'
is "a session's stages in order" "$(stages)" \
    "firewall accept ehlo reset auth mail rcpt data dot received reset quit close "
ID=$(find "$T/queue/new" -type f | sed 's,.*/,,')
: >"$TRACE"
run_at $(($(date +%s) - T0))
run_at $(($(date +%s) - T0 + 1000))
"$SMTPE_QUEUE" -c "$T/control" -q "$T/queue" show "$ID" >"$T/out"
sed -i 's,meta route s later:x,meta route s ok:xxxx,' \
    "$T/queue/$(where "$ID")"
run_at $(($(date +%s) - T0 + 9000))
is "the queue's stages in order: two attempts, then delivery" "$(cat "$TRACE")" \
"postq calls=1 context=1 meta=dot+received attempts=0 -
predelivery calls=2 context=1 meta=dot+received+postq attempts=0 1
delivery calls=3 context=2 meta=dot+received+postq+predelivery attempts=0 1
deliver calls=4 context=3 meta=dot+received+postq+predelivery+delivery attempts=0 1
postdelivery calls=5 context=4 meta=dot+received+postq+predelivery+delivery+deliver attempts=0 retry
predelivery calls=1 context=1 meta=dot+received+postq+predelivery+delivery+deliver attempts=1 2
postdelivery calls=2 context=2 meta=dot+received+postq+predelivery+delivery+deliver+predelivery attempts=1 retry
api verb=show
predelivery calls=1 context=1 meta=dot+received+postq+predelivery+delivery+deliver+predelivery attempts=2 3
postdelivery calls=2 context=2 meta=dot+received+postq+predelivery+delivery+deliver+predelivery+predelivery attempts=2 delivered"
is "and it is delivered" "$(where "$ID") $(jobs_of ok | wc -l)" "gone 1"
right trace

# --- a bounce ---

ROUTE=fail:x
say 'EHLO c.example' 'MAIL FROM:<a@b.example>' 'RCPT TO:<x@example.org>' DATA \
    'Subject: one' '' text . QUIT
ID=$(find "$T/queue/new" -type f | sed 's,.*/,,')
: >"$TRACE"
run_at $(($(date +%s) - T0))
is "a bounce: its stages in order" "$(stages)" \
    "postq predelivery delivery deliver postdelivery bounce "
like "a bounce: the attempt's context is still there" "$(cat "$TRACE")" \
    '^bounce recipients=1 context=4$'
is "a bounce: the report is queued, the message gone" \
    "$(where "$ID") $(find "$T/queue/new" -type f | wc -l)" "gone 1"

# --- how long state lives in a session ---

fresh
control me mx.example.org
control rcpthosts example.org
ROUTE=
say 'HELO one.example' 'MAIL FROM:<a@b.example>' 'RCPT TO:<x@example.org>' \
    RSET 'MAIL FROM:<c@b.example>' 'HELO two.example' \
    'MAIL FROM:<d@b.example>' 'RCPT TO:<x@example.org>' DATA '' text . \
    'MAIL FROM:<e@b.example>' 'EHLO three.example' 'MAIL FROM:<f@b.example>' \
    QUIT
is "the session" "$(stages)" "firewall accept helo reset mail rcpt rset reset \
mail helo reset mail rcpt data dot received reset mail ehlo reset mail quit close "
n=$(grep -c '^[a-z]' "$TRACE")
is "globals live as long as the process" "$(column calls)" \
    "$(seq -s ' ' 1 "$n") "
is "context lives as long as the connection: it survives all of it" \
    "$(column context)" "$(seq -s ' ' 1 "$n") "
is "transaction.id: from connect; new after RSET, HELO, EHLO, end of data" \
    "$(column id)" \
    "t1 t1 t1 t1 t2 t2 t2 t2 t3 t3 t3 t4 t4 t4 t4 t4 t4 t5 t5 t5 t6 t6 t6 "
is "the sender: from hook.mail to the end of the transaction" \
    "$(grep -c '^data .*sender=d@b.example recipients=1' "$TRACE")" 1
is "... not in the next one" "$(grep -c '^rcpt .*sender=a@b.example' "$TRACE") \
$(grep -c '^rcpt .*sender=d@b.example' "$TRACE")" "1 1"
is "connection.helo: until the next HELO" \
    "$(column helo | tr ' ' '\n' | uniq | tr '\n' ' ')" \
    "- one.example two.example three.example "
say 'HELO one.example' QUIT
is "the next process begins anew: globals" "$(column calls)" "1 2 3 4 5 6 "
is "... and context" "$(column context)" "1 2 3 4 5 6 "

# --- and in the queue ---

is "metadata and edits stay with the message, in another process" \
    "$(LC_ALL=C sed -n 's/^meta from s //p' "$T/queue/$(where "")")" \
    dot+received
fresh
control me mx.example.org
control script "$HERE/lua/state.lua"
entry -m route=later: -m from=1 a@x.test
entry -m route=later: -m from=2 b@x.test
: >"$TRACE"
run_at 0
run_at 1000
is "queuerun: globals live as long as the worker" \
    "$(column calls)" "1 2 3 4 5 6 7 8 9 10 1 2 3 4 "
is "queuerun: context is an attempt's: its own for each entry, new for postq \
and for the next attempt" \
    "$(grep -c 'predelivery .* context=1 ' "$TRACE") $(grep "^postq " "$TRACE" |
	grep -c "context=1 ") $(grep -c 'postdelivery .* context=4 .*attempts=0' \
	"$TRACE") $(grep -c 'postdelivery .* context=2 .*attempts=1' "$TRACE")" \
    "4 2 2 2"
is "queuerun: metadata are each message's own" \
    "$(grep -c 'meta=1+postq' "$TRACE") $(grep -c 'meta=2+postq' "$TRACE")" \
    "6 6"
done_testing
