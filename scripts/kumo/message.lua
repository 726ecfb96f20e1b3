-- kumo.message: msg under that project's names. An object is good for one
-- event, as msg is.

local address = require "kumo.address"
local text = require "kumo.text"

local Message = {}
Message.__index = Message

local message = {}

-- message.new(msg [, conn]) -> object around msg; conn answers metadata that
-- the message does not have.
function message.new(msg, conn)
	return setmetatable({ msg = msg, conn = conn }, Message)
end

function Message:id()
	return self.msg:id()
end

function Message:sender()
	return address.new(self.msg:sender())
end

function Message:set_sender(a)
	self.msg:set_sender(address.text(a))
end

function Message:recipient_list()
	local list = {}

	for i, r in ipairs(self.msg:recipients()) do
		list[i] = address.new(r)
	end
	return list
end

-- One object, or an array of them where there are several.
function Message:recipient()
	local list = self:recipient_list()

	return #list == 1 and list[1] or list
end

-- An address, or an array of them; who may relay is decided as for RCPT.
function Message:set_recipient(a)
	local list = {}

	if type(a) == "table" and a[1] ~= nil then
		for i, one in ipairs(a) do
			list[i] = address.text(one)
		end
	else
		list[1] = address.text(a)
	end
	self.msg:set_recipients(list)
end

function Message:get_data()
	return self.msg:data()
end

function Message:set_data(data)
	assert(self.msg:set_data(text.crlf(data)))
end

-- What is in a message's metadata is text, numbers and booleans; anything
-- else travels as JSON.
function Message:get_meta(name)
	local value = self.msg:get_meta(name)

	if value == nil and self.conn then
		value = self.conn:get_meta(name)
	end
	return text.from_meta(value)
end

function Message:set_meta(name, value)
	self.msg:set_meta(name, text.to_meta(name, value))
end

function Message:get_first_named_header_value(name)
	return self.msg:header(name)
end

function Message:get_all_named_header_values(name)
	return self.msg:headers(name)
end

function Message:get_all_headers()
	local all = {}

	for i, f in ipairs(self.msg:headers()) do
		all[i] = { f.name, f.value }
	end
	return all
end

function Message:prepend_header(name, value)
	assert(self.msg:prepend_header(name, value))
end

function Message:append_header(name, value)
	assert(self.msg:append_header(name, value))
end

function Message:remove_all_named_headers(name)
	assert(self.msg:remove_header(name))
end

-- names nil: all that begin with X-.
function Message:remove_x_headers(names)
	for _, name in ipairs(names or text.x_names(self.msg)) do
		assert(self.msg:remove_header(name))
	end
end

-- Of several fields of one name the last, or with first the first.
local function import(self, names, first)
	for _, name in ipairs(names) do
		local values = self.msg:headers(name)
		local value = values[first and 1 or #values]

		if value then
			self.msg:set_meta(name:lower():gsub("-", "_"), value)
		end
	end
end

function Message:import_headers(names, first)
	import(self, names, first)
end

function Message:import_x_headers(names, first)
	import(self, names or text.x_names(self.msg), first)
end

function Message:get_address_header(name)
	local value = self.msg:header(name)

	return value and address.header(value)
end

function Message:from_header()
	return self:get_address_header("From")
end

function Message:to_header()
	return self:get_address_header("To")
end

function Message:queue_name()
	return self.msg:queue()
end

function Message:num_attempts()
	return self.msg:attempts()
end

-- These are what always is: nothing is kept in memory, and what is in the
-- queue is on the disk.
function Message:shrink() end
function Message:shrink_data() end
function Message:save() end
function Message:set_force_sync() end

-- first_attempt alone: hours and days need a calendar of time zones.
function Message:set_scheduling(schedule)
	if schedule == nil then
		self.msg:set_meta("first_attempt", nil)
		return
	end
	for k in pairs(schedule) do
		if k ~= "first_attempt" then
			error("kumo: set_scheduling: " .. tostring(k) ..
			    " is not supported here, only first_attempt", 2)
		end
	end
	if schedule.first_attempt then
		self.msg:set_meta("first_attempt",
		    text.time(schedule.first_attempt))
	end
end

-- X-Schedule: {"first_attempt": "2026-11-20T17:00:00Z"}
function Message:import_scheduling_header(name, remove)
	local value = self.msg:header(name)

	if not value then
		return nil
	end
	local schedule = assert(json.decode(value))

	self:set_scheduling(schedule)
	if remove then
		self.msg:remove_header(name)
	end
	return schedule
end

function Message:set_due(time)
	self.msg:set_meta("first_attempt", time and text.time(time))
end

-- Looks for what the first names, mends what the second does; only headers
-- that are missing are mended here, a message is never written anew.
function Message:check_fix_conformance(checks, fixes)
	return text.conformance(self.msg, checks, fixes)
end

-- results: an array of { method =, result =, reason =, props = {} } or of
-- ready text.
function Message:add_authentication_results(server_id, results)
	local out = { server_id }

	for _, r in ipairs(results) do
		out[#out + 1] = type(r) == "table" and text.result(r) or r
	end
	if #results == 0 then
		out[2] = "none"
	end
	assert(self.msg:prepend_header("Authentication-Results",
	    table.concat(out, ";\r\n\t")))
end

-- Not here, and said so when the script is loaded (kumo.lua looks for the
-- names) as well as when it is called.
message.unsupported = {
	dkim_sign = "there is no DKIM here: a milter or service does it",
	dkim_verify = "there is no DKIM here: rspamd does it (service.rspamd)",
	arc_seal = "there is no ARC here",
	arc_verify = "there is no ARC here",
	append_text_plain = "the body is not rewritten",
	append_text_html = "the body is not rewritten",
	parse_mime = "msg:parts() of smtpe-lua(7) reads MIME",
	parse_rfc3464 = "reports are not parsed here",
	parse_rfc5965 = "reports are not parsed here",
	increment_num_attempts = "queuerun counts attempts",
}
for name, why in pairs(message.unsupported) do
	Message[name] = function()
		error("kumo: message:" .. name .. " is not supported: " .. why,
		    2)
	end
end

return message
