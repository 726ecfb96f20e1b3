-- kumo.queue: that project's queue configuration as ours, and the routes that
-- the names of queues are.

local queue = {}

local queue_times = {
	retry_interval = true, max_retry_interval = true, max_age = true,
}
queue.elsewhere = {
	egress_pool = "routes deliver", shrink_policy = "nothing is in memory",
	strategy = "there is one", timerwheel_tick_interval = "there is none",
	reap_interval = "there is none", refresh_interval = "there is none",
	refresh_strategy = "there is one", provider_name = "routes deliver",
	ttl = "max_age", overall_max_message_rate = "max_message_rate",
}

-- What of a maildir_path's variables we have a word for.
local variables = {
	domain = "%d", domain_part = "%d", local_part = "%u", email = "%u@%d",
}

local function maildir(path)
	path = path:gsub("{{%s*([%w_]+)%s*}}", variables)
	if path:find("{{", 1, true) or path:find("{%", 1, true) then
		error("kumo: maildir_path: " .. path .. ": only domain_part, " ..
		    "local_part and email are known here", 0)
	end
	return "maildir:" .. path
end

local protocol_elsewhere = {
	custom_lua = "hook.send is a delivery of one's own",
	dir_mode = "what agent-maildir makes is its owner's",
	file_mode = "what agent-maildir makes is its owner's",
}

-- protocol = { maildir_path = ... } or { smtp = { mx_list = {...} } }
local function route_of(protocol, report)
	local list = protocol.smtp and protocol.smtp.mx_list or {}
	local m = protocol.maildir or protocol

	for k in pairs(protocol) do
		if protocol_elsewhere[k] then
			report("make_queue_config.protocol." .. k,
			    protocol_elsewhere[k])
		elseif k ~= "smtp" and k ~= "maildir" and
		    k ~= "maildir_path" then
			error("kumo: make_queue_config: unknown protocol " ..
			    tostring(k), 0)
		end
	end
	if m.maildir_path then
		return maildir(m.maildir_path)
	end
	if #list > 1 then
		report("make_queue_config.protocol.smtp.mx_list",
		    "only its first host is used")
	end
	return list[1] and queue.host_route(list[1])
end

-- queue.host_route("[10.0.0.1]") -> "smtp:[10.0.0.1]:25"; of { name =,
-- addr = } the address.
function queue.host_route(host)
	if type(host) == "table" then
		host = host.addr and "[" .. host.addr .. "]" or host.name
	end
	if host:match("%]$") or not host:find(":", 1, true) then
		return "smtp:" .. host .. ":25"
	end
	return "smtp:" .. host
end

-- "1,000/hr", "10_000/d", "local:10/s", "100/m,max_burst=5" as our rate.
local function rate(spec, report)
	local r, burst = tostring(spec):gsub("^local:", ""):gsub(
	    ",max_burst=%d+$", "")
	local quantity, period = r:match("^([%d,_]+)(/.*)$")

	if burst > 0 then
		report("make_queue_config.max_message_rate, max_burst",
		    "the whole quantity may come at once")
	end
	return quantity and quantity:gsub("[,_]", "") .. period or r
end

-- queue.config(params, report) -> table for hook.queue_config
function queue.config(params, report)
	local q = {}

	for k, v in pairs(params) do
		if queue_times[k] then
			q[k] = v
		elseif k == "max_message_rate" then
			q.rate = rate(v, report)
		elseif k == "max_concurrency" then
			q.concurrency = v
		elseif k == "protocol" then
			q.route = route_of(v, report)
		elseif queue.elsewhere[k] then
			report("make_queue_config." .. k, queue.elsewhere[k])
		else
			error("kumo: make_queue_config: unknown parameter " ..
			    tostring(k), 3)
		end
	end
	return q
end

-- queue.route(msg) -> where metadata `queue` or `routing_domain` send it:
-- a host; nil for everything else.
function queue.route(msg)
	local to = msg:get_meta("routing_domain") or msg:get_meta("queue")

	if msg:get_meta("route") or type(to) ~= "string" or
	    to:find("[@:!]") and not to:find("^%[.*%]$") then
		return nil
	end
	if to:find("^%[.*%]$") or to:find(".", 1, true) then
		return queue.host_route(to)
	end
	return nil
end

return queue
