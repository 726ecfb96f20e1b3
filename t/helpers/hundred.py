"""hundred: many messages to a hundred destinations, of which 30 never answer,
10 are slow and 5 refuse half of what they get; then what became of each.

    hundred.py MESSAGES
"""
import os
import re
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import agentlib  # noqa: E402
import session  # noqa: E402

T0 = 1800000000
HERE = os.path.dirname(os.path.abspath(__file__))
QUEUERUN = os.path.join(session.BUILD, "queuerun/queuerun")
DOMAINS = (["dead%d.test" % i for i in range(30)] +
           ["slow%d.test" % i for i in range(10)] +
           ["half%d.test" % i for i in range(5)] +
           ["good%d.test" % i for i in range(55)])


class Place:
    def __init__(self, base, name):
        self.dir = os.path.join(base, name)
        self.queue = os.path.join(self.dir, "queue")
        agents = os.path.join(self.dir, "agents")
        os.makedirs(agents)
        self.control = os.path.join(self.dir, "control")
        session.make_controls(self.control, locals="nowhere.test",
                              route="smtp:", agentdir=agents,
                              concurrencydest="5", retry="300 2 3600")
        agent = os.path.join(agents, "agent-smtp")
        with open(agent, "w") as f:
            f.write("#!/bin/sh\nexec python3 %s/agent_dests.py %s\n" %
                    (HERE, self.dir))
        os.chmod(agent, 0o755)

    def fill(self, domains, each):
        new = os.path.join(self.queue, "new")
        os.makedirs(new, 0o700)
        for n in range(each):
            for d in domains:
                agentlib.Entry(new, b"Subject: x\r\n\r\n",
                               ["r%d@%s" % (n, d)],
                               received="%d.000000" % T0)

    def run(self, at=0):
        start = time.monotonic()
        out = subprocess.run([QUEUERUN, "-c", self.control, "-q", self.queue,
                              "--now", str(T0 + at)], check=True,
                             stderr=subprocess.PIPE,
                             env=session.environment())
        self.log = out.stderr.decode()
        return time.monotonic() - start

    def jobs(self):
        with open(os.path.join(self.dir, "dests")) as f:
            jobs = [line.split() for line in f]
        os.unlink(os.path.join(self.dir, "dests"))
        return jobs

    def entries(self, what):
        return [f for d, _, names in os.walk(os.path.join(self.queue, what))
                for f in names]


def main():
    os.umask(0o077)
    each = int(sys.argv[1]) // len(DOMAINS)
    wrong = []

    def check(good, what):
        if not good:
            wrong.append(what)

    with tempfile.TemporaryDirectory() as base:
        alone = Place(base, "alone")
        alone.fill([d for d in DOMAINS if d.startswith("good")], each)
        alone_took = alone.run()
        p = Place(base, "all")
        p.fill(DOMAINS, each)
        took = p.run()
        jobs = p.jobs()
        kind = {}
        for j in jobs:
            kind.setdefault(j[0][:4], []).append(j)
        first = min(float(j[4]) for j in jobs)
        good_took = max(float(j[4]) for j in kind["good"]) - first
        check(len(kind["good"]) == 55 * each, "good: once each")
        check(len(kind["slow"]) == 10 * each, "slow: once each")
        check(len(kind["half"]) == 5 * each, "half: once each")
        check(len(kind["dead"]) <= 30 * 6, "dead: %d attempts" %
              len(kind["dead"]))
        outcome = re.findall(r"outcome=(\w+)", p.log)
        check(outcome.count("fail") == 5 * (each // 2), "refusals")
        check(outcome.count("ok") == 65 * each + 5 * (each - each // 2),
              "deliveries")
        check(len(p.entries("due")) == 30 * each, "the dead ones wait")
        check(len(p.entries("new")) == 5 * (each // 2), "bounces")
        check(not p.entries("dead"), "nothing is dead")
        # The next run: one attempt for each of them.
        p.run(400)
        again = [j for j in p.jobs() if j[0].startswith("dead")]
        check(len(again) == 30, "one attempt each, %d" % len(again))
        check(len(p.entries("due")) == 30 * each, "and all wait on")
        for d in DOMAINS[:30]:
            open(os.path.join(p.dir, "alive." + d), "w").close()
        p.run(4000)
        back = [j for j in p.jobs() if j[0].startswith("dead")]
        check(len(back) == 30 * each, "all delivered once they answer, %d" %
              len(back))
        check(not p.entries("due"), "nothing waits")
    for w in wrong:
        print("wrong: " + w)
    print("%d messages: %d attempts for 30 dead destinations in the first "
          "run, 30 in the second; the healthy ones were given out in %.1f s "
          "(the whole run %.1f s, they alone %.1f s)" %
          (each * len(DOMAINS), len(kind["dead"]), good_took, took,
           alone_took))
    return 1 if wrong else 0


sys.exit(main())
