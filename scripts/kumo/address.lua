-- kumo.address: envelope and header addresses as objects: .user, .domain,
-- .email, .name, and tostring().

local address = {}

local Address = {}
Address.__index = Address

function Address:__tostring()
	return self.email
end

function Address.__eq(a, b)
	return a.email == b.email
end

-- address.new(text [, name]) -> object; "" is the null sender.
function address.new(text, name)
	local user, domain = text:match("^(.*)@([^@]*)$")

	return setmetatable({
		email = text, user = user or text, domain = domain or "",
		name = name,
	}, Address)
end

-- address.text(value) -> string: of an object or a string.
function address.text(value)
	if getmetatable(value) == Address then
		return value.email
	end
	if type(value) ~= "string" then
		error("not an address: " .. type(value), 3)
	end
	return (value:match("^%s*<(.*)>%s*$") or value)
end

-- A mailbox of a header: "Name <a@b>", "a@b (comment)", "a@b".
local function mailbox(text)
	local name, inner = text:match("^%s*(.-)%s*<%s*([^<>]-)%s*>%s*$")

	if not inner then
		inner = text:gsub("%b()", ""):match("^%s*(.-)%s*$")
	end
	if inner == "" or not inner:find("@", 1, true) then
		return nil
	end
	if name then
		name = name:match('^"(.*)"$') or name
		name = name ~= "" and name:gsub("\\(.)", "%1") or nil
	end
	return address.new(inner, name)
end

-- address.list(value) -> array: the mailboxes of a field's value; commas in
-- quotes, comments and angle brackets divide nothing.
function address.list(value)
	local list, start, depth, quoted, i = {}, 1, 0, false, 1

	local function take(last)
		local m = mailbox(value:sub(start, last))

		if m then
			list[#list + 1] = m
		end
		start = last + 2
	end
	while i <= #value do
		local c = value:sub(i, i)

		if c == "\\" then
			i = i + 1
		elseif c == '"' then
			quoted = not quoted
		elseif not quoted and (c == "(" or c == "<") then
			depth = depth + 1
		elseif not quoted and (c == ")" or c == ">") then
			depth = depth - 1
		elseif not quoted and depth == 0 and (c == "," or c == ";") then
			take(i - 1)
		end
		i = i + 1
	end
	take(#value)
	return list
end

-- address.header(value) -> object: the first mailbox of a field's value, and
-- in .list all of them.
function address.header(value)
	local list = address.list(value)
	local first = list[1] or address.new("")
	local header = address.new(first.email, first.name)

	header.list = list
	return header
end

return address
