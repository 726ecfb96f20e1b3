--[[
earlytalker: clients that do not wait for our answers. A program that throws its
mail at a host talks before the banner, or sends command after command to a
server that has not offered it (RFC 5321 3.1, RFC 2920 3.1).

	policy.chain { require "policy.earlytalker" }

What counts is input that is there when it must not be: before the banner,
behind HELO and all after it, behind the first EHLO. Nobody is made to wait to
find out. The reply is 554, and the connection ends. The engine's control
pipeliningreject does more, for all clients; this one leaves out clients that
may relay, this machine, its LAN, and a file of commands in a client's place.

Option, and the control that stands in for it:
	allow (earlytalkerallow)	networks whose clients may do so
]]
local policy = require "policy"

return policy.new("earlytalker", {
	allow = policy.control("earlytalkerallow") or {},
}, function(o)
	local is_neighbour, offered = policy.neighbours(o.allow), false
	local function check()
		-- Who has no port is no client.
		if offered or not client.is_pipelining or not client.port or
		    is_neighbour() then
			return nil
		end
		return action.disconnect(554,
		    "5.5.0 You talk before it is your turn")
	end
	return {
		accept = check, helo = check, mail = check, rcpt = check,
		data = check,
		ehlo = function()
			local verdict = check()
			-- From here on several commands at once are fine.
			offered = true
			return verdict
		end,
	}
end)
