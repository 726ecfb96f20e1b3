# lib.sh: what the shell tests share. POSIX sh; source it from t/*.t:
#
#	. "${0%/*}/lib.sh"
#
# It speaks TAP, makes a directory $T that goes at the end together with
# every process started through it, and finds the programs in SMTPE_BUILD.
# shellcheck shell=sh disable=SC2034

set -u
HERE=$(cd "${0%/*}" && pwd)
while [ ! -f "$HERE/lib.sh" ]; do HERE=${HERE%/*}; done
BUILD=${SMTPE_BUILD:-$(cd "$HERE/.." && pwd)/build}
case $BUILD in /*) ;; *) BUILD=$PWD/$BUILD ;; esac
SMTPE=$BUILD/smtpe/smtpe
QUEUERUN=$BUILD/queuerun/queuerun
SMTPE_QUEUE=$BUILD/queuerun/smtpe-queue
PATH=$PATH:/usr/sbin:/sbin
LC_ALL=C
export PATH LC_ALL
# What would steer the programs is not inherited.
unset SMTPE_CONTROL SMTPE_SCRIPT RELAYCLIENT DATABYTES TCPREMOTEIP PROTO || :

T=$(mktemp -d "${TMPDIR:-/tmp}/smtpe-test.XXXXXX") || exit 1
tests=0
failed=0
planned=
pids=
MEMORY=

cleanup() {
	status=$?
	trap - EXIT
	for p in $pids; do
		kill "$p" 2>/dev/null
	done
	for p in $pids; do
		wait "$p" 2>/dev/null
	done
	[ -n "${KEEP:-}" ] || rm -rf "$T" ${MEMORY:+"$MEMORY"}
	exit "$status"
}
trap cleanup EXIT
trap 'exit 1' INT TERM HUP PIPE

# in_memory KIB: MEMORY is a directory in memory with that much room, or else
# one below $T.
in_memory() {
	if [ -w /dev/shm ] &&
	    [ "$(df -Pk /dev/shm | awk 'NR == 2 {print $4}')" -ge "$1" ]; then
		MEMORY=$(mktemp -d /dev/shm/smtpe-test.XXXXXX)
	else
		mkdir -p "$T/memory"
		MEMORY=$T/memory
	fi
}

plan() {
	planned=$1
	echo "1..$1"
}

# The end of every test: the plan, if there was none, and the exit status.
done_testing() {
	[ -n "$planned" ] || echo "1..$tests"
	[ "$failed" -eq 0 ] || exit 1
	exit 0
}

diag() {
	printf '%s\n' "$*" | sed 's/^/# /'
}

# pass NAME, fail NAME
pass() {
	tests=$((tests + 1))
	echo "ok $tests - $1"
}

fail() {
	tests=$((tests + 1))
	failed=$((failed + 1))
	echo "not ok $tests - $1"
}

# ok NAME COMMAND...: passes when the command succeeds.
ok() {
	name=$1
	shift
	if "$@"; then
		pass "$name"
	else
		fail "$name"
		diag "failed: $*"
	fi
}

# is NAME GOT WANTED
is() {
	if [ "$2" = "$3" ]; then
		pass "$1"
	else
		fail "$1"
		diag "got:    $2"
		diag "wanted: $3"
	fi
}

# like NAME GOT ERE: some line matches.
like() {
	if printf '%s\n' "$2" | grep -Eq -e "$3"; then
		pass "$1"
	else
		fail "$1"
		diag "got:     $2"
		diag "pattern: $3"
	fi
}

unlike() {
	if printf '%s\n' "$2" | grep -Eq -e "$3"; then
		fail "$1"
		diag "got:     $2"
		diag "matches: $3"
	else
		pass "$1"
	fi
}

# skip N WHY: N tests that cannot run here; said on the terminal, too.
skip() {
	i=0
	while [ "$i" -lt "$1" ]; do
		tests=$((tests + 1))
		echo "ok $tests # SKIP $2"
		i=$((i + 1))
	done
	echo "${0##*/}: SKIPPED: $2" >&2
}

skip_all() {
	echo "1..0 # SKIP $1"
	echo "${0##*/}: ALL SKIPPED: $1" >&2
	exit 0
}

# need PROGRAM...: the whole test is skipped without them.
need() {
	for p in "$@"; do
		command -v "$p" >/dev/null 2>&1 || skip_all "no $p here"
	done
}

# need_strace: the whole test is skipped where strace cannot trace, and in
# builds with sanitizers, whose own system calls would fail.
need_strace() {
	need strace
	case $(strace -e trace=none true 2>&1) in
	*ptrace*) skip_all "strace may not trace here" ;;
	esac
	! grep -q __asan_init "$SMTPE" ||
	    skip_all "faults would strike the sanitizer, not the program"
}

# until_true SECONDS COMMAND...: polls; fails when the time is over.
until_true() {
	n=$(($1 * 50))
	shift
	while ! "$@" >/dev/null 2>&1; do
		n=$((n - 1))
		[ "$n" -gt 0 ] || return 1
		sleep 0.02
	done
}

# free_port: one that no client is given as its own before a server has it:
# below what the kernel gives out by itself (ip_local_port_range).
free_port() {
	perl -MIO::Socket::INET -e 'my $s;
	    $s = IO::Socket::INET->new(LocalAddr => "127.0.0.1", Listen => 1,
		LocalPort => 10000 + int rand 22000) until $s;
	    print $s->sockport'
}

# Does somebody listen there? (Looks, and does not connect: a server that
# takes one connection only must not be used up.)
listening() {
	grep -Eq ":$(printf '%04X' "$1") [0-9A-F:]+ 0A" /proc/net/tcp /proc/net/tcp6 2>/dev/null
}

# started PID: it is killed at the end.
started() {
	pids="$pids $1"
}

# stop PID: ends it now.
stop() {
	kill "$1" 2>/dev/null
	wait "$1" 2>/dev/null
	keep=
	for p in $pids; do
		[ "$p" = "$1" ] || keep="$keep $p"
	done
	pids=$keep
}

# serve_tcp OPTIONS-OF-TCPSERVER... -- COMMAND...: starts tcpserver on a port
# of its own; sets PORT and SERVER. Its log is $T/log.
serve_tcp() {
	opts=
	while [ "$1" != -- ]; do
		opts="$opts $1"
		shift
	done
	shift
	rm -f "$T/port"
	# shellcheck disable=SC2086
	tcpserver -1 -H -R -l mx.local $opts 127.0.0.1 0 "$@" \
	    >"$T/port" 2>>"$T/log" </dev/null &
	SERVER=$!
	started "$SERVER"
	until_true 10 test -s "$T/port" || {
		diag "tcpserver did not start"
		return 1
	}
	PORT=$(cat "$T/port")
}

# control NAME VALUE: a control file of $T/control.
control() {
	mkdir -p "$T/control"
	printf '%s\n' "$2" >"$T/control/$1"
}

# new_setup: fresh control and queue directories for example.org.
new_setup() {
	rm -rf "$T/control" "$T/queue" "$T/maildir"
	control me mx.example.org
	control rcpthosts example.org
	control locals example.org
}

# smtpe_run FILE ARGUMENTS...: one session with FILE as input. Output, log
# and status are in $T/out, $T/log and STATUS.
smtpe_run() {
	input=$1
	shift
	"$SMTPE" -c "$T/control" -q "$T/queue" "$@" <"$input" >"$T/out" 2>"$T/log"
	STATUS=$?
}

# message FILE: a session that sends one small message.
session() {
	printf '%s\r\n' 'EHLO client.example' 'MAIL FROM:<a@client.example>' \
	    'RCPT TO:<b@example.org>' DATA 'Subject: one' '' 'Hello.' . QUIT >"$1"
}

# entries DIR: how many entries are below a directory of the queue.
entries() {
	find "$T/queue/$1" -type f 2>/dev/null | wc -l
}
