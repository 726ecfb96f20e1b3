#!/usr/bin/env python3
"""read-entry: an independent reader of queue entries, written from
smtpe-queue(5) and from nothing else of this project.

    read-entry.py FILE...     checks; prints what is wrong, exit 1
    read-entry.py -m FILE     writes the message as received
    read-entry.py -c FILE     writes the message as it leaves (edits applied)
    read-entry.py -e FILE     prints the envelope, one "key value" a line
"""
import re
import sys

FOOTER = re.compile(rb"\Asmtpe1 ([0-9a-f]{16}) ([0-9a-f]{7})\n\Z")
MAGIC = b"smtpe-entry 1\n"
ID = re.compile(rb"\A[0-9a-z]{26}(-[1-9][0-9]{0,5})?\Z")
STATES = b"TDPBX"


class Damaged(Exception):
    pass


def unescape(v):
    if re.search(rb"%(?![0-9A-Fa-f]{2})", v):
        raise Damaged("bad escape in %r" % v)
    if re.search(rb"[\x00-\x20\x7f]", v):
        raise Damaged("unescaped octet in %r" % v)
    return re.sub(rb"%(..)", lambda m: bytes([int(m.group(1), 16)]), v)


class Entry:
    def __init__(self, data):
        m = FOOTER.match(data[-32:])
        if not m:
            raise Damaged("no footer")
        offset, length = int(m.group(1), 16), int(m.group(2), 16)
        if offset + length + 32 != len(data):
            raise Damaged("the footer does not fit the size")
        self.message = data[:offset]
        trailer = data[offset:offset + length]
        if not trailer.startswith(MAGIC):
            raise Damaged("no trailer")
        if not trailer.endswith(b"\n\n"):
            raise Damaged("the trailer has no end")
        self.keys, self.edits, self.meta, self.rcpts = {}, [], {}, []
        for line in trailer[len(MAGIC):-2].split(b"\n"):
            self.line(line)
        for k in (b"id", b"received", b"sender"):
            if k not in self.keys:
                raise Damaged("no %s" % k.decode())
        if not ID.match(self.keys[b"id"]):
            raise Damaged("bad id")
        if not re.match(rb"\A[0-9]+\.[0-9]{6}\Z", self.keys[b"received"]):
            raise Damaged("bad time")
        if not self.rcpts:
            raise Damaged("no recipients")
        sender = self.keys[b"sender"]
        self.sender = b"" if sender == b"<>" else sender

    def line(self, line):
        key, *words = line.split(b" ")
        words = [unescape(w) for w in words]
        if not key or not words:
            raise Damaged("line without a key: %r" % line)
        if len(key) == 1:
            if key not in STATES:
                raise Damaged("unknown state %r" % key)
            self.rcpts.append((key.decode(), words[0],
                               words[1] if len(words) > 1 else b""))
        elif key == b"edit":
            self.edits.append(words)
        elif key == b"meta":
            self.meta[words[0]] = (words[1], words[2])
        elif key in self.keys:
            raise Damaged("%r twice" % key)
        else:
            self.keys[key] = words[0]

    def fields(self):
        """The header's fields with their CRLFs, and the rest."""
        rest, fields = self.message, []
        while True:
            m = re.match(rb"[^\x00-\x20:\x7f]+[ \t]*:[^\r\n]*\r\n"
                         rb"(?:[ \t][^\r\n]*\r\n)*", rest)
            if not m:
                return fields, rest
            fields.append(m.group())
            rest = rest[m.end():]

    def composed(self):
        """The message as it leaves."""
        first, last, changes = [], [], {}
        for kind, *words in self.edits:
            if kind == b"prepend":
                first.append(words[0] + b"\r\n")
            elif kind == b"append":
                last.append(words[0] + b"\r\n")
            elif kind == b"replace":
                changes[int(words[0])] = words[1] + b"\r\n"
            elif kind == b"remove":
                changes[int(words[0])] = b""
            else:
                raise Damaged("unknown edit %r" % kind)
        if not last and not changes:
            return b"".join(first) + self.message
        fields, rest = self.fields()
        fields = [changes.get(i + 1, f) for i, f in enumerate(fields)]
        return b"".join(first + fields + last) + rest


def read(path):
    with open(path, "rb") as f:
        return Entry(f.read())


def main(argv):
    out = sys.stdout.buffer
    what = argv.pop(0) if argv and argv[0].startswith("-") else ""
    bad = 0
    for path in argv:
        try:
            e = read(path)
            if what == "-m":
                out.write(e.message)
            elif what == "-c":
                out.write(e.composed())
            elif what == "-e":
                for k, v in e.keys.items():
                    out.write(k + b" " + v + b"\n")
                for state, address, _ in e.rcpts:
                    out.write(state.encode() + b" " + address + b"\n")
        except Damaged as why:
            print("%s: %s" % (path, why), file=sys.stderr)
            bad = 1
    return bad


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
