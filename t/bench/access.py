"""What the access table costs, and what it saves: connections that get a banner
without a table and with one, and connections that are denied. The script is
the example policy: who is denied does not pay for it.
"""
import os
import statistics
import subprocess

import servers

LINES = 100000


def networks():
    """So many networks that none of them is ours."""
    for i in range(LINES):
        yield "%d.%d.%d.:deny" % (11 + i // 65536, i // 256 % 256, i % 256)


def tables(tree, control, last):
    """(name, function that puts it there)."""
    text = os.path.join(control, "access")
    cdb = text + ".cdb"

    def clear():
        for path in text, cdb:
            if os.path.exists(path):
                os.unlink(path)

    def write(lines, compile_it):
        clear()
        with open(text, "w") as f:
            f.write("\n".join(lines) + "\n")
        if compile_it:
            subprocess.run([os.path.join(tree, "queuerun/smtpe-cdb"),
                            "access", cdb, text], check=True)

    few = ["192.0.2.%d:deny" % i for i in range(20)]
    return (("no table", clear),
            ("20 lines", lambda: write(few + [last], False)),
            ("cdb, %d lines" % LINES,
             lambda: write(list(networks()) + [last], True)))


def run(peer, root, tree, args):
    """peer: a server that has been started."""
    connbench = os.path.join(root, "build/t/bench/connbench")
    control = os.path.join(peer.dir, "control")
    n = max(20, int(4000 * args.scale))
    served = tables(tree, control, "127.:allow")
    ways = [("banner, " + name, put, []) for name, put in served] + \
        [("deny, " + name, put, ["refused"])
         for name, put in tables(tree, control, "127.:deny")[1:]] + \
        [("deny, 20 lines, words",
          tables(tree, control, '127.:deny="Not you"')[1][1], ["refused"])]
    figures = {name: [] for name, _, _ in ways}
    for r in range(args.rounds):
        turn = r % len(ways)
        for name, put, how in ways[turn:] + ways[:turn]:
            put()
            cpu = peer.cpu()
            seconds = servers.timed([connbench, str(peer.port), str(n), "20"]
                                    + how)
            figures[name].append((n / seconds, (peer.cpu() - cpu) / n * 1e3))
    served[0][1]()
    first = figures["banner, no table"]
    print("access: connections, 20 parallel, with the example policy")
    print("  %-28s%14s%14s%14s" % ("", "connections/s", "CPU ms each",
                                   "times no table"))
    for name, v in figures.items():
        print("  %-28s%14.0f%14.2f%14.2f" % (
            name, statistics.median(f[0] for f in v),
            statistics.median(f[1] for f in v),
            statistics.median(a[0] / b[0] for a, b in zip(v, first))))
