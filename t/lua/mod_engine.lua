-- What the engine's own tables say: of themselves, and of a client that
-- t/60-modules.t makes up.
local t = require "check"

local function options()
	t.is(smtpe.getoption("databytes"), "0", "smtpe.getoption: a default")
	t.is(smtpe.getoption("me"), "mx.example.org", "a file's value")
	t.is(smtpe.getoption("locals"), "mx.example.org\nlocalhost", "a list")
	t.is(smtpe.getoption("smtpgreeting"), "", "not set")
	t.fails("no such option", "unknown", smtpe.getoption("nope"))
	t.is(smtpe.setoption("databytes", "10k"), true, "smtpe.setoption")
	t.is(smtpe.getoption("smtp-max-size"), "10k", "an alias")
	t.is(smtpe.setoption("pipelining", false), true, "a boolean")
	t.is(smtpe.setoption("maxrecipients", 7), true, "a number")
	t.is(smtpe.getoption("maxrecipients"), "7", "is text afterwards")
	t.is(smtpe.setoption("relayhosts", "192.0.2.0/24,10.0.0.0/8"), true,
	    "a list, commas between")
	t.is(smtpe.getoption("relayhosts"), "192.0.2.0/24\n10.0.0.0/8",
	    "lines between")
	t.fails("databytes: \"x\" is not a size", "a bad value",
	    smtpe.setoption("databytes", "x"))
	t.is(smtpe.getoption("databytes"), "10k", "changes nothing")
	t.fails("no such option", "unknown", smtpe.setoption("nope", "1"))
	t.fails("not a setting of a connection", "the process's",
	    smtpe.setoption("queuedir", "/tmp"))
	t.raises("bad argument #2", "no value", smtpe.setoption, "databytes")
	t.raises("bad argument #1", "no name", smtpe.getoption)
	for i = 1, 100000 do
		if not smtpe.setoption("smtpgreeting", ("x"):rep(100) .. i) then
			return t.ok(i > 1000, "there is a bound")
		end
	end
	t.ok(false, "there is a bound")
end

t.run(function()
	options()
	t.ok(smtpe.bin_version:find("^%d+%.%d+"), "smtpe.bin_version",
	    smtpe.bin_version)
	t.ok(smtpe.trying == false, "smtpe.trying: a client is served")
	t.ok(smtpe.api_version:find("^%d+%.%d+$"), "smtpe.api_version",
	    smtpe.api_version)
	t.ok(smtpe.copyright:find("^Copyright"), "smtpe.copyright",
	    smtpe.copyright)
	t.ok(#smtpe.host > 0, "smtpe.host", smtpe.host)
	t.is(smtpe.control_dir, os.getenv("CONTROL"), "smtpe.control_dir")

	t.is(connection.remote_ip, "192.0.2.7", "connection.remote_ip")
	t.is(connection.remote_port, 4711, "connection.remote_port")
	t.is(connection.local_ip, "192.0.2.25", "connection.local_ip")
	t.is(connection.local_port, 25, "connection.local_port")
	t.is(connection.ptr, "client.example", "connection.ptr")
	t.is(connection.protocol, "SMTP", "connection.protocol")
	t.is(connection.helo, nil, "connection.helo, before it")
	t.is(connection.auth, nil, "connection.auth, without it")
	t.is(#connection.id, 26, "connection.id")
	t.is(connection.id, client.id_log, "connection.id is client.id_log")
	t.is(#transaction.id, 26, "transaction.id exists from the start")
	t.ok(transaction.id ~= connection.id, "and is another")
	t.is(client.write("220-written at once\r\n"), true, "client.write")
	t.raises("bad argument #1", "client.write of nil", client.write)
	for k, v in pairs(connection) do
		if type(v) ~= "function" then
			t.raises("read-only", "connection." .. k ..
			    " cannot be set", function() connection[k] = v end)
		end
	end
end)
