"""What tests of delivery agents share: entries of the queue, written from
smtpe-queue(5); a runner that speaks smtpe-agent(7); TAP. Not a test."""

import array
import fcntl
import os
import random
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.parse

PATIENCE = 60  # seconds after which a silent agent is a failed test


class Tap:
    def __init__(self):
        self.n = self.failed = 0

    def ok(self, good, name, *notes):
        self.n += 1
        self.failed += not good
        print(f"{'ok' if good else 'not ok'} {self.n} - {name}")
        if not good:
            for note in notes:
                for line in str(note).splitlines()[:20]:
                    print(f"# {line}")
        sys.stdout.flush()
        return good

    def eq(self, got, wanted, name, *notes):
        return self.ok(got == wanted, name, f"got    {got!r:.2000}",
                       f"wanted {wanted!r:.2000}", *notes)

    def skip(self, name, why):
        self.n += 1
        print(f"ok {self.n} - {name} # SKIP {why}")
        print(f"SKIPPED: {name}: {why}", file=sys.stderr)

    def done(self):
        print(f"1..{self.n}")
        return 1 if self.failed else 0


def escape(text):
    """Percent-escapes everything up to 0x20, 0x7f and '%'."""
    raw = text.encode() if isinstance(text, str) else text
    return b"".join(b"%%%02X" % c if c <= 0x20 or c in (0x7f, 0x25)
                    else bytes((c,)) for c in raw)


DIGITS = "0123456789abcdefghijklmnopqrstuv"


def new_id():
    ms = int(time.time() * 1000)
    head = "".join(DIGITS[ms >> 5 * i & 31] for i in range(9, -1, -1))
    return head + "".join(random.choice(DIGITS) for _ in range(16))


class Entry:
    """A queue file: message, trailer, footer."""

    def __init__(self, directory, message, rcpts, sender="s@example.net",
                 edits=(), eid=None, received="1700000000.250000",
                 params=b"", rcpt_params=None):
        self.id = eid or new_id()
        self.message = message
        self.rcpts = rcpts
        self.sender = sender
        lines = [b"smtpe-entry 1", b"id " + self.id.encode(),
                 b"received " + received.encode(), b"protocol ESMTP",
                 b"sender " + (escape(sender) or b"<>")]
        if params:
            lines.append(b"params " + escape(params))
        lines += [b"edit " + e for e in edits]
        more = rcpt_params or {}
        lines += [b"T " + escape(r) +
                  (b" " + escape(more[r]) if r in more else b"")
                  for r in rcpts]
        trailer = b"\n".join(lines) + b"\n\n"
        footer = b"smtpe1 %016x %07x\n" % (len(message), len(trailer))
        self.content = message + trailer + footer
        self.path = os.path.join(directory, self.id)
        with open(self.path, "wb") as f:
            f.write(self.content)

    def open(self):
        return os.open(self.path, os.O_RDONLY | os.O_CLOEXEC)

    def line(self, number, route, rcpts=None, extra=b"", size=None):
        fields = [b"job", b"%d" % number, self.id.encode(), escape(route),
                  b"%d" % (len(self.message) if size is None else size),
                  escape(self.sender) or b"<>"]
        fields += [escape(r) for r in (self.rcpts if rcpts is None
                                       else rcpts)]
        return b" ".join(fields) + extra + b"\n"


def sanitized(program):
    """Is it a build with sanitizers, whose memory is not the program's?"""
    with open(program, "rb") as f:
        return b"__asan_init" in f.read()


class Silent(Exception):
    pass


class Runner:
    """One agent and the other end of its socket."""

    def __init__(self, command, env, wrap=(), log=None, limit=None):
        self.sock, theirs = socket.socketpair(socket.AF_UNIX,
                                              socket.SOCK_STREAM)
        self.log_file = log or tempfile.TemporaryFile()
        before = None
        if limit:
            import resource
            before = lambda: resource.setrlimit(  # noqa: E731
                resource.RLIMIT_NOFILE, (limit, limit))
        self.proc = subprocess.Popen(
            [*wrap, *command], stdin=theirs, stdout=theirs,
            stderr=self.log_file, env=env, close_fds=True, preexec_fn=before)
        theirs.close()
        self.sock.setblocking(False)
        self.buf = b""
        self.eof = False
        self.done = {}  # number -> {index: (outcome, code, enhanced, text)}
        self.notes = {}  # number -> {index: {key: value}}
        self.answers = 0
        self.other = []
        self.next = 1
        first = self.read_line()
        words = first.split()
        self.ready = first
        self.window = (int(words[2]) if len(words) == 3 and
                       words[:2] == [b"ready", b"1"] and
                       words[2].isdigit() else 0)

    # input

    def wait(self, write=False):
        r, w, _ = select.select([self.sock], [self.sock] if write else [],
                                [], PATIENCE)
        if not r and not w:
            self.kill()
            raise Silent(self.log())
        return bool(r), bool(w)

    def pull(self):
        """Reads what is there: False when nothing was."""
        try:
            data = self.sock.recv(1 << 16)
        except BlockingIOError:
            return False
        except ConnectionResetError:
            data = b""
        self.eof = data == b""
        self.buf += data
        return True

    def read_line(self):
        """A line with its newline; less at the end of input."""
        while b"\n" not in self.buf and not self.eof:
            self.wait()
            self.pull()
        line, nl, self.buf = self.buf.partition(b"\n")
        return line + nl

    def take(self, line):
        words = line.rstrip(b"\n").split(b" ", 6)
        if words[0] == b"done" and len(words) == 7:
            job = self.done.setdefault(int(words[1]), {})
            index = int(words[2])
            if index in job:
                self.other.append(b"twice: " + line)
            text = urllib.parse.unquote_to_bytes(words[6])
            job[index] = (words[3].decode(), int(words[4]),
                          words[5].decode(), text.decode("utf-8", "replace"))
            self.answers += 1
        elif (words[0] == b"note" and len(words) == 4 and
              int(words[2]) not in self.done.get(int(words[1]), {})):
            key, _, value = words[3].partition(b"=")
            notes = self.notes.setdefault(int(words[1]), {})
            notes.setdefault(int(words[2]), {})[key.decode()] = \
                urllib.parse.unquote_to_bytes(value).decode()
        else:
            self.other.append(line)

    def collect(self, answers):
        """Reads until so many answers came, or the end of input."""
        while self.answers < answers:
            line = self.read_line()
            if not line.endswith(b"\n"):
                break
            self.take(line)
        return self.done

    def room(self):
        """Waits until the window takes another job."""
        while self.next - 1 - self.answers >= self.window:
            if self.eof:
                raise Silent(self.log())
            self.collect(self.answers + 1)

    def drain(self):
        """Reads to the end of input."""
        return self.collect(1 << 60)

    # output

    def send(self, data, fds=(), read=True):
        """All of data, the descriptors with its first octet. Reads answers
        meanwhile, as a runner must."""
        fds = list(fds)
        while data:
            try:
                if fds:
                    n = self.sock.sendmsg(
                        [data], [(socket.SOL_SOCKET, socket.SCM_RIGHTS,
                                  array.array("i", fds))])
                    fds = []
                else:
                    n = self.sock.send(data)
                data = data[n:]
            except BlockingIOError:
                if read:
                    if self.wait(write=True)[0]:
                        self.pull()
                else:
                    select.select([], [self.sock], [], PATIENCE)
            except (BrokenPipeError, ConnectionResetError):
                return False
        return True

    def job(self, entry, route, rcpts=None, extra=b"", size=None):
        number = self.next
        self.next += 1
        fd = entry.open()
        self.send(entry.line(number, route, rcpts, extra, size), [fd])
        os.close(fd)
        return number

    # the end

    def close(self):
        self.sock.shutdown(socket.SHUT_WR)

    def finish(self):
        """End of input, the rest of the answers: the exit status."""
        try:
            self.close()
        except OSError:
            pass
        self.drain()
        return self.status()

    def status(self):
        try:
            return self.proc.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.kill()
            raise Silent(self.log())

    def terminate(self):
        self.proc.send_signal(signal.SIGTERM)

    def kill(self):
        self.proc.kill()
        self.proc.wait()

    def log(self):
        self.log_file.seek(0)
        return self.log_file.read().decode("utf-8", "replace")

    def proc_status(self, key):
        with open(f"/proc/{self.proc.pid}/status") as f:
            for line in f:
                if line.startswith(key + ":"):
                    return int(line.split()[1])
        return None

    def fd_count(self):
        return len(os.listdir(f"/proc/{self.proc.pid}/fd"))


def is_locked(path):
    """Does anybody still hold the description that locked it?"""
    fd = os.open(path, os.O_RDONLY)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return False
    except BlockingIOError:
        return True
    finally:
        os.close(fd)


class Place:
    """A directory of its own with controls, entries and a clean
    environment."""

    def __init__(self, base, **controls):
        self.dir = tempfile.mkdtemp(dir=base)
        self.control = os.path.join(self.dir, "control")
        self.entries = os.path.join(self.dir, "queue")
        os.mkdir(self.control)
        os.mkdir(self.entries, 0o700)
        self.env = {"PATH": "/usr/bin:/bin", "SMTPE_CONTROL": self.control,
                    "SMTPE_QUEUEDIR": self.entries}
        for key in ("ASAN_OPTIONS", "UBSAN_OPTIONS", "LSAN_OPTIONS"):
            if key in os.environ:
                self.env[key] = os.environ[key]
        controls.setdefault("me", "mx.example.org")
        for name, value in controls.items():
            self.set(name, value)

    def set(self, name, value):
        with open(os.path.join(self.control, name), "w") as f:
            f.write(value + "\n")

    def entry(self, message=b"Subject: one\r\n\r\nHello.\r\n",
              rcpts=("u@example.org",), **more):
        return Entry(self.entries, message, list(rcpts), **more)

    def remove(self):
        shutil.rmtree(self.dir, ignore_errors=True)
