"""random_session: random commands against a script that gives random answers.

Whatever a hook returns or throws, and whatever the client says: exactly one
well-formed reply per command, a message is only ever asked for by 354, no
other end than QUIT, 421 or a drop that the script asked for, nothing left in
tmp/, only complete entries.

    random_session.py SEED COMMANDS
"""
import os
import random
import re
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import session  # noqa: E402
from session import read_entry  # noqa: E402

SCRIPT = r"""
math.randomseed(tonumber(os.getenv("SEED")))
local function any(t) return t[math.random(#t)] end
local function anything(stage)
  local r = math.random(30)
  if r <= 14 then return nil
  elseif r == 15 then return "250 2.0.0 a string"
  elseif r == 16 then return "550 5.0.0 a string\r\n"
  elseif r == 17 then return "450-4.0.0 two\r\n450 4.0.0 lines\r\n"
  elseif r == 18 then return any{"354 go", "220 x", "221 x", "235 x", "334 x", "199 x", "600 x", "", "x"}
  elseif r == 19 then return any{"250 a\r\n550 b\r\n", "250 a\nb", "250 \0", "250-x\r\n", string.rep("250 x", 20000), "25", "250"}
  elseif r == 20 then return any{1, false, {}, print, 2.5}
  elseif r == 21 then error(any{"a string", {}, 1, "x\r\ny"})
  elseif r == 22 then error(action.reject(550, "thrown"))
  elseif r == 23 then return any{action.accept, action.trust, action.discard}("text")
  elseif r == 24 then return action.info(250, "info")
  elseif r == 25 then return any{action.reject, action.defer}("text")
  elseif r == 26 then return action.quarantine(any{"a", "b", "../x", ""})
  elseif r == 27 then return false, any{"250 2.0.0 x", "550 5.0.0 y", 7}
  elseif r == 28 then return action.reject(any{550, 250, 99, 421000, -1}, "code")
  elseif r == 29 then local t = {} t.x = t return setmetatable(t, {__index = error, __tostring = error})
  elseif math.random(20) == 1 then return true, "550 5.0.0 dropped"
  end
end
for _, n in ipairs{"helo", "ehlo", "mail", "rcpt", "data", "dot", "reset",
    "domain", "split", "received", "queue_config", "rset", "noop",
    "help", "quit", "unknown", "close"} do
  hook[n] = function() return anything(n) end
end
"""

WORDS = [b"EHLO", b"HELO", b"MAIL FROM:", b"RCPT TO:", b"DATA", b"RSET",
         b"NOOP", b"HELP", b"VRFY", b"EXPN", b"FROB", b"", b"AUTH PLAIN",
         b"STARTTLS", b"BDAT", b"XCLIENT ADDR=127.0.0.1"]
ADDRESSES = [b"<a@b.example>", b"<>", b"<x@example.org>", b"<Postmaster>",
             b"<@r.example:x@example.org>", b'<"a b"@example.org>', b"<a@>",
             b"<x@elsewhere.example>", b"a@b.example", b"<", b">", b"<@>",
             b"<\xff\xfe@example.org>", b"<x@[127.0.0.1]>",
             b'<"\\"@example.org>', b"<" + b"y" * 300 + b"@example.org>"]
PARAMETERS = [b"", b"", b"", b" SIZE=10", b" BODY=8BITMIME", b" SIZE=", b" X",
              b" =", b" SIZE=99999999999999999999", b" BODY=\xff", b"  ",
              b" SMTPUTF8", b" RET=HDRS ENVID=a", b" ENVID=+0A",
              b" NOTIFY=NEVER", b" ORCPT=rfc822;x", b" ORCPT=utf-8;\\x{F6}"]


def junk(n):
    """Octets without LF, now and then with one that is not wanted."""
    return bytes(random.choice((random.randrange(32, 127),
                                random.randrange(256))) or 1
                 for _ in range(random.randrange(n))).replace(b"\n", b"?")


# What an orderly client says, and where it goes when that is taken.
ORDER = [b"EHLO client.example", b"MAIL FROM:<a@b.example>",
         b"RCPT TO:<x@example.org>", b"DATA"]


def chunk(n, last):
    """A BDAT line."""
    size = b"%d" % n if random.random() < 0.97 else \
        random.choice((b"", b"-1", b"x", b"99999999999999999999999"))
    return b"BDAT " + size + random.choice((b" LAST" if last else b"",
                                            b" last" if last else b" x"))


def carried(line):
    """The octets that a line announces, some of them commands."""
    m = re.match(rb"(?i)bdat +(\d{1,6})( |\Z)", line)
    n = int(m.group(1)) if m else 0
    text = b"".join(random.choice((b"NOOP\r\n", b"QUIT\r\n", b".\r\n",
                                   junk(40), b"\r\n"))
                    for _ in range(random.randrange(40)))
    if random.random() < 0.8:
        text = text.replace(b"\r\n", b"\n").replace(b"\r", b"").replace(
            b"\0", b"").replace(b"\n", b"\r\n")
    return ((text + b"\r\n") * (n // (len(text) + 2) + 1))[:n]


def command(step):
    if step == 3 and random.random() < 0.3:
        return chunk(random.choice((0, 2, 30, 70000)), random.random() < 0.6)
    if random.random() < 0.7:
        return ORDER[step]
    r = random.random()
    if r < 0.1:
        return junk(60)
    word = random.choice(WORDS) if r > 0.5 else random.choice(WORDS[:7])
    if word.endswith(b":"):
        word += random.choice(ADDRESSES) + random.choice(PARAMETERS)
    elif word == b"BDAT":
        word = chunk(random.randrange(50), random.random() < 0.5)
    elif word in (b"EHLO", b"HELO", b"VRFY"):
        word += b" " + random.choice((b"client.example", b"", junk(30)))
    if random.random() < 0.1:
        word = word.lower()
    return word


def message():
    lines = [junk(80) for _ in range(random.randrange(12))]
    if random.random() < 0.7:
        lines = [l.replace(b"\r", b"").replace(b"\0", b"") for l in lines]
    return b"".join((b"." + l if l.startswith(b".") else l) + b"\r\n"
                    for l in lines) + b".\r\n"


def well_formed(r):
    lines = r.split("\n")[:-1]
    return all(re.match(r"[2345]\d\d%s[^\r\n\0]*\r\Z" % (
        " " if i == len(lines) - 1 else "-"), l) and l[:3] == r[:3]
        for i, l in enumerate(lines))


def talk(s, limit, count):
    """One session, to its end; commands that were sent."""
    r = s.reply()
    assert r.startswith("220"), r
    n = step = 0
    while n < limit:
        line = b"QUIT" if n == limit - 1 else command(step)
        s.send(line + b"\r\n" + carried(line))
        n += 1
        r = s.reply()
        count[r[:3]] = count.get(r[:3], 0) + 1
        if line[:4].upper() == b"BDAT":
            count["bdat" + r[:3]] = count.get("bdat" + r[:3], 0) + 1
        assert well_formed(r), "after %r: %r" % (line, r)
        if r.startswith("354"):
            assert line.strip().upper() == b"DATA", "354 for %r" % line
            s.send(message())
            r = s.reply()
            count["dot" + r[:3]] = count.get("dot" + r[:3], 0) + 1
            assert well_formed(r) and r[0] in "245", r
            step = 1
        elif line[:4].upper() == b"BDAT" and step == 3:
            if b"LAST" in line.upper() or r[0] != "2":
                step = random.choice((0, 1, 3))
        elif line == ORDER[step]:
            step = min(step + 1, 3) if r[0] == "2" else random.randrange(4)
        if r.startswith("421") or "dropped" in r or "Size missing" in r:
            break
    return n


def main():
    seed, commands = int(sys.argv[1]), int(sys.argv[2])
    random.seed(seed)
    count, sent, sessions, wrong = {}, 0, 0, []
    with tempfile.TemporaryDirectory(prefix="smtpe-random.") as d:
        control, queue = d + "/control", d + "/queue"
        session.make_controls(control, maxerrors=0, softerrors=0, maxjunk=0,
                              locals="mx.example.org")
        with open(d + "/script.lua", "w") as f:
            f.write(SCRIPT)
        log = open(d + "/log", "wb")
        while sent < commands and not wrong:
            s = session.Session(
                [session.SMTPE, "-c", control, "-q", queue, "-s",
                 d + "/script.lua"], log,
                session.environment(SEED=str(random.randrange(1 << 30))))
            try:
                sent += talk(s, random.randrange(1, 300), count)
            except (AssertionError, session.Gone) as why:
                wrong.append("session %d: %s" % (sessions, why))
            rest, status = s.close()
            sessions += 1
            if rest:
                wrong.append("session %d: more was said: %r" %
                             (sessions, rest[:200]))
            if status:
                wrong.append("session %d: status %d" % (sessions, status))
        tmp = os.listdir(queue + "/tmp") if os.path.isdir(queue + "/tmp") else []
        entries = 0
        for place, _, names in os.walk(queue):
            for name in names:
                entries += 1
                try:
                    read_entry.read(os.path.join(place, name))
                except read_entry.Damaged as why:
                    wrong.append("%s/%s: %s" % (place, name, why))
        if wrong:
            log.close()
            with open(d + "/log", errors="replace") as f:
                wrong += f.read().split("\n")[-12:]
    print("1..3")
    print("%sok 1 - seed %d: one reply for each of %d commands in %d sessions"
          % ("not " if wrong else "", seed, sent, sessions))
    for w in wrong:
        print("# " + w)
    print("%sok 2 - nothing left in tmp/" % ("not " if tmp else ""))
    deep = count.get("354", 0) > commands / 400 and entries > 0 and \
        count.get("bdat250", 0) > commands / 400
    print("%sok 3 - %d messages were asked for, %d chunks taken, %d entries made" %
          ("" if deep else "not ", count.get("354", 0),
           count.get("bdat250", 0), entries))


main()
