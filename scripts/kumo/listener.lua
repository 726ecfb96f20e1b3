-- kumo.listener: tables of that project's parameters as settings of ours.

local text = require "kumo.text"

local listener = {}

-- listener.endpoint(ip, port) -> "192.0.2.1:25", "[::1]:25"
function listener.endpoint(ip, port)
	return (ip:find(":", 1, true) and "[" .. ip .. "]" or ip) .. ":" ..
	    tostring(port or 0)
end

local batches = { BifurcateAlways = "recipient", BatchByDomain = "domain" }

local function seconds(value)
	local n = text.duration(value)

	if not n then
		error("kumo: not a duration: " .. tostring(value), 0)
	end
	return n
end

-- Of start_esmtp_listener: name -> function(value, controls, params).
local known = {
	hostname = function(v, c) c.me = v end,
	banner = function(v, c, params)
		c.smtpgreeting = (params.hostname or smtpe.host) .. " " ..
		    v:gsub("\r?\n", " ")
	end,
	max_message_size = function(v, c) c.databytes = v end,
	max_recipients_per_message = function(v, c) c.maxrecipients = v end,
	max_messages_per_connection = function(v, c) c.maxmessages = v end,
	line_length_hard_limit = function(v, c) c.maxline = v end,
	client_timeout = function(v, c) c.timeoutsmtpd = seconds(v) end,
	relay_hosts = function(v, c) c.relayhosts = v end,
	tls_certificate = function(v, c) c.tlscert = v end,
	tls_private_key = function(v, c) c.tlskey = v end,
	batch_handling = function(v, c)
		c.batch = batches[v] or
		    error("kumo: batch_handling: " .. tostring(v), 0)
	end,
	trace_headers = function(v, c)
		local list = {}

		if v.received_header ~= false then
			list[1] = "received"
		end
		if v.supplemental_header ~= false then
			list[#list + 1] = "supplement"
		end
		c.traceheaders = #list > 0 and list or { "none" }
		if v.header_name then
			c.supplementheader = v.header_name
		end
		if v.include_meta_names then
			c.supplementmeta = v.include_meta_names
		end
	end,
	meta = function(v, _, _, conn)
		for name, value in pairs(v) do
			conn:set_meta(name, value)
		end
	end,
	-- Looked at before.
	listen = function() end, via = function() end, peer = function() end,
}

local elsewhere = {
	deferred_queue = "nothing is accepted unread",
	deferred_spool = "a message is on the disk before its 250",
	data_buffer_size = "buffers have one size",
	data_processing_timeout = "the control hooktimeout is the process's",
	invalid_line_endings = "bare line ends are always refused",
	max_connections = "the launcher limits connections",
	allow_xclient = "the control xclienthosts",
	require_proxy_protocol = "the control proxyhosts",
	tls_required_client_ca = "the control tlsclientca",
}

local listeners = {}

-- listener.add(params, report)
function listener.add(params, report)
	for k in pairs(params) do
		if elsewhere[k] then
			report("start_esmtp_listener." .. k, elsewhere[k])
		elseif not known[k] then
			error("kumo: start_esmtp_listener: unknown parameter " ..
			    tostring(k), 3)
		end
	end
	listeners[#listeners + 1] = params
end

-- "0.0.0.0:25", "0:25", ":25", "[::]:25" against where the client came to.
local function matches(listen, where)
	local ip, port = tostring(listen):match("^%[?([^%]]-)%]?:(%d+)$")
	local to_ip, to_port = where:match("^%[?([^%]]-)%]?:(%d+)$")

	if not port or port ~= to_port then
		return false
	end
	return ip == "" or ip == "0" or ip == "0.0.0.0" or ip == "::" or
	    ip == to_ip
end

local function merge(into, from)
	for k, v in pairs(from) do
		into[k] = v
	end
end

-- listener.static(where, ip) -> the parameters of the listener that this is,
-- refined by its via and peer tables. A connection whose address nobody knows
-- (a pipe) is the first listener's.
function listener.static(where, ip)
	local found, params

	for _, l in ipairs(listeners) do
		if not found and (where == nil or
		    matches(l.listen or "127.0.0.1:2025", where)) then
			found = l
		end
	end
	params = {}
	-- A single one is meant whatever the launcher listens on.
	found = found or (#listeners == 1 and listeners[1])
	if not found then
		return params
	end
	merge(params, found)
	for net_of, more in pairs(found.via or {}) do
		local our = where and where:match("^%[?([^%]]-)%]?:%d+$")

		if our and net.contains_ip(net_of, our) then
			merge(params, more)
		end
	end
	for net_of, more in pairs(found.peer or {}) do
		if ip and net.contains_ip(net_of, ip) then
			merge(params, more)
		end
	end
	return params
end

-- listener.controls(params, conn) -> table for hook.params
function listener.controls(params, conn)
	local c = {}

	for k, v in pairs(params) do
		if known[k] then
			known[k](v, c, params, conn)
		elseif not elsewhere[k] then
			error("kumo: unknown listener parameter " ..
			    tostring(k), 0)
		end
	end
	return c
end

-- listener.domain(params, report) -> table for hook.domain
function listener.domain(params, report)
	local d = {}

	for k, v in pairs(params) do
		if k == "relay_to" or k == "relay_from" then
			d[k] = v
		elseif k == "log_oob" or k == "log_arf" or
		    k == "relay_from_authz" then
			if v and v ~= "Ignore" then
				report("make_listener_domain." .. k,
				    "reports are mail like any other here")
			end
		else
			error("kumo: make_listener_domain: unknown parameter " ..
			    tostring(k), 3)
		end
	end
	return d
end

local queue_times = {
	retry_interval = true, max_retry_interval = true, max_age = true,
}
local queue_elsewhere = {
	egress_pool = "routes deliver", shrink_policy = "nothing is in memory",
	strategy = "there is one", timerwheel_tick_interval = "there is none",
	reap_interval = "there is none", refresh_interval = "there is none",
	refresh_strategy = "there is one", provider_name = "routes deliver",
	ttl = "max_age", overall_max_message_rate = "max_message_rate",
}

-- protocol = { maildir = {...} }, { smtp = { mx_list = {...} } },
-- { custom_lua = ... }
local function route_of(protocol, report)
	if protocol.maildir or protocol.maildir_path then
		return "maildir:" .. (protocol.maildir_path or
		    protocol.maildir.maildir_path)
	end
	if protocol.smtp and protocol.smtp.mx_list then
		if #protocol.smtp.mx_list > 1 then
			report("make_queue_config.protocol.smtp.mx_list",
			    "only its first host is used")
		end
		return listener.host_route(protocol.smtp.mx_list[1])
	end
	if next(protocol) then
		report("make_queue_config.protocol." .. next(protocol),
		    "the routes are maildir and smtp; hook.send for others")
	end
	return nil
end

-- listener.host_route("[10.0.0.1]") -> "smtp:[10.0.0.1]:25"
function listener.host_route(host)
	if host:match("%]$") or not host:find(":", 1, true) then
		return "smtp:" .. host .. ":25"
	end
	return "smtp:" .. host
end

-- listener.queue(params, report) -> table for hook.queue_config
function listener.queue(params, report)
	local q = {}

	for k, v in pairs(params) do
		if queue_times[k] then
			q[k] = seconds(v)
		elseif k == "max_message_rate" then
			q.rate = v
		elseif k == "max_concurrency" then
			q.concurrency = v
		elseif k == "protocol" then
			q.route = route_of(v, report)
		elseif queue_elsewhere[k] then
			report("make_queue_config." .. k, queue_elsewhere[k])
		else
			error("kumo: make_queue_config: unknown parameter " ..
			    tostring(k), 3)
		end
	end
	return q
end

-- listener.route(msg) -> where metadata `queue` or `routing_domain` send it:
-- a host; nil for everything else.
function listener.route(msg)
	local to = msg:get_meta("routing_domain") or msg:get_meta("queue")

	if msg:get_meta("route") or type(to) ~= "string" or
	    to:find("[@:!]") and not to:find("^%[.*%]$") then
		return nil
	end
	if to:find("^%[.*%]$") or to:find(".", 1, true) then
		return listener.host_route(to)
	end
	return nil
end

-- What has no effect and breaks nothing when it is left out.
listener.ignored = {
	define_spool = "the control queuedir names the queue",
	start_http_listener = "there is no HTTP listener",
	configure_local_logs = "the control log says where events go",
	configure_log_hook = "the log is one line for each event",
	configure_bounce_classifier = "history has each reply (smtpe-queue why)",
	configure_accounting_db_path = "there is none",
	configure_redis_throttles = "rates are per queue (queues)",
	set_diagnostic_log_filter = "the control log says where events go",
	set_lruttl_cache_capacity = "there are no caches",
	set_memory_hard_limit = "the control luamemory, and the launcher's limits",
	set_memory_soft_limit = "the control luamemory, and the launcher's limits",
	set_max_lua_context_age = "a process is a session",
	set_max_lua_context_use_count = "a process is a session",
	set_max_spare_lua_contexts = "a process is a session",
	set_spoolin_threads = "there is no spool to be read in",
	set_qmaint_threads = "queuerun's workers",
	define_egress_source = "routes and agents deliver",
	define_egress_pool = "routes and agents deliver",
	make_egress_source = "routes and agents deliver",
	make_egress_pool = "routes and agents deliver",
	make_egress_path = "routes and agents deliver",
}

local reasons = {
	dkim = "there is no DKIM here: rspamd signs (service.rspamd)",
	dns = "the module dns of smtpe-lua(7)",
	spf = "rspamd checks it (service.rspamd)",
	http = "the module service of smtpe-lua(7)",
	sqlite = "use the module cdb, or a policy's own store",
	aws = "there is none",
	amqp = "routes amqp: deliver (agent-amqp(8))",
	secrets = "files with the right mode",
	inject_message = "smtp.sendstring of smtpe-lua(7)",
}

-- listener.reason(name) -> why kumo.NAME is not here.
function listener.reason(name)
	return listener.ignored[name] or reasons[name] or
	    "it has no counterpart here"
end

return listener
