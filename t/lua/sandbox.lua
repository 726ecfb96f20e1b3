-- What a script has, and what it has not. Each case raises, or is fine.
local function raises(text, f, ...)
	local fine, what = pcall(f, ...)
	assert(not fine, "did not raise")
	assert(string.find(tostring(what), text, 1, true), what)
end

-- Bytecode of a function that would say so if it ran.
local bytecode = string.dump(function() return "bytecode ran" end)

cases = {
	["all libraries"] = function()
		for _, name in ipairs { "string", "table", "math", "io", "os",
		    "utf8", "coroutine", "debug", "package" } do
			assert(type(_G[name]) == "table", name)
		end
		for _, name in ipairs { "assert", "collectgarbage", "dofile",
		    "error", "getmetatable", "ipairs", "load", "loadfile",
		    "next", "pairs", "pcall", "print", "rawequal", "rawget",
		    "rawlen", "rawset", "require", "select",
		    "setmetatable", "tonumber", "tostring", "type", "warn",
		    "xpcall" } do
			assert(type(_G[name]) == "function", name)
		end
		assert(_VERSION == "Lua 5.4")
	end,
	setmetatable = function()
		local m = { __index = { x = 1 } }
		local t = {}
		assert(setmetatable(t, m) == t and t.x == 1)
		assert(getmetatable(setmetatable(t, nil)) == nil)
		raises("__gc", setmetatable, {}, { __gc = print })
		raises("__gc", setmetatable, {}, { __gc = true })
		raises("protected", setmetatable,
		    setmetatable({}, { __metatable = 1 }), {})
		raises("nil or table", setmetatable, {}, 1)
		raises("nil or table", setmetatable, {})
		raises("table expected", setmetatable, 1, {})
	end,
	["debug has not"] = function()
		for _, name in ipairs { "sethook", "setmetatable",
		    "getregistry", "setuservalue", "upvalueid" } do
			assert(debug[name] == nil, name)
		end
		assert(debug.traceback():find("traceback"))
		assert(debug.getinfo(1, "l").currentline > 0)
		assert(debug.debug() == nil)
	end,
	["debug.setlocal"] = function()
		local x = 1
		assert(debug.getlocal(1, 1) == "x")
		assert(debug.setlocal(1, 1, 2) == "x" and x == 2)
		string.gsub("x", ".", function()
			-- 1 pcall, 2 raises, 3 this function, 4 gsub
			raises("level 1 is a C", debug.setlocal, 1, 1, nil)
			raises("level 4 is a C", debug.setlocal, 4, 1, nil)
		end)
		local co = coroutine.create(function(a)
			coroutine.yield()
			return a
		end)
		coroutine.resume(co, 1)
		assert(debug.setlocal(co, 1, 1, "new") == "a")
		assert(select(2, coroutine.resume(co)) == "new")
		raises("number expected", debug.setlocal, "x")
	end,
	["debug.setupvalue"] = function()
		local up = 1
		local function f() return up end
		assert(debug.setupvalue(f, 1, 2) == "up" and f() == 2)
		raises("C function", debug.setupvalue,
		    string.gmatch("x", "."), 3, nil)
	end,
	["debug.getmetatable"] = function()
		assert(debug.getmetatable("").__index == string)
		assert(debug.getmetatable(io.stdout) == "FILE*")
		assert(getmetatable(io.stdout) == "FILE*")
		assert(getmetatable(action.accept()) == false)
		assert(debug.getmetatable(action.accept()) == false)
		assert(debug.getmetatable({}) == nil)
		raises("value expected", debug.getmetatable)
	end,
	["os.exit"] = function()
		raises("os.exit is not available", os.exit)
		raises("os.exit is not available", os.exit, true, true)
	end,
	load = function()
		assert(load("return 1")() == 1)
		assert(load("return x", "name", "t", { x = 2 })() == 2)
		assert(load("return x", nil, nil, { x = 3 })() == 3)
		assert(select(2, load("+", "=name")):find("name:1:", 1, true))
		local pieces = { "return ", "4", nil }
		local i = 0
		assert(load(function() i = i + 1; return pieces[i] end)() == 4)
		raises("string", load, "return 1", "name", {})
		for _, mode in ipairs { "b", "bt", "t" } do
			local f, why = load(bytecode, "code", mode)
			assert(f == nil and why:find("attempt to load a binary"))
		end
		local f, why = load(bytecode)
		assert(f == nil and why:find("attempt to load a binary"))
		f, why = load(function()
			local b = bytecode
			bytecode = nil
			return b
		end)
		assert(f == nil and why:find("attempt to load a binary"))
	end,
	["loadfile and dofile"] = function()
		local name = os.tmpname()
		local f = assert(io.open(name, "w"))
		f:write("return ..., 5, x")
		f:close()
		assert(select(2, dofile(name)) == 5)
		assert(select(3, loadfile(name)(0)) == nil)
		assert(select(3, loadfile(name, nil, { x = 6 })(0)) == 6)
		assert(select(3, loadfile(name, "bt", { x = 6 })(0)) == 6)
		f = assert(io.open(name, "wb"))
		f:write(string.dump(function() return 1 end))
		f:close()
		raises("attempt to load a binary", dofile, name)
		for _, mode in ipairs { "b", "bt" } do
			local g, why = loadfile(name, mode)
			assert(g == nil and why:find("attempt to load a binary"))
		end
		local g, why = loadfile(name)
		assert(g == nil and why:find("attempt to load a binary"))
		os.remove(name)
		assert(loadfile(name) == nil)
		raises("cannot open", dofile, name)
	end,
	require = function()
		assert(package.cpath == "" and package.loadlib == nil)
		assert(#package.searchers <= 3) -- ours, no C loaders
		assert(not package.path:find("./?.lua", 1, true))
		raises("module 'no.such' not found", require, "no.such")
		local m = require("smtpe_test_module")
		assert(m.name == "smtpe_test_module" and m == require(m.name))
		assert(m.file:find("smtpe_test_module.lua$"))
		raises("attempt to load a binary", require,
		    "smtpe_test_binary")
		raises("error loading module", require, "smtpe_test_syntax")
		package.preload.here = function(...) return { ... } end
		assert(require("here")[1] == "here")
	end,
	execute = function()
		assert(os.execute() == true)
		local a, b, c = os.execute("exit 0")
		assert(a == true and b == "exit" and c == 0)
		a, b, c = os.execute("exit 3")
		assert(a == nil and b == "exit" and c == 3)
		a, b, c = os.execute("kill -9 $$")
		assert(a == nil and b == "signal" and c == 9)
		assert(os.execute("test -z \"$(cat)\""), "standard input")
		assert(not os.execute("test -e /proc/self/fd/0/x"))
		raises("string expected", os.execute, {})
		-- a file of the script's does not leak into a child
		local f = assert(io.open("/dev/null"))
		assert(os.execute("test ! -e /proc/self/fd/9"))
		local _, _, n = os.execute("exit $(ls /proc/self/fd | wc -l)")
		assert(n == 4, n) -- 0, 1, 2 and ls's own
		f:close()
	end,
	["popen read"] = function()
		local p = io.popen("echo one; echo two; exit 4")
		assert(io.type(p) == "file")
		assert(p:read("l") == "one" and p:read("a") == "two\n")
		local a, b, c = p:close()
		assert(a == nil and b == "exit" and c == 4)
		assert(io.type(p) == "closed file")
		local n = 0
		for line in io.popen("seq 10000"):lines() do n = n + 1 end
		assert(n == 10000)
		assert(io.popen("cat"):read("a") == "", "standard input")
		p = io.popen("exit 0", "r")
		assert(p:close() == true)
	end,
	["popen write"] = function()
		local name = os.tmpname()
		local p = io.popen("cat >" .. name, "w")
		local big = string.rep("0123456789", 100000)
		assert(p:write(big))
		assert(p:close())
		local f = io.open(name)
		assert(f:read("a") == big)
		f:close()
		os.remove(name)
		p = io.popen("exit 5", "w")
		for i = 1, 100 do p:write(string.rep("x", 10000)) end
		assert(select(3, p:close()) == 5)
	end,
	["popen wrong"] = function()
		raises("invalid mode", io.popen, "true", "rw")
		raises("invalid mode", io.popen, "true", "")
		raises("string expected", io.popen)
		local p = io.popen("no-such-command-here 2>/dev/null")
		assert(p:read("a") == "" and select(3, p:close()) == 127)
	end,
	["popen many"] = function()
		for i = 1, 20 do io.popen("sleep 5") end
		collectgarbage() -- closes and kills them; waits for none
	end,
	coroutines = function()
		local co = coroutine.create(function(a, b)
			local c = coroutine.yield(a + b)
			error({ c })
		end)
		local fine, sum = coroutine.resume(co, 1, 2)
		assert(fine and sum == 3)
		assert(coroutine.status(co) == "suspended")
		local e
		fine, e = coroutine.resume(co, "x")
		assert(not fine and e[1] == "x")
		assert(coroutine.status(co) == "dead")
		fine, e = coroutine.resume(co)
		assert(not fine and e == "cannot resume dead coroutine")
		fine, e = coroutine.close(co)
		assert(fine == false and type(e) == "table" or fine)
		raises("coroutine expected", coroutine.resume, {})
		raises("coroutine expected", coroutine.close, {})
		raises("function expected", coroutine.wrap, {})
		raises("cannot close a running", coroutine.close,
		    (coroutine.running()))
		-- many values
		local n = select("#", coroutine.resume(coroutine.create(
		    function(...) return ... end),
		    table.unpack({}, 1, 200)))
		assert(n == 201)
	end,
	wrap = function()
		local function gen(n)
			return coroutine.wrap(function()
				for i = 1, n do coroutine.yield(i) end
			end)
		end
		local sum = 0
		for i in gen(100) do sum = sum + i end
		assert(sum == 5050)
		raises("sandbox.lua:", coroutine.wrap(function()
			error("with a place")
		end))
		local closed
		raises("x", coroutine.wrap(function()
			local c <close> = setmetatable({}, {
				__close = function() closed = true end })
			error("x")
		end))
		assert(closed)
		local w = coroutine.wrap(function() end)
		w()
		raises("dead coroutine", w)
	end,
	close = function()
		local order = ""
		local function mark(s)
			return setmetatable({}, { __close = function()
				order = order .. s
			end })
		end
		local co = coroutine.create(function()
			local a <close> = mark("a")
			local b <close> = mark("b")
			coroutine.yield()
		end)
		coroutine.resume(co)
		assert(coroutine.close(co) == true and order == "ba")
		co = coroutine.create(function()
			local a <close> = setmetatable({}, {
				__close = function() error("closing", 0) end })
			coroutine.yield()
		end)
		coroutine.resume(co)
		local fine, why = coroutine.close(co)
		assert(fine == false and why == "closing")
		co = coroutine.create(function()
			coroutine.wrap(function()
				raises("cannot close a normal",
				    coroutine.close, co)
			end)()
		end)
		assert(coroutine.resume(co))
	end,
	xpcall = function()
		assert(select("#", xpcall(function(...) return ... end,
		    print, 1, 2, 3)) == 4)
		local fine, what = xpcall(error, function(e)
			return e .. "!"
		end, "x")
		assert(not fine and what == "x!")
		local trace
		fine, trace = xpcall(function() local x; return x.y end,
		    debug.traceback)
		assert(trace:find("sandbox.lua:"))
		raises("function expected", xpcall, print)
		-- across a yield
		local co = coroutine.wrap(function()
			return xpcall(function()
				return coroutine.yield(1)
			end, print)
		end)
		assert(co() == 1)
		assert(select(2, co("back")) == "back")
	end,
	["stdin and warn"] = function()
		assert(io.read("a") == "")
		warn("@on")
		warn("careful ", "now")
	end,
	["verdicts are values"] = function()
		local r = action.reject(554, "no", { enhanced = "5.7.2" })
		assert(r.kind == "reject" and r.code == 554)
		assert(r.enhanced == "5.7.2" and r.text == "no")
		assert(r.drop == false and r.place == nil and r.x == nil)
		assert(tostring(r) == "action.reject: 554 5.7.2 no")
		assert(action.quarantine("q").place == "q")
		assert(not pcall(function() r.code = 250 end))
	end,
	["hook is a table"] = function()
		assert(type(hook) == "table")
		assert(type(hook.mail) == "function")
		assert(hook.quit == nil)
		hook.quit = function() return "221 first" end
		local old = hook.quit
		hook.quit = function() return old():gsub("first", "second") end
		local seen = {}
		for name, f in pairs(hook) do
			assert(type(f) == "function")
			seen[name] = true
		end
		assert(seen.mail and seen.quit and not seen.rcpt)
		raises("hook.rcpt is a number", function() hook.rcpt = 1 end)
		hook.spare = 1
		assert(hook.spare == 1)
		hook.data = function(...) end
		hook.noop = function() hook.noop = nil end
	end,
	smtpe = function()
		assert(smtpe.host == "mx.example.com")
		assert(smtpe.bin_version:find("^%d+%.%d+"))
		assert(smtpe.api_version:find("^%d+%.%d+"))
		assert(smtpe.copyright:find("smtpe"))
	end,
	globals = function()
		kept = (kept or 0) + 1
		context.n = (context.n or 0) + 1
		return "250 " .. kept .. " " .. context.n
	end,
}

function hook.mail(sender) return cases[sender]() end
