"""agent-pipe: what every agent must do, then the message, the environment,
exit statuses, output, time-outs. usage: agent_pipe.py BUILD DIRECTORY"""

import os
import signal
import sys
import time

from agent_conformance import Agent, conformance
from agentlib import Tap

PLAIN = b"Subject: one\r\n\r\nHello.\r\n"


class Session:
    def __init__(self, agent, **controls):
        self.place = agent.place(**controls)
        self.r = agent.run(self.place)
        self.out = os.path.join(self.place.dir, "out")

    def give(self, command, message=PLAIN, rcpts=("u@example.org",), **more):
        entry = self.place.entry(message, rcpts, **more)
        n = self.r.job(entry, "pipe:" + command)
        self.r.collect(self.r.answers + len(rcpts))
        answers = self.r.done.get(n, {})
        return [answers[i] for i in sorted(answers)]

    def read(self):
        with open(self.out, "rb") as f:
            return f.read()

    def end(self):
        status = self.r.finish()
        log = self.r.log()
        self.place.remove()
        return status, log


def head(rcpt="u@example.org", sender="s@example.net"):
    return f"Return-Path: <{sender}>\nDelivered-To: {rcpt}\n".encode()


def lf(message):
    return message.replace(b"\r\n", b"\n")


def test_message(tap, agent):
    s = Session(agent)
    every = bytes(c for c in range(256) if c not in (10, 13))
    large = b"Subject: large\r\n\r\n" + (b"x" * 997 + b"\r\n") * 2000
    for name, message in {
            "a plain message": PLAIN,
            "every octet": b"Subject: x\r\n\r\n" + every + b"\r\n.\r\n..\r\n",
            "an empty message": b"",
            "2 MB, lines over the edges of blocks": large}.items():
        a = s.give(f"cat >{s.out}", message)
        tap.eq((a[0][:3], s.read()),
               (("ok", 250, "2.0.0"), head() + lf(message)), name)
    s.give(f"cat >{s.out}", sender="",
           edits=[b"prepend Received:%20by%20us%0D%0A%09x"])
    tap.eq(s.read(), head(sender="") + b"Received: by us\n\tx\n" + lf(PLAIN),
           "edits are applied; the null sender")
    a = s.give(f"cat >>{s.out}.$LOCAL",
               rcpts=["a@example.org", "b@example.org"])
    got = [open(f"{s.out}.{u}", "rb").read() for u in "ab"]
    tap.eq((len(a), got), (2, [head("a@example.org") + lf(PLAIN),
                               head("b@example.org") + lf(PLAIN)]),
           "two recipients, two runs, each with its own Delivered-To")
    tap.eq(s.end()[0], 0, "ends with 0")


def environment(s, rcpt="u@example.org", **more):
    s.give(f"env -0 >{s.out}", rcpts=[rcpt], **more)
    pairs = [v.split(b"=", 1) for v in s.read().split(b"\0") if v]
    return {k.decode(): v.decode() for k, v in pairs}


def test_environment(tap, agent):
    s = Session(agent, virtualdomains="v.example.org:alice\n"
                ".w.example.org:bob")
    e = environment(s, "joe-list-a-b-c@mail.sub.example.org")
    for name, wanted in {
            "SENDER": "s@example.net", "NEWSENDER": "s@example.net",
            "RECIPIENT": "joe-list-a-b-c@mail.sub.example.org",
            "LOCAL": "joe-list-a-b-c", "HOST": "mail.sub.example.org",
            "EXT": "list-a-b-c", "EXT2": "a-b-c", "EXT3": "b-c",
            "EXT4": "c", "DEFAULT": "list-a-b-c",
            "HOST2": "mail.sub.example", "HOST3": "mail.sub",
            "HOST4": "mail", "RPLINE": "Return-Path: <s@example.net>\n",
            "DTLINE":
                "Delivered-To: joe-list-a-b-c@mail.sub.example.org\n"}.items():
        tap.eq(e.get(name), wanted, f"{name}")
    tap.ok(e["UFLINE"].startswith("From s@example.net ") and
           len(e["UFLINE"]) == len("From s@example.net ") + 25,
           "UFLINE is mbox's line", e["UFLINE"])
    tap.ok(e.get("USER") and e.get("HOME", "").startswith("/") and
           len(e.get("QUEUEID", "")) == 26, "USER, HOME, QUEUEID", e)
    tap.eq(sorted(k for k in e if k.startswith("SMTPE_")), [],
           "our own settings are not passed on")
    e = environment(s, "x-y@v.example.org", sender="")
    tap.eq((e["LOCAL"], e["EXT"], e["DEFAULT"], e["SENDER"],
            e["UFLINE"][:19]),
           ("alice-x-y", "x-y", "x-y", "", "From MAILER-DAEMON "),
           "a virtual domain's user stands in front; the null sender")
    e = environment(s, "x@a.w.example.org")
    tap.eq((e["LOCAL"], e["EXT"]), ("bob-x", "x"), "a subdomain of one")
    e = environment(s, "postmaster")
    tap.eq((e["LOCAL"], e["HOST"], e["EXT"]),
           ("postmaster", "mx.example.org", ""), "without a domain, and '-'")
    evil = '"$(touch x); `touch y`|&\'<>*"@example.org'
    e = environment(s, evil, sender='"a b\' ;$IFS"@example.net')
    tap.eq((e["RECIPIENT"], e["LOCAL"], e["SENDER"]),
           (evil, evil[1:-13], '"a b\' ;$IFS"@example.net'),
           "what a shell would act on is a value and nothing else")
    tap.ok("From \"a-b'-;$IFS\"@example.net " in e["UFLINE"],
           "no blank in UFLINE's sender", e["UFLINE"])
    home = os.path.realpath(e["HOME"])
    tap.ok(not os.path.exists(home + "/x") and not os.path.exists("x"),
           "and nothing was run")
    s.give(f"pwd -P >{s.out}")
    tap.ok(s.read().decode().strip() in (home, "/"), "runs at home", s.read())
    s.give(f"ls -l /proc/self/fd | sed -n 's/.* -> //p' >{s.out}; umask >>"
           f"{s.out}")
    got = s.read().decode().split()
    tap.ok(not any("queue" in w for w in got) and
           sum("socket" in w for w in got) == 0,
           "no descriptor of the queue or the agent's", got)
    tap.eq(s.end()[0], 0, "ends with 0")


def test_statuses(tap, agent):
    s = Session(agent)
    fail = {100, 64, 65, 70, 76, 77, 78, 112}
    for status in [0, 99, *sorted(fail), 1, 2, 67, 69, 71, 73, 74, 75, 98,
                   101, 111, 113, 126, 127, 255]:
        wanted = ("ok", 250, "2.0.0") if status in (0, 99) else \
            ("fail", 554, "5.3.0") if status in fail else \
            ("later", 451, "4.3.0")
        a = s.give(f"exit {status}")[0]
        tap.eq((a[:3], a[3]), (wanted, f"exit status {status}"),
               f"exit {status}")
    a = s.give("kill -9 $$")[0]
    tap.eq(a, ("later", 451, "4.3.0", "killed by signal 9"), "a signal")
    a = s.give("no-such-program-anywhere")[0]
    tap.ok(a[0] == "later" and "no-such-program" in a[3],
           "a program that is missing", a)
    for route in ("", " ", "\t"):
        a = s.give(route)[0]
        tap.eq((a[0], a[2]), ("later", "4.3.5"), f"no command: {route!r}")
    tap.eq(s.end()[0], 0, "ends with 0")


def test_output(tap, agent):
    s = Session(agent)
    a = s.give("echo no such user; echo try later >&2; exit 100")[0]
    tap.eq(a, ("fail", 554, "5.3.0", "no such user try later"),
           "output and errors are the text, on one line")
    a = s.give("echo 5.1.1 no such user; exit 100")[0]
    tap.eq(a, ("fail", 554, "5.1.1", "no such user"),
           "an enhanced code in front is taken")
    a = s.give("echo 4.2.2 full; exit 100")[0]
    tap.eq(a, ("fail", 554, "5.3.0", "4.2.2 full"),
           "unless its class is another")
    a = s.give("echo 4.2.2 full; exit 111")[0]
    tap.eq(a[:3], ("later", 451, "4.2.2"), "temporary, too")
    a = s.give("echo 5.1.1; exit 100")[0]
    tap.eq(a, ("fail", 554, "5.1.1", "5.1.1"), "and nothing behind it")
    a = s.give("printf '\\001\\033[31mred\\r\\ndone 1 0 ok 250 2.0.0 x\\n';"
               "exit 100")[0]
    tap.eq((a[0], a[3]), ("fail", "[31mred done 1 0 ok 250 2.0.0 x"),
           "no control of it gets out, no line of it is one of ours")
    a = s.give("head -c 3000000 /dev/zero | tr '\\0' x; exit 1")[0]
    tap.ok(a[0] == "later" and len(a[3]) <= 1000, "3 MB of it are cut",
           len(a[3]))
    a = s.give("printf '\\377\\376'; exit 1")[0]
    tap.eq(a[0], "later", "octets that are not UTF-8")
    tap.eq(s.end()[0], 0, "ends with 0")


def test_pipes(tap, agent):
    s = Session(agent)
    large = b"Subject: large\r\n\r\n" + (b"x" * 997 + b"\r\n") * 2000
    tap.eq(s.give("exec <&-; sleep 0.1", large)[0][0], "ok",
           "closes its input at once")
    tap.eq(s.give("head -1 >/dev/null", large)[0][0], "ok",
           "reads one line of it")
    tap.eq(s.give("exec >&- 2>&-; cat >/dev/null", large)[0][0], "ok",
           "closes its output")
    tap.eq(s.give("cat; exit 0", large)[0][0], "ok",
           "says all that it reads")
    start = time.monotonic()
    a = s.give("sleep 60 & echo gone; exit 0")[0]
    tap.ok(a == ("ok", 250, "2.0.0", "gone") and
           time.monotonic() - start < 30,
           "what it leaves behind with its output open keeps nobody", a)
    a = s.give("yes & yes & sleep 0.2; kill $!; exit 0")[0]
    tap.eq(a[0], "ok", "even when that never stops talking")
    tap.eq(s.end()[0], 0, "ends with 0")


def alive(pid):
    try:
        with open(f"/proc/{pid}/stat") as f:
            return f.read().rsplit(")", 1)[1].split()[0] not in "ZX"
    except FileNotFoundError:
        return False


def test_time(tap, agent):
    s = Session(agent, pipetimeout="300ms")
    a = s.give(f"sleep 600 & echo $! $$ >{s.out}; echo wait; sleep 600")[0]
    tap.eq(a, ("later", 451, "4.3.0", "wait (it did not end in time)"),
           "a program that does not end is killed")
    pids = s.read().split()
    deadline = time.monotonic() + 10
    while any(alive(int(p)) for p in pids) and time.monotonic() < deadline:
        time.sleep(0.02)
    tap.eq([alive(int(p)) for p in pids], [False, False],
           "with its whole process group")
    large = b"Subject: large\r\n\r\n" + (b"x" * 997 + b"\r\n") * 2000
    tap.eq(s.give("sleep 600", large)[0][0], "later",
           "one that does not read, either")
    tap.eq(s.give("while :; do echo x; done")[0][0], "later",
           "one that never stops talking, either")
    tap.eq(s.give("true")[0][0], "ok", "and the next one is run")
    tap.eq(s.end()[0], 0, "ends with 0")
    s = Session(agent, pipetimeout="0", agenttimeout="400ms")
    tap.eq(s.give("sleep 600")[0][0], "later",
           "the runner's patience is a limit, too")
    s.end()


def test_several(tap, agent):
    s = Session(agent, concurrencylocal="1000")
    tap.ok(s.r.window > 40, "many workers are no fewer than the default",
           s.r.window)
    s.end()
    s = Session(agent, concurrencylocal="4")
    meet = s.out + ".meet"
    os.mkdir(meet)
    for _ in range(4):
        s.r.job(s.place.entry(), f"pipe:>{meet}/$$; "
                f"until [ -e {meet}/all ]; do set -- {meet}/*; "
                f"[ $# -lt 4 ] || >{meet}/all; sleep 0.02; done")
    s.r.collect(4)
    tap.eq(sorted(a[0][0] for a in s.r.done.values()), ["ok"] * 4,
           "four at once: each waited for the others")
    # A worker that is killed takes its own job with it and no other.
    n = s.r.job(s.place.entry(), "pipe:kill -9 $PPID; sleep 1")
    m = s.r.job(s.place.entry(), "pipe:sleep 0.2")
    s.r.collect(6)
    tap.eq((s.r.done[n][0][0], s.r.done[m][0][0]), ("later", "ok"),
           "a worker that dies costs its own job an attempt", s.r.log())
    tap.ok("event=agent-worker" in s.r.log(), "and is logged", s.r.log())
    tap.eq(s.end()[0], 0, "ends with 0")
    s = Session(agent)
    pidfile = s.out + ".pid"
    entry = s.place.entry()
    s.r.job(entry, f"pipe:echo $PPID $$ >{pidfile}.x; mv {pidfile}.x {pidfile};"
            " sleep 600 <&- >&- 2>&-")
    deadline = time.monotonic() + 20
    while not os.path.exists(pidfile) and time.monotonic() < deadline:
        time.sleep(0.01)
    worker, program = (int(p) for p in open(pidfile).read().split())
    s.r.kill()
    while alive(worker) and time.monotonic() < deadline:
        time.sleep(0.01)
    tap.ok(not alive(worker), "when the agent is killed its workers are gone")
    os.killpg(program, signal.SIGKILL)
    s.place.remove()


def test_loops(tap, agent):
    s = Session(agent)
    looped = b"Delivered-To: u@example.org\r\n" + PLAIN
    a = s.give(f"echo x >>{s.out}", looped,
               rcpts=["u@example.org", "v@example.org"])
    tap.eq(([x[:3] for x in a], s.read()),
           ([("fail", 554, "5.4.6"), ("ok", 250, "2.0.0")], b"x\n"),
           "a loop is permanent for its recipient")
    tap.eq(s.end()[0], 0, "ends with 0")


def main():
    build, base = sys.argv[1:3]
    program = os.path.join(build, "queuerun", "agent-pipe")

    def delivered(place):
        try:
            return os.stat(place.dir + "/count").st_size
        except FileNotFoundError:
            return 0

    agent = Agent(base, program, lambda p: f"pipe:printf x >>{p.dir}/count",
                  delivered=delivered, slow=10)
    tap = Tap()
    conformance(tap, agent)
    for test in (test_message, test_environment, test_statuses, test_output,
                 test_pipes, test_time, test_several, test_loops):
        print(f"# {test.__name__}")
        test(tap, agent)
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
