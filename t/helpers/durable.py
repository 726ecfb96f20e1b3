"""durable: what would be on the disk if the power went now. Programs run
under strace, their calls are played on a model of a disk, and wherever one of
them gives its word it is looked at: what the word is about must be durable by
then, its content and its name. Speaks TAP.

    durable.py      the filesystem is that of TMPDIR

The words: "250 2.0.0 Queued as ..." of a session; "done ... ok" of
agent-maildir; and of queuerun that an entry is removed, has another name or a
mark. (That a real disk agrees is for t/slow's power cuts to show.)
"""
import collections
import os
import re
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import session  # noqa: E402
from tap import end, same  # noqa: E402

RUNNER = os.path.join(session.BUILD, "queuerun/queuerun")
CALLS = ("openat,mkdir,mkdirat,write,writev,pwrite64,copy_file_range,"
         "ftruncate,sync_file_range,fsync,fdatasync,syncfs,rename,renameat,"
         "renameat2,unlinkat,sendto")
MESSAGE = b"Subject: durable\r\n\r\n" + b"a line of it\r\n" * 20
LARGE = MESSAGE + b"and another line of it\r\n" * 20000
# One of the three goes elsewhere.
SCRIPT = """function hook.received(msg)
  if msg:recipients()[1] == "y@two.example" then
    return action.quarantine("odd")
  end
end
"""

def finished(trace):
    """(call, arguments, result) in the order in which they ended."""
    begun = {}
    for line in trace.split("\n"):
        m = re.match(r"(\d+) +(.*)", line)
        if not m:
            continue
        pid, text = m.groups()
        if text.endswith(" <unfinished ...>"):
            begun[pid] = text[:-len(" <unfinished ...>")]
            continue
        if text.startswith("<... "):
            text = begun.pop(pid, "") + re.sub(r"^<\.\.\. \w+ resumed>", "",
                                               text)
        m = re.match(r"(\w+)\((.*)\) += (-?\d+)", text)
        if m:
            yield m.group(1), m.group(2), int(m.group(3))


class Disk:
    """Paths are those that the kernel tells (strace -y)."""

    def __init__(self, base):
        self.base = base
        kind = subprocess.run(["stat", "-f", "-c", "%T", base], check=True,
                              stdout=subprocess.PIPE).stdout.decode().strip()
        # One journal: an fsync of anything takes all names along.
        self.journal = kind in ("ext2/ext3", "xfs")
        self.content = set()    # files that were written and not synced
        self.names = {}         # paths that are not durable: their directory
        self.gone = set()       # directories of names that were removed
        self.wrong = []
        self.words = collections.Counter()

    @staticmethod
    def file(text):
        """'7</dir/name>' as a path."""
        m = re.match(r"\d+<([^>]*)>", text)
        return m.group(1) if m else ""

    @staticmethod
    def path(text):
        """'7</dir>, "name"' as a path."""
        m = re.match(r'(?:[^<"]*<([^>]*)>, )?"([^"]*)"', text)
        return os.path.join(m.group(1) or "", m.group(2)).rstrip("/")

    def synced(self, directory):
        self.names = {p: d for p, d in self.names.items()
                      if not self.journal and d != directory}
        self.gone.discard(directory)

    def sync(self, path):
        self.content.discard(path)
        self.synced(path)

    def move(self, old, new):
        def there(p):
            return new + p[len(old):] if (p + "/").startswith(old + "/") else p
        # What is durable already stays, by one of its names.
        fresh = old in self.names or "/tmp/" in old[len(self.base):]
        self.content = {there(p) for p in self.content}
        self.names = {there(p): there(d) for p, d in self.names.items()}
        if fresh:
            self.names[new] = os.path.dirname(new)

    def lacks(self, path):
        """What would be lost of it."""
        lost = ["content of " + path] if path in self.content else []
        while path.startswith(self.base + "/"):
            lost += ["name " + path] if path in self.names else []
            path = os.path.dirname(path)
        return lost

    def word(self, what, paths):
        for p in paths:
            self.words[what] += 1
            self.wrong += ["%s: %s" % (what, lost) for lost in self.lacks(p)]

    def play(self, call, args, result):
        if result < 0:
            return
        path = self.file(args)
        if call == "openat" and "O_CREAT" in args:
            path = self.path(args)
            self.names.setdefault(path, os.path.dirname(path))
        elif call in ("mkdir", "mkdirat"):
            path = self.path(args)
            self.names[path] = os.path.dirname(path)
        elif call == "copy_file_range":
            self.content.add(self.file(args.split(", ")[2]))
        elif call in ("write", "writev", "pwrite64", "ftruncate"):
            self.content.add(path)
        elif call == "sync_file_range" and "WAIT_AFTER" in args:
            self.content.discard(path)
        elif call == "fsync":
            self.sync(path)
        elif call == "fdatasync":
            self.content.discard(path)
        elif call == "syncfs":
            self.content, self.names, self.gone = set(), {}, set()
        elif call.startswith("rename"):
            m = re.match(r'(.*?"[^"]*"), (.*?"[^"]*")', args)
            self.move(self.path(m.group(1)), self.path(m.group(2)))
        elif call == "unlinkat":
            path = self.path(args)
            self.names.pop(path, None)
            self.content.discard(path)
            self.gone.add(os.path.dirname(path))


class Place:
    def __init__(self, top, **controls):
        self.base = os.path.realpath(tempfile.mkdtemp(dir=top))
        self.queue = os.path.join(self.base, "queue")
        self.control = os.path.join(self.base, "control")
        session.make_controls(self.control, **controls)
        self.disk = Disk(self.base)

    def trace(self, argv, stdin):
        path = os.path.join(self.base, "trace")
        out = subprocess.run(
            ["strace", "-f", "-y", "-qq", "-s", "4096", "-e",
             "trace=" + CALLS, "-o", path] + argv, input=stdin, timeout=60,
            env=session.environment(), stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL, check=True).stdout
        with open(path, errors="replace") as f:
            return list(finished(f.read())), out.decode("latin-1")

    def entries(self):
        """{id: path}, wherever in the queue."""
        return {os.path.basename(p).split(",")[-1]: p
                for p in (os.path.join(d, f)
                          for d, _, fs in os.walk(self.queue) for f in fs)
                if "/log/" not in p}

    def session(self, name, rcpts, message=MESSAGE, more=()):
        """Its 250 stands for entries that are durable."""
        disk = self.disk
        calls, out = self.trace(
            [session.SMTPE, "-c", self.control, "-q", self.queue, *more],
            b"EHLO c.example\r\nMAIL FROM:<a@b.example>\r\n" +
            b"".join(b"RCPT TO:<%s>\r\n" % r.encode() for r in rcpts) +
            b"DATA\r\n" + message + b".\r\nQUIT\r\n")
        ids = re.search(r"^250 2\.0\.0 Queued as (.*)\r$", out, re.M).group(1)
        where = self.entries()
        for call, args, result in calls:
            if "250 2.0.0 Queued as " in args and result > 0:
                disk.word("250", [where[i] for i in ids.split()])
            disk.play(call, args, result)
        self.look("250: " + name, "250: %d" % len(ids.split()))

    def look(self, name, words, more=()):
        """Was all kept, and are these the words that were given?"""
        disk = self.disk
        said = ", ".join("%s: %d" % w for w in sorted(disk.words.items()))
        same((disk.wrong + list(more), said), ([], words), name)
        disk.wrong = []
        disk.words.clear()

    def play_runner(self, call, args, result):
        disk, queue = self.disk, self.queue + "/"
        if result < 0:
            return
        named = call in ("renameat", "unlinkat")
        path = disk.path(args) if named else disk.file(args)
        mine = path.startswith((queue + "new/", queue + "due/"))
        ident = os.path.basename(path).split(",")[-1]
        if call == "sendto" and re.search(r'"done \d+ \d+ ok ', args):
            disk.word("done", re.findall(
                r"delivered%20to%20(\S+?)(?:\\n|\")", args))
        if call == "pwrite64" and mine and ', "P", 1,' in args:
            disk.word("failed", [os.path.join(self.queue, "log", ident[-2:],
                                              ident)])
        if call == "pwrite64" and mine and ', "B", 1,' in args:
            disk.word("told", self.reports(ident) + [path])
        if call == "renameat" and mine:
            disk.word("moved", [path])
        if call == "unlinkat" and mine and "AT_REMOVEDIR" not in args:
            disk.word("removed", self.reports(ident))
        disk.play(call, args, result)

    def reports(self, ident):
        return [p for i, p in self.entries().items()
                if i != ident and "/new/" in p]

    def run(self, name, words, *more):
        """Its words, and nothing that is removed may come back."""
        disk = self.disk
        calls, _ = self.trace([RUNNER, "-c", self.control, "-q", self.queue,
                               "--flush", *more], b"")
        for c in calls:
            self.play_runner(*c)
        gone = sorted(d for d in disk.gone
                      if re.search(r"/queue/(new|due)\b", d))
        self.look(name, words, ["may come back: " + d for d in gone])


def sessions(top):
    p = Place(top, rcpthosts=".example", locals="none.invalid")
    script = os.path.join(p.base, "script.lua")
    with open(script, "w") as f:
        f.write(SCRIPT)
    three = ["x@one.example", "y@two.example", "z@three.example"]
    p.session("one entry, a new queue", three[:1])
    p.session("one entry", three[:1])
    p.session("one entry, large", three[:1], LARGE)
    p.session("three entries", three)
    p.session("three entries, one in quarantine", three, MESSAGE,
              ["-s", script])
    p.session("three entries, large", three, LARGE, ["-s", script])


def deliveries(top):
    p = Place(top, rcpthosts=".example",
              locals="one.example\ntwo.example", retry="1 1 1",
              routes="later.example:pipe:exit 75\nno.example:pipe:exit 100\n"
              "b.example:pipe:exit 75")
    to = ["-o", "maildir=%s/mail/%%d/%%u" % p.base]
    one, two = "x@one.example", "y@two.example"
    for name in ("a new Maildir", "a Maildir"):
        p.session("for " + name, [one])
        p.run("delivered to " + name, "done: 1", *to)
    p.session("for several Maildirs", [one, two])
    p.run("delivered to several", "done: 2", *to)
    p.session("for four Maildirs", [one, two, "v@one.example",
                                    "w@two.example"], MESSAGE,
              ["-o", "batch=all"])
    p.run("delivered to four, two of them new", "done: 4", *to)
    p.session("for one who must wait", [one, "z@later.example"], MESSAGE,
              ["-o", "batch=all"])
    p.run("delivered to one, the other waits", "done: 1, moved: 1",
          *to)
    p.run("who waits waits again", "moved: 1", *to)
    p.session("for one whom nobody has", ["n@no.example"])
    p.run("a report, and the entry is removed",
          "failed: 1, moved: 1, removed: 1", *to)
    p.run("the report waits for its Maildir", "moved: 2", *to)
    p.session("for three of whom one fails", [one, "z@later.example",
                                              "n@no.example"], MESSAGE,
              ["-o", "batch=all"])
    p.run("a report, and the entry goes on",
          "done: 1, failed: 1, moved: 3, told: 2", *to)


with tempfile.TemporaryDirectory(prefix="smtpe-durable.") as work:
    sessions(work)
    deliveries(work)
sys.exit(end())
