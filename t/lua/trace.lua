-- Notes each hook of TRACE with its arguments: what the H lines of a dialog are
-- compared with (t/dialog.pl). What a dialog's own hooks do stands in `my',
-- as my.mail for hook.mail.
--
-- How a message is cut into blocks depends on the network: the blocks of
-- hook.content are noted as one, once another kind of hook is called.
my = {}
local blocks, streaming = {}, { content = 1, header = 1, eoh = 1, body = 1 }

local function quote(s)
	s = s:gsub("[%c\"\\\x80-\xff]", function(c)
		local plain = { ["\r"] = "\\r", ["\n"] = "\\n", ['"'] = '\\"',
		    ["\\"] = "\\\\" }
		return plain[c] or ("\\x%02X"):format(c:byte())
	end)
	return '"' .. s .. '"'
end

local function show(v)
	if type(v) == "string" then return quote(v) end
	if type(v) ~= "table" then return tostring(v) end
	local parts = {}
	for _, item in ipairs(v) do parts[#parts + 1] = show(item) end
	local named = #parts
	for k, item in pairs(v) do
		if math.type(k) ~= "integer" then
			parts[#parts + 1] = k .. "=" .. show(item)
		end
	end
	if named == 0 then table.sort(parts) end
	return "{" .. table.concat(parts, ", ") .. "}"
end

local function line(name, ...)
	local parts = {}
	for i = 1, select("#", ...) do parts[i] = show((select(i, ...))) end
	note(name .. "(" .. table.concat(parts, ", ") .. ")")
end

for _, name in ipairs(TRACE) do
	hook[name] = function(...)
		if name == "content" then
			blocks[#blocks + 1] = (...)
		else
			if #blocks > 0 and not streaming[name] then
				line("content", table.concat(blocks))
				blocks = {}
			end
			line(name, ...)
		end
		if my[name] then return my[name](...) end
	end
end
