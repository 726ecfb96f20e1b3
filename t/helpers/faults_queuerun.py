"""faults_queuerun: one entry with two recipients on its way into a Maildir,
again and again, and each time another system call of the runner or of its
agent fails, or one of them is killed before it.

The invariant (queuerun(8)): no recipient is lost. Runs without a fault bring
the rest home; nothing bounces for trouble of ours; what stands in new/ of
the Maildir is complete at any time.

    faults_queuerun.py runner|agent errors|kills
"""
import concurrent.futures
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import session  # noqa: E402
from faults import calls, ERRORS  # noqa: E402

RUNNER = os.path.join(session.BUILD, "queuerun/queuerun")
AGENT = os.path.join(session.BUILD, "queuerun/agent-maildir")
MESSAGE = b"Subject: faults\r\n\r\none line\r\n" + b"and another\r\n" * 40
INPUT = (b"EHLO client.example\r\nMAIL FROM:<a@b.example>\r\n"
         b"RCPT TO:<x@example.org>\r\nRCPT TO:<y@example.org>\r\nDATA\r\n" +
         MESSAGE + b".\r\nQUIT\r\n")
HEAD = re.compile(rb"\AReturn-Path: <a@b\.example>\nDelivered-To: "
                  rb"([xy]@example\.org)\nReceived: [^\n]*\n(?:\t[^\n]*\n)*")


def files(path):
    return [os.path.join(d, f) for d, _, names in os.walk(path) for f in names]


class Place:
    """A copy of a queue with one entry, and a Maildir beside it."""

    def __init__(self, base):
        self.dir = tempfile.mkdtemp(dir=base)
        self.queue = os.path.join(self.dir, "queue")
        self.maildir = os.path.join(self.dir, "maildir")
        shutil.copytree(os.path.join(base, "queue"), self.queue)
        self.trace = os.path.join(self.dir, "trace")
        self.control = os.path.join(base, "control")

    def command(self, *more):
        return [RUNNER, "-c", self.control, "-q", self.queue, "-o",
                "maildir=" + self.maildir, "--flush", *more]

    def strace(self, inject):
        argv = ["strace", "-qq", "-s", "60", "-o", self.trace]
        return argv + (["-e", "inject=" + inject] if inject else [])

    def run(self, who, inject):
        """A run with a fault in it; its log."""
        if who == "runner":
            argv = self.strace(inject) + self.command()
        else:
            agents = os.path.join(self.dir, "agents")
            os.mkdir(agents)
            script = os.path.join(agents, "agent-maildir")
            with open(script, "w") as f:
                f.write("#!/bin/sh\nexec %s %s \"$@\"\n" % (
                    " ".join("'%s'" % a for a in self.strace(inject)), AGENT))
            os.chmod(script, 0o755)
            argv = self.command("-o", "agentdir=" + agents)
        self.status, _, log = session.run(argv, stdin=subprocess.DEVNULL,
                                          stdout=subprocess.DEVNULL)
        return log

    def waiting(self):
        """Entries that are not done."""
        return [f for f in files(self.queue) if os.path.relpath(
            f, self.queue).split("/")[0] not in ("log", "tmp")]

    def delivered(self):
        """Who has it; raises AssertionError for what is not whole."""
        got = set()
        new = os.path.join(self.maildir, "new")
        for name in os.listdir(new) if os.path.isdir(new) else ():
            with open(os.path.join(new, name), "rb") as f:
                data = f.read()
            m = HEAD.match(data)
            assert m and data[m.end():] == MESSAGE.replace(b"\r\n", b"\n"), \
                "damaged message in the Maildir: %r" % data[:200]
            got.add(m.group(1))
        return got

    def bring_home(self):
        """Runs without faults until nothing waits (an agent that outlives
        its runner keeps the entry locked until it is done)."""
        for _ in range(200):
            if not self.waiting():
                return
            subprocess.run(self.command("-o", "log=none"), timeout=60,
                           stdin=subprocess.DEVNULL, check=False,
                           env=session.environment())
            if self.waiting():
                time.sleep(0.01)


def check(base, who, inject):
    """What is wrong after one fault: a list."""
    p = Place(base)
    wrong = []
    try:
        log = p.run(who, inject)
        if "SIGKILL" not in inject and p.status not in (0, 111):
            wrong.append("status %s" % p.status)
        if not p.waiting() and len(p.delivered()) != 2:
            wrong.append("gone from the queue, and not delivered")
        p.delivered()
        p.bring_home()
        if p.waiting():
            wrong.append("still there: %s" % p.waiting())
        got = p.delivered()
        if len(got) != 2:
            wrong.append("delivered to %s only" % sorted(got))
        if files(os.path.join(p.queue, "tmp")):
            wrong.append("left in the queue's tmp/")
    except AssertionError as why:
        wrong.append(str(why))
    if wrong:
        with open(p.trace, errors="replace") as f:
            wrong += [l for l in f.read().split("\n") if "INJECTED" in l]
        wrong.append("log: " + log[-600:])
    shutil.rmtree(p.dir, ignore_errors=True)
    return wrong


def main():
    who, kind = sys.argv[1:3]
    with tempfile.TemporaryDirectory(prefix="smtpe-faults.") as base:
        session.make_controls(os.path.join(base, "control"),
                              locals="example.org")
        out = subprocess.run(
            [session.SMTPE, "-c", os.path.join(base, "control"), "-q",
             os.path.join(base, "queue"), "-o", "log=none"], input=INPUT,
            stdout=subprocess.PIPE, env=session.environment(), check=True)
        assert b"Queued as" in out.stdout, out.stdout
        p = Place(base)
        p.run(who, None)
        assert not p.waiting() and len(p.delivered()) == 2
        with open(p.trace, errors="replace") as f:
            n = calls(f.read().split("\n"))
        shutil.rmtree(p.dir)
        jobs = []
        # (A close() that strace fails stays open, as no real one does.)
        for name, count in sorted(n.items()):
            for i in range(1, count + 1):
                jobs += ["%s:signal=SIGKILL:when=%d" % (name, i)] \
                    if kind == "kills" else \
                    ["%s:error=%s:when=%d" % (name, e, i)
                     for e in ERRORS.get(name, ()) if name != "close"]
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            results = list(pool.map(lambda j: check(base, who, j), jobs))
    wrong = [(j, w) for j, w in zip(jobs, results) if w]
    print("1..1")
    print("%sok 1 - %s of the %s: %d runs lose nothing" % (
        "not " if wrong else "", kind, who, len(jobs)))
    for j, w in wrong[:15]:
        print("# %s: %s" % (j, "\n#   ".join(w)))
    if len(jobs) < 30:
        print("not ok 2 - too few faults")
    return 1 if wrong or len(jobs) < 30 else 0


if __name__ == "__main__":
    sys.exit(main())
