-- What the engine's own tables say: of themselves, and of a client that
-- t/60-modules.t makes up.
local t = require "check"

t.run(function()
	t.ok(smtpe.bin_version:find("^%d+%.%d+"), "smtpe.bin_version",
	    smtpe.bin_version)
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
		t.raises("read-only", "connection." .. k .. " cannot be set",
		    function() connection[k] = v end)
	end
end)
