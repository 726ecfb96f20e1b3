"""A hundred mail servers, of which 30 take connections and never say a word
and 10 are slow: the others get their mail as if they were alone. usage:
hundred_smtp.py BUILD DIRECTORY MESSAGES-EACH"""

import os
import subprocess
import sys
import time

import agentlib
from smtp_fake import Fake


def main():
    build, base, each = sys.argv[1], sys.argv[2], int(sys.argv[3])
    tap = agentlib.Tap()
    servers = {
        "dead": [Fake(greeting="=") for _ in range(30)],
        "slow": [Fake(replies={"MAIL": lambda t: time.sleep(0.3) or "250 ok"})
                 for _ in range(10)],
        "good": [Fake(ehlo=["PIPELINING"]) for _ in range(60)],
    }
    place = os.path.join(base, "hundred")
    os.makedirs(place + "/queue/new", 0o700)
    os.makedirs(place + "/control")
    routes = [f"{kind}{i}.test:smtp:127.0.0.1:{f.port}"
              for kind, fakes in servers.items()
              for i, f in enumerate(fakes)]
    for name, value in {"me": "mx.example.org", "smtptls": "none",
                        "queuedir": place + "/queue", "timeoutremote": "20",
                        "routes": "\n".join(routes)}.items():
        with open(f"{place}/control/{name}", "w") as f:
            f.write(value + "\n")
    for n in range(each):
        for r in routes:
            agentlib.Entry(place + "/queue/new", b"Subject: x\r\n\r\nx\r\n",
                           [f"u{n}@" + r.split(":")[0]],
                           received=f"{int(time.time())}.000000")

    def got(kind):
        return sum(len(f.messages) for f in servers[kind])

    start = time.monotonic()
    run = subprocess.Popen([build + "/queuerun/queuerun", "-c",
                            place + "/control", "-o", "log=none"])
    done = None
    while run.poll() is None:
        if done is None and got("good") == 60 * each:
            done = time.monotonic() - start
        time.sleep(0.05)
    whole = time.monotonic() - start
    print(f"# the healthy ones were done after {done} s, the run took "
          f"{whole:.1f} s")
    tap.eq((run.returncode, got("good"), got("slow")),
           (0, 60 * each, 10 * each), "each healthy and slow one has its mail")
    tap.ok(done is not None and done < whole,
           "the healthy ones before the dead ones were given up", done)
    tap.eq([f.connections for f in servers["dead"]], [1] * 30,
           "each dead one is waited for once")
    waiting = sum(len(files) for _, _, files in os.walk(place + "/queue/due"))
    new = sum(len(files) for _, _, files in os.walk(place + "/queue/new"))
    tap.eq(waiting + new, 30 * each, "and its mail waits")
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
