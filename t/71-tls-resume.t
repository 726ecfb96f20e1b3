#!/bin/sh
# Sessions that another process resumes (helpers/tls_resume.py).
# shellcheck source=t/lib.sh
. "${0%/*}/lib.sh"
need python3 openssl
TMPDIR=$T python3 "$HERE/helpers/tls_resume.py"
