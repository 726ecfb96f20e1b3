"""faults: one session with one message, again and again, and each time
another system call fails, or the process is killed before it.

The invariant (smtpe(8)): 250 after the dot only with a complete entry in new/;
without it nothing is left, but for what a SIGKILL leaves in tmp/, or a
complete entry when the reply itself could not be sent.

    faults.py errors|kills [existing] [bdat]
"""
import collections
import concurrent.futures
import os
import re
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import session  # noqa: E402
from session import read_entry  # noqa: E402

MESSAGE = b"Subject: faults\r\n\r\n.one line\r\n" + b"and another\r\n" * 40
INPUT = (b"EHLO client.example\r\nMAIL FROM:<a@b.example> BODY=8BITMIME\r\n"
         b"RCPT TO:<x@example.org>\r\nRCPT TO:<y@example.org>\r\nDATA\r\n" +
         MESSAGE.replace(b"\r\n.", b"\r\n..") + b".\r\nQUIT\r\n")
# The same message in chunks, cut inside a line end.
CUT = len(b"Subject: faults\r")
CHUNKS = INPUT.split(b"DATA\r\n")[0] + b"".join((
    b"BDAT %d\r\n" % CUT, MESSAGE[:CUT],
    b"BDAT %d LAST\r\n" % (len(MESSAGE) - CUT), MESSAGE[CUT:], b"QUIT\r\n"))
SCRIPT = "".join("function hook.%s() end\n" % h for h in (
    "accept", "ehlo", "mail", "rcpt", "data", "dot", "reset", "quit", "close"))
# What may come back from each call, as far as a session makes it.
ERRORS = {
    "openat": ("EMFILE", "EIO", "ENOSPC", "EACCES", "EROFS"),
    "write": ("EIO", "ENOSPC", "EDQUOT", "EINTR", "EPIPE"),
    "writev": ("EIO", "ENOSPC", "EINTR"),
    "pwrite64": ("EIO", "ENOSPC", "EINTR"),
    "sendto": ("EAGAIN", "EIO", "ECONNRESET"),
    "read": ("EIO", "EINTR"), "pread64": ("EIO",),
    "readv": ("EIO", "EINTR"),
    "rename": ("EIO", "ENOSPC"), "renameat": ("EIO", "ENOSPC"),
    "renameat2": ("EIO", "ENOSPC"),
    "fsync": ("EIO", "ENOSPC"), "fdatasync": ("EIO",),
    "sync_file_range": ("EIO", "ENOSPC"),
    "flock": ("EIO", "ENOLCK", "EAGAIN"),
    "fstat": ("EIO",), "newfstatat": ("EIO",), "fstatfs": ("EIO",),
    "mkdir": ("EIO", "ENOSPC"), "mkdirat": ("EIO", "ENOSPC"),
    "close": ("EIO",), "unlinkat": ("EIO",), "ftruncate": ("EIO",),
    "getrandom": ("EIO", "EINTR"), "getdents64": ("EIO",),
    "poll": ("EINTR", "ENOMEM"),
    "mmap": ("ENOMEM",), "mremap": ("ENOMEM",),
    "fcntl": ("EMFILE",), "dup2": ("EMFILE",), "dup3": ("EMFILE",),
}
# Calls of the start-up before main, and the end: nothing of ours is at work.
OUTSIDE = {"execve", "exit_group", "arch_prctl", "set_tid_address",
           "set_robust_list", "rseq", "prlimit64", "readlink"}


def run(base, existing, inject=None):
    """One session; a dict of what was seen."""
    d = tempfile.mkdtemp(dir=base)
    queue = os.path.join(d, "queue")
    if existing:
        for name in ("tmp", "new"):
            os.makedirs(os.path.join(queue, name), 0o700)
        os.chmod(queue, 0o700)
    argv = ["strace", "-f", "-qq", "-s", "40", "-o", os.path.join(d, "trace")]
    if inject:
        argv += ["-e", "inject=" + inject]
    argv += [session.SMTPE, "-c", os.path.join(base, "control"), "-q", queue,
             "-s", os.path.join(base, "script.lua")]
    with open(os.path.join(base, "input")) as i:
        status, out, log = session.run(argv, stdin=i, stdout=subprocess.PIPE)
    r = {"status": status, "out": out, "log": log, "entries": [], "bad": []}
    with open(os.path.join(d, "trace"), errors="replace") as f:
        r["trace"] = f.read().split("\n")
    r["tmp"] = listing(os.path.join(queue, "tmp"))
    for name in listing(os.path.join(queue, "new")):
        try:
            e = read_entry.read(os.path.join(queue, "new", name))
            # One for each RCPT that was answered by 250.
            rcpts = [a for a, code in zip((b"x@example.org", b"y@example.org"),
                                          replies(r["out"])[3:])
                     if code == "250"]
            if e.message != MESSAGE or e.keys[b"id"].decode() != name or \
               e.sender != b"a@b.example" or \
               rcpts and [x[:2] for x in e.rcpts] != [("T", a) for a in rcpts]:
                r["bad"].append("not what was sent")
            r["entries"].append(name)
        except read_entry.Damaged as why:
            r["bad"].append(str(why))
    shutil.rmtree(d)
    return r


def replies(out):
    return re.findall(r"^(\d\d\d) ", out, re.M)


def listing(path):
    return os.listdir(path) if os.path.isdir(path) else []


def calls(trace):
    """How often each system call is made."""
    n = collections.Counter()
    for line in trace:
        m = re.match(r"(?:\d+ +)?(\w+)\(", line)
        if m and m.group(1) not in OUTSIDE:
            n[m.group(1)] += 1
    return n


def about_the_client(trace):
    """Was the injected failure one of the conversation itself?"""
    fds = set()
    for line in trace:
        m = re.search(r"fcntl\([01], F_DUPFD_CLOEXEC, \d+\) += (\d+)", line)
        if m:
            fds.add(m.group(1))
        if "(INJECTED)" in line:
            m = re.search(r"(?:poll|read|write|sendto)\((?:\[\{fd=)?(\d+)",
                          line)
            return m is not None and m.group(1) in fds
    return False


def lost_sync(trace):
    """Did an fsync fail behind the rename into new/? Then nobody knows what
    the disk has."""
    renamed = False
    for line in trace:
        renamed |= re.search(r'rename\w*\(.*"new/\w+".*\) += 0$', line) is not None
        if renamed and re.search(r"fsync\(.*\(INJECTED\)", line):
            return True
    return False


def verdict(r, killed):
    """What is wrong with a run; a list."""
    wrong = list(r["bad"])
    queued = re.findall(r"^250 2\.0\.0 Queued as (\w+)\r$", r["out"], re.M)
    for name in queued:
        if name not in r["entries"]:
            wrong.append("250 without its entry")
    if len(r["entries"]) > 1:
        wrong.append("%d entries" % len(r["entries"]))
    if killed:
        return wrong
    if queued and lost_sync(r["trace"]):
        wrong.append("250 though the sync failed")
    if r["status"] not in (0, 111):
        wrong.append("status %s" % r["status"])
    if r["tmp"]:
        wrong.append("left in tmp/")
    if r["entries"] and not queued and not about_the_client(r["trace"]):
        wrong.append("an entry without 250")
    for line in r["out"].split("\n")[:-1]:
        if not re.match(r"[2345]\d\d[ -][^\r]*\r$", line):
            wrong.append("bad reply %r" % line)
    return wrong


def plan(kind, normal):
    """(inject, killed) for each run."""
    for name, n in sorted(calls(normal["trace"]).items()):
        for i in range(1, n + 1):
            if kind == "kills":
                yield "%s:signal=SIGKILL:when=%d" % (name, i), True
            else:
                for e in ERRORS.get(name, ()):
                    yield "%s:error=%s:when=%d" % (name, e, i), False


def must_succeed(inject, trace):
    """Some failures are nobody's loss."""
    return inject.startswith("sync_file_range:error") or \
        ":error=EINTR" in inject and (about_the_client(trace) or
                                      not inject.startswith("read"))


def main():
    kind, existing = sys.argv[1], "existing" in sys.argv[2:]
    with tempfile.TemporaryDirectory(prefix="smtpe-faults.") as base:
        session.make_controls(os.path.join(base, "control"))
        with open(os.path.join(base, "script.lua"), "w") as f:
            f.write(SCRIPT)
        with open(os.path.join(base, "input"), "wb") as f:
            f.write(CHUNKS if "bdat" in sys.argv[2:] else INPUT)
        normal = run(base, existing)
        if len(normal["entries"]) != 1 or verdict(normal, False):
            print("1..1\nnot ok 1 - a session without a fault\n# %r" % normal)
            return 1
        jobs = list(plan(kind, normal))
        wrong = {}
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            for (inject, killed), r in zip(jobs, pool.map(
                    lambda j: run(base, existing, j[0]), jobs)):
                w = verdict(r, killed)
                if not killed and must_succeed(inject, r["trace"]) and \
                   len(r["entries"]) != 1:
                    w.append("should have succeeded")
                if w:
                    wrong[inject] = (w, r)
        left = os.listdir(base)
    name = "%s of %d calls, %s queue%s" % (
        kind, sum(calls(normal["trace"]).values()),
        "existing" if existing else "new",
        ", in chunks" if "bdat" in sys.argv[2:] else "")
    print("1..2")
    print("%sok 1 - %s: %d runs keep the promise" %
          ("not " if wrong else "", name, len(jobs)))
    for inject, (w, r) in wrong.items():
        print("# %s: %s" % (inject, "; ".join(w)))
        for t in r["trace"]:
            if "INJECTED" in t:
                print("#   " + t)
        print("#   " + repr(r["out"][-300:]))
        print("#   " + repr(r["log"][-300:]))
    print("%sok 2 - there was something to fail" %
          ("" if len(jobs) > 60 else "not "))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
