"""Runs the agent that a manual page prints. usage: PAGE DIRECTORY"""

import os
import subprocess
import sys

from agent_conformance import Agent, all_ok
from agentlib import Tap


def example(page):
    """The literal block that begins with #!, as a reader would copy it."""
    text = subprocess.run(["mandoc", "-Tutf8", "-O", "width=200", page],
                          stdout=subprocess.PIPE, check=True).stdout
    plain = subprocess.run(["col", "-bx"], input=text, check=True,
                           stdout=subprocess.PIPE).stdout.decode()
    lines = plain.split("\n")
    first = next(i for i, line in enumerate(lines) if "#!/" in line)
    indent = len(lines[first]) - len(lines[first].lstrip())
    code = []
    for line in lines[first:]:
        if line.strip() and not line.startswith(" " * indent):
            break
        code.append(line[indent:])
    while "Agents in C" in code[-1] or not code[-1].strip():
        code.pop()
    return "\n".join(code) + "\n"


def main():
    page, base = sys.argv[1:3]
    tap = Tap()
    program = os.path.join(base, "agent-copy")
    code = example(page)
    with open(program, "w") as f:
        f.write(code)
    os.chmod(program, 0o755)
    kept = os.path.join(base, "kept")
    os.mkdir(kept)
    agent = Agent(base, program, lambda p: f"copy:{kept}",
                  env={"PATH": os.environ["PATH"]})
    place = agent.place()
    r = agent.run(place)
    tap.eq(r.ready, b"ready 1 1\n", "the example starts", r.log(), code)
    messages = [b"A: b\r\n\r\n" + c * n for c, n in
                ((b"x", 5), (b"\xff\0", 700000), (b"", 0))]
    entries = [place.entry(m, ["a@example.org", "b@example.org"])
               for m in messages]
    for e in entries:
        r.job(e, f"copy:{kept}", extra=b" ; note=x")
    r.collect(6)
    tap.ok(all_ok(r, [1, 2, 3], 2), "each recipient is answered", r.done,
           r.other, r.log())
    for e in entries:
        with open(os.path.join(kept, e.id), "rb") as f:
            tap.ok(f.read() == e.message,
                   f"{len(e.message)} octets are kept as they were received")
    r.job(entries[0], f"copy:{kept}/nowhere")
    r.collect(8)
    tap.eq([a[:3] for a in r.done[4].values()],
           [("later", 451, "4.3.0")] * 2, "trouble is later")
    tap.eq(r.finish(), 0, "exit 0 at the end of input", r.log())
    place.remove()
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
