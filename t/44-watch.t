#!/bin/sh
# queuerun -w: what comes is delivered as it comes, what is due when it is due;
# controls are read again; nothing is asked of the machine in between.
# shellcheck source=t/lib.sh
. "${0%/*}/lib.sh"
# shellcheck source=t/lib-queue.sh
. "${0%/*}/lib-queue.sh"
need python3 perl

# now_entry OPTIONS RCPT...: an entry received now.
now_entry() {
	ID=$("$MAKE_ENTRY" -q "$T/queue" "$@") || diag "make-entry $* failed"
}

# watch: starts it; its process is WATCH.
watch() {
	"$QUEUERUN" -c "$T/control" -q "$T/queue" -w 2>>"$T/log" &
	WATCH=$!
	started "$WATCH"
}

# shellcheck disable=SC2317 # called by until_true
gone() {
	[ "$(where "$1")" = gone ]
}
# shellcheck disable=SC2317
worker() {
	# shellcheck disable=SC2046
	set -- $(cat "/proc/$WATCH/task/$WATCH/children" 2>/dev/null)
	[ $# = 1 ] && [ "$1" != "${OLD:-}" ] && WORKER=$1
}
# shellcheck disable=SC2317
log_has() {
	grep -Eq -e "$1" "$T/log"
}
# What the worker did since it was started: how often it woke up.
switches() {
	for w in $(cat "/proc/$WATCH/task/$WATCH/children"); do
		awk '/^voluntary_ctxt/ {print $2}' "/proc/$w/status"
	done
}

fresh
control route ok:
control retry '1 1 1'
now_entry before@x.test
: >"$T/log"
watch
ok "what was there before is delivered" until_true 20 gone "$ID"
now_entry a@x.test b@x.test
ok "and so is what comes" until_true 20 gone "$ID"
# A member of a group comes by a rename, and is not closed there.
ID=$(cd "$HERE/helpers" && python3 -c 'import agentlib, os, sys
os.umask(0o077)
e = agentlib.Entry(sys.argv[1], b"Subject: x\r\n\r\n", ["x@x.test"],
                   eid=agentlib.new_id() + "-1")
print(e.id)' "$T")
mv "$T/$ID" "$T/queue/new/$ID"
ok "and what is moved there as a group's member" until_true 20 gone "$ID"
is "its agent was started once for all of it" "$(starts_of ok)" 1

# Idle is idle.
before=$(switches)
sleep 1
after=$(switches)
ok "idle: woken $((after - before)) times in a second" test $((after - before)) -le 2

# Due times are waited for.
control route later:
sleep 0.3
ok "a change of the controls: read again" until_true 20 log_has 'event=reload'
ok "and a worker is there" until_true 20 worker
now_entry later@x.test
ok "tried again when it is due, and again" until_true 30 sh -c "[ \"\$(grep -c '$ID' '$T/notes/jobs.later')\" -ge 3 ]"
mkdir -p "$T/queue/hold"
mv "$T/queue/$(where "$ID")" "$T/queue/hold/$ID" 2>/dev/null

# A setting that is nonsense changes nothing.
: >"$T/log"
control retry often
ok "nonsense is said" until_true 20 log_has 'control/retry'
sleep 0.3
ok "and the worker goes on" kill -0 "$WATCH"
now_entry still@x.test
ok "with what it had" until_true 20 grep -q "$ID" "$T/notes/jobs.later"
control retry '1 1 1'
ok "and reads it when it is mended" until_true 20 log_has 'event=reload'

# SIGHUP.
: >"$T/log"
until_true 20 worker
OLD=$WORKER
kill -HUP "$WATCH"
ok "SIGHUP: read again" until_true 20 log_has 'event=reload'
ok "SIGHUP: a worker is there" until_true 20 worker

# A worker that is killed is started again.
kill -9 "$WORKER"
ok "a killed worker is missed" until_true 20 log_has 'event=worker-ended .*signal 9'
rm -rf "$T/queue/due" "$T/queue/hold"
control route ok:
now_entry after@x.test
ok "and another takes its place" until_true 20 gone "$ID"

# The end.
kill "$WATCH"
wait "$WATCH"
is "SIGTERM: exit 0" $? 0

# A slow destination does not keep what comes from the others.
fresh
control route ok:
now_entry -m route=hold: a@x.test
hold=$ID
watch
ok "slow: it is in hand" until_true 20 grep -q "$hold" "$T/notes/holding"
now_entry b@x.test
ok "slow: others are delivered meanwhile" until_true 20 gone "$ID"
kill "$WATCH"
: >"$T/notes/go"
wait "$WATCH"
is "slow: SIGTERM waits for what is in hand" "$? $(where "$hold")" "0 gone"

# Several workers share by id.
fresh
control route ok:
control workers 3
watch
i=0
while [ $i -lt 40 ]; do
	now_entry a@x.test
	i=$((i + 1))
done
ok "three workers: all is delivered" until_true 20 sh -c "[ \"\$(find '$T/queue/new' -type f | wc -l)\" = 0 ]"
ok "three workers: more than one has done it" test "$(starts_of ok)" -gt 1
is "three workers: each once" "$(jobs_of ok | sort | uniq -d | wc -l)" 0
kill "$WATCH"
wait "$WATCH"

# Wrong together.
"$QUEUERUN" -c "$T/control" -q "$T/queue" -w --flush 2>"$T/log"
is "-w --flush is wrong usage" $? 100

# From 250 to the Maildir: system calls are counted, not time.
if command -v strace >/dev/null && ! grep -q __asan_init "$QUEUERUN"; then
	fresh
	rm "$T/control/agentdir"
	control maildir "$T/maildir"
	"$QUEUERUN" -c "$T/control" -q "$T/queue" -w 2>"$T/log" &
	WATCH=$!
	started "$WATCH"
	until_true 20 worker
	now_entry warm@example.org
	until_true 20 gone "$ID"
	strace -qq -p "$WORKER" -o "$T/trace" 2>/dev/null &
	tracer=$!
	started $tracer
	until_true 10 grep -q "TracerPid:[^0-9]*[1-9]" "/proc/$WORKER/status"
	now_entry cold@example.org
	ok "the Maildir has it" until_true 20 gone "$ID"
	stop $tracer
	polls=$(grep -c ppoll "$T/trace")
	total=$(wc -l <"$T/trace")
	ok "$polls waits" test "$polls" -le 6
	ok "$total system calls" test "$total" -le 60
	unlike "no program is started for it" "$(cat "$T/trace")" 'execve|clone|vfork'
	unlike "and new/ is not read for it" "$(cat "$T/trace")" 'getdents'
	stop "$WATCH"
else
	skip 5 "no strace"
fi
done_testing
