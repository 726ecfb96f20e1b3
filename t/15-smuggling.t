#!/bin/sh
# SMTP smuggling: only CRLF.CRLF ends data (RFC 5321 4.1.1.4), whatever
# stands around the dot and however the octets come; and nothing in a chunk
# does. The same with TLS.
# shellcheck source=t/lib.sh
. "${0%/*}/lib.sh"
need python3 openssl
in_memory 100000
TMPDIR=$MEMORY python3 "$HERE/helpers/smuggle.py" 5
