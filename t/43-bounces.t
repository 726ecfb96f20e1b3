#!/bin/sh
# Bounces, warnings and reports of success: who gets one, when, and what
# stands in it. Each is read with Python's email package
# (helpers/bounce.py), which checks the form of all of them.
# shellcheck source=t/lib.sh
. "${0%/*}/lib.sh"
# shellcheck source=t/lib-queue.sh
. "${0%/*}/lib-queue.sh"
need python3

# start: an empty queue whose agents answer as the address says; the one
# called smtp is the same.
start() {
	fresh
	control me mx.example.org
	control route smtp:
	cp "$T/agents/agent-addr" "$T/agents/agent-smtp"
	B=
}

# pass_at SECONDS OPTIONS: a run; B is the report that waits after it.
pass_at() {
	run_at "$@"
	B=$(reports)
}

# reports: paths of the reports that wait in new/.
reports() {
	for f in "$T"/queue/new/*; do
		[ -f "$f" ] && LC_ALL=C grep -aq '^meta bounce n' "$f" &&
		    echo "$f"
	done
}

# report EXPRESSION...: of the only report.
report() {
	case $B in
	'') echo "no report" ;;
	*'
'*) echo "several reports" ;;
	*) python3 "$HERE/helpers/bounce.py" "$B" "$@" 2>&1 ;;
	esac
}

# none NAME: nobody is told.
none() {
	is "$1" "$(reports)" ""
}

# A plain failure.
start
printf 'From: s@example.net\r\nMessage-ID: <1@example.net>\r\nSubject: hello\r\n\r\nbody\r\n' >"$T/m"
entry -b "$T/m" -e 'Received: from x' fail-passed@x.test
pass_at 0
is "failure: exit 0" $STATUS 0
is "failure: the entry is gone" "$(where "$ID")" gone
is "failure: with its history" "$(history "$ID")" ""
is "failure: envelope" "$(report 'e.rcpts' 'e.meta[b"bounce"]' 'e.meta[b"bounce_of"]')" \
    "[('T', b'sender@example.net', b'NOTIFY=NEVER')]
(b'n', b'1')
(b's', b'$ID')"
is "failure: header" "$(report 'm["From"]' 'm["To"]' 'm["Subject"]' 'm["Auto-Submitted"]' 'm["In-Reply-To"]' 'm["Message-ID"].split("@")[1]')" \
    "Mail Delivery System <MAILER-DAEMON@mx.example.org>
sender@example.net
failure notice
auto-replied
<1@example.net>
mx.example.org>"
is "failure: its date is now" "$(report 'int(m["Date"].datetime.timestamp())')" $T0
is "failure: as qmail says it" "$(report 'text.split("\r\n\r\n")[0]')" \
    "$(printf '%s\r\n' 'Hi. This is the smtpe program at mx.example.org.' \
    "I'm afraid I wasn't able to deliver your message to the following addresses." \
    "This is a permanent error; I've given up. Sorry it didn't work out." | sed '$s/.$//')"
is "failure: the address and why" "$(report 'text.split("\r\n\r\n")[1]')" \
    "$(printf '<fail-passed@x.test>:\r\nmx.example[192.0.2.9] said: 550 no such user (#5.1.1)')"
like "failure: where the message begins" "$(report said)" '--- Below this line is a copy of the message\.$'
is "failure: status" "$(report 'per' 'rcpts[0]')" \
    "{'reporting-mta': 'dns; mx.example.org', 'arrival-date': 'Fri, 15 Jan 2027 08:00:00 +0000'}
{'final-recipient': 'rfc822; fail-passed@x.test', 'action': 'failed', 'status': '5.1.1', 'remote-mta': 'dns; mx.example', 'diagnostic-code': 'smtp; 550 no such user', 'last-attempt-date': 'Fri, 15 Jan 2027 08:00:00 +0000', 'final-log-id': '$ID'}"
is "failure: the message as it leaves" "$(report type 'original == b"Received: from x\r\n" + open("'"$T/m"'", "rb").read()')" \
    "message/rfc822
True"
like "failure: one line in the log" "$(cat "$T/log")" \
    "event=bounce id=$ID bounce=${B##*/} kind=failed to=sender@example.net rcpts=1\$"

# The report goes through the queue like any other message.
control routes 'example.net:other:'
report=${B##*/}
pass_at 0
is "failure: the report is delivered" "$(cat "$T/notes/jobs.other")" "$report <> sender@example.net"
is "failure: nothing is left" "$(entries new) $(entries due) $(entries dead)" "0 0 0"

# Several at once are one report; those that wait are none of it.
start
entry ok1@x.test fail1@x.test later1@x.test fail2@x.test
pass_at 0
is "some: one report of two" "$(report 'len(rcpts)' '[r["final-recipient"] for r in rcpts]')" \
    "2
['rfc822; fail1@x.test', 'rfc822; fail2@x.test']"
is "some: marks" "$(states "$ID")" DBTB
like "some: the history names it" "$(history "$ID")" "^$T0 bounce ${B##*/}\$"
is "some: the due line is the last" "$(history "$ID" | tail -n 1 | cut -d' ' -f2)" due
pass_at 400
is "some: nobody is told twice" "$(jobs_of addr | grep -c ' <> ')" 1
is "some: only who waits is tried again" "$(jobs_of addr | grep -v ' <> ' | tail -n 1)" \
    "$ID sender@example.net later1@x.test ; first=1 whole=1 members=1-4"
control route fail:
pass_at $DAY
is "some: later failures are told later" "$(report '[r["final-recipient"] for r in rcpts]')" \
    "['rfc822; later1@x.test']"
is "some: and that was all" "$(where "$ID")" gone

# Too old.
start
control queuelifetime 1h
entry later@x.test
pass_at 0
pass_at 4000
is "expired: gone" "$(where "$ID")" gone
is "expired: status and reason" "$(report 'rcpts[0]["status"], rcpts[0]["diagnostic-code"]')" \
    "('4.4.7', 'smtp; 451 not now')"
like "expired: says so" "$(report said)" "451 not now \(#4\.4\.7\) I'm not going to try again; this message has been in the queue too long\."

# The null sender: to the postmaster, and never further.
start
entry -f '' fail@x.test
pass_at 0
is "null sender: to the postmaster" "$(report 'e.rcpts' 'e.meta[b"bounce"]' 'm["To"]')" \
    "[('T', b'postmaster@mx.example.org', b'')]
(b'n', b'2')
postmaster@mx.example.org"
like "null sender: says what it is" "$(report said)" \
    'Hi\. This is the smtpe program at mx\.example\.org\. I tried to deliver a bounce message to this address, but the bounce bounced! <fail@x\.test>:'
is "null sender: the message is gone" "$(where "$ID")" gone
control route fail:
double=${B##*/}
pass_at 0
is "double bounce: is not bounced" "$(reports)" ""
is "double bounce: dead" "$(where "$double")" "dead/$double"
like "double bounce: and why" "$(history "$double" | tail -n 1)" \
    ' dead 1%20of%201%20recipients%20failed%20permanently;%20and%20so%20did%20the%20bounce%20of%20its%20bounce$'
like "double bounce: a loud line" "$(cat "$T/log")" "event=dead id=$double "

# A bounce that fails, from a failure on.
start
control routes 'example.net:fail:'
entry fail@x.test
pass_at 0
first=${B##*/}
control locals nowhere.test
pass_at 0
is "bounce of a bounce: about the bounce" "$(report 'e.meta[b"bounce_of"]')" "(b's', b'$first')"
is "bounce of a bounce: holds both" "$(report 'original.count(b"Content-Type: multipart/report")')" 1

# The controls.
start
control bouncefrom postman
control bouncehost bounces.example
control doublebounceto abuse
control doublebouncehost desk.example
entry fail@x.test
pass_at 0
is "bouncefrom, bouncehost" "$(report 'm["From"]')" "Mail Delivery System <postman@bounces.example>"
rm "$B"; B=
entry -f '' fail@x.test
pass_at 0
is "doublebounceto, doublebouncehost" "$(report 'm["To"]')" abuse@desk.example
rm "$B"; B=
control doublebounceto 'else@where.example'
entry -f '' fail@x.test
pass_at 0
is "doublebounceto with a domain" "$(report 'm["To"]')" else@where.example
rm "$B"; B=
control doublebounceto ''
entry -f '' fail@x.test
pass_at 0
none "doublebounceto empty: nobody is told"
is "doublebounceto empty: dead" "$(where "$ID")" "dead/$ID"
like "doublebounceto empty: and why" "$(history "$ID")" 'it%20has%20no%20sender,%20and%20doublebounceto%20is%20empty$'

# What the sender asked for (RFC 3461).
start
entry 'fail1@x.test|NOTIFY=NEVER'
pass_at 0
none "NOTIFY=NEVER: none"
is "NOTIFY=NEVER: and the entry is gone" "$(where "$ID")" gone
entry 'fail1@x.test|NOTIFY=SUCCESS,DELAY'
pass_at 0
none "NOTIFY without FAILURE: none"
entry 'fail1@x.test|NOTIFY=NEVER' 'fail2@x.test|NOTIFY=FAILURE' fail3@x.test 'fail4@x.test|NOTIFY=SUCCESS'
pass_at 0
is "NOTIFY for each" "$(report '[r["final-recipient"] for r in rcpts]')" \
    "['rfc822; fail2@x.test', 'rfc822; fail3@x.test']"
rm "$B"; B=
entry 'fail1@x.test|NOTIFY=NEVER' 'later1@x.test'
pass_at 0
is "NOTIFY=NEVER: is not asked again" "$(states "$ID")" BT
entry -f '' 'fail1@x.test|NOTIFY=NEVER'
pass_at 0
is "NOTIFY=NEVER does not keep it from the postmaster" "$(report 'm["To"]')" postmaster@mx.example.org

start
entry -M 'RET=HDRS ENVID=a+2Bb+3Dc' -b "$T/m" 'fail@x.test|NOTIFY=FAILURE ORCPT=rfc822;old+2Bname@y.test'
pass_at 0
is "ENVID, ORCPT" "$(report 'per["original-envelope-id"]' 'rcpts[0]["original-recipient"]')" \
    "a+b=c
rfc822; old+name@y.test"
is "RET=HDRS" "$(report type original)" "text/rfc822-headers
b'From: s@example.net\\r\\nMessage-ID: <1@example.net>\\r\\nSubject: hello\\r\\n'"
like "RET=HDRS: says so" "$(report said)" 'Below this line is the header of the message\.$'
rm "$B"; B=
entry -M RET=FULL -s 100000 fail@x.test
pass_at 0
is "RET=FULL, larger than bouncemax" "$(report type)" text/rfc822-headers
rm "$B"; B=
control bouncemax 100M
entry -M RET=FULL -s 3000000 fail@x.test
pass_at 0
is "RET=FULL, large" "$(report type 'len(original)')" "message/rfc822
3000000"
rm "$B"; B=
control bouncemax 0
entry -M RET=FULL fail@x.test
pass_at 0
is "bouncemax 0" "$(report type)" text/rfc822-headers

# Success, when it is asked for and nobody else tells it.
start
entry ok@x.test
pass_at 0
none "success: not unless it is asked for"
entry -M RET=FULL 'ok1@x.test|NOTIFY=SUCCESS' 'ok-passed@x.test|NOTIFY=SUCCESS' \
    'ok-relayed@x.test|NOTIFY=SUCCESS,FAILURE' 'ok4@x.test|NOTIFY=FAILURE'
pass_at 0
is "success: delivered and relayed" "$(report '[(r["final-recipient"], r["action"], r["status"]) for r in rcpts]')" \
    "[('rfc822; ok1@x.test', 'delivered', '2.0.0'), ('rfc822; ok-relayed@x.test', 'relayed', '2.0.0')]"
is "success: the header alone" "$(report type)" text/rfc822-headers
like "success: what another server said" \
    "$(report '[r.get("diagnostic-code") for r in rcpts]')" "smtp; 250"
unlike "success: does not look like a bounce" "$(report text)" 'Hi\. This is the|^<[^>]*>:'
is "success: the message is gone" "$(where "$ID")" gone
rm "$B"; B=
entry -m route=addr: 'ok1@x.test|NOTIFY=SUCCESS'
pass_at 0
is "success: what an agent of ours says (a path) is nobody's business" \
    "$(report '[r.get("diagnostic-code") for r in rcpts]')" "[None]"
rm "$B"; B=
entry -f '' 'ok1@x.test|NOTIFY=SUCCESS'
pass_at 0
none "success: never for the null sender"
entry -m route=discard: 'ok1@x.test|NOTIFY=SUCCESS'
pass_at 0
none "success: what is discarded is not delivered"

# Warnings.
start
control delaywarning 4h
entry 'later1@x.test|NOTIFY=DELAY' 'later2@x.test|NOTIFY=FAILURE' later3@x.test 'ok@x.test|NOTIFY=DELAY'
pass_at 0
none "warning: not at once"
pass_at 14399 --flush
none "warning: not before its time"
pass_at 14400 --flush
is "warning: for who asked" "$(report '[(r["final-recipient"], r["action"], r["status"]) for r in rcpts]')" \
    "[('rfc822; later1@x.test', 'delayed', '4.2.0')]"
is "warning: until when" "$(report 'rcpts[0]["will-retry-until"]' 'm["Subject"]' type)" \
    "Fri, 22 Jan 2027 08:00:00 +0000
delay notice
text/rfc822-headers"
unlike "warning: does not look like a bounce" "$(report text)" 'Hi\. This is the'
like "warning: in the history" "$(history "$ID")" "^$((T0 + 14400)) warning ${B##*/}\$"
rm "$B"; B=
pass_at 20000 --flush
pass_at 30000 --flush
none "warning: once"
control delaywarning 0
entry 'later1@x.test|NOTIFY=DELAY'
pass_at 20000 --flush
none "warning: delaywarning 0 is never"
control delaywarning 1h
control delaywarnall 1
entry later1@x.test
pass_at 20000 --id "$ID"
is "warning: delaywarnall" "$(report '[r["final-recipient"] for r in rcpts]')" "['rfc822; later1@x.test']"
rm "$B"; B=
entry -f '' 'later1@x.test|NOTIFY=DELAY'
pass_at 20000 --id "$ID"
none "warning: never for the null sender"

# Beyond ASCII.
start
a=$(printf '\303\244')
printf 'Subject: gr\303\274n\r\n\r\nb\303\266dy\r\n' >"$T/utf8"
entry -b "$T/utf8" fail@x.test
pass_at 0
is "8-bit: in a message without SMTPUTF8" "$(report type 'ascii(original)' 'e.keys[b"params"]')" \
    "message/rfc822
b'Subject: gr\\xc3\\xbcn\\r\\n\\r\\nb\\xc3\\xb6dy\\r\\n'
b'BODY=8BITMIME'"
rm "$B"; B=
entry -f "s$a@example.net" -M SMTPUTF8 -b "$T/utf8" "fail$a@x.test|ORCPT=utf-8;old\\x{2B}$a@y.test" fail2@x.test
pass_at 0
is "SMTPUTF8: parts" "$(report type 'ascii(m["To"])' 'e.keys[b"params"]')" \
    "message/global
's\\xe4@example.net'
b'BODY=8BITMIME SMTPUTF8'"
is "SMTPUTF8: addresses" "$(report 'ascii([r["final-recipient"] for r in rcpts])' 'ascii(rcpts[0]["original-recipient"])')" \
    "['utf-8; fail\\xe4@x.test', 'rfc822; fail2@x.test']
'utf-8; old\\\\x{2B}\\xe4@y.test'"
rm "$B"; B=
entry -M 'SMTPUTF8 RET=HDRS' -b "$T/utf8" fail@x.test
pass_at 0
is "SMTPUTF8: header alone" "$(report type)" message/global-headers
rm "$B"; B=

# What servers say is one line of text, whatever it holds.
entry fail-odd@x.test
pass_at 0
is "odd text: one paragraph" "$(report 'text.count("<"), text.count("\r\n\r\n")')" "(2, 2)"
is "odd text: no control stands in it" "$(report 'sorted(set(re.findall("[\x00-\x09\x0b\x0c\x0e-\x1f]", text)))')" "[]"
rm "$B"; B=

# Long lines could not be sent everywhere: the header goes back, without them.
printf 'Subject: x\r\nX-Long: %2000s\r\nX-Last: y\r\n\r\n%2000s\r\n' x x >"$T/long"
entry -b "$T/long" fail@x.test
pass_at 0
is "long lines: short fields alone" "$(report type original)" \
    "text/rfc822-headers
b'Subject: x\\r\\nX-Last: y\\r\\n'"
rm "$B"; B=
: >"$T/empty"
entry -b "$T/empty" fail@x.test
pass_at 0
is "an empty message" "$(report type original)" "message/rfc822
b''"

# A report that cannot be written: whom it is for is not forgotten.
start
entry fail1@x.test
rmdir "$T/queue/tmp" 2>/dev/null
: >"$T/queue/tmp"
pass_at 0
like "no report: the entry waits" "$(where "$ID")" "^due/.*,1,$ID\$"
is "no report: its recipient is marked" "$(states "$ID")" P
like "no report: is logged" "$(cat "$T/log")" \
    'event=queue-trouble .*what="tell its sender"'
rm "$T/queue/tmp"
pass_at 1000
is "no report: it is made later" \
    "$(report '[r["final-recipient"] for r in rcpts]') $(where "$ID")" \
    "['rfc822; fail1@x.test'] gone"

# A crash between mark and report: told once, with the reason of then.
start
entry fail-passed@x.test ok@x.test
f=$T/queue/$(where "$ID")
mkdir -p "$T/queue/log/${ID#????????????????????????}"
printf '%s\n' "$T0 attempt 1 fail-passed@x.test smtp fail 550 5.1.1 no%20such%20user peer=mx.example" \
    >"$T/queue/log/${ID#????????????????????????}/$ID"
LC_ALL=C sed -i 's/^T fail-passed/P fail-passed/;s/^T ok/D ok/' "$f"
pass_at 10
is "crash: told from the history" "$(report 'rcpts[0]["status"], rcpts[0]["diagnostic-code"], rcpts[0]["remote-mta"]')" \
    "('5.1.1', 'smtp; 550 no such user', 'dns; mx.example')"
is "crash: nobody was asked again" "$(jobs_of addr)" ""
is "crash: and the entry is gone" "$(where "$ID")" gone

# The same again while the first report is still there: it is the same one.
start
entry fail1@x.test later@x.test
cp -p "$T/queue/new/$ID" "$T/before"
pass_at 0
one=$B
chmod 600 "$T/before"
rm -f "$T/queue/$(where "$ID")"
LC_ALL=C sed 's/^T fail1/P fail1/' "$T/before" >"$T/queue/new/$ID"
chmod 600 "$T/queue/new/$ID"
pass_at 0 --id "$ID"
is "crash: one report in all" "$B" "$one"
is "crash: and the mark is made" "$(states "$ID")" BT
done_testing
