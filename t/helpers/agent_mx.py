"""agent-smtp and the DNS: mail exchangers, their order, what takes their
place, loops, hosts that are down. usage: agent_mx.py BUILD DIRECTORY
RESOLVER LIAR ZONE PORT; ZONE is the domain, whose hosts N listen on
127.0.0.N, port PORT."""

import os
import sys
import time

from agent_conformance import Agent
from agentlib import Tap
from agent_smtp import Session
from smtp_fake import Fake


class World:
    """Servers on addresses of their own and one port."""

    def __init__(self, port):
        self.port = port
        self.fakes = {}

    def up(self, n, **more):
        self.fakes[n] = Fake((f"127.0.0.{n}", self.port), **more)
        return self.fakes[n]

    def down(self):
        for f in self.fakes.values():
            f.stop()
        self.fakes = {}

    def who(self):
        """Who has got how many messages."""
        return {n: len(f.messages) for n, f in self.fakes.items()
                if f.messages}


def main():
    build, base, resolver, liar, zone, port = sys.argv[1:7]
    port = int(port)
    tap = Tap()
    agent = Agent(base, os.path.join(build, "queuerun", "agent-smtp"), None)
    world = World(port)
    route = f"smtp::{port}"

    def session(**controls):
        controls.setdefault("dnsservers", resolver)
        controls.setdefault("timeoutconnect", "2")
        return Session(agent, **controls)

    def ask(s, domain, r=route, **more):
        return s.give(r, rcpts=[f"u@{domain}"], **more)[0]

    s = session(concurrencyremote="1")
    world.up(2), world.up(3), world.up(4)
    a = ask(s, "two." + zone)
    tap.eq((a[0], world.who(), s.notes()[0]["peer"]),
           ("ok", {2: 1}, f"h2.{zone}[127.0.0.2]"),
           "the exchanger with the lowest number")
    a = ask(s, "TWO." + zone.upper())
    tap.eq((a[0], world.who(), world.fakes[2].connections),
           ("ok", {2: 2}, 1), "in capitals, over the same connection")
    a = ask(s, "other-two." + zone)
    tap.eq((a[0], world.who(), world.fakes[2].connections),
           ("ok", {2: 3}, 1), "another domain of the same host, as well")
    a = s.give(route, rcpts=[f"u@two.{zone}", f"u@four.{zone}",
                             f"v@two.{zone}"])
    tap.eq(([x[0] for x in a], world.who(),
            len(world.fakes[2].messages[-1].rcpts)),
           (["ok"] * 3, {2: 4, 4: 1}, 2),
           "recipients of two domains are two transactions")
    a = ask(s, "plain." + zone)
    tap.eq((a[0], world.who()), ("ok", {2: 4, 3: 1, 4: 1}),
           "no MX: the domain's own address")
    a = ask(s, "alias." + zone)
    tap.eq((a[0], world.who()[2]), ("ok", 5), "a domain that is an alias")
    tap.eq(ask(s, f"[127.0.0.3]")[0], "ok", "an address literal")
    world.fakes[3].ehlo = ["SMTPUTF8"]
    t = session()
    a = ask(t, "b\u00fccher." + zone)
    t.end()
    tap.eq((a[0], world.fakes[3].messages[-1].rcpts),
           ("ok", [f"RCPT TO:<u@b\u00fccher.{zone}>"]),
           "a domain beyond ASCII: looked up as xn--, said as it is")
    for domain, wanted in {
            "null." + zone: ("fail", 556, "5.1.10"),
            "nothing." + zone: ("fail", 550, "5.1.2"),
            "missing." + zone: ("fail", 550, "5.1.2"),
            "dangling." + zone: ("fail", 550, "5.4.4"),
            "[127.0.0.999]": ("fail", 550, "5.1.2"),
            "a..b": ("fail", 550, "5.1.2"),
            "x" * 70 + "." + zone: ("fail", 550, "5.1.2"),
            "us." + zone: ("fail", 554, "5.4.6"),
            "usequal." + zone: ("fail", 554, "5.4.6"),
            "helo." + zone: ("fail", 554, "5.4.6")}.items():
        a = ask(s, domain) if domain != "helo." + zone else None
        if a is None:
            t = session(helohost=f"h4.{zone}")
            a = ask(t, "four." + zone)
            t.end()
        tap.eq(a[:3], wanted, f"{domain[:30]}: {a[3]}")
    before = dict(world.who())
    a = ask(s, "usbackup." + zone)
    tap.eq((a[0], world.who()[2]), ("ok", before[2] + 1),
           "we are a backup: those before us")
    a = ask(s, "plain." + zone, "smtp:")
    tap.eq(a[:3], ("fail", 554, "5.4.6"),
           "an address of this machine, on SMTP's port")
    a = ask(s, "[127.0.0.3]", "smtp:")
    tap.eq(a[:3], ("fail", 554, "5.4.6"), "in a literal, too")
    a = ask(s, "nowhere.invalid", f"smtp:h3.{zone}:{port}")
    tap.eq((a[0], s.notes()[0]["peer"]), ("ok", f"h3.{zone}[127.0.0.3]"),
           "a route's host: no MX is asked for")
    a = ask(s, "nowhere.invalid", f"smtp:missing.{zone}:{port}")
    tap.eq(a[:3], ("later", 451, "4.4.4"), "a route's host without address")
    s.end()
    world.down()

    # Equals, in random order: with 40 messages each is met.
    world.up(2), world.up(3), world.up(4)
    s = session(concurrencyremote="1")
    for i in range(40):
        tap_ok = ask(s, f"e{i}.equal.{zone}")[0] == "ok"
        if not tap_ok:
            break
        # A connection that is kept would be used again.
        s.r.finish()
        s.r = agent.run(s.place)
    tap.ok(tap_ok and sorted(world.who()) == [2, 3, 4],
           "equals share the load", world.who())
    s.end()
    world.down()

    # One after the other.
    world.up(3)
    s = session()
    a = ask(s, "two." + zone)
    tap.eq((a[0], world.who()), ("ok", {3: 1}),
           "the best is down: the second")
    a = ask(s, "other-two." + zone)
    tap.eq((a[0], world.who()), ("ok", {3: 2}), "for another domain, too")
    a = ask(s, "four." + zone)
    tap.eq(a[:3] + (a[3][:18],), ("later", 451, "4.4.1",
                                  "Connection refused"), "all are down")
    s.end()
    world.down()
    for reply, verb in (("554 5.7.1 go away", "greeting"),
                        ("421 4.3.2 busy", "greeting"),
                        (None, "greeting"), ("421 4.3.2 tired", "MAIL"),
                        (None, "MAIL"), (None, "DATA"), ("=", "EHLO")):
        if verb == "greeting":
            world.up(2, greeting=reply)
        else:
            world.up(2, replies={verb: reply})
        world.up(3)
        s = session(timeoutremote="500ms")
        a = ask(s, "two." + zone)
        tap.eq((a[0], world.who()), ("ok", {3: 1}),
               f"the best says {reply!r} to {verb}: the second")
        s.end()
        world.down()
    for reply, verb, wanted in (
            ("451 4.3.0 no", "MAIL", "later"),
            ("550 5.7.1 no", "RCPT", "fail"),
            (None, ".", "later")):
        world.up(2, replies={verb: reply})
        world.up(3)
        s = session()
        a = ask(s, "two." + zone)
        tap.eq((a[0], world.who().get(3)), (wanted, None),
               f"{reply!r} to {verb}: that is an answer, or may be one")
        s.end()
        world.down()
    for first, second, wanted in (("554 no", "554 never", "fail"),
                                  ("421 busy", "554 never", "later"),
                                  ("554 no", "421 busy", "later")):
        world.up(2, greeting=first)
        world.up(3, greeting=second), world.up(4, greeting="554 no")
        s = session()
        a = ask(s, "two." + zone)
        tap.eq(a[0], wanted, f"{first}, {second}: {wanted}", a)
        s.end()
        world.down()

    # The DNS itself.
    s = session(dnsservers=liar, dnstimeout="1")
    for name in ("servfail", "refused", "silent"):
        a = ask(s, f"{name}.{zone}")
        tap.eq(a[:3], ("later", 451, "4.4.3"), f"{name}: {a[3]}")
    s.end()
    place = agent.place(dnsservers="nonsense")
    r = agent.run(place)
    tap.eq(r.finish(), 111, "dnsservers that are none: it does not start")
    tap.ok("control/dnsservers:1: " in r.log() and "is not IP" in r.log(),
           "and says why", r.log())
    place.remove()
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
