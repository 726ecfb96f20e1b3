"""Where and in what shape agent-amqp publishes: templates, a message for
each recipient, declarations, amqps, what hook.amqp decided. Not a test of its
own: amqp_real.py runs TESTS."""

import os
import subprocess
import time

from amqp_base import (PROGRAM, TLS, TLS_PORT, answer, deliver, node,
                       outcomes, place, rewrite, start, tap)


def ids(messages):
    return [m["properties"]["message_id"] for m in messages]


def recipients(m):
    return [a[1] for a in m["headers"]["recipients"][1]]


def test_templates():
    for domain in ("x.test", "y.test"):
        for tenant in ("acme", ""):
            node.declare(domain, "amq.direct", f"mail.{domain}.{tenant}")
    p = place(amqpexchange="amq.%m{kind}", amqproutingkey="mail.%d.%t")
    e = p.entry(rcpts=["a@X.test", "b@y.test", "c@x.test"])
    rewrite(e, b"meta kind s direct\nmeta tenant s acme\nmeta queue s news")
    r = deliver(p, [e], "amqp:")
    tap.eq(sorted(r.done[1]), [0, 1, 2], "everybody is answered", r.done,
           r.log())
    x, y = node.consume("x.test"), node.consume("y.test")
    tap.eq([recipients(m) for m in x + y],
           [["a@X.test", "c@x.test"], ["b@y.test"]], "one for each domain")
    tap.eq(ids(x + y), [e.id + ".1", e.id + ".2"], "with ids of their own")
    tap.eq([x[0]["headers"].get(k) for k in ("queue", "tenant")],
           [["S", "news"], ["S", "acme"]], "queue and tenant are headers")
    tap.ok("mail.y.test.acme" in r.done[1][1][3], "the answer names the key",
           r.done[1])
    # One part cannot be routed, the other can.
    e = p.entry(rcpts=["a@x.test", "b@z.test"])
    rewrite(e, b"meta kind s direct")
    r = deliver(p, [e], "amqp:")
    tap.eq([r.done[1][i][0] for i in (0, 1)], ["ok", "later"],
           "each part has its own answer", r.done)
    node.run("purge", "x.test")
    e = p.entry(rcpts=["a@x.test"])
    rewrite(e, b"meta kind s " + b"k" * 260)
    r = deliver(p, [e], "amqp:")
    tap.ok(answer(r, 1)[0] == "later" and "255" in answer(r, 1)[3],
           "a name that becomes too long", answer(r, 1))
    p.remove()


def test_split():
    p = place(amqpsplit="1")
    e = p.entry(rcpts=[f"u{i}@example.org" for i in range(300)])
    one = p.entry()
    r = deliver(p, [e, one])
    got = node.consume("q")
    tap.ok(len(got) == 301 and len(r.done[1]) == 300 and
           {a[0] for a in r.done[1].values()} == {"ok"},
           "a message for each recipient", len(got), r.log())
    tap.eq(ids(got), [f"{e.id}.{i + 1}" for i in range(300)] + [one.id],
           "numbered; alone it has the entry's id")
    tap.eq([recipients(m) for m in got[:3]],
           [[f"u{i}@example.org"] for i in range(3)], "and only its own")
    p.set("amqpformat", "json")
    e = p.entry(rcpts=["a@example.org", "b@example.org"])
    deliver(p, [e])
    got = node.consume("q")
    tap.ok(len(got) == 2 and b'"recipients":["b@example.org"]' in
           got[1]["body"].replace(b", ", b",").replace(b": ", b":"),
           "in JSON, too", got)
    p.remove()


def test_declare():
    p = place(amqpdeclare="exchange in.mail topic\nqueue made\n"
              "queue old classic\nbind made in.mail #\n"
              "bind old in.mail %23.old\nexchange all fanout\n"
              "bind made all")
    entries = [p.entry() for _ in range(5)]
    r = deliver(p, entries, "amqp:in.mail/a.old")
    tap.eq(outcomes(r), ["ok"] * 5, "what is missing is made", r.log())
    tap.eq([node.count("made"), node.count("old")], [5, 5],
           "queues and bindings")
    r = deliver(p, [p.entry()], "amqp:all/")
    tap.eq(outcomes(r), ["ok"], "again: what is there is no error", r.log())
    tap.eq(node.count("made"), 6, "a binding without a key")
    p.set("amqpdeclare", "queue made classic")
    r = deliver(p, [p.entry()])
    tap.ok(outcomes(r) == ["later"] and "406" in answer(r, 1)[3] and
           "declare queue made classic" in answer(r, 1)[3],
           "what differs is an error that says so", answer(r, 1))
    for wrong in ("queue", "queue a b", "exchange a", "bind a", "table x",
                  "queue %zz", "bind a b c d"):
        p.set("amqpdeclare", wrong)
        r = deliver(p, [p.entry()])
        tap.ok(outcomes(r) == ["later"] and wrong in answer(r, 1)[3],
               f"amqpdeclare {wrong}", answer(r, 1))
    p.remove()


def test_hooked():
    """What hook.amqp decides comes with the job."""
    p = place()
    r = start(p)
    r.job(p.entry(), "amqp:nowhere/%d", extra=b" ; amqp.exchange= "
          b"amqp.key=q amqp.type=invoice amqp.priority=7 "
          b"amqp.expiration=60000 amqp.header.spam=b:true "
          b"amqp.header.score=n:2.5 amqp.header.size=s:large%20one "
          b"amqp.header.sender=s:me")
    r.job(p.entry(), "amqp:/q", extra=b" ; amqp.priority=300")
    r.job(p.entry(), "amqp:/q", extra=b" ; amqp.header.x=y")
    r.collect(3)
    r.finish()
    tap.eq(outcomes(r), ["ok", "later", "later"], "answers", r.done)
    tap.ok("255" in answer(r, 2)[3] and "type" in answer(r, 3)[3],
           "what is wrong is named", r.done)
    m = node.consume("q")[0]
    tap.eq({k: m["properties"].get(k)
            for k in ("type", "priority", "expiration")},
           {"type": "invoice", "priority": 7, "expiration": "60000"},
           "properties", m["properties"])
    tap.eq({k: m["headers"].get(k)
            for k in ("spam", "score", "size", "sender")},
           {"spam": ["t", True], "score": ["d", "2.5"],
            "size": ["S", "large one"], "sender": ["S", "me"]},
           "headers: ours are replaced", m["headers"])
    p.remove()


def tls_place(host="localhost", **controls):
    return place(amqp=f"amqps://guest:guest@{host}:{TLS_PORT}/%2f",
                 **controls)


def children(pid):
    return subprocess.run(["pgrep", "-P", str(pid)], check=False,
                          stdout=subprocess.PIPE).stdout.split()


def test_tls():
    p = tls_place(amqpca=f"{TLS}/ca.pem")
    big = b"Subject: big\r\n\r\n" + os.urandom(3000000).replace(b"\r", b"x")
    entries = [p.entry() for _ in range(300)] + [p.entry(big)]
    r = start(p)
    for e in entries:
        r.job(e, "amqp:/q")
    r.collect(len(entries))
    tap.eq(outcomes(r), ["ok"] * 301, "over TLS", r.log())
    tunnels = children(r.proc.pid)
    fds = [len(os.listdir(f"/proc/{int(t)}/fd")) for t in tunnels]
    tap.ok(len(fds) == 1 and fds[0] <= 3,
           "the tunnel holds two sockets and the log", fds)
    r.finish()
    deadline = time.monotonic() + 30
    while any(os.path.exists(f"/proc/{int(t)}") for t in tunnels) and \
            time.monotonic() < deadline:
        time.sleep(0.05)
    tap.ok(not any(os.path.exists(f"/proc/{int(t)}") for t in tunnels),
           "and ends with us")
    got = {m["properties"]["message_id"]: m["body"]
           for m in node.consume("q")}
    tap.ok(len(got) == 301 and got[entries[-1].id] == big,
           "octet for octet", len(got))
    for name, controls, pattern in (
            ("another authority", {"amqpca": f"{TLS}/other.pem"},
             "certificate"),
            ("an authority nobody knows", {}, "certificate"),
            ("another host", {"amqpca": f"{TLS}/ca.pem",
                              "host": "127.0.0.1"}, "mismatch"),
            ("no such file", {"amqpca": f"{TLS}/none.pem"}, "none.pem"),
            ("a key that is none", {"amqpca": f"{TLS}/ca.pem",
                                    "amqpcert": f"{TLS}/client.pem",
                                    "amqpkey": f"{TLS}/ca.pem"},
             "ca.pem"),
            ("another's key", {"amqpca": f"{TLS}/ca.pem",
                               "amqpcert": f"{TLS}/client.pem",
                               "amqpkey": f"{TLS}/other.key"},
             "other.key")):
        q = tls_place(**controls)
        r = deliver(q, [q.entry()])
        tap.ok(outcomes(r) == ["later"] and pattern in answer(r, 1)[3] and
               r.code == 0, f"amqps, {name}: {answer(r, 1)[3]}", r.log())
        q.remove()
    for files in ({"amqpcert": f"{TLS}/client.pem",
                   "amqpkey": f"{TLS}/client.key"},
                  {"amqpcert": f"{TLS}/client-both.pem"}):
        q = tls_place(amqpca=f"{TLS}/ca.pem", **files)
        r = deliver(q, [q.entry()])
        tap.eq(outcomes(r), ["ok"], "with our certificate", r.log())
        q.remove()
    # A plain port does not speak TLS, a TLS port does not speak plainly.
    for uri in (node.uri.replace("amqp:", "amqps:"),
                f"amqp://guest:guest@localhost:{TLS_PORT}/%2f"):
        q = place(amqp=uri, amqpca=f"{TLS}/ca.pem", amqptimeout="3")
        r = deliver(q, [q.entry()])
        tap.ok(outcomes(r) == ["later"] and r.code == 0,
               f"{uri[:6]} to the other port", answer(r, 1))
        q.remove()
    node.run("purge", "q")
    p.remove()


def test_tls_killed():
    """The tunnel dies: what was not confirmed is published again."""
    p = tls_place(amqpca=f"{TLS}/ca.pem")
    r = start(p)
    entries = [p.entry() for _ in range(200)]
    for e in entries[:100]:
        r.job(e, "amqp:/q")
    r.collect(100)
    for t in children(r.proc.pid):
        os.kill(int(t), 9)
    for e in entries[100:]:
        r.job(e, "amqp:/q")
    r.collect(200)
    r.finish()
    got = set(ids(node.consume("q")))
    done = {e.id for n, e in enumerate(entries, 1)
            if answer(r, n)[0] == "ok"}
    tap.ok(done <= got and len(done) >= 100,
           "what was confirmed is there", len(done), len(got), r.log())
    p.remove()


TESTS = (test_templates, test_split, test_declare, test_hooked, test_tls,
         test_tls_killed)
