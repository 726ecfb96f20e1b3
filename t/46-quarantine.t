#!/bin/sh
# Hold and quarantine: how entries get out of them again, how long a
# quarantine keeps them, and who may do what (hook.api).
# shellcheck source=t/lib.sh
. "${0%/*}/lib.sh"
# shellcheck source=t/lib-queue.sh
. "${0%/*}/lib-queue.sh"
need python3

# q ARGUMENTS: smtpe-queue; output in $T/out, errors in $T/err, STATUS.
q() {
	"$SMTPE_QUEUE" -c "$T/control" -q "$T/queue" "$@" >"$T/out" 2>"$T/err"
	STATUS=$?
}
me=$(id -un)

# --- hold and release ---

fresh
entry -m route=ok: a@x.test
q hold "$ID"
is "hold: it is there" "$STATUS $(where "$ID")" "0 hold/$ID"
like "hold: who, in the history" "$(history "$ID")" "operator hold $me\$"
run
is "hold: nobody tries it" "$(jobs_of ok)" ""
q hold "$ID"
is "hold: once is enough" "$STATUS $(where "$ID")" "100 hold/$ID"
q release "$ID"
is "release: as new" "$STATUS $(where "$ID")" "0 new/$ID"
q release "$ID"
is "release: once is enough" "$STATUS" 100
run
is "release: delivered" "$(where "$ID")" gone
entry -m route=later: -d $T0,3 b@x.test
run
q hold "$ID"
q release "$ID"
like "release: its attempts are not forgotten" "$(where "$ID")" \
    "^due/[0-9a-f]{8}/[0-9]{10},4,$ID\$"
q hold 00000000000000000000000000
is "hold: an unknown id" "$STATUS" 100
q hold "$ID" 00000000000000000000000000
is "hold: one of two" "$STATUS $(where "$ID")" "100 hold/$ID"
q remove "$ID"
is "remove: from hold" "$STATUS $(where "$ID")" "0 gone"
q hold
is "hold: of nothing" "$STATUS" 100

# --- quarantine ---

fresh
control script "$HERE/lua/stages.lua"
TRACE=$T/trace
export TRACE
: >"$TRACE"
entry -m route=ok: -m postq=quarantine a@x.test
one=$ID
entry -m route=ok: -m postq=quarantine b@x.test
two=$ID
run
mkdir -p "$T/queue/quarantine/virus"
control script ''
rm "$T/control/script"
entry -p quarantine/virus -m route=ok: c@x.test
three=$ID
q quarantine list
is "quarantine list: how many" "$(sort "$T/out")" "odd 2
virus 1"
q quarantine list virus
like "quarantine list: of one" "$(cat "$T/out")" "^$three quarantine"
is "quarantine list: of no other" "$(grep -c quarantine "$T/out")" 1
q quarantine list --json
is "quarantine list: in JSON" "$(python3 -c 'import json, sys
print(sorted(e["name"] for e in json.load(sys.stdin)))' <"$T/out")" \
    "['odd', 'odd', 'virus']"
q quarantine list nothing
is "quarantine list: of none" "$STATUS $(cat "$T/out")" "0 "
q quarantine list ../hold
is "quarantine list: of what is no name" "$STATUS" 100
q quarantine release virus "$one"
is "quarantine release: not from another" "$STATUS $(where "$one")" \
    "100 quarantine/odd/$one"
q quarantine delete virus "$one"
is "quarantine delete: not from another" "$STATUS $(where "$one")" \
    "100 quarantine/odd/$one"
q quarantine release odd "$one"
is "quarantine release" "$STATUS $(where "$one")" "0 new/$one"
q release "$two"
is "release: from a quarantine" "$STATUS $(where "$two")" "0 new/$two"
run -o script="$HERE/lua/stages.lua"
is "release: delivered, hook.postq is not asked again" \
    "$(where "$one")$(where "$two") $(grep -c postq "$TRACE")" "gonegone 2"
q quarantine delete virus "$three"
is "quarantine delete" "$STATUS $(where "$three")" "0 gone"
for i in 1 2 3; do
	entry -p quarantine/virus -m route=ok: "$i@x.test"
done
q quarantine release virus --all
is "quarantine release --all" "$STATUS $(find "$T/queue/new" -type f | wc -l)" \
    "0 3"
for i in 1 2 3; do
	entry -p quarantine/virus -m route=ok: "$i@x.test"
done
q quarantine delete virus --all
is "quarantine delete --all" "$STATUS $(find "$T/queue/quarantine/virus" \
    -type f | wc -l)" "0 0"
for bad in "" "frob" "list a b" "release" "release virus" "delete virus"; do
	# shellcheck disable=SC2086
	q quarantine $bad
	is "quarantine $bad: wrong usage" "$STATUS" 100
done

# A result that was recorded, and put away by a runner that was killed then.
entry -P "quarantine odd" -p quarantine/odd -m route=ok: a@x.test
q release "$ID"
run
is "release: what was half done stays released" "$(where "$ID")" gone

# --- expiry ---

fresh
for place in quarantine/spam quarantine/virus hold; do
	entry -p $place a@x.test
done
control quarantineexpire 'spam:30d'
now=$(date +%s)
"$QUEUERUN" -c "$T/control" -q "$T/queue" --now $((now + 29 * DAY)) \
    2>"$T/log"
is "expiry: not before its time" \
    "$(find "$T/queue" -type f ! -path '*/log/*' | wc -l)" 3
held=$(find "$T/queue/quarantine/spam" -type f | head -n 1)
flock "$held" "$QUEUERUN" -c "$T/control" -q "$T/queue" \
    --now $((now + 31 * DAY)) 2>"$T/log"
ok "expiry: what somebody works on stays" test -f "$held"
"$QUEUERUN" -c "$T/control" -q "$T/queue" --now $((now + 31 * DAY)) \
    2>"$T/log"
is "expiry: then, and of no other" "$(cd "$T/queue" && find . -type f |
    sed 's,/[^/]*$,,' | sort | tr '\n' ' ')" "./hold ./quarantine/virus "
like "expiry: logged" "$(cat "$T/log")" \
    'event=quarantine-expired id=[0-9a-v]{26} place=quarantine/spam'
control quarantineexpire 'spam:soon'
run
is "expiry: what is no time" "$STATUS" 111
like "expiry: is named" "$(cat "$T/log")" 'quarantineexpire.*spam:soon'
control quarantineexpire '../x:1d'
run
is "expiry: what is no name" "$STATUS" 111

# --- hook.api ---

fresh
cat >"$T/api.lua" <<'LUA'
function hook.api(user, verb, arguments)
	local f = io.open(os.getenv("TRACE"), "a")
	f:write(user, " ", verb, " ", table.concat(arguments, ","), "\n")
	f:close()
	local what = os.getenv("WHAT")
	if what == "true" then return true end
	if what == "string" then return "true" end
	if what == "accept" then return action.accept() end
	if what == "error" then error("x") end
	if what == "loop" then while true do end end
	if what == "list" then return verb == "list" end
	if what == "false" then return false end
end
LUA
control script "$T/api.lua"
control hooktimeout 200ms
entry -m route=ok: a@x.test
export WHAT
for WHAT in string accept error loop false nothing; do
	q remove "$ID"
	is "hook.api: $WHAT denies" "$STATUS $(where "$ID")" "111 new/$ID"
	like "hook.api: $WHAT: said" "$(cat "$T/err")" 'remove: denied by hook.api'
done
WHAT=true
: >"$TRACE"
q hold "$ID" 00000000000000000000000000
is "hook.api: true admits" "$(where "$ID")" "hold/$ID"
is "hook.api: is told who, what and with what" "$(cat "$TRACE")" \
    "$me hold $ID,00000000000000000000000000"
for arg in '' "$ID
$ID"; do
	: >"$TRACE"
	q remove "$ID" "$arg"
	is "hook.api: sees each argument as it is, or is not asked" \
	    "$STATUS $(where "$ID") $(cat "$TRACE")" "100 hold/$ID "
done
WHAT=list
q list
is "hook.api: one verb" "$STATUS" 0
q quarantine list
is "hook.api: and not another" "$STATUS" 111
q --no-script remove "$ID"
is "hook.api: the owner may go past it" "$STATUS $(where "$ID")" "0 gone"
echo 'nonsense nonsense' >"$T/api.lua"
q list
is "hook.api: a script that cannot be loaded denies" "$STATUS" 111
q --no-script list
is "hook.api: and locks no owner out" "$STATUS" 0
SUDO_UID=54321
export SUDO_UID
q --no-script list
is "hook.api: whom sudo lets in may not go past it" "$STATUS" 100
unset SUDO_UID
echo 'hook.dot = function() end' >"$T/api.lua"
q list
is "hook.api: not defined: everybody who can" "$STATUS" 0
done_testing
