"""Power cuts while messages become three entries each: a file system on a
loop device is shut down while sessions run; what was answered before must be
there, whole, after the journal was replayed, and of the others all or none.
usage: DIRECTORY FILESYSTEM ROUNDS"""
import fcntl
import os
import random
import re
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import session  # noqa: E402
from session import read_entry  # noqa: E402

SHUTDOWN = 0x8004587d  # EXT4_IOC_SHUTDOWN, XFS_IOC_GOINGDOWN
NOLOGFLUSH = 2
LIST = os.path.join(os.path.dirname(os.path.dirname(session.SMTPE)),
                    "queuerun", "smtpe-queue")
WRITERS = 6
RCPTS = ["a@one.example", "b@two.example", "c@three.example", "d@one.example"]


def run(*command):
    return subprocess.run(command, stdout=subprocess.DEVNULL,
                          stderr=subprocess.PIPE)


class Writer(threading.Thread):
    """Sends messages until it cannot."""

    def __init__(self, control, queue, seed, acks):
        super().__init__(daemon=True)
        self.random = random.Random(seed)
        self.acks = acks  # [(when, [id], body)]
        self.s = session.Session([session.SMTPE, "-c", control, "-q", queue],
                                 subprocess.DEVNULL, seconds=20)

    def run(self):
        try:
            self.s.expect("220")
            self.say("EHLO client.example")
            while True:
                self.message()
        except (session.Gone, AssertionError, OSError):
            pass

    def say(self, line):
        self.s.send(line.encode() + b"\r\n")
        return self.s.reply()

    def message(self):
        body = b"Subject: cut\r\n\r\n" + b"".join(
            b"%d\r\n" % self.random.randrange(10 ** 9)
            for _ in range(self.random.choice((1, 50, 30000))))
        assert self.say("MAIL FROM:<s@b.example>").startswith("250")
        for r in RCPTS:
            assert self.say("RCPT TO:<%s>" % r).startswith("250")
        assert self.say("DATA").startswith("354")
        self.s.send(body + b".\r\n")
        r = self.s.reply()
        assert r.startswith("250"), r
        self.acks.append((time.monotonic(),
                          re.search("Queued as (.*)\r", r).group(1).split(),
                          body))


def look(queue):
    """{id: message} of complete entries, and what is wrong."""
    found, bad = {}, []
    for place, _, names in os.walk(queue + "/new"):
        for name in names:
            try:
                found[name] = read_entry.read(os.path.join(place, name))
            except (read_entry.Damaged, OSError) as why:
                bad.append("%s: %s" % (name, why))
    return found, bad


def round_of(base, kind, control, seed):
    """What is wrong, and how many messages were acknowledged."""
    disk, image = os.path.join(base, "disk"), os.path.join(base, "image")
    with open(image, "wb") as f:
        f.truncate(320 << 20)
    if run("mkfs." + kind, "-q", image).returncode or \
            run("mount", "-o", "loop", image, disk).returncode:
        return None, 0
    queue, acks = disk + "/queue", []
    writers = [Writer(control, queue, seed * 100 + i, acks)
               for i in range(WRITERS)]
    for w in writers:
        w.start()
    wanted = random.randrange(1, 120)
    end = time.monotonic() + 30
    while len(acks) < wanted and time.monotonic() < end:
        time.sleep(0.001)
    fd = os.open(disk, os.O_RDONLY)
    cut = time.monotonic()
    fcntl.ioctl(fd, SHUTDOWN, NOLOGFLUSH.to_bytes(4, "little"))
    os.close(fd)
    for w in writers:
        w.join(20)
        w.s.close()
    told = [a for a in acks if a[0] < cut]
    run("umount", disk)
    if run("mount", "-o", "loop", image, disk).returncode:
        return ["cannot be mounted again"], len(told)
    try:
        run(LIST, "-c", control, "-q", queue, "list")
        found, bad = look(queue)
        bad += ["acknowledged and not there: " + i for _, ids, _ in told
                for i in ids if i not in found]
        bad += ["acknowledged and changed: " + i for _, ids, body in told
                for i in ids if i in found and found[i].message != body]
        whole = {}
        for name in found:
            whole.setdefault(name[:26], []).append(name)
        bad += ["a part of a message: %s" % v for v in whole.values()
                if len(v) != 3]
    finally:
        run("umount", disk)
    return bad, len(told)


def main():
    base, kind, rounds = sys.argv[1], sys.argv[2], int(sys.argv[3])
    random.seed(kind)
    control = os.path.join(base, "control")
    session.make_controls(control, rcpthosts=".example")
    os.mkdir(os.path.join(base, "disk"))
    wrong, told = [], 0
    for i in range(rounds):
        bad, n = round_of(base, kind, control, i)
        if bad is None:
            print("1..1\nok 1 # SKIP %s cannot be made or mounted here" % kind)
            return 0
        wrong += bad
        told += n
    print("1..2")
    print("%sok 1 - %s: %d messages acknowledged before %d cuts, all there, "
          "and none in part" % ("not " if wrong else "", kind, told, rounds))
    for w in wrong[:20]:
        print("# " + w)
    print("%sok 2 - %s: there were some" % ("" if told > rounds else "not ",
                                            kind))
    return 1 if wrong else 0


sys.exit(main())
