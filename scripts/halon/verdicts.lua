-- halon.verdicts: what a context can say. Each function throws, so that it
-- ends its context with or without return; what a verdict has no use for in
-- its context is an error.

local facts = require "halon.facts"
local transports = require "halon.transports"

local verdicts = { api = {} }
local api = verdicts.api

local Verdict = {}

-- verdicts.throw(value): what the hook is to return.
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

-- Tail calls, so that a mistake is the script's line.
function api.Reject(reason, options)
	return refuse("Reject", reason, options)
end

function api.Defer(reason, options)
	return refuse("Defer", reason, options)
end

-- Reply(text): a 334 with this, which is Base64; the next line comes back.
function api.Reply(text)
	here("Reply")
	throw("334 " .. tostring(text or ""))
end

-- Acceptance.

function verdicts.set_metadata(values)
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
	if options.transportid ~= nil and facts.now(verdict) == "eod" then
		transports.forget()
	end
	transports.give(verdict, now.msg, options.transportid)
	verdicts.set_metadata(options.metadata)
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
		transports.keep("Accept", now.arguments.recipient,
		    options.transportid)
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

verdicts.deliver = deliver

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
		verdicts.set_metadata(options and options.metadata)
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

verdicts.throw, verdicts.here, verdicts.check = throw, here, check
verdicts.text_of, verdicts.codes_of = text_of, codes_of
verdicts.arguments_of = arguments_of

return verdicts
