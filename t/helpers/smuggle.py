"""smuggle: every way to almost end the data, split at every octet.

A payload is a string over CR, LF, NUL and dot. Between "x" (or nothing) and
a forged command it stands in the data of a message; then comes the true end.
A model of RFC 5321 4.5.2, some ten lines, says what must happen: one
message with exactly these octets, or one refusal, and commands only behind
CRLF.CRLF. Then the same payloads in chunks (RFC 3030 2), where nothing in them
is an end at all.
"""
import glob
import itertools
import os
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import session  # noqa: E402

from session import read_entry  # noqa: E402

FORGED = b"MAIL FROM:<forged@b.example>\r\n"
END = b".\r\n"


def model(data):
    """Message or None (refused), and what follows the end."""
    at = (b"\r\n" + data).index(b"\r\n.\r\n")  # 2 octets before data's own
    lines = data[:at].split(b"\r\n")
    if lines[-1] != b"":
        raise AssertionError("no line end before the dot")
    for l in lines:
        if b"\r" in l or b"\n" in l or b"\0" in l:
            return None, data[at + 3:]
    message = b"\r\n".join(l[1:] if l.startswith(b".") else l for l in lines)
    return message, data[at + 3:]


def payloads(length):
    for n in range(1, length + 1):
        for t in itertools.product(b"\r\n\0.", repeat=n):
            yield bytes(t)


def one(s, queue, start, payload, split):
    """One transaction; None, or what is wrong."""
    data = start + payload + FORGED + END
    message, behind = model(data)
    s.send(b"MAIL FROM:<a@b.example>\r\nRCPT TO:<x@example.org>\r\nDATA\r\n")
    for code in ("250", "250", "354"):
        s.expect(code)
    s.send(data[:split])
    s.taken()
    s.send(data[split:] + b"NOOP end\r\n")
    r = s.reply()
    if message is None and not r.startswith("550 5.6.11"):
        return "accepted: %r" % r
    if message is not None and not r.startswith("250 "):
        return "refused: %r" % r
    # A real end was inside: what stands behind it are commands.
    for line in behind.split(b"\r\n")[:-1]:
        s.expect("250 2.1.0" if line == FORGED[:-2] else
                 "500 5.5.2" if set(line) & set(b"\r\n\0") else "502 5.5.1")
    s.expect("250 2.0.0")
    if behind:
        s.send(b"RSET\r\n")
        s.expect("250")
    names = glob.glob(os.path.join(queue, "new", "*"))
    if message is None:
        return "an entry for a refused message" if names else None
    if len(names) != 1:
        return "%d entries" % len(names)
    got = read_entry.read(names[0]).message
    os.unlink(names[0])
    return None if got == message else "%r became %r" % (message, got)


def model_chunks(data):
    """Message, or None: in chunks nothing is an end, and a dot is a dot."""
    lines = data.split(b"\r\n")
    if any(set(l) & set(b"\r\n\0") for l in lines):
        return None
    return data if lines[-1] == b"" else data + b"\r\n"


def one_in_chunks(s, queue, start, payload, split):
    """The same in two chunks, cut at split; None, or what is wrong."""
    data = start + payload + FORGED + END
    message = model_chunks(data)
    s.send(b"MAIL FROM:<a@b.example>\r\nRCPT TO:<x@example.org>\r\n"
           b"BDAT %d\r\n" % split + data[:split])
    s.taken()
    s.send(b"BDAT %d LAST\r\n" % (len(data) - split) + data[split:] +
           b"NOOP end\r\n")
    s.expect("250 2.1.0")
    s.expect("250 2.1.5")
    first, r = s.reply(), s.reply()
    if not first.startswith(("250 2.0.0 %d octets" % split, "550 5.6.11")):
        return "the first chunk: %r" % first
    if message is None and not r.startswith("550 5.6.11"):
        return "accepted: %r" % r
    if message is not None and not (first + r).startswith("250 2.0.0") or \
       message is not None and not r.startswith("250 2.0.0 Queued"):
        return "refused: %r" % r
    # Whatever was inside: the next command is the one behind it.
    s.expect("250 2.0.0 Ok")
    names = glob.glob(os.path.join(queue, "new", "*"))
    if len(names) != (message is not None):
        return "%d entries" % len(names)
    if message is None:
        return None
    got = read_entry.read(names[0]).message
    os.unlink(names[0])
    return None if got == message else "%r became %r" % (message, got)


def sweep(s, queue, length, transaction):
    """All payloads and splits; how many there were, and what was wrong."""
    wrong, n = [], 0
    for start in (b"x", b""):
        for p in payloads(length):
            # Around the payload; the ends of it are what matters.
            for split in range(len(start), len(start + p) + 2):
                why = transaction(s, queue, start, p, split)
                n += 1
                if why:
                    wrong.append("%r split at %d: %s" %
                                 (start + p, split, why))
                    if len(wrong) > 20:
                        return n, wrong
    return n, wrong


def open_session(d, log, tls):
    s = session.Session([session.SMTPE, "-c", os.path.join(d, "control"), "-q",
                         os.path.join(d, "queue")], log)
    s.expect("220")
    s.send(b"EHLO client.example\r\n")
    s.expect("250")
    if tls:
        s.send(b"STARTTLS\r\n")
        s.expect("220")
        s.start_tls(session.tls_client())
        s.send(b"EHLO client.example\r\n")
        s.expect("250")
    return s


def main():
    length = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    results, ends = [], []
    with tempfile.TemporaryDirectory(prefix="smtpe-smuggle.") as d:
        queue, key = os.path.join(d, "queue"), os.path.join(d, "ec")
        session.make_certificate(key)
        session.make_controls(os.path.join(d, "control"), maxerrors=0,
                              softerrors=0, maxjunk=0, tlscert=key + ".pem",
                              tlskey=key + ".key")
        log = open(os.path.join(d, "log"), "wb")
        for tls in (False, True):
            s = open_session(d, log, tls)
            # With TLS what matters is that there is nothing else to it.
            n = length - 2 * tls
            results.append(sweep(s, queue, n, one))
            results.append(sweep(s, queue, n - 1, one_in_chunks))
            s.send(b"QUIT\r\n")
            s.expect("221")
            ends.append(s.close())
        left = os.listdir(os.path.join(queue, "tmp"))
    print("1..7")
    for i, what in enumerate(("payloads and splits", "of them in chunks",
                              "with TLS", "in chunks with TLS")):
        n, faults = results[i]
        print("%sok %d - %d %s, each one message or one refusal" %
              ("not " if faults else "", i + 1, n, what))
        for w in faults:
            print("# " + w)
    print("%sok 5 - nothing more is said" %
          ("not " if ends[0][0] or ends[1][0] else ""))
    print("%sok 6 - exit 0" % ("not " if ends[0][1] or ends[1][1] else ""))
    print("%sok 7 - nothing left in tmp/" % ("not " if left else ""))


main()
