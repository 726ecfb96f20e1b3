-- dialect: what the dialects look for in a script when it is loaded, so that
-- what is not here is named before the first message.

local dialect = {}

-- Without comments; strings are empty ones.
local function strip(code)
	local out, i = {}, 1

	while true do
		local s = code:find("[%-\"'%[]", i)
		local long, q

		if not s then
			out[#out + 1] = code:sub(i)
			return table.concat(out)
		end
		out[#out + 1] = code:sub(i, s - 1)
		long = code:match("^%-%-%[(=*)%[", s) or
		    code:match("^%[(=*)%[", s)
		q = code:sub(s, s)
		if long then
			local _, e = code:find("]" .. long .. "]", s, true)

			out[#out + 1] = q == "[" and '""' or " "
			i = (e or #code) + 1
		elseif code:find("^%-%-", s) then
			i = code:find("\n", s, true) or #code + 1
		elseif q == '"' or q == "'" then
			i = s + 1
			while i <= #code and code:sub(i, i) ~= q do
				i = i + (code:sub(i, i) == "\\" and 2 or 1)
			end
			out[#out + 1], i = '""', i + 1
		else
			out[#out + 1], i = q, s + 1
		end
	end
end

local function read(source)
	local f <close> = source:sub(1, 1) == "@" and
	    io.open(source:sub(2), "r") or nil

	return f and f:read("a") or ""
end

-- dialect.code(source) -> the script without comments and strings, "" for what
-- is no file; source is what debug.getinfo says.
function dialect.code(source)
	return strip(read(source))
end

-- dialect.find(source, find) -> what find(code) finds in it. Each connection
-- loads the script: where all of it has nothing, it is not taken apart.
function dialect.find(source, find)
	local code = read(source)

	return find(code) and find(strip(code))
end

return dialect
