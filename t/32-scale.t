#!/bin/sh
# A run costs what is due, not what is queued: with 100,000 entries waiting and
# 10 due it opens about 10 files. System calls are counted, not seconds.
# shellcheck source=t/lib.sh
. "${0%/*}/lib.sh"
need_strace
make_entry=$BUILD/t/helpers/make-entry
[ -x "$make_entry" ] || skip_all "no $make_entry: make helpers"

now=2000000000
new_setup
control maildir "$T/maildir"
in_memory 800000
queue=$MEMORY/queue

# waiting COUNT TIME
waiting() {
	"$make_entry" -q "$queue" -F -n "$1" -d "$2,3" w@example.org >>"$T/ids" ||
	    exit 1
}
# In the hours to come, and some in the very bucket of now, a second late.
hour=1
while [ "$hour" -le 49 ]; do
	waiting 2000 $((now + hour * 3600))
	hour=$((hour + 1))
done
waiting 2000 $((now + 1))
"$make_entry" -q "$queue" -F -n 7 -d "$((now - 5000)),1" d@example.org >/dev/null
"$make_entry" -q "$queue" -F -n 3 -d "$now,1" d@example.org >/dev/null
is "100,000 entries wait" "$(wc -l <"$T/ids")" 100000

# shellcheck disable=SC2317 # called by ok
run() {
	strace -o "$T/trace" "$QUEUERUN" -c "$T/control" -q "$queue" --now "$now" \
	    2>"$T/log"
}
count() {
	grep -Ec "^($1)\\(" "$T/trace"
}
ok "the run is made" run
like "10 are due and delivered" "$(cat "$T/log")" \
    'event=pass .*due=10 delivered=10'
opened=$(grep -Ec '^openat\(.*"(due/[0-9a-f]+/)?[0-9]{10},[0-9]+,[0-9a-z]{26}"' "$T/trace")
is "10 entries are opened" "$opened" 10
all=$(count 'open|openat')
ok "$all files in all are opened" test "$all" -le 50
stats=$(count 'stat|fstat|newfstatat|statx')
ok "$stats files are looked at" test "$stats" -le 80
total=$(wc -l <"$T/trace")
ok "$total system calls" test "$total" -le 1000
is "the others still wait" \
    "$(find "$queue/due" -type f | wc -l)" 100000

# With nothing due there is nothing to do.
ok "a run with nothing due" run
opened=$(grep -Ec '^openat\(.*[0-9a-z]{26}"' "$T/trace")
is "no entry is opened then" "$opened" 0

# One id among them is found without looking at all.
id=$(sed -n 50000p "$T/ids")
strace -o "$T/trace" "$QUEUERUN" -c "$T/control" -q "$queue" --now "$now" \
    --id "$id" 2>"$T/log"
like "--id finds one that waits" "$(cat "$T/log")" "delivery id=$id .*outcome=ok"
opened=$(grep -Ec '^openat\(.*[0-9a-z]{26}"' "$T/trace")
ok "--id opens $opened files that bear an id" test "$opened" -le 3
done_testing
