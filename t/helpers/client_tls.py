#!/usr/bin/env python3
"""client_tls.py PORT FILE: as client.pl, through TLS from the start."""
import socket
import ssl
import sys

context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
context.check_hostname = False
context.verify_mode = ssl.CERT_NONE
raw = socket.create_connection(("127.0.0.1", int(sys.argv[1])), 30)
with open(sys.argv[2], "w") as f:
    print(raw.getsockname()[1], file=f)
stream = context.wrap_socket(raw).makefile("rwb")


def reply():
    for line in stream:
        sys.stdout.write(line.decode("latin-1").replace("\r\n", "\n"))
        if line[3:4] == b" " or not line[:3].isdigit():
            return


reply()
for command in ("EHLO client.example", "MAIL FROM:<a@client.example>",
                "RCPT TO:<b@example.org>", "DATA",
                "Subject: x\r\n\r\ntext\r\n.", "QUIT"):
    stream.write(command.encode() + b"\r\n")
    stream.flush()
    reply()
sys.stdout.write(stream.read().decode("latin-1"))
