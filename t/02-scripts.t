#!/bin/sh
# The shell of this project is plain and clean: shellcheck has nothing to say;
# and every test can be run as it is.
# shellcheck source=t/lib.sh
. "${0%/*}/lib.sh"
need shellcheck

cd "$HERE/.." || exit 1
for f in scripts/* .ci/run etc/*/run etc/tcpserver/* t/*.sh t/*.t t/slow/*.t; do
	[ -f "$f" ] || continue
	case $(head -n 1 "$f") in
	'#!/bin/sh' | '# '*.sh:*) ;;
	*) continue ;;
	esac
	case $f in
	*.t) ok "$f can be executed" test -x "$f" ;;
	esac
	# What a library sets is used by those who source it.
	case $f in
	*.sh) except=SC2034 ;;
	*) except=SC1090 ;;
	esac
	# SC3045: ulimit -v, which every sh of Debian knows.
	if shellcheck -x -S warning -P SCRIPTDIR -e "$except,SC3045" "$f" \
	    >"$T/said" 2>&1; then
		pass "$f"
	else
		fail "$f"
		diag "$(cat "$T/said")"
	fi
done
done_testing
