#!/usr/bin/env python3
"""dns_liar.py PORTFILE ASKED: a DNS server on loopback that does what the
first label of a name says, and writes "TYPE NAME udp|tcp" for each question
into ASKED. A label that it does not know has the address 192.0.2.1."""
import os
import socket
import struct
import sys
import threading
import time

A, NS, CNAME, PTR, MX, TXT, AAAA = 1, 2, 5, 12, 15, 16, 28
NAME = b"\xc0\x0c"  # the question's
FORGED = bytes((203, 0, 113, 66))


def wire(name):
    return b"".join(bytes([len(x)]) + x for x in name.encode().split(b".")
                    if x) + b"\0"


def rr(owner, kind, data, cls=1, ttl=60):
    return owner + struct.pack(">HHIH", kind, cls, ttl, len(data)) + data


def address(last):
    return bytes((192, 0, 2, last))


class Query:
    def __init__(self, packet, tcp):
        self.id = packet[:2]
        self.tcp = tcp
        i, labels = 12, []
        while packet[i]:
            labels.append(packet[i + 1:i + 1 + packet[i]])
            i += 1 + packet[i]
        self.question = packet[12:i + 5]
        self.type = struct.unpack(">H", packet[i + 1:i + 3])[0]
        self.labels = [x.decode("latin-1").lower() for x in labels]
        self.name = ".".join(self.labels) + "."

    def answer(self, *answers, rcode=0, flags=0x8180, extra=(), id=None,
               question=None, counts=None):
        q = self.question if question is None else question
        counts = counts or (1 if q else 0, len(answers), 0, len(extra))
        return ((id or self.id) + struct.pack(">5H", flags | rcode, *counts) +
                q + b"".join(answers) + b"".join(extra))

    def good(self, last=1):
        return self.answer(rr(NAME, A, address(last)))


def other(q, name):
    return wire(name) + struct.pack(">HH", q.type, 1)


def wrong_id(q):
    return bytes((q.id[0] ^ 1, q.id[1]))


def forged(q, **how):
    return q.answer(rr(NAME, A, FORGED), **how)


# Answers that are no answers: nothing comes after them.
SILENT = {
    "silent": lambda q: [],
    "wrongid": lambda q: [forged(q, id=wrong_id(q))],
    "wrongname": lambda q: [forged(q, question=other(q, "wrong.test"))],
    "otherport": lambda q: [(forged(q),)],
    "empty": lambda q: [b""],
    "short": lambda q: [q.id, q.good()[:11]],
    "noquestion": lambda q: [forged(q, question=b"")],
    "wrongtype": lambda q: [q.answer(
        rr(NAME, A, FORGED), question=q.question[:-4] + b"\0\x1c\0\1")],
    "wrongclass": lambda q: [forged(q, question=q.question[:-1] + b"\3")],
    "refusedbare": lambda q: [q.answer(rcode=5, question=b"")],
}

# Malformed.
MALFORMED = {
    "loop": lambda q: q.answer(rr(b"\xc0" + bytes([12 + len(q.question)]), A,
                                  FORGED)),
    "forward": lambda q: q.answer(rr(NAME, CNAME, b"\xc0\xff")),
    "pair": lambda q: q.answer(rr(NAME, CNAME, b"\1a\xc0" +
                                  bytes([12 + len(q.question) + 12]))),
    "header": lambda q: q.answer(rr(NAME, CNAME, b"\xc0\2")),
    "longname": lambda q: q.answer(rr(NAME, CNAME, (b"\x3f" + b"x" * 63) * 4 +
                                      b"\0")),
    "badlabel": lambda q: q.answer(rr(NAME, CNAME, b"\x80x\0")),
    "counts": lambda q: q.answer(rr(NAME, A, FORGED),
                                 counts=(1, 65535, 65535, 65535)),
    "onemore": lambda q: q.answer(rr(NAME, A, FORGED), counts=(1, 2, 0, 0)),
    "rdlength": lambda q: q.answer(rr(NAME, A, FORGED)[:-5] + b"\xff" + FORGED),
    "shorta": lambda q: q.answer(rr(NAME, A, FORGED[:3])),
    "longa": lambda q: q.answer(rr(NAME, A, FORGED + b"x")),
    "txt": lambda q: q.answer(rr(NAME, TXT, b"\x10short")),
    "isquery": lambda q: forged(q, flags=0x0100),
    "opcode": lambda q: forged(q, flags=0xa180),
    "shortrr": lambda q: q.answer(NAME + b"\0\1\0\1"),
}


def full(q, n):
    """n addresses."""
    return q.answer(*[rr(NAME, A, struct.pack(">I", 0x0a000000 + i))
                      for i in range(n)])


def octets64k(q):
    """As large as a packet can be."""
    a = full(q, 4000)
    rest = 65535 - len(a)
    return a[:10] + b"\0\1" + a[12:] + rr(b"\0", 41, b"\0" * (rest - 11))


GOOD = {
    "servfail": lambda q: q.answer(rcode=2),
    "formerr": lambda q: q.answer(rcode=1),
    "notimp": lambda q: q.answer(rcode=4),
    "refused": lambda q: q.answer(rcode=5),
    "nx": lambda q: q.answer(rcode=3),
    "rcode9": lambda q: q.answer(rcode=9),
    "badvers": lambda q: q.answer(extra=[rr(b"\0", 41, b"", 1232, 1 << 24)]),
    "stranger": lambda q: q.answer(
        rr(wire("bank.test"), A, FORGED), rr(NAME, A, address(2)),
        extra=[rr(wire("bank.test"), A, FORGED)]),
    "ring": lambda q: q.answer(
        rr(NAME, CNAME, wire("b.test")), rr(wire("b.test"), CNAME, NAME)),
    "ttl": lambda q: q.answer(rr(NAME, A, address(1), ttl=0xffffffff)),
    "controls": lambda q: q.answer(rr(NAME, TXT, b"\x08a\r\n250 x")),
    "upper": lambda q: q.answer(rr(NAME, MX, b"\0\1" + wire("MX.Upper.TEST"))),
    "chaos": lambda q: q.answer(rr(NAME, A, b"not an address", cls=3)),
}

# What is cut short over UDP: what comes over TCP, or None for a closed door.
CUT = {
    "tcp": lambda q: full(q, 500),
    "64k": octets64k,
    "cut": None,
    "cuttwice": lambda q: q.answer(flags=0x8380),
    "tcpshort": lambda q: q.good()[:20],
    "tcploop": MALFORMED["loop"],
}

# First a lie, then the truth, from the right port.
RACE = {
    "lateid": lambda q: [forged(q, id=wrong_id(q)), q.good(3)],
    "latename": lambda q: [forged(q, question=other(q, "w.test")), q.good(3)],
    "lateport": lambda q: [(forged(q),), q.good(3)],
    "twice": lambda q: [q.good(3), forged(q)],
}


class Server:
    def __init__(self, asked):
        self.lock = threading.Lock()
        self.asked = open(asked, "a", buffering=1)
        self.held = []
        while True:
            self.tcp = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
            self.tcp.bind(("127.0.0.1", 0))
            self.port = self.tcp.getsockname()[1]
            self.udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            try:
                self.udp.bind(("127.0.0.1", self.port))
                break
            except OSError:
                self.tcp.close()
        self.tcp.listen(64)
        self.forger = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)

    def note(self, q):
        self.asked.write("%d %s %s\n" % (q.type, q.name,
                                         "tcp" if q.tcp else "udp"))

    def send(self, packets, where):
        for p in packets:
            if isinstance(p, tuple):
                self.forger.sendto(p[0], where)
            else:
                self.udp.sendto(p, where)

    def hold(self, q, where, n):
        """Answers none of them before there are n, each of another name."""
        self.held = [h for h in self.held if h[0].name != q.name]
        self.held.append((q, where))
        if len(self.held) >= n:
            for i, (h, to) in enumerate(self.held):
                self.send([h.good(10 + i)], to)
            self.held = []

    def datagram(self, packet, where):
        q = Query(packet, False)
        self.note(q)
        do = q.labels[0] if q.labels else ""
        if do in SILENT:
            self.send(SILENT[do](q), where)
        elif do in RACE:
            self.send(RACE[do](q), where)
        elif do in MALFORMED:
            self.send([MALFORMED[do](q)], where)
        elif do in GOOD:
            self.send([GOOD[do](q)], where)
        elif do in CUT:
            self.send([q.answer(flags=0x8380)], where)
        elif do.startswith("three"):
            self.hold(q, where, 3)
        elif do == "held":
            self.hold(q, where, 99)
        elif do == "release":
            self.send([q.good()], where)
            held, self.held = self.held, []
            for h, to in held:
                self.send([h.good(9)], to)
        else:
            self.send([q.good()], where)

    def stream(self, conn):
        data = b""
        try:
            while True:
                while len(data) < 2 or \
                        len(data) < 2 + struct.unpack(">H", data[:2])[0]:
                    more = conn.recv(4096)
                    if not more:
                        return
                    data += more
                n = 2 + struct.unpack(">H", data[:2])[0]
                q, data = Query(data[2:n], True), data[n:]
                self.note(q)
                make = CUT.get(q.labels[0])
                if make is None:
                    return
                answer = make(q)
                conn.sendall(struct.pack(">H", len(answer)) + answer)
        except OSError:
            pass
        finally:
            conn.close()

    def accept(self):
        while True:
            conn, _ = self.tcp.accept()
            threading.Thread(target=self.stream, args=(conn,),
                             daemon=True).start()

    def run(self):
        threading.Thread(target=self.accept, daemon=True).start()
        while True:
            packet, where = self.udp.recvfrom(65535)
            self.datagram(packet, where)


def main():
    server = Server(sys.argv[2])
    with open(sys.argv[1] + ".new", "w") as f:
        f.write("%d\n" % server.port)
    os.rename(sys.argv[1] + ".new", sys.argv[1])
    server.run()


main()
