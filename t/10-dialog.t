#!/bin/sh
# The dialogs: every rule of the session, whole, octet by octet, all at once
# and through tcpserver. dialog.pl explains the files.
# shellcheck source=t/lib.sh
. "${0%/*}/lib.sh"
need tcpserver cdb perl
TMPDIR=$T perl "$HERE/dialog.pl" -j 2 "$HERE"/dialog/*.smtp
