"""A mail server for tests of clients: it speaks SMTP or LMTP, over TCP or a
Unix socket, with STARTTLS if it has a certificate, and can be told to refuse,
to say odd things, to hang or to close at any point. Not a test.

    fake = Fake(rcpt={"bad@x": "550 5.1.1 no"}, ehlo=["SIZE 1000"])
    fake.port; fake.messages; fake.stop()

What it says to a verb: replies["MAIL"] = text, or a function of the line; a
reply of None closes, "!" resets, "=" hangs until the client goes."""

import os
import socket
import struct
import threading

CRLF = b"\r\n"


def unused_port():
    """Where nobody listens, and nobody else can as long as this runs."""
    s = socket.socket()
    s.bind(("127.0.0.1", 0))
    bound.append(s)
    return s.getsockname()[1]


bound = []


class Message:
    def __init__(self):
        self.helo = self.mail = None
        self.rcpts = []
        self.data = None
        self.tls = None
        self.connection = 0
        self.lines = []


class Gone(Exception):
    pass


class Session:
    def __init__(self, fake, sock, number):
        self.fake, self.sock, self.number = fake, sock, number
        self.buf = b""
        self.message = Message()
        self.helo = None
        self.tls = None

    def send(self, text):
        if text is None:
            raise Gone
        if text == "!":
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                                 struct.pack("ii", 1, 0))
            raise Gone
        if text == "=":
            while self.sock.recv(65536):
                pass
            raise Gone
        raw = text.encode() if isinstance(text, str) else text
        if not raw.endswith(CRLF) and self.fake.crlf:
            raw += CRLF
        self.sock.sendall(raw)

    def line(self):
        while b"\n" not in self.buf:
            more = self.sock.recv(65536)
            if not more:
                raise Gone
            self.buf += more
        line, self.buf = self.buf.split(b"\n", 1)
        return line + b"\n"

    def data(self):
        while not (self.buf.startswith(b".\r\n") or
                   b"\r\n.\r\n" in self.buf):
            more = self.sock.recv(65536)
            if not more:
                raise Gone
            self.buf += more
        if self.buf.startswith(b".\r\n"):
            body, self.buf = b"", self.buf[3:]
        else:
            body, self.buf = self.buf.split(b"\r\n.\r\n", 1)
            body += CRLF
        return body

    def reply(self, verb, text, standard):
        r = self.fake.replies.get(verb, standard)
        return r(text) if callable(r) else r

    def ehlo(self, verb, text):
        r = self.reply(verb, text, "")
        if r != "":
            self.send(r)
            if r is None or r[:1] != "2":
                return
        words = list(self.fake.ehlo)
        if self.fake.context and not self.tls:
            words.append("STARTTLS")
        self.helo = text
        if r == "":
            lines = ["fake.example greets you"] + words
            self.send("\r\n".join(
                "250%s%s" % (" " if i == len(lines) - 1 else "-", w)
                for i, w in enumerate(lines)))

    def starttls(self, text):
        r = self.reply("STARTTLS", text, "220 go ahead")
        self.send(r)
        if r[:3] != "220":
            return
        if self.fake.garbage:
            self.sock.sendall(self.fake.garbage)
            raise Gone
        self.sock = self.fake.context.wrap_socket(self.sock, server_side=True)
        self.fake.handshakes += 1
        # What was sent before the handshake was not protected.
        self.buf = b""
        self.tls = self.sock.version()
        self.helo = None

    def rcpt(self, text):
        address = text[text.find("<") + 1:text.rfind(">")]
        r = self.fake.rcpt.get(address)
        if r is None:
            r = self.reply("RCPT", text, "250 2.1.5 fine")
        if callable(r):
            r = r(self)
        self.send(r)
        if r[:1] == "2":
            self.message.rcpts.append(text)

    def take(self):
        m = self.message
        r = self.reply("DATA", "", "354 go on")
        if r == "354 go on" and not m.rcpts:
            r = "503 5.5.1 no recipients"
        self.send(r)
        if r[:1] != "3":
            return
        m.data = self.data()
        m.helo, m.tls, m.connection = self.helo, self.tls, self.number
        after = [self.fake.dot.get(
            t[t.find("<") + 1:t.rfind(">")],
            self.reply(".", "", "250 2.0.0 taken")) for t in m.rcpts]
        if not self.fake.lmtp:
            after = after[:1]
        # Before the answer: the client may be gone by then.
        if any(a and a[0] == "2" for a in after):
            with self.fake.lock:
                self.fake.messages.append(m)
        self.message = Message()
        for a in after:
            self.send(a)

    def command(self, line):
        text = line.rstrip(b"\r\n").decode("utf-8", "replace")
        self.message.lines.append(text)
        with self.fake.lock:
            self.fake.said.append(text)
        verb = text.split(" ")[0].split(":")[0].upper()
        if verb in ("EHLO", "LHLO", "HELO"):
            if (verb == "LHLO") != self.fake.lmtp:
                self.send("500 5.5.1 not here")
            elif verb == "HELO":
                self.helo = text
                self.send(self.reply(verb, text, "250 fake.example"))
            else:
                self.ehlo(verb, text)
        elif verb == "STARTTLS" and self.fake.context:
            self.starttls(text)
        elif verb == "MAIL":
            r = self.reply(verb, text, "250 2.1.0 fine")
            self.send(r)
            if r[:1] == "2":
                self.message.mail = text
        elif verb == "RCPT":
            self.rcpt(text)
        elif verb == "DATA":
            self.take()
        elif verb == "RSET":
            self.message = Message()
            self.send(self.reply(verb, text, "250 2.0.0 forgotten"))
        elif verb == "QUIT":
            self.send(self.reply(verb, text, "221 2.0.0 bye"))
            raise Gone
        else:
            self.send("500 5.5.1 what?")

    def run(self):
        try:
            greeting = self.fake.greeting
            if callable(greeting):
                greeting = greeting(self)
            self.send(greeting)
            while True:
                self.command(self.line())
        except (Gone, OSError):
            pass
        finally:
            self.sock.close()


class Fake:
    def __init__(self, address=("127.0.0.1", 0), lmtp=False, ehlo=(),
                 replies=None, rcpt=None, dot=None, context=None,
                 greeting="220 fake.example ESMTP", garbage=None, crlf=True):
        self.lmtp, self.ehlo, self.context = lmtp, list(ehlo), context
        self.replies, self.rcpt = dict(replies or {}), dict(rcpt or {})
        self.dot, self.greeting = dict(dot or {}), greeting
        self.garbage, self.crlf = garbage, crlf
        self.lock = threading.Lock()
        self.messages, self.said = [], []
        self.connections = self.handshakes = 0
        self.path = address if isinstance(address, str) else None
        self.listener = self.bind(address)
        self.listener.listen(128)
        self.port = None if self.path else self.listener.getsockname()[1]
        self.stopped = False
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    # A client may remember how a server at some port was; no other gets it.
    ports = set()

    def bind(self, address):
        if self.path:
            listener = socket.socket(socket.AF_UNIX)
            listener.bind(address)
            return listener
        while True:
            listener = socket.socket(
                socket.AF_INET6 if ":" in address[0] else socket.AF_INET)
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(address)
            port = listener.getsockname()[1]
            if address[1] or port not in self.ports:
                self.ports.add(port)
                return listener
            listener.close()

    def serve(self):
        while True:
            try:
                sock, _ = self.listener.accept()
            except OSError:
                return
            if self.stopped:
                sock.close()
                return
            if sock.family != socket.AF_UNIX:
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.connections += 1
            threading.Thread(target=Session(self, sock, self.connections).run,
                             daemon=True).start()

    def stop(self):
        self.stopped = True
        # accept(2) does not end by a close in another thread.
        try:
            self.listener.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.listener.close()
        self.thread.join(10)
        if self.path:
            os.unlink(self.path)
