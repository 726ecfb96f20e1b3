local t = require "check"
local dir = assert(os.getenv("DIR"))

t.run(function()
	local db = cdb.open(dir .. "/test.cdb")
	t.ok(db, "open")
	t.is(db:find("one"), "1", "find")
	t.is(db:find("two"), "first", "the first of two values")
	t.is(db:find("empty"), "", "an empty value")
	t.is(db:find(""), "nothing", "an empty key")
	t.is(db:find("three"), nil, "not there")
	t.is(select("#", db:find("three")), 1, "which is no error")
	t.is(db:find("One"), nil, "another case is another key")
	t.is(cdb.find(db, "one"), "1", "cdb.find")
	t.is(#db:find("big"), 100000, "a big value")

	local seen = {}
	for key, value in db:iterate() do
		if #value < 1000 then
			seen[#seen + 1] = key .. "=" .. value
		end
	end
	t.is(table.concat(seen, " "), "one=1 two=first empty= =nothing two=second",
	    "iterate: every record, in the file's order")
	local n = 0
	for a in cdb.iterate(db) do
		for b in db:iterate() do
			n = n + 1
		end
	end
	t.is(n, 36, "iterators inside of each other")
	local step = cdb.open(dir .. "/test.cdb"):iterate()
	collectgarbage()
	collectgarbage()
	t.is(step(), "one", "an iterator keeps its database")
	t.is(cdb.open(dir .. "/empty.cdb"):find("x"), nil, "an empty database")
	t.is(cdb.open(dir .. "/empty.cdb"):iterate()(), nil, "has no records")

	for i = 1, 2000 do
		cdb.open(dir .. "/test.cdb"):find("one")
	end
	t.is(db:find("one"), "1", "2000 others were opened and forgotten")
	collectgarbage()
	collectgarbage()
	local maps = 0
	for line in io.lines("/proc/self/maps") do
		maps = maps + (line:find("test.cdb", 1, true) and 1 or 0)
	end
	t.ok(maps >= 1 and maps <= 3, "they closed by themselves", maps)

	t.fails("No such file", "no file", cdb.open(dir .. "/nonesuch.cdb"))
	t.fails("directory", "a directory", cdb.open(dir))
	t.fails("not a constant database", "too short",
	    cdb.open(dir .. "/short.cdb"))
	local bad = cdb.open(dir .. "/damaged.cdb")
	t.fails("damaged", "a damaged one: find", bad:find("one"))
	t.raises("damaged", "a damaged one: iterate", function()
		for _ in bad:iterate() do end
	end)
	t.fails("Invalid argument", "a fifo is not waited for",
	    cdb.open(dir .. "/fifo.cdb"))

	t.raises("bad argument #1 to 'smtpe.cdb.open' (a NUL in a path)", "a NUL",
	    cdb.open, dir .. "/test.cdb\0x")
	t.raises("bad argument #1 to 'smtpe.cdb.open'", "nil", cdb.open)
	t.raises("database expected", "find in something else", cdb.find, {}, "x")
	t.raises("database expected", "find in a file", cdb.find, io.stderr, "x")
	t.raises("database expected", "iterate over something else",
	    cdb.iterate, "x")
	t.raises("bad argument #2", "find nil", cdb.find, db)
	t.is(getmetatable(db), false, "its metatable is ours")
	t.is(debug.getmetatable(db), false, "for debug, too")
	t.is(db.__gc, nil, "no finalizer to call")
end)
