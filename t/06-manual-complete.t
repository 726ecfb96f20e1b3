#!/bin/sh
# The manual is complete, and names nothing that there is not: each program
# that is installed has a page and each page of a program one; the options that
# the code knows are those that -h shows and the page describes, and so are the
# verbs; the pages, controls and hooks that pages mention exist.
# What 05-manual*.t and 61-lua-manual.t compare row by row is not asked again.
# shellcheck source=t/lib.sh
. "${0%/*}/lib.sh"
need make

top=${HERE%/*}
# shellcheck disable=SC2016
PROGS=$(make -s -C "$top" --no-print-directory \
    --eval 'print-progs: ; @echo $(PROGS)' print-progs)

# shellcheck disable=SC2086
is "each program has a page, and each page of section 8 a program" \
    "$(for p in "$top"/man/*.8; do basename "$p" .8; done | sort)" \
    "$(printf '%s\n' $PROGS | sed 's,.*/,,' | sort)"

# in_page PAGE: the options that it names: "Fl c" is -c, "Fl -check" --check.
in_page() {
	awk '/^\./ {
		flag = 0
		sub(/^\./, "")
		for (i = 1; i <= NF; i++) {
			if ($i == "Fl")
				flag = 1
			else if ($i ~ /^[A-Z][a-z]$/)
				flag = 0
			else if (flag && $i ~ /^-?[A-Za-z][a-z0-9-]*$/)
				print "-" $i
		}
	    }' "$1" | sort -u
}

# in_code FILE...: the options that are read there. The second names of -h and
# -V and what scripts/man-controls asks for are not for people.
in_code() {
	{
		grep -ohE '("|\{)--?[A-Za-z][a-z0-9-]*"' "$@" | tr -d '{"'
		sed -n 's/.*getopt(argc, argv, "\([^"]*\)").*/\1/p' "$@" |
		    tr -d ':+' | sed 's/./-&\n/g'
		sed -n "s/^\tcase '\([a-zA-Z]\)':\$/-\1/p" "$@"
	} | grep -vxE -e '--(help|version|help-mdoc)|' | sort -u
}

# in_help PROGRAM: the options that -h shows, before it lists the controls.
in_help() {
	"$BUILD/$1" -h </dev/null 2>&1 | sed '/^Controls:/,$d' |
	    grep -oE '(^|[][ (])--?[A-Za-z][a-z0-9-]*' | tr -d '[]( ' | sort -u
}

# options PROGRAM FILE...: which of its options are read in these files.
options() {
	program=$1
	shift
	in_code "$@" >"$T/code"
	in_help "$program" >"$T/help"
	in_page "$top/man/${program##*/}.8" >"$T/page"
	ok "$program: there are options" test -s "$T/code"
	is "$program -h shows each option that it reads, and no other" \
	    "$(cat "$T/help")" "$(cat "$T/code")"
	is "${program##*/}.8 has each of them, and no other" \
	    "$(cat "$T/page")" "$(cat "$T/code")"
}

cd "$top" || exit 1
of_all=lib/option.c
for program in $PROGS; do
	own=$program.c
	case $program in
	*/agent-* | smtpe/smtpe | queuerun/queuerun)
		options "$program" "$own" $of_all ;;
	*/smtpe-queue)
		options "$program" "$own" $of_all queuerun/ops_*.c ;;
	*)
		options "$program" "$own" ;;
	esac
	"$BUILD/$program" -V >"$T/out" 2>&1
	is "$program -V ends with 0" $? 0
	like "... and says which it is" "$(cat "$T/out")" \
	    "^${program##*/} [0-9]"
done

# --- verbs ---

# verbs PROGRAM: as its table has them, its -h, and its page.
verbs() {
	tool=${1##*/}
	sed -n '/^} verbs\[\] = {/,/^};/s/^    {"\([a-z]*\)".*/\1/p' "$1.c" |
	    sort -u >"$T/code"
	ok "$tool: there are verbs" test "$(wc -l <"$T/code")" -gt 4
	is "$tool.8 describes each verb, and no other" \
	    "$(sed -n 's/^\.It Cm \([a-z]*\).*/\1/p' "man/$tool.8" | sort -u)" \
	    "$(cat "$T/code")"
	is "$tool -h has each of them" "$("$BUILD/$1" -h |
	    sed -n '/^Controls:/,$d
		s/^\(usage:\)* *\(smtpe-cdb\)* *\(\[-k\]\)* *\([a-z]*\) .*/\4/p' |
	    sort -u | comm -13 - "$T/code")" ""
}
verbs queuerun/smtpe-cdb
verbs queuerun/smtpe-queue
is "smtpe-queue.8 has an example of each verb" \
    "$( (grep -v '^quarantine$' "$T/code"
	printf 'quarantine %s\n' list release delete) |
	while read -r verb; do
	grep -q "^smtpe-queue $verb\>" man/smtpe-queue.8 || echo "$verb"
    done)" ""

# --- events ---

# events FILE...: what these log; described PAGE...: those that pages have.
events() {
	grep -ohE '(log_(warn|open|open_at)|open_event)\([^"]*("[a-z-]+"( : )?)+' "$@" |
	    grep -oE '"[a-z-]+"' | tr -d '"' | sort -u
}
described() {
	{
		sed -n 's/^\.It Li \([a-z, -]*\)$/\1/p' "$@" | tr -d ' ' |
		    tr , '\n'
		grep -ohE 'event=[a-z-]+' "$@" | sed 's/event=//'
	} | sort -u
}
# shellcheck disable=SC2046
set -- $(find queuerun/*.c lib/agent*.c lib/queue*.c lib/spill.c ! -name 'smtpe-*' \
    ! -name 'cdb_*' ! -name 'ops_*')
events "$@" >"$T/events"
ok "queuerun and its agents log events" test "$(wc -l <"$T/events")" -gt 20
is "each stands in queuerun.8, smtpe-agent.7, or its agent's page" \
    "$(described man/queuerun.8 man/smtpe-agent.7 man/agent-*.8 \
	man/smtpe-tls.7 | comm -23 "$T/events" -)" ""

# shellcheck disable=SC2046
set -- $(find smtpe/*.c lib/*.c ! -name 'smtpe-*' ! -name 'checkpw_*' \
    ! -name 'agent*' ! -name 'maildir*' ! -name 'queue*' ! -name spill.c)
events "$@" >"$T/events"
ok "smtpe logs events" test "$(wc -l <"$T/events")" -gt 20
is "each stands in smtpe.8, or with hooks and encryption" \
    "$(described man/smtpe.8 man/smtpe-hooks.7 man/smtpe-tls.7 |
	comm -23 "$T/events" -)" ""

# --- what pages mention ---

is "pages of ours that pages refer to are there" \
    "$(sed -n 's/^\.Xr \([^ ]*\) \([1-9]\).*/\1.\2/p' man/*.[1-9] |
	grep -E '^(smtpe|queuerun|agent-)' | sort -u |
	while read -r page; do [ -f "man/$page" ] || echo "$page"; done)" ""
is "each page is referred to by another" \
    "$(for page in man/*.[1-9]; do
	name=${page##*/}
	grep -l "^\.Xr ${name%.*} ${name##*.}" man/*.[1-9] | grep -qvxF "$page" ||
	    echo "$name"
    done)" ""

sed -n 's/^[A-Z_]*HOOK(\([a-z_]*\),.*/\1/p' lib/hook.def | sort >"$T/hooks"
is "hooks that pages and the example name are stages" \
    "$(grep -ohE '\<hook\.[a-z_]+' man/*.[1-9] etc/*.lua scripts/*.lua \
	scripts/*/*.lua | sed 's/hook\.//' | grep -vx def | sort -u |
	comm -23 - "$T/hooks")" rctp
# (rctp is smtpe-hooks(7)'s example of one that there is not.)

mkdir "$T/control"
"$SMTPE" --show-controls -c "$T/control" | sed -e '/^#/d' -e 's/ .*//' |
    sort >"$T/controls"
ok "there are controls" test "$(wc -l <"$T/controls")" -gt 50
# What besides controls is set as .Ic by these pages, word for word.
is "controls that the programs' pages and those of the queue name exist" \
    "$(awk '/^\./ {
	word = 0
	for (i = 1; i <= NF; i++) {
		if ($i ~ /^\.?Ic$/)
			word = 1
		else if ($i ~ /^\.?[A-Z][a-z]$/)
			word = 0
		else if (word && $i ~ /^[a-z]+$/)
			print $i
	}
    }' man/*.8 man/smtpe-bounce.7 man/smtpe-tls.7 man/smtpe-control.5 \
	man/smtpe-queue.5 man/smtpe-agent.7 man/smtpe-cluster.7 |
	sort -u | comm -23 - "$T/controls")" ""
is "controls that are set with -o exist, in pages and examples" \
    "$(grep -rhoE -e '-o [a-z]+=' man etc README.md | sed 's/-o //; s/=//' |
	sort -u | comm -23 - "$T/controls")" ""
is "examples of controls are controls" \
    "$(basename -a etc/control/* etc/submission/* etc/amqp/control/* | sort -u |
	comm -23 - "$T/controls")" ""

# in_tree FILE...: files of the tree that they name, and that are not there.
in_tree() {
	grep -ohE '(^|[ `(])(etc|scripts|man|lib|smtpe|queuerun)/[a-zA-Z0-9_/.-]*[a-zA-Z0-9]' "$@" |
	    tr -d ' `(' | sort -u |
	    while read -r f; do [ -e "$f" ] || echo "$f"; done
}
is "files that README and the pages name exist" \
    "$(in_tree README.md man/*.[1-9])" ""
done_testing
