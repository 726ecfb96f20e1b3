# lib-dns.sh: DNS servers for tests, on loopback ports of their own. Source it
# after lib.sh.
# shellcheck shell=sh disable=SC2034

# zone_file NAME: standard input is a zone of the next knot_start.
zone_file() {
	mkdir -p "$T/knot"
	{
		# shellcheck disable=SC2016
		printf '$TTL 300\n$ORIGIN %s.\n' "$1"
		cat
	} >"$T/knot/$1.zone"
}

# knot_start: knotd with those zones; sets KNOT_PORT and KNOT.
knot_start() {
	KNOT_PORT=$(free_port)
	{
		printf 'server:\n    rundir: "%s"\n' "$T/knot"
		printf '    listen: 127.0.0.1@%s\n' "$KNOT_PORT"
		printf '    version: "a test"\n'
		# It would take a worker for each processor, and more for TCP.
		printf '    udp-workers: 1\n    tcp-workers: 1\n'
		printf '    background-workers: 1\n'
		printf 'log:\n  - target: stderr\n    any: warning\n'
		printf 'database:\n    storage: "%s/db"\n' "$T/knot"
		printf 'template:\n  - id: default\n    storage: "%s"\n' "$T/knot"
		printf '    file: "%%s.zone"\n    journal-content: none\n'
		printf '    zonefile-sync: -1\nzone:\n'
		for zone in "$T"/knot/*.zone; do
			zone=${zone##*/}
			printf '  - domain: "%s"\n' "${zone%.zone}"
		done
	} >"$T/knot/conf"
	mkdir -p "$T/knot/db"
	knotd -c "$T/knot/conf" >"$T/knot/log" 2>&1 </dev/null &
	KNOT=$!
	started "$KNOT"
	# shellcheck disable=SC2046 # names of zones
	python3 "$HERE/helpers/dns_ask.py" "$KNOT_PORT" "$KNOT" \
	    $(cd "$T/knot" && printf '%s\n' *.zone | sed 's/\.zone$//') || {
		diag "knotd did not start: $(cat "$T/knot/log")"
		return 1
	}
}

# liar_start [ARGUMENTS]: helpers/dns_liar.py; sets LIAR_PORT. What it was
# asked is in $T/asked.
liar_start() {
	rm -f "$T/liar.port"
	: >"$T/asked"
	python3 "$HERE/helpers/dns_liar.py" "$T/liar.port" "$T/asked" "$@" \
	    2>"$T/liar.log" </dev/null &
	LIAR=$!
	started "$LIAR"
	until_true 20 test -s "$T/liar.port" || {
		diag "dns_liar.py did not start: $(cat "$T/liar.log")"
		return 1
	}
	LIAR_PORT=$(cat "$T/liar.port")
}

# tap NAME FILE: the lines "ok" and "not ok" that a Lua test (t/lua/check.lua)
# left in FILE are ours now.
tap() {
	seen=0
	while IFS= read -r line; do
		case $line in
		"ok "*)
			pass "$1: ${line#ok * - }"
			seen=$((seen + 1)) ;;
		"not ok "*)
			fail "$1: ${line#not ok * - }"
			seen=$((seen + 1)) ;;
		"# at "*) echo "$line" ;;
		esac
	done <"$2"
	plan_there=$(sed -n 's/^1\.\.//p' "$2")
	if [ "$seen" -gt 0 ] && [ "$seen" = "$plan_there" ] &&
	    ! grep -q 'event=hook-error\|event=fatal' "$2"; then
		pass "$1: ran to its end"
	else
		fail "$1: ran to its end"
		diag "$seen tests, plan $plan_there"
		diag "$(grep -v '^# \|^ok ' "$2" | tail -n 20)"
	fi
}
