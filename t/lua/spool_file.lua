-- For the dialogs spool-file-*: notes what is in the file of the message where
-- it has to be there, and whether it is there elsewhere. What hook.dot and
-- hook.forward return is policy.dot() and policy.forward().
policy = {}
local file

local function there()
	local f = io.open(file or "/nonexistent")
	if f then f:close() end
	return f and "there" or "not there"
end

local function contents(path)
	assert(path == file and path == client.msg_file)
	local f <close> = assert(io.open(path, "rb"))
	return (f:read("a"):gsub("\r\n", "/"))
end

function my.mail()
	file = client.msg_file
	note(there())
end

for _, name in ipairs{"dot", "forward"} do
	my[name] = function(path)
		note(contents(path))
		if policy[name] then return policy[name]() end
	end
end

for _, name in ipairs{"error", "reset", "close"} do
	my[name] = function() note(there()) end
end
