#!/bin/sh
# The dialect vsl: each stage and status, the structure of the stages' own
# example, delegation to a filter and back, and mistakes found at load.
# shellcheck source=t/lib.sh
. "${0%/*}/lib.sh"
need python3 tcpserver

DIALECT=vsl
# shellcheck source=t/lib-dialect.sh
. "$HERE/lib-dialect.sh"
# What vsl.main{} holds is on standard input.
script() {
	echo 'vsl.main {'
	cat
	echo '}'
}

try connect QUIT <<'X'
connect = {
  vsl.action("note", function() end),
  vsl.rule("who", function()
    if vsl.client_ip() == "192.0.2.7" and vsl.client_port() == 4242
        and vsl.server_ip() == "192.0.2.1" and vsl.server_port() == 25 then
      return vsl.deny()
    end
    return vsl.next()
  end),
},
X
said "deny at connect stands for the banner: 554 alone" '^554 5\.7\.1'
is "and only that" "$(grep -c ^220 "$T/said")" 0

try stages "$ehlo" 'EHLO bad.example' 'MAIL FROM:<later@x.example>' "$mail" \
    "RCPT TO:<no@example.org>" "RCPT TO:<again@example.org>" "$rcpt" DATA \
    'Subject: x' '' . QUIT <<'X'
helo = { vsl.rule("h", function()
  if vsl.helo() == "bad.example" then
    return vsl.deny { code = 550, enhanced = "5.7.1", text = "bad" }
  end
  return vsl.accept()
end), vsl.rule("never", function() error "reached" end) },
mail = { vsl.rule("m", function()
  assert(not vsl.is_secured() and not vsl.is_authenticated())
  if vsl.mail_from():find "^later@" then return vsl.deny("450 4.7.1 later") end
  return vsl.next()
end) },
rcpt = { vsl.rule("r", function()
  if vsl.rcpt():find "^no@" then return vsl.deny("501 4.7.1 no") end
  if vsl.rcpt():find "^again@" then return vsl.info("450 4.2.0 again") end
  assert(vsl.mail_from() == "a@sender.example")
  return vsl.next()
end) },
preq = { vsl.rule("p", function()
  assert(vsl.rcpt_list()[1] == "b@example.org" and vsl.has_header "subject")
  vsl.add_rcpt_envelope("c@other.example")
  vsl.rewrite_rcpt_envelope("b@example.org", "bb@example.org")
  vsl.rewrite_mail_from_envelope("new@sender.example")
  vsl.set_header("Subject", vsl.get_header "Subject" .. "y")
  vsl.prepend_header("X-First", "1")
  vsl.append_header("X-Last", "2")
  vsl.forward("c@other.example", "10.0.0.1:26")
  return vsl.next()
end), vsl.action("remove", function()
  vsl.add_rcpt_envelope("gone@example.org")
  vsl.remove_rcpt_envelop("gone@example.org")
end) },
X
codes "each stage's codes" "220 250 550 450 250 501 450 250 354 250 221 "
is "two ways, two entries" "$(entries new)" 2
like "one goes to its host" "$(cat "$T/queue/new/"*)" '^meta route s smtp:10\.0\.0\.1:26'
is "envelopes" "$(grep -ahE '^(T|sender) ' "$T/queue/new/"* | sort -u | tr '\n' ' ')" \
    "T bb@example.org T c@other.example sender new@sender.example "
like "headers" "$(cat "$T/queue/new/"*)" 'edit replace 1 Subject:%20xy'
is "no error" "$(grep -c hook-error "$T/log")" 0
rm -f "$T/queue/new/"*

try faccept "$ehlo" "$mail" "$rcpt" DATA '' . QUIT <<'X'
mail = { vsl.rule("m", function() return vsl.faccept() end) },
rcpt = { vsl.rule("r", function() return vsl.deny() end) },
preq = { vsl.rule("p", function() return vsl.deny() end) },
postq = { vsl.rule("q", function() return vsl.deny() end) },
X
codes "faccept skips what follows" "220 250 250 250 354 250 221 "
"$QUEUERUN" -c "$T/control" -q "$T/queue" -s "$T/faccept.lua" 2>"$T/log"
is "behind the queue, too" "$(find "$T/maildir" -path '*/new/*' -type f | wc -l)" 1
rm -rf "$T/maildir"

control xclienthosts 192.0.2.7
for at in connect helo; do
	try xclient "$ehlo" "$mail" "$rcpt" DATA 'x: 1' '' . \
	    'XCLIENT ADDR=198.51.100.9' "$ehlo" "$mail" "$rcpt" DATA 'x: 2' \
	    '' . QUIT <<X
$at = { vsl.rule("c", function()
  if vsl.client_ip() == "192.0.2.7" then return vsl.faccept() end
  return vsl.next()
end) },
mail = { vsl.rule("m", function()
  if vsl.client_ip() == "192.0.2.7" then return vsl.deny() end
  return vsl.next()
end) },
postq = { vsl.action("q", function()
  vsl.set_header("X-Seen", vsl.get_header("x"))
end) },
X
	codes "$at: a proxy's trust is not its client's" \
	    "220 250 250 250 354 250 220 250 250 250 354 250 221 "
	"$QUEUERUN" -c "$T/control" -q "$T/queue" -s "$T/xclient.lua" 2>"$T/log"
	is "$at: and behind the queue" \
	    "$(cat "$T/maildir"/*/*/new/* | grep -a '^X-Seen')" "X-Seen: 2"
	rm -rf "$T/maildir"
done
rm -f "$T/control/xclienthosts"

try next "$ehlo" "$mail" "$rcpt" DATA '' . 'MAIL FROM:<trusted@x.example>' \
    "$rcpt" DATA '' . QUIT <<'X'
mail = { vsl.rule("m", function()
  if vsl.mail_from():find "^trusted@" then return vsl.faccept() end
  return vsl.next()
end) },
preq = { vsl.action("p", function()
  vsl.forward("b@example.org", "10.0.0.1")
end) },
X
codes "two messages" "220 250 250 250 354 250 250 250 354 250 221 "
is "a route is the message's that it was decided for" \
    "$(grep -al '^meta route ' "$T/queue/new/"* | wc -l) of $(entries new)" \
    "1 of 2"
rm -f "$T/queue/new/"*

try quarantine "$ehlo" "$mail" "$rcpt" DATA '' . QUIT <<'X'
preq = { vsl.rule("p", function() return vsl.quarantine("odd") end) },
X
codes "quarantine takes it" "220 250 250 250 354 250 221 "
is "and sets it aside" "$(entries quarantine/odd)" 1

try queue "$ehlo" "$mail" "$rcpt" 'RCPT TO:<deny@example.org>' DATA 'x: y' '' . QUIT <<'X'
postq = { vsl.action("note", function()
  vsl.prepend_header("X-Postq", tostring(#vsl.rcpt_list()))
end) },
deliver = { vsl.rule("where", function()
  vsl.maildir_all()
  return vsl.next()
end) },
X
"$QUEUERUN" -c "$T/control" -q "$T/queue" -s "$T/queue.lua" 2>"$T/log"
is "postq and deliver: delivered" \
    "$(grep -l '^X-Postq: 2' "$T/maildir"/*/*/new/* | wc -l)" 2
is "without an error" "$(grep -c hook-error "$T/log")" 0

for at in postq deliver; do
	rm -rf "$T/maildir" "$T/queue"
	try again "$ehlo" "$mail" "$rcpt" DATA 'x: y' '' . QUIT <<X
$at = { vsl.action("before", function() vsl.prepend_header("X-Y", "z") end),
  vsl.rule("when", function() return vsl.deny("451 4.7.1 not yet") end) },
X
	for i in 1 2; do
		"$QUEUERUN" -c "$T/control" -q "$T/queue" -s "$T/again.lua" \
		    --flush 2>>"$T/log"
	done
	is "$at: who denies for now is asked again, and nothing is delivered" \
	    "$(grep -c 'denied for now: not yet' "$T/log") $(entries due) $(find "$T/maildir" -type f 2>/dev/null | wc -l)" \
	    "2 1 0"
	is "$at: and nothing is changed" \
	    "$(cat "$T/queue/due/"*/* | grep -c X-Y)" 0
done
rm -rf "$T/queue"

# Mistakes: bad NAME PATTERN, the rest on stdin.
bad() {
	what=$1
	pattern=$2
	try bad QUIT
	is "$what: stops at load" "$STATUS $(cut -c1-3 "$T/said")" "111 421"
	like "$what: and says so" "$(cat "$T/log")" "$pattern"
}
bad "an unknown stage" 'bad\.lua:[0-9]+: vsl.main: there is no stage conect' <<'X'
conect = {},
X
bad "no rule" 'bad\.lua:[0-9]+: vsl.main: helo\[1\] is no rule' <<'X'
helo = { function() end },
X
bad "a name twice" 'there is a .*a.* already' <<'X'
helo = { vsl.action("a", function() end), vsl.action("a", function() end) },
X
bad "a rule without a function" 'second part is not a function' <<'X'
helo = { vsl.rule("a", "b") },
X
bad "a delegation in helo" 'only preq and postq can' <<'X'
helo = { vsl.delegate(vsl.service { delegator = "127.0.0.1:1",
  receiver = "127.0.0.1:2" }, "a", function() end) },
X
bad "what is not there, wherever it is called" 'bad\.lua:[0-9]+: vsl\.mbox is not supported: there is no agent' <<'X'
preq = { vsl.action("a", function() vsl.mbox("x") end) },
X
cat >"$T/more.lua" <<'X'
local vsl = require "vsl"
return vsl.action("b", function() vsl.nosuch() end)
X
bad "... nor in another file" 'bad\.lua:[0-9]+: vsl\.nosuch is not supported' <<X
helo = { vsl.rule("a", vsl.faccept), dofile("$T/more.lua") },
X
bad "a name that is nothing" 'helo has a hole before \[3\]' <<'X'
helo = { vsl.action("a", function() end), misspelt,
  vsl.action("b", function() end) },
X
bad "a stage under both its names" 'deliver and delivery are the same' <<'X'
deliver = {}, delivery = {},
X
bad "a receiver that no connection's address is like" \
    'receiver is not ip:port' <<'X'
preq = { vsl.delegate(vsl.service { delegator = "127.0.0.1:1",
  receiver = "localhost:2" }, "a", function() end) },
X
bad "a service with a word that is none" 'delegator has no timout' <<'X'
preq = { vsl.delegate(vsl.service { delegator = { address = "127.0.0.1:1",
  timout = "5s" }, receiver = "127.0.0.1:2" }, "a", function() end) },
X
bad "a time that is none" 'timeout is not seconds: soon' <<'X'
preq = { vsl.delegate(vsl.service { delegator = "127.0.0.1:1",
  receiver = "127.0.0.1:2", timeout = "soon" }, "a", function() end) },
X
try strings "$ehlo" QUIT <<'X'
helo = { vsl.rule("as in vsl.conf -- [[", function()
  --[==[ vsl.nothing ]] ]==]
  return vsl.accept("252 2.0.0 ok")
end) },
X
codes "a name in a string is nobody's" "220 250 221 "
try codes "$ehlo" QUIT <<'X'
helo = { vsl.rule("a", function() return vsl.accept("501 no") end) },
X
like "an accept that is none names its rule" "$(cat "$T/log")" \
    'line=3 .*codes\.lua:3: the rule .*a.*: accept with code 501'
try wrong "$ehlo" QUIT <<'X'
helo = { vsl.rule("a", function() return "250 ok" end) },
X
codes "a rule that returns no status: the usual reply" "220 250 221 "
like "and a line in the log" "$(cat "$T/log")" 'line=3 .*wrong\.lua:3: the rule .*a.*: it returned no status'

# Delegation: a filter that takes mail and sends it back, changed.
cat >"$T/filter.py" <<'X'
import smtplib, socket, socketserver, sys, threading
back, mode = int(sys.argv[1]), lambda: open(sys.argv[2]).read().strip()
class Filter(socketserver.StreamRequestHandler):
    def handle(self):
        say = lambda s: self.wfile.write(s + b"\r\n")
        say(b"220 filter")
        rcpts = []
        for line in iter(self.rfile.readline, b""):
            verb = line[:4].upper()
            if verb == b"MAIL":
                sender = line[10:].split(b">")[0].strip(b"<").decode()
                say(b"250 ok")
            elif verb == b"RCPT" and b"<c@" in line and mode() == "one":
                say(b"550 5.1.1 not c")
            elif verb == b"RCPT":
                rcpts.append(line[8:].split(b">")[0].strip(b"<").decode())
                say(b"250 ok")
            elif verb == b"DATA":
                say(b"354 go")
                data = b""
                for line in iter(self.rfile.readline, b".\r\n"):
                    data += line[1:] if line.startswith(b".") else line
                if mode() == "refuse":
                    say(b"550 5.7.1 a virus")
                    continue
                if mode() == "strip":
                    data = b"\r\n".join(x for x in data.split(b"\r\n")
                                       if not x.startswith(b"X-Vsl"))
                try:
                    with smtplib.SMTP("127.0.0.1", back) as c:
                        c.sendmail(sender, rcpts, b"X-Filtered: yes\r\n" +
                                   data.replace(b"virus", b"*****"))
                    say(b"250 taken")
                except smtplib.SMTPDataError as e:
                    say(b"%d " % e.smtp_code + e.smtp_error)
            elif verb == b"QUIT":
                say(b"221 bye")
                return
            else:
                say(b"250 filter")
socketserver.ThreadingTCPServer.allow_reuse_address = True
with socketserver.ThreadingTCPServer(("127.0.0.1", int(sys.argv[3])),
                                     Filter) as s:
    s.serve_forever()
X
rm -rf "$T/queue" "$T/maildir"
in=$(free_port)
filter=$(free_port)
control relayhosts 127.0.0.1
delegate() {
	cat >"$T/delegate.lua" <<X
local vsl = require 'vsl'
local service = vsl.service { delegator = { address = '127.0.0.1:$filter',
  timeout = "5s" }, receiver = '127.0.0.1:$in' }
vsl.main {
  rcpt = { vsl.rule('one', function()
    if vsl.rcpt() == 'no@example.org' then return vsl.deny() end
    return vsl.next() end) },
  $1 = {
    vsl.action('before', function() vsl.prepend_header('X-Before', '1') end),
    vsl.delegate(service, 'scan', function()
      if vsl.get_header('X-Filtered') ~= 'yes' then return vsl.deny() end
      return vsl.next()
    end),
    vsl.action('after', function() vsl.prepend_header('X-After', '1') end),
  },
}
X
}
delegate preq
tcpserver -1 -H -R -l 0 127.0.0.1 "$in" "$SMTPE" -c "$T/control" \
    -q "$T/queue" -s "$T/delegate.lua" >"$T/port" 2>"$T/log" </dev/null &
started $!
until_true 10 listening "$in"
send() {
	printf '%s\r\n' "$ehlo" "$mail" "$rcpt" 'RCPT TO:<c@example.org>' DATA \
	    "Subject: $1" 'X-Vsl-Delegation: preq; scan' '' 'a virus' . QUIT |
	    PROTO=TCP TCPREMOTEIP=192.0.2.7 TCPLOCALIP=192.0.2.1 \
	    TCPLOCALPORT=25 "$SMTPE" -c "$T/control" -q "$T/queue" \
	    -s "$T/delegate.lua" 2>>"$T/log" | tr -d '\r' >"$T/said"
}
send down
said "the filter is down: 451" '^451 4\.3\.0 cannot be checked now'
is "and nothing is queued" "$(entries new)" 0
echo take >"$T/mode"
python3 "$T/filter.py" "$in" "$T/mode" "$filter" 2>"$T/filter.log" &
started $!
until_true 10 listening "$filter"
send up
said "the filter is up: 250" '^250 2\.0\.0'
is "and one message came back" "$(entries new)" 1
cp "$T/queue/new/"* "$T/entry" 2>/dev/null
like "changed by it" "$(cat "$T/entry")" 'a \*\*\*\*\*'
is "rules before it once, behind it once" \
    "$(grep -aoE 'X-(Before|After)' "$T/entry" | sort | uniq -c | tr -s ' \n' ' ')" \
    " 1 X-After 1 X-Before "
like "both recipients" "$(cat "$T/entry")" '^T c@example\.org'
is "its mark is gone" "$(grep -ac 'prepend X-Vsl\|^X-Vsl-Delegation: preq; scan' \
    "$T/entry")$(grep -ac '^edit remove' "$T/entry")" 11
rm -f "$T/queue/new/"*
echo refuse >"$T/mode"
send refused
said "the filter refuses for good: its word" '^550 5\.7\.1 a virus'
echo strip >"$T/mode"
send stripped
said "a filter that loses the mark: 451, and no circle" '^451 4\.3\.0 cannot be'
is "and its mail came back once" "$(grep -c 'came back has no' "$T/log")" 1
echo one >"$T/mode"
send one
said "a filter that refuses one of two: 451" '^451 4\.3\.0 cannot be'
is "and nobody has it" "$(entries new)" 0
echo take >"$T/mode"

delegate postq
send queued
is "postq: accepted at once" "$(entries new)" 1
run() {
	"$QUEUERUN" -c "$T/control" -q "$T/queue" -s "$T/delegate.lua" \
	    --flush 2>>"$T/log"
}
run
run
is "postq: through the filter, and delivered" \
    "$(grep -l '^X-Filtered: yes' "$T/maildir"/*/*/new/* 2>/dev/null | wc -l)" 2
is "rules behind it" \
    "$(grep -l '^X-After: 1' "$T/maildir"/*/*/new/* 2>/dev/null | wc -l)" 2
is "no mark is left" \
    "$(grep -li '^X-Vsl' "$T/maildir"/*/*/new/* 2>/dev/null | wc -l)" 0
is "and nothing in the queue" "$(entries new)$(entries due)$(entries dead)" 000
rm -rf "$T/maildir"
up=$filter
filter=1
delegate postq
send down
run
run
is "postq: the filter is down: it waits, and is asked again" \
    "$(entries due) $(grep -c 'hook.postq.*delegation to' "$T/log")" "1 2"
is "postq: and nothing is delivered past it" \
    "$(find "$T/maildir" -type f 2>/dev/null | wc -l)" 0
filter=$up
delegate postq
run
run
is "postq: through the filter when it is back" \
    "$(grep -l '^X-Filtered: yes' "$T/maildir"/*/*/new/* 2>/dev/null | wc -l)" 2
echo refuse >"$T/mode"
send refused
run
is "postq: refused for good: the sender is told" \
    "$(entries due) $(grep -al 'a virus' "$T/queue/new/"* | wc -l)" "0 1"
rm -f "$T/queue/new/"*

# A policy: whom we relay for, who may send, what is set aside, and, with the
# engine's own stages beside it, where things go when they cannot go there.
new_setup
next_hops
control relayhosts 192.0.2.7
control rcpthosts 'example.org partner.example'
{
	echo 'local vsl = require "vsl"'
	cat <<'X'
local inbound = { ["example.org"] = true, ["partner.example"] = true }
local blocked = { ["spam.example"] = true }
local function domain(address) return address:match "@([^@]*)$" or "" end

vsl.main {
  helo = { vsl.rule("not me", function()
    if vsl.helo() == vsl.server_name() then return vsl.deny "550 5.7.1 I am me" end
    return vsl.next()
  end) },
  mail = { vsl.rule("sender", function()
    if blocked[domain(vsl.mail_from())] then
      return vsl.deny { code = 553, enhanced = "5.7.1", text = "blocked" }
    end
    return vsl.next()
  end) },
  rcpt = {
    vsl.rule("relay", function()
      if inbound[domain(vsl.rcpt())] then return vsl.next() end
      if vsl.mail_from() == "" or vsl.client_ip() ~= "192.0.2.7" then
        return vsl.deny "554 5.7.1 relaying denied"
      end
      return vsl.accept()
    end),
    vsl.rule("closed", function()
      if vsl.rcpt() == "closed@example.org" then return vsl.deny "550 5.1.1 closed" end
      return vsl.next()
    end),
  },
  preq = {
    vsl.rule("spam", function()
      if vsl.get_header "Subject":find "lottery" then
        return vsl.quarantine "spam"
      end
      return vsl.next()
    end),
    vsl.action("mark", function() vsl.prepend_header("X-Policy", "seen") end),
    vsl.action("routes", function()
      for _, r in ipairs(vsl.rcpt_list()) do
        if domain(r) == "partner.example" then
          vsl.forward(r, "10.0.0.5")
        elseif inbound[domain(r)] then
          vsl.forward(r, "10.0.0.4")
        else
          vsl.forward(r, "10.0.0.1")
        end
      end
    end),
  },
  postq = { vsl.action("count", function()
    assert(not vsl.has_header "X-Counted")
    vsl.set_header("X-Counted", tostring(#vsl.rcpt_list()))
  end) },
}

function hook.postdelivery(msg, result)
  if result.action == "retry" then
    return { route = "smtp:10.0.0.1:25", after = 0 }
  end
end
function hook.bounce(msg, recipients, report)
  return { subject = "Returned: " .. (msg:header "Subject" or ""),
    text = report.text, headers = { "X-Policy: bounced" } }
end
X
} >"$T/policy.lua"
session policy 'EHLO mx.example.org' "$ehlo" 'MAIL FROM:<x@spam.example>' \
    "$mail" "$rcpt" 'RCPT TO:<closed@example.org>' \
    'RCPT TO:<p@partner.example>' 'RCPT TO:<away@other.example>' DATA \
    'Subject: hello' '' x . "$mail" "$rcpt" DATA 'Subject: the lottery' '' x . \
    'MAIL FROM:<>' 'RCPT TO:<away@other.example>' QUIT
codes "policy: what the client hears" \
    "220 550 250 553 250 250 550 250 250 354 250 250 250 354 250 250 554 221 "
is "policy: one set aside" "$(entries quarantine/spam)" 1
is "policy: three ways, three entries" "$(entries new)" 3
policy_run() {
	"$QUEUERUN" -c "$T/control" -q "$T/queue" -s "$T/policy.lua" --flush \
	    2>>"$T/log"
}
policy_run
is "policy: one waits, and a report is there" "$(entries due) $(entries new)" \
    "1 1"
like "policy: the report is ours" "$(cat "$T/queue/new/"*)" \
    '^Subject: Returned: hello'
like "policy: with its field" "$(cat "$T/queue/new/"*)" '^X-Policy: bounced'
rm -f "$T/queue/new/"*
policy_run
is "policy: the second attempt went elsewhere" \
    "$(entries due)$(entries new)$(entries dead)" 000
is "policy: each where it should" "$(cut -d ' ' -f 1,4 "$T/jobs" | sort | tr '\n' ';')" \
    "smtp:10.0.0.1:25 away@other.example;smtp:10.0.0.1:25 b@example.org;smtp:10.0.0.4:25 b@example.org;smtp:10.0.0.5:25 p@partner.example;"
is "policy: no error" "$(grep hook-error "$T/log")" ""
[ "$failed" -eq 0 ] || diag "$(tail -n 20 "$T/log")"
done_testing
