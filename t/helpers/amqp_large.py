"""Mail of 50 MB from SMTP into a RabbitMQ with its own limits, and what is
least: octets that look like nothing, UTF-8, no body, the null sender; in both
formats, all octet for octet. amqp_large.py BUILD DIR [MB]. Speaks TAP."""

import base64
import json
import os
import subprocess
import sys

from agentlib import Tap
from amqp_node import Node

BUILD, BASE = sys.argv[1:3]
MB = int(sys.argv[3]) if len(sys.argv) > 3 else 50
SMTPE = os.path.join(BUILD, "smtpe/smtpe")
QUEUERUN = os.path.join(BUILD, "queuerun/queuerun")
HEAD = b"From: a@client.example\r\nSubject: x\r\n\r\n"
# Neither NUL nor a bare CR or LF: those are refused.
ODD = bytes(c for c in range(1, 256) if c not in (10, 13)) * 3 + b"\r\n"
TEXT = ("Größe 世界 \U0001f600 " * 20).encode() + b"\r\n"
SIZE = MB * 1000 * 1000
MESSAGES = {
    f"{MB} MB of anything": HEAD + ODD * (SIZE // len(ODD)),
    f"{MB} MB of UTF-8": HEAD + TEXT * (SIZE // len(TEXT)),
    "octets that look like nothing": HEAD + ODD,
    "an empty body": HEAD,
    "a header without its end": HEAD[:-2],
}
tap = Tap()


def control(name, value):
    os.makedirs(os.path.join(BASE, "control"), exist_ok=True)
    with open(os.path.join(BASE, "control", name), "w") as f:
        f.write(value + "\n")


def send(message, sender):
    stuffed = message.replace(b"\r\n.", b"\r\n..")
    out = subprocess.run(
        [SMTPE, "-c", os.path.join(BASE, "control")], check=True,
        input=b"EHLO client.example\r\nMAIL FROM:<" + sender +
        b">\r\nRCPT TO:<b@example.org>\r\nDATA\r\n" + stuffed +
        b".\r\nQUIT\r\n", stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL).stdout
    line = [x for x in out.split(b"\r\n") if b"Queued as" in x]
    return line[0].split()[-1].decode() if line else None


def content(m, fmt):
    """The message, and its sender."""
    if fmt == "raw":
        return m["body"], m["headers"]["sender"][1]
    j = json.loads(m["body"])
    text = j["email_content"]
    return (base64.b64decode(text) if j.get("encoding") == "base64"
            else text.encode()), j["sender"]


def main():
    node = Node(BUILD, BASE)
    try:
        for name, value in (("me", "mx.example.org"), ("amqp", node.uri),
                            ("rcpthosts", "example.org"),
                            ("locals", "none.invalid"), ("route", "amqp:/q"),
                            ("traceheaders", "none"),
                            ("queuedir", os.path.join(BASE, "queue"))):
            control(name, value)
        node.declare("q")
        for fmt in ("raw", "json"):
            control("amqpformat", fmt)
            ids = {}
            for i, (name, message) in enumerate(MESSAGES.items()):
                sender = b"" if i % 2 == 0 else b"a@client.example"
                ids[send(message, sender)] = (name, message, sender.decode())
            tap.ok(None not in ids, f"{fmt}: all are taken", list(ids))
            subprocess.run([QUEUERUN, "-c", os.path.join(BASE, "control"),
                            "-o", "log=none"], check=True)
            got = {m["properties"]["message_id"]: m for m in
                   node.consume("q")}
            tap.eq(sorted(got), sorted(ids), f"{fmt}: and all are there")
            for i, (name, message, sender) in ids.items():
                octets, who = content(got[i], fmt) if i in got else (b"", None)
                tap.ok(octets == message and who == sender,
                       f"{fmt}: {name}, from <{sender}>",
                       f"{len(octets)} octets from {who}, not {len(message)}")
    finally:
        node.stop()
    return tap.done()


sys.exit(main())
