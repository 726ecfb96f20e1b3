#!/bin/sh
# The Lua module dns against a real server with zones of our own, and against
# one that lies and stays silent; the name of a client.
# shellcheck source=t/lib.sh
. "${0%/*}/lib.sh"
# shellcheck source=t/lib-dns.sh
. "$HERE/lib-dns.sh"
need knotd python3

new_setup
printf 'QUIT\r\n' >"$T/quit"
MODULES=dns
export MODULES PROTO=TCP

strings() {
	awk -v n="$1" 'BEGIN {
		for (; n > 0; n -= k) {
			k = n > 250 ? 250 : n
			s = sprintf("%*s", k, "")
			gsub(/ /, "x", s)
			printf " \"%s\"", s
		}
		print ""
	}'
}

{
	cat <<'ZONE'
@	SOA	ns1 host\.master 2026112001 7200 3600 1209600 60
@	NS	ns1
@	NS	ns2
@	A	192.0.2.10
@	MX	10 Mail
@	MX	20 backup
ns1	A	192.0.2.53
ns2	AAAA	2001:db8::53
mail	A	192.0.2.25
mail	AAAA	2001:db8::25
backup	A	192.0.2.26
alias	CNAME	mail
chain	CNAME	alias
old	DNAME	new
www.new	A	192.0.2.80
txt	TXT	"one " "two; " "three \"four\""
nullmx	MX	0 .
*.wild	A	192.0.2.77
_odd-1	A	192.0.2.78
weird	CNAME	a\.b\032c\000
_smtp._tcp SRV	5 7 25 mail
two	A	192.0.2.31
two	A	192.0.2.32
liar	A	192.0.2.99
classless A	192.0.2.130
66.2.0.192.dnsbl A 127.0.0.2
66.2.0.192.dnsbl TXT "sends rubbish; ask http://dnsbl.example.test/"
ZONE
	printf '6.6%s.8.b.d.0.1.0.0.2.dnsbl A 127.0.0.2\n' \
	    "$(printf '%.0s.0' 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2)"
	printf 'big\tTXT'
	strings 5000
	printf 'huge\tTXT'
	strings 60000
	awk 'BEGIN { for (i = 0; i < 500; i++)
		printf "many\tA\t10.0.%d.%d\n", i / 250, i % 250 }'
} | zone_file example.test
zone_file 2.0.192.in-addr.arpa <<'ZONE'
@	SOA	ns1.example.test. hostmaster.example.test. 1 7200 3600 1209600 60
@	NS	ns1.example.test.
25	PTR	MAIL.Example.TEST.
32	PTR	nowhere.example.test.
32	PTR	two.example.test.
66	PTR	liar.example.test.
67	PTR	nowhere.example.test.
68	PTR	192.0.2.68.
69	PTR	a\032b.example.test.
130	CNAME	130.128/25
130.128/25 PTR	classless.example.test.
ZONE
zone_file 8.b.d.0.1.0.0.2.ip6.arpa <<'ZONE'
@	SOA	ns1.example.test. hostmaster.example.test. 1 7200 3600 1209600 60
@	NS	ns1.example.test.
5.2.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0 PTR mail.example.test.
ZONE
knot_start || exit 1

# lua FILE OPTIONS...: one session with that script.
lua() {
	file=$1
	shift
	smtpe_run "$T/quit" -s "$HERE/lua/$file" -o "luapath=$HERE/lua/?.lua" \
	    -o hooktimeout=200 "$@"
}

lua dns_zone.lua -o dnsservers="127.0.0.1:$KNOT_PORT" -o dnstimeout=60
tap zone "$T/log"

liar_start || exit 1
lua dns_liar.lua -o dnsservers="127.0.0.1:$LIAR_PORT" -o dnstimeout=60
tap liar "$T/log"
lua dns_silent.lua -o dnsservers="127.0.0.1:$LIAR_PORT" -o dnstimeout=2
tap silent "$T/log"

# --- the hook's own time, and what is left when it ends ---

cat >"$T/script.lua" <<'LUA'
local IN, A = dns.class.IN, dns.type.A

-- The sockets of the session; the client's is none here.
local function sockets()
	local pipe = io.popen("ls -l /proc/$PPID/fd")
	local _, n = pipe:read("a"):gsub("socket:", "")
	pipe:close()
	return n > 0 and "sockets" or "no socket"
end

dns.query(IN, A, "fine.test")
print("while loading", select(2, dns.wait()).answer[1].address)
dns.query(IN, A, "silent.test")

function hook.accept()
	print("after loading", sockets(), dns.ispending())
	for i = 1, 20 do
		dns.query(IN, A, "silent.test")
		dns.query(IN, A, "cut.test")
	end
	dns.query(IN, A, "nx.test")
	dns.wait(false)
	print("asked", sockets(), dns.ispending())
end

function hook.ehlo(name)
	print("after a hook", sockets(), dns.ispending())
	print("it says", select(3, dns.wait()))
	dns.query(IN, A, "fine.test")
	error("oops")
end

function hook.mail(sender)
	print("after an error", sockets(), dns.ispending())
	dns.query(IN, A, "silent.test")
	while true do
		pcall(dns.wait)
	end
end

function hook.noop()
	print("after a time-out", sockets(), dns.ispending())
	local all = {}
	for i = 1, 20 do
		dns.query(IN, A, "64k.test")
		all[i] = select(2, dns.wait())
	end
end

function hook.rset()
	print("after much memory", sockets(), dns.ispending())
	dns.query(IN, A, "fine.test")
	print("fine", select(2, dns.wait()).answer[1].address)
end
LUA
printf '%s\r\n' 'EHLO client.example' 'MAIL FROM:<a@client.example>' NOOP RSET \
    QUIT >"$T/in"
smtpe_run "$T/in" -s "$T/script.lua" -o hooktimeout=3 -o dnstimeout=100 \
    -o dnsservers="127.0.0.1:$LIAR_PORT" -o luamemory=6M
log=$(cat "$T/log")
is "the session goes on" "$STATUS $(tail -n 1 "$T/out" | tr -d '\r')" \
    "0 221 2.0.0 Bye"
like "a script may ask while it loads" "$log" 'while loading.t192.0.2.1'
for when in loading 'a hook' 'an error' 'a time-out' 'much memory'; do
	like "after $when nothing is left" "$log" \
	    "\"after $when.tno socket.tfalse\""
done
like "while it runs there are sockets" "$log" 'asked.tsockets.ttrue'
like "what the hook before it asked is not answered" "$log" \
    'it says.tno query is pending'
like "hooktimeout ends a wait" "$(cat "$T/out")" '^451 4\.3\.0 '
like "whatever pcall is there" "$log" \
    'hook=mail .*script.lua:[0-9]+: out of time \(hooktimeout\)'
like "large answers meet luamemory" "$log" \
    'hook=noop .*out of memory \(luamemory\)'
like "and the next hook asks as ever" "$log" 'fine.t192.0.2.1'

printf 'hook.accept = function() dns.open() end\n' >"$T/script.lua"
SMTPE_DNSSERVERS=localhost smtpe_run "$T/quit" -s "$T/script.lua"
is "a server that is no address is our trouble" \
    "$STATUS $(head -n 1 "$T/out" | cut -c 1-3)" "111 421"
like "and is named" "$(cat "$T/log")" \
    'SMTPE_DNSSERVERS: ..localhost.. is not IP, IP:PORT or .IP.:PORT'
smtpe_run "$T/quit" -s "$T/script.lua" \
    -o dnsservers=127.0.0.1,::1,[::1]:53,127.0.0.2:5353
is "addresses and ports are taken" "$STATUS" 0

# --- the examples of the manual ---

# example NAME: the text between the lines .Bd and .Ed after "-- NAME".
example() {
	sed -n "/^-- $1/,/^\.Ed/p" "$HERE/../man/smtpe-lua.7" |
	    sed '/^\.Ed/d; s/\\(dq/"/g'
}

example "A DNS list" | sed 's/dnsbl\.example\.org/dnsbl.example.test/' \
    >"$T/list.lua"
example "Can the sender" >"$T/sender.lua"
ok "there are examples" test -s "$T/list.lua" -a -s "$T/sender.lua"

# greeting IP: what the DNS list's example says to that client.
greeting() {
	TCPREMOTEIP=$1 smtpe_run "$T/quit" -s "$T/list.lua" \
	    -o dnsservers="127.0.0.1:$KNOT_PORT"
	head -n 1 "$T/out" | tr -d '\r'
}
is "a listed client is refused" "$(greeting 192.0.2.66)" \
    "550 5.7.1 sends rubbish; ask http://dnsbl.example.test/"
like "one that is not is greeted" "$(greeting 192.0.2.67)" '^220 '
is "IPv6 as well" "$(greeting 2001:db8::66)" "550 5.7.1 listed"
printf '%s\r\n' 'EHLO c' 'MAIL FROM:<a@example.test>' RSET \
    'MAIL FROM:<a@nothing.example.test>' 'MAIL FROM:<a@nullmx.example.test>' \
    'MAIL FROM:<a@txt.example.test>' 'MAIL FROM:<a@mail.example.test>' RSET \
    'MAIL FROM:<a@elsewhere.invalid>' RSET 'MAIL FROM:<>' QUIT >"$T/in"
smtpe_run "$T/in" -s "$T/sender.lua" -o dnsservers="127.0.0.1:$KNOT_PORT"
is "the sender's example" \
    "$(sed 's/\r$//; /^250-/d; s/^\([24]..\).*/\1/' "$T/out")" "220
250
250
250
550 5.1.8 No such domain: nothing.example.test
550 5.7.27 nullmx.example.test takes no mail
550 5.1.8 No mail host: txt.example.test
250
250
250
250
250
221"

# --- the name of a client ---

cat >"$T/script.lua" <<'LUA'
function hook.accept(ip, ptr)
	print("accept", ip, ptr)
	print("host", client.host, connection.ptr)
end
LUA
cat >"$T/indifferent.lua" <<'LUA'
function hook.accept(ip)
end
LUA

# named IP NAME WHY: the name that scripts and Received give to that client.
named() {
	rm -rf "$T/queue"
	session "$T/in"
	TCPREMOTEIP=$1 smtpe_run "$T/in" -s "$T/script.lua" \
	    -o dnsservers="127.0.0.1:$KNOT_PORT"
	like "$1, $3: accept's ptr" "$(cat "$T/log")" \
	    "\"accept\\\\t$1\\\\t$(quoted "$2")\""
	like "$1: client.host and connection.ptr" "$(cat "$T/log")" \
	    "\"host\\\\t$(quoted "$2")\\\\t$(quoted "$2")\""
	python3 "$HERE/read-entry.py" -c "$T"/queue/new/* >"$T/message"
	received=$(sed -n '1s/\r$//p' "$T/message")
	address=$1
	case $1 in *:*) address=IPv6:$1 ;; esac
	case $2 in
	'['*) is "Received has the address alone" "$received" \
	    "Received: from client.example ([$address])" ;;
	*) is "Received has the name" "$received" \
	    "Received: from client.example ($2 [$address])" ;;
	esac
}

quoted() {
	printf '%s\n' "$1" | sed 's/\./\\./g; s/\[/\\[/g; s/\]/\\]/g'
}

named 192.0.2.25 mail.example.test "a name that points back"
named 2001:db8::25 mail.example.test "the same in IPv6"
named 192.0.2.32 two.example.test "the second of two names does"
named 192.0.2.130 classless.example.test "by an alias (RFC 2317)"
named 192.0.2.66 '[192.0.2.66]' "a name of somebody else's"
named 192.0.2.67 '[192.0.2.67]' "a name that is not there"
named 192.0.2.68 '[192.0.2.68]' "a name that is an address"
named 192.0.2.69 '[192.0.2.69]' "a name that is none"
named 192.0.2.70 '[192.0.2.70]' "no name"
named 198.51.100.1 '[198.51.100.1]' "a server that refuses"

# asked SCRIPT: how often the DNS was asked in a session with that script.
asked() {
	: >"$T/asked"
	session "$T/in"
	TCPREMOTEIP=192.0.2.25 smtpe_run "$T/in" -s "$T/$1.lua" \
	    -o dnsservers="127.0.0.1:$LIAR_PORT" -o dnstimeout=1
	wc -l <"$T/asked"
}
is "who wants no name does not pay for it" "$(asked indifferent)" 0
is "who wants it pays once" "$(asked script)" 1
TCPREMOTEHOST=Known.example
export TCPREMOTEHOST
is "what the launcher knows is not asked for" "$(asked script)" 0
like "and is lowered" "$(cat "$T/log")" '.thost|192\.0\.2\.25.tknown\.example'
unset TCPREMOTEHOST
ok "the servers are well" test ! -s "$T/liar.log" -a ! -s "$T/knot/log"
done_testing
