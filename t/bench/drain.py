"""How fast the queue empties: into Maildirs, into RabbitMQ, and when ten
entries are due among a hundred thousand.
"""
import contextlib
import os
import random
import re
import resource
import shutil
import socket
import statistics
import subprocess
import time

import servers

BASE36 = "0123456789abcdefghijklmnopqrstuvwxyz"


KINDS = {
    "ext4": ("ext4 with a journal",
             ["mkfs.ext4", "-q", "-F", "-E", "lazy_itable_init=0,nodiscard"]),
    "ext4-nojournal": ("ext4 without a journal",
                       ["mkfs.ext4", "-q", "-F", "-O", "^has_journal", "-E",
                        "lazy_itable_init=0,nodiscard"]),
    "xfs": ("xfs", ["mkfs.xfs", "-q", "-f", "-K"]),
}


@contextlib.contextmanager
def filesystem(tmp, kind, inodes=None):
    """A directory for queues, and what it lies on; room for so many files.

    A new filesystem on a loop device, where that can be: many virtual
    machines have a root without a journal, and creating files on it after
    deletions is ten to thirty times slower than anywhere else.
    """
    image, at = os.path.join(tmp, "image"), os.path.join(tmp, "mnt")
    name, make = KINDS[kind]
    if inodes and kind != "xfs":
        make = make + ["-N", str(inodes)]
    os.mkdir(at)
    with open(image, "wb") as f:
        f.truncate(8 << 30)
    why = None
    for command in (make + [image],
                    ["mount", "-o", "loop,relatime", image, at]):
        try:
            done = subprocess.run(command, capture_output=True, text=True)
            why = done.stderr.strip() if done.returncode != 0 else None
        except OSError as error:
            why = str(error)
        if why:
            break
    if why:
        os.unlink(image)
        kind = subprocess.run(["stat", "-f", "-c", "%T", at],
                              capture_output=True, text=True)
        print("no loop image for the queues (%s): figures are those of the "
              "temporary directory's filesystem" % why)
        yield at, kind.stdout.strip()
        return
    try:
        yield at, name + " (loop image)"
    finally:
        for _ in range(50):
            if subprocess.run(["umount", at],
                              capture_output=True).returncode == 0:
                break
            time.sleep(0.2)


class Queue:
    """A queue of its own, filled through the real front door."""

    def __init__(self, build, work, name, routes):
        self.build = build
        self.peer = servers.Tcpserver(
            name, work, [os.path.join(build, "smtpe/smtpe"), "-c",
                         "@/control"], "queue")
        servers.smtpe_dir(self.peer, None)
        self.dir = os.path.join(self.peer.dir, "queue")
        for control, value in routes.items():
            with open(os.path.join(self.peer.dir, "control", control),
                      "w") as f:
                f.write(value + "\n")
        self.queuerun = [os.path.join(build, "queuerun/queuerun"), "-c",
                         os.path.join(self.peer.dir, "control")]

    def fill(self, n):
        self.peer.start()
        try:
            servers.timed(["smtp-source", "-d", "-M", "bench.example.net",
                           "-f", "s@example.net", "-t", "r@example.com",
                           "-s", "20", "-m", str(n), "-l", "4096",
                           "127.0.0.1:%d" % self.peer.port])
        finally:
            self.peer.stop()

    def left(self):
        return sum(len(files) for state in ("new", "due", "dead")
                   for _, _, files in os.walk(os.path.join(self.dir, state)))

    def drain(self):
        seconds = servers.timed(self.queuerun)
        if self.left():
            raise SystemExit("bench: %d entries not delivered"
                             % self.left())
        return seconds


def maildir(build, work, args):
    n = int(10000 * args.scale)
    rates = []
    for r in range(args.rounds):
        queue = Queue(build, work, "maildir%d" % r,
                      {"routes": "example.com:maildir:"})
        queue.fill(n)
        rates.append(n / queue.drain())
        found = sum(1 for at, _, files in os.walk(
            os.path.join(queue.peer.dir, "maildir")) for _ in files
            if os.path.basename(at) == "new")
        if found != n:
            raise SystemExit("bench: %d of %d messages in the Maildir"
                             % (found, n))
        shutil.rmtree(queue.peer.dir)
    print("maildir: %d messages of 4 KiB into a Maildir: %.0f messages/s"
          % (n, statistics.median(rates)))


@contextlib.contextmanager
def rabbit(root, work, name="rabbit"):
    """A broker of our own: (URI, port), or None with the reason said."""
    script = ('. "$2/lib-rabbit.sh"; rabbit_start "$1/node" >&2 || exit 1; '
              'echo "$AMQP_URI"; read -r _; rabbit_stop')
    folder = os.path.join(work, name)
    os.mkdir(folder)
    with open(os.path.join(folder, "log"), "wb") as log:
        node = subprocess.Popen(
            ["sh", "-c", script, "sh", folder, os.path.join(root, "t")],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log)
    uri = node.stdout.readline().decode().strip()
    try:
        if uri:
            yield uri, re.search(r":(\d+)(/|$)", uri).group(1)
        else:
            with open(os.path.join(folder, "log"), errors="replace") as log:
                print("amqp: not measured, no broker: " + log.read().strip())
            yield None
    finally:
        node.stdin.close()
        node.wait(60)


def cpu():
    """CPU seconds of all children that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def amqp_queue(root, build, work, args, broker, kind):
    """One type of queue: a bare publisher and our drain, by turns."""
    n = int(20000 * args.scale)
    uri, port = broker
    name = "bench-" + kind
    bench = [os.path.join(root, "build/t/bench/amqpbench"), port, name]
    rows = []
    subprocess.run(bench + ["1000", "4096", "128", kind], check=True,
                   stdout=subprocess.DEVNULL)
    for r in range(args.rounds):
        start = cpu()
        done = subprocess.run(bench + [str(n), "4096", "128", kind],
                              check=True, capture_output=True, text=True)
        bare_cpu = cpu() - start
        queue = Queue(build, work, "amqp%s%d" % (kind, r), {
            "routes": "example.com:amqp:/" + name, "amqp": uri})
        queue.fill(n)
        start = cpu()
        seconds = queue.drain()
        rows.append((n / seconds, float(done.stdout),
                     (cpu() - start) / n * 1e6, bare_cpu / n * 1e6))
        shutil.rmtree(queue.peer.dir)
        subprocess.run(bench + ["1", "4096", "128", kind], check=True,
                       stdout=subprocess.DEVNULL)
    mid = [statistics.median(c) for c in zip(*rows)]
    print("amqp: %d messages of 4 KiB into a durable %s queue, window 128: "
          "%.0f messages/s; a bare publisher %.0f; ratio %.2f; CPU %.0f "
          "microseconds each, bare %.0f" % (
              n, kind, mid[0], mid[1],
              statistics.median(a / b for a, b, _, _ in rows), mid[2],
              mid[3]))


def amqp(root, build, work, args):
    if shutil.which("rabbitmq-server") is None:
        print("amqp: not measured, no rabbitmq-server here")
        return
    with rabbit(root, work) as broker:
        if broker is not None:
            for kind in ("classic", "quorum"):
                amqp_queue(root, build, work, args, broker, kind)


@contextlib.contextmanager
def sink():
    """Postfix's smtp-sink, which takes everything and keeps nothing: its
    port."""
    port = servers.free_port()
    user = ["-u", "nobody"] if os.getuid() == 0 else []
    log = subprocess.DEVNULL
    proc = subprocess.Popen(["smtp-sink", *user, "127.0.0.1:%d" % port,
                             "100"], stdout=log, stderr=log)
    try:
        for _ in range(500):
            try:
                socket.create_connection(("127.0.0.1", port)).close()
                break
            except OSError:
                time.sleep(0.02)
        yield port
    finally:
        proc.terminate()
        proc.wait()


def smtp(build, work, args):
    """Ours to a sink, and smtp-source to the same one, by turns."""
    if shutil.which("smtp-sink") is None:
        print("smtp: not measured, no smtp-sink here")
        return
    n = int(10000 * args.scale)
    rows = []
    with sink() as port:
        source = ["smtp-source", "-M", "bench.example.net", "-f",
                  "s@example.net", "-t", "r@example.com", "-l", "4096"]
        to = "127.0.0.1:%d" % port
        for r in range(args.rounds):
            start = cpu()
            seconds = servers.timed(source + ["-d", "-s", "10", "-m", str(n),
                                              to])
            bare, bare_cpu = n / seconds, cpu() - start
            queue = Queue(build, work, "smtp%d" % r,
                          {"route": "smtp:" + to, "smtptls": "none"})
            queue.fill(n)
            start = cpu()
            seconds = queue.drain()
            rows.append((n / seconds, bare, (cpu() - start) / n * 1e6,
                         bare_cpu / n * 1e6))
            shutil.rmtree(queue.peer.dir)
    mid = [statistics.median(c) for c in zip(*rows)]
    print("smtp: %d messages of 4 KiB to smtp-sink: %.0f messages/s out of "
          "the queue; smtp-source, with nothing to read or to note, %.0f; "
          "ratio %.2f; CPU %.0f microseconds each, smtp-source %.0f" % (
              n, mid[0], mid[1],
              statistics.median(a / b for a, b, _, _ in rows), mid[2],
              mid[3]))


def make_due(queue, now, waiting):
    """Turns one real entry into many that wait, with names of their own."""
    folder = os.path.join(queue.dir, "new")
    name = os.listdir(folder)[0]
    with open(os.path.join(folder, name), "rb") as f:
        entry = f.read()
    os.unlink(os.path.join(folder, name))
    rnd = random.Random(1)
    for _ in range(waiting):
        ident = name[:10] + "".join(rnd.choices(BASE36, k=len(name) - 10))
        due = now + 600 + rnd.randrange(14400)
        bucket = os.path.join(queue.dir, "due", "%08x" % (due >> 8))
        if not os.path.isdir(bucket):
            os.makedirs(bucket, mode=0o700)
        fd = os.open(os.path.join(bucket, "%010d,1,%s" % (due, ident)),
                     os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        os.write(fd, entry.replace(name.encode(), ident.encode()))
        os.close(fd)


def put_due(queue, now, n):
    """n entries that came in by SMTP become due now."""
    queue.fill(n)
    folder = os.path.join(queue.dir, "new")
    due = now - 10
    bucket = os.path.join(queue.dir, "due", "%08x" % (due >> 8))
    os.makedirs(bucket, mode=0o700, exist_ok=True)
    for name in os.listdir(folder):
        os.rename(os.path.join(folder, name),
                  os.path.join(bucket, "%010d,1,%s" % (due, name)))


def counted(path):
    """{system call: how many} of what strace -c wrote."""
    table = {}
    for line in open(path):
        found = re.match(r" *[\d.]+ +[\d.]+ +\d+ +(\d+) +(?:\d+ +)?(\w+)$",
                         line)
        if found and found.group(2) != "total":
            table[found.group(2)] = int(found.group(1))
    return table


def due(build, work, args):
    waiting = int(100000 * args.scale)
    queue = Queue(build, work, "due", {"routes": "example.com:maildir:"})
    now = int(time.time())
    queue.fill(1)
    make_due(queue, now, waiting)
    # What was just made must not be what the run's own syncfs waits for.
    os.sync()
    seconds = []
    for _ in range(args.rounds):
        put_due(queue, now, 10)
        seconds.append(servers.timed(queue.queuerun))
    text = "%.1f ms" % (statistics.median(seconds) * 1e3)
    if shutil.which("strace"):
        put_due(queue, now, 10)
        counts = os.path.join(queue.peer.dir, "counts")
        servers.timed(["strace", "-f", "-c", "-o", counts] + queue.queuerun)
        table = counted(counts)
        text += "; %d system calls in all, %d openat, %d getdents64" % (
            sum(table.values()), table.get("openat", 0),
            table.get("getdents64", 0))
    else:
        text += "; no strace here, system calls not counted"
    if queue.left() != waiting:
        raise SystemExit("bench: %d entries wait, not %d"
                         % (queue.left(), waiting))
    print("due: a run with 10 entries due among %d waiting, into a Maildir: "
          "%s" % (waiting, text))


def run(root, build, work, args):
    if "maildir" in args.only:
        maildir(build, work, args)
    if "amqp" in args.only:
        amqp(root, build, work, args)
    if "smtp" in args.only:
        smtp(build, work, args)
    if "due" in args.only:
        due(build, work, args)
