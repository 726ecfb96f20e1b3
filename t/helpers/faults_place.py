"""faults_place: a copy of a queue with one entry, and runs of queuerun over
it, of which one has a fault in it: what faults_queuerun.py and
faults_bounce.py share."""
import concurrent.futures
import os
import shutil
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import session  # noqa: E402
from faults import calls, ERRORS  # noqa: E402

RUNNER = os.path.join(session.BUILD, "queuerun/queuerun")


def files(path):
    return [os.path.join(d, f) for d, _, names in os.walk(path) for f in names]


class Place:
    maildir = "maildir"         # below its directory, a template
    beside = ("log", "tmp")     # what of the queue is no entry

    def __init__(self, base):
        self.dir = tempfile.mkdtemp(dir=base)
        self.queue = os.path.join(self.dir, "queue")
        shutil.copytree(os.path.join(base, "queue"), self.queue)
        self.trace = os.path.join(self.dir, "trace")
        self.control = os.path.join(base, "control")

    def command(self, *more):
        return [RUNNER, "-c", self.control, "-q", self.queue, "-o",
                "maildir=" + os.path.join(self.dir, self.maildir), "--flush",
                *more]

    def strace(self, inject):
        argv = ["strace", "-qq", "-s", "60", "-o", self.trace]
        return argv + (["-e", "inject=" + inject] if inject else [])

    def run(self, argv):
        """Its log."""
        self.status, _, log = session.run(argv, stdin=subprocess.DEVNULL,
                                          stdout=subprocess.DEVNULL)
        return log

    def traced(self):
        with open(self.trace, errors="replace") as f:
            return f.read().split("\n")

    def waiting(self):
        """Entries that are not done."""
        return [f for f in files(self.queue) if os.path.relpath(
            f, self.queue).split("/")[0] not in self.beside]

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


def look(place, inject, run, look_at):
    """What is wrong after one fault, a list: run(), which returns its log,
    with the fault; then look_at(wrong), twice: before and after the rest is
    brought home."""
    wrong, log = [], ""
    try:
        log = run()
        if "SIGKILL" not in inject and place.status not in (0, 111):
            wrong.append("status %s" % place.status)
        look_at(wrong, False)
        place.bring_home()
        if place.waiting():
            wrong.append("still there: %s" % place.waiting())
        look_at(wrong, True)
        if files(os.path.join(place.queue, "tmp")):
            wrong.append("left in the queue's tmp/")
    except AssertionError as why:
        wrong.append(str(why))
    if wrong:
        wrong += [line for line in place.traced() if "INJECTED" in line]
        wrong.append("log: " + log[-600:])
    shutil.rmtree(place.dir, ignore_errors=True)
    return wrong


def plan(trace, kind):
    """Each fault there can be in a run with this trace. (A close() that
    strace fails stays open, as no real one does.)"""
    jobs = []
    for name, count in sorted(calls(trace).items()):
        for i in range(1, count + 1):
            jobs += ["%s:signal=SIGKILL:when=%d" % (name, i)] \
                if kind == "kills" else \
                ["%s:error=%s:when=%d" % (name, e, i)
                 for e in ERRORS.get(name, ()) if name != "close"]
    return jobs


def sweep(jobs, check, title, promise):
    """All of them, two at a time; TAP, and the exit status."""
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        results = list(pool.map(check, jobs))
    wrong = [(j, w) for j, w in zip(jobs, results) if w]
    print("1..2")
    print("%sok 1 - %s: %d runs%s" % ("not " if wrong else "", title,
                                      len(jobs), promise))
    for j, w in wrong[:15]:
        print("# %s: %s" % (j, "\n#   ".join(w)))
    enough = len(jobs) >= 30
    print("%sok 2 - there was something to fail" % ("" if enough else "not "))
    return 0 if enough and not wrong else 1
