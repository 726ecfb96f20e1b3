"""agent-maildir beyond what every agent must do: names, bytes, attackers,
errors of the disk. usage: agent_maildir.py BUILD DIRECTORY"""

import os
import re
import shutil
import signal
import stat
import subprocess
import sys
import time

from agent_conformance import Agent, conformance
from agentlib import PATIENCE, Tap, escape

PLAIN = b"Subject: one\r\n\r\nHello.\r\n"


def lf(message):
    return message.replace(b"\r\n", b"\n")


def tree(top):
    """Every file below top: path -> content."""
    found = {}
    for directory, _, files in os.walk(top):
        for f in files:
            path = os.path.join(directory, f)
            with open(path, "rb") as h:
                found[os.path.relpath(path, top)] = h.read()
    return found


def new_files(top):
    return {k: v for k, v in tree(top).items() if "/new/" in "/" + k}


class Session:
    """A place, an agent in it, and one call per delivery."""

    def __init__(self, agent, **controls):
        more = {k: controls.pop(k) for k in ("wrap", "limit")
                if k in controls}
        self.place = agent.place(**controls)
        self.m = os.path.join(self.place.dir, "m")
        self.r = agent.run(self.place, **more)

    def route(self, template="%d/%u"):
        return f"maildir:{self.m}/{template}"

    def give(self, message=PLAIN, rcpts=("u@example.org",), route=None,
             job=None, **more):
        """One job: the list of its answers."""
        entry = self.place.entry(message, rcpts, **more)
        return self.again(entry, route, job)

    def again(self, entry, route=None, rcpts=None):
        n = self.r.job(entry, route or self.route(), rcpts)
        self.r.collect(self.r.answers + len(rcpts or entry.rcpts))
        answers = self.r.done.get(n, {})
        return [answers[i] for i in sorted(answers)]

    def end(self):
        status = self.r.finish()
        log = self.r.log()
        self.place.remove()
        return status, log


def head(rcpt="u@example.org", sender="s@example.net"):
    return f"Return-Path: <{sender}>\nDelivered-To: {rcpt}\n".encode()


def test_bytes(tap, agent):
    s = Session(agent)
    every = bytes(c for c in range(256) if c not in (10, 13))
    block = 65536
    messages = {
        "a plain message": PLAIN,
        "8-bit octets": b"Subject: gr\xc3\xbc\xdfe\r\n\r\n" + every + b"\r\n",
        "a line of 300,000 octets": b"A: b\r\n\r\n" + b"x" * 300000 + b"\r\n",
        "a line of 100,000 octets": b"A: b\r\n\r\n" + b"x" * 100000 + b"\r\n",
        "lines that begin with dots": b"A: b\r\n\r\n.\r\n..\r\n.a\r\n",
        "lines that begin with From": b"A: b\r\n\r\nFrom x\r\n>From y\r\n",
        "an empty body": b"Subject: one\r\n\r\n",
        "no empty line": b"Subject: one\r\n",
        "no header": b"\r\nHello.\r\n",
        "no header and no empty line": b"Hello there.\r\nBye.\r\n",
        "nothing at all": b"",
        "empty lines": b"\r\n" * 5,
        "a last line without an end": b"A: b\r\n\r\nx",
        "a last octet that is CR": b"A: b\r\n\r\nx\r",
        "2 MiB": b"A: b\r\n\r\n" + (every + b"\r\n") * 8192,
        "a CRLF over the edge of a block":
            b"A: b\r\n\r\n" + b"x" * (block - 9) + b"\r\n" +
            b"y" * 3 * block + b"\r\n",
        "a bare CR over the edge of a block":
            b"A: b\r\n\r\n" + b"x" * (block - 9) + b"\rz" +
            b"y" * 3 * block + b"\r\n",
    }
    for name, message in messages.items():
        shutil.rmtree(s.m, ignore_errors=True)
        answers = s.give(message)
        tap.ok([a[:3] for a in answers] == [("ok", 250, "2.0.0")] and
               list(tree(s.m).values()) == [head() + lf(message)],
               f"byte for byte: {name}", answers,
               {k: v[:200] for k, v in tree(s.m).items()})
    edits = [b"prepend " + escape("Received: by a;\r\n\tnow"),
             b"append " + escape("X-Last: 1"),
             b"replace 2 " + escape("Subject: two"), b"remove 1"]
    for filler in (b"", b"z" * 400000):
        shutil.rmtree(s.m, ignore_errors=True)
        s.give(b"A: b\r\nSubject: one\r\nC: d\r\n\r\n" + filler + b"\r\n",
               edits=edits)
        tap.ok(list(tree(s.m).values()) ==
               [head() + b"Received: by a;\n\tnow\nSubject: two\nC: d\n"
                b"X-Last: 1\n\n" + filler + b"\n"],
               f"edits are applied ({len(filler)} octets)",
               list(tree(s.m).values())[0][:300])
    shutil.rmtree(s.m)
    s.give(sender="")
    tap.ok(list(tree(s.m).values())[0].startswith(b"Return-Path: <>\n"),
           "the null sender is <>")
    shutil.rmtree(s.m)
    s.give(rcpts=["a@example.org"], job=["a@example.org\nX-Evil: 1"])
    tap.ok(b"\nX-Evil" not in list(tree(s.m).values())[0],
           "an address cannot add a line")
    tap.eq(s.end()[0], 0, "ends with 0")


def test_file(tap, agent):
    s = Session(agent, me="mx1.example.org")
    e = s.place.entry(rcpts=["a@example.org", "b@example.org"],
                      received="1712345678.999999")
    answers = s.again(e)
    names = [f"1712345678.R{e.id}N{n}.mx1.example.org"
             for n in (1, 2)]
    tap.eq(sorted(tree(s.m)), [f"example.org/a/new/{names[0]}",
                               f"example.org/b/new/{names[1]}"],
           "the name: received time, entry and recipient, host")
    tap.eq([a[3] for a in answers],
           [f"delivered to {s.m}/example.org/{u}/new/{n}"
            for u, n in zip("ab", names)], "the answer says where")
    s.again(e, rcpts=["b@example.org"])
    tap.eq(len(tree(s.m)), 2, "a recipient has the same name in any job")
    modes = {stat.S_IMODE(os.stat(d).st_mode)
             for d, _, _ in os.walk(s.m)}
    tap.eq(modes, {0o700}, "directories are 0700")
    path = f"{s.m}/example.org/a/new/{names[0]}"
    tap.eq(oct(os.stat(path).st_mode), "0o100600", "files are 0600")
    tap.eq(sorted(os.listdir(f"{s.m}/example.org/a")), ["cur", "new", "tmp"],
           "a Maildir has cur, new and tmp")
    # A repeat, as after a crash, alone and twice in one batch.
    s.again(e)
    for _ in range(3):
        s.r.job(e, s.route())
    s.r.collect(s.r.answers + 6)
    tap.ok(len(tree(s.m)) == 2 and
           all(a[0] == "ok" for j in s.r.done.values() for a in j.values()),
           "repeats give no second file in new/", tree(s.m).keys())
    os.rename(path, path.replace("/new/", "/cur/") + ":2,S")
    s.again(e)
    tap.eq(len(tree(s.m)), 3, "once its reader has it, a repeat is one more")
    s.again(e, s.route("shared"))
    tap.eq(len(tree(s.m + "/shared")), 2,
           "recipients that share a Maildir have a file each")
    s.again(e, s.route("other"), ["x@example.org", "y@example.org"])
    tap.eq(len(tree(s.m + "/other")), 2,
           "so have those that the entry does not know")
    s.give(rcpts=["d@example.org", "d@example.org"], route=s.route("twice"))
    tap.eq(len(tree(s.m + "/twice")), 2, "and one that was named twice")
    tap.eq(s.end()[0], 0, "ends with 0")


def test_templates(tap, agent):
    s = Session(agent)

    def where(template, rcpt):
        shutil.rmtree(s.m, ignore_errors=True)
        answers = s.give(rcpts=[rcpt], route="maildir:" + template)
        found = [os.path.dirname(os.path.dirname(k)) for k in tree(s.m)]
        return found[0] if found else answers[0][:3]

    m = s.m
    for template, rcpt, wanted in (
            ("%d/%u", "Joe@EXAMPLE.org", "example.org/Joe"),
            ("%d/%l", "Joe@example.org", "example.org/joe"),
            ("a%%b/%u@%d", "joe@example.org", "a%b/joe@example.org"),
            ("fixed", "joe@example.org", "fixed"),
            ("//%d///%u//", "joe@example.org", "example.org/joe"),
            ("%d/%u", "joe@[127.0.0.1]", "[127.0.0.1]/joe"),
            ("%d/%u", "postmaster", "mx.example.org/postmaster"),
            ("%u", '"joe"@example.org', "joe"),
            ("%u", '"a\\"b"@example.org', 'a"b')):
        tap.eq(where(f"{m}/{template}", rcpt), wanted,
               f"{template} for {rcpt}")
    tap.eq(where(f"{m}/%d/%u", '""@example.org'), ("fail", 550, "5.1.1"),
           "an empty local part has no Maildir")
    tap.eq(where(f"{m}/%u", "x" * 300 + "@example.org"),
           ("fail", 550, "5.1.1"), "nor has one that is too long")
    for template, what in ((f"{m}/%x/%u", "an unknown letter"),
                           (f"{m}/%u%", "a lonely %"), ("m/%d", "relative"),
                           ("./m", "relative"), ("/", "the root"),
                           ("%d/%u", "relative"), ("///", "the root")):
        tap.eq(where(template, "u@example.org"), ("later", 451, "4.3.5"),
               f"our mistake is no bounce: {template} ({what})")
    tap.eq(s.give(route="amqp:x")[0][:3], ("later", 451, "4.3.5"),
           "a route for another agent: later")
    tap.eq(s.end()[0], 0, "ends with 0")
    s = Session(agent)
    s.give(route="maildir:")
    tap.eq(len(new_files(s.place.dir + "/maildir/example.org/u")), 1,
           "maildir: alone is QUEUEDIR/../maildir/%d/%u")
    s.end()
    s = Session(agent, maildir="/nonexistent/%d")
    s.place.set("maildir", s.m + "/by-control/%u")
    s.r.finish()
    s.r = agent.run(s.place)
    s.give(route="maildir:")
    tap.eq(len(new_files(s.m + "/by-control/u")), 1,
           "or what the control maildir says")
    s.end()


def test_attackers(tap, agent):
    s = Session(agent)
    base = f"{s.m}/d"
    for local, wanted in (
            ("../../x", "%2E.%2F..%2Fx"), ("..", "%2E."), (".", "%2E"),
            ("a/b", "a%2Fb"), ("/etc/passwd", "%2Fetc%2Fpasswd"),
            (".hidden", "%2Ehidden"), ("a..b", "a..b"), ("100%u", "100%25u"),
            ("%2E%2E", "%252E%252E"), ('"a b"', "a b"), ('"a\\\\b"', "a\\b"),
            ('"../x"', "%2E.%2Fx"), ('"\\../x"', "%2E.%2Fx"),
            ("gr\u00fc\u00dfe", "gr\u00fc\u00dfe"), ("-rf", "-rf"),
            ("$(id)`id`;|&<>*?", "$(id)`id`;|&<>*?"), ("tmp", "tmp"),
            ("\x7f", "%7F"), ("\x01", "%01"), ("a\nb", "a%0Ab")):
        shutil.rmtree(s.m, ignore_errors=True)
        answers = s.give(rcpts=["a@example.org"],
                         job=[f"{local}@example.org"],
                         route=f"maildir:{base}/%u")
        found = {os.path.relpath(d, base)
                 for d, dirs, _ in os.walk(s.m) if "new" in dirs}
        tap.eq((found, answers[0][0]), ({wanted}, "ok"),
               f"local part {local!r} stays in its place")
    for domain, wanted in (("..", "%2E."), ("../../x", "%2E.%2F..%2Fx"),
                           ("a/b", "a%2Fb")):
        shutil.rmtree(s.m, ignore_errors=True)
        s.give(rcpts=["a@example.org"], job=[f"u@{domain}"],
               route=f"maildir:{base}/%d")
        found = {os.path.relpath(d, base)
                 for d, dirs, _ in os.walk(s.m) if "new" in dirs}
        tap.eq(found, {wanted}, f"domain {domain!r} stays in its place")
    tap.eq(sorted(os.listdir(s.place.dir)), ["control", "m", "queue"],
           "nothing was made elsewhere")
    tap.eq(s.end()[0], 0, "ends with 0")


def test_loops(tap, agent):
    s = Session(agent)

    def outcome(message, rcpts=("u@example.org",), **more):
        return [a[:3] for a in s.give(message, rcpts, **more)]

    loop = ("fail", 554, "5.4.6")
    fine = ("ok", 250, "2.0.0")
    line = b"Delivered-To: u@example.org\r\n"
    body = b"\r\nx\r\n"
    for name, message, wanted in (
            ("its own Delivered-To", line + body, loop),
            ("below other fields", b"A: b\r\n c\r\n" + line + body, loop),
            ("in other letters", b"delivered-TO:  u@example.org \r\n" + body,
             loop),
            ("as the last line", b"A: b\r\n" + line, loop),
            ("another address", b"Delivered-To: v@example.org\r\n" + body,
             fine),
            ("a longer address", b"Delivered-To: u@example.org.uk\r\n" + body,
             fine),
            ("a longer name", b"X-" + line + body, fine),
            ("a shorter name", line[1:] + body, fine),
            ("in a fold", b"A: b\r\n " + line + body, fine),
            ("in the body", b"A: b\r\n\r\n" + line, fine),
            ("after a line that is no field",
             b"Hello there\r\n" + line + body, fine)):
        tap.eq(outcome(message), [wanted], f"loops: {name}")
        tap.eq(outcome(message + b"z" * 300000), [wanted],
               f"loops: {name}, a large message")
    tap.eq(outcome(line + body, ["a@example.org", "u@example.org",
                                 "b@example.org"]), [fine, loop, fine],
           "only the recipient that has it already")
    tap.eq(outcome(b"A: b\r\n" + body, edits=[
        b"prepend " + escape(line[:-2])]), [loop],
        "a field that an edit adds counts")
    tap.eq(outcome(line + body, edits=[b"remove 1"]), [fine],
           "a field that an edit removes does not")
    many = b"".join(b"Delivered-To: x%d@example.net\r\n" % i
                    for i in range(101))
    tap.eq(outcome(many + body), [loop], "101 of them are a loop, too")
    tap.eq(outcome(many.split(b"\n", 1)[1] + body), [fine], "100 are not")
    long = b"Delivered-To: " + b"x" * 100000 + b"\r\n"
    tap.eq(outcome(long + line + body), [loop], "after one that is too long")
    tap.eq(s.end()[0], 0, "ends with 0")


def maildir(path):
    for d in ("cur", "new", "tmp"):
        os.makedirs(os.path.join(path, d), 0o700)
    return path


def test_planted(tap, agent):
    for what in ("tmp", "new"):
        for kind in ("symlink", "file", "fifo", "dangling symlink"):
            s = Session(agent)
            box = maildir(f"{s.m}/example.org/u")
            elsewhere = f"{s.place.dir}/elsewhere"
            os.mkdir(elsewhere)
            os.rmdir(f"{box}/{what}")
            if kind == "symlink":
                os.symlink(elsewhere, f"{box}/{what}")
            elif kind == "dangling symlink":
                os.symlink(elsewhere + "/x", f"{box}/{what}")
            elif kind == "fifo":
                os.mkfifo(f"{box}/{what}")
            else:
                open(f"{box}/{what}", "w").close()
            answer = s.give()[0]
            tap.ok(answer[0] == "later" and answer[2] == "4.3.0" and
                   os.listdir(elsewhere) == [],
                   f"a {kind} in place of {what}: later", answer)
            s.end()
    for kind in ("file", "fifo"):
        s = Session(agent)
        os.makedirs(f"{s.m}/example.org")
        path = f"{s.m}/example.org/u"
        os.mkfifo(path) if kind == "fifo" else open(path, "w").close()
        tap.eq(s.give()[0][:3], ("later", 451, "4.3.0"),
               f"a {kind} in place of the Maildir: later")
        s.end()
    for kind in ("file", "hard link", "symlink", "fifo", "directory"):
        for where in ("tmp", "new"):
            s = Session(agent)
            box = maildir(f"{s.m}/example.org/u")
            e = s.place.entry()
            name = f"1700000000.R{e.id}N1.mx.example.org"
            victim = f"{s.place.dir}/victim"
            with open(victim, "w") as f:
                f.write("precious")
            path = f"{box}/{where}/{name}"
            {"file": lambda: shutil.copy(victim, path),
             "hard link": lambda: os.link(victim, path),
             "symlink": lambda: os.symlink(victim, path),
             "fifo": lambda: os.mkfifo(path),
             "directory": lambda: os.mkdir(path)}[kind]()
            answer = s.again(e)[0]
            with open(victim) as f:
                tap.eq(f.read(), "precious",
                       f"a {kind} with our name in {where}/: its target is "
                       "left alone")
            if kind == "directory":
                tap.eq((answer[0], tree(s.m)), ("later", {}),
                       "and the message is later, nothing in tmp/")
            else:
                tap.eq((answer[0], list(tree(s.m).values())),
                       ("ok", [head() + lf(PLAIN)]), "and it is delivered")
                tap.ok(not os.path.islink(f"{box}/new/{name}") and
                       os.stat(f"{box}/new/{name}").st_nlink == 1,
                       "as a plain file of its own")
            s.end()


def test_missing(tap, agent):
    s = Session(agent, maildircreate="0")
    answer = s.give()[0]
    tap.eq(answer[0], "later",
           "maildircreate=0: nothing where the Maildirs are: later", answer)
    os.mkdir(s.m)
    tap.eq(s.give()[0][:3], ("fail", 550, "5.1.1"),
           "maildircreate=0: no such Maildir")
    tap.eq(s.give(route=s.route("fixed"))[0][0], "later",
           "maildircreate=0: the one Maildir of all is missing: later")
    os.makedirs(f"{s.m}/example.org/u")
    tap.eq(s.give()[0][0], "later", "maildircreate=0: no Maildir inside")
    shutil.rmtree(f"{s.m}/example.org/u")
    maildir(f"{s.m}/example.org/u")
    tap.eq(s.give()[0][0], "ok", "maildircreate=0: one that is there")
    shutil.rmtree(f"{s.m}/example.org")
    tap.eq(s.give()[0][:3], ("fail", 550, "5.1.1"),
           "maildircreate=0: it was removed meanwhile")
    tap.eq(os.listdir(s.m), [], "nothing was made")
    s.end()
    s = Session(agent)
    s.give()
    shutil.rmtree(s.m)
    tap.eq((s.give()[0][0], len(new_files(s.m))), ("ok", 1),
           "a Maildir that went away is made again")
    s.end()
    place = agent.place(maildircreate="perhaps")
    r = agent.run(place)
    tap.ok(r.ready == b"" and r.status() == 111 and
           "maildircreate" in r.log(),
           "a control that cannot be parsed: exit 111, named in the log",
           r.log())
    place.remove()


def test_few_descriptors(tap, agent):
    s = Session(agent, limit=20)
    rcpts = [f"u{i}@example.org" for i in range(60)]
    answers = s.give(rcpts=rcpts)
    tap.ok({a[0] for a in answers} == {"ok"} and len(new_files(s.m)) == 60,
           "60 Maildirs with 20 descriptors", answers[:3])
    tap.eq(s.end()[0], 0, "ends with 0")


def limited(seconds_or_size, what):
    return ["prlimit", f"--{what}={seconds_or_size}"]


def fill(tap, s, what):
    body = PLAIN + b"x" * 20000
    entries = [s.place.entry(body) for _ in range(40)]
    for e in entries:
        s.r.job(e, s.route())
    s.r.collect(40)
    results = [s.r.done[i][0] for i in range(1, 41)]
    good = sum(a[0] == "ok" for a in results)
    files = tree(s.m)
    tap.ok(0 < good < 40 and
           {a[:3] for a in results} == {("ok", 250, "2.0.0"),
                                        ("later", 452, "4.3.1")} and
           len(files) == good == len(new_files(s.m)) and
           set(files.values()) == {head() + lf(body)},
           f"a full disk ({what}): whole files or none, 452 4.3.1",
           good, results[-1], files.keys())
    for path in files:
        os.unlink(os.path.join(s.m, path))
    later = [e for e, a in zip(entries, results) if a[0] == "later"]
    tap.eq({s.again(e)[0][0] for e in later[:5]}, {"ok"},
           f"with room again ({what}) it goes on")


def test_no_room(tap, agent):
    s = Session(agent, wrap=limited(16384, "fsize"))
    answers = [s.give()[0], s.give(PLAIN + b"x" * 20000)[0],
               s.give(PLAIN + b"x" * 400000)[0], s.give()[0]]
    tap.eq([a[:2] for a in answers],
           [("ok", 250), ("later", 451), ("later", 451), ("ok", 250)],
           "a file size limit: later, and no signal kills the agent")
    tap.eq(len(tree(s.m)), 2, "nothing is left of those that failed",
           tree(s.m).keys())
    s.end()
    for options, what in (("size=256k", "blocks"),
                          ("size=8m,nr_inodes=20", "inodes")):
        s = Session(agent)
        os.mkdir(s.m)
        if subprocess.run(["mount", "-t", "tmpfs", "-o", options, "none",
                           s.m], stderr=subprocess.DEVNULL).returncode:
            tap.skip(f"a full disk ({what})", "cannot mount a tmpfs here")
            s.end()
            continue
        try:
            fill(tap, s, what)
        finally:
            s.r.finish()
            subprocess.run(["umount", s.m], check=True)
        s.end()


def test_no_right(tap, agent):
    if os.geteuid() != 0 or shutil.which("setpriv") is None:
        tap.skip("no right to write", "not root")
        return
    s = Session(agent)
    s.r.finish()
    for d in (agent.base, s.place.dir):
        os.chmod(d, 0o755)
    as_nobody = ["setpriv", "--reuid=65534", "--regid=65534",
                 "--clear-groups"]
    probe = subprocess.run([*as_nobody, agent.program, "-V"],
                           stdout=subprocess.DEVNULL,
                           stderr=subprocess.DEVNULL)
    if probe.returncode:
        tap.skip("no right to write", "nobody cannot run the program")
        return
    s.r = agent.run(s.place, wrap=as_nobody)
    tap.eq(s.give()[0][:3], ("later", 451, "4.3.0"),
           "no right to make the Maildir: later")
    for sub in ("tmp", "new"):
        box = maildir(f"{s.m}/example.org/{sub}-closed")
        for d, _, _ in os.walk(s.m):
            os.chown(d, 65534, 65534)
        os.chmod(f"{box}/{sub}", 0o500)
        tap.eq((s.give(rcpts=[f"{sub}-closed@example.org"])[0][:3],
                tree(box)), (("later", 451, "4.3.0"), {}),
               f"no right to write in {sub}: later, and nothing is left")
    s.end()


def inject(what):
    name = what.split(":")[0]
    return ["strace", "-qq", "-o", "/dev/null", "-e", f"trace={name}", "-e",
            f"inject={what}"]


def test_idle(tap, agent):
    s = Session(agent)
    before = s.r.fd_count()
    s.give()
    deadline = time.monotonic() + PATIENCE
    while s.r.fd_count() > before and time.monotonic() < deadline:
        time.sleep(0.02)
    tap.eq(s.r.fd_count(), before,
           "an idle agent lets go of the directories (to unmount them)")
    tap.eq(s.give()[0][0], "ok", "and opens them again")
    s.end()


def test_disk_errors(tap, agent):
    if shutil.which("strace") is None:
        tap.skip("errors of the disk", "no strace")
        return
    idle = crash_counts(agent, [], lambda s: None)
    # (inject, jobs at once, outcomes, files): Maildirs exist already.
    ok, no = ("ok", 250), ("later", 451)
    for what, n, wanted in (
            ("fsync:error=EIO:when=1", 1, [no]),
            ("fsync:error=EIO:when=2", 1, [no]),
            ("syncfs:error=EIO:when=1", 5, [ok] * 5),
            ("renameat,renameat2,rename:error=EIO:when=2", 3, [ok, no, ok]),
            ("writev:error=EDQUOT:when=2", 3, [ok, ("later", 452), ok]),
            ("writev:retval=7:when=1", 1, None),
            (f"pread64:error=EIO:when={idle.get('pread64', 0) + 2}", 3,
             [ok, no, ok])):
        s = Session(agent)
        maildir(f"{s.m}/example.org/u")
        s.r.finish()
        s.r = agent.run(s.place, wrap=inject(what))
        entries = [s.place.entry() for _ in range(n)]
        numbers = [s.r.job(e, s.route()) for e in entries]
        s.r.collect(n)
        got = [s.r.done.get(i, {}).get(0, ("", 0))[:2] for i in numbers]
        if wanted is None:
            # A lie of the kernel's: only that the rest was written.
            tap.eq(got, [ok], f"{what}: goes on")
        else:
            tap.eq(got, wanted, f"{what}: {n} at once")
        failed_sync = what.startswith("fsync:error=EIO:when=2")
        files = sum(o[0] == "ok" for o in got) + failed_sync
        tap.ok(len(new_files(s.m)) == files and
               len(tree(s.m)) == files,
               "files for what was delivered, tmp/ is empty", tree(s.m))
        s.r.finish()
        s.r = agent.run(s.place)
        for e in entries:
            s.again(e)
        tap.eq(sorted(new_files(s.m).values()) if wanted else n,
               [head() + lf(PLAIN)] * n if wanted else n,
               "and a repeat gives one file each")
        s.end()
    # Both the common sync and one file's own fail.
    s = Session(agent)
    maildir(f"{s.m}/example.org/u")
    s.r.finish()
    s.r = agent.run(s.place, wrap=[
        "strace", "-qq", "-o", "/dev/null", "-e", "trace=syncfs,fsync", "-e",
        "inject=syncfs:error=EIO", "-e", "inject=fsync:error=EIO:when=2"])
    fds = []
    data = b""
    for i in range(1, 6):
        e = s.place.entry()
        fds.append(e.open())
        data += e.line(i, s.route())
    s.r.send(data, fds)
    s.r.collect(5)
    got = [s.r.done[i][0][:2] for i in range(1, 6)]
    tap.eq(got, [ok, no, ok, ok, ok],
           "syncfs fails: each file is asked, and one was lost")
    tap.eq(len(new_files(s.m)), 4, "that one is not in new/")
    s.end()


def crash_counts(agent, jobs, prepare):
    """The system calls of one good run: name -> how many."""
    s = Session(agent)
    prepare(s)
    s.r.finish()
    log = os.path.join(s.place.dir, "strace")
    s.r = agent.run(s.place, wrap=["strace", "-qq", "-o", log])
    give(s, jobs)
    s.r.finish()
    counts = {}
    with open(log) as f:
        for line in f:
            m = re.match(r"([a-z0-9_]+)\(", line)
            if m:
                counts[m[1]] = counts.get(m[1], 0) + 1
    s.place.remove()
    return counts


def give(s, jobs):
    """All jobs in one message, as a burst: entries."""
    entries = [s.place.entry(message, rcpts) for message, rcpts in jobs]
    fds = [e.open() for e in entries]
    data = b"".join(e.line(i, s.route())
                    for i, e in enumerate(entries, 1))
    if s.r.window and jobs:
        s.r.send(data, fds)
    for fd in fds:
        os.close(fd)
    return entries


CALLS = ("recvmsg", "pread64", "open", "openat", "mkdir", "mkdirat",
         "writev", "write", "syncfs", "fsync", "rename", "renameat",
         "renameat2", "unlinkat", "close", "sendto", "poll", "fstatfs",
         "fstat", "newfstatat", "mmap", "munmap", "brk", "exit_group")


def crash_once(agent, jobs, prepare, name, when):
    """Was it killed at that call, and what is wrong then?"""
    s = Session(agent)
    prepare(s)
    s.r.finish()
    s.r = agent.run(s.place, wrap=inject(f"{name}:signal=KILL:when={when}"))
    entries = give(s, jobs)
    status = s.r.finish()
    wanted = sorted(head(r) + lf(e.message) for e in entries
                    for r in e.rcpts)
    wrong = []
    found = sorted(new_files(s.m).values())
    # How often it reads and waits depends on when the input comes.
    killed = status != 0
    if killed and status not in (-signal.SIGKILL, 128 + signal.SIGKILL):
        wrong.append(f"exit {status}")
    if any(f not in wanted for f in found) or len(set(found)) != len(found):
        wrong.append(f"not whole in new/: {found}")
    told = [(n, i) for n, job in s.r.done.items()
            for i, a in job.items() if a[0] == "ok"]
    for n, i in told:
        e = entries[n - 1]
        if head(e.rcpts[i]) + lf(e.message) not in found:
            wrong.append(f"answered and not there: {e.rcpts[i]}")
    s.r.sock.close()
    s.r = agent.run(s.place)
    for e in entries:
        for a in s.again(e):
            if a[0] != "ok":
                wrong.append(f"the repeat fails: {a}")
    if sorted(tree(s.m).values()) != wanted:
        wrong.append(f"after the repeat: {sorted(tree(s.m))}")
    s.end()
    return killed, wrong


def test_crash(tap, agent):
    if shutil.which("strace") is None:
        tap.skip("killed at each system call", "no strace")
        return
    large = PLAIN + b"x" * 300000 + b"\r\n"
    scenarios = {
        "three messages into new Maildirs": (
            [(PLAIN, ["a@example.org", "b@example.org"]),
             (large, ["a@example.org"])], lambda s: None),
        "one message into a Maildir": (
            [(PLAIN, ["a@example.org"])],
            lambda s: maildir(f"{s.m}/example.org/a")),
    }
    for title, (jobs, prepare) in scenarios.items():
        counts = crash_counts(agent, jobs, prepare)
        runs = 0
        for name in CALLS:
            wrong = []
            for when in range(1, counts.get(name, 0) + 1):
                killed, why = crash_once(agent, jobs, prepare, name, when)
                runs += killed
                wrong += [f"{name} {when}: {w}" for w in why]
            if counts.get(name, 0):
                tap.ok(not wrong, f"{title}, killed at each {name} "
                       f"({counts[name]})", *wrong)
        tap.ok(runs > 30, f"{title}: more than 30 kills", runs)


def main():
    build, base = sys.argv[1:3]
    program = os.path.join(build, "queuerun", "agent-maildir")
    agent = Agent(base, program, lambda p: f"maildir:{p.dir}/m/%d/%u",
                  delivered=lambda p: len(new_files(p.dir + "/m")))
    tap = Tap()
    if sys.argv[3:] == ["crash"]:
        test_crash(tap, agent)
        return tap.done()
    conformance(tap, agent)
    for test in (test_bytes, test_file, test_templates, test_attackers,
                 test_loops, test_planted, test_missing, test_few_descriptors, test_no_room,
                 test_no_right, test_idle, test_disk_errors):
        print(f"# {test.__name__}")
        test(tap, agent)
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
