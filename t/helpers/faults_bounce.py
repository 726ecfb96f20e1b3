"""faults_bounce: one entry whose two recipients fail for good, again and
again, and each time another system call of the runner fails, or it is killed
before it.

The invariant (smtpe-bounce(7)): the sender is told of both, by one report, or
by the same one (with the same id) once more; never is the entry gone without
one. What an interrupted run repeats, it repeats under the same name.

    faults_bounce.py errors|kills
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
from faults_queuerun import RUNNER, files  # noqa: E402

MAKE_ENTRY = os.path.join(session.BUILD, "t/helpers/make-entry")


class Place:
    """A copy of a queue with one entry to recipients without Maildirs; the
    reports are delivered into one."""

    def __init__(self, base):
        self.dir = tempfile.mkdtemp(dir=base)
        self.queue = os.path.join(self.dir, "queue")
        shutil.copytree(os.path.join(base, "queue"), self.queue)
        self.trace = os.path.join(self.dir, "trace")
        self.control = os.path.join(base, "control")
        self.reports = os.path.join(self.dir, "s")
        for sub in ("tmp", "new", "cur"):
            os.makedirs(os.path.join(self.reports, sub))

    def command(self, *more):
        return [RUNNER, "-c", self.control, "-q", self.queue, "-o",
                "maildir=" + self.dir + "/%u", "--flush", *more]

    def run(self, inject):
        argv = ["strace", "-qq", "-s", "60", "-o", self.trace]
        argv += ["-e", "inject=" + inject] if inject else []
        self.status, _, log = session.run(argv + self.command(),
                                          stdin=subprocess.DEVNULL,
                                          stdout=subprocess.DEVNULL)
        return log

    def waiting(self):
        return [f for f in files(self.queue) if os.path.relpath(
            f, self.queue).split("/")[0] not in ("log", "tmp", "backoff")]

    def told(self):
        """Ids of the reports, and of whom each is."""
        got = []
        new = os.path.join(self.reports, "new")
        for name in os.listdir(new):
            with open(os.path.join(new, name)) as f:
                text = f.read()
            who = re.findall(r"^Final-Recipient: rfc822; (\w)@", text, re.M)
            eid = re.search(r"^Message-ID: <(\w+)@", text, re.M).group(1)
            assert "\n--=_%s--\n" % eid in text, "a report that is cut"
            got.append((eid, tuple(who)))
        return got

    def bring_home(self):
        for _ in range(200):
            if not self.waiting():
                return
            subprocess.run(self.command("-o", "log=none"), timeout=60,
                           stdin=subprocess.DEVNULL, check=False,
                           env=session.environment())
            if self.waiting():
                time.sleep(0.01)


def check(base, inject):
    p = Place(base)
    wrong = []
    try:
        log = p.run(inject)
        if "SIGKILL" not in inject and p.status not in (0, 111):
            wrong.append("status %s" % p.status)
        if not p.waiting() and not p.told():
            wrong.append("gone, and nobody was told")
        p.bring_home()
        if p.waiting():
            wrong.append("still there: %s" % p.waiting())
        told = p.told()
        if {r for _, who in told for r in who} != {"x", "y"}:
            wrong.append("told of %s" % (told,))
        if len({who for _, who in told}) != len({i for i, _ in told}):
            wrong.append("one report under two ids: %s" % (told,))
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
    kind = sys.argv[1]
    with tempfile.TemporaryDirectory(prefix="smtpe-faults.") as base:
        session.make_controls(os.path.join(base, "control"),
                              locals="example.org", maildircreate="0")
        subprocess.run([MAKE_ENTRY, "-q", os.path.join(base, "queue"), "-f",
                        "s@example.org", "x@example.org", "y@example.org"],
                       stdout=subprocess.DEVNULL, check=True)
        p = Place(base)
        p.run(None)
        with open(p.trace, errors="replace") as f:
            n = calls(f.read().split("\n"))
        p.bring_home()
        assert len(p.told()) == 1 and not p.waiting(), p.told()
        shutil.rmtree(p.dir)
        jobs = []
        for name, count in sorted(n.items()):
            for i in range(1, count + 1):
                jobs += ["%s:signal=SIGKILL:when=%d" % (name, i)] \
                    if kind == "kills" else \
                    ["%s:error=%s:when=%d" % (name, e, i)
                     for e in ERRORS.get(name, ()) if name != "close"]
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            results = list(pool.map(lambda j: check(base, j), jobs))
    wrong = [(j, w) for j, w in zip(jobs, results) if w]
    print("1..1")
    print("%sok 1 - %s of a runner that bounces: %d runs, and senders are "
          "told" % ("not " if wrong else "", kind, len(jobs)))
    for j, w in wrong[:15]:
        print("# %s: %s" % (j, "\n#   ".join(w)))
    return 1 if wrong or len(jobs) < 30 else 0


if __name__ == "__main__":
    sys.exit(main())
