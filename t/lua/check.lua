-- check: what the tests of the Lua modules share. A test is one file:
--
--	local t = require "check"
--	t.run(function() t.is(net.reverseip("192.0.2.1"), "1.2.0.192", "v4") end)
--
-- which smtpe runs as its script; the checks are made in hook.accept and speak
-- TAP on standard error. It also says which of the modules' functions and
-- constants were used, for t/60-modules.t, which wants all of them.
local check = {}
local count, used = 0, {}

local function say(line)
	io.stderr:write((line:gsub("[%c]", "?")), "\n")
end

local function show(v)
	if type(v) == "string" then
		return string.format("%q", v)
	end
	return tostring(v)
end

function check.ok(good, name, note)
	count = count + 1
	say(string.format("%sok %d - %s", good and "" or "not ", count,
	    (name:gsub("#", "."))))
	if not good then
		local at = debug.getinfo(2, "Sl")
		for level = 2, 6 do
			local info = debug.getinfo(level, "Sl")
			if info and not info.short_src:find("check.lua", 1, true) then
				at = info
				break
			end
		end
		say(string.format("# at %s:%d %s", at.short_src, at.currentline,
		    note or ""))
	end
	return good
end

function check.is(got, want, name)
	local same = got == want and math.type(got) == math.type(want)
	return check.ok(same, name, "got " .. show(got) .. ", want " .. show(want))
end

-- Where and why two values differ, or nil.
local function difference(a, b, where)
	if type(a) ~= "table" or type(b) ~= "table" then
		if a == b and math.type(a) == math.type(b) then
			return nil
		end
		return where .. ": got " .. show(a) .. ", want " .. show(b)
	end
	for k in pairs(b) do
		local d = difference(a[k], b[k], where .. "." .. tostring(k))
		if d then
			return d
		end
	end
	for k in pairs(a) do
		if b[k] == nil then
			return where .. "." .. tostring(k) .. ": not wanted"
		end
	end
end

-- Tables, by what is in them.
function check.same(got, want, name)
	local d = difference(got, want, "it")
	return check.ok(not d, name, d)
end

-- The rest are results: nil, and a message that holds what.
function check.fails(what, name, ...)
	local value, message = ...
	return check.ok(value == nil and select("#", ...) >= 2 and
	    type(message) == "string" and message:find(what, 1, true), name,
	    "got " .. show(value) .. ", " .. show(message))
end

-- Calling f with the rest raises a message that holds what.
function check.raises(what, name, f, ...)
	local good, message = pcall(f, ...)
	return check.ok(not good and type(message) == "string" and
	    message:find(what, 1, true), name,
	    "got " .. show(good) .. ", " .. show(message))
end

-- A table that notes what is read from the one behind it.
local function watch(behind, name)
	return setmetatable({}, {
		__index = function(_, k)
			local v = behind[k]
			if type(v) == "table" then
				return watch(v, name .. "." .. k)
			end
			if v ~= nil then
				used[name .. "." .. k] = true
			end
			return v
		end,
		__pairs = function()
			return pairs(behind)
		end,
	})
end

-- f with the modules as they are, not looked at by anybody before.
function check.run_plain(f, stage)
	hook[stage or "accept"] = function(...)
		f(...)
		for name in pairs(used) do
			say("# used " .. name)
		end
		say("1.." .. count)
	end
end

-- stage: another hook to run in (t/lua/NAME.in is then what the client says).
function check.run(f, stage)
	for name in os.getenv("MODULES"):gmatch("%S+") do
		_G[name] = watch(_G[name], name)
	end
	check.run_plain(f, stage)
end

return check
