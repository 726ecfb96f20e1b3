-- halon.scan: what a script calls and is not here is known when it is loaded.
-- It looks at calls of names with a capital, which that language keeps for
-- what belongs to a context, and at the fields of halon.

local dialect = require "dialect"

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

local function defined(code, name)
	return rawget(_G, name) ~= nil or
	    code:find("%f[%w_]function%s+" .. name .. "%f[^%w_]") or
	    code:find("%f[%w_]" .. name .. "%s*[=,)<]") or
	    code:find("%f[%w_]" .. name .. "%s+in%f[%W]")
end

-- scan.source(source, known): raises for the first name that is not there.
-- source is what debug.getinfo says, known(name) whether halon has it.
function scan.source(source, known)
	local code

	if seen[source] then
		return
	end
	seen[source] = true
	code = dialect.code(source)
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
