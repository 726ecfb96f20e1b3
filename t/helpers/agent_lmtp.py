"""agent-lmtp: what every agent must do, then one answer per recipient, Unix
sockets. usage: agent_lmtp.py BUILD DIRECTORY"""

import os
import sys

from agent_conformance import Agent, conformance
from agent_smtp import PLAIN, Session
from agentlib import Tap
from smtp_fake import Fake


def test_answers(tap, agent, base):
    path = os.path.join(base, "lmtp.sock")
    fake = Fake(path, lmtp=True, ehlo=["PIPELINING", "8BITMIME"],
                rcpt={"no@x.example": "550 5.1.1 no such user"},
                dot={"full@x.example": "452 4.2.2 full",
                     "bad@x.example": "554 5.6.0 not this one"})
    s = Session(agent)
    route = f"lmtp:{path}"
    rcpts = [f"{w}@x.example" for w in ("u", "full", "no", "bad", "v")]
    a = s.give(route, rcpts=rcpts)
    tap.eq(a, [("ok", 250, "2.0.0", "taken"),
               ("later", 452, "4.2.2", "full"),
               ("fail", 550, "5.1.1", "no such user"),
               ("fail", 554, "5.6.0", "not this one"),
               ("ok", 250, "2.0.0", "taken")],
           "one answer per recipient after the dot")
    tap.eq((fake.messages[-1].data, fake.messages[-1].helo,
            s.notes()[0]["peer"], len(fake.messages)),
           (PLAIN, "LHLO mx.example.org", path, 1),
           "over a Unix socket, with LHLO, once")
    tap.ok("dsn" not in s.notes()[0], "it is delivered, not relayed",
           s.notes())
    a = s.give(route, rcpts=["no@x.example"])
    tap.eq(a[0][:3], ("fail", 550, "5.1.1"), "nobody is taken")
    tap.eq((s.give(route)[0][0], fake.connections), ("ok", 1),
           "the connection is kept")
    fake.rcpt["more@x.example"] = "452 4.5.3 too many recipients"
    said = len(fake.said)
    a = s.give(route, rcpts=["full@x.example", "more@x.example"])
    tap.eq(([x[:3] for x in a],
            [x[:4] for x in fake.said[said:]].count("MAIL")),
           ([("later", 452, "4.2.2"), ("later", 452, "4.5.3")], 1),
           "taken for nobody: the others are not tried again at once")
    fake.dot["two@x.example"] = None
    a = s.give(route, rcpts=["one@x.example", "two@x.example",
                             "three@x.example"])
    tap.eq([x[0] for x in a], ["ok", "later", "later"],
           "lost in between: what was said counts")
    fake.replies["LHLO"] = "500 5.5.1 no"
    tap.eq(s.give(route)[0][:3], ("fail", 500, "5.5.1"),
           "no HELO for a server that does not know LHLO")
    s.end()
    fake.stop()
    s = Session(agent)
    a = s.give(route)[0]
    tap.eq((a[0], a[2], a[3]),
           ("later", "4.4.1", "No such file or directory (connect)"),
           "no socket there")
    for bad in ("lmtp:", "lmtp:host", "lmtp:[::1]", "lmtp::24", "smtp:x:1",
                "lmtp:/" + "x" * 200):
        a = s.give(bad)[0]
        tap.eq((a[0], a[2]), ("later", "4.3.5"), f"route {bad[:20]!r}")
    s.end()


def main():
    build, base = sys.argv[1:3]
    program = os.path.join(build, "queuerun", "agent-lmtp")
    tap = Tap()
    fake = Fake(lmtp=True, ehlo=["PIPELINING"])
    before = {}

    def route(place):
        # Each place counts from its own beginning.
        if place not in before:
            before[place] = len(fake.messages)
        return f"lmtp:127.0.0.1:{fake.port}"

    agent = Agent(base, program, route, slow=10,
                  delivered=lambda p: len(fake.messages) - before[p])
    conformance(tap, agent)
    fake.stop()
    test_answers(tap, agent, base)
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
