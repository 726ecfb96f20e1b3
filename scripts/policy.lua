--[[
policy: what the policies below policy/ share, and how they are put together.

	local policy = require "policy"
	policy.chain {
		require "policy.null_one_rcpt",
		require "policy.ratelimit" { client = "100/1h" },
		{ rcpt = function(recipient) ... end },
	}

A policy is a table with functions that have the names of hooks, take what
these take and return what these return: nil, or a verdict. Called with a
table of options it gives another one, with these options; one that it does
not know is an error, so that a slip of the pen is found when the script loads.
smtpe-policy(7) has the details.
]]
local policy = {}

-- The clock of all policies, in seconds: a test puts another one here.
policy.now = os.time

local stages = {}
for name in ([[firewall accept params command helo ehlo starttls auth mail domain
    rcpt data content header eoh body dot forward split received queue_config
    reset rset noop help quit unknown
    xclient out_seq error reply close]]):gmatch("%S+") do
	stages[name] = true
end

-- What these return means nothing: everybody is called.
local told = { reset = true, error = true, close = true }

-- One function for several. The first that says something decides; false is
-- something at firewall, and else the start of "do not drop, nothing".
local function several(name, list)
	return function(...)
		for i = 1, #list do
			local a, b = list[i](...)
			if not told[name] and (a or b ~= nil or
			    a == false and name == "firewall") then
				return a, b
			end
		end
	end
end

-- hook.params of several: all their settings, of one name the first.
local function settings(list)
	return function(listener)
		local all = {}
		for i = 1, #list do
			local some = list[i](listener)
			if some ~= nil and type(some) ~= "table" then
				return some
			end
			for name, value in pairs(some or {}) do
				if all[name] == nil then
					all[name] = value
				end
			end
		end
		return all
	end
end

-- Puts the functions of several policies into the table hook, in order, behind
-- what the script has put there itself. To be called once, at its end.
function policy.chain(policies)
	local lists = {}
	for name in pairs(stages) do
		lists[name] = { hook[name] }
	end
	-- The last require() gives two values, its file is the other.
	if type(policies[#policies]) == "string" then
		policies[#policies] = nil
	end
	for i, p in ipairs(policies) do
		for name, f in pairs(p) do
			if not stages[name] or type(f) ~= "function" then
				error(("policy %d: %s is no hook"):format(i,
				    name), 2)
			end
			table.insert(lists[name], f)
		end
	end
	for name, list in pairs(lists) do
		hook[name] = list[2] and (name == "params" and
		    settings(list) or several(name, list)) or list[1]
	end
end

-- Makes a policy: make(options) returns its functions, defaults are all the
-- options that there are (false: not set).
function policy.new(name, defaults, make)
	local function with(_, options)
		local all = {}
		for k, v in pairs(defaults) do
			all[k] = v
		end
		for k, v in pairs(options or {}) do
			if all[k] == nil then
				error("policy." .. name .. " has no option '" ..
				    tostring(k) .. "'", 2)
			end
			all[k] = v
		end
		return setmetatable(make(all), { __call = with })
	end
	return with(nil, nil)
end

-- The lines of a list in the control directory, without blank ones and
-- comments; nil when there is no such file. One that cannot be read is an
-- error: never silently the default.
function policy.control(name)
	local path = smtpe.control_dir .. "/" .. name
	local whole, err, errno = util.readfile(path)
	if not whole then
		if errno == 2 then
			return nil
		end
		error(err, 0)
	end
	local lines = {}
	for line in whole:gmatch("[^\n]+") do
		line = line:gsub("%s+$", "")
		if line ~= "" and line:sub(1, 1) ~= "#" then
			lines[#lines + 1] = line
		end
	end
	return lines
end

-- The first line of such a file, which is a setting.
function policy.setting(name, default)
	local lines = policy.control(name)
	return lines and lines[1] or default
end

-- 90, "90", "5m", "1.5h" in whole seconds; what says whose value it is.
local units = { [""] = 1, s = 1, m = 60, h = 3600, d = 86400, w = 604800 }
function policy.seconds(value, what)
	local n, unit = tostring(value):match("^(%d+%.?%d*)(%a?)$")
	if not n or not units[unit] then
		error(("%s: '%s' is no time"):format(what, value), 0)
	end
	return math.ceil(tonumber(n) * units[unit])
end

-- The client's network: its IPv4 /24, or with whole the address; of IPv6 its
-- /64, in which one host may have any address.
function policy.network(whole)
	local digits = net.format_ip(client.address, false)
	if not digits then
		return client.address
	elseif digits:find(":") then
		return digits:sub(1, 19)
	end
	return whole and digits or digits:sub(1, 11)
end

-- Tells of the client at hand whether a policy is not for it: it may relay, or
-- it is of this machine, its LAN, or one of the networks (nil: no more).
function policy.neighbours(networks)
	networks = networks or {}
	net.contains_ip(networks, "::") -- raises for what is no network
	return function()
		local ip = client.address
		return connection.relay or net.contains_ip(networks, ip) or
		    net.is_ip_reserved(ip, net.is_ip.LOCAL + net.is_ip.LAN) or false
	end
end

return policy
