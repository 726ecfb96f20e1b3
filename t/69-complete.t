#!/bin/sh
# Nothing that a script can use is without a test: the hooks, the verdicts, and
# each name of the programming interface, which are listed here once more, so
# that none can vanish. What a stage's verdicts do is 68-verdicts.t's.
# shellcheck source=t/lib.sh
. "${0%/*}/lib.sh"
top=${HERE%/*}

HOOKS='accept auth body close command content data domain dot ehlo eoh error firewall
forward header helo help mail noop out_seq queue_config quit rcpt received reply reset rset split starttls
unknown xclient'

# NAME KIND..., as they are in hook.dot of a client that has authenticated.
cat >"$T/interface" <<'EOT'
string smtpe. bin_version api_version copyright host
boolean smtpe. trying
function smtpe. getoption setoption
string client. address host id_log id_sess id_trans msg_file input
string client. local_address
integer client. port
boolean client. is_pipelining
function client. write
string connection. remote_ip local_ip ptr helo protocol id
integer connection. remote_port local_port
table connection. auth
function connection. get_meta set_meta
function transaction. get_meta set_meta
string transaction. id sender
table transaction. params recipients
function action. accept trust info reject defer discard quarantine disconnect
function action. hold
integer dns.class. IN CS CH HS ANY
integer dns.type. A AAAA CNAME DNAME MX NS PTR SOA TXT
integer dns.rcode. OK NOERROR FORMAT SERVFAIL NXDOMAIN NOT_IMPLEMENTED
integer dns.rcode. REFUSED ERRNO TIMEOUT
function dns. open close reset query wait ispending isequal
function dns. classname typename rcodename
function net. reverseip reverse_ip contains_ip format_ip find_ip
function net. is_ip_reserved is_ipv4_in_name
table net. is_ip
function syslog. open log error info debug close
integer syslog. LOG_PID LOG_CONS LOG_ODELAY LOG_NDELAY LOG_NOWAIT LOG_PERROR
integer syslog. LOG_KERN LOG_USER LOG_MAIL LOG_DAEMON LOG_AUTH LOG_SYSLOG
integer syslog. LOG_LPR LOG_NEWS LOG_UUCP LOG_CRON LOG_AUTHPRIV LOG_FTP
integer syslog. LOG_LOCAL0 LOG_LOCAL1 LOG_LOCAL2 LOG_LOCAL3 LOG_LOCAL4
integer syslog. LOG_LOCAL5 LOG_LOCAL6 LOG_LOCAL7
integer syslog. LOG_EMERG LOG_ALERT LOG_CRIT LOG_ERR LOG_WARNING LOG_NOTICE
integer syslog. LOG_INFO LOG_DEBUG
function header. add insert delete modify find
function text. find split natcmp
function uri. parse encode decode
function util. cpucount getloadavg mkpath date_to_time
function md5. new sum
function hash. md5 sha1 sha256 hmac
function base64. encode decode
function cdb. open find iterate
function json. encode decode
function service. clamd spamd rspamd http wait reset
function smtp. sendfile sendstring
EOT
while read -r kind prefix names; do
	for name in $names; do
		echo "$prefix$name $kind"
	done
done <"$T/interface" | sort >"$T/wanted"

# --- the hooks ---

hooks=$(sed -n 's/^HOOK(\([a-z_]*\),.*/\1/p' "$top/lib/hook.def" | sort)
is "each hook of the interface is a stage" \
    "$(for h in $HOOKS; do
	echo "$hooks" | grep -qx "$h" || echo "$h"
    done)" ""

# untraced FILE: the stages that no trace shows with their arguments.
untraced() {
	for h in $hooks; do
		grep -q "^H: $h(" "$1" || echo "$h"
	done
}
cat "$HERE"/dialog/*.smtp >"$T/dialogs"
is "each stage is in a dialog's trace" "$(untraced "$T/dialogs")" ""
grep -v '^H: xclient(' "$T/dialogs" >"$T/fewer"
is "one that is not is noticed" "$(untraced "$T/fewer")" xclient
for h in $hooks; do
	ok "hook.$h does something in a dialog" \
	    grep -qE "(hook|my|policy)\.$h\>" "$T/dialogs"
done

# --- what a script sees ---

cat >"$T/script.lua" <<LUA
dofile("$HERE/lua/list.lua")
local list = hook.accept
hook.accept = nil
function hook.auth() return "235 2.7.0 in" end
function hook.dot()
	list()
	for line in io.lines("$T/wanted") do
		local name = line:match("%S+")
		local value = _G
		for part in name:gmatch("[^.]+") do value = value[part] end
		local kind = math.type(value) or type(value)
		io.stderr:write("kind ", name, " ", kind, "\n")
	end
end
LUA
export PROTO=TCP TCPREMOTEIP=192.0.2.7 TCPREMOTEPORT=4711 \
    TCPREMOTEHOST=client.example TCPLOCALIP=192.0.2.25 TCPLOCALPORT=25
new_setup
{
	printf 'EHLO client.example\r\nAUTH PLAIN AGFubgB4\r\n'
	session "$T/in"
	sed 1d "$T/in"
} >"$T/session"
smtpe_run "$T/session" -s "$T/script.lua" -o authplain=1
like "the session ran" "$(cat "$T/out")" '^250 2\.0\.0 Queued'
sed -n 's/^kind //p' "$T/log" | sort >"$T/kinds"
is "each name of the interface is there, and is what it should be" \
    "$(comm -23 "$T/wanted" "$T/kinds")" ""

# --- and what tests name ---

# corpus: what tests say, but for this list.
cat "$HERE"/lua/*.lua "$HERE"/dialog/*.smtp "$HERE"/unit/*.c \
    "$HERE"/helpers/*.py >"$T/corpus"
for f in "$HERE"/*.t; do
	[ "$f" = "$HERE/69-complete.t" ] || cat "$f"
done >>"$T/corpus"
# Every word with dots in it, with what it ends in: each once.
words() {
	grep -oE '[A-Za-z_][A-Za-z0-9_]*([.][A-Za-z_][A-Za-z0-9_]*)*' "$1" |
	    sort -u
}
words "$T/corpus" >"$T/words"

# unnamed WORDS: the names in $T/names that no test holds. Constants may stand
# without their table: LOG_PID (60-modules.t knows which were read).
unnamed() {
	while read -r name; do
		case $name in
		syslog.LOG_* | net.is_ip.*) end=${name##*.} ;;
		*) end=$name ;;
		esac
		grep -qxF -e "$name" -e "$end" "$1" || echo "$name"
	done <"$T/names"
}
sed 's/ .*//' "$T/wanted" >"$T/names"
is "each name of the interface is named by a test" "$(unnamed "$T/words")" ""
grep -vx 'dns\.isequal' "$T/words" >"$T/fewer"
is "one that is not is noticed" "$(unnamed "$T/fewer")" dns.isequal

sed -n 's/^name \([^ ]*\) .*/\1/p' "$T/log" | grep -v '\.[0-9]*$' |
    sort -u >"$T/names"
ok "what is there was listed" test "$(wc -l <"$T/names")" -gt 150
like "with what a transaction has" "$(cat "$T/names")" '^client\.msg_file$'
is "nothing else that a script sees is without a test" \
    "$(unnamed "$T/words")" ""

# Of client, connection and transaction also what is nil in that session.
awk '/^const struct mod_fact mod_[a-z]*_facts\[\]/ {
	split($4, word, "_")
	table = word[2]
    }
    /^    \{"[a-z_]+", [a-z_]+\},/ {
	split($1, name, "\"")
	print table "." name[2]
    }
    /^};/ { table = "" }' "$top/lib/mod_client_facts.c" | sort >"$T/names"
ok "there are facts" test "$(wc -l <"$T/names")" -gt 20
is "each fact is named by a test" "$(unnamed "$T/words")" ""
done_testing
