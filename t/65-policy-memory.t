#!/bin/sh
# What policies remember: scripts/policy/store.lua, and greylist and ratelimit,
# which use it, each through smtpe; when many sessions share it, when one is
# killed, when it is damaged and when it cannot be had.
# shellcheck source=t/lib.sh
. "${0%/*}/lib.sh"
# shellcheck source=t/lib-policy.sh
. "$HERE/lib-policy.sh"
need python3

# --- store ---

script store <<'LUA'
local store = require "policy.store"
local s = store.open("test", function(line)
	return tonumber(line) < policy.now() - 100
end)
local function count(n, first)
	for i = 1, n do
		s:update(first .. i, function() return tostring(policy.now()) end)
	end
end
function hook.noop()
	assert(s:get("a") == nil)
	assert(s:update("a", function(line)
		assert(line == nil)
		return "one two", 7
	end) == 7)
	assert(s:get("a") == "one two" and s:get("b") == nil)
	assert(s:update("a", function(line)
		return nil, line
	end) == "one two")
	assert(s:update("b", function() end) == nil and s:get("b") == nil)
	return "250 2.0.0 All well"
end
function hook.help() count(10240, "x") end
function hook.rset() count(10240, "y") end
LUA
lines 'EHLO client.example' NOOP QUIT
is "store: what was put there is there" "$(try store 192.0.2.1)" "250 2.0.0"
is "... in one file, and an update that says nothing makes none" \
    "$(records test)" 1
is "... for nobody else to read" \
    "$(find "$T/state" -type f -perm 600 | wc -l) $(find "$T/state" -type d \
	! -perm 700 | wc -l)" "1 0"
rm -rf "$T/state/test"
lines 'EHLO client.example' HELP QUIT
try store 192.0.2.1 1000 -o hooktimeout=300 >/dev/null
is "store: 10240 keys are as many files" "$(records test)" 10240
lines 'EHLO client.example' RSET QUIT
try store 192.0.2.1 2000 -o hooktimeout=300 >/dev/null
ok "... most of the old ones go while as many new ones come" \
    test "$(grep -rlx 1000 "$T/state/test" | wc -l)" -lt 2560
is "... and none of the new ones" "$(grep -rlx 2000 "$T/state/test" | wc -l)" \
    10240
rm -rf "$T/state"

# --- greylist ---

script grey <<'LUA'
policy.chain { require "policy.greylist" }
LUA
from() {
	lines 'EHLO client.example' "MAIL FROM:<$1>" "RCPT TO:<$2>" QUIT
}
from a@client.example b@example.org
is "greylist: the first time" "$(try grey 192.0.2.7 1000000)" "$no"
like "... says when to come again" "$(cat "$T/out")" "again in 300 seconds"
is "greylist: too early" "$(try grey 192.0.2.7 1000299)" "$no"
is "greylist: in time" "$(try grey 192.0.2.7 1000300)" "$yes"
is "greylist: again" "$(try grey 192.0.2.7 1000301)" "$yes"
is "greylist: its neighbour" "$(try grey 192.0.2.99 1000302)" "$yes"
is "greylist: another network" "$(try grey 192.0.3.7 1000303)" "$no"
from A@CLIENT.example B@Example.Org
is "greylist: letters' case is nothing" "$(try grey 192.0.2.7 1000304)" "$yes"
from x@client.example b@example.org
is "greylist: another sender" "$(try grey 192.0.2.7 1000305)" "$no"
from a@client.example c@example.org
is "greylist: another recipient" "$(try grey 192.0.2.7 1000306)" "$no"
from list-17-bob=example.org@client.example b@example.org
is "greylist: a list" "$(try grey 192.0.2.7 1000307)" "$no"
from list-4711-bob=example.org@client.example b@example.org
is "... and its next number" "$(try grey 192.0.2.7 1000700)" "$yes"
is "greylist: IPv6" "$(try grey 2001:db8:1:2::7 1000000)" "$no"
is "... the same /64" "$(try grey 2001:db8:1:2:a:b:c:d 1000300)" "$yes"
is "... another /64" "$(try grey 2001:db8:1:3::7 1000300)" "$no"
like "what is remembered can be read" \
    "$(cat "$T"/state/greylist/*/*)" \
    "^000001000000 000001000300 000000001 192\.000\.002 a@client\.example b@example\.org$"

from late@client.example b@example.org
is "greylist: late, the first time" "$(try grey 192.0.2.7 2000000)" "$no"
is "... and after more than two days the first time again" \
    "$(try grey 192.0.2.7 2172801)" "$no"
is "... from which it counts" "$(try grey 192.0.2.7 2173101)" "$yes"
is "... and is known for 35 days" "$(try grey 192.0.2.7 5197101)" "$yes"
is "... each time anew" "$(try grey 192.0.2.7 8221101)" "$yes"
is "... but not for more" "$(try grey 192.0.2.7 11245102)" "$no"
is "greylist: a clock that has gone back" "$(try grey 192.0.2.7 1000)" "$no"
is "... counts from there" "$(try grey 192.0.2.7 1300)" "$yes"

rm -rf "$T/state"
lines 'EHLO client.example' 'MAIL FROM:<>' 'RCPT TO:<b@example.org>' DATA \
    'Subject: x' '' . QUIT
is "greylist: a null sender hears it at DATA" \
    "$(try grey 192.0.2.7 1000 | cut -d , -f 1-3)" "$yes,451 4.7.1"
is "... and passes in time" "$(try grey 192.0.2.7 1300)" "$yes,354,250 2.0.0"
lines 'EHLO client.example' 'MAIL FROM:<>' 'RCPT TO:<c@example.org>' \
    'RCPT TO:<d@example.org>' DATA RSET QUIT
is "greylist: with two recipients" "$(try grey 192.0.2.8 1000)" \
    "$yes,250 2.1.5,451 4.7.1,250 2.0.0"
lines 'EHLO client.example' 'MAIL FROM:<>' 'RCPT TO:<c@example.org>' \
    'RCPT TO:<d@example.org>' DATA 'Subject: x' '' . QUIT
is "... both are remembered" "$(try grey 192.0.2.8 1300)" \
    "$yes,250 2.1.5,354,250 2.0.0"

rm -rf "$T/state"
script grey2 <<'LUA'
policy.chain { require "policy.greylist" { passes = 2, delay = 60 } }
LUA
for who in a b; do
	from $who@client.example b@example.org
	is "greylist: passes=2, $who" "$(try grey2 192.0.2.7 1000)" "$no"
	is "... comes back" "$(try grey2 192.0.2.7 1060)" "$yes"
done
from c@client.example b@example.org
is "greylist: after two a network is let through" \
    "$(try grey2 192.0.2.7 1061)" "$yes"
is "... without more to remember" "$(records greylist)" 3
is "... for 35 days" "$(try grey2 192.0.2.7 3025060)" "$yes"
is "... each time anew" "$(try grey2 192.0.2.7 6049060)" "$yes"
is "... but not for more" "$(try grey2 192.0.2.7 9073061)" "$no"
rm -rf "$T/state"
script grey0 <<'LUA'
policy.chain { require "policy.greylist" { passes = 0, delay = 0 } }
LUA
is "greylist: delay=0 and passes=0" "$(try grey0 192.0.2.7 1000)" "$yes"
rm -rf "$T/state"

from a@client.example b@example.org
is "greylist: this machine" "$(try grey 127.0.0.1)" "$yes"
is "greylist: its LAN" "$(try grey 10.1.2.3)" "$yes"
is "greylist: relayhosts" \
    "$(try grey 192.0.2.7 1000 -o relayhosts=192.0.2.0/24)" "$yes"
control greylistallow 192.0.2.128/25
control greylistexempt "# never
Postmaster@Example.Org
@open.example.org"
control rcpthosts '.example.org
example.org'
is "greylist: greylistallow" "$(try grey 192.0.2.130)" "$yes"
is "... and not the others" "$(try grey 192.0.2.7)" "$no"
from a@client.example postmaster@example.org
is "greylist: greylistexempt, an address" "$(try grey 192.0.2.7)" "$yes"
from a@client.example x@open.example.org
is "greylist: greylistexempt, a domain" "$(try grey 192.0.2.7)" "$yes"
from a@client.example x@not.open.example.org
is "... and nothing below it" "$(try grey 192.0.2.7)" "$no"
script half <<'LUA'
policy.chain { require "policy.greylist" { delay = "0.5" } }
LUA
from half@client.example b@example.org
is "greylist: half a second is one" "$(try half 192.0.2.7 1000)" "$no"
like "... which the reply says" "$(cat "$T/out")" 'again in 1 seconds'
control greylistdelay 2m
from b@client.example b@example.org
is "greylist: greylistdelay" "$(try grey 192.0.2.7 1000)" "$no"
is "... is in force" "$(try grey 192.0.2.7 1120)" "$yes"
for bad in 'delay soon' 'retry 1y' 'keep -3' 'passes many' 'allow 192.0.2.0/33'; do
	control "greylist${bad%% *}" "${bad#* }"
	is "greylist${bad%% *} that is none: 421" "$(try grey 192.0.2.7)" \
	    "421 4.3.0"
	rm "$T/control/greylist${bad%% *}"
done
mkdir "$T/control/greylistexempt.d" && rm "$T/control/greylistexempt" &&
    mv "$T/control/greylistexempt.d" "$T/control/greylistexempt"
is "a control that cannot be read: 421" "$(try grey 192.0.2.7)" "421 4.3.0"
like "... and the log names it" "$(cat "$T/log")" 'greylistexempt'
rmdir "$T/control/greylistexempt"
rm -rf "$T/state"

# --- ratelimit ---

script rate <<'LUA'
policy.chain { require "policy.ratelimit" { client = "3/1m" } }
LUA
mails() {
	lines 'EHLO client.example' 'MAIL FROM:<a@client.example>' RSET \
	    'MAIL FROM:<b@client.example>' RSET 'MAIL FROM:<>' RSET \
	    'MAIL FROM:<a@client.example>' RSET QUIT
}
mails
all="250 2.1.0,250 2.0.0,250 2.1.0,250 2.0.0,250 2.1.0,250 2.0.0,250 2.1.0,250 2.0.0"
three="250 2.1.0,250 2.0.0,250 2.1.0,250 2.0.0,250 2.1.0,250 2.0.0,451 4.7.1,250 2.0.0"
is "ratelimit: 3/1m are three" "$(try rate 192.0.2.7 1000)" "$three"
like "... and the reply says so" "$(cat "$T/out")" 'At most 3/1m for this client'
is "ratelimit: another client has its own" "$(try rate 192.0.2.8 1000)" "$three"
lines 'EHLO client.example' 'MAIL FROM:<a@client.example>' QUIT
is "ratelimit: none is left" "$(try rate 192.0.2.7 1019)" "451 4.7.1"
is "... 20 seconds later there is one" "$(try rate 192.0.2.7 1020)" "250 2.1.0"
is "... and no more" "$(try rate 192.0.2.7 1021)" "451 4.7.1"
mails
is "ratelimit: after a minute all are back, and no more than all" \
    "$(try rate 192.0.2.7 1100)" "$three"
is "ratelimit: IPv6" "$(try rate 2001:db8::1 1000)" "$three"
lines 'EHLO client.example' 'MAIL FROM:<a@client.example>' QUIT
is "... is a /64" "$(try rate 2001:db8::2 1000)" "451 4.7.1"
mails
is "ratelimit: this machine" "$(try rate 127.0.0.1)" "$all"
is "ratelimit: the LAN is counted" "$(try rate 10.0.0.1)" "$three"
is "ratelimit: so is who may relay" \
    "$(try rate 192.0.2.9 1000 -o relayhosts=192.0.2.0/24)" "$three"
lines 'EHLO client.example' 'MAIL FROM:<a@client.example>' QUIT
is "ratelimit: a clock that has gone back by days" \
    "$(try rate 192.0.2.50 1000000)" "250 2.1.0"
is "... keeps nobody out" "$(try rate 192.0.2.50 1061)" "250 2.1.0"

control ratelimitallow 192.0.2.128/25
control ratelimitown '# one a line
192.0.2.20 1/1h
192.0.2.21 -
news@client.example 2/1h'
control ratelimitsender 1/1h
script rates <<'LUA'
policy.chain { require "policy.ratelimit" { client = "2/1m" } }
LUA
twice() {
	lines 'EHLO client.example' "MAIL FROM:<$1>" RSET "MAIL FROM:<$1>" RSET \
	    "MAIL FROM:<$1>" QUIT
}
is "ratelimit: the default is 100/1h" \
    "$(i=0
	echo 'policy.chain { require "policy.ratelimit" { sender = false } }' |
	    script default
	set -- 'EHLO client.example'
	while [ $i -lt 101 ]; do
		set -- "$@" 'MAIL FROM:<a@b.example>' RSET
		i=$((i + 1))
	done
	lines "$@" QUIT
	try default 192.0.2.40 1000 -o maxjunk=0 | tr ',' '\n' | sort | uniq -c |
	    sed 's/^ *//' | tr '\n' ',')" \
    "101 250 2.0.0,100 250 2.1.0,1 451 4.7.1,"
ok1="250 2.1.0,250 2.0.0"
twice x@client.example
is "ratelimit: ratelimitsender" "$(try rates 192.0.2.130)" \
    "$ok1,451 4.7.1,250 2.0.0,451 4.7.1"
twice X@Client.Example
is "... whatever its case" "$(try rates 192.0.2.131)" \
    "451 4.7.1,250 2.0.0,451 4.7.1,250 2.0.0,451 4.7.1"
twice news@client.example
is "ratelimit: ratelimitown, a sender" "$(try rates 192.0.2.130)" \
    "$ok1,$ok1,451 4.7.1"
rm "$T/control/ratelimitsender"
twice x@client.example
is "ratelimit: ratelimitallow" "$(try rates 192.0.2.130)" "$ok1,$ok1,250 2.1.0"
is "ratelimit: ratelimitown, an address with less" \
    "$(try rates 192.0.2.20)" "$ok1,451 4.7.1,250 2.0.0,451 4.7.1"
is "ratelimit: ratelimitown, an address without a limit" \
    "$(try rates 192.0.2.21)" "$ok1,$ok1,250 2.1.0"
rm "$T/control/ratelimitown" "$T/control/ratelimitallow"

script user <<'LUA'
policy.chain { { auth = function() return action.accept() end },
    require "policy.ratelimit" { client = "1/1h", user = "2/1h",
        user_rcpt = "3/1h" } }
LUA
bob=$(printf '\0bob\0secret' | base64)
lines 'EHLO client.example' "AUTH PLAIN $bob" \
    'MAIL FROM:<a@b.example>' 'RCPT TO:<1@example.org>' \
    'RCPT TO:<2@example.org>' RSET 'MAIL FROM:<a@b.example>' \
    'RCPT TO:<1@example.org>' 'RCPT TO:<2@example.org>' RSET \
    'MAIL FROM:<a@b.example>' QUIT
is "ratelimit: a user, and what it sends to" \
    "$(try user 192.0.2.30 1000 -o authplain=1)" \
    "235 2.7.0,250 2.1.0,250 2.1.5,250 2.1.5,250 2.0.0,250 2.1.0,250 2.1.5,451 4.7.1,250 2.0.0,451 4.7.1"
lines 'EHLO client.example' "AUTH PLAIN $bob" 'MAIL FROM:<a@b.example>' QUIT
is "... from anywhere" "$(try user 192.0.2.31 1000 -o authplain=1)" \
    "235 2.7.0,451 4.7.1"
script rcpt <<'LUA'
policy.chain { require "policy.ratelimit" { client = false,
    client_rcpt = "2/1h", sender_rcpt = "1/1h" } }
LUA
lines 'EHLO client.example' 'MAIL FROM:<>' 'RCPT TO:<1@example.org>' \
    'RCPT TO:<2@example.org>' 'RCPT TO:<3@example.org>' QUIT
is "ratelimit: recipients of a client" "$(try rcpt 192.0.2.32)" \
    "250 2.1.0,250 2.1.5,250 2.1.5,451 4.7.1"
lines 'EHLO client.example' 'MAIL FROM:<z@b.example>' \
    'RCPT TO:<1@example.org>' 'RCPT TO:<2@example.org>' QUIT
is "ratelimit: recipients of a sender" "$(try rcpt 192.0.2.33)" \
    "250 2.1.0,250 2.1.5,451 4.7.1"
for bad in 100 100/ /1h 0/1h 1/0 1/1y 1.5/1h -1/1h '1/1h ' 99999999999999999999/1h; do
	fails_to_load "ratelimit: '$bad'" \
	    "require 'policy.ratelimit' { client = '$bad' }" 'ratelimit: client'
done
control ratelimitown 'alone'
fails_to_load "ratelimitown without a limit" \
    "require 'policy.ratelimit'" 'ratelimit: own'
rm "$T/control/ratelimitown"
rm -rf "$T/state"

# --- many at once ---

from a@client.example b@example.org
TCPREMOTEIP=192.0.2.7
export TCPREMOTEIP
# many N SCRIPT NOW: what N sessions at once said, and how many said it.
many() {
	NOW=$3 PROTO=TCP python3 "$HERE/helpers/many.py" "$1" "$T/in" "$SMTPE" \
	    -c "$T/control" -q "$T/queue" -s "$T/$2.lua" 2>"$T/log" |
	    sort | uniq -c | sed 's/^ *//' | tr '\n' ';'
	cat "$T/log" >>"$T/log.all"
}
for n in 2 20; do
	rm -rf "$T/state"
	is "greylist: $n sessions at once, the first time" "$(many $n grey 1000)" \
	    "$n 220,250,$no,221 2.0.0 0;"
	is "... share what they remember" "$(records greylist)" 1
	is "... and all pass in time" "$(many $n grey 1300)" \
	    "$n 220,250,$yes,221 2.0.0 0;"
	like "... which counts once" "$(cat "$T"/state/greylist/*/*)" \
	    '^000000001300 000000001300 000000001 192\.000\.002$'
done
rm -rf "$T/state"
for who in a b c d e f g h i j; do
	from $who@client.example b@example.org
	try grey 192.0.2.7 1000 >/dev/null
done
script grey99 <<'LUA'
policy.chain { require "policy.greylist" { passes = 99 } }
LUA
set -- 'EHLO client.example'
for who in a b c d e f g h i j; do
	set -- "$@" "MAIL FROM:<$who@client.example>" \
	    'RCPT TO:<b@example.org>' RSET
done
lines "$@" QUIT
many 20 grey99 1300 >/dev/null
like "greylist: of ten that pass in 20 sessions at once each counts once" \
    "$(cat "$T"/state/greylist/*/*)" \
    '^000000001300 000000001300 000000010 192\.000\.002$'

script hundred <<'LUA'
policy.chain { require "policy.ratelimit" { client = "37/1h" } }
LUA
set -- 'EHLO client.example'
for who in a b c d e; do
	set -- "$@" "MAIL FROM:<$who@client.example>" RSET
done
lines "$@" QUIT
for n in 2 20; do
	[ $n -eq 20 ] || sed -i 's/37/7/' "$T/hundred.lua"
	[ $n -eq 2 ] || sed -i 's/"7/"37/' "$T/hundred.lua"
	rm -rf "$T/state"
	want=$((n == 2 ? 7 : 37))
	is "ratelimit: $n sessions at once get $want of $((5 * n))" \
	    "$(NOW=1000 PROTO=TCP python3 "$HERE/helpers/many.py" $n "$T/in" \
		"$SMTPE" -c "$T/control" -q "$T/queue" -s "$T/hundred.lua" \
		2>>"$T/log.all" | tr ',' '\n' | grep -c '^250 2\.1\.0')" $want
done
is "and nobody had to let anything pass" "$(grep -c 'cannot remember' \
    "$T/log.all")" 0

# --- killed in the middle ---

# A session that is killed at the N-th call of each kind that has to do with
# the memory; the next ones find it in order.
strace_works=
command -v strace >/dev/null 2>&1 && ! grep -q __asan_init "$SMTPE" &&
    case $(strace -e trace=none true 2>&1) in
    *ptrace*) false ;;
    esac && strace_works=1
if [ -n "$strace_works" ]; then
	from a@client.example b@example.org
	for call in mkdir flock pread64 pwrite64 ftruncate unlink; do
		bad=
		for when in 1 2 3; do
			rm -rf "$T/state"
			NOW=1000 PROTO=TCP strace -o /dev/null -e "trace=$call" \
			    -e "inject=$call:signal=KILL:when=$when" \
			    "$SMTPE" -c "$T/control" -q "$T/queue" \
			    -s "$T/grey.lua" <"$T/in" >"$T/out" 2>/dev/null
			got="$(try grey 192.0.2.7 1001) $(try grey 192.0.2.7 1301)"
			[ "$got" = "$no $yes" ] || bad="$bad new/$when: $got"
			# ... and when it would have passed.
			rm -rf "$T/state"
			try grey 192.0.2.7 1000 >/dev/null
			NOW=1300 PROTO=TCP strace -o /dev/null -e "trace=$call" \
			    -e "inject=$call:signal=KILL:when=$when" \
			    "$SMTPE" -c "$T/control" -q "$T/queue" \
			    -s "$T/grey.lua" <"$T/in" >"$T/out" 2>/dev/null
			got=$(try grey 192.0.2.7 1301)
			[ "$got" = "$yes" ] || bad="$bad old/$when: $got"
		done
		is "killed at $call: nothing is lost" "$bad" ""
	done
	is "... and nobody had to let anything pass" \
	    "$(grep -c 'cannot remember' "$T/log.all")" 0
else
	skip 7 "strace cannot be used here"
fi

# --- damaged ---

from a@client.example b@example.org
# damage NAME TEXT: each file of the state becomes what printf makes of it, or
# what $T/damage has.
damage() {
	# shellcheck disable=SC2059
	[ -z "${2+x}" ] || printf "$2" >"$T/damage"
	find "$T/state" -type f -exec cp "$T/damage" {} \;
	is "greylist: $1 counts as never seen" "$(try grey 192.0.2.7 1300)" "$no"
	is "... and heals" "$(try grey 192.0.2.7 1600)" "$yes"
	find "$T/state" -type f -exec cp "$T/damage" {} \;
	is "ratelimit: $1" "$(try rate 192.0.2.7 1300)" "$yes"
	is "... and nobody had to let it pass" \
	    "$(grep -c 'cannot remember' "$T/log.all")" 0
}
rm -rf "$T/state"
try grey 192.0.2.7 1000 >/dev/null
try rate 192.0.2.7 1000 >/dev/null
damage "an empty file" ''
damage "half a line" '000000001000'
damage "a line without an end" '000000001000 000000001000 000000009 x'
head -c 100 /dev/zero >"$T/damage"
damage "a file of NULs"
head -c 100000 /dev/urandom >"$T/damage"
damage "100 KB of noise"
n=99999999999999999999
damage "a file with numbers too large" "$n $n $n x\\n"
n=9223372036854775807
damage "a file with the largest numbers" "$n $n $n x\\n"
damage "a file whose last time is before the first" \
    '000000001000 000000000900 000000001 x\n'
damage "a file with numbers below zero" '%s -4 -3 x\n'
find "$T/state/greylist" -type f | while read -r f; do
	rm "$f"
	mkdir "$f"
done
is "greylist: a directory where a file should be: passes" \
    "$(try grey 192.0.2.7 2000)" "$yes"
is "... and one line says so" "$(grep -c 'greylist cannot remember' "$T/log")" 1
find "$T/state/greylist" -mindepth 2 -type d | while read -r f; do
	rmdir "$f"
	mkfifo "$f"
done
is "greylist: a fifo does not stop it" "$(try grey 192.0.2.7 2000)" "$yes"
find "$T/state/greylist" -type p | while read -r f; do
	rm "$f"
	ln -s "$T/control/me" "$f"
done
is "greylist: a symbolic link is not followed" "$(try grey 192.0.2.7 2000)" \
    "$yes"
is "... and what it names is as it was" "$(cat "$T/control/me")" \
    mx.example.org

# --- not there ---

rm -rf "$T/state"
lines 'EHLO client.example' 'MAIL FROM:<a@client.example>' \
    'RCPT TO:<b@example.org>' 'RCPT TO:<c@example.org>' RSET \
    'MAIL FROM:<b@client.example>' 'RCPT TO:<b@example.org>' QUIT
pass="$yes,250 2.1.5,250 2.0.0,$yes"
script both <<'LUA'
policy.chain { require "policy.greylist", require "policy.ratelimit" }
LUA
# lets_pass NAME [OPTIONS...]: mail passes, with one line for each policy.
lets_pass() {
	what=$1
	shift
	is "$what: mail passes" "$(try both 192.0.2.7 1000 "$@")" "$pass"
	is "... and there is a line for each policy" \
	    "$(grep -c 'greylist cannot remember, and lets pass: ' "$T/log") $(
		grep -c 'ratelimit cannot remember, and lets pass: ' "$T/log")" "1 1"
	is "... and nothing else" "$(grep -cv 'cannot remember\|event=session' \
	    "$T/log")" 0
}
lets_pass "a state directory that cannot be made" -o statedir=/proc/nothing/here
lets_pass "a state directory that is a file" -o "statedir=$T/in"
if [ "$(id -u)" -eq 0 ]; then
	# As root smtpe becomes the queue's owner, whom the state is closed to.
	mkdir -p "$T/queue" "$T/state"
	chown -R 65534 "$T/queue" && chmod 755 "$T" && chmod 700 "$T/state"
	lets_pass "a state directory of somebody else"
	chown -R 65534 "$T/state"
	is "... and of our own" "$(try grey 192.0.2.7 | cut -d , -f 1-2)" "$no"
	is "... is in use" "$(find "$T/state" -type f -user 65534 | wc -l)" 3
	rm -rf "$T/queue" "$T/state"
	trap 'n=$?; umount "$T/small" 2>/dev/null; (exit $n); cleanup' EXIT
	if mkdir "$T/small" && mount -t tmpfs -o size=64k,nr_inodes=64 none \
	    "$T/small" 2>/dev/null; then
		from a@client.example b@example.org
		try grey 192.0.2.7 1000 -o "statedir=$T/small" >/dev/null
		lines 'EHLO client.example' 'MAIL FROM:<a@client.example>' \
		    'RCPT TO:<n@example.org>' 'RCPT TO:<m@example.org>' RSET \
		    'MAIL FROM:<b@client.example>' 'RCPT TO:<b@example.org>' QUIT
		cat /dev/zero >"$T/small/full" 2>/dev/null
		lets_pass "a full disk" -o "statedir=$T/small"
		is "... leaves no empty files" \
		    "$(find "$T/small" -type f -size 0 | wc -l)" 0
		from a@client.example b@example.org
		is "... what was there is as it was" \
		    "$(try grey 192.0.2.7 1300 -o "statedir=$T/small")" "$yes"
		rm "$T/small/full"
		from c@client.example b@example.org
		is "... and with room it is as ever" \
		    "$(try grey 192.0.2.7 1000 -o "statedir=$T/small")" "$no"
		i=0
		while touch "$T/small/$i" 2>/dev/null; do
			i=$((i + 1))
		done
		lines 'EHLO client.example' 'MAIL FROM:<a@client.example>' \
		    'RCPT TO:<n@example.org>' 'RCPT TO:<m@example.org>' RSET \
		    'MAIL FROM:<b@client.example>' 'RCPT TO:<b@example.org>' QUIT
		lets_pass "no inode left" -o "statedir=$T/small"
		umount "$T/small"
	else
		skip 9 "no tmpfs can be mounted here"
	fi
else
	skip 14 "not root"
fi
rm -rf "$T/state"
from a@client.example b@example.org
try grey 192.0.2.7 1000 >/dev/null
python3 - "$(find "$T/state/greylist" -type f)" "$T/held" <<'PY' &
import fcntl, sys, time
f = open(sys.argv[1])
fcntl.flock(f, fcntl.LOCK_EX)
open(sys.argv[2], "w").close()
time.sleep(300)
PY
started $!
until_true 20 test -e "$T/held"
is "a lock that somebody keeps: mail passes" "$(try grey 192.0.2.7 1001)" "$yes"
like "... and a line says why" "$(cat "$T/log")" \
    'greylist cannot remember, and lets pass: .*temporarily unavailable'
rm -rf "$T/state"

is "no script of these had an error" \
    "$(grep -E 'event=hook-(error|stuck|unknown)' "$T/log.all")" ""
done_testing
