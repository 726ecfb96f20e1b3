#!/bin/sh
# smtpe-lua.7 has the functions that the modules have, as the comments in
# front of them describe them, and no constant is without a word.
# shellcheck source=t/lib.sh
. "${0%/*}/lib.sh"

top=${HERE%/*}
page=$top/man/smtpe-lua.7
write=$top/scripts/man-lua

cp "$page" "$T/page"
ok "the lists can be written" sh "$write" "$T/page"
ok "smtpe-lua.7 has the comments' lists (scripts/man-lua writes them)" \
    diff -u "$page" "$T/page"

# --- what a script sees is what is described ---

MODULES=$(sed -n 's/^MODULE(\([a-z0-9_]*\),.*/\1/p' "$top/lib/mod.def")
control me mx.example.org
printf 'QUIT\r\n' >"$T/in"
smtpe_run "$T/in" -s "$HERE/lua/list.lua"
sed -n 's/^name //p' "$T/log" >"$T/names"
ok "there are names" test "$(wc -l <"$T/names")" -gt 100

sh "$write" -l >"$T/described"
for module in $MODULES; do
	is "$module: each function is described, and no other" \
	    "$(sed -n "s/^\\($module\\.[^ ]*\\) function\$/\\1/p" "$T/names" |
		sort)" "$(grep "^$module\\." "$T/described" | sort)"
	like "$module: is in the list of modules" "$(cat "$page")" \
	    "^\\.It Ic $module\$"
done
unknown=
while read -r name _; do
	grep -qwF -e "${name##*.}" "$page" || unknown="$unknown $name"
done <"$T/names"
is "each name has a word in the page" "$unknown" ""

# --- a page that is out of date ---

sed '/^\.It Ic "net\.reverseip/d' "$page" >"$T/old"
cp "$T/old" "$T/mended"
ok "an old page is written anew" sh "$write" "$T/mended"
ok "and is the same as the page" cmp -s "$T/mended" "$page"
ok "the old one was not" test "$(cat "$T/old")" != "$(cat "$page")"

# refused NAME FILTER...: a page that FILTER made is an error, and stays.
refused() {
	name=$1
	shift
	"$@" <"$page" >"$T/broken"
	cp "$T/broken" "$T/before"
	if sh "$write" "$T/broken" 2>"$T/err"; then
		fail "$name is refused"
	else
		pass "$name is refused"
	fi
	ok "... and left as it was" cmp -s "$T/broken" "$T/before"
}
refused "a page without an end marker" grep -v 'END lib/mod_net'
refused "a page without a section" grep -v 'lib/mod_net'
like "... and the lines that it needs are shown" "$(cat "$T/err")" \
    'BEGIN lib/mod_net.c'
refused "a section of a file that is none" \
    sed 's,\(BEGIN\|END\) lib/mod.def,\1 lib/mod_none.c,'
refused "a page without markers" grep -v '^\.\\" \(BEGIN\|END\)'
done_testing
