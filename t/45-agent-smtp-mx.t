#!/bin/sh
# agent-smtp asks a real DNS server for mail exchangers (RFC 5321 5.1, RFC
# 7505), and one that lies.
[ ! -w /dev/shm ] || export TMPDIR=/dev/shm
# shellcheck source=t/lib.sh
. "${0%/*}/lib.sh"
# shellcheck source=t/lib-dns.sh
. "$HERE/lib-dns.sh"
need knotd python3

zone_file example.test <<'ZONE'
@ SOA ns hostmaster 1 3600 600 86400 300
@ NS ns
ns A 127.0.0.1
h2 A 127.0.0.2
h3 A 127.0.0.3
h4 A 127.0.0.4
two MX 20 h3
two MX 10 h2
two MX 30 h4
other-two MX 10 h2
other-two MX 20 h3
four MX 5 h4
plain A 127.0.0.3
alias CNAME two
null MX 0 .
xn--bcher-kva MX 10 h3
nothing TXT "no address"
dangling MX 10 gone
dangling MX 20 nothing
*.equal MX 10 h2
*.equal MX 10 h3
*.equal MX 10 h4
us MX 10 mx.example.org.
us MX 20 h2
usequal MX 10 mx.example.org.
usequal MX 10 h2
usbackup MX 10 h2
usbackup MX 20 MX.example.org.
usbackup MX 30 h3
ZONE
knot_start || exit 1
liar_start || exit 1

PYTHONDONTWRITEBYTECODE=1 python3 "$HERE/helpers/agent_mx.py" "$BUILD" "$T" \
    "127.0.0.1:$KNOT_PORT" "127.0.0.1:$LIAR_PORT" example.test "$(free_port)"
