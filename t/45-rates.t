#!/bin/sh
# A queue's rate: as many deliveries in a time, whoever makes them, and nobody
# else is held up.
# shellcheck source=t/lib.sh
. "${0%/*}/lib.sh"
# shellcheck source=t/lib-queue.sh
. "${0%/*}/lib-queue.sh"
need python3

# many N OPTIONS RCPT: as many entries of one recipient each.
many() {
	n=$1
	shift
	"$MAKE_ENTRY" -q "$T/queue" -r $T0 -n "$n" "$@" >/dev/null
}
jobs() {
	jobs_of ok | wc -l
}
state() {
	echo "$T"/queue/rate/*
}

fresh
control route ok:
control queuelifetime 1d
many 35 -C 'rate=10/minute' a@slow.test
many 20 a@free.test
run
is "now: ten of the queue, and all others" "$STATUS $(jobs) $(jobs_of ok | grep -c slow)" "0 30 10"
is "the others wait in due/, and no attempt counts" \
    "$(entries new) $(entries due) $(find "$T/queue/due" -name '*,0,*' | wc -l)" "0 25 25"
like "the history says why" "$(cat "$T"/queue/log/*/* | head -n 1)" \
    "^$T0 deferred 1800000[0-9]* the%20queue%20slow\.test%20has%20had%20its%2010%20deliveries%20in%2060%20s"
like "the state is a file" "$(cat "$(state)")" \
    '^smtpe-rate 1 1800000060000000 1800000150000000 slow\.test$'
run_at 5
is "5 s later: nobody" "$(jobs)" 30
run_at 6
is "6 s: one" "$(jobs)" 31
run_at 60
is "a minute: ten in all" "$(jobs)" 40
many 20 -C 'rate=10/minute' b@slow.test
run_at 60
is "what comes has to wait, too" "$(jobs)" 40
run_at 120 --flush
is "two minutes: ten, and --flush does not change that" "$(jobs)" 50
run_at 240
is "four minutes: ten and no more, for a bucket holds ten" "$(jobs)" 60
at=240
while [ "$(entries due)" -gt 0 ] && [ $at -lt 1200 ]; do
	at=$((at + 60))
	run_at $at
done
is "all are delivered" "$(jobs) $(entries due)" "75 0"
ok "after $at s" test $at -le 420
run_at 5000
is "a full bucket leaves no file behind" "$(entries rate)" 0

# Each queue has a bucket, and its name is the same however it is spelled.
fresh
control route ok:
for rcpt in a@slow.test a@slower.test a@SLOW.test; do
	many 1 -C 'rate=1/h' "$rcpt"
done
run
is "a bucket for each queue" "$(jobs) $(entries due) $(entries rate)" "2 1 2"

# Several at once.
fresh
control route ok:
many 60 -C 'rate=10/minute' a@slow.test
i=0
pids=
while [ $i -lt 3 ]; do
	"$QUEUERUN" -c "$T/control" -q "$T/queue" --now $T0 \
	    -o workers=2 2>"$T/log.$i" &
	pids="$pids $!"
	started $!
	i=$((i + 1))
done
for pid in $pids; do
	wait "$pid"
done
is "three runs of two workers: ten" "$(jobs)" 10
is "and nobody is lost" "$(entries due)" 50

# What is too old is given up, though it was not tried.
fresh
control route ok:
control queuelifetime 1h
control doublebounceto ''
many 3 -C 'rate=1/2h' -f '' a@slow.test
run
is "old: one has it" "$(jobs) $(entries due)" "1 2"
run_at 3601 --flush
is "old: the others are given up" "$(jobs) $(entries due) $(entries dead)" "1 0 2"

# The file is nobody's trouble.
fresh
control route ok:
many 1 -C 'rate=1/h' a@slow.test
run
f=$(state)
for damage in '' 'x' 'smtpe-rate 1 99999999999999999999 0 x' \
    'smtpe-rate 2 1800000060000000 0 x' 'smtpe-rate 1 -5 7 x'; do
	rm -rf "$T/notes/jobs.ok" "$T/queue/due"
	printf '%s' "$damage" >"$f"
	many 2 -C 'rate=1/h' a@slow.test
	run
	is "'$damage': a full bucket" "$STATUS $(jobs) $(entries due)" "0 1 1"
done
for thing in 'mkdir' 'mkfifo' "ln -s $T/precious"; do
	rm -rf "$f" "$T/notes/jobs.ok" "$T/queue/due"
	echo precious >"$T/precious"
	$thing "$f"
	many 2 -C 'rate=1/h' a@slow.test
	run
	is "${thing%% *}: no limit, no trouble, and said once" \
	    "$STATUS $(jobs) $(grep -c event=queue-rate "$T/log")" "0 2 1"
done
is "a link is not followed" "$(cat "$T/precious")" precious

# A clock that was a year ahead.
fresh
control route ok:
many 2 -C 'rate=1/minute' a@slow.test
run_at $((365 * DAY)) -o queuelifetime=1000d
run_at 0
is "back from a year ahead: not at once" "$(jobs)" 1
run_at 61
is "but a minute later" "$(jobs)" 2

# With -w they come as there are tokens.
fresh
control route ok:
"$MAKE_ENTRY" -q "$T/queue" -n 4 -C 'rate=2/s' a@slow.test >/dev/null
"$QUEUERUN" -c "$T/control" -q "$T/queue" -w 2>"$T/log" &
WATCH=$!
started $WATCH
ok "-w: all come, without a scan of everything" until_true 20 sh -c \
    "[ \"\$(wc -l <'$T/notes/jobs.ok')\" = 4 ]"
kill $WATCH
wait $WATCH
right rates
done_testing
