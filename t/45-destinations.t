#!/bin/sh
# Destinations: one that does not answer costs few attempts and delays nobody
# else, one that is slow holds up nobody, and a sender's thousands take their
# turns with another's few.
# shellcheck source=t/lib.sh
. "${0%/*}/lib.sh"
# shellcheck source=t/lib-queue.sh
. "${0%/*}/lib-queue.sh"
need python3

# start: an empty queue; everything goes by smtp: to helpers/agent_dests.py.
start() {
	new_setup
	rm -rf "$T/agents" "$T/notes"
	mkdir -p "$T/agents" "$T/notes"
	control agentdir "$T/agents"
	control route smtp:
	control locals nowhere.test
	printf '#!/bin/sh\nexec python3 "%s" "%s"\n' \
	    "$HERE/helpers/agent_dests.py" "$T/notes" >"$T/agents/agent-smtp"
	chmod +x "$T/agents/agent-smtp"
}

# jobs ERE: how many jobs whose line matches there were.
jobs() {
	grep -Ec "^$1" "$T/notes/dests"
}
forget() {
	: >"$T/notes/dests"
}

# One dead destination, from the first failure to its return.
start
control retry '300 2 3600'
control concurrencydest 2
"$MAKE_ENTRY" -q "$T/queue" -r $T0 -n 20 a@dead.test >"$T/ids"
"$MAKE_ENTRY" -q "$T/queue" -r $T0 -n 20 a@alive.test >/dev/null
run
is "dead: the others are delivered" "$(jobs alive)" 20
ok "dead: $(jobs dead) attempts for twenty" test "$(jobs dead)" -le 3
is "dead: all wait in due/" "$(entries due) $(entries new)" "20 0"
is "dead: who was not tried counts no attempt" \
    "$(find "$T/queue/due" -type f -name '*,0,*' | wc -l)" "$((20 - $(jobs dead)))"
like "dead: logged once" "$(grep -c event=destination-down "$T/log")" '^1$'
like "dead: and remembered" "$(cat "$T"/queue/backoff/*)" \
    "^smtpe-backoff 1 $T0 18000003[0-9][0-9] 1 smtp:\|dead\.test no%20answer\$"
id=$(find "$T/queue/due" -type f -name '*,0,*' | sed 's/.*,//;q')
like "dead: the history says why" "$(history "$id")" \
    "^$T0 deferred 18000003[0-9][0-9] no%20answer\$"
forget
run_at 100 --id "$id"
is "dead: --id tries it all the same" "$(jobs dead)" 1
forget
entry b@dead.test
run_at 200
is "dead: what comes is not tried" "$(jobs dead)" 0
like "dead: but waits with the others" "$(where "$ID")" "^due/.*,0,$ID\$"
# Its time is over: one tries.
run_at 400
is "dead: one attempt when its time is over" "$(jobs dead)" 1
like "dead: and then twice as long" "$(cat "$T"/queue/backoff/*)" \
    "^smtpe-backoff 1 $T0 18000010[0-9][0-9] 2 "
is "dead: nobody is lost" "$(entries due)" 21
# It is back.
forget
: >"$T/notes/alive.dead.test"
run_at 2000
is "back: all is delivered" "$(jobs dead) $(entries due)" "21 0"
like "back: logged" "$(cat "$T/log")" 'event=destination-up dest=smtp:|dead\.test'
is "back: nothing is remembered" "$(entries backoff)" 0

# What is too old is given up though nobody is asked.
start
control queuelifetime 1h
control retry '7200'
entry a@dead.test
one=$ID
run_at 0
ID=$("$MAKE_ENTRY" -q "$T/queue" -r $((T0 - 3500)) b@dead.test)
run_at 50
is "too old: not tried" "$(jobs dead)" 1
run_at 7000 --flush -o concurrencydest=1
is "too old: both are told of" "$(find "$T/queue/new" -type f | wc -l) $(where "$one") $(where "$ID")" "2 gone gone"

# Who was not tried has not had one of his attempts.
start
control maxattempts 1
entry a@dead.test
run
is "one attempt: then it is given up" "$(where "$ID")" gone
entry b@dead.test
run_at 10
like "one attempt: who was not tried still has it" "$(where "$ID")" \
    "^due/.*,0,$ID\$"

# Refusals and full mailboxes are answers.
start
entry a@busy.test
run
is "4xx of another kind: nothing is remembered" "$(entries backoff)" 0
entry a@loop.test
run
is "4.4.6 is no silence: nothing is remembered" "$(entries backoff)" 0
entry r1@half.test
run
is "5xx: nothing is remembered" "$(entries backoff)" 0
entry a@shut.test
run
like "421 is remembered" "$(cat "$T"/queue/backoff/*)" ' smtp:\|shut\.test closing$'

# The small files are nobody's trouble.
start
mkdir -p "$T/queue/backoff"
entry a@dead.test
run
f=$(echo "$T"/queue/backoff/*)
cp "$f" "$T/kept"
for damage in 'x' 'smtpe-backoff 1 1 9999999999 1 smtp:|dead.test -' \
    'smtpe-backoff 1 1 1800000300 1 smtp:|other.test -' 'smtpe-backoff 2 1 2 3 a b'; do
	forget
	printf '%s\n' "$damage" >"$f"
	ID=$("$MAKE_ENTRY" -q "$T/queue" -r $T0 b@dead.test)
	run
	is "'$damage' is as if there was none" "$STATUS $(jobs dead)" "0 1"
done
forget
rm "$f"
mkdir "$f"
entry c@dead.test
run
is "a directory in its place: no trouble" "$STATUS $(jobs dead)" "0 1"
is "and nothing is left beside it" "$(find "$T/queue/backoff" -type f)" ""

# What is planted where histories and back-offs are written is not waited for,
# followed, or written to.
start
entry a@dead.test
echo precious >"$T/precious"
mkdir -p "$T/queue/log/${ID#????????????????????????}" "$T/queue/new"
mkfifo "$T/queue/log/${ID#????????????????????????}/$ID" "$T/queue/new/.wake"
run
like "a fifo for a history: the entry waits all the same" "$STATUS $(where "$ID")" "^0 due/.*,1,$ID"
like "a fifo for a history: is logged" "$(cat "$T/log")" 'event=queue-history'
"$SMTPE_QUEUE" -c "$T/control" -q "$T/queue" retry "$ID" 2>"$T/log"
is "a fifo for a wake: nobody waits" $? 0
rm -r "$T/queue/log" "$T/queue/backoff"
mkdir -p "$T/queue/log/${ID#????????????????????????}" "$T/queue/backoff"
ln -s "$T/precious" "$T/queue/log/${ID#????????????????????????}/$ID"
f=$(printf '%s' "$f" | sed 's,.*/,,')
ln -s "$T/precious" "$T/queue/backoff/$f"
run_at 5000
is "links: no trouble, and nothing is followed" "$STATUS $(cat "$T/precious")" "0 precious"

# A year ahead and back: no storm, and nothing is forgotten.
start
entry a@dead.test
run
forget
run_at $((366 * DAY))
is "a year later: given up after one attempt" "$(jobs dead) $(where "$ID")" "1 gone"
forget
run_at -$((366 * DAY))
run_at -$((366 * DAY))
ok "a year back: $(jobs .) jobs" test "$(jobs .)" -le 2
start
entry b@dead.test
run_at $((366 * DAY)) -o queuelifetime=1000d
forget
run_at 0
is "back from a year ahead: tried at once" "$(jobs dead)" 1
run_at 1
is "and then as it should be" "$(jobs dead)" 1

# A queue's own limit.
start
ID=$("$MAKE_ENTRY" -q "$T/queue" -n 8 -r $T0 -C 'concurrency=1' a@slow.test)
run
is "concurrency=1: all are delivered" "$(entries due) $(jobs slow)" "0 8"
is "concurrency=1: one after the other" "$(awk '{ if (NR > 1 && $5 - last < 0.1) n++; last = $5 } END { print n + 0 }' "$T/notes/dests")" 0

# Thousands of one sender, and a few of another, to a destination with room
# for little.
start
control concurrencydest 4
"$MAKE_ENTRY" -q "$T/queue" -F -r $T0 -n 400 -f big@example.net a@slow.test >/dev/null
"$MAKE_ENTRY" -q "$T/queue" -F -r $T0 -n 10 -f small@example.net a@slow.test >/dev/null
"$QUEUERUN" -c "$T/control" -q "$T/queue" --now $T0 2>"$T/log" &
runner=$!
started $runner
ok "fair: the few are given out" until_true 30 sh -c "[ \"\$(grep -c small@ '$T/notes/dests')\" = 10 ]"
ok "fair: after $(jobs slow) of 410" test "$(jobs slow)" -le 250
stop $runner

# A thousand to a hundred destinations (ten times as many in t/slow).
in_memory 100000
if out=$(TMPDIR=$MEMORY python3 "$HERE/helpers/hundred.py" 1000 2>&1); then
	pass "$(printf '%s\n' "$out" | tail -n 1)"
else
	fail "a thousand to a hundred destinations"
fi
diag "$out"
done_testing
