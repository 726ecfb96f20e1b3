#!/bin/sh
# smtpe-passwd is killed, or fails, at each of its system calls: the file is the
# old one or the new one, whole, and the next change works. A session that
# cannot ask smtpe-checkpw says 454, and goes on.
# shellcheck source=t/lib.sh
. "${0%/*}/lib.sh"
need_strace
PASSWD=$BUILD/smtpe/smtpe-passwd
f=$T/users

echo one | "$PASSWD" -i 4096 "$f" joe
echo two | "$PASSWD" -i 4096 "$f" ann
cp "$f" "$T/old"

# change OPTIONS-OF-STRACE...: ann's password, always to the same entry but for
# its salt.
change() {
	echo three | strace -f -q -o "$T/trace" "$@" \
	    "$PASSWD" -m cram-md5 "$f" ann 2>"$T/said"
}
change -e trace=all
cp "$f" "$T/new"
ok "the change is one" test "$(cksum <"$T/old")" != "$(cksum <"$T/new")"
calls=$(grep -c '^[0-9]* *[a-z0-9_]*(' "$T/trace")
ok "it makes calls" test "$calls" -gt 30

is_whole() {
	cmp -s "$f" "$T/old" || cmp -s "$f" "$T/new"
}

i=1
damaged=
stuck=
while [ "$i" -le "$calls" ]; do
	cp "$T/old" "$f"
	change -e inject=all:signal=KILL:when="$i" 2>/dev/null
	is_whole || damaged="$damaged $i"
	change -e trace=none
	cmp -s "$f" "$T/new" || stuck="$stuck $i"
	i=$((i + 1))
done
is "killed at any call: the file is whole" "$damaged" ""
is "... and can be changed" "$stuck" ""

failures=
for call in write fsync rename fchown fchmod flock openat; do
	for n in 1 2 3 4 5 6; do
		for e in ENOSPC EIO; do
			cp "$T/old" "$f"
			change -e inject="$call":error="$e":when="$n"
			status=$?
			is_whole || failures="$failures $call:$e:$n"
			# It says so, or it has done it.
			[ "$status" -ne 0 ] || cmp -s "$f" "$T/new" ||
			    failures="$failures $call:$e:$n:silent"
			[ ! -e "$f.new" ] || failures="$failures $call:$e:$n:left"
		done
	done
done
is "an error at any call: whole, not silent, nothing left" "$failures" ""
is "owner and mode are as before" "$(stat -c '%u %a' "$f")" "$(id -u) 600"

# --- a session ---

new_setup
control authplain 1
control authusers ""
control errordelay 0
control maxerrors 0
cp "$T/new" "$T/control/authusers"
echo right | "$PASSWD" -i 4096 "$T/control/authusers" joe
{
	printf 'EHLO client.example\r\nAUTH PLAIN %s\r\n' \
	    "$(printf '\0joe\0wrong' | base64)"
	printf 'AUTH SCRAM-SHA-256 %s\r\n*\r\n' \
	    "$(printf 'n,,n=joe,r=abc' | base64)"
	printf 'AUTH PLAIN %s\r\nNOOP\r\nQUIT\r\n' \
	    "$(printf '\0joe\0right' | base64)"
} >"$T/in"

# answers OPTIONS-OF-STRACE...: the codes after EHLO's.
answers() {
	strace -q -o "$T/trace" "$@" "$SMTPE" -c "$T/control" \
	    -q "$T/queue" -o authusers="$T/control/authusers" \
	    <"$T/in" >"$T/out" 2>"$T/log"
	sed 1d "$T/out" | sed -n '/^250-/d; s/^\([0-9][0-9][0-9]\).*/\1/p' |
	    sed 1d | tr '\n' ' '
}
is "all is well" "$(answers -e trace=none)" "535 334 501 235 250 221 "
wrong=
seen=
for call in pipe2 socketpair vfork clone clone3 fork pidfd_open wait4 waitid \
    readlink sendto read write; do
	for n in 1 2 3 4 5 6; do
		got=$(answers -e inject=$call:error=EMFILE:when=$n)
		case $got in
		*454*) seen="$seen $call" ;;
		esac
		# Where a right password counts it is right, or 454; a wrong one
		# never is; the session ends in order, unless its own output is
		# what failed.
		case $got in
		"535 334 501 235 250 221 ") ;;
		"454 334 501 235 250 221 ") ;;
		"535 454 502 235 250 221 " | "535 454 500 235 250 221 ") ;;
		"535 334 501 454 250 221 ") ;;
		*)
			case $call in
			read | write | sendto) ;;
			*) wrong="$wrong $call:$n:$got" ;;
			esac
			case $got in
			"235 "* | *" 235 "*" 235 "*) wrong="$wrong $call:$n:$got" ;;
			esac ;;
		esac
	done
done
is "without descriptors, processes, ...: 454, and the session goes on" "$wrong" ""
for call in pipe2 socketpair; do
	like "... $call" "$seen" "$call"
done
done_testing
