#!/bin/sh
# Power cuts while messages become several entries: what was acknowledged is
# there, and no message in part (ext4, and xfs where it can be made). Root
# only: it mounts loop devices.
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
	PYTHONDONTWRITEBYTECODE=1 python3 "$HERE/helpers/group_cut.py" \
	    "$T/$kind" "$kind" 22 >"$T/tap"
	status=$?
	if [ "$status" -eq 0 ] && ! grep -q '^not ok' "$T/tap"; then
		pass "$(sed -n 's/^ok 1 - //p' "$T/tap")"
	else
		fail "$kind"
		diag "$(cat "$T/tap")"
	fi
done
done_testing
