#!/usr/bin/env python3
# auth_client.py: an AUTH client of our own, for 18-auth.t: SCRAM-SHA-256 from
# RFC 5802 and hashlib alone, and dialogues that no real client would hold.
#
#   auth_client.py VERB [ARGUMENT...] -- SMTPE [ARGUMENT...]
#
# scram USER PASSWORD    logs in; checks the server's signature
# salt USER              the salt and iterations that a user is shown
# replay USER PASSWORD   a final message once more, in another dialogue
# flood N USER           N wrong PLAIN in one write; a reply to each
# memory USER PASSWORD   PLAIN and LOGIN; how often the password is in the
#                        session's memory afterwards
# orphan USER            is killed in the middle of SCRAM; the number of
#                        processes that are left
# Prints what came of it, one line.
import base64
import hashlib
import hmac
import os
import signal
import subprocess
import sys
import time


class Session:
    def __init__(self, argv):
        self.p = subprocess.Popen(argv, stdin=subprocess.PIPE,
                                  stdout=subprocess.PIPE)
        self.reply()
        self.offer = self.cmd(b'EHLO client.example')

    def reply(self):
        lines = []
        while True:
            line = self.p.stdout.readline()
            if not line:
                return lines or [b'EOF']
            lines.append(line.rstrip(b'\r\n'))
            if line[3:4] != b'-':
                return lines

    def cmd(self, line):
        self.p.stdin.write(line + b'\r\n')
        self.p.stdin.flush()
        return self.reply()

    def quit(self):
        self.cmd(b'QUIT')
        self.p.stdin.close()
        self.p.wait()


def mac(key, text):
    return hmac.new(key, text, hashlib.sha256).digest()


class Scram:
    def __init__(self, s, user, password=b''):
        self.s, self.password = s, password
        name = user.replace(b'=', b'=3D').replace(b',', b'=2C')
        self.bare = b'n=' + name + b',r=' + base64.b64encode(os.urandom(18))
        r = s.cmd(b'AUTH SCRAM-SHA-256 ' +
                  base64.b64encode(b'n,,' + self.bare))
        self.code, self.first = r[0][:3], b''
        if self.code != b'334':
            return
        self.first = base64.b64decode(r[0][4:])
        self.got = dict((x[:1], x[2:]) for x in self.first.split(b','))

    def final(self):
        salted = hashlib.pbkdf2_hmac(
            'sha256', self.password, base64.b64decode(self.got[b's']),
            int(self.got[b'i']))
        client = mac(salted, b'Client Key')
        without = b'c=biws,r=' + self.got[b'r']
        text = self.bare + b',' + self.first + b',' + without
        signature = mac(hashlib.sha256(client).digest(), text)
        proof = bytes(a ^ b for a, b in zip(client, signature))
        self.want = b'v=' + base64.b64encode(
            mac(mac(salted, b'Server Key'), text))
        return without + b',p=' + base64.b64encode(proof)

    def finish(self, message):
        r = self.s.cmd(base64.b64encode(message))
        if r[0][:3] != b'334':
            return r[0].decode()
        if base64.b64decode(r[0][4:]) != self.want:
            return 'wrong signature'
        return self.s.cmd(b'')[0].decode()


def scram(argv, user, password):
    s = Session(argv)
    x = Scram(s, user, password)
    print(x.finish(x.final()) if x.code == b'334' else x.code.decode())
    s.quit()


def salt(argv, user):
    s = Session(argv)
    x = Scram(s, user)
    print((x.got[b's'] + b' ' + x.got[b'i']).decode())
    s.cmd(b'*')
    s.quit()


def replay(argv, user, password):
    s = Session(argv)
    x = Scram(s, user, password)
    message = x.final()
    s.cmd(b'*')
    y = Scram(s, user, password)
    y.want = b''
    print(y.finish(message))
    s.quit()


def flood(argv, n, user):
    s = Session(argv)
    line = b'AUTH PLAIN ' + base64.b64encode(b'\0' + user + b'\0wrong')
    s.p.stdin.write((line + b'\r\n') * int(n) + b'QUIT\r\n')
    s.p.stdin.close()
    codes = [x[:3].decode() for x in s.p.stdout.read().split(b'\r\n') if x]
    print(' '.join('%s*%d' % (c, codes.count(c)) for c in sorted(set(codes))))
    s.p.wait()


def in_memory(pid, texts):
    found = 0
    with open('/proc/%d/maps' % pid) as maps, \
            open('/proc/%d/mem' % pid, 'rb', 0) as mem:
        for line in maps:
            where, mode = line.split()[:2]
            if mode[:2] != 'rw':
                continue
            start, end = (int(x, 16) for x in where.split('-'))
            mem.seek(start)
            data = mem.read(end - start)
            found += sum(data.count(t) for t in texts)
    return found


def memory(argv, user, password):
    s = Session(argv)
    coded = base64.b64encode(b'\0' + user + b'\0' + password)
    s.cmd(b'AUTH PLAIN ' + base64.b64encode(b'\0' + user + b'\0' + password +
                                           b'!'))
    s.cmd(b'AUTH LOGIN')
    s.cmd(base64.b64encode(user))
    r = s.cmd(base64.b64encode(password))
    print(r[0][:3].decode(), in_memory(s.p.pid, [
        password, coded[8:24], base64.b64encode(password)[:12]]))
    s.quit()


def children(pid):
    found = []
    for p in os.listdir('/proc'):
        try:
            with open('/proc/%s/stat' % p) as f:
                fields = f.read().rsplit(')', 1)[1].split()
        except (OSError, IndexError):
            continue
        if fields[1] == str(pid) and fields[0] != 'Z':
            found.append(int(p))
    return found


def orphan(argv, user):
    s = Session(argv)
    Scram(s, user)
    kids = children(s.p.pid)
    s.p.send_signal(signal.SIGKILL)
    s.p.wait()
    for _ in range(500):
        left = [k for k in kids if os.path.exists('/proc/%d' % k)]
        if not left:
            break
        time.sleep(0.02)
    print('%d %d' % (len(kids), len(left)))


def main():
    at = sys.argv.index('--')
    verb, args = sys.argv[1], [os.fsencode(a) for a in sys.argv[2:at]]
    globals()[verb](sys.argv[at + 1:], *args)


main()
