-- halon.scan: what a script calls and is not here is known when it is loaded.
-- It looks at calls of names with a capital, which that language keeps for
-- what belongs to a context, and at the fields of halon.

local scan = {}
local seen = {}

local rspamd = "rspamd does it (service.rspamd)"
local reasons = {
	ScanSA = "service.spamd", ScanRPD = rspamd, ScanCLAM = "service.clamd",
	ScanKAV = "service.clamd", ScanDLP = "msg:parts", ScanSPF = rspamd,
	ScanDKIM = rspamd, ScanDMARC = rspamd, ScanARC = rspamd,
	DKIMSign = rspamd, ARCSign = rspamd, SPF = rspamd, DMARC = rspamd,
	MIME = "msg:parts in hook.dot", Done = "Accept", Discard = "Delete",
	GetRoute = "halon.message.transportid",
	SetRoute = "the option transportid of a verdict",
	CopyMail = "SetRecipient, or msg:add_recipient in hook.dot",
	SetDelayedDeliver = "Reschedule in predelivery",
	proxy = "the launcher's PROXY comes before any script",
	disconnect = "hook.close",
}

function scan.why(name)
	return reasons[name] or "it has no counterpart here"
end

-- Without comments; strings are empty ones.
local function strip(code)
	local out, i = {}, 1

	while true do
		local s = code:find("[%-\"'%[]", i)
		local long, q

		if not s then
			out[#out + 1] = code:sub(i)
			return table.concat(out)
		end
		out[#out + 1] = code:sub(i, s - 1)
		long = code:match("^%-%-%[(=*)%[", s) or
		    code:match("^%[(=*)%[", s)
		q = code:sub(s, s)
		if long then
			local _, e = code:find("]" .. long .. "]", s, true)

			out[#out + 1] = q == "[" and '""' or " "
			i = (e or #code) + 1
		elseif code:find("^%-%-", s) then
			i = code:find("\n", s, true) or #code + 1
		elseif q == '"' or q == "'" then
			i = s + 1
			while i <= #code and code:sub(i, i) ~= q do
				i = i + (code:sub(i, i) == "\\" and 2 or 1)
			end
			out[#out + 1], i = '""', i + 1
		else
			out[#out + 1], i = q, s + 1
		end
	end
end

local function defined(code, name)
	return rawget(_G, name) ~= nil or
	    code:find("%f[%w_]function%s+" .. name .. "%f[^%w_]") or
	    code:find("%f[%w_]" .. name .. "%s*[=,)<]") or
	    code:find("%f[%w_]" .. name .. "%s+in%f[%W]")
end

-- scan.source(source, known): raises for the first name that is not there.
-- source is what debug.getinfo says, known(name) whether halon has it.
function scan.source(source, known)
	local f <close> = source:sub(1, 1) == "@" and
	    io.open(source:sub(2), "r") or nil
	local code

	if seen[source] then
		return
	end
	seen[source] = true
	code = strip(f and f:read("a") or "")
	for name in code:gmatch("%f[%w_]halon%.([%a_][%w_]*)") do
		if not known(name) then
			error("halon." .. name .. " is not supported: " ..
			    scan.why(name), 3)
		end
	end
	for at, name in code:gmatch("()%f[%w_]([A-Z][%w_]*)%s*[%({\"]") do
		if not code:sub(1, at - 1):find("[.:]%s*$") and
		    not defined(code, name) then
			error(name .. " is not supported: " .. scan.why(name),
			    3)
		end
	end
end

return scan
