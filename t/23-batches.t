#!/bin/sh
# A message as several entries, through real clients: what it costs in system
# calls, LMTP and PRDR as swaks speaks them, and everything delivered once.
# shellcheck source=t/lib.sh
. "${0%/*}/lib.sh"
need swaks python3
need_strace

new_setup
control rcpthosts .example
control maildir "$T/maildir/%d/%u"
for domain in 0 1 2 3 4 5 6 7 8 9; do
	echo "d$domain.example"
done >"$T/control/locals"
mkdir -p "$T/queue/tmp" "$T/queue/new"
chmod 700 "$T/queue" "$T/queue/tmp" "$T/queue/new"

# say RECIPIENTS DOMAINS: a session with one message on standard output.
say() {
	printf 'EHLO client.example\r\nMAIL FROM:<a@b.example>\r\n'
	i=0
	while [ "$i" -lt "$1" ]; do
		printf 'RCPT TO:<u%d@d%d.example>\r\n' "$i" $((i % $2))
		i=$((i + 1))
	done
	printf 'DATA\r\nSubject: x\r\n\r\n'
	yes 'a line of the message' | head -n 200 | sed 's/$/\r/'
	printf '.\r\nQUIT\r\n'
}

# calls RECIPIENTS DOMAINS: counts the calls from the message on.
calls() {
	say "$1" "$2" | strace -o "$T/trace" "$SMTPE" -c "$T/control" \
	    -q "$T/queue" >"$T/out" 2>"$T/log"
	sed -n '/"tmp\//,$p' "$T/trace" | sed 's/(.*//' | sort | uniq -c |
	    awk '$2 ~ /^(fsync|fdatasync|syncfs|mkdirat|rename.*|writev)$/ ||
		$2 == "openat" { printf "%s %d, ", $2, $1 }'
}

is "one recipient: one file, one rename, one fsync" "$(calls 1 1)" \
    "fsync 1, openat 1, renameat 1, "
is "100 recipients in one domain: the same" "$(calls 100 1)" \
    "fsync 1, openat 1, renameat 1, "
is "... one id" "$(grep -c 'Queued as [0-9a-v]\{26\}.$' "$T/out")" 1
# A directory and its 10 files; one rename for all and one each to new/.
is "100 recipients in ten domains: ten files, one fsync" "$(calls 100 10)" \
    "fsync 1, mkdirat 1, openat 11, renameat 12, writev 10, "
is "... ten ids" "$(tr ' ' '\n' <"$T/out" | grep -c '^[0-9a-v]\{26\}-')" 10
is "... and nothing else than entries" \
    "$(find "$T/queue" -mindepth 2 | wc -l)" 12
say 100 10 >"$T/in"
control batch recipient
smtpe_run "$T/in"
rm "$T/control/batch"
is "100 recipients, each with an entry of its own: exit 0" "$STATUS" 0
is "... 100 ids, in lines that are not too long" \
    "$(tr ' ' '\n' <"$T/out" | tr -d '\r' | grep -c '^[0-9a-v]\{26\}-[0-9]*$') $(
	awk 'length > 512' "$T/out" | wc -l)" "100 0"
"$BUILD/queuerun/queuerun" -c "$T/control" -q "$T/queue" 2>"$T/log"
is "queuerun delivers each once" "$(find "$T/maildir" -path '*/new/*' |
    wc -l)" "$((1 + 100 + 100 + 100))"
is "... and nothing is left" "$(entries new)" 0

# --- swaks ---

cat >"$T/script.lua" <<'LUA'
function hook.received(msg)
	if msg:recipients()[1] == "bad@d1.example" then
		return action.reject(550, "5.7.1 not this one")
	end
end
LUA
# ask ARGUMENTS...: what the server said behind the dot, codes only.
ask() {
	swaks --pipe "$SMTPE -c $T/control -q $T/queue -s $T/script.lua $OPTION" \
	    --helo client.example --from a@b.example --body x "$@" \
	    >"$T/swaks.out" 2>&1
	echo "$?: $(sed -n '/^ -> \.$/,/^ -> QUIT/p' "$T/swaks.out" |
	    sed -n 's/^<\(\*\*\|- \) *\([0-9]*\)[ -].*/\2/p' | tr '\n' ' ')"
}
OPTION=--lmtp
is "swaks, LMTP: a reply for each" \
    "$(ask --protocol LMTP --to good@d0.example,bad@d1.example,too@d2.example)" \
    "0: 250 550 250 "
is "... two entries" "$(entries new)" 2
is "swaks, LMTP: one recipient" \
    "$(ask --protocol LMTP --to good@d0.example)" "0: 250 "
OPTION=
is "swaks, PRDR: 353, a reply for each, and one for all" \
    "$(ask --prdr --to good@d0.example,bad@d1.example)" "0: 353 250 550 250 "
is "... one more entry" "$(entries new)" 4
is "swaks without PRDR: all or none" \
    "$(ask --to good@d0.example,bad@d1.example)" "26: 550 "
is "... no more entries" "$(entries new)" 4
ok "... the log names the refusal" grep -q 'not this one' "$T/swaks.out"
done_testing
