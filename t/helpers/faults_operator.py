"""faults_operator: one entry and a verb of smtpe-queue, again and again, and
each time another system call of smtpe-queue fails, or it is killed before it.

The invariant (smtpe-queue(8)): the entry is whole, in one place, until a verb
that ends it has ended it, and with bounce its sender's report is in the queue
first; exit 0 means that it is done; and done once more, without a fault, it is
as if there had been none.

    faults_operator.py errors|kills [VERB...]
"""
import os
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import faults_place as fp  # noqa: E402
import session  # noqa: E402
from session import read_entry  # noqa: E402

TOOL = os.path.join(session.BUILD, "queuerun/smtpe-queue")
INPUT = (b"EHLO client.example\r\nMAIL FROM:<a@b.example>\r\n"
         b"RCPT TO:<x@example.org>\r\nRCPT TO:<y@example.org>\r\nDATA\r\n"
         b"Subject: faults\r\n\r\nHello.\r\n.\r\nQUIT\r\n")
# The verb, where the entry is before, and the place of it afterwards.
VERBS = {
    "hold": ("new", "hold"),
    "release": ("hold", "new"),
    "retry": ("due", "due"),
    "requeue": ("dead", "new"),
    "route": ("dead", "new"),
    "bounce": ("due", None),
    "remove": ("hold", None),
    "let": ("quarantine", "new"),
    "delete": ("quarantine", None),
}


class Place(fp.Place):
    def __init__(self, base, verb):
        super().__init__(base)
        self.verb = verb
        new = os.path.join(self.queue, "new")
        self.id = os.listdir(new)[0]
        place = {"due": "due/00700000/1879048192,1,",
                 "quarantine": "quarantine/virus/"}.get(
                     VERBS[verb][0], VERBS[verb][0] + "/")
        path = os.path.join(self.queue, place + self.id)
        os.makedirs(os.path.dirname(path), 0o700, exist_ok=True)
        os.rename(os.path.join(new, self.id), path)

    def words(self):
        return {"route": ["requeue", self.id, "--route", "smtp:there"],
                "let": ["quarantine", "release", "virus", self.id],
                "delete": ["quarantine", "delete", "virus", self.id],
                }.get(self.verb, [self.verb, self.id])

    def command(self, *more):
        return [TOOL, "-c", self.control, "-q", self.queue, *self.words()]

    def look(self):
        """Where the entry is, and how many reports there are about it."""
        places, reports = [], 0
        for path in self.waiting():
            if os.path.basename(path).startswith("."):
                continue  # what wakes queuerun -w
            entry = read_entry.read(path)
            if entry.keys[b"id"].decode() == self.id:
                places.append(os.path.relpath(path, self.queue).split("/")[0])
                assert len(entry.rcpts) == 2, "recipients are lost"
                assert b"Hello." in entry.message, "its message is lost"
                self.meta = entry.meta
            else:
                assert self.verb == "bounce", "another entry"
                reports += 1
        assert len(places) < 2, "in two places: %s" % places
        return places[0] if places else None, reports

    def is_done(self):
        place, reports = self.look()
        if place != VERBS[self.verb][1]:
            return False
        if self.verb == "bounce":
            return reports == 1
        if self.verb == "route":
            return self.meta.get(b"route") == (b"s", b"smtp:there")
        if self.verb == "retry":
            return "1879048192" not in "".join(self.waiting())
        return True


def check(base, verb, inject):
    p = Place(base, verb)
    wrong, log = [], ""
    try:
        log = p.run(p.strace(inject) + p.command())
        if "SIGKILL" not in inject and p.status not in (0, 111):
            wrong.append("status %s" % p.status)
        if p.status == 0 and not p.is_done():
            wrong.append("exit 0, and it is not done")
        # A history that cannot be written is said, and no more.
        if (p.status == 0 and inject.startswith("fsync:") and
                "event=queue-history" not in log):
            wrong.append("exit 0, and it may be undone")
        place, reports = p.look()
        if place is None and VERBS[verb][1] is not None:
            wrong.append("the entry is gone")
        if place is None and verb == "bounce" and reports != 1:
            wrong.append("gone, and %d reports" % reports)
        p.run(p.command())
        if not p.is_done():
            wrong.append("once more: %s, %s" % (p.status, p.look()))
    except (AssertionError, read_entry.Damaged) as why:
        wrong.append(str(why))
    if wrong:
        wrong += [line for line in p.traced() if "INJECTED" in line]
        wrong.append("log: " + log[-600:])
    shutil.rmtree(p.dir, ignore_errors=True)
    return wrong


def main():
    kind = sys.argv[1]
    with tempfile.TemporaryDirectory(prefix="smtpe-faults.") as base:
        session.make_controls(os.path.join(base, "control"),
                              locals="example.org")
        out = subprocess.run(
            [session.SMTPE, "-c", os.path.join(base, "control"), "-q",
             os.path.join(base, "queue"), "-o", "log=none"], input=INPUT,
            stdout=subprocess.PIPE, env=session.environment(), check=True)
        assert b"Queued as" in out.stdout, out.stdout
        jobs = []
        for verb in sys.argv[2:] or VERBS:
            p = Place(base, verb)
            log = p.run(p.strace(None) + p.command())
            assert p.status == 0 and p.is_done(), (verb, p.status, log)
            jobs += [(verb, j) for j in fp.plan(p.traced(), kind)]
            shutil.rmtree(p.dir)
        return fp.sweep(jobs, lambda j: check(base, *j),
                        "%s of smtpe-queue" % kind, " lose nothing")


if __name__ == "__main__":
    sys.exit(main())
