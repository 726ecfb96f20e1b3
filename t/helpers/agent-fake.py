#!/usr/bin/env python3
"""agent-fake: a delivery agent that does what its mode says, for the tests of
queuerun. Started by small scripts named agent-NAME:

    exec agent-fake.py MODE DIRECTORY

Each job it takes is a line "ID SENDER RCPT..." in DIRECTORY/jobs.MODE, after
its descriptor was compared with it; what goes wrong is in DIRECTORY/wrong.
"""
import array
import os
import re
import socket
import sys
import time
import urllib.parse

mode, where = sys.argv[1:3]
sock = socket.socket(fileno=0)
text = b""
fds = []
eof = False
starts = os.path.join(where, "starts." + mode)


def note(name, line):
    with open(os.path.join(where, name), "a") as f:
        f.write(line + "\n")


def wrong(line):
    note("wrong", mode + ": " + line)
    sys.exit(1)


def say(line):
    try:
        sock.sendall(line.encode() + b"\n")
    except OSError:  # the runner is gone
        note("ends." + mode, str(os.getpid()))
        os._exit(0)


def flag(name):
    return os.path.exists(os.path.join(where, name))


def wait_for_flag(name):
    for _ in range(3000):
        if flag(name):
            return
        time.sleep(0.01)
    wrong("nobody made " + name)


def fill(flags=0):
    global text, eof
    try:
        data, anc, msgflags, _ = sock.recvmsg(65536, socket.CMSG_SPACE(1012),
                                              flags)
    except BlockingIOError:
        return False
    if msgflags & socket.MSG_CTRUNC:
        wrong("descriptors were lost")
    for level, kind, payload in anc:
        if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
            a = array.array("i")
            a.frombytes(payload)
            fds.extend(a)
    eof = not data
    text += data
    return not eof


class Job:
    def __init__(self, line):
        words, _, self.fields = line.decode().partition(" ; ")
        words = words.split(" ")
        if words[0] != "job" or len(words) < 7:
            wrong("bad job line %r" % line)
        if len(line) >= 65536:
            wrong("job line of %d octets" % len(line))
        self.number, self.id, self.route, self.size, self.sender = words[1:6]
        self.rcpts = [urllib.parse.unquote(w) for w in words[6:]]
        if not fds:
            wrong("job without a descriptor")
        fd = fds.pop(0)
        # Several jobs of one entry share its file offset: pread(2) only.
        data = os.pread(fd, os.fstat(fd).st_size, 0)
        os.close(fd)
        if ("id %s\n" % self.id).encode() not in data:
            wrong("descriptor of another entry")
        if int(data[-25:-9], 16) != int(self.size):
            wrong("size is not %s" % self.size)
        note("jobs." + mode, " ".join([self.id, self.sender] + self.rcpts +
                                      ([";", self.fields] if self.fields
                                       else [])))

    def answer(self, i, what):
        if what == "fail" and "-odd" in self.rcpts[i]:
            say("done %s %d fail 550 5.1.1 no%%0D%%0A%%0D%%0A<x@y>:%%0A"
                "%%FF\u00e4%%00 %s" % (self.number, i, "long " * 30 +
                                        "y" * 600))
            return
        known = re.match(r"[a-z]*-(passed|relayed)", self.rcpts[i])
        if known:
            say("note %s %d peer=mx.%%65xample[192.0.2.9] new=1 dsn=%s" %
                (self.number, i, known.group(1)))
        words = {"ok": "250 2.0.0 taken", "later": "451 4.2.0 not%20now",
                 "fail": "550 5.1.1 no%20such%20%75ser"}
        say("done %s %d %s %s" % (self.number, i, what, words[what]))

    def answer_all(self, what):
        for i in range(len(self.rcpts)):
            self.answer(i, what)

    def by_address(self):
        for i, r in enumerate(self.rcpts):
            what = re.match(r"ok|later|fail", r)
            self.answer(i, what.group() if what else "ok")


def jobs():
    """Jobs as they come, until the runner is gone."""
    global text
    while True:
        while b"\n" in text:
            line, text = text.split(b"\n", 1)
            yield Job(line)
        if eof or not fill():
            return


note("starts." + mode, str(os.getpid()))
if mode == "start-dies":
    sys.exit(3)
if mode == "start-garbage":
    say("hello")
elif mode == "start-other":
    say("ready 2 10")
elif mode == "start-window":
    say("ready 1 0")
elif mode == "start-never":
    while fill():
        pass
    sys.exit(0)
else:
    say("ready 1 %d" % {"narrow": 1, "slow": 1, "reverse": 10}.get(mode, 100))

held = []
for job in jobs():
    if mode in ("addr", "other", "narrow"):
        if mode == "narrow" and (b"\n" in text or
                                 fill(socket.MSG_DONTWAIT)):
            wrong("more jobs than the window")
        job.by_address()
    elif mode in ("ok", "later", "fail"):
        job.answer_all(mode)
    elif mode == "dies":
        os._exit(4)
    elif mode == "dies-once":
        if len(open(starts).readlines()) == 1:
            os._exit(4)
        job.answer_all("ok")
    elif mode == "dies-partly":
        job.answer(0, "ok")
        os._exit(5)
    elif mode == "closes":
        sock.shutdown(socket.SHUT_RDWR)
        os.close(0)
        os.close(1)
        time.sleep(3600)
    elif mode == "silent":
        pass
    elif mode == "garbage":
        say("\x00\x01 done 1 0 ok")
    elif mode == "endless":
        try:
            while True:
                sock.sendall(b"x" * 65536)
        except OSError:
            os._exit(0)
    elif mode == "bad-code":
        say("done %s 0 ok 25x 2.0.0 x" % job.number)
    elif mode == "bad-outcome":
        say("done %s 0 perhaps 250 2.0.0 x" % job.number)
    elif mode == "unknown-job":
        say("done 4711 0 ok 250 2.0.0 x")
    elif mode == "unknown-index":
        say("done %s 99 ok 250 2.0.0 x" % job.number)
    elif mode == "twice":
        job.answer(0, "ok")
        job.answer(0, "ok")
    elif mode == "raw-text":
        say("done %s 0 later 451 4.2.0 100%% full, \"sorry\" = \x1b[31m\t."
            % job.number)
    elif mode == "long-text":
        say("done %s 0 later 451 4.2.0 %s" % (job.number, "x" * 20000))
    elif mode == "busy":
        job.answer_all("later")
        say("busy 3600 the%20broker%20is%20down")
    elif mode == "busy-open":
        say("busy 3600 wait")
        job.answer_all("ok")
    elif mode == "reverse":
        held.append(job)
        if len(held) == 5:
            for j in reversed(held):
                for i in reversed(range(len(j.rcpts))):
                    j.answer(i, "ok")
            held = []
    elif mode == "slow":
        time.sleep(0.1)
        job.answer_all("ok")
    elif mode in ("notes", "always-busy"):  # words, and never an answer
        while True:
            say("note %s 0 peer=x" % job.number if mode == "notes" else
                "busy 1 soon")
            time.sleep(0.05)
    elif mode == "flood":
        while True:
            say("\n".join(["note %s 0 peer=x" % job.number] * 100))
    elif mode == "hold":
        note("holding", job.id)
        wait_for_flag("go")
        job.answer_all("ok")
    else:
        wrong("unknown mode")
note("ends." + mode, str(os.getpid()))
