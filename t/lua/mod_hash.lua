local t = require "check"

local function digests()
	-- RFC 1321 A.5, FIPS 180
	t.is(hash.md5(""), "d41d8cd98f00b204e9800998ecf8427e", "md5 of nothing")
	t.is(hash.md5("abc"), "900150983cd24fb0d6963f7d28e17f72", "md5")
	t.is(hash.sha1("abc"), "a9993e364706816aba3e25717850c26c9cd0d89d", "sha1")
	t.is(hash.sha256("abc"), "ba7816bf8f01cfea414140de5dae2223" ..
	    "b00361a396177a9cb410ff61f20015ad", "sha256")
	t.is(hash.sha256(("a"):rep(1000000)), "cdc76e5c9914fb9281a1c7e284d73e67" ..
	    "f1809a48a497200e046d39ccc7112cd0", "sha256 of a million")
	t.is(hash.md5("a\0b"), "70350f6027bce3713f6b76473084309b", "a NUL")
	t.is(hash.md5("abc", true), "\x90\x01\x50\x98\x3c\xd2\x4f\xb0" ..
	    "\xd6\x96\x3f\x7d\x28\xe1\x7f\x72", "md5, raw")
	t.is(#hash.sha1("abc", true), 20, "sha1, raw")
	t.is(#hash.sha256("abc", true), 32, "sha256, raw")
	for _, name in ipairs{"md5", "sha1", "sha256"} do
		t.raises("bad argument #1 to 'smtpe.hash." .. name .. "'",
		    name .. " of nil", hash[name])
		t.raises("bad argument #2 to 'smtpe.hash." .. name .. "'",
		    name .. " with a word as a flag", hash[name], "a", "raw")
	end
end

local function hmacs()
	-- RFC 2202 2 and 3, RFC 4231 4
	local key, data = "Jefe", "what do ya want for nothing?"
	t.is(hash.hmac("md5", key, data), "750c783e6ab0b503eaa86e310a5db738",
	    "hmac md5")
	t.is(hash.hmac("sha1", key, data),
	    "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79", "hmac sha1")
	t.is(hash.hmac("sha256", key, data), "5bdcc146bf60754e6a042426089575c7" ..
	    "5a003f089d2739839dec58b964ec3843", "hmac sha256")
	t.is(hash.hmac("sha256", ("\xaa"):rep(131),
	    "Test Using Larger Than Block-Size Key - Hash Key First"),
	    "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
	    "hmac with a long key")
	t.is(#hash.hmac("sha1", "", "", true), 20, "hmac, raw")
	t.raises("bad argument #1 to 'smtpe.hash.hmac' (not md5, sha1 or sha256)",
	    "hmac of an unknown", hash.hmac, "sha512", key, data)
	t.raises("bad argument #2 to 'smtpe.hash.hmac'", "hmac without a key",
	    hash.hmac, "md5", nil, data)
	t.raises("bad argument #3 to 'smtpe.hash.hmac'", "hmac of nothing",
	    hash.hmac, "md5", key)
end

local function contexts()
	for _, name in ipairs{"md5", "sha1", "sha256"} do
		local c = hash.new(name)
		for i = 1, 100 do
			c:append(("x"):rep(i))
		end
		t.is(c:done(), hash[name](("x"):rep(5050)), name .. " in pieces")
		t.is(c:append("y"):done(true),
		    hash[name](("x"):rep(5050) .. "y", true), name .. " goes on")
	end
	t.is(md5.new():append("a"):append("bc"):done(), hash.md5("abc"), "md5.new")
	t.is(md5.sum("abc"), hash.md5("abc"), "md5.sum")
	t.is(md5.sum("abc", true), hash.md5("abc", true), "md5.sum, raw")
	t.raises("bad argument #1 to 'smtpe.md5.sum'", "md5.sum of nil", md5.sum)
	t.raises("bad argument #1 to 'smtpe.hash.new'", "an unknown one",
	    hash.new, "crc32")
	local c = md5.new()
	t.raises("hash context expected", "append to something else",
	    c.append, {}, "x")
	t.raises("hash context expected", "append to a file",
	    c.append, io.stderr, "x")
	t.raises("hash context expected", "done with something else", c.done, "x")
	t.raises("bad argument #2", "append nothing", c.append, c)
	t.is(getmetatable(c), false, "its metatable is ours")
	t.ok(debug.getmetatable(c) == false, "for debug, too")
end

t.run(function()
	digests()
	hmacs()
	contexts()
end)
