--[[
ratelimit: so many messages or recipients in a time, for each client, sender or
user; more is 451 until there is room again.

	policy.chain { require "policy.ratelimit" { client = "300/1h" } }

A limit 100/1h is a bucket that holds 100 and is filled again evenly within an
hour: 100 may come at once, then one each 36 seconds. All sessions draw from the
same bucket, a small file in STATEDIR/ratelimit (policy.store); without that
mail passes. A message counts at MAIL and a recipient at RCPT, whatever becomes
of them. This machine's own connections are not counted.

Options, and the controls that stand in for them; a limit, or false for none:
	client (ratelimitclient)	messages of an address (IPv6: its /64) that
			has not authenticated; 100/1h
	user (ratelimituser)		messages of who has; 100/1h
	sender (ratelimitsender)	messages of a sender that is not null
	client_rcpt, user_rcpt, sender_rcpt (ratelimitclientrcpt, ...)
			the same for recipients
	own (ratelimitown)	KEY LIMIT, one a line, for one address, user or
			sender; LIMIT - is none
	allow (ratelimitallow)	networks whose clients are not counted
]]
local policy = require "policy"
local whats = { "client", "user", "sender", "client_rcpt", "user_rcpt",
    "sender_rcpt" }

-- "100/1h": a count and microseconds.
local function parse(limit, what)
	local n, time = tostring(limit):match("^(%d+)/(.+)$")
	n = math.tointeger(tonumber(n))
	time = n and policy.seconds(time, "ratelimit: " .. what)
	if not n or n < 1 or time < 1 or time > 366 * 86400 then
		error(("ratelimit: %s: '%s' is not NUMBER/TIME"):format(what,
		    limit), 0)
	end
	return { n = n, time = math.floor(time * 1000000), text = limit }
end

local key = {}
function key.client()
	return not connection.auth and policy.network(true)
end
function key.user()
	return connection.auth and connection.auth.user
end
function key.sender(sender)
	return sender ~= "" and sender:lower()
end

-- "FULL KEY": when the bucket is full again, in microseconds.
local store = require "policy.store".open("ratelimit", function(line)
	local full = tonumber(line:match("^(%d+) "))
	return not full or full <= policy.now() * 1000000
end)

-- Draws one; false when there is none.
local function draw(name, limit)
	return store:update(name, function(line)
		local now = policy.now() * 1000000
		local full = tonumber((line or ""):match("^(%d+) ")) or now
		-- A time that cannot be: the clock went back, or the limit is
		-- another one now.
		if full < now or full > now + limit.time then
			full = now
		end
		full = full + limit.time // limit.n
		if full > now + limit.time then
			return nil, false
		end
		return ("%018d %s"):format(full, name:gsub("%c", "?")), true
	end)
end

local defaults = { client = "100/1h", user = "100/1h" }
for _, what in ipairs(whats) do
	defaults[what] = policy.setting("ratelimit" .. what:gsub("_", ""),
	    defaults[what] or false)
end
defaults.own = policy.control("ratelimitown") or {}
defaults.allow = policy.control("ratelimitallow") or {}

return policy.new("ratelimit", defaults, function(o)
	local limits, own = { mail = {}, rcpt = {} }, {}
	for _, what in ipairs(whats) do
		local limit = o[what] and parse(o[what], what)
		local list = limits[what:find("_rcpt") and "rcpt" or "mail"]
		if limit then
			limit.what, limit.key = what, key[what:match("^%a+")]
			list[#list + 1] = limit
		end
	end
	for _, line in ipairs(o.own) do
		local name, limit = line:match("^(.-)%s+(%S+)$")
		own[(name or line):lower()] = limit == "-" and {} or
		    parse(limit, "own")
	end
	net.contains_ip(o.allow, "::") -- raises for what is no network
	local function is_counted()
		return not net.contains_ip(o.allow, client.address) and
		    not net.is_ip_reserved(client.address, net.is_ip.LOCAL)
	end
	local function check(list, sender)
		for _, limit in ipairs(list) do
			local is_client = limit.key == key.client
			local name = limit.key(sender)
			local mine = name and (own[name:lower()] or is_client and
			    own[client.address]) or limit
			if name and mine.n and (not is_client or is_counted()) and
			    draw(limit.what .. " " .. name, mine) == false then
				return action.defer(451, ("4.7.1 At most %s for " ..
				    "this %s, try again later"):format(mine.text,
				    limit.what:match("^%a+")))
			end
		end
	end
	return {
		mail = function(sender)
			return check(limits.mail, sender)
		end,
		rcpt = function()
			return check(limits.rcpt, transaction.sender)
		end,
	}
end)
