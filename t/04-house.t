#!/bin/sh
# The house rules that can be looked up: headers stand alone, rooms do not
# reach upwards, third-party headers stay in their rooms, and some calls of C
# are not made here at all.
# shellcheck source=t/lib.sh
. "${0%/*}/lib.sh"
need gcc pkg-config

cd "$HERE/.." || exit 1
lua=$(pkg-config --cflags lua5.4)

for h in lib/*.h smtpe/*.h queuerun/*.h; do
	[ -f "$h" ] || continue
	# shellcheck disable=SC2086
	if gcc -std=gnu11 -D_GNU_SOURCE -Ilib -I"${h%/*}" $lua \
	    -fsyntax-only -x c "$h" >"$T/said" 2>&1; then
		pass "$h compiles alone"
	else
		fail "$h compiles alone"
		diag "$(head -n 10 "$T/said")"
	fi
done

# includes FROM-FILES... ; what they include is in $T/included.
includes() {
	grep -Hn '^ *# *include' "$@" /dev/null
}

# names DIR: the headers of a room, as an ERE.
names() {
	find "$1" -name '*.h' -exec basename {} \; | sort | tr '\n' '|' |
	    sed 's/\./\\./g; s/|$//'
}

is "lib includes nothing from above" \
    "$(includes lib/*.[ch] lib/*.def | grep -E "\"(.*/)?($(names smtpe)|$(names queuerun))\"")" ""
is "smtpe includes nothing of queuerun" \
    "$(includes smtpe/*.[ch] | grep -E '"[^"]*queuerun/|"('"$(names queuerun)"')"')" ""
is "queuerun includes nothing of smtpe" \
    "$(includes queuerun/*.[ch] | grep -E '"[^"]*smtpe/|"('"$(names smtpe)"')"')" ""

# only HEADER-ERE ROOM-ERE
only() {
	is "$1 is known in its room only" \
	    "$(includes lib/*.[ch] smtpe/*.[ch] queuerun/*.[ch] |
		grep -E "<$1" | grep -Ev "^($2)[^:]*:")" ""
}
only '(lua|lauxlib|lualib)\.h' 'lib/hook|lib/mod'
only cdb 'lib/cdbmap'
only ares 'lib/dns'
only bearssl 'lib/(tls|mod_hash|digest)'
only amqp 'queuerun/amqp_|queuerun/agent-amqp'

is "no call that cannot be made safely" \
    "$(grep -nE '\b(strcpy|strcat|sprintf|vsprintf|gets|atoi|strtok|system|alloca)\(' \
	lib/*.c smtpe/*.c queuerun/*.c)" ""
# Programs are linked from archives, where two of a name are seen by none; a
# fuzz target has all of them.
ok "there are archives" test -s "$BUILD/lib.a" -a -s "$BUILD/queuerun.a"
is "no name stands for two functions or objects" \
    "$(nm "$BUILD"/lib.a "$BUILD"/smtpe.a "$BUILD"/queuerun.a 2>/dev/null |
	awk '$2 ~ /^[TDBR]$/ {print $3}' | grep -v '^_*asan' | sort | uniq -d)" ""
done_testing
