local t = require "check"

local function find()
	t.same({text.find("a.b.c", ".b")}, {2, 3}, "no pattern")
	t.same({text.find("Hello World", "WORLD", true)}, {7, 11}, "caseless")
	t.is(text.find("Hello World", "WORLD"), nil, "not caseless")
	t.is(text.find("Hello World", "WORLD", 0), nil, "0 is false")
	t.same({text.find("abcabc", "c", false, 4)}, {6, 6}, "init")
	t.same({text.find("ABCABC", "c", true, 4)}, {6, 6}, "init, caseless")
	t.same({text.find("abc", "", false, 4)}, {4, 3}, "nothing is everywhere")
	t.is(text.find("abc", "", false, 5), nil, "but not behind the end")
	t.is(text.find("", "a"), nil, "in nothing")
	t.same({text.find("a\0b", "\0b")}, {2, 3}, "a NUL")
	t.same({text.find("\xc4b", "\xe4B", true)}, {}, "only ASCII letters")
	local long = ("a"):rep(300000)
	t.is(text.find(long, ("a"):rep(150000) .. "b", true), nil,
	    "linear in the worst case")
	t.raises("bad argument #1 to 'smtpe.text.find'", "nil", text.find)
	t.raises("bad argument #2 to 'smtpe.text.find'", "no needle", text.find, "")
	t.raises("bad argument #3 to 'smtpe.text.find'", "a word as a flag",
	    text.find, "a", "b", "c")
	t.raises("bad argument #4 to 'smtpe.text.find'", "init 0", text.find,
	    "a", "b", true, 0)
end

local function split()
	t.same(text.split("  a b\tc\r\n"), {"a", "b", "c"}, "at blanks")
	t.same(text.split("a,b;c", ",;"), {"a", "b", "c"}, "at any of them")
	t.same(text.split("a,,b,", ","), {"a", "b"}, "without empty pieces")
	t.same(text.split("a,,b,", ",", true), {"a", "", "b", ""}, "with them")
	t.same(text.split(""), {}, "nothing")
	t.same(text.split("", ",", true), {""}, "one piece, empty")
	t.same(text.split("a\0b\xffc", "\0\xff"), {"a", "b", "c"}, "any octets")
	t.is(#text.split(("x "):rep(100000)), 100000, "many")
	t.raises("bad argument #1 to 'smtpe.text.split'", "nil", text.split)
	t.raises("bad argument #2 to 'smtpe.text.split'", "no delimiter",
	    text.split, "a", "")
	t.raises("bad argument #2 to 'smtpe.text.split'", "a table",
	    text.split, "a", {})
end

local function order(a, b, want, ...)
	t.is(text.natcmp(a, b, ...), want, "natcmp " .. a .. " " .. b)
	t.is(text.natcmp(b, a, ...), -want, "natcmp " .. b .. " " .. a)
end

local function natcmp()
	order("a", "a", 0)
	order("", "a", -1)
	order("mx9", "mx10", -1)
	order("mx10a", "mx10b", -1)
	order("mx1.9", "mx1.10", -1)
	order("1", "01", -1)
	order("a1b01", "a01b1", -1)
	order("01", "2", -1)
	order("00", "0", 1)
	order("9", "a", -1)
	order("A", "a", -1)
	order("A", "a", 0, true)
	order("MX9", "mx10", -1, true)
	order("\xff", "a", 1)
	order(("9"):rep(1000), ("9"):rep(999) .. "8", 1)
	local list = {"mx10", "mx2", "mx01", "mx1", "MX1"}
	table.sort(list, function(a, b) return text.natcmp(a, b) < 0 end)
	t.is(table.concat(list, " "), "MX1 mx1 mx01 mx2 mx10", "sorts")
	t.raises("bad argument #1 to 'smtpe.text.natcmp'", "nil", text.natcmp)
	t.raises("bad argument #2 to 'smtpe.text.natcmp'", "one", text.natcmp, "a")
end

t.run(function()
	find()
	split()
	natcmp()
end)
