#!/usr/bin/env python3
"""agent_dests: a delivery agent whose destinations behave as their names say,
for the tests of queuerun's scheduling.

    agent_dests.py DIRECTORY

Of a recipient's domain: dead* never answers (451 4.4.1), shut* closes (421),
slow* takes its time, half* refuses every other recipient, busy* and loop*
answer 4xx, all others take it. Each job is a line "DOMAIN ID SENDER RCPT TIME" in DIRECTORY/dests; while
DIRECTORY/alive.DOMAIN exists, a dead one takes mail.
"""
import array
import heapq
import os
import select
import socket
import sys
import time
import urllib.parse

where = sys.argv[1]
sock = socket.socket(fileno=0)
log = open(os.path.join(where, "dests"), "a")
text, fds, heap, count = b"", [], [], 0
WINDOW = 200
DELAY = {"dead": 0.03, "slow": 0.15}


def alive(domain):
    return os.path.exists(os.path.join(where, "alive." + domain))


def take(line):
    global count
    words = line.decode().split(" ; ")[0].split(" ")
    number, eid, sender, rcpts = words[1], words[2], words[5], words[6:]
    for i, r in enumerate(map(urllib.parse.unquote, rcpts)):
        local, domain = r.rsplit("@", 1)
        log.write("%s %s %s %s %.3f\n" % (domain, eid, sender, r,
                                          time.monotonic()))
        answer = "ok 250 2.0.0 taken"
        if domain.startswith("dead") and not alive(domain):
            answer = "later 451 4.4.1 no%20answer"
        elif domain.startswith("shut"):
            answer = "later 421 4.3.2 closing"
        elif domain.startswith("loop"):
            answer = "later 451 4.4.6 a%20loop"
        elif domain.startswith("half") and int(local[1:]) % 2:
            answer = "fail 550 5.1.1 no"
        elif domain.startswith("busy"):
            answer = "later 451 4.2.1 full"
        count += 1
        heapq.heappush(heap, (time.monotonic() + DELAY.get(domain[:4], 0),
                              count, "done %s %d %s\n" % (number, i, answer)))


def say():
    now, out = time.monotonic(), ""
    while heap and heap[0][0] <= now:
        out += heapq.heappop(heap)[2]
    if out:
        sock.sendall(out.encode())


sock.sendall(b"ready 1 %d\n" % WINDOW)
eof = False
while not eof or heap:
    wait = max(0, heap[0][0] - time.monotonic()) if heap else None
    if not eof and select.select([sock], [], [], wait)[0]:
        data, anc, _, _ = sock.recvmsg(65536, socket.CMSG_SPACE(1012))
        for _, _, payload in anc:
            a = array.array("i")
            a.frombytes(payload)
            fds.extend(a)
        eof = not data
        text += data
    elif eof and heap:
        time.sleep(wait)
    while b"\n" in text:
        line, text = text.split(b"\n", 1)
        os.close(fds.pop(0))
        take(line)
    say()
log.close()
