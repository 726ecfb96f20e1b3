#!/usr/bin/env python3
"""dns_ask.py PORT PID ZONE...: waits until a server on loopback answers for
each zone. Exit 1 when its process has ended or 60 seconds are over."""
import os
import socket
import struct
import sys
import time


def answers(sock, zone):
    labels = [x.encode() for x in zone.split(".")]
    wire = b"".join(bytes([len(x)]) + x for x in labels) + b"\0"
    try:
        sock.send(struct.pack(">6H", 7, 0, 1, 0, 0, 0) + wire + b"\0\6\0\1")
        answer = sock.recv(4096)
    except OSError:
        return False
    _, flags, _, n = struct.unpack(">4H", answer[:8])
    return flags & 15 == 0 and n == 1


def alive(pid):
    # A child of the shell that nobody has waited for is still there.
    try:
        with open("/proc/%s/stat" % pid) as f:
            return f.read().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


port, pid, zones = int(sys.argv[1]), sys.argv[2], sys.argv[3:]
end = time.monotonic() + 60
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
    s.settimeout(0.5)
    s.connect(("127.0.0.1", port))
    while zones and time.monotonic() < end and alive(pid):
        zones = [z for z in zones if not answers(s, z)]
        if zones:
            time.sleep(0.05)
sys.exit(1 if zones else 0)
