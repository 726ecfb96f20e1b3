-- Stages of the queue that do what the message's metadata say, for
-- t/45-stages.t: "postq=reject" and so on. Each call is a line in $TRACE.
local function say(...)
	local f = assert(io.open(os.getenv("TRACE"), "a"))
	f:write(table.concat({...}, " "), "\n")
	f:close()
end

local once = {}
local acts = {
	accept = function() return action.accept() end,
	reject = function() return action.reject(554, "5.7.9 not wanted") end,
	text = function() return "550 5.1.3 says a string" end,
	later = function() return "451 4.2.0 says a string" end,
	defer = function() return action.defer("4.2.1 busy") end,
	defer_after = function()
		return action.defer("4.2.1 busy", {after = 1000})
	end,
	defer_uncounted = function()
		return action.defer("4.2.1 busy", {after = 1000, count = false})
	end,
	defer_for_ever = function()
		return action.defer("4.2.1 busy", {after = 1e8})
	end,
	discard = function() return action.discard() end,
	quarantine = function() return action.quarantine("odd") end,
	hold = function() return action.hold("for a look") end,
	route = function() return "ok:other" end,
	no_route = function() return "nowhere" end,
	table = function() return {route = "ok:other", helo = "a b"} end,
	bad_table = function() return {route = "ok:other", first = 1} end,
	trust = function() return action.trust() end,
	number = function() return 42 end,
	error = function() error("a mistake") end,
	loop = function() while true do end end,
	explode = function()
		return (("a"):rep(40)):find((".-"):rep(20) .. "b")
	end,
	memory = function()
		local t = {}
		for i = 1, 1e9 do t[i] = ("x"):rep(1000) .. i end
	end,
	change = function(msg)
		msg:set_sender("new@example.net")
		msg:set_recipients({"p@x.test", "q@x.test"}, {relay = true})
		msg:set_header("Subject", "changed")
		msg:set_meta("colour", "blue")
	end,
	change_and_fail = function(msg)
		msg:set_sender("new@example.net")
		error("a mistake behind a change")
	end,
	change_and_hold = function(msg)
		msg:set_meta("colour", "blue")
		return action.hold("changed")
	end,
	change_and_reject = function(msg)
		msg:set_sender("told@example.net")
		return action.reject(554, "5.7.9 not wanted")
	end,
	data = function(msg)
		assert(msg:set_data("Subject: another\r\n\r\none\r\n"))
	end,
	nobody = function(msg) msg:set_recipients({}) end,
	meta = function(msg)
		msg:set_meta("count", (msg:get_meta("count") or 0) + 1)
	end,
	requeue = function()
		if once.requeue then return end
		once.requeue = true
		return {route = "ok:other", queue = "slow"}
	end,
	requeue_after = function() return {queue = "slow", after = 5000} end,
	requeue_never = function() return {queue = "slow", after = 1e300} end,
	requeue_string = function() return "ok:string" end,
}

local function act(stage, msg)
	local name = msg:get_meta(stage)
	if name then
		return acts[name](msg)
	end
end

function hook.postq(msg)
	say("postq", msg:sender(), table.concat(msg:recipients(), ","),
	    msg:attempts())
	return act("postq", msg)
end

local function attempt(stage)
	return function(msg, a)
		context.calls = (context.calls or 0) + 1
		say(stage, a.number, a.route, table.concat(a.recipients, ","),
		    math.floor(a.age), context.calls)
		return act(stage, msg)
	end
end
hook.predelivery = attempt("predelivery")
hook.delivery = attempt("delivery")
hook.deliver = attempt("deliver")

function hook.send(msg, a)
	say("send", a.number, a.route, table.concat(a.recipients, ","))
	local name = a.route:match("^lua:(.*)$")
	if name == "true" then return true end
	if name == "250" then return "250 2.6.0 sent by a script" end
	if name == "nil" then return end
	if name == "change" then msg:set_sender("") end
	return acts[name](msg)
end

function hook.postdelivery(msg, r)
	context.calls = (context.calls or 0) + 1
	say("postdelivery", r.recipient, r.action, r.code, r.enhanced, r.agent,
	    r.attempt, math.type(r.duration), context.calls)
	return act("postdelivery", msg)
end

function hook.bounce(msg, recipients, report)
	say("bounce", table.concat(recipients, ","), report.subject)
	local what = msg:get_meta("on_bounce")
	if what == "discard" then return action.discard() end
	if what == "change" then
		return {subject = "Sorry", text = "It came back.\n",
		    headers = {"X-Note: a"}}
	end
	if what == "error" then error("no bounce") end
end
