#!/bin/sh
# queuerun as root: it becomes the owner of the queue for good, and so do its
# workers and agents; a worker of -w does not outlive the process above it,
# although a change of the user makes the kernel forget that it was asked.
# shellcheck source=t/lib.sh
. "${0%/*}/lib.sh"
need python3
[ "$(id -u)" = 0 ] || skip_all "only root can become somebody else"
OWNER=nobody
group=$(id -gn $OWNER) || skip_all "there is no user nobody"

# Where the owner of the queue can reach them.
chmod 755 "$T"
mkdir "$T/bin" "$T/control" "$T/queue"
cp "$QUEUERUN" "${QUEUERUN%/*}/agent-maildir" "$T/bin/"
chown "$OWNER:$group" "$T/queue"
chmod 700 "$T/queue"
echo "$T/queue/maildir/%d/%u" >"$T/control/maildir"
echo maildir: >"$T/control/route"
echo mx.example.org >"$T/control/me"

put() {
	printf '%s\r\n' "EHLO x" "MAIL FROM:<a@x.test>" "RCPT TO:<b@x.test>" \
	    DATA "Subject: x" "" x . QUIT | RELAYCLIENT='' \
	    "$SMTPE" -c "$T/control" -q "$T/queue" >"$T/out" 2>"$T/err"
	like "$1: taken" "$(cat "$T/out")" '^250 2.0.0 Queued'
}
foreign() {
	find "$T/queue" ! -user $OWNER
}
# shellcheck disable=SC2317
delivered() {
	[ "$(find "$T/queue/maildir" -path '*/new/*' -type f 2>/dev/null |
	    wc -l)" = "$1" ]
}
# shellcheck disable=SC2317 # called by until_true
worker() {
	WORKER=$(cat "/proc/$WATCH/task/$WATCH/children" 2>/dev/null)
	WORKER=${WORKER%% *}
	[ -n "$WORKER" ] && grep -q "^State:[^A-Z]*S" "/proc/$WORKER/status" &&
	    [ "$(stat -c %U "/proc/$WORKER")" = "$OWNER" ]
}
# shellcheck disable=SC2317
ended() {
	! kill -0 "$1" 2>/dev/null || grep -q '^State:.Z' "/proc/$1/status"
}

put "a pass"
"$T/bin/queuerun" -c "$T/control" -q "$T/queue" 2>"$T/log"
is "a pass: exit 0" $? 0
ok "a pass: delivered" delivered 1
is "a pass: nothing in the queue is root's" "$(foreign)" ""

"$T/bin/queuerun" -c "$T/control" -q "$T/queue" -w 2>"$T/log" &
WATCH=$!
started $WATCH
ok "-w: the worker is the queue's owner" until_true 20 worker
put "-w"
ok "-w: delivered" until_true 20 delivered 2
is "-w: nothing in the queue is root's" "$(foreign)" ""
kill -9 $WATCH
wait $WATCH 2>/dev/null
ok "-w: its worker ends with it" until_true 20 ended "$WORKER"
kill "$WORKER" 2>/dev/null
done_testing
