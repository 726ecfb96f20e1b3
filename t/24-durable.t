#!/bin/sh
# When a program gives its word, what it speaks of is durable: content, name,
# and every directory above it (helpers/durable.py). On disk, and in memory,
# where nothing carries the names along.
# shellcheck source=t/lib.sh
. "${0%/*}/lib.sh"
need python3
need_strace

in_memory 100000
for dir in "$T" "$MEMORY"; do
	TMPDIR=$dir python3 "$HERE/helpers/durable.py" >"$T/tap"
	is "on $(stat -f -c %T "$dir"): all of it ran" "$? $(tail -n 1 "$T/tap")" \
	    "0 1..$(grep -c '^\(not \)\{0,1\}ok ' "$T/tap")"
	sed -n '/^not ok/,/^ok/p' "$T/tap" | sed 's/^/# /'
done
done_testing
