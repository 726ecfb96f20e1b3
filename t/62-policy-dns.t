#!/bin/sh
# The policies that ask the DNS: dnsbl, sender_domain, helo and fcrdns, in
# scripts/policy.
# shellcheck source=t/lib.sh
. "${0%/*}/lib.sh"
# shellcheck source=t/lib-dns.sh
. "$HERE/lib-dns.sh"
need knotd python3

new_setup
PROTO=TCP
TCPLOCALIP=192.0.2.1
export PROTO TCPLOCALIP
top=${HERE%/*}

soa() {
	printf '@ SOA ns1.example.test. h.example.test. 1 7200 3600 1209600 60\n'
	printf '@ NS ns1.example.test.\n'
	cat
}

# What lists say of 192.0.2.x.
soa <<'ZONE' | zone_file bl.test
66.2.0.192 A 127.0.0.2
66.2.0.192 TXT "sends rubbish, see http://bl.test/66"
67.2.0.192 A 127.0.0.9
67.2.0.192 A 127.0.0.200
68.2.0.192 A 127.255.255.254
69.2.0.192 A 192.0.2.69
70.2.0.192 CNAME listed
listed A 127.0.0.2
listed TXT "by an alias"
71.2.0.192 A 127.0.0.2
1.0.0.10 A 127.0.0.2
1.0.0.127 A 127.0.0.2
6.6.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2 A 127.0.0.2
ZONE
soa <<'ZONE' | zone_file more.test
66.2.0.192 A 127.0.0.2
67.2.0.192 A 127.0.0.2
67.2.0.192 TXT "the second list"
ZONE
soa <<'ZONE' | zone_file white.test
66.2.0.192 A 127.0.5.1
66.2.0.192 TXT "a friend"
ZONE
soa <<'ZONE' | zone_file example.test
@	MX	10 mail
ns1	A	192.0.2.53
mail	A	192.0.2.25
six	AAAA	2001:db8::25
a	A	192.0.2.26
nullmx	MX	0 .
nullmx	A	192.0.2.26
both	MX	0 .
both	MX	10 mail
txt	TXT	"no host here"
alias	CNAME	a
aliasmx	CNAME	example.test.
big	MX	10 mail
ZONE
soa <<'ZONE' | zone_file 2.0.192.in-addr.arpa
25 PTR mail.example.test.
26 PTR nothing.example.test.
27 PTR elsewhere.invalid.
ZONE
knot_start || exit 1
liar_start || exit 1

# run IP SCRIPT OPTIONS...: a session of $T/in; the replies are in $T/said.
run() {
	TCPREMOTEIP=$1
	export TCPREMOTEIP
	printf '%s\n' "$2" >"$T/script.lua"
	shift 2
	smtpe_run "$T/in" -s "$T/script.lua" -o "luapath=$top/scripts/?.lua" \
	    -o "dnsservers=127.0.0.1:$KNOT_PORT" -o dnstimeout=30 "$@"
	sed 's/\r$//' "$T/out" >"$T/said"
}

# --- dnsbl ---

printf 'QUIT\r\n' >"$T/in"
dnsbl="hook.accept = require 'policy.dnsbl'.accept"

# greets IP NAME OPTIONS...; refuses IP NAME REPLY OPTIONS...
greets() {
	ip=$1
	name=$2
	shift 2
	run "$ip" "$dnsbl" "$@"
	is "dnsbl: $name" "$STATUS $(head -n 1 "$T/said")" \
	    "0 220 mx.example.org ESMTP"
}

refuses() {
	ip=$1
	name=$2
	reply=$3
	shift 3
	run "$ip" "$dnsbl" "$@"
	is "dnsbl: $name" "$(head -n 1 "$T/said")" "$reply"
}

greets 192.0.2.66 "without settings nobody is refused"
control dnsbl "# one list
bl.test  "
refuses 192.0.2.66 "a listed client" \
    "550 5.7.1 [192.0.2.66] is listed by bl.test: sends rubbish, see http://bl.test/66"
refuses 192.0.2.71 "without a reason" "550 5.7.1 [192.0.2.71] is listed by bl.test"
refuses 192.0.2.70 "by an alias" "550 5.7.1 [192.0.2.70] is listed by bl.test"
refuses 2001:db8::66 "in IPv6" "550 5.7.1 [2001:db8::66] is listed by bl.test"
refuses 192.0.2.67 "with any code" "550 5.7.1 [192.0.2.67] is listed by bl.test"
greets 192.0.2.65 "one that is not listed"
greets 192.0.2.68 "a list that refuses to be asked"
greets 192.0.2.69 "an address that is no answer of a list"
greets 10.0.0.1 "a client of the LAN is not asked for"
greets 127.0.0.1 "nor one of this machine"
control dnsblallow "192.0.2.64/29"
greets 192.0.2.66 "nor one that is allowed"
control dnsblallow "192.0.2.64/33"
run 192.0.2.66 "$dnsbl"
is "dnsbl: a network that is none is our trouble" \
    "$STATUS $(cut -c 1-3 "$T/said")" "111 421"
like "dnsbl: and is named" "$(cat "$T/log")" \
    "'192.0.2.64/33' is not a network"
rm "$T/control/dnsblallow"

control dnsbl "bl.test 1 127.0.0.2,127.0.0.8/30"
refuses 192.0.2.67 "a code that counts" "550 5.7.1 [192.0.2.67] is listed by bl.test"
control dnsbl "bl.test 1 127.0.0.3,127.0.0.4/30"
greets 192.0.2.67 "codes that do not"
control dnsbl "bl.test 0.5
more.test 0.5"
greets 192.0.2.71 "half of the threshold"
refuses 192.0.2.67 "two halves" \
    "550 5.7.1 [192.0.2.67] is listed by bl.test, more.test: the second list"
control dnsblthreshold 1.5
greets 192.0.2.67 "another threshold"
control dnsbl "bl.test 2
white.test -1"
greets 192.0.2.66 "a list that speaks for the client"
control dnsblthreshold 1
refuses 192.0.2.66 "but not loud enough, and is not blamed" \
    "550 5.7.1 [192.0.2.66] is listed by bl.test: sends rubbish, see http://bl.test/66"
control dnsblthreshold many
run 192.0.2.66 "$dnsbl"
is "dnsbl: a threshold that is no number is our trouble" \
    "$STATUS $(cut -c 1-3 "$T/said")" "111 421"
like "... and is named" "$(cat "$T/log")" 'dnsbl: threshold'
rm "$T/control/dnsblthreshold"
for line in "bl.test x" "bl.test 1 localhost" "bl.test 1 , 2" "bl.test 1 ,"; do
	control dnsbl "$line"
	run 192.0.2.66 "$dnsbl"
	is "dnsbl: a line that means nothing: $line" \
	    "$STATUS $(cut -c 1-3 "$T/said")" "111 421"
	like "... and is named" "$(cat "$T/log")" \
	    "dnsbl: '$line' is not ZONE WEIGHT NETWORK"
done
rm "$T/control/dnsbl"
mkdir "$T/control/dnsbl"
run 192.0.2.66 "$dnsbl"
is "dnsbl: a file that cannot be read is our trouble" \
    "$STATUS $(cut -c 1-3 "$T/said")" "111 421"
like "... and why" "$(cat "$T/log")" 'script: .*Is a directory'
rmdir "$T/control/dnsbl"

# A server that knows nothing of the zone refuses; nobody listens at port 1.
control dnsbl "elsewhere.invalid
bl.test"
refuses 192.0.2.71 "a list that is broken does not save him" \
    "550 5.7.1 [192.0.2.71] is listed by bl.test"
like "dnsbl: and is logged" "$(cat "$T/log")" \
    'event=print text="dnsbl: elsewhere.invalid: REFUSED"'
greets 192.0.2.65 "nor harms another"
greets 192.0.2.66 "no server" -o dnsservers=127.0.0.1:1
like "dnsbl: is logged" "$(cat "$T/log")" 'dnsbl: no answer: Connection refused'
control dnsbl "wild.test
lists.test"
greets 192.0.2.66 "an answer that is none of a list's" \
    -o "dnsservers=127.0.0.1:$LIAR_PORT"
control dnsbl "bl.test"
printf 'NOOP\r\nNOOP\r\nQUIT\r\n' >"$T/in"
: >"$T/asked"
late="local policy = require 'policy'
policy.chain { require 'policy.dnsbl' { stage = 'noop' }, {
	noop = function()
		local found = context.dnsbl
		return '250 ' .. found.score .. ' ' .. #found.lists
	end } }"
run 192.0.2.66 "$late" -o "dnsservers=127.0.0.1:$LIAR_PORT"
is "dnsbl: a client is asked for once" "$(wc -l <"$T/asked")" 1
is "dnsbl: context.dnsbl" "$(sed -n 3p "$T/said")" "250 0 0"
run 192.0.2.66 "$late"
is "dnsbl: at another stage" "$(sed -n 3p "$T/said" | cut -c 1-35)" \
    "550 5.7.1 [192.0.2.66] is listed by"
: >"$T/asked"
run 192.0.2.66 "$dnsbl" -o "dnsservers=127.0.0.1:$LIAR_PORT" \
    -o relayhosts=192.0.2.0/24
is "dnsbl: who may relay is not asked for" "$(wc -l <"$T/asked")" 0
run 192.0.2.66 "hook.accept = require 'policy.dnsbl' {
	lists = { 'bl.test 0.7' }, threshold = 0.7 }.accept"
is "dnsbl: options instead of controls" "$(head -n 1 "$T/said" | cut -c 1-9)" \
    "550 5.7.1"
run 192.0.2.66 "require 'policy.dnsbl' { list = {} }"
is "dnsbl: an option that is none is our trouble" \
    "$STATUS $(cut -c 1-3 "$T/said")" "111 421"
like "... and is named" "$(cat "$T/log")" "has no option 'list'"

# --- sender_domain ---

sender="hook.mail = require 'policy.sender_domain'.mail"

# mail ADDRESS OPTIONS...: the reply to MAIL.
mail() {
	printf '%s\r\n' 'HELO c' "MAIL FROM:<$1>" QUIT >"$T/in"
	shift
	run 192.0.2.25 "$sender" "$@"
	sed -n '3s/^\(250\) .*/\1/; 3p' "$T/said"
}

for domain in example.test six.example.test a.example.test both.example.test \
    alias.example.test aliasmx.example.test EXAMPLE.test; do
	is "sender_domain: $domain" "$(mail "b@$domain")" 250
done
is "sender_domain: the null sender" "$(mail '')" 250
is "sender_domain: a literal" "$(mail 'a@[192.0.2.25]')" 250
is "sender_domain: no such domain" "$(mail b@nothing.example.test)" \
    "550 5.1.8 Sender's domain nothing.example.test does not exist"
is "sender_domain: null MX" "$(mail b@nullmx.example.test)" \
    "550 5.7.27 Sender's domain nullmx.example.test takes no mail (null MX)"
is "sender_domain: neither MX nor address" "$(mail b@txt.example.test)" \
    "550 5.1.8 Sender's domain txt.example.test has neither MX nor address"
is "sender_domain: a quoted local part with an @" \
    "$(mail '"b@example.test"@nothing.example.test')" \
    "550 5.1.8 Sender's domain nothing.example.test does not exist"
is "sender_domain: a server that fails" "$(mail b@elsewhere.invalid)" \
    "451 4.4.3 Sender's domain elsewhere.invalid is not known now: REFUSED"
is "sender_domain: no server" \
    "$(mail b@example.test -o dnsservers=127.0.0.1:1)" \
    "451 4.4.3 Sender's domain example.test is not known now: ERRNO"
is "sender_domain: silence" "$(mail b@silent.test -o dnstimeout=1 \
    -o "dnsservers=127.0.0.1:$LIAR_PORT")" \
    "451 4.4.3 Sender's domain silent.test is not known now: TIMEOUT"
sender="hook.mail = require 'policy.sender_domain' {
	unknown = 'accept' }.mail"
is "sender_domain: which may be taken for a yes" \
    "$(mail b@example.test -o dnsservers=127.0.0.1:1)" 250
sender="hook.mail = require 'policy.sender_domain'.mail"
is "sender_domain: an answer that is malformed" "$(mail b@loop.test \
    -o "dnsservers=127.0.0.1:$LIAR_PORT")" \
    "451 4.4.3 Sender's domain loop.test is not known now: ERRNO"
control senderdomainallow "nothing.example.test
.Partner.test"
is "sender_domain: allowed" "$(mail b@Nothing.example.test)" 250
is "sender_domain: below what is allowed" "$(mail b@x.y.partner.test)" 250
is "sender_domain: but not that itself" \
    "$(mail b@partner.test | cut -c 1-9)" "451 4.4.3"
is "sender_domain: nor what only ends so" \
    "$(mail b@xnothing.example.test | cut -c 1-9)" "550 5.1.8"

# --- helo ---

helo="local helo = require 'policy.helo'
hook.helo, hook.ehlo = helo.helo, helo.ehlo"

# greet IP NAME OPTIONS...: the reply to EHLO; "250" for any positive one.
greet() {
	printf '%s\r\n' "EHLO $2" QUIT >"$T/in"
	ip=$1
	shift 2
	run "$ip" "$helo" "$@"
	sed -n '2{s/^\(250\).*/\1/;p;}' "$T/said"
}

for name in mail.example.test '[192.0.2.25]' a_b.example a.b.; do
	is "helo: $name" "$(greet 192.0.2.25 "$name")" 250
done
is "helo: an IPv6 literal" "$(greet 2001:db8::25 '[IPv6:2001:DB8:0::25]')" 250
is "helo: somebody else's literal" "$(greet 192.0.2.25 '[192.0.2.26]')" \
    "550 5.7.1 [192.0.2.26] is not your name"
is "helo: somebody else's IPv6 literal" \
    "$(greet 2001:db8::25 '[IPv6:2001:db8::26]')" \
    "550 5.7.1 [IPv6:2001:db8::26] is not your name"
is "helo: a bare address" "$(greet 192.0.2.25 192.0.2.25)" \
    "550 5.7.1 192.0.2.25 is not your name"
is "helo: a bare IPv6 address" "$(greet 2001:db8::25 2001:db8::25)" \
    "550 5.7.1 2001:db8::25 is not your name"
is "helo: brackets around nothing of the kind" "$(greet 192.0.2.25 '[mail]')" \
    "550 5.5.2 [mail] is no address"
is "helo: our name" "$(greet 192.0.2.25 MX.Example.ORG)" \
    "550 5.7.1 MX.Example.ORG is our name, not yours"
is "helo: our name with a dot" "$(greet 192.0.2.25 mx.example.org.)" \
    "550 5.7.1 mx.example.org. is our name, not yours"
is "helo: localhost" "$(greet 192.0.2.25 localhost)" \
    "550 5.7.1 localhost is our name, not yours"
is "helo: no dot" "$(greet 192.0.2.25 PC7)" \
    "550 5.5.2 PC7 is not a full host name"
is "helo: a dot alone" "$(greet 192.0.2.25 pc7.)" \
    "550 5.5.2 pc7. is not a full host name"
for ip in 127.0.0.1 ::1 10.1.2.3 fd00::1; do
	is "helo: a neighbour is not checked: $ip" "$(greet $ip PC7)" 250
done
control heloallow 192.0.2.24/31
is "helo: nor who is allowed" "$(greet 192.0.2.25 PC7)" 250
is "helo: others are" "$(greet 192.0.2.26 PC7 | cut -c 1-9)" "550 5.5.2"
rm "$T/control/heloallow"
control heloown "www.Example.org"
is "helo: more names of ours" "$(greet 192.0.2.25 www.example.ORG)" \
    "550 5.7.1 www.example.ORG is our name, not yours"
control helo own
is "helo: only the checks that are wanted" "$(greet 192.0.2.25 PC7)" 250
is "helo: our address" "$(greet 192.0.2.25 '[192.0.2.1]')" \
    "550 5.7.1 [192.0.2.1] is our name, not yours"
control helo "own
ownn"
greet 192.0.2.25 PC7 >/dev/null
is "helo: a check that is none is our trouble" \
    "$STATUS $(cut -c 1-3 "$T/said")" "111 421"
like "helo: and is named" "$(cat "$T/log")" "helo: 'ownn' is no check"

# --- fcrdns ---

control helo fcrdns
is "fcrdns: a name that points back" "$(greet 192.0.2.25 PC7)" 250
is "fcrdns: one that does not" "$(greet 192.0.2.26 mail.example.test)" \
    "550 5.7.25 [192.0.2.26] has no name that points back to it"
is "fcrdns: no name" "$(greet 192.0.2.99 mail.example.test)" \
    "550 5.7.25 [192.0.2.99] has no name that points back to it"
is "fcrdns: a name that cannot be looked up" \
    "$(greet 192.0.2.27 mail.example.test)" \
    "451 4.7.25 The name of [192.0.2.27] is not known now"
is "fcrdns: an address that cannot" "$(greet 198.51.100.1 mail.example.test)" \
    "451 4.7.25 The name of [198.51.100.1] is not known now"
is "fcrdns: no server" \
    "$(greet 192.0.2.25 mail.example.test -o dnsservers=127.0.0.1:1)" \
    "451 4.7.25 The name of [192.0.2.25] is not known now"
is "fcrdns: a neighbour" "$(greet 10.0.0.1 mail.example.test)" 250
printf '%s\r\n' 'HELO c' 'MAIL FROM:<a@b.test>' QUIT >"$T/in"
run 192.0.2.99 "hook.mail = require 'policy.fcrdns' { stage = 'mail' }.mail"
is "fcrdns: alone" "$(sed -n 3p "$T/said" | cut -c 1-10)" "550 5.7.25"

# --- all of them ---

rm -f "$T"/control/helo* "$T/control/senderdomainallow"
printf '%s\r\n' 'EHLO mx.example.org' 'EHLO a.test' \
    'MAIL FROM:<a@nothing.example.test>' 'MAIL FROM:<a@example.test>' QUIT \
    >"$T/in"
all="require 'policy'.chain { require 'policy.dnsbl', require 'policy.helo',
	require 'policy.sender_domain', require 'policy.fcrdns' { stage = 'mail' } }"
run 192.0.2.25 "$all"
is "in one script" "$(sed '/^250-/d; s/^\([2-5]..\).*/\1/' "$T/said" | tr '\n' ' ')" \
    "220 550 250 550 250 221 "
run 192.0.2.25 "$(sed -n '/^-- .*smtpe\.lua$/,/^\.Ed/p' \
    "$top/man/smtpe-policy.7" | sed '/^\.Ed/d')"
is "the manual's example" "$(sed '/^250-/d; s/^\([2-5]..\).*/\1/' "$T/said" |
    tr '\n' ' ')" "220 550 250 550 250 221 "
run 192.0.2.25 "$all" -o luapath=
is "found beside the program" "$STATUS" 0
unset TCPREMOTEIP
smtpe_run "$T/in" -o "luapath=$top/scripts/?.lua" -s "$T/script.lua" \
    -o "dnsservers=127.0.0.1:$KNOT_PORT"
is "a client whose address nobody knows" \
    "$(sed '/^250-/d; s/^\([2-5]..\).*/\1/' "$T/out" | tr '\n' ' ')" \
    "220 550 250 550 250 221 "
unlike "makes no errors" "$(cat "$T/log")" hook-error
for module in dnsbl fcrdns helo sender_domain; do
	file=$top/scripts/policy/$module.lua
	ok "$module is short" test "$(wc -l <"$file")" -lt 100
	ok "$module says what it is for" grep -q "^$module: " "$file"
	ok "... and so does the manual" grep -qx "\.Ss $module" \
	    "$top/man/smtpe-policy.7"
	# Each option that it has, and its control.
	sed -n '/^return policy.new/,/^}, function/p' "$file" |
	    grep -oE '[a-z]+ = [^,]*' >"$T/options"
	ok "... has options" test -s "$T/options"
	while read -r option _ value; do
		what="\.It Cm $option"
		case $value in
		*policy.control*\"*\"* | *policy.setting*\"*)
			stands=${value#*\"}
			what="$what Pq ${stands%%\"*}" ;;
		esac
		ok "... which are in the manual: $option" grep -qx "$what" \
		    "$top/man/smtpe-policy.7"
	done <"$T/options"
done
is "the servers are well" "$(cat "$T/liar.log" "$T/knot/log")" ""
done_testing
