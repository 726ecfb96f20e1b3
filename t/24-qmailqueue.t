#!/bin/sh
# QMAILQUEUE: a program takes the message in the place of the queue, as
# qmail-smtpd's clients of qmail-queue(8) have it.
# shellcheck source=t/lib.sh
. "${0%/*}/lib.sh"

new_setup
# program BODY: what QMAILQUEUE runs. It keeps what it was given.
program() {
	cat >"$T/qq" <<END
#!/bin/sh
cat >"$T/got.message"
exec 3<&1
tr '\\0' '\\n' <&3 >"$T/got.envelope"
echo "\${RELAYCLIENT-unset} \${TCPREMOTEIP-unset}" >"$T/got.environment"
$1
END
	chmod 755 "$T/qq"
	rm -f "$T"/got.*
}
# answer: the reply to the dot.
answer() {
	sed -n '/^354/{n;s/\r$//;p;}' "$T/out"
}
QMAILQUEUE=$T/qq
export QMAILQUEUE

session "$T/in"
sed '/^RCPT/{p;s/<.*>/<c@other.example>/;}' "$T/in" >"$T/in.two"
program 'exit 0'
RELAYCLIENT='' TCPREMOTEIP=192.0.2.7 smtpe_run "$T/in.two"
id=$(sed -n 's/.*event=message id=\([0-9a-z]*\) result=passed-on .*/\1/p' "$T/log")
is "it has the message" "$STATUS $(answer)" "0 250 2.0.0 Ok $id"
is "with our Received and lines that end with LF" \
    "$(sed 's/;.*//' "$T/got.message")" "Received: from client.example ([192.0.2.7])
	by mx.example.org with ESMTP id $id
Subject: one

Hello."
is "one run for all recipients, whatever batch says" \
    "$(cat "$T/got.envelope")" "Fa@client.example
Tb@example.org
Tc@other.example"
is "and the environment that the launcher has made" \
    "$(cat "$T/got.environment")" " 192.0.2.7"
is "our queue has nothing" "$(entries .)" 0

sed 's/^MAIL.*>/MAIL FROM:<>/' "$T/in" >"$T/in.null"
program 'exit 0'
smtpe_run "$T/in.null"
is "the null sender" "$(head -n 1 "$T/got.envelope")" F

# --- what it says ---

# says NAME BODY ERE
says() {
	program "$2"
	smtpe_run "$T/in"
	like "$1" "$(answer)" "$3"
	is "$1: nothing is queued, the session goes on" \
	    "$STATUS $(entries .) $(tail -n 1 "$T/out" | cut -c 1-3)" "0 0 221"
}
says "exit 31" 'exit 31' '^554 5\.7\.1 '
says "exit 11" 'exit 11' '^553 5\.1\.3 '
says "exit 40" 'exit 40' '^554 5\.3\.0 '
says "exit 41" 'exit 41' '^451 4\.3\.0 '
says "exit 53" 'exit 53' '^451 4\.3\.0 '
like "... and the log tells" "$(cat "$T/log")" \
    "event=qmailqueue id=[0-9a-z]{26} program=$T/qq exit=53"
# shellcheck disable=SC2016
says "killed" 'kill -9 $$' '^451 4\.3\.0 '
like "... and the log tells that, too" "$(cat "$T/log")" \
    'event=qmailqueue .* error="killed by a signal"'
says "exit 82, for good" 'echo "Dvirus found (Eicar)" >&6; exit 82' \
    '^554 5\.7\.1 virus found \(Eicar\)$'
says "exit 82, for now" 'printf "Zscanner\001is\r\n250 busy" >&6; exit 82' \
    '^451 4\.3\.0 scanner.is.?$'
says "exit 82 without words" 'exit 82' '^451 4\.3\.0 '
says "words alone are none" 'echo "Dno" >&6; exit 0' '^250 '

# --- what it does not take ---

printf '#!/bin/sh\nexit 0\n' >"$T/qq"
yes 'A line of a message that is larger than any pipe holds at once.' |
    head -n 20000 | sed 's/$/\r/' >"$T/body"
{ sed '/^DATA/q' "$T/in"; printf 'Subject: large\r\n\r\n'; cat "$T/body"
	printf '.\r\nQUIT\r\n'; } >"$T/in.large"
smtpe_run "$T/in.large"
like "who says yes before the end has not read it" "$(answer)" '^451 4\.3\.0 '
like "... which the log tells" "$(cat "$T/log")" 'error="it did not read all"'
program 'exit 0'
smtpe_run "$T/in.large"
like "a large message" "$(answer)" '^250 '
is "... is whole" "$(sed '1,/^$/d' "$T/got.message" | cksum)" \
    "$(tr -d '\r' <"$T/body" | cksum)"

QMAILQUEUE=$T/nowhere smtpe_run "$T/in"
like "a program that is not there" "$(answer)" '^451 4\.3\.0 '
like "... is named" "$(cat "$T/log")" "program=$T/nowhere error="
QMAILQUEUE='' smtpe_run "$T/in"
like "nor is one without a name" "$(answer)" '^451 4\.3\.0 '
is "nothing of all this stays" "$(find "$T/queue" -type f | wc -l)" 0

# --- beside other settings ---

unset QMAILQUEUE
program 'exit 31'
printf '192.0.2.7:allow,QMAILQUEUE="%s"\n' "$T/qq" >"$T/control/access"
TCPREMOTEIP=192.0.2.7 smtpe_run "$T/in"
like "the access table sets it" "$(answer)" '^554 5\.7\.1 '
TCPREMOTEIP=192.0.2.8 smtpe_run "$T/in"
like "for those whom it names" "$(answer)" '^250 '
is "and their mail is in the queue" "$(entries new)" 1
rm -rf "$T/control/access" "$T/queue"
QMAILQUEUE=$T/qq
export QMAILQUEUE
program 'exit 0'
smtpe_run "$T/in" -q none
like "a dry run asks nobody" "$(answer)" '^250 .* dry run'
ok "... and gives nothing away" test ! -e "$T/got.message"
program 'exit 0'
smtpe_run "$T/in" -o smarthost=127.0.0.1:1
ok "it comes before a smart host" test -s "$T/got.message"
cat >"$T/script.lua" <<'END'
function hook.split(msg)
	return { { "b@example.org" }, { "c@other.example" } }
end
END
# shellcheck disable=SC2016
program 'grep -q Tc "'"$T"'/got.envelope" && exit 31; exit 0'
RELAYCLIENT='' smtpe_run "$T/in.two" -s "$T/script.lua"
like "what it refuses of hook.split's batches the client hears of" \
    "$(answer)" '^554 5\.7\.1 '
is "... and nothing becomes an entry" "$(entries .)" 0
done_testing
