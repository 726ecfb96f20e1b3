#!/usr/bin/env python3
"""Daemons that policies ask, as faithful as a test needs them, and as bad.

usage: service_stub.py NAME=KIND[:MODE]...

Each listens on a loopback port of its own; "NAME PORT" is printed for each,
then "ready". KIND is clamd, spamd, rspamd, http or any. MODE is

    meet     answers when as many questions are there as servers of this mode
    silent   takes the question and says nothing
    deaf     does not even read it
    close    closes before the answer
    half     closes in the middle of the answer
    drip     sends its answer octet by octet
    garbage  answers nonsense
    huge     answers without end
    refuse   does not listen

Without one it answers as the daemon does.
"""

import http.server
import json
import signal
import socket
import socketserver
import struct
import sys
import threading
import time

EICAR = rb'X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR'
GTUBE = b'XJS*C4JDBQADN1.NSBN3*2IDNEN*GTUBE'
LIMIT = 1 << 20  # clamd's StreamMaxLength

meeting = None


def clamd(read, line):
    """INSTREAM of clamd(8), with the z prefix."""
    command = line(b'\0')
    if command != b'zINSTREAM':
        return b'UNKNOWN COMMAND\0'
    data = b''
    while True:
        (n,) = struct.unpack('!I', read(4))
        if n == 0:
            break
        if len(data) + n > LIMIT:
            return b'INSTREAM size limit exceeded. ERROR\0'
        data += read(n)
    if EICAR in data:
        return b'stream: Win.Test.EICAR_HDB-1 FOUND\0'
    return b'stream: OK\0'


def spamd(read, line):
    """PROTOCOL of SpamAssassin."""
    command = line(b'\r\n').split(b' ')
    if len(command) != 2 or not command[1].startswith(b'SPAMC/1.'):
        return b'SPAMD/1.0 76 Bad header line: (EOF during headers)\r\n'
    fields = {}
    while True:
        field = line(b'\r\n')
        if field == b'':
            break
        name, value = field.split(b':', 1)
        fields[name.strip().lower()] = value.strip()
    data = read(int(fields[b'content-length']))
    spam = GTUBE in data
    names = [b'ALL_TRUSTED', b'HTML_MESSAGE']
    if spam:
        names.append(b'GTUBE')
    if b'user' in fields:
        names.append(b'USER_' + fields[b'user'])
    body = b''
    if command[0] == b'SYMBOLS':
        body = b','.join(names) + b'\r\n'
    elif command[0] != b'CHECK':
        return b'SPAMD/1.1 76 EX_PROTOCOL\r\n\r\n'
    return (b'SPAMD/1.1 0 EX_OK\r\nContent-length: %d\r\nSpam: %s\r\n\r\n%s' %
            (len(body), b'True ; 1000.0 / 5.0' if spam else
             b'False ; -1.4 / 5.0', body))


class Rspamd(http.server.BaseHTTPRequestHandler):
    """/checkv2 of rspamd: what it was told comes back in the symbols."""
    protocol_version = 'HTTP/1.1'

    def do_POST(self):
        if self.path != '/checkv2':
            self.send_error(404)
            return
        data = self.rfile.read(int(self.headers['Content-Length']))
        if self.headers.get('Password') == 'wrong':
            self.give(403, {'error': 'Unauthorized'})
            return
        spam = GTUBE in data
        symbols = {'SIZE_%d' % len(data): {'score': 0.0}}
        for name in ('IP', 'Helo', 'From', 'User', 'Hostname', 'X-Extra'):
            for value in self.headers.get_all(name, []):
                symbols[name.upper() + '=' + value] = {'score': 0.25}
        for value in self.headers.get_all('Rcpt', []):
            symbols['RCPT=' + value] = {'score': -1.5, 'options': [value]}
        self.give(200, {
            'is_skipped': False, 'score': 15.5 if spam else 0.5,
            'required_score': 15.0, 'symbols': symbols,
            'action': 'reject' if spam else 'no action',
            'message-id': 'undef'})

    def give(self, status, value):
        body = json.dumps(value).encode()
        self.send_response(status)
        self.send_header('Content-Type', 'application/json')
        self.send_header('Content-Length', str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


class Web(Rspamd):
    def do_GET(self):
        name = self.path.split('?')[0]
        if name == '/chunked':
            self.send_response(200)
            self.send_header('Transfer-Encoding', 'chunked')
            self.send_header('X-Two', 'a')
            self.send_header('X-Two', 'b')
            self.end_headers()
            for part in (b'one', b'', b'two' * 1000):
                if part:
                    self.wfile.write(b'%x;a=b\r\n%s\r\n' % (len(part), part))
                    self.wfile.flush()
            self.wfile.write(b'0\r\nTrailer: x\r\n\r\n')
        elif name == '/large':
            self.send_response(200)
            self.send_header('Content-Length', str(100 << 20))
            self.end_headers()
            try:
                for _ in range(100):
                    self.wfile.write(b'x' * (1 << 20))
            except OSError:
                pass
        elif name == '/until-close':
            self.wfile.write(b'HTTP/1.0 200 OK\r\n\r\nto the end')
            self.close_connection = True
        elif name == '/missing':
            self.send_error(404, 'Not here')
        else:
            self.echo(b'')

    def do_HEAD(self):
        self.send_response(200)
        self.send_header('Content-Length', '12345')
        self.end_headers()

    def do_POST(self):
        self.echo(self.rfile.read(int(self.headers['Content-Length'])))

    do_PUT = do_POST

    def echo(self, data):
        self.give(200, {'method': self.command, 'path': self.path,
                        'size': len(data), 'text': data[:100].decode('latin1'),
                        'headers': dict(self.headers.items())})


class Plain(socketserver.BaseRequestHandler):
    """A daemon that is no web server, or one that misbehaves."""

    def read(self, n):
        data = b''
        while len(data) < n:
            more = self.request.recv(n - len(data))
            if not more:
                raise EOFError
            data += more
        return data

    def line(self, end):
        data = b''
        while not data.endswith(end):
            data += self.read(1)
        return data[:-len(end)]

    def handle(self):
        kind, mode = self.server.kind, self.server.mode
        try:
            if mode == 'deaf':
                time.sleep(600)
            if mode in ('silent', 'garbage', 'huge', 'close'):
                self.request.settimeout(0.2)
                self.request.recv(1)
            if mode == 'silent':
                time.sleep(600)
            elif mode == 'close':
                return
            elif mode == 'garbage':
                self.request.sendall(b'\x16\x03\x01 what?\r\n\r\n' * 100 +
                                     b'\0')
            elif mode == 'huge':
                start = {'spamd': b'SPAMD/1.1 0 EX_OK\r\n\r\n',
                         'clamd': b'stream: '}.get(
                             kind, b'HTTP/1.1 200 OK\r\n\r\n')
                self.request.sendall(start)
                while True:
                    self.request.sendall(b'x' * 65536)
            else:
                self.answer(mode, {'clamd': clamd, 'spamd': spamd}[kind](
                    self.read, self.line))
        except (OSError, EOFError):
            pass

    def answer(self, mode, text):
        if mode == 'half':
            text = text[:len(text) // 2]
        elif mode == 'meet':
            meeting.wait(30)
        if mode == 'drip':
            for i in range(len(text)):
                self.request.sendall(text[i:i + 1])
        else:
            self.request.sendall(text)


class Meeting(Rspamd):
    def give(self, status, value):
        meeting.wait(30)
        super().give(status, value)


class Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 50

    def handle_error(self, request, client_address):
        pass


def main():
    global meeting
    signal.signal(signal.SIGTERM, lambda *a: sys.exit(0))
    wanted = [arg.partition('=') for arg in sys.argv[1:]]
    n = sum(1 for w in wanted if w[2].endswith(':meet'))
    meeting = threading.Barrier(max(n, 1))
    for name, _, what in wanted:
        kind, _, mode = what.partition(':')
        if mode == 'refuse':
            s = socket.socket()
            s.bind(('127.0.0.1', 0))
            print(name, s.getsockname()[1])
            s.close()
            continue
        handler = Plain
        if kind in ('rspamd', 'http') and mode in ('', 'meet'):
            handler = {'rspamd': Rspamd, 'http': Web}[kind]
            if mode == 'meet':
                handler = Meeting
        server = Server(('127.0.0.1', 0), handler)
        server.kind, server.mode = kind, mode
        threading.Thread(target=server.serve_forever, daemon=True).start()
        print(name, server.server_address[1])
    print('ready', flush=True)
    while True:
        signal.pause()


main()
