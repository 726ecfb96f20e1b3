"""What every delivery agent must do (smtpe-agent(7)), whatever it delivers
to. conformance(tap, agent) runs it; agent is an Agent with the program, a
route and, when it can be asked, a way to see what was delivered."""

import fcntl
import os
import re
import socket

from agentlib import Place, Runner, is_locked, new_id, sanitized


class Agent:
    def __init__(self, base, program, route, env=None, delivered=None,
                 slow=1):
        self.base = base
        self.program = program
        self.name = os.path.basename(program)
        self.route_of = route  # Place -> route
        self.extra_env = env or {}
        self.delivered = delivered  # Place -> how many messages
        self.slow = slow  # what many jobs are divided by

    def place(self, **controls):
        return Place(self.base, **controls)

    def run(self, place, **more):
        return Runner([self.program], {**place.env, **self.extra_env}, **more)

    def route(self, place):
        return self.route_of(place)


ANSWER = re.compile(r"^[245]\.[0-9]{1,3}\.[0-9]{1,3}$")


def all_ok(runner, numbers, per_job=1):
    """Each job answered once per recipient, all delivered?"""
    return (not runner.other and
            sorted(runner.done) == sorted(numbers) and
            all(sorted(j) == list(range(per_job)) and
                all(o == "ok" and 200 <= c < 300 and e.startswith("2.")
                    for o, c, e, _ in j.values())
                for j in runner.done.values()))


def bad_lines(entry, route):
    good = entry.line(1, route)
    words = good.split(b" ")
    eid = entry.id.encode()
    return {
        "an unknown command": b"jobs" + good[3:],
        "an empty line": b"\n",
        "a job without fields": b"job\n",
        "a number that is none": b"job x " + b" ".join(words[2:]),
        "a number beyond 64 bits":
            b"job 18446744073709551616 " + b" ".join(words[2:]),
        "an id that is none": good.replace(eid, b"../../etc/passwd"),
        "two spaces": good.replace(b" ", b"  ", 1),
        "a size that is none": entry.line(1, route, size=-1),
        "no recipient": b" ".join(words[:6]) + b"\n",
        "no recipient, but a space": b" ".join(words[:6]) + b" \n",
        "a recipient that is half escaped": good[:-1] + b" a%4\n",
        "an escape that is none": good[:-1] + b" a%zz\n",
        "a tab": good[:-1] + b"\tx\n",
        "a NUL": good[:-1] + b"\0\n",
        "a carriage return": good[:-1] + b"\r\n",
        "a field without a value": good[:-1] + b" ; helo\n",
        "a field without a name": good[:-1] + b" ; =x\n",
        "a line of 64 KiB and more": good[:-1] + b" x" * 32768 + b"\n",
        "64 KiB without an end": b"job 1 " + b"x" * 70000,
    }


def test_start(tap, agent):
    place = agent.place()
    r = agent.run(place)
    tap.ok(r.window > 0 and r.ready == b"ready 1 %d\n" % r.window,
           "says ready, the protocol's version and its window", r.ready)
    tap.eq(r.finish(), 0, "ends with 0 when the runner closes", r.log())
    tap.eq(r.other, [], "says nothing else")
    r = agent.run(place)
    r.terminate()
    tap.eq(r.status(), 0, "ends with 0 at SIGTERM when it is idle")
    place.remove()


def test_one(tap, agent):
    place = agent.place()
    r = agent.run(place)
    entry = place.entry()
    holder = entry.open()
    fcntl.flock(holder, fcntl.LOCK_EX)
    r.job(entry, agent.route(place))
    r.collect(1)
    tap.ok(all_ok(r, [1]), "one job is answered without another coming",
           r.done, r.other)
    outcome = r.done.get(1, {}).get(0, ("", 0, "", ""))
    tap.ok(ANSWER.match(outcome[2]) and outcome[3] != "",
           "the answer has an enhanced code and a text", outcome)
    os.close(holder)
    before = r.fd_count()
    for _ in range(20):
        e = place.entry()
        r.job(e, agent.route(place))
        r.collect(r.next - 1)
        if is_locked(e.path):
            break
    tap.eq(r.fd_count(), before, "no descriptor stays open", r.log())
    e = place.entry()
    fd = e.open()
    fcntl.flock(fd, fcntl.LOCK_EX)
    r.send(e.line(r.next, agent.route(place)), [fd])
    r.next += 1
    os.close(fd)
    r.collect(r.next - 1)
    tap.ok(not is_locked(e.path), "the lock goes with the answer")
    tap.eq(r.finish(), 0, "ends with 0")
    place.remove()


def test_bad_lines(tap, agent):
    place = agent.place()
    entry = place.entry()
    for name, line in bad_lines(entry, agent.route(place)).items():
        r = agent.run(place)
        fd = entry.open()
        r.send(line, [fd])
        os.close(fd)
        # It must end by itself: the socket is still open.
        tap.eq((r.status(), "event=agent-protocol" in r.log()), (111, True),
               f"exit 111 and a log line for {name}", r.log())
        r.sock.close()
    r = agent.run(place)
    r.send(entry.line(1, agent.route(place)))
    tap.eq((r.status(), "without a descriptor" in r.log()), (111, True),
           "exit 111 for a job without its descriptor", r.log())
    r.sock.close()
    r = agent.run(place)
    fd = entry.open()
    for _ in range(8):
        if not r.send(b"j", [fd] * 250):
            break
    os.close(fd)
    tap.eq(r.status(), 111, "exit 111 for descriptors without jobs", r.log())
    r.sock.close()
    if agent.delivered:
        tap.eq(agent.delivered(place), 0, "nothing of this was delivered")
    place.remove()


def test_end(tap, agent):
    place = agent.place()
    entry = place.entry()
    r = agent.run(place)
    fd = entry.open()
    r.send(entry.line(1, agent.route(place))[:-1], [fd])
    os.close(fd)
    tap.eq((r.finish(), r.done), (0, {}),
           "a line that the runner did not end is no job")
    if agent.delivered:
        tap.eq(agent.delivered(place), 0, "and is not delivered")
    r = agent.run(place)
    n = min(r.window, 20)
    for _ in range(n):
        r.job(place.entry(), agent.route(place))
    tap.eq(r.finish(), 0, "end of input with jobs in hand: exit 0", r.log())
    tap.ok(all_ok(r, range(1, n + 1)), "and all of them are answered",
           r.done, r.other)
    r = agent.run(place)
    r.job(place.entry(), agent.route(place))
    r.collect(1)
    n = min(r.window, 20)
    for _ in range(n):
        r.job(place.entry(), agent.route(place))
    r.terminate()
    r.drain()
    tap.eq(r.status(), 0, "SIGTERM with jobs on their way: exit 0", r.log())
    tap.ok(all_ok(r, list(r.done)), "what was answered is final", r.done)
    place.remove()
    place = agent.place()
    r = agent.run(place)
    for _ in range(5):
        r.job(place.entry(), agent.route(place))
    r.sock.close()
    tap.eq(r.status(), 0, "the runner is gone altogether: exit 0", r.log())
    place.remove()


def test_window(tap, agent):
    place = agent.place()
    r = agent.run(place)
    for _ in range(r.window):
        r.job(place.entry(), agent.route(place))
    r.collect(r.window)
    tap.ok(all_ok(r, range(1, r.window + 1)),
           "a full window is answered without another job", r.other)
    first = r.next
    jobs = [place.entry() for _ in range(3 * r.window)]
    for e in jobs:
        r.job(e, agent.route(place))
    r.collect(4 * r.window)
    tap.ok(all_ok(r, range(1, 4 * r.window + 1)),
           "a runner that sends more than the window is served in time",
           first, r.other)
    tap.eq(r.finish(), 0, "ends with 0", r.log())
    place.remove()


def test_damage(tap, agent):
    place = agent.place()
    route = agent.route(place)
    r = agent.run(place)

    def damaged(name, change):
        e = place.entry()
        with open(e.path, "wb") as f:
            f.write(change(e.content))
        n = r.job(e, route)
        r.collect(n)
        answer = r.done.get(n, {}).get(0, ("", 0, "", ""))
        tap.ok(answer[0] == "later" and 400 <= answer[1] < 500 and
               answer[2].startswith("4."), f"{name}: later", answer, r.log())

    damaged("an empty entry", lambda c: b"")
    damaged("half an entry", lambda c: c[:len(c) // 2])
    damaged("an entry without its last octet", lambda c: c[:-1])
    damaged("an entry with an octet too many", lambda c: c + b"\n")
    damaged("an offset beyond the end",
            lambda c: c[:-25] + b"f" * 16 + c[-9:])
    damaged("a trailer of another version",
            lambda c: c.replace(b"smtpe-entry 1", b"smtpe-entry 9"))
    damaged("a trailer without a sender",
            lambda c: c.replace(b"\nsender ", b"\nsinner "))
    damaged("an entry of another id",
            lambda c: c.replace(b"\nid 0", b"\nid 1"))
    damaged("a large entry of another id",
            lambda c: (b"x" * 400000 + c).replace(b"\nid 0", b"\nid 1"))
    e = place.entry()
    n = r.job(e, route, size=len(e.message) - 1)
    r.collect(n)
    tap.eq(r.done[n][0][0], "later", "a size that is not the entry's: later")
    for name, fd in (("a directory", os.open(place.dir, os.O_RDONLY)),
                     ("a pipe", os.pipe()[0]),
                     ("a socket", socket.socket().detach())):
        e = place.entry()
        r.send(e.line(r.next, route), [fd])
        os.close(fd)
        r.next += 1
        r.collect(r.next - 1)
        tap.eq(r.done[r.next - 1][0][0], "later", f"{name} as entry: later")
    n = r.job(place.entry(), route)
    r.collect(n)
    tap.eq(r.done[n][0][0], "ok", "the next good one is delivered")
    tap.eq(r.finish(), 0, "ends with 0")
    if agent.delivered:
        tap.eq(agent.delivered(place), 1, "and nothing but it")
    place.remove()


def test_many(tap, agent):
    place = agent.place()
    route = agent.route(place)
    n = 1000 // agent.slow
    entries = [place.entry(b"Subject: %d\r\n\r\nHello.\r\n" % i)
               for i in range(n)]
    r = agent.run(place)
    for e in entries:
        r.room()
        r.job(e, route)
    r.collect(n)
    tap.ok(all_ok(r, range(1, n + 1)), f"{n} jobs", r.other)
    # What leaks does so in every round; how many jobs wait there at once
    # differs from one to the next.
    memory = [r.proc_status("VmRSS")]
    for i in range(2, 8):
        for e in entries:
            r.room()
            r.job(e, route)
        r.collect(i * n)
        memory.append(r.proc_status("VmRSS"))
    name = f"{6 * n} jobs more and the memory is the same"
    if sanitized(agent.program):
        tap.skip(name, "a sanitizer keeps what was freed")
    else:
        tap.ok(min(b - a for a, b in zip(memory, memory[1:])) < n // 20,
               name, memory)
    tap.eq(r.finish(), 0, "ends with 0", r.log())
    place.remove()


def test_descriptors(tap, agent):
    place = agent.place()
    route = agent.route(place)

    def batch(r, n):
        entries = [place.entry() for _ in range(n)]
        fds = [e.open() for e in entries]
        lines = b"".join(e.line(r.next + i, route)
                         for i, e in enumerate(entries))
        r.next += n
        return lines, fds

    r = agent.run(place)
    lines, fds = batch(r, 200)
    r.send(lines, fds)
    for fd in fds:
        os.close(fd)
    r.collect(200)
    tap.ok(all_ok(r, range(1, 201)), "200 jobs and descriptors in one message",
           r.other, r.log())
    lines, fds = batch(r, 3)
    first, second, third = lines.splitlines(keepends=True)
    r.send(first[:1], fds[:1])
    for i in range(1, len(first)):
        r.send(first[i:i + 1])
    r.send(second[:7], fds[1:2])
    r.send(second[7:])
    r.send(third, fds[2:])
    for fd in fds:
        os.close(fd)
    r.collect(203)
    tap.ok(all_ok(r, range(1, 204)), "lines that come octet by octet",
           r.other)
    place.set("x", "")
    tap.eq(r.finish(), 0, "ends with 0")
    r = agent.run(place, limit=64)
    n = 5 * r.window
    for _ in range(n):
        r.room()
        r.job(place.entry(), route)
    r.collect(n)
    tap.ok(all_ok(r, range(1, n + 1)),
           "with 64 descriptors it has a window that it can serve",
           r.window, r.other, r.log())
    tap.eq(r.finish(), 0, "ends with 0")
    place.remove()


def test_recipients(tap, agent):
    place = agent.place()
    route = agent.route(place)
    rcpts = [f"u{i}@example.org" for i in range(300)]
    entry = place.entry(rcpts=rcpts)
    r = agent.run(place)
    r.job(entry, route)
    r.collect(300)
    tap.ok(all_ok(r, [1], 300), "300 recipients, 300 answers", r.other)
    r.job(entry, route, rcpts[7:9], b" ; helo=x%20y note=a=b empty=")
    r.collect(302)
    tap.ok(sorted(r.done[2]) == [0, 1] and
           all(a[0] == "ok" for a in r.done[2].values()),
           "fields behind a semicolon are no recipients", r.done[2])
    e = place.entry(sender="")
    r.job(e, route)
    r.collect(303)
    tap.eq(r.done[3][0][0], "ok", "the null sender")
    r.job(e, route, ["elsewhere@example.org"])
    r.collect(304)
    tap.eq(r.done[4][0][0], "ok", "a recipient that the entry does not have")
    tap.eq(r.finish(), 0, "ends with 0", r.log())
    place.remove()


def test_deaf_runner(tap, agent):
    place = agent.place()
    route = agent.route(place)
    n = 1000 // agent.slow
    rcpts = [f"u{i}@example.org" for i in range(n)]
    entry = place.entry(rcpts=rcpts)
    r = agent.run(place)
    # Far more answers than a socket holds, and nobody reads them.
    jobs = min(r.window, 4)
    for _ in range(jobs):
        fd = entry.open()
        r.send(entry.line(r.next, route), [fd], read=False)
        r.next += 1
        os.close(fd)
    r.close()
    r.drain()
    tap.ok(all_ok(r, range(1, jobs + 1), n),
           "no answer is lost when they are read late", r.answers, r.other)
    tap.eq(r.status(), 0, "ends with 0", r.log())
    place.remove()


def test_unknown_id(tap, agent):
    place = agent.place()
    r = agent.run(place)
    a, b = place.entry(b"A: a\r\n\r\nA\r\n"), place.entry(b"B: b\r\n\r\nB\r\n")
    fd = b.open()
    r.send(a.line(1, agent.route(place)), [fd])
    os.close(fd)
    r.collect(1)
    tap.eq(r.done[1][0][0], "later",
           "a job with another entry's descriptor: later, never delivered")
    group = place.entry(eid=new_id() + "-12")
    r.job(group, agent.route(place))
    r.next = 3
    tap.eq(r.finish(), 0, "ends with 0")
    place.remove()


def conformance(tap, agent):
    for test in (test_start, test_one, test_bad_lines, test_end, test_window,
                 test_damage, test_many, test_descriptors, test_recipients,
                 test_deaf_runner, test_unknown_id):
        print(f"# {agent.name}: {test.__name__}")
        test(tap, agent)
