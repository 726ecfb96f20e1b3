-- Against t/helpers/dns_liar.py, which does what the first label says.
local t = require "check"
local IN, A = dns.class.IN, dns.type.A

local function ask(label, type)
	dns.query(IN, type or A, label .. ".test")
	return dns.wait()
end

local function address(label, want)
	local rcode, all = ask(label)
	t.is(rcode, dns.rcode.NOERROR, label)
	t.is(all and #all.answer, 1, label .. ": one record")
	t.is(all and all.answer[1].address, want, label .. ": the right one")
end

-- What nobody answers is in t/61-dns.t's own session.
local function malformed()
	for _, label in ipairs{"loop", "forward", "pair", "header", "longname", "badlabel", "counts", "onemore", "rdlength",
	    "shorta", "longa", "isquery", "opcode", "shortrr"} do
		local rcode, all, why = ask(label)
		t.is(rcode, dns.rcode.ERRNO, label)
		t.is(all, nil, label .. ": nothing of it is shown")
		t.is(why, "malformed answer", label .. ": and why")
	end
	local rcode = ask("txt", dns.type.TXT)
	t.is(rcode, dns.rcode.ERRNO, "a TXT that is longer than it is")
end

local function rcodes()
	for label, want in pairs{servfail = "SERVFAIL", refused = "REFUSED",
	    notimp = "NOT_IMPLEMENTED", formerr = "FORMAT", rcode9 = "RCODE9",
	    badvers = "RCODE16"} do
		local rcode, all, why = ask(label)
		t.is(dns.rcodename(rcode), want, label)
		t.is(all, nil, label .. ": no table")
		t.is(why, want, label .. ": and why")
	end
	local rcode, all = ask("nx")
	t.is(rcode, dns.rcode.NXDOMAIN, "nx")
	t.is(#all.answer, 0, "nx: a table with nothing in it")
end

local function lies()
	for _, label in ipairs{"lateid", "latename", "lateport", "twice"} do
		address(label, "192.0.2.3")
	end
	local _, all = ask("stranger")
	t.is(#all.answer, 2, "a record of another name")
	t.is(all.answer[1].name, "bank.test.", "is shown with its name")
	t.is(all.answer[2].address, "192.0.2.2", "beside the one that was asked for")
	t.is(#all.extra, 1, "one more in the additional section")
	_, all = ask("ring")
	t.is(#all.answer, 2, "aliases of each other")
	_, all = ask("ttl")
	t.is(all.answer[1].ttl, 4294967295, "a ttl of 32 bits")
	_, all = ask("controls", dns.type.TXT)
	t.is(all.answer[1].text, "a\r\n250 x", "a text with line ends")
	_, all = ask("upper", dns.type.MX)
	t.is(all.answer[1].host, "mx.upper.test.", "a host in lower case")
	_, all = ask("chaos")
	t.is(all.answer[1].data, "not an address", "an address of another class")
	t.is(all.answer[1].address, nil, "is none")
end

local function cut_short()
	local _, all = ask("tcp")
	t.is(#all.answer, 500, "over TCP")
	_, all = ask("64k")
	t.is(#all.answer, 4000, "64 KiB over TCP")
	t.is(all.answer[4000].address, "10.0.15.159", "to the end")
	for _, label in ipairs{"cut", "cuttwice", "tcploop"} do
		local rcode, none = ask(label)
		t.is(rcode, dns.rcode.ERRNO, label)
		t.is(none, nil, label .. ": no table")
	end
	address("fine", "192.0.2.1")
end

-- The server answers none of the three before it has them all: who asks and
-- waits in turns never gets an answer.
local function at_once()
	local seen = {}
	for i = 1, 3 do
		dns.query(IN, A, "three" .. i .. ".test")
	end
	local rcode, all = dns.wait()
	t.is(rcode, dns.rcode.NOERROR, "three at once")
	for i = 1, 3 do
		t.is(all[i].rcode, dns.rcode.NOERROR, "three at once: " .. i)
		t.is(all[i].answer[1].name, "three" .. i .. ".test.",
		    "its own answer")
		seen[all[i].answer[1].address] = true
	end
	t.same(seen, {["192.0.2.10"] = true, ["192.0.2.11"] = true,
	    ["192.0.2.12"] = true}, "each another")
end

-- An answer that is held back keeps nobody from reading the other.
local function not_all()
	local held = dns.query(IN, A, "held.test")
	local quick = dns.query(IN, A, "quick.test")
	local rcode, all = dns.wait(false)
	t.is(rcode, dns.rcode.NOERROR, "wait(false)")
	t.is(#all, 1, "gives what is there")
	t.is(all[1], all[quick], "the quick one")
	t.is(dns.ispending(), true, "the other is pending")
	local release = dns.query(IN, A, "release.test")
	rcode, all = dns.wait(1)
	t.is(rcode, dns.rcode.NOERROR, "wait(1)")
	t.is(#all, 2, "gives both")
	t.is(all[1], all[held], "in the order in which they were asked")
	t.is(all[1].answer[1].address, "192.0.2.9", "the one that was held back")
	t.is(all[2], all[release], "and the last")
	t.is(all[quick], nil, "but not what was given before")
	t.is(dns.ispending(), false, "nothing is pending")
end

t.run(function()
	malformed()
	rcodes()
	lies()
	cut_short()
	at_once()
	not_all()
end)
