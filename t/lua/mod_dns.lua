-- What needs no server: there is none where t/60-modules.t lets it ask. With
-- servers: dns_zone.lua and dns_liar.lua.
local t = require "check"

local function constants()
	t.is(dns.class.IN, 1, "class.IN")
	t.is(dns.class.CS, 2, "class.CS")
	t.is(dns.class.CH, 3, "class.CH")
	t.is(dns.class.HS, 4, "class.HS")
	t.is(dns.class.ANY, 255, "class.ANY")
	t.is(dns.type.A, 1, "type.A")
	t.is(dns.type.NS, 2, "type.NS")
	t.is(dns.type.CNAME, 5, "type.CNAME")
	t.is(dns.type.SOA, 6, "type.SOA")
	t.is(dns.type.PTR, 12, "type.PTR")
	t.is(dns.type.MX, 15, "type.MX")
	t.is(dns.type.TXT, 16, "type.TXT")
	t.is(dns.type.AAAA, 28, "type.AAAA")
	t.is(dns.type.DNAME, 39, "type.DNAME")
	t.is(dns.rcode.OK, 0, "rcode.OK")
	t.is(dns.rcode.NOERROR, 0, "rcode.NOERROR")
	t.is(dns.rcode.FORMAT, 1, "rcode.FORMAT")
	t.is(dns.rcode.SERVFAIL, 2, "rcode.SERVFAIL")
	t.is(dns.rcode.NXDOMAIN, 3, "rcode.NXDOMAIN")
	t.is(dns.rcode.NOT_IMPLEMENTED, 4, "rcode.NOT_IMPLEMENTED")
	t.is(dns.rcode.REFUSED, 5, "rcode.REFUSED")
	t.ok(dns.rcode.ERRNO > 4095, "rcode.ERRNO is no server's")
	t.ok(dns.rcode.TIMEOUT > 4095, "rcode.TIMEOUT is no server's")
	t.ok(dns.rcode.TIMEOUT ~= dns.rcode.ERRNO, "and another")
end

local function names()
	for name, value in pairs(dns.class) do
		t.is(dns.classname(value), name, "classname " .. name)
	end
	for name, value in pairs(dns.type) do
		t.is(dns.typename(value), name, "typename " .. name)
	end
	for name, value in pairs(dns.rcode) do
		t.is(dns.rcodename(value), name == "OK" and "NOERROR" or name,
		    "rcodename " .. name)
	end
	t.is(dns.classname(7), "CLASS7", "a class without a name")
	t.is(dns.typename(33), "TYPE33", "a type without a name")
	t.is(dns.rcodename(23), "RCODE23", "an rcode without a name")
	t.raises("bad argument #1 to 'smtpe.dns.classname'", "classname nil",
	    dns.classname)
	t.raises("bad argument #1 to 'smtpe.dns.typename'", "typename of a word",
	    dns.typename, "MX")
	t.raises("bad argument #1 to 'smtpe.dns.rcodename'", "rcodename nil",
	    dns.rcodename)
end

local function nothing_asked()
	t.is(dns.ispending(), false, "nothing is pending")
	local rcode, answer, why = dns.wait()
	t.is(rcode, dns.rcode.ERRNO, "wait for nothing")
	t.is(answer, nil, "no answer")
	t.is(why, "no query is pending", "and why")
	dns.reset()
	dns.close()
	t.is(dns.open(), true, "open")
	t.is(dns.open(), true, "open twice")
	t.is(dns.wait(true), dns.rcode.ERRNO, "wait for nothing, opened")
	dns.reset()
	dns.close()
	dns.close()
	t.is(dns.ispending(), false, "nothing is pending still")
end

local function bad_arguments()
	local IN, A = dns.class.IN, dns.type.A
	t.raises("bad argument #1 to 'smtpe.dns.query'", "no class", dns.query)
	t.raises("bad argument #2 to 'smtpe.dns.query'", "type.MISSPELT",
	    dns.query, IN, dns.type.MISSPELT, "example.org")
	t.raises("not in 0..65535", "a class too large", dns.query, 65536, A, "x")
	t.raises("not in 0..65535", "a type too small", dns.query, IN, -1, "x")
	t.raises("bad argument #3 to 'smtpe.dns.query'", "no name",
	    dns.query, IN, A)
	t.raises("boolean expected, got string", "wait for a word",
	    function() dns.query(IN, A, "x..y"); dns.wait("x") end)
	t.raises("bad argument #2 to 'smtpe.dns.isequal'", "one record",
	    dns.isequal, {})
	dns.reset()
end

-- What a client sends may be no name: it is answered like every other.
local function no_names()
	local IN, A = dns.class.IN, dns.type.A
	for _, bad in ipairs{"a..b", ".a", "a b", "a\0b", "a\nb", "a\\.b", "a..",
	    ("x"):rep(64), ("x."):rep(128), "\xc3\xbc.test", ("y"):rep(100000)} do
		local key = dns.query(IN, A, bad)
		local rcode, answer, why = dns.wait()
		t.is(rcode, dns.rcode.FORMAT, "no name: " .. bad:sub(1, 20))
		t.is(answer, nil, "no answer")
		t.is(why, "not a domain name", "and why")
		t.ok(#key < 300, "a short key")
	end
	dns.query(IN, A, "a b")
	t.is(dns.ispending(), true, "is pending all the same")
	dns.wait()
	t.is(dns.ispending(), false, "until somebody waited")
end

local function nobody_there()
	local IN = dns.class.IN
	local key = dns.query(IN, dns.type.A, "Example.ORG")
	t.is(key, "IN,A,example.org.", "a key")
	t.is(dns.query(IN, dns.type.MX, "example.org."), "IN,MX,example.org.",
	    "a key of a name with its dot")
	t.is(dns.query(IN, dns.type.PTR, "192.0.2.1"),
	    "IN,PTR,1.2.0.192.in-addr.arpa.", "a key of an address")
	t.is(dns.query(9, 33, "x"), "CLASS9,TYPE33,x.", "a key of numbers")
	t.is(dns.ispending(), true, "four are pending")
	local rcode, answer, why = dns.wait()
	t.is(rcode, dns.rcode.ERRNO, "nobody is there")
	t.is(answer, nil, "no answer")
	t.is(why, "Connection refused", "and why")
	t.is(dns.ispending(), false, "no more")
	t.is(dns.wait(false), dns.rcode.ERRNO, "nothing is pending")
end

local function too_many()
	local n = 0
	dns.reset()
	repeat
		n = n + 1
		local key, why = dns.query(dns.class.IN, dns.type.A, "a b")
		if not key then
			t.is(why, "more than 256 queries", "too many")
		end
	until not key or n > 1000
	t.is(n, 257, "256 at once")
	t.is(dns.wait(), dns.rcode.FORMAT, "they are answered")
	t.fails("more than 256", "answered ones count", dns.query(1, 1, "x"))
	dns.reset()
	t.ok(dns.query(1, 1, "a b"), "until dns.reset()")
	dns.close()
	t.ok(dns.query(1, 1, "a b"), "or dns.close()")
end

local function equal()
	local a = {"a.test.", 1, 1, 60, "192.0.2.1"}
	local function with(i, v)
		local b = {table.unpack(a)}
		b[i] = v
		return b
	end
	t.is(dns.isequal(a, with(4, 61)), true, "the ttl does not count")
	t.is(dns.isequal(a, with(1, "A.Test.")), true, "nor does case")
	for i, v in pairs{"b.test.", 2, 28, [5] = "192.0.2.2", [6] = 1} do
		t.is(dns.isequal(a, with(i, v)), false, "field " .. i .. " does")
	end
	t.is(dns.isequal({}, {}), true, "nothing is nothing")
	local x = {"a.test.", 1, 16, 60, "Text", text = "Text"}
	local y = {"a.test.", 1, 16, 60, "text", text = "text"}
	t.is(dns.isequal(x, x), true, "texts")
	t.is(dns.isequal(x, y), false, "texts of another case")
	t.is(dns.isequal({[5] = "1"}, {[5] = 1}), false, "a number is no text")
end

t.run(function()
	constants()
	names()
	nothing_asked()
	bad_arguments()
	no_names()
	nobody_there()
	too_many()
	equal()
end)
