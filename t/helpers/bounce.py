"""bounce: reads a report in the queue with Python's email package, and
nothing else of this project but read-entry.

    bounce.py FILE EXPRESSION...

Each expression is evaluated and printed; names in it: m the message, e the
entry, text, per (the status' first block), rcpts (its other blocks, a list),
original (the third part). Exit 1, with the reason, when it is not a report as
RFC 3462 and RFC 3464 want it.
"""
import email
import email.policy
import importlib.util
import os
import re
import sys

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
spec = importlib.util.spec_from_file_location(
    "read_entry", os.path.join(HERE, "..", "read-entry.py"))
read_entry = importlib.util.module_from_spec(spec)
spec.loader.exec_module(read_entry)


def check(good, what):
    if not good:
        print("not a report: " + what)
        sys.exit(1)


class Block(dict):
    """Fields by name, in any case."""
    def __init__(self, text):
        super().__init__()
        for line in re.sub(r"\r\n[ \t]", " ", text).split("\r\n"):
            if line:
                name, colon, value = line.partition(":")
                check(colon, "a line without a colon: %r" % line)
                check(name.lower() not in self, name + " twice")
                self[name.lower()] = value.strip()

    def __missing__(self, name):
        return self.get(name.lower())


def main(path, *expressions):
    e = read_entry.read(path)
    raw = e.composed()
    check(b"\n" not in raw.replace(b"\r\n", b""), "a bare LF")
    check(max(map(len, raw.split(b"\r\n"))) <= 998, "a line too long")
    m = email.message_from_bytes(raw, policy=email.policy.SMTPUTF8)
    check(not m.defects, "defects: %r" % m.defects)
    check(m.get_content_type() == "multipart/report", m.get_content_type())
    check(m.get_param("report-type") == "delivery-status", "its type")
    for name in ("Date", "From", "To", "Subject", "Message-ID",
                 "Auto-Submitted", "MIME-Version"):
        check(len(m.get_all(name, [])) == 1, "not one " + name)
    check(e.sender == b"", "it has a sender")
    parts = m.get_payload()
    check(len(parts) == 3, "%d parts" % len(parts))
    for p in parts:
        check(not p.defects, "defects: %r" % p.defects)
    check(parts[0].get_content_type() == "text/plain", "no text")
    utf8 = parts[1].get_content_type() == "message/global-delivery-status"
    check(utf8 or parts[1].get_content_type() == "message/delivery-status",
          parts[1].get_content_type())
    eight = max(raw) > 127
    check(m["Content-Transfer-Encoding"] == ("8bit" if eight else "7bit"),
          "its encoding")
    # The parts as they stand there: email decodes more than it should.
    boundary = ("\r\n--" + m.get_boundary()).encode()
    pieces = raw.split(boundary)
    check(len(pieces) == 5 and pieces[4] == b"--\r\n", "its boundaries")
    for piece in pieces[1:4]:
        head, _, body = piece.partition(b"\r\n\r\n")
        wanted = b"8bit" if max(body, default=0) > 127 else b"7bit"
        check(b"Content-Transfer-Encoding: " + wanted in head,
              "encoding of a part: %r" % head)
    text = pieces[1].partition(b"\r\n\r\n")[2].decode()
    status = pieces[2].partition(b"\r\n\r\n")[2].decode(
        "utf-8" if utf8 else "ascii")
    original = pieces[3].partition(b"\r\n\r\n")[2]
    per, *rcpts = [Block(b) for b in status.split("\r\n\r\n") if b.strip()]
    check("Reporting-MTA".lower() in per, "no Reporting-MTA")
    for r in rcpts:
        for name in ("final-recipient", "action", "status"):
            check(name in r, "a recipient without " + name)
        check(re.match(r"\A[245]\.\d{1,3}\.\d{1,3}\Z", r["status"]),
              "status " + r["status"])
    check(rcpts, "no recipient")
    names = dict(m=m, e=e, text=text, per=per, rcpts=rcpts,
                 original=original, raw=raw, type=parts[2].get_content_type(),
                 re=re, said=" ".join(text.split()))
    for x in expressions:
        print(eval(x, names))


main(*sys.argv[1:])
