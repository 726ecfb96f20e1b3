-- What t/64-service.t asks the daemons of t/helpers/service_stub.py: AT_NAME
-- in the environment is where the one called NAME is.
local t = require "check"
local dir = assert(os.getenv("DIR"))
local eicar = "X5O!P%@AP[4\\PZX54(P^)7CC)7}$EICAR-STANDARD-ANTIVIRUS-TEST-FILE!"
local gtube = "XJS*C4JDBQADN1.NSBN3*2IDNEN*GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL"

local function at(name)
	return "127.0.0.1:" .. assert(os.getenv("AT_" .. name), name)
end

local function write(name, ...)
	local path = dir .. "/" .. name
	local f = assert(io.open(path, "w"))
	f:write(...)
	f:close()
	return path
end

-- The answer of the one question that start asks.
local function ask(start, ...)
	local name, why = start(...)
	if not name then
		return {ok = false, error = why}
	end
	return service.wait()[name]
end

local function data(s, more)
	local opts = {data = s}
	for k, v in pairs(more or {}) do
		opts[k] = v
	end
	return opts
end

local function clamd()
	local r = ask(service.clamd, at "clamd", nil, data("clean"))
	t.is(r.ok, true, "clamd: ok")
	t.is(r.infected, false, "clamd: clean")
	t.is(r.virus, nil, "clamd: no virus")
	t.is(r.answer, "stream: OK", "clamd: its words")
	r = ask(service.clamd, {at "refuse", at "clamd"}, nil,
	    data("x" .. eicar))
	t.is(r.infected, true, "clamd: infected")
	t.is(r.virus, "Win.Test.EICAR_HDB-1", "clamd: by what")
	t.is(r.host, at "clamd", "clamd: the second host")
	t.is(ask(service.clamd, at "clamd", nil, data("")).infected, false,
	    "clamd: nothing at all")
	local path = write("virus", ("x"):rep(100000), eicar, ("y"):rep(100000))
	t.is(ask(service.clamd, at "clamd", path).infected, true,
	    "clamd: a file")
	-- As large as it may be, in chunks of ours; and one octet more.
	t.is(ask(service.clamd, at "clamd", nil,
	    data(("x"):rep(1 << 20))).infected, false, "clamd: a megabyte")
	r = ask(service.clamd, at "clamd", nil, data(("x"):rep(5 << 20)))
	t.is(r.ok, false, "clamd: too large for it")
	t.is(r.error, "clamd has failed", "clamd: is an error")
	t.is(r.answer, "INSTREAM size limit exceeded. ERROR", "clamd: why")
end

local function spamd()
	local r = ask(service.spamd, at "spamd", nil, data("Subject: x\r\n\r\n"))
	t.is(r.ok, true, "spamd: ok")
	t.is(r.spam, false, "spamd: ham")
	t.is(r.score, -1.4, "spamd: score")
	t.is(r.threshold, 5.0, "spamd: threshold")
	t.same(r.symbols, {ALL_TRUSTED = true, HTML_MESSAGE = true},
	    "spamd: symbols")
	r = ask(service.spamd, at "spamd", nil, data(gtube, {user = "me\r\nX: y"}))
	t.is(r.spam, true, "spamd: spam")
	t.is(r.score, 1000.0, "spamd: its score")
	t.is(r.symbols.GTUBE, true, "spamd: why")
	t.is(r.symbols["USER_me??X: y"], true,
	    "spamd: a user cannot be a line more")
	r = ask(service.spamd, at "spamd", nil, data(gtube, {symbols = false}))
	t.is(r.spam, true, "spamd: CHECK")
	t.same(r.symbols, {}, "spamd: which says no symbols")
	t.is(ask(service.spamd, at "spamd", nil,
	    data(gtube, {symbols = true})).symbols.GTUBE, true,
	    "spamd: SYMBOLS")
end

local function rspamd()
	local r = ask(service.rspamd, at "rspamd", nil, data("hello"))
	t.is(r.ok, true, "rspamd: ok")
	t.is(r.action, "no action", "rspamd: action")
	t.is(r.score, 0.5, "rspamd: score")
	t.is(r.threshold, 15.0, "rspamd: threshold")
	t.is(r.symbols.SIZE_5, 0.0, "rspamd: symbols have scores")
	t.is(r.symbols["IP=192.0.2.7"], 0.25, "rspamd: is told of the client")
	t.is(r.result["message-id"], "undef", "rspamd: the whole answer")
	t.is(r.result.symbols.SIZE_5.score, 0.0, "rspamd: all of it")
	r = ask(service.rspamd, at "rspamd", nil, data(gtube, {
		ip = "198.51.100.1", helo = "h", hostname = "n", from = "a@b",
		rcpt = {"c@d", "e@f\r\nX-Extra: no"}, user = "u",
		queue_id = "q", headers = {["X-Extra"] = "yes"},
	}))
	t.is(r.action, "reject", "rspamd: reject")
	for _, name in ipairs{"IP=198.51.100.1", "HELO=h", "HOSTNAME=n",
	    "FROM=a@b", "USER=u", "X-EXTRA=yes"} do
		t.is(r.symbols[name], 0.25, "rspamd: " .. name)
	end
	t.is(r.symbols["RCPT=c@d"], -1.5, "rspamd: a recipient")
	t.is(r.symbols["RCPT=e@f??X-Extra: no"], -1.5,
	    "rspamd: which cannot be a line more")
	t.is(r.symbols["X-EXTRA=no"], nil, "rspamd: really")
	r = ask(service.rspamd, at "rspamd", nil, data("", {password = "wrong"}))
	t.is(r.ok, false, "rspamd: an error")
	t.is(r.error, "Unauthorized", "rspamd: in its words")
	t.is(ask(service.rspamd, at "http", nil, data("x")).error,
	    "rspamd gave no action", "rspamd: another web server is none")
end

local function web()
	local base = "http://" .. at "http"
	local r = ask(service.http, base .. "/a b")
	t.is(r.ok, false, "http: a blank in a URL")
	r = ask(service.http, base .. '/a|"\xfc?q=1#f')
	t.is(r.ok, true, "http: GET")
	t.is(r.status, 200, "http: status")
	t.is(r.reason, "OK", "http: reason")
	t.is(r.headers["content-type"], "application/json", "http: headers")
	local echo = json.decode(r.body)
	t.is(echo.method, "GET", "http: it was a GET")
	t.is(echo.path, "/a%7C%22%FC?q=1", "http: of this")
	t.is(echo.headers.Host, at "http", "http: Host")
	t.is(echo.headers["Content-Length"], nil, "http: no body")
	r = ask(service.http, base, nil, {data = "text",
	    headers = {["X-A"] = "b\r\nX-C: d"}})
	echo = json.decode(r.body)
	t.is(echo.method, "POST", "http: POST")
	t.is(echo.path, "/", "http: to the root")
	t.is(echo.text, "text", "http: a string")
	t.is(echo.headers["X-A"], "b??X-C: d", "http: no header more")
	local path = write("upload", ("z"):rep(3000000))
	r = ask(service.http, base .. "/x", path, {method = "PUT"})
	echo = json.decode(r.body)
	t.is(echo.method, "PUT", "http: PUT")
	t.is(echo.size, 3000000, "http: a file")
	r = ask(service.http, base .. "/x", nil, {method = "HEAD"})
	t.is(r.headers["content-length"], "12345", "http: HEAD")
	t.is(r.body, "", "http: has no body")
	r = ask(service.http, base .. "/chunked")
	t.is(r.body, "one" .. ("two"):rep(1000), "http: chunks")
	t.is(r.headers["x-two"], "a, b", "http: a header that came twice")
	t.is(r.headers.trailer, nil, "http: no trailers")
	t.is(ask(service.http, base .. "/until-close").body, "to the end",
	    "http: HTTP/1.0")
	r = ask(service.http, base .. "/missing")
	t.is(r.ok, true, "http: 404 is an answer")
	t.is(r.status, 404, "http: which it is")
	t.is(r.reason, "Not here", "http: in words")
	t.is(ask(service.http, base .. "/large").error, "too large",
	    "http: too large by what it says")
	t.is(ask(service.http, base .. "/chunked", nil, {max = 3002}).error,
	    "too large", "http: or by what comes")
	t.is(#ask(service.http, base .. "/chunked", nil, {max = 3003}).body,
	    3003, "http: as large as it may be")
	t.is(ask(service.http, "http://localhost:" ..
	    os.getenv("AT_http") .. "/").ok, true, "http: by name")
end

-- They answer when all are asked: one after the other nobody would.
local function together()
	service.clamd(at "meet_clamd", nil, data("a"))
	service.spamd(at "meet_spamd", nil, data("a"))
	service.rspamd(at "meet_rspamd", nil, data("a"))
	local r = service.wait()
	t.is(r.clamd.ok, true, "together: clamd")
	t.is(r.spamd.ok, true, "together: spamd")
	t.is(r.rspamd.ok, true, "together: rspamd")

	service.clamd(at "silent_clamd", nil, data("a"))
	service.spamd(at "spamd", nil, data("a"))
	r = service.wait(false)
	t.is(r.spamd.ok, true, "who is first")
	t.is(r[1], r.spamd, "is alone")
	t.is(#r, 1, "really")
	service.reset()
	t.is(service.wait(), nil, "a reset forgets the other")
end

local errors = {
	close = {clamd = "closed too early", spamd = "closed too early",
	    rspamd = "closed too early", http = "closed too early"},
	garbage = {clamd = "not clamd", spamd = "a control character",
	    rspamd = "a control character", http = "a control character"},
	huge = {clamd = "too large", spamd = "too large",
	    rspamd = "too large", http = "too large"},
	silent = {clamd = "no answer in time", spamd = "no answer in time",
	    rspamd = "no answer in time", http = "no answer in time"},
	deaf = {clamd = "no answer in time", spamd = "no answer in time",
	    rspamd = "no answer in time", http = "no answer in time"},
	refuse = {clamd = "Connection refused", spamd = "Connection refused",
	    rspamd = "Connection refused", http = "Connection refused"},
}

-- Each of them with each fault, all at once.
local function faults()
	local big = ("m"):rep(8 << 20)
	for mode in pairs(errors) do
		local opts = {data = mode == "deaf" and big or "x",
		    timeout = mode == "silent" and 0.5 or
			mode == "deaf" and 0.5 or 20}
		local function place(kind)
			return at(mode == "refuse" and "refuse" or
			    mode .. "_" .. kind)
		end
		service.clamd(place "clamd", nil, opts)
		service.spamd(place "spamd", nil, opts)
		service.rspamd(place "http", nil, opts)
		service.http("http://" .. place "http" .. "/", nil, opts)
		local r = service.wait()
		for kind, why in pairs(errors[mode]) do
			t.is(r[kind].ok, false, mode .. ": " .. kind)
			-- What was not read may come back as a reset.
			local same = r[kind].error == why or (mode == "close" and
			    r[kind].error == "Connection reset by peer")
			t.ok(same, mode .. ": " .. kind .. " says why",
			    r[kind].error)
		end
	end
	service.clamd(at "half_clamd", nil, data("x"))
	service.spamd(at "half_spamd", nil, data("x"))
	service.clamd(at "drip_clamd", nil, data(eicar, {name = "drip"}))
	service.spamd(at "drip_spamd", nil, data(gtube, {name = "drip2"}))
	local r = service.wait()
	t.is(r.clamd.error, "closed too early", "half an answer of clamd")
	t.is(r.spamd.error, "closed too early", "half an answer of spamd")
	t.is(r.drip.infected, true, "octet by octet: clamd")
	t.is(r.drip2.spam, true, "octet by octet: spamd")
end

t.run_plain(function()
	clamd()
	spamd()
	rspamd()
	web()
	together()
	faults()
end)

-- A session of its own: it waits for somebody who says nothing.
function hook.helo()
	service.clamd(at "silent_clamd", nil, data("x"))
	pcall(service.wait)
	return "250 came back"
end

-- The message of the transaction is what is asked about.
function hook.dot(path)
	service.clamd(at "clamd")
	service.rspamd(at "rspamd")
	service.spamd(at "spamd", path)
	local r = service.wait()
	for name in pairs(r.rspamd.symbols) do
		io.stderr:write("symbol ", name, "\n")
	end
	if r.clamd.infected then
		return "554 5.7.1 " .. r.clamd.virus
	end
	return "250 2.0.0 " .. r.rspamd.action .. " " .. tostring(r.spamd.spam)
end
