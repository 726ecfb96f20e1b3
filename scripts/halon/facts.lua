-- halon.facts: the variables of a context, and what reads and changes the
-- message. There is one context at a time; what it does not have is an error
-- that says so.

local transports = require "halon.transports"

local facts = { api = {}, variables = {} }
local api, variables = facts.api, facts.variables

local now	-- { name =, set = }
local after = { predelivery = true, postdelivery = true, api = true }
local METADATA = "halon_metadata"

function facts.enter(name, set)
	now = { name = name, set = set }
end

function facts.leave()
	now = nil
end

-- facts.now(what) -> the context's name and what belongs to it
function facts.now(what)
	if not now then
		error(what .. " outside of a context", 3)
	end
	return now.name, now.set
end

-- "a@b" as { localpart =, domain = }; the null sender has neither.
function facts.address(text)
	local localpart, domain = text:match("^(.*)@([^@]*)$")

	return { localpart = localpart or text, domain = domain or "" }
end

-- "5.7.1" -> { 5, 7, 1 }
function facts.enhanced(text)
	local parts = {}

	for n in tostring(text or ""):gmatch("%d+") do
		parts[#parts + 1] = math.tointeger(tonumber(n))
	end
	return #parts == 3 and parts or nil
end

-- A table whose fields are asked for when they are read.
local function view(what, fields)
	return setmetatable({}, {
		__index = function(_, name)
			return fields[name] and fields[name]()
		end,
		__newindex = function()
			error("halon." .. what .. " cannot be changed", 2)
		end,
		__pairs = function()
			local all = {}

			for name, ask in pairs(fields) do
				all[name] = ask()
			end
			return next, all
		end,
	})
end

local of_connection = view("connection", {
	id = function() return connection.id end,
	remoteip = function() return connection.remote_ip end,
	remoteport = function() return connection.remote_port end,
	remoteptr = function() return connection.ptr end,
	localip = function() return connection.local_ip end,
	localport = function() return connection.local_port end,
	tls = function() return connection.tls end,
	relay = function() return connection.relay end,
	helo = function()
		return connection.helo and { host = connection.helo,
			verb = connection.protocol == "SMTP" and "HELO" or
			"EHLO" }
	end,
	auth = function()
		local auth = connection.auth

		return auth and { mechanism = auth.mechanism,
			username = auth.user }
	end,
})

local of_transaction = view("transaction", {
	id = function() return transaction.id end,
	sender = function() return transaction.sender end,
	senderaddress = function()
		return transaction.sender and
		    facts.address(transaction.sender)
	end,
	senderparams = function() return transaction.params end,
	recipients = function()
		local list = {}

		for i, r in ipairs(transaction.recipients or {}) do
			list[i] = r
		end
		return list
	end,
})

-- The message at hand; what is a name for messages.
local function message(what)
	local name, set = facts.now(what)

	if not set.msg then
		error(what .. ": there is no message in " .. name, 3)
	end
	return set.msg
end

local function recipient()
	return now.set.recipient or message("halon.message"):recipients()[1]
end

local function of(method)
	return function()
		local msg = message("halon.message")

		return msg[method](msg)
	end
end

local of_message = view("message", {
	id = of("id"),
	sender = of("sender"),
	senderaddress = function()
		return facts.address(message("halon.message"):sender())
	end,
	recipient = recipient,
	recipientaddress = function()
		return facts.address(recipient() or "")
	end,
	recipients = of("recipients"),
	size = of("size"),
	ts = function()
		return os.time() - message("halon.message"):age()
	end,
	transportid = function()
		local msg = message("halon.message")

		return msg:get_meta("halon_transportid") or
		    msg:get_meta("route")
	end,
})

local function session(what)
	local name = facts.now("halon." .. what)

	if after[name] then
		error("halon." .. what .. ": there is no connection in " ..
		    name, 3)
	end
end

function variables.connection()
	session("connection")
	return of_connection
end

function variables.transaction()
	session("transaction")
	return of_transaction
end

function variables.arguments()
	local _, set = facts.now("halon.arguments")

	return set.arguments
end

function variables.message()
	message("halon.message")
	return of_message
end

-- The script's own, of any type: of the connection, and in the queue of the
-- attempt.
function variables.context()
	if context.halon == nil then
		context.halon = {}
	end
	return context.halon
end

function facts.set_context(value)
	context.halon = value
end

-- The header.

function api.GetHeader(name, n)
	return message("GetHeader"):header(name, n)
end

function api.GetHeaders(name)
	return message("GetHeaders"):headers(name)
end

function api.SetHeader(name, value)
	assert(message("SetHeader"):set_header(name, value))
end

function api.PrependHeader(name, value)
	assert(message("PrependHeader"):prepend_header(name, value))
end

function api.AppendHeader(name, value)
	assert(message("AppendHeader"):append_header(name, value))
end
api.AddHeader = api.AppendHeader

function api.DelHeader(name, n)
	return assert(message("DelHeader"):remove_header(name, n))
end

local Mail = {}
Mail.__index = Mail
for _, name in ipairs { "GetHeader", "GetHeaders", "SetHeader", "AddHeader",
    "PrependHeader", "AppendHeader", "DelHeader" } do
	local fn = api[name]

	Mail[name:sub(1, 1):lower() .. name:sub(2)] = function(_, ...)
		return fn(...)
	end
end

function Mail:getSize()
	return message("getSize"):size()
end

function Mail:toString()
	return message("toString"):data()
end

local mail = setmetatable({}, Mail)

function facts.mail()
	return mail
end

function api.GetMailMessage()
	message("GetMailMessage")
	return mail
end

-- The envelope.

function api.SetSender(address)
	message("SetSender"):set_sender(address)
end

-- Instead of the recipient at hand; where there are several, an array.
function api.SetRecipient(address)
	local msg = message("SetRecipient")
	local old = msg:recipients()

	if type(address) ~= "table" then
		if #old > 1 then
			error("SetRecipient: there are several in " ..
			    now.name .. ": an array, or halon.eodrcpt", 2)
		end
		address = { address }
	end
	msg:set_recipients(address, { relay = true })
	if #old == 1 then
		transports.rename(old[1], address)
	end
end

-- A table that travels with the message until it is gone.
function api.SetMetaData(values)
	local text

	if type(values) ~= "table" then
		error("SetMetaData: not a table", 2)
	end
	if next(values) then
		text = assert(json.encode(values))
	end
	message("SetMetaData"):set_meta(METADATA, text)
end

function api.GetMetaData()
	local text = message("GetMetaData"):get_meta(METADATA)

	return text and assert(json.decode(text)) or {}
end

return facts
