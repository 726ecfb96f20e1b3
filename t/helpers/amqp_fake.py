"""A peer that speaks as much AMQP 0-9-1 as an agent needs, and then does
what a test wants of it. Not a test.

	with Fake(script) as fake: ... fake.uri ...

script(conn) runs in a thread for each connection; conn.login() plays the
broker's part up to confirm.select-ok, and then the script has the word."""

import socket
import struct
import threading

END = b"\xce"


def frame(kind, channel, payload):
    return struct.pack(">BHI", kind, channel, len(payload)) + payload + END


def method(channel, cls, number, args=b""):
    return frame(1, channel, struct.pack(">HH", cls, number) + args)


def short(text):
    return bytes((len(text),)) + text


def long(text):
    return struct.pack(">I", len(text)) + text


class Gone(Exception):
    """The agent closed the connection."""


class Conn:
    def __init__(self, sock, number):
        self.sock = sock
        self.number = number  # which connection of this fake, from 1
        self.buf = b""

    def send(self, data):
        try:
            self.sock.sendall(data)
        except OSError:
            raise Gone

    def need(self, n):
        while len(self.buf) < n:
            try:
                data = self.sock.recv(1 << 16)
            except OSError:
                data = b""
            if not data:
                raise Gone
            self.buf += data
        out, self.buf = self.buf[:n], self.buf[n:]
        return out

    def frame(self):
        kind, channel, length = struct.unpack(">BHI", self.need(7))
        payload = self.need(length)
        assert self.need(1) == END, "frame end"
        if (kind, payload[:4]) == (1, b"\0\x0a\0\x32"):  # a goodbye
            self.send(method(0, 10, 51))
            raise Gone
        return kind, channel, payload

    def method(self, cls, number):
        """Reads frames until that method comes."""
        while True:
            kind, _, payload = self.frame()
            if kind == 1 and struct.unpack(">HH", payload[:4]) == (cls,
                                                                   number):
                return payload[4:]

    def login(self, frame_max=131072, heartbeat=0):
        assert self.need(8) == b"AMQP\0\0\x09\x01"
        self.send(method(0, 10, 10, b"\0\x09" + long(b"") + long(b"PLAIN") +
                         long(b"en_US")))
        self.start_ok = self.method(10, 11)
        self.send(method(0, 10, 30, struct.pack(">HIH", 2047, frame_max,
                                                heartbeat)))
        self.method(10, 31)
        self.method(10, 40)
        self.send(method(0, 10, 41, short(b"")))
        self.channel()

    def channel(self):
        self.method(20, 10)
        self.send(method(1, 20, 11, long(b"")))
        self.method(85, 10)
        self.send(method(1, 85, 11))

    def publish(self):
        """Reads one message: exchange, key, header payload, body."""
        args = self.method(60, 40)
        n = args[2]
        exchange = args[3:3 + n]
        key = args[4 + n:4 + n + args[3 + n]]
        kind, channel, header = self.frame()
        assert kind == 2 and channel == 1
        size = struct.unpack(">Q", header[4:12])[0]
        body = b""
        while len(body) < size:
            kind, _, piece = self.frame()
            assert kind == 3
            body += piece
        return exchange, key, header, body

    def ack(self, tag, multiple=False, nack=False):
        self.send(method(1, 60, 120 if nack else 80, struct.pack(
            ">QB", tag, multiple)))

    def returned(self, header, body=b"", code=312, text=b"NO_ROUTE"):
        self.send(method(1, 60, 50, struct.pack(">H", code) + short(text) +
                         short(b"") + short(b"q")))
        self.send(frame(2, 1, header[:4] + struct.pack(">Q", len(body)) +
                        header[12:]))
        if body:
            self.send(frame(3, 1, body))

    def blocked(self, reason=b"low on memory"):
        self.send(method(0, 10, 60, short(reason)))

    def unblocked(self):
        self.send(method(0, 10, 61))

    def close_channel(self, code=404, text=b"NOT_FOUND - no exchange 'x'"):
        self.send(method(1, 20, 40, struct.pack(">H", code) + short(text) +
                         struct.pack(">HH", 60, 40)))

    def close_connection(self, code=320, text=b"CONNECTION_FORCED - bye"):
        self.send(method(0, 10, 50, struct.pack(">H", code) + short(text) +
                         struct.pack(">HH", 0, 0)))

    def until_gone(self):
        """Takes whatever comes, and answers a goodbye."""
        while True:
            if b"\0\x0a\0\x32" in self.buf[-64:]:
                self.send(method(0, 10, 51))
            self.buf = b""
            self.need(1)


class Fake:
    def __init__(self, script, receive_buffer=None):
        self.script = script
        self.errors = []
        self.connections = 0
        self.threads = []
        self.conns = []
        self.listener = socket.socket()
        if receive_buffer:
            self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF,
                                     receive_buffer)
        self.listener.bind(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.uri = f"amqp://guest:guest@127.0.0.1:{self.port}/"
        if script is None:  # nobody listens
            return
        self.listener.listen(16)
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                sock, _ = self.listener.accept()
            except OSError:
                return
            self.connections += 1
            conn = Conn(sock, self.connections)
            self.conns.append(conn)
            t = threading.Thread(target=self.serve, args=(conn,),
                                 daemon=True)
            self.threads.append(t)
            t.start()

    def serve(self, conn):
        try:
            self.script(conn)
        except Gone:
            pass
        except Exception as error:  # shown by the test
            self.errors.append(repr(error))
        try:
            conn.sock.close()
        except OSError:
            pass

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.listener.close()
        for conn in self.conns:
            try:
                conn.sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
        for t in self.threads:
            t.join(10)
