#!/bin/sh
# The extensions with clients that are not ours: PIPELINING, XCLIENT and PROXY
# (swaks), SIZE, 8BITMIME and SMTPUTF8 (curl, python), DSN (python, libesmtp),
# CHUNKING and PIPELINING together (libesmtp).
# shellcheck source=t/lib.sh
. "${0%/*}/lib.sh"
need tcpserver

new_setup
control databytes 300000
cat >"$T/script.lua" <<'END_OF_SCRIPT'
local function commands() return io.open(os.getenv("COMMANDS"), "a") end
function hook.command(line)
	local f = commands()
	f:write(line, "\n")
	f:close()
end
END_OF_SCRIPT
COMMANDS=$T/commands
export COMMANDS
serve_tcp -- "$SMTPE" -c "$T/control" -q "$T/queue" -s "$T/script.lua"

# fresh: nothing is queued, nothing was said.
fresh() {
	rm -rf "$T/queue"
	: >"$COMMANDS"
}

# message: that of the only entry, CRs taken away.
message() {
	cat "$T"/queue/new/* | tr -d '\r' | sed '/^smtpe-entry 1$/,$d'
}

printf 'Subject: a test\r\n\r\n.dot\r\ntext\r\n' >"$T/message"

if command -v swaks >/dev/null; then
	fresh
	ok "swaks --pipeline" swaks --silent 2 --pipeline --server 127.0.0.1 --port "$PORT" \
	    --ehlo client.example --from a@b.example --to x@example.org,y@example.org \
	    --data "@$T/message"
	is "its message" "$(message)" "$(tr -d '\r' <"$T/message")"
	is "for both" "$(cat "$T"/queue/new/* | grep -c '^T [xy]@example')" 2
	fresh
	is "swaks --pipeline, one recipient of a group refused: the other is not" \
	    "$(swaks --silent 3 --pipeline --server 127.0.0.1 --port "$PORT" \
	    --from a@b.example --to x@elsewhere.example,y@example.org \
	    --data "@$T/message" >/dev/null 2>&1; entries new)" 1
	fresh
	control xclienthosts 127.0.0.1
	ok "swaks --xclient" swaks --silent 2 --server 127.0.0.1 --port "$PORT" \
	    --xclient-addr 192.0.2.99 --xclient-name far.example \
	    --xclient-helo other.example --from a@b.example \
	    --to x@example.org --data "@$T/message"
	like "its client is the one it named" "$(cat "$T"/queue/new/*)" \
	    '^client-ip 192\.0\.2\.99$'
	rm -f "$T/control/xclienthosts"
	control proxyhosts 127.0.0.1
	for how in "1 --proxy-family TCP4" \
	    "2 --proxy-family AF_INET --proxy-protocol STREAM"; do
		fresh
		# shellcheck disable=SC2086
		ok "swaks --proxy-version ${how%% *}" swaks --silent 2 \
		    --proxy-version $how --proxy-source 192.0.2.98 \
		    --proxy-source-port 1098 --proxy-dest 192.0.2.25 \
		    --proxy-dest-port 25 --server 127.0.0.1 --port "$PORT" \
		    --from a@b.example --to x@example.org \
		    --data "@$T/message"
		like "its client is the one it named" \
		    "$(cat "$T"/queue/new/*)" '^client-ip 192\.0\.2\.98$'
	done
	rm -f "$T/control/proxyhosts"
else
	skip 10 "swaks is not here"
fi

if command -v curl >/dev/null; then
	fresh
	ok "curl" curl -sS "smtp://127.0.0.1:$PORT/client.example" --mail-from a@b.example \
	    --mail-rcpt x@example.org --upload-file "$T/message"
	is "its message" "$(message)" "$(tr -d '\r' <"$T/message")"
	like "it says the size" "$(cat "$COMMANDS")" '^MAIL FROM:<a@b.example> SIZE=[0-9]+$'
	fresh
	head -c 400000 /dev/zero | tr '\0' x >"$T/big"
	if curl -sS "smtp://127.0.0.1:$PORT/client.example" --mail-from a@b.example \
	    --mail-rcpt x@example.org --upload-file "$T/big" 2>"$T/err"; then
		fail "curl: a message that is too big"
	else
		like "curl: a message that is too big" "$(cat "$T/err")" 552
	fi
	is "is refused before it is sent" "$(grep -c DATA "$COMMANDS")" 0
	fresh
	if curl -V | grep -q IDN && locale -a 2>/dev/null | grep -qi '^C\.utf'; then
		LC_ALL=C.UTF-8 curl -sS "smtp://127.0.0.1:$PORT/client.example" \
		    --mail-from 'jörg@b.example' --mail-rcpt 'ä@example.org' \
		    --upload-file "$T/message" 2>"$T/err" || diag "$(cat "$T/err")"
		like "curl: SMTPUTF8" "$(cat "$COMMANDS")" '^MAIL FROM:<j.+rg@b.example> .*SMTPUTF8'
		is "is kept" "$(cat "$T"/queue/new/* | grep -c '^T ä@example.org$')" 1
	else
		skip 2 "this curl knows no SMTPUTF8"
	fi
else
	skip 7 "curl is not here"
fi

if command -v python3 >/dev/null; then
	fresh
	ok "smtplib" python3 - "$PORT" <<'END_OF_PYTHON'
import smtplib, sys
from email.message import EmailMessage
from email.policy import SMTP

s = smtplib.SMTP("127.0.0.1", int(sys.argv[1]), "client.example")
s.ehlo()
for e in ("size", "pipelining", "8bitmime", "smtputf8", "dsn", "chunking",
          "enhancedstatuscodes", "limits", "help"):
    assert s.has_extn(e), e
assert s.esmtp_features["size"] == "300000"
m = EmailMessage(policy=SMTP)
m["Subject"] = "grün"
m["From"] = "jörg@b.example"
m["To"] = "ü@example.org"
m.set_content("€\n", cte="8bit")
assert s.send_message(m) == {}
assert s.sendmail("a@b.example", ["x@example.org"], b"Subject: 2\r\n\r\n\xe2\x82\xac\r\n",
                  ["BODY=8BITMIME", "RET=HDRS", "ENVID=a+2Bb"],
                  ["NOTIFY=SUCCESS,DELAY", "ORCPT=rfc822;x@example.org"]) == {}
assert s.verify("x@example.org")[0] == 252
assert s.expn("staff")[0] == 502
assert "BDAT" in s.help().decode()
assert s.noop()[0] == 250
s.mail("a@b.example")
assert s.rcpt("j@elsewhere.example")[0] == 550
s.rset()
s.quit()
END_OF_PYTHON
	is "two entries" "$(entries new)" 2
	like "one is UTF-8" "$(cat "$T"/queue/new/* | tr -d '\r')" '^protocol UTF8SMTP$'
	like "one asks for notifications" "$(cat "$T"/queue/new/*)" \
	    '^params .*RET=HDRS%20ENVID=a\+2Bb$'
	like "of its recipient" "$(cat "$T"/queue/new/*)" \
	    '^T x@example.org NOTIFY=SUCCESS,DELAY%20ORCPT=rfc822;x@example.org$'
else
	skip 5 "python3 is not here"
fi

if gcc -o "$T/send" "$HERE/helpers/esmtp/send.c" -lesmtp 2>"$T/err"; then
	fresh
	{
		cat "$T/message"
		yes 'one of many lines' | head -n 10000 | sed 's/$/\r/'
	} >"$T/long"
	"$T/send" "127.0.0.1:$PORT" a@b.example x@example.org y@example.org \
	    <"$T/long" >"$T/out" 2>"$T/err" || diag "$(cat "$T/err")"
	like "libesmtp: CHUNKING" "$(cat "$T/out")" '^250 Queued as'
	ok "in many chunks" test "$(grep -c '^BDAT' "$COMMANDS")" -gt 10
	is "and no DATA" "$(grep -c '^DATA' "$COMMANDS")" 0
	is "each line of its body" "$(message | sed '1,/^$/d' | cksum)" \
	    "$(tr -d '\r' <"$T/long" | sed '1,/^$/d' | cksum)"
	like "its wish for notifications" "$(cat "$T"/queue/new/*)" \
	    '^T y@example.org NOTIFY=SUCCESS,DELAY$'
	fresh
	{
		cat "$T/message"
		fold -w 60 "$T/big" | sed 's/$/\r/'
	} >"$T/long"
	"$T/send" "127.0.0.1:$PORT" a@b.example x@example.org \
	    <"$T/long" >"$T/out" 2>"$T/err"
	like "libesmtp: too big in chunks" "$(cat "$T/out")" '^552'
	is "leaves nothing" "$(entries new) $(entries tmp)" "0 0"
	is "its octets were no commands" "$(grep -cv \
	    '^EHLO \|^MAIL \|^RCPT \|^BDAT \|^RSET$\|^QUIT$' "$COMMANDS")" 0
else
	skip 8 "libesmtp-dev is not here"
fi
done_testing
