--[[
helo: refuses names that no mail server has any reason to greet with.

	policy.chain { require "policy.helo" { checks = { "own" } } }

Options, and the controls that stand in for them:
	checks (helo)	one a line; literal, own and unqualified if nothing does:
	    literal	an address, bare or of somebody else's: [192.0.2.1] is
			right only for 192.0.2.1 (RFC 5321 4.1.3)
	    own		our own name or address, localhost, and the option own
	    unqualified	a name without a dot (RFC 5321 2.3.5)
	    fcrdns	policy.fcrdns: a client without a name that points back
	own (heloown)	more names that only we have
	allow (heloallow)	networks whose clients are not checked; nor are
			those that may relay or are of this machine and its LAN
]]
local policy = require "policy"
local check = {}

-- The address that a name is, and whether it is in brackets.
local function address_of(name)
	local inner = name:match("^%[(.*)%]$")
	local address = net.format_ip((inner or name):gsub("^[Ii][Pp][Vv]6:", ""),
	    true)
	return address, inner ~= nil
end

function check.literal(name)
	local address, literal = address_of(name)
	if literal and not address then
		return action.reject("5.5.2 " .. name .. " is no address")
	elseif address and not (literal and address == client.address) then
		return action.reject("5.7.1 " .. name .. " is not your name")
	end
end

function check.own(name, own)
	local address = address_of(name)
	if own[name:lower():gsub("%.$", "")] or
	    (address and address == client.local_address) then
		return action.reject("5.7.1 " .. name .. " is our name, not yours")
	end
end

function check.unqualified(name)
	if not name:find("%w%.%w") and not name:find("^%[") then
		return action.reject("5.5.2 " .. name .. " is not a full host name")
	end
end

function check.fcrdns()
	return require "policy.fcrdns".accept()
end

return policy.new("helo", {
	checks = policy.control("helo") or { "literal", "own", "unqualified" },
	own = policy.control("heloown") or {},
	allow = policy.control("heloallow") or {},
}, function(o)
	local is_neighbour, own = policy.neighbours(o.allow), {}
	own["localhost"], own["localhost.localdomain"] = true, true
	own[smtpe.host:lower()] = true
	for _, name in ipairs(o.own) do
		own[name:lower()] = true
	end
	for _, word in ipairs(o.checks) do
		if not check[word] then
			error("helo: '" .. word .. "' is no check", 0)
		end
	end
	local function all(name)
		for _, word in ipairs(is_neighbour() and {} or o.checks) do
			local verdict = check[word](name, own)
			if verdict then
				return verdict
			end
		end
	end
	return { helo = all, ehlo = all }
end)
