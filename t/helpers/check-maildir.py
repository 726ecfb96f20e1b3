#!/usr/bin/env python3
"""check-maildir.py MAILDIR BODY RECIPIENTS: is every message of a Maildir's new/
BODY (lines ended by LF) behind exactly the fields that smtpe adds, and does
RECIPIENTS (a file, one a line) have each address at least once in it?

Prints "messages M recipients R missing X duplicates D wrong W"."""
import collections
import os
import re
import sys

HEAD = re.compile(rb"\AReturn-Path: <[^\n]*>\nDelivered-To: ([^\n]+)\n"
                  rb"Received: [^\n]*\n(?:[ \t][^\n]*\n)*")


def main(maildir, body, recipients):
    with open(body, "rb") as f:
        body = f.read()
    with open(recipients, "rb") as f:
        wanted = set(f.read().split())
    seen, wrong = collections.Counter(), 0
    new = os.path.join(maildir, "new")
    names = os.listdir(new) if os.path.isdir(new) else []
    for name in names:
        with open(os.path.join(new, name), "rb") as f:
            data = f.read()
        m = HEAD.match(data)
        if not m or data[m.end():] != body:
            wrong += 1
            if wrong > 3:
                continue
            print("# %s is not what was sent" % name, file=sys.stderr)
        else:
            seen[m.group(1)] += 1
    print("messages %d recipients %d missing %d duplicates %d wrong %d" % (
        len(names), len(seen), len(wanted - set(seen)),
        sum(seen.values()) - len(seen), wrong))


main(*sys.argv[1:])
