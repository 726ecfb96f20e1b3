-- vsl.delegation: a message goes to an SMTP filter, which sends it back to the
-- receiver's address; there it goes on behind the rule that sent it away.
--
-- While the filter has it, it is the filter's: it leaves us only when the
-- filter has answered 250 to all of it. What comes to the receiver's address
-- is believed, and nothing else: let only the filter reach it.

local state = require "vsl.state"

local delegation = {}

local FIELD = "X-Vsl-Delegation"
local META = "vsl_delegation"

local Service = {}
Service.__index = Service
local services = {}

local function check_address(what, value)
	if type(value) ~= "string" or not value:match(":%d+$") then
		error("vsl.service: " .. what .. " is not host:port", 3)
	end
end

-- delegation.service{ delegator = "host:port" | { address =, timeout = },
-- receiver = "ip:port" [, timeout = seconds] }
function delegation.service(options)
	local delegator, timeout = options.delegator, options.timeout

	if type(delegator) == "table" then
		delegator, timeout = delegator.address,
		    delegator.timeout or timeout
	end
	check_address("delegator", delegator)
	check_address("receiver", options.receiver)
	local s = setmetatable({ delegator = delegator,
		receiver = options.receiver, timeout = tonumber(timeout) or
		10 }, Service)
	services[#services + 1] = s
	return s
end

function delegation.is_service(value)
	return getmetatable(value) == Service
end

local function here()
	local ip, port = connection.local_ip, connection.local_port

	if not ip then
		return nil
	end
	return (ip:find(":", 1, true) and "[" .. ip .. "]" or ip) .. ":" ..
	    tostring(port)
end

-- Is this session one of a filter's that sends messages back?
function delegation.is_back()
	local at = client and client.address and here()

	for _, s in ipairs(services) do
		if s.receiver == at then
			return true
		end
	end
	return false
end

-- delegation.open(main): preq is asked where only postq delegates, too, so
-- that the mark of what comes back gets behind the queue.
function delegation.open(main)
	for _, e in ipairs(main.postq or {}) do
		if e.kind == "delegate" then
			main.preq = main.preq or {}
		end
	end
end

-- delegation.resume(stage) -> the name of the entry that delegated this
-- message, when it is to go on behind it.
function delegation.resume(stage)
	local msg = state.msg()
	local mark, to, name

	if not msg then
		return nil
	end
	if stage == "preq" then
		mark = msg:header(FIELD)
		-- From anybody else it means nothing, and goes nowhere.
		if mark then
			assert(msg:remove_header(FIELD))
		end
		if not mark or not delegation.is_back() then
			return nil
		end
		to, name = mark:match("^(%w+); (.*)$")
		if to == "postq" then
			msg:set_meta(META, name)
			-- It was through preq already.
			error(action.accept(), 0)
		end
		return to == "preq" and name or nil
	end
	if stage == "postq" then
		name = msg:get_meta(META)
		if name then
			msg:set_meta(META, nil)
		end
		return name
	end
	return nil
end

-- delegation.send(stage, name, service) -> the verdict: what was handed over
-- is no longer ours; a filter that is down, or refuses, leaves it where it is.
function delegation.send(stage, name, service)
	local msg = state.msg()
	local file, why, result

	assert(msg:set_header(FIELD, stage .. "; " .. name))
	file, why = msg:compose()
	assert(msg:remove_header(FIELD))
	if not file then
		return action.defer(451, "4.3.0 cannot be delegated: " .. why)
	end
	result = smtp.sendfile({ service.delegator }, msg:sender(),
	    msg:recipients(), file, { timeout = service.timeout })
	if result.ok then
		return action.discard()
	end
	msg:log("delegation to " .. service.delegator .. " failed: " ..
	    tostring(result.reply))
	return action.defer(451, "4.3.0 cannot be checked now, try again later")
end

return delegation
