#!/bin/sh
# The dialect kumo: a script for each event, as they are published, and a
# policy for three tenants from the first byte to the Maildirs.
# shellcheck source=t/lib.sh
. "${0%/*}/lib.sh"
need python3 openssl tcpserver

DIALECT=kumo
# shellcheck source=t/lib-dialect.sh
. "$HERE/lib-dialect.sh"

# checked: what --check says of that script; its log is $T/named.
checked() {
	CHECKED=$("$SMTPE" --check -c "$T/control" -q "$T/queue" \
	    -s "$T/$name.lua" 2>"$T/named" </dev/null | tail -n 1)
}
# named TEST ERE: only who tries the script is told, and once.
named() {
	is "$1" "$(grep -cE "kumo: $2" "$T/named") $(grep -cE \
	    'kumo: .*not supported|hook-replaced' "$T/log")" "1 0"
}
# The one entry in the queue, its trailer and message; then it goes.
entry() {
	cat "$T/queue/new/"* 2>/dev/null
	rm -f "$T/queue/new/"*
}

try accepted QUIT <<'X'
kumo.on('smtp_server_connection_accepted', function(conn_meta)
  local peer = conn_meta:get_meta 'received_from'
  if peer == '192.0.2.7:4242' then
    kumo.reject(421, string.format('service not accepted from %s', peer))
  end
end)
X
said "connection_accepted: refused" '^421 .*not accepted from 192\.0\.2\.7:4242'

try params QUIT <<'X'
kumo.on('init', function()
  kumo.define_spool { name = 'data', path = '/tmp/data' }
  kumo.start_esmtp_listener {
    listen = '0.0.0.0:25',
    hostname = 'mx.static.example',
    max_message_size = 1000,
    client_timeout = '2 minutes',
    max_connections = 10,
    relay_hosts = { '127.0.0.1' },
    via = { ['192.0.2.1'] = { banner = 'Welcome', hostname = 'via.example' } },
  }
end)
kumo.on('smtp_server_get_dynamic_parameters', function(listener, conn_meta)
  if listener == '192.0.2.1:25' then
    return { max_recipients_per_message = 1 }
  end
end)
X
said "listener, via: banner and host" '^220 via\.example Welcome ESMTP'
is "and loads" "$STATUS" 0
checked
is "--check: nothing that would be a problem" "$CHECKED" ok
named "--check: what is not here" \
    'kumo\.define_spool is not supported: the control queuedir'
named "--check: its parameters" \
    'start_esmtp_listener\.max_connections is not supported: the launcher'
for how in "$SMTPE -s $T/params.lua" "env TCPREMOTEIP=192.0.2.7 PROTO=TCP \
    $SMTPE -s $T/params.lua --trace"; do
	echo QUIT | $how -c "$T/control" -q "$T/queue" 2>"$T/named" >"$T/out"
	named "and so does who tries it: ${how##*params.lua}" \
	    'kumo\.define_spool is not supported'
done

# As it is published: via in the answer, not in the listener.
try via QUIT <<'X'
kumo.on('init', function()
  kumo.start_esmtp_listener {
    listen = '0.0.0.0:25',
  }
end)
kumo.on('smtp_server_get_dynamic_parameters', function(listener, conn_meta)
  return {
    banner = 'All',
    peer = { ['192.0.2.0/24'] = { banner = 'Near' },
      ['192.0.2.7'] = { banner = 'You' }, ['0.0.0.0/0'] = { banner = 'Far' } },
    via = {
      ['192.0.2.1'] = { hostname = 'mx.example-customer.com' },
      ['192.0.2.2'] = { hostname = 'mx.other-customer.com' },
    },
  }
end)
X
said "dynamic parameters: via, and the nearest peer" \
    '^220 mx\.example-customer\.com You ESMTP'

try vault QUIT <<'X'
kumo.start_esmtp_listener { tls_certificate = { vault_path = 'x' } }
X
like "a certificate that is no file: 421 and why" "$(cat "$T/said" "$T/log")" \
    '^421 '
like "... and why" "$(cat "$T/log")" 'hook=params.*tlscert is a file here'

try limits "$ehlo" "$mail" "$rcpt" 'RCPT TO:<c@example.org>' QUIT <<'X'
kumo.on('smtp_server_get_dynamic_parameters', function(listener, conn_meta)
  return { max_recipients_per_message = 1, max_message_size = 1000 }
end)
X
said "dynamic parameters: SIZE" '^250[- ]SIZE 1000'
said "and recipients" '^452 4\.5\.3'

try ehlo "$ehlo" 'EHLO ok.example' QUIT <<'X'
kumo.on('smtp_server_ehlo', function(domain, conn_meta)
  conn_meta:set_meta('tried', domain)
  if domain == 'client.example' then
    kumo.reject(550, '5.7.1 bad name ' .. conn_meta:get_meta 'tried')
  end
end)
X
said "ehlo: refused" '^550 5\.7\.1 bad name client\.example'
said "ehlo: another is taken" '^250 ENHANCEDSTATUSCODES|^250-'

try extensions 'HELO client.example' "$ehlo" QUIT <<'X'
kumo.on('smtp_server_ehlo', function(domain, conn_meta, extensions)
  table.insert(extensions, 'X-SOMETHING')
  return extensions
end)
X
said "ehlo: HELO has no extensions" '^250 mx\.example\.org'
said "ehlo: the list may be changed" '^250[- ]X-SOMETHING'

try mail "$ehlo" 'MAIL FROM:<x@bad.domain>' "$mail" QUIT <<'X'
kumo.on('smtp_server_mail_from', function(sender)
  if sender.domain == 'bad.domain' and sender.user == 'x'
      and tostring(sender) == sender.email then
    kumo.reject(420, 'not thanks')
  end
end)
X
said "mail_from: its code" '^420 .*not thanks'
said "mail_from: others" '^250 2\.1\.0'

try domain "$ehlo" "$mail" 'RCPT TO:<c@relayed.example>' \
    'RCPT TO:<d@other.example>' "$rcpt" QUIT <<'X'
kumo.on('get_listener_domain', function(domain, listener, conn_meta)
  assert(listener == '192.0.2.1:25')
  if domain == 'relayed.example' then
    return kumo.make_listener_domain { relay_to = true, log_oob = true }
  end
end)
kumo.on('get_listener_domain', function(domain)
  if domain == 'never' then return kumo.make_listener_domain {} end
end)
X
is "get_listener_domain: ours, not theirs, ours" \
    "$(grep -E '^(250 2\.1\.5|550 5\.7\.1)' "$T/said" | cut -c1-3 | tr '\n' ' ')" \
    "250 550 250 "

try from "$ehlo" "$mail" 'RCPT TO:<c@other.example>' QUIT <<'X'
kumo.on('get_listener_domain', function(domain)
  if domain == 'sender.example' then
    return kumo.make_listener_domain { relay_from = { '192.0.2.0/24' } }
  end
end)
X
said "relay_from: its networks may send anywhere" '^250 2\.1\.5'

try rcpt "$ehlo" "$mail" 'RCPT TO:<nobody@example.org>' "$rcpt" QUIT <<'X'
kumo.on('smtp_server_rcpt_to', function(rcpt, conn_meta)
  if rcpt.user == 'nobody' then
    kumo.disconnect(421, 'go away ' .. rcpt.email)
  end
end)
X
said "disconnect: its reply" '^421 .*go away nobody@example\.org'
is "and the end" "$(tail -n 1 "$T/said" | cut -c1-3)" 421

try if421 "$ehlo" "$mail" "$mail" QUIT <<'X'
kumo.on('smtp_server_mail_from', function(sender, conn_meta)
  if not conn_meta:get_meta 'again' then
    conn_meta:set_meta('again', true)
    kumo.disconnect(451, '4.7.1 no thank you', 'If421')
  end
end)
X
said "disconnect, If421: a refusal" '^451 4\.7\.1 no thank you'
said "and the session goes on" '^250 2\.1\.0'

try data "$ehlo" "$mail" "$rcpt" 'RCPT TO:<c@example.org>' DATA \
    'Subject: spam' '' 'x' . "$mail" "$rcpt" 'RCPT TO:<c@example.org>' \
    DATA 'From: "Ann, A." <ann@from.example>' 'X-Tenant: other' \
    'X-Tenant: acme' 'To: b@example.org, C <c@example.org>' '' 'x' . QUIT <<'X'
kumo.on('smtp_server_data', function(msg, conn_meta)
  if msg:get_first_named_header_value('Subject') == 'spam' then
    kumo.reject(550, '5.7.1 no spam')
  end
  assert(#msg:recipient_list() == 2)
  assert(msg:recipient_list()[2].user == 'c')
end)
kumo.on('smtp_server_message_received', function(msg, conn_meta)
  conn_meta:set_meta('seen', true)
  assert(msg:from_header().domain == 'from.example')
  assert(msg:from_header().name == 'Ann, A.')
  assert(#msg:to_header().list == 2 and msg:to_header().list[2].name == 'C')
  assert(msg:get_address_header 'Reply-To' == nil)
  msg:import_x_headers({ 'X-Tenant' }, true)
  assert(msg:get_meta 'x_tenant' == 'other')
  msg:import_x_headers { 'X-Tenant' }
  msg:set_meta('tenant', msg:get_meta 'x_tenant')
  msg:set_meta('list', { 1, 'two' })
  assert(msg:get_meta('list')[2] == 'two')
  assert(msg:get_meta 'hostname' == 'mx.example.org')
  msg:remove_x_headers { 'X-Tenant' }
  msg:prepend_header('X-Added', 'yes')
  local failed = msg:check_fix_conformance('MISSING_COLON_VALUE',
    'MISSING_DATE_HEADER|MISSING_MESSAGE_ID_HEADER|MISSING_MIME_VERSION')
  assert(failed == nil)
  assert(msg:check_fix_conformance('NEEDS_TRANSFER_ENCODING') == nil)
  msg:add_authentication_results(msg:get_meta 'hostname', {
    { method = 'auth', result = 'pass', props = { ['smtp.auth'] = 'x' } } })
  assert(msg:queue_name() == 'acme@example.org')
  assert(msg:num_attempts() == 0 and msg:sender().user == 'a')
end)
X
said "data: refused by its subject" '^550 5\.7\.1 no spam'
said "received: accepted" '^250 2\.0\.0 '
entry >"$T/entry"
for want in '^meta tenant s acme' '^meta x_tenant s acme' '^edit .*X-Added' \
    '^edit .*Mime-Version:%201.0' '^edit .*Message-ID' '^edit remove' \
    '^edit .*Authentication-Results:.*auth=pass' '^meta list s json:'; do
	like "received: $want" "$(cat "$T/entry")" "$want"
done
is "received: nothing went wrong" "$(grep -c hook-error "$T/log")" 0

# A listener that does not say more: a message has one recipient, as theirs.
want="2 b@example.org c@example.org "
for handling in '' "batch_handling = 'BatchByDomain'"; do
	try one "$ehlo" "$mail" "$rcpt" 'RCPT TO:<c@example.org>' \
	    DATA 'x: y' '' . QUIT <<X
kumo.on('init', function()
  kumo.start_esmtp_listener { listen = '0.0.0.0:25', $handling }
end)
kumo.on('smtp_server_message_received', function(msg)
  local r = msg:recipient()
  print('recipient ' .. (r.email or #r))
end)
X
	is "batches: ${handling:-one recipient}" "$(entries new) $(sed -n \
	    's/.*text="recipient \(.*\)"/\1/p' "$T/log" | tr '\n' ' ')" \
	    "$want"
	rm -f "$T/queue/new/"*
	want="1 2 "
done

try split "$ehlo" "$mail" "$rcpt" 'RCPT TO:<c@example.org>' \
    'RCPT TO:<bb@example.org>' DATA 'x: y' '' . QUIT <<'X'
kumo.on('smtp_server_split_transaction', function(message, conn_meta)
  local by_letter = {}
  for _, recip in ipairs(message:recipient_list()) do
    local key = recip.user:sub(1, 1)
    by_letter[key] = by_letter[key] or {}
    table.insert(by_letter[key], recip)
  end
  return by_letter
end)
X
is "split_transaction: two entries" "$(entries new)" 2
is "with these recipients" "$(grep -ahE '^T ' "$T/queue/new/"* | sort | tr '\n' ' ')" \
    "T b@example.org T bb@example.org T c@example.org "
rm -f "$T/queue/new/"*

try config "$ehlo" "$mail" "$rcpt" DATA 'x: y' '' . QUIT <<'X'
kumo.on('smtp_server_message_received', function(msg)
  msg:set_meta('tenant', 'acme')
  msg:set_meta('campaign', 'news')
end)
kumo.on('get_queue_config', function(domain, tenant, campaign, routing_domain)
  assert(domain == 'example.org' and tenant == 'acme' and campaign == 'news')
  return kumo.make_queue_config {
    retry_interval = '10 minutes', max_retry_interval = 20 * 60,
    max_age = '1h 30m', max_message_rate = '1,000/hr', egress_pool = 'x',
    protocol = { maildir_path = '/var/mail/acme' },
  }
end)
X
like "get_queue_config: kept in the entry" "$(entry)" \
    '^queue-config retry_interval=600%20max_retry_interval=1200%20max_age=5400%20rate=1000/3600000ms%20route=maildir:/var/mail/acme$'
checked
named "what it cannot do" 'make_queue_config\.egress_pool is not supported'

# protocol and max_message_rate as they are published.
for pair in "maildir_path = '/m/{{ domain_part }}/{{local_part}}'|route=maildir:/m/%2525d/%2525u\$" \
    "smtp = { mx_list = { { name = 'mx.example.com', addr = '10.0.0.1' } } }|route=smtp:\[10.0.0.1\]:25\$" \
    "smtp = { mx_list = { 'smart.host.local' } }|route=smtp:smart.host.local:25\$"; do
	try protocol "$ehlo" "$mail" "$rcpt" DATA 'x: y' '' . QUIT <<X
kumo.on('get_queue_config', function()
  return kumo.make_queue_config { protocol = { ${pair%|*} } }
end)
X
	like "protocol: ${pair%|*}" "$(entry)" "^queue-config ${pair##*|}"
done
for pair in '10_000/d|10000/86400000ms' '50/min|50/60000ms' \
    'local:10/s,max_burst=3|10/1000ms'; do
	try rate "$ehlo" "$mail" "$rcpt" DATA 'x: y' '' . QUIT <<X
kumo.on('get_queue_config', function()
  return kumo.make_queue_config { max_message_rate = '${pair%|*}' }
end)
X
	like "rate: ${pair%|*}" "$(entry)" "^queue-config rate=${pair##*|}\$"
done

try null "$ehlo" "$mail" "$rcpt" DATA 'x: y' '' . QUIT <<'X'
kumo.on('smtp_server_message_received', function(msg)
  msg:set_meta('queue', 'null')
end)
X
said "the queue null: accepted" '^250 2\.0\.0'
is "and nothing queued" "$(entries new)" 0

plain=$(printf 'joe\0scott\0tiger' | base64)
as_joe=$plain
wrong=$(printf 'joe\0scott\0lion' | base64)
control authplain 1
try auth "$ehlo" "AUTH PLAIN $wrong" "AUTH PLAIN $plain" "$mail" \
    'RCPT TO:<c@other.example>' DATA 'x: y' '' . QUIT <<'X'
kumo.on('smtp_server_auth_plain', function(authz, authc, password, conn_meta)
  local password_database = { ['scott'] = 'tiger' }
  if password == '' then return false end
  return password_database[authc] == password
end)
X
said "auth_plain: refused" '^535 5\.7\.8'
said "auth_plain: taken" '^235 2\.7\.0'
said "and may relay" '^250 2\.1\.5'
entry >"$T/entry"
like "with its metadata" "$(cat "$T/entry")" '^meta authn_id s scott'
like "and as whom he acts" "$(cat "$T/entry")" '^meta authz_id s joe'

# As it is published: who is authenticated may relay, and nobody after him.
control xclienthosts 192.0.2.7
try authz "$ehlo" "$mail" 'RCPT TO:<c@other.example>' "AUTH PLAIN $as_joe" \
    RSET "AUTH PLAIN $as_joe" "$mail" 'RCPT TO:<c@other.example>' RSET \
    'XCLIENT ADDR=198.51.100.1' "$ehlo" "$mail" 'RCPT TO:<c@other.example>' \
    "$rcpt" DATA 'x: y' '' . QUIT <<'X'
kumo.on('smtp_server_auth_plain', function(authz, authc, password, conn_meta)
  return password == 'tiger'
end)
kumo.on('get_listener_domain', function(domain, listener, conn_meta)
  if conn_meta:get_meta 'authz_id' == 'joe' then
    return kumo.make_listener_domain { relay_to = true }
  end
end)
X
is "authz_id: nobody, joe, and after XCLIENT nobody" \
    "$(grep -E '^(250 2\.1\.5|550 5\.7\.1|235)' "$T/said" | cut -c1-3 |
	tr '\n' ' ')" "550 235 250 550 250 "
unlike "authz_id: nor in the metadata" "$(entry)" '^meta auth'
rm -f "$T/control/authplain" "$T/control/xclienthosts"

try rewrite "$ehlo" "$mail" "$rcpt" DATA 'x: y' '' . QUIT <<'X'
kumo.on('smtp_server_rewrite_response', function(status, response, command, conn_meta)
  if command == 'DATA' and status == 250 then
    return 250, 'super fantastic!\n' .. response
  end
end)
X
said "rewrite_response: two lines" '^250-super fantastic!$'
said "and ours behind it" '^250 2\.0\.0 .*[0-9a-z]{26}'
rm -f "$T/queue/new/"*

# After the 250: requeue_message moves it to another host's queue.
next_hops
try requeue "$ehlo" "$mail" "$rcpt" DATA 'x: y' '' . QUIT <<'X'
local SMART_HOST = '[10.0.0.1]'
kumo.on('requeue_message', function(msg, smtp_response)
  assert(smtp_response:find '^451 4%.7%.1')
  local queue = msg:queue_name()
  if queue ~= SMART_HOST and msg:num_attempts() >= 1 then
    msg:set_meta('queue', SMART_HOST)
    msg:set_scheduling(nil)
  end
end)
X
run() {
	"$QUEUERUN" -c "$T/control" -q "$T/queue" -s "$T/requeue.lua" "$@" \
	    2>>"$T/log.run"
}
run --flush
is "requeue: the first attempt fails" "$(entries due)" 1
run --flush
is "the second changes the queue" "$(entries due)" 1
run --flush
is "and there it is delivered" "$(entries due)$(entries new)$(entries dead)" 000
is "no error" "$(grep -c hook-error "$T/log.run")" 0
try away "$ehlo" "$mail" "$rcpt" DATA 'x: y' '' . QUIT <<'X'
kumo.on('requeue_message', function(msg)
  msg:set_meta('queue', 'null')
end)
X
: >"$T/log.run"
# It fails, and then it is discarded.
for _ in 1 2; do
	"$QUEUERUN" -c "$T/control" -q "$T/queue" -s "$T/away.lua" --flush \
	    2>>"$T/log.run"
done
is "requeue: to the queue null it is gone, and not delivered" \
    "$(entries due)$(entries new)$(entries dead) $(grep -c agent=smtp \
    "$T/log.run")" "000 1"
rm -f "$T/control/agentdir"

try unknown QUIT <<'X'
kumo.on('no_such_event', function() end)
X
is "an event that does not exist stops it" "$STATUS" 111
like "by name" "$(cat "$T/log")" 'there is no event no_such_event'
try parameter QUIT <<'X'
kumo.start_esmtp_listener { listen = '0:25', hostnme = 'x' }
X
like "so does a parameter" "$(cat "$T/log")" 'unknown parameter hostnme'
for params in "batch_handling = 'Never'" "trace_headers = { headr_name = 'X' }" \
    "peer = { ['10.0.0.1/33'] = {} }" \
    "via = { ['10.0.0.1'] = { tls_private_key = {} } }"; do
	try wrong </dev/null
	echo "kumo.start_esmtp_listener { $params }" >>"$T/wrong.lua"
	checked
	is "--check finds $params" "$CHECKED" "not ok"
done
try named QUIT <<'X'
kumo.on('get_egress_pool', function() end)
kumo.on('make.webhook', function() end)
kumo.on('smtp_server_get_dynamic_parameters', function()
  return kumo.serde.toml_load '/none'
end)
kumo.on('get_listener_domain', function()
  return kumo.make_listener_domain { relay_from_authz = { 'x' } }
end)
kumo.on('smtp_server_message_received', function(msg)
  print('kumo.spf is only a name here')
  local signer = kumo.dkim.rsa_sha256_signer { domain = 'x' }
  msg:dkim_sign(signer)
end)
X
like "what is missing is an error where it is called" "$(cat "$T/log")" \
    'event=hook-error.*kumo\.serde\.toml_load is not supported: the format'
is "and there alone" "$STATUS" 111
checked
for what in 'the event get_egress_pool' 'the event make\.webhook' 'kumo\.dkim' \
    'kumo\.serde\.toml_load' 'message:dkim_sign' \
    'make_listener_domain\.relay_from_authz'; do
	named "but is named: $what" "$what is not supported"
done

# Three tenants.
for t in one two three; do
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
	    -keyout "$T/$t.key" -out "$T/$t.pem" -subj "/CN=mx.$t.example" \
	    -days 2 2>/dev/null
done
cat >"$T/tenants.lua" <<X
local kumo = require 'kumo'
local TENANTS = {
  one = { ip = '127.0.0.1', size = 2000 },
  two = { ip = '127.0.0.2', size = 5000 },
  three = { ip = '127.0.0.3', size = 5000 },
}
local function tenant_of(listener)
  for name, t in pairs(TENANTS) do
    if listener:match('^' .. t.ip:gsub('%.', '%%.') .. ':') then
      return name, t
    end
  end
end
kumo.on('init', function()
  kumo.start_esmtp_listener { listen = '0.0.0.0:25', relay_hosts = {} }
end)
kumo.on('smtp_server_get_dynamic_parameters', function(listener, conn_meta)
  local name, t = tenant_of(listener)
  conn_meta:set_meta('tenant', name)
  return {
    hostname = 'mx.' .. name .. '.example', max_message_size = t.size,
    tls_certificate = '$T/' .. name .. '.pem',
    tls_private_key = '$T/' .. name .. '.key',
    batch_handling = name == 'three' and 'BifurcateAlways' or 'BatchByDomain',
  }
end)
kumo.on('get_listener_domain', function(domain, listener, conn_meta)
  if domain == conn_meta:get_meta 'tenant' .. '.example' then
    return kumo.make_listener_domain { relay_to = true }
  end
end)
kumo.on('smtp_server_rcpt_to', function(rcpt, conn_meta)
  if rcpt.user == 'closed' then
    kumo.reject(550, '5.1.1 ' .. conn_meta:get_meta 'tenant' .. ' has no such user')
  end
end)
kumo.on('smtp_server_message_received', function(msg)
  msg:set_meta('campaign', msg:get_first_named_header_value 'X-Campaign')
end)
kumo.on('get_queue_config', function(domain, tenant, campaign)
  if tenant == 'two' then
    return kumo.make_queue_config { retry_interval = '5 minutes',
      protocol = { maildir_path = '$T/mail/two' } }
  end
end)
kumo.on('get_queue_config', function(domain, tenant, campaign)
  return kumo.make_queue_config {
    protocol = { maildir_path = '$T/mail/' .. (tenant or 'none') } }
end)
X
rm -rf "$T/control" "$T/queue"
control me mx.example.org
control locals none.invalid
cat >"$T/tenants.py" <<'X'
import smtplib, ssl, sys
port, ca = int(sys.argv[1]), sys.argv[2]
for i, name in enumerate(("one", "two", "three"), 1):
    c = smtplib.SMTP(f"127.0.0.{i}", port, local_hostname="client.example")
    c.ehlo()
    print(name, "banner", c.ehlo_resp.split(b"\n")[0].decode().split()[0],
          "size", c.esmtp_features["size"])
    context = ssl.create_default_context(cafile=f"{ca}/{name}.pem")
    context.check_hostname = False
    c.starttls(context=context)
    c.ehlo()
    print(name, "certificate verified")
    print(name, "others", c.docmd("MAIL FROM:<a@x.example>")[0],
          c.docmd("RCPT TO:<a@one.example>")[0],
          c.docmd("RCPT TO:<a@two.example>")[0],
          c.docmd("RCPT TO:<a@three.example>")[0],
          c.docmd(f"RCPT TO:<closed@{name}.example>")[1].decode())
    c.rset()
    print(name, "sent", c.sendmail("a@x.example", [f"u@{name}.example",
          f"v@{name}.example"], "X-Campaign: c%d\r\n\r\nx\r\n" % i))
    c.quit()
X
tcpserver -1 -H -R -l 0 0.0.0.0 0 "$SMTPE" -c "$T/control" -q "$T/queue" \
    -s "$T/tenants.lua" >"$T/port" 2>"$T/log" </dev/null &
SERVER=$!
started "$SERVER"
until_true 10 test -s "$T/port"
python3 "$T/tenants.py" "$(cat "$T/port")" "$T" >"$T/said" 2>&1
is "three tenants: the clients end well" $? 0
stop "$SERVER"
said "its own host and limit" '^one banner mx\.one\.example size 2000'
said "another's" '^two banner mx\.two\.example size 5000'
is "certificates of their own" "$(grep -c 'certificate verified' "$T/said")" 3
said "only its own domain: one" '^one others 250 250 550 550 5\.1\.1 one has no such user'
said "only its own domain: two" '^two others 250 550 250 550 5\.1\.1 two'
said "only its own domain: three" '^three others 250 550 550 250 5\.1\.1 three'
is "entries: batches as each wants them" "$(entries new)" 4
"$SMTPE_QUEUE" -c "$T/control" -q "$T/queue" list --json >"$T/list"
for q in c1:one@one.example c2:two@two.example c3:three@three.example; do
	like "queue $q" "$(cat "$T/list")" "$q"
done
"$QUEUERUN" -c "$T/control" -q "$T/queue" -s "$T/tenants.lua" 2>>"$T/log"
for t in one two three; do
	is "$t: its own Maildir" \
	    "$(find "$T/mail/$t/new" -type f 2>/dev/null | wc -l)" 2
done
is "nothing went wrong, or needs to be said" \
    "$(grep -cE 'hook-error|hook-replaced|event=script' "$T/log")" 0
[ "$failed" -eq 0 ] || diag "$(tail -n 20 "$T/log")"
done_testing
