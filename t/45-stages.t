#!/bin/sh
# The script's stages in queuerun: what each is given, what each verdict does,
# and that a stage that fails costs neither the message nor an attempt.
# shellcheck source=t/lib.sh
. "${0%/*}/lib.sh"
# shellcheck source=t/lib-queue.sh
. "${0%/*}/lib-queue.sh"
need python3

TRACE=$T/trace
export TRACE
script=$HERE/lua/stages.lua

start() {
	fresh
	control hooktimeout 300ms
	control luamemory 16M
	control script "$script"
	: >"$TRACE"
}
# once ARGUMENTS...: a queue with this entry (lib-queue.sh), and one run.
once() {
	start
	entry "$@"
	run
}
# due AFTER N ID: where an entry is that waits so long after T0, after N
# attempts; AFTER is a pattern.
due() {
	echo "^due/[0-9a-f]{8}/180000$1,$2,$3\$"
}
trace() {
	cat "$TRACE"
}
# envelope KEY ID: the values of a key.
envelope() {
	LC_ALL=C sed -n "s/^$1 //p" "$T/queue/$(where "$2")"
}

# --- each stage, in order, two attempts ---

once -m route=later:x a@x.test
run_at 400
sed -i "s,meta route s later:x,meta route s ok:xxxx," "$T/queue/$(where "$ID")"
run_at 4000
is "stages: each in its order, with what it is given" "$(trace)" \
"postq sender@example.net a@x.test 0
predelivery 1 later:x a@x.test 0 1
delivery 1 later:x a@x.test 0 2
deliver 1 later:x a@x.test 0 3
postdelivery a@x.test retry 451 4.2.0 later 1 float 4
predelivery 2 later:x a@x.test 400 1
postdelivery a@x.test retry 451 4.2.0 later 2 float 2
predelivery 3 ok:xxxx a@x.test 4000 1
postdelivery a@x.test delivered 250 2.0.0 ok 3 float 2"
is "stages: it was delivered" "$(where "$ID")" gone
right stages

# --- postq ---

once -m route=later: -m postq=accept a@x.test
is "postq: recorded" "$(envelope postq "$ID")" D
run_at 9000
is "postq: asked once" "$(grep -c postq "$TRACE")" 1

once -m route=ok: -m postq=discard a@x.test
is "postq: discard" "$(where "$ID")$(jobs_of ok)" gone
entry -m route=ok: -m postq=nobody a@x.test
run
is "postq: nobody is left" "$(where "$ID")$(jobs_of ok)" gone

for what in quarantine hold; do
	once -m route=ok: -m postq=$what a@x.test
	place=hold
	[ $what = hold ] || place=quarantine/odd
	is "postq: $what" "$(where "$ID")" "$place/$ID"
	is "postq: $what: recorded" "$(envelope postq "$ID" | cut -c1)" D
	like "postq: $what: the history says it" "$(history "$ID")" \
	    "^$T0 hook postq $what [^ ]+ place=$place\$"
	run_at 9000
	is "postq: $what: stays" "$(where "$ID")" "$place/$ID"
done

for what in defer later; do
	once -m route=ok: -m postq=$what a@x.test
	like "postq: $what: no attempt" "$(where "$ID")" "$(due 03.. 0 "$ID")"
	is "postq: $what: recorded" "$(envelope postq "$ID" | cut -c1)" D
	run_at 400
	is "postq: $what: delivered then" "$(where "$ID")" gone
	is "postq: $what: asked once" "$(grep -c postq "$TRACE")" 1
done
once -m route=ok: -m postq=defer_after a@x.test
like "postq: defer after" "$(where "$ID")" "$(due 1000 0 "$ID")"
run --flush
is "postq: a flush does not wait" "$(where "$ID")" gone
once -m route=ok: -m postq=defer_for_ever a@x.test
like "postq: no longer than an entry lives" "$(where "$ID")" \
    "^due/[0-9a-f]{8}/1800620640,0,$ID\$"

for what in reject text; do
	start
	entry -f '' -m route=ok: -m postq=$what a@x.test
	control doublebounceto ''
	run
	is "postq: $what" "$(where "$ID") $(jobs_of ok)" "dead/$ID "
	like "postq: $what: the reason" "$(history "$ID")" \
	    "attempt 1 a@x.test postq fail 55[04] 5\.(7\.9 not%20wanted|1\.3 says)"
done

start
entry -m route=ok: -m postq=change a@x.test b@x.test
run
is "postq: changes reach the agent" "$(jobs_of ok)" \
    "$ID new@example.net p@x.test q@x.test"
right "postq: changes"
start
entry -m route=later: -m postq=change a@x.test b@x.test
run
is "postq: changes: the record and they are there" \
    "$(envelope postq "$ID") $(envelope sender "$ID") $(states "$ID")" \
    "D new@example.net TT"
ok "postq: changes: the entry is a good one" \
    python3 "$HERE/read-entry.py" "$T/queue/$(where "$ID")"
like "postq: changes: the header" \
    "$(python3 "$HERE/read-entry.py" -c "$T/queue/$(where "$ID")")" \
    '^Subject: changed'
is "postq: changes: nothing is left in tmp" "$(ls "$T/queue/tmp")" ""

once -m route=later: -m postq=data a@x.test
is "postq: another message" \
    "$(python3 "$HERE/read-entry.py" -c "$T/queue/$(where "$ID")" |
	tr -d '\r')" "$(printf 'Subject: another\n\none')"
right "postq: another message"

once -m postq=change_and_hold a@x.test
is "postq: a change and a verdict" "$(where "$ID") $(envelope postq "$ID" |
    cut -c1)" "hold/$ID D"
like "postq: both are kept" "$(envelope meta "$ID")" '^colour s blue$'

# A result that was recorded and not carried out: what a runner that was
# killed in between leaves.
start
control script ''
for what in "quarantine odd" "hold why" "defer 1800000100 451 4.2.1 x"; do
	entry -m route=ok: -P "$what" a@x.test
	run -o script="$script"
	case $what in
	q*) is "postq: carried out: $what" "$(where "$ID")" "quarantine/odd/$ID" ;;
	h*) is "postq: carried out: $what" "$(where "$ID")" "hold/$ID" ;;
	*) like "postq: carried out: $what" "$(where "$ID")" "$(due 0100 0 "$ID")" ;;
	esac
	is "postq: ... and noted: $what" "$(envelope postq "$ID" | cut -c1)" D
done
is "postq: ... without asking" "$(grep postq "$TRACE")" ""
entry -m route=ok: -P nonsense a@x.test
run -o script="$script"
like "postq: a result of another version waits" "$(where "$ID")" \
    "$(due 03.. 0 "$ID")"

# --- what fails is tried again, and is no attempt ---

for stage in postq predelivery delivery; do
	start
	mistakes='error loop explode memory number trust change_and_fail'
	for what in $mistakes; do
		entry -m route=ok: -m "$stage=$what" a@x.test
		eval "id_$what=\$ID"
	done
	entry -m route=ok: b@x.test
	run
	is "$stage: mistakes cost nobody else anything, exit 0" \
	    "$(jobs_of ok) $STATUS" "$ID sender@example.net b@x.test 0"
	like "$stage: the log names hook and line" "$(cat "$T/log")" \
	    "event=hook-error hook=$stage .*stages.lua:[0-9]+: a mistake"
	like "$stage: the library that does not end is left" "$(cat "$T/log")" \
	    "event=hook-error hook=$stage .*the script is loaded anew"
	for what in $mistakes; do
		eval "ID=\$id_$what"
		like "$stage: $what: waits, and nothing is counted" \
		    "$(where "$ID")" "$(due 03.. 0 "$ID")"
		is "$stage: $what: nothing is changed" \
		    "$(envelope sender "$ID")" sender@example.net
		like "$stage: $what: the history says it" "$(history "$ID")" \
		    "^$T0 hook $stage error "
	done
	run_at 700
	for what in $mistakes; do
		eval "ID=\$id_$what"
		like "$stage: $what: asked again" "$(where "$ID")" \
		    "$(due "1[0-9]{3}" 0 "$ID")"
	done
done

# --- predelivery ---

for what in defer later; do
	once -m route=ok: -m predelivery=$what a@x.test
	like "predelivery: $what: an attempt" "$(where "$ID")" \
	    "$(due 03.. 1 "$ID")"
	like "predelivery: $what: its history" "$(history "$ID")" \
	    "attempt 1 a@x.test predelivery later 451 4\.2\."
	is "predelivery: $what: nobody got it" "$(jobs_of ok)" ""
done
once -m route=ok: -m predelivery=defer_after a@x.test
like "predelivery: defer after" "$(where "$ID")" "$(due 1000 1 "$ID")"
once -m route=ok: -m predelivery=defer_uncounted a@x.test
like "predelivery: defer, not counted" "$(where "$ID")" "$(due 1000 0 "$ID")"
run_at 1000000
like "predelivery: not counted, it does not grow too old" "$(where "$ID")" \
    "^due/[0-9a-f]*/[0-9]*,0,$ID"
once -m route=ok: -m predelivery=defer_for_ever a@x.test
like "predelivery: no longer than an entry lives" "$(where "$ID")" \
    "^due/[0-9a-f]{8}/1800620640,1,$ID\$"
once -m route=ok: -m predelivery=discard a@x.test
is "predelivery: discard" "$(where "$ID")$(jobs_of ok)" gone
once -m route=ok: -m predelivery=quarantine a@x.test
is "predelivery: quarantine" "$(where "$ID")" "quarantine/odd/$ID"
once -m route=ok: -m predelivery=hold a@x.test
is "predelivery: hold" "$(where "$ID")" "hold/$ID"
start
entry -f '' -m route=ok: -m predelivery=reject a@x.test
control doublebounceto ''
run
is "predelivery: reject" "$(where "$ID")" "dead/$ID"
once -m route=later: -m predelivery=route a@x.test
is "predelivery: a route" "$(jobs_of ok)" "$ID sender@example.net a@x.test"
once -m route=later: -m predelivery=table a@x.test
is "predelivery: a table, and its fields for the agent" "$(jobs_of ok)" \
    "$ID sender@example.net a@x.test ; helo=a%20b"
for what in no_route bad_table; do
	once -m route=ok: -m predelivery=$what a@x.test
	like "predelivery: $what: waits" "$(where "$ID")" "$(due 03.. 0 "$ID")"
	like "predelivery: $what: is logged" "$(cat "$T/log")" \
	    'event=hook-error text="hook.predelivery: '
done
once -m route=ok: -m predelivery=change a@x.test
is "predelivery: changes reach the agent" "$(jobs_of ok)" \
    "$ID new@example.net p@x.test q@x.test"
right "predelivery: changes"
once -m route=later: -m predelivery=meta a@x.test
run_at 400
like "predelivery: metadata stay for the next attempt" \
    "$(envelope meta "$ID")" '^count n 2$'

# --- queue_config ---

start
cat >"$T/config.lua" <<'LUA'
function hook.queue_config(domain, tenant, campaign, routing)
	local f = io.open(os.getenv("TRACE"), "a")
	f:write(table.concat({domain, tostring(tenant), tostring(campaign),
	    tostring(routing)}, " "), "\n")
	f:close()
	if domain == "bad.test" then return {retry_interval = "soon"} end
	if domain == "worse.test" then error("x") end
	if tenant == "slow" then
		return {retry_interval = 1000, max_retry_interval = 1000}
	end
	return {route = "ok:by-config"}
end
LUA
control script "$T/config.lua"
control route later:
entry a@x.test
run
is "queue_config: its route" "$(jobs_of ok)" "$ID sender@example.net a@x.test"
entry -m tenant=slow -m campaign=c -m routing_domain=r.test a@x.test
run
like "queue_config: its schedule" "$(where "$ID")" "$(due 10.. 1 "$ID")"
is "queue_config: what it is given" "$(trace)" "x.test nil nil nil
x.test slow c r.test"
entry -m route=ok: a@bad.test
bad=$ID
entry -m route=ok: a@worse.test
run
for id in "$bad" "$ID"; do
	like "queue_config: what fails waits, and is no attempt" \
	    "$(where "$id")" "$(due 03.. 0 "$id")"
done

# --- send ---

start
for route in true 250 later text error nil explode change; do
	entry -f '' -m route=lua:$route a@x.test b@y.test
	eval "id_$route=\$ID"
done
control doublebounceto ''
run
# shellcheck disable=SC2154
is "send: delivered" "$(where "$id_true") $(where "$id_250")" "gone gone"
like "send: its words" "$(cat "$T/log")" \
    "rcpt=b@y.test agent=lua outcome=ok code=250 text=\"sent by a script\""
# shellcheck disable=SC2154
is "send: refused" "$(where "$id_text")" "dead/$id_text"
# shellcheck disable=SC2154
for id in "$id_later" "$id_error" "$id_nil" "$id_explode" "$id_change"; do
	like "send: waits" "$(where "$id")" "$(due 03.. 1 "$id")"
done
like "send: an entry at a time, with all its recipients" "$(trace)" \
    '^send 1 lua:true a@x.test,b@y.test$'

# --- postdelivery ---

once -m route=ok: -m postdelivery=reject a@x.test
is "postdelivery: who has it has it" "$(where "$ID")" gone
like "postdelivery: which is said" "$(cat "$T/log")" 'event=hook-ignored'
once -m route=fail: -m postdelivery=defer_after a@x.test
like "postdelivery: a failure is tried again" "$(where "$ID")" \
    "$(due 1000 1 "$ID")"
once -m route=later: -m postdelivery=discard a@x.test
is "postdelivery: discard" "$(where "$ID")" gone
start
control doublebounceto ''
entry -f '' -m route=later: -m postdelivery=reject a@x.test
run
is "postdelivery: reject" "$(where "$ID")" "dead/$ID"
once -m route=later: -m postdelivery=requeue a@x.test
like "postdelivery: requeue, due at once" "$(where "$ID")" \
    "$(due 0000 1 "$ID")"
like "postdelivery: requeue: its queue" "$(envelope meta "$ID")" \
    '^queue s slow$'
run
is "postdelivery: requeue: by its new route" "$(jobs_of ok)" \
    "$ID sender@example.net a@x.test"
right requeue
once -m route=later: -m postdelivery=requeue_after a@x.test
like "postdelivery: requeue after" "$(where "$ID")" "$(due 5000 1 "$ID")"
once -m route=later: -m postdelivery=requeue_never a@x.test
like "postdelivery: no such time" "$(where "$ID")" "$(due 03.. 1 "$ID")"
like "postdelivery: no such time: said" "$(cat "$T/log")" 'after means nothing'
once -m route=later: -m postdelivery=requeue_string a@x.test
like "postdelivery: a route" "$(envelope meta "$ID")" '^route s ok:string$'
once -m route=later: -m postdelivery=hold a@x.test
is "postdelivery: hold" "$(where "$ID")" "hold/$ID"
once -m route=later: -m postdelivery=quarantine a@x.test
is "postdelivery: quarantine" "$(where "$ID")" "quarantine/odd/$ID"
once -m route=later: -m postdelivery=meta a@x.test
run_at 400
like "postdelivery: metadata are kept" "$(envelope meta "$ID")" \
    '^count n 2$'
start
entry -m route=narrow: -m postdelivery=change a@x.test b@x.test
run
like "postdelivery: recipients are not changed any more" "$(cat "$T/log")" \
    'hook=postdelivery .*recipients cannot be changed'
start
for what in error loop explode memory number; do
	entry -m route=ok: -m postdelivery=$what a@x.test
	entry -m route=later: -m postdelivery=$what b@x.test
	eval "id_$what=\$ID"
done
run
is "postdelivery: mistakes are as without it" "$(jobs_of ok | wc -l)" 5
for what in error loop explode memory number; do
	eval "ID=\$id_$what"
	like "postdelivery: $what: tried again" "$(where "$ID")" \
	    "$(due 03.. 1 "$ID")"
done
start
control queuelifetime 100
entry -m route=later: -m postdelivery=defer_after a@x.test
run_at 200
like "postdelivery: what is too old is said so" "$(trace)" \
    '^postdelivery a@x.test expired '
like "postdelivery: and may be tried on" "$(where "$ID")" ",1,$ID\$"

# --- bounce ---

# report OF: the content of the report, in new/.
report() {
	for f in "$T"/queue/new/*; do
		python3 "$HERE/read-entry.py" -c "$f" | tr -d '\r'
	done
}
start
entry -m route=fail: a@x.test b@y.test
run
like "bounce: asked with the recipients" "$(trace)" \
    '^bounce a@x.test,b@y.test failure notice$'
like "bounce: as it would be" "$(report)" '^Subject: failure notice$'
once -m route=fail: -m on_bounce=change a@x.test
like "bounce: another subject" "$(report)" '^Subject: Sorry$'
like "bounce: another text" "$(report)" '^It came back\.$'
like "bounce: another field" "$(report)" '^X-Note: a$'
once -m route=fail: -m on_bounce=discard a@x.test
is "bounce: none" "$(report) $(where "$ID")" " gone"
once -m route=fail: -m on_bounce=error a@x.test
like "bounce: an error changes nothing" "$(report)" \
    '^Subject: failure notice$'
once -m route=ok: -m postq=change_and_reject a@x.test
like "bounce: to the sender that hook.postq set" "$(report)" \
    '^To: <told@example.net>$'

# --- no script, a bad one, another one ---

start
entry -m route=ok: -m postq=reject a@x.test
control script "$T/nothing.lua"
run
is "a script that was named and is not there stops it" \
    "$STATUS $(where "$ID")" "111 new/$ID"
echo 'hook.postq = = 1' >"$T/bad.lua"
control script "$T/bad.lua"
run
is "so does one that cannot be loaded" "$STATUS $(where "$ID")" "111 new/$ID"
like "which is said, with its line" "$(cat "$T/log")" 'bad.lua:1: '
: >"$T/empty.lua"
control script "$T/empty.lua"
run
is "one without hooks changes nothing" "$STATUS $(where "$ID")" "0 gone"

# Output of a script is a log line's, and never an agent's or ours.
start
echo 'hook.postq = function(msg) print("hello", msg:id()); io.write("x") end' \
    >"$T/print.lua"
control script "$T/print.lua"
entry -m route=ok: a@x.test
run
like "what a script prints is in the log" "$(cat "$T/log")" "hello.*$ID"

# --- workers ---

start
control workers 2
for i in 1 2 3 4 5 6 7 8; do
	entry -m route=ok: -m postq=meta "a$i@x.test"
done
run
is "each worker has the script: asked once each" \
    "$(grep -c '^postq' "$TRACE") $(jobs_of ok | wc -l)" "8 8"
right workers
done_testing
