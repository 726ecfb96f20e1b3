--[[
sender_domain: the sender's domain must be able to take mail, or nobody can be
told what becomes of the message: it has a mail exchanger, or else an address
(RFC 5321 5.1), and does not say that it takes no mail (RFC 7505).

	policy.chain { require "policy.sender_domain" }

Options:
	allow	domains that are not asked about, .example for all below it;
		the control senderdomainallow stands in
	unknown	what happens when the DNS does not say: "defer" (451, the client
		comes back) or "accept"
The null sender and address literals have no domain to ask for, and a domain in
UTF-8 is not looked up.
]]
local policy = require "policy"
local IN, MX, A, AAAA = dns.class.IN, dns.type.MX, dns.type.A, dns.type.AAAA

local function reject(enhanced, domain, what)
	return action.reject(enhanced .. " Sender's domain " .. domain .. " " ..
	    what)
end

-- Records of a type: how many, and the last one.
local function count(result, type)
	local n, last = 0, nil
	for _, rr in ipairs(result.answer) do
		if rr.type == type then
			n, last = n + 1, rr
		end
	end
	return n, last
end

local function look_up(domain, unknown)
	dns.reset()
	dns.query(IN, MX, domain)
	dns.query(IN, A, domain)
	dns.query(IN, AAAA, domain)
	local rcode, t = dns.wait()
	if t then
		local n, mx = count(t[1], MX)
		if n == 1 and mx.host == "." then
			return reject("5.7.27", domain, "takes no mail (null MX)")
		elseif n > 0 or (t[1].rcode == dns.rcode.NOERROR and
		    count(t[2], A) + count(t[3], AAAA) > 0) then
			return nil
		end
	end
	for _, result in ipairs(t or { { rcode = rcode } }) do
		if result.rcode == dns.rcode.NXDOMAIN then
			return reject("5.1.8", domain, "does not exist")
		elseif result.rcode ~= dns.rcode.NOERROR then
			return unknown == "defer" and action.defer(
			    "4.4.3 Sender's domain " .. domain ..
			    " is not known now: " .. dns.rcodename(result.rcode)) or
			    nil
		end
	end
	return reject("5.1.8", domain, "has neither MX nor address")
end

return policy.new("sender_domain", {
	allow = policy.control("senderdomainallow") or {},
	unknown = "defer",
}, function(o)
	local allow = {}
	for _, item in ipairs(o.allow) do
		allow[item:lower()] = true
	end
	if o.unknown ~= "defer" and o.unknown ~= "accept" then
		error("sender_domain: unknown is neither defer nor accept", 0)
	end
	return { mail = function(sender)
		local domain = (sender:match("@([^@]+)$") or "["):lower()
		local at = 1
		while at do
			if allow[domain:sub(at)] then
				return nil
			end
			at = domain:find(".", at + 1, true)
		end
		if domain:sub(1, 1) == "[" or domain:find("[\x80-\xff]") then
			return nil
		end
		return look_up(domain, o.unknown)
	end }
end)
