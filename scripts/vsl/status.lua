-- vsl.status: what a rule returns, and the verdict that it becomes. A code is
-- "501 4.7.1 text" or { code =, enhanced =, text = }.

local status = { api = {} }
local api = status.api

local Status = {}
Status.__index = Status

-- status.new(kind[, verdict])
function status.new(kind, verdict)
	return setmetatable({ kind = kind, verdict = verdict }, Status)
end

local running

-- status.within(entry): the entry that is being run, nil behind it.
function status.within(entry)
	running = entry
end

function status.is(value)
	return getmetatable(value) == Status
end

-- status.wrong(text): a mistake in an entry. The calls of a rule's end are tail
-- calls, so that no level names the script's line, and the entry's place does.
local function wrong(text)
	local at

	if not running then
		error("vsl: " .. text, 0)
	end
	at = debug.getinfo(running.fn, "S")
	error(string.format('%s:%d: the %s "%s": %s', at.short_src,
	    at.linedefined, running.kind, running.name, text), 0)
end
status.wrong = wrong

local function code_of(code, default)
	local number, rest

	if code == nil then
		code = default
	end
	if type(code) == "table" then
		number = code.code
		rest = (code.enhanced and code.enhanced .. " " or "") ..
		    (code.text or "")
	elseif type(code) == "number" then
		number, rest = code, ""
	else
		number, rest = tostring(code):match("^(%d%d%d)[ -]?(.*)$")
	end
	number = math.tointeger(tonumber(number))
	if not number or number < 200 or number > 599 then
		wrong("not a code: " .. tostring(type(code) == "table" and
		    code.code or code))
	end
	return number, rest
end

-- The next entry of the stage decides.
function api.next()
	return status.new("next")
end

-- vsl.accept([code]): the stage is over, the next one goes on. The reply has
-- the stage's own code, and this one's text.
function api.accept(code)
	local text

	if code ~= nil then
		local number

		number, text = code_of(code)
		if number > 299 then
			wrong("accept with code " .. number)
		end
	end
	return status.new("accept", text and action.accept(text) or nil)
end

-- The same, and the stages behind it are skipped: before mail those of the
-- connection, else of the message.
function api.faccept()
	return status.new("faccept")
end

-- vsl.deny([code]): refuses; 554 without a code. The connection stays.
function api.deny(code)
	local number, text = code_of(code, "554 5.7.1 permanent problems with " ..
	    "the remote server")

	if number < 400 then
		wrong("deny with code " .. number)
	end
	return status.new("deny", number < 500 and action.defer(number, text) or
	    action.reject(number, text))
end

-- vsl.info(code): this reply, and nothing has happened: the client may try
-- again.
function api.info(code)
	return status.new("info", action.info(code_of(code)))
end

-- vsl.quarantine(name): the message is taken, and set aside.
function api.quarantine(name)
	return status.new("quarantine", action.quarantine(name))
end

return status
