-- Against t/helpers/dns_liar.py: answers that are none. All are asked at once,
-- so that the time is over once.
local t = require "check"
local IN, A = dns.class.IN, dns.type.A

t.run(function()
	local labels = {"silent", "wrongid", "wrongname", "otherport", "empty",
	    "short", "noquestion", "wrongtype", "wrongclass", "refusedbare",
	    "tcpshort"}
	local keys = {}
	for i, label in ipairs(labels) do
		keys[i] = dns.query(IN, A, label .. ".test")
	end
	local rcode, all, why = dns.wait()
	t.is(rcode, dns.rcode.TIMEOUT, "nobody says anything that counts")
	t.is(all, nil, "no table")
	t.is(why, "TIMEOUT", "and why")
	t.is(dns.ispending(), false, "nothing is pending")

	-- Those who answer are heard beside those who do not.
	for i, label in ipairs(labels) do
		dns.query(IN, A, label .. ".test")
	end
	dns.query(IN, A, "a b")
	local nx = dns.query(IN, A, "nx.test")
	rcode, all = dns.wait()
	t.is(rcode, dns.rcode.NXDOMAIN, "somebody answers")
	for i, label in ipairs(labels) do
		t.is(all[keys[i]].rcode, dns.rcode.TIMEOUT, label)
		t.is(#all[keys[i]].answer, 0, label .. ": nothing of it is shown")
		t.is(all[keys[i]].error, nil, label .. ": no error of ours")
	end
	t.is(all[nx].rcode, dns.rcode.NXDOMAIN, "the one who answers")
	t.is(#all.answer, 0, "no answer in all")

	-- The time is one for all waits, until something new is asked.
	dns.query(IN, A, "silent.test")
	dns.query(IN, A, "nx.test")
	local n = 0
	while dns.ispending() do
		rcode, all = dns.wait(false)
		n = n + 1
	end
	t.is(n, 2, "two waits for one each")
	t.is(rcode, dns.rcode.TIMEOUT, "the last one in vain")
end)
