--[[
greylist: who sends for the first time is asked to come back in some minutes. A
mail server does; most of what only sends spam does not.

	policy.chain { require "policy.greylist" { delay = "10m" } }

First counts what a client's network (IPv4 /24, IPv6 /64), the sender and the
recipient are together; digits in the sender count as one, for lists number
their mails. A network whose mail came back several times is let through at
once. Bounces are deferred at DATA, not at RCPT: who only asks whether an
address is there hears that it is. Not greylisted are clients that may relay,
this machine and its LAN. The memory is STATEDIR/greylist, see policy.store;
without it mail passes.

Options, and the controls that stand in for them:
	delay (greylistdelay)	how long to wait; 5m
	retry (greylistretry)	when a second try is a first one again; 2d
	keep (greylistkeep)	how long to remember who came back; 35d
	passes (greylistpasses)	after how many a network is let through; 5, and
				0 is never
	allow (greylistallow)	networks of clients that are not greylisted
	exempt (greylistexempt)	recipients that are not: user@domain, @domain
]]
local policy = require "policy"

-- "FIRST LAST COUNT KEY": when it came first and last, how often it passed. A
-- clock that has gone back makes it unknown.
local function parse(line)
	local first, last, n = (line or ""):match("^(%d+) (%d+) (%d+) ")
	first = math.tointeger(tonumber(first))
	last = math.tointeger(tonumber(last))
	n = math.tointeger(tonumber(n))
	if first and last and n and first <= last and
	    last <= policy.now() + 60 then
		return first, last, n
	end
end

local function format(first, n, key)
	return ("%012d %012d %09d %s"):format(first, policy.now(), n,
	    (key:sub(1, 600):gsub("%c", "?")))
end

return policy.new("greylist", {
	delay = policy.setting("greylistdelay", "5m"),
	retry = policy.setting("greylistretry", "2d"),
	keep = policy.setting("greylistkeep", "35d"),
	passes = policy.setting("greylistpasses", 5),
	allow = policy.control("greylistallow") or {},
	exempt = policy.control("greylistexempt") or {},
}, function(o)
	local delay = policy.seconds(o.delay, "greylist: delay")
	local retry = policy.seconds(o.retry, "greylist: retry")
	local keep = policy.seconds(o.keep, "greylist: keep")
	local passes = assert(math.tointeger(tonumber(o.passes)),
	    "greylist: passes is no number")
	local is_neighbour, exempt = policy.neighbours(o.allow), {}
	for _, item in ipairs(o.exempt) do
		exempt[item:lower()] = true
	end

	-- What is not too old.
	local function known(line)
		local first, last, n = parse(line)
		if n and policy.now() - last <= (n > 0 and keep or retry) then
			return first, last, n
		end
	end
	local store = require "policy.store".open("greylist", function(line)
		return not known(line)
	end)

	-- Counts what passed for the first time; more == 0: was seen.
	local function count(network, more)
		store:update(network, function(line)
			local first, _, n = known(line)
			return format(first or policy.now(), (n or 0) + more,
			    network)
		end)
	end

	local function is_trusted(network)
		local _, last, n = known(store:get(network))
		local yes = n and passes > 0 and n >= passes
		if yes and policy.now() - last > 86400 then
			count(network, 0)
		end
		return yes
	end

	-- "early"; "first" when it passes for the first time; false.
	local function look(key)
		return store:update(key, function(line)
			local first, last, n = known(line)
			local now = policy.now()
			if not first then
				return format(now, 0, key), delay > 0 and "early"
			elseif n == 0 and now - first < delay then
				return nil, "early"
			elseif n == 0 or now - last >= 3600 then
				return format(first, n + 1, key),
				    n == 0 and "first"
			end
		end)
	end

	local function verdict(recipient)
		local network, to = policy.network(), recipient:lower()
		if is_neighbour() or exempt[to] or exempt[to:match("@[^@]*$")] or
		    is_trusted(network) then
			return nil
		end
		local from = transaction.sender:lower():gsub("%d+", "0")
		local result = look(network .. " " .. from .. " " .. to)
		if result == "first" then
			count(network, 1)
		elseif result == "early" then
			return action.defer(451, ("4.7.1 Not seen before, try " ..
			    "again in %d seconds"):format(delay))
		end
	end

	local greylist = {}
	function greylist.rcpt(recipient)
		return transaction.sender ~= "" and verdict(recipient) or nil
	end
	function greylist.data()
		local v
		for _, r in ipairs(transaction.sender == "" and
		    transaction.recipients or {}) do
			v = verdict(r) or v -- each is to be remembered
		end
		return v
	end
	return greylist
end)
