"""Each system call of agent-pipe, agent-smtp, agent-lmtp and agent-amqp fails
once, in the process that talks to the runner and in its workers: whatever they
answer then is true, nothing is refused for good, nothing hangs. usage:
agent_faults.py BUILD DIRECTORY MOST; MOST is how often each call of each
process fails."""

import os
import re
import sys
import time

import amqp_fake
from agent_conformance import Agent
from agentlib import Tap
from smtp_fake import Fake

CALLS = {
    "read": "EIO", "pread64": "EIO", "write": "EPIPE", "writev": "EPIPE",
    "recvfrom": "ENOMEM", "recvmsg": "ENOMEM", "sendto": "EPIPE",
    "sendmsg": "ENOBUFS", "poll": "ENOMEM", "ppoll": "ENOMEM",
    "socket": "EMFILE", "socketpair": "EMFILE", "connect": "ECONNREFUSED",
    "pipe2": "EMFILE", "clone": "EAGAIN", "clone3": "EAGAIN",
    "vfork": "EAGAIN", "fork": "EAGAIN", "wait4": "EINTR",
    "pidfd_open": "EMFILE", "fcntl": "EINVAL", "mmap": "ENOMEM",
    "brk": "ENOMEM", "openat": "EMFILE", "open": "EMFILE", "close": "EIO",
    "setsockopt": "EINVAL", "getsockopt": "EINVAL", "prctl": "EINVAL",
    "chdir": "EACCES", "kill": "ESRCH", "execve": "ENOENT",
    "fstat": "EIO", "prlimit64": "EPERM", "rt_sigaction": "EINVAL",
}


class Tried:
    def __init__(self):
        self.runs = self.ok = self.later = self.silent = 0
        self.wrong = []


class Broker(amqp_fake.Fake):
    """Confirms what it has read whole."""

    def __init__(self):
        self.messages = []
        super().__init__(self.confirm)

    def confirm(self, conn):
        conn.login()
        tag = 0
        while True:
            self.messages.append(conn.publish())
            tag += 1
            conn.ack(tag)


def once(agent, route, delivered, wrap, jobs):
    """What was answered, how often something arrived, what is left."""
    place = agent.place(timeoutremote="1", pipetimeout="5", amqptimeout="1",
                        amqp=agent.broker)
    before = delivered(place)
    try:
        r = agent.run(place, wrap=wrap)
    except Exception as e:
        place.remove()
        return None, 0, repr(e)
    if r.window:
        for _ in range(jobs):
            r.job(place.entry(), route(place))
    status = r.finish()
    answers = [a for j in r.done.values() for a in j.values()]
    found = delivered(place) - before
    place.remove()
    return answers, found, f"status {status} {r.log()[-300:]}"


def sweep(agent, route, delivered, most, log):
    t = Tried()
    once(agent, route, delivered,
         ["strace", "-f", "-qq", "-o", log, "-e", "trace=" + ",".join(CALLS)],
         2)
    counts = {}
    with open(log, errors="replace") as f:
        for line in f:
            m = re.match(r"(\d+) +([a-z0-9_]+)\(", line)
            if m:
                key = (m.group(2), m.group(1))
                counts[key] = counts.get(key, 0) + 1
    for call, error in CALLS.items():
        n = max([c for (name, _), c in counts.items() if name == call] or [0])
        for when in range(1, min(n, most) + 1):
            start = time.monotonic()
            answers, found, rest = once(agent, route, delivered, [
                "strace", "-f", "-qq", "-o", "/dev/null", "-e",
                f"trace={call}", "-e",
                f"inject={call}:error={error}:when={when}"], 2)
            t.runs += 1
            if os.environ.get("SLOW") and time.monotonic() - start > 0.5:
                print("#", call, when, round(time.monotonic() - start, 1),
                      answers, rest, file=sys.stderr)
            where = f"{call} {when}: {error}: {answers} {found} {rest}"
            if answers is None:
                t.wrong.append(where)
                continue
            good = sum(a[0] == "ok" for a in answers)
            t.ok += good
            t.later += sum(a[0] == "later" for a in answers)
            t.silent += len(answers) < 2
            if good > found or any(a[0] == "fail" for a in answers):
                t.wrong.append(where)
    return t


def main():
    build, base, most = sys.argv[1], sys.argv[2], int(sys.argv[3])
    tap = Tap()
    log = os.path.join(base, "strace")
    smtp, lmtp = Fake(ehlo=["PIPELINING"]), Fake(lmtp=True)
    broker = Broker()

    def piped(place):
        try:
            return os.stat(place.dir + "/count").st_size
        except FileNotFoundError:
            return 0

    for name, route, delivered in (
            ("agent-pipe",
             lambda p: f"pipe:cat >/dev/null; printf x >>{p.dir}/count",
             piped),
            ("agent-smtp", lambda p: f"smtp:127.0.0.1:{smtp.port}",
             lambda p: len(smtp.messages)),
            ("agent-lmtp", lambda p: f"lmtp:127.0.0.1:{lmtp.port}",
             lambda p: len(lmtp.messages)),
            ("agent-amqp", lambda p: "amqp:/q",
             lambda p: len(broker.messages))):
        agent = Agent(base, os.path.join(build, "queuerun", name), None)
        agent.broker = broker.uri
        t = sweep(agent, route, delivered, most, log)
        tap.ok(not t.wrong and t.runs > 30,
               f"{name}: {t.runs} faults, {t.ok} delivered, {t.later} later, "
               f"{t.silent} runs without all answers", *t.wrong)
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
