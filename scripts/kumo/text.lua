-- kumo.text: what the other rooms of the dialect share: metadata, times, line
-- ends, the state of a message's form.

local text = {}

-- text.crlf(data) -> the same with CRLF at the end of every line.
function text.crlf(data)
	data = data:gsub("\r\n", "\n"):gsub("\n", "\r\n")
	if data ~= "" and data:sub(-2) ~= "\r\n" then
		data = data .. "\r\n"
	end
	return data
end

local JSON = "json:"

-- Metadata is text, a number, a boolean; other values travel as JSON.
function text.to_meta(name, value)
	local t = type(value)

	if t == "nil" or t == "string" or t == "number" or t == "boolean" then
		return value
	end
	if t ~= "table" then
		error("kumo: metadata " .. name .. " cannot be a " .. t, 3)
	end
	return JSON .. assert(json.encode(value))
end

function text.from_meta(value)
	if type(value) == "string" and value:sub(1, #JSON) == JSON then
		return json.decode(value:sub(#JSON + 1)) or value
	end
	return value
end

-- text.time(value) -> Unix seconds of an RFC 3339 time.
function text.time(value)
	local date, clock, zone = tostring(value):match(
	    "^(%d%d%d%d%-%d%d%-%d%d)[Tt ](%d%d:%d%d:%d%d)[%d.:]-([Zz+-].*)$")
	local y, m, d, h, min, s, offset

	if not date then
		error("kumo: not an RFC 3339 time: " .. tostring(value), 3)
	end
	y, m, d = date:match("(%d+)-(%d+)-(%d+)")
	h, min, s = clock:match("(%d+):(%d+):(%d+)")
	offset = 0
	local sign, zh, zm = zone:match("^([+-])(%d%d):?(%d%d)$")
	if sign then
		offset = (zh * 3600 + zm * 60) * (sign == "-" and -1 or 1)
	elseif not zone:match("^[Zz]$") then
		error("kumo: not an RFC 3339 time: " .. tostring(value), 3)
	end
	-- Days since 1970 of a date in the Gregorian calendar, March first.
	y, m, d = tonumber(y), tonumber(m), tonumber(d)
	if m <= 2 then
		y, m = y - 1, m + 12
	end
	local days = 365 * y + y // 4 - y // 100 + y // 400 +
	    (153 * (m - 3) + 2) // 5 + d - 719469
	return days * 86400 + h * 3600 + min * 60 + s - offset
end

-- The distinct names of fields that begin with X-.
function text.x_names(msg)
	local names, seen = {}, {}

	for _, f in ipairs(msg:headers()) do
		local lower = f.name:lower()

		if lower:sub(1, 2) == "x-" and not seen[lower] then
			seen[lower] = true
			names[#names + 1] = f.name
		end
	end
	return names
end

-- Authentication-Results: one result (RFC 8601 2.2).
function text.result(r)
	local out = { (r.method or "x-unknown") .. "=" .. (r.result or "none") }
	local names = {}

	if r.reason then
		out[2] = 'reason="' .. r.reason:gsub('["\\\r\n]', " ") .. '"'
	end
	for name in pairs(r.props or {}) do
		names[#names + 1] = name
	end
	table.sort(names)
	for _, name in ipairs(names) do
		out[#out + 1] = name .. "=" .. r.props[name]
	end
	return table.concat(out, " ")
end

local function missing(name)
	return function(msg)
		return msg:header(name) == nil
	end
end

local issues = {
	MISSING_DATE_HEADER = missing("Date"),
	MISSING_MESSAGE_ID_HEADER = missing("Message-ID"),
	MISSING_MIME_VERSION = function(msg)
		return msg:header("Mime-Version") ~= "1.0"
	end,
	MISSING_COLON_VALUE = function(msg)
		local head = msg:data():match("^(.-\r\n)\r\n") or msg:data()

		for line in head:gmatch("([^\r\n]+)\r\n") do
			if not line:find("^[ \t]") and not line:find(":") then
				return true
			end
		end
		return false
	end,
	NAME_ENDS_WITH_SPACE = function(msg)
		local head = msg:data():match("^(.-\r\n)\r\n") or msg:data()

		return ("\n" .. head):find("\n[^%s:]+[ \t]+:") ~= nil
	end,
	NEEDS_TRANSFER_ENCODING = function(msg)
		return msg:data():find("[\x80-\xff]") ~= nil
	end,
	LINE_TOO_LONG = function(msg)
		for line in msg:data():gmatch("([^\r\n]+)\r\n") do
			if #line > 78 then
				return true
			end
		end
		return false
	end,
	-- Only CRLF gets as far as the queue.
	NON_CANONICAL_LINE_ENDINGS = function()
		return false
	end,
}

local fixers = {
	MISSING_DATE_HEADER = function(msg)
		msg:append_header("Date", os.date("!%a, %d %b %Y %H:%M:%S +0000"))
	end,
	MISSING_MESSAGE_ID_HEADER = function(msg)
		msg:append_header("Message-ID",
		    "<" .. msg:id() .. "@" ..
		    (smtpe.getoption("me") or smtpe.host) .. ">")
	end,
	MISSING_MIME_VERSION = function(msg)
		msg:set_header("Mime-Version", "1.0")
	end,
	NON_CANONICAL_LINE_ENDINGS = function() end,
}

-- text.conformance(msg, checks, fixes) -> nil, or what is wrong.
function text.conformance(msg, checks, fixes)
	local found = {}

	local function each(list, what)
		for name in (list or ""):gmatch("[^|%s]+") do
			if not issues[name] then
				error("kumo: check_fix_conformance: no such " ..
				    "issue: " .. name, 4)
			end
			if issues[name](msg) then
				what(name)
			end
		end
	end
	each(checks, function(name)
		found[#found + 1] = name
	end)
	if #found > 0 then
		return "Message has conformance issues: " ..
		    table.concat(found, "|")
	end
	each(fixes, function(name)
		if not fixers[name] then
			error("kumo: check_fix_conformance cannot fix " .. name ..
			    ": a message is never written anew here", 4)
		end
		fixers[name](msg)
	end)
	return nil
end

return text
