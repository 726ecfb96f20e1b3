"""stream: what hook.content, header, eoh and body see of a message is what was
sent, whatever it is like, and what they cost in memory. Speaks TAP.

Sender and script cut what they have into the same pieces of 64 KiB and make a
chain of SHA-256 of them: so neither has to hold a message.
"""
import hashlib
import os
import re
import shutil
import sys
import tempfile
import threading

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import session  # noqa: E402
from tap import end, ok  # noqa: E402

SCRIPT = r"""
local PIECE = 65536

local function digest()
    local context, held, n = hash.new("sha256"), {}, 0
    local self = { calls = 0, octets = 0 }
    local function flush()
        context:append(table.concat(held))
        held, n = {}, 0
    end
    function self.add(text)
        self.calls, self.octets = self.calls + 1, self.octets + #text
        held[#held + 1] = text
        n = n + #text
        if n >= PIECE then flush() end
    end
    function self.show(name)
        flush()
        io.stderr:write("lua: ", name, " ", self.calls, " ", self.octets, " ",
            context:done(), "\n")
    end
    return self
end

local content, header, body, eoh, wrong

local function check(right, what)
    if not right then wrong = wrong or what end
end

function hook.data()
    content, header, body, eoh = digest(), digest(), digest(), 0
end
function hook.content(block)
    check(block:sub(-2) == "\r\n", "a block that ends inside a line")
    content.add(block)
end
function hook.header(field)
    check(eoh == 0, "a field behind eoh")
    check(not field:find("\r\n$") and not field:find("\r\n[^ \t]"),
        "a field that is not one")
    header.add(field .. "\n")
end
function hook.eoh() eoh = eoh + 1 end
function hook.body(line)
    check(eoh == 1, "a line in front of eoh")
    check(not line:find("[\r\n]"), "a line that is none")
    body.add(line .. "\n")
end
function hook.dot(path)
    local file <close> = assert(io.open(path, "rb"))
    local whole = digest()
    for piece in file:lines(PIECE) do whole.add(piece) end
    whole.calls = 1
    content.show("content")
    header.show("header")
    body.show("body")
    whole.show("file")
    io.stderr:write("lua: eoh ", eoh, "\n")
    io.stderr:write("lua: wrong ", wrong or "nothing", "\n")
end
function hook.close()
    for line in io.lines("/proc/self/status") do
        local kib = line:match("^VmHWM:%s+(%d+)")
        if kib then io.stderr:write("lua: memory ", kib, "\n") end
    end
end
"""

MIB = 1 << 20
LIMIT_KIB = 12 * 1024  # of the process at its largest, whatever is sent

class Digest:
    def __init__(self):
        self.sha, self.calls, self.octets = hashlib.sha256(), 0, 0

    def add(self, text, calls=1):
        self.sha.update(text)
        self.calls += calls
        self.octets += len(text)

    def show(self):
        return [str(self.octets), self.sha.hexdigest()]


def send(s, message, result):
    """Sends what the iterator gives: ("header", field) with the folds' CRLFs
    inside, ("empty",), ("body", [lines])."""
    sums = {n: Digest() for n in ("content", "header", "body")}
    for kind, *what in message:
        if kind == "header":
            text = what[0] + b"\r\n"
            sums["header"].add(what[0] + b"\n")
        elif kind == "body":
            text = b"".join(l + b"\r\n" for l in what[0])
            sums["body"].add(b"".join(l + b"\n" for l in what[0]),
                             len(what[0]))
        else:
            text = b"\r\n"
        sums["content"].add(text)
        wire = text.replace(b"\r\n.", b"\r\n..")
        s.s.sendall(b"." + wire if wire.startswith(b".") else wire)
    s.s.sendall(b".\r\n")
    result.update(sums)


def trial(work, name, message, eoh=1, replies="250"):
    queue = os.path.join(work, "queue")
    log = os.path.join(work, "log")
    script = os.path.join(work, "script.lua")
    with open(script, "w") as f:
        f.write(SCRIPT)
    session.make_controls(os.path.join(work, "control"))
    sums = {}
    with open(log, "w") as err:
        s = session.Session([session.SMTPE, "-c", os.path.join(work, "control"),
                             "-q", queue, "-s", script], err, seconds=120)
        s.expect("220")
        for line in (b"EHLO client.example", b"MAIL FROM:<a@b.example>",
                     b"RCPT TO:<x@example.org>", b"DATA"):
            s.send(line + b"\r\n")
            s.reply()
        t = threading.Thread(target=send, args=(s, message, sums))
        t.start()
        reply = s.reply()
        t.join()
        s.send(b"QUIT\r\n")
        s.expect("221")
        rest, status = s.close()
    ok(reply.startswith(replies) and status == 0, "%s: %s" % (name, replies),
       reply)
    with open(log) as f:
        seen = dict(re.findall(r"^lua: (\w+) (.*)$", f.read(), re.M))
    for what in ("content", "header", "body"):
        got = seen.get(what, "").split(" ")
        ok(got[1:] == sums[what].show(),
           "%s: hook.%s sees exactly what was sent" % (name, what),
           "got:    %s\nwanted: %s" % (got[1:], sums[what].show()))
        if what != "content":
            ok(got[0] == str(sums[what].calls),
               "%s: hook.%s, once for each" % (name, what), got)
    ok(seen.get("file", "").split(" ")[1:] == sums["content"].show(),
       "%s: so does hook.dot in the file" % name)
    ok(seen.get("eoh") == str(eoh), "%s: hook.eoh, once" % name,
       seen.get("eoh"))
    ok(seen.get("wrong") == "nothing", "%s: nothing is cut" % name,
       seen.get("wrong"))
    kib = int(seen.get("memory", 1 << 30))
    if not session.sanitized():
        ok(kib < LIMIT_KIB, "%s: memory is bounded (%d KiB)" % (name, kib))
    shutil.rmtree(queue)


def many_headers():
    for i in range(10000):
        yield ("header", b"X-Number-%d: %d" % (i, i) +
               (b"\r\n\tfolded %d" % i if i % 3 == 0 else b""))
    yield ("empty",)
    yield ("body", [b"text"])


def large(octets):
    yield ("header", b"Subject: large")
    yield ("empty",)
    lines = [(b"%d " % i + b"abcdefgh\xe4\xff." * 90)[:990]
             for i in range(60)] + [b".", b"..", b"", b".x"]
    size = sum(map(len, lines)) + 2 * len(lines)
    for _ in range(octets // size + 1):
        yield ("body", lines)


def large_header(octets, fold):
    """One field; of one line, or of many."""
    if fold:
        n = octets // 80
        yield ("header", b"X-Large:" + b"\r\n " .join([b"x" * 77] * n))
    else:
        yield ("header", b"X-Large: " + b"x" * (octets - 9))
    yield ("header", b"Subject: behind it")
    yield ("empty",)
    yield ("body", [b"text"])


def main():
    work = sys.argv[1]
    trial(work, "10,000 fields", many_headers())
    trial(work, "100 MB", large(100 * 1000 * 1000))
    trial(work, "a field of 1 MB", large_header(1000 * 1000, False))
    trial(work, "a folded field of 1 MB", large_header(1000 * 1000, True))
    trial(work, "a header and an empty line",
          [("header", b"Subject: one"), ("header", b"To: two"), ("empty",)])
    trial(work, "a header alone",
          [("header", b"Subject: one\r\n two"), ("header", b"To: two")])
    trial(work, "a body behind an empty line",
          [("empty",), ("body", [b"text", b"", b"."])])
    trial(work, "a body alone", [("body", [b"this is no field", b"X: y"])])
    trial(work, "an empty line", [("empty",)])
    trial(work, "nothing", [])
    return end()


sys.exit(main())
