--[[
kumo: the events of KumoMTA's SMTP listener over the hooks of smtpe, for
policies that were written for them (smtpe-kumo(7)).

	local kumo = require "kumo"

	kumo.on("smtp_server_mail_from", function(sender, conn_meta)
		if sender.domain == "bad.example" then
			kumo.reject(550, "5.7.1 not from here")
		end
	end)

Names that are not supported are reported to who tries the script
(kumo/missing.lua); calling one raises.
]]
local address = require "kumo.address"
local listener = require "kumo.listener"
local queue = require "kumo.queue"
local text = require "kumo.text"

-- Rooms that most sessions can do without are read when they are needed.
local message = {}
local report = smtpe.trying and require("kumo.missing").report or function() end

function message.new(...)
	return require("kumo.message").new(...)
end

local kumo = {}

-- kumo.reject(code, text): refuses what the event is about.
function kumo.reject(code, why)
	error(code < 500 and action.defer(code, why) or
	    action.reject(code, why), 0)
end

-- kumo.disconnect(code, text [, how]): the same, and closes the connection,
-- unless how is "If421" and code is not 421.
function kumo.disconnect(code, why, how)
	if how == "If421" and code ~= 421 then
		kumo.reject(code, why)
	end
	error(action.disconnect(code, why), 0)
end

-- Who has proved to be user, and as whom he then acts.
local acts_as = {}

-- Metadata of the connection: ours, and what the script sets.
local facts = {
	received_from = function()
		return client.address and
		    listener.endpoint(client.address, client.port)
	end,
	received_via = function()
		return connection.local_ip and listener.endpoint(
		    connection.local_ip, connection.local_port)
	end,
	hostname = function()
		return smtpe.getoption("me") or smtpe.host
	end,
	ehlo_domain = function()
		return connection.helo
	end,
	reception_protocol = function()
		return connection.protocol
	end,
	authn_id = function()
		return connection.auth and connection.auth.user
	end,
	-- STARTTLS and XCLIENT make both nobody again.
	authz_id = function()
		local user = connection.auth and connection.auth.user

		return user and acts_as[user] or user
	end,
	tls_cipher = function()
		return connection.tls and connection.tls.cipher
	end,
	tls_protocol_version = function()
		return connection.tls and connection.tls.protocol
	end,
}

local conn = {}

function conn:get_meta(name)
	local value = connection.get_meta(name)

	if value == nil and facts[name] then
		value = facts[name]()
	end
	return text.from_meta(value)
end

function conn:set_meta(name, value)
	connection.set_meta(name, text.to_meta(name, value))
end

-- event -> array of functions. Where that project lets several answer, the
-- first that returns something does; elsewhere the latest one counts.
local handlers = {}
local several = {
	init = true, pre_init = true, get_listener_domain = true,
	get_queue_config = true, requeue_message = true,
}

local function ask(event, ...)
	for _, fn in ipairs(handlers[event]) do
		local a, b = fn(...)

		if a ~= nil or b ~= nil then
			return a, b
		end
	end
end

-- event -> what puts it into the table `hook`.
local install = {}

function install.smtp_server_connection_accepted()
	function hook.accept()
		ask("smtp_server_connection_accepted", conn)
	end
end

local has_params = false

-- For a listener's own parameters, too, whichever comes first.
local function install_params()
	if has_params then
		return
	end
	has_params = true
	function hook.params(where)
		local more

		if handlers.smtp_server_get_dynamic_parameters then
			more = ask("smtp_server_get_dynamic_parameters",
			    where, conn)
		end
		return listener.controls(listener.params(where,
		    client.address, more), conn, report)
	end
end
install.smtp_server_get_dynamic_parameters = install_params

function install.smtp_server_ehlo()
	function hook.ehlo(domain, extensions)
		local list = ask("smtp_server_ehlo", domain, conn, extensions)

		return type(list) == "table" and list or nil
	end
	function hook.helo(domain)
		ask("smtp_server_ehlo", domain, conn, {})
	end
end

function install.smtp_server_mail_from()
	function hook.mail(sender)
		ask("smtp_server_mail_from", address.new(sender), conn)
	end
end

function install.get_listener_domain()
	function hook.domain(name)
		return ask("get_listener_domain", name,
		    conn:get_meta("received_via"), conn)
	end
end

function install.smtp_server_rcpt_to()
	function hook.rcpt(recipient)
		ask("smtp_server_rcpt_to", address.new(recipient), conn)
	end
end

function install.smtp_server_data()
	function hook.dot(_, msg)
		ask("smtp_server_data", message.new(msg, conn), conn)
	end
end

function install.smtp_server_split_transaction()
	function hook.split(msg)
		local split = ask("smtp_server_split_transaction",
		    message.new(msg, conn), conn)
		local keys, batches = {}, {}

		if split == nil then
			return nil
		end
		-- Keyed by whatever they were grouped by, too.
		for key in pairs(split) do
			keys[#keys + 1] = key
		end
		table.sort(keys, function(a, b)
			return tostring(a) < tostring(b)
		end)
		for i, key in ipairs(keys) do
			batches[i] = {}
			for j, a in ipairs(split[key]) do
				batches[i][j] = address.text(a)
			end
		end
		return batches
	end
end

-- The queue `null` takes everything and delivers nothing.
local function install_received()
	function hook.received(msg)
		for _, name in ipairs { "authn_id", "authz_id" } do
			if msg:get_meta(name) == nil then
				msg:set_meta(name, facts[name]())
			end
		end
		if handlers.smtp_server_message_received then
			ask("smtp_server_message_received",
			    message.new(msg, conn), conn)
		end
		if msg:get_meta("queue") == "null" then
			return action.discard()
		end
	end
end
function install.smtp_server_message_received() end

function install.get_queue_config()
	function hook.queue_config(domain, tenant, campaign, routing_domain)
		return ask("get_queue_config", domain, tenant, campaign,
		    routing_domain)
	end
end

function install.smtp_server_auth_plain()
	function hook.auth(argument, _, user, password)
		local initial = argument:match("^%S+%s+(%S+)$")
		local authz = initial and base64.decode(initial)

		if user == nil then
			return nil
		end
		authz = authz and authz:match("^(%Z+)%z") or user
		if ask("smtp_server_auth_plain", authz, user, password,
		    conn) ~= true then
			return action.reject(535,
			    "5.7.8 Authentication credentials invalid")
		end
		acts_as[user] = authz
		return action.accept()
	end
end

local verbs = { ["."] = "DATA", [""] = nil }

function install.smtp_server_rewrite_response()
	function hook.reply(reply, command)
		local status = tonumber(reply:match("^(%d%d%d)"))
		local lines, out = {}, {}

		for line in reply:gmatch("[^\r\n]+") do
			lines[#lines + 1] = line:sub(5)
		end
		local verb = command ~= "" and (verbs[command] or command) or nil
		local new, words = ask("smtp_server_rewrite_response", status,
		    table.concat(lines, "\n"), verb, conn)
		if new == nil and words == nil then
			return nil
		end
		words = words or table.concat(lines, "\n")
		for line in (words .. "\n"):gmatch("([^\n]*)\n") do
			out[#out + 1] = line
		end
		for i, line in ipairs(out) do
			out[i] = string.format("%03d%s%s", new or status,
			    i < #out and "-" or " ", line)
		end
		return table.concat(out, "\r\n")
	end
end

-- What changed its queue goes there at once.
function install.requeue_message()
	function hook.postdelivery(msg, result)
		local before = msg:queue()
		local m = message.new(msg)

		if result.action ~= "retry" then
			return nil
		end
		for _, fn in ipairs(handlers.requeue_message) do
			local ok, why = pcall(fn, m, string.format("%d %s %s",
			    result.code, result.enhanced, result.text))

			if not ok and type(why) ~= "string" then
				return action.reject(550, "5.0.0 " ..
				    (why.text or "refused by requeue_message"))
			elseif not ok then
				error(why, 0)
			end
		end
		local after = msg:queue()
		if after ~= before then
			return { queue = after, route = queue.route(msg),
				after = 0 }
		end
	end
end

-- Deferred first delivery (message:set_scheduling).
local function install_schedule()
	function hook.predelivery(msg)
		local at = msg:get_meta("first_attempt")
		local left = at and at - os.time()

		if msg:get_meta("queue") == "null" then
			return action.discard()
		end
		if left and left > 0 then
			return action.defer("scheduled",
			    { after = left, count = false })
		end
		return queue.route(msg)
	end
end

-- Events that are over when their handler is known.
local at_once = { init = true, pre_init = true }

function install.init()
	-- Called once the script is loaded; here that is at once.
	handlers.init[#handlers.init]()
end

function install.pre_init()
	handlers.pre_init[#handlers.pre_init]()
end

-- kumo.on(event, fn): see smtpe-kumo(7) for the events.
function kumo.on(event, fn)
	if type(fn) ~= "function" then
		error("kumo.on: " .. tostring(event) .. ": not a function", 2)
	end
	if smtpe.trying then
		require("kumo.missing").scan(fn, kumo)
	end
	if not install[event] then
		local why = require("kumo.missing").event(event)

		if not why then
			error("kumo.on: there is no event " .. tostring(event),
			    2)
		end
		report("the event " .. event, why)
		return
	end
	local first = handlers[event] == nil
	if first or not several[event] then
		handlers[event] = {}
	end
	table.insert(handlers[event], fn)
	if first or at_once[event] then
		install[event]()
	end
end

-- kumo.start_esmtp_listener{...}: what is of a connection counts for those
-- that come to its listen address; the rest is the launcher's.
function kumo.start_esmtp_listener(params)
	listener.add(params, report)
	install_params()
end

-- kumo.make_listener_domain{relay_to =, relay_from =, ...}
function kumo.make_listener_domain(params)
	return listener.domain(params, report)
end

-- kumo.make_queue_config{retry_interval =, max_age =, ...}
function kumo.make_queue_config(params)
	return queue.config(params, report)
end

local function logger(level)
	return function(...)
		local words = table.pack(...)

		for i = 1, words.n do
			words[i] = tostring(words[i])
		end
		print(level .. table.concat(words, " ", 1, words.n))
	end
end
kumo.log_debug = function() end
kumo.log_info = logger("")
kumo.log_warn = logger("warning: ")
kumo.log_error = logger("error: ")

kumo.json_encode = function(value)
	return assert(json.encode(value))
end
kumo.json_parse = function(data)
	return assert(json.decode(data))
end
kumo.json_load = function(path)
	local f <close> = assert(io.open(path, "r"))
	return assert(json.decode(f:read("a")))
end
kumo.json_encode_pretty = kumo.json_encode
-- A process is a session: it has nothing to gain from what it keeps.
kumo.memoize = function(fn)
	return fn
end

-- A table of theirs, or a function, that is not here: its use raises.
local function not_here(name, why)
	local function raise()
		error(name .. " is not supported: " .. why, 2)
	end

	return setmetatable({}, { __call = raise, __index = raise })
end

kumo.serde = setmetatable({
	json_encode = kumo.json_encode, json_parse = kumo.json_parse,
	json_load = kumo.json_load, json_encode_pretty = kumo.json_encode,
}, {
	__index = function(_, name)
		return not_here("kumo.serde." .. tostring(name),
		    listener.reason("serde"))
	end,
})

-- These configure parts of that server; here they do nothing, so that a whole
-- policy can be loaded.
for name in pairs(listener.ignored) do
	kumo[name] = function()
		report("kumo." .. name, listener.reason(name))
	end
end

setmetatable(kumo, {
	__index = function(_, name)
		report("kumo." .. tostring(name),
		    listener.reason(name))
		return not_here("kumo." .. tostring(name),
		    listener.reason(name))
	end,
})

-- Always there: the queue `null`, scheduling, routes of queues.
install_received()
install_schedule()

return kumo
