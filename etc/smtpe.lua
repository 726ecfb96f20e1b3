-- /etc/smtpe/smtpe.lua: what this host does with mail, beyond its controls.
-- Edit it; each connection reads it anew, so there is nothing to restart.
--
-- Look for mistakes, and try it with a file of commands: nothing is running,
-- nothing is sent and nothing is kept.
--
--	smtpe --check -s ./smtpe.lua
--	printf 'EHLO me.example\nMAIL FROM:<a@b.example>\nQUIT\n' |
--	    smtpe -s ./smtpe.lua -q none --trace --peer 192.0.2.1
--
-- A script is a set of functions in the table hook, one for each stage of a
-- session that it cares about: smtpe-hooks(7) has them all. To return nothing
-- is to say yes (the engine's own rules still hold: no script is needed to
-- stay a closed relay). To say no, return a verdict:
--
--	return action.reject("5.7.1 Not here")		550, for good
--	return action.defer("4.7.1 Not now")		451, come again
--	return action.quarantine("odd")			250, and put aside

local policy = require "policy"

-- Addresses that are gone for good, and what to tell who writes to them.
local gone = {
	["sales@example.org"] = "5.1.6 Please write to info@example.org",
}

-- Called for each recipient that this host takes mail for.
function hook.rcpt(recipient)
	local why = gone[recipient:lower()]
	if why then
		return action.reject(551, why)
	end
end

-- The whole message is in the file, just as it was sent.
function hook.dot(path)
	local file <close> = assert(io.open(path, "rb"))
	if (file:read(4096) or ""):find("\nX-Advertisement: yes", 1, true) then
		return action.quarantine("advertisements")
	end
end

-- Policies that others have written: smtpe-policy(7) tells what each one does
-- and how to change it, by the options in braces or by files in the control
-- directory. They are asked in this order, behind the functions above, and the
-- first that says no has decided. This has to be the last thing here: a
-- function that hook gets later takes the place of the policies'.
policy.chain {
	-- Hosts that greet with our name, or with none.
	require "policy.helo",
	-- A report about a message has one recipient.
	require "policy.null_one_rcpt",
	-- Nobody sends us hundreds of messages within the hour.
	require "policy.ratelimit" { client = "200/1h" },

	-- Take away the dashes of what you want. The first ask the DNS, and
	-- the list's owner should know that you do.
	-- require "policy.dnsbl" { lists = { "zen.spamhaus.org" } },
	-- require "policy.sender_domain",
	-- require "policy.greylist",
	-- require "policy.earlytalker",
	-- require "policy.headers",
}
