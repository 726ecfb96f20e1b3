#!/bin/sh
# The Lua modules, each by its t/lua/mod_NAME.lua, which smtpe runs as its
# script; and that no function or constant is without a test.
# shellcheck source=t/lib.sh
. "${0%/*}/lib.sh"
need cdb cc

top=${HERE%/*}
MODULES=$(sed -n 's/^MODULE(\([a-z0-9_]*\),.*/\1/p' "$top/lib/mod.def")
export MODULES
control me mx.example.org
printf 'QUIT\r\n' >"$T/in"
export PROTO=TCP TCPREMOTEIP=192.0.2.7 TCPREMOTEPORT=4711 \
    TCPREMOTEHOST=client.example TCPLOCALIP=192.0.2.25 TCPLOCALPORT=25

# lua FILE: one session with that script; its lines are in $T/log.
lua() {
	DIR=$T/dir
	rm -rf "$DIR"
	mkdir "$DIR"
	"$1" # puts things there
	CONTROL=$T/control
	export DIR CONTROL
	in=$T/in
	[ ! -e "${2%.lua}.in" ] || in=${2%.lua}.in
	# Nobody is there to be asked.
	smtpe_run "$in" -s "$2" -o "luapath=$HERE/lua/?.lua" \
	    -o dnsservers=127.0.0.1:1 \
	    -o hooktimeout=300 -o luamemory=256M
}

nothing() { :; }

# --- each module's own ---

files_cdb() {
	{
		printf '+3,1:one->1\n+3,5:two->first\n+5,0:empty->\n'
		printf '+0,7:->nothing\n+3,6:two->second\n'
		printf '+3,100000:big->%0100000d\n\n' 0
	} | cdb -c "$DIR/test.cdb" || exit 1
	printf '\n' | cdb -c "$DIR/empty.cdb" || exit 1
	head -c 100 "$DIR/test.cdb" >"$DIR/short.cdb"
	# The table of contents points behind the end, and so does a record.
	{
		perl -e 'print pack("VV", 0x7fffff00, 200) x 256'
		printf '\377\377\377\177\377\377\377\177'
	} >"$DIR/damaged.cdb"
	mkfifo "$DIR/fifo.cdb"
}

for file in "$HERE"/lua/mod_*.lua; do
	name=$(basename "$file" .lua)
	setup=nothing
	[ "$name" != mod_cdb ] || setup=files_cdb
	lua "$setup" "$file"
	sed -n 's/^# used //p' "$T/log" >>"$T/used"
	cp "$T/log" "$T/log.$name"
	cp "$T/out" "$T/out.$name"
	# Renumbers; leaves "TESTS FAILED PLAN" as the last line of counts.
	awk -v n="$tests" -v name="${name#mod_}" -v counts="$T/counts" '
	    /^(not )?ok /{
		seen++
		bad = sub(/^not /, "")
		sub(/^ok *[0-9]* *-? */, "")
		printf "%sok %d - %s: %s\n", bad ? "not " : "", ++n, name, $0
		failed += bad
		next
	    }
	    /^1\.\.[0-9]+/ { plan = substr($1, 4); next }
	    /^# at / { print }
	    END {
		printf "%d %d %d\n", seen, failed, plan == "" ? -1 : plan \
		    >counts
	    }' "$T/log"
	read -r seen bad plan_here <"$T/counts"
	tests=$((tests + seen))
	failed=$((failed + bad))
	if [ "$STATUS" -eq 0 ] && [ "$seen" -gt 0 ] &&
	    [ "$seen" -eq "$plan_here" ] &&
	    ! grep -q 'event=hook-error\|event=fatal' "$T/log"; then
		pass "${name#mod_}: ran to its end"
	else
		fail "${name#mod_}: ran to its end"
		diag "exit $STATUS, $seen tests, plan $plan_here"
		diag "$(grep -v '^# ' "$T/log" | tail -n 20)"
	fi
done

is "client.write is what the client sees first" \
    "$(sed -n 's/\r$//; 1p' "$T/out.mod_engine")" "220-written at once"

# --- what syslog.* writes, and its values ---

log=$(cat "$T/log.mod_syslog")
for level in emerg alert crit err warning notice info debug; do
	like "syslog.log at $level" "$log" \
	    "event=syslog level=$level text=\"at LOG_"
done
like "syslog.error" "$log" 'event=syslog level=err text="an error"$'
like "syslog.debug" "$log" 'event=syslog level=debug text="a debug line"$'
like "a message is one line and cannot forge a field" "$log" \
    'level=info text="two\\r\\nlines event=forged \\x00 \\"quoted\\""$'
like "a long message is cut" "$log" 'level=info text=x+\.\.\.$'
is "so that no line is longer than 4096 octets" \
    "$(awk 'length > 4096' "$T/log.mod_syslog" | wc -l)" 0
like "after syslog.open it goes to syslog(3)" "$log" \
    '^policy\[[0-9]+\]: to syslog, %s %n$'
like "where it is one line, too" "$log" '^policy\[[0-9]+\]: two\?lines to syslog$'
like "the program's lines stay its own" "$log" \
    '^smtpe\[[0-9]+\] event=print text="ours meanwhile"$'
like "a name is one word, and cut" "$log" \
    '^bad\?namex{23}: under another name$'
like "after syslog.close it goes to our log again" "$log" \
    'event=syslog level=info text="ours again"$'

{
	printf '#include <stdio.h>\n#include <syslog.h>\nint main(void){\n'
	sed -n 's/^# value \([A-Z0-9_]*\) .*/printf("\1 %d\\n", \1);/p' \
	    "$T/log.mod_syslog"
	printf 'return 0;}\n'
} >"$T/values.c"
cc -o "$T/values" "$T/values.c" && "$T/values" | sort >"$T/values.system"
sed -n 's/^# value //p' "$T/log.mod_syslog" | sort >"$T/values.lua"
ok "there are values" test "$(wc -l <"$T/values.lua")" -gt 30
ok "syslog's values are the system's" cmp "$T/values.lua" "$T/values.system"

# --- a limit ends them, and the session goes on ---

for case in $(sed -n 's/^function endless\.\([a-z_]*\).*/\1/p' \
    "$HERE/lua/endless.lua"); do
	printf 'HELO %s\r\nNOOP\r\nQUIT\r\n' "$case" >"$T/limit"
	limit='-o hooktimeout=200ms'
	[ "${case%%_*}" = time ] || limit='-o hooktimeout=300 -o luamemory=16M'
	# shellcheck disable=SC2086
	smtpe_run "$T/limit" -s "$HERE/lua/endless.lua" $limit
	is "$case: the session goes on" \
	    "$STATUS $(cut -c 1-3 "$T/out" | tr '\n' ' ')" "0 220 250 250 221 "
	like "... and the log says why" "$(cat "$T/log")" \
	    "event=hook-error hook=helo .* out of ${case%%_*}"
done

# --- nothing without a test ---

lua nothing "$HERE/lua/list.lua"
sed -n 's/^name //p' "$T/log" | sort >"$T/names"
ok "there are names" test "$(wc -l <"$T/names")" -gt 100
for module in $MODULES; do
	ok "$module has a test" test -f "$HERE/lua/mod_$module.lua" -o \
	    "$(grep -c "^$module\\." "$T/used")" -gt 0
	ok "$module has something in it" grep -q "^$module\\." "$T/names"
done

# untested USED: the names that no test uses. A module's must have been read
# by one of the tests above; of the other tables, which look the same to every
# reader, a test must hold the name.
untested() {
	while read -r name _; do
		case " $(echo $MODULES) " in
		*" ${name%%.*} "*) grep -qxF "$name" "$1" ;;
		*) grep -qrF "$name" "$HERE/lua" "$HERE/dialog" ;;
		esac || echo "$name"
	done <"$T/names"
}
is "each function and constant has a test" "$(untested "$T/used")" ""
grep -vx 'net\.is_ip\.LAN' "$T/used" >"$T/fewer"
is "and one without is noticed" "$(untested "$T/fewer")" "net.is_ip.LAN"

done_testing
