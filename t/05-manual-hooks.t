#!/bin/sh
# smtpe-hooks(7) lists the stages of lib/hook.def, and its examples work.
# shellcheck source=t/lib.sh
. "${0%/*}/lib.sh"

top=${HERE%/*}
page=$top/man/smtpe-hooks.7
write=$top/scripts/man-hooks

cp "$page" "$T/page"
ok "the lists can be written" sh "$write" "$T/page"
ok "smtpe-hooks.7 has the table's stages (scripts/man-hooks writes them)" \
    diff -u "$page" "$T/page"

# Each stage that there is, once, and no other.
sed -n 's/^HOOK(\([a-z_]*\),.*/\1/p' "$top/lib/hook.def" | sort >"$T/table"
ok "there are stages" test -s "$T/table"
sed -n '/BEGIN hook.def stages/,/END hook.def/p' "$page" |
    sed -n 's/^\.It Fn hook\.\([a-z_]*\).*/\1/p' | sort >"$T/listed"
is "each has an item" "$(cat "$T/listed")" "$(cat "$T/table")"
sed -n '/BEGIN hook.def verdicts/,/END hook.def/p' "$page" |
    sed -n 's/^\.It \([a-z_]*\) Ta.*/\1/p' | sort >"$T/rows"
is "each has a row of verdicts" "$(cat "$T/rows")" "$(cat "$T/table")"

sed -n 's/^QUEUE_HOOK(\([a-z_]*\),.*/\1/p' "$top/lib/hook.def" |
    sort >"$T/table"
ok "there are stages of the queue" test -s "$T/table"
sed -n '/BEGIN hook.def queue-stages/,/END hook.def/p' "$page" |
    sed -n 's/^\.It Fn hook\.\([a-z_]*\).*/\1/p' | sort >"$T/listed"
is "each of them has an item" "$(cat "$T/listed")" "$(cat "$T/table")"
sed -n '/BEGIN hook.def queue-verdicts/,/END hook.def/p' "$page" |
    sed -n 's/^\.It \([a-z_]*\) Ta.*/\1/p' | sort >"$T/rows"
is "and a row of verdicts" "$(cat "$T/rows")" "$(cat "$T/table")"

is "the map has each stage of both" "$(sed -n '/BEGIN hook.def map/,/END/p' \
    "$page" | sed -n '/^stage /,/^\.Ed/s/^\([a-z_]*\) .*/\1/p' | sed 1d | sort)" \
    "$(sed -n 's/^[A-Z_]*HOOK(\([a-z_]*\),.*/\1/p' "$top/lib/hook.def" | sort)"

# A page that is out of date is noticed and mended.
sed '/^\.It Fn hook\.rcpt/d' "$page" >"$T/old"
ok "an old page differs" test "$(cat "$T/old")" != "$(cat "$page")"
ok "it is written anew" sh "$write" "$T/old"
ok "and is the same as the page" cmp "$T/old" "$page"
grep -v 'END hook.def' "$page" >"$T/broken"
cp "$T/broken" "$T/before"
if sh "$write" "$T/broken" 2>"$T/err"; then
	fail "a page without a marker is refused"
else
	pass "a page without a marker is refused"
fi
ok "and left as it was" cmp "$T/broken" "$T/before"

# example NAME: what the page shows under that name, as a script.
example() {
	awk -v name="$1" '
	    /^\.\\" example / { here = $3 == name; next }
	    here && /^\.Bd / { inside = 1; next }
	    /^\.Ed/ { if (inside) exit; next }
	    inside { gsub(/\\e/, "\\"); gsub(/\\&/, ""); print }
	' "$page"
}

mkdir "$T/control"
echo mx.example.com >"$T/control/me"
echo example.com >"$T/control/rcpthosts"

# session NAME IP: the replies' codes to the lines on standard input.
session() {
	example "$1" >"$T/$1.lua"
	TCPREMOTEIP=$2 PROTO=TCP "$SMTPE" -c "$T/control" -s "$T/$1.lua" \
	    -q "$T/queue" -o errordelay=0 2>>"$T/log" |
	    tr -d '\r' | sed -n 's/^\([0-9][0-9][0-9]\) \([245]\.[0-9.]* \)*\(.*\)/\1 \2/p' |
	    sed 's/ *$//' | tr '\n' ',' | sed 's/,$//'
}

if [ ! -x "$SMTPE" ]; then
	fail "smtpe is built"
	diag "no $SMTPE"
	done_testing
fi

is "example clients: a client that is refused" \
    "$(printf 'QUIT\r\n' | session clients 192.0.2.1)" "554 5.7.1"
is "example clients: our own name" \
    "$(printf 'HELO MX.example.com\r\nEHLO mx.example.com\r\nHELO x\r\nQUIT\r\n' |
    session clients 192.0.2.2)" \
    "220,550 5.7.1,550 5.7.1,250,221 2.0.0"
is "example recipients: HELO" \
    "$(printf 'HELO x\r\nMAIL FROM:<a@b.example>\r\nRCPT TO:<1@example.com>\r\nRCPT TO:<2@example.com>\r\nRCPT TO:<3@example.com>\r\nQUIT\r\n' |
    session recipients 192.0.2.2)" \
    "220,250,250 2.1.0,250 2.1.5,250 2.1.5,452 4.5.3,221 2.0.0"
is "example recipients: EHLO, and a bounce" \
    "$(printf 'EHLO x\r\nMAIL FROM:<a@b.example>\r\nRCPT TO:<1@example.com>\r\nRCPT TO:<2@example.com>\r\nRCPT TO:<3@example.com>\r\nRSET\r\nMAIL FROM:<>\r\nRCPT TO:<1@example.com>\r\nRCPT TO:<2@example.com>\r\nQUIT\r\n' |
    session recipients 192.0.2.2)" \
    "220,250,250 2.1.0,250 2.1.5,250 2.1.5,250 2.1.5,250 2.0.0,250 2.1.0,250 2.1.5,550 5.5.3,221 2.0.0"

# message TEXT: a session with one message.
message() {
	printf 'EHLO x\r\nMAIL FROM:<a@b.example>\r\nRCPT TO:<1@example.com>\r\nDATA\r\nSubject: x\r\n\r\n%s\r\n.\r\nQUIT\r\n' "$1"
}
head="220,250,250 2.1.0,250 2.1.5,354"
is "example content: an ordinary message" \
    "$(message hello | session content 192.0.2.2)" \
    "$head,250 2.0.0,221 2.0.0"
is "example content: what the scanner finds" \
    "$(message 'X5O EICAR' | session content 192.0.2.2)" \
    "$head,554 5.7.1,221 2.0.0"
is "example content: a large message" \
    "$(message "$(printf '%05000d' 0)" | session content 192.0.2.2)" \
    "$head,250 2.0.0,221 2.0.0"
is "... lies apart" \
    "$(find "$T/queue/quarantine/large" -type f | wc -l)" 1
is "... and the ordinary one in the queue" \
    "$(find "$T/queue/new" -type f | wc -l)" 1

# --- testing your policy: what the page shows is what one sees ---

# shown NAME: the page's block of that name.
shown() {
	awk -v name="$1" '
	    /^\.\\" try / { here = $3 == name; next }
	    here && /^\.Bd / { inside = 1; next }
	    /^\.Ed/ { if (inside) exit; next }
	    inside { gsub(/\\&/, ""); gsub(/\\e/, "\\"); print }
	' "$page"
}

# command_of NAME, output_of NAME: a block's first line, with those that go on
# with it, and the rest.
command_of() {
	shown "$1" | awk 'sub(/^\$ /, "") || more { print; more = /\\$/; next }
	    { exit }'
}
output_of() {
	shown "$1" | awk '/^\$ / || more { more = /\\$/; next } { print }'
}

# same_times: no two runs take the same time.
same_times() {
	sed 's/\[[0-9]* us\]/[N us]/; s/\r$//'
}

mkdir "$T/try"
cp -R "$T/control" "$T/try/control"
example try >"$T/try/policy.lua"
shown commands >"$T/try/commands"
PATH=${SMTPE%/*}:$PATH
mkdir "$T/tmp"
TMPDIR=$T/tmp
export TMPDIR
cd "$T/try" || exit 1
echo policy.lua >control/script
output_of check >"$T/want"
sh -c "$(command_of check)" >"$T/got" 2>&1
is "testing: --check ends with 0" $? 0
ok "... and says what the page says" diff -u "$T/want" "$T/got"
command_of session >"$T/command"
output_of session | sed '/^\.\.\./,$d' | same_times >"$T/want"
ok "testing: there is a session" test "$(wc -l <"$T/want")" -gt 10
sh -c "$(cat "$T/command")" 2>&1 | same_times | head -n "$(wc -l <"$T/want")" >"$T/got"
ok "... which begins as the page says" diff -u "$T/want" "$T/got"
shown again | same_times >"$T/want"
sh -c "$(sed 's/a\.dial\.example/mail.example/' "$T/command")" 2>&1 | same_times |
    tail -n "$(wc -l <"$T/want")" >"$T/got"
ok "testing: under another name it ends as the page says" \
    diff -u "$T/want" "$T/got"
is "testing: nothing is left" "$(find . | sort | tr '\n' ' ')" \
    ". ./commands ./control ./control/me ./control/rcpthosts ./control/script ./policy.lua "
is "... nor in between" "$(find "$T/tmp" -mindepth 1)" ""
sed 's/hook\.rcpt/hook.rctp/' policy.lua >wrong.lua
smtpe --check -c control -q none -s wrong.lua >"$T/got" 2>&1
is "testing: a hook that there is not ends with 111" $? 111
grep 'hook=rctp\|^problem' "$page" | sed 's/policy\.lua/wrong.lua/' >"$T/want"
is "... and the page has two lines" "$(wc -l <"$T/want")" 2
ok "... which are the ones" test "$(sed 's/^smtpe\[[0-9]*\] //' "$T/got" |
    grep -cxFf "$T/want")" -eq 2
cd "$T" || exit 1

is "no example has an error" "$(grep -E 'event=(hook|fatal)' "$T/log")" ""
done_testing
