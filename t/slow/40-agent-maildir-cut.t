#!/bin/sh
# Power cuts while agent-maildir delivers: what it has answered stays (ext4,
# and xfs where it can be made). Root only: it mounts loop devices.
[ ! -w /dev/shm ] || export TMPDIR=/dev/shm
# shellcheck source=t/lib.sh
. "${0%/*}/../lib.sh"
need python3 mkfs.ext4
[ "$(id -u)" -eq 0 ] || skip_all "power cuts need root"

kinds=ext4
if command -v mkfs.xfs >/dev/null 2>&1; then
	kinds="ext4 xfs"
fi
for kind in $kinds; do
	mkdir "$T/$kind"
	PYTHONDONTWRITEBYTECODE=1 python3 \
	    "$HERE/helpers/agent_maildir_cut.py" "$BUILD" "$T/$kind" \
	    "$kind" 10 >"$T/tap"
	status=$?
	bad=$(grep -c '^not ok' "$T/tap")
	grep '^ok' "$T/tap" | sed 's/^ok [0-9]* - //' >"$T/good"
	while read -r name; do
		pass "$name"
	done <"$T/good"
	[ "$status" -eq 0 ] || diag "$(grep -A 8 '^not ok' "$T/tap")"
	is "$kind: no round failed" "$status $bad" "0 0"
done
done_testing
