--[=[
dnsbl: refuses clients that DNS lists name (RFC 5782), each list with a weight.

	policy.chain { require "policy.dnsbl" { lists = { "dnsbl.example" } } }

Options, and the controls that stand in for them:
	lists (dnsbl)	ZONE [WEIGHT [NETWORK,...]], one a line. WEIGHT is 1; below
		0 it speaks for the client. NETWORK says which answers count,
		127.0.0.0/8 if nothing does; never those of 127.255.255.0/24,
		which mean "do not ask me"
	threshold (dnsblthreshold)	the sum that is refused; 1
	allow (dnsblallow)	networks whose clients are not asked for; nor
		are those that may relay or are of this machine and its LAN
	stage	the hook that refuses; accept
A list that does not answer counts nothing. context.dnsbl has score and lists.
]=]
local policy = require "policy"

local function parse(line)
	local zone, weight, codes, more = table.unpack(text.split(line))
	weight = tonumber(weight or 1)
	codes = text.split(codes or "127.0.0.0/8", ",")
	if more or not weight or not codes[1] or
	    not pcall(net.contains_ip, codes, "::") then
		error("dnsbl: '" .. line .. "' is not ZONE WEIGHT NETWORK", 0)
	end
	return { zone = zone, weight = weight, codes = codes }
end

-- Asks about a name below each of the lists at once.
local function ask(type, name, from)
	dns.reset()
	for _, list in ipairs(from) do
		dns.query(dns.class.IN, type, name .. "." .. list.zone)
	end
	local _, t, why = dns.wait()
	if not t then
		print("dnsbl: no answer: " .. why)
	end
	return t or {}
end

local function is_listed(list, result)
	for _, rr in ipairs(result.answer) do
		local a = rr.type == dns.type.A and rr.address
		if a and net.contains_ip(list.codes, a) then
			return not net.contains_ip("127.255.255.0/24", a)
		end
	end
	if result.rcode ~= dns.rcode.OK and result.rcode ~= dns.rcode.NXDOMAIN then
		print("dnsbl: " .. list.zone .. ": " .. dns.rcodename(result.rcode))
	end
end

local function refusal(ip, hits)
	local t, names, why = ask(dns.type.TXT, net.reverseip(ip), hits), {}, ""
	for i, list in ipairs(hits) do
		local rr = t[i] and t[i].answer[1]
		if list.weight > 0 then
			names[#names + 1] = list.zone
			why = rr and rr.text and ": " .. rr.text or why
		end
	end
	return action.reject(("5.7.1 [%s] is listed by %s%s"):format(ip,
	    table.concat(names, ", "), why:sub(1, 300)))
end

return policy.new("dnsbl", {
	lists = policy.control("dnsbl") or {}, stage = "accept",
	threshold = policy.setting("dnsblthreshold", 1),
	allow = policy.control("dnsblallow") or {},
}, function(o)
	local lists, is_neighbour = {}, policy.neighbours(o.allow)
	local threshold = tonumber(o.threshold) or error("dnsbl: threshold", 0)
	for i, line in ipairs(o.lists) do
		lists[i] = parse(line)
	end
	return { [o.stage] = function()
		local ip, known = client.address, context.dnsbl
		local name = lists[1] and not is_neighbour() and net.reverseip(ip)
		if not name then
			return nil
		elseif known and known.ip == ip then
			return known.verdict -- asked for once
		end
		known = { ip = ip, score = 0, lists = {} }
		for i, result in ipairs(ask(dns.type.A, name, lists)) do
			if is_listed(lists[i], result) then
				known.score = known.score + lists[i].weight
				table.insert(known.lists, lists[i])
			end
		end
		known.verdict = known.score >= threshold and known.lists[1] and
		    refusal(ip, known.lists) or nil
		context.dnsbl = known
		return known.verdict
	end }
end)
