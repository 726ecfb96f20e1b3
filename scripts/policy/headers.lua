--[[
headers: messages whose header is not one, or says what we do not want to hear.

	policy.chain { require "policy.headers" { octets = "any" } }

Fields must be there that RFC 5322 3.6 wants, none twice that it wants once,
Date must be a date that is not far off, and there must be no octets that are no
text. Then patterns of yours: Lua's, as in string.find, matched against the
first 1000 octets of a field, unfolded and in lower case. Not checked are
clients that may relay, this machine and its LAN.

Options, and the controls that stand in for them:
	required (headersrequired)	fields that must be there; From, Date
	once (headersonce)	fields that may not be there twice; RFC 5322's
	past (headerspast)	how old Date may be; 30d
	future (headersfuture)	how far ahead it may be; 2d
	octets (headersoctets)	ascii, or more only with SMTPUTF8; utf8, which
			is the default; any
	verdict (headersverdict)	for all these: reject, defer, discard or
			quarantine:NAME
	patterns (headerpatterns)	FIELD VERDICT PATTERN, one a line:
			    Subject reject ^%[?casino
			    X-Mailer quarantine:odd massmailer 3%.%d
	allow (headersallow)	networks whose clients are not checked
]]
local policy = require "policy"

local function set(list)
	local names = {}
	for _, name in ipairs(list) do
		names[name:lower()] = name
	end
	return names
end

-- "reject" as a function that makes the verdict.
local function maker(word)
	local kind, name = word:match("^(%a+):?([%w._-]*)$")
	if kind == "quarantine" and name ~= "" then
		return function() return action.quarantine(name) end
	elseif word == "discard" then
		return function() return action.discard() end
	elseif word == "reject" or word == "defer" then
		local class = word == "defer" and "4" or "5"
		return function(why)
			return action[word](class .. ".6.0 " .. why)
		end
	end
	error("headers: '" .. word .. "' is no verdict", 0)
end

local function parse(line)
	local field, word, pattern = line:match("^(%S+)%s+(%S+)%s+(.+)$")
	if not field or not pcall(string.find, line, pattern) then
		error("headers: '" .. line .. "' is not FIELD VERDICT PATTERN", 0)
	end
	return { field = field:lower(), verdict = maker(word), text = pattern }
end

local function is_text(field, octets)
	return octets == "any" or not field:find("[\x80-\xff]") or
	    utf8.len(field) and (octets == "utf8" or
	    transaction.params.SMTPUTF8)
end

return policy.new("headers", {
	required = policy.control("headersrequired") or { "From", "Date" },
	once = policy.control("headersonce") or { "Date", "From", "Sender",
	    "Reply-To", "To", "Cc", "Bcc", "Message-ID", "In-Reply-To",
	    "References", "Subject" },
	past = policy.setting("headerspast", "30d"),
	future = policy.setting("headersfuture", "2d"),
	octets = policy.setting("headersoctets", "utf8"),
	verdict = policy.setting("headersverdict", "reject"),
	patterns = policy.control("headerpatterns") or {},
	allow = policy.control("headersallow") or {},
}, function(o)
	local past = policy.seconds(o.past, "headers: past")
	local future = policy.seconds(o.future, "headers: future")
	local fault, once, patterns = maker(o.verdict), set(o.once), {}
	local is_neighbour, id, seen = policy.neighbours(o.allow), nil, {}
	assert(set { "ascii", "utf8", "any" }[o.octets],
	    "headers: octets is not ascii, utf8 or any")
	for i, line in ipairs(o.patterns) do
		patterns[i] = parse(line)
	end

	local function is_far(date)
		local time, now = util.date_to_time(date), policy.now()
		return not time or time < now - past or time > now + future
	end

	local function check(name, value, again)
		if again and once[name] then
			return fault("There are two fields " .. once[name])
		elseif not is_text(value, o.octets) then
			return fault("The header has octets that are no text")
		elseif name == "date" and is_far(value) then
			return fault("Date is no date, or far from today")
		end
		value = value:sub(1, 1000):lower()
		for _, p in ipairs(patterns) do
			if p.field == name and value:find(p.text) then
				return p.verdict("We do not want such messages")
			end
		end
	end

	return {
		header = function(field)
			local name, value = field:match("^([^:%s]+)%s*:%s*(.*)$")
			if not name or is_neighbour() then
				return nil
			elseif id ~= transaction.id then
				id, seen = transaction.id, {}
			end
			name = name:lower()
			local again = seen[name]
			seen[name] = true
			return check(name, value:gsub("\r\n", ""), again)
		end,
		eoh = function()
			for _, name in ipairs(is_neighbour() and {} or o.required) do
				if id ~= transaction.id or not seen[name:lower()] then
					return fault("There is no field " .. name)
				end
			end
		end,
	}
end)
