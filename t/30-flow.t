#!/bin/sh
# Mail goes in at the front door and comes out of the queue: 2,000 messages in
# 20 sessions through tcpserver, each acknowledged, queued, delivered into a
# Maildir, and the same octet by octet but for the fields we say we add.
# shellcheck source=t/lib.sh
. "${0%/*}/lib.sh"
need tcpserver smtp-source python3

N=2000
new_setup
control maildir "$T/maildir"

# 4 KiB with what could go wrong on the way: dots, "From ", 8-bit, long and
# empty lines, blanks at the end.
{
	printf 'From: sender <a@client.example>\nSubject: a message of 4 KiB\n'
	printf 'X-Folded: one\n\ttwo\n\n'
	printf '.\n..\n.dot\nFrom the start\n>From quoted\nblank at the end \n\n'
	printf 'caf\303\251 \377\376\n'
	yes 'A line of sixty octets, so that there are enough of them ...' |
	    head -n 40
	yes x | head -n 1400 | tr -d '\n'
	printf '\nlast line\n'
} >"$T/body"
# smtp-source ends every message with an empty line of its own.
{
	cat "$T/body"
	echo
} >"$T/expected"
i=0
while [ "$i" -lt "$N" ]; do
	i=$((i + 1))
	echo "${i}b@example.org"
done >"$T/recipients"

: >"$T/log"
serve_tcp -c 40 -- "$SMTPE" -c "$T/control" -q "$T/queue"
ok "smtp-source: $N messages acknowledged in 20 sessions" \
    smtp-source -s 20 -m "$N" -N -F "$T/body" -f a@client.example \
    -t b@example.org "127.0.0.1:$PORT"
stop "$SERVER"
is "the log tells of each" "$(grep -c 'event=message .*result=new' "$T/log")" "$N"
is "$N entries" "$(entries new)" "$N"
is "nothing in tmp/" "$(entries tmp)" 0
ok "every entry is complete, read by another reader" \
    python3 "$HERE/read-entry.py" "$T"/queue/new/*

ok "queuerun: exit 0" "$QUEUERUN" -c "$T/control" -q "$T/queue" -o log=none
is "the queue is empty" \
    "$(find "$T/queue" -type f ! -path '*/log/*' | wc -l)" 0
is "no history is left" "$(entries log)" 0
is "delivered, each once, nothing changed" \
    "$(python3 "$HERE/helpers/check-maildir.py" "$T/maildir" "$T/expected" "$T/recipients")" \
    "messages $N recipients $N missing 0 duplicates 0 wrong 0"
is "nothing in the Maildir's tmp/" \
    "$(find "$T/maildir/tmp" -type f | wc -l)" 0

# Two runs at once share the work: nothing twice, nothing lost.
rm -rf "$T/maildir"
serve_tcp -c 40 -- "$SMTPE" -c "$T/control" -q "$T/queue" -o log=none
smtp-source -s 20 -m 500 -N -F "$T/body" -f a@client.example \
    -t b@example.org "127.0.0.1:$PORT"
stop "$SERVER"
head -n 500 "$T/recipients" >"$T/some"
"$QUEUERUN" -c "$T/control" -q "$T/queue" -o log=none &
one=$!
"$QUEUERUN" -c "$T/control" -q "$T/queue" -o log=none &
two=$!
wait "$one"
one=$?
wait "$two"
is "two runs at once: exit 0" "$one$?" 00
is "two runs at once: each message once" \
    "$(python3 "$HERE/helpers/check-maildir.py" "$T/maildir" "$T/expected" "$T/some")" \
    "messages 500 recipients 500 missing 0 duplicates 0 wrong 0"

# A run while mail is coming in: it takes what is committed, no more.
rm -rf "$T/maildir"
serve_tcp -c 40 -- "$SMTPE" -c "$T/control" -q "$T/queue" -o log=none
smtp-source -s 20 -m 500 -N -F "$T/body" -f a@client.example \
    -t b@example.org "127.0.0.1:$PORT" &
source=$!
runs=0
while kill -0 "$source" 2>/dev/null; do
	"$QUEUERUN" -c "$T/control" -q "$T/queue" -o log=none || break
	runs=$((runs + 1))
done
wait "$source"
is "runs beside incoming mail: all acknowledged" "$?" 0
"$QUEUERUN" -c "$T/control" -q "$T/queue" -o log=none
stop "$SERVER"
is "runs beside incoming mail ($runs of them): each message once" \
    "$(python3 "$HERE/helpers/check-maildir.py" "$T/maildir" "$T/expected" "$T/some")" \
    "messages 500 recipients 500 missing 0 duplicates 0 wrong 0"
done_testing
