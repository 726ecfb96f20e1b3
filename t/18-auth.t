#!/bin/sh
# AUTH with real clients, in the clear and behind STARTTLS; SCRAM with clients
# of others and one of our own; strangers cost what users cost; smtpe-passwd
# and smtpe-checkpw by themselves.
# shellcheck source=t/lib.sh
. "${0%/*}/lib.sh"
need python3 tcpserver swaks curl msmtp gsasl openssl
PASSWD=$BUILD/smtpe/smtpe-passwd
CHECKPW=$BUILD/smtpe/smtpe-checkpw
USERS=$T/control/authusers

new_setup
control authplain 1
control errordelay 0
control authmechs 'SCRAM-SHA-256
CRAM-MD5
PLAIN
LOGIN'
echo 'open sesame' | "$PASSWD" -m scram-sha-256,cram-md5 "$USERS" joe
echo 'päss=wörd,' | "$PASSWD" -m scram-sha-256,cram-md5 "$USERS" 'a,b=c@example.org'
echo other | "$PASSWD" -i 20000 "$USERS" ann

# --- clients ---

serve_tcp -- "$SMTPE" -c "$T/control" -q "$T/queue"

# said CLIENT: what the log says of the AUTH before.
said() {
	until_true 5 grep -q 'event=session' "$T/log"
	sed -n 's/.*event=auth .*mechanism=\([^ ]*\) user=\(.*\)/\1 \2/p' \
	    "$T/log"
	: >"$T/log"
}

for m in PLAIN LOGIN CRAM-MD5; do
	: >"$T/log"
	swaks --server "127.0.0.1:$PORT" --from a@b.example \
	    --to x@elsewhere.example --auth "$m" --auth-user joe \
	    --auth-password 'open sesame' >"$T/said" 2>&1
	is "swaks, $m: sends to anybody" "$? $(said)" "0 $m joe"
	swaks --server "127.0.0.1:$PORT" --from a@b.example \
	    --to x@elsewhere.example --auth "$m" --auth-user joe \
	    --auth-password 'open' >"$T/said" 2>&1
	is "swaks, $m: a wrong password does not" \
	    "$? $(grep -c '535 5.7.8' "$T/said") $(said)" "28 1 "
done
swaks --pipe "$SMTPE -c $T/control -q $T/queue" --from a@b.example \
    --to x@elsewhere.example --auth PLAIN --auth-user ann \
    --auth-password other >"$T/said" 2>&1
is "swaks over a pipe" "$?" 0

for m in plain login cram-md5 scram-sha-256; do
	: >"$T/log"
	printf 'Subject: x\n\nx\n' | msmtp --host=127.0.0.1 --port="$PORT" \
	    --tls=off --auth="$m" --user=joe --passwordeval='echo open sesame' \
	    --from=a@b.example --domain=client.example --timeout=10 \
	    x@elsewhere.example >"$T/said" 2>&1
	is "msmtp, $m" "$? $(said)" "0 $(echo "$m" | tr a-z A-Z) joe"
done

for m in PLAIN LOGIN CRAM-MD5; do
	: >"$T/log"
	printf 'Subject: x\r\n\r\nx\r\n' | curl -s -m 10 \
	    --url "smtp://127.0.0.1:$PORT" --user 'joe:open sesame' \
	    --login-options "AUTH=$m" --mail-from a@b.example \
	    --mail-rcpt x@elsewhere.example -T - >"$T/said" 2>&1
	is "curl, $m" "$? $(said)" "0 $m joe"
done

for m in CRAM-MD5 PLAIN LOGIN; do
	: >"$T/log"
	python3 -c '
import smtplib, sys
s = smtplib.SMTP("127.0.0.1", int(sys.argv[1]), timeout=10)
s.ehlo()
s.esmtp_features["auth"] = sys.argv[2]
s.login("joe", "open sesame")
s.sendmail("a@b.example", ["x@elsewhere.example"], "Subject: x\r\n\r\nx\r\n")
s.quit()' "$PORT" "$m" >"$T/said" 2>&1
	is "python's smtplib, $m" "$? $(said)" "0 $m joe"
done

# gsasl_as USER PASSWORD: "0" when it says that it has authenticated.
gsasl_as() {
	printf 'QUIT\r\n' | gsasl --smtp --connect "127.0.0.1:$PORT" \
	    -m SCRAM-SHA-256 -a "$1" -p "$2" --no-starttls --no-cb \
	    >"$T/said" 2>&1 || :
	grep -c 'server trusted' "$T/said"
}
: >"$T/log"
is "gsasl, SCRAM-SHA-256" "$(gsasl_as joe 'open sesame') $(said)" \
    "1 SCRAM-SHA-256 joe"
is "gsasl, a name and a password with signs in them" \
    "$(gsasl_as 'a,b=c@example.org' 'päss=wörd,') $(said)" \
    '1 SCRAM-SHA-256 "a,b=c@example.org"'
is "gsasl, a wrong password" "$(gsasl_as joe 'open') $(said)" "0 "

# Without authplain only behind STARTTLS.
rm "$T/control/authplain"
openssl req -x509 -nodes -days 30 -newkey ec -pkeyopt \
    ec_paramgen_curve:prime256v1 -subj /CN=mx.example.org \
    -keyout "$T/key" -out "$T/cert" 2>/dev/null
cat "$T/cert" "$T/key" >"$T/both"
control tlscert "$T/both"
swaks --server "127.0.0.1:$PORT" --quit-after EHLO >"$T/said" 2>&1
is "without encryption it is not offered" "$(grep -c AUTH "$T/said")" 0
: >"$T/log"
swaks --server "127.0.0.1:$PORT" --tls --from a@b.example \
    --to x@elsewhere.example --auth LOGIN --auth-user joe \
    --auth-password 'open sesame' >"$T/said" 2>&1
is "swaks, behind STARTTLS" "$? $(said)" "0 LOGIN joe"
printf 'Subject: x\n\nx\n' | msmtp --host=127.0.0.1 --port="$PORT" \
    --tls=on --tls-certcheck=off --auth=scram-sha-256 --user=joe \
    --passwordeval='echo open sesame' --from=a@b.example --timeout=10 \
    --domain=client.example x@elsewhere.example >"$T/said" 2>&1
is "msmtp, SCRAM behind STARTTLS" "$? $(said)" "0 SCRAM-SHA-256 joe"
like "and Received says so" \
    "$(cat "$T"/queue/new/* | grep -a 'edit prepend Received')" ESMTPSA
control authplain 1

# --- SCRAM, our own client ---

as() {
	verb=$1
	shift
	PYTHONDONTWRITEBYTECODE=1 python3 "$HERE/helpers/auth_client.py" \
	    "$verb" "$@" -- \
	    "$SMTPE" -c "$T/control" -q "$T/queue" -o maxerrors=0 \
	    -o authfailures=0 2>>"$T/scram.log"
}
is "SCRAM: the proof and the signature are right" \
    "$(as scram joe 'open sesame')" "235 2.7.0 Authenticated"
is "SCRAM: other iterations" "$(as scram ann other)" \
    "235 2.7.0 Authenticated"
is "SCRAM: a wrong password" "$(as scram ann othe)" \
    "535 5.7.8 Authentication failed"
is "SCRAM: a stranger" "$(as scram zoe other)" \
    "535 5.7.8 Authentication failed"
is "SCRAM: a final message does not work twice" \
    "$(as replay joe 'open sesame')" "501 5.5.2 Not what the mechanism wants"
is "SCRAM: a user's salt stays" "$(as salt joe)" "$(as salt joe)"
zoe=$(as salt zoe)
is "SCRAM: a stranger's, too" "$(as salt zoe)" "$zoe"
like "SCRAM: and it looks like the others" "$zoe" '^[A-Za-z0-9+/]{22}== (16384|20000)$'
ok "SCRAM: it is the stranger's own" test "$zoe" != "$(as salt zoe2)"
if grep -q __asan_init "$SMTPE"; then
	skip 1 "a sanitizer keeps what was freed"
else
	is "the password is not left in memory" \
	    "$(as memory joe 'open sesame')" "235 0"
fi
is "a session that is killed leaves nothing running" "$(as orphan joe)" "1 0"
is "a flood: each gets one answer" "$(as flood 60 zoe)" "221*1 535*60"
unlike "no password in a log" "$(cat "$T/log" "$T/scram.log")" \
    'sesame|c2VzYW1l|wrong'

# --- a checkpassword program that hangs ---

printf 'EHLO x\r\nAUTH PLAIN %s\r\nQUIT\r\n' "$(printf '\0joe\0x' | base64)" \
    >"$T/in"
smtpe_run "$T/in" -o authusers= -o authtimeout=200ms \
    sh -c 'sleep 71.25 & sleep 71.25'
like "it is temporary" "$(cat "$T/out")" '^454 4\.7\.0'
none_left() {
	! grep -alz '^71\.25' /proc/[0-9]*/cmdline 2>/dev/null
}
ok "nothing that it started is left" until_true 5 none_left

# --- --check ---

is "--check finds nothing wrong with it" \
    "$("$SMTPE" -c "$T/control" -q none --check | tail -n 1)" ok
echo broken >"$T/broken"
like "--check asks smtpe-checkpw" \
    "$("$SMTPE" -c "$T/control" -q none -o authusers="$T/broken" --check 2>&1)" \
    '^problem: authusers: .*/broken'
rm -rf "$T/alone"
mkdir "$T/alone"
like "--check: submission needs somebody who knows passwords" \
    "$("$SMTPE" -c "$T/alone" -o me=x.example -q none --submission --check)" \
    '^problem: submission: '
is "... who may be the command line's" \
    "$("$SMTPE" -c "$T/alone" -o me=x.example -q none --submission --check \
	-o authplain=127.0.0.1 \
	/bin/checkpassword /bin/true | tail -n 1)" ok

like "--check: submission needs encryption, where AUTH does" \
    "$("$SMTPE" -c "$T/alone" -o me=x.example -q none --submission --check \
	/bin/checkpassword /bin/true)" \
    '^problem: tlscert: none, and mail is taken over TLS alone$'

# The example's settings, as smtpe(8) completes them.
cp -R "$HERE/../etc/submission" "$T/587"
cp "$T/control/me" "$T/587/"
echo "$T/both" >"$T/587/tlscert"
echo secret | "$PASSWD" "$T/587/authusers" joe@example.org
is "etc/submission needs me, a certificate and users" \
    "$("$SMTPE" -c "$T/587" -q "$T/queue" --submission --check | tail -n 1)" ok

# --- smtpe-passwd ---

is "users and what they have" "$("$PASSWD" -l "$USERS")" \
    "joe: scram-sha-256 cram-md5
a,b=c@example.org: scram-sha-256 cram-md5
ann: scram-sha-256"
is "a new file is its owner's alone" "$(stat -c %a "$USERS")" 600

# check USER PASSWORD [OPTION...]: smtpe-checkpw's status.
check() {
	user=$1 password=$2
	shift 2
	printf '%s\0%s\0x\0' "$user" "$password" |
	    "$CHECKPW" -f "$T/users" "$@" 3<&0 </dev/null 2>"$T/said"
	echo $?
}
f=$T/users
printf '# first\n\n' >"$f"
chmod 640 "$f"
for m in yescrypt sha512 bcrypt scram-sha-256 cram-md5; do
	echo "pw-$m" | "$PASSWD" -m $m "$f" "u-$m"
	is "$m: right, wrong" "$(check "u-$m" "pw-$m") $(check "u-$m" x)" "0 1"
done
is "comments and mode are kept" "$(head -n 1 "$f") $(stat -c %a "$f")" \
    "# first 640"
echo new | "$PASSWD" -m sha512 "$f" u-sha512
is "a new password" "$(check u-sha512 pw-sha512) $(check u-sha512 new)" "1 0"
is "the line stays where it was" "$(grep -n '^u-sha512:' "$f" | cut -d: -f1)" 4
"$PASSWD" -d "$f" u-sha512
is "taken out" "$? $(check u-sha512 new)" "0 1"
"$PASSWD" -d "$f" u-sha512 2>/dev/null
is "once" "$?" 100
ln -s users "$T/link"
echo two | "$PASSWD" "$T/link" link
ok "a link stays one" test -L "$T/link"
is "and its file is changed" "$(check link two)" 0
"$PASSWD" -C "$T/empty.cdb" "$f" && mv "$T/empty.cdb" "$T/table.cdb"
is "a table says the same" "$(printf 'link\0two\0x\0' |
    "$CHECKPW" -f "$T/table" 3<&0 </dev/null; echo $?)" 0
mv "$T/table.cdb" "$T/two"
sed -i '/^link:/d' "$f"
cp "$T/two" "$f.cdb"
is "what the text does not have the table may" "$(check link two)" 0
rm "$f.cdb"
echo half >"$f.new"
echo x | "$PASSWD" "$f" after
is "what a killed change left is no harm" "$(check after x) $(find "$T" -name '*.new')" "0 "
i=0
many=
while [ $i -lt 12 ]; do
	echo pw | "$PASSWD" -i 4096 "$T/many" "user$i" &
	many="$many $!"
	i=$((i + 1))
done
for p in $many; do
	wait "$p"
done
is "changes at the same time are all there" "$("$PASSWD" -l "$T/many" | wc -l)" 12
before=$(cksum <"$f")
for bad in 'a:b' '#a' ' a' ''; do
	echo x | "$PASSWD" "$f" "$bad" 2>/dev/null
	is "no name: '$bad'" "$?" 100
done
printf '\n' | "$PASSWD" "$f" empty 2>/dev/null
is "no empty password" "$?" 100
head -c 600 /dev/zero | tr '\0' x | "$PASSWD" "$f" long 2>/dev/null
is "none that checkpassword could not take" "$?" 100
head -c 73 /dev/zero | tr '\0' x | "$PASSWD" -m bcrypt "$f" long 2>/dev/null
is "none that bcrypt would cut" "$?" 100
printf 'a\001b\n' | "$PASSWD" "$f" control 2>/dev/null
is "none with a control character" "$?" 100
echo x | "$PASSWD" -m md5 "$f" x 2>/dev/null
is "no method that is none" "$?" 100
echo x | "$PASSWD" -i 100 "$f" x 2>/dev/null
is "no iterations below RFC 7677's" "$?" 100
is "nothing of that has changed the file" "$(cksum <"$f")" "$before"
is "on a terminal it asks twice and shows nothing" "$(python3 -c '
import os, pty, sys
pid, fd = pty.fork()
if pid == 0:
    os.execv(sys.argv[1], sys.argv[1:])
seen = b""
for answer in (b"tty pw\n", b"tty pw\n"):
    while not seen.endswith(b": "):
        seen += os.read(fd, 100)
    os.write(fd, answer)
    seen += b"|"
try:
    while True:
        seen += os.read(fd, 100)
except OSError:
    pass
print(os.waitpid(pid, 0)[1], b"tty" in seen, seen.count(b"\n"))
' "$PASSWD" "$f" tty) $(check tty 'tty pw')" "0 False 2 0"

# --- smtpe-checkpw ---

is "the program is run, as the user" \
    "$(printf 'tty\0tty pw\0x\0' | "$CHECKPW" -f "$f" \
	sh -c 'echo "$USER $1"; exit 7' sh arg 3<&0 </dev/null; echo $?)" \
    "tty arg
7"
is "only for the right password" "$(check tty x sh -c 'echo no')" 1
is "a program that is not there" "$(check tty 'tty pw' /nowhere/x)" 111
is "no descriptor 3" "$("$CHECKPW" -f "$f" 3<&- 2>/dev/null; echo $?)" 2
is "half a login" "$(printf 'tty\0tty pw' | "$CHECKPW" -f "$f" 3<&0 </dev/null
    echo $?)" 2
is "a login without an end" "$(head -c 100000 /dev/zero |
    "$CHECKPW" -f "$f" 3<&0 </dev/null; echo $?)" 2
is "no file" "$(f=$T/none; printf 'a\0b\0c\0' | "$CHECKPW" -f "$f" 3<&0 \
    </dev/null 2>/dev/null; echo $?)" 111
echo 'x:$nonsense$' >>"$f"
is "a hash that crypt(3) does not know is trouble" \
    "$(check x x) $(grep -c 'event=trouble' "$T/said")" "111 1"
is "and nobody else's" "$(check tty 'tty pw')" 0
echo 'x:$nonsense$' >"$T/strange"
is "not even a stranger's who costs as much" "$(printf 'y\0x\0x\0' |
    "$CHECKPW" -f "$T/strange" 3<&0 </dev/null 2>/dev/null; echo $?)" 1
chmod o+w "$f"
is "a file that everybody may write" "$(check tty 'tty pw')" 111
chmod o-w "$f"
if [ "$(id -u)" = 0 ] && [ ! -e /etc/smtpe/control/authusers ] &&
    command -v setpriv >/dev/null 2>&1; then
	cp "$CHECKPW" "$T/privileged"
	chown 54321 "$T/privileged"
	chmod 4755 "$T/privileged"
	chmod 755 "$T"
	chmod o+r "$f"
	like "privileged, it reads the system's file alone" \
	    "$(printf 'tty\0tty pw\0x\0' | SMTPE_CONTROL=$T \
		setpriv --reuid 54322 --regid 54322 --clear-groups \
		"$T/privileged" -f "$f" 3<&0 </dev/null 2>&1; echo $?)" \
	    '/etc/smtpe/control/authusers: No such'
else
	skip 1 "privileges: only as root, without a file of the system's"
fi

# A session that cannot read the file, and a smtpe-checkpw that may: in a mount
# namespace, where /etc is a copy.
separate() {
	mkdir -p "$T/etc" "$T/bin" "$T/spool" &&
	    cp -a /etc/. "$T/etc/" 2>/dev/null
	mkdir -p "$T/etc/smtpe/control" || return 1
	echo mx.example.org >"$T/etc/smtpe/control/me"
	echo 1 >"$T/etc/smtpe/control/authplain"
	echo apart | "$PASSWD" "$T/etc/smtpe/control/authusers" joe
	chown 54321 "$T/etc/smtpe/control/authusers"
	cp "$SMTPE" "$CHECKPW" "$T/bin/"
	chown 54321:54322 "$T/bin/smtpe-checkpw"
	chmod 4710 "$T/bin/smtpe-checkpw"
	chown 54322 "$T/spool"
	chmod 755 "$T" "$T/etc" "$T/etc/smtpe" "$T/etc/smtpe/control" "$T/bin"
	printf 'EHLO x\r\nAUTH PLAIN %s\r\nAUTH PLAIN %s\r\nQUIT\r\n' \
	    "$(printf '\0joe\0x' | base64)" \
	    "$(printf '\0joe\0apart' | base64)" >"$T/in"
	unshare -m sh -c 'mount --bind "$1/etc" /etc &&
	    exec setpriv --reuid 54322 --regid 54322 --clear-groups sh -c "
		cat /etc/smtpe/control/authusers >/dev/null && echo readable
		$1/bin/smtpe -o errordelay=0 -q $1/spool/queue <$1/in"' \
	    sh "$T" 2>"$T/log" | cut -c 1-3 | tr '\n' ' '
}
if [ "$(id -u)" = 0 ] && unshare -m true 2>/dev/null &&
    command -v setpriv >/dev/null 2>&1 && ! grep -q __asan_init "$SMTPE"; then
	like "a session that may not read authusers can ask all the same" \
	    "$(separate)" '^220 (250 )+535 235 221 $'
else
	skip 1 "privileges: only as root, in a mount namespace"
fi
done_testing
