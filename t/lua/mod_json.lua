local t = require "check"

local function round(text, name)
	t.is(json.encode(json.decode(text)), text, name or text)
end

local function decode()
	t.is(json.decode("true"), true, "true")
	t.is(json.decode(" \t\r\n1 "), 1, "blanks around")
	t.is(json.decode("null"), json.null, "null")
	t.is(json.decode("-0.5e2"), -50.0, "a number with everything")
	t.is(json.decode("9223372036854775807"), math.maxinteger, "the largest")
	t.is(json.decode("9223372036854775808"), 2^63, "one more is a float")
	t.is(json.decode("1.0"), 1.0, "a float stays one")
	t.is(json.decode('"\\u0000\\u00e9\\u20ac\\ud83d\\ude00\\n\\/"'),
	    "\0\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\n/", "escapes")
	t.same(json.decode('{"a":[1,{"b":null}],"":{}}'),
	    {a = {1, {b = json.null}}, [""] = {}}, "nested")
	t.is(json.decode('{"a":1,"a":2}').a, 2, "the last of two counts")
	t.is(json.decode('{"a\\u0000b":1}')["a\0b"], 1, "a NUL in a name")
	t.is(#json.decode("[" .. ("0,"):rep(50000) .. "0]"), 50001, "many")
	t.ok(json.decode(("["):rep(64) .. ("]"):rep(64)), "64 levels")
	t.fails("nested too deeply", "65 levels",
	    json.decode(("["):rep(65) .. ("]"):rep(65)))
	t.fails("nested too deeply", "100000 levels",
	    json.decode(('{"a":['):rep(50000)))
	t.fails("more than 16 MiB", "too large",
	    json.decode('"' .. ("x"):rep(16 << 20) .. '"'))
	t.fails("a number too large", "an infinite number", json.decode("1e999"))
	t.fails("a number too long", "a thousand digits",
	    json.decode(("1"):rep(1000)))
	t.fails("at octet 4", "the place", json.decode("[1,]"))
	for _, bad in ipairs{"", " ", "nul", "nulll", "True", "[", "]", "[1,",
	    "[1 2]", "{", '{"a"}', '{"a":}', '{"a":1,}', "{a:1}", "{'a':1}",
	    '{1:2}', "[1,]", "[,1]", '"', '"a', "'a'", '"\\x"', '"\\u12"',
	    '"\\ud800"', '"\\udc00"', '"\\ud800\\u0041"', '"\\ud800\\"', "01",
	    "-", "+1", ".5", "1.", "1e", "1e+", "0x10", "NaN", "Infinity",
	    "1 2", "// c\n1", "/* */1", "\xef\xbb\xbf1", '"\xff"',
	    '"\xc0\x80"', '"\xed\xa0\x80"', '"\n"', '"\0"', "\0", "1\0",
	    "[1}", '{"a":1]', "-a", "--1", '"\\'} do
		local value, message = json.decode(bad)
		t.ok(value == nil and message:find(" at octet %d+$"),
		    "refused: " .. bad, tostring(value))
	end
	t.raises("bad argument #1 to 'smtpe.json.decode'", "nil", json.decode)
	t.raises("bad argument #1 to 'smtpe.json.decode'", "a table",
	    json.decode, {})
end

local function encode()
	t.is(json.encode(nil), "null", "nil")
	t.is(json.encode(json.null), "null", "json.null")
	t.is(json.encode(true), "true", "true")
	t.is(json.encode(math.mininteger), "-9223372036854775808", "the least")
	t.is(json.encode(0.1), "0.1", "a short float")
	t.is(json.encode(1/3), "0.33333333333333331", "a long one")
	t.is(json.decode(json.encode(1/3)), 1/3, "that comes back")
	t.is(json.encode(1e300), "1e+300", "a large one")
	t.is(json.encode("a\"\\\n\0\x7f\xc3\xbc"),
	    '"a\\"\\\\\\n\\u0000\\u007f\xc3\xbc"', "a string")
	t.is(json.encode("\xff"), '"\xef\xbf\xbd"', "an octet that is no UTF-8")
	t.is(json.encode({}), "{}", "an empty table is an object")
	t.is(json.encode(json.array()), "[]", "a marked one an array")
	t.is(json.encode(json.array{}), "[]", "a marked one of ours")
	t.is(json.encode{1, "a", {2}}, '[1,"a",[2]]', "an array")
	t.is(json.encode{a = {b = json.array{1}}}, '{"a":{"b":[1]}}', "objects")
	t.is(json.encode{["a\0b"] = 1}, '{"a\\u0000b":1}', "a NUL in a name")
	t.is(json.encode{1, json.null, 3}, "[1,null,3]", "null inside of an array")
	round('[]')
	round('{}')
	round('[[],{},[[]],null,true,false,-1,1.5,"x"]')
	round('{"a":[null]}')
	t.is(json.encode(transaction.recipients), "[]", "a view is an array")
	t.is(json.encode(setmetatable({}, {__len = function() return 2 end,
	    __index = function(_, i) return i * 2 end})), "[2,4]", "so is another")
	t.is(json.encode(setmetatable({}, {__pairs = function()
		return next, {a = 1}
	end})), '{"a":1}', "pairs is asked")

	t.is(json.encode{"first", setmetatable({}, {__pairs = function()
		json.encode{"another", ("x"):rep(200000)}
		base64.encode("something else")
		return next, {a = transaction.recipients}
	end}), "last"}, '["first",{"a":[]},"last"]', "encoding inside of encoding")
	t.raises("at its heart", "an error inside of it", json.encode,
	    {"x", setmetatable({}, {__len = function()
		error("at its heart")
	    end})})
	t.is(json.encode("after"), '"after"', "leaves nothing behind")

	for _, bad in ipairs{0/0, 1/0, -1/0} do
		t.fails("not finite", tostring(bad), json.encode{bad})
	end
	local loop = {}
	loop[1] = loop
	t.fails("nested too deeply", "a loop", json.encode(loop))
	local wide = {("x"):rep(1000)}
	for i = 1, 30 do
		wide = {wide, wide}
	end
	t.fails("more than 16 MiB", "a thousand million references",
	    json.encode(wide))
	for name, bad in pairs{["function"] = print, userdata = io.stderr,
	    thread = coroutine.create(print)} do
		t.raises("a " .. name .. " has no JSON form", name, json.encode,
		    {a = {bad}})
	end
	t.raises("a boolean as a name", "a boolean as a name", json.encode,
	    {[true] = 1})
	t.raises("a number as a name", "a float as a name", json.encode,
	    {[1.5] = 1})
	for name, bad in pairs{hole = {1, nil, 3}, zero = {[0] = 1},
	    mixed = {1, a = 2}, far = {[1 << 40] = 1}, negative = {[-1] = 1}} do
		t.raises("names must be all strings or 1 to n", name, json.encode,
		    bad)
	end
	t.raises("an array with names", "a marked object", json.encode,
	    json.array{a = 1})
	t.raises("bad argument #1 to 'smtpe.json.encode'", "nothing", json.encode)
end

local function arrays()
	local a = {1}
	t.is(json.array(a), a, "array returns its table")
	t.is(json.array(a), a, "twice")
	a[2] = 2
	t.is(#a, 2, "it is a table like others")
	t.raises("bad argument #1 to 'smtpe.json.array'", "a string", json.array,
	    "x")
	t.raises("it has a metatable", "another metatable", json.array,
	    setmetatable({}, {}))
	t.is(getmetatable(json.array()), false, "the mark is ours")
	-- A finalizer planted in the mark must never be called.
	local mark = debug.getmetatable(json.array())
	mark.__gc = function() end
	t.raises("__gc is not available", "a planted finalizer", json.array, {})
	t.raises("__gc is not available", "also by decode", json.decode, "[]")
	mark.__gc = nil
	t.ok(json.decode("[]"), "taken away again")
end

t.run(function()
	decode()
	encode()
	arrays()
end)
