-- Modules open at first use, and nobody can tell but next() and rawget().
local t = require "check"
local dir = assert(os.getenv("DIR"))

local function first_use()
	t.is(type(net), "table", "a table from the start")
	t.is(next(net), nil, "which is empty")
	t.is(rawget(net, "reverseip"), nil, "really")
	t.is(getmetatable(net), false, "its metatable is ours")
	t.raises("protected metatable", "and stays", setmetatable, net, {})
	t.is(type(net.reverseip), "function", "a read fills it")
	t.is(type(rawget(net, "find_ip")), "function", "with everything")
	t.is(getmetatable(net), nil, "it is a table like any other then")
	t.is(net.nonesuch, nil, "what is not there is nil")
	t.is(uri.nonesuch, nil, "also as the first read")
	t.is(type(rawget(uri, "parse")), "function", "which fills it, too")

	local n = 0
	for name, f in pairs(text) do
		n = n + 1
		t.is(type(f), "function", "pairs: text." .. name)
	end
	t.is(n, 3, "pairs sees all of it")

	local function mine() end
	hash.md5 = mine
	t.is(hash.md5, mine, "a write before the first read stays")
	t.is(type(hash.sha1), "function", "and the rest is there")
	util.own = 1
	t.is(util.own, 1, "a new name")
	t.is(type(util.mkpath), "function", "and the rest is there")
	t.is(coroutine.wrap(function() return base64.encode("a") end)(), "YQ==",
	    "in a coroutine")
end

local function write(name, text)
	local f = assert(io.open(dir .. "/" .. name, "w"))
	f:write(text)
	f:close()
end

local function by_require()
	t.is(require("json").encode{1}, "[1]", "require")
	t.is(require("smtpe.json").encode{1}, "[1]", "require, by its long name")
	t.is(require("json").null, json.null, "they share what is unique")
	t.is(json.encode(require("json").array()), "[]", "and marks")
	package.path = dir .. "/?.lua;" .. package.path
	write("syslog.lua", "return {mine = true}")
	t.is(require("syslog").mine, true, "a file of that name goes first")
	t.is(syslog.mine, nil, "the global is not touched by it")
	t.is(type(require("smtpe.syslog").info), "function",
	    "nor is the long name")
	local good, message = pcall(require, "nonesuch")
	t.ok(not good and message:find("no built-in module 'nonesuch'", 1, true),
	    "what is nowhere is not found", message)
	t.ok(not pcall(require, "smtpe."), "nor is the empty name")
end

local function strict()
	setmetatable(_G, {
		__index = function(_, k) error("undefined " .. k, 2) end,
		__newindex = function(_, k) error("global " .. k, 2) end,
	})
	t.is(md5.sum(""), "d41d8cd98f00b204e9800998ecf8427e",
	    "a strict _G is no obstacle")
	t.raises("undefined nonesuch", "and is strict", function()
		return nonesuch
	end)
	setmetatable(_G, nil)
end

local function abuse()
	local meta = debug.getmetatable(cdb)
	local other = setmetatable({}, meta)
	t.is(other.open, nil, "the metatable on another table gives nothing")
	other.x = 1
	t.is(other.x, 1, "and takes nothing")
	t.is(#{pairs(other)}, 2, "nor does pairs")
	t.raises("table expected", "called with no table", meta.__index, 1, 2)
	t.raises("table expected", "also to write", meta.__newindex, "x", 1, 2)
	t.raises("table expected", "also by pairs", meta.__pairs)
	t.is(type(cdb.open), "function", "cdb is unharmed")
end

t.run_plain(function()
	first_use()
	by_require()
	strict()
	abuse()
end)
