"""How long it is from the 250 to the message in the Maildir, and to the
broker's confirm, with queuerun -w: one message after the other, and each is
waited for.
"""
import os
import shutil
import socket
import statistics
import subprocess
import threading
import time

import drain

MESSAGES = 200
BODY = b"Subject: bench\r\n\r\n" + b"x" * 70 + b"\r\n"


def talk(sock, reader, line):
    sock.sendall(line + b"\r\n")
    while True:
        reply = reader.readline()
        if reply[3:4] != b"-":
            return reply


class Settled:
    """When queuerun said, in its log, that it has settled a delivery."""

    def __init__(self, runner):
        self.times = []
        self.more = threading.Condition()
        threading.Thread(target=self.read, args=(runner.stderr,),
                         daemon=True).start()

    def read(self, log):
        for line in log:
            if b"event=delivery" in line and b"outcome=ok" in line:
                with self.more:
                    self.times.append(time.monotonic())
                    self.more.notify()

    def at(self, n):
        with self.more:
            if not self.more.wait_for(lambda: len(self.times) > n, 30):
                raise SystemExit("bench: a message did not arrive")
            return self.times[n]


def in_maildir(new):
    """A function that waits for the n-th file: when it was there."""
    def at(n):
        limit = time.monotonic() + 30
        while len(os.listdir(new)) <= n:
            if time.monotonic() > limit:
                raise SystemExit("bench: a message did not arrive")
            time.sleep(0.0002)
        return time.monotonic()
    return at


def send(queue, at, args):
    """Messages, one after the other: the milliseconds of each."""
    took = []
    with socket.create_connection(("127.0.0.1", queue.peer.port)) as s:
        s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        reader = s.makefile("rb")
        reader.readline()
        talk(s, reader, b"EHLO bench.example.net")
        for n in range(int(MESSAGES * args.scale)):
            talk(s, reader, b"MAIL FROM:<s@example.net>")
            talk(s, reader, b"RCPT TO:<r@example.com>")
            talk(s, reader, b"DATA")
            if talk(s, reader, BODY + b".")[:3] != b"250":
                raise SystemExit("bench: a message was refused")
            began = time.monotonic()
            took.append(max(0.0, at(n) - began) * 1e3)
            # The next one meets a worker that sleeps.
            time.sleep(0.005)
        talk(s, reader, b"QUIT")
    # The first one starts the agent.
    return sorted(took[1:])


def follow(queue, args, at_of, what):
    runner = subprocess.Popen(queue.queuerun + ["-w"],
                              stderr=subprocess.PIPE)
    settled = Settled(runner)
    queue.peer.start()
    try:
        took = send(queue, at_of or settled.at, args)
    finally:
        queue.peer.stop()
        runner.terminate()
        runner.wait(60)
    print("watch: from the 250 to %s with queuerun -w: median %.1f ms, "
          "95 %% within %.1f ms, longest %.1f ms"
          % (what, statistics.median(took), took[len(took) * 95 // 100 - 1],
             took[-1]))


def run(root, build, work, args):
    maildir = os.path.join(work, "watch-maildir")
    queue = drain.Queue(build, work, "watch",
                        {"routes": "example.com:maildir:",
                         "maildir": maildir})
    for sub in ("tmp", "cur", "new"):
        os.makedirs(os.path.join(maildir, sub))
    follow(queue, args, in_maildir(os.path.join(maildir, "new")),
           "the Maildir")
    if shutil.which("rabbitmq-server") is None:
        print("watch: AMQP not measured, no rabbitmq-server here")
        return
    with drain.rabbit(root, work, "watch-rabbit") as broker:
        if broker is None:
            return
        queue = drain.Queue(build, work, "watch-amqp", {
            "routes": "example.com:amqp:/watch", "amqp": broker[0],
            "amqpdeclare": "queue watch quorum"})
        follow(queue, args, None, "the confirm of a quorum queue")
