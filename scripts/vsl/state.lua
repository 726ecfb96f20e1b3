-- vsl.state: what the getters and setters of a stage work on. There is one
-- stage at a time; a value that does not exist yet in it is an error that says
-- so.

local state = { api = {} }
local api = state.api

local current -- { stage =, set = }
local order = { connect = 1, helo = 2, authenticate = 3, mail = 4, rcpt = 5,
	preq = 6, postq = 7, deliver = 8 }
local trust -- the stage that trusted the connection
local routes -- recipient -> route, of routes_for's message
local routes_for

-- What is asked again is decided again: connect after XCLIENT, helo after it,
-- STARTTLS and a second HELO.
function state.again(stage)
	if stage == "connect" or stage == "helo" and trust ~= "connect" then
		trust = nil
	end
end

function state.enter(stage, set)
	current = { stage = stage, set = set }
	if stage == "preq" then
		routes, routes_for = nil, transaction.id
	end
end

function state.leave()
	current = nil
end

function state.trust(stage)
	if stage == "connect" or stage == "helo" or
	    stage == "authenticate" then
		trust = stage
	elseif current.set.msg then
		current.set.msg:set_meta("vsl_faccept", true)
	else
		state.message_trusted = transaction.id
	end
end

function state.trusted()
	return trust == "connect" or trust == "helo" or
	    trust == "authenticate" and connection.auth ~= nil or
	    client and state.message_trusted ~= nil and
	    state.message_trusted == transaction.id
end

local function need(name, from)
	if not current then
		error("vsl." .. name .. " outside of a stage", 3)
	end
	if order[current.stage] < order[from] then
		error("vsl." .. name .. " is not known yet in " ..
		    current.stage, 3)
	end
	return current.set
end

-- Of the connection: in the session's stages only.
local function facts(name, from)
	need(name, from or "connect")
	if order[current.stage] > order.preq then
		error("vsl." .. name .. ": there is no connection in " ..
		    current.stage, 3)
	end
end

function api.client_ip()
	facts("client_ip")
	return client.address
end

function api.client_port()
	facts("client_port")
	return client.port
end

function api.client_address()
	facts("client_address")
	return client.address .. ":" .. tostring(client.port)
end

function api.server_ip()
	facts("server_ip")
	return connection.local_ip
end

function api.server_port()
	facts("server_port")
	return connection.local_port
end

function api.server_address()
	facts("server_address")
	return tostring(connection.local_ip) .. ":" ..
	    tostring(connection.local_port)
end

function api.server_name()
	need("server_name", "connect")
	return smtpe.host
end

function api.helo()
	facts("helo", "helo")
	return current.set.helo or connection.helo
end

function api.is_secured()
	facts("is_secured")
	return connection.tls ~= nil
end

function api.is_authenticated()
	facts("is_authenticated")
	return connection.auth ~= nil
end

-- { mechanism =, authid =, authpass = }; authpass in authenticate only.
function api.auth()
	facts("auth", "authenticate")
	if current.set.auth then
		return current.set.auth
	end
	return connection.auth and { mechanism = connection.auth.mechanism,
		authid = connection.auth.user }
end

function api.mail_from()
	local set = need("mail_from", "mail")

	if set.msg then
		return set.msg:sender()
	end
	return set.mail_from or transaction.sender
end

-- The recipient at hand, in rcpt.
function api.rcpt()
	local set = need("rcpt", "rcpt")

	if not set.rcpt then
		error("vsl.rcpt: vsl.rcpt_list() in " .. current.stage, 2)
	end
	return set.rcpt
end

function api.rcpt_list()
	local set, list = need("rcpt_list", "rcpt"), {}

	if set.msg then
		return set.msg:recipients()
	end
	for i, r in ipairs(transaction.recipients) do
		list[i] = r
	end
	return list
end

local function msg_of(name)
	local set = need(name, "preq")

	return set.msg
end

-- The id that the queue and the log name.
function api.message_id()
	local set = need("message_id", "mail")

	return set.msg and set.msg:id() or transaction.id
end

function api.mail()
	return msg_of("mail"):data()
end

function api.rewrite_mail_from_envelope(new)
	msg_of("rewrite_mail_from_envelope"):set_sender(new)
end

function api.rewrite_rcpt_envelope(old, new)
	local msg, list, found = msg_of("rewrite_rcpt_envelope"), {}, false

	for i, r in ipairs(msg:recipients()) do
		list[i] = r
		if r == old then
			list[i], found = new, true
		end
	end
	if not found then
		error("vsl.rewrite_rcpt_envelope: no recipient " .. old, 2)
	end
	msg:set_recipients(list, { relay = true })
end

function api.add_rcpt_envelope(new)
	msg_of("add_rcpt_envelope"):add_recipient(new, { relay = true })
end

function api.remove_rcpt_envelope(old)
	msg_of("remove_rcpt_envelope"):remove_recipient(old)
end
api.add_rcpt_envelop = api.add_rcpt_envelope
api.remove_rcpt_envelop = api.remove_rcpt_envelope
api.rewrite_rcpt_envelop = api.rewrite_rcpt_envelope
api.rewrite_mail_from_envelop = api.rewrite_mail_from_envelope

function api.rewrite_mail_from_message(new)
	assert(msg_of("rewrite_mail_from_message"):set_header("From", new))
end

function api.has_header(name)
	return msg_of("has_header"):header(name) ~= nil
end

-- "" when there is none.
function api.get_header(name)
	return msg_of("get_header"):header(name) or ""
end

function api.set_header(name, value)
	assert(msg_of("set_header"):set_header(name, value))
end

function api.prepend_header(name, value)
	assert(msg_of("prepend_header"):prepend_header(name, value))
end

function api.append_header(name, value)
	assert(msg_of("append_header"):append_header(name, value))
end

function api.remove_header(name)
	assert(msg_of("remove_header"):remove_header(name))
end

-- Where recipients go. In preq they may differ: those with routes of their own
-- become entries of their own. Behind the queue an entry goes one way.
local function set_route(name, rcpt, route)
	local msg = msg_of(name)
	local list, found = msg:recipients(), false

	for _, r in ipairs(list) do
		found = found or r == rcpt
	end
	if not found then
		error("vsl." .. name .. ": no recipient " .. tostring(rcpt), 3)
	end
	if current.stage == "preq" then
		routes = routes or {}
		routes[rcpt] = route
	elseif #list == 1 then
		msg:set_meta("route", route)
	else
		error("vsl." .. name .. " for one of several recipients: in " ..
		    current.stage .. " they go one way; decide in preq", 3)
	end
end

local function set_all(name, route)
	local msg = msg_of(name)

	if current.stage ~= "preq" then
		msg:set_meta("route", route)
		return
	end
	routes = routes or {}
	for _, r in ipairs(msg:recipients()) do
		routes[r] = route
	end
end

local function smtp_route(host)
	host = tostring(host)
	if host:find("%]:%d+$") or host:find("^[^%[:]+:%d+$") then
		return "smtp:" .. host
	end
	if host:find(":", 1, true) and not host:find("^%[") then
		host = "[" .. host .. "]"
	end
	return "smtp:" .. host .. ":25"
end

function api.forward(rcpt, host)
	set_route("forward", rcpt, smtp_route(host))
end

function api.forward_all(host)
	set_all("forward_all", smtp_route(host))
end

function api.deliver(rcpt)
	set_route("deliver", rcpt, "smtp:")
end

function api.deliver_all()
	set_all("deliver_all", "smtp:")
end

function api.maildir(rcpt)
	set_route("maildir", rcpt, "maildir:")
end

function api.maildir_all()
	set_all("maildir_all", "maildir:")
end

function api.disable_delivery(rcpt)
	set_route("disable_delivery", rcpt, "discard:")
end

function api.disable_delivery_all()
	set_all("disable_delivery_all", "discard:")
end

-- preq may not have been asked about this message: what is there is another's.
local function routed()
	return routes ~= nil and routes_for == transaction.id
end

-- For hook.split: nil when nobody has a route of its own.
function state.split(msg)
	local groups, index, plain = {}, {}, {}

	if not routed() then
		return nil
	end
	for _, r in ipairs(msg:recipients()) do
		local route = routes[r]
		local group = plain

		if route then
			if not index[route] then
				index[route] = {}
				groups[#groups + 1] = index[route]
			end
			group = index[route]
		end
		group[#group + 1] = r
	end
	if #plain > 0 then
		groups[#groups + 1] = plain
	end
	return groups
end

-- For hook.received: the batch's own.
function state.route(msg)
	local first = msg:recipients()[1]

	if routed() and first and routes[first] then
		msg:set_meta("route", routes[first])
	end
end

-- The message of the stage at hand.
function state.msg()
	return current and current.set.msg
end

return state
