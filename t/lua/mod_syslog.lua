local t = require "check"

local names = {
	options = {"LOG_PID", "LOG_CONS", "LOG_ODELAY", "LOG_NDELAY",
	    "LOG_NOWAIT", "LOG_PERROR"},
	facilities = {"LOG_KERN", "LOG_USER", "LOG_MAIL", "LOG_DAEMON",
	    "LOG_AUTH", "LOG_SYSLOG", "LOG_LPR", "LOG_NEWS", "LOG_UUCP",
	    "LOG_CRON", "LOG_AUTHPRIV", "LOG_FTP", "LOG_LOCAL0", "LOG_LOCAL1",
	    "LOG_LOCAL2", "LOG_LOCAL3", "LOG_LOCAL4", "LOG_LOCAL5",
	    "LOG_LOCAL6", "LOG_LOCAL7"},
	levels = {"LOG_EMERG", "LOG_ALERT", "LOG_CRIT", "LOG_ERR",
	    "LOG_WARNING", "LOG_NOTICE", "LOG_INFO", "LOG_DEBUG"},
}

-- The values are the system's: t/60-modules.t asks the C compiler's headers.
local function constants()
	for _, list in pairs(names) do
		for _, name in ipairs(list) do
			t.is(math.type(syslog[name]), "integer", name)
			io.stderr:write("# value ", name, " ", syslog[name], "\n")
		end
	end
end

t.run(function()
	constants()
	for _, name in ipairs(names.levels) do
		syslog.log(syslog[name], "at " .. name)
	end
	syslog.error("an error")
	syslog.info("two\r\nlines event=forged \0 \"quoted\"")
	syslog.debug("a debug line")
	syslog.info(("x"):rep(100000))

	syslog.close()
	syslog.open("policy", syslog.LOG_PID | syslog.LOG_PERROR,
	    syslog.LOG_LOCAL3)
	syslog.error("to syslog, %s %n")
	syslog.info("two\nlines to syslog")
	print("ours meanwhile")
	syslog.open("bad\nname" .. ("x"):rep(100), syslog.LOG_PERROR)
	syslog.debug("under another name")
	syslog.close()
	syslog.close()
	syslog.info("ours again")

	t.is(select("#", syslog.info("x")), 0, "they return nothing")
	t.raises("bad argument #1 to 'smtpe.syslog.log' (not a level)",
	    "a level too many", syslog.log, 8, "x")
	t.raises("bad argument #1 to 'smtpe.syslog.log' (not a level)",
	    "a facility in it", syslog.log, syslog.LOG_MAIL | 3, "x")
	t.raises("bad argument #1 to 'smtpe.syslog.log'", "a word", syslog.log,
	    "LOG_ERR", "x")
	t.raises("bad argument #2 to 'smtpe.syslog.log'", "no text", syslog.log, 3)
	for _, name in ipairs{"error", "info", "debug"} do
		t.raises("bad argument #1 to 'smtpe.syslog." .. name .. "'",
		    name .. " of nil", syslog[name])
	end
	t.raises("bad argument #1 to 'smtpe.syslog.open'", "no ident", syslog.open)
	t.raises("bad argument #2 to 'smtpe.syslog.open' (not a sum of options)",
	    "bad options", syslog.open, "x", 1 << 20)
	t.raises("bad argument #3 to 'smtpe.syslog.open' (not a facility)",
	    "bad facility", syslog.open, "x", 0, 3)
end)
