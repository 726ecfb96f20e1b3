#!/bin/sh
# TLS as a client: with whom, without whom, and what is proven; by agent-smtp,
# agent-lmtp, the smart host and scripts. smtpe-cdb ca makes the table.
[ ! -w /dev/shm ] || export TMPDIR=/dev/shm
# shellcheck source=t/lib.sh
. "${0%/*}/lib.sh"
# shellcheck source=t/lib-ca.sh
. "$HERE/lib-ca.sh"
need openssl python3

localhost='subjectAltName=DNS:localhost'
{
	# shellcheck disable=SC2086
	{
		ca_root ec $P384 &&
		ca_root rsa rsa:2048 &&
		ca_root stranger $P256 &&
		ca_sign ec middle 30 "$CA_INTERMEDIATE" $P256 &&
		ca_sign middle good 30 "$localhost" $P256 &&
		ca_sign rsa goodrsa 30 "$localhost" rsa:2048 &&
		ca_sign ec expired -1 "$localhost" $P256 &&
		ca_sign ec other 30 'subjectAltName=DNS:other.example' $P256 &&
		ca_sign ec wild 30 'subjectAltName=DNS:*.localhost' $P256 &&
		ca_sign stranger unknown 30 "$localhost" $P256 &&
		ca_sign good notca 30 "$localhost" $P256
	}
} || {
	diag "$(cat "$T/ca/log")"
	fail "certificates for the test"
	done_testing
}
(cd "$T/ca" && openssl req -x509 -newkey ec -pkeyopt \
    ec_paramgen_curve:P-256 -nodes -keyout self.key -out self.pem \
    -subj /CN=localhost -addext "$localhost" -days 30 2>>log)
cat "$T/ca/good.pem" "$T/ca/middle.pem" >"$T/ca/chain.pem"
cat "$T/ca/notca.pem" "$T/ca/good.pem" "$T/ca/middle.pem" \
    >"$T/ca/notcachain.pem"
cp "$T/ca/good.key" "$T/ca/chain.key"
cp "$T/ca/notca.key" "$T/ca/notcachain.key"

"$BUILD/queuerun/smtpe-cdb" ca "$T/ca/trust.cdb" "$T/ca/ec.pem" \
    "$T/ca/rsa.pem" 2>"$T/err"
is "a table of two roots: status and messages" "$? $(cat "$T/err")" "0 "
"$BUILD/queuerun/smtpe-cdb" ca "$T/ca/self.cdb" "$T/ca/self.pem"

# From one of ours to another, proven.
new_setup
if command -v tcpserver >/dev/null 2>&1; then
	serve_tcp -- "$SMTPE" -c "$T/control" -q "$T/queue" \
	    -o "tlscert=$T/ca/chain.pem" -o "tlskey=$T/ca/chain.key"
	PYTHONDONTWRITEBYTECODE=1 python3 - "$HERE/helpers" "$BUILD" "$T" "$PORT" \
	    >"$T/out" <<'END'
import sys
sys.path.insert(0, sys.argv[1])
from agent_conformance import Agent
from agent_smtp import Session
agent = Agent(sys.argv[3], sys.argv[2] + "/queuerun/agent-smtp", None)
s = Session(agent, smtptls="verify", tlsca=sys.argv[3] + "/ca/trust.cdb")
a = s.give("smtp:localhost:" + sys.argv[4])[0]
print(a[0], s.notes()[0].get("tls"))
s.end()
END
	like "one of ours to another, verified" "$(cat "$T/out")" \
	    '^ok TLSv1.2 .* verified$'
	like "which says so" "$(cat "$T"/queue/new/*)" '^protocol ESMTPS$'
else
	skip 2 "no tcpserver here"
fi

PYTHONDONTWRITEBYTECODE=1 python3 "$HERE/helpers/tls_client.py" \
    "$BUILD" "$T" "$T/ca" >"$T/out"
status=$?
before=$failed
# Its lines are ours now.
while IFS= read -r line; do
	case $line in
	"ok "*) pass "${line#ok * - }" ;;
	"not ok "*) fail "${line#not ok * - }" ;;
	"# "*) echo "$line" ;;
	esac
done <"$T/out"
is "it ran to its end" "$status" "$((failed > before))"
done_testing
