#!/bin/sh
# What testssl.sh says about a real listener, with both kinds of keys.
# shellcheck source=t/lib.sh
. "${0%/*}/../lib.sh"
need tcpserver openssl
testssl=$(command -v testssl || command -v testssl.sh) ||
    skip_all "no testssl here"
new_setup
for kind in ec rsa; do
	case $kind in
	ec) new="ec -pkeyopt ec_paramgen_curve:prime256v1" ;;
	rsa) new=rsa:2048 ;;
	esac
	# shellcheck disable=SC2086
	openssl req -x509 -nodes -days 30 -newkey $new -subj /CN=localhost \
	    -addext subjectAltName=DNS:localhost \
	    -keyout "$T/$kind.key" -out "$T/$kind.pem" 2>/dev/null
done
printf '%s\n' "$T/ec.pem" "$T/rsa.pem" >"$T/control/tlscert"
printf '%s\n' "$T/ec.key" "$T/rsa.key" >"$T/control/tlskey"
control tlscache "$T/cache"
control maxerrors 0
control errordelay 0
control timeoutsmtpd 20
serve_tcp -c 100 -- "$SMTPE" -c "$T/control" -q "$T/queue"

(cd "$T" && "$testssl" --starttls smtp --ip 127.0.0.1 --quiet --color 0 \
    --warnings off --nodns min --csvfile "$T/csv" "localhost:$PORT") \
    >"$T/out" 2>&1 </dev/null
# "id","fqdn/ip","port","severity","finding","cve","cwe"
finding() {
	sed -n "s/^\"$1\",\"[^\"]*\",\"[^\"]*\",\"\([A-Z]*\)\",\"\([^\"]*\)\".*/\1 \2/p" \
	    "$T/csv"
}
ok "testssl has looked" test "$(wc -l <"$T/csv")" -gt 80
for v in SSLv2 SSLv3 TLS1 TLS1_1; do
	like "$v" "$(finding $v)" '^(OK|INFO) not offered'
done
like "TLS 1.2" "$(finding TLS1_2)" '^OK offered'
for weak in NULL aNULL EXPORT LOW 3DES_IDEA AVERAGE OBSOLETED; do
	found=$(finding "cipherlist_$weak")
	[ -n "$found" ] || continue
	like "cipher list $weak" "$found" '^(OK|INFO) not offered'
done
# Newer ones say FS.
like "forward secrecy" "$(finding 'P*FS')" '^OK offered'
like "curves" "$(finding 'P*FS_ECDHE_curves')" '^(OK|INFO) prime256v1 X25519 *$'
# It counts octets, those of the SMTP dialogue too, and does not know what to
# think; our log does.
like "resumption by id" "$(cat "$T/log")" 'event=tls .* resumed=1'
like "secure renegotiation" "$(finding secure_renego)" '^OK supported'
like "not by the client" "$(finding secure_client_renego)" '^OK not vulnerable'
for attack in heartbleed CCS ticketbleed ROBOT CRIME_TLS POODLE_SSL SWEET32 \
    FREAK DROWN LOGJAM BEAST LUCKY13 RC4 winshock; do
	found=$(finding $attack)
	[ -n "$found" ] || continue
	like "$attack" "$found" '^(OK|INFO) '
done
# The certificate is one of our own making: what is said about that is about
# us, and not about the program.
is "nothing serious is left" \
    "$(grep -E '"(HIGH|CRITICAL|MEDIUM)"' "$T/csv" |
	grep -vE '^"(cert|DNS|OCSP|grade|overall|final_score|protocol_support_score|key_exchange|cipher_strength)' |
	cut -d, -f1,4,5)" ""
[ "$failed" = 0 ] || diag "$(cat "$T/csv")"

done_testing
