-- halon.transports: names of routes, and which of them the recipients of a
-- transaction were given. What is no name here and has a colon is a route
-- itself.

local transports = { map = {} }

function transports.set(map)
	if type(map) ~= "table" then
		error("halon.transports is not a table", 3)
	end
	for id, route in pairs(map) do
		if type(id) ~= "string" or type(route) ~= "string" then
			error("halon.transports: names and routes are " ..
			    "strings", 3)
		end
	end
	transports.map = map
end

-- transports.route(verdict, id) -> its route
function transports.route(verdict, id)
	local found = transports.map[id] or
	    type(id) == "string" and id:find(":", 1, true) and id

	if not found then
		error(verdict .. ": there is no transport " .. tostring(id) ..
		    " in halon.transports", 4)
	end
	return found
end

-- Of the message, from now on; nil leaves it.
function transports.give(verdict, msg, id)
	if id ~= nil then
		msg:set_meta("route", transports.route(verdict, id))
		msg:set_meta("halon_transportid", id)
	end
end

-- Of recipients, from rcptto until the end of the transaction.
local kept, kept_for
local on_route

-- fn is called when a recipient has a route of its own.
function transports.when_routed(fn)
	on_route = fn
end

local function key(recipient)
	return (recipient:gsub("@[^@]*$", string.lower))
end

function transports.keep(verdict, recipient, id)
	local _ = transports.route(verdict, id)

	if kept_for ~= transaction.id then
		kept, kept_for = {}, transaction.id
	end
	kept[key(recipient)] = id
	on_route()
end

function transports.routed()
	return kept ~= nil and kept_for == transaction.id
end

-- What is decided for the message later stands for all of it.
function transports.forget()
	kept = nil
end

-- A recipient's transport is his under another address, too.
function transports.rename(old, new)
	if transports.routed() and kept[key(old)] then
		for _, address in ipairs(new) do
			kept[key(address)] = kept[key(old)]
		end
	end
end

-- transports.settle(msg): the first recipient's is the batch's.
function transports.settle(msg)
	local recipient = msg:recipients()[1]

	if recipient and transports.routed() then
		transports.give("Accept", msg, kept[key(recipient)])
	end
end

return transports
