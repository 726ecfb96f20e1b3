#!/bin/sh
# What makes it pleasant to try a policy: --check finds what is wrong, --trace
# shows what happens, --peer says who the client is, and the queue none leaves
# nothing, however the session ends.
# shellcheck source=t/lib.sh
. "${0%/*}/lib.sh"
need cdb python3 openssl

new_setup
control errordelay 0
mkdir "$T/tmp" "$T/run"
TMPDIR=$T/tmp
export TMPDIR
# Names of scripts are short, so that they are shown as they are.
cd "$T/run" || exit 1

# script NAME: NAME.lua is what standard input has.
script() {
	cat >"$1.lua"
}

# check SCRIPT OPTIONS...: what it says is $T/out, its log $T/log; STATUS.
check() {
	script=$1
	shift
	echo NOOP | "$SMTPE" --check -c "$T/control" -q "$T/queue" \
	    -s "$script.lua" "$@" >"$T/out" 2>"$T/log"
	STATUS=$?
}

good() {
	is "check: $1" "$STATUS $(tail -n 1 "$T/out")" "0 ok"
	unlike "... without a problem" "$(cat "$T/out")" '^problem'
}

# bad NAME PROBLEM: an ERE.
bad() {
	is "check: $1" "$STATUS $(tail -n 1 "$T/out")" "111 not ok"
	like "... is told" "$(cat "$T/out")" "^problem: $2"
	unlike "... and no client is spoken to" "$(cat "$T/out")" '^[0-9]{3}[ -]'
}

# --- check: what is there ---

script fine <<'LUA'
local function both() end
hook.helo, hook.ehlo = both, both
hook.mine = "a value of the script's own"
function hook.rcpt() end
LUA
check fine
good "a script"
is "... with its hooks and their places" \
    "$(sed -n 's/^hook: //p' "$T/out" | tr '\n' ',')" \
    "helo (fine.lua:1),ehlo (fine.lua:1),rcpt (fine.lua:4),"
is "... and nothing in the log" "$(cat "$T/log")" ""
unlike "... and no reply to anybody" "$(cat "$T/out")" '^[0-9]{3}[ -]'
like "... which controls somebody has set" "$(cat "$T/out")" '^control: rcpthosts$'
unlike "... and no others" "$(cat "$T/out")" '^control: maxline$'
like "... and where the queue will be" "$(cat "$T/out")" \
    "^queue: $T/queue \\(will be made\\)$"
ok "... but is not yet" test ! -e "$T/queue"
check fine -q none
good "the queue none"
unlike "... is no queue" "$(cat "$T/out")" '^queue'
is "... and leaves nothing" "$(find "$T/tmp" -mindepth 1)" ""
if [ -e /etc/smtpe/smtpe.lua ]; then
	skip 2 "this machine has a script of its own"
else
	"$SMTPE" --check -c "$T/control" -q none >"$T/out" 2>"$T/log" </dev/null
	STATUS=$?
	good "no script"
	like "... which it says" "$(cat "$T/out")" '^script: none$'
fi

# --- check: certificates ---

check fine -o "tlscert=$T/none.pem" -o "tlskey=$T/none.key,$T/more.key" \
    -o tlsclientca=/dev/null
bad "certificates" '/.*none\.pem: No such file or directory$'
like "... each of them" "$(cat "$T/out")" \
    '^problem: tlskey: more keys than certificates$'
like "... and the CAs of clients" "$(cat "$T/out")" '^problem: /dev/null: '

openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 \
    -subj /CN=x.example -keyout "$T/mx.key" -out "$T/mx.pem" 2>/dev/null
openssl x509 -in "$T/mx.pem" -signkey "$T/mx.key" -days -1 -out "$T/old.pem" \
    2>/dev/null
check fine -o "tlscert=$T/mx.pem" -o "tlskey=$T/mx.key"
good "a certificate"
mkdir "$T/control/tlscerts"
cat "$T/mx.pem" "$T/mx.key" >"$T/control/tlscerts/x.example.pem"
check fine
good "one by name"
check fine -o "tlscert=$T/old.pem" -o "tlskey=$T/mx.key"
bad "one whose time is over" "$T/old.pem: was valid until [0-9]{8}"
cp "$T/mx.pem" "$T/control/tlscerts/x.example.pem"
check fine
bad "one by name without its key" '.*/control/tlscerts/x.example.pem: no private key in it'
rm -r "$T/control/tlscerts"
printf '+1,1:x->y\n\n' | cdb -c "$T/control/tlscerts.cdb"
check fine
bad "in a table" '.*/control/tlscerts.cdb: x: no certificate in it'
rm "$T/control/tlscerts.cdb"

check fine -o tlsrequire=1
bad "tlsrequire without a certificate" 'tlscert: none, and mail is taken over TLS alone'
check fine --smtps
bad "--smtps without one" 'tlscert: none, and mail is taken over TLS alone'
echo 'function hook.params() return {tlscert = "x"} end' >params.lua
check params --smtps
good "--smtps, and the script knows"
check fine -o tlsrequire=1 -o hideextensions=starttls
like "tlsrequire that nobody can fulfil" "$(cat "$T/out")" \
    '^problem: hideextensions: STARTTLS, which tlsrequire wants$'
check fine -o smarthost=mx.example.net -o smarthosttls=verify
bad "a smart host that cannot be verified" \
    "smarthosttls: $T/control/tlsca.cdb: No such file or directory"
echo no table >"$T/ca"
check fine -o smarthost=mx.example.net -o smarthosttls=verify -o "tlsca=$T/ca"
bad "with a table that is none" "smarthosttls: $T/ca: .*"
check fine -o smarthost=mx.example.net -o smarthosttls=require
good "one that need not be"

# --- check: hooks ---

# suggests WRONG RIGHT: a name that is no hook, and the one that was meant.
suggests() {
	echo "function hook.$1() end" >"wrong.lua"
	check wrong
	bad "hook.$1" 'names in the table hook that are no stage: 1'
	like "... and the log has file, line and hook.$2" "$(cat "$T/log")" \
	    "event=hook-unknown hook=$1 text=\"wrong\\.lua:1: hook\\.$1 is no stage; did you mean hook\\.$2\\?\""
}
suggests rctp rcpt
suggests recpt rcpt
suggests elho ehlo
suggests headers header
suggests Dot dot
suggests outseq out_seq
suggests dat data
echo 'function hook.banana() end' >wrong.lua
check wrong
bad "a name that is like none" 'names in the table hook that are no stage: 1'
unlike "... and no suggestion" "$(cat "$T/log")" 'did you mean'
script twice <<'LUA'
function hook.mail() end

function hook.mail() end
LUA
check twice
bad "a hook that another replaces" 'functions of hook that another one replaces: 1'
like "... and the log has both places" "$(cat "$T/log")" \
    'event=hook-replaced hook=mail text="twice\.lua:3: hook\.mail takes the place of the one at twice\.lua:1"'
script wraps <<'LUA'
function hook.mail() end
local before = hook.mail
function hook.mail(...) return before(...) end
function hook.rcpt() end
hook.rcpt = nil
function hook.rcpt() end
function hook.helo() end
for k, f in pairs(hook) do hook[k] = function(...) return f(...) end end
function hook.noop() hook.noop, hook.help = print, print hook.help = next end
LUA
check wraps
good "hooks that were looked at, or taken back, before"
is "... and nothing in the log" "$(cat "$T/log")" ""
printf 'NOOP\r\nNOOP\r\n' >"$T/in"
smtpe_run "$T/in" -s wraps.lua -q none
unlike "a hook may be replaced while a session runs" "$(cat "$T/log")" \
    hook-replaced
printf 'function hook.mail() end\nhook.mail = 7\n' >number.lua
check number
bad "a hook that is no function" \
    'number\.lua:2: hook\.mail is a number, not a function$'

control log none
check wrong
like "check: who asked sees what is logged" "$(cat "$T/log")" 'event=hook-unknown'
rm "$T/control/log"

# --- check: scripts that cannot be loaded ---

rm -f none.lua
check none
bad "a script that is missing" 'none\.lua: .*No such file or directory$'
mkdir dir.lua
check dir
bad "a directory" 'dir\.lua: .*directory'
printf 'local x = 1\nif x then\n' >syntax.lua
check syntax
bad "a syntax error" "syntax\\.lua:3: 'end' expected \\(to close 'if' at line 2\\) near <eof>\$"
printf 'local t\n\nt.x = 1\n' >runtime.lua
check runtime
bad "an error while it loads" "runtime\\.lua:3: attempt to index a nil value \\(local 't'\\)\$"
printf 'require "no.such.module"\n' >require.lua
check require
bad "a module that is missing" "require\\.lua:1: module 'no\\.such\\.module' not found"
printf 'x = (\n' >module.lua
printf 'require "module"\n' >requires.lua
check requires -o "luapath=$T/run/?.lua"
bad "a module with an error" "requires\\.lua:1: error loading module 'module' .*module\\.lua:2: unexpected symbol"
printf '\nwhile true do end\n' >endless.lua
check endless -o hooktimeout=100ms
bad "a script that never ends" 'endless\.lua:2: out of time \(hooktimeout\)$'
printf 'local t = {}\nwhile true do t[#t + 1] = ("x"):rep(1000) end\n' >hungry.lua
check hungry -o luamemory=1M
bad "a script that eats memory" 'hungry\.lua:2: out of memory \(luamemory\)$'
printf 'error({})\n' >object.lua
check object
bad "an error that is no text" 'object\.lua:1: the error is a table value$'
printf '\033Lua' >binary.lua
check binary
bad "a compiled chunk" 'binary\.lua'

# --- the settings, and who has set them ---

is "--show-controls has what the launcher and the command say" \
    "$(DATABYTES=77 "$SMTPE" -c "$T/control" --show-controls --submission |
	grep -E '^(databytes|submission) ' | tr '\n' ',')" \
    "databytes 77 (launcher),submission 1 (option),"

# --- check: tables, settings, the queue ---

printf '+10,1:@e.example->1\n\n' | cdb -c "$T/control/recipients.cdb"
check fine
good "a table"
like "... is listed" "$(cat "$T/out")" "^table: $T/control/recipients\\.cdb\$"
head -c 100 "$T/control/recipients.cdb" >"$T/cut"
for table in recipients morercpthosts domains queues; do
	rm -f "$T/control"/*.cdb
	cp "$T/cut" "$T/control/$table.cdb"
	check fine
	bad "a damaged $table.cdb" "$T/control/$table\\.cdb: "
	rm "$T/control/$table.cdb"
	mkdir "$T/control/$table.cdb"
	check fine
	bad "a directory $table.cdb" "$T/control/$table\\.cdb: "
	rmdir "$T/control/$table.cdb"
done

# Each value of these is looked at, as in the settings of their names.
for line in 'domains relay_to=maybe' 'queues max_age=long' 'queues nothing'; do
	table=${line%% *}
	value=${line#* }
	printf 'good.example:\nx.example:%s\n' "$value" >values
	"$BUILD/queuerun/smtpe-cdb" map "$T/control/$table.cdb" values
	check fine
	bad "a value in $table.cdb: $value" \
	    "$T/control/$table\\.cdb: x\\.example: $value is (not|neither) "
	printf 'x.example:\n' >values
	"$BUILD/queuerun/smtpe-cdb" map "$T/control/$table.cdb" values
	check fine
	good "and without it"
	rm "$T/control/$table.cdb"
done

control maxline much
control databytes '-1'
rm "$T/control/locals"
mkdir "$T/control/locals"
check fine
bad "three settings that cannot be used, the first" \
    "$T/control/maxline:1: \"much\" is not a size"
like "... the second" "$(cat "$T/out")" \
    "^problem: $T/control/databytes:1: \"-1\" is not a size"
like "... and the third" "$(cat "$T/out")" \
    "^problem: $T/control/locals: is not a regular file"
rmdir "$T/control/locals"
rm "$T/control/maxline" "$T/control/databytes"
control relayhosts "# ours
192.0.2.0/24
192.0.2.0/33"
check fine
bad "a network that is none" "$T/control/relayhosts:3: "
rm "$T/control/relayhosts"
control rcpthost example.net
control greylistdelay 5m
check fine
good "a file with almost a setting's name"
like "... is noted" "$(cat "$T/out")" \
    "^note: $T/control/rcpthost is no control; did you mean rcpthosts\\?"
unlike "... but not one of a policy" "$(cat "$T/out")" 'greylistdelay'
rm "$T/control/rcpthost" "$T/control/greylistdelay"
SMTPE_MAXLINE=x check fine
is "check: an environment that cannot be used" \
    "$STATUS $(tail -n 1 "$T/out")" "111 not ok"
like "... which the log names" "$(cat "$T/log")" 'SMTPE_MAXLINE: '
check fine -o maxline=x
is "check: an option that cannot be used is a wrong command line" "$STATUS" 100
check fine --chekc
is "check: so is an option that there is not" "$STATUS" 100
check fine -c "$T/nowhere"
is "check: a control directory that is not there" \
    "$STATUS $(tail -n 1 "$T/out")" "111 not ok"
check fine -o dnsservers=somewhere
is "check: a DNS server that is none, on the command line" "$STATUS" 100
control dnsservers "127.0.0.1
somewhere"
check fine
bad "a DNS server that is none" "$T/control/dnsservers:2: .somewhere. is not"
rm "$T/control/dnsservers"
echo >"$T/file"
check fine -q "$T/file"
if [ "$(id -u)" -eq 0 ]; then
	is "check: a queue that is a file" "$STATUS" 111
else
	bad "a queue that is a file" "$T/file"
fi
ok "check: no queue was made" test ! -e "$T/queue"
is "check: nothing is left" "$(find "$T/tmp" -mindepth 1)" ""
"$SMTPE" --check -c "$T/control" -s fine.lua </dev/null >/dev/full 2>"$T/log"
is "check: nobody can hear the answer" "$?" 111

# --- trace ---

script trace <<'LUA'
function hook.accept(ip, ptr) end
function hook.command(line)
	if line == "NOOP other" then return "NOOP" end
	if line:find("^AUTH LOGIN") then return "AUTH PLAIN bXlzZWNyZXQ=" end
end
function hook.ehlo() return action.accept("hi") end
function hook.auth(argument, mechanism, user, password)
	return action.reject("no")
end
function hook.mail(sender, params)
	if sender == "e@x.example" then error "oh" end
	if sender == "d@x.example" then return true, action.defer("4.7.1 later") end
end
function hook.rcpt() return "250 2.1.5 fine\r\n" end
function hook.header(field) end
function hook.body(line) end
function hook.dot() return action.quarantine("odd") end
function hook.noop() return 7 end
function hook.out_seq(line) end
function hook.unknown(line) end
function hook.close(dropped) end
LUA
printf '%s\r\n' 'AUTH PLAIN AHVzZXIAbXlzZWNyZXQ=' 'EHLO "q\x' \
    'AUTH PLAIN AHVzZXIAbXlzZWNyZXQ=' 'AUTH LOGIN bXlzZWNyZXQ=' \
    'AHVzZXIAbXlzZWNyZXQ=' 'NOOP other' 'MAIL FROM:<e@x.example> SIZE=9' RSET \
    'MAIL FROM:<a@x.example> SIZE=9 BODY=8BITMIME' 'RCPT TO:<b@example.org>' \
    DATA 'Subject: x' " $(printf '%0200d' 0)" '' \
    "$(printf 'umlaut \303\274 tab \t')" 'two' . \
    'MAIL FROM:<d@x.example>' QUIT >"$T/in"
"$SMTPE" -c "$T/control" -q none -s trace.lua --trace -o log=none -o authplain=1 \
    --peer 192.0.2.1,Mail.Example <"$T/in" >"$T/both" 2>&1
sed 's/\r$//; s/\[[0-9]* us\]$/[N us]/' "$T/both" >"$T/seen"
ok "trace: each call has its time" test \
    "$(grep -c '^trace: hook.* \[[0-9]* us\]$' "$T/both")" \
    -eq "$(grep -c '^trace: hook' "$T/both")"
# sees NAME LINE: the line is there, as it is.
sees() {
	ok "trace: $1" grep -qxF -e "$2" "$T/seen"
}
sees "arguments" \
    'trace: hook.accept("192.0.2.1", "mail.example") -> nil  [N us]'
like "trace: quotes and backslashes, and a list" "$(cat "$T/seen")" \
    '^trace: hook\.ehlo\("\\"q\\\\x", \{"PIPELINING", "SIZE", .*"HELP"\}\) -> accept "hi"  \[N us\]$'
sees "a password is not shown" \
    'trace: hook.auth((secret), "PLAIN", "user", (secret)) -> reject 550 5.7.1 "no"  [N us]'
sees "another line" 'trace: hook.command("NOOP other") -> nil and {"NOOP"}  [N us]'
sees "a value that is no reply" 'trace: hook.noop() -> error, nil  [N us]'
sees "parameters" \
    'trace: hook.mail("a@x.example", {"SIZE=9", "BODY=8BITMIME"}) -> nil  [N us]'
sees "an error" \
    'trace: hook.mail("e@x.example", {"SIZE=9"}) -> error, nil  [N us]'
sees "a reply" \
    'trace: hook.rcpt("b@example.org", "example.org", {}) -> reply 250 "2.1.5 fine"  [N us]'
sees "a long value is cut" \
    "trace: hook.header(\"Subject: x\\r\\n $(printf '%0107d' 0)\"... (213 octets)) -> nil  [N us]"
sees "lines of a body" \
    'trace: hook.body("umlaut \xc3\xbc tab \x09\r\ntwo\r\n") -> nil  [N us]'
like "trace: quarantine" "$(cat "$T/seen")" \
    '^trace: hook\.dot\("/.*/queue/tmp/[0-9a-z]{26}", msg\) -> quarantine into odd  \[N us\]$'
sees "a drop" \
    'trace: hook.mail("d@x.example", {}) -> defer 451 4.7.1 "later", then drop  [N us]'
sees "a boolean" 'trace: hook.close(true) -> nil  [N us]'
sees "a command" 'trace: > MAIL FROM:<a@x.example> SIZE=9 BODY=8BITMIME'
sees "a command with a secret" 'trace: > AUTH (secret)'
unlike "trace: no password is anywhere" "$(cat "$T/both")" \
    'AHVzZXIAbXlzZWNyZXQ|bXlzZWNyZXQ|mysecret'
is "trace: only what can be printed" "$(LC_ALL=C tr -d '\n\r -~' <"$T/both")" ""
is "trace: what happens is shown in order" \
    "$(sed -n '/^trace: > RCPT/,/^354/p' "$T/seen" | grep -v hook.command)" \
    "trace: > RCPT TO:<b@example.org>
trace: hook.rcpt(\"b@example.org\", \"example.org\", {}) -> reply 250 \"2.1.5 fine\"  [N us]
250 2.1.5 fine
trace: > DATA
354 Go ahead, end with <CRLF>.<CRLF>"
"$SMTPE" -c "$T/control" -q none -s trace.lua -o log=none -o authplain=1 \
    --peer 192.0.2.1,Mail.Example <"$T/in" >"$T/plain" 2>"$T/err"
is "trace: without it there is none" "$(cat "$T/err")" ""
grep -v '^trace: ' "$T/both" >"$T/replies"
ok "trace: and the client hears the same" cmp "$T/plain" "$T/replies"
"$SMTPE" -c "$T/control" -q none -s trace.lua --trace -o log=none -o authplain=1 \
    --peer 192.0.2.1,Mail.Example <"$T/in" >"$T/plain" 2>/dev/full
is "trace: nobody can hear it: the session goes on" "$?" 0
ok "... as ever" cmp "$T/plain" "$T/replies"

# --- peer ---

script peer <<'LUA'
function hook.noop()
	return "250 2.0.0 " .. table.concat({ client.address, client.host,
	    tostring(client.port), tostring(client.local_address),
	    tostring(connection.relay) }, " ")
end
LUA
printf 'NOOP\r\nQUIT\r\n' >"$T/in"
# peer TEXT: what the script sees, or the exit status.
peer() {
	smtpe_run "$T/in" -q none -s peer.lua -o dnsservers=127.0.0.1:1 --peer "$@"
	[ "$STATUS" -eq 0 ] || {
		echo "$STATUS"
		return
	}
	sed -n 's/\r$//; s/^250 2\.0\.0 //p' "$T/out"
}
is "peer: with a name" "$(peer 192.0.2.1,mail.example)" \
    "192.0.2.1 mail.example nil nil false"
is "peer: its letters are lowered" "$(peer 192.0.2.1,Mail.EXAMPLE)" \
    "192.0.2.1 mail.example nil nil false"
is "peer: without one" "$(peer 192.0.2.1,)" "192.0.2.1 [192.0.2.1] nil nil false"
is "... nobody is asked" "$(grep -c event=dns "$T/log")" 0
is "peer: without a comma" "$(peer 192.0.2.1)" \
    "192.0.2.1 [192.0.2.1] nil nil false"
is "... the DNS is" "$(grep -c event=dns "$T/log")" 1
is "peer: IPv6" "$(peer 2001:DB8:0::1,mail.example)" \
    "2001:db8::1 mail.example nil nil false"
is "peer: IPv4 in IPv6" "$(peer ::ffff:192.0.2.1,x.example)" \
    "192.0.2.1 x.example nil nil false"
is "peer: --peer=IP" "$(peer 192.0.2.9,a.example --peer=192.0.2.1,b.example)" \
    "192.0.2.1 b.example nil nil false"
is "peer: relayhosts" "$(peer 192.0.2.1,x.example -o relayhosts=192.0.2.0/24)" \
    "192.0.2.1 x.example nil nil true"
is "peer: comes before the environment" \
    "$(PROTO=TCP TCPREMOTEIP=192.0.2.77 TCPREMOTEHOST=other.example \
	TCPREMOTEPORT=4 TCPLOCALIP=192.0.2.25 peer 192.0.2.1,x.example)" \
    "192.0.2.1 x.example nil nil false"
for text in '' localhost 192.0.2 192.0.2.256 192.0.2.1:25 '[192.0.2.1]' \
    ' 192.0.2.1' 192.0.2.0/24 '192.0.2.1,a b' '192.0.2.1,a,b' \
    '192.0.2.1,-' 192.0.2.1,a..b; do
	is "peer: '$text' is a wrong command line" "$(peer "$text")" 100
done
smtpe_run "$T/in" -q none --peer
is "peer: so is none" "$STATUS" 100

# --- the queue none ---

rm -rf "$T/queue"
# now FILE: all that is there, but for what this test writes itself.
now() {
	find "$T" | grep -Fv -e "$T/log" -e "$T/out" -e "$T/now" -e "$T/before" |
	    sort >"$T/$1"
}
# empty NAME: nothing is left of it.
empty() {
	now now
	ok "none: $1: nothing is left" diff "$T/before" "$T/now"
}
script dry <<'LUA'
function hook.data()
	context.first = true
end
function hook.dot(path)
	local file = assert(io.open(path, "rb"))
	local text = file:read("a")
	file:close()
	io.open(path .. ".mine", "w"):close()
	util.mkpath(path .. ".dir/a/b/c")
	os.execute("ln -s / " .. path .. ".dir/a/b/root; ln -s /etc/passwd " ..
	    path .. ".link; mkfifo " .. path .. ".fifo")
	if text:find("discard") then return action.discard() end
	if text:find("quarantine") then return action.quarantine("x") end
	if text:find("reject") then return action.reject("no") end
	if text:find("error") then error("oh") end
	if text:find("hang") then ("a"):rep(40):find(("a-"):rep(30) .. "b") end
	if text:find("endless") then while true do end end
	if text:find("disconnect") then return action.disconnect("bye") end
end
LUA
# dry TEXT: the code of the reply to the dot.
dry() {
	printf '%s\r\n' 'EHLO client.example' 'MAIL FROM:<a@client.example>' \
	    'RCPT TO:<b@example.org>' DATA 'Subject: x' '' "$1" . >"$T/run/in"
	shift
	smtpe_run "$T/run/in" -q none -s dry.lua -o hooktimeout=300ms "$@"
	rm "$T/run/in"
	tail -n 1 "$T/out" | cut -c 1-9
}
now before
is "none: a message" "$(dry hello)" "250 2.0.0"
like "... is not queued, says the reply" "$(cat "$T/out")" \
    '^250 2\.0\.0 Not queued, this is a dry run'
empty "a message"
for what in 'discard 250 2.0.0' 'quarantine 250 2.0.0' 'reject 550 5.7.1' \
    'error 250 2.0.0' 'hang 421 4.3.0' 'endless 451 4.3.0' \
    'disconnect 421 4.3.2'; do
	got=$(dry "${what%% *}")
	case ${what%% *} in
	disconnect) is "none: disconnect" "${got%% *}" 421 ;;
	*) is "none: ${what%% *}" "$got" "${what#* }" ;;
	esac
	empty "${what%% *}"
done
smtpe_run /dev/null -q none -s runtime.lua
is "none: a script that cannot be loaded" "$STATUS $(cut -c 1-9 "$T/out")" \
    "111 421 4.3.0"
empty "a script that cannot be loaded"
script kills <<'LUA'
os.execute("kill -TERM $PPID")
LUA
now before
smtpe_run /dev/null -q none -s kills.lua
is "none: a signal while the script is loaded" "$STATUS" 111
empty "a signal while the script is loaded"
smtpe_run /dev/null -q none -s dry.lua --peer 192.0.2.1,
is "none: a client that says nothing" "$STATUS" 0
empty "a client that says nothing"
for way in 'drop .* 0' 'timeout 421 0' 'TERM 421 .*' 'INT 421 .*' \
    'HUP 421 .*'; do
	got=$(python3 "$HERE/helpers/dry.py" "${way%% *}" "$T/tmp" "$SMTPE" \
	    -c "$T/control" -q none -s dry.lua -o timeoutsmtpd=300ms \
	    --peer 192.0.2.1, 2>"$T/log")
	like "none: ${way%% *} inside of a message" "$got" "^${way#* }\$"
	empty "${way%% *}"
done
# The banner goes out at once when there is a trace.
like "none: a signal while a line never ends" \
    "$(python3 "$HERE/helpers/dry.py" flood "$T/tmp" "$SMTPE" -c "$T/control" \
	-q none -s dry.lua --trace 2>"$T/log")" '^421 '
empty "a signal while a line never ends"
is "none: no temporary directory" \
    "$(TMPDIR=$T/nowhere dry hello) $STATUS" "421 4.3.0 0"
like "... says the log" "$(cat "$T/log")" "nowhere/smtpe-dry"
empty "no temporary directory"
is "none: as a control" "$(control queuedir none
    "$SMTPE" -c "$T/control" -o log=none </dev/null | cut -c 1-3
    rm "$T/control/queuedir")" 220
empty "as a control"

# What policies remember is of this session, unless somebody says where.
script remember <<'LUA'
function hook.noop()
	local dir = smtpe.getoption("statedir") .. "/test"
	util.mkpath(dir)
	local _, n = util.update(dir .. "/n", function(text)
		local n = (tonumber(text) or 0) + 1
		return tostring(n), n
	end)
	return "250 2.0.0 " .. n .. " " .. smtpe.getoption("queuedir")
end
LUA
printf 'NOOP\r\nNOOP\r\nQUIT\r\n' >"$T/in"
now before
smtpe_run "$T/in" -q none -s remember.lua
like "none: policies have a memory" "$(cat "$T/out")" \
    "^250 2\\.0\\.0 2 $T/tmp/smtpe-dry\\.[A-Za-z0-9]*/queue"
empty "policies with a memory"
control statedir "$T/state"
now before
smtpe_run "$T/in" -q none -s remember.lua
like "none: it is not the real one, which a file names" "$(cat "$T/out")" \
    '^250 2\.0\.0 2 '
empty "a control statedir"
smtpe_run "$T/in" -q none -s remember.lua -o "statedir=$T/own"
SMTPE_STATEDIR=$T/own smtpe_run "$T/in" -q none -s remember.lua
like "none: it is what the command line names, and stays" "$(cat "$T/out")" \
    '^250 2\.0\.0 4 '
is "... there" "$(cat "$T/own/test/n")" 4

# --- smtpe.trying: is it a try, or a client that is served? ---

script trying <<'LUA'
warn("trying: " .. tostring(smtpe.trying))
LUA
# trying WANTED NAME COMMAND...: with QUIT on standard input.
trying() {
	want=$1
	what=$2
	shift 2
	printf 'QUIT\r\n' | "$@" -c "$T/control" -q "$T/queue" \
	    -s trying.lua 2>&1 >"$T/out" |
	    sed -n 's/.*text="trying: \([a-z]*\)".*/\1/p' >"$T/trying"
	is "trying: $what" "$(cat "$T/trying")" "$want"
}
trying true "commands from a pipe" "$SMTPE"
trying true "--check" "$SMTPE" --check
client="env PROTO=TCP TCPREMOTEIP=192.0.2.7"
# shellcheck disable=SC2086
{
	trying false "a client of a launcher" $client "$SMTPE"
	trying true "... with --trace" $client "$SMTPE" --trace
	trying true "... with --peer" $client "$SMTPE" --peer 192.0.2.8
	trying true "... with --check" $client "$SMTPE" --check
}
python3 - "$SMTPE" "$T/control" "$T/queue" <<'X' >"$T/trying" 2>&1
import socket, subprocess, sys
ours, theirs = socket.socketpair()
ours.sendall(b"QUIT\r\n")
p = subprocess.run([sys.argv[1], "-c", sys.argv[2], "-q", sys.argv[3], "-s",
    "trying.lua"], stdin=theirs, stdout=theirs, stderr=subprocess.PIPE)
print(b"trying: false" in p.stderr, p.returncode)
X
is "trying: a socket of an unknown client" "$(cat "$T/trying")" "True 0"
done_testing
