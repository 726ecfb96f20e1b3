"""How long it is from the 250 to the message in the Maildir with queuerun -w:
one message after the other, and each is waited for.
"""
import os
import socket
import statistics
import subprocess
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


def wait_for(new, count):
    """Until there are so many files: seconds since the call."""
    started = time.monotonic()
    while len(os.listdir(new)) < count:
        if time.monotonic() - started > 10:
            raise SystemExit("bench: a message did not arrive")
        time.sleep(0.0002)
    return time.monotonic() - started


def run(build, work, args):
    queue = drain.Queue(build, work, "watch",
                        {"routes": "example.com:maildir:",
                         "maildir": os.path.join(work, "watch-maildir")})
    new = os.path.join(work, "watch-maildir", "new")
    os.makedirs(new)
    for sub in ("tmp", "cur"):
        os.makedirs(os.path.join(work, "watch-maildir", sub))
    runner = subprocess.Popen(queue.queuerun + ["-w"],
                              stderr=subprocess.DEVNULL)
    queue.peer.start()
    took = []
    try:
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
                took.append(wait_for(new, n + 1))
                # The next one meets a worker that sleeps.
                time.sleep(0.005)
            talk(s, reader, b"QUIT")
    finally:
        queue.peer.stop()
        runner.terminate()
        runner.wait(60)
    # The first one starts the agent.
    took = sorted(t * 1e3 for t in took[1:])
    print("watch: from the 250 to the Maildir with queuerun -w: median "
          "%.1f ms, 95 %% within %.1f ms, longest %.1f ms"
          % (statistics.median(took), took[len(took) * 95 // 100 - 1],
             took[-1]))
