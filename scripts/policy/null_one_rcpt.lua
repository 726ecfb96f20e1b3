--[[
null_one_rcpt: a message from the null sender has one recipient. It is a report
about one message, and goes to the one who sent that (RFC 5321 4.5.5); with
several recipients it is something else that looks like one.

	policy.chain { require "policy.null_one_rcpt" }

The first recipient is taken, each further one is 550 5.5.3. Clients that may
relay are not checked. No options.
]]
local policy = require "policy"

return policy.new("null_one_rcpt", {}, function()
	return { rcpt = function()
		if transaction.sender == "" and #transaction.recipients > 0 and
		    not connection.relay then
			return action.reject(550,
			    "5.5.3 A report has one recipient")
		end
	end }
end)
