"""What the tests with a real RabbitMQ share (amqp_real.py). Not a test."""

import os
import random
import socket
import subprocess
import sys

from agentlib import Place, Runner, Tap
from amqp_node import Node

BUILD, BASE = sys.argv[1:3]
PROGRAM = os.path.join(BUILD, "queuerun/agent-amqp")
tap = Tap()


def free_port():
    """Below those that the kernel gives to clients."""
    while True:
        with socket.socket() as s:
            try:
                s.bind(("127.0.0.1", random.randrange(10000, 32000)))
                return s.getsockname()[1]
            except OSError:
                pass


def make_certificates():
    """An authority and a broker's certificate for localhost."""
    d = os.path.join(BASE, "tls")
    os.mkdir(d)

    def openssl(*words):
        subprocess.run(["openssl", *words], cwd=d, check=True,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")
    for ca in ("ca", "other"):
        openssl("req", "-x509", *key, "-keyout", ca + ".key", "-out",
                ca + ".pem", "-subj", "/CN=" + ca, "-days", "2")
    for name in ("broker", "client"):
        openssl("req", *key, "-keyout", name + ".key", "-out", name + ".csr",
                "-subj", "/CN=" + name)
        with open(os.path.join(d, "ext"), "w") as f:
            f.write("subjectAltName=DNS:localhost\n")
        openssl("x509", "-req", "-in", name + ".csr", "-CA", "ca.pem",
                "-CAkey", "ca.key", "-CAcreateserial", "-extfile", "ext",
                "-out", name + ".pem", "-days", "2")
    with open(os.path.join(d, "client-both.pem"), "w") as f:
        for part in ("client.pem", "client.key"):
            with open(os.path.join(d, part)) as g:
                f.write(g.read())
    return d


TLS = make_certificates()
TLS_PORT = free_port()
node = Node(BUILD, BASE, f"""max_message_size = 8000000
listeners.ssl.default = 127.0.0.1:{TLS_PORT}
ssl_options.cacertfile = {TLS}/ca.pem
ssl_options.certfile = {TLS}/broker.pem
ssl_options.keyfile = {TLS}/broker.key
ssl_options.verify = verify_peer
ssl_options.fail_if_no_peer_cert = false""")



def place(**controls):
    controls.setdefault("amqp", node.uri)
    return Place(BASE, **controls)


def start(p):
    return Runner([PROGRAM], p.env)


def answer(runner, n):
    return runner.done.get(n, {}).get(0, ("none", 0, "", ""))


def outcomes(runner):
    return [answer(runner, n)[0] for n in range(1, runner.next)]


def deliver(p, entries, route="amqp:/q", rcpts=None):
    """One agent, all entries, its end: the runner."""
    r = start(p)
    for e in entries:
        r.job(e, route, rcpts)
    r.collect(sum(len(rcpts or e.rcpts) for e in entries))
    r.code = r.finish()
    return r


def rewrite(entry, lines):
    """More envelope lines, before the recipients."""
    head = entry.message
    trailer = entry.content[len(head):-32].replace(
        b"\nT ", b"\n" + lines + b"\nT ", 1)
    entry.content = head + trailer + b"smtpe1 %016x %07x\n" % (
        len(head), len(trailer))
    with open(entry.path, "wb") as f:
        f.write(entry.content)
