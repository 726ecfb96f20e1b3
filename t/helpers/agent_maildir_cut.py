"""Power cuts under agent-maildir: a file system on a loop device is shut down
while deliveries are under way; what was answered before must be there after
the journal was replayed. usage: BUILD DIRECTORY FILESYSTEM ROUNDS"""

import fcntl
import os
import random
import subprocess
import sys

from agent_maildir import PLAIN, head, lf, new_files, tree
from agent_conformance import Agent
from agentlib import Tap

SHUTDOWN = 0x8004587d  # EXT4_IOC_SHUTDOWN, XFS_IOC_GOINGDOWN
NOLOGFLUSH = 2
BOXES = 12


def run(*command):
    return subprocess.run(command, stdout=subprocess.DEVNULL,
                          stderr=subprocess.PIPE)


def cut(agent, place, disk, acks, burst):
    """Delivers in bursts until so many were answered, then cuts: the entries
    that were answered, and all."""
    r = agent.run(place)
    entries = {}
    told = []

    def answers():
        for number, job in sorted(r.done.items()):
            if number not in told and job[0][0] == "ok":
                told.append(number)

    while len(told) < acks:
        while r.next - 1 - r.answers < burst:
            body = PLAIN + b"x" * random.randrange(9000) + b"\r\n"
            e = place.entry(body, [f"u{r.next % BOXES}@example.org"])
            entries[r.next] = e
            r.job(e, f"maildir:{disk}/m/%d/%u")
        r.collect(r.answers + 1)
        answers()
    # Only what was said before the cut counts.
    fd = os.open(disk, os.O_RDONLY)
    fcntl.ioctl(fd, SHUTDOWN, NOLOGFLUSH.to_bytes(4, "little"))
    os.close(fd)
    answered = [entries[n] for n in told]
    r.finish()
    return answered, entries, r


def main():
    build, base, kind, rounds = sys.argv[1:5]
    random.seed(f"{kind} {rounds}")
    tap = Tap()
    program = os.path.join(build, "queuerun", "agent-maildir")
    agent = Agent(base, program, None)
    disk = os.path.join(base, "disk")
    image = os.path.join(base, "image")
    os.mkdir(disk)
    for i in range(int(rounds)):
        with open(image, "wb") as f:
            f.truncate(320 << 20)
        if run(f"mkfs.{kind}", "-q", image).returncode or \
                run("mount", "-o", "loop", image, disk).returncode:
            tap.skip(f"power cuts on {kind}", "cannot make or mount it here")
            return tap.done()
        place = agent.place()
        acks, burst = random.randrange(1, 300), random.choice((1, 3, 70, 128))
        try:
            answered, entries, r = cut(agent, place, disk, acks, burst)
        finally:
            run("umount", disk)
        again = run("mount", "-o", "loop", image, disk)
        try:
            files = tree(disk + "/m")
            names = {os.path.basename(k): v
                     for k, v in new_files(disk + "/m").items()}
        finally:
            run("umount", disk)
        lost = [e.id for e in answered
                if names.get(f"1700000000.R{e.id}N1.mx.example.org") !=
                head(e.rcpts[0]) + lf(e.message)]
        whole = {head(e.rcpts[0]) + lf(e.message) for e in entries.values()}
        torn = [k for k, v in names.items() if v not in whole]
        tap.ok(again.returncode == 0 and not lost and not torn and
               len(answered) >= acks,
               f"{kind}, cut after {len(answered)} answers, {burst} at once: "
               "none is lost, none in new/ is torn", lost[:5], torn[:5],
               len(files), again.stderr, r.log())
        place.remove()
        os.unlink(image)
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
