"""session: an smtpe on a unix socket, for tests that need more than dialogs."""
import array
import fcntl
import importlib.util
import os
import select
import signal
import socket
import ssl
import subprocess
import termios
import time

HERE = os.path.dirname(os.path.abspath(__file__))
BUILD = os.path.abspath(os.environ.get("SMTPE_BUILD",
                                       os.path.join(HERE, "../../build")))
SMTPE = os.path.join(BUILD, "smtpe/smtpe")

# read-entry.py is a program; its name is no module's.
_spec = importlib.util.spec_from_file_location(
    "read_entry", os.path.join(HERE, "../read-entry.py"))
read_entry = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(read_entry)


def environment(**more):
    """A clean one, with a client's address as tcpserver sets it."""
    env = {"PATH": os.environ["PATH"], "PROTO": "TCP",
           "TCPREMOTEIP": "127.0.0.1", "TCPREMOTEPORT": "40000",
           "TCPLOCALIP": "127.0.0.1", "TCPLOCALPORT": "25"}
    for k in os.environ:
        if k.endswith("SAN_OPTIONS"):
            env[k] = os.environ[k]
    env.update(more)
    return env


def make_certificate(path, kind="ec", name="mx.example.org", more=()):
    """PATH.pem and PATH.key, signed by itself; more is for openssl req."""
    key = {"ec": ["-newkey", "ec", "-pkeyopt",
                  "ec_paramgen_curve:prime256v1"],
           "p384": ["-newkey", "ec", "-pkeyopt",
                    "ec_paramgen_curve:secp384r1"],
           "rsa": ["-newkey", "rsa:2048"]}[kind]
    subprocess.run(["openssl", "req", "-x509", "-nodes", "-days", "30",
                    "-subj", "/CN=" + name, "-addext",
                    "subjectAltName=DNS:" + name, "-keyout", path + ".key",
                    "-out", path + ".pem"] + key + list(more), check=True,
                   stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL)


def tls_client():
    """A client's context that trusts everybody."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def sanitized():
    """Is it a build with sanitizers, whose memory is not the program's?"""
    with open(SMTPE, "rb") as f:
        return b"__asan_init" in f.read()


def make_controls(path, **controls):
    os.makedirs(path, exist_ok=True)
    values = {"me": "mx.example.org", "rcpthosts": "example.org",
              "errordelay": "0"}
    values.update(controls)
    for name, value in values.items():
        with open(os.path.join(path, name), "w") as f:
            f.write("%s\n" % value)


def run(argv, seconds=60, **more):
    """subprocess.run(), ended together with all it started (but for what
    made a session of its own) when it hangs: status "hangs"."""
    p = subprocess.Popen(argv, stderr=subprocess.PIPE, start_new_session=True,
                         env=environment(), **more)
    try:
        out, log = p.communicate(timeout=seconds)
        status = p.returncode
    except subprocess.TimeoutExpired:
        os.killpg(p.pid, signal.SIGKILL)
        out, log = p.communicate()
        status = "hangs"
    return status, (out or b"").decode("latin-1"), log.decode("latin-1")


class Gone(Exception):
    """The server ended, or said nothing for too long."""


class Session:
    def __init__(self, argv, log, env=None, seconds=60):
        self.s, theirs = socket.socketpair()
        with theirs:
            self.p = subprocess.Popen(argv, stdin=theirs, stdout=theirs,
                                      stderr=log, env=env or environment())
        self.seconds = seconds
        self.seen = b""
        self.tls = None

    def start_tls(self, context, octets=False, **more):
        """Shakes hands, with pieces of one octet each if wanted; more is for
        SSLContext.wrap_bio()."""
        self.bio_in, self.bio_out = ssl.MemoryBIO(), ssl.MemoryBIO()
        tls = context.wrap_bio(self.bio_in, self.bio_out, **more)
        self.octets = octets
        while True:
            try:
                tls.do_handshake()
                break
            except ssl.SSLWantReadError:
                self.flush_tls()
                more_in = self.receive_raw()
                if not more_in:
                    raise Gone("end in the handshake") from None
                self.bio_in.write(more_in)
        self.flush_tls()
        self.tls = tls

    def flush_tls(self):
        data = self.bio_out.read()
        if not self.octets:
            return self.send_raw(data)
        for i in range(len(data)):
            self.send_raw(data[i:i + 1])
            self.taken()

    def send(self, data):
        if self.tls is None:
            return self.send_raw(data)
        self.tls.write(data)
        self.flush_tls()

    def send_raw(self, data):
        try:
            self.s.sendall(data)
        except (BrokenPipeError, ConnectionResetError):
            raise Gone("broken pipe") from None

    def taken(self):
        """Waits until the server has read all that was sent."""
        n = array.array("i", [1])
        end = time.monotonic() + self.seconds
        while n[0]:
            fcntl.ioctl(self.s, termios.TIOCOUTQ, n)
            if n[0] and (self.p.poll() is not None or
                         time.monotonic() > end):
                raise Gone("input left")
            if n[0]:
                os.sched_yield()

    def reply(self):
        """The next whole reply, its lines joined; Gone at the end."""
        while True:
            end = 0
            while True:
                nl = self.seen.find(b"\n", end)
                if nl == -1:
                    break
                line = self.seen[end:nl + 1]
                end = nl + 1
                if line[3:4] != b"-":
                    r, self.seen = self.seen[:end], self.seen[end:]
                    return r.decode("latin-1")
            more = self.receive()
            if not more:
                raise Gone("end after %r" % self.seen)
            self.seen += more

    def expect(self, code):
        r = self.reply()
        if not r.startswith(code):
            raise AssertionError("not %s: %r" % (code, r))
        return r

    def receive(self):
        """What comes next; b"" at the end, which with TLS must be said."""
        while self.tls is not None:
            try:
                return self.tls.read(65536)
            except ssl.SSLWantReadError:
                more = self.receive_raw()
                if more:
                    self.bio_in.write(more)
                else:
                    self.bio_in.write_eof()
            except ssl.SSLZeroReturnError:
                return b""
            except ssl.SSLEOFError:
                raise Gone("truncated") from None
        return self.receive_raw()

    def receive_raw(self):
        if not select.select([self.s], [], [], self.seconds)[0]:
            raise Gone("no reply")
        try:
            return self.s.recv(65536)
        except ConnectionResetError:
            return b""

    def close(self):
        """Ends the input; returns what still came and the status."""
        self.seconds = None  # it ends by itself, sooner or later
        try:
            self.s.shutdown(socket.SHUT_WR)
        except OSError:
            pass
        rest = self.seen
        more = self.receive()
        while more:
            rest += more
            more = self.receive()
        self.s.close()
        return rest.decode("latin-1"), self.p.wait()
