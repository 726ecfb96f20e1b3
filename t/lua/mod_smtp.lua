-- smtp: what is wrong with the arguments, and hosts that are not there; what
-- servers do is in t/63-smtp-client.t.
local t = require "check"
local dir = assert(os.getenv("DIR"))
local gone = "127.0.0.1:1"

local function arguments()
	t.raises("string or array expected", "no hosts", smtp.check, nil,
	    "a@b", "c@d")
	t.raises("no host", "an empty list", smtp.check, {}, "a@b", "c@d")
	t.raises("item 2 of hosts is a number", "a number is no host",
	    smtp.check, {gone, 2}, "a@b", "c@d")
	local many = {}
	for i = 1, 17 do
		many[i] = gone
	end
	t.raises("more than 16 hosts", "too many", smtp.check, many, "a@b",
	    "c@d")
	t.raises("no recipient", "nobody", smtp.check, gone, "a@b", {})
	t.raises("string expected", "no sender", smtp.check, gone, nil, "c@d")
	t.raises("unknown option 'time'", "a misspelt option", smtp.check,
	    gone, "a@b", "c@d", {time = 1})
	t.raises("option 'timeout' is a string", "no number", smtp.check,
	    gone, "a@b", "c@d", {timeout = "1"})
	for _, bad in ipairs{0, -1, 0 / 0, 1 / 0} do
		t.raises("not in 0..86400", "no time", smtp.check, gone,
		    "a@b", "c@d", {timeout = bad})
	end
	t.raises("option 'helo' is a table", "no name", smtp.check, gone,
	    "a@b", "c@d", {helo = {}})
	t.raises("string expected", "no message", smtp.sendstring, gone,
	    "a@b", "c@d")
	t.raises("string expected", "no file", smtp.sendfile, gone, "a@b",
	    "c@d")
end

local function nobody_there()
	local r = smtp.check(gone, "a@b", "c@d")
	t.is(r.ok, false, "refused")
	t.is(r.outcome, "lost", "as lost")
	t.is(r.stage, "connect", "while connecting")
	t.is(r.code, 451, "temporary")
	t.is(r.enhanced, "4.4.1", "4.4.1")
	t.is(r.error, "Connection refused", "why")
	t.is(r.reply, "451 4.4.1 Connection refused", "what a hook may say")
	t.is(r.host, gone, "who")
	t.is(r.accepted, 0, "none")
	t.is(#r, 1, "one recipient")
	t.is(r[1].recipient, "c@d", "this one")
	t.is(r[1].outcome, "lost", "as the whole")
	r = smtp.sendstring({gone, "nonsense:x"}, "", {"c@d", "e@f"}, "x")
	t.is(#r, 2, "two recipients")
	t.is(r.host, "nonsense:x", "the last host")
	t.is(r.error, "not a host, host:port or path", "is none")
	r = smtp.check({gone, "/nonesuch"}, "", {"c@d"})
	t.is(r.error, "No such file or directory", "a Unix socket")
end

local function files()
	local r = smtp.sendfile(gone, "a@b", "c@d", dir .. "/none")
	t.is(r.outcome, "local", "a file that is not there")
	t.is(r.error, "No such file or directory", "why")
	t.is(r.reply, "451 4.3.0 local trouble", "is nobody's business")
	t.is(r[1].outcome, "local", "for each")
	t.is(smtp.sendfile(gone, "a@b", "c@d", dir).error, "Is a directory",
	    "nor a directory")
	t.is(smtp.sendfile(gone, "a@b", "c@d", "/dev/null").error,
	    "Invalid argument", "nor a device")
	t.is(smtp.sendfile(gone, "a@b", "c@d", dir .. "\0/x").outcome, "local",
	    "nor a name with a NUL")
	local f = assert(io.open(dir .. "/message", "w"))
	f:write("Subject: a\n\nb\n")
	f:close()
	t.is(smtp.sendfile(gone, "a@b", "c@d", dir .. "/message").outcome,
	    "lost", "but a file")
end

t.run(function()
	arguments()
	nobody_there()
	files()
end)
