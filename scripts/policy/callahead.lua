--[[
callahead: asks the host that a recipient's mail goes to whether it knows the
recipient, before the mail is taken; who passes mail on must not take what will
come back.

	policy.chain { require "policy.callahead" {
		hosts = { "example.org 10.0.0.1 10.0.0.2:2525" } } }

What a host says is remembered in STATEDIR/callahead, see policy.store; without
that it is asked each time. Only a 5xx to RCPT is a refusal of the recipient:
whatever else goes wrong says nothing of it and is not remembered.

Options, and the controls that stand in for them:
	hosts (callahead)	DOMAIN HOST..., one a line, tried in their order;
			"*" is every other, but of clients that may relay
	sender (callaheadsender)	who asks; the null sender
	good (callaheadgood)	how long a yes is believed; 1d
	bad (callaheadbad)	and a no; 1h
	failed (callaheadfailed)	when nobody answers: defer, or accept
	timeout (callaheadtimeout)	for all hosts; 15s (see hooktimeout)
]]
local policy = require "policy"

local function hosts_of(lines)
	local hosts = {}
	for _, line in ipairs(lines) do
		local words = text.split(line)
		local domain = table.remove(words, 1)
		if not domain or not words[1] then
			error("callahead: '" .. line .. "' is not DOMAIN HOST...", 0)
		end
		hosts[domain:lower()] = words
	end
	return hosts
end

return policy.new("callahead", {
	hosts = policy.control("callahead") or {},
	sender = policy.setting("callaheadsender", ""),
	good = policy.setting("callaheadgood", "1d"),
	bad = policy.setting("callaheadbad", "1h"),
	failed = policy.setting("callaheadfailed", "defer"),
	timeout = policy.setting("callaheadtimeout", "15s"),
}, function(o)
	local keep = { yes = policy.seconds(o.good, "callahead: good"),
	    no = policy.seconds(o.bad, "callahead: bad") }
	local opts = { timeout = policy.seconds(o.timeout, "callahead: timeout") }
	local hosts = hosts_of(o.hosts)
	assert(o.failed == "defer" or o.failed == "accept",
	    "callahead: failed is neither defer nor accept")

	-- Of "TIME yes" or "TIME no TEXT" what is not too old; a clock that has
	-- gone back makes it unknown.
	local function known(line)
		local time, word, why = (line or ""):match("^(%d+) (%a+) ?(.*)$")
		local age = policy.now() - (tonumber(time) or 0)
		if keep[word] and age >= -60 and age < keep[word] then
			return word, why
		end
	end
	local store = require "policy.store".open("callahead", function(line)
		return not known(line)
	end)

	-- "yes"; "no" and why; nil when that cannot be known now.
	local function ask(recipient, list)
		local r = smtp.check(list, o.sender, recipient, opts)
		if not r.ok and (r.outcome ~= "permanent" or r.stage ~= "rcpt") then
			print(("callahead: %s: %s: %s"):format(r.host, r.stage, r.reply))
			return nil
		end
		local word = r.ok and "yes" or "no"
		local why = r.ok and "" or (r.enhanced or "5.1.1") .. " " ..
		    r.text:gsub("%c+", " "):sub(1, 500)
		store:update(recipient, function()
			return ("%d %s %s"):format(policy.now(), word, why)
		end)
		return word, why
	end

	return { rcpt = function(recipient, domain)
		local list = hosts[(domain or ""):lower()] or
		    not connection.relay and hosts["*"]
		if not list then
			return nil
		end
		recipient = recipient:lower()
		local word, why = known(store:get(recipient))
		if not word then
			word, why = ask(recipient, list)
		end
		if word == "no" then
			return action.reject(why)
		elseif not word and o.failed == "defer" then
			return action.defer("4.4.1 The recipient cannot be verified now")
		end
	end }
end)
