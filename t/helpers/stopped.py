"""stopped: SIGTERM, SIGINT and SIGHUP end a session in order, wherever it is.
Speaks TAP.
"""
import os
import shutil
import signal
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import session  # noqa: E402
from tap import end, same  # noqa: E402

SCRIPT = r"""
local function note(...)
    local f <close> = io.open(os.getenv("NOTES"), "a")
    f:write(table.concat({...}, " "), "\n")
end
function hook.reset() note("reset") end
function hook.error(errno) note("error", errno) end
function hook.close(dropped) note("close", tostring(dropped)) end
function hook.noop()
    note("waits")
    local f = io.open(os.getenv("FIFO"), "r")
    f:read("a")
    note(select(2, os.execute("kill -TERM $$")))
end
"""
DATA = [b"EHLO client.example\r\n", b"MAIL FROM:<a@b.example>\r\n",
        b"RCPT TO:<x@example.org>\r\n", b"DATA\r\n"]
SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)

class Trial:
    def __init__(self, ignored=()):
        self.dir = tempfile.mkdtemp()
        self.fifo = os.path.join(self.dir, "fifo")
        os.mkfifo(self.fifo)
        c = os.path.join(self.dir, "control")
        session.make_controls(c)
        script = os.path.join(self.dir, "script.lua")
        with open(script, "w") as f:
            f.write(SCRIPT)
        argv = [session.SMTPE, "-c", c, "-q", os.path.join(self.dir, "queue"),
                "-s", script]
        self.log = open(os.path.join(self.dir, "log"), "w")
        self.s = session.Session(
            ["sh", "-c", "trap '' %s; exec \"$@\"" % " ".join(ignored), "sh"]
            + argv if ignored else argv, self.log, seconds=20,
            env=session.environment(NOTES=os.path.join(self.dir, "notes"),
                                    FIFO=self.fifo))
        self.s.expect("220")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.s.p.poll() is None:
            self.s.p.kill()
            self.s.close()
        self.log.close()
        shutil.rmtree(self.dir)

    def talk(self, *lines):
        for line in lines:
            self.s.send(line)
            self.s.reply()

    def signal(self, number):
        self.s.p.send_signal(number)

    def notes(self):
        with open(os.path.join(self.dir, "notes")) as f:
            return f.read().split("\n")[:-1]

    def ends(self, name, notes, entries=0):
        self.s.expect("421 4.3.2 ")
        same(self.s.close(), ("", 0), "%s: 421, and exit 0" % name)
        same(self.notes(), notes, "%s: error and close" % name)
        same(self.files("tmp"), [], "%s: nothing is left" % name)
        same(len(self.files("new")), entries, "%s: in the queue" % name)
        with open(self.log.name) as f:
            same("end=stopped" in f.read(), True, "%s: logged" % name)

    def files(self, of):
        path = os.path.join(self.dir, "queue", of)
        return os.listdir(path) if os.path.isdir(path) else []


END = ["error 125", "close true"]


def main():
    for number in SIGNALS:
        with Trial() as t:
            t.talk(*DATA)
            t.s.send(b"Subject: one\r\n\r\n" + b"text\r\n" * 1000)
            t.s.taken()
            t.signal(number)
            t.ends("in a message, %s" % number.name, ["reset"] + END)
        with Trial() as t:
            t.signal(number)
            t.ends("in front of a command, %s" % number.name, END)
    # In chunks: inside one, between two, inside one that is refused.
    for name, chunks in (("inside a chunk", [b"BDAT 1000\r\ntext\r\n"]),
                         ("between chunks", [b"BDAT 6\r\ntext\r\n"]),
                         ("inside a refused chunk",
                          [b"BDAT 6 x\r\ntext\r\n",
                           b"BDAT 1000 LAST\r\ntext\r\n"])):
        with Trial() as t:
            t.talk(*DATA[:3])
            for c in chunks:
                t.s.send(c)
                t.s.taken()
                if b"1000" not in c:
                    t.s.reply()
            t.signal(signal.SIGTERM)
            t.ends(name, ["reset"] + END)
    with Trial() as t:
        t.talk(*DATA[:3])
        t.s.send(b"DA")
        t.s.taken()
        t.signal(signal.SIGTERM)
        t.ends("inside a command", ["reset"] + END)
    with Trial() as t:
        t.talk(*DATA)
        t.talk(b"text\r\n.\r\n")
        t.signal(signal.SIGTERM)
        t.ends("after a message", ["reset", "reset"] + END, 1)
    # The script is let to finish, and its children are not deaf.
    with Trial() as t:
        t.s.send(b"NOOP\r\n")
        with open(t.fifo, "w"):
            t.signal(signal.SIGTERM)
        t.s.expect("250 ")
        t.ends("in a hook", ["waits", "signal 15"] + END)
    # Twice is once.
    with Trial() as t:
        t.s.send(b"NOOP\r\n")
        with open(t.fifo, "w"):
            for number in SIGNALS:
                t.signal(number)
        t.s.expect("250 ")
        t.ends("three of them", ["waits", "signal 15"] + END)
    # What was to be ignored is.
    with Trial(ignored=("HUP", "INT")) as t:
        t.signal(signal.SIGHUP)
        t.signal(signal.SIGINT)
        t.talk(*DATA)
        t.talk(b"text\r\n.\r\n")
        t.signal(signal.SIGTERM)
        t.ends("under nohup", ["reset", "reset"] + END, 1)
    return end()


sys.exit(main())
