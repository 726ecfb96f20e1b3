-- The script of t/helpers/stage_kills.py: what hook.postq does is $WHAT, and
-- each call of a stage is a line in $TRACE.
local function note(stage)
	local f = assert(io.open(os.getenv("TRACE"), "a"))
	f:write(stage, "\n")
	f:close()
end

local acts = {
	nothing = function() end,
	effects = function(msg)
		msg:set_sender("new@example.net")
		msg:set_recipients({"x@example.org", "z@example.org"},
		    {relay = true})
		msg:prepend_header("X-Postq", "1")
		msg:set_meta("postq", "was here")
	end,
	data = function(msg)
		assert(msg:set_data("Subject: another\r\n\r\nbody\r\n"))
	end,
	quarantine = function(msg)
		msg:set_meta("postq", "was here")
		return action.quarantine("odd")
	end,
	defer = function()
		return action.defer("later", {after = 100})
	end,
	discard = function() return action.discard() end,
}

function hook.postq(msg)
	note("postq")
	return acts[os.getenv("WHAT")](msg)
end

function hook.predelivery(msg)
	note("predelivery")
	msg:set_meta("attempts", (msg:get_meta("attempts") or 0) + 1)
end

function hook.postdelivery()
	note("postdelivery")
end
