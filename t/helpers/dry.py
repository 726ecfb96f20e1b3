#!/usr/bin/env python3
"""dry.py WAY DIR COMMAND...: a session with the queue none that ends in some
WAY while a message comes in, when its file is there below DIR:

  drop     the client is gone
  timeout  it sends nothing any more
  TERM ... a signal
  flood    a signal, inside of a line that never ends

Prints the last reply's code and the exit status."""
import os
import signal
import subprocess
import sys
import time

way, where, command = sys.argv[1], sys.argv[2], sys.argv[3:]
if way == "flood":
    with open("/dev/zero", "rb") as zero:
        p = subprocess.Popen(command, stdin=zero, stdout=subprocess.PIPE)
    p.stdout.readline()
    p.send_signal(signal.SIGTERM)
    out = p.communicate(timeout=60)[0].decode("latin-1")
    print(out.splitlines()[-1][:3], p.returncode)
    sys.exit(0)
p = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
p.stdin.write(b"EHLO client.example\r\nMAIL FROM:<a@client.example>\r\n"
              b"RCPT TO:<b@example.org>\r\nDATA\r\nSubject: x\r\n\r\n" +
              b"text\r\n" * 10000)
p.stdin.flush()
end = time.monotonic() + 60
while not any("/queue/tmp" in d and files for d, _, files in os.walk(where)):
    if p.poll() is not None or time.monotonic() > end:
        sys.exit("there is no file")
    time.sleep(0.01)
if way == "drop":
    p.stdin.close()
elif way != "timeout":
    p.send_signal(getattr(signal, "SIG" + way))
out = p.stdout.read().decode("latin-1")
print(out.splitlines()[-1][:3], p.wait())
