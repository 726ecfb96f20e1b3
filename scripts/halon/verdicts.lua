-- halon.verdicts: what a context can say. Each function throws, so that it
-- ends its context with or without return; what a verdict has no use for in
-- its context is an error.

local facts = require "halon.facts"

local verdicts = { api = {}, transports = {} }
local api = verdicts.api

local Verdict = {}
local DSN = "halon_dsn"

local function throw(value)
	error(setmetatable({ value = value }, Verdict), 0)
end

function verdicts.is(value)
	return getmetatable(value) == Verdict
end

local function set(list)
	local names = {}

	for name in list:gmatch("%S+") do
		names[name] = true
	end
	return names
end

-- Where each means something.
local session = "connect helo auth mailfrom rcptto "
local places = {
	Accept = set(session .. "eod eodrcpt api firewall"),
	Reject = set(session .. "eod eodrcpt api firewall"),
	Defer = set(session .. "eod eodrcpt firewall"),
	Reply = set "auth",
	Queue = set "eod eodrcpt predelivery postdelivery",
	Deliver = set "eod eodrcpt",
	Quarantine = set "eod eodrcpt predelivery postdelivery",
	Delete = set "eod eodrcpt predelivery postdelivery",
	Try = set "predelivery",
	Bounce = set "predelivery postdelivery",
	Reschedule = set "predelivery postdelivery",
	Retry = set "postdelivery",
}

-- The context, which must be one of the verdict's, and what belongs to it.
local function here(verdict)
	local name, now = facts.now(verdict)

	if not places[verdict][name] then
		error(verdict .. " means nothing in halon." .. name, 3)
	end
	return name, now
end

-- An option that is not known is never ignored.
local function check(verdict, options, names)
	local known = set(names)

	if options == nil then
		return {}
	end
	if type(options) ~= "table" then
		error(verdict .. ": the options are no table", 3)
	end
	for name in pairs(options) do
		if not known[name] then
			error(verdict .. ": the option " .. tostring(name) ..
			    " is not supported; there: " .. names, 3)
		end
	end
	return options
end

local function text_of(reason, default)
	if type(reason) == "table" then
		reason = table.concat(reason, "\n")
	end
	return reason == nil and default or tostring(reason)
end

-- reply_codes = { code =, enhanced = { 5, 7, 1 } or "5.7.1" }
local function codes_of(verdict, options, class)
	local codes = check(verdict, options.reply_codes, "code enhanced")
	local code, enhanced = codes.code, codes.enhanced

	if type(enhanced) == "table" then
		enhanced = table.concat(enhanced, ".")
	end
	if code ~= nil and (math.type(code) ~= "integer" or
	    code // 100 ~= class) then
		error(verdict .. ": the code " .. tostring(code) ..
		    " is not of " .. class .. "xx", 3)
	end
	return code, enhanced
end

-- Transports: names of routes. What is no name here and has a colon is a
-- route itself.

function verdicts.set_transports(map)
	if type(map) ~= "table" then
		error("halon.transports is not a table", 3)
	end
	for id, route in pairs(map) do
		if type(id) ~= "string" or type(route) ~= "string" then
			error("halon.transports: names and routes are " ..
			    "strings", 3)
		end
	end
	for id in pairs(verdicts.transports) do
		verdicts.transports[id] = nil
	end
	for id, route in pairs(map) do
		verdicts.transports[id] = route
	end
end

local function route(verdict, id)
	local found = verdicts.transports[id] or
	    type(id) == "string" and id:find(":", 1, true) and id

	if not found then
		error(verdict .. ": there is no transport " .. tostring(id) ..
		    " in halon.transports", 3)
	end
	return found
end

local function set_transport(verdict, msg, id)
	if id ~= nil then
		msg:set_meta("route", route(verdict, id))
		msg:set_meta("halon_transportid", id)
	end
end

-- Of recipients, from rcptto until the end of the transaction.
local routes, routes_of
local on_route

function verdicts.when_routed(fn)
	on_route = fn
end

local function key(recipient)
	return (recipient:gsub("@[^@]*$", string.lower))
end

local function keep_route(recipient, id)
	if routes_of ~= transaction.id then
		routes, routes_of = {}, transaction.id
	end
	routes[key(recipient)] = route("Accept", id)
	on_route()
end

function verdicts.routed()
	return routes ~= nil and routes_of == transaction.id
end

function verdicts.route_of(recipient)
	return verdicts.routed() and routes[key(recipient)] or nil
end

-- Refusals.

local defaults = {
	Reject = { class = 5, code = 550, text = "Refused by policy",
		enhanced = "5.7.1", make = action.reject },
	Defer = { class = 4, code = 451, text = "Try again later",
		enhanced = "4.7.1", make = action.defer },
}
local first_codes = {
	Reject = { connect = 554, auth = 535 },
	Defer = { auth = 454 },
}

-- (lines, options) or (options)
local function arguments_of(reason, options)
	if type(reason) == "table" and reason[1] == nil then
		return reason.reason, reason
	end
	return reason, options
end

local function refuse(verdict, reason, options)
	local name = here(verdict)
	local default = defaults[verdict]
	local code, enhanced

	if name == "api" or name == "firewall" then
		throw(false)
	end
	reason, options = arguments_of(reason, options)
	options = check(verdict, options, "reason disconnect reply_codes")
	code, enhanced = codes_of(verdict, options, default.class)
	code = code or first_codes[verdict][name] or default.code
	if reason == nil and not enhanced then
		enhanced = code == 535 and "5.7.8" or default.enhanced
	end
	throw(default.make(code, text_of(reason, default.text),
	    { enhanced = enhanced, drop = options.disconnect or nil }))
end

function api.Reject(reason, options)
	refuse("Reject", reason, options)
end

function api.Defer(reason, options)
	refuse("Defer", reason, options)
end

-- Reply(text): a 334 with this, which is Base64; the next line comes back.
function api.Reply(text)
	here("Reply")
	throw("334 " .. tostring(text or ""))
end

-- Acceptance.

local function set_metadata(values)
	if values ~= nil then
		facts.api.SetMetaData(values)
	end
end

-- What may be changed on the way into the queue.
local function envelope(verdict, now, options)
	if options.sender ~= nil then
		facts.api.SetSender(options.sender)
	end
	if options.recipient ~= nil then
		facts.api.SetRecipient(options.recipient)
	end
	set_transport(verdict, now.msg, options.transportid)
	set_metadata(options.metadata)
end

local function deliver(verdict, now, options)
	options = check(verdict, options,
	    "reason sender recipient transportid metadata")
	envelope(verdict, now, options)
	throw(action.accept(options.reason and text_of(options.reason)))
end

local accepts = {}

function accepts.helo(options, now)
	options = check("Accept", options, "reason extensions")
	if options.extensions and now.extensions then
		for i = #now.extensions, 1, -1 do
			now.extensions[i] = nil
		end
		for i, line in ipairs(options.extensions) do
			now.extensions[i] = line
		end
	end
	if options.reason == nil then
		-- The array counts, and a verdict would stand for it.
		throw(nil)
	end
	return options
end

function accepts.auth(options, now)
	options = check("Accept", options, "reason username")
	if options.username ~= nil and options.username ~= now.user then
		error("Accept: the user is " .. tostring(now.user) ..
		    ", another username is not supported", 3)
	end
	return options
end

function accepts.rcptto(options, now)
	options = check("Accept", options, "reason transportid")
	if options.transportid ~= nil then
		keep_route(now.arguments.recipient, options.transportid)
	end
	return options
end

function api.Accept(options)
	local name, now = here("Accept")

	if type(options) == "string" then
		options = { reason = options }
	end
	if name == "api" or name == "firewall" then
		check("Accept", options, "")
		throw(true)
	elseif now.msg then
		deliver("Accept", now, options)
	elseif accepts[name] then
		options = accepts[name](options, now)
	else
		options = check("Accept", options, "reason")
	end
	throw(action.accept(options.reason and text_of(options.reason)))
end

function api.Deliver(options)
	local _, now = here("Deliver")

	deliver("Deliver", now, options)
end

function api.Delete()
	here("Delete")
	throw(action.discard())
end

local function reply_text(code, enhanced, text)
	local lines, out = {}, {}

	for line in (text .. "\n"):gmatch("(.-)\r?\n") do
		lines[#lines + 1] = line
	end
	for i, line in ipairs(lines) do
		out[i] = code .. (i < #lines and "-" or " ") .. enhanced ..
		    " " .. line .. "\r\n"
	end
	return table.concat(out)
end

-- Quarantine(name[, options]): a copy is kept, and the message refused unless
-- options.reject is false.
function api.Quarantine(place, options)
	local name, now = here("Quarantine")
	local code, enhanced

	if name == "predelivery" or name == "postdelivery" then
		check("Quarantine", options, "metadata")
		set_metadata(options and options.metadata)
		throw(action.quarantine(place))
	end
	options = check("Quarantine", options, "reject reason reply_codes " ..
	    "sender recipient transportid metadata")
	envelope("Quarantine", now, options)
	if options.reject == false then
		throw(action.quarantine(place))
	end
	code, enhanced = codes_of("Quarantine", options, 5)
	throw(action.quarantine(place, { reply = reply_text(code or 550,
	    enhanced or "5.7.1", text_of(options.reason,
	    "Refused by policy")) }))
end

-- Behind the queue.

-- Settings of one attempt; what is in options.agent the agent is told.
function api.Try(options)
	local result = {}

	here("Try")
	options = check("Try", options,
	    "transportid destination port protocol agent")
	for name, value in pairs(options.agent or {}) do
		result[name] = value
	end
	if options.transportid ~= nil then
		result.route = route("Try", options.transportid)
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

local reports = "subject subject_prepend text headers"

-- Bounce([options]); options.dsn says what the report says.
function api.Bounce(reason, options)
	local _, now = here("Bounce")
	local code, enhanced

	reason, options = arguments_of(reason, options)
	options = check("Bounce", options, "reason reply_codes dsn")
	if options.dsn ~= nil then
		local dsn = check("Bounce", options.dsn, reports)

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

-- verdicts.report(msg, report) -> the report as Bounce wanted it, nil when
-- nobody has asked for another one
function verdicts.report(msg, report)
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

local function later(verdict, now, name, delay, options)
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
	set_transport(verdict, now.msg, options.transportid)
	set_metadata(options.metadata)
	throw(action.defer(451, text_of(options.reason, "4.7.1 Rescheduled"),
	    { after = delay, count = count }))
end

-- Reschedule(seconds[, options])
function api.Reschedule(delay, options)
	local name, now = here("Reschedule")

	if delay == nil then
		error("Reschedule: in how many seconds?", 2)
	end
	later("Reschedule", now, name, delay, check("Reschedule", options,
	    "increment_retry reason transportid metadata"))
end

-- Retry([options]): without a delay as its queue has it.
function api.Retry(options)
	local name, now = here("Retry")

	options = check("Retry", options, "delay reason transportid metadata")
	later("Retry", now, name, options.delay, options)
end

-- Queue([options]): into the queue; behind it, back into it.
function api.Queue(options)
	local name, now = here("Queue")

	if name == "eod" or name == "eodrcpt" then
		deliver("Queue", now, options)
	end
	options = check("Queue", options,
	    "delay increment_retry reason transportid metadata")
	later("Queue", now, name, options.delay, options)
end

return verdicts
