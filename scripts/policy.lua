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

-- Stages whose results mean nothing: everybody is called.
local told = { reset = true, error = true, close = true }

-- One function for several. The first that says something has decided; at
-- firewall false says something, too.
local function several(name, list)
	if told[name] then
		return function(...)
			for i = 1, #list do
				list[i](...)
			end
		end
	end
	local no = name ~= "firewall"
	return function(...)
		for i = 1, #list do
			local a, b = list[i](...)
			if a or b ~= nil or a == false and not no then
				return a, b
			end
		end
	end
end

-- Puts the functions of several policies into the table hook, in order. What
-- the script has defined before comes first. To be called once, at the end.
function policy.chain(policies)
	local lists = {}
	for name, f in pairs(hook) do
		lists[name] = { f }
	end
	for i = 1, #policies do
		if type(policies[i]) ~= "table" then
			error("policy " .. i .. " is a " .. type(policies[i]), 2)
		end
		for name, f in pairs(policies[i]) do
			lists[name] = lists[name] or {}
			table.insert(lists[name], f)
		end
	end
	for name, list in pairs(lists) do
		hook[name] = #list == 1 and list[1] or several(name, list)
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
				    tostring(k) .. "'", 3)
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
	local file, err, errno = io.open(path)
	if not file then
		if errno == 2 then
			return nil
		end
		error(err, 0)
	end
	local lines = {}
	for line in file:lines() do
		line = line:gsub("%s+$", "")
		if line ~= "" and line:sub(1, 1) ~= "#" then
			lines[#lines + 1] = line
		end
	end
	file:close()
	return lines
end

return policy
