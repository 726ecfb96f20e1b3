#!/bin/sh
# What a session costs that does nothing: it opens its settings and its script,
# and no resolver, table, key or queue before somebody needs one. The files that
# each session opens are the specification.
# shellcheck source=t/lib.sh
. "${0%/*}/lib.sh"
need_strace
need openssl cdb

new_setup
control relayhosts 192.0.2.0/24
control dnsservers 127.0.0.1:1
control dnstimeout 100ms
control smarthost relay.example.org
control tlscert "$T/cert.pem"
control proxyhosts 198.51.100.0/24
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 \
    -subj /CN=mx.example.org -keyout "$T/key.pem" -out "$T/cert.pem" \
    2>"$T/openssl.log"
cat "$T/key.pem" >>"$T/cert.pem"
echo '192.0.2.9:allow,databytes="5"' >"$T/control/access"
for table in recipients morercpthosts domains queues senderlogin; do
	printf '\n' | cdb -c "$T/control/$table.cdb"
done
echo 'function hook.accept(ip) end' >"$T/script.lua"

# sorted NAME...
sorted() {
	printf '%s\n' "$@" | sort | tr '\n' ' '
}

# opened COMMANDS [ARGUMENT...]: what a session of these opens, in the order of
# names, and what else it makes.
opened() {
	printf '%b' "$1" >"$T/in"
	shift
	TCPREMOTEIP=192.0.2.1 strace -o "$T/trace" \
	    -e trace=open,openat,socket,connect,pipe,pipe2,fork,vfork,clone,inotify_init1 \
	    "$SMTPE" -c "$T/control" -q "$T/queue" "$@" <"$T/in" \
	    >"$T/out" 2>"$T/log"
	sed -nE -e "s,$T/,,g" \
	    -e 's/^open(at)?\([^"]*"([^"]*)".*= [0-9].*/\2/p' \
	    -e 's/^(socket|pipe2?|v?fork|clone|inotify_init1)\(.*/\1()/p' \
	    "$T/trace" | sort -u | tr '\n' ' '
}
mkdir -p "$T/queue"
chmod 700 "$T/queue"
set -- /dev/null control control/access dnsservers dnstimeout locals me \
    proxyhosts rcpthosts relayhosts smarthost tlscert
# The queue's owner goes on where root begins: that is looked at first.
[ "$(id -u)" -ne 0 ] || set -- "$@" queue
idle=$(sorted "$@")

is "a session that only quits" "$(opened 'QUIT\r\n')" "$idle"
is "... ends well" "$(cut -c 1-3 "$T/out" | tr '\n' ' ')" "220 221 "
is "with a script" "$(opened 'QUIT\r\n' -s "$T/script.lua")" \
    "$(sorted "$@" script.lua)"
echo 'function hook.accept(ip, ptr) end' >"$T/script.lua"
like "whose accept wants the client's name: now there is a resolver" \
    "$(opened 'QUIT\r\n' -s "$T/script.lua")" 'socket\(\)'
like "EHLO offers STARTTLS: now the certificate is read" \
    "$(opened 'EHLO x\r\nQUIT\r\n')" 'cert\.pem'
is "HELO does not" "$(opened 'HELO x\r\nQUIT\r\n')" "$idle"
is "nor does a sender need anything" \
    "$(opened 'HELO x\r\nMAIL FROM:<a@b.example>\r\nRSET\r\nQUIT\r\n')" "$idle"
like "a recipient is looked up" \
    "$(opened 'HELO x\r\nMAIL FROM:<>\r\nRCPT TO:<b@example.org>\r\nQUIT\r\n')" \
    'control/recipients\.cdb'
done_testing
