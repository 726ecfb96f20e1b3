-- Ways to keep a module busy for ever, or to make it take all memory, for
-- t/60-modules.t: HELO says which.
local endless = {}

function endless.time_pairs()
	json.encode(setmetatable({}, {__pairs = function()
		return function() return "a", 1 end
	end}))
end
function endless.time_len()
	json.encode(setmetatable({}, {__len = function() return 1 << 60 end}))
end
function endless.time_contains_ip()
	net.contains_ip(setmetatable({}, {__index = function()
		return "192.0.2.0/24"
	end}), "192.0.3.1")
end
function endless.time_iterate()
	pcall(endless.time_pairs)
	while true do
		pcall(text.split, ("a "):rep(1000))
	end
end
function endless.memory_decode()
	json.decode("[" .. ("[],"):rep(2 << 20) .. "0]")
end
function endless.memory_split()
	text.split(("a"):rep(1 << 20), "b", true)
	local list = {}
	while true do
		list[#list + 1] = text.split(("a "):rep(1 << 16))
	end
end
function endless.memory_encode()
	local t = {}
	while true do
		t[#t + 1] = base64.encode(("x"):rep(1 << 20))
	end
end
function endless.memory_decode_pcall()
	for _ = 1, 1000 do
		pcall(endless.memory_decode)
	end
end

function hook.helo(name)
	endless[name]()
	return "250 it came back"
end
