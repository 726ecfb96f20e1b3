"""A RabbitMQ node (lib-rabbit.sh) and its consumer (amqp-tool) for tests in
Python. Not a test."""

import json
import os
import shutil
import signal
import subprocess
import tempfile

HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


class Failed(Exception):
    pass


class Node:
    """One shell that has sourced lib-rabbit.sh."""

    def __init__(self, build, base, conf=""):
        self.tool = os.path.join(build, "t/helpers/amqp-tool")
        self.dir = os.path.join(base, "rabbit")
        self.shell = subprocess.Popen(
            ["sh", "-c", f'. "{HERE}/lib-rabbit.sh"; while read -r line; do '
             'eval "$line" >&2; echo "$? $RABBIT_PID $AMQP_PORT"; done; '
             'rabbit_stop'], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            env={**os.environ, "RABBIT_CONF": conf})
        self.start()

    def do(self, line):
        self.shell.stdin.write(line.encode() + b"\n")
        self.shell.stdin.flush()
        words = self.shell.stdout.readline().split(b" ")
        if not words or words[0] != b"0":
            raise Failed(line)
        return words

    def start(self):
        words = self.do(f"rabbit_start '{self.dir}'")
        self.pid, self.port = int(words[1]), int(words[2])
        self.uri = f"amqp://guest:guest@127.0.0.1:{self.port}/%2f"

    def kill(self):
        self.do("rabbit_kill")

    def pause(self):
        os.kill(self.pid, signal.SIGSTOP)

    def go_on(self):
        os.kill(self.pid, signal.SIGCONT)

    def ctl(self, words):
        self.do("rabbit_ctl " + words)

    def stop(self):
        self.shell.stdin.close()
        self.shell.wait(60)

    def run(self, *words):
        return subprocess.run([self.tool, self.uri, *words], check=True,
                              stdout=subprocess.PIPE).stdout

    def declare(self, queue, *binding, kind="declare"):
        self.run(kind, queue, *binding)
        self.run("purge", queue)

    def count(self, queue):
        return int(self.run("count", queue))

    def consume(self, queue, n=0):
        """[{..., "body": bytes}], oldest first."""
        d = tempfile.mkdtemp()
        try:
            out = self.run("consume", queue, str(n), d)
            got = [json.loads(line) for line in out.splitlines()]
            for m in got:
                with open(os.path.join(d, str(m["n"])), "rb") as f:
                    m["body"] = f.read()
        finally:
            shutil.rmtree(d)
        return got
