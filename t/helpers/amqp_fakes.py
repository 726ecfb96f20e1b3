"""agent-amqp and peers that do what RabbitMQ never would, or cannot be made
to do in time: amqp_fakes.py BUILD DIR. Speaks TAP."""

import base64
import json
import os
import re
import struct
import sys
import threading
import time
import uuid

import amqp_fake
from agentlib import Place, Runner, Tap
from amqp_fake import Fake

BUILD, BASE = sys.argv[1:3]
PROGRAM = os.path.join(BUILD, "queuerun/agent-amqp")
tap = Tap()


def place(uri, **controls):
    controls.setdefault("amqptimeout", "1")
    return Place(BASE, amqp=uri, **controls)


def start(p, **more):
    return Runner([PROGRAM], p.env, **more)


def answers(runner):
    return [runner.done.get(n, {}).get(0, ("none", 0, "", ""))
            for n in range(1, runner.next)]


def outcomes(runner):
    return [a[0] for a in answers(runner)]


def give(runner, p, n, route="amqp:/q", **more):
    entries = [p.entry(**more) for _ in range(n)]
    for e in entries:
        runner.job(e, route)
    return entries


def one_run(script, n=3, **controls):
    """n jobs against a fake: (runner, fake)."""
    with Fake(script) as fake:
        p = place(fake.uri, **controls)
        r = start(p)
        give(r, p, n)
        r.collect(n)
        r.code = r.finish()
        p.remove()
    return r, fake


def check_later(name, script, pattern, n=3, connections=1, **controls):
    r, fake = one_run(script, n, **controls)
    texts = [a[3] for a in answers(r)]
    tap.ok(outcomes(r) == ["later"] * n and r.code == 0 and
           all(pattern in t for t in texts),
           name, answers(r), r.code, r.log())
    tap.ok(fake.connections == connections and not fake.errors,
           name + f": {connections} connection(s)", fake.connections,
           fake.errors)
    tap.ok(any(o.startswith(b"busy ") for o in r.other),
           name + ": busy", r.other)


def silent(conn):
    conn.until_gone()


def says(data):
    def script(conn):
        conn.send(data)
        conn.until_gone()
    return script


def after_login(data):
    def script(conn):
        conn.login()
        conn.send(data)
        conn.until_gone()
    return script


def closes_at_once(conn):
    pass


def tests_login():
    check_later("a peer that never speaks", silent, "login")
    check_later("a peer that closes at once", closes_at_once, "login")
    check_later("a peer that speaks HTTP",
                says(b"HTTP/1.1 400 Bad Request\r\n\r\n"), "login")
    check_later("another version of AMQP", says(b"AMQP\0\1\0\0"), "login")
    check_later("nothing but zeros", says(b"\0" * 100000), "login")
    check_later("a frame of 2 GiB", says(b"\1\0\0\x7f\xff\xff\xff" +
                                        b"x" * 100000), "login")
    check_later("a frame of 4 GiB", says(b"\1\0\0\xff\xff\xff\xff" +
                                        b"x" * 100000), "login")
    check_later("a frame without its end", says(
        amqp_fake.method(0, 10, 10)[:-1] + b"\0"), "login")
    check_later("a method cut short", says(amqp_fake.method(0, 10, 10)),
                "login")
    check_later("acks instead of a login",
                says(amqp_fake.method(1, 60, 80, b"\0" * 9)), "login")
    check_later("nobody there", None, "Connection refused", connections=0)


def tests_garbage():
    check_later("garbage after the login", after_login(b"\xff" * 1000),
                "connection lost")
    check_later("a method for clients only",
                after_login(amqp_fake.method(1, 20, 10, b"\0")),
                "unexpected method")
    check_later("a delivery nobody asked for",
                after_login(amqp_fake.frame(2, 1, struct.pack(
                    ">HHQH", 60, 0, 0, 0))), "unexpected content")
    check_later("a channel nobody opened",
                after_login(amqp_fake.method(7, 60, 80, b"\0" * 9)),
                "frame on channel 7")


def acks_all(conn):
    conn.login()
    tag = 0
    while True:
        conn.publish()
        tag += 1
        conn.ack(tag)


def tests_confirms():
    r, fake = one_run(acks_all, 20)
    tap.ok(outcomes(r) == ["ok"] * 20 and not fake.errors,
           "acks one by one", answers(r), fake.errors)

    def multiple(conn):
        conn.login()
        for _ in range(10):
            conn.publish()
        conn.ack(4, nack=True)
        conn.ack(7, multiple=True)
        conn.ack(9, multiple=True, nack=True)
        conn.ack(10)
        conn.until_gone()
    r, fake = one_run(multiple, 10)
    tap.eq(outcomes(r), ["ok"] * 3 + ["later"] + ["ok"] * 3 +
           ["later"] * 2 + ["ok"], "multiple acks and nacks", fake.errors)
    tap.ok("nack" in answers(r)[3][3], "a nack's reason", answers(r)[3])

    def zero(conn):
        conn.login()
        for _ in range(3):
            conn.publish()
        conn.ack(0, multiple=True)
        conn.until_gone()
    r, fake = one_run(zero, 3)
    tap.eq(outcomes(r), ["ok"] * 3, "multiple with tag 0 means all")

    def twice(conn):
        conn.login()
        for tag in range(1, 4):
            conn.publish()
            conn.ack(tag)
            conn.ack(tag)
        conn.until_gone()
    r, fake = one_run(twice, 3)
    tap.eq(outcomes(r), ["ok"] * 3, "an ack said twice counts once",
           r.other)

    def ahead(conn):
        conn.login()
        conn.ack(1 << 40, multiple=True)
        conn.until_gone()
    check_later("acks of what was never published", ahead,
                "what it was not given")

    def early(conn):
        """The ack comes while the body is still on its way."""
        conn.login()
        conn.method(60, 40)
        conn.ack(1)
        conn.until_gone()
    with Fake(early, receive_buffer=4096) as fake:
        p = place(fake.uri)
        r = start(p)
        give(r, p, 1, message=b"S: x\r\n\r\n" + b"y" * 50000000)
        r.collect(1)
        code = r.finish()
        tap.ok(outcomes(r) == ["later"] and code == 0,
               "an ack before the message's end is not believed",
               answers(r), r.log())
        p.remove()

    def returns(conn):
        conn.login()
        got = [conn.publish() for _ in range(3)]
        conn.returned(got[1][2], b"z" * 1000)
        conn.ack(3, multiple=True)
        conn.until_gone()
    r, fake = one_run(returns, 3)
    tap.eq(outcomes(r), ["ok", "later", "ok"],
           "what was returned before its ack", fake.errors, r.log())
    tap.ok(answers(r)[1][2] == "4.4.4" and "312 NO_ROUTE" in
           answers(r)[1][3], "the reason of a return", answers(r)[1])

    def foreign(conn):
        conn.login()
        header = struct.pack(">HHQH", 60, 0, 0, 0x80) + b"\3xyz"
        conn.publish()
        conn.returned(header)
        conn.returned(struct.pack(">HHQH", 60, 0, 0, 0))
        conn.ack(1)
        conn.until_gone()
    r, fake = one_run(foreign, 1)
    tap.eq(outcomes(r), ["ok"], "a return of somebody else's message",
           r.log())


def test_window():
    """Never more than amqpwindow are published and not confirmed."""
    most = []

    def script(conn):
        conn.login()
        for tag in range(5, 20, 5):
            for _ in range(5):
                conn.publish()
            conn.sock.settimeout(0.2)
            try:
                most.append(conn.sock.recv(1))
            except TimeoutError:
                pass
            conn.sock.settimeout(None)
            conn.ack(tag, multiple=True)
        conn.until_gone()
    with Fake(script) as fake:
        p = place(fake.uri, amqpwindow="5", amqptimeout="30")
        r = start(p)
        give(r, p, 10)
        r.collect(5)
        give(r, p, 5)
        r.collect(15)
        tap.ok(outcomes(r) == ["ok"] * 15 and not most,
               "amqpwindow is kept", answers(r), most, fake.errors)
        r.finish()
        p.remove()


def tests_frames():
    """Bodies larger than a frame, whatever the limit."""
    for limit in (4096, 5001, 0):
        got, sizes = [], []

        def script(conn):
            conn.login(frame_max=limit)
            inner = conn.frame

            def frame():
                f = inner()
                sizes.append(len(f[2]) + 8)
                return f
            conn.frame = frame
            got.append(conn.publish())
            conn.ack(1)
            conn.until_gone()
        with Fake(script) as fake:
            p = place(fake.uri)
            message = b"S: x\r\n\r\n" + os.urandom(300000)
            r = start(p)
            give(r, p, 1, message=message)
            r.collect(1)
            tap.ok(outcomes(r) == ["ok"] and got[0][3] == message and
                   max(sizes) == (limit or 131072),
                   f"frames of {limit}", sizes, fake.errors, r.log())
            r.finish()
            p.remove()
    many = [f"someone-{i:06}@a-rather-long-name.example.org"
            for i in range(1200)]
    with Fake(acks_all) as fake:
        p = place(fake.uri)
        r = start(p)
        give(r, p, 1, rcpts=many)
        r.collect(len(many))
        tap.ok(len(r.done[1]) == len(many) and
               all(a[0] == "ok" for a in r.done[1].values()),
               "many recipients in one message", r.done[1].get(0))
        r.finish()
        p.remove()

    def small(conn):
        conn.login(frame_max=4096)
        acks_rest(conn)
    with Fake(small) as fake:
        p = place(fake.uri)
        r = start(p)
        give(r, p, 1, rcpts=many)
        give(r, p, 1)
        r.collect(len(many) + 1)
        tap.ok({a[0] for a in r.done[1].values()} == {"later"} and
               "frame limit" in r.done[1][0][3] and
               r.done[2][0][0] == "ok",
               "headers that no frame can hold are put off",
               r.done[1].get(0), r.done.get(2))
        r.finish()
        p.remove()


def tests_time():
    def deaf(conn):
        conn.login()
        for _ in range(3):
            conn.publish()
        conn.until_gone()
    check_later("a broker that never confirms", deaf, "no confirm in time")

    def stops_reading(conn):
        conn.login()
        threading.Event().wait(600)
    with Fake(stops_reading, receive_buffer=4096) as fake:
        p = place(fake.uri)
        r = start(p)
        give(r, p, 1, message=b"S: x\r\n\r\n" + b"y" * 50000000)
        r.collect(1)
        code = r.finish()
        tap.ok(outcomes(r) == ["later"] and code == 0 and
               "takes nothing" in answers(r)[0][3],
               "a broker that stops reading in a message", answers(r))
        p.remove()
        fake.threads.clear()

    def no_heartbeats(conn):
        conn.login(heartbeat=1)
        conn.publish()
        conn.ack(1)
        beats.append(sum(1 for _ in range(3) if conn.frame()[0] == 8))
        gone.set()
        conn.until_gone()
    beats = []
    gone = threading.Event()
    with Fake(no_heartbeats) as fake:
        p = place(fake.uri, amqptimeout="60")
        r = start(p)
        give(r, p, 1)
        r.collect(1)
        # The agent hangs up by itself: nothing is sent to it.
        tap.ok(gone.wait(60) and beats == [3], "heartbeats are sent", beats)
        fake.threads[0].join(60)
        tap.ok(not fake.threads[0].is_alive(),
               "a peer without heartbeats is left", r.log())
        tap.eq(r.finish(), 0, "and the end is a normal one")
        p.remove()


def test_slow():
    """A broker that takes a message slowly, with heartbeats, is alive."""
    def slow(conn):
        conn.login(heartbeat=1)
        conn.sock.settimeout(0.2)
        parts, got, beat, start = [], 0, 0, time.monotonic()
        while got < 12000000:
            now = time.monotonic()
            if now - beat >= 0.2:
                conn.send(amqp_fake.frame(8, 0, b""))
                beat = now
            if now - start < 4:
                time.sleep(0.2)
            try:
                parts.append(conn.sock.recv(1 << 18))
                got += len(parts[-1])
            except TimeoutError:
                pass  # the agent is slow, too
        conn.buf += b"".join(parts)
        conn.sock.settimeout(None)
        conn.publish()
        conn.ack(1)
        conn.until_gone()
    with Fake(slow, receive_buffer=4096) as fake:
        p = place(fake.uri, amqptimeout="3")
        r = start(p)
        give(r, p, 1, message=b"S: x\r\n\r\n" + b"y" * 12000000)
        r.collect(1)
        tap.ok(outcomes(r) == ["ok"] and fake.connections == 1,
               "a slow broker that sends heartbeats is not left",
               answers(r), fake.errors, r.log())
        r.finish()
        p.remove()


def tests_blocked():
    def blocks(conn):
        conn.login()
        conn.publish()
        conn.blocked(b"low on disk")
        conn.until_gone()
    check_later("a blocked connection", blocks, "low on disk", n=1)

    def in_the_middle(conn):
        conn.login()
        conn.method(60, 40)
        conn.blocked(b"low on disk")
        threading.Event().wait(600)
    with Fake(in_the_middle, receive_buffer=4096) as fake:
        p = place(fake.uri)
        r = start(p)
        give(r, p, 1, message=b"S: x\r\n\r\n" + b"y" * 50000000)
        r.collect(1)
        tap.ok(r.finish() == 0 and outcomes(r) == ["later"] and
               "low on disk" in answers(r)[0][3],
               "blocked in the middle of a message", answers(r))
        p.remove()
        fake.threads.clear()

    def unblocks(conn):
        conn.login()
        conn.publish()
        conn.blocked()
        conn.unblocked()
        conn.ack(1)
        conn.publish()
        conn.ack(2)
        conn.until_gone()
    with Fake(unblocks) as fake:
        p = place(fake.uri, amqptimeout="30")
        r = start(p)
        give(r, p, 1)
        r.collect(1)
        give(r, p, 1)
        r.collect(2)
        tap.eq(outcomes(r), ["ok", "ok"], "blocked and unblocked again",
               r.other)
        r.finish()
        p.remove()

    def asks(conn):
        conn.login()
        asked.append(conn.start_ok)
        acks_rest(conn)
    asked = []
    r, fake = one_run(asks, 1)
    tap.ok(b"connection.blocked" in asked[0],
           "connection.blocked is asked for", asked)


def acks_rest(conn):
    tag = 0
    while True:
        conn.publish()
        tag += 1
        conn.ack(tag)


def tests_closed():
    def closes_channel(conn):
        """The one message whose key is bad closes the channel."""
        conn.login()
        tag = 0
        while True:
            key = conn.publish()[1]
            tag += 1
            if key == b"bad":
                conn.close_channel()
                conn.method(20, 41)
                conn.channel()
                tag = 0
            elif tag % 7 == 0:
                conn.ack(tag, multiple=True)
            elif conn.number == 1 and tag > 0:
                conn.ack(tag)
    with Fake(closes_channel) as fake:
        p = place(fake.uri, amqptimeout="30")
        r = start(p)
        for i in range(40):
            r.job(p.entry(), "amqp:x/bad" if i == 20 else "amqp:y/good")
        r.collect(40)
        got = outcomes(r)
        tap.ok(got.count("ok") == 39 and got[20] == "later",
               "a channel closed for one message: the others arrive", got,
               fake.errors, r.log())
        tap.ok("404 NOT_FOUND" in answers(r)[20][3] and
               answers(r)[20][2] == "4.3.5", "its reason", answers(r)[20])
        r.job(p.entry(), "amqp:x/bad")
        r.collect(41)
        tap.ok(outcomes(r)[40] == "later" and "404" in answers(r)[40][3],
               "the exchange is remembered", answers(r)[40])
        tap.ok(r.finish() == 0 and fake.connections == 1,
               "all on one connection", fake.connections, fake.errors)
        p.remove()

    def closes(conn):
        conn.login()
        conn.publish()
        conn.close_connection()
        conn.until_gone()
    check_later("a connection closed with a reason", closes,
                "320 CONNECTION_FORCED")


def tests_nodes():
    def dies(conn):
        conn.login()
        for _ in range(5):
            conn.publish()
    taken = []

    def takes(conn):
        conn.login()
        tag = 0
        while True:
            taken.append(conn.publish()[2])
            tag += 1
            conn.ack(tag)
    with Fake(dies) as a, Fake(takes) as b:
        p = place(a.uri + "\n" + b.uri)
        r = start(p)
        entries = give(r, p, 10)
        r.collect(10)
        code = r.finish()
        tap.ok(outcomes(r) == ["ok"] * 10 and code == 0,
               "a node that dies: the next one gets what was open",
               answers(r), a.errors, b.errors, r.log())
        tap.ok(all(any(e.id.encode() in t for t in taken) for e in entries),
               "with the same message ids")
        tap.ok(a.connections == 1 and b.connections == 1,
               "one connection to each", a.connections, b.connections)
        p.remove()
    with Fake(closes_at_once) as a, Fake(silent) as b:
        p = place(a.uri + "\n" + b.uri)
        r = start(p)
        for i in range(500):
            r.job(p.entry(), "amqp:/q")
        r.collect(500)
        code = r.finish()
        tap.ok(set(outcomes(r)) == {"later"} and code == 0 and
               a.connections == 1 and b.connections == 1,
               "two nodes down, 500 jobs: one attempt each",
               a.connections, b.connections)
        text = answers(r)[0][3]
        tap.ok(str(a.port) in text and str(b.port) in text and
               "guest" not in text, "both reasons are named", text)
        p.remove()


def tests_own_fault():
    """The entry cannot be read to its end: only that one is put off."""
    halfway = threading.Event()
    go_on = threading.Event()

    def script(conn):
        conn.login()
        if conn.number == 1:
            conn.method(60, 40)
            halfway.set()
            go_on.wait(60)
            conn.until_gone()
        acks_rest(conn)
    with Fake(script, receive_buffer=4096) as fake:
        p = place(fake.uri, amqptimeout="60")
        r = start(p)
        big = give(r, p, 1, message=b"S: x\r\n\r\n" + b"y" * 50000000)[0]
        tap.ok(halfway.wait(60), "a big message is on its way")
        os.truncate(big.path, 40000000)
        give(r, p, 5)
        go_on.set()
        r.collect(6)
        code = r.finish()
        tap.ok(outcomes(r) == ["later"] + ["ok"] * 5 and code == 0,
               "a damaged entry is put off, the others arrive", answers(r),
               fake.errors, r.log())
        tap.eq(fake.connections, 2, "on a new connection")
        p.remove()


def test_spill():
    """No broker: a copy of each entry, once."""
    p = Place(BASE, amqp="amqp://127.0.0.1:1")
    where = os.path.join(p.dir, "spill")
    os.mkdir(where)
    p.set("amqpspill", where)
    text = b"Subject: s\r\n\r\n\xff\xfe\r\n"
    entries = [p.entry(), p.entry(text, rcpts=["a@x.test", "b@x.test"],
                                  sender="")]
    for again in range(2):
        r = Runner([PROGRAM], p.env)
        r.job(entries[0], "amqp:/q")
        r.job(entries[1], "amqp:/q", ["b@x.test"])
        r.collect(2)
        r.finish()
        names = sorted(os.listdir(where))
        stats = [os.stat(os.path.join(where, n)) for n in names]
        if again:
            tap.eq([s.st_ino for s in stats], before, "only once")
        before = [s.st_ino for s in stats]
    tap.ok(len(names) == 2 and all(
        re.fullmatch(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}"
                     r"-[0-9a-f]{12}\.json", n) and
        str(uuid.UUID(n[:-5])) == n[:-5] for n in names),
        "spilled: names are UUIDs", names)
    tap.ok(all(s.st_mode & 0o777 == 0o600 for s in stats), "mode 0600")
    got = {}
    for n in names:
        with open(os.path.join(where, n)) as f:
            o = json.load(f)
        got[o["queue_id"]] = o
    o = got[entries[1].id]
    tap.eq([o["recipients"], o["sender"], o["message_id"], o["encoding"],
            base64.b64decode(o["email_content"])],
           [["a@x.test", "b@x.test"], "", entries[1].id, "base64", text],
           "the whole entry, octet for octet")
    # What is in the way: a link, a directory that is not there.
    for n in names:
        os.unlink(os.path.join(where, n))
        os.symlink("/nonexistent/target", os.path.join(where, "." + n))
    r = Runner([PROGRAM], p.env)
    r.job(entries[0], "amqp:/q")
    r.collect(1)
    r.finish()
    new = [n for n in os.listdir(where) if not n.startswith(".")]
    tap.ok(len(new) == 1 and new[0] in names and not os.path.islink(
        os.path.join(where, new[0])), "a link is not followed", new)
    p.set("amqpspill", os.path.join(p.dir, "none"))
    r = Runner([PROGRAM], p.env)
    r.job(entries[0], "amqp:/q")
    r.collect(1)
    tap.ok(r.finish() == 0 and outcomes(r) == ["later"] and
           r.log().count("event=spill") == 1, "a directory that is missing is "
           "one line", r.log())
    p.remove()


def tests_controls():
    for name, controls in {
            "a URI that is none": {"amqp": "http://guest:pa55@h/"},
            "another scheme": {"amqp": "http://u:pa55@h/"},
            "a port that is none": {"amqp": "amqp://u:pa55@h:0/"},
            "an exchange that is too long": {"amqpexchange": "x" * 256}
            }.items():
        controls.setdefault("amqp", "amqp://u:pa55@127.0.0.1:1/")
        p = Place(BASE, **controls)
        r = start(p)
        give(r, p, 2)
        r.collect(2)
        code = r.finish()
        said = r.log() + repr(r.done) + repr(r.other)
        tap.ok(outcomes(r) == ["later"] * 2 and code == 0 and
               answers(r)[0][2] == "4.3.5" and "pa55" not in said,
               name + " is temporary and no password is shown", answers(r),
               r.log())
        p.remove()
    for wanted, value in ((2, "1"), (256, ""), (2048, "100000")):
        p = Place(BASE, **({"amqpwindow": value} if value else {}))
        r = start(p)
        tap.eq(r.window, wanted, f"window {value or 'not set'}")
        r.finish()
        p.remove()
    seen = []

    def script(conn):
        conn.login()
        tag = 0
        while True:
            seen.append(conn.publish()[:2])
            tag += 1
            conn.ack(tag)
    routes = {"amqp:": (b"ex", b"k"), "amqp:a": (b"a", b"k"),
              "amqp:a/": (b"a", b""), "amqp:/b": (b"", b"b"),
              "amqp:a/b/c": (b"a", b"b/c"),
              "amqp:a%2Fb/%63%25": (b"a/b", b"c%"), "AMQP:x/y": (b"x", b"y")}
    with Fake(script) as fake:
        p = place(fake.uri, amqpexchange="ex", amqproutingkey="k")
        r = start(p)
        for route in list(routes) + ["amqp:%4", "amqp:/" + "k" * 256,
                                     "maildir:/x"]:
            r.job(p.entry(), route)
        r.collect(len(routes) + 3)
        tap.eq(seen, list(routes.values()), "routes")
        tap.eq(outcomes(r)[-3:], ["later"] * 3, "routes that are none")
        r.finish()
        p.remove()


only = sys.argv[3:]
for test in (tests_controls, tests_login, tests_garbage, tests_confirms,
             test_window, tests_frames, tests_time, test_slow,
             tests_blocked, tests_closed, tests_nodes, tests_own_fault,
             test_spill):
    if not only or test.__name__ in only:
        began = time.monotonic()
        test()
        print(f"# {test.__name__}: {time.monotonic() - began:.1f} s")
sys.exit(tap.done())
