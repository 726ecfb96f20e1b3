--[[
fcrdns: refuses clients without a name. The address must have a name that points
back to it (forward-confirmed reverse DNS, RFC 8601 3). Most mail servers have
one and most infected machines have not; some small sites have none either, so
this is not for everybody.

	policy.chain { require "policy.fcrdns" }

Options:
	allow	networks whose clients are not checked; nor are those that may
		relay or are of this machine and its LAN. The control
		fcrdnsallow stands in
	stage	the hook that refuses; accept
What the DNS cannot say now is 451.
]]
local policy = require "policy"
local PTR, A, AAAA = dns.type.PTR, dns.type.A, dns.type.AAAA

-- What is answered about all the names, or nil when one has no answer.
local function ask(type, names)
	dns.reset()
	for i = 1, math.min(#names, 10) do
		dns.query(dns.class.IN, type, names[i])
	end
	local _, t = dns.wait()
	for _, result in ipairs(t or {}) do
		if result.rcode ~= dns.rcode.OK and
		    result.rcode ~= dns.rcode.NXDOMAIN then
			return nil
		end
	end
	return t and t.answer
end

-- true, false, or nil when nobody knows.
local function points_back(ip)
	local names, type = {}, ip:find(":") and AAAA or A
	local found = ask(PTR, { ip })
	for _, rr in ipairs(found or {}) do
		if rr.type == PTR then
			names[#names + 1] = rr.host
		end
	end
	if names[1] then
		found = ask(type, names)
	end
	for _, rr in ipairs(found or {}) do
		if rr.type == type and rr.address == ip then
			return true
		end
	end
	return found and false
end

local function check()
	local ip = client.address
	if not net.format_ip(ip) or client.host:sub(1, 1) ~= "[" then
		return nil
	end
	-- client.host does not tell why there is none.
	local known = points_back(ip)
	if known == false then
		return action.reject("5.7.25 [" .. ip ..
		    "] has no name that points back to it")
	elseif known == nil then
		return action.defer("4.7.25 The name of [" .. ip ..
		    "] is not known now")
	end
end

return policy.new("fcrdns", {
	allow = policy.control("fcrdnsallow") or {},
	stage = "accept",
}, function(o)
	local is_neighbour = policy.neighbours(o.allow)
	return { [o.stage] = function()
		return not is_neighbour() and check() or nil
	end }
end)
