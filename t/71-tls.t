#!/bin/sh
# TLS in a session, from the client's side (helpers/tls.py).
# shellcheck source=t/lib.sh
. "${0%/*}/lib.sh"
need python3 openssl cdb
TMPDIR=$T python3 "$HERE/helpers/tls.py"
