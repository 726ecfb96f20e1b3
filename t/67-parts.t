#!/bin/sh
# The MIME parts of a message, by the manual's own example: names in both
# fields and in every coding, parts in parts, and mail that is broken.
# shellcheck source=t/lib.sh
. "${0%/*}/lib.sh"

new_setup
sed -n '/^\.Ss msg$/,/^\.Ss context$/p' "${HERE%/*}/man/smtpe-lua.7" |
    sed -n '/^\.Bd/,/^\.Ed/{/^\./!p;}' >"$T/example.lua"
like "the manual has an example" "$(cat "$T/example.lua")" 'msg:parts'

# says NAME REPLY LINE...: the reply to the dot of a message with these lines.
says() {
	name=$1
	want=$2
	shift 2
	printf '%s\r\n' 'EHLO client.example' 'MAIL FROM:<a@client.example>' \
	    'RCPT TO:<b@example.org>' DATA "$@" . QUIT >"$T/in"
	smtpe_run "$T/in" -s "$T/example.lua"
	like "$name" "$(tail -n 2 "$T/out" | head -n 1)" "^$want"
	is "$name: no error" "$(grep -c hook-error "$T/log")" 0
}
mixed='Content-Type: multipart/mixed; boundary=b'
exe='550 5\.7\.1 No programs: '

says "plain text" '250 2\.0\.0 Queued' 'Subject: setup.exe' '' setup.exe
says "an attachment" "$exe"'Setup\.EXE' "$mixed" '' --b '' text --b \
    'Content-Disposition: attachment; filename="Setup.EXE"' '' MZ --b--
says "the other field's name" "$exe"a.exe "$mixed" '' --b \
    'Content-Type: application/octet-stream; name=a.exe' '' MZ --b--
says "RFC 2231" "$exe"b.exe "$mixed" '' --b \
    "Content-Disposition: attachment; filename*0*=utf-8''b%2E; filename*1=exe" \
    '' MZ --b--
says "RFC 2047" "$exe"c.exe "$mixed" '' --b \
    'Content-Disposition: attachment; filename="=?utf-8?B?Yy5leGU=?="' '' MZ \
    --b--
says "in a message in it" "$exe"d.exe "$mixed" '' --b \
    'Content-Type: message/rfc822' '' 'Content-Type: multipart/x; boundary=c' \
    '' --c 'Content-Disposition: attachment; filename=d.exe' '' MZ --c-- --b--
says "no end: the rest is read" "$exe"e.exe "$mixed" '' --b \
    'Content-Disposition: attachment; filename=e.exe' '' MZ
says "broken, and no program" '250 2\.0\.0 Queued' "$mixed" '' --b '' text
is "... is set aside" "$(entries quarantine/broken)" 1
says "an encoded message" '451 4\.7\.1 Too many parts' "$mixed" '' --b \
    'Content-Type: message/rfc822' 'Content-Transfer-Encoding: base64' '' \
    QTogYg0KDQo= --b--
done_testing
