#!/bin/sh
# Passing mail on inside the session (helpers/smarthost.py), and a loop of it.
# shellcheck source=t/lib.sh
. "${0%/*}/lib.sh"
need python3 tcpserver

TMPDIR=$T python3 "$HERE/helpers/smarthost.py" >"$T/tap"
status=$?
grep -v '^1\.\.' "$T/tap"
tests=$(grep -c '^\(not \)\{0,1\}ok ' "$T/tap")
failed=$(grep -c '^not ok ' "$T/tap")
is "all of it ran" "$status $(tail -n 1 "$T/tap")" "0 1..$tests"

# A host that passes everything on to itself: Received ends it, and the refusal
# goes back the whole way.
new_setup
control maxhops 4
# shellcheck disable=SC2016
serve_tcp -- sh -c 'exec "$0" -c "$1" -q "$2" -o "smarthost=127.0.0.1:$TCPLOCALPORT"' \
    "$SMTPE" "$T/control" "$T/queue"
session "$T/in"
"$SMTPE" -c "$T/control" -q "$T/queue" -o "smarthost=127.0.0.1:$PORT" \
    <"$T/in" >"$T/out" 2>"$T/log.first"
is "a loop: exit 0" "$?" 0
is "a loop is refused" "$(grep -c '^554 5\.4\.6' "$T/out")" 1
stop "$SERVER"
is "after as many hops as maxhops allows" \
    "$(grep -c 'event=smarthost .*code=554' "$T/log")" 3
is "nothing of it is in a queue" "$(find "$T/queue" -type f | wc -l)" 0
done_testing
