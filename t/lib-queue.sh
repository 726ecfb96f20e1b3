# lib-queue.sh: what the tests of queuerun share: entries, passes at times of
# their own, and agents that do what their names say. Source it after lib.sh.
# shellcheck shell=sh disable=SC2034

MAKE_ENTRY=$BUILD/t/helpers/make-entry
[ -x "$MAKE_ENTRY" ] || { echo "Bail out! no $MAKE_ENTRY (make unit)"; exit 1; }
DAY=86400
T0=1800000000

# fresh: an empty queue, agents of all modes, nothing noted.
fresh() {
	new_setup
	rm -rf "$T/agents" "$T/notes"
	mkdir -p "$T/agents" "$T/notes"
	control agentdir "$T/agents"
	control agenttimeout 20
	for m in addr other ok later fail narrow reverse hold silent garbage \
	    endless busy busy-open always-busy notes flood slow twice unknown-job unknown-index bad-code \
	    bad-outcome raw-text long-text dies dies-once dies-partly closes \
	    start-dies start-garbage start-other start-window start-never; do
		printf '#!/bin/sh\nexec python3 "%s" "%s" "%s"\n' \
		    "$HERE/helpers/agent-fake.py" "$m" "$T/notes" \
		    >"$T/agents/agent-$m"
		chmod +x "$T/agents/agent-$m"
	done
}

# entry OPTIONS RCPT...: one entry; its id is in ID.
entry() {
	ID=$("$MAKE_ENTRY" -q "$T/queue" -r $T0 "$@") ||
	    diag "make-entry $* failed"
}

# run OPTIONS: one pass at T0; STATUS, and the log in $T/log.
run() {
	"$QUEUERUN" -c "$T/control" -q "$T/queue" --now $T0 "$@" 2>"$T/log"
	STATUS=$?
}

# run_at SECONDS OPTIONS: one pass that long after T0.
run_at() {
	now=$((T0 + $1))
	shift
	"$QUEUERUN" -c "$T/control" -q "$T/queue" --now "$now" "$@" \
	    2>"$T/log"
	STATUS=$?
}

# where ID: the path of an entry below the queue, "gone" without one.
where() {
	w=$(cd "$T/queue" && find . -type f -name "*$1" ! -path './log/*' |
	    sed 's,^\./,,')
	echo "${w:-gone}"
}

history() {
	cat "$T/queue"/log/*/"$1" 2>/dev/null
}

# states ID: the recipients' states, as letters.
states() {
	LC_ALL=C grep -a '^[TDPBX] ' "$T/queue/$(where "$1")" | cut -c1 |
	    tr -d '\n'
}

jobs_of() {
	cat "$T/notes/jobs.$1" 2>/dev/null
}

starts_of() {
	[ ! -f "$T/notes/starts.$1" ] || wc -l <"$T/notes/starts.$1"
}

right() {
	is "$1: the agent saw nothing wrong" \
	    "$(cat "$T/notes/wrong" 2>/dev/null)" ""
}
