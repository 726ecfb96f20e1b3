"""agent-smtp: what every agent must do, then replies, extensions, hosts and
connections. usage: agent_smtp.py BUILD DIRECTORY [DNS]"""

import os
import sys
import threading
import time

from agent_conformance import Agent, conformance
from agentlib import Tap
from smtp_fake import Fake, unused_port

PLAIN = b"Subject: one\r\n\r\nHello.\r\n"


class Session:
    """A place, an agent in it, and one call per delivery."""

    def __init__(self, agent, scheme="smtp", **controls):
        self.scheme = scheme
        self.place = agent.place(**controls)
        self.r = agent.run(self.place)

    def give(self, route, message=PLAIN, rcpts=("u@example.org",), **more):
        entry = self.place.entry(message, rcpts, **more)
        n = self.r.job(entry, route)
        self.r.collect(self.r.answers + len(rcpts))
        answers = self.r.done.get(n, {})
        return [answers[i] for i in sorted(answers)]

    def notes(self, n=None):
        n = self.r.next - 1 if n is None else n
        return self.r.notes.get(n, {})

    def end(self):
        status = self.r.finish()
        log = self.r.log()
        self.place.remove()
        return status, log


def to(fake):
    return f"smtp:127.0.0.1:{fake.port}"


def test_message(tap, agent):
    fake = Fake(ehlo=["PIPELINING", "8BITMIME", "SIZE 10000000",
                      "ENHANCEDSTATUSCODES"])
    s = Session(agent)
    every = bytes(c for c in range(256) if c not in (10, 13))
    large = b"Subject: large\r\n\r\n" + (b"." * 997 + b"\r\n") * 2000
    for name, message in {
            "a plain message": PLAIN,
            "dots": b"A: b\r\n\r\n.\r\n..\r\n.a\r\n\r\n.\r\n",
            "every octet": b"Subject: x\r\n\r\n" + every + b"\r\n",
            "an empty message": b"",
            "2 MB of dots": large}.items():
        a = s.give(to(fake), message)
        got = fake.messages[-1]
        wanted = b"\r\n".join(b"." + x if x.startswith(b".") else x
                              for x in message.split(b"\r\n"))
        tap.eq((a[0], got.data == wanted),
               (("ok", 250, "2.0.0", "taken"), True), name)
        tap.eq(got.mail.split(" ")[2],
               f"SIZE={len(message)}" if message else "", "and its size") \
            if message else None
    m = fake.messages
    tap.eq(["BODY=8BITMIME" in x.mail for x in m],
           [False, False, True, False, True],
           "8BITMIME where there are such octets, or it is large")
    tap.eq(s.notes(), {0: {"peer": f"127.0.0.1[127.0.0.1]",
                           "dsn": "relayed"}}, "who answered is noted")
    s.give(to(fake), sender="", edits=[b"prepend X:%20y%0D%0A%20z"])
    tap.eq((m[-1].mail, m[-1].data),
           ("MAIL FROM:<> SIZE=%d" % (len(PLAIN) + 10),
            b"X: y\r\n z\r\n" + PLAIN), "edits; the null sender")
    tap.eq((m[-1].helo, len({x.connection for x in m})),
           ("EHLO mx.example.org", 1), "one connection for all of them")
    s.give(to(fake), rcpts=["a@example.org", "b@example.net"])
    tap.eq(m[-1].rcpts, ["RCPT TO:<a@example.org>", "RCPT TO:<b@example.net>"],
           "two recipients, one transaction, whatever their domains")
    tap.eq(s.end()[0], 0, "ends with 0")
    tap.eq(fake.said[-1], "QUIT", "and with QUIT")
    fake.stop()
    s = Session(agent, helohost="other.example.org")
    fake = Fake(replies={"EHLO": "502 5.5.1 no"})
    tap.eq(s.give(to(fake))[0][0], "ok", "HELO where EHLO is not known")
    tap.eq(fake.messages[-1].helo, "HELO other.example.org", "helohost")
    s.end()
    fake.stop()


def test_replies(tap, agent):
    fake = Fake(ehlo=["PIPELINING"], rcpt={
        "no@x.example": "550 5.1.1 no such user here",
        "later@x.example": "450 4.2.0 greylisted",
        "plain@x.example": "551 elsewhere",
        "multi@x.example": "554-5.7.1 first\r\n554-5.7.1 second\r\n"
                           "554 5.7.1 third"})
    s = Session(agent)
    rcpts = [f"{w}@x.example" for w in ("no", "u", "later", "plain", "multi",
                                        "v")]
    a = s.give(to(fake), rcpts=rcpts)
    tap.eq(a, [("fail", 550, "5.1.1", "no such user here"),
               ("ok", 250, "2.0.0", "taken"),
               ("later", 450, "4.2.0", "greylisted"),
               ("fail", 551, "5.0.0", "elsewhere"),
               ("fail", 554, "5.7.1", "first second third"),
               ("ok", 250, "2.0.0", "taken")], "each recipient its own answer")
    tap.eq(len(fake.messages), 1, "the message went once")
    a = s.give(to(fake), rcpts=["no@x.example"])
    tap.eq((a[0][:3], "DATA" in fake.said[-4:-1]),
           (("fail", 550, "5.1.1"), True), "nobody is taken")
    a = s.give(to(fake))
    tap.eq((a[0][0], fake.connections), ("ok", 1), "the connection is kept")
    for verb, stage in (("MAIL", "mail"), ("DATA", "data"), (".", "dot")):
        for code, outcome in (("451 4.3.0", "later"), ("554 5.3.0", "fail")):
            fake.replies[verb] = code + " so it is"
            a = s.give(to(fake))
            tap.eq(a[0], (outcome, int(code[:3]), code[4:], "so it is"),
                   f"{code[:3]} to {verb}")
            del fake.replies[verb]
    tap.eq(s.give(to(fake))[0][0], "ok", "and the next is taken")
    # RFC 5321 4.5.3.1.10: the rest goes in further transactions.
    most = lambda t: ("250 2.1.5 fine" if len(t.message.rcpts) < 3  # noqa
                      else "452 4.5.3 too many recipients")
    many = [f"u{i}@y.example" for i in range(10)]
    fake.rcpt.update({r: most for r in many})
    before = len(fake.messages)
    a = s.give(to(fake), rcpts=many)
    tap.eq(([x[0] for x in a], [len(m.rcpts) for m in fake.messages[before:]]),
           (["ok"] * 10, [3, 3, 3, 1]), "too many recipients: more rounds")
    fake.rcpt.update({r: "452 4.5.3 none at all" for r in many})
    a = s.give(to(fake), rcpts=many)
    tap.eq([x[:3] for x in a], [("later", 452, "4.5.3")] * 10,
           "none at all: later")
    s.end()
    fake.stop()


def test_odd(tap, agent):
    """Servers that hang, close, lie."""
    s = Session(agent, timeoutremote="300ms", timeoutconnect="300ms")
    for verb, stage in (("EHLO", "hello"), ("MAIL", "mail"), ("RCPT", "rcpt"),
                        ("DATA", "data"), (".", "dot")):
        for reply, word in ((None, "connection lost"),
                            ("!", "connection lost"),
                            ("=", "no answer in time"),
                            ("huh", "not an SMTP reply"),
                            ("250-x\r\n251 y", "not an SMTP reply")):
            fake = Fake(ehlo=["PIPELINING"], replies={verb: reply})
            a = s.give(to(fake))[0]
            tap.ok(a[0] == "later" and a[1] == 451 and
                   a[2] in ("4.4.2", "4.5.0") and
                   a[3].startswith(word) and a[3].endswith(f"({stage})"),
                   f"{reply!r} to {verb}", a)
            fake.stop()
    for greeting, wanted in (
            ("554 5.7.1 go away", ("fail", 554, "5.7.1", "go away")),
            ("421 4.3.2 busy", ("later", 421, "4.3.2", "busy")),
            ("521 no mail", ("fail", 521, "5.0.0", "no mail")),
            (None, ("later", 451, "4.4.2", "connection lost (greeting)")),
            ("=", ("later", 451, "4.4.2", "no answer in time (greeting)"))):
        fake = Fake(greeting=greeting)
        tap.eq(s.give(to(fake))[0], wanted, f"greeting {greeting}")
        fake.stop()
    port = unused_port()
    a = s.give(f"smtp:127.0.0.1:{port}")[0]
    tap.eq(a, ("later", 451, "4.4.1", "Connection refused (connect)"),
           "nobody listens")
    a = s.give(f"smtp:127.0.0.1:{port}")[0]
    tap.eq(a, ("later", 451, "4.4.1",
               "Connection refused, a moment ago (connect)"),
           "and nobody asks again so soon")
    # 421 in the middle, when the connection was kept: another one.
    fake = Fake()
    tap.eq(s.give(to(fake))[0][0], "ok", "a server")
    fake.replies["MAIL"] = lambda t: fake.replies.pop("MAIL") and \
        "421 4.3.2 tired"
    tap.eq((s.give(to(fake))[0][0], fake.connections), ("ok", 2),
           "that is tired of the connection gets another")
    fake.stop()
    for route in ("smtp:x y", "smtp:host:0", "smtp:host:99999", "smtp::",
                  "smtp::x", "smtp:[::1", "lmtp:x:1", "smtp"):
        a = s.give(route)[0]
        tap.eq((a[0], a[2]), ("later", "4.3.5"), f"route {route!r}")
    s.end()


def test_extensions(tap, agent):
    s = Session(agent)
    utf8 = "Subject: gr\u00fc\u00df\r\n\r\nx\r\n".encode()
    mail = b"RET=HDRS ENVID=abc+3D BODY=8BITMIME SMTPUTF8 SIZE=99"
    fake = Fake(ehlo=["DSN", "SMTPUTF8", "8BITMIME"])
    s.give(to(fake), rcpts=["u@example.org", "v@example.org"], params=mail,
           rcpt_params={"u@example.org": b"NOTIFY=SUCCESS,DELAY ORCPT=rfc822;"
                        b"o@example.org"})
    m = fake.messages[-1]
    tap.eq((m.mail, m.rcpts),
           ("MAIL FROM:<s@example.net> BODY=8BITMIME RET=HDRS ENVID=abc+3D",
            ["RCPT TO:<u@example.org> NOTIFY=SUCCESS,DELAY "
             "ORCPT=rfc822;o@example.org", "RCPT TO:<v@example.org>"]),
           "DSN is passed on; SMTPUTF8 is not said where it is not needed")
    tap.eq(s.notes()[0]["dsn"], "passed", "and noted")
    s.give(to(fake), utf8, params=mail)
    tap.ok("SMTPUTF8" in fake.messages[-1].mail, "a header in UTF-8",
           fake.messages[-1].mail)
    s.give(to(fake), utf8)
    tap.ok("SMTPUTF8" not in fake.messages[-1].mail,
           "unless nobody ever said so", fake.messages[-1].mail)
    s.give(to(fake), rcpts=["\u00fc@example.org"])
    tap.ok("SMTPUTF8" in fake.messages[-1].mail, "an address in UTF-8",
           fake.messages[-1].mail)
    fake.stop()
    fake = Fake(ehlo=["SIZE 1000"])
    s.give(to(fake), params=mail,
           rcpt_params={"u@example.org": b"NOTIFY=NEVER"})
    m = fake.messages[-1]
    tap.eq((m.mail, m.rcpts, s.notes()[0]["dsn"]),
           ("MAIL FROM:<s@example.net> SIZE=24", ["RCPT TO:<u@example.org>"],
            "relayed"), "no DSN there, nothing is said")
    n = len(fake.messages)
    a = s.give(to(fake), utf8, params=mail)
    tap.eq((a[0][:3], len(fake.messages)), (("fail", 553, "5.6.7"), n),
           "no SMTPUTF8 there: refused for a header in UTF-8")
    a = s.give(to(fake), rcpts=["\u00fc@example.org", "u@example.org"])
    tap.eq([x[:3] for x in a], [("fail", 553, "5.6.7"), ("ok", 250, "2.0.0")],
           "and for that recipient alone")
    a = s.give(to(fake), b"A: b\r\n\r\n\xff\xfe\r\n")
    tap.eq((a[0][0], fake.messages[-1].data), ("ok",
                                               b"A: b\r\n\r\n\xff\xfe\r\n"),
           "no 8BITMIME there: as it is")
    a = s.give(to(fake), b"A: b\r\n\r\n" + b"x\r\n" * 400)
    tap.eq(a[0][:3], ("fail", 552, "5.3.4"), "larger than its SIZE")
    a = s.give(to(fake), rcpts=['"a b\\"@x"@example.org', "a b@example.org"])
    tap.eq(([x[:3] for x in a], fake.messages[-1].rcpts),
           ([("ok", 250, "2.0.0"), ("fail", 553, "5.1.3")],
            ['RCPT TO:<"a b\\"@x"@example.org>']),
           "addresses that cannot be said")
    fake.stop()
    s.end()


def test_connections(tap, agent):
    fake = Fake(ehlo=["PIPELINING"])
    s = Session(agent, concurrencyremote="4")
    route = to(fake)
    for _ in range(200):
        s.r.room()
        s.r.job(s.place.entry(), route)
    s.r.collect(200)
    tap.ok(len(fake.messages) == 200 and 2 <= fake.connections <= 4,
           "200 messages, no more than half of four connections at once",
           len(fake.messages), fake.connections)
    # A slow server leaves others their workers.
    slow = Fake(replies={"MAIL": lambda t: time.sleep(3) or "250 fine"})
    start = time.monotonic()
    first = s.r.next
    for _ in range(6):
        s.r.job(s.place.entry(), to(slow))
    for _ in range(20):
        s.r.job(s.place.entry(), route)
    s.r.collect(220)
    tap.ok(time.monotonic() - start < 2.5 and
           all(n >= first + 6 for n in s.r.done if n > 200),
           "a slow server does not delay others",
           time.monotonic() - start)
    s.r.kill()
    s.place.remove()
    slow.stop()
    # So do many that never say a word, though nobody knows them yet.
    dead = [Fake(greeting="=") for _ in range(15)]
    s = Session(agent, concurrencyremote="10")
    for f in dead + dead:
        s.r.job(s.place.entry(), to(f))
    for _ in range(40):
        s.r.job(s.place.entry(), route)
    s.r.collect(40)
    tap.ok(sorted(s.r.done) == list(range(31, 71)) and
           all(a[0][0] == "ok" for a in s.r.done.values()),
           "15 servers that are silent do not, either", sorted(s.r.done))
    end = time.monotonic() + 30
    while not all(f.connections for f in dead) and time.monotonic() < end:
        time.sleep(0.01)
    tap.eq([f.connections for f in dead], [1] * 15,
           "and each is waited for once")
    s.r.kill()
    s.place.remove()
    for f in dead:
        f.stop()
    fake.stop()


def main():
    build, base = sys.argv[1:3]
    program = os.path.join(build, "queuerun", "agent-smtp")
    tap = Tap()
    fake = Fake(ehlo=["PIPELINING", "8BITMIME", "SMTPUTF8", "DSN"])
    before = {}

    def route(place):
        # Each place counts from its own beginning.
        if place not in before:
            before[place] = len(fake.messages)
        return to(fake)

    agent = Agent(base, program, route, slow=10,
                  delivered=lambda p: len(fake.messages) - before[p])
    conformance(tap, agent)
    fake.stop()
    for test in (test_message, test_replies, test_odd, test_extensions,
                 test_connections):
        print(f"# {test.__name__}")
        test(tap, agent)
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
