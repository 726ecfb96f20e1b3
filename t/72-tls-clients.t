#!/bin/sh
# Real TLS clients through a real launcher, and what a scanner sees.
# shellcheck source=t/lib.sh
. "${0%/*}/lib.sh"
need tcpserver openssl python3
new_setup
for kind in ec rsa; do
	case $kind in
	ec) new="ec -pkeyopt ec_paramgen_curve:prime256v1" ;;
	rsa) new=rsa:2048 ;;
	esac
	# shellcheck disable=SC2086
	openssl req -x509 -nodes -days 30 -newkey $new -subj /CN=mx.example.org \
	    -addext subjectAltName=DNS:mx.example.org \
	    -keyout "$T/$kind.key" -out "$T/$kind.pem" 2>/dev/null
done
printf '%s\n' "$T/ec.pem" "$T/rsa.pem" >"$T/control/tlscert"
printf '%s\n' "$T/ec.key" "$T/rsa.key" >"$T/control/tlskey"
control tlscache "$T/cache"
control maxerrors 0
control errordelay 0
serve_tcp -- "$SMTPE" -c "$T/control" -q "$T/queue"
smtp=$PORT
serve_tcp -- "$SMTPE" -c "$T/control" -q "$T/queue" --smtps
smtps=$PORT

# --- smtpe-tls(7): tlscerts becomes tlscerts.cdb ---

if command -v cdb >/dev/null; then
	mkdir -p "$T/names/tlscerts"
	cp "$T/ec.pem" "$T/names/tlscerts/mx.example.org.pem"
	cat "$T/ec.pem" "$T/ec.key" >"$T/names/tlscerts/mx.example.org.rsa.pem"
	(cd "$T/names" && sed -n '/^for f in tlscerts/,/^cdb -c/p' \
	    "$HERE/../man/smtpe-tls.7" | sh -eu)
	for name in mx.example.org mx.example.org.rsa; do
		is "tlscerts.cdb has $name" \
		    "$(cdb -q "$T/names/tlscerts.cdb" $name | cksum)" \
		    "$(cksum <"$T/names/tlscerts/$name.pem")"
	done
	is "and is nobody else's" "$(stat -c %a "$T/names/tlscerts.cdb")" 640
else
	skip 3 "no cdb here"
fi

# --- openssl s_client ---

# talk OPTIONS...: what a client on port 25 sees.
talk() {
	printf 'EHLO x\r\nQUIT\r\n' |
	    openssl s_client -connect "127.0.0.1:$smtp" -starttls smtp \
	    -ign_eof "$@" 2>&1
}
for cipher in ECDHE-ECDSA-AES128-GCM-SHA256 ECDHE-ECDSA-AES256-GCM-SHA384 \
    ECDHE-ECDSA-CHACHA20-POLY1305 ECDHE-RSA-AES128-GCM-SHA256 \
    ECDHE-RSA-AES256-GCM-SHA384 ECDHE-RSA-CHACHA20-POLY1305; do
	out=$(talk -cipher "$cipher" -no_ticket)
	like "s_client: $cipher" "$out" "New, TLSv1.2, Cipher is $cipher"
	like "ends in order" "$out" '^221 .*'
done
for curve in X25519 P-256; do
	like "s_client: $curve" "$(talk -curves "$curve")" \
	    "Server Temp Key: (ECDH, )?($curve|prime256v1)"
done
unlike "s_client: P-384" "$(talk -curves P-384)" '^221'
for version in -tls1 -tls1_1 -tls1_3; do
	unlike "s_client: $version" \
	    "$(talk "$version" -cipher 'ALL:@SECLEVEL=0')" '^221'
done
like "s_client verifies the certificate" \
    "$(talk -CAfile "$T/ec.pem" -verify_hostname mx.example.org \
	-verify_return_error)" 'Verify return code: 0 \(ok\)'
like "s_client: secure renegotiation is known" "$(talk)" \
    'Secure Renegotiation IS supported'
# Its command is an R that is the first octet it reads.
: >"$T/renegotiation"
{
	until_true 20 grep -q '^220 ' "$T/renegotiation"
	printf 'R\n'
	until_true 20 grep -q 'no renegotiation' "$T/renegotiation"
} | openssl s_client -connect "127.0.0.1:$smtps" -tls1_2 \
    >"$T/renegotiation" 2>&1
out=$(cat "$T/renegotiation")
like "but not done" "$out" 'RENEGOTIATING'
like "and refused" "$out" 'no renegotiation'

out=$(talk -sess_out "$T/session")
like "a session" "$out" '^New,'
like "is resumed by another process" "$(talk -sess_in "$T/session")" \
    '^Reused, TLSv1.2'
out=$(printf 'QUIT\r\n' | openssl s_client -connect "127.0.0.1:$smtps" \
    -tls1_2 -reconnect 2>&1)
is "s_client -reconnect: five times" \
    "$(printf '%s\n' "$out" | grep -c '^Reused, TLSv1.2')" 5

# --- others ---

if command -v gnutls-cli >/dev/null; then
	out=$(printf 'EHLO x\r\nQUIT\r\n' | gnutls-cli --no-ca-verification \
	    --starttls-proto=smtp --port "$smtp" 127.0.0.1 2>&1)
	like "gnutls-cli" "$out" '^221 '
	like "with TLS 1.2" "$out" 'TLS1\.2.*ECDHE'
	out=$(printf 'EHLO x\r\nQUIT\r\n' | gnutls-cli --no-ca-verification \
	    --resume --port "$smtps" 127.0.0.1 2>&1)
	like "gnutls-cli resumes" "$out" 'This is a resumed session'
else
	skip 3 "no gnutls-cli here"
fi
if perl -MNet::SSLeay -e 1 2>/dev/null && command -v swaks >/dev/null; then
	for how in "--tls --port $smtp" "--tlsc --port $smtps"; do
		# shellcheck disable=SC2086
		out=$(swaks --server 127.0.0.1 $how --from a@b.example \
		    --to c@example.org --body hello 2>&1)
		is "swaks ${how% --port*}: exit" "$?" 0
		like "swaks ${how% --port*}: through TLS" "$out" \
		    '^<~  250 .*[0-9a-z]{26}'
	done
else
	skip 4 "no swaks with TLS here"
fi
cat >"$T/client.py" <<EOT
import smtplib, ssl
context = ssl.create_default_context(cafile="$T/ec.pem")
for c in (smtplib.SMTP("127.0.0.1", $smtp),
          smtplib.SMTP_SSL("127.0.0.1", $smtps,
                           context=ssl._create_unverified_context())):
    if not isinstance(c, smtplib.SMTP_SSL):
        c._host = "mx.example.org"
        c.starttls(context=context)
    c.sendmail("a@b.example", ["c@example.org"], "Subject: x\r\n\r\n" +
               "line\r\n" * 20000)
    c.quit()
print("sent")
EOT
is "python's smtplib, verifying" "$(python3 "$T/client.py" 2>&1)" sent
is "all of it is queued" "$(entries new)" \
    "$(grep -c 'event=message ' "$T/log")"
is "encrypted" "$(grep -l '^tls TLSv1' "$T"/queue/new/* | wc -l)" \
    "$(entries new)"

if command -v sslscan >/dev/null; then
	sslscan --no-colour --no-groups --starttls-smtp "127.0.0.1:$smtp" >"$T/scan" 2>&1
	is "sslscan: TLS 1.2 alone" \
	    "$(sed -n 's/^\(SSL\|TLS\).*v1*\([0-9.]*\) *enabled$/\2/p' \
		"$T/scan")" .2
	is "sslscan: nothing but ECDHE with AEAD" \
	    "$(awk '/^(Preferred|Accepted)/ { print $5 }' "$T/scan" |
		grep -vE '^ECDHE-(RSA|ECDSA)-(AES(128|256)-GCM-SHA(256|384)|CHACHA20-POLY1305)$')" ""
	is "sslscan: six suites" \
	    "$(grep -cE '^(Preferred|Accepted)' "$T/scan")" 6
	is "sslscan: nothing is vulnerable" "$(grep vulnerable "$T/scan" |
	    grep -v 'not vulnerable')" ""
else
	skip 4 "no sslscan here"
fi
done_testing
