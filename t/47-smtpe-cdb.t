#!/bin/sh
# smtpe-cdb: tables that the programs find things in, errors that name the
# line, and no table that is half made.
# shellcheck source=t/lib.sh
. "${0%/*}/lib.sh"
need openssl

CDB=$BUILD/queuerun/smtpe-cdb
cd "$T" || exit 1
run() {
	"$CDB" "$@" >out 2>err
	STATUS=$?
}

printf '# comment\n\nExample.ORG:maildir:\n .example.net : smtp:x:26 \r\nlast:' >map
run map t.cdb map
is "a map" "$STATUS $(cat out err)" "0 "
run get t.cdb example.org .example.net last
is "its values" "$STATUS $(tr '\n' '|' <out)" "0 maildir:|smtp:x:26||"
run get t.cdb example.org nothing
is "a key that is not there" "$STATUS $(cat out)" "1 maildir:"
run dump t.cdb
is "all of it, in order" "$(tr '\n' '|' <out)" \
    "example.org:maildir:|.example.net:smtp:x:26|last|"
run -k map t.cdb map
run get t.cdb Example.ORG
is "case kept" "$(cat out)" "maildir:"
printf 'b.example\na.example:x\n' | "$CDB" list l.cdb - 2>err
run dump l.cdb
is "a list, from standard input" "$(tr '\n' '|' <out)" \
    "b.example|a.example:x|"
: >empty
run map e.cdb empty
run dump e.cdb
is "an empty table" "$STATUS $(cat out)" "0 "
is "it can be read by everybody" "$(stat -c %a t.cdb)" 644

# Errors; the table stays.
cp t.cdb before
wrong() {
	printf '%b' "$2" >bad
	run map t.cdb map2 bad
	is "$1" "$STATUS $(sed 's/.*text="*\([^"]*\)"*$/\1/' err)" "100 $3"
	ok "... and the table is as it was" cmp -s before t.cdb
}
echo 'one:1' >map2
wrong "no colon" 'a:b\nc\n' "bad:2: no ':' between key and value"
wrong "no key" '\n\n:x\n' "bad:3: no key"
wrong "a control character" 'a:b\001\n' "bad:1: control character"
wrong "a NUL" 'a:b\0000c\n' "bad:1: control character"
wrong "twice" 'two:2\nONE:x\n' "bad:2: one stands in map2:1 already"
run map t.cdb missing
like "a file that is missing" "$STATUS $(cat err)" '^111 .*missing: No such'
run map "$T/none/t.cdb" map
like "a directory that is missing" "$STATUS $(cat err)" '^111 .*none/t.cdb'
run map t.cdb "$T"
like "a directory" "$STATUS $(cat err)" '^111 '
run get missing.cdb x
like "a table that is missing" "$STATUS $(cat err)" '^111 .*missing.cdb: No such'
run dump map
like "a table that is none" "$STATUS $(cat err)" '^111 .*map: '
for args in '' 'map' 'map x' 'nothing x y' 'dump x y' 'get x' '-x'; do
	# shellcheck disable=SC2086
	run $args
	is "usage: $args" "$STATUS $(grep -c '^usage:' err)" "100 1"
done
run -V
like "-V" "$STATUS $(cat out)" '^0 smtpe-cdb [0-9]'
is "nothing is left behind" "$(ls ./*.new.* 2>/dev/null)" ""

# Certificates.
for n in a b; do
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
	    -keyout key -out $n.pem -subj "/CN=$n" 2>/dev/null
done
openssl req -x509 -newkey ed25519 -nodes -keyout key -out ed.pem \
    -subj "/CN=ed" 2>/dev/null
cat a.pem ed.pem a.pem >bundle.pem
run ca ca.cdb bundle.pem b.pem
like "certificates; one kind of key is unknown" "$STATUS $(cat err)" \
    '^0 .*bundle.pem:[0-9]+: left out'
run dump ca.cdb
is "one key for each name" "$(wc -l <out)" 2
run ca ca.cdb map
like "no certificate" "$STATUS $(cat err)" '^100 .*map: no certificate'
head -n 3 a.pem >cut.pem
run ca ca.cdb a.pem cut.pem
like "one that is cut off" "$STATUS $(cat err)" \
    '^100 .*cut.pem:[34]: the block has no end'
run dump ca.cdb
is "and the table is as it was" "$(wc -l <out)" 2
if [ -f /etc/ssl/certs/ca-certificates.crt ]; then
	run ca ca.cdb /etc/ssl/certs/ca-certificates.crt
	is "Debian's, none left out" "$STATUS $(cat err)" "0 "
else
	skip 1 "no ca-certificates here"
fi

# What the programs make of one.
new_setup
rm "$T/control/rcpthosts"
printf 'more.example\n.sub.example\n' >hosts
"$CDB" list "$T/control/morercpthosts.cdb" hosts
printf '%s\r\n' 'EHLO x' 'MAIL FROM:<a@b.example>' \
    'RCPT TO:<u@MORE.example>' 'RCPT TO:<u@x.sub.example>' \
    'RCPT TO:<u@other.example>' QUIT >in
smtpe_run in
is "morercpthosts.cdb" "$(grep -A9 '2.1.0' "$T/out" | cut -c 1-3 |
    tr '\n' ' ')" "250 250 250 550 221 "
done_testing
