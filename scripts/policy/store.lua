--[[
store: what policies remember from one connection to the next. No daemon and no
database: a small file for each key, STATEDIR/NAME/XX/HASH, that begins with one
line of text and is changed under its lock (util.update in smtpe-lua(7)).

	local s = require "policy.store".open("greylist", is_old)
	s:get(key)		the line, or nil
	s:update(key, f)	f(line or nil) gives the new line, or nil for no
				change; what it gives beside is the result

Any number of sessions may use it; one that is killed leaves the old line or
the new; what a power cut damages counts as never seen.

is_old(line) says what can go. Nothing ever reads all files: one new key in 16
looks at up to 64 others, so that old ones go at least as fast as new ones come.

When the files cannot be used (a full disk, no permission) the result is nil,
and the first time in a connection a line is logged. Mail must not wait for
that: policies let it pass.

Control: statedir, see smtpe-control(5); QUEUEDIR/../state when not set.
]]
local store = {}
store.__index = store
local ENOENT, EFBIG = 2, 27

function store.open(name, is_old)
	local dir = smtpe.getoption("statedir")
	if dir == "" then
		dir = smtpe.getoption("queuedir") .. "/../state"
	end
	return setmetatable({ dir = dir .. "/" .. name, name = name,
	    is_old = is_old }, store)
end

-- The first line, if it is whole.
local function line_of(text)
	return text and text:match("^([^\n]*)\n")
end

function store:complain(why)
	if not self.complained then
		self.complained = true
		syslog.log(syslog.LOG_WARNING, self.name ..
		    " cannot remember, and lets pass: " .. why)
	end
end

-- The key's directory, its file, and the digits of its hash.
local function place(self, key)
	local hex = hash.sha1(key)
	local dir = self.dir .. "/" .. hex:sub(1, 2)
	return dir, dir .. "/" .. hex:sub(3), hex
end

function store:get(key)
	local _, path = place(self, key)
	local text, why, number = util.readfile(path, 4096)
	if not text and number ~= ENOENT and number ~= EFBIG then
		self:complain(why)
	end
	return line_of(text)
end

-- Looks at some files in one directory, both chosen by a new key's hash.
local function sweep(self, hex)
	local dir = self.dir .. "/" .. hex:sub(5, 6)
	local names = util.listdir(dir) or {}
	local at = tonumber(hex:sub(7, 12), 16)
	local function look(text)
		local line = line_of(text)
		if not line or self.is_old(line) then
			return false
		end
	end
	for i = 1, math.min(64, #names) do
		local name = names[(at + i) % #names + 1]
		if name:find("^%x+$") then
			util.update(dir .. "/" .. name, look)
		end
	end
end

function store:update(key, f)
	local dir, path, hex = place(self, key)
	local new, good, result, number
	local function change(text)
		local line, more = f(line_of(text))
		new = text == "" and line
		return line and line .. "\n", more
	end
	good, result, number = util.update(path, change)
	if number == ENOENT or number == EFBIG then
		-- A new directory; or what nobody here has written.
		local made, why
		if number == EFBIG then
			made, why = os.remove(path)
		else
			made, why = util.mkpath(dir)
		end
		result = why
		if made then
			good, result = util.update(path, change)
		end
	end
	if not good then
		self:complain(result)
		return nil
	elseif new and hex:sub(4, 4) == "0" then
		sweep(self, hex)
	end
	return result
end

return store
