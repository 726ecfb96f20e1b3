"""What a million entries that wait cost: a run with ten due, a message that
comes in, and smtpe-queue stat.
"""
import os
import shutil
import statistics
import subprocess
import time

import drain
import servers

STEP = 5000      # entries that one time has
HOURS = 100      # over which all of them are spread
MESSAGES = 5000  # that come in, each round, beside and without them


def waiting(root, queue, now, n):
    """n small entries into due/, without a sync for each."""
    tool = os.path.join(root, "build/t/helpers/make-entry")
    for k in range(n // STEP):
        due = now + 600 + k * HOURS * 3600 // (n // STEP)
        subprocess.run([tool, "-q", queue.dir, "-F", "-n", str(STEP), "-d",
                        "%d,1" % due, "r@example.com"], check=True,
                       stdout=subprocess.DEVNULL)
    # What was just made must not be what others' syncs wait for.
    os.sync()


def calls(queue, command):
    """{system call: how many}, or None without strace."""
    if shutil.which("strace") is None:
        return None
    counts = os.path.join(queue.peer.dir, "counts")
    servers.timed(["strace", "-f", "-c", "-o", counts] + command)
    return drain.counted(counts)


def runs(queue, now, args, n):
    seconds = []
    for _ in range(args.rounds):
        drain.put_due(queue, now, 10)
        seconds.append(servers.timed(queue.queuerun))
    drain.put_due(queue, now, 10)
    table = calls(queue, queue.queuerun)
    if queue.left() != n:
        raise SystemExit("bench: %d entries wait, not %d"
                         % (queue.left(), n))
    return "%.1f ms; %s" % (
        statistics.median(seconds) * 1e3, "no strace here" if table is None
        else "%d system calls in all, %d openat, %d getdents64" % (
            sum(table.values()), table.get("openat", 0),
            table.get("getdents64", 0)))


def take(queue):
    """Messages that come in, and go again: (per second, CPU ms each)."""
    peer = queue.peer
    peer.start()
    try:
        cpu = peer.cpu()
        seconds = servers.timed([
            "smtp-source", "-d", "-M", "bench.example.net", "-f",
            "s@example.net", "-t", "r@example.com", "-s", "20", "-m",
            str(MESSAGES), "-l", "4096", "127.0.0.1:%d" % peer.port])
        cpu = peer.cpu() - cpu
    finally:
        peer.stop()
    folder = os.path.join(queue.dir, "new")
    names = os.listdir(folder)
    if len(names) != MESSAGES:
        raise SystemExit("bench: %d messages were taken and %d are there"
                         % (MESSAGES, len(names)))
    for name in names:
        os.unlink(os.path.join(folder, name))
    return MESSAGES / seconds, cpu / MESSAGES * 1e3


def incoming(empty, full, args):
    rows = {"empty": [], "full": []}
    take(empty)
    for r in range(args.rounds):
        both = [("empty", empty), ("full", full)]
        for name, queue in both[r % 2:] + both[:r % 2]:
            rows[name].append(take(queue))
    ratio = [statistics.median(f[i] / e[i] for e, f in
                               zip(rows["empty"], rows["full"]) if e[i])
             for i in (0, 1)]
    mid = {k: [statistics.median(c) for c in zip(*v)]
           for k, v in rows.items()}
    return ("%.0f messages/s and %.3f CPU ms each, with an empty queue %.0f "
            "and %.3f; ratio %.2f and %.2f" % (
                *mid["full"], *mid["empty"], *ratio))


def run(root, build, work, args):
    n = 100000 if args.quick else 1000000
    routes = {"routes": "example.com:maildir:"}
    full = drain.Queue(build, work, "million", routes)
    empty = drain.Queue(build, work, "none", routes)
    now = int(time.time())
    start = time.perf_counter()
    os.makedirs(full.dir, mode=0o700, exist_ok=True)
    waiting(root, full, now, n)
    print("million: %d entries of 4 KiB on the disk wait (made in %.0f s)"
          % (n, time.perf_counter() - start), flush=True)
    print("  a run with 10 due, into a Maildir: " + runs(full, now, args, n),
          flush=True)
    stat = [os.path.join(build, "queuerun/smtpe-queue"), "-c",
            os.path.join(full.peer.dir, "control"), "stat"]
    seconds = statistics.median(servers.timed(stat)
                                for _ in range(args.rounds))
    print("  smtpe-queue stat: %.2f s" % seconds, flush=True)
    print("  smtpe takes: " + incoming(empty, full, args))
