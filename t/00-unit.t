#!/bin/sh
# Every unit test program of the build, as one TAP stream: each of their
# tests counts, and so does each program's end (plan kept, exit 0).
# shellcheck source=t/lib.sh
. "${0%/*}/lib.sh"

for source in "$HERE"/unit/*.c; do
	[ -f "$source" ] || skip_all "no unit tests in this tree"
	name=$(basename "$source" .c)
	program=$BUILD/t/unit/$name
	if [ ! -x "$program" ]; then
		fail "$name: built"
		diag "no $program (make unit)"
		continue
	fi
	(cd "$T" && exec "$program") >"$T/tap" 2>"$T/err" </dev/null
	status=$?
	# Renumbers; leaves "TESTS FAILED PLAN" as the last line of counts.
	awk -v n="$tests" -v name="$name" -v counts="$T/counts" '
	    /^(not )?ok( |$)/ {
		seen++
		bad = sub(/^not /, "")
		sub(/^ok *[0-9]* *-? */, "")
		printf "%sok %d - %s: %s\n", bad ? "not " : "", ++n, name, $0
		if (bad && !/# TODO/)
			failed++
		next
	    }
	    /^1\.\.[0-9]+/ { plan = substr($1, 4); next }
	    { print /^#/ ? $0 : "# " $0 }
	    END {
		printf "%d %d %d\n", seen, failed, plan == "" ? -1 : plan \
		    >counts
	    }' "$T/tap"
	read -r seen bad planned_here <"$T/counts"
	tests=$((tests + seen))
	failed=$((failed + bad))
	[ "$bad" -gt 0 ] && expected=1 || expected=0
	if [ "$seen" -gt 0 ] && [ "$seen" -eq "$planned_here" ] &&
	    { [ "$status" -eq 0 ] || [ "$expected" -eq 1 ]; }; then
		pass "$name: ran to its end"
	else
		fail "$name: ran to its end"
		diag "exit $status, $seen tests, plan $planned_here"
		diag "$(tail -n 20 "$T/err")"
	fi
done
done_testing
