"""faults_bounce: one entry whose two recipients fail for good, again and
again, and each time another system call of the runner fails, or it is killed
before it.

The invariant (smtpe-bounce(7)): the sender is told of both, by one report, or
by the same one (with the same id) once more; never is the entry gone without
one. What an interrupted run repeats, it repeats under the same name.

    faults_bounce.py errors|kills
"""
import os
import re
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import faults_place as fp  # noqa: E402
import session  # noqa: E402

MAKE_ENTRY = os.path.join(session.BUILD, "t/helpers/make-entry")


class Place(fp.Place):
    """One entry to recipients without Maildirs; the reports are delivered
    into one."""
    maildir = "%u"
    beside = ("log", "tmp", "backoff")

    def __init__(self, base):
        super().__init__(base)
        self.reports = os.path.join(self.dir, "s")
        for sub in ("tmp", "new", "cur"):
            os.makedirs(os.path.join(self.reports, sub))

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


def check(base, inject):
    p = Place(base)

    def look_at(wrong, home):
        told = p.told()
        if not home:
            if not p.waiting() and not told:
                wrong.append("gone, and nobody was told")
            return
        if {r for _, who in told for r in who} != {"x", "y"}:
            wrong.append("told of %s" % (told,))
        if len({who for _, who in told}) != len({i for i, _ in told}):
            wrong.append("one report under two ids: %s" % (told,))

    return fp.look(p, inject, lambda: p.run(p.strace(inject) + p.command()),
                   look_at)


def main():
    kind = sys.argv[1]
    with tempfile.TemporaryDirectory(prefix="smtpe-faults.") as base:
        session.make_controls(os.path.join(base, "control"),
                              locals="example.org", maildircreate="0")
        subprocess.run([MAKE_ENTRY, "-q", os.path.join(base, "queue"), "-f",
                        "s@example.org", "x@example.org", "y@example.org"],
                       stdout=subprocess.DEVNULL, check=True)
        p = Place(base)
        p.run(p.strace(None) + p.command())
        jobs = fp.plan(p.traced(), kind)
        p.bring_home()
        assert len(p.told()) == 1 and not p.waiting(), p.told()
        shutil.rmtree(p.dir)
        return fp.sweep(jobs, lambda j: check(base, j),
                        "%s of a runner that bounces" % kind,
                        ", and senders are told")


if __name__ == "__main__":
    sys.exit(main())
