#!/bin/sh
# The operator's verbs that change entries or look at all of them: each does
# what its page says, beside runners that run.
# shellcheck source=t/lib.sh
. "${0%/*}/lib.sh"
# shellcheck source=t/lib-queue.sh
. "${0%/*}/lib-queue.sh"
need python3

# q ARGUMENTS: runs it; output in $T/out, errors in $T/err, STATUS.
q() {
	"$SMTPE_QUEUE" -c "$T/control" -q "$T/queue" "$@" >"$T/out" 2>"$T/err" </dev/null
	STATUS=$?
}
# ids: of the last list.
ids() {
	sed -n 's/^\([0-9a-v]\{26\}\) .*/\1/p' "$T/out" | sort | tr '\n' ' '
}
sorted() {
	printf '%s\n' "$@" | sort | tr '\n' ' '
}

# --- selectors ---
fresh
now=$(date +%s)
made() {
	ID=$("$MAKE_ENTRY" -q "$T/queue" "$@")
}
made -f boss@example.net a@x.test
boss=$ID
made -f '' b@y.test c@x.test
null=$ID
made -s 5000 -m queue=bulk d@z.test
bulk=$ID
made -r $((now - 7200)) -d "$((now + 600)),2" e@z.test
old=$ID
q list
is "all" "$(ids)" "$(sorted "$boss" "$null" "$bulk" "$old")"
while IFS="|" read -r selector wanted; do
	eval "set -- $wanted"
	# shellcheck disable=SC2086
	q list $selector
	is "list $selector" "$(ids)" "$(sorted "$@")"
done <<'EOS'
--sender boss@example.net|"$boss"
--sender *@EXAMPLE.net|"$boss" "$bulk" "$old"
--sender <>|"$null"
--recipient c@x.test|"$null"
--domain x.test|"$boss" "$null"
--domain ?.test|"$boss" "$null" "$bulk" "$old"
--queue bulk|"$bulk"
--age 1h|"$old"
--age -1h|"$boss" "$null" "$bulk"
--size +4k|"$bulk"
--size -4k|"$boss" "$null" "$old"
--state due|"$old"
--domain z.test --state new|"$bulk"
EOS
q list --id "$boss"
is "list --id" "$(ids)" "$boss "
q list --json --domain z.test --age 1h
like "list --json with selectors" "$(cat "$T/out")" "\"id\":\"$old\""
q list --age 1h --age -1d --size +1 --size -1M
is "list: from here to there" "$(ids)" "$old "
for wrong in '--age soon' '--size x' '--state gone' '--sender' '--what x' \
    '--id x' '--sender a --sender b' '--state new --state due' \
    '--age 1h --age 2h' '--size -1 --size -2'; do
	# shellcheck disable=SC2086
	q list $wrong
	is "list $wrong is wrong usage" $STATUS 100
done
q hold
is "hold without anything is wrong usage" $STATUS 100
q hold --domain x.test
is "more than one: not without --yes" "$STATUS $(entries hold)" "100 0"
like "more than one: says how many" "$(cat "$T/err")" '2 entries match; say --yes to hold them all'
q hold --domain x.test --yes
is "more than one: with it" "$STATUS $(entries hold)" "0 2"
q release --domain x.test --sender 'boss@*'
is "one needs no --yes" "$STATUS $(where "$boss")" "0 new/$boss"
q release --sender nobody@x.test
is "none is no error" "$STATUS $(cat "$T/err")" "0 smtpe-queue: release: no entry matches"

# --- why ---
q why "$old"
is "why: exit 0" $STATUS 0
like "why: what it is" "$(cat "$T/out")" '^sender +sender@example\.net$'
like "why: the rule" "$(cat "$T/out")" '^route +smtp: \(control route\), 1 recipient$'
q why "$bulk"
like "why: not tried" "$(cat "$T/out")" 'It was not tried yet\.'
printf 'x.test:addr:relay\n' >"$T/control/routes"
control route later:
entry later-passed@x.test ok@x.test later@q.test
run
q why "$ID"
like "why: each attempt" "$(cat "$T/out")" '^2027-01-15 08:00:00  attempt 1, later-passed@x\.test: later \(addr, mx\.example\[192\.0\.2\.9\]\)$'
like "why: its answer" "$(cat "$T/out")" '^ +451 4\.2\.0 not now$'
like "why: the next time" "$(cat "$T/out")" '^2027-01-15 08:00:00  due 2027-01-15 08:05:[0-9]+, 1 attempts so far$'
like "why: the rule" "$(cat "$T/out")" '^route +addr:relay \(routes\), 1 recipient$'
like "why: the other rule" "$(cat "$T/out")" '^route +later: \(control route\), 1 recipient$'
q why --json "$ID"
is "why --json" "$STATUS $(python3 - "$T/out" <<'EOP'
import json, sys
v = json.load(open(sys.argv[1]))
a = v["history"][0]
print(v["entry"]["state"], [(r["route"], r["rule"], r["recipients"]) for r in v["routes"]])
print(a["time"], a["event"], a["attempt"], a["recipient"], a["agent"],
      a["outcome"], a["code"], a["enhanced"], a["text"], a["peer"])
print([h["event"] for h in v["history"]], v["history"][-1]["attempts"],
      v["history"][-1]["due"] == v["entry"]["due"])
EOP
)" "0 due [('addr:relay', 'routes', ['later-passed@x.test']), ('later:', 'control route', ['later@q.test'])]
1800000000 attempt 1 later-passed@x.test addr later 451 4.2.0 not now mx.example[192.0.2.9]
['attempt', 'attempt', 'attempt', 'due'] 1 True"
q why
is "why: without an id" $STATUS 100
q why 00000000000000000000000000
is "why: unknown" $STATUS 100

# --- retry ---
due=$(where "$ID")
q retry "$ID"
is "retry: exit 0" $STATUS 0
ok "retry: another time" test "$(where "$ID")" != "$due"
like "retry: due now, with its attempts" "$(where "$ID")" "^due/.*,1,$ID\$"
like "retry: who said so" "$(history "$ID")" ' operator retry [a-z0-9]+$'
q why --json "$ID"
like "why --json: what an operator did" "$(cat "$T/out")" '"event":"operator","words":\["retry","[a-z0-9]+"\]'
q retry "$null"
is "retry: not of what is held" "$STATUS $(where "$null")" "100 hold/$null"

# A destination that is left alone is asked again.
fresh
cp "$T/agents/agent-addr" "$T/agents/agent-smtp"
mkdir -p "$T/queue"
entry ok@dead.test
mkdir -p "$T/queue/backoff"
"$MAKE_ENTRY" -q "$T/queue" -r $T0 ok2@dead.test >/dev/null
python3 - "$T/queue/backoff" <<'EOP'
import sys
h = 14695981039346656037
for c in b"smtp:|dead.test":
    h = (h ^ c) * 1099511628211 % 2**64
with open("%s/%016x" % (sys.argv[1], h ^ h >> 32), "w") as f:
    f.write("smtpe-backoff 1 1799999000 1800003000 3 smtp:|dead.test no%20answer\n")
EOP
run
is "left alone: not tried" "$(jobs_of addr)" ""
q why "$ID"
like "left alone: why says so" "$(cat "$T/out")" \
    'does not answer since 2027-01-15 07:43:20 UTC, left alone until 2027-01-15 08:50:00 UTC: no answer'
like "left alone: and when" "$(cat "$T/out")" '^2027-01-15 08:00:00  deferred [0-9]+ no answer$'
q retry "$ID"
run_at 200000000
is "left alone: retry forgets it" "$(jobs_of addr | grep -c "^$ID")" 1

# --- bounce, requeue ---
fresh
control doublebounceto ''
control route later:
entry a@x.test b@y.test
run
q bounce "$ID"
is "bounce: exit 0" $STATUS 0
is "bounce: the entry is gone" "$(where "$ID")" gone
B=$(find "$T/queue/new" -type f)
is "bounce: the report" "$(python3 "$HERE/helpers/bounce.py" "$B" 'len(rcpts), rcpts[0]["status"], "returned by the postmaster" in said' 2>&1)" "(2, '5.0.0', True)"
q remove "${B##*/}"
entry -f '' a@x.test
q bounce "$ID"
is "bounce: nobody to tell" "$STATUS $(where "$ID")" "100 new/$ID"
like "bounce: and said" "$(cat "$T/err")" "$ID: it has no sender, and doublebounceto is empty"
control route fail:
run
is "requeue: it is dead" "$(where "$ID") $(states "$ID")" "dead/$ID P"
q requeue "$ID"
is "requeue: is as new" "$STATUS $(where "$ID") $(states "$ID")" "0 new/$ID T"
control route ok:
run
is "requeue: and can be delivered" "$(where "$ID")" gone
# A runner that was killed between the move and its mark has left this.
made -p hold -P 'hold why' a@x.test
q requeue "$ID"
run
is "requeue: what hook.postq wanted is over" "$(where "$ID")" gone

# By another route, as another queue's.
printf 'x.test:fail:\n' >"$T/control/routes"
entry -f '' a@x.test b@x.test
run
q requeue "$ID" --route ok:
is "requeue --route: as new" "$STATUS $(where "$ID") $(states "$ID")" "0 new/$ID TT"
q show --json "$ID"
like "requeue --route: in its metadata" "$(cat "$T/out")" '"route":"ok:","meta":\{"route":"ok:"\}'
q requeue "$ID" --to-queue slow:@x.test
q show --json "$ID"
like "requeue --to-queue: the other stays" "$(cat "$T/out")" '"queue":"slow:@x.test","route":"ok:"'
q requeue --state new --queue 'slow*' --route '' --to-queue ''
q show --json "$ID"
like "requeue --route '': as the controls say again" "$(cat "$T/out")" '"queue":"x.test","route":"fail:","meta":\{\}'
q requeue "$ID" --route ok:
run
is "requeue --route: that is where it goes" "$(where "$ID") $(jobs_of ok | grep -c "^$ID")" "gone 1"
entry a@x.test
for wrong in '--route' '--route nowhere' '--to-queue' "--to-queue $(printf %01025d 0)"; do
	# shellcheck disable=SC2086
	q requeue "$ID" $wrong
	is "requeue ${wrong%%00*} is wrong usage" "$STATUS $(grep -c -e "${wrong%% *}" "$T/err")" "100 1"
done
q hold "$ID" --route ok:
is "hold --route is wrong usage" "$STATUS $(where "$ID")" "100 new/$ID"
q remove "$ID"
rm "$T/control/routes"

# --- check ---
entry good@x.test
q check
is "check: all good" "$STATUS $(cat "$T/out")" "0 1 entries are good, 0 are not"
entry bad@x.test
bad=$ID
head -c 100 "$T/queue/new/$ID" >"$T/short"
cat "$T/short" >"$T/queue/new/$ID"
entry link@x.test
ln -sf /etc/passwd "$T/queue/new/$ID"
q check
is "check: exit 111" $STATUS 111
like "check: names what is damaged" "$(cat "$T/out")" "^new/$bad: no footer\$"
like "check: names what is foreign" "$(cat "$T/out")" "^new/$ID: is not an entry"
like "check: and counts" "$(cat "$T/out")" '^1 entries are good, 2 are not$'
rm -f "$T/queue/new/$bad" "$T/queue/new/$ID"

# --- export ---
entry -f '' -e 'X-Added: yes' e@x.test f@x.test
q export "$T/export" --recipient f@x.test
is "export: one" "$STATUS $(cat "$T/out")" "0 1 entries"
is "export: the message with its envelope" "$(head -n 5 "$T"/export/new/*)" "$(printf '%s\n' \
    'Return-Path: <>' 'X-Envelope-To: <e@x.test>' 'X-Envelope-To: <f@x.test>' 'X-Added: yes' 'Subject: made up')"
is "export: lines end in LF" "$(grep -c "$(printf '\r')" "$T"/export/new/*)" 0
q export "$T/export"
is "export: again, and all" "$STATUS $(find "$T/export/new" -type f | wc -l)" "0 2"
is "export: the queue is as it was" "$(entries new)" 2
is "export: Python's mailbox reads it" "$(python3 -c 'import mailbox, sys
print(sorted(m["Subject"] for m in mailbox.Maildir(sys.argv[1])))' "$T/export")" "['made up', 'made up']"

# --- stat ---
q stat
is "stat: fits 80 columns" "$(awk 'length > 80' "$T/out")" ""
like "stat: ages" "$(cat "$T/out")" '^1 minute +2  #+$'
entry never@p.test
printf '%s\n' '1800000000 attempt 1 never@p.test smtp later 451 4.2.0 no' \
    '1800000300 attempt 2 never@p.test smtp later 451 4.2.0 no' \
    '1800000300 attempt 2 b@p.test a%22b fail 550 5.1.1 no' \
    >"$T/history"
mkdir -p "$T/queue/log/${ID#"${ID%??}"}"
cp "$T/history" "$T/queue/log/${ID#"${ID%??}"}/$ID"
entry -m 'queue=o"d\d' odd@p.test
q stat --prometheus "$T/metrics"
is "stat --prometheus: exit 0, nothing said" "$STATUS $(cat "$T/out")" "0 "
if command -v promtool >/dev/null; then
	ok "promtool reads it" sh -c "promtool check metrics <'$T/metrics' 2>&1"
else
	pass "promtool is not here; the parser below is"
fi
is "stat --prometheus: as the format wants it" "$(python3 - "$T/metrics" <<'EOP'
import re, sys
types, seen, v = {}, [], {}
for line in open(sys.argv[1]):
    if line.startswith("#"):
        _, what, name, rest = line.rstrip("\n").split(" ", 3)
        assert what in ("HELP", "TYPE") and name not in seen, line
        if what == "TYPE":
            assert rest in ("gauge", "counter", "histogram"), line
            types[name] = rest
        continue
    m = re.fullmatch(r'([a-z_]+)(\{[a-z]+="(?:[^"\\\n]|\\["\\n])*"(?:,[a-z]+="(?:[^"\\\n]|\\["\\n])*")*\})? '
                     r'(-?\d+(?:\.\d+)?)\n', line)
    assert m, line
    base = re.sub("_(bucket|sum|count)$", "", m[1])
    assert types.get(m[1]) or types.get(base) == "histogram", line
    if not seen or seen[-1] != base:
        assert base not in seen, line
        seen.append(base)
    assert m[1] + (m[2] or "") not in v
    v[m[1] + (m[2] or "")] = float(m[3])
print(int(v['smtpe_queue_entries{state="new"}']),
      int(v['smtpe_queue_age_seconds_bucket{le="+Inf"}']),
      int(v['smtpe_queue_octets{state="new"}']) > 400)
print(*(int(v['smtpe_queue_by_name_entries{queue="%s",state="waiting"}' % q])
        for q in ("p.test", 'o\\"d\\\\d')),
      *(int(v['smtpe_queue_attempts{agent="%s",outcome="%s"}' % a])
        for a in (("smtp", "later"), ("smtp", "ok"), ('a\\"b', "fail"))))
EOP
)" "4 4 True
1 1 2 0 1"
is "stat --prometheus: no part of it is left" "$(echo "$T"/metrics*)" "$T/metrics"
fresh
"$MAKE_ENTRY" -q "$T/queue" -F -n 3 a@other >/dev/null
i=1
while [ $i -le 120 ]; do
	"$MAKE_ENTRY" -q "$T/queue" -F -n $((1 + i / 120)) "a@d$i.test" >/dev/null
	i=$((i + 1))
done
q stat --prometheus "$T/metrics"
is "stat --prometheus: a hundred queues, the largest, and the others" \
    "$(sed -n 's/.*by_name_entries{queue="\(.*\)",state="waiting"} \(.*\)/\1 \2/p' "$T/metrics" |
    awk '{ n += $2; name = $1; last = $2; if (NR == 1) first = $1 } END { print NR, n, first, name, last }')" \
    "101 124 d120.test other 23"
q stat --prometheus "$T/nowhere/metrics"
is "stat --prometheus: where nothing can be written" $STATUS 111

# --- the page's example of a stolen account, word for word ---
fresh
made -f stolen@example.org a@x.test
good=$ID
made -f stolen@example.org -s 5000 b@x.test
made -f other@example.org c@x.test
other=$ID
sed -n 's/^smtpe-queue \(.*stolen@.*\)/\1/p' "$HERE/../man/smtpe-queue.8" \
    >"$T/example"
ok "there is an example" test "$(wc -l <"$T/example")" -ge 3
while read -r line; do
	# shellcheck disable=SC2086
	q $line
	is "$line: exit 0" $STATUS 0
done <"$T/example"
q list --state new
is "what is good and what is another's waits, the rest is gone" \
    "$(ids) $(entries hold)" "$(sorted "$good" "$other") 0"

# --- beside runners ---
fresh
control route ok:
"$MAKE_ENTRY" -q "$T/queue" -F -n 300 a@x.test >"$T/ids"
"$QUEUERUN" -c "$T/control" -q "$T/queue" 2>"$T/log" &
runner=$!
started $runner
q hold --domain x.test --yes
wait $runner
run_at 0
q release --state hold --yes
run_at 0
is "beside a runner: each is delivered once" "$(jobs_of ok | sort | uniq -d | wc -l) $(jobs_of ok | wc -l)" "0 300"
done_testing
