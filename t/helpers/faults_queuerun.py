"""faults_queuerun: one entry with two recipients on its way into a Maildir,
again and again, and each time another system call of the runner or of its
agent fails, or one of them is killed before it.

The invariant (queuerun(8)): no recipient is lost. Runs without a fault bring
the rest home; nothing bounces for trouble of ours; what stands in new/ of
the Maildir is complete at any time.

    faults_queuerun.py runner|agent errors|kills
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

AGENT = os.path.join(session.BUILD, "queuerun/agent-maildir")
MESSAGE = b"Subject: faults\r\n\r\none line\r\n" + b"and another\r\n" * 40
INPUT = (b"EHLO client.example\r\nMAIL FROM:<a@b.example>\r\n"
         b"RCPT TO:<x@example.org>\r\nRCPT TO:<y@example.org>\r\nDATA\r\n" +
         MESSAGE + b".\r\nQUIT\r\n")
HEAD = re.compile(rb"\AReturn-Path: <a@b\.example>\nDelivered-To: "
                  rb"([xy]@example\.org)\nReceived: [^\n]*\n(?:\t[^\n]*\n)*")


class Place(fp.Place):
    """One entry, and a Maildir beside it."""

    def run_with(self, who, inject):
        """A run with a fault in it; its log."""
        if who == "runner":
            return self.run(self.strace(inject) + self.command())
        agents = os.path.join(self.dir, "agents")
        os.mkdir(agents)
        script = os.path.join(agents, "agent-maildir")
        with open(script, "w") as f:
            f.write("#!/bin/sh\nexec %s %s \"$@\"\n" % (
                " ".join("'%s'" % a for a in self.strace(inject)), AGENT))
        os.chmod(script, 0o755)
        return self.run(self.command("-o", "agentdir=" + agents))

    def delivered(self):
        """Who has it; raises AssertionError for what is not whole."""
        got = set()
        new = os.path.join(self.dir, self.maildir, "new")
        for name in os.listdir(new) if os.path.isdir(new) else ():
            with open(os.path.join(new, name), "rb") as f:
                data = f.read()
            m = HEAD.match(data)
            assert m and data[m.end():] == MESSAGE.replace(b"\r\n", b"\n"), \
                "damaged message in the Maildir: %r" % data[:200]
            got.add(m.group(1))
        return got


def check(base, who, inject):
    p = Place(base)

    def look_at(wrong, home):
        got = p.delivered()
        if not home:
            if not p.waiting() and len(got) != 2:
                wrong.append("gone from the queue, and not delivered")
        elif len(got) != 2:
            wrong.append("delivered to %s only" % sorted(got))

    return fp.look(p, inject, lambda: p.run_with(who, inject), look_at)


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
        p.run_with(who, None)
        assert not p.waiting() and len(p.delivered()) == 2
        jobs = fp.plan(p.traced(), kind)
        shutil.rmtree(p.dir)
        return fp.sweep(jobs, lambda j: check(base, who, j),
                        "%s of the %s" % (kind, who), " lose nothing")


if __name__ == "__main__":
    sys.exit(main())
