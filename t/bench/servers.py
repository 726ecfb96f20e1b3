"""The servers that t/bench/run measures, each on a free port of loopback.

All of them are started in a directory that goes at the end, and stopped by
the pid that was started.
"""
import glob
import os
import pwd
import re
import shutil
import signal
import socket
import subprocess
import time

TICKS = os.sysconf("SC_CLK_TCK")


class NotHere(Exception):
    """This peer cannot be measured on this machine; says why."""


def timed(command):
    start = time.perf_counter()
    done = subprocess.run(command, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          timeout=300)
    seconds = time.perf_counter() - start
    if done.returncode != 0:
        raise SystemExit("bench: %s: exit %d\n%s" % (
            " ".join(command), done.returncode, done.stdout.decode()))
    return seconds


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def stat_fields(pid):
    with open("/proc/%s/stat" % pid, "rb") as f:
        return f.read().rpartition(b")")[2].split()


def tree(root):
    """The pids of a process and everything below it."""
    children = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                parent = int(stat_fields(entry)[1])
            except OSError:
                continue
            children.setdefault(parent, []).append(int(entry))
    found, todo = [], [root]
    while todo:
        pid = todo.pop()
        found.append(pid)
        todo += children.get(pid, [])
    return found


class Peer:
    """A server with a queue directory of its own."""

    splits = False  # an entry for each domain

    def __init__(self, name, work):
        self.name = name
        self.dir = os.path.join(work, re.sub(r"\W", "-", name))
        self.port = free_port()
        self.process = None

    def spawn(self, command):
        with open(os.path.join(self.dir, "log"), "ab") as log:
            self.process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                start_new_session=True)
        for _ in range(200):
            if self.process.poll() is not None:
                raise NotHere("it ended with %d (%s)" % (
                    self.process.returncode, self.last_words()))
            try:
                with socket.create_connection(("127.0.0.1", self.port), 5) \
                        as s:
                    if s.recv(1024).startswith(b"220"):
                        s.sendall(b"QUIT\r\n")
                        s.recv(1024)
                        return
            except OSError:
                pass
            time.sleep(0.05)
        self.stop()
        raise NotHere("no banner (%s)" % self.last_words())

    def last_words(self):
        with open(os.path.join(self.dir, "log"), errors="replace") as log:
            return log.read()[-400:].strip()

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            # The session was made by us and for it.
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()

    def cpu(self):
        """CPU seconds of everything it ever started."""
        # Children of dead parents were counted when they were waited for.
        time.sleep(0.05)
        total = 0
        for pid in tree(self.process.pid):
            try:
                total += sum(int(x) for x in stat_fields(pid)[11:15])
            except OSError:
                pass
        return total / TICKS

    def pss(self):
        total = 0
        for pid in tree(self.process.pid):
            try:
                with open("/proc/%d/smaps_rollup" % pid) as f:
                    total += int(re.search(r"^Pss:\s+(\d+)", f.read(),
                                           re.M).group(1))
            except (OSError, AttributeError):
                pass
        return total

    def entries(self):
        """The folders that hold nothing but accepted messages."""
        raise NotImplementedError

    def empty(self, wanted):
        """Throws away what was accepted; that must be as many."""
        n = 0
        for folder in self.entries():
            for at, _, files in os.walk(folder):
                for name in files:
                    os.unlink(os.path.join(at, name))
                    n += 1
        if n != wanted:
            raise SystemExit("bench: %s took %d messages and has %d (%s)"
                             % (self.name, wanted, n, self.last_words()))


class Tcpserver(Peer):
    """A command on stdin and stdout, one process per connection."""

    def __init__(self, name, work, command, queue):
        super().__init__(name, work)
        self.command = command
        self.queue = queue

    def start(self):
        self.spawn(["tcpserver", "-R", "-H", "-l", "0", "-c", "300", "-b",
                    "300", "127.0.0.1", str(self.port)]
                   + [w.replace("@", self.dir) for w in self.command])

    def entries(self):
        return [os.path.join(self.dir, self.queue, "new")]


POSTFIX_MAIN = """\
compatibility_level = 3.6
queue_directory = {dir}/spool
data_directory = {dir}/data
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
meta_directory = /etc/postfix
shlib_directory = /usr/lib/postfix
mail_owner = postfix
setgid_group = postdrop
myhostname = bench.example.com
mydestination =
relay_domains = example.com
mynetworks = 127.0.0.0/8
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
smtpd_relay_restrictions = permit_mynetworks, reject
smtpd_peername_lookup = no
smtpd_client_connection_count_limit = 0
default_process_limit = 300
in_flow_delay = 0
message_size_limit = 20000000
alias_maps =
local_recipient_maps =
smtpd_tls_security_level = none
maillog_file = {dir}/data/maillog
maillog_file_prefixes = {dir}
"""

# Without qmgr: what is accepted stays in incoming/, only that is measured.
POSTFIX_MASTER = """\
127.0.0.1:{port} inet n - n - - smtpd
cleanup unix n - n - 0 cleanup
rewrite unix - - n - - trivial-rewrite
anvil unix - - n - 1 anvil
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
postlog unix-dgram n - n - 1 postlogd
"""


class Postfix(Peer):
    """A private instance; nothing of the system's own is touched."""

    def start(self):
        if os.getuid() != 0:
            raise NotHere("Postfix needs root")
        if not os.path.exists("/usr/lib/postfix/sbin/master"):
            raise NotHere("not installed")
        data = os.path.join(self.dir, "data")
        os.makedirs(data)
        os.makedirs(os.path.join(self.dir, "spool"))
        os.chmod(self.dir, 0o755)
        shutil.chown(data, user=pwd.getpwnam("postfix").pw_uid)
        for name, text in (("main.cf", POSTFIX_MAIN),
                           ("master.cf", POSTFIX_MASTER)):
            with open(os.path.join(self.dir, name), "w") as f:
                f.write(text.format(dir=self.dir, port=self.port))
        checked = subprocess.run(["postfix", "-c", self.dir, "check"],
                                 stdin=subprocess.DEVNULL,
                                 capture_output=True, text=True)
        if checked.returncode != 0:
            raise NotHere("postfix check: " + checked.stderr.strip())
        self.spawn(["/usr/lib/postfix/sbin/master", "-c", self.dir, "-d"])

    def entries(self):
        return glob.glob(os.path.join(self.dir, "spool", "incoming"))


def hook_names(root):
    with open(os.path.join(root, "lib/hook.def")) as f:
        return re.findall(r"^HOOK\((\w+),", f.read(), re.M)


def smtpe_dir(peer, script):
    control = os.path.join(peer.dir, "control")
    os.makedirs(control)
    for name, value in (("me", "bench.example.com"),
                        ("locals", "example.com"),
                        ("rcpthosts", "example.com\n.example.com"),
                        ("queuedir", os.path.join(peer.dir, "queue")),
                        ("statedir", os.path.join(peer.dir, "state")),
                        ("log", "stderr")):
        with open(os.path.join(control, name), "w") as f:
            f.write(value + "\n")
    if script is not None:
        path = os.path.join(peer.dir, "policy.lua")
        with open(path, "w") as f:
            f.write(script)
        with open(os.path.join(control, "script"), "w") as f:
            f.write(path + "\n")


def all_peers(root, build, work):
    """smtpe first, then what it is compared with."""
    names = hook_names(root)
    streams = [n for n in names if n in ("content", "header", "body")]
    program = os.path.join(build, "smtpe/smtpe")

    def empty(some):
        return "".join("function hook.%s() end\n" % n for n in some)

    scripts = [("smtpe, hooks", empty(n for n in names
                                      if n not in streams)),
               ("smtpe", None)]
    if streams:
        scripts.append(("smtpe, streams", empty(names)))
    peers = []
    # The example policy, with a rate that nobody reaches.
    with open(os.path.join(root, "etc/smtpe.lua")) as f:
        scripts.append(("smtpe, example",
                        f.read().replace("200/1h", "900000000/1h")))
    for name, script in scripts:
        peer = Tcpserver(name, work, [program, "-c", "@/control"], "queue")
        peer.splits = True
        smtpe_dir(peer, script)
        peers.append(peer)
    floor = Tcpserver("floor", work,
                      [os.path.join(build, "t/bench/floor"), "@"], ".")
    for folder in ("tmp", "new"):
        os.makedirs(os.path.join(floor.dir, folder))
    return peers + [floor, Postfix("postfix", work)]


def idle_pss(peer, connbench, n):
    """KiB of PSS that one idle connection adds."""
    before = peer.pss()
    holder = subprocess.Popen([connbench, str(peer.port), str(n), "idle"],
                              stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    ready = holder.stdout.readline().split()
    if ready != [b"ready", str(n).encode()]:
        raise SystemExit("bench: %s held %s of %d connections"
                         % (peer.name, ready[-1:], n))
    time.sleep(0.5)
    held = peer.pss()
    holder.stdin.close()
    holder.wait()
    return (held - before) / n
