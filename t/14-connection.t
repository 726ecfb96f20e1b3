#!/bin/sh
# What a connection meets before its banner and when it misbehaves, over TCP
# and under load (helpers/connection.py).
# shellcheck source=t/lib.sh
. "${0%/*}/lib.sh"
need python3 tcpserver swaks openssl

new_setup
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 \
    -subj /CN=mx.example.org -keyout "$T/cert.pem" -out "$T/chain.pem" \
    2>/dev/null
cat "$T/chain.pem" >>"$T/cert.pem"
control tlscache none
python3 "$HERE/helpers/connection.py" "$T" "$SMTPE"
