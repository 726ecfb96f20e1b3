#!/bin/sh
# A runner that is killed while the script's stages are at work: what hook.postq
# did and that it did so are one thing (helpers/stage_kills.py). One place in
# five here, every place in t/slow.
# shellcheck source=t/lib.sh
. "${0%/*}/lib.sh"
need python3
need_strace

every=${STAGE_KILLS_EVERY:-5}
for what in nothing effects data quarantine defer discard; do
	if out=$(TMPDIR=$T python3 "$HERE/helpers/stage_kills.py" $what \
	    "$every" 2>&1); then
		pass "$(printf '%s\n' "$out" | sed -n 's/^ok 1 - //p')"
	else
		fail "$what"
		diag "$(printf '%s\n' "$out" | head -n 40)"
	fi
done
done_testing
