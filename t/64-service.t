#!/bin/sh
# Daemons that a script asks, as they are and as bad as they can be:
# t/lua/service.lua asks those of t/helpers/service_stub.py.
# shellcheck source=t/lib.sh
. "${0%/*}/lib.sh"
need python3

new_setup
LUA=$HERE/lua/service.lua
DIR=$T/dir
mkdir "$DIR"
export DIR TCPREMOTEIP=192.0.2.7 PROTO=TCP

set -- refuse=any:refuse http=http rspamd=rspamd clamd=clamd spamd=spamd \
    meet_clamd=clamd:meet meet_spamd=spamd:meet meet_rspamd=rspamd:meet \
    half_clamd=clamd:half half_spamd=spamd:half \
    drip_clamd=clamd:drip drip_spamd=spamd:drip
for mode in close garbage huge silent deaf; do
	for kind in clamd spamd http; do
		set -- "$@" "${mode}_$kind=$kind:$mode"
	done
done
python3 "$HERE/helpers/service_stub.py" "$@" >"$T/ports" 2>"$T/stub.log" &
started "$!"
until_true 20 grep -q '^ready' "$T/ports" || {
	diag "$(cat "$T/stub.log")"
	fail "the daemons start"
	done_testing
}
while read -r name port; do
	[ "$name" = ready ] || export "AT_$name=$port"
done <"$T/ports"

# --- what service.lua finds ---

printf 'QUIT\r\n' >"$T/in"
smtpe_run "$T/in" -s "$LUA" -o "luapath=$HERE/lua/?.lua" -o hooktimeout=120 \
    -o luamemory=256M
grep -E '^(not )?ok |^# at ' "$T/log" >"$T/tap"
while read -r line; do
	case $line in
	ok*) pass "$(echo "$line" | sed 's/^ok [0-9]* - //')" ;;
	not*) fail "$(echo "$line" | sed 's/^not ok [0-9]* - //')" ;;
	*) diag "${line#\# }" ;;
	esac
done <"$T/tap"
is "it ran to its end" "$STATUS $(grep -c '^1\.\.' "$T/log")" "0 1"
is "without an error" "$(grep -E 'event=(hook-error|fatal)' "$T/log")" ""

# --- the message of the transaction ---

{
	printf '%s\r\n' 'EHLO client.example' 'MAIL FROM:<a@client.example>' \
	    'RCPT TO:<b@example.org>' 'RCPT TO:<c@example.org>' DATA \
	    'Subject: one' '' '..' 'XJS*C4JDBQADN1.NSBN3*2IDNEN*GTUBE' . \
	    'MAIL FROM:<>' 'RCPT TO:<b@example.org>' DATA \
	    "X5O!P%@AP[4\\PZX54(P^)7CC)7}\$EICAR" . QUIT
} >"$T/session"
smtpe_run "$T/session" -s "$LUA" -o "luapath=$HERE/lua/?.lua" \
    -o hooktimeout=120 -o luamemory=256M
like "scanned: what three say" "$(cat "$T/out")" '^250 .*reject true'
like "scanned: a virus" "$(cat "$T/out")" \
    '^554 5\.7\.1 Win\.Test\.EICAR_HDB-1'
for symbol in HELO=client.example FROM=a@client.example RCPT=b@example.org \
    RCPT=c@example.org IP=192.0.2.7 SIZE_54 FROM= SIZE_35; do
	ok "rspamd is told $symbol" grep -qxF "symbol $symbol" "$T/log"
done

# --- the manual's example ---

sed -n '/^\.Ss service$/,/^\.Ed$/p' "${HERE%/*}/man/smtpe-lua.7" |
    sed -n '/^\.Bd/,/^\.Ed/{/^\./!p;}' >"$T/example"
like "the manual has an example" "$(cat "$T/example")" 'service\.wait'
# shellcheck disable=SC2154
for scanner in clamd refuse; do
	eval "at=\$AT_$scanner"
	sed "s|/run/clamav/clamd.ctl|127.0.0.1:$at|
	    s|\"10.0.0.1\", \"10.0.0.2\"|\"127.0.0.1:$AT_refuse\", \"127.0.0.1:$AT_rspamd\"|" \
	    "$T/example" >"$T/example.lua"
	TCPREMOTEHOST=client.example smtpe_run "$T/session" \
	    -s "$T/example.lua"
	grep -E '^[245]5[0-9] (5\.7\.1|4\.7\.1)' "$T/out" |
	    tr -d '\r' >"$T/verdicts"
	case $scanner in
	clamd) want='550 5.7.1 Spam
550 5.7.1 Win.Test.EICAR_HDB-1' ;;
	*) want='451 4.7.1 No virus scanner
451 4.7.1 No virus scanner' ;;
	esac
	is "the example, with $scanner" "$(cat "$T/verdicts")" "$want"
done

# --- work before the 250, or behind it when the machine is busy ---

sed -n '/^\.Sh STAGES OF THE QUEUE$/,/^\.Ed$/p' \
    "${HERE%/*}/man/smtpe-hooks.7" |
    sed -n '/^\.Bd/,/^\.Ed/{/^\./!p;}' >"$T/example"
like "the manual has an example of both" "$(cat "$T/example")" 'hook\.postq'
# both BUSY SCANNER: the session with it, and a run of the queue.
both() {
	eval "at=\$AT_$2"
	sed "s|/run/clamav/clamd.ctl|127.0.0.1:$at|; s|> 2 \*.*cpucount() then|> $1 then|" \
	    "$T/example" >"$T/example.lua"
	smtpe_run "$T/session" -s "$T/example.lua"
	sed -n 's/^\([245]5[0-9] [245]\.[07]\.[01]\) [QWN].*/\1/p' "$T/out" |
	    tr '\n' ' '
	"$QUEUERUN" -c "$T/control" -q "$T/queue" -s "$T/example.lua" --flush \
	    2>>"$T/log"
	find "$T/queue/quarantine" "$T/queue/due" -type f 2>/dev/null |
	    wc -l
}
rm -rf "$T/queue" "$T/maildir"
is "not busy: the client hears it" "$(both 1e9 clamd)" \
    "250 2.0.0 550 5.7.1 0"
is "not busy: no scanner" "$(both 1e9 refuse)" "451 4.7.1 451 4.7.1 0"
rm -rf "$T/queue" "$T/maildir"
is "busy: it is taken, and waits for the scanner" "$(both -1 refuse)" \
    "250 2.0.0 250 2.0.0 2"
is "busy: nothing is delivered unseen" \
    "$(find "$T/maildir" -type f 2>/dev/null | wc -l)" 0
printf 'QUIT\r\n' >"$T/session"
is "busy: seen, one is set aside" "$(both -1 clamd)" 1
is "busy: and the other is delivered" \
    "$(find "$T/maildir" -type f | wc -l)" 2

# --- the hook's time ---

printf 'HELO x\r\nNOOP\r\nQUIT\r\n' >"$T/in"
sed '/^t.run_plain/,/^end)/d' "$LUA" >"$T/silent.lua"
smtpe_run "$T/in" -s "$T/silent.lua" -o "luapath=$HERE/lua/?.lua" \
    -o hooktimeout=300ms
is "who says nothing ends with the hook" \
    "$STATUS $(cut -c 1-3 "$T/out" | tr '\n' ' ')" "0 220 250 250 221 "
unlike "... and pcall does not help" "$(cat "$T/out")" 'came back'
like "... as the log says" "$(cat "$T/log")" \
    'event=hook-error hook=helo .*out of time'
done_testing
