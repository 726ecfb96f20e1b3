"""faults_group: a message that becomes three entries, one of them in a
quarantine, again and again, and each time another system call fails, or the
process is killed before it.

The invariant: all three entries or none, and 250 only with all. What a killed
session left is finished by the next one who looks (smtpe-queue list).

    faults_group.py errors|kills [plain]    plain: the message is in memory
"""
import concurrent.futures
import os
import re
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import faults  # noqa: E402
import session  # noqa: E402
from session import read_entry  # noqa: E402

LIST = os.path.join(os.path.dirname(os.path.dirname(session.SMTPE)),
                    "queuerun", "smtpe-queue")
MESSAGE = b"Subject: faults\r\n\r\n" + b"one line and another\r\n" * 400
RCPTS = [b"x@one.example", b"y@two.example", b"z@three.example"]
INPUT = (b"EHLO client.example\r\nMAIL FROM:<a@b.example>\r\n" +
         b"".join(b"RCPT TO:<%s>\r\n" % r for r in RCPTS) + b"DATA\r\n" +
         MESSAGE + b".\r\nQUIT\r\n")
SCRIPT = """
function hook.received(msg)
  if msg:recipients()[1] == "y@two.example" then
    return action.quarantine("odd")
  end
end
"""
# From the first write of the message on; what comes before is faults.py's.
NAMES = ("mkdir", "mkdirat", "openat", "flock", "fstat", "newfstatat", "write",
         "writev", "copy_file_range", "sync_file_range", "rename", "renameat",
         "renameat2", "fsync", "fdatasync", "close", "unlinkat", "getrandom",
         "fstatfs", "pread64", "sendto", "ftruncate")
faults.ERRORS["copy_file_range"] = ("EIO", "ENOSPC", "EXDEV", "EINTR")


def entries(queue, plain, bad):
    """{recipient: name} of what is in new/ and in the quarantine."""
    found = {}
    for place in ("new", "quarantine/odd"):
        for name in faults.listing(os.path.join(queue, place)):
            try:
                e = read_entry.read(os.path.join(queue, place, name))
            except (read_entry.Damaged, OSError) as why:
                bad.append("%s/%s: %s" % (place, name, why))
                continue
            to = [a for _, a in [x[:2] for x in e.rcpts]]
            if len(to) != 1 or to[0] in found or e.message != MESSAGE or \
               e.keys[b"id"].decode() != name or \
               not plain and (place != "new") != (to[0] == RCPTS[1]):
                bad.append("%s/%s: not what was sent" % (place, name))
            found[to[0]] = name
    return found


def run(base, plain, inject=None):
    d = tempfile.mkdtemp(dir=base)
    queue = os.path.join(d, "queue")
    for name in ("tmp", "new"):
        os.makedirs(os.path.join(queue, name), 0o700)
    os.chmod(queue, 0o700)
    argv = ["strace", "-f", "-qq", "-s", "40", "-o", os.path.join(d, "trace")]
    if inject:
        argv += ["-e", "inject=" + inject]
    argv += [session.SMTPE, "-c", os.path.join(base, "control"), "-q", queue]
    if not plain:
        argv += ["-s", os.path.join(base, "script.lua")]
    with open(os.path.join(base, "input")) as i:
        status, out, log = session.run(argv, stdin=i, stdout=subprocess.PIPE)
    r = {"status": status, "out": out, "log": log, "bad": []}
    with open(os.path.join(d, "trace"), errors="replace") as f:
        r["trace"] = f.read().split("\n")
    r["tmp"] = faults.listing(os.path.join(queue, "tmp"))
    r["groups"] = [n for n in faults.listing(os.path.join(queue, "new"))
                   if os.path.isdir(os.path.join(queue, "new", n))]
    subprocess.run([LIST, "-c", os.path.join(base, "control"), "-q", queue,
                    "list"], stdout=subprocess.DEVNULL, check=False)
    r["entries"] = entries(queue, plain, r["bad"])
    shutil.rmtree(d)
    return r


def said(r):
    m = re.search(r"^250 2\.0\.0 Queued as ([^\r]*)\r$", r["out"], re.M)
    return m.group(1).split() if m else None


def lost_sync(trace):
    """Did the first fsync behind the rename of the group fail? Those after it
    are of directories that members go on to; the group is durable by then."""
    renamed = False
    for line in trace:
        renamed |= re.search(r'rename\w*\(.*"tmp/\w+".*"new/\w+".*\) += 0$',
                             line) is not None
        if renamed and re.search(r"fsync\(", line):
            return "(INJECTED)" in line
    return False


def verdict(r, killed):
    wrong, n, ids = list(r["bad"]), len(r["entries"]), said(r)
    # An answer of 4xx to a RCPT leaves that one out.
    codes = [c for c in faults.replies(r["out"])[3:6]]
    some = [rcpt for rcpt, c in zip(RCPTS, codes) if c == "250"]
    if len(some) == len(RCPTS) and n not in (0, 3):
        wrong.append("%d entries of 3" % n)
    if ids is not None and not killed and n == 0:
        wrong.append("250 without entries")
    if ids is not None and sorted(ids) != sorted(r["entries"].values()):
        wrong.append("250 names %s, there is %s" % (ids, r["entries"]))
    if killed:
        return wrong
    if r["groups"] and not any("(INJECTED)" in t for t in r["trace"]):
        wrong.append("a group left in new/")
    if r["tmp"]:
        wrong.append("left in tmp/: %s" % r["tmp"])
    if r["status"] not in (0, 111):
        wrong.append("status %s" % r["status"])
    if ids is not None and lost_sync(r["trace"]):
        wrong.append("250 though the sync failed")
    if n and ids is None and not faults.about_the_client(r["trace"]):
        wrong.append("entries without 250")
    return wrong


def plan(kind, normal):
    return [(inject, killed) for inject, killed in faults.plan(kind, normal)
            if inject.split(":")[0] in NAMES]


def main():
    kind, plain = sys.argv[1], "plain" in sys.argv[2:]
    wrong = {}
    with tempfile.TemporaryDirectory(prefix="smtpe-faults.") as base:
        session.make_controls(os.path.join(base, "control"),
                              rcpthosts=".example")
        with open(os.path.join(base, "script.lua"), "w") as f:
            f.write(SCRIPT)
        with open(os.path.join(base, "input"), "wb") as f:
            f.write(INPUT)
        normal = run(base, plain)
        if len(normal["entries"]) != 3 or verdict(normal, False):
            print("1..1\nnot ok 1 - a session without a fault\n# %r" % normal)
            return 1
        jobs = plan(kind, normal)
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            for (inject, killed), r in zip(jobs, pool.map(
                    lambda j: run(base, plain, j[0]), jobs)):
                w = verdict(r, killed)
                if w:
                    wrong[inject] = (w, r)
    print("1..2")
    print("%sok 1 - %s of three entries%s: %d runs keep the promise" %
          ("not " if wrong else "", kind, ", in memory" if plain else "",
           len(jobs)))
    for inject, (w, r) in wrong.items():
        print("# %s: %s" % (inject, "; ".join(w)))
        print("#   " + repr(r["out"][-300:]))
        print("#   " + repr(r["log"][-300:]))
    print("%sok 2 - there was something to fail" %
          ("" if len(jobs) > 40 else "not "))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
