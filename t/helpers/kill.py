"""kill: drains a queue while its runners and agents are killed at random
moments; then counts. No recipient may be missing, and what is delivered twice
bears the same id.

    kill.py SEED ENTRIES KILLS [RUNNERS]

There are so many entries again whenever none is left, up to the last kill.

With RUNNERS so many are at work all the time, and each that is killed, or is
done, has a successor at once.
"""
import collections
import os
import random
import re
import signal
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import session  # noqa: E402
from faults_place import RUNNER, files  # noqa: E402

RCPTS = 3
NAME = re.compile(r"\.R([0-9a-v]{26}N\d+)\.")
HEAD = re.compile(rb"\AReturn-Path: <a@b\.example>\nDelivered-To: "
                  rb"(\S+)\nReceived: [^\n]*\n(?:\t[^\n]*\n)*"
                  rb"Subject: (\d+)\n\nbody\n\Z")


def fill(control, queue, first, entries):
    text = "EHLO client.example\r\n"
    for i in range(first, first + entries):
        text += "MAIL FROM:<a@b.example>\r\n" + "".join(
            "RCPT TO:<r%d-%d@example.org>\r\n" % (i, j)
            for j in range(RCPTS)) + \
            "DATA\r\nSubject: %d\r\n\r\nbody\r\n.\r\n" % i
    out = subprocess.run(
        [session.SMTPE, "-c", control, "-q", queue, "-o", "log=none"],
        input=text.encode() + b"QUIT\r\n", stdout=subprocess.PIPE,
        env=session.environment(), check=True).stdout
    assert out.count(b"Queued as") == entries


def children(pid):
    try:
        with open("/proc/%d/task/%d/children" % (pid, pid)) as f:
            return [int(c) for c in f.read().split()]
    except OSError:
        return []


def end(pid):
    try:
        os.kill(pid, signal.SIGKILL)
        return 1
    except ProcessLookupError:
        return 0


def waiting(queue):
    return [f for f in files(queue) if os.path.relpath(
        f, queue).split("/")[0] not in ("log", "tmp")]


def deliveries(maildir):
    """Ids by recipient; AssertionError for a message that is not whole."""
    got = collections.defaultdict(list)
    new = os.path.join(maildir, "new")
    for name in os.listdir(new) if os.path.isdir(new) else ():
        with open(os.path.join(new, name), "rb") as f:
            data = f.read()
        m = HEAD.match(data)
        assert m, "%s is not whole: %r" % (name, data[:300])
        got[m.group(1).decode()].append(NAME.search(name).group(1))
    return got


def few(start, queue, kills, done):
    """One runner or two; all of them end before the next ones begin."""
    while waiting(queue) and sum(done.values()) < kills:
        runners = [start() for _ in range(random.choice((1, 1, 2)))]
        time.sleep(random.uniform(0, 0.1))
        strike(random.choice(runners).pid, done)
        if random.random() < 0.5:
            for r in runners:
                end(r.pid)
        for r in runners:
            r.wait()


def many(start, queue, kills, crowd, done):
    runners = []
    while waiting(queue) and sum(done.values()) < kills:
        runners = [r for r in runners if r.poll() is None]
        runners += [start() for _ in range(crowd - len(runners))]
        time.sleep(random.uniform(0, 0.02))
        strike(random.choice(runners).pid, done)
    for r in runners:
        end(r.pid)
        r.wait()


def strike(pid, done):
    agents = children(pid)
    if agents and random.random() < 0.5:
        done["agents"] += end(random.choice(agents))
    else:
        done["runners"] += end(pid)


def main():
    seed, entries, kills, crowd = [
        int(a) for a in sys.argv[1:] + ["0"]][:4]
    random.seed(seed)
    done = collections.Counter()
    with tempfile.TemporaryDirectory(prefix="smtpe-kill.") as base:
        control, queue = base + "/control", base + "/queue"
        session.make_controls(control, locals="example.org")
        argv = [RUNNER, "-c", control, "-q", queue, "-o", "log=none",
                "-o", "maildir=" + base + "/maildir", "--flush"]

        def start():
            return subprocess.Popen(argv, stdin=subprocess.DEVNULL,
                                    env=session.environment())

        filled = 0
        while sum(done.values()) < kills:
            fill(control, queue, filled, entries)
            filled += entries
            if crowd:
                many(start, queue, kills, crowd, done)
            else:
                few(start, queue, kills, done)
        before = sum(map(len, deliveries(base + "/maildir").values()))
        for _ in range(300):
            if not waiting(queue):
                break
            start().wait()
            time.sleep(0.01)
        left = len(waiting(queue))
        got = deliveries(base + "/maildir")
    wanted = {"r%d-%d@example.org" % (i, j)
              for i in range(filled) for j in range(RCPTS)}
    missing = wanted - set(got)
    strange = [r for r, ids in got.items() if len(set(ids)) > 1]
    twice = sum(len(ids) - 1 for ids in got.values())
    print("1..4")
    for n, (ok, name) in enumerate((
            (not missing, "seed %d: %d agents and %d runners killed, none of "
             "%d recipients lost" % (seed, done["agents"], done["runners"],
                                     len(wanted))),
            (left == 0, "the queue is empty in the end (%d deliveries were "
             "made among the kills)" % before),
            (not strange and not set(got) - wanted,
             "%d delivered twice, with the same id" % twice),
            (sum(done.values()) > 0, "somebody was killed"))):
        print("%sok %d - %s" % ("" if ok else "not ", n + 1, name))
    if missing:
        print("# missing: %s" % sorted(missing)[:10])


main()
