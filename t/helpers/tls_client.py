"""TLS as a client, against servers of every kind. usage: tls_client.py BUILD
DIRECTORY CERTIFICATES"""

import os
import shutil
import ssl
import subprocess
import sys

from agent_conformance import Agent
from agent_smtp import PLAIN, Session
from agentlib import Tap
from smtp_fake import Fake


def main():
    build, base, ca = sys.argv[1:4]
    tap = Tap()
    agent = Agent(base, os.path.join(build, "queuerun", "agent-smtp"), None)
    table = os.path.join(ca, "trust.cdb")

    def context(name, least=ssl.TLSVersion.TLSv1_2):
        c = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        c.minimum_version = least
        c.load_cert_chain(f"{ca}/{name}.pem", f"{ca}/{name}.key")
        return c

    def one(fake, level, host="localhost", table=table, **more):
        """One message: its answer, its notes, the log."""
        s = Session(agent, smtptls=level, tlsca=table,
                    timeoutremote="2", **more)
        a = s.give(f"smtp:{host}:{fake.port}")[0]
        notes = s.notes()[0] if s.notes() else {}
        status, log = s.end()
        fake.stop()
        return a, notes, log

    # Anybody will do, or nobody.
    f = Fake(context=context("self"), ehlo=["PIPELINING"])
    a, notes, log = one(f, "may")
    m = f.messages[0]
    tap.eq((a[0], m.tls, m.data, notes["tls"].startswith(
        "TLSv1.2 ECDHE-ECDSA-"), "verified" in notes["tls"]),
           ("ok", "TLSv1.2", PLAIN, True, False),
           "may: encrypted, whoever it is")
    said = [x.split(" ")[0] for x in f.said]
    tap.eq(said[:4], ["EHLO", "STARTTLS", "EHLO", "MAIL"],
           "EHLO is said again")
    f = Fake(ehlo=["PIPELINING"])
    a, notes, log = one(f, "may")
    tap.eq((a[0], f.messages[0].tls, "tls" in notes, log),
           ("ok", None, False, ""), "may: not offered, without")
    f = Fake(context=context("self"))
    a, notes, log = one(f, "none")
    tap.eq((a[0], f.messages[0].tls, "STARTTLS" in f.said),
           ("ok", None, False), "none: not even asked")
    f = Fake(context=context("self"),
             replies={"STARTTLS": "454 4.7.0 not now"})
    a, notes, log = one(f, "may")
    tap.eq((a[0], f.messages[0].tls, f.connections,
            "event=tls-failed" in log), ("ok", None, 1, True),
           "may: refused, without, in the same connection")
    f = Fake(context=context("self"), garbage=b"250 this is no TLS\r\n")
    a, notes, log = one(f, "may")
    tap.eq((a[0], f.messages[0].tls, f.connections,
            "event=tls-failed" in log), ("ok", None, 2, True),
           "may: the handshake fails, another connection without")
    f = Fake(context=context("self", ssl.TLSVersion.TLSv1_3))
    a, notes, log = one(f, "may")
    tap.eq((a[0], f.messages[0].tls, f.connections), ("ok", None, 2),
           "may: a server that wants TLS 1.3", a, log)
    f = Fake(context=context("self"), replies={"STARTTLS": None})
    a, notes, log = one(f, "may")
    tap.eq((a[0], f.connections), ("ok", 2),
           "may: a server that goes away, another connection")

    # Without it nothing is sent.
    f = Fake(context=context("self"))
    a, notes, log = one(f, "require")
    tap.eq((a[0], f.messages[0].tls), ("ok", "TLSv1.2"),
           "require: encrypted, whoever it is")
    for name, wanted, more in (
            ("not offered", "4.7.4", {}),
            ("refused", "4.7.4", {"context": context("self"), "replies":
                                  {"STARTTLS": "454 4.7.0 not now"}}),
            ("refused with 250", "4.7.4", {
                "context": context("self"),
                "replies": {"STARTTLS": "250 sure"}}),
            ("garbage", "4.7.5", {"context": context("self"),
                                  "garbage": b"\x16\x03\x03\x00\x02hi"}),
            ("TLS 1.3", "4.7.5", {"context": context(
                "self", ssl.TLSVersion.TLSv1_3)})):
        f = Fake(**more)
        a, notes, log = one(f, "require")
        tap.eq((a[:3], a[3].endswith("(starttls)"), f.messages,
                any(x.startswith("MAIL") for x in f.said)),
               (("later", 451, wanted), True, [], False),
               f"require, {name}: {a[3]}")
    f = Fake(context=context("self"), replies={"STARTTLS": "="})
    a, notes, log = one(f, "require")
    tap.eq(a[:3], ("later", 451, "4.4.2"), f"require, silence: {a[3]}")

    # Whoever can prove it.
    for name in ("chain", "goodrsa"):
        f = Fake(context=context(name))
        a, notes, log = one(f, "verify")
        tap.eq((a[0], f.messages and f.messages[0].tls,
                notes.get("tls", "").endswith(" verified")),
               ("ok", "TLSv1.2", True), f"verify: {name}", a, log)
    f = Fake(context=context("self"))
    a, notes, log = one(f, "verify", table=os.path.join(ca, "self.cdb"))
    tap.eq((a[0], f.messages and f.messages[0].tls), ("ok", "TLSv1.2"),
           "verify: a certificate of its own, when it is in the table", a)
    for name, text in (("expired", "expired"), ("other", "name"),
                       ("wild", "name"), ("unknown", "trust"),
                       ("self", "trust"), ("good", "trust"),
                       ("notcachain", "")):
        f = Fake(context=context(name))
        a, notes, log = one(f, "verify")
        tap.ok(a[:3] == ("later", 451, "4.7.5") and text in a[3] and
               not f.messages, f"verify: {name}: {a[3]}", a)
    shutil.copy(f"{ca}/trust.cdb", f"{ca}/broken.cdb")
    with open(f"{ca}/broken.cdb", "r+b") as h:
        size = os.fstat(h.fileno()).st_size
        h.seek(2048 + 8 + 32)
        h.write(b"\xff" * (size - 2048 - 40 - 64))
    with open(f"{ca}/short.cdb", "wb") as h:
        h.write(b"x" * 100)
    for name, path, wanted in (
            ("no table", f"{ca}/missing.cdb", "4.3.5"),
            ("a table that is none", f"{ca}/short.cdb", "4.3.5"),
            ("a table that is a directory", ca, "4.3.5"),
            ("a table that is damaged", f"{ca}/broken.cdb", "4.7.5")):
        f = Fake(context=context("chain"))
        a, notes, log = one(f, "verify", table=path)
        tap.ok(a[:3] == ("later", 451, wanted) and not f.messages,
               f"verify, {name}: {a[3]}", a)
    f = Fake(context=context("chain"))
    a, notes, log = one(f, "verify", host="127.0.0.1")
    tap.eq(a[:3], ("later", 451, "4.3.5"), f"verify an address: {a[3]}")

    # One for each.
    f = Fake(context=context("self"))
    a, notes, log = one(f, "none", smtptlshosts="localhost:require")
    tap.eq(f.messages[0].tls, "TLSv1.2", "a host of its own in the map")
    f = Fake(context=context("self"))
    a, notes, log = one(f, "none", host="a.localhost",
                        smtptlshosts="example:verify\n.localhost:require")
    tap.eq(f.messages and f.messages[0].tls, "TLSv1.2",
           "and all below a name", a)

    # What was said in the clear does not count.
    f = Fake(context=context("chain"), replies={
        "STARTTLS": "220 go ahead\r\n250-evil\r\n250 DSN"})
    s = Session(agent, smtptls="verify", tlsca=table, timeoutremote="2")
    a = s.give(f"smtp:localhost:{f.port}", params=b"RET=HDRS")[0]
    s.end()
    tap.eq((a[0], "RET" in f.messages[0].mail), ("ok", False),
           "octets behind the 220 of STARTTLS are forgotten")
    f.stop()

    # Several messages, and large ones.
    f = Fake(context=context("chain"), ehlo=["PIPELINING"])
    s = Session(agent, smtptls="verify", tlsca=table)
    large = b"A: b\r\n\r\n" + (b"x" * 997 + b"\r\n") * 3000
    for message in (PLAIN, large, PLAIN):
        s.give(f"smtp:localhost:{f.port}", message)
    tap.eq(([m.data for m in f.messages] == [PLAIN, large, PLAIN],
            f.connections), (True, 1), "3 MB, one connection")
    tap.eq(s.end()[0], 0, "ends with 0")
    f.stop()
    f = Fake(context=context("chain"), lmtp=True)
    lmtp = Agent(base, os.path.join(build, "queuerun", "agent-lmtp"), None)
    for hosts, wanted in (("x:verify", None), ("localhost:verify",
                                               "TLSv1.2")):
        s = Session(lmtp, smtptlshosts=hosts, tlsca=table)
        a = s.give(f"lmtp:localhost:{f.port}")[0]
        s.end()
        tap.eq((a[0], f.messages[-1].tls), ("ok", wanted),
               f"LMTP, smtptlshosts {hosts}")
    f.stop()

    session(tap, build, base, ca, context)
    return tap.done()


def session(tap, build, base, ca, context):
    """The smart host, and scripts."""
    smtpe = os.path.join(build, "smtpe", "smtpe")
    place = os.path.join(base, "smarthost")
    os.makedirs(place + "/control")
    with open(place + "/smtp.lua", "w") as f:
        f.write('function hook.rcpt(r)\n'
                '\tlocal x = smtp.sendstring(os.getenv("HOST"), '
                '"a@b.example", "c@d.example", "A: b\\r\\n\\r\\nc\\r\\n", '
                '{tls = os.getenv("LEVEL")})\n'
                '\treturn action.reject(x.outcome .. " " .. x.text)\nend\n')
    mail = (b"EHLO x\r\nMAIL FROM:<a@b.example>\r\n"
            b"RCPT TO:<u@example.org>\r\nDATA\r\nA: b\r\n\r\nc\r\n.\r\n"
            b"QUIT\r\n")

    errors = []

    def run(*options, **env):
        r = subprocess.run(
            [smtpe, "-c", place + "/control", "-q", place + "/queue",
             "-o", "me=mx.example.org", "-o", "rcpthosts=example.org",
             "-o", f"tlsca={ca}/trust.cdb", "-o", "smarthostfallback=defer",
             "-o", "softerrors=100",
             *options], input=mail, capture_output=True,
            env={**os.environ, **env})
        errors.append(r.stderr.decode())
        return r.stdout.decode().splitlines()

    for level, name, code in (("may", "self", "250"), ("none", "self", "250"),
                              ("verify", "chain", "250"),
                              ("verify", "self", "451"),
                              ("require", None, "451")):
        f = Fake(context=context(name) if name else None)
        out = run("-o", f"smarthost=localhost:{f.port}",
                  "-o", f"smarthosttls={level}")
        tap.eq((out[-2][:3], [m.tls for m in f.messages]),
               (code, ([None if level == "none" else "TLSv1.2"]
                       if code == "250" else [])),
               f"smarthosttls {level} towards {name}", out)
        f.stop()
    for level, name, wanted in (
            ("verify", "chain", "ok"), ("verify", "self", "insecure"),
            ("require", "self", "ok"), ("none", "self", "ok")):
        f = Fake(context=context(name))
        out = run("-s", place + "/smtp.lua", HOST=f"localhost:{f.port}",
                  LEVEL=level)
        text = [x for x in out if x.startswith("550")]
        tap.ok(text and f" {wanted} " in text[0] and
               [m.tls for m in f.messages] == (
                   [] if wanted != "ok" else
                   [None if level == "none" else "TLSv1.2"]),
               f"a script's tls = {level} towards {name}", out)
        f.stop()
    out = run("-s", place + "/smtp.lua", HOST="localhost:1", LEVEL="yes")
    tap.ok("none, may, require or verify expected, got yes" in errors[-1],
           "a script's tls = yes is an error", errors[-1])


if __name__ == "__main__":
    sys.exit(main())
