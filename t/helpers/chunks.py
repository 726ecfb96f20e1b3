"""chunks: a script sees the same message whether it comes by DATA or by BDAT,
wherever its chunks are cut: at each octet, in two, in three, all at once.
Speaks TAP.
"""
# rfc: 3030 2
import os
import random
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import session  # noqa: E402

# Blocks may be cut anywhere between lines: only what they join to counts.
SCRIPT = r"""
local seen = {}
local function note(what, text) seen[#seen + 1] = what .. " " .. text end
local blocks = {}
function hook.content(block)
	if block:sub(-2) ~= "\r\n" then note("content", "not whole lines") end
	blocks[#blocks + 1] = block
end
function hook.header(field) note("header", field) end
function hook.eoh() note("eoh", "") end
function hook.body(line) note("body", line) end
function hook.dot(path, msg)
	note("content", table.concat(blocks))
	note("dot", io.open(path, "rb"):read("a"))
	note("size", msg:size())
	local f = io.open(os.getenv("SEEN"), "wb")
	f:write(table.concat(seen, "\n"))
	f:close()
	seen, blocks = {}, {}
	return action.discard()
end
"""
MESSAGES = [
    b"",
    b"\r\n",
    b"a",
    b"Subject: one\r\n\r\ntext\r\n",
    b"Subject: one\r\n folded\r\nTo: two\r\n\r\n.\r\n..\r\n.x\r\n\r\nend",
    b"X: no body\r\n",
    b"no field\r\nX: y\r\n\r\n\r\n",
    b"Subject:\r\n\t\r\n \r\nX: y\r\n\r\n" + b"line\r\n" * 3,
    b"A: " + b"x" * 70000 + b"\r\n\r\n" + b"y" * 70000 + b"\r\nend\r\n",
]


def by_data(s, message):
    if message and not message.endswith(b"\r\n"):
        message += b"\r\n"
    s.send(b"DATA\r\n")
    s.expect("354")
    lines = message.split(b"\r\n")[:-1]
    s.send(b"".join((b"." + l if l.startswith(b".") else l) + b"\r\n"
                    for l in lines) + b".\r\n")
    s.expect("250")


def by_bdat(s, message, cuts):
    """Pipelined; an empty last chunk where the last cut is the end."""
    at, out = 0, b""
    for cut in cuts:
        out += b"BDAT %d\r\n" % (cut - at) + message[at:cut]
        at = cut
    s.send(out + b"BDAT %d LAST\r\n" % (len(message) - at) + message[at:])
    for _ in range(len(cuts) + 1):
        s.expect("250")


def ways(message):
    """Where to cut."""
    n = len(message)
    yield ()
    yield (n,)
    if n < 200:
        for i in range(n):
            yield (i,)
        for i in range(0, n, 3):
            yield tuple(sorted((i, random.randrange(n + 1))))
        yield tuple(range(1, n))
    else:
        for _ in range(20):
            yield tuple(sorted(random.randrange(n + 1) for _ in range(5)))
        yield tuple(range(8192, n, 8192))


def main():
    seed = int(sys.argv[1]) if len(sys.argv) > 1 else 1
    random.seed(seed)
    with tempfile.TemporaryDirectory(prefix="smtpe-chunks.") as d:
        seen = os.path.join(d, "seen")
        session.make_controls(d + "/control", maxjunk=0)
        with open(d + "/script.lua", "w") as f:
            f.write(SCRIPT)
        s = session.Session([session.SMTPE, "-c", d + "/control", "-q",
                             d + "/queue", "-s", d + "/script.lua"],
                            open(d + "/log", "wb"),
                            session.environment(SEEN=seen))
        s.expect("220")
        s.send(b"EHLO client.example\r\n")
        s.expect("250")

        def transaction(send, *args):
            s.send(b"MAIL FROM:<a@b.example>\r\nRCPT TO:<x@example.org>\r\n")
            s.expect("250")
            s.expect("250")
            send(s, *args)
            with open(seen, "rb") as f:
                text = f.read()
            os.unlink(seen)
            return text

        print("1..%d" % (len(MESSAGES) + 2))
        for i, message in enumerate(MESSAGES):
            want = transaction(by_data, message)
            n, wrong = 0, []
            for cuts in ways(message):
                n += 1
                got = transaction(by_bdat, message, cuts)
                if got != want:
                    wrong.append("%r: %r, not %r" % (cuts[:9], got[:200],
                                                     want[:200]))
            print("%sok %d - message %d, seed %d: the same in %d ways" %
                  ("not " if wrong else "", i + 1, i, seed, n))
            for w in wrong[:5]:
                print("# " + w)
        s.send(b"QUIT\r\n")
        s.expect("221")
        rest, status = s.close()
        left = os.listdir(d + "/queue/tmp")
    print("%sok %d - the session ends in order" %
          ("not " if rest or status else "", len(MESSAGES) + 1))
    print("%sok %d - nothing left in tmp/" %
          ("not " if left else "", len(MESSAGES) + 2))


main()
