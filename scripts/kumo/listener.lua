-- kumo.listener: tables of that project's parameters as settings of ours.

local listener = {}

-- listener.endpoint(ip, port) -> "192.0.2.1:25", "[::1]:25"
function listener.endpoint(ip, port)
	return (ip:find(":", 1, true) and "[" .. ip .. "]" or ip) .. ":" ..
	    tostring(port or 0)
end

local batches = { BifurcateAlways = "recipient", BatchByDomain = "domain" }

local trace_known = {
	received_header = true, supplemental_header = true,
	header_name = true, include_meta_names = true,
}

-- A certificate or key: only what is in a file.
local function path(control)
	return function(v, c)
		if type(v) ~= "string" then
			error("kumo: " .. control .. " is a file here, no " ..
			    type(v), 0)
		end
		c[control] = v
	end
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
	client_timeout = function(v, c) c.timeoutsmtpd = v end,
	relay_hosts = function(v, c) c.relayhosts = v end,
	tls_certificate = path("tlscert"),
	tls_private_key = path("tlskey"),
	batch_handling = function(v, c)
		c.batch = batches[v] or
		    error("kumo: batch_handling: " .. tostring(v), 0)
	end,
	trace_headers = function(v, c)
		local list = {}

		for k in pairs(v) do
			if not trace_known[k] then
				error("kumo: unknown parameter trace_headers." ..
				    tostring(k), 0)
			end
		end
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

-- What would be an error at the first connection is one when the script is
-- tried.
local function try(params, report)
	listener.controls(params, { set_meta = function() end }, report)
	for _, name in ipairs { "via", "peer" } do
		for net_of, more in pairs(params[name] or {}) do
			net.contains_ip(net_of, "192.0.2.1")
			try(more, report)
		end
	end
end

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
	if smtpe.trying then
		try(params, report)
	end
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

-- The listener that a connection to where is one of. A connection whose
-- address nobody knows (a pipe) is the first one's, and a single one is meant
-- whatever the launcher listens on.
local function find(where)
	for _, l in ipairs(listeners) do
		if where == nil or #listeners == 1 or
		    matches(l.listen or "127.0.0.1:2025", where) then
			return l
		end
	end
	return {}
end

-- Of a table by network the value of the smallest one that ip is in.
local function nearest(nets, ip)
	local best, found = -1, nil

	for name, value in pairs(ip and nets or {}) do
		local bits = tonumber(name:match("/(%d+)$")) or 128

		if bits > best and net.contains_ip(name, ip) then
			best, found = bits, value
		end
	end
	return found
end

-- listener.params(where, ip, more) -> the parameters for a client with this
-- address: those of the listener, more in their place, and what via and peer
-- then say of our address and of his.
function listener.params(where, ip, more)
	local params = {}

	merge(params, find(where))
	merge(params, more or {})
	merge(params, nearest(params.via,
	    where and where:match("^%[?([^%]]-)%]?:%d+$")) or {})
	merge(params, nearest(params.peer, ip) or {})
	-- Scripts for such a listener know messages of one recipient.
	if #listeners > 0 and params.batch_handling == nil then
		params.batch_handling = "BifurcateAlways"
	end
	return params
end

-- listener.controls(params, conn, report) -> table for hook.params
function listener.controls(params, conn, report)
	local c = {}

	for k, v in pairs(params) do
		if known[k] then
			known[k](v, c, params, conn)
		elseif elsewhere[k] then
			report("start_esmtp_listener." .. k, elsewhere[k])
		else
			error("kumo: unknown listener parameter " ..
			    tostring(k), 0)
		end
	end
	return c
end

local domain_elsewhere = {
	log_oob = "reports are mail like any other here",
	log_arf = "reports are mail like any other here",
	relay_from_authz = "who has authenticated may relay",
}

-- listener.domain(params, report) -> table for hook.domain
function listener.domain(params, report)
	local d = {}

	for k, v in pairs(params) do
		if k == "relay_to" or k == "relay_from" then
			d[k] = v
		elseif domain_elsewhere[k] then
			if v and v ~= "Ignore" then
				report("make_listener_domain." .. k,
				    domain_elsewhere[k])
			end
		else
			error("kumo: make_listener_domain: unknown parameter " ..
			    tostring(k), 3)
		end
	end
	return d
end

-- Parameters that mean nothing here -> why.
listener.elsewhere, listener.domain_elsewhere = elsewhere, domain_elsewhere

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
	serde = "the format is JSON",
	toml_load = "the format is JSON: kumo.json_load",
	toml_parse = "the format is JSON: kumo.json_parse",
	domain_map = "a table, and string.match",
	cidr = "net.contains_ip of smtpe-lua(7)",
	make_throttle = "rates are per queue (make_queue_config)",
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
