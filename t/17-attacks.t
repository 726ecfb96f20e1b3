#!/bin/sh
# What somebody with all day might try: endless lines, floods, and programs
# that run as root.
# shellcheck source=t/lib.sh
. "${0%/*}/lib.sh"
need perl openssl
in_memory 100000
new_setup

# A header line of more than 4 GiB with 64 MiB of memory: no counter wraps, and
# nothing is kept of it. The session goes on.
if grep -q __asan_init "$SMTPE"; then
	skip 4 "a sanitizer needs more memory than the limit gives"
else
	(
		# shellcheck disable=SC3045 # dash and bash have it
		ulimit -v 65536
		perl -e '
			$| = 1;
			print "EHLO x\r\nMAIL FROM:<a\@b.example>\r\n",
			    "RCPT TO:<b\@example.org>\r\nDATA\r\nX-Long: ";
			my $x = "x" x (1 << 20);
			print $x for 1 .. 4200;
			print "\r\n\r\nbody\r\n.\r\nNOOP\r\nQUIT\r\n"' |
		    "$SMTPE" -c "$T/control" -q "$MEMORY/queue" \
			>"$T/out" 2>"$T/log"
		echo $? >"$T/status"
	)
	is "a line of 4.1 GiB: exit 0" "$(cat "$T/status")" 0
	like "a line of 4.1 GiB: refused" "$(cat "$T/out")" '^552 5\.3\.4'
	like "and the session went on" "$(tail -n 1 "$T/out")" '^221'
	is "nothing is left of it" \
	    "$(find "$MEMORY/queue" -type f | wc -l)" 0
fi

# 100,000 recipients, 100,000 commands in one write: bounded, and answered.
control maxerrors 0
control errordelay 0
control maxjunk 0
perl -e 'print "EHLO x\r\nMAIL FROM:<a\@b.example>\r\n";
	print "RCPT TO:<b$_\@example.org>\r\n" for 1 .. 100000;
	print "NOOP\r\n" x 100000, "QUIT\r\n"' >"$T/in"
smtpe_run "$T/in" -o log=none
is "100,000 recipients: those within the limit are taken" \
    "$(grep -c '^250 2\.1\.5' "$T/out")" 1000
is "the others are put off" "$(grep -c '^452 4\.5\.3' "$T/out")" 99000
is "100,000 NOOPs are answered" "$(grep -c '^250 2\.0\.0' "$T/out")" 100000

# Ten thousand messages on one connection need no more memory than ten.
perl -e 'print "EHLO x\r\n"; for (1 .. 10000) {
	print "MAIL FROM:<a\@b.example>\r\nRCPT TO:<b\@example.org>\r\nRSET\r\n"
	}
	print "QUIT\r\n"' >"$T/in"
cat >"$T/script.lua" <<'LUA'
local function rss()
	for line in io.lines("/proc/self/status") do
		local kib = line:match("^VmRSS:%s+(%d+)")
		if kib then return tonumber(kib) end
	end
end
local n, early = 0
function hook.rset()
	n = n + 1
	collectgarbage()
	if n == 100 then early = rss() end
	if n == 10000 then
		local now = rss()
		io.stderr:write("lua: grown=", now - early, "\n")
		io.stderr:write("lua: flat=", tostring(now - early < 256), "\n")
	end
end
LUA
smtpe_run "$T/in" -s "$T/script.lua"
if grep -q __asan_init "$SMTPE"; then
	skip 1 "a sanitizer keeps what was freed for a while"
else
	like "10,000 transactions: memory stays flat" \
	    "$(grep '^lua:' "$T/log")" '^lua: flat=true'
fi

# Started as root, the queue's owner goes on, before the script is loaded.
if [ "$(id -u)" != 0 ]; then
	skip 6 "only root can become somebody else"
else
	chmod 755 "$T"
	rm -rf "$T/queue"
	mkdir -m 700 "$T/queue"
	chown nobody: "$T/queue"
	cat >"$T/script.lua" <<'LUA'
local function ids()
	local f = io.open("/proc/self/status")
	local text = f:read("a")
	f:close()
	return text:match("Uid:([^\n]*)") .. text:match("Gid:([^\n]*)") ..
	    text:match("Groups:([^\n]*)")
end
io.stderr:write("lua: ", ids(), "\n")
LUA
	session "$T/in"
	smtpe_run "$T/in" -s "$T/script.lua"
	user=$(id -u nobody)
	group=$(id -g nobody)
	is "root becomes the queue's owner" \
	    "$(sed -n 's/^lua:[[:space:]]*//p' "$T/log" | tr -s ' \t' ' ' | sed 's/ *$//')" \
	    "$user $user $user $user $group $group $group $group $group"
	is "the message is queued" "$(entries new)" 1
	is "entries belong to the owner, and to nobody else" \
	    "$(find "$T/queue/new" -type f -printf '%u %m %n\n')" "nobody 600 1"
	is "so do directories" \
	    "$(find "$T/queue" -mindepth 1 -type d ! -user nobody -o -type d -perm /077)" ""
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
	    -subj /CN=mx.example.org -keyout "$T/root.key" -out "$T/mx.pem" \
	    2>/dev/null
	chmod 644 "$T/mx.pem"
	check=$("$SMTPE" --check -c "$T/control" -q "$T/queue" \
	    -o tlscert="$T/mx.pem" -o tlskey="$T/root.key" </dev/null 2>&1)
	is "--check: not well" "$?" 111
	like "as the owner, who cannot read root's key" "$check" \
	    '^problem: .*root\.key: Permission denied$'
fi
done_testing
