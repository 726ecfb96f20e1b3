#!/bin/sh
# A full disk is temporary, costs nobody a message, and leaves nothing.
# shellcheck source=t/lib.sh
. "${0%/*}/lib.sh"
need python3
[ "$(id -u)" = 0 ] || skip_all "only root can mount a small disk"
new_setup
mkdir "$T/disk"
mount -t tmpfs -o size=128k,nr_inodes=200 smtpe-test "$T/disk" 2>/dev/null ||
    skip_all "no tmpfs can be mounted here"
trap 'umount "$T/disk"; cleanup' EXIT
trap 'exit 1' INT TERM HUP PIPE

# send COUNT OCTETS: messages in one session; the replies are in $T/out.
send() {
	perl -e 'my ($n, $size) = @ARGV; print "EHLO x\r\n"; for (1 .. $n) {
		print "MAIL FROM:<a\@b.example>\r\nRCPT TO:<b$_\@example.org>\r\n",
		    "DATA\r\nSubject: $_\r\n\r\n", "x" x $size, "\r\n.\r\n" }
		print "QUIT\r\n"' "$1" "$2" >"$T/in"
	"$SMTPE" -c "$T/control" -q "$T/disk/queue" -o maxerrors=0 -o errordelay=0 \
	    <"$T/in" >"$T/out" 2>"$T/log"
	status=$?
}
queued() {
	grep -c '^250 2\.0\.0 Queued' "$T/out"
}

send 20 10000
is "full: exit 0" "$status" 0
ok "full: some messages are taken ($(queued))" test "$(queued)" -ge 3
ok "full: the others are put off by 452 4.3.1" \
    test "$(grep -c '^452 4\.3\.1' "$T/out")" -eq $((20 - $(queued)))
is "full: as many entries as were acknowledged" \
    "$(find "$T/disk/queue/new" -type f | wc -l)" "$(queued)"
ok "full: each of them is complete" \
    python3 "$HERE/read-entry.py" "$T"/disk/queue/new/*
is "full: nothing in tmp/" "$(find "$T/disk/queue/tmp" -type f | wc -l)" 0
# A small one still fits where a large one did not, and the other way round.
send 1 10
like "full: a small message has its own luck" \
    "$(grep -E '^(250 2.0.0|45)' "$T/out")" '^(250 2\.0\.0 Queued|45[12] 4\.3\.)'

rm -f "$T"/disk/queue/new/*
send 1 10000
is "with room again: taken" "$(queued)" 1
rm -f "$T"/disk/queue/new/*

# No inodes.
perl -e 'my $n = 0; 1 while open my $f, ">", "$ARGV[0]/filler." . $n++' "$T/disk"
send 2 10
is "no inodes: exit 0" "$status" 0
is "no inodes: both are put off" \
    "$(grep -Ec '^45[12] 4\.3\.' "$T/out")" 2
is "no inodes: nothing is left" \
    "$(find "$T/disk/queue/new" "$T/disk/queue/tmp" -type f | wc -l)" 0
rm -f "$T"/disk/filler.*

# A disk that was remounted read-only after an error.
send 1 10
is "before: one is taken" "$(queued)" 1
mount -o remount,ro "$T/disk"
send 2 10
is "read-only: exit 0" "$status" 0
is "read-only: both are put off" "$(grep -Ec '^45[12] 4\.3\.' "$T/out")" 2
"$QUEUERUN" -c "$T/control" -q "$T/disk/queue" -o maildir="$T/never" \
    2>"$T/log"
unlike "read-only: nobody bounces" "$(cat "$T/log")" 'outcome=fail'
mount -o remount,rw "$T/disk"
is "read-only: the entry from before is there, and no other" \
    "$(find "$T/disk/queue" -type f ! -path '*/log/*' | wc -l) $(find "$T/disk/queue/tmp" -type f | wc -l)" "1 0"
send 1 10
is "writable again: taken" "$(queued)" 1

# The Maildir's disk is full: the mail stays in the queue.
rm -rf "$T/disk/queue"
control maildir "$T/disk/maildir"
perl -e 'print "EHLO x\r\n"; for (1 .. 20) {
	print "MAIL FROM:<a\@b.example>\r\nRCPT TO:<b$_\@example.org>\r\n",
	    "DATA\r\nSubject: $_\r\n\r\n", "x" x 10000, "\r\n.\r\n" }
	print "QUIT\r\n"' >"$T/in"
smtpe_run "$T/in" -o log=none
"$QUEUERUN" -c "$T/control" -q "$T/queue" 2>"$T/log"
is "Maildir full: the run is complete" "$?" 0
inside=$(find "$T/disk/maildir/new" -type f 2>/dev/null | wc -l)
waiting=$(entries due)
ok "Maildir full: some are delivered ($inside)" test "$inside" -ge 3
is "Maildir full: the others wait" "$((inside + waiting))" 20
unlike "Maildir full: nobody bounces" "$(cat "$T/log")" 'outcome=fail'
is "Maildir full: no part of a message is left" \
    "$(find "$T/disk/maildir/tmp" -type f | wc -l)" 0
mount -o remount,size=4m "$T/disk"
"$QUEUERUN" -c "$T/control" -q "$T/queue" --flush 2>"$T/log"
is "with room again: all 20 are there" \
    "$(grep -lr '^Delivered-To: b' "$T/disk/maildir/new" | wc -l)" 20
is "and each once" \
    "$(grep -hr '^Delivered-To: b' "$T/disk/maildir/new" | sort -u | wc -l)" 20
is "and the queue is empty" \
    "$(find "$T/queue" -type f ! -path '*/log/*' | wc -l)" 0
umount "$T/disk"
trap cleanup EXIT
done_testing
