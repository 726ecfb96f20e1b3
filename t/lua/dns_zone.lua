-- Against a real server with the zones of t/61-dns.t.
local t = require "check"
local IN = dns.class.IN

-- One question; its own part of the table.
local function ask(type, name, class)
	local key = dns.query(class or IN, type, name)
	local rcode, all, why = dns.wait()
	return all and all[key], rcode, all, why
end

-- The records of a section, as texts of their fields but the ttl.
local function shown(section)
	local lines = {}
	for i, rr in ipairs(section) do
		local line = {}
		for k, v in ipairs(rr) do
			if k ~= 4 then
				line[#line + 1] = tostring(v)
			end
		end
		lines[i] = table.concat(line, " ")
	end
	table.sort(lines)
	return table.concat(lines, "; ")
end

local function record(type, name, want)
	local q, rcode = ask(dns.type[type], name)
	t.is(rcode, dns.rcode.NOERROR, type .. " of " .. name)
	t.is(q and shown(q.answer), want, type .. " of " .. name)
	return q and q.answer[1]
end

local function fields(rr, want, name)
	for k, v in pairs(want) do
		t.is(rr[k], v, name .. "." .. k)
	end
	for k in pairs(rr) do
		t.ok(math.type(k) or want[k] ~= nil, name .. " has " .. k)
	end
end

local function each_type()
	local rr = record("A", "example.test", "example.test. 1 1 192.0.2.10")
	fields(rr, {name = "example.test.", class = IN, type = dns.type.A,
	    ttl = 300, address = "192.0.2.10", value = "192.0.2.10"}, "A")
	t.is(#rr, 5, "A has five fields")
	t.is(rr[4], 300, "the fourth is the ttl")
	rr = record("AAAA", "mail.example.test",
	    "mail.example.test. 1 28 2001:db8::25")
	t.is(rr.address, "2001:db8::25", "AAAA.address")
	rr = record("MX", "EXAMPLE.test.",
	    "example.test. 1 15 backup.example.test. 20; " ..
	    "example.test. 1 15 mail.example.test. 10")
	local host, preference = rr.host, rr.preference
	fields(rr, {name = "example.test.", class = IN, type = dns.type.MX,
	    ttl = 300, host = host, value = host, preference = preference}, "MX")
	t.is(host, preference == 10 and "mail.example.test." or
	    "backup.example.test.", "MX.host goes with its preference")
	rr = record("NS", "example.test", "example.test. 1 2 ns1.example.test.; " ..
	    "example.test. 1 2 ns2.example.test.")
	t.ok(rr.host:find("^ns%d%.example%.test%.$"), "NS.host", rr.host)
	rr = record("SOA", "example.test", "example.test. 1 6 " ..
	    "ns1.example.test. host\\.master.example.test. 2026112001 7200 " ..
	    "3600 1209600 60")
	fields(rr, {name = "example.test.", class = IN, type = dns.type.SOA,
	    ttl = 300, mname = "ns1.example.test.", value = "ns1.example.test.",
	    rname = "host\\.master.example.test.", serial = 2026112001,
	    refresh = 7200, retry = 3600, expire = 1209600, minimum = 60}, "SOA")
	rr = record("TXT", "txt.example.test",
	    "txt.example.test. 1 16 one two; three \"four\"")
	t.is(rr.text, "one two; three \"four\"", "TXT.text, put together")
	rr = record("CNAME", "alias.example.test",
	    "alias.example.test. 1 5 mail.example.test.")
	t.is(rr.host, "mail.example.test.", "CNAME.host")
	rr = record("DNAME", "old.example.test",
	    "old.example.test. 1 39 new.example.test.")
	t.is(rr.host, "new.example.test.", "DNAME.host")
	rr = record("MX", "nullmx.example.test", "nullmx.example.test. 1 15 . 0")
	t.is(rr.host, ".", "a null MX")
	record("A", "any.wild.example.test", "any.wild.example.test. 1 1 192.0.2.77")
	record("A", "_odd-1.example.test", "_odd-1.example.test. 1 1 192.0.2.78")
	record("CNAME", "weird.example.test",
	    "weird.example.test. 1 5 a\\.b\\032c\\000.example.test.")
	local q = ask(33, "_smtp._tcp.example.test")
	rr = q.answer[1]
	t.is(rr.type, 33, "a type without a name")
	t.is(dns.typename(rr.type), "TYPE33", "is called by its number")
	t.is(rr.data:sub(1, 6), "\0\5\0\7\0\25", "and has its octets")
	t.is(rr.value, rr.data, "as its value")
	local chaos = ask(dns.type.TXT, "version.server", dns.class.CH)
	t.is(chaos and chaos.answer[1].text, "a test", "another class")
	t.is(chaos and chaos.answer[1].class, dns.class.CH, "is shown")
end

local function aliases()
	record("A", "chain.example.test",
	    "alias.example.test. 1 5 mail.example.test.; " ..
	    "chain.example.test. 1 5 alias.example.test.; " ..
	    "mail.example.test. 1 1 192.0.2.25")
	record("A", "www.old.example.test",
	    "old.example.test. 1 39 new.example.test.; " ..
	    "www.new.example.test. 1 1 192.0.2.80; " ..
	    "www.old.example.test. 1 5 www.new.example.test.")
end

local function pointers()
	local rr = record("PTR", "192.0.2.25", "192.0.2.25 1 12 mail.example.test.")
	fields(rr, {address = "192.0.2.25", class = IN, type = dns.type.PTR,
	    ttl = 300, name = "mail.example.test.", host = "mail.example.test.",
	    value = "mail.example.test."}, "PTR")
	record("PTR", "25.2.0.192.in-addr.arpa.",
	    "192.0.2.25 1 12 mail.example.test.")
	record("PTR", "2001:db8::25", "2001:db8::25 1 12 mail.example.test.")
	record("PTR", "192.0.2.130",
	    "130.2.0.192.in-addr.arpa. 1 5 130.128/25.2.0.192.in-addr.arpa.; " ..
	    "192.0.2.130 1 12 classless.example.test.")
	dns.query(IN, dns.type.PTR, "192.0.2.25")
	local _, all = dns.wait()
	t.is(all["IN,PTR,192.0.2.25"], all[1], "by the address")
	t.is(all["IN,PTR,25.2.0.192.in-addr.arpa."], all[1], "and by its name")
	t.is(all[1].name, "25.2.0.192.in-addr.arpa.", "the question's name")
end

local function sections()
	local q, _, all = ask(dns.type.MX, "example.test")
	t.is(#all.answer, 2, "two answers")
	t.is(#q.answer, 2, "of the one question")
	t.is(q.answer[1], all.answer[1], "which are the same")
	t.ok(shown(all.extra):find("mail.example.test. 1 1 192.0.2.25", 1, true),
	    "the additional section", shown(all.extra))
	for _, rr in ipairs(all.extra) do
		t.ok(rr.type ~= 41, "has no OPT record")
	end
	t.is(#q.extra, #all.extra, "it is the question's, too")
	q, _, all = ask(dns.type.A, "nothing.example.test")
	t.is(q.rcode, dns.rcode.NXDOMAIN, "a name that is not there")
	t.is(#all.answer, 0, "has no answer")
	t.is(all.authority[1].type, dns.type.SOA, "but an authority")
	t.is(q.authority[1], all.authority[1], "the question's, too")
	local rcode
	q, rcode = ask(dns.type.A, "txt.example.test")
	t.is(rcode, dns.rcode.NOERROR, "a name without this type")
	t.is(#q.answer, 0, "has no answer either")
end

local function large()
	for name, size in pairs{big = 5000, huge = 60000} do
		local q, rcode = ask(dns.type.TXT, name .. ".example.test")
		t.is(rcode, dns.rcode.NOERROR, name .. ", over TCP")
		t.is(q and #q.answer[1].text, size, "all of it")
		t.is(q and q.answer[1].text:find("[^x]"), nil, "as it was")
	end
	local q = ask(dns.type.A, "many.example.test")
	t.is(#q.answer, 500, "500 records")
	local seen = {}
	for _, rr in ipairs(q.answer) do
		seen[rr.address] = true
	end
	local n = 0
	for _ in pairs(seen) do
		n = n + 1
	end
	t.is(n, 500, "none twice")
end

local function refusals()
	local q, rcode, all, why = ask(dns.type.A, "example.invalid")
	t.is(rcode, dns.rcode.REFUSED, "a zone of somebody else's")
	t.is(all, nil, "no table")
	t.is(why, "REFUSED", "and why")
	q, rcode, all = ask(dns.type.A, "nothing.example.test")
	t.is(rcode, dns.rcode.NXDOMAIN, "NXDOMAIN")
	t.is(type(all), "table", "has a table")
end

local function several()
	local keys = {}
	for i, name in ipairs{"nothing.example.test", "mail.example.test",
	    "example.invalid", "a b", "Example.TEST"} do
		keys[i] = dns.query(IN, dns.type.A, name)
	end
	local rcode, all = dns.wait(true)
	t.is(rcode, dns.rcode.NOERROR, "the best rcode of several")
	t.is(#all, 5, "five answers")
	local want = {"NXDOMAIN", "NOERROR", "REFUSED", "FORMAT", "NOERROR"}
	for i = 1, 5 do
		t.is(dns.rcodename(all[i].rcode), want[i], "in order: " .. keys[i])
		t.is(all[keys[i]], all[i], "by its key: " .. keys[i])
		t.is(all[i].type, dns.type.A, "its type")
		t.is(all[i].class, IN, "its class")
		t.is(type(all[i].answer), "table", "an answer in any case")
		t.is(all[i].error, want[i] == "FORMAT" and "not a domain name" or
		    nil, "an error where it is ours")
	end
	t.is(keys[5], "IN,A,example.test.", "a key in lower case")
	t.is(all[5].name, "Example.TEST.", "the name as it was asked")
	t.is(shown(all.answer), "example.test. 1 1 192.0.2.10; " ..
	    "mail.example.test. 1 1 192.0.2.25", "all answers together")
	dns.query(IN, dns.type.A, "example.invalid")
	dns.query(IN, dns.type.A, "nothing.example.test")
	t.is(dns.wait(), dns.rcode.NXDOMAIN, "better than REFUSED")
	-- Each once, whatever the order in which they come.
	local left = {}
	for i = 1, 50 do
		left[dns.query(IN, dns.type.A, "n" .. i .. ".wild.example.test")] =
		    true
	end
	local n = 0
	while dns.ispending() do
		local _, some = dns.wait(0)
		t.ok(#some > 0, "wait(0) gives something")
		for key in pairs(left) do
			if some[key] then
				n = n + 1
				left[key] = nil
			end
		end
	end
	t.is(n, 50, "fifty, each once")
	t.is(next(left), nil, "none left")
end

local function equal()
	local a = ask(dns.type.MX, "example.test").answer
	local b = ask(dns.type.MX, "EXAMPLE.TEST").answer
	if a[1].preference ~= b[1].preference then
		b[1], b[2] = b[2], b[1]
	end
	t.is(dns.isequal(a[1], b[1]), true, "the same record")
	t.is(dns.isequal(a[1], b[2]), false, "another")
	t.is(rawequal(a[1], b[1]), false, "not the same table")
end

local function again()
	dns.query(IN, dns.type.A, "mail.example.test")
	dns.reset()
	t.is(dns.ispending(), false, "reset forgets")
	record("A", "mail.example.test", "mail.example.test. 1 1 192.0.2.25")
	dns.query(IN, dns.type.A, "mail.example.test")
	dns.close()
	t.is(dns.ispending(), false, "close forgets")
	record("A", "mail.example.test", "mail.example.test. 1 1 192.0.2.25")
end

t.run(function()
	each_type()
	aliases()
	pointers()
	sections()
	large()
	refusals()
	several()
	equal()
	again()
end)
