-- kumo.missing: what of a script is not here, with the reason, for who tries
-- the script (smtpe.trying): a session of a busy server has other things to
-- log, and reads no script twice. What is called all the same raises, wherever
-- it is.

local listener = require "kumo.listener"
local message = require "kumo.message"
local queue = require "kumo.queue"

local missing = {}

-- Events that nothing here gives rise to: name -> reason.
missing.events = {
	get_acl_definition = "there is no HTTP listener",
	get_egress_path_config = "routes and agents deliver (smtpe-control(5))",
	get_egress_pool = "routes and agents deliver (smtpe-control(5))",
	get_egress_source = "routes and agents deliver (smtpe-control(5))",
	http_message_generated = "there is no HTTP listener",
	http_server_validate_auth_basic = "there is no HTTP listener",
	proxy_init = "there is no proxy",
	proxy_server_auth_rfc1929 = "there is no proxy",
	rebind_message = "smtpe-queue requeue does it",
	should_enqueue_log_record = "the log is one line for each event",
	shutdown_logging = "the log is one line for each event",
	smtp_client_rewrite_delivery_status = "hook.postdelivery does it",
	smtp_server_message_deferred_inject = "nothing is accepted unread",
	spool_message_enumerated = "the queue is on disk (smtpe-queue(5))",
	throttle_insert_ready_queue = "hook.predelivery does it",
	tsa_init = "there is no traffic shaping daemon",
	tsa_load_shaping_data = "there is no traffic shaping daemon",
	xfer_message_received = "queues are not moved between machines",
}

-- missing.event(name) -> why no handler of it is ever called; nil: there is
-- no such event. A name with a dot is one that a script has made up.
function missing.event(name)
	return missing.events[name] or
	    (tostring(name):find(".", 1, true) and
	    "hook.send is a delivery of one's own")
end

local said = {}

-- missing.report(name, why): once.
function missing.report(name, why)
	if not said[name] then
		said[name] = true
		warn(string.format("kumo: %s is not supported: %s", name, why))
	end
end

local function functions(code, kumo)
	for name in code:gmatch("%f[%w_]kumo%.([%w_]+)") do
		if rawget(kumo, name) == nil then
			missing.report("kumo." .. name, listener.reason(name))
		end
	end
	for name in code:gmatch("%f[%w_]kumo%.serde%.([%w_]+)") do
		if rawget(kumo.serde, name) == nil then
			missing.report("kumo.serde." .. name,
			    listener.reason("serde"))
		end
	end
end

local function methods(code)
	for name in code:gmatch("[%w_%)]:([%w_]+)%s*[%(%{'\"]") do
		if message.unsupported[name] then
			missing.report("message:" .. name,
			    message.unsupported[name])
		end
	end
end

local elsewhere_of = {
	start_esmtp_listener = listener.elsewhere,
	make_listener_domain = listener.domain_elsewhere,
	make_queue_config = queue.elsewhere,
}

-- Parameters of the functions that make something of a table.
local function parameters(code)
	for name, elsewhere in pairs(elsewhere_of) do
		for body in code:gmatch("kumo%." .. name .. "%s*%(?%s*(%b{})") do
			for key in body:gmatch("%f[%w_]([%w_]+)%s*=%f[^=]") do
				if elsewhere[key] then
					missing.report(name .. "." .. key,
					    elsewhere[key])
				end
			end
		end
	end
end

local scanned = {}

-- missing.scan(fn, kumo): looks through the file that fn is from, so that what
-- is missing is known before the first message.
function missing.scan(fn, kumo)
	local source = debug.getinfo(fn, "S").source

	if scanned[source] then
		return
	end
	scanned[source] = true
	local code = require("dialect").code(source)

	functions(code, kumo)
	methods(code)
	parameters(code)
end

return missing
