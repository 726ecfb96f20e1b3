--[[
scan: lets clamd look for viruses and rspamd or spamd for spam, all at once,
when the whole message is there.

	policy.chain { require "policy.scan" { clamd = { "/run/clamav/clamd.ctl" } } }

Options, and the controls that stand in for them; hosts are those of the module
service, tried in their order, and who has none is not asked:
	clamd, rspamd, spamd (scanclamd, scanrspamd, scanspamd)	hosts, one a line
	virus (scanvirus)	what becomes of a message with a virus: reject,
			discard or quarantine:NAME
	spam (scanspam)	and of spam: these, or tag: X-Spam-Flag
	failed (scanfailed)	and when somebody cannot be asked: defer, accept
	size (scansize)	octets; larger ones are not looked at; 26214400
	timeout (scantimeout)	for all; 20s (see hooktimeout)
	allow (scanallow)	networks whose clients send no spam; nor do
			those that may relay or are of this machine and its LAN
Spam is what rspamd wants to reject and what spamd says is spam; what rspamd
wants to be marked is tagged, and its soft reject is 451. context.scan has all
answers.
]]
local policy = require "policy"
local ours = { "X-Spam-Flag", "X-Spam-Status" }
local marked = { reject = true, ["add header"] = true, ["rewrite subject"] = true }

local function verdict(word, tag)
	local name = word:match("^quarantine:([%w._-]+)$")
	if name then
		return function() return action.quarantine(name) end
	elseif word == "discard" then
		return function() return action.discard() end
	elseif word == "reject" then
		return function(why) return action.reject("5.7.1 " .. why) end
	elseif word == "tag" and tag then
		return function() end
	end
	error("scan: '" .. word .. "' is no verdict", 0)
end

local function tag(r)
	local yes = r.spam or marked[r.action]
	header.insert("X-Spam-Status", ("%s, score=%.1f by %s"):format(
	    yes and "Yes" or "No", r.score, r.service))
	if yes then
		header.insert("X-Spam-Flag", "YES")
	end
end

return policy.new("scan", {
	clamd = policy.control("scanclamd") or {},
	rspamd = policy.control("scanrspamd") or {},
	spamd = policy.control("scanspamd") or {},
	virus = policy.setting("scanvirus", "reject"),
	spam = policy.setting("scanspam", "tag"),
	failed = policy.setting("scanfailed", "defer"),
	size = policy.setting("scansize", 26214400),
	timeout = policy.setting("scantimeout", "20s"),
	allow = policy.control("scanallow") or {},
}, function(o)
	local is_neighbour = policy.neighbours(o.allow)
	local most = assert(tonumber(o.size), "scan: size is no number")
	local infected, spam = verdict(o.virus), verdict(o.spam, true)
	local opts = { timeout = policy.seconds(o.timeout, "scan: timeout") }
	assert(o.failed == "defer" or o.failed == "accept", "scan: failed")
	local later = action.defer("4.7.1 Not looked at yet, try again")

	local function ask(path)
		service.reset()
		for _, name in ipairs { "clamd", "rspamd", "spamd" } do
			if #o[name] > 0 and (name == "clamd" or not is_neighbour()) then
				assert(service[name](o[name], path, opts), later)
				-- What others have said of it is worth nothing.
				for _, field in ipairs(name ~= "clamd" and ours or {}) do
					header.delete(field)
				end
			end
		end
		return service.wait() or {}
	end

	local function look(path)
		local file <close> = assert(io.open(path, "rb"), later)
		local found, wait
		context.scan = file:seek("end") <= most and ask(path) or {}
		for _, r in ipairs(context.scan) do
			if r.infected then
				return infected("There is a virus: " .. r.virus)
			elseif not r.ok then
				print("scan: " .. r.service .. ": " .. r.error)
			elseif r.score then
				tag(r)
			end
			wait = wait or r.action == "soft reject" or
			    not r.ok and o.failed == "defer"
			found = found or r.spam or r.action == "reject"
		end
		return found and spam("This is spam") or wait and later or nil
	end
	return { dot = look }
end)
