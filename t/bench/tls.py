"""TLS for t/bench/run: handshakes, full and resumed, beside openssl s_server
with the same key, and a message that comes in encrypted and in clear."""
import os
import re
import shutil
import socket
import ssl
import statistics
import subprocess
import time

import servers

KINDS = {"ECDSA P-256": ["-newkey", "ec", "-pkeyopt",
                         "ec_paramgen_curve:P-256"],
         "RSA 2048": ["-newkey", "rsa:2048"]}
MIB = 1 << 20


def certificate(path, kind):
    subprocess.run(["openssl", "req", "-x509", "-nodes", "-days", "3",
                    "-subj", "/CN=bench.example.com", "-keyout",
                    path + ".key", "-out", path + ".pem"] + KINDS[kind],
                   check=True, stderr=subprocess.DEVNULL)


class Smtpe(servers.Tcpserver):
    """smtpe with a certificate."""

    def __init__(self, name, work, program, pair, *more):
        super().__init__(name, work, [
            program, "-c", "@/control", "-o", "log=none",
            "-o", "tlscert=" + pair + ".pem", "-o", "tlskey=" + pair + ".key",
            "-o", "tlscache=@/cache"] + list(more), "queue")
        servers.smtpe_dir(self, None)


class Smtps(Smtpe):
    """It begins with TLS: it is there when its port is open."""

    def spawn(self, command):
        self.process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL, start_new_session=True)


class OpenSSL(servers.Peer):
    def __init__(self, name, work, pair):
        super().__init__(name, work)
        self.pair = pair
        os.makedirs(self.dir, exist_ok=True)

    def start(self):
        self.process = subprocess.Popen(
            ["openssl", "s_server", "-accept", str(self.port), "-quiet",
             "-tls1_2", "-cert", self.pair + ".pem", "-key",
             self.pair + ".key"], stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def wait_for(peer):
    for _ in range(200):
        try:
            socket.create_connection(("127.0.0.1", peer.port), 5).close()
            return
        except OSError:
            time.sleep(0.05)
    raise SystemExit("bench: %s does not listen" % peer.name)


def handshakes(peer, how, seconds):
    """Handshakes a second, and CPU milliseconds of the server for each."""
    cpu, start = peer.cpu(), time.perf_counter()
    out = subprocess.run(
        ["openssl", "s_time", "-connect", "127.0.0.1:%d" % peer.port, how,
         "-tls1_2", "-time", str(seconds), "-cipher",
         "ECDHE+AESGCM"], stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, check=True).stdout.decode()
    took = time.perf_counter() - start
    n = int(re.search(r"(\d+) connections in \d+ real", out).group(1))
    return n / took, (peer.cpu() - cpu) / n * 1e3


def compare(work, program, kind, args):
    pair = os.path.join(work, re.sub(r"\W", "", kind))
    certificate(pair, kind)
    peers = [Smtps("smtpe " + kind, work, program, pair, "--smtps"),
             OpenSSL("s_server " + kind, work, pair)]
    seconds = 1 if args.quick else 4
    try:
        for p in peers:
            p.start()
            wait_for(p)
        for how, name in (("-new", "full"), ("-reuse", "resumed")):
            got = {p: [] for p in peers}
            for _ in range(args.rounds):
                for p in peers:
                    got[p].append(handshakes(p, how, seconds))
            print("  %-26s" % ("%s, %s" % (kind, name)) + "".join(
                "%15s" % ("%.0f (%.2f)" % (
                    statistics.median(g[0] for g in got[p]),
                    statistics.median(g[1] for g in got[p])))
                for p in peers))
    finally:
        for p in peers:
            if p.process is not None:
                p.stop()


def send(peer, size, encrypted):
    """MiB a second, and CPU milliseconds of the server for each MiB."""
    line = b"x" * 998 + b"\r\n"
    body = line * (size // len(line))
    cpu = peer.cpu()
    with socket.create_connection(("127.0.0.1", peer.port)) as s:
        s.recv(1024)
        f = s

        def say(text):
            f.sendall(text + b"\r\n")
            r = f.recv(4096)
            if r[:1] not in (b"2", b"3"):
                raise SystemExit("bench: %r: %r" % (text, r))

        say(b"EHLO x")
        if encrypted:
            say(b"STARTTLS")
            f = ssl._create_unverified_context().wrap_socket(s)
            say(b"EHLO x")
        say(b"MAIL FROM:<a@example.net>")
        say(b"RCPT TO:<r@example.com>")
        say(b"DATA")
        start = time.perf_counter()
        f.sendall(b"Subject: large\r\n\r\n" + body)
        say(b".")
        took = time.perf_counter() - start
        say(b"QUIT")
        f.close()
    shutil.rmtree(os.path.join(peer.dir, "queue"), ignore_errors=True)
    mib = size / MIB
    return mib / took, (peer.cpu() - cpu) / mib * 1e3


def throughput(work, program, args):
    pair = os.path.join(work, "data")
    certificate(pair, "ECDSA P-256")
    peer = Smtpe("smtpe data", work, program, pair)
    size = (64 if args.quick else 256) * MIB
    try:
        peer.start()
        for name, encrypted in (("in clear", False), ("over TLS", True)):
            got = [send(peer, size, encrypted) for _ in range(args.rounds)]
            print("  %-26s%15s" % (name, "%.0f (%.2f)" % (
                statistics.median(g[0] for g in got),
                statistics.median(g[1] for g in got))))
    finally:
        peer.stop()


def run(tree, work, args):
    program = os.path.join(tree, "smtpe/smtpe")
    if shutil.which("openssl") is None:
        print("tls is not measured: no openssl here")
        return
    if "tls" in args.only:
        print("tls: handshakes/s, one client (server's CPU ms for each)")
        print("  %-26s%15s%15s" % ("", "smtpe --smtps", "s_server"))
        for kind in KINDS:
            compare(work, program, kind, args)
    if "tlsdata" in args.only:
        print("tlsdata: one large message, MiB/s (server's CPU ms per MiB)")
        throughput(work, program, args)
