#!/bin/sh
# The policies that need no other server: scripts/policy.lua and, below it,
# headers, earlytalker and null_one_rcpt, each through smtpe; what the manual
# says of them, and etc/smtpe.lua. (65-policy-memory.t: those that remember.)
# shellcheck source=t/lib.sh
. "${0%/*}/lib.sh"
# shellcheck source=t/lib-policy.sh
. "$HERE/lib-policy.sh"
need python3

# --- policy.chain ---

lines 'EHLO client.example' 'MAIL FROM:<a@client.example>' NOOP RSET QUIT
script order <<'LUA'
local function says(text, value)
	return function() print(text) return value end
end
function hook.mail() print "mine" end
function hook.noop() print "only mine" end
policy.chain {
	{ mail = says "one", reset = says "reset one", rset = says "rset one" },
	{ mail = says("two", action.reject "two"),
	    reset = says("reset two", "x") },
	{ mail = says("three", action.accept()), reset = says "reset three" },
	{ firewall = says("open", nil), rset = says("rset two", "250 2.0.0 Two") },
	{ rset = says "rset three", accept = function() return false, nil end },
	{ accept = says "accept two" },
	require "policy.null_one_rcpt"
}
LUA
is "chain: the first that says something decides" "$(try order 192.0.2.1)" \
    "550 5.7.1,250 2.0.0,250 2.0.0"
is "... in order, the script's own first, and some hooks call everybody" \
    "$(sed -n 's/.*event=print text="*\([^"]*\)"*$/\1/p' "$T/log" |
	tr '\n' ',')" \
    "open,accept two,reset one,reset two,reset three,mine,one,two,only mine,rset one,rset two,reset one,reset two,reset three,"
script closed <<'LUA'
policy.chain { { firewall = function() end },
    { firewall = function() return false end },
    { firewall = function() return true end } }
LUA
is "chain: false at firewall is something" "$(try closed 192.0.2.1)" ""
script dropped <<'LUA'
policy.chain { { mail = function() return true end },
    { mail = function() return action.reject "not asked" end } }
LUA
is "chain: a drop alone is something, too" \
    "$(try dropped 192.0.2.1 | cut -c 1-9)" "250 2.1.0"
fails_to_load "chain: a hook that there is not" \
    'require "policy".chain { { rctp = print } }' \
    'bad\.lua:1: policy 1: rctp is no hook'
fails_to_load "chain: a hook that is no function" \
    'require "policy".chain { {}, { rcpt = 7 } }' \
    'bad\.lua:1: policy 2: rcpt is no hook'
fails_to_load "an option that there is not" \
    'local p = require "policy.greylist" { dealy = 5 }' \
    'bad\.lua:1: policy\.greylist has no option .dealy'
is "policy.chain knows each stage of hook.def" \
    "$(sed -n '/^for name in (\[\[/,/\]\]/p' "$top/scripts/policy.lua" |
	sed 's/^for name in (//; s/:gmatch.*//' | tr -dc 'a-z_ \n' |
	xargs -n 1 | sort)" \
    "$(sed -n 's/^HOOK(\([a-z_]*\),.*/\1/p' "$top/lib/hook.def" | sort)"

# --- headers ---

script head <<'LUA'
policy.chain { require "policy.headers" }
LUA
in_2026=1795167882
date='Date: Fri, 20 Nov 2026 09:44:42 +0000'
good="$yes,354,250 2.0.0"
bad="$yes,354,550 5.6.0"
# head WANTED NAME FIELD...
head_is() {
	want=$1
	name=$2
	shift 2
	message "$@"
	is "headers: $name" "$(try head 192.0.2.7 $in_2026)" "$want"
}
head_is "$good" "as it should be" 'From: a@b.example' "$date" 'Subject: x' \
    'Received: one' 'Received: two' 'To: x,' ' y'
head_is "$bad" "no From" "$date"
like "... and the reply says so" "$(cat "$T/out")" 'no field From'
head_is "$bad" "no Date" 'From: a@b.example'
head_is "$bad" "no header" ''
head_is "$bad" "two From" 'From: a@b.example' 'from : b@b.example' "$date"
like "... and the reply says so" "$(cat "$T/out")" 'two fields From'
head_is "$bad" "two Subject" 'From: a@b.example' "$date" 'Subject: x' \
    'Date2: x' 'SUBJECT: y'
head_is "$bad" "no date" 'From: a@b.example' 'Date: yesterday'
head_is "$bad" "an old date" 'From: a@b.example' \
    'Date: Fri, 20 Oct 2026 09:44:42 +0000'
head_is "$bad" "a date to come" 'From: a@b.example' \
    'Date: Mon, 23 Nov 2026 09:44:42 +0000'
head_is "$good" "tomorrow" 'From: a@b.example' \
    'Date: Sat, 21 Nov 2026 09:44:42 +0000'
head_is "$good" "UTF-8" 'From: a@b.example' "$date" \
    "$(printf 'Subject: gr\303\274n')"
head_is "$bad" "other octets" 'From: a@b.example' "$date" \
    "$(printf 'Subject: gr\374n')"
lines 'EHLO client.example' 'MAIL FROM:<a@client.example>' \
    'RCPT TO:<b@example.org>' DATA "$date" 'From: a@b.example' '' . \
    'MAIL FROM:<a@client.example>' 'RCPT TO:<b@example.org>' DATA "$date" \
    'From: a@b.example' '' . 'MAIL FROM:<a@client.example>' \
    'RCPT TO:<b@example.org>' DATA '' . QUIT
is "headers: each message has its own" "$(try head 192.0.2.7 $in_2026)" \
    "$good,$good,$bad"
message 'Subject: x'
is "headers: who may relay" \
    "$(RELAYCLIENT='' try head 192.0.2.7 $in_2026)" "$good"
is "headers: this machine" "$(try head ::1 $in_2026)" "$good"
control headersallow 192.0.2.7
is "headers: headersallow" "$(try head 192.0.2.7 $in_2026)" "$good"
rm "$T/control/headersallow"

control headersrequired To
control headersonce X-One
control headerspast 3650d
control headersfuture 3650d
control headersoctets ascii
control headersverdict defer
later="$yes,354,451 4.6.0"
head_is "$good" "headersrequired, headerspast" 'To: x' 'Subject: x' \
    'Subject: y' 'Date: Fri, 20 Nov 2020 09:44:42 +0000'
head_is "$good" "headersfuture" 'To: x' 'Date: Fri, 20 Nov 2030 09:44:42 +0000'
head_is "$later" "headersonce and headersverdict" 'To: x' 'X-One: 1' 'X-One: 2'
head_is "$later" "headersoctets" 'To: x' "$(printf 'Subject: gr\303\274n')"
rm -f "$T/control"/headers*
control headerpatterns '# what we do not want
Subject reject ^%[?casino
X-Mailer quarantine:odd massmailer 3%.%d
X-Later defer .
X-Gone discard ^gone$'
f='From: a@b.example'
head_is "$bad" "a pattern" "$f" "$date" 'Subject: [CASINO] now'
head_is "$bad" "a pattern over a fold" "$f" "$date" 'Subject:' '  casino'
head_is "$good" "another subject" "$f" "$date" 'Subject: no casino'
head_is "$good" "another field" "$f" "$date" 'Comments: casino'
head_is "$good" "quarantine" "$f" "$date" 'X-Mailer: MassMailer 3.1'
is "... in its place" "$(entries quarantine/odd)" 1
head_is "$later" "defer" "$f" "$date" 'X-Later: x'
before=$(entries new)
head_is "$good" "discard" "$f" "$date" 'X-Gone: gone'
is "... is not queued" "$(entries new)" "$before"
head_is "$good" "the first 1000 octets are looked at" "$f" "$date" \
    "X-Gone: $(printf '%01000d' 0)gone"
for bad in 'Subject' 'Subject reject' 'Subject away x' 'Subject quarantine x' \
    'Subject quarantine:a/b x' 'Subject reject:x x' 'Subject reject [x'; do
	control headerpatterns "$bad"
	fails_to_load "headerpatterns: '$bad'" "require 'policy.headers'" \
	    'headers: '
done
rm "$T/control/headerpatterns"
for bad in 'octets some' 'verdict never' 'past long'; do
	control "headers${bad% *}" "${bad#* }"
	fails_to_load "headers$bad" "require 'policy.headers'" 'headers: '
	rm "$T/control/headers${bad% *}"
done

# --- null_one_rcpt ---

script null <<'LUA'
policy.chain { require "policy.null_one_rcpt" }
LUA
lines 'EHLO client.example' 'MAIL FROM:<>' 'RCPT TO:<1@example.org>' \
    'RCPT TO:<2@example.org>' 'RCPT TO:<3@example.org>' RSET \
    'MAIL FROM:<a@b.example>' 'RCPT TO:<1@example.org>' \
    'RCPT TO:<2@example.org>' QUIT
is "null_one_rcpt" "$(try null 192.0.2.7)" \
    "$yes,550 5.5.3,550 5.5.3,250 2.0.0,$yes,250 2.1.5"
is "null_one_rcpt: who may relay" "$(RELAYCLIENT='' try null 192.0.2.7)" \
    "$yes,250 2.1.5,250 2.1.5,250 2.0.0,$yes,250 2.1.5"

# --- earlytalker ---

script early <<'LUA'
policy.chain { require "policy.earlytalker" }
LUA
lines 'HELO client.example' 'MAIL FROM:<a@b.example>' QUIT
is "earlytalker: before the banner" \
    "$(TCPREMOTEPORT=4000 try early 192.0.2.7)" "554 5.5.0"
is "earlytalker: a file of commands is no client" \
    "$(try early 192.0.2.7 | cut -c 1-9)" "250 2.1.0"
is "earlytalker: this machine" \
    "$(TCPREMOTEPORT=4000 try early 127.0.0.1 | cut -c 1-9)" "250 2.1.0"
is "earlytalker: who may relay" \
    "$(RELAYCLIENT='' TCPREMOTEPORT=4000 try early 192.0.2.7 |
	cut -c 1-9)" "250 2.1.0"
control earlytalkerallow 192.0.2.0/24
is "earlytalker: earlytalkerallow" \
    "$(TCPREMOTEPORT=4000 try early 192.0.2.7 | cut -c 1-9)" "250 2.1.0"
rm "$T/control/earlytalkerallow"
# A group of lines of a file is sent when the reply to the one before is there.
cat >"$T/talk.py" <<'PY'
import sys
sys.path.insert(0, sys.argv[1])
import session
said = []
with open(sys.argv[3], "a") as log:
    s = session.Session(sys.argv[4:], log, session.environment(
        TCPREMOTEIP="192.0.2.7", NOW="1000"))
    said.append(s.reply())
    try:
        for group in sys.argv[2].split("|"):
            commands = group.split(",")
            s.send("".join(c + "\r\n" for c in commands).encode())
            for _ in commands:
                said.append(s.reply())
    except session.Gone:
        pass
    s.close()
print(",".join(r.splitlines()[-1][:3] for r in said))
PY
talk() {
	python3 "$T/talk.py" "$HERE/helpers" "$1" "$T/log.all" "$SMTPE" \
	    -c "$T/control" -q "$T/queue" -s "$T/early.lua"
}
M='MAIL FROM:<a@b.example>'
R='RCPT TO:<b@example.org>'
is "earlytalker: a client that waits" "$(talk "EHLO c.example|$M|$R|QUIT")" \
    "220,250,250,250,221"
is "earlytalker: one that was offered to pipeline" \
    "$(talk "EHLO c.example|$M,$R,RSET|EHLO c.example|$M,$R,QUIT")" \
    "220,250,250,250,250,250,250,250,221"
is "earlytalker: behind EHLO itself" "$(talk "EHLO c.example,$M")" "220,554"
is "earlytalker: behind HELO itself" "$(talk "HELO c.example,$M")" "220,554"
is "earlytalker: after HELO" "$(talk "HELO c.example|$M,$R")" "220,250,554"
is "earlytalker: a HELO that waits" "$(talk "HELO c.example|$M|$R|QUIT")" \
    "220,250,250,250,221"

# --- the example ---

example=$top/etc/smtpe.lua
rm -f "$T/control/luapath"
"$SMTPE" --check -c "$T/control" -q "$T/queue" -s "$example" >"$T/said" 2>"$T/log"
is "etc/smtpe.lua passes --check" "$? $(tail -n 1 "$T/said")" "0 ok"
is "... without a word in the log" "$(cat "$T/log")" ""
is "etc/smtpe.lua uses three policies" \
    "$(grep -c '^	require "policy\.[a-z_]*"' "$example")" 3
cp "$example" "$T/example.lua"
session "$T/in"
is "etc/smtpe.lua takes a message" "$(try example 192.0.2.7)" "$good"
# Those that it offers and leaves out can be taken in.
sed 's/^	-- \(require "policy\.[a-z_]*"\)/	\1/' "$example" >"$T/example.lua"
ok "more of them are offered" \
    test "$(grep -c '^	require "policy\.[a-z_]*"' "$T/example.lua")" -gt 5
"$SMTPE" --check -c "$T/control" -q "$T/queue" -s "$T/example.lua" \
    >"$T/said" 2>"$T/log"
is "... and can be taken in" "$? $(tail -n 1 "$T/said")" "0 ok"

# --- the manual ---

# Each policy of these has a section, with each option and its control.
page=$top/man/smtpe-policy.7
for module in earlytalker greylist headers null_one_rcpt ratelimit; do
	ok "$module is in the manual" grep -qx "\.Ss $module" "$page"
	awk -v m="$module" '/^\.S[sh] / { here = $2 == m; next }
	    here && sub(/^\.It Cm /, "")' "$page" | sort >"$T/described"
	# What it has: "allow Pq greylistallow".
	cat >"$T/options.lua" <<LUA
local policy = require "policy"
function policy.control(name) return { name } end
function policy.setting(name) return name end
function policy.new(_, defaults)
	for k, v in pairs(defaults) do
		print(k .. " Pq " .. (type(v) == "table" and v[1] or v))
	end
	return {}
end
require "policy.$module"
LUA
	lines QUIT
	try options 192.0.2.1 >/dev/null
	sed -n 's/.*event=print text="*\([^"]*\)"*$/\1/p' "$T/log" | sort >"$T/has"
	ok "... with its options" diff -u "$T/has" "$T/described"
done
awk '/^\.\\" example curfew/ { here = 1 } here && /^\.Bd/ { inside = 1; next }
    inside && /^\.Ed/ { exit } inside { print }' "$page" >"$T/curfew.lua"
ok "the manual has an example of a policy" test -s "$T/curfew.lua"
mkdir -p "$T/mine/policy"
cp "$T/curfew.lua" "$T/mine/policy/curfew.lua"
script night <<'LUA'
policy.chain { require "policy.curfew" }
LUA
lines 'EHLO client.example' 'MAIL FROM:<a@b.example>' QUIT
night() {
	try night 192.0.2.7 "$1" -o "luapath=$T/mine/?.lua;$top/scripts/?.lua"
}
is "... which works" "$(night 79200),$(night 79199)" "451 4.7.1,250 2.1.0"
control curfewfrom 21
is "... and so does its control" "$(night 75600),$(night 75599)" \
    "451 4.7.1,250 2.1.0"

# --- the house ---

for file in "$top"/scripts/policy.lua "$top"/scripts/policy/*.lua; do
	module=${file##*/}
	[ "$module" = policy.lua ] ||
	    ok "$module has less than 100 lines of Lua" test "$(sed \
	    -e '/^--\[\[/,/^\]\]/d' -e '/^[[:space:]]*--/d' -e '/^$/d' "$file" |
	    wc -l)" -lt 100
	is "$module begins with what it is" \
	    "$(sed -n '2s/:.*//p' "$file")" "${module%.lua}"
done
is "no script of these had an error" \
    "$(grep -E 'event=hook-(error|stuck|unknown)' "$T/log.all")" ""
done_testing
