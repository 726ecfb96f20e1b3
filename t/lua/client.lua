-- What client, connection, transaction and context show.
local function list(t)
	local parts = {}
	for k, v in pairs(t) do
		parts[#parts + 1] = k .. "=" .. tostring(v)
	end
	table.sort(parts)
	return table.concat(parts, " ")
end

local function readonly(f)
	local fine, what = pcall(f)
	assert(not fine and what:find("read-only", 1, true), what)
end

cases = {
	address = function()
		assert(client.address == "192.0.2.1")
		assert(math.type(client.port) == "integer")
		assert(client.port == 40001 and client.host == "mx.example.org")
		assert(client.local_address == "192.0.2.25")
		assert(client.id_log == "S1" and client.id_sess == "S1")
		assert(client.is_pipelining == true)
		assert(client.input == "MAIL FROM:<a@example.org>")
		assert(client.nonsense == nil and client[1] == nil)
	end,
	outside = function()
		assert(client.id_trans == nil and client.msg_file == nil)
		assert(transaction.id == "T1")
	end,
	inside = function()
		assert(client.id_trans == "T1")
		assert(client.msg_file == "/q/tmp/T1")
	end,
	unknown = function()
		assert(client.address == nil and client.port == nil)
		assert(client.host == nil and client.input == nil)
		assert(client.is_pipelining == false)
		assert(connection.auth == nil and connection.tls == nil)
		assert(connection.helo == nil)
		assert(transaction.sender == nil and transaction.params == nil)
		assert(transaction.id == nil)
		assert(#transaction.recipients == 0)
		assert(client.write("x") == false)
	end,
	["no session"] = function()
		assert(client.address == nil and connection.helo == nil)
		assert(transaction.recipients == nil)
		assert(client.write("x") == false)
		for k in pairs(client) do assert(k == "write") end
	end,
	connection = function()
		assert(connection.remote_ip == "192.0.2.1")
		assert(connection.remote_port == 40001)
		assert(connection.local_ip == "192.0.2.25")
		assert(connection.local_port == 25)
		assert(connection.ptr == "mx.example.org")
		assert(connection.helo == "client.example.org")
		assert(connection.protocol == "ESMTPA")
		assert(connection.auth.user == "bob")
		assert(connection.auth.mechanism == "PLAIN")
		assert(connection.id == "S1")
	end,
	transaction = function()
		assert(transaction.sender == "a@example.org")
		local p = transaction.params
		assert(p.SIZE == "10" and p.BODY == "8BITMIME")
		assert(p.SMTPUTF8 == true and p.X == "" and p.NONE == nil)
		local r = transaction.recipients
		assert(#r == 3 and r[1] == "one@example.com")
		assert(r[3] == "three@example.com")
		assert(r[0] == nil and r[4] == nil and r.x == nil)
		assert(r[1.0] == r[1] and r[1.5] == nil and r["1"] == nil)
		assert(r[-1] == nil and r[math.mininteger] == nil)
		assert(r[math.maxinteger] == nil)
		assert(table.concat(r, ",") ==
		    "one@example.com,two@example.com,three@example.com")
		local n = 0
		for i, a in ipairs(r) do n = n + i; assert(r[i] == a) end
		assert(n == 6)
		n = 0
		for i, a in pairs(r) do n = n + i; assert(r[i] == a) end
		assert(n == 6)
		assert(select("#", table.unpack(r)) == 3)
		assert(transaction.recipients == r)
	end,
	["read-only"] = function()
		readonly(function() client.address = "192.0.2.2" end)
		readonly(function() client.host = nil end)
		readonly(function() connection.helo = "x" end)
		readonly(function() connection.new = "x" end)
		readonly(function() transaction.sender = "x" end)
		readonly(function() transaction.new = "x" end)
		readonly(function() transaction.recipients[1] = "x" end)
		readonly(function() transaction.recipients.x = "x" end)
		for _, t in ipairs { client, connection, transaction,
		    transaction.recipients, hook } do
			assert(getmetatable(t) == false)
			assert(not pcall(setmetatable, t, {}))
		end
		client.mine = 7
		assert(client.mine == 7)
		transaction.params.SIZE = "20"
		assert(transaction.params.SIZE == "10")
	end,
	pairs = function()
		local text = list(client)
		assert(text:find("address=192.0.2.1", 1, true))
		assert(text:find("port=40001", 1, true))
		assert(text:find("write=function", 1, true))
		text = list(connection)
		assert(text:find("remote_ip=192.0.2.1", 1, true))
		text = list(transaction)
		assert(text:find("sender=a@example.org", 1, true))
	end,
	write = function()
		assert(client.write("250-wait\r\n") == true)
		assert(client.write("") == true)
		assert(client.write(12) == true)
		assert(not pcall(client.write))
		assert(not pcall(client.write, {}))
	end,
	slow = function()
		local host = client.host
		return "250 got away"
	end,
	["slow write"] = function()
		while true do pcall(client.write, "x") end
	end,
	many = function()
		local n = 0
		for i = 1, 1000 do n = n + #transaction.recipients end
		return "250 " .. n
	end,
}

function hook.mail(sender, params, ...)
	if sender == "arguments" then
		assert(params.SIZE == "10" and params.BODY == "8BITMIME")
		assert(params.SMTPUTF8 == true and select("#", ...) == 0)
		return "250 fine"
	end
	return cases[sender]()
end

function hook.rcpt(recipient, domain, params)
	assert(recipient == "" and domain == nil and next(params) == nil)
	return "250 fine"
end

function hook.close(was_dropped)
	assert(was_dropped == true)
	print("close", math.type(12))
end

function hook.dot(...)
	local n, b, s = ...
	assert(math.type(n) == "integer" and n == -5 and b == false)
	assert(s == "a\0b" and select("#", ...) == 3)
	return "250 fine"
end

local changes = {
	nothing = function(list) end,
	add = function(list) list[#list + 1] = "XNEW" end,
	remove = function(list) table.remove(list, 1) end,
	replace = function(list) return { "ONLY" } end,
	empty = function(list) return {} end,
	clear = function(list)
		for i = #list, 1, -1 do list[i] = nil end
	end,
	refuse = function(list)
		list[1] = "X"
		return action.reject("no")
	end,
	number = function(list) list[1] = 1 end,
	control = function(list) list[1] = "A\r\nB" end,
	big = function(list) list[1] = string.rep("x", 100000) end,
	["drop and list"] = function(list) return true, { "LAST" } end,
}

function hook.ehlo(name, extensions)
	return changes[name](extensions)
end
