#!/bin/sh
# The manual's list of controls is the table's, and the pages are clean mdoc.
# shellcheck source=t/lib.sh
. "${0%/*}/lib.sh"

top=${HERE%/*}
page=$top/man/smtpe-control.5
write=$top/scripts/man-controls

if [ ! -x "$SMTPE" ]; then
	fail "smtpe is built"
	diag "no $SMTPE"
	done_testing
fi

cp "$page" "$T/page"
ok "the list can be written" sh "$write" "$SMTPE" "$T/page"
ok "smtpe-control.5 has the table's list (scripts/man-controls writes it)" \
    diff -u "$page" "$T/page"

# Each control that there is, once, and no other.
"$SMTPE" --show-controls -c "$T" 2>"$T/err" |
    sed -e '/^#/d' -e 's/ .*//' | sort >"$T/table"
sed -n '/^\.\\" BEGIN control.def/,/^\.\\" END control.def/p' "$page" |
    sed -n 's/^\.It Ic \([^ ]*\).*/\1/p' | sort >"$T/listed"
ok "there are controls" test -s "$T/table"
is "each has an item" "$(cat "$T/listed")" "$(cat "$T/table")"

# A page that is out of date is noticed and mended.
sed '/^\.It Ic databytes/d' "$page" >"$T/old"
cp "$T/old" "$T/mended"
ok "an old page is written anew" sh "$write" "$SMTPE" "$T/mended"
ok "and is the same as the page" cmp -s "$T/mended" "$page"
ok "the old one was not" test "$(cat "$T/old")" != "$(cat "$page")"
grep -v 'END control.def' "$page" >"$T/broken"
cp "$T/broken" "$T/before"
if sh "$write" "$SMTPE" "$T/broken" 2>"$T/err"; then
	fail "a page without a marker is refused"
else
	pass "a page without a marker is refused"
fi
ok "and left as it was" cmp -s "$T/broken" "$T/before"

if command -v mandoc >/dev/null 2>&1; then
	for m in "$top"/man/*.[1-9]; do
		ok "${m##*/} is clean mdoc" mandoc -Tlint -W warning "$m"
	done
else
	skip 1 "no mandoc here"
fi
done_testing
