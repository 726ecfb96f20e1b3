#!/bin/sh
# A user who does not exist cannot be told from one whose password is wrong:
# counted, not timed. The same system calls, the same calls of crypt(3) with
# the same kind of setting, and (unit/authusers.c) the same rounds of PBKDF2.
# shellcheck source=t/lib.sh
. "${0%/*}/lib.sh"
need_strace
need gcc python3
PASSWD=$BUILD/smtpe/smtpe-passwd
USERS=$T/control/authusers

new_setup
control authplain 1
control errordelay 0
control authmechs 'SCRAM-SHA-256
CRAM-MD5
PLAIN'

# dialogue USER >FILE: a session with one wrong PLAIN and one wrong CRAM-MD5
# for it.
dialogue() {
	printf 'EHLO client.example\r\nAUTH PLAIN %s\r\nAUTH CRAM-MD5\r\n%s\r\nQUIT\r\n' \
	    "$(printf '\0%s\0wrong' "$1" | base64 -w0)" \
	    "$(printf '%s 00112233445566778899aabbccddeeff' "$1" | base64 -w0)"
}

# calls USER: the names of the system calls of each process, in their order.
calls() {
	rm -rf "$T/trace"
	mkdir "$T/trace"
	dialogue "$1" >"$T/in"
	strace -ff -q -o "$T/trace/t" "$SMTPE" -c "$T/control" \
	    -q "$T/queue" <"$T/in" >"$T/out" 2>"$T/log"
	for p in $(find "$T/trace" -name 't.*' | sort -t. -k2n); do
		sed '/^---/d; s/(.*//' "$p"
		echo --
	done
	grep -c '^535' "$T/out"
}

# settings USER: what crypt_r(3) is called with in one session: the settings
# without their salts, and how often.
cat >"$T/count.c" <<'C'
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

char *crypt_r(const char *phrase, const char *setting, void *data);

char *
crypt_r(const char *phrase, const char *setting, void *data)
{
	char *(*real)(const char *, const char *, void *) =
	    (char *(*)(const char *, const char *, void *))dlsym(RTLD_NEXT,
		"crypt_r");
	FILE *f = fopen(getenv("COUNT"), "a");

	fprintf(f, "%.3s %zu\n", setting, strlen(setting));
	fclose(f);
	return real(phrase, setting, data);
}
C
gcc -shared -fPIC -o "$T/count.so" "$T/count.c" || skip_all "no shared object"
settings() {
	dialogue "$1" >"$T/in"
	: >"$T/count"
	COUNT=$T/count LD_PRELOAD=$T/count.so "$SMTPE" -c "$T/control" \
	    -q "$T/queue" <"$T/in" >"$T/out" 2>"$T/log"
	cat "$T/count"
	grep -c '^535' "$T/out"
}

# same NAME GOT WANTED: shows only what differs.
same() {
	printf '%s\n' "$2" >"$T/got"
	printf '%s\n' "$3" >"$T/wanted"
	if diff "$T/wanted" "$T/got" >"$T/differs"; then
		pass "$1"
	else
		fail "$1"
		diag "$(cat "$T/differs")"
	fi
}

for method in yescrypt sha512 scram-sha-256; do
	rm -f "$USERS"
	for u in joe ann old; do
		echo "right-$u" | "$PASSWD" -m $method,cram-md5 "$USERS" $u
	done
	sed -i 's/^old:/&!/; s/^old:\(.*\) /old:\1 !/' "$USERS"
	calls joe >/dev/null # the first one makes the queue
	joe=$(calls joe)
	like "$method: a user's wrong passwords are refused" "$joe" '^2$'
	for u in zoe old ann nobody@elsewhere.example; do
		same "$method: the same calls for $u" "$(calls $u)" "$joe"
	done
	joe=$(settings joe)
	[ $method = scram-sha-256 ] ||
	    like "$method: crypt(3) is called" "$joe" '^\$'
	for u in zoe old; do
		same "$method: the same work for $u" "$(settings $u)" "$joe"
	done
done

"$PASSWD" -C "$USERS.cdb" "$USERS"
rm "$USERS"
same "a table: the same calls" "$(calls zoe)" "$(calls joe)"
done_testing
