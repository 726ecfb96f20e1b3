local t = require "check"

function hook.accept()
	early = {header.add("X", "1")}
end
function hook.mail()
	mail_find = {header.find("Subject")}
	header.add("X-Mail", "from mail")
end

local function finding()
	t.is(header.find("Subject"), "first", "find")
	t.is(header.find("subject"), "first", "in any case")
	t.is(header.find("Received", 2), "from b", "the second")
	t.is(header.find("Received", 3), nil, "there is no third")
	t.is(select("#", header.find("Nope")), 0, "none is no error")
	t.is(header.find("Long"), "one\r\n two", "folds are kept")
	t.is(header.find("body"), nil, "the body is not looked at")
	t.is(header.find("X-Mail"), "from mail", "what an earlier hook added")
	t.raises("bad argument #2 to 'smtpe.header.find' (not from 1 on)",
	    "from 1 on", header.find, "Subject", 0)
	t.raises("bad argument #1", "a name", header.find)
end

local function adding()
	t.is(header.add("X-New", "a"), true, "add")
	t.is(header.insert("X-New", "b"), true, "insert")
	t.is(header.find("X-New"), "b", "an inserted one comes first")
	t.is(header.find("X-New", 2), "a", "an added one last")
	t.is(header.add("X-Empty", ""), true, "an empty value")
	t.is(header.find("X-Empty"), "", "is empty")
	t.is(header.add("X-Long", ("word "):rep(50)), true, "a long value")
	for line in (header.find("X-Long") .. "\r\n"):gmatch("(.-)\r\n") do
		t.ok(#line <= 78, "is folded")
	end
	t.is(header.find("X-Long"):gsub("\r\n", ""), ("word "):rep(49) .. "word",
	    "and nothing of it is lost")
	t.is(header.add("X-Fold", "a\r\n b"), true, "a fold is a fold")
end

local function refusing()
	local bad = {"a\r\nEvil: x", "a\nb", "a\rb", "a\r\n", "x\r\n \r\n y",
	    "a\0b", "a\1b", "a\127b"}
	for _, value in ipairs(bad) do
		local good, why = header.add("X-Bad", value)
		if value == "a\r\n" then
			t.fails("line break", "a last line break", good, why)
		else
			t.ok(good == nil and type(why) == "string",
			    "refused: " .. value:gsub("%c", "?"))
		end
	end
	for _, name in ipairs{"", "a b", "a:", "\195\164", "x\r\ny",
	    ("n"):rep(77)} do
		t.fails("not a field name", "a name", header.insert(name, "x"))
		t.fails("not a field name", "a name", header.modify(name, "x"))
	end
	t.fails("too long", "a field of 64 KiB",
	    header.add("X", ("x "):rep(40000)))
	t.fails("a word too long", "a word of 1000 octets",
	    header.add("X", ("x"):rep(1000)))
	t.is(header.find("Evil"), nil, "nothing of it is there")
	t.is(header.find("X-Bad"), nil, "nor of the others")
end

local function changing()
	t.is(header.modify("Subject", "second"), 1, "modify")
	t.is(header.find("Subject"), "second", "is seen")
	t.is(header.modify("Subject", "third"), 1, "modify again")
	t.is(header.find("Subject"), "third", "is seen, too")
	t.is(header.modify("Received", "from c", 2), 1, "modify the second")
	t.is(header.find("Received"), "from a", "the first is as it was")
	t.is(header.find("Received", 2), "from c", "the second is not")
	t.is(header.modify("Nope", "x"), 0, "nothing to modify")
	t.is(header.modify("X-New", "c", 2), 1, "one of ours")
	t.is(header.find("X-New", 2), "c", "is seen")
end

local function deleting()
	t.is(header.delete("X-New", 1), 1, "delete one of ours")
	t.is(header.find("X-New"), "c", "the other is left")
	t.is(header.delete("Received"), 2, "delete all")
	t.is(header.find("Received"), nil, "they are gone")
	t.is(header.delete("Received"), 0, "nothing to delete")
	t.is(header.delete("Subject", 1), 1, "delete a changed one")
	t.is(header.find("Subject"), nil, "it is gone")
	for _ = 1, 300 do
		header.add("X-Many", "x")
	end
	t.fails("too many edits", "a bound", header.add("X-Many", "x"))
end

t.run(function()
	t.fails("no message", "not in accept", early[1], early[2])
	t.fails("no message", "not before the header", mail_find[1],
	    mail_find[2])
	finding()
	adding()
	refusing()
	changing()
	deleting()
end, "dot")
