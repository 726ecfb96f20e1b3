-- service: what is wrong with the arguments, and hosts that are not there; the
-- daemons are in t/64-service.t.
local t = require "check"
local dir = assert(os.getenv("DIR"))
local gone = "127.0.0.1:1"

local function arguments()
	for _, name in ipairs{"clamd", "spamd", "rspamd"} do
		local f = service[name]
		t.raises("string or array expected", name .. ": no hosts", f)
		t.raises("no host", name .. ": an empty list", f, {})
		t.raises("unknown option 'nonsense'", name .. ": options", f,
		    gone, nil, {nonsense = 1})
		t.raises("option 'timeout' is a boolean", name .. ": time", f,
		    gone, nil, {timeout = true})
		t.raises("option 'max' is not in 0..16777216", name .. ": max",
		    f, gone, nil, {max = 1 << 25})
		t.raises("option 'max' is a number, not an integer",
		    name .. ": max", f, gone, nil, {max = 1.5})
		t.raises("both a file and data", name .. ": two messages", f,
		    gone, dir .. "/x", {data = "x"})
		t.fails("there is no message", name .. ": none", f(gone))
		t.fails("No such file", name .. ": a file", f(gone, dir .. "/x"))
		t.fails("Is a directory", name .. ": a directory", f(gone, dir))
	end
	t.raises("option 'headers' is no table", "headers", service.rspamd,
	    gone, nil, {data = "", headers = 1})
	t.raises("header 'a b' cannot be set", "a header that is none",
	    service.http, "http://127.0.0.1/", nil, {headers = {["a b"] = "c"}})
	t.raises("header 'content-Length' cannot be set", "one of ours",
	    service.http, "http://127.0.0.1/", nil,
	    {headers = {["content-Length"] = "1"}})
	t.raises("option 'method' is none", "a method", service.http,
	    "http://127.0.0.1/", nil, {method = "GET /x"})
	t.raises("string expected", "no URL", service.http)
	for url, why in pairs{
	    ["nonsense"] = "not a URL",
	    ["http://a b/"] = "not a URL",
	    ["http://a/\r\nX: y"] = "not a URL",
	    ["https://a/"] = "https is not there yet",
	    ["ftp://a/"] = "not an http URL",
	    ["http://user:secret@a/"] = "a user in a URL",
	    ["http:///x"] = "a host that is none",
	    ["http://a:0/"] = "a host that is none",
	} do
		t.fails(why, "URL " .. url, service.http(url))
	end
	t.fails("nothing was asked", "all of that asks nobody", service.wait())
end

local function nobody_there()
	t.is(service.clamd(gone, nil, {data = "x"}), "clamd", "asked")
	t.is(service.clamd({gone, "127.0.0.1:2"}, nil, {data = "x"}), "clamd2",
	    "another")
	t.is(service.spamd(gone, nil, {data = "x", name = "mine"}), "mine",
	    "by its own name")
	t.is(service.http("http://127.0.0.1:1/"), "http", "the web")
	t.is(service.rspamd("/nonesuch", nil, {data = "x"}), "rspamd",
	    "a Unix socket")
	local r = service.wait()
	t.is(#r, 5, "five answers")
	for i, name in ipairs{"clamd", "clamd2", "mine", "http", "rspamd"} do
		t.is(r[i], r[name], name .. " by number")
		t.is(r[name].name, name, name .. ": name")
		t.is(r[name].ok, false, name .. ": not ok")
		t.is(r[name].error, name == "rspamd" and
		    "No such file or directory" or "Connection refused",
		    name .. ": why")
		t.ok(r[name].time >= 0, name .. ": time")
	end
	t.is(r.mine.service, "spamd", "which it was")
	t.is(r.clamd2.host, "127.0.0.1:2", "the last host")
	t.is(r.http.host, "127.0.0.1:1", "the web's host")
	t.fails("nothing was asked", "each answer once", service.wait())
	service.clamd(gone, nil, {data = "x"})
	service.reset()
	t.fails("nothing was asked", "nor after a reset", service.wait())
	service.reset()
end

local function many()
	for i = 1, 32 do
		t.ok(service.clamd(gone, nil, {data = "x"}), "question " .. i)
	end
	t.fails("too many questions", "the 33rd",
	    service.clamd(gone, nil, {data = "x"}))
	local n = 0
	repeat
		local r = service.wait(false)
		n = n + #(r or {})
	until not r
	t.is(n, 32, "all are answered")
end

t.run(function()
	arguments()
	nobody_there()
	many()
end)
