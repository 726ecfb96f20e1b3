"""stage_kills: one entry and a script with hook.postq, predelivery and
postdelivery, again and again, and each time the runner is killed before
another system call, from the first hook on.

A postq that is recorded never runs again, one that is not always does; what
it did is there when it is recorded, and not before; no recipient is lost, and
nobody has more than one copy.

    stage_kills.py WHAT [EVERY]   WHAT of t/lua/kills.lua; one call in EVERY
"""
import concurrent.futures
import os
import re
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import session  # noqa: E402

RUNNER = os.path.join(session.BUILD, "queuerun/queuerun")
MAKE = os.path.join(session.BUILD, "t/helpers/make-entry")
SCRIPT = os.path.join(session.HERE, "../lua/kills.lua")
T0 = 1800000000
SKIP = {"exit_group", "execve", "rt_sigreturn"}

what = sys.argv[1]
every = int(sys.argv[2]) if len(sys.argv) > 2 else 1


def files(path):
    return sorted(os.path.join(d, f) for d, _, names in os.walk(path)
                  for f in names)


class Place:
    def __init__(self, base):
        self.dir = tempfile.mkdtemp(dir=base)
        self.queue = os.path.join(self.dir, "queue")
        self.maildir = os.path.join(self.dir, "maildir")
        self.calls = os.path.join(self.dir, "calls")
        shutil.copytree(os.path.join(base, "queue"), self.queue)
        self.env = dict(os.environ, WHAT=what, TRACE=self.calls)
        self.argv = [RUNNER, "-c", os.path.join(base, "control"), "-q",
                     self.queue, "-s", SCRIPT, "-o", "maildir=" +
                     self.maildir + "/%d/%u", "-o", "log=stderr"]

    def run(self, now, strace=()):
        return subprocess.run([*strace, *self.argv, "--now", str(now)],
                              env=self.env, stderr=subprocess.PIPE,
                              timeout=120)

    def stages(self):
        if not os.path.exists(self.calls):
            return []
        with open(self.calls) as f:
            return f.read().split()

    def entry(self):
        """Path below the queue and trailer, None when it is gone."""
        found = [f for f in files(self.queue) if os.path.relpath(
            f, self.queue).split("/")[0] not in ("log", "tmp")]
        if not found:
            return None, None
        with open(found[0], "rb") as f:
            data = f.read()
        return (os.path.relpath(found[0], self.queue),
                data[data.rindex(b"smtpe-entry 1\n"):])

    def delivered(self):
        got = {}
        for f in files(self.maildir):
            if "/new/" in f:
                with open(f, "rb") as g:
                    text = g.read()
                rcpt = re.search(rb"^Delivered-To: (.*)$", text, re.M)
                got.setdefault(rcpt.group(1).decode(), []).append(text)
        return got


WANTED = {
    "nothing": {"x@example.org", "y@example.org"},
    "effects": {"x@example.org", "z@example.org"},
    "data": {"x@example.org", "y@example.org"},
    "defer": {"x@example.org", "y@example.org"},
    "quarantine": set(),
    "discard": set(),
}


def is_recorded(trailer):
    return trailer is None or b"\npostq -\n" not in trailer


def effects_are_there(trailer):
    if what == "effects":
        return b"X-Postq" in trailer and b"\nsender new@example.net\n" in \
            trailer and b" z@example.org\n" in trailer and \
            b" y@example.org" not in trailer
    if what == "quarantine":
        return b"\nmeta postq s was%20here\n" in trailer
    return None


def check_after(place, wrong):
    """What a killed runner left; is postq recorded?"""
    path, trailer = place.entry()
    recorded = is_recorded(trailer)
    if trailer is not None and effects_are_there(trailer) is not None and \
            effects_are_there(trailer) != recorded:
        wrong.append("record and effects are not one: %r" % trailer)
    if recorded and "postq" not in place.stages():
        wrong.append("recorded, and was not asked")
    return recorded


def bring_home(place, wrong, recorded):
    before = place.stages().count("postq")
    for i in range(1, 5):
        p = place.run(T0 + 1000 * i)
        if p.returncode != 0:
            wrong.append("exit %d: %s" % (p.returncode, p.stderr.decode()))
        asked = place.stages().count("postq") - before
        if i == 1 and asked != (0 if recorded else 1):
            wrong.append("asked %d times, recorded: %s" % (asked, recorded))
        if i > 1 and asked > (0 if recorded else 1):
            wrong.append("asked again in run %d" % i)
    path, trailer = place.entry()
    if what == "quarantine":
        if path is None or not path.startswith("quarantine/odd/"):
            wrong.append("not in quarantine: %s" % path)
    elif path is not None:
        wrong.append("still there: %s" % path)
    left = files(os.path.join(place.queue, "tmp"))
    if left:
        wrong.append("left in tmp: %s" % left)


def check_delivered(place, wrong):
    got = place.delivered()
    if set(got) != WANTED[what]:
        wrong.append("delivered to %s" % sorted(got))
    for rcpt, texts in got.items():
        if len(texts) != 1:
            wrong.append("%s has %d copies" % (rcpt, len(texts)))
        for text in texts:
            if what == "effects" and (text.count(b"X-Postq: 1") != 1 or
                                      b"Return-Path: <new@example.net>"
                                      not in text):
                wrong.append("delivered without effects: %r" % text)
            if what == "data" and not text.endswith(
                    b"Subject: another\n\nbody\n"):
                wrong.append("delivered %r" % text)


def check(base, name, when):
    place, wrong = Place(base), []
    place.run(T0, ["strace", "-qq", "-o", "/dev/null", "-e", "inject=%s:"
                   "signal=SIGKILL:when=%d" % (name, when)])
    recorded = check_after(place, wrong)
    bring_home(place, wrong, recorded)
    check_delivered(place, wrong)
    shutil.rmtree(place.dir)
    return ["killed before %s %d: %s" % (name, when, w) for w in wrong]


def points(base):
    """The system calls of a run from the first hook on, as (name, n)."""
    place = Place(base)
    trace = os.path.join(place.dir, "strace")
    place.run(T0, ["strace", "-qq", "-s", "200", "-o", trace])
    seen, found, begun = {}, [], False
    with open(trace, errors="replace") as f:
        for line in f:
            m = re.match(r"(\w+)\(", line)
            if not m:
                continue
            name = m.group(1)
            seen[name] = seen.get(name, 0) + 1
            begun = begun or place.calls in line
            if begun and name not in SKIP:
                found.append((name, seen[name]))
    shutil.rmtree(place.dir)
    return found


def main():
    base = tempfile.mkdtemp()
    queue, control = (os.path.join(base, d) for d in ("queue", "control"))
    os.mkdir(control)
    for name, value in (("me", "mx.example.org"),
                        ("locals", "example.org")):
        with open(os.path.join(control, name), "w") as f:
            f.write(value + "\n")
    subprocess.run([MAKE, "-q", queue, "-r", str(T0), "x@example.org",
                    "y@example.org"], check=True, stdout=subprocess.DEVNULL)
    todo = points(base)
    todo = [p for i, p in enumerate(todo) if i % every == 0]
    wrong = []
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        for w in pool.map(lambda p: check(base, *p), todo):
            wrong += w
    shutil.rmtree(base)
    for w in wrong:
        print(w)
    if not todo:
        print("nothing was killed")
    print("%s 1 - %s: killed at %d places" %
          ("not ok" if wrong or not todo else "ok", what, len(todo)))
    sys.exit(1 if wrong or not todo else 0)


main()
