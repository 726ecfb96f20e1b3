-- What t/63-smtp-client.t does with Postfix's smtp-sink: HOSTS says where it
-- is; hook.forward hands the message over, and every result goes to the log.
local hosts = {}
for host in os.getenv("HOSTS"):gmatch("%S+") do
	hosts[#hosts + 1] = host
end

local function show(what, r)
	local line = {what, r.outcome, r.stage, tostring(r.code),
	    tostring(r.enhanced), tostring(r.accepted), r.host}
	for _, one in ipairs(r) do
		line[#line + 1] = one.recipient .. "=" .. one.code
	end
	io.stderr:write("result ", table.concat(line, " "), "\n")
end

function hook.forward(path, sender, recipients)
	local r = smtp.sendfile(hosts, sender, recipients, path)
	show("sendfile", r)
	return r.reply
end

function hook.helo(name)
	if name == "check" then
		show("check", smtp.check(hosts, "", {"b@example.org",
		    "c@example.org"}, {timeout = 5}))
	elseif name == "string" then
		show("sendstring", smtp.sendstring(hosts, "a@client.example",
		    "b@example.org", "Subject: a string\n\n.\n.\r\nend",
		    {helo = "me.example"}))
	elseif name == "slow" then
		pcall(smtp.check, hosts, "", "b@example.org")
		return "250 came back"
	end
end
