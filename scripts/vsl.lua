--[[
vsl: the stages of vSMTP's language as tables of named rules, over the hooks of
smtpe (smtpe-vsl(7)).

	local vsl = require "vsl"

	vsl.main {
		connect = {
			vsl.rule("no strangers", function()
				if vsl.client_ip():match("^203%.0%.113%.") then
					return vsl.deny()
				end
				return vsl.next()
			end),
		},
		preq = {
			vsl.action("mark", function()
				vsl.prepend_header("X-Checked", "yes")
			end),
			vsl.delegate(vsl.service {
				delegator = "127.0.0.1:10026",
				receiver = "127.0.0.1:10025",
			}, "scan", function() return vsl.next() end),
		},
	}

A stage's entries run in order until one of them returns something else than
vsl.next(). A mistake in the table is an error when the script is loaded.
]]
local dialect = require "dialect"
local delegation = require "vsl.delegation"
local state = require "vsl.state"
local status = require "vsl.status"

local vsl = {}

for name, fn in pairs(status.api) do
	vsl[name] = fn
end

-- Entries of a stage.

local Entry = {}
Entry.__index = Entry

local function entry(kind, name, fn, service)
	if type(name) ~= "string" or name == "" then
		error("vsl." .. kind .. ": the name is not a string", 3)
	end
	if type(fn) ~= "function" then
		error("vsl." .. kind .. ' "' .. name ..
		    '": the second part is not a function', 3)
	end
	return setmetatable({ kind = kind, name = name, fn = fn,
		service = service }, Entry)
end

-- vsl.rule(name, fn): fn returns a status.
function vsl.rule(name, fn)
	return entry("rule", name, fn)
end

-- vsl.action(name, fn): fn returns nothing.
function vsl.action(name, fn)
	return entry("action", name, fn)
end

-- vsl.delegate(service, name, fn): the message goes to an SMTP filter; when it
-- comes back fn is called and returns a status.
function vsl.delegate(service, name, fn)
	if not delegation.use(service) then
		error("vsl.delegate: the first part is no vsl.service{}", 2)
	end
	return entry("delegate", name, fn, service)
end

-- vsl.service{ delegator = "host:port", receiver = "ip:port" [, timeout =] }
vsl.service = delegation.service
vsl.smtp_service = delegation.service

local order = { "connect", "helo", "authenticate", "mail", "rcpt", "preq",
	"postq", "deliver" }
local stages = {}
for _, name in ipairs(order) do
	stages[name] = true
end
local delegating = { preq = true, postq = true }
local main

local reasons = {
	mbox = "there is no agent for mbox: vsl.maildir",
	mbox_all = "there is no agent for mbox: vsl.maildir_all",
	write = "action.quarantine keeps a copy",
	dump = "smtpe-queue show does it",
	spf = "rspamd checks it (service.rspamd)",
	dkim = "rspamd checks it (service.rspamd)",
	dmarc = "rspamd checks it (service.rspamd)",
}

setmetatable(vsl, {
	__index = function(_, name)
		local why = reasons[name] or "it has no counterpart here"

		error("vsl." .. tostring(name) .. " is not supported: " .. why,
		    2)
	end,
})

local function missing(code)
	for name in code:gmatch("%f[%w_]vsl%.([%w_]+)") do
		if rawget(vsl, name) == nil then
			return name
		end
	end
end

local scanned = {}

-- What the file of a function, or of who is at that level, names and is not
-- here is known when it is loaded.
local function scan(f, level)
	local source = debug.getinfo(f, "S").source
	local name = not scanned[source] and dialect.find(source, missing)

	scanned[source] = true
	if name then
		error("vsl." .. name .. " is not supported: " ..
		    (reasons[name] or "it has no counterpart here"), level)
	end
end

local function check_entry(stage, i, e, seen)
	local where = "vsl.main: " .. stage .. "[" .. i .. "]"

	if getmetatable(e) ~= Entry then
		error(where .. " is no rule, action or delegation", 3)
	end
	if seen[e.name] then
		error(where .. ': there is a "' .. e.name .. '" already', 3)
	end
	seen[e.name] = true
	scan(e.fn, 4)
	if e.kind == "delegate" and not delegating[stage] then
		error(where .. ': "' .. e.name ..
		    '" delegates, which only preq and postq can', 3)
	end
end

local no_info = { connect = true, preq = true, postq = true, deliver = true }
local no_message = { connect = true, helo = true, authenticate = true }

-- What a rule said, checked: an error in a rule is the stage's, never a no.
local function run_entry(stage, e)
	local result

	status.within(e)
	result = e.fn()
	if e.kind == "action" then
		if result ~= nil then
			status.wrong("it returned something")
		end
		result = vsl.next()
	elseif not status.is(result) then
		status.wrong("it returned no status")
	elseif result.kind == "info" and no_info[stage] then
		status.wrong("info means nothing in " .. stage)
	elseif result.kind == "quarantine" and no_message[stage] then
		status.wrong("there is no message to quarantine in " .. stage)
	end
	status.within(nil)
	return result
end

-- Runs a stage: its final status, vsl.next() when nobody had one.
local function run(stage)
	local skip = delegation.resume(stage)

	for _, e in ipairs(main[stage]) do
		local result

		if skip then
			-- What came back goes on behind where it left.
			if e.name == skip then
				skip = nil
				result = run_entry(stage, e)
			end
		elseif e.kind == "delegate" then
			return status.new("delegated",
			    delegation.send(stage, e.name, e.service))
		else
			result = run_entry(stage, e)
		end
		if result and result.kind ~= "next" then
			return result
		end
	end
	if skip then
		return status.new("lost", delegation.put_off(stage,
		    'what came back was delegated by "' .. skip ..
		    '", which is no longer in ' .. stage))
	end
	return vsl.next()
end

-- Hooks: the stage's final status as a verdict.

local hooks = {}

local function trusted(stage)
	return state.trusted() or delegation.is_back() and
	    not delegating[stage]
end

local function ask(stage, set)
	local result

	state.again(stage)
	if trusted(stage) then
		return nil
	end
	state.enter(stage, set)
	result = run(stage)
	if result.kind == "faccept" then
		state.trust(stage)
	end
	state.leave()
	return result.verdict
end

function hooks.connect()
	function hook.accept()
		return ask("connect", {})
	end
end

function hooks.helo()
	function hook.helo(argument)
		return ask("helo", { helo = argument })
	end
	hook.ehlo = hook.helo
end

function hooks.authenticate()
	function hook.auth(_, mechanism, user, password)
		state.enter("authenticate", { auth = { mechanism = mechanism,
			authid = user, authpass = password } })
		local result = run("authenticate")

		state.leave()
		if result.kind == "accept" or result.kind == "faccept" then
			return result.verdict or action.accept()
		end
		return result.verdict
	end
end

function hooks.mail()
	function hook.mail(sender)
		return ask("mail", { mail_from = sender })
	end
end

function hooks.rcpt()
	function hook.rcpt(recipient)
		return ask("rcpt", { rcpt = recipient })
	end
end

function hooks.preq()
	function hook.dot(_, msg)
		if state.trusted() then
			-- So that the stages behind the queue know it.
			msg:set_meta("vsl_faccept", true)
		end
		return ask("preq", { msg = msg })
	end
	-- Recipients with routes of their own travel apart.
	function hook.split(msg)
		return state.split(msg)
	end
	function hook.received(msg)
		state.route(msg)
	end
end

-- Behind the queue a deferral is an answer: postq's would be recorded, that of
-- deliver would be the first attempt, and delivery follow unasked. Who denies
-- for now is asked again, and what was changed before is forgotten.
local function behind(stage)
	return function(msg)
		local verdict

		if msg:get_meta("vsl_faccept") then
			return nil
		end
		verdict = ask(stage, { msg = msg })
		if verdict and verdict.kind == "defer" then
			error("vsl: denied for now: " .. verdict.text, 0)
		end
		return verdict
	end
end

function hooks.postq()
	hook.postq = behind("postq")
end

function hooks.deliver()
	hook.deliver = behind("deliver")
end

-- Getters and setters.
for name, fn in pairs(state.api) do
	vsl[name] = fn
end

-- vsl.main{ stage = { entries }, ... }: once.
function vsl.main(tables)
	if main then
		error("vsl.main: called twice", 2)
	end
	scan(3, 3)
	if type(tables) ~= "table" then
		error("vsl.main: not a table", 2)
	end
	if tables.deliver and tables.delivery then
		error("vsl.main: deliver and delivery are the same", 2)
	end
	tables.deliver, tables.delivery = tables.deliver or tables.delivery, nil
	for stage, entries in pairs(tables) do
		local seen, last, count = {}, 0, 0

		if not stages[stage] then
			error("vsl.main: there is no stage " .. tostring(stage) ..
			    ": " .. table.concat(order, ", "), 2)
		end
		if type(entries) ~= "table" then
			error("vsl.main: " .. stage .. " is not an array", 2)
		end
		for k, e in pairs(entries) do
			if math.type(k) ~= "integer" or k < 1 then
				error("vsl.main: " .. stage .. " has " ..
				    tostring(k) .. ", and is an array", 2)
			end
			check_entry(stage, k, e, seen)
			last, count = math.max(last, k), count + 1
		end
		-- A name that is not there is nil, and would end the array.
		if last ~= count then
			error("vsl.main: " .. stage .. " has a hole before [" ..
			    last .. "]", 2)
		end
	end
	main = tables
	-- What the stages behind the queue have to know is said in preq: who is
	-- trusted, and the mark of what comes back.
	if main.postq or main.deliver then
		main.preq = main.preq or {}
	end
	for stage in pairs(main) do
		hooks[stage]()
	end
end

return vsl
