"""tls_base: sessions of smtpe with TLS, for the tests that look at it."""
import atexit
import os
import re
import shutil
import ssl
import subprocess
import sys
import tempfile
import urllib.parse

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import session  # noqa: E402

WORK = tempfile.mkdtemp()
atexit.register(shutil.rmtree, WORK)
LOG = os.path.join(WORK, "log")
CONTROL = os.path.join(WORK, "control")
QUEUE = os.path.join(WORK, "queue")
count = failed = 0


def same(got, wanted, name):
    global count, failed
    count += 1
    failed += got != wanted
    print("%sok %d - %s" % ("" if got == wanted else "not ", count, name))
    if got != wanted:
        print("# got:    %.900r\n# wanted: %.900r" % (got, wanted))
        print("# log: " + log().replace("\n", "\n#      "))
    sys.stdout.flush()


def like(got, pattern, name):
    """Some part of got matches."""
    found = re.search(pattern, got, re.M | re.S) is not None
    same(found or got, True, name)


def done():
    print("1..%d" % count)
    sys.exit(1 if failed else 0)


def path(name):
    return os.path.join(WORK, name)


def put(name, text):
    """A file of WORK; returns its path."""
    os.makedirs(os.path.dirname(path(name)), exist_ok=True)
    with open(path(name), "wb") as f:
        f.write(text if isinstance(text, bytes) else text.encode())
    return path(name)


def get(name):
    with open(path(name), "rb") as f:
        return f.read()


def log():
    with open(LOG, errors="replace") as f:
        return f.read()


def controls(**values):
    """Fresh settings, with an EC certificate, and an empty queue."""
    shutil.rmtree(CONTROL, ignore_errors=True)
    shutil.rmtree(QUEUE, ignore_errors=True)
    made = {"tlscert": path("ec.pem"), "tlskey": path("ec.key"),
            "tlscache": "none"}
    made.update(values)
    session.make_controls(CONTROL, **made)


def start(*options, lua=None, wrap=(), **more):
    argv = list(wrap) + [session.SMTPE, "-c", CONTROL, "-q", QUEUE]
    if lua is not None:
        argv += ["-s", put("script.lua", lua)]
    with open(LOG, "w") as err:
        return session.Session(argv + list(options), err, seconds=30, **more)


def hello(s):
    s.expect("220")
    s.send(b"EHLO client.example\r\n")
    return s.expect("250")


def encrypt(s, context=None, octets=False, **more):
    """From the banner to the EHLO inside TLS; returns what that offers."""
    hello(s)
    s.send(b"STARTTLS\r\n")
    s.expect("220")
    s.start_tls(context or session.tls_client(), octets=octets, **more)
    s.send(b"EHLO client.example\r\n")
    return s.expect("250")


def say(s, *lines):
    """The codes of the replies to the lines."""
    codes = []
    for line in lines:
        s.send(line.encode() + b"\r\n")
        codes.append(s.reply()[:3])
    return " ".join(codes)


def quit(s):
    codes = say(s, "QUIT")
    rest, status = s.close()
    return "%s %s%d" % (codes, rest, status)


MESSAGE = ["MAIL FROM:<a@b.example>", "RCPT TO:<x@example.org>", "DATA",
           "Subject: one\r\n\r\ntext\r\n."]


def entry():
    """The one entry of the queue as text, its trailer unescaped."""
    with open(os.path.join(QUEUE, "new", left()[0]), "rb") as f:
        return urllib.parse.unquote(f.read().decode("latin-1"))


def left():
    """The names in tmp/ and new/."""
    return [name for place in ("tmp", "new")
            if os.path.isdir(os.path.join(QUEUE, place))
            for name in os.listdir(os.path.join(QUEUE, place))]


def subject(s):
    """Whose certificate the server has shown."""
    der = s.tls.getpeercert(True)
    out = subprocess.run(["openssl", "x509", "-inform", "DER", "-noout",
                          "-subject"], input=der, stdout=subprocess.PIPE,
                         check=True)
    return re.search(r"CN ?= ?(\S+)", out.stdout.decode()).group(1)


def client(**more):
    """A context: ciphers, curve, and options of ssl.SSLContext."""
    context = session.tls_client()
    if "ciphers" in more:
        context.set_ciphers(more["ciphers"])
    if "curve" in more:
        context.set_ecdh_curve(more["curve"])
    if "versions" in more:
        context.minimum_version, context.maximum_version = more["versions"]
    return context


def fails(s, context=None, **more):
    """The handshake, which must not succeed: what went wrong, in short."""
    hello(s)
    s.send(b"STARTTLS\r\n")
    s.expect("220")
    try:
        s.start_tls(context or session.tls_client(), **more)
    except ssl.SSLError as e:
        return e.reason or "error"
    except session.Gone as e:
        return str(e)
    return "success"
