#!/bin/sh
# queuerun: who goes where, what becomes of it, and agents that misbehave in
# every way they can. The invariant is always the same: nothing is lost, and
# nothing is delivered twice that was answered for.
# shellcheck source=t/lib.sh
. "${0%/*}/lib.sh"
# shellcheck source=t/lib-queue.sh
. "${0%/*}/lib-queue.sh"
need python3

# What is delivered is gone, without a trace.
fresh
entry -m route=ok:x a@x.test b@y.test
run
is "delivered: exit 0" $STATUS 0
is "delivered: the entry is gone" "$(where "$ID")" gone
is "delivered: there is no history" "$(find "$T/queue/log" -type f 2>&1 | grep -c "$ID")" 0
is "delivered: one job for both" "$(jobs_of ok)" "$ID sender@example.net a@x.test b@y.test"
like "delivered: one line for each recipient" "$(cat "$T/log")" \
    "event=delivery id=$ID rcpt=b@y.test agent=ok outcome=ok code=250 text=taken attempt=1 duration=[0-9]+\.[0-9]{3}\$"
like "delivered: one line for the pass" "$(cat "$T/log")" \
    'event=pass due=1 delivered=2 later=0 failed=0 seconds='
right delivered

# The null sender, and addresses that need escaping.
fresh
entry -m route=ok: -f '' '"a b"@x.test' 'c%d@x.test' "$(printf 'e\303\244@x.test')"
run
is "addresses: reach the agent as they are" "$(jobs_of ok)" \
    "$ID <> \"a b\"@x.test c%d@x.test $(printf 'e\303\244@x.test')"
right addresses

# Nothing to do is no work.
fresh
run
is "empty queue: exit 0" $STATUS 0
like "empty queue: says so" "$(cat "$T/log")" 'event=pass due=0 '

# An agent that is not there.
fresh
entry -m route=nowhere:x a@x.test
run
is "no agent: exit 0" $STATUS 0
like "no agent: waits" "$(where "$ID")" "^due/[0-9a-f]{8}/[0-9]{10},1,$ID\$"
like "no agent: the history names it" "$(history "$ID")" \
    "^$T0 attempt 1 a@x.test nowhere later 451 4\.3\.0 agent-nowhere%20is%20not%20installed\$"
like "no agent: and the next time" "$(history "$ID")" "^$T0 due 18000003[0-9][0-9] 1\$"
entry -m route=ok: b@x.test
run
is "no agent: others are delivered" "$(where "$ID")" gone

# Routes that are none, or end here.
fresh
entry -m route=bare a@x.test
bare=$ID
entry -m route=../../bin/sh: a@x.test
path=$ID
entry -m route=discard: a@x.test b@x.test
discard=$ID
entry -m route=lua:send a@x.test
lua=$ID
run
is "routes: exit 0" $STATUS 0
like "routes: no colon is no route" "$(history "$bare")" 'queuerun later 451 4\.3\.5 "bare"%20is%20not%20a%20route'
like "routes: a path is no agent" "$(history "$path")" 'is%20not%20a%20route'
is "routes: discard: ends it" "$(where "$discard")" gone
like "routes: and is logged" "$(cat "$T/log")" "id=$discard rcpt=b@x.test agent=discard outcome=ok"
like "routes: lua: asks hook.send" "$(history "$lua")" 'hook.send%20is%20not%20defined'

# By domain: routes, subdomains, locals, the default.
fresh
printf '%s\n' 'a.test:addr:one' '.sub.test:addr:two' 'x.sub.test:other:three' >"$T/control/routes"
control route other:default
entry ok@a.test ok@b.sub.test ok@x.sub.test ok@sub.test OK@A.TEST
run
is "by domain: delivered" "$(where "$ID")" gone
is "by domain: one job for each route" "$(jobs_of addr | wc -l)" 2
like "by domain: case does not matter" "$(jobs_of addr)" "ok@a.test OK@A.TEST\$"
is "by domain: the rest" "$(jobs_of other | sort)" \
    "$(printf '%s\n' "$ID sender@example.net ok@sub.test" "$ID sender@example.net ok@x.sub.test")"
right "by domain"

# Some are done, some are not: marks in place, and only the rest again.
# (Nobody is told: what cannot be told to anybody ends in dead/.)
fresh
control route addr:
control doublebounceto ''
entry -f '' ok1@x.test later1@x.test fail1@x.test ok2@x.test
run
like "partial: waits" "$(where "$ID")" '^due/'
is "partial: marks" "$(states "$ID")" DTPD
like "partial: history of the failure" "$(history "$ID")" \
    "^$T0 attempt 1 fail1@x.test addr fail 550 5\.1\.1 no%20such%20user\$"
is "partial: the due line is the last" "$(history "$ID" | tail -n 1 | cut -d' ' -f2)" due
run_at 400
is "partial: the rest alone is tried" "$(jobs_of addr | tail -n 1)" \
    "$ID <> later1@x.test ; first=1 whole=1 members=1-4"
like "partial: two attempts" "$(where "$ID")" ",2,$ID\$"
is "partial: states" "$(states "$ID")" DTPD
control route ok:
run_at $DAY
is "partial: ends in dead/, for its failure" "$(where "$ID")" "dead/$ID"
is "partial: final states" "$(states "$ID")" DDPD
like "partial: the reason" "$(history "$ID" | tail -n 1)" \
    ' dead 1%20of%204%20recipients%20failed%20permanently;%20it%20has%20no%20sender'
like "partial: and a loud line" "$(cat "$T/log")" "event=dead id=$ID "
run_at $((2 * DAY)) --flush
is "partial: stays there" "$(where "$ID")" "dead/$ID"
right partial

# What an agent notes of an answer stands beside it.
fresh
control route addr:
entry later-passed@x.test later@x.test
run
like "note: the host is in the history" "$(history "$ID")" \
    ' later-passed@x.test addr later 451 4\.2\.0 not%20now peer=mx\.example\[192\.0\.2\.9\]$'
like "note: for one recipient alone" "$(history "$ID")" ' later@x.test addr later 451 4\.2\.0 not%20now$'
like "note: and in the log" "$(cat "$T/log")" 'agent=addr peer=mx.example\[192.0.2.9\] outcome=later'
right note

# Permanent failures at once.
fresh
control doublebounceto ''
entry -f '' -m route=fail: a@x.test b@x.test
run
is "failure: exit 0" $STATUS 0
is "failure: dead, not gone" "$(where "$ID")" "dead/$ID"
is "failure: states" "$(states "$ID")" PP
like "failure: counted" "$(cat "$T/log")" 'event=pass due=1 delivered=0 later=0 failed=2 '

# The schedule over days: nothing before its time, intervals that grow, and
# the end.
fresh
control retry '300 2 3600'
control queuelifetime 12h
control doublebounceto ''
entry -f '' -m route=later: a@x.test
run
attempts=1
t=0
early=
last=0
while :; do
	w=$(where "$ID")
	case $w in due/*) ;; *) break ;; esac
	due=${w#due/*/}
	due=${due%%,*}
	n=${w%,*}
	[ "${n##*,}" = "$attempts" ] || early="$early attempts=$n"
	wait=$((due - T0 - t))
	[ "$wait" -ge "$last" ] || [ "$wait" -ge 3600 ] || early="$early shrinks:$wait"
	[ "$wait" -ge 300 ] && [ "$wait" -le 3960 ] || early="$early $wait"
	last=$((wait * 10 / 11))
	run_at $((due - T0 - 1))
	[ "$(where "$ID")" = "$w" ] || early="$early at$due"
	t=$((due - T0))
	run_at $t
	attempts=$((attempts + 1))
	[ $attempts -lt 100 ] || break
done
is "days: never before its time, at growing intervals" "$early" ""
is "days: dead after its lifetime" "$(where "$ID")" "dead/$ID"
ok "days: not before its lifetime" test $t -gt $((DAY / 2))
ok "days: and not long after" test $t -lt $((DAY / 2 + 2 * 3960))
like "days: the reason" "$(history "$ID" | tail -n 1)" ' dead given%20up%20after%20[0-9]+%20s%20and%20[0-9]+%20attempts,%201%20of%201%20recipients%20undelivered'
is "days: every attempt is in the history" "$(history "$ID" | grep -c ' attempt ')" $attempts
is "days: it is marked as failed" "$(states "$ID")" P

# The clock went back: nothing is due, but what lies too far ahead is.
fresh
entry -m route=later: a@x.test
run
run_at -1000
like "clock back: waits on" "$(where "$ID")" ",1,$ID\$"
like "clock back: nothing was due" "$(cat "$T/log")" 'event=pass due=0 '
run_at -$((30 * DAY))
like "clock far back: is tried" "$(where "$ID")" ",2,$ID\$"

# --flush and --id.
fresh
entry -m route=later: a@x.test
one=$ID
entry -m route=later: b@x.test
two=$ID
run
run --flush
like "--flush: everything again" "$(where "$one") $(where "$two")" ",2,$one .*,2,$two\$"
run --id "$two"
like "--id: only that one" "$(where "$one") $(where "$two")" ",2,$one .*,3,$two\$"
like "--id: due=1" "$(cat "$T/log")" 'event=pass due=1 '
rm -rf "$T/queue/log"
run --id "$one" --id "$two"
like "--id: found without a history, both" "$(where "$one") $(where "$two")" ",3,$one .*,4,$two\$"
run --id 00000000000000000000000000
is "--id: an unknown one is no trouble" $STATUS 0
like "--id: but said" "$(cat "$T/log")" 'event=unknown-id'
run --id ../new/x
is "--id: nonsense is wrong usage" $STATUS 100
mkdir -p "$T/queue/hold"
mv "$T/queue/$(where "$one")" "$T/queue/hold/$one"
run --flush
run --id "$one"
is "held: neither --flush nor --id tries it" "$(where "$one")" "hold/$one"
run --now tomorrow
is "--now nonsense: wrong usage" $STATUS 100
run word
is "a word too many: wrong usage" $STATUS 100

# fault MODE TEXT: the job of an agent that does this waits with that text,
# and mail for others is delivered.
fault() {
	fresh
	entry -m "route=$1:" a@x.test b@x.test
	fault=$ID
	entry -m route=ok: c@x.test
	run
	is "$1: exit 0" $STATUS 0
	like "$1: its entry waits" "$(where "$fault")" ",1,$fault\$"
	like "$1: and says why" "$(history "$fault")" "$1 later 451 4\.3\.0 agent-$1%20$2"
	is "$1: others are delivered" "$(where "$ID")" gone
	is "$1: nobody is marked" "$(states "$fault")" "${3:-TT}"
}
fault start-dies 'ended%20before%20it%20was%20ready%20\(exit%203\)$'
is "start-dies: started twice" "$(starts_of start-dies)" 2
fault start-garbage 'does%20not%20say%20that%20it%20is%20ready$'
fault start-other 'speaks%20another%20protocol$'
fault start-window 'has%20no%20window$'
fault dies 'ended%20without%20an%20answer%20\(exit%204\)$'
fault closes 'ended%20without%20an%20answer'
fault garbage 'does%20not%20speak%20the%20protocol$'
fault endless 'says%20lines%20that%20have%20no%20end$'
fault bad-code 'does%20not%20speak%20the%20protocol$'
fault bad-outcome 'does%20not%20speak%20the%20protocol$'
fault unknown-job 'answered%20a%20job%20that%20it%20does%20not%20have$'
fault unknown-index 'answered%20for%20a%20recipient%20that%20it%20does%20not%20have$'
fault twice 'answered%20twice$' DT
fault dies-partly 'ended%20without%20an%20answer%20\(exit%205\)$' DT

# The same with the clock: silence is an end, too.
for mode in silent start-never; do
	fresh
	entry -m route=$mode: a@x.test
	run -o agenttimeout=300ms
	is "$mode: exit 0" $STATUS 0
	like "$mode: waits" "$(where "$ID")" ",1,$ID\$"
	like "$mode: says why" "$(history "$ID")" 'is%20(silent|not%20ready%20in%20time)$'
	gone=yes
	while read -r pid; do
		kill -0 "$pid" 2>/dev/null && gone=no
	done <"$T/notes/starts.$mode"
	is "$mode: it was ended" $gone yes
done

# Words are no answers, and no words are none.
for mode in notes always-busy flood silent; do
	fresh
	entry -m route=$mode: a@x.test
	run -o agenttimeout=20 -o jobtimeout=400ms
	is "$mode: exit 0" $STATUS 0
	like "$mode: waits, and has been tried" "$(where "$ID")" ",1,$ID\$"
	like "$mode: says why" "$(history "$ID")" \
	    '(has%20had%20a%20job%20for%20too%20long|says%20much%20and%20answers%20nothing)( peer=x)?$'
	gone=yes
	while read -r pid; do
		kill -0 "$pid" 2>/dev/null && gone=no
	done <"$T/notes/starts.$mode"
	is "$mode: it was ended" $gone yes
done

# A run's time: what is in hand is settled, the rest stays as it is.
for options in '' '-C concurrency=1'; do
	fresh
	# shellcheck disable=SC2086
	"$MAKE_ENTRY" -q "$T/queue" -r $T0 -n 20 $options -m route=slow: a@x.test >/dev/null
	run -o runtime=800ms
	is "runtime $options: exit 0" $STATUS 0
	ok "runtime $options: $(entries new) are left" test "$(entries new)" -gt 0
	is "runtime $options: nobody is lost, or put off" \
	    "$(($(entries new) + $(jobs_of slow | wc -l))) $(entries due)" "20 0"
	like "runtime $options: is said" "$(cat "$T/log")" 'event=pass .* ended=runtime'
	run -o runtime=1h
	is "runtime $options: the next one does the rest" \
	    "$STATUS $(entries new) $(jobs_of slow | wc -l)" "0 0 20"
	unlike "runtime $options: and says nothing" "$(cat "$T/log")" ended=
done

# One restart, and it is used.
fresh
"$MAKE_ENTRY" -q "$T/queue" -r $T0 -n 300 -m route=dies-once: a@x.test >/dev/null
run
is "dies-once: started twice" "$(starts_of dies-once)" 2
ok "dies-once: what was not in hand is delivered" test "$(entries new)" -eq 0
ok "dies-once: only what was in hand waits" test "$(entries due)" -le 100
run_at 1000
is "dies-once: and is delivered later" "$(entries due)" 0

# What an agent says is data.
fresh
entry -m route=raw-text: a@x.test
run
like "raw text: one word in the history" "$(history "$ID")" \
    ' later 451 4\.2\.0 100%25%20full,%20"sorry"%20=%20%1B\[31m%09\.$'
like "raw text: escaped in the log" "$(cat "$T/log")" 'text="100% full, \\"sorry\\" = \\x1b\[31m\\t\."'
fresh
entry -m route=long-text: a@x.test
run
ok "long text: is cut" test "$(history "$ID" | wc -c)" -lt 2000

# Busy: no more in this pass, and what was not tried counts no attempt.
fresh
"$MAKE_ENTRY" -q "$T/queue" -r $T0 -n 500 -m route=busy: a@x.test >/dev/null
entry -m route=ok: c@x.test
run
is "busy: exit 0" $STATUS 0
is "busy: others are delivered" "$(where "$ID")" gone
# Its window, and what took the place of what it had answered before.
ok "busy: it got little more than its window" test "$(jobs_of busy | wc -l)" -le 150
is "busy: what it had waits, the rest is as it was" \
    "$(($(entries due) + $(entries new)))" 500
ok "busy: most was not tried" test "$(entries new)" -ge 350
like "busy: said once" "$(grep -c event=agent-busy "$T/log")" '^[1-9]'
like "busy: counted" "$(cat "$T/log")" 'untried=[34][0-9][0-9] '
fresh
entry -m route=busy-open: a@x.test
run
is "busy: an answer after it counts" "$(where "$ID")" gone

# Any order.
fresh
"$MAKE_ENTRY" -q "$T/queue" -r $T0 -n 50 -m route=reverse: a@x.test b@x.test c@x.test >/dev/null
run
is "reverse: all delivered" "$(($(entries due) + $(entries new)))" 0
is "reverse: each once" "$(jobs_of reverse | sort -u | wc -l)" 50
right reverse
fresh
"$MAKE_ENTRY" -q "$T/queue" -r $T0 -n 20 -m route=narrow: a@x.test >/dev/null
run
is "a window of one: all delivered" "$(($(entries due) + $(entries new)))" 0
right "a window of one"

# More recipients than fit a line are more jobs; what is done keeps its place.
fresh
control route addr:
i=0
set --
while [ $i -lt 1500 ]; do
	i=$((i + 1))
	set -- "$@" "ok-with-a-rather-long-local-part-to-fill-the-line-$i@x.test"
done
entry "$@" later@x.test
run
is "long: several jobs" "$(jobs_of addr | wc -l)" 2
is "long: everybody once" "$(jobs_of addr | tr ' ' '\n' | grep -c '@x.test')" 1501
is "long: marks" "$(states "$ID" | tr -d D)" T
run_at 1000
like "long: the number of its group" "$(jobs_of addr | tail -n 1)" \
    "$ID sender@example.net later@x.test ; first=([1-9][0-9]*) whole=0 members=\1-1501$"
right long

# Two routes of one entry, one of them down.
fresh
printf '%s\n' 'a.test:addr:' 'b.test:dies:' >"$T/control/routes"
entry ok@a.test ok@b.test
run
is "two routes: what went is marked" "$(states "$ID")" DT
printf '%s\n' 'a.test:addr:' 'b.test:other:' >"$T/control/routes"
run_at 1000
is "two routes: and the rest goes later" "$(where "$ID")" gone
is "two routes: once each" "$(jobs_of addr | wc -l) $(jobs_of other | wc -l)" "1 1"

# A slow agent does not keep the others from theirs.
fresh
control agenttimeout 60
"$MAKE_ENTRY" -q "$T/queue" -r $T0 -n 300 -m route=hold: a@x.test >"$T/slow"
"$MAKE_ENTRY" -q "$T/queue" -r $T0 -n 300 -m route=ok: a@x.test >"$T/fast"
"$QUEUERUN" -c "$T/control" -q "$T/queue" --now $T0 2>"$T/log" &
pid=$!
started $pid
# shellcheck disable=SC2317
fast_done() { [ "$(jobs_of ok | wc -l)" -eq 300 ]; }
ok "slow: the fast one is done first" until_true 30 fast_done
ok "slow: the slow one has hardly begun" test "$(jobs_of hold | wc -l)" -le 1
: >"$T/notes/go"
wait $pid
is "slow: exit 0" $? 0
is "slow: all delivered" "$(($(entries due) + $(entries new)))" 0
is "slow: each once" "$(cat "$T"/notes/jobs.* | sort -u | wc -l)" 600

# SIGTERM: nothing more is handed out, what is in hand is finished.
fresh
control agenttimeout 60
"$MAKE_ENTRY" -q "$T/queue" -r $T0 -n 500 -m route=hold: a@x.test >/dev/null
"$QUEUERUN" -c "$T/control" -q "$T/queue" --now $T0 2>"$T/log" &
pid=$!
started $pid
ok "SIGTERM: work has begun" until_true 30 test -s "$T/notes/holding"
kill -TERM $pid
: >"$T/notes/go"
wait $pid
is "SIGTERM: exit 0" $? 0
left=$(entries new)
ok "SIGTERM: the rest was left ($left)" test "$left" -ge 300
is "SIGTERM: what was in hand is done" "$((left + $(jobs_of hold | wc -l)))" 500
is "SIGTERM: no attempt was counted" "$(entries due)" 0

# Two runs at once, and workers: each entry once.
fresh
control agenttimeout 60
"$MAKE_ENTRY" -q "$T/queue" -r $T0 -n 2000 -F -m route=ok: a@x.test >/dev/null
"$QUEUERUN" -c "$T/control" -q "$T/queue" --now $T0 -o workers=2 2>"$T/log" &
one=$!
started $one
"$QUEUERUN" -c "$T/control" -q "$T/queue" --now $T0 2>"$T/log2" &
two=$!
started $two
wait $one
is "two runs: exit 0" $? 0
wait $two
is "two runs: exit 0, too" $? 0
is "two runs: all delivered" "$(entries new)" 0
is "two runs: each once" "$(jobs_of ok | wc -l) $(jobs_of ok | sort -u | wc -l)" "2000 2000"
like "two runs: three agents" "$(starts_of ok)" '^ *[23]$'
delivered=$(cat "$T/log" "$T/log2" | sed -n 's/.*event=pass .*delivered=\([0-9]*\).*/\1/p' |
    awk '{ s += $1 } END { print s }')
is "two runs: their counts add up" "$delivered" 2000

# SIGKILL in the middle: what is in hand stays locked while its agent lives,
# and nothing is lost.
fresh
control agenttimeout 60
"$MAKE_ENTRY" -q "$T/queue" -r $T0 -n 20 -m route=hold: a@x.test >"$T/ids"
"$QUEUERUN" -c "$T/control" -q "$T/queue" --now $T0 2>"$T/log" &
pid=$!
started $pid
ok "SIGKILL: work has begun" until_true 30 test -s "$T/notes/holding"
kill -KILL $pid
wait $pid 2>/dev/null
is "SIGKILL: everything is there" "$(entries new)" 20
: >"$T/notes/go"
ok "SIGKILL: the agent comes to its end" until_true 30 test -s "$T/notes/ends.hold"
"$QUEUERUN" -c "$T/control" -q "$T/queue" --now $T0 2>"$T/log"
is "SIGKILL: all delivered by the next run" "$(entries new)" 0
is "SIGKILL: nothing was forgotten" "$(jobs_of hold | cut -d' ' -f1 | sort -u)" "$(sort "$T/ids")"

# Names and files that are not ours.
fresh
entry -m route=ok: good@x.test
good=$ID
entry -m route=ok: a@x.test
link=$ID
ln "$T/queue/new/$link" "$T/second-link"
entry -m route=ok: a@x.test
writable=$ID
chmod 0666 "$T/queue/new/$writable"
entry -m route=ok: a@x.test
short=$ID
head -c 100 "$T/queue/new/$short" >"$T/short"
cat "$T/short" >"$T/queue/new/$short"
entry -m route=ok: a@x.test
empty=$ID
: >"$T/queue/new/$empty"
entry -m route=ok: a@x.test
other=$ID
entry -m route=ok: a@x.test
sed -i "s/^id .*/id $other/" "$T/queue/new/$ID"
mixed=$ID
ids=$("$MAKE_ENTRY" -q "$T/queue" -r $T0 -n 3 -m route=ok: a@x.test)
# shellcheck disable=SC2086
set -- $ids
rm "$T/queue/new/$1" "$T/queue/new/$2" "$T/queue/new/$3"
ln -s "$T/second-link" "$T/queue/new/$1"
mkfifo "$T/queue/new/$2"
mkdir "$T/queue/new/$3"
echo x >"$T/queue/new/$3/inside"
none=00000000000000000000000000
nl=$(printf 'a\nb')
: >"$T/queue/new/$nl"
: >"$T/queue/new/Makefile"
mkdir -p "$T/queue/due/garbage" "$T/queue/due/6b49d200"
: >"$T/queue/due/6b49d200/1800000000,x,$none"
: >"$T/queue/due/6b49d200/1,1,$none"
run
is "foreign: exit 0" $STATUS 0
is "foreign: the good ones are delivered" "$(where "$good") $(where "$other")" "gone gone"
is "foreign: nothing else was" "$(jobs_of ok | wc -l)" 2
ok "foreign: a second link is left alone" test -f "$T/queue/new/$link"
ok "foreign: and so is what others may write" test -f "$T/queue/new/$writable"
is "foreign: a short one is dead" "$(where "$short")" "dead/$short"
like "foreign: with the reason" "$(history "$short")" ' dead damaged:%20no%20footer$'
is "foreign: an empty one is dead" "$(where "$empty")" "dead/$empty"
is "foreign: a wrong id is dead" "$(where "$mixed")" "dead/$mixed"
like "foreign: with the reason" "$(history "$mixed")" 'the%20id%20inside'
ok "foreign: the symlink is left" test -L "$T/queue/new/$1"
ok "foreign: the fifo is left" test -p "$T/queue/new/$2"
ok "foreign: the directory is left" test -f "$T/queue/new/$3/inside"
ok "foreign: the odd name is left" test -f "$T/queue/new/$nl"
for name in "$link" "$writable" "$1" "$2" 'a\\nb' Makefile inside \
    "1800000000,x,$none" "1,1,$none" garbage; do
	is "foreign: $name is reported once" \
	    "$(grep -cF -e "/$name " -e "name=$name " -e "name=\"$(printf %s "$name" | sed 's/\\\\/\\/g')\"" "$T/log")" 1
done

# The sweep: what a killed writer left goes, what a living one holds stays.
fresh
mkdir -p "$T/queue/tmp"
: >"$T/queue/tmp/00000000000000000000000001"
: >"$T/queue/tmp/00000000000000000000000002"
: >"$T/queue/tmp/note"
mkdir "$T/queue/tmp/00000000000000000000000003"
: >"$T/queue/tmp/00000000000000000000000003/00000000000000000000000003-1"
exec 9>>"$T/queue/tmp/00000000000000000000000002"
flock -n 9 || diag "no lock"
run
exec 9>&-
is "sweep: leaves what is locked, and what is not ours" \
    "$(cd "$T/queue/tmp" && echo *)" "00000000000000000000000002 note"

# No log is no reason to write it into an entry.
fresh
control route later:
entry ok@x.test
cp "$T/queue/new/$ID" "$T/before"
"$QUEUERUN" -c "$T/control" -q "$T/queue" --now $T0 <&- >&- 2>&-
is "no descriptors: exit 0" $? 0
ok "no descriptors: the entry is as it was" cmp -s "$T/before" "$T/queue/$(where "$ID")"
is "no descriptors: and so is its history" "$(history "$ID" | grep -vc "^$T0 ")" 0

# The tables of queues are asked before each attempt, whoever made the entry;
# what they do not know is treated as it was queued, and a hook speaks instead.
fresh
control route later:
echo 'acme@q.test:route=ok:x max_age=1h' >"$T/control/queues"
printf 'c.test:route=narrow:x\nd.test:rate=1/h route=ok:y\n' |
    "$BUILD/queuerun/smtpe-cdb" map "$T/control/queues.cdb" - 2>"$T/log" ||
    diag "$(cat "$T/log")"
entry -m tenant=acme a@q.test
acme=$ID
entry -C route=other:z b@b.test
kept=$ID
entry -C route=other:z c@c.test
changed=$ID
entry -n 2 d@d.test
is "queues: why says where it would go" "$("$SMTPE_QUEUE" -c "$T/control" \
    -q "$T/queue" why "$changed" | sed -n "s/^route *//p" | tail -n 1)" \
    "narrow:x (queue_config), 1 recipient"
run
is "queues: an entry of no session goes by them" "$(jobs_of ok | grep -c "$acme")" 1
is "queues: what they do not know stays" "$(jobs_of other | grep -c "$kept")" 1
is "queues: what they know takes its place" "$(jobs_of narrow | grep -c "$changed")" 1
is "queues: one a run, says its rate" \
    "$(jobs_of ok | grep -c d@d.test) $(find "$T/queue/due" -type f | wc -l)" \
    "1 1"
fresh
control route later:
echo 'c.test:route=ok:x' >"$T/control/queues"
echo 'function hook.queue_config() return { route = "other:x" } end' \
    >"$T/script.lua"
entry c@c.test
is "queues: not where a script speaks, says why" "$("$SMTPE_QUEUE" \
    -c "$T/control" -q "$T/queue" -s "$T/script.lua" why "$ID" |
    sed -n 's/^route *//p' | tail -n 1)" "later: (control route), 1 recipient"
run -s "$T/script.lua"
is "queues: nor in a run" "$(jobs_of ok | grep -c "$ID") $(jobs_of other |
    grep -c "$ID")" "0 1"

# Trouble of ours is 111, before anything is touched.
fresh
entry -m route=ok: a@x.test
echo 'not a table' >"$T/control/routes.cdb"
run
is "routes.cdb damaged: exit 111" $STATUS 111
is "routes.cdb damaged: nothing was tried" "$(where "$ID")" "new/$ID"
mv "$T/control/routes.cdb" "$T/control/queues.cdb"
run
is "queues.cdb damaged: exit 111" $STATUS 111
like "queues.cdb damaged: it is named" "$(cat "$T/log")" 'control/queues\.cdb'
is "queues.cdb damaged: nothing was tried" "$(where "$ID")" "new/$ID"
echo 'x.test:max_age=long' |
    "$BUILD/queuerun/smtpe-cdb" map "$T/control/queues.cdb" -
run
is "queues.cdb, a value: nothing was tried" "$(where "$ID")" "new/$ID"
like "queues.cdb, a value: it is named" "$(cat "$T/log")" \
    'control/queues\.cdb: max_age=long is not a time'
rm "$T/control/queues.cdb"
control retry often
run
is "retry unreadable: exit 111" $STATUS 111
like "retry unreadable: the file is named" "$(cat "$T/log")" 'control/retry'
rm "$T/control/retry"
mv "$T/queue" "$T/elsewhere"
: >"$T/queue"
run
is "no queue: exit 111" $STATUS 111
rm "$T/queue"
mv "$T/elsewhere" "$T/queue"
run
is "and once it is over: delivered" "$(where "$ID")" gone
done_testing
