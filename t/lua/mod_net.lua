local t = require "check"

local function reverse()
	t.is(net.reverseip("192.0.2.1"), "1.2.0.192", "reverseip v4")
	t.is(net.reverseip("192.0.2.1", true), "1.2.0.192.in-addr.arpa",
	    "reverseip v4 with arpa")
	t.is(net.reverseip("192.0.2.1", 1), "1.2.0.192.in-addr.arpa",
	    "reverseip takes 1 for true")
	t.is(net.reverseip("192.0.2.1", 0), "1.2.0.192", "and 0 for false")
	t.is(net.reverseip("192.0.2.1", false), "1.2.0.192", "and false")
	t.is(net.reverseip("2001:db8::1"), "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0." ..
	    "0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2", "reverseip v6")
	t.is(net.reverse_ip("2001:db8::1", true), "1.0.0.0.0.0.0.0.0.0.0.0.0.0." ..
	    "0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa", "reverse_ip v6")
	t.is(net.reverseip("::ffff:192.0.2.1"), "1.2.0.192", "reverseip mapped")
	for _, bad in ipairs{"", "192.0.2", "192.0.2.256", "192.0.2.01", "x",
	    "2001:db8::g", " 192.0.2.1", "192.0.2.1\0", "192.0.2.0/24",
	    ("1"):rep(10000)} do
		t.fails("not an IP address", "reverseip " .. bad:sub(1, 20),
		    net.reverseip(bad))
	end
	t.raises("bad argument #1 to 'smtpe.net.reverse", "reverseip nil",
	    net.reverseip)
	t.raises("bad argument #2 to 'smtpe.net.reverse",
	    "reverseip's flag is no string", net.reverseip, "192.0.2.1", "x")
end

local function contains()
	t.is(net.contains_ip("192.0.2.0/24", "192.0.2.255"), true, "inside")
	t.is(net.contains_ip("192.0.2.0/24", "192.0.3.0"), false, "outside")
	t.is(net.contains_ip("192.0.2.1", "192.0.2.1"), true, "one address")
	t.is(net.contains_ip("2001:db8::/32", "2001:db8:ffff::"), true, "v6")
	t.is(net.contains_ip("0.0.0.0/0", "2001:db8::1"), false, "v6 is no v4")
	t.is(net.contains_ip("192.0.2.0/24", "::ffff:192.0.2.9"), true, "mapped")
	local list = {"10.0.0.0/8", "2001:db8::/32", "192.0.2.0/24"}
	t.is(net.contains_ip(list, "192.0.2.1"), true, "in the last of a list")
	t.is(net.contains_ip(list, "192.0.3.1"), false, "in none")
	t.is(net.contains_ip({}, "192.0.2.1"), false, "in an empty list")
	t.fails("not an IP address", "no address",
	    net.contains_ip("192.0.2.0/24", "x"))
	t.raises("bad argument #1 to 'contains_ip' ('x/24' is not a network)",
	    "no network", net.contains_ip, "x/24", "192.0.2.1")
	t.raises("'192.0.2.0/33' is not a network", "too many bits",
	    net.contains_ip, {"10.0.0.0/8", "192.0.2.0/33"}, "192.0.2.1")
	t.raises("item 1 is a boolean", "a list of something else",
	    net.contains_ip, {true}, "192.0.2.1")
	t.raises("bad argument #1 to 'smtpe.net.contains_ip'", "nil",
	    net.contains_ip, nil, "192.0.2.1")
	t.raises("bad argument #2 to 'smtpe.net.contains_ip'", "no second",
	    net.contains_ip, "192.0.2.0/24")
end

local function format()
	t.is(net.format_ip("192.0.2.1"), "192.0.2.1", "v4")
	t.is(net.format_ip("2001:0DB8:0:0:0::1"), "2001:db8::1", "v6")
	t.is(net.format_ip("2001:0DB8::1", true), "2001:db8::1", "compact")
	t.is(net.format_ip("::ffff:c000:201"), "192.0.2.1", "mapped")
	t.is(net.format_ip("192.0.2.1", false), "192.000.002.001", "v4, all digits")
	t.is(net.format_ip("2001:db8::1", false),
	    "2001:0db8:0000:0000:0000:0000:0000:0001", "v6, all digits")
	t.fails("not an IP address", "no address", net.format_ip("x"))
	t.raises("bad argument #1 to 'smtpe.net.format_ip'", "a table",
	    net.format_ip, {})
end

local function found(text, want, name, ...)
	local address, first, last = net.find_ip(text, ...)
	t.is(address, want, name)
	if want then
		t.is(text:sub(first, last), want, name .. ": its place")
	end
end

local function find()
	found("192.0.2.1", "192.0.2.1", "alone")
	found("from a (b [192.0.2.1]) by c", "192.0.2.1", "in brackets")
	found("[IPv6:2001:db8::1]", "2001:db8::1", "a literal")
	found("at 2001:db8::1.", "2001:db8::1", "before a full stop")
	found("at 192.0.2.1.", "192.0.2.1", "v4 before a full stop")
	found("at 192.0.2.1:25", "192.0.2.1", "before a port")
	found("2001:db8::1: gone", "2001:db8::1", "before a colon")
	found("1:2:3:4:5:6:7:8:9", nil, "nine groups")
	found("host-192.0.2.1.example.com", "192.0.2.1", "in a name")
	found("::1", "::1", "the shortest")
	found("10.0.0.1 192.0.2.1", "192.0.2.1", "the second", 3)
	found("1.2.3.4.5", nil, "five numbers")
	found("v1.2.3.456", nil, "a number too large")
	found("a1.2.3.4", nil, "inside of a word")
	found("10:20:30", nil, "a time")
	found("", nil, "nothing")
	found("192.0.2.1", nil, "behind the end", 100)
	found(("1:"):rep(20000) .. " 192.0.2.1", "192.0.2.1", "behind junk")
	t.raises("bad argument #2 to 'smtpe.net.find_ip'", "init 0",
	    net.find_ip, "x", 0)
	t.raises("bad argument #1 to 'smtpe.net.find_ip'", "nil", net.find_ip)
end

-- One address of each kind, and one just outside.
local kinds = {
	BENCHMARK = {"198.19.255.255", "198.20.0.0"},
	LINK_LOCAL = {"169.254.1.1", "169.253.255.255"},
	LOCALHOST = {"127.0.0.1", "127.0.0.2"},
	LOOPBACK = {"127.1.2.3", "128.0.0.1"},
	MULTICAST = {"239.255.255.255", "223.255.255.255"},
	PRIVATE_A = {"10.255.255.255", "11.0.0.0"},
	PRIVATE_B = {"172.31.255.255", "172.32.0.0"},
	PRIVATE_C = {"192.168.255.255", "192.169.0.0"},
	RESERVED = {"255.255.255.255", "192.0.1.1"},
	SITE_LOCAL = {"fec0::1", "fe80::1"},
	TEST_NET = {"203.0.113.9", "203.0.114.0"},
	THIS_HOST = {"0.0.0.0", "0.0.0.1"},
	THIS_NET = {"0.1.2.3", "1.0.0.0"},
	V4_COMPATIBLE = {"::192.0.2.1", "::1:0:0"},
	SHARED = {"100.127.255.255", "100.128.0.0"},
	UNIQUE_LOCAL = {"fd00::1", "fe00::1"},
	V4_MAPPED = {"::ffff:8.8.8.8", "8.8.8.8"},
	V4 = {"8.8.8.8", "2600::1"},
	V6 = {"2600::1", "8.8.8.8"},
	LOCAL = {"::1", "10.0.0.1"},
	LAN = {"fe80::1", "127.0.0.1"},
	TEST = {"2001:db8::1", "2001:db7::1"},
	ANY = {"::", "64:ff9b::808:808"},
}

local function reserved()
	for name, address in pairs(kinds) do
		local kind = net.is_ip[name]
		t.is(net.is_ip_reserved(address[1], kind), true,
		    address[1] .. " is " .. name)
		t.is(net.is_ip_reserved(address[2], kind), false,
		    address[2] .. " is not " .. name)
	end
	for name in pairs(net.is_ip) do
		t.ok(kinds[name], "net.is_ip." .. name .. " has a test")
	end
	t.is(net.is_ip_reserved("10.0.0.1"), true, "any kind")
	t.is(net.is_ip_reserved("8.8.8.8"), false, "no kind")
	t.is(net.is_ip_reserved("2600::1"), false, "no kind, v6")
	t.is(net.is_ip_reserved("4000::1"), true, "not global unicast")
	t.is(net.is_ip_reserved("10.0.0.1", net.is_ip.LAN + net.is_ip.LOCAL), true,
	    "a sum")
	t.is(net.is_ip_reserved("8.8.8.8", net.is_ip.LAN + net.is_ip.LOCAL), false,
	    "in no part of a sum")
	t.is(net.is_ip_reserved("10.0.0.1", 0), false, "no flags")
	t.is(net.is_ip_reserved("::ffff:10.0.0.1"), true, "mapped")
	t.fails("not an IP address", "no address", net.is_ip_reserved("x"))
	t.raises("bad argument #2 to 'smtpe.net.is_ip_reserved'", "a word",
	    net.is_ip_reserved, "10.0.0.1", "LAN")
end

local function names()
	for _, name in ipairs{"192.0.2.1", "dsl-192-0-2-1.example.net",
	    "1.2.0.192.dial.example", "host192_0_2_1.example",
	    "h192000002001.example", "ip-001-002-000-192.example",
	    "001002000192.example", "C0000201.example", "x-010200C0.example",
	    "192-000-002-001.example", "a.192.0.2.1"} do
		t.is(net.is_ipv4_in_name("192.0.2.1", name), true, name)
	end
	for _, name in ipairs{"", "mail.example.net", "192.0.2.10", "1192.0.2.1",
	    "192-0-2.example", "192.0.21.example", "1920021.example",
	    "1192000002001.x", "1920000020011.x", "ac0000201b.example",
	    "192--0-2-1.example", ("9"):rep(5000)} do
		t.is(net.is_ipv4_in_name("192.0.2.1", name), false,
		    "not in " .. name:sub(1, 30))
	end
	t.is(net.is_ipv4_in_name("::ffff:192.0.2.1", "192-0-2-1.x"), true, "mapped")
	t.fails("not an IPv4 address", "v6",
	    net.is_ipv4_in_name("2001:db8::1", "x"))
	t.fails("not an IPv4 address", "no address",
	    net.is_ipv4_in_name("x", "x"))
	t.raises("bad argument #2 to 'smtpe.net.is_ipv4_in_name'", "no name",
	    net.is_ipv4_in_name, "192.0.2.1")
end

t.run(function()
	reverse()
	contains()
	format()
	find()
	reserved()
	names()
end)
