-- What a hook may return, one case per line of the protocol.
local long = string.rep("x", 994)

cases = {
	-- nothing
	nothing = function() end,
	["nil"] = function() return nil end,
	["nil and more"] = function() return nil, "550 not looked at" end,

	-- strings
	plain = function() return "250 fine" end,
	crlf = function() return "550 no\r\n" end,
	lines = function() return "250-one\r\n250-two\r\n250 three\r\n" end,
	["spaces between"] = function() return "250 one\r\n250 two" end,
	bare = function() return "250" end,
	["4xx"] = function() return "450 later" end,
	["599"] = function() return "599 last" end,
	utf8 = function() return "550 na\u{ef}ve" end,
	["998 octets"] = function() return "250 " .. long end,
	["trailing value"] = function() return "250 ok", "other" end,

	-- strings that are no replies
	empty = function() return "" end,
	["no code"] = function() return "hello" end,
	["199"] = function() return "199 low" end,
	["600"] = function() return "600 high" end,
	mixed = function() return "250-a\r\n550 b" end,
	nul = function() return "250 a\0b" end,
	["bare CR"] = function() return "250 a\rb" end,
	["bare LF"] = function() return "250 a\nDATA" end,
	smuggled = function() return "250 a\r\n\r\nMAIL FROM:<>" end,
	escape = function() return "250 \27[2J" end,
	["999 octets"] = function() return "250 " .. long .. "x" end,
	["10 MB"] = function() return "250 " .. string.rep("x", 10000000) end,
	["64 KiB and more"] = function()
		return string.rep("250-" .. long .. "\r\n", 66) .. "250 end"
	end,
	["220"] = function() return "220 hello" end,
	["221"] = function() return "221 bye" end,
	["235"] = function() return "235 you are in" end,
	["334"] = function() return "334 more" end,
	["354"] = function() return "354 go" end,

	-- the drop flag
	["drop alone"] = function() return true end,
	["drop and nil"] = function() return true, nil end,
	["drop and reply"] = function() return true, "550 no" end,
	["no drop"] = function() return false end,
	["no drop and reply"] = function() return false, "250 ok" end,
	["drop and verdict"] = function()
		return true, action.reject("no")
	end,
	["drop and nonsense"] = function() return true, 7 end,
	["drop twice"] = function() return true, true end,

	-- anything else
	number = function() return 550 end,
	table = function() return { 550 } end,
	["function"] = function() return print end,
	coroutine = function() return coroutine.create(print) end,
	file = function() return io.stdout end,

	-- verdicts
	accept = function() return action.accept() end,
	["accept text"] = function() return action.accept("welcome") end,
	trust = function() return action.trust() end,
	["trust text"] = function() return action.trust("come in") end,
	info = function() return action.info(250, "so it is") end,
	["info 550"] = function() return action.info(550, "so it is not") end,
	reject = function() return action.reject("no") end,
	["reject code"] = function() return action.reject(554, "no") end,
	["reject 4xx"] = function() return action.reject(450, "not now") end,
	["reject enhanced"] = function()
		return action.reject(550, "no", { enhanced = "5.1.1" })
	end,
	["reject enhanced in the text"] = function()
		return action.reject(550, "5.7.25 no name")
	end,
	["reject wrong class in the text"] = function()
		return action.reject(550, "4.7.25 no name")
	end,
	["reject drop"] = function()
		return action.reject("no", { drop = true })
	end,
	["reject lines"] = function() return action.reject("one\r\ntwo\n") end,
	["reject controls"] = function() return action.reject("a\0b\27c") end,
	["reject empty"] = function() return action.reject("") end,
	["reject 1 MB"] = function()
		return action.reject(string.rep("x", 1000000))
	end,
	defer = function() return action.defer("later") end,
	["defer code"] = function() return action.defer(452, "full") end,
	["defer enhanced"] = function()
		return action.defer(452, "full", { enhanced = "4.2.2" })
	end,
	discard = function() return action.discard() end,
	["discard text"] = function() return action.discard("taken") end,
	quarantine = function() return action.quarantine("spam") end,
	["quarantine reply"] = function()
		return action.quarantine("spam",
		    { reply = "550 5.7.1 kept all the same" })
	end,
	disconnect = function() return action.disconnect(421, "bye") end,
	["disconnect 554"] = function()
		return action.disconnect(554, "never")
	end,
	["disconnect alone"] = function() return action.disconnect("bye") end,

	-- verdicts thrown
	thrown = function() error(action.reject("thrown")) end,
	["thrown deep"] = function()
		local function deep(n)
			if n == 0 then error(action.defer("deep")) end
			return deep(n - 1) + 1
		end
		deep(100)
	end,
	["thrown in a coroutine"] = function()
		coroutine.wrap(function() error(action.reject("co")) end)()
	end,
	["thrown and caught"] = function()
		local fine, what = pcall(error, action.reject("caught"))
		assert(not fine and what.kind == "reject" and
		    what.text == "caught" and what.code == 550)
		return "250 caught"
	end,
	["thrown and thrown again"] = function()
		local fine, what = pcall(error, action.reject("again"))
		error(what)
	end,
	["thrown over xpcall"] = function()
		local fine, what = xpcall(error, function(e) return e end,
		    action.reject("over"))
		return what
	end,

	-- verdicts made in a wrong way
	["reject nothing"] = function() return action.reject() end,
	["reject table"] = function() return action.reject({}) end,
	["reject 250"] = function() return action.reject(250, "?") end,
	["reject 600"] = function() return action.reject(600, "?") end,
	["reject code without text"] = function()
		return action.reject(550)
	end,
	["reject wrong enhanced"] = function()
		return action.reject(550, "no", { enhanced = "4.1.1" })
	end,
	["reject no enhanced"] = function()
		return action.reject(550, "no", { enhanced = "5.1" })
	end,
	["reject opts"] = function() return action.reject("no", "drop") end,
	["reject opts.drop"] = function()
		return action.reject("no", { drop = 1 })
	end,
	["defer 550"] = function() return action.defer(550, "?") end,
	["info 354"] = function() return action.info(354, "go") end,
	["info 221"] = function() return action.info(221, "bye") end,
	["quarantine nothing"] = function() return action.quarantine() end,
	["quarantine path"] = function()
		return action.quarantine("../new")
	end,
	["quarantine empty"] = function() return action.quarantine("") end,
	["quarantine 250"] = function()
		return action.quarantine("spam", { reply = "250 ok" })
	end,
	["disconnect 250"] = function()
		return action.disconnect(250, "?")
	end,
	["disconnect 221"] = function()
		return action.disconnect(221, "bye")
	end,

	-- errors
	["error"] = function() error("boom") end,
	["error level 2"] = function() error("blame", 2) end,
	["error without a place"] = function() error("nowhere", 0) end,
	["error with a port"] = function()
		error("10.0.0.1:25: refused", 0)
	end,
	["error nil"] = function() error(nil) end,
	["error number"] = function() error(42) end,
	["error table"] = function() error({}) end,
	["error looping"] = function()
		error(setmetatable({}, { __tostring = function()
			while true do end
		end, __name = "loop" }))
	end,
	["error lines"] = function() error("one\nevent=forged two") end,
	["error 1 MB"] = function() error(string.rep("x", 1000000)) end,
	runtime = function() local x; return x.y end,
	["in a coroutine"] = function()
		coroutine.wrap(function() error("inside") end)()
	end,
	yield = function() coroutine.yield("250 ok") end,
	exit = function() os.exit(0) end,
	recursion = function()
		local function down(a, b, c, d, e, f, g)
			return 1 + down(a, b, c, d, e, f, g)
		end
		return down()
	end,
	["C recursion"] = function()
		local function down(s)
			return (string.gsub(s, ".", down))
		end
		return down("x")
	end,
	["error in the handler"] = function()
		xpcall(error, function(e) error(e) end, "first")
		return "250 survived"
	end,
}

function hook.mail(sender, params)
	return cases[sender](params)
end

-- The codes that belong to a stage, and verdicts that mean nothing there.
function hook.accept(what) return what end
function hook.quit(what)
	if what == "reject" then return action.reject("stay") end
	if what == "disconnect" then return action.disconnect(221, "bye") end
	if what == "error" then error("no") end
	return what
end
function hook.data(what)
	if what == "info" then return action.info(354, "go") end
	return what
end
function hook.reset(what) return what end
function hook.close(what)
	if what == "reject" then return action.reject("closed") end
	return what
end
