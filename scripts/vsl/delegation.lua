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

local function check(what, options, names)
	if type(options) ~= "table" then
		error("vsl.service: " .. what .. " is not a table", 3)
	end
	for name in pairs(options) do
		if not names[name] then
			error("vsl.service: " .. what .. " has no " ..
			    tostring(name), 3)
		end
	end
end

local units = { [""] = 1, s = 1, ms = 0.001, m = 60 }

-- 60, "60s"
local function seconds(value)
	local n, unit = tostring(value):match("^([%d.]+)%s*(%a*)$")

	if not tonumber(n) or not units[unit] then
		error("vsl.service: timeout is not seconds: " ..
		    tostring(value), 3)
	end
	return tonumber(n) * units[unit]
end

local function endpoint(ip, port)
	return (ip:find(":", 1, true) and "[" .. ip .. "]" or ip) .. ":" ..
	    port
end

-- delegation.service{ delegator = "host:port" | { address =, timeout = },
-- receiver = "ip:port" [, timeout = seconds] }
function delegation.service(options)
	check("the service", options, { delegator = true, receiver = true,
		timeout = true })
	local delegator = options.delegator

	if type(delegator) ~= "table" then
		delegator = { address = delegator }
	end
	check("delegator", delegator, { address = true, timeout = true })
	if not tostring(delegator.address):match(":%d+$") then
		error("vsl.service: delegator is not host:port", 2)
	end
	-- What a connection's address is compared with.
	local ip, port = tostring(options.receiver):match("^%[?(.-)%]?:(%d+)$")
	local address = ip and net.format_ip(ip)

	if not address then
		error("vsl.service: receiver is not ip:port", 2)
	end
	return setmetatable({ delegator = delegator.address,
		receiver = endpoint(address, port), timeout =
		seconds(delegator.timeout or options.timeout or 10) }, Service)
end

-- delegation.use(value) -> whether it is a service; its receiver is one from
-- now on.
function delegation.use(value)
	if getmetatable(value) ~= Service then
		return false
	end
	services[#services + 1] = value
	return true
end

local function here()
	local ip = connection.local_ip

	return ip and endpoint(net.format_ip(ip) or ip,
	    connection.local_port) or nil
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
		if not delegation.is_back() then
			return nil
		end
		to, name = (mark or ""):match("^(%w+); (.*)$")
		if to == "postq" then
			msg:set_meta(META, name)
			-- It was through preq already.
			error(action.accept(), 0)
		end
		if to ~= "preq" then
			-- To begin anew would go round for ever.
			error(delegation.put_off(stage,
			    "what came back has no " .. FIELD), 0)
		end
		return name
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

-- delegation.put_off(stage, why) -> the verdict that leaves a message where it
-- is. Behind the queue a deferral is an answer, and delivery would begin
-- then; an error is asked again.
function delegation.put_off(stage, why)
	if stage == "postq" then
		error("vsl: " .. why, 0)
	end
	state.msg():log("vsl: " .. why)
	return action.defer(451, "4.3.0 cannot be checked now, try again later")
end

local function give(service, msg, file)
	local to, options = { service.delegator }, { timeout = service.timeout }
	local recipients = msg:recipients()

	-- All or none: whom the filter took would have it again next time.
	if #recipients > 1 then
		local result = smtp.check(to, msg:sender(), recipients,
		    options)

		if not result.ok then
			return result
		end
	end
	return smtp.sendfile(to, msg:sender(), recipients, file, options)
end

-- delegation.send(stage, name, service) -> the verdict: what was handed over
-- is no longer ours; a filter that is down, or refuses for now, leaves it
-- where it is. One that refuses the message for good has decided.
function delegation.send(stage, name, service)
	local msg = state.msg()
	local file, why, result

	assert(msg:set_header(FIELD, stage .. "; " .. name))
	file, why = msg:compose()
	assert(msg:remove_header(FIELD))
	if not file then
		return delegation.put_off(stage, "cannot delegate: " .. why)
	end
	result = give(service, msg, file)
	if result.ok then
		return action.discard()
	end
	if result.outcome == "permanent" and result.accepted == 0 and
	    (result.stage == "rcpt" or result.stage == "data" or
	    result.stage == "dot") then
		return action.reject(result.code, result.text,
		    { enhanced = result.enhanced })
	end
	return delegation.put_off(stage, "delegation to " ..
	    service.delegator .. " failed: " .. tostring(result.reply))
end

return delegation
