-- Cases for t/unit/hook_msg.c: each is called with msg and raises when
-- something is not as it should be.
case = {}

local function is(got, want, what)
	if got ~= want then
		error(("%s: got %s, want %s"):format(what or "it",
		    tostring(got), tostring(want)), 2)
	end
end

local function list(t)
	return table.concat(t, " ")
end

local function raises(text, f, ...)
	local good, why = pcall(f, ...)
	if good or not tostring(why):find(text, 1, true) then
		error(("got %s %s, want %q"):format(tostring(good),
		    tostring(why), text), 2)
	end
end

function case.facts(msg)
	is(msg:id(), "01jd0000000000000000000000")
	is(msg:sender(), "a@example.org")
	is(list(msg:recipients()), "x@example.com z@example.com")
	is(msg:attempts(), 2)
	is(math.type(msg:attempts()), "integer")
	is(msg:age() >= 100 and msg:age() < 200, true, "age")
	is(msg:queue(), "example.com")
	is(tostring(msg):match("^msg: "), "msg: ")
	is(getmetatable(msg), false)
	msg:log("a line\nof text")
end

function case.envelope(msg)
	msg:set_sender("")
	is(msg:sender(), "")
	msg:set_sender("New@EXAMPLE.net")
	is(msg:sender(), "New@example.net", "one form")
	raises("is no address", msg.set_sender, msg, "a b@c")
	raises("is no address", msg.set_sender, msg, "a@b\r\nRCPT TO:<x@y>")
	raises("is no address", msg.add_recipient, msg, "")
	msg:add_recipient("new@example.com")
	msg:add_recipient("relayed@example.com", {relay = true})
	is(list(msg:recipients()), "x@example.com z@example.com " ..
	    "new@example.com relayed@example.com")
	is(msg:remove_recipient("x@EXAMPLE.com"), 1)
	is(msg:remove_recipient("nobody@example.com"), 0)
	is(msg:remove_recipient("\0"), 0)
	raises("recipient 2 is a number", msg.set_recipients, msg, {"a@b.c", 1})
	raises("is no address", msg.set_recipients, msg, {"a@b.c", "@"})
	raises("relay is a string", msg.set_recipients, msg, {},
	    {relay = "yes"})
	is(list(msg:recipients()), "z@example.com new@example.com " ..
	    "relayed@example.com", "nothing of it was done")
	msg:set_recipients({"z@example.com", "q@example.com"}, {relay = true})
	is(list(msg:recipients()), "z@example.com q@example.com")
end

function case.nobody(msg)
	msg:set_recipients({})
	is(#msg:recipients(), 0)
end

function case.meta(msg)
	is(msg:get_meta("nothing"), nil)
	is(msg:get_meta("old"), "value")
	for _, v in ipairs {"text", "", 1, -1, 2.5, 1.0, 1e300, 1/3,
	    math.maxinteger, math.mininteger, true, false, "a\0\r\nb"} do
		msg:set_meta("key", v)
		is(msg:get_meta("key"), v)
		is(math.type(msg:get_meta("key")), math.type(v))
	end
	raises("not a finite number", msg.set_meta, msg, "key", 0/0)
	raises("not a finite number", msg.set_meta, msg, "key", -1/0)
	msg:set_meta("key", nil)
	is(msg:get_meta("key"), nil)
	msg:set_meta("tenant", "a:b")
	is(msg:queue(), ":a:b@example.com")
	msg:set_meta("queue", "whole name")
	is(msg:queue(), "whole name")
	msg:set_meta("queue", nil)
	msg:set_meta("tenant", nil)
	msg:set_meta("kept", 42)
	raises("string, number, boolean or nil", msg.set_meta, msg, "k", {})
	raises("1 to 128", msg.set_meta, msg, "", 1)
	raises("1 to 128", msg.set_meta, msg, ("k"):rep(129), 1)
	raises("too long", msg.set_meta, msg, "k", ("v"):rep(65537))
end

function case.many_metas(msg)
	for i = 1, 2000 do
		msg:set_meta("k" .. i, i)
	end
end

function case.header(msg)
	is(msg:header("subject"), "a folded one")
	is(msg:header("Received"), "from b")
	is(msg:header("Received", 2), "from a")
	is(msg:header("Received", 3), nil)
	is(#msg:headers("received"), 2)
	is(list(msg:headers("received")), "from b from a")
	local all = msg:headers()
	is(#all, 5)
	is(all[1].name .. "=" .. all[1].value, "X-Trace=first")
	is(all[4][1] .. "=" .. all[4][2], "Subject=a folded one")
	is(msg:prepend_header("X-Top", "1"), true)
	is(msg:append_header("X-End", "2"), true)
	is(msg:headers()[1].name, "X-Top")
	is(msg:headers()[7].name, "X-End")
	is(msg:set_header("Received", "only"), true)
	is(list(msg:headers("Received")), "only")
	is(msg:set_header("X-None", "new"), true)
	is(msg:header("x-none"), "new")
	is(msg:remove_header("Subject"), 1)
	is(msg:remove_header("Subject"), 0)
	is(msg:header("Subject"), nil)
	local good, why = msg:set_header("X", "a\r\nEvil: 1")
	is(good, nil)
	is(why, "a line break that is no fold")
	is(msg:prepend_header("X Y", "v"), nil)
	raises("not from 1 on", msg.header, msg, "X", 0)
end

function case.data(msg)
	is(msg:size(), 82)
	local data = msg:data()
	is(data, "X-Trace: first\r\nReceived: from b\r\nReceived: from a\r\n" ..
	    "Subject: a\r\n folded\r\n one\r\nTo: x\r\n\r\nbody\r\n.\xff\r\n")
	is(msg:set_data(data), true)
	is(msg:data(), data, "nothing is there twice")
	is(msg:size(), #data)
	is(msg:header("X-Trace"), "first")
	is(msg:set_header("X-Trace", "second"), true)
	is(msg:data(), (data:gsub("first", "second")))
	for text, want in pairs {
		["a: b\n\r\n"] = "a line that does not end in CRLF",
		["a: b\r\nx"] = "a line that does not end in CRLF",
		["a: b\r\rx\r\n"] = "a bare CR",
		["a: b\r\r\n"] = "a bare CR",
		["a: \0\r\n"] = "a NUL",
		["a: " .. ("x"):rep(100) .. "\r\n"] =
		    "a line longer than maxline",
		[("x\r\n"):rep(100)] = "more octets than databytes allows",
	} do
		local good, why = msg:set_data(text)
		is(good, nil)
		is(why, want)
	end
	is(msg:header("X-Trace"), "second", "what is refused changes nothing")
	is(msg:set_data(""), true)
	is(msg:data(), "")
	is(msg:header("Subject"), nil)
	is(msg:set_header("Subject", "new"), true)
	is(msg:data(), "Subject: new\r\n")
end

function case.parts(msg)
	local parts = assert(msg:parts())
	is(#parts, 1)
	is(parts[1].type, "text/plain")
	is(parts[1]:content(), "body\r\n.\xff\r\n")
	is(parts.broken, false)
	assert(msg:set_data(table.concat({
	    "Content-Type: multipart/mixed; boundary=b", "", "--b",
	    "Subject: in", " a part", "", "one", "--b",
	    "Content-Type: application/zip; name=n.zip; charset=c",
	    "Content-Disposition: attachment; filename=a.zip",
	    "Content-ID: <i@d>",
	    "Content-Transfer-Encoding: base64", "", "AAEC", "--b", ""},
	    "\r\n")))
	raises("has been changed", parts[1].content, parts[1])
	parts = assert(msg:parts())
	is(#parts, 4, "an open part at the end")
	is(parts.broken, true)
	is(parts.cut, false)
	is(parts[1].multipart, true)
	is(parts[1].parent, nil)
	is(parts[2].parent, 1)
	is(parts[2].depth, 1)
	is(parts[2]:header("subject"), "in a part")
	is(parts[2]:header("other"), nil)
	is(parts[2].filename, nil)
	local p = parts[3]
	is(table.concat({p.number, p.type, p.charset, p.disposition,
	    p.filename, p.name, p.id, p.encoding, p.size}, " "),
	    "3 application/zip c attachment a.zip n.zip i@d base64 3")
	is(p.content(), "\0\1\2")
	is(p.broken, false)
	msg:set_header("Content-Type", "text/html")
	is(#msg:parts(), 1, "as it will leave")
	kept_part = msg:parts()[1]
end

function case.kept_part(msg)
	raises("another hook's", kept_part.content, kept_part)
end

local function content(path)
	local f = assert(io.open(path, "rb"))
	local s = f:read("a")
	f:close()
	return s
end

function case.files(msg)
	is(msg:path(), "raw")
	local path = assert(msg:compose())
	is(content(path), msg:data())
	is(msg:compose(), path, "made once")
	msg:prepend_header("X-More", "1")
	is(content(assert(msg:compose())), msg:data())
	assert(msg:set_data("A: b\r\n\r\nnew\r\n"))
	is(content(assert(msg:path())), "A: b\r\n\r\nnew\r\n")
	composed = path
end

function case.no_files(msg)
	local good, why = msg:compose()
	is(good, nil)
	is(why, "no file can be made of it: No such file or directory")
end

function case.fixed(msg)
	raises("the sender cannot be changed", msg.set_sender, msg, "")
	raises("the recipients cannot", msg.add_recipient, msg, "a@b.c")
	raises("the recipients cannot", msg.remove_recipient, msg, "a@b.c")
	raises("the recipients cannot", msg.set_recipients, msg, {})
	raises("the data cannot", msg.set_data, msg, "")
	raises("the header cannot", msg.append_header, msg, "A", "b")
	raises("the header cannot", msg.prepend_header, msg, "A", "b")
	raises("the header cannot", msg.set_header, msg, "A", "b")
	raises("the header cannot", msg.remove_header, msg, "A")
	raises("the metadata cannot", msg.set_meta, msg, "A", 1)
	is(msg:sender(), "a@example.org", "to read it is no change")
end

function case.keep(msg)
	kept = msg
	is(kept:size(), 82)
end

function case.kept(msg)
	raises("another hook's", kept.size, kept)
	raises("another hook's", kept.set_sender, kept, "")
	raises("msg expected", kept.size, io.stderr)
	raises("msg expected", kept.size)
	raises("msg expected", kept.size, {})
	is(msg:size(), 82)
end

hook.noop = function(name, msg)
	case[name](msg)
end
