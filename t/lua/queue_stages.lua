-- Cases for t/unit/hook_queue.c: what stages of the queue are given and give.
local function show(v)
	if type(v) ~= "table" then
		return math.type(v) == "float" and ("%.2f"):format(v) or
		    tostring(v)
	end
	local parts = {}
	for k in pairs(v) do
		parts[#parts + 1] = tostring(k)
	end
	table.sort(parts)
	for i, k in ipairs(parts) do
		parts[i] = k .. "=" .. show(v[k] == nil and v[tonumber(k)] or v[k])
	end
	return "{" .. table.concat(parts, ",") .. "}"
end

local answers = {
	nothing = function() end,
	hold = function() return action.hold("for a look") end,
	later = function()
		return action.defer(452, "4.2.1 not now", {after = 90.2,
		    count = false})
	end,
	soon = function() return action.defer("again", {after = 0}) end,
	usual = function() return action.defer("again") end,
	route = function() return "smtp:relay.example:2525" end,
	refused = function() return "550 5.7.1 no" end,
	options = function() return {route = "lmtp:x:24", helo = "h.example",
	    tries = 3, tls = true} end,
	named = function() return {headers = {b = "2", a = "1"}} end,
	trust = function() return action.trust() end,
	number = function() return 42 end,
	yes = function() return true end,
	no = function() return false end,
	text = function() return "yes" end,
	explode = function()
		return (("a"):rep(40)):find((".-"):rep(20) .. "b")
	end,
	explode_iterator = function()
		for x in (("a"):rep(40)):gmatch((".-"):rep(20) .. "b") do
			return x
		end
	end,
	explode_coroutine = function()
		return coroutine.wrap(function()
			return pcall(string.find, ("a"):rep(40),
			    (".-"):rep(20) .. "b")
		end)()
	end,
	explode_table = function()
		return table.move({}, 1, 1 << 40, 2)
	end,
	loop = function() while true do end end,
	remember = function() context.kept = (context.kept or 0) + 1 end,
	remembered = function() error("kept " .. tostring(context.kept)) end,
	bad_after = function() return action.defer("x", {after = -1}) end,
	bad_count = function() return action.defer("x", {count = 1}) end,
}

function hook.predelivery(name, given)
	if given then
		error(show(given))
	end
	return answers[name]()
end
hook.postq = hook.predelivery
hook.send = hook.predelivery
hook.api = hook.predelivery
hook.amqp = hook.predelivery
loaded = (loaded or 0) + 1
