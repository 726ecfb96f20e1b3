#!/bin/sh
# Every input that was ever worth keeping, through the fuzz targets again.
# shellcheck source=t/lib.sh
. "${0%/*}/lib.sh"

for source in "$HERE"/fuzz/*.c; do
	[ -f "$source" ] || skip_all "no fuzz targets in this tree"
	name=$(basename "$source" .c)
	[ "$name" != replay ] || continue
	program=$BUILD/t/fuzz/$name
	if [ ! -x "$program" ]; then
		fail "$name: built"
		diag "no $program (make unit)"
		continue
	fi
	find "$HERE/fuzz/corpus/$name" -type f >"$T/inputs" 2>/dev/null
	n=$(wc -l <"$T/inputs")
	if [ "$n" -eq 0 ]; then
		fail "$name: has a corpus"
		diag "nothing in t/fuzz/corpus/$name"
		continue
	fi
	if (cd "$T" && xargs "$program" <"$T/inputs") >"$T/out" 2>&1; then
		pass "$name: $n inputs"
	else
		fail "$name: $n inputs"
		diag "$(tail -n 20 "$T/out")"
	fi
done
done_testing
