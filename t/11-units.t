#!/bin/sh
# The units of etc/systemd: systemd has nothing to say of them, they give away
# little, and what they forbid is nothing that we do: sessions and deliveries
# run under their system call filter.
# shellcheck source=t/lib.sh
. "${0%/*}/lib.sh"
need systemd-analyze python3 cc tcpserver openssl

units=$HERE/../etc/systemd

# --- what systemd says ---

# As they are, with our programs in the place of those that are installed.
mkdir "$T/units"
for f in "$units"/*; do
	sed "s,/usr/local/bin/smtpe\>,$SMTPE,; s,/usr/local/bin/queuerun,$QUEUERUN," \
	    "$f" >"$T/units/${f##*/}"
done
for f in "$T/units"/*; do
	name=${f##*/}
	is "$name: systemd-analyze verify is silent" \
	    "$(cd "$T/units" && systemd-analyze verify "./$name" 2>&1; echo $?)" 0
done
sed 's/^User=/Usr=/' "$T/units/smtpe@.service" >"$T/units/broken@.service"
like "it is not silent about an error" \
    "$(cd "$T/units" && systemd-analyze verify ./broken@.service 2>&1)" Usr

# score UNIT: ten times its exposure.
score() {
	systemd-analyze --no-pager security --offline=yes "$units/$1" 2>&1 |
	    sed -n 's/.*Overall exposure level for [^:]*: \([0-9]*\)\.\([0-9]\).*/\1\2/p'
}
for unit in smtpe@ smtpe-submission@ smtpe-submissions@ queuerun; do
	n=$(score "$unit.service")
	ok "$unit.service: exposure ${n:-unknown} tenths, below 20" \
	    test "${n:-99}" -lt 20
done
grep -v '^SystemCallFilter\|^Restrict\|^Protect' "$units/smtpe@.service" \
    >"$T/units/smtpe@.service"
open=$(systemd-analyze --no-pager security --offline=yes \
    "$T/units/smtpe@.service" 2>&1 | tail -n 1)
unlike "a unit without them is not" "$open" ' [01]\.[0-9]'

# settings UNIT: of sessions all but what they are for.
settings() {
	sed -n '/^\[Unit\]/,$p' "$units/$1" | grep -v '^ExecStart=\|^Description='
}
for unit in smtpe-submission smtpe-submissions; do
	is "$unit@.service differs in its command only" \
	    "$(settings $unit@.service)" "$(settings smtpe@.service)"
	is "$unit.socket differs in its port only" \
	    "$(settings $unit.socket | grep -v ^ListenStream=)" \
	    "$(settings smtpe.socket | grep -v ^ListenStream=)"
done
# What keeps a socket alive whatever clients do.
for setting in Accept=yes TriggerLimitIntervalSec=0 MaxConnections=200 \
    MaxConnectionsPerSource=20; do
	like "smtpe.socket: $setting" "$(cat "$units/smtpe.socket")" "^$setting\$"
done
for setting in StandardInput=socket StandardError=journal \
    CollectMode=inactive-or-failed NoNewPrivileges=true PrivateTmp=true \
    ProtectSystem=strict; do
	like "smtpe@.service: $setting" "$(cat "$units/smtpe@.service")" \
	    "^$setting\$"
done

# --- and what the kernel says ---

filtered() {
	unit=$units/$1
	shift
	python3 "$HERE/helpers/seccomp.py" "$unit" "$@"
}
if ! filtered smtpe@.service true 2>"$T/why" || grep -q __asan_init "$SMTPE"
then
	skip 9 "no system call filter here: $(cat "$T/why")"
	done_testing
fi
python3 "$HERE/helpers/seccomp.py" --list "$units/smtpe@.service" >"$T/calls"
ok "the filter has calls" test "$(wc -l <"$T/calls")" -gt 100
filtered smtpe@.service chroot / true 2>/dev/null
is "what it forbids is forbidden" "$?" 159

new_setup
control authplain 1
control dnsservers 127.0.0.1:1
control dnstimeout 1
control statedir "$T/state"
control proxyhosts 127.0.0.1
control maxload 10000
control maxpressure 100
control minfree 1
echo ':allow,databytes="9000000"' >"$T/control/access"
echo secret | "$BUILD/smtpe/smtpe-passwd" "$T/control/authusers" joe
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 \
    -subj /CN=mx.example.org -keyout "$T/cert.pem" -out "$T/chain.pem" \
    2>/dev/null
cat "$T/chain.pem" >>"$T/cert.pem"
control tlscert "$T/cert.pem"
control tlscache "$T/tlscache"
cat >"$T/script.lua" <<'LUA'
function hook.accept(ip, ptr)
	assert(os.execute("true"))
	local p = io.popen("echo hello")
	assert(p:read("a") == "hello\n")
	assert(p:close())
	smtpe.load()
	dns.query(dns.class.IN, dns.type.A, "x.example.")
	dns.wait(true)
	service.http("http://127.0.0.1:1/")
	service.wait()
end
function hook.dot(path)
	assert(io.open(path)):close()
end
LUA
filtered_session() {
	filtered smtpe@.service "$SMTPE" -c "$T/control" -q "$T/queue" \
	    -s "$T/script.lua"
}
{
	printf 'EHLO c.example\r\nAUTH PLAIN AGpvZQBzZWNyZXQ=\r\n'
	session "$T/in"
	sed '1d; $d' "$T/in"
	printf 'MAIL FROM:<>\r\nRCPT TO:<c@example.org>\r\nBDAT 3 LAST\r\nab\n'
	printf 'VRFY x\r\nHELP\r\nRSET\r\nQUIT\r\n'
} >"$T/session"
filtered_session <"$T/session" >"$T/out" 2>"$T/log"
is "a session with hooks, programs, DNS and AUTH: exit 0" "$?" 0
like "all of it was done" "$(tr '\r\n' '  ' <"$T/out")" \
    '220 .* 235 .* 250 2.0.0 Queued .* 221 '
unlike "no hook has failed" "$(cat "$T/log")" hook-error

serve_tcp -- python3 "$HERE/helpers/seccomp.py" "$units/smtpe@.service" \
    "$SMTPE" -c "$T/control" -q "$T/queue" -o proxyhosts=192.0.2.0/24
sed -n '2,$p' "$T/in" | tr -d '\r' >"$T/mail"
(printf 'EHLO c.example\n'; cat "$T/mail") |
    openssl s_client -starttls smtp -connect "127.0.0.1:$PORT" -quiet \
	-crlf -ign_eof >"$T/out" 2>"$T/tls"
like "a message through TLS" "$(cat "$T/out")" '^250 2\.0\.0 Queued'
stop "$SERVER"
n=$(entries new)
ok "their messages are in the queue: $n" test "$n" -ge 2

cat >"$T/queue.lua" <<'LUA'
function hook.predelivery(msg, attempt)
	assert(os.execute("true"))
end
LUA
control routes 'example.org:maildir:'"$T"'/maildir/%u
piped.example:pipe:cat >>'"$T"'/piped
lost.example:smtp:127.0.0.1:1'
control rcpthosts 'example.org
piped.example
lost.example'
printf '%s\r\n' 'HELO c' 'MAIL FROM:<a@b.example>' 'RCPT TO:<a@piped.example>' \
    'RCPT TO:<a@lost.example>' DATA x . QUIT >"$T/in"
smtpe_run "$T/in"
filtered queuerun.service "$QUEUERUN" -c "$T/control" -q "$T/queue" \
    -s "$T/queue.lua" >"$T/out" 2>"$T/log"
is "deliveries: exit 0" "$?" 0
is "nothing is new any more" "$(entries new)" 0
is "Maildirs have theirs" \
    "$(find "$T/maildir" -path '*/new/*' -type f | wc -l)" "$n"
ok "programs, too" test -s "$T/piped"
is "and what could not be delivered waits" "$(entries due)" 1
done_testing
