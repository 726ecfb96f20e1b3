-- For t/48-stages-trace.t: each stage is a line in $TRACE, with what it sees
-- of the state that stages share.
local names, count = {}, 0
local function named(id)
	if id and not names[id] then
		count = count + 1
		names[id] = "t" .. count
	end
	return names[id] or "-"
end

calls = 0
local function note(stage, ...)
	local f = assert(io.open(os.getenv("TRACE"), "a"))
	f:write(table.concat({stage, ...}, " "), "\n")
	f:close()
end

-- "stage calls=1 context=1 id=t1 sender=- recipients=0"
local function session(stage)
	return function()
		calls = calls + 1
		context.calls = (context.calls or 0) + 1
		note(stage, "calls=" .. calls, "context=" .. context.calls,
		    "id=" .. named(transaction.id),
		    "sender=" .. (transaction.sender or "-"),
		    "recipients=" .. #transaction.recipients,
		    "helo=" .. (connection.helo or "-"))
	end
end
for _, stage in ipairs {"firewall", "accept", "helo", "ehlo", "mail", "rcpt",
    "data", "reset", "rset", "quit", "close"} do
	hook[stage] = session(stage)
end

function hook.auth()
	session("auth")()
	return "235 2.7.0 ok"
end
function hook.api(_, verb)
	note("api", "verb=" .. verb)
	return true
end

local function meta(msg)
	return "meta=" .. tostring(msg:get_meta("from"))
end

function hook.dot(path, msg)
	session("dot")()
	msg:set_meta("from", (msg:get_meta("from") or "") .. "dot")
	header.add("X-Dot", "1")
end
function hook.received(msg)
	session("received")()
	note("...", meta(msg), "dot=" .. tostring(msg:header("X-Dot")))
	msg:set_meta("from", msg:get_meta("from") .. "+received")
	if msg:get_meta("route") == nil and os.getenv("ROUTE") then
		msg:set_meta("route", os.getenv("ROUTE"))
	end
end

local function queue(stage)
	return function(msg, more)
		calls = calls + 1
		context.calls = (context.calls or 0) + 1
		note(stage, "calls=" .. calls, "context=" .. context.calls,
		    meta(msg), "attempts=" .. msg:attempts(),
		    more and more.action or (more and more.number) or "-")
		if stage ~= "postdelivery" then
			msg:set_meta("from", msg:get_meta("from") .. "+" ..
			    stage)
		end
	end
end
for _, stage in ipairs {"postq", "predelivery", "delivery", "deliver",
    "postdelivery"} do
	hook[stage] = queue(stage)
end
function hook.bounce(msg, recipients)
	note("bounce", "recipients=" .. #recipients, "context=" ..
	    tostring(context.calls))
end
