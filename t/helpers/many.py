#!/usr/bin/env python3
"""many.py N INPUT COMMAND...: N processes at once, each with INPUT, which none
gets before all have started. Prints what they said, a line each, without the
text behind the codes; the standard error goes to where ours goes."""
import re
import subprocess
import sys

n, path, command = int(sys.argv[1]), sys.argv[2], sys.argv[3:]
with open(path, "rb") as f:
    data = f.read()
many = [subprocess.Popen(command, stdin=subprocess.PIPE,
                         stdout=subprocess.PIPE) for _ in range(n)]
for p in many:
    # The banner: it has loaded its script and waits.
    p.first = p.stdout.readline()
for p in many:
    p.stdin.write(data)
    p.stdin.close()
for p in many:
    out = (p.first + p.stdout.read()).decode("latin-1")
    codes = re.findall(r"^(\d{3} (?:\d\.\d+\.\d+)?)", out, re.M)
    print(",".join(c.strip() for c in codes), p.wait())
