--[[
halon: the contexts of Halon's language as functions, over the hooks of smtpe
(smtpe-halon(7)).

	local halon = require "halon"

	function halon.rcptto()
		if halon.arguments.address.localpart == "nobody" then
			Reject("No such user", { reply_codes = { code = 550,
				enhanced = { 5, 1, 1 } } })
		end
	end

	function halon.predelivery()
		Try { transportid = halon.arguments.retry == 0 and "direct" or
			"fallback" }
	end

A verdict ends its context at once, with or without return. A context that
just ends accepts; halon.auth refuses.
]]
local facts = require "halon.facts"
local later = require "halon.later"
local scan = require "halon.scan"
local transports = require "halon.transports"
local verdicts = require "halon.verdicts"

local halon = {}
local contexts = {}	-- name -> the script's function
local install = {}	-- name -> puts our hooks in place

-- Runs a context: what the hook returns, and whether it just ended.
local function run(name, set)
	facts.enter(name, set)
	local fine, result = pcall(contexts[name])

	facts.leave()
	if verdicts.is(result) then
		return result.value, false
	end
	if not fine then
		error(result, 0)
	end
	if result ~= nil and type(result) ~= "userdata" then
		error("halon." .. name .. " returned what is no verdict", 0)
	end
	return result, result == nil
end

-- Which recipients travel apart: all, where somebody decides for each.
local function split(msg)
	local list, groups = msg:recipients(), {}

	if #list < 2 or not (contexts.eodrcpt or contexts.predelivery or
	    contexts.postdelivery or transports.routed()) then
		return nil
	end
	for i, r in ipairs(list) do
		groups[i] = { r }
	end
	return groups
end

local function received(msg)
	local recipient = msg:recipients()[1]

	transports.settle(msg)
	if contexts.eodrcpt then
		return (run("eodrcpt", { msg = msg, arguments = {
			recipient = recipient,
			address = facts.address(recipient or ""),
			mail = facts.mail(),
		} }))
	end
end

-- Once: a function that takes the place of another one is worth a line in the
-- log.
local placed = {}

local function place(name, fn)
	if not placed[name] then
		placed[name] = true
		hook[name] = fn
	end
end

local function install_split()
	place("split", split)
end

local function install_received()
	place("split", split)
	place("received", received)
end
transports.when_routed(install_received)

function install.firewall()
	function hook.firewall(ip, port, local_ip, local_port)
		local value, ended = run("firewall", { arguments = {
			remoteip = ip, remoteport = port,
			localip = local_ip, localport = local_port } })

		return ended or value
	end
end

function install.connect()
	function hook.accept()
		return (run("connect", { arguments = {} }))
	end
end

function install.helo()
	local function greet(verb, host, extensions)
		return (run("helo", { extensions = extensions, arguments = {
			verb = verb, host = host, extensions = extensions } }))
	end

	function hook.helo(host)
		return greet("HELO", host)
	end
	function hook.ehlo(host, extensions)
		return greet("EHLO", host, extensions)
	end
end

function install.auth()
	local state = 0

	function hook.auth(argument, mechanism, user, password)
		local word, rest = argument:match("^(%S*)%s*(.*)$")

		-- A command names its mechanism; what answers our 334, which
		-- the client may have cancelled, does not.
		if word:upper() == mechanism:upper() then
			state, argument = 0, rest ~= "" and rest or nil
		else
			state = state + 1
		end
		local value, ended = run("auth", { user = user, arguments = {
			mechanism = mechanism, state = state,
			response = argument, username = user,
			password = password } })

		if ended then
			return action.reject(535,
			    "5.7.8 Authentication failed")
		end
		return value
	end
end

function install.mailfrom()
	function hook.mail(sender, params)
		return (run("mailfrom", { arguments = { sender = sender,
			address = facts.address(sender), params = params } }))
	end
end

function install.rcptto()
	function hook.rcpt(recipient, _, params)
		return (run("rcptto", { arguments = { recipient = recipient,
			address = facts.address(recipient),
			params = params } }))
	end
end

function install.eod()
	function hook.dot(_, msg)
		return (run("eod", { msg = msg,
			arguments = { mail = facts.mail() } }))
	end
end

install.eodrcpt = install_received

-- A report as Bounce{dsn=} wanted it; what it says is kept with the message,
-- so that it is there whenever the report is made.
local function bounce(msg, _, report)
	return later.report(msg, report)
end

function install.predelivery()
	install_split()
	place("bounce", bounce)
	function hook.predelivery(msg, attempt)
		return (run("predelivery", { msg = msg, arguments = {
			retry = attempt.number - 1,
			transportid = attempt.route, age = attempt.age } }))
	end
end

local actions = { retry = "QUEUE", bounce = "BOUNCE", expired = "BOUNCE" }

local function outcome(result)
	local attempt = { duration = result.duration, agent = result.agent,
		connection = { remoteip = result.remote } }

	if result.code and result.code > 0 then
		attempt.result = {
			code = result.code, reason = { result.text },
			enhanced = facts.enhanced(result.enhanced),
		}
	else
		attempt.error = { reason = result.text,
			temporary = result.action == "retry" }
	end
	return attempt
end

function install.postdelivery()
	install_split()
	place("bounce", bounce)
	function hook.postdelivery(msg, result)
		return (run("postdelivery", { msg = msg,
			recipient = result.recipient, arguments = {
			retry = result.attempt - 1,
			action = actions[result.action],
			expired = result.action == "expired",
			recipient = result.recipient,
			attempt = outcome(result) } }))
	end
end

function install.api()
	function hook.api(user, verb, arguments)
		local value, ended = run("api", { arguments = {
			username = user, verb = verb,
			arguments = arguments } })

		return ended or value == true
	end
end

local names = {}
for name in pairs(install) do
	names[#names + 1] = name
end
table.sort(names)

for _, api in ipairs { verdicts.api, later.api, facts.api } do
	for name, fn in pairs(api) do
		halon[name] = fn
		_G[name] = fn
	end
end

local function known(name)
	return install[name] ~= nil or facts.variables[name] ~= nil or
	    rawget(halon, name) ~= nil or name == "transports"
end

return setmetatable({}, {
	__index = function(_, name)
		local variable = facts.variables[name]

		if name == "transports" then
			return transports.map
		end
		if variable then
			return variable()
		end
		if halon[name] ~= nil or install[name] then
			return halon[name] or contexts[name]
		end
		error("halon." .. tostring(name) .. " is not supported: " ..
		    scan.why(name), 2)
	end,
	__newindex = function(_, name, value)
		if name == "context" then
			facts.set_context(value)
			return
		end
		if name == "transports" then
			transports.set(value)
			return
		end
		if not install[name] then
			error("halon: there is no context " .. tostring(name) ..
			    ": " .. table.concat(names, ", "), 2)
		end
		if type(value) ~= "function" then
			error("halon." .. name .. " is not a function", 2)
		end
		scan.source(debug.getinfo(2, "S").source, known)
		contexts[name] = value
		install[name]()
	end,
})
