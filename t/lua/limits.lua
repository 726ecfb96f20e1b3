-- Ways to run for ever, or to take all memory, and to get away with it.
local function forever() while true do end end
local function count() local n = 0; while true do n = n + 1 end end

cases = {
	fine = function() return "250 fine" end,

	-- time
	["empty loop"] = forever,
	["counting loop"] = count,
	["goto loop"] = function() ::again:: goto again end,
	["repeat loop"] = function() repeat local x = 1 until x == 2 end,
	["for loop"] = function() for i = 1, math.huge do end end,
	["call loop"] = function() while true do (function() end)() end end,
	["tail call"] = function()
		local function again() return again() end
		return again()
	end,
	["pcall loop"] = function() while true do pcall(forever) end end,
	["pcall tower"] = function()
		local function tower() while true do pcall(tower) end end
		tower()
	end,
	["pcall last"] = function() return pcall(forever) end,
	["pcall and a reply"] = function()
		pcall(forever)
		return "250 got away"
	end,
	["pcall and a verdict"] = function()
		pcall(forever)
		error(action.accept())
	end,
	["xpcall looping handler"] = function()
		xpcall(error, forever, "x")
		return "250 got away"
	end,
	["xpcall handler after time"] = function()
		while true do xpcall(forever, forever) end
	end,
	["xpcall handler erring"] = function()
		while true do
			xpcall(forever, function(e) return e .. {} end)
		end
	end,
	coroutine = function()
		while true do
			coroutine.resume(coroutine.create(forever))
		end
	end,
	["coroutine in coroutine"] = function()
		coroutine.wrap(function()
			while true do
				pcall(coroutine.wrap(function()
					while true do pcall(forever) end
				end))
			end
		end)()
	end,
	["wrap inside pcall"] = function()
		while true do pcall(coroutine.wrap(forever)) end
	end,
	["wrap as iterator"] = function()
		for _ in coroutine.wrap(function()
			while true do coroutine.yield(1) end
		end) do end
	end,
	["ping-pong"] = function()
		local co = coroutine.create(function()
			while true do coroutine.yield() end
		end)
		while true do coroutine.resume(co) end
	end,
	["__close loop"] = function()
		local x <close> = setmetatable({}, { __close = forever })
		error("leaving")
	end,
	["__close after time"] = function()
		local x <close> = setmetatable({}, { __close = forever })
		local y <close> = setmetatable({}, { __close = forever })
		forever()
	end,
	["coroutine.close"] = function()
		local co = coroutine.create(function()
			local x <close> = setmetatable({}, { __close = forever })
			coroutine.yield()
		end)
		coroutine.resume(co)
		coroutine.close(co)
		return "250 got away"
	end,
	["coroutine.close loop"] = function()
		while true do
			local co = coroutine.create(function()
				local x <close> = setmetatable({},
				    { __close = forever })
				coroutine.yield()
			end)
			coroutine.resume(co)
			pcall(coroutine.close, co)
		end
	end,
	["wrap that closes"] = function()
		pcall(coroutine.wrap(function()
			local x <close> = setmetatable({}, { __close = forever })
			error("x")
		end))
		return "250 got away"
	end,
	["gsub callback"] = function()
		return (string.gsub("x", ".", forever))
	end,
	["sort callback"] = function()
		table.sort({ 3, 2, 1 }, forever)
	end,
	["load reader"] = function()
		return load(function() return " " end)
	end,
	["__index"] = function()
		return setmetatable({}, { __index = forever }).x
	end,
	["__gc"] = function()
		setmetatable({}, { __gc = forever })
		collectgarbage()
		return "250 got away"
	end,
	["__gc later"] = function()
		local m = {}
		setmetatable({}, m)
		m.__gc = forever
		collectgarbage()
		return "250 never a finalizer"
	end,
	["__gc of files"] = function()
		local m = debug.getmetatable(io.stdout)
		if type(m) == "table" then m.__gc = forever end
		io.open("/dev/null"):close()
		collectgarbage()
		return "250 never a finalizer"
	end,
	["__tostring thrown"] = function()
		error(setmetatable({}, { __tostring = forever }))
	end,
	["print"] = function()
		print(setmetatable({}, { __tostring = forever }))
	end,
	["coroutine left behind"] = function()
		left = coroutine.create(function()
			pcall(forever)
			coroutine.yield("never")
		end)
		coroutine.resume(left)
	end,
	["coroutine suspended"] = function()
		left = coroutine.create(function()
			while true do coroutine.yield("250 alive") end
		end)
		coroutine.resume(left)
		forever()
	end,
	["coroutine goes on"] = function()
		return select(2, coroutine.resume(left))
	end,
	execute = function()
		os.execute("sleep 5")
		return "250 got away"
	end,
	["execute loop"] = function()
		while true do pcall(os.execute, "sleep 5") end
	end,
	["popen read"] = function()
		local p = io.popen("sleep 5; echo x")
		local x = p:read("a")
		return "250 got away"
	end,
	["popen write"] = function()
		local p = io.popen("sleep 5", "w")
		p:write(string.rep("x", 1000000))
		p:flush()
		return "250 got away"
	end,
	["popen close"] = function()
		local p = io.popen("sleep 5", "w")
		p:close()
		return "250 got away"
	end,
	["popen forgotten"] = function()
		io.popen("sleep 5")
		collectgarbage()
		return "250 not waited for"
	end,
	["popen left open"] = function()
		pipe = io.popen("sleep 5")
		return "250 left open"
	end,
	["popen collected later"] = function()
		pipe = nil
		while true do local t = {}; t[1] = "" end
	end,

	-- memory
	["string.rep"] = function() return string.rep("x", 1 << 30) end,
	["string.rep caught"] = function()
		pcall(string.rep, "x", 1 << 30)
		return "250 got away"
	end,
	["string.rep last"] = function()
		return pcall(string.rep, "x", 1 << 30)
	end,
	["string.rep in a coroutine"] = function()
		coroutine.resume(coroutine.create(string.rep), "x", 1 << 30)
		return "250 got away"
	end,
	["string.rep in load"] = function()
		load(function() return string.rep("x", 1 << 30) end)
		return "250 got away"
	end,
	["table bomb"] = function()
		local t = {}
		while true do t[#t + 1] = {} end
	end,
	["table bomb caught"] = function()
		while true do
			pcall(function()
				local t = {}
				while true do t[#t + 1] = {} end
			end)
		end
	end,
	["table bomb kept"] = function()
		kept = {}
		while true do kept[#kept + 1] = "x" .. #kept end
	end,
	["after the kept bomb"] = function()
		kept = nil
		return "250 freed"
	end,
	["string bomb"] = function()
		local s = "x"
		while true do s = s .. s end
	end,
	["concat bomb"] = function()
		local t = {}
		for i = 1, 1000 do t[i] = string.rep("x", 65536) end
		return table.concat(t)
	end,
	["closure bomb"] = function()
		local f
		while true do local g = f; f = function() return g end end
	end,
	["coroutine bomb"] = function()
		local t = {}
		while true do t[#t + 1] = coroutine.create(print) end
	end,
	["stopped collector"] = function()
		collectgarbage("stop")
		for i = 1, 1000000 do local t = { i } end
		collectgarbage("restart")
		return "250 collected all the same"
	end,
	["much garbage"] = function()
		for i = 1, 200 do local s = string.rep("x", 1000000) .. i end
		return "250 collected"
	end,
	["close in close"] = function()
		local function down()
			local co = coroutine.create(function()
				local x <close> = setmetatable({},
				    { __close = down })
				coroutine.yield()
			end)
			coroutine.resume(co)
			coroutine.close(co)
		end
		down()
		return "250 came back"
	end,

	-- C that never comes back
	pattern = function()
		return string.find(string.rep("a", 40),
		    string.rep("a-", 40) .. "b")
	end,
	move = function()
		table.move({}, 1, 1 << 40, 2)
	end,
}

function hook.mail(sender) return cases[sender]() end
function hook.quit() return cases["empty loop"]() end
function hook.noop() end
function hook.close() closed = (closed or 0) + 1; print("closed", closed) end
