-- /etc/smtpe/smtpe.lua: an example policy. Edit it; it is read anew for each
-- connection, so there is nothing to restart.
--
-- Try it with a file of commands, nothing running and nothing sent:
--
--	printf 'EHLO me\r\nMAIL FROM:<a@b.example>\r\nQUIT\r\n' |
--	    smtpe -c /etc/smtpe/control -s ./smtpe.lua -q /tmp/q
--
-- Every stage is a function of the table hook, and every one is optional.
-- To return nothing is to say yes (the engine's own rules still hold: a
-- script is never needed to stay a closed relay). To say no, return a reply:
--
--	return "550 5.7.1 go away"		-- the whole reply as a string
--	return action.reject("not for us")	-- 550
--	return action.defer("come back later")	-- 451
--
-- The stages, what they get and which answers they know: smtpe-hooks(7).

-- Hosts that greet with a name only we may have.
local ours = {
	["localhost"] = true,
	["mx.example.org"] = true,
}

-- Addresses that are gone for good.
local gone = {
	["sales@example.org"] = "please write to info@example.org",
}

-- A client has connected; the banner has not been sent.
function hook.accept(ip)
	-- context is ours for this connection: nothing in it means anything
	-- to the engine.
	context.local_client = ip == "127.0.0.1" or ip == "::1"
end

function hook.ehlo(name)
	if ours[name:lower()] and not context.local_client then
		return action.reject("that is my name, not yours")
	end
end

hook.helo = hook.ehlo

-- The sender is "" for bounces: they must be taken.
function hook.mail(sender)
	if sender:lower():match("@invalid%.example$") then
		return action.reject("we do not hear from there")
	end
end

-- Called only for recipients that this host takes mail for.
function hook.rcpt(recipient)
	local why = gone[recipient:lower()]
	if why then
		return action.reject(551, why)
	end
end

-- The whole message is in the file path, a plain RFC 5322 message.
function hook.dot(path)
	local file = io.open(path, "rb")
	if not file then
		return action.defer("cannot look at your message now")
	end
	local start = file:read(4096) or ""
	file:close()
	if start:find("X-Advertisement: yes", 1, true) then
		return action.quarantine("advertisements")
	end
end
