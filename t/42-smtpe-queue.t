#!/bin/sh
# smtpe-queue: what it shows of entries in every state, and what remove does
# to them.
# shellcheck source=t/lib.sh
. "${0%/*}/lib.sh"
need python3 perl

MAKE_ENTRY=$BUILD/t/helpers/make-entry
[ -x "$MAKE_ENTRY" ] || { echo "Bail out! no $MAKE_ENTRY (make unit)"; exit 1; }
T0=1800000000

entry() {
	ID=$("$MAKE_ENTRY" -q "$T/queue" -r $T0 "$@") ||
	    diag "make-entry $* failed"
}

# q ARGUMENTS: runs it; output in $T/out, errors in $T/err, STATUS.
q() {
	"$SMTPE_QUEUE" -c "$T/control" -q "$T/queue" "$@" >"$T/out" 2>"$T/err"
	STATUS=$?
}

# json PYTHON: an expression over v, the output.
json() {
	python3 -c 'import json, sys
v = json.load(open(sys.argv[1]))
by = {e["id"]: e for e in v} if isinstance(v, list) else {}
e = by.get(sys.argv[2])
print(eval(sys.argv[3]))' "$T/out" "${ID:-}" "$1" 2>&1
}

new_setup
ID=
q list --json
is "no queue yet: an empty list" "$STATUS $(json 'v')" "0 []"
like "no queue yet: said" "$(cat "$T/err")" 'no queue yet'
ok "no queue yet: and not made" test ! -e "$T/queue"
q show 00000000000000000000000000
is "no queue yet: no such entry" $STATUS 100

# An entry in each state.
entry -f '' -m queue=bulk -m "route=smtp:relay.test:25" -e 'X-Added: yes' \
    a@x.test "$(printf '"q \303\244"@x.test')"
new=$ID
entry -d $((T0 + 60)),3 -s 1000 b@sub.test
due=$ID
mkdir -p "$T/queue/hold" "$T/queue/quarantine/virus"
entry h@example.org
mv "$T/queue/new/$ID" "$T/queue/hold/$ID"
hold=$ID
entry v@x.test
mv "$T/queue/new/$ID" "$T/queue/quarantine/virus/$ID"
quarantine=$ID
control route nowhere:
control doublebounceto ''
entry -f '' d@x.test e@x.test
dead=$ID
"$QUEUERUN" -c "$T/control" -q "$T/queue" --now $T0 --id "$dead" 2>"$T/log"
"$QUEUERUN" -c "$T/control" -q "$T/queue" --now $((T0 + 999999)) --id "$dead" 2>"$T/log"
rm "$T/control/route"

q list --json
is "list: exit 0" $STATUS 0
is "list: all five, by state" "$(json '" ".join(x["state"] for x in v)')" \
    "new due hold quarantine dead"
is "list: the fields" "$(json '" ".join(v[0].keys())')" \
    "id state name active sender recipients size received due attempts queue route meta"
ID=$new
is "new: null sender is empty" "$(json 'repr(e["sender"])')" "''"
is "new: recipients" "$(json 'ascii(e["recipients"])')" \
    "[{'address': 'a@x.test', 'state': 'open'}, {'address': '\"q \\xe4\"@x.test', 'state': 'open'}]"
is "new: times" "$(json 'e["received"], e["due"], e["attempts"]')" "($T0, None, 0)"
is "new: queue, route, meta" "$(json 'e["queue"], e["route"], e["meta"]["queue"]')" \
    "('bulk', 'smtp:relay.test:25', 'bulk')"
is "new: not active, no name" "$(json 'e["active"], e["name"]')" "(False, None)"
ID=$due
is "due: time and attempts" "$(json 'e["due"] - e["received"], e["attempts"], e["size"]')" "(60, 3, 1000)"
is "due: queue is the domain, route the default" "$(json 'e["queue"], e["route"]')" "('sub.test', 'smtp:')"
ID=$hold
is "hold: route of a local domain" "$(json 'e["route"]')" 'maildir:'
ID=$quarantine
is "quarantine: its name" "$(json 'e["name"]')" virus
ID=$dead
is "dead: two attempts, nobody has it" \
    "$(json 'e["attempts"], [r["state"] for r in e["recipients"]]')" "(2, ['bounced', 'bounced'])"

q list
is "list for people: a head and a line each" "$(wc -l <"$T/out")" 6
like "list for people: due" "$(cat "$T/out")" \
    "^$due due +3 2027-01-15 08:00:00 2027-01-15 08:01:00 +1000 sender@example\.net -> b@sub\.test\$"
like "list for people: several recipients" "$(cat "$T/out")" "^$new new .* <> -> a@x\.test \+1\$"

for id in $new $due $hold $quarantine $dead; do
	q show --json "$id"
	is "show --json: $id" "$STATUS $(json 'v["id"]')" "0 $id"
done
q show "$new" --json
is "show --json: the word may come last" $STATUS 0
q show "$new"
like "show: for people" "$(cat "$T/out")" '^recipient +a@x\.test \(open\)$'
like "show: octets that terminals obey are escaped" "$(cat "$T/out")" '^recipient +"q \\xc3\\xa4"@x\.test'
like "show: metadata" "$(cat "$T/out")" '^meta +queue = bulk$'
q show 00000000000000000000000000
is "show: unknown is 100" $STATUS 100
like "show: and said" "$(cat "$T/err")" 'no such entry'
q show ../../etc/passwd
is "show: a path is no id" $STATUS 100

q cat "$new"
is "cat: exit 0" $STATUS 0
like "cat: as it leaves" "$(head -n 1 "$T/out")" '^X-Added: yes'
is "cat: CRLF kept" "$(grep -c "$(printf '\r')\$" "$T/out")" "$(wc -l <"$T/out")"
is "cat: the whole" "$(wc -c <"$T/out")" 270
"$SMTPE_QUEUE" -c "$T/control" -q "$T/queue" cat "$new" 2>"$T/err" | head -c 1 >/dev/null
is "cat: a reader that leaves is no trouble" "$(cat "$T/err")" ""

q stat
is "stat: counts" "$(head -n 5 "$T/out" | awk '{print $1, $2}' | tr '\n' ' ')" "new 1 due 1 hold 1 quarantine 1 dead 1 "
q stat --json
is "stat --json" "$(json 'list(v.values())')" "[1, 1, 0, 1, 1, 1]"
q stat --queues
is "stat --queues: waiting, held, dead" \
    "$(awk 'NR > 1 { print $1, $2, $3, $NF }' "$T/out" | tr '\n' ',')" \
    "1 0 0 bulk,0 1 0 example.org,1 0 0 sub.test,0 1 1 x.test,"
q stat --queues --json
is "stat --queues --json" \
    "$(python3 -c 'import json, sys
for q in json.load(sys.stdin):
    print(q["queue"], q["waiting"], q["held"], q["dead"], q["octets"] > 0)' \
	<"$T/out" | tr '\n' ',')" \
    "bulk 1 0 0 True,example.org 0 1 0 True,sub.test 1 0 0 True,x.test 0 1 1 True,"

# What somebody has locked is active, and cannot be removed.
mkfifo "$T/letgo"
perl -e 'use Fcntl ":flock"; open F, "<", $ARGV[0]; flock F, LOCK_EX or die;
    open L, ">", $ARGV[2]; print L "locked\n"; close L;
    open W, "<", $ARGV[1]; <W>' "$T/queue/new/$new" "$T/letgo" "$T/locked" &
holder=$!
started $holder
ok "active: the lock is held" until_true 10 test -s "$T/locked"
q show --json "$new"
is "active: shown" "$(json 'v["active"]')" True
q remove "$new"
is "active: not removed" $STATUS 111
like "active: try again" "$(cat "$T/err")" "$new: in delivery, try again"
ok "active: it is there" test -f "$T/queue/new/$new"
# Let go while remove waits.
"$SMTPE_QUEUE" -c "$T/control" -q "$T/queue" remove "$new" 2>"$T/err" &
remover=$!
started $remover
echo >"$T/letgo"
wait $remover
is "active: removed when it is free in time" $? 0
ok "active: and gone" test ! -e "$T/queue/new/$new"

q remove "$hold" 00000000000000000000000000 "$quarantine"
is "remove: an unknown one is 100" $STATUS 100
is "remove: the others are removed" "$(entries hold) $(entries quarantine)" "0 0"
ok "remove: its history is there" test -n "$(find "$T/queue/log" -name "$dead")"
q remove "$dead"
is "remove: dead" $STATUS 0
is "remove: with its history" "$(find "$T/queue/log" -name "$dead")" ""

# Damaged ones are shown as such and can be removed.
entry x@x.test
: >"$T/queue/new/$ID"
q list --json
is "damaged: exit 0" $STATUS 0
is "damaged: shown" "$(json 'e["damaged"], e["sender"], e["recipients"], e["received"]')" \
    "('no footer', None, [], None)"
q cat "$ID"
is "damaged: no message" $STATUS 111
q remove "$ID"
is "damaged: removed" "$STATUS $(entries new)" "0 0"

# A name that is not ours harms nobody.
ln -s /etc/passwd "$T/queue/new/00000000000000000000000007"
: >"$T/queue/new/README"
q list --json
is "foreign: the rest is shown" "$STATUS $(json 'len(v)')" "0 1"
q remove 00000000000000000000000007
is "foreign: not removed" "$STATUS" 111
ok "foreign: still there" test -L "$T/queue/new/00000000000000000000000007"

# The example of smtpe-queue(5), put together again, is an entry.
page=$HERE/../man/smtpe-queue.5
python3 - "$page" >"$T/example" <<'EOF'
import re, sys
page = open(sys.argv[1]).read()
text = re.search(r"^\.Ss An example$.*?^\.Bd [^\n]*\n(.*?)^\.Ed$", page,
                 re.S | re.M).group(1)
text = text.replace(" \\e\n ", "")
message, rest = text.split("smtpe-entry 1\n")
sys.stdout.write(message.replace("\n", "\r\n") + "smtpe-entry 1\n" + rest)
EOF
is "manual: the example has as many octets as it says" "$(wc -c <"$T/example")" \
    "$(sed -n 's/^\([0-9]*\) octets; the first.*/\1/p' "$page")"
ok "manual: an independent reader agrees" python3 "$HERE/read-entry.py" "$T/example"
ID=$(sed -n 's/^id //p' "$T/example")
(umask 077 && cp "$T/example" "$T/queue/new/$ID")
q show --json "$ID"
is "manual: and so do we" "$STATUS $(json 'v["sender"], v["size"], len(v["recipients"])')" \
    "0 ('a@client.example', 24, 2)"
q cat "$ID"
is "manual: as it leaves" "$(cat "$T/out")" \
    "$(python3 "$HERE/read-entry.py" -c "$T/example")"
q remove "$ID"

for wrong in '' 'explode' 'show' 'show a b' 'cat' 'remove' 'list x' 'stat x' 'cat --json x'; do
	# shellcheck disable=SC2086
	q $wrong
	is "usage: '$wrong' is 100" $STATUS 100
done
done_testing
