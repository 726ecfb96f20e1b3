#!/usr/bin/env python3
"""connection: what a connection meets before its banner, over TCP: PROXY
headers of real clients and in odd pieces, machines without room, slow disks,
growing delays. Speaks TAP.

    connection.py DIRECTORY SMTPE
"""
import os
import socket
import ssl
import struct
import subprocess
import sys
import threading
import time

T, SMTPE = sys.argv[1:3]
CONTROL, QUEUE, LOG = T + "/control", T + "/queue", T + "/log"
count = failed = 0


def ok(good, name, why=""):
    global count, failed
    count += 1
    failed += not good
    print("%sok %d - %s" % ("" if good else "not ", count, name))
    if not good:
        print("# %r" % (why,))
    sys.stdout.flush()


def skip(n, why):
    global count
    for _ in range(n):
        count += 1
        print("ok %d # SKIP %s" % (count, why))
    sys.stderr.write("connection.py: SKIPPED: %s\n" % why)


class Server:
    """tcpserver with smtpe on a port of its own."""

    def __init__(self, *args, wrap=(), clients=40):
        self.p = subprocess.Popen(
            ["tcpserver", "-1", "-H", "-R", "-l", "mx.local", "-c",
             str(clients), "-b", "200", "127.0.0.1", "0", *wrap, SMTPE, "-c",
             CONTROL, "-q", QUEUE, *args],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=open(LOG, "wb"))
        self.port = int(self.p.stdout.readline())

    def connect(self):
        s = socket.create_connection(("127.0.0.1", self.port), 30)
        s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return s

    def stop(self):
        self.p.terminate()
        self.p.wait()
        with open(LOG, errors="replace") as f:
            return f.read()


class Client:
    def __init__(self, s):
        self.s, self.f = s, s.makefile("rb")

    def reply(self):
        """The last line of the next reply; "" at the end."""
        while True:
            line = self.f.readline().decode("latin-1")
            if line[3:4] != "-":
                return line

    def say(self, line):
        self.s.sendall(line.encode() + b"\r\n")
        return self.reply()

    def close(self):
        self.f.close()
        self.s.close()


MESSAGE = ("EHLO client.example", "MAIL FROM:<a@client.example>",
           "RCPT TO:<b@example.org>", "DATA", "Subject: x\r\n\r\ntext\r\n.")


def message(c):
    """Sends one: the codes, and what the last reply was."""
    codes, r = [], ""
    for line in MESSAGE:
        r = c.say(line)
        codes.append(r[:3])
        if r[:1] not in ("2", "3"):
            break
    return codes, r


def control(name, value=None):
    path = os.path.join(CONTROL, name)
    if value is None:
        os.unlink(path)
        return
    # As an administrator's tools do it: never half a file.
    with open(path + ".new", "w") as f:
        f.write(value + "\n")
    os.rename(path + ".new", path)


def entries():
    d = QUEUE + "/new"
    return len(os.listdir(d)) if os.path.isdir(d) else 0


def newest():
    d = QUEUE + "/new"
    path = max((os.path.join(d, n) for n in os.listdir(d)))
    with open(path, errors="replace") as f:
        return f.read()


V2 = (b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0f" +
      socket.inet_aton("192.0.2.9") + socket.inet_aton("192.0.2.25") +
      struct.pack(">HH", 4711, 465) + b"\4\0\0")
V1 = b"PROXY TCP4 192.0.2.9 192.0.2.25 4711 465\r\n"


def proxy():
    control("proxyhosts", "127.0.0.1")
    server = Server()
    for version in "1", "2":
        r = subprocess.run(
            ["swaks", "--server", "127.0.0.1:%d" % server.port, "--helo",
             "client.example", "--from", "a@b.example", "--to",
             "b@example.org", "--proxy-version", version, "--proxy-family",
             "TCP4" if version == "1" else "AF_INET", "--proxy-source",
             "192.0.2.9", "--proxy-source-port", "4711", "--proxy-dest",
             "192.0.2.25", "--proxy-dest-port", "25"] +
            (["--proxy-protocol", "STREAM", "--proxy-command", "PROXY"]
             if version == "2" else []),
            capture_output=True, text=True)
        ok(r.returncode == 0, "swaks --proxy, version %s" % version,
           r.stdout)
        ok("\nclient-ip 192.0.2.9\nclient-port 4711\n" in newest(),
           "the entry names the proxy's client", newest())
    for header in V1, V2:
        c = server.connect()
        for octet in header:
            c.sendall(bytes([octet]))
            time.sleep(0.002)
        c = Client(c)
        ok(c.reply()[:3] == "220", "a header octet by octet")
        c.close()
    server.stop()
    server = Server("--smtps", "-o", "tlscert=%s/cert.pem" % T)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    for header in V1, V2:
        # The header and the first record of the handshake in one piece: who
        # reads an octet too many loses it.
        bio_in, bio_out = ssl.MemoryBIO(), ssl.MemoryBIO()
        tls = context.wrap_bio(bio_in, bio_out)
        raw = server.connect()
        first, said = header, b""
        while b"\n" not in said:
            try:
                said += tls.read() if first is None else b""
                if first is not None:
                    tls.do_handshake()
                    first = None
            except ssl.SSLWantReadError:
                out = bio_out.read()
                raw.sendall((first or b"") + out)
                first = first and b""
                got = raw.recv(65536)
                if not got:
                    break
                bio_in.write(got)
            out = bio_out.read()
            if out:
                raw.sendall(out)
        ok(said.startswith(b"220 "), "a header before a handshake", said)
        raw.close()
    server.stop()
    control("proxyhosts")


def load():
    """Connections while there is no room, and while there is: each is answered
    at once, and what was acknowledged is there."""
    before, stop = entries(), threading.Event()
    lock, seen = threading.Lock(), {"250": 0, "421": 0, "452": 0, "other": []}
    slowest = [0.0]
    server = Server(clients=20)

    def client():
        while not stop.is_set():
            began = time.monotonic()
            try:
                c = Client(server.connect())
                r = c.reply()
                took = time.monotonic() - began
                if r[:3] == "220":
                    _, r = message(c)
                c.close()
            except OSError as e:
                r, took = str(e), 0
            with lock:
                if r[:3] in seen:
                    seen[r[:3]] += 1
                else:
                    seen["other"].append(r)
                if not r.startswith(("250", "421 4.3.2", "452 4.3.1")):
                    seen["other"].append(r)
                if r[:3] == "421":
                    slowest[0] = max(slowest[0], took)

    def until(key, more):
        with lock:
            wanted = seen[key] + more
        end = time.monotonic() + 30
        while time.monotonic() < end:
            with lock:
                if seen[key] >= wanted:
                    return True
            time.sleep(0.01)
        return False

    threads = [threading.Thread(target=client) for _ in range(8)]
    for t in threads:
        t.start()
    ok(until("250", 20), "under load messages are taken")
    control("minfree", "8000000G")
    ok(until("421", 20), "without room connections are told so", seen)
    control("minfree", "1")
    ok(until("250", 20), "and with room they are taken again", seen)
    control("minmemory", "8000000G")
    ok(until("421", 20), "the same without memory", seen)
    control("minmemory")
    ok(until("250", 20), "and with it", seen)
    stop.set()
    for t in threads:
        t.join()
    control("minfree")
    log = server.stop()
    ok(not seen["other"], "no other answer", seen["other"][:5])
    ok(entries() - before == seen["250"],
       "each message that was acknowledged is there, and no other",
       (entries() - before, seen["250"]))
    ok(log.count("event=overload") >= 40, "each refusal is in the log")
    print("# %d taken, %d refused, the slowest refusal after %.0f ms" %
          (seen["250"], seen["421"] + seen["452"], slowest[0] * 1000))


def in_session():
    """A long session notices, too, and goes on when the room is back."""
    with open(T + "/script.lua", "w") as f:
        f.write("function hook.noop() smtpe.setoption('minfree',"
                " io.open('%s/full') and '8000000G' or '1') end\n" % T)
    server = Server("-s", T + "/script.lua")
    c = Client(server.connect())
    c.reply()
    ok(message(c)[1][:3] == "250", "a message")
    open(T + "/full", "w").close()
    c.say("NOOP")
    end = time.monotonic() + 10
    r = ""
    while r[:3] != "452" and time.monotonic() < end:
        time.sleep(0.1)
        r = c.say("MAIL FROM:<a@b.example>")
        c.say("RSET")
    ok(r.startswith("452 4.3.1"), "no room: MAIL is 452 4.3.1", r)
    os.unlink(T + "/full")
    c.say("NOOP")
    ok(message(c)[1][:3] == "250", "and is taken when there is some")
    c.close()
    server.stop()


def slow_disk():
    strace = ["strace", "-f", "-qq", "-o", "/dev/null", "-e",
              "trace=fsync,fdatasync", "-e",
              "inject=fsync,fdatasync:delay_exit=300000"]
    with open(SMTPE, "rb") as f:
        sanitized = b"__asan_init" in f.read()
    try:
        can = not sanitized and subprocess.run(
            strace + ["true"], capture_output=True).returncode == 0
    except OSError:
        can = False
    if not can:
        skip(4, "strace cannot make a disk slow here")
        return
    server = Server("-o", "slowcommit=200ms", wrap=strace)
    c = Client(server.connect())
    c.reply()
    ok(message(c)[1][:3] == "250", "a message to a slow disk")
    r = c.say("MAIL FROM:<a@b.example>")
    ok(r.startswith("451 4.3.2"), "the next one has to wait", r)
    end = time.monotonic() + 20
    while r[:3] != "250" and time.monotonic() < end:
        time.sleep(0.1)
        r = c.say("MAIL FROM:<a@b.example>")
    ok(r[:3] == "250", "for a while", r)
    c.close()
    ok("control=slowcommit" in server.stop(), "it is in the log")


def ends():
    """Before a handshake nothing is said in the clear; a signal ends a wait."""
    with open(CONTROL + "/access", "w") as f:
        f.write('127.:deny="Not you"\n')
    server = Server("--smtps", "-o", "tlscert=%s/cert.pem" % T)
    ok(server.connect().recv(99) == b"", "--smtps: a denial says nothing")
    log = server.stop()
    ok("event=deny ip=127.0.0.1" in log, "but in the log", log)
    os.unlink(CONTROL + "/access")
    server = Server("--smtps", "-o", "tlscert=%s/cert.pem" % T, "-o",
                    "minmemory=8000000G")
    ok(server.connect().recv(99) == b"", "--smtps: nor does a busy machine")
    server.stop()
    p = subprocess.Popen([SMTPE, "-c", CONTROL, "-q", QUEUE, "-o",
                          "greetdelay=100"], stdin=subprocess.PIPE,
                         stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    # It waits once its signals are its own.
    until = time.monotonic() + 20
    while time.monotonic() < until:
        with open("/proc/%d/status" % p.pid) as f:
            caught = int(f.read().split("SigCgt:")[1].split()[0], 16)
        if caught >> 14 & 1:
            break
        time.sleep(0.01)
    p.terminate()
    said = p.stdout.read()
    p.stdin.close()
    ok(said.startswith(b"421 4.3.2") and p.wait() == 0,
       "SIGTERM ends a greeting that waits", said)


def delays():
    """Late answers grow, are not all the same, and end with the client."""
    server = Server("-o", "softerrors=1", "-o", "errordelay=40ms", "-o",
                    "maxerrors=7")
    c = Client(server.connect())
    c.reply()
    took, said = [], []
    for _ in range(7):
        began = time.monotonic()
        said.append(c.say("FROB")[:3])
        took.append(time.monotonic() - began)
    ok(said == ["502"] * 6 + ["421"], "errors up to the hard limit", said)
    ok(all(took[n] >= 0.03 * n - 0.002 for n in range(1, 7)),
       "the n-th late answer is n times as late", took)
    ok(c.reply() == "", "and then the end")
    c.close()
    server.stop()
    server = Server("-o", "softerrors=0", "-o", "errordelay=29")
    c = Client(server.connect())
    c.reply()
    c.s.sendall(b"FROB\r\n")
    # A reset: nobody is left to be slowed down.
    c.s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                   struct.pack("ii", 1, 0))
    c.close()
    end = time.monotonic() + 20
    while time.monotonic() < end:
        with open(LOG) as f:
            log = f.read()
        if "event=session" in log:
            break
        time.sleep(0.02)
    ok("event=session" in log, "who goes away meanwhile keeps no process")
    server.stop()


proxy()
load()
in_session()
slow_disk()
delays()
ends()
print("1..%d" % count)
sys.exit(1 if failed else 0)
