"""agent-amqp and a real RabbitMQ: amqp_real.py BUILD DIR. Speaks TAP."""

import base64
import json
import os
import sys
import time

import amqp_shape
from agent_conformance import Agent, conformance
from agentlib import sanitized
from amqp_base import (BASE, PROGRAM, answer, deliver, node, outcomes, place,
                       rewrite, start, tap)

HEAD = b"From: a@example.net\r\nSubject: x\r\n\r\n"
MESSAGES = {
    "a plain message": HEAD + b"Hello.\r\n",
    "8-bit octets": HEAD + bytes(range(1, 10)) + bytes(range(14, 256)) +
                    b"\r\n",
    "UTF-8": HEAD + "Grüße, 世界 \U0001f600".encode() * 20000 + b"\r\n",
    "UTF-8 cut off at the end": HEAD + "Grüß".encode()[:-1],
    "controls, quotes, backslashes":
        HEAD + bytes(range(1, 10)) + b'\x0b\x0c\x1f\x7f"\\\\u0041</' * 500,
    "a line of 1 MiB": HEAD + b"x" * (1 << 20) + b"\r\n",
    "an empty body": HEAD,
    "a message without a header": b"\r\nonly a body\r\n",
    "no message at all": b"",
    "5 MB of text": HEAD + (b"0123456789abcdef" * 4 + b"\r\n") * 76000,
    "5 MB of anything": HEAD + os.urandom(5000000),
}


def test_raw():
    p = place()
    entries = [p.entry(m, edits=[b"prepend X-Added:%20" + str(i).encode()]
                       if i % 2 else ())
               for i, m in enumerate(MESSAGES.values())]
    r = deliver(p, entries)
    tap.eq(outcomes(r), ["ok"] * len(entries), "raw: all confirmed", r.log())
    got = {m["properties"]["message_id"]: m for m in node.consume("q")}
    for i, (name, e) in enumerate(zip(MESSAGES, entries)):
        wanted = (b"X-Added: %d\r\n" % i if i % 2 else b"") + e.message
        m = got.get(e.id, {"body": None})
        tap.ok(m["body"] == wanted, f"raw: {name}", f"{m['body']!r:.200}",
               f"{wanted!r:.200}")
    m = got[entries[0].id]
    tap.eq(m["properties"], {
        "content_type": "message/rfc822", "delivery_mode": 2,
        "message_id": entries[0].id, "timestamp": 1700000000,
        "type": "mail", "app_id": "smtpe"}, "raw: properties")
    tap.eq(m["headers"], {
        "x-smtpe-id": ["S", entries[0].id],
        "sender": ["S", "s@example.net"],
        "recipients": ["A", [["S", "u@example.org"]]],
        "protocol": ["S", "ESMTP"], "received": ["T", 1700000000],
        "size": ["l", len(entries[0].message)],
        "queue": ["S", "example.org"]}, "raw: headers")
    p.remove()


def test_headers():
    """Everything an entry may hold, with its type."""
    p = place()
    e = p.entry(sender="", rcpts=["a@example.org", "b c@example.org",
                                  "ü@example.org"])
    rewrite(e, b"client-ip 192.0.2.7\nclient-port 2525\n"
            b"client-name client.example.net\nhelo he%20lo\nauth user@x\n"
            b"tls TLSv1.2\nmeta tenant s text%20of%20mine\n"
            b"meta bytes s %FF%FE\nmeta score n 42\nmeta less n -7\n"
            b"meta ratio n 0.25\nmeta spam b true\nmeta ham b false")
    r = deliver(p, [e])
    m = node.consume("q")
    tap.ok(len(m) == 1 and len(r.done[1]) == 3, "one message for three",
           r.done, r.log())
    h = m[0]["headers"] if m else {}
    tap.eq(h.get("sender"), ["S", ""], "the null sender is there")
    tap.eq(h.get("recipients"), ["A", [["S", a] for a in e.rcpts]],
           "an array of recipients")
    tap.eq({k: h.get(k) for k in ("remote_ip", "remote_port", "remote_name",
                                  "helo", "auth", "tls")},
           {"remote_ip": ["S", "192.0.2.7"], "remote_port": ["l", 2525],
            "remote_name": ["S", "client.example.net"],
            "helo": ["S", "he lo"], "auth": ["S", "user@x"],
            "tls": ["S", "TLSv1.2"]}, "the client", h)
    tap.eq({k[5:]: v for k, v in h.items() if k.startswith("meta-")},
           {"tenant": ["S", "text of mine"], "bytes": ["x", "fffe"],
            "score": ["l", 42], "less": ["l", -7], "ratio": ["d", "0.25"],
            "spam": ["t", True], "ham": ["t", False]},
           "metadata with its types")
    rewrite(e, b"meta " + b"k" * 251 + b" s x")
    r = deliver(p, [e])
    tap.ok(answer(r, 1)[0] == "later" and "metadata key" in answer(r, 1)[3],
           "a metadata key that is too long", answer(r, 1))
    p.remove()


def content(o):
    if o.get("encoding") == "base64":
        return base64.b64decode(o["email_content"], validate=True)
    return o["email_content"].encode()


def test_json():
    p = place(amqpformat="json")
    entries = [p.entry(m, rcpts=["a@example.org", 'q"\\@example.org'],
                       sender="" if i == 0 else "s@example.net")
               for i, m in enumerate(MESSAGES.values())]
    r = deliver(p, entries)
    tap.eq(outcomes(r), ["ok"] * len(entries), "json: all confirmed",
           r.log())
    got = {m["properties"]["message_id"]: m for m in node.consume("q")}
    for i, (name, e) in enumerate(zip(MESSAGES, entries)):
        try:
            m = got[e.id]
            o = json.loads(m["body"].decode("utf-8"))
        except (KeyError, ValueError) as error:
            tap.ok(False, f"json: {name}", repr(error))
            continue
        keys = ["timestamp", "message_id", "client_address", "recipients",
                "email_content", "sender", "helo", "size", "queue_id"]
        try:
            e.message.decode("utf-8")
        except ValueError:
            keys.append("encoding")
        tap.ok(content(o) == e.message and list(o) == keys,
               f"json: {name}", list(o), f"{content(o)!r:.200}")
    m = got[entries[0].id]
    o = json.loads(m["body"])
    del o["email_content"]
    tap.eq(o, {"timestamp": "2023-11-14T22:13:20.250000Z",
               "message_id": entries[0].id, "client_address": "",
               "recipients": ["a@example.org", 'q"\\@example.org'],
               "sender": "", "helo": "", "size": len(entries[0].message),
               "queue_id": entries[0].id}, "json: the fields")
    tap.ok(m["properties"]["content_type"] == "application/json" and
           m["headers"] == {"x-smtpe-id": ["S", entries[0].id]},
           "json: properties", m["properties"], m["headers"])
    p.remove()


def test_ids():
    p = place()
    e = p.entry(rcpts=["a@example.org", "b@example.org", "c@example.org"])
    r = start(p)
    for rcpts in (e.rcpts, ["b@example.org", "c@example.org"],
                  ["a@example.org"], ["new@example.org"],
                  ["newer@example.org"]):
        r.job(e, "amqp:/q", rcpts)
    r.collect(8)
    r.finish()
    m = node.consume("q")
    ids = [x["properties"]["message_id"] for x in m]
    tap.eq(ids[:3], [e.id, e.id + ".2", e.id + ".1"], "message ids")
    tap.ok(len(set(ids)) == 5, "rewritten recipients have ids of their own",
           ids)
    tap.ok(all(x["headers"]["x-smtpe-id"] == ["S", e.id] for x in m),
           "x-smtpe-id is the entry's")
    p.remove()


def test_refusals():
    node.declare("q", "ex", "k")
    p = place()
    r = start(p)
    for i in range(60):
        r.job(p.entry(), {20: "amqp:/nowhere", 30: "amqp:missing/k",
                          31: "amqp:missing/k", 32: "amqp:missing/other"
                          }.get(i, "amqp:ex/k"))
    r.collect(60)
    code = r.finish()
    got = outcomes(r)
    tap.ok(got.count("ok") == 56 and code == 0, "the others arrive", got,
           r.log())
    tap.ok(answer(r, 21)[0] == "later" and "NO_ROUTE" in answer(r, 21)[3],
           "unroutable is later", answer(r, 21))
    tap.ok(all(answer(r, n)[0] == "later" and
               "no exchange 'missing'" in answer(r, n)[3]
               for n in (31, 32, 33)), "a missing exchange is later",
           answer(r, 31), answer(r, 32), answer(r, 33))
    m = node.consume("q")
    ids = {x["properties"]["message_id"] for x in m}
    tap.ok(len(ids) == 56, "all of them are in the queue", len(ids), len(m))
    for name, uri, pattern in (
            ("a wrong password", node.uri.replace(":guest", ":pa55", 1),
             "ACCESS_REFUSED"),
            ("a vhost that is missing", node.uri.replace("%2f", "other"),
             "vhost other not found")):
        p.set("amqp", uri)
        r = deliver(p, [p.entry()])
        said = r.log() + repr(r.done) + repr(r.other)
        tap.ok(outcomes(r) == ["later"] and pattern in answer(r, 1)[3] and
               "pa55" not in said, name, said)
    p.set("amqp", node.uri + "\n" + node.uri)
    r = deliver(p, [p.entry()])
    tap.eq(outcomes(r), ["ok"], "two nodes, the first is good")
    p.remove()


def test_too_large():
    """One message that the broker cannot stomach, among others."""
    node.declare("q")
    p = place()
    entries = [p.entry(b"S: x\r\n\r\n" + b"y" * 9000000 if i == 7 else HEAD)
               for i in range(20)]
    r = deliver(p, entries)
    got = outcomes(r)
    tap.ok(got.count("ok") == 19 and got[7] == "later" and
           "larger than" in answer(r, 8)[3],
           "only the one that is too large is put off", got, answer(r, 8),
           r.log())
    tap.eq({m["properties"]["message_id"] for m in node.consume("q")},
           {e.id for i, e in enumerate(entries) if i != 7},
           "the others are in the queue")
    p.remove()


def test_memory():
    """A window of large messages needs no more than one block each."""
    for fmt in ("raw", "json"):
        p = place(amqpformat=fmt)
        r = start(p)
        for i in range(12):
            r.job(p.entry(HEAD + os.urandom(5000000)), "amqp:/q")
        r.collect(12)
        peak = r.proc_status("VmHWM")
        tap.ok(outcomes(r) == ["ok"] * 12, f"{fmt}: 60 MB in flight", r.log())
        if sanitized(PROGRAM):
            tap.skip("in 24 MB", "a sanitizer keeps what was freed")
        else:
            tap.ok(peak < 24000, "in 24 MB", peak)
        r.finish()
        node.run("purge", "q")
        p.remove()


def send_until(r, p, n, enough):
    """Jobs within the window until so many are answered."""
    entries = []
    while len(entries) < n and r.answers < enough:
        while r.next - 1 - r.answers < r.window and len(entries) < n:
            entries.append(p.entry(HEAD + b"x" * 4096))
            r.job(entries[-1], "amqp:/q")
        r.take(r.read_line())
    return entries


def check_nothing_lost(name, r, p, entries, again=True):
    """Every "ok" is in the queue; what is not "ok" arrives by another run;
    twice only what was not confirmed."""
    ok = {e.id for i, e in enumerate(entries)
          if answer(r, i + 1)[0] == "ok"}
    first = [m["properties"]["message_id"] for m in node.consume("q")]
    tap.ok(ok <= set(first), f"{name}: what was confirmed is in the queue",
           len(ok), len(set(first)), list(ok - set(first))[:3])
    twice = {i for i in first if first.count(i) > 1}
    tap.ok(not (twice & ok), f"{name}: nothing confirmed came twice",
           list(twice)[:5])
    rest = [e for e in entries if e.id not in ok]
    r = deliver(p, rest)
    second = [m["properties"]["message_id"] for m in node.consume("q")]
    tap.ok(outcomes(r) == ["ok"] * len(rest) and
           set(second) == {e.id for e in rest} and
           len(second) == len(rest),
           f"{name}: the next run delivers the rest ({len(rest)})",
           r.log())
    tap.ok(ok | set(first) | set(second) == {e.id for e in entries},
           f"{name}: all {len(entries)} arrived")


def test_killed():
    node.declare("q")
    p = place(amqptimeout="5")
    r = start(p)
    entries = send_until(r, p, 3000, 1000)
    node.kill()
    more = [p.entry() for _ in range(200)]
    for e in more:
        while r.next - 1 - r.answers >= r.window:
            r.take(r.read_line())
        r.job(e, "amqp:/q")
    r.collect(r.next - 1)
    code = r.finish()
    tap.ok(code == 0 and set(outcomes(r)) == {"ok", "later"} and
           any(o.startswith(b"busy ") for o in r.other),
           "killed: the rest is later, and busy", code, r.other, r.log())
    node.start()
    check_nothing_lost("killed", r, p, entries + more)
    p.remove()


def test_stopped():
    node.declare("q")
    p = place(amqptimeout="1")
    r = start(p)
    entries = send_until(r, p, 3000, 500)
    node.pause()
    more = [p.entry(HEAD + b"x" * 100000) for _ in range(300)]
    for e in more:
        while r.next - 1 - r.answers >= r.window:
            r.take(r.read_line())
        r.job(e, "amqp:/q")
    r.collect(r.next - 1)
    code = r.finish()
    tap.ok(code == 0 and set(outcomes(r)) == {"ok", "later"},
           "stopped: the rest is later, in time", code, r.log())
    node.go_on()
    check_nothing_lost("stopped", r, p, entries + more)
    p.remove()


def test_blocked():
    node.declare("q")
    p = place(amqptimeout="2")
    node.ctl("set_vm_memory_high_watermark 0.0000001")
    r = start(p)
    entries = [p.entry() for _ in range(20)]
    for e in entries:
        r.job(e, "amqp:/q")
    r.collect(20)
    got = outcomes(r)
    tap.ok("ok" not in got or got.count("later") > 0,
           "memory alarm: not everything is confirmed", got)
    busy = [o for o in r.other if o.startswith(b"busy ")]
    tap.ok(busy and b"low%20on%20memory" in busy[0],
           "memory alarm: busy with the broker's reason", r.other, r.log())
    tap.ok(all("low on memory" in answer(r, n)[3]
               for n in range(1, 21) if got[n - 1] == "later"),
           "memory alarm: the reason is in the answers", answer(r, 20))
    late = p.entry()
    r.job(late, "amqp:/q")
    r.collect(21)
    tap.eq(answer(r, 21)[0], "later", "memory alarm: the next is later")
    tap.eq(r.finish(), 0, "memory alarm: a normal end")
    node.ctl("set_vm_memory_high_watermark 0.4")
    check_nothing_lost("memory alarm", r, p, entries + [late])
    p.remove()


def test_ends():
    """SIGTERM and a runner that is gone: what is in hand is finished."""
    node.declare("q")
    p = place()
    r = start(p)
    entries = [p.entry() for _ in range(100)]
    for e in entries:
        r.job(e, "amqp:/q")
    while r.answers < 10:
        r.take(r.read_line())
    r.terminate()
    r.drain()
    tap.ok(r.status() == 0 and set(outcomes(r)) <= {"ok", "none"},
           "SIGTERM: what was taken is answered", outcomes(r))
    done = {e.id for e, o in zip(entries, outcomes(r)) if o == "ok"}
    ids = {m["properties"]["message_id"] for m in node.consume("q")}
    tap.ok(done <= ids, "SIGTERM: and in the queue")
    r = start(p)
    r.job(entries[0], "amqp:/q")
    r.collect(1)
    r.sock.close()
    tap.eq(r.status(), 0, "a runner that is gone")
    node.run("purge", "q")
    p.remove()


def test_conformance():
    node.declare("q")
    conformance(tap, Agent(BASE, PROGRAM, lambda place: "amqp:/q",
                           env={"SMTPE_AMQP": node.uri},
                           delivered=None))
    node.run("purge", "q")


def test_quorum():
    node.declare("quorum", kind="declare-quorum")
    p = place()
    entries = [p.entry() for _ in range(300)]
    r = deliver(p, entries, "amqp:/quorum")
    tap.eq(outcomes(r), ["ok"] * 300, "a quorum queue", r.log())
    tap.eq(sorted(m["properties"]["message_id"]
                  for m in node.consume("quorum")),
           sorted(e.id for e in entries), "each once")
    p.remove()


only = sys.argv[3:]
try:
    node.declare("q")
    for test in (test_raw, test_headers, test_json, test_ids, test_refusals,
                 test_too_large, test_memory, test_quorum, test_ends,
                 test_blocked, test_stopped, test_killed, test_conformance,
                 *amqp_shape.TESTS):
        if not only or test.__name__ in only:
            began = time.monotonic()
            test()
            print(f"# {test.__name__}: {time.monotonic() - began:.1f} s")
finally:
    node.stop()
sys.exit(tap.done())
