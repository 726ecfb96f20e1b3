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

local function write(path, text)
	local f = assert(io.open(path, "wb"))
	f:write(text)
	f:close()
end

local function read(path)
	local f = io.open(path, "rb")
	return f and f:read("a"), f and f:close()
end

local function lists()
	util.mkpath(dir .. "/list")
	t.same(util.listdir(dir .. "/list"), {}, "an empty directory")
	for i = 1, 300 do
		write(dir .. "/list/" .. i, "")
	end
	local names = util.listdir(dir .. "/list")
	table.sort(names, function(a, b) return text.natcmp(a, b) < 0 end)
	t.is(#names, 300, "all names")
	t.is(names[1] .. names[300], "1300", "and the right ones")
	t.is(#util.listdir(dir .. "/list", 7), 7, "no more than asked for")
	t.is(#util.listdir(dir .. "/list", 0), 0, "none")
	t.is(#util.listdir(dir .. "/list", -1), 0, "fewer than none")
	t.fails("No such file", "a directory that is not there",
	    util.listdir(dir .. "/none"))
	t.fails("Not a directory", "a file", util.listdir(dir .. "/list/1"))
	t.raises("a NUL in a path", "a NUL", util.listdir, dir .. "\0x")
end

local function updates()
	local path = dir .. "/state"
	local function give(...)
		local results = table.pack(...)
		return function(old)
			return table.unpack(results, 1, results.n)
		end
	end
	local seen
	t.same({util.update(path, function(old)
		seen = old
		return "one\n", 1, nil, "x"
	end)}, {true, 1, nil, "x"}, "update gives what the function does")
	t.is(seen, "", "nothing is there at first")
	t.is(read(path), "one\n", "and then the text is")
	t.is(util.update(path, function(old) seen = old return "a" end), true,
	    "another text")
	t.is(seen, "one\n", "instead of the first")
	t.is(read(path), "a", "which was longer")
	t.is(select("#", util.update(path, give())), 1, "no result")
	t.is(read(path), "a", "leaves it")
	t.is(util.update(path, give(nil)), true, "nil")
	t.is(read(path), "a", "leaves it, too")
	t.is(util.update(path, give("")), true, "an empty text")
	t.is(read(path), "", "is one")
	t.is(util.update(path, give(false)), true, "false")
	t.is(read(path), nil, "removes the file")
	t.is(util.update(path, give(nil)), true, "nil without a file")
	t.is(read(path), nil, "makes none")
	t.is(util.update(path, give(("x"):rep(4096))), true, "4096 octets")
	t.is(#read(path), 4096, "are all there")
	t.raises("more than 4096", "4097", util.update, path,
	    give(("x"):rep(4097)))
	t.raises("a boolean is no text", "true", util.update, path, give(true))
	t.raises("a table is no text", "a table", util.update, path, give({}))
	t.raises("it broke", "an error", util.update, path,
	    function() error("it broke") end)
	t.is(#read(path), 4096, "and nothing has changed")
	-- Who raised has let go of the lock; who holds it cannot have it again.
	t.is(util.update(path, give("b")), true, "after errors")
	t.is(util.update(path, function()
		t.fails("temporarily unavailable", "inside itself",
		    util.update(path, give("c")))
		return "d"
	end), true, "the outer one goes on")
	t.is(read(path), "d", "and its text counts")
	local yields = coroutine.wrap(function()
		return pcall(util.update, path, coroutine.yield)
	end)
	t.is(yields(), false, "its function cannot yield")
end

local function whole()
	write(dir .. "/whole", "a\0b\n")
	write(dir .. "/large", ("x"):rep(100000))
	t.is(util.readfile(dir .. "/whole"), "a\0b\n", "a whole file")
	t.is(util.readfile(dir .. "/whole", 4), "a\0b\n", "that just fits")
	t.fails("too large", "one octet more", util.readfile(dir .. "/whole", 3))
	t.is(#util.readfile(dir .. "/large"), 100000, "a larger one")
	t.is(#util.readfile("/proc/self/status") > 100, true,
	    "one that tells no size")
	t.fails("No such file", "none", util.readfile(dir .. "/none"))
	t.fails("Is a directory", "a directory", util.readfile(dir))
	t.fails("Invalid argument", "a device", util.readfile("/dev/zero"))
	t.raises("out of range", "fewer than none", util.readfile, dir, -1)
	t.raises("out of range", "more than all", util.readfile, dir, 1 << 40)
	t.raises("a NUL in a path", "a NUL", util.readfile, dir .. "\0x")
end

local function unusual()
	t.fails("No such file", "no directory",
	    util.update(dir .. "/none/x", function() return "x" end))
	t.fails("Is a directory", "a directory",
	    util.update(dir, function() return "x" end))
	write(dir .. "/big", ("x"):rep(4097))
	t.fails("too large", "a file that is not ours",
	    util.update(dir .. "/big", function() return "x" end))
	t.is(#read(dir .. "/big"), 4097, "is left alone")
	os.execute("ln -s big " .. dir .. "/link; mkfifo " .. dir .. "/fifo")
	t.fails("ymbolic link", "a symbolic link",
	    util.update(dir .. "/link", function() return "x" end))
	t.fails("Invalid argument", "a fifo",
	    util.update(dir .. "/fifo", function() return "x" end))
	t.fails("Invalid argument", "which readfile does not wait for",
	    util.readfile(dir .. "/fifo"))
	t.raises("a NUL in a path", "a NUL", util.update, dir .. "/a\0b", print)
	t.raises("function expected", "no function", util.update, dir .. "/a")
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
	lists()
	updates()
	whole()
	unusual()
end)
