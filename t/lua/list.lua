-- Lists what a script can see beyond standard Lua, for t/60-modules.t: each
-- function and constant of each global table, as "net.is_ip.LAN".
local standard = {}
for name in ([[_G _VERSION assert collectgarbage coroutine debug dofile error
    getmetatable io ipairs load loadfile math next os package pairs pcall
    print rawequal rawget rawlen rawset require select setmetatable string
    table tonumber tostring type utf8 warn xpcall
    arg context]]):gmatch("%S+") do
	standard[name] = true
end

local function list(prefix, t)
	for k, v in pairs(t) do
		if type(v) == "table" then
			list(prefix .. k .. ".", v)
		else
			io.stderr:write("name ", prefix, tostring(k), " ",
			    type(v), "\n")
		end
	end
end

hook.accept = function()
	for k, v in pairs(_G) do
		if standard[k] then
			-- not ours
		elseif type(v) == "table" then
			list(k .. ".", v)
		else
			io.stderr:write("name ", k, " ", type(v), "\n")
		end
	end
end
