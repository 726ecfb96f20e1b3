-- halon.later: the verdicts behind the queue, before and after an attempt.

local transports = require "halon.transports"
local verdicts = require "halon.verdicts"

local later = { api = {} }
local api = later.api
local throw, here, check = verdicts.throw, verdicts.here, verdicts.check
local text_of, codes_of = verdicts.text_of, verdicts.codes_of

local DSN = "halon_dsn"

-- Settings of one attempt; what is in options.agent the agent is told.
function api.Try(options)
	local result = {}

	here("Try")
	options = check("Try", options,
	    "transportid destination port protocol agent")
	if options.agent ~= nil and type(options.agent) ~= "table" or
	    options.agent and options.agent.route then
		error("Try: agent is a table, and has no route", 2)
	end
	for name, value in pairs(options.agent or {}) do
		result[name] = value
	end
	if options.transportid ~= nil then
		result.route = transports.route("Try", options.transportid)
	elseif options.destination ~= nil then
		local host = tostring(options.destination)

		if host:find(":", 1, true) and not host:find("^%[") then
			host = "[" .. host .. "]"
		end
		result.route = (options.protocol or "smtp") .. ":" .. host ..
		    ":" .. tostring(options.port or 25)
	elseif options.port or options.protocol then
		error("Try: port and protocol go with destination", 2)
	end
	throw(next(result) and result or nil)
end

-- A report's wishes, looked at before they are needed.
local function check_dsn(dsn)
	check("Bounce", dsn, "subject subject_prepend text headers")
	for name, value in pairs(dsn) do
		if name == "headers" and type(value) == "table" then
			for _, line in ipairs(value) do
				assert(type(line) == "string",
				    "Bounce: dsn.headers are strings")
			end
		elseif name == "headers" or type(value) ~= "string" then
			error("Bounce: dsn." .. name .. " is a " ..
			    type(value), 3)
		end
	end
	return dsn
end

-- Bounce([options]); options.dsn says what the report says.
function api.Bounce(reason, options)
	local _, now = here("Bounce")
	local code, enhanced

	reason, options = verdicts.arguments_of(reason, options)
	options = check("Bounce", options, "reason reply_codes dsn")
	if options.dsn ~= nil then
		local dsn = check_dsn(options.dsn)

		-- For this attempt's report, and where that is made later.
		context.halon_dsn = dsn
		now.msg:set_meta(DSN, assert(json.encode(dsn)))
	end
	code, enhanced = codes_of("Bounce", options, 5)
	if reason == nil and code == nil and now.arguments.action then
		if now.arguments.action == "BOUNCE" then
			throw(nil)
		end
		-- What the other side said is the better reason.
		reason = now.arguments.attempt.result and
		    now.arguments.attempt.result.reason[1]
	end
	if reason == nil and not enhanced then
		enhanced = "5.7.1"
	end
	throw(action.reject(code or 550, text_of(reason,
	    "Refused by policy"), { enhanced = enhanced }))
end

-- later.report(msg, report) -> the report as Bounce wanted it, nil when
-- nobody has asked for another one
function later.report(msg, report)
	local text = msg:get_meta(DSN)
	local dsn = context.halon_dsn or text and assert(json.decode(text))

	if not dsn then
		return nil
	end
	local headers = {}
	for _, list in ipairs { report.headers or {}, dsn.headers or {} } do
		for _, line in ipairs(list) do
			headers[#headers + 1] = line
		end
	end
	return {
		subject = dsn.subject or
		    (dsn.subject_prepend or "") .. report.subject,
		text = dsn.text or report.text,
		headers = headers,
	}
end

local function again(verdict, now, name, delay, options)
	local count = options.increment_retry

	if delay ~= nil and (type(delay) ~= "number" or delay < 0) then
		error(verdict .. ": the delay is " .. tostring(delay), 3)
	end
	if name == "postdelivery" and count == false then
		now.msg:log("halon: " .. verdict .. ": increment_retry = " ..
		    "false is not supported in postdelivery: the attempt " ..
		    "has been counted")
		count = nil
	end
	transports.give(verdict, now.msg, options.transportid)
	verdicts.set_metadata(options.metadata)
	throw(action.defer(451, text_of(options.reason, "4.7.1 Rescheduled"),
	    { after = delay, count = count }))
end

-- Reschedule(seconds[, options])
function api.Reschedule(delay, options)
	local name, now = here("Reschedule")

	if delay == nil then
		error("Reschedule: in how many seconds?", 2)
	end
	again("Reschedule", now, name, delay, check("Reschedule", options,
	    "increment_retry reason transportid metadata"))
end

-- Retry([options]): without a delay as its queue has it.
function api.Retry(options)
	local name, now = here("Retry")

	options = check("Retry", options, "delay reason transportid metadata")
	again("Retry", now, name, options.delay, options)
end

-- Queue([options]): into the queue; behind it, back into it.
function api.Queue(options)
	local name, now = here("Queue")

	if name == "eod" or name == "eodrcpt" then
		verdicts.deliver("Queue", now, options)
	end
	options = check("Queue", options,
	    "delay increment_retry reason transportid metadata")
	again("Queue", now, name, options.delay, options)
end

return later
