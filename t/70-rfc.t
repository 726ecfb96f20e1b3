#!/bin/sh
# Each rule that smtpe/ cites has a test (rfc.pl); each reply that it can give
# has an enhanced code (RFC 2034 4) of its own class, but for the banner, EHLO
# and HELO, and 3xx; HELP knows each verb (RFC 5321 4.1.1.8).
# shellcheck source=t/lib.sh
. "${0%/*}/lib.sh"
need perl
top=${HERE%/*}

if perl "$HERE/rfc.pl" --check >"$T/rules"; then
	pass "each rule that is cited has a test"
else
	fail "each rule that is cited has a test"
	diag "$(grep -A1 '^not ok' "$T/rules")"
fi
is "rfc.pl lists what it checks" "$(perl "$HERE/rfc.pl" | grep -c '^RFC .*smtpe/')" \
    "$(grep -c ' has a test' "$T/rules")"

# Copied somewhere else, with a rule that nobody tests.
mkdir -p "$T/copy/t" "$T/copy/smtpe" "$T/copy/lib" "$T/copy/queuerun"
cp "$HERE/rfc.pl" "$HERE/rfc-untested" "$T/copy/t/"
cp -R "$HERE/dialog" "$T/copy/t/"
cp "$top/smtpe/"*.[ch] "$T/copy/smtpe/"
printf '/* as RFC\n * 5321 9.9 says */\n' >"$T/copy/smtpe/new.c"
perl "$T/copy/t/rfc.pl" --check >"$T/missing" || true
ok "a rule without a test is noticed" grep -q '^not ok.*RFC 5321 9\.9' "$T/missing"
echo '5321 9.9: because' >>"$T/copy/t/rfc-untested"
perl "$T/copy/t/rfc.pl" --check >"$T/missing" || true
ok "unless there is a reason" grep -q '^ok.*RFC 5321 9\.9' "$T/missing"
echo '3030 2: because' >>"$T/copy/t/rfc-untested"
perl "$T/copy/t/rfc.pl" --check >"$T/missing" || true
ok "which must be needed" grep -q '^not ok.*needless.* 3030 2' "$T/missing"

# FILE:CODE ENHANCED, one line for each reply in the code.
perl -0777 -ne '
	while (/\b(?:REPLY|session_replyf)\((?:s,)?\s*(\d{3}),\s*(NULL|"[^"]*")/g) {
		print "$ARGV:$1 $2\n";
	}' "$top"/smtpe/*.c >"$T/replies"
ok "the replies are found" test "$(wc -l <"$T/replies")" -gt 70
is "no enhanced code: the banner, HELO and EHLO alone" \
    "$(sed -n 's/.*:\([245][0-9]*\) NULL$/\1/p' "$T/replies" | sort -u | tr '\n' ' ')" \
    "220 250 "
is "250 without one stands in cmd_helo.c" \
    "$(sed -n 's/.*\/\(.*\):250 NULL$/\1/p' "$T/replies" | sort -u)" cmd_helo.c
is "each is of its reply's class" \
    "$(perl -ne 'print if /:(\d)\d\d "/ && !/:$1\d\d "$1\.\d+\.\d+"$/' "$T/replies")" ""

# LHLO is not said in SMTP.
sed -n 's/^COMMAND(\([A-Z]*\),.*/\1/p' "$top/smtpe/command.def" |
    grep -v LHLO >"$T/verbs"
ok "there are verbs" test "$(wc -l <"$T/verbs")" -gt 10
mkdir "$T/control"
{
	echo HELP
	sed 's/^/HELP /' "$T/verbs"
	echo QUIT
} | "$SMTPE" -c "$T/control" -q none -o maxjunk=0 2>/dev/null | tr -d '\r' >"$T/help"
is "HELP names them all" \
    "$(sed -n 's/^214 2\.0\.0 Commands: //p' "$T/help" | tr ' ' '\n')" \
    "$(cat "$T/verbs")"
is "and knows the syntax of each" \
    "$(sed -n 's/^214 2\.0\.0 Syntax: \([A-Z]*\).*/\1/p' "$T/help")" \
    "$(cat "$T/verbs")"
done_testing
