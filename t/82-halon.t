#!/bin/sh
# The dialect halon: each context and verdict, what an end without one means,
# what lives how long, and a policy from the relay rules to the second route.
# shellcheck source=t/lib.sh
. "${0%/*}/lib.sh"
need python3

DIALECT=halon
# shellcheck source=t/lib-dialect.sh
. "$HERE/lib-dialect.sh"
codes() {
	is "$1" "$(codes_said)" "$2"
	is "$1: no error" "$(grep -c hook-error "$T/log")" 0
}
run() {
	"$QUEUERUN" -c "$T/control" -q "$T/queue" -s "$T/$name.lua" --flush \
	    2>>"$T/log"
}
mail='MAIL FROM:<a@Sender.example> SIZE=10'
rcpt2='RCPT TO:<c@example.org>'

# What is before the message.
try firewall QUIT <<'X'
function halon.firewall()
  assert(halon.arguments.localport == 25)
  if halon.arguments.remoteip == "192.0.2.7" then Reject() end
end
X
is "firewall: Reject drops without a byte" "$(wc -c <"$T/out")" 0
try firewall QUIT <<'X'
halon.firewall = function() end
X
codes "firewall: an end lets in" "220 221 "

try connect QUIT <<'X'
function halon.connect()
  local c = halon.connection
  assert(c.remoteip == "192.0.2.7" and c.remoteport == 4242)
  assert(c.localip == "192.0.2.1" and c.localport == 25)
  assert(c.remoteptr == "client.example" and c.helo == nil and not c.auth)
  assert(#halon.transaction.id > 0)
  Reject({ "Not", "today" }, { disconnect = true,
    reply_codes = { code = 521, enhanced = { 5, 3, 2 } } })
end
X
said "connect: lines and codes" '^521-5\.3\.2 Not$'
said "connect: the last line" '^521 5\.3\.2 today$'
is "connect: and the end" "$(wc -l <"$T/said")" 2
try connect QUIT <<'X'
function halon.connect() return Reject() end
X
said "connect: 554 without a code" '^554 5\.7\.1 Refused by policy'
try connect QUIT <<'X'
function halon.connect() Defer("Full") error("never") end
X
said "connect: Defer" '^451 .*Full'
try connect QUIT <<'X'
function halon.connect() Accept() end
X
codes "connect: Accept" "220 221 "

try helo 'HELO bad.example' 'HELO ok.example' "$ehlo" QUIT <<'X'
function halon.helo()
  local a = halon.arguments
  if a.host == "bad.example" then
    assert(a.verb == "HELO" and not a.extensions)
    Reject "Bad name"
  end
  if a.verb == "EHLO" then
    assert(halon.connection.helo.host == "ok.example")
    Accept { extensions = { "PIPELINING", "XMINE" } }
  end
end
X
codes "helo" "220 550 250 250 221 "
said "helo: its extensions" '^250[- ]XMINE'
unlike "helo: and no other" "$(cat "$T/said")" 'CHUNKING'

control authplain 1
plain=$(printf '\0scott\0tiger' | base64)
wrong=$(printf '\0scott\0lion' | base64)
try auth "$ehlo" "AUTH PLAIN $wrong" "AUTH PLAIN $plain" "$mail" QUIT <<'X'
function halon.auth()
  local a = halon.arguments
  assert(a.mechanism == "PLAIN" and a.state == 0)
  if a.username == "scott" and a.password == "tiger" then
    Accept { username = "scott" }
  end
end
function halon.mailfrom()
  local auth = halon.connection.auth
  assert(auth.username == "scott" and auth.mechanism == "PLAIN")
end
X
codes "auth: its end refuses" "220 250 535 235 250 221 "
control authmechs 'XTOKEN'
try auth "$ehlo" 'AUTH XTOKEN one' '*' 'AUTH XTOKEN one' 'bm8=' \
    'AUTH XTOKEN' 'dHdv' QUIT <<'X'
function halon.auth()
  local a = halon.arguments
  if a.state == 0 then
    assert(a.response == "one" or a.response == nil)
    return Reply "bmV4dA=="
  end
  assert(a.state == 1 and a.mechanism == "XTOKEN" and not a.username)
  if a.response == "bm8=" then Defer() end
  Accept()
end
X
codes "auth: a dialogue" "220 250 334 501 334 454 334 235 221 "
said "auth: Reply asks for another line" '^334 bmV4dA=='
said "auth: and that one decides" '^235'
rm -f "$T/control/authplain" "$T/control/authmechs"

try envelope "$ehlo" 'MAIL FROM:<>' 'MAIL FROM:<later@x.example>' "$mail" \
    'RCPT TO:<no@example.org>' 'RCPT TO:<full@example.org>' "$rcpt" QUIT <<'X'
function halon.mailfrom()
  local a = halon.arguments
  if a.sender == "" then Reject("No bounces") end
  if a.address.localpart == "later" then Defer() end
  assert(a.address.domain == "sender.example" or
    a.address.domain == "Sender.example")
  assert(a.params.SIZE == "10")
end
function halon.rcptto()
  local a, t = halon.arguments, halon.transaction
  assert(t.sender:find "^a@" and t.senderaddress.localpart == "a")
  assert(#t.recipients == 0 and t.senderparams.SIZE == "10")
  if a.address.localpart == "no" then
    Reject("No such user", { reply_codes = { enhanced = "5.1.1" } })
  end
  if a.recipient == "full@example.org" then
    Defer({ reason = "Full", reply_codes = { code = 452,
      enhanced = { 4, 2, 2 } } })
  end
end
X
codes "mailfrom, rcptto" "220 250 550 451 250 550 452 250 221 "
said "rcptto: codes as wanted" '^550 5\.1\.1 No such user'
said "rcptto: those of Defer" '^452 4\.2\.2 Full'

# context lives as long as the connection; transaction.id does not.
try lifetime 'HELO a.example' "$mail" RSET "$mail" "$rcpt" DATA 'x: y' '' . \
    "$mail" QUIT <<'X'
local ids = {}
function halon.connect() halon.context = { n = 0, ids = {} } end
function halon.mailfrom()
  local c = halon.context
  c.n = c.n + 1
  assert(not c.ids[halon.transaction.id])
  c.ids[halon.transaction.id] = true
  if c.n == 3 then Reject("the third, after RSET and end of data") end
end
function halon.eod()
  assert(halon.context.ids[halon.message.id], "the id is another")
end
X
codes "lifetimes" "220 250 250 250 250 250 354 250 550 221 "
rm -f "$T/queue/new/"*

# The message.
try eod "$ehlo" "$mail" "$rcpt" DATA 'Subject: one' 'X-Old: 1' '' x . QUIT <<'X'
function halon.eod()
  local m = halon.message
  assert(m.recipient == "b@example.org" and m.size > 0 and m.ts > 0)
  assert(m.senderaddress.localpart == "a")
  assert(GetHeader "subject" == "one" and #GetHeaders "X-None" == 0)
  assert(halon.arguments.mail:getHeader "Subject" == "one")
  assert(GetMailMessage():toString():find "X%-Old")
  SetHeader("Subject", "two")
  PrependHeader("X-First", "1")
  AddHeader("X-Last", "2")
  halon.arguments.mail:delHeader "X-Old"
  SetSender "new@sender.example"
  SetMetaData { kind = "test", n = 3 }
  assert(GetMetaData().n == 3)
  return Accept { transportid = "smtp:10.0.0.9:25", reason = "Taken" }
end
X
codes "eod: Accept" "220 250 250 250 354 250 221 "
said "eod: its text" '^250 .*Taken'
cat "$T/queue/new/"* >"$T/entry"
for want in '^sender new@sender\.example' 'edit replace 1 Subject:%20two' \
    '^meta route s smtp:10\.0\.0\.9:25' '^edit .*X-First' '^edit remove' \
    '^edit .*X-Last' '^meta halon_metadata s .*test'; do
	like "eod: $want" "$(cat "$T/entry")" "$want"
done
rm -f "$T/queue/new/"*

try verdicts "$ehlo" "$mail" "$rcpt" DATA 's: reject' '' . \
    "$mail" "$rcpt" DATA 's: defer' '' . "$mail" "$rcpt" DATA 's: delete' '' . \
    "$mail" "$rcpt" DATA 's: keep' '' . "$mail" "$rcpt" DATA 's: take' '' . \
    "$mail" "$rcpt" DATA 's: deliver' '' . "$mail" "$rcpt" DATA 's: end' '' . \
    "$mail" "$rcpt" DATA 's: queue' '' . QUIT <<'X'
local say = {
  reject = function() Reject "no" end,
  defer = function() Defer "later" end,
  delete = function() return Delete() end,
  keep = function() Quarantine("spam", { reason = "kept", reply_codes =
    { code = 554 } }) end,
  take = function() Quarantine("odd", { reject = false }) end,
  deliver = function() Deliver { recipient = "d@example.org" } end,
  queue = function() return Queue() end,
  ["end"] = function() end,
}
function halon.eod()
  say[GetHeader "s"]()
end
X
is "eod: each verdict's code" \
    "$(sed -n 's/^\([0-9]*\) .*/\1/p' "$T/said" | grep -v '^354' |
	sed -n '5~3p' | tr '\n' ' ')" "550 451 250 554 250 250 250 250 "
is "eod: queued are three" "$(entries new)" 3
is "eod: Quarantine refuses and keeps" "$(entries quarantine/spam)" 1
is "eod: or takes" "$(entries quarantine/odd)" 1
like "eod: another recipient" "$(cat "$T/queue/new/"*)" '^T d@example\.org'
rm -rf "$T/queue"

try eodrcpt "$ehlo" "$mail" "$rcpt" "$rcpt2" 'RCPT TO:<gone@example.org>' \
    'RCPT TO:<odd@example.org>' DATA 'x: y' '' . QUIT <<'X'
halon.transports = { first = "smtp:10.0.0.1:25", second = "smtp:10.0.0.2:25" }
function halon.rcptto() Accept { transportid = "first" } end
function halon.eod() SetMetaData { all = true } end
function halon.eodrcpt()
  local a = halon.arguments
  assert(GetMetaData().all and #halon.message.recipients == 1)
  if a.address.localpart == "gone" then Delete() end
  if a.address.localpart == "odd" then Quarantine("odd", { reject = false }) end
  if a.recipient == "c@example.org" then
    SetRecipient "elsewhere@other.example"
    Deliver { transportid = "second" }
  end
end
X
codes "eodrcpt: one reply" "220 250 250 250 250 250 250 354 250 221 "
is "eodrcpt: two are queued" "$(entries new)" 2
is "eodrcpt: one is set aside" "$(entries quarantine/odd)" 1
is "eodrcpt: each its own way" \
    "$(grep -ahE '^(T|meta route)' "$T/queue/new/"* | sort | tr '\n' ' ')" \
    "T b@example.org T elsewhere@other.example meta route s smtp:10.0.0.1:25 meta route s smtp:10.0.0.2:25 "
rm -rf "$T/queue"

try later "$ehlo" "$mail" "$rcpt" DATA 's: renamed' '' . \
    "$mail" "$rcpt" "$rcpt2" DATA 's: all' '' . QUIT <<'X'
halon.transports = { first = "smtp:10.0.0.1:25", second = "smtp:10.0.0.2:25" }
function halon.rcptto() Accept { transportid = "first" } end
function halon.eod()
  if GetHeader "s" == "all" then Accept { transportid = "second" } end
  Accept { recipient = "new@example.org" }
end
X
codes "eod: transports of rcptto" \
    "220 250 250 250 354 250 250 250 250 354 250 221 "
is "eod: one stays with its recipient, one of the message is for all" \
    "$(for f in "$T/queue/new/"*; do
	grep -ahE '^(T|meta route)' "$f" | tr '\n' ' '
	echo
    done | sort | tr -d '\n')" \
    "meta route s smtp:10.0.0.1:25 T new@example.org meta route s smtp:10.0.0.2:25 T b@example.org T c@example.org "
rm -rf "$T/queue"

refusing() {
	try refusing "$ehlo" "$mail" "$rcpt" "$rcpt2" DATA 'x: y' '' . QUIT <<'X'
function halon.eodrcpt()
  if halon.message.recipient == "c@example.org" then Reject "not I" end
end
X
}
refusing
said "eodrcpt: one refuses" '^550 .*not I'
is "eodrcpt: for all" "$(entries new)" 0
control perrecipient 1
refusing
said "perrecipient: one refuses" '^550 .*not I'
is "perrecipient: the other's is queued" "$(entries new)" 1
rm -rf "$T/queue" "$T/control/perrecipient"

# Behind the queue.
next_hops
one() {
	rm -rf "$T/queue" "$T/jobs" "$T/maildir"
	try "$1" "$ehlo" "$mail" "$rcpt" DATA 's: t' '' x . QUIT
}

one attempts <<'X'
halon.transports = { good = "smtp:10.0.0.1:25", bad = "smtp:10.0.0.4:25" }
function halon.eod() SetMetaData { tries = "" } end
function halon.predelivery()
  local a = halon.arguments
  local m = GetMetaData()
  m.tries = m.tries .. a.retry
  SetMetaData(m)
  halon.context = a.retry
  halon.message.log = nil
end
X
like "a variable cannot be changed" "$(run; cat "$T/log")" \
    'line=10 text="hook.predelivery: .*attempts\.lua:10: halon\.message cannot be changed'
is "and its message stays" "$(entries new)$(entries due)" 01
one attempts <<'X'
halon.transports = { good = "smtp:10.0.0.1:25", bad = "smtp:10.0.0.4:25" }
function halon.predelivery()
  local a = halon.arguments
  assert(next(halon.context) == nil, "a fresh context")
  halon.context = { was = a.retry }
  if a.retry == 0 then Try { transportid = "bad", agent = { helo = "h.example" } } end
  Try { destination = "10.0.0.1", port = 26 }
end
function halon.postdelivery()
  local a = halon.arguments
  assert(halon.context.was == a.retry, "the attempt's context")
  assert(a.recipient == "b@example.org" and not a.expired)
  if a.retry == 0 then
    assert(a.action == "QUEUE" and a.attempt.result.code == 451)
    assert(a.attempt.result.enhanced[2] == 7)
    Retry { delay = 0 }
  end
  assert(a.action == nil and a.attempt.result.code == 250)
  halon.context = nil
end
X
run
is "Try, then Retry" "$(entries due)$(entries new)" 10
like "with settings of this attempt" "$(cat "$T/jobs")" \
    'smtp:10\.0\.0\.4:25 .*; .*helo=h\.example'
run
is "the second attempt goes elsewhere" "$(entries due)$(entries new)" 00
is "with its own settings" "$(sed -n 2p "$T/jobs" | grep -c helo)" 0
like "by its destination" "$(sed -n 2p "$T/jobs")" '10\.0\.0\.1.*26'
is "no error" "$(grep hook-error "$T/log")" ""

one reschedule <<'X'
function halon.predelivery()
  if not GetMetaData().seen then
    SetMetaData { seen = true }
    Reschedule(0, { increment_retry = false, reason = "not yet",
      transportid = "smtp:10.0.0.1:25" })
  end
  assert(halon.arguments.retry == 0 and
    halon.message.transportid == "smtp:10.0.0.1:25")
end
X
run
is "Reschedule: no attempt" "$(test -e "$T/jobs" || echo none) $(entries due)" "none 1"
run
is "and then the other transport" "$(entries due)$(entries new)" 00
is "no error" "$(grep hook-error "$T/log")" ""

one reroute <<'X'
halon.transports = { good = "smtp:10.0.0.1:25" }
function halon.postdelivery()
  local a = halon.arguments
  if a.action == "QUEUE" then
    return Reschedule(0, { transportid = "good", metadata = { was = a.retry },
      increment_retry = false })
  end
  assert(a.retry == 1 and halon.message.transportid == "good")
  assert(GetMetaData().was == 0)
end
X
run
like "Reschedule behind an attempt: it counts, and says so" "$(cat "$T/log")" \
    'increment_retry = false is not supported in postdelivery'
run
is "and goes by another transport" "$(sed 's/ .*//' "$T/jobs" | tr '\n' ' ')" \
    "smtp: smtp:10.0.0.1:25 "
is "no error" "$(grep hook-error "$T/log")$(entries due)$(entries new)" 00

one counted <<'X'
function halon.predelivery()
  if halon.arguments.retry == 0 then Queue { delay = 0 } end
  assert(halon.arguments.retry == 1)
  Delete()
end
X
run
is "Queue: counted" "$(test -e "$T/jobs" || echo none) $(entries due)" "none 1"
run
is "Delete ends it" "$(test -e "$T/jobs" || echo none) $(entries due)" "none 0"
is "no error" "$(grep hook-error "$T/log")" ""

one aside <<'X'
function halon.predelivery() Quarantine "later" end
X
run
is "Quarantine behind the queue" "$(entries quarantine/later)" 1

one drop <<'X'
function halon.postdelivery()
  assert(halon.arguments.action == "QUEUE")
  Delete()
end
X
run
is "postdelivery: Delete, no bounce" "$(entries due)$(entries new)$(entries dead)" 000

one bounce <<'X'
function halon.predelivery() Try { transportid = "smtp:10.0.0.5:25" } end
function halon.postdelivery()
  if halon.arguments.action == "BOUNCE" then
    Bounce { dsn = { subject_prepend = "Sorry: ", text = "It did not work.",
      headers = { "X-Why: policy" } } }
  end
end
X
run
cat "$T/queue/new/"* "$T/queue/due/"*/* >"$T/entry" 2>/dev/null
like "Bounce: its subject" "$(cat "$T/entry")" '^Subject: Sorry: '
like "Bounce: its text" "$(cat "$T/entry")" '^It did not work\.'
like "Bounce: its header" "$(cat "$T/entry")" '^X-Why: policy'
like "Bounce: what the other side said" "$(cat "$T/entry")" '^Status: 5\.1\.1'
one early <<'X'
function halon.postdelivery() Bounce() end
X
run
like "Bounce of what would be tried again: its reason" \
    "$(cat "$T/queue/new/"* "$T/queue/due/"*/* 2>/dev/null)" \
    'smtp; 550 try later'
one bounced <<'X'
function halon.predelivery() Bounce("Too old", { reply_codes = { code = 554 } }) end
X
run
like "Bounce before an attempt" "$(cat "$T/queue/new/"* "$T/queue/due/"*/* 2>/dev/null)" \
    '554 .*Too old'

one api <<'X'
function halon.api()
  local a = halon.arguments
  assert(#a.username > 0)
  if a.verb == "remove" then Reject() end
  if a.verb == "list" then return Accept() end
  if a.verb == "hold" then assert(halon.connection, "never") end
end
X
ops() {
	"$SMTPE_QUEUE" -c "$T/control" -q "$T/queue" -s "$T/api.lua" "$@" \
	    >"$T/said" 2>&1
	STATUS=$?
}
ops list
is "api: Accept" "$STATUS" 0
ID=$(cd "$T/queue/new" && echo *)
ops remove "$ID"
is "api: Reject" "$STATUS $(entries new)" "111 1"
ops hold "$ID"
is "api: an error denies" "$STATUS $(entries new)" "111 1"
ops show "$ID"
is "api: an end admits" "$STATUS" 0
rm -rf "$T/queue"

# What is not here, or means nothing, is said.
bad() {
	what=$1
	pattern=$2
	try bad QUIT
	is "$what: stops at load" "$STATUS $(cut -c1-3 "$T/said")" "111 421"
	like "$what: and says so" "$(cat "$T/log")" "$pattern"
}
bad "an unknown context" 'no context conect: api, auth, connect' <<'X'
function halon.conect() end
X
bad "no function" 'halon\.connect is not a function' <<'X'
halon.connect = "Accept"
X
bad "a call that is not here" 'ScanRPD is not supported: rspamd does it' <<'X'
-- Says nothing of Comments(this) or "Strings(this)".
local why = "Strings(this)" .. 'It\'s(' .. [[Long(this)]] --[[ Or(this) ]]
local function Mine() return why end
function halon.eod() if Mine() and ScanRPD() > 99 then Reject() end end
X
try names "$ehlo" QUIT <<'X'
local Later
local Fixed <const> = tostring
Later = function(Call) return Call(1) end
function halon.helo()
  for Name, Fn in pairs { Fixed = Fixed } do
    if Later(Fn) ~= "1" or Name ~= "Fixed" then Reject() end
  end
  local text = { Upper = string.upper }
  if text.Upper "a" ~= "A" then Reject() end
  Accept()
end
X
codes "names of the script's own" "220 250 221 "
bad "a variable that is not here" 'halon\.server is not supported' <<'X'
function halon.eod() return halon.server.id end
X
wrong() {
	what=$1
	pattern=$2
	try wrong "$ehlo" QUIT
	is "$what: the session goes on" "$(tail -n 1 "$T/said" | cut -c1-3)" 221
	like "$what: a line in the log" "$(cat "$T/log")" "$pattern"
}
wrong "a verdict of another context" 'line=2 .*wrong\.lua:2: Try means nothing in halon\.helo' <<'X'
function halon.helo() Try {} end
X
wrong "an option" 'line=2 .*wrong\.lua:2: .*the option tls is not supported; there: reason' <<'X'
function halon.helo() Reject { tls = 1 } end
X
wrong "a code" 'line=2 .*wrong\.lua:2: .*the code 450 is not of 5xx' <<'X'
function halon.helo() Reject("x", { reply_codes = { code = 450 } }) end
X
wrong "what is returned" 'returned what is no verdict' <<'X'
function halon.helo() return "550 no" end
X
try transport "$ehlo" "$mail" "$rcpt" QUIT <<'X'
halon.transports = { here = "smtp:" }
function halon.rcptto() Accept { transportid = "nowhere" } end
X
like "a transport that is none" "$(cat "$T/log")" \
    'no transport nowhere in halon\.transports'

# All of them, for one message: two attempts, then it is delivered.
control authplain 1
export TRACE="$T/trace"
rm -rf "$T/queue"
try order "$ehlo" "AUTH PLAIN $plain" "$mail" "$rcpt" DATA 'x: y' '' . QUIT <<'X'
local function trace(name)
  local f <close> = io.open(os.getenv "TRACE", "a")
  f:write(name, " ")
end
for _, name in ipairs { "firewall", "connect", "helo", "auth", "mailfrom",
    "rcptto", "eod", "eodrcpt", "predelivery", "postdelivery" } do
  halon[name] = function()
    trace(name)
    if name == "auth" then Accept() end
    if name == "predelivery" and halon.arguments.retry == 1 then
      Try { transportid = "smtp:10.0.0.1:25" }
    end
  end
end
X
codes "the order" "220 250 235 250 250 354 250 221 "
run
run
is "each context in its place" "$(cat "$TRACE")" \
    "firewall connect helo auth mailfrom rcptto eod eodrcpt predelivery postdelivery predelivery postdelivery "
is "and delivered" "$(entries new)$(entries due)$(entries dead)" 000
rm -f "$T/control/authplain"

# A policy: whom we relay for, who may send, what is set aside, and where
# things go when they cannot go there.
rm -rf "$T/queue" "$T/jobs"
control rcpthosts 'example.org partner.example'
control relayhosts 192.0.2.7
control me mx.example.org
cat >"$T/policy" <<'X'
local inbound = { ["example.org"] = true, ["partner.example"] = true }
local blocked = { ["spam.example"] = true }
halon.transports = { primary = "smtp:10.0.0.4:25", backup = "smtp:10.0.0.1:25",
  partner = "smtp:10.0.0.5:25" }

function halon.connect()
  halon.context = { trusted = halon.connection.relay }
end
function halon.helo()
  if halon.arguments.host == "mx.example.org" then
    Reject("You are not me", { reply_codes = { enhanced = { 5, 7, 1 } } })
  end
end
function halon.mailfrom()
  local address = halon.arguments.address
  if blocked[address.domain] then
    Reject("Your domain is blocked", { reply_codes = { code = 553 } })
  end
end
function halon.rcptto()
  local address = halon.arguments.address
  if not inbound[address.domain] then
    if not halon.context.trusted or halon.transaction.sender == "" then
      Reject("Relaying denied", { reply_codes = { code = 554 } })
    end
    Accept { transportid = "backup" }
  end
  Accept { transportid = address.domain == "partner.example" and "partner" or
    "primary" }
end
function halon.eod()
  local subject = GetHeader "Subject" or ""
  if subject:find "lottery" then
    Quarantine("spam", { reason = "Spam is not welcome" })
  end
  PrependHeader("X-Policy", "seen")
  SetMetaData { subject = subject }
end
function halon.eodrcpt()
  if halon.arguments.address.localpart == "old" then
    SetRecipient "new@example.org"
  end
end
function halon.predelivery()
  if halon.arguments.retry >= 1 and
      halon.message.transportid == "primary" then
    Try { transportid = "backup" }
  end
end
function halon.postdelivery()
  local a = halon.arguments
  if a.action == "QUEUE" then
    Retry { delay = 0 }
  elseif a.action == "BOUNCE" then
    Bounce { dsn = { subject_prepend = "[" .. GetMetaData().subject .. "] ",
      headers = { "X-Policy: bounced" } } }
  end
end
X
try policy 'EHLO mx.example.org' "$ehlo" 'MAIL FROM:<x@spam.example>' "$mail" \
    'RCPT TO:<old@example.org>' 'RCPT TO:<p@partner.example>' \
    'RCPT TO:<away@other.example>' DATA 'Subject: hello' '' x . \
    "$mail" "$rcpt" DATA 'Subject: win the lottery' '' x . \
    'MAIL FROM:<>' 'RCPT TO:<away@other.example>' QUIT <"$T/policy"
codes "policy: what the client hears" \
    "220 550 250 553 250 250 250 250 354 250 250 250 354 550 250 554 221 "
"$SMTPE" --check -c "$T/control" -q "$T/queue" -s "$T/policy.lua" \
    >"$T/check" 2>&1
is "policy: nothing to complain about" "$?$(grep -c hook-replaced "$T/log")" 00
is "policy: one set aside" "$(entries quarantine/spam)" 1
is "policy: one entry for each recipient" \
    "$(grep -ahE '^T ' "$T/queue/new/"* | sort | tr '\n' ' ')" \
    "T away@other.example T new@example.org T p@partner.example "
run
is "policy: one waits, and a report is there" "$(entries due) $(entries new)" "1 1"
like "policy: the report is ours" "$(cat "$T/queue/new/"*)" \
    '^Subject: \[hello\] failure notice'
like "policy: with its field" "$(cat "$T/queue/new/"*)" '^X-Policy: bounced'
rm -f "$T/queue/new/"*
run
is "policy: the second attempt went to the backup" \
    "$(entries due)$(entries new)$(entries dead)" 000
is "policy: each where it should" "$(sed 's/ .*T//' "$T/jobs" |
    awk '{print $1, $NF}' | sort | tr '\n' ';')" \
    "smtp:10.0.0.1:25 away@other.example;smtp:10.0.0.1:25 new@example.org;smtp:10.0.0.4:25 new@example.org;smtp:10.0.0.5:25 p@partner.example;"
is "policy: no error" "$(grep hook-error "$T/log")" ""
[ "$failed" -eq 0 ] || diag "$(tail -n 20 "$T/log")"
done_testing
