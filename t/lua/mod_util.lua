local t = require "check"
local dir = assert(os.getenv("DIR"))

local function is_dir(path)
	local f = io.open(path .. "/probe", "w")
	return f ~= nil and f:close()
end

local function paths()
	t.is(util.mkpath(dir .. "/a/b/c"), true, "mkpath")
	t.ok(is_dir(dir .. "/a/b/c"), "it is there")
	t.is(util.mkpath(dir .. "/a/b/c"), true, "mkpath again")
	t.is(util.mkpath(dir .. "/a//d/"), true, "slashes too many")
	t.ok(is_dir(dir .. "/a/d"), "it is there, too")
	local good, message, number = util.mkpath(dir .. "/a/b/c/probe/x")
	t.fails("Not a directory", "below a file", good, message)
	t.is(number, 20, "ENOTDIR")
	t.fails("Not a directory", "a file",
	    util.mkpath(dir .. "/a/b/c/probe"))
	t.fails("No such file", "no name", util.mkpath(""))
	t.fails("too long", "a long one", util.mkpath(("x/"):rep(5000)))
	t.raises("bad argument #1 to 'smtpe.util.mkpath' (a NUL in a path)",
	    "a NUL", util.mkpath, dir .. "/a\0b")
	t.raises("bad argument #1 to 'smtpe.util.mkpath'", "nil", util.mkpath)
end

local function dates()
	t.is(util.date_to_time("Fri, 20 Nov 2026 09:44:42 +0000"), 1795167882,
	    "RFC 5322")
	t.is(util.date_to_time("20 Nov 2026 10:44 +0100"), 1795167840,
	    "no day, no seconds")
	t.is(util.date_to_time("Fri, 20 Nov 26 04:44:42 EST (late)"), 1795167882,
	    "two digits, a name, a comment")
	t.is(util.date_to_time("2026-11-20T09:44:42Z"), 1795167882, "RFC 3339")
	t.is(util.date_to_time("2026-11-20 10:44:42.25+01:00"), 1795167882,
	    "a fraction, an offset")
	t.is(util.date_to_time("1 Jan 1970 00:00:00 -0000"), 0, "the first")
	for _, bad in ipairs{"", "now", "31 Feb 2026 00:00 +0000",
	    "20 Nov 2026", "2026-11-20", "2026-13-01T00:00:00Z",
	    "Fri 20 Nov 2026 09:44:42 +0000", "20 Nov 2026 24:00:00 +0000",
	    "20 Nov 2026 09:44:42 +0000 x"} do
		t.fails("not a date", string.format("%q", bad),
		    util.date_to_time(bad))
	end
	t.raises("bad argument #1 to 'smtpe.util.date_to_time'", "nil",
	    util.date_to_time)
end

t.run(function()
	t.ok(math.type(util.cpucount()) == "integer" and util.cpucount() > 0,
	    "cpucount")
	local load = {util.getloadavg()}
	t.is(#load, 3, "getloadavg gives three")
	for i = 1, 3 do
		t.ok(math.type(load[i]) == "float" and load[i] >= 0, "load " .. i)
	end
	paths()
	dates()
end)
