"""smarthost: smtpe passing mail on inside the session, to a server that does
everything a server may do. Speaks TAP.

Whatever it does: our client gets one well-formed reply; a positive one means
that each recipient was taken by the server or is in our queue, a refusal that
nothing is. It may take its time with the last reply (RFC 5321 4.5.3.2.6).
"""
# rfc: 3461 5.2.1, 3461 5.2.2, 6531 3.2, 6531 3.5
import contextlib
import glob
import os
import re
import shutil
import signal
import socket
import sys
import tempfile
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import session  # noqa: E402
from session import read_entry  # noqa: E402
from tap import end, ok, same  # noqa: E402
from smtp_fake import unused_port  # noqa: E402

ID = r"[0-9a-v]{26}"
OFFERED = ["PIPELINING", "SIZE 10000000", "8BITMIME", "ENHANCEDSTATUSCODES"]
SILENT, CLOSES, THINKS = "silent", "closes", "thinks"

class Server(threading.Thread):
    """Says what it was told to at each stage ("250 ..." lines, SILENT, CLOSES,
    or a function of the argument that gives one), else yes."""

    def __init__(self, **says):
        super().__init__(daemon=True)
        self.says, self.mails, self.commands = says, [], []
        self.connections = 0
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.reached, self.released = threading.Event(), threading.Event()
        self.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()

    def run(self):
        while True:
            try:
                s, _ = self.listener.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self.serve, args=(s,),
                             daemon=True).start()

    def say(self, s, stage, usual, argument="", mail=None):
        what = self.says.get(stage, usual)
        if callable(what):
            what = what(argument) or usual
        if what == THINKS:
            self.reached.set()
            self.released.wait(30)
            what = usual
        # Before whoever waits for the reply looks.
        if mail and what[:1] == "2":
            self.mails.append(mail)
        if what == SILENT:
            while s.recv(4096):
                pass
        if what in (SILENT, CLOSES):
            raise OSError
        s.sendall(what.encode("latin-1") + b"\r\n")
        return what[:1] in "23"

    def serve(self, s):
        with s, contextlib.suppress(OSError):
            f = s.makefile("rb")
            self.say(s, "greeting", "220 next.example")
            mail = None
            for line in f:
                line = line.decode("latin-1").rstrip("\r\n")
                self.commands.append(line)
                verb = line[:4].upper()
                if verb == "EHLO":
                    self.say(s, "EHLO", "\r\n".join(
                        ["250-next.example"] +
                        ["250-" + o for o in OFFERED] + ["250 HELP"]))
                elif verb == "MAIL":
                    mail = [line, [], b""]
                    if not self.say(s, "MAIL", "250 2.1.0 ok", line):
                        mail = None
                elif verb in ("RCPT", "DATA") and not mail or \
                        verb == "DATA" and not mail[1]:
                    s.sendall(b"503 5.5.1 not now\r\n")
                elif verb == "RCPT":
                    to = re.search("<(.*)>", line).group(1)
                    if self.say(s, "RCPT", "250 2.1.5 ok", to):
                        mail[1].append(to)
                elif verb == "DATA":
                    if self.say(s, "DATA", "354 go"):
                        mail[2] = self.message(f)
                        self.say(s, "dot", "250 2.0.0 taken", mail=mail)
                else:
                    self.say(s, verb, "221 2.0.0 bye" if verb == "QUIT"
                             else "250 2.0.0 ok")
                    if verb == "QUIT":
                        return

    @staticmethod
    def message(f):
        text = b""
        for line in f:
            if line == b".\r\n":
                return text
            text += line[1:] if line.startswith(b".") else line
        raise OSError


class Trial:
    """One session of an smtpe whose smart hosts are the ports."""

    def __init__(self, *ports, script=None, **controls):
        self.dir = tempfile.mkdtemp()
        self.queue = os.path.join(self.dir, "queue")
        c = os.path.join(self.dir, "control")
        controls = {"smarthost": "\n".join("127.0.0.1:%d" % p for p in ports),
                    "timeoutremote": "10", "retry": "600 2 6000", **controls}
        session.make_controls(c, **controls)
        argv = [session.SMTPE, "-c", c, "-q", self.queue]
        if script:
            path = os.path.join(self.dir, "script.lua")
            with open(path, "w") as f:
                f.write(script)
            argv += ["-s", path]
        self.log = open(os.path.join(self.dir, "log"), "w+")
        env = session.environment(NOTES=os.path.join(self.dir, "notes"))
        self.began = int(time.time())
        self.s = session.Session(argv, self.log, env=env, seconds=20)
        self.s.expect("220")
        self.say("EHLO client.example")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.s.p.poll() is None:
            self.s.p.kill()
            self.s.close()
        self.log.close()
        shutil.rmtree(self.dir)

    def say(self, line):
        self.s.send(line.encode("latin-1") + b"\r\n")
        return self.s.reply()

    def begin(self, *rcpts, params=""):
        """Up to the 354."""
        assert self.say("MAIL FROM:<a@b.example>" + params)[:3] == "250"
        for r in rcpts or ("x@example.org",):
            assert self.say("RCPT TO:<%s" % (r if ">" in r else r + ">"))[:3] == \
                "250"
        assert self.say("DATA")[:3] == "354"

    def message(self, *rcpts, text="Subject: one\r\n\r\ntext\r\n", params=""):
        """One message; its reply."""
        self.begin(*rcpts, params=params)
        return self.say(text + ".")

    def entries(self):
        return [p for d in ("new", "due", "quarantine")
                for p in glob.glob(os.path.join(self.queue, d, "**"),
                                   recursive=True) if os.path.isfile(p)]

    def entry(self):
        e = self.entries()
        assert len(e) == 1, e
        return e[0], read_entry.read(e[0])

    def left(self):
        return os.listdir(os.path.join(self.queue, "tmp"))

    def text(self, name):
        with open(os.path.join(self.dir, name)) as f:
            return f.read()


def well_formed(r):
    lines = r.split("\r\n")[:-1]
    return r.endswith("\r\n") and all(
        re.match(r"[2345]\d\d%s[^\r\n\0]*\Z" % (" " if l is lines[-1] else "-"),
                 l) and l[:3] == r[:3] and len(l) <= 998 for l in lines)


def quit_clean(t, name, code="221"):
    same(t.say("QUIT")[:3], code, "%s: the session goes on" % name)
    rest, status = t.s.close()
    same((rest, status, t.left()), ("", 0, []), "%s: ends cleanly" % name)


def refused(name, reply, wanted=None, *rcpts, **says):
    """For all: its reply is the reply, and nothing stays."""
    with Server(**says) as server, Trial(server.port) as t:
        r = t.message(*rcpts)
        wanted = wanted or reply
        ok(well_formed(r) and r.startswith(wanted), "%s: %s" % (name, wanted),
           r)
        same((t.entries(), server.mails), ([], []),
             "%s: nobody has the message" % name)
        quit_clean(t, name)


def queued(name, fallback=True, ports=None, **says):
    """No answer: it is queued for the server, or, with defer, put off."""
    with Server(**says) as server:
        ports = ports or [server.port]
        with Trial(*ports, timeoutremote="250ms", timeoutconnect="250ms") as t:
            r = t.message("x@example.org", "y@example.org")
            ok(re.match(r"250 2\.0\.0 Queued as %s\r\n\Z" % ID, r),
               "%s: queued" % name, r)
            path, e = t.entry()
            due, n, ident = os.path.basename(path).split(",")
            ok(600 <= int(due) - t.began <= 720 and n == "1" and
               path.startswith(os.path.join(t.queue, "due/")),
               "%s: due after the first interval, one attempt made" % name,
               path)
            ok(ident in r and e.keys[b"id"].decode() == ident,
               "%s: the reply names the entry" % name, r)
            same([s for s, _, _ in e.rcpts], ["T", "T"],
                 "%s: nobody has it" % name)
            same(e.meta.get(b"route"),
                 (b"s", b"smtp:127.0.0.1:%d" % ports[0]),
                 "%s: it goes where it should have gone" % name)
            ok("event=smarthost" in t.text("log"), "%s: logged" % name)
            quit_clean(t, name)
        with Trial(*ports, timeoutremote="250ms", timeoutconnect="250ms",
                   smarthostfallback="defer") as t:
            r = t.message()
            ok(r.startswith("451 4.4.1 "), "%s, defer: put off" % name, r)
            same(t.entries(), [], "%s, defer: nothing queued" % name)
            quit_clean(t, name + ", defer")


def test_accepts():
    text = ("Subject: one\r\nX-Odd: \xe4\r\n\r\n..dot\r\n.\xff\r\n"
            "\r\nFrom here\r\n")
    stuffed = text.replace("\r\n.", "\r\n..")
    script = """
        function hook.eoh() header.add("X-Added", "yes") end
        function hook.dot() header.delete("x-odd") end"""
    with Server() as server, Trial(server.port, script=script) as t:
        r = t.message("x@example.org", "y@example.org", text=stuffed,
                      params=" BODY=8BITMIME")
        m = re.match(r"250 2\.0\.0 Ok (%s)\r\n\Z" % ID, r)
        ok(m, "accepts: the reply names the id", r)
        same(t.entries(), [], "accepts: nothing is queued")
        (mail, rcpts, got), = server.mails
        ok(re.match(r"MAIL FROM:<a@b\.example> .*BODY=8BITMIME", mail) and
           re.search(r"SIZE=%d\b" % len(got), mail),
           "accepts: the sender, its size and body", mail)
        same(rcpts, ["x@example.org", "y@example.org"],
             "accepts: the recipients")
        head, _, body = got.decode("latin-1").partition("\r\n\r\n")
        same(body, text.partition("\r\n\r\n")[2], "accepts: each octet of it")
        ok(re.match(r"Received: from client\.example .*\r\n\tby mx\.example"
                    r"\.org with ESMTP id %s;" % m.group(1), head),
           "accepts: our Received in front", head)
        ok(head.endswith("\r\nSubject: one\r\nX-Added: yes"),
           "accepts: the script's edits applied", head)
        same(t.message("z@example.org")[:3], "250", "accepts: a second one")
        same((server.connections, len(server.mails)), (1, 2),
             "accepts: in the same connection")
        same(t.message(text="")[:3], "250", "accepts: an empty one")
        quit_clean(t, "accepts")
        same(server.commands[-1], "QUIT", "accepts: QUIT to it, too")


def test_tired():
    """What it says after its reply is goodbye, and no answer to the next
    message: that one has a connection of its own."""
    words = ["250 2.0.0 taken\r\n421 4.4.2 idle for too long"]
    with Server(dot=lambda _: words and words.pop()) as server, \
            Trial(server.port) as t:
        same([t.message()[:3], t.message()[:3]], ["250", "250"],
             "tired: two messages are taken")
        same((server.connections, len(server.mails), t.entries()), (2, 2, []),
             "tired: each in a connection, by it")
        quit_clean(t, "tired")


def test_refused():
    for code in ("451", "550"):
        enh = code[0] + ".7.9 "
        refused("MAIL refused", code + " " + enh + "not you",
                MAIL=code + " " + enh + "not you")
        refused("each RCPT refused", code + " " + enh, None,
                "x@example.org", "y@example.org", RCPT=code + " " + enh + "no")
        refused("DATA refused", code + " " + enh, DATA=code + " " + enh + "no")
        refused("dot refused", code + "-" + enh,
                dot="%s-%sno\r\n%s %sand no" % (code, enh, code, enh))
    for stage in ("MAIL", "RCPT", "DATA", "dot"):
        # RFC 5321 3.8: that is about its connection, not about ours.
        refused("421 at %s" % stage, "451 4.4.1 ",
                **{stage: "421 4.3.2 closing"})
    refused("some RCPT later", "450 4.2.1 later", None, "x@example.org",
            "y@example.org", "z@example.org",
            RCPT=lambda a: "550 5.1.1 no" if a[0] != "y" else "450 4.2.1 later")
    refused("no enhanced code", "554 ", dot="554 no enhanced code")
    refused("codes that differ", "554 ", dot="554 2.0.0 well")
    refused("a reply with controls", "554-5.",
            dot="554-5.0.0 a\tb\x01c\x7f\r\n554 5.0.0 " + "x" * 900)
    refused("too big for it", "552 ", EHLO="250-next.example\r\n250 SIZE 50")
    with Server(EHLO="502 no", HELO="250 hello") as server, \
            Trial(server.port) as t:
        same(t.message()[:3], "250", "EHLO refused: HELO does")
        ok(any(c.startswith("HELO ") for c in server.commands) and
           len(server.mails) == 1, "EHLO refused: it has the message",
           server.commands)
        quit_clean(t, "EHLO refused")


def test_some():
    says = {"x": None, "y": "550 5.1.1 nobody", "z": "450 4.2.1 later"}
    with Server(RCPT=lambda a: says[a[0]]) as server, \
            Trial(server.port) as t:
        text = "Subject: some\r\n\r\ntext\r\n"
        r = t.message("x@example.org", "y@example.org", "z@example.org",
                      text=text)
        path, e = t.entry()
        due, n, ident = os.path.basename(path).split(",")
        ok(re.match(r"250 2\.0\.0 Queued as %s\r\n\Z" % ident, r),
           "some taken: 250, and it names the entry", r)
        same([(s, a) for s, a, _ in e.rcpts],
             [("D", b"x@example.org"), ("P", b"y@example.org"),
              ("T", b"z@example.org")], "some taken: who has it, and who not")
        ok(600 <= int(due) - t.began <= 720 and n == "1",
           "some taken: the rest is due after the first interval", path)
        with open(os.path.join(t.queue, "log", ident[-2:], ident)) as f:
            same([line.rstrip("\n").split(" ", 1)[1] for line in f],
                 ["attempt 1 x@example.org smtp ok 250 2.0.0 taken",
                  "attempt 1 y@example.org smtp fail 550 5.1.1 nobody",
                  "attempt 1 z@example.org smtp later 450 4.2.1 later"],
                 "some taken: the history has its answers")
        same(e.message.decode(), text, "some taken: the message is whole")
        same([m[1] for m in server.mails], [["x@example.org"]],
             "some taken: by the server")
        log = t.text("log")
        for rcpt, outcome, code in (("x", "ok", 250), ("y", "permanent", 550),
                                    ("z", "temporary", 450)):
            ok(re.search(r"event=smarthost id=%s rcpt=%s@example\.org "
                         r"outcome=%s stage=\w+ code=%d" %
                         (ident, rcpt, outcome, code), log),
               "some taken: the log says what became of %s" % rcpt, log)
        quit_clean(t, "some taken")
    # Some are refused, and then it is gone: nobody may be forgotten.
    with Server(RCPT=lambda a: says[a[0]], DATA=CLOSES) as server:
        with Trial(server.port) as t:
            ok(t.message("x@example.org", "y@example.org")[:3] == "250",
               "refused and gone: queued")
            same([s for s, _, _ in t.entry()[1].rcpts], ["T", "P"],
                 "refused and gone: for whom it did not refuse")
            quit_clean(t, "refused and gone")
        with Trial(server.port, smarthostfallback="defer") as t:
            ok(t.message("x@example.org", "y@example.org")[:3] == "451" and
               not t.entries(), "refused and gone, defer: put off")
            quit_clean(t, "refused and gone, defer")


def test_no_answer():
    port = unused_port()
    queued("down", ports=[port])
    queued("two that are down", ports=[port, port])
    queued("no service", greeting="554 5.3.2 none")
    queued("no EHLO and no HELO", EHLO="550 no", HELO="550 no")
    queued("no SMTP", greeting="SSH-2.0-OpenSSH")
    queued("a mad reply", dot="250-one\r\n251 other")
    for stage in ("greeting", "EHLO", "MAIL", "RCPT", "DATA", "dot"):
        queued("silent at %s" % stage, **{stage: SILENT})
        queued("closes at %s" % stage, **{stage: CLOSES})


def test_several_hosts():
    with Server() as server, Trial(unused_port(), server.port) as t:
        same(t.message()[:3], "250", "the first is down: the second takes it")
        same((len(server.mails), t.entries()), (1, []),
             "the first is down: nothing is queued")
        quit_clean(t, "the first is down")
    with Server() as server, Trial(server.port) as t:
        t.message()
        server.says["MAIL"] = CLOSES
        server.says["greeting"] = "220 next.example"
        r = t.message()
        server.says.pop("MAIL")
        ok(r.startswith("250 ") and len(t.entries()) + len(server.mails) == 2,
           "a connection that breaks between two messages loses none", r)
        same(t.message()[:3], "250", "... and the next opens another")
        same(len(server.mails) + len(t.entries()), 3, "... and has it")
        quit_clean(t, "a connection that broke")


def test_fates():
    script = """
        function hook.dot(path)
            local text = io.open(path):read("a")
            if text:find("discard") then return action.discard("gone") end
            if text:find("keep") then return action.quarantine("odd") end
            if text:find("mine") then return nil end
            if text:find("refuse") then return "554 5.7.1 no" end
            return "250 2.0.0 my words"
        end
        function hook.forward(path)
            if io.open(path):read("a"):find("mine") then
                return "250 2.0.0 taken over"
            end
        end"""
    with Server() as server, Trial(server.port, script=script) as t:
        for text, reply, there in (("discard", "250 2.0.0 gone", 0),
                                   ("keep", "250 2.0.0 ", 1),
                                   ("mine", "250 2.0.0 taken over", 1),
                                   ("refuse", "554 5.7.1 no", 1)):
            r = t.message(text=text + "\r\n")
            ok(r.startswith(reply) and len(t.entries()) == there and
               server.connections == 0, "%s: is not passed on" % text, r)
        same(t.message(text="x\r\n"), "250 2.0.0 my words\r\n",
             "hook.dot's words, when it is passed on")
        server.says["dot"] = "554 5.0.0 no"
        same(t.message(text="x\r\n"), "554 5.0.0 no\r\n",
             "and not, when it is refused")
        quit_clean(t, "fates")


with open(os.path.join(session.HERE, "../../lib/hook.def")) as hook_def:
    HOOKS = re.findall(r"^HOOK\((\w+),", hook_def.read(), re.M)
TRACE = """
    TRACE = { "%s" }
    function note(...)
        local f <close> = io.open(os.getenv("NOTES"), "a")
        f:write(table.concat({...}, " "), "\\n")
    end
    dofile("%s")
""" % ('", "'.join(HOOKS), os.path.join(session.HERE, "../lua/trace.lua"))
# FILE, ID and EXTENSIONS stand for what is another each time.
TRACED = """
firewall("127.0.0.1", 40000, "127.0.0.1", 25)
accept("127.0.0.1", "[127.0.0.1]")
params("127.0.0.1:25")
reply("220 mx.example.org ESMTP", "")
command("EHLO client.example")
ehlo("client.example", {EXTENSIONS})
reply("250-mx.example.org EXTENSIONS", "EHLO")
reset()
command("MAIL FROM:<a@b.example>")
mail("a@b.example", {})
reply("250 2.1.0 Sender ok", "MAIL")
command("RCPT TO:<x@example.org>")
domain("b.example", "sender")
domain("example.org", "recipient")
rcpt("x@example.org", "example.org", {})
reply("250 2.1.5 Recipient ok", "RCPT")
command("DATA")
data()
header("Subject: one")
eoh()
body("text")
content("Subject: one\\r\\n\\r\\ntext\\r\\n")
dot(FILE, MSG)
forward(FILE, "a@b.example", {"x@example.org"})
split(MSG)
received(MSG)
queue_config("example.org", nil, nil, nil)
reply("%s", ".")
reset()
command("QUIT")
quit()
reply("221 2.0.0 Bye", "QUIT")
close(false)
"""


def test_trace():
    """The hooks are the same, whatever becomes of the message."""
    down = unused_port()
    for name, says, reply in (
            ("accepts", {}, "250 2.0.0 Ok ID"),
            ("refuses", {"dot": "554 5.7.1 no"}, "554 5.7.1 no"),
            ("is down", None, "250 2.0.0 Queued as ID")):
        with Server(**(says or {})) as server, \
                Trial(server.port if says is not None else down,
                      script=TRACE, dnsservers="127.0.0.1:1") as t:
            t.message()
            t.say("QUIT")
            t.s.close()
            notes = t.text("notes")
            for what, by in ((r'"[^"]*/tmp/%s"' % ID, "FILE"), (ID, "ID"),
                             (r"msg: 0x[0-9a-f]+", "MSG"),
                             (r'\{"PIPELINING.*\}', "{EXTENSIONS}"),
                             (r'\\r\\n250-PIPELINING[^"]*', " EXTENSIONS")):
                notes = re.sub(what, by, notes)
            same(notes.split("\n"), (TRACED[1:] % reply).split("\n"),
                 "the hooks when the smart host %s" % name)


def offers(*extensions):
    return "\r\n".join(["250-next.example"] +
                       ["250-" + e for e in extensions] + ["250 HELP"])


DSN = (" RET=Hdrs ENVID=a+2Bb", " NOTIFY=Success,DELAY ORCPT=rfc822;J+2B@x",
       " ORCPT=utf-8;j\\x{F6}@x")


def send_dsn(t, text="Subject: one\r\n\r\n", more=""):
    """A message that asks for notifications; its reply."""
    assert t.say("MAIL FROM:<a@b.example>" + DSN[0] + more)[:3] == "250"
    assert t.say("RCPT TO:<x@example.org>" + DSN[1])[:3] == "250"
    assert t.say("RCPT TO:<y@example.org>" + DSN[2])[:3] == "250"
    assert t.say("DATA")[:3] == "354"
    return t.say(text + ".")


def test_dsn():
    with Server(EHLO=offers("DSN")) as server, Trial(server.port) as t:
        same(send_dsn(t)[:3], "250", "DSN: taken")
        ok(server.commands[1] == "MAIL FROM:<a@b.example>" + DSN[0],
           "DSN: RET and ENVID as they were sent", server.commands)
        same(server.commands[2:4], ["RCPT TO:<x@example.org>" + DSN[1],
                                    "RCPT TO:<y@example.org>" + DSN[2]],
             "DSN: NOTIFY and ORCPT, too")
        same(t.message()[:3], "250", "no DSN asked for: taken")
        ok("MAIL FROM:<a@b.example>" in server.commands and
           "RCPT TO:<x@example.org>" in server.commands,
           "no DSN asked for: nothing added", server.commands)
        quit_clean(t, "DSN")
    with Server(EHLO=offers("SIZE")) as server, Trial(server.port) as t:
        r = t.message("x@example.org> ORCPT=rfc822;x@x NOTIFY=DELAY", params=DSN[0])
        same(r[:9], "250 2.0.0", "no DSN offered: taken")
        ok(not re.search("RET=|ENVID|NOTIFY|ORCPT", str(server.commands)),
           "no DSN offered: none of it is said", server.commands)
        same(len(server.mails), 1, "no DSN offered: passed on")
        # Somebody has to report the success: queuerun, who asks again.
        r = send_dsn(t)
        ok(r.startswith("250 2.0.0 Queued as "), "NOTIFY=SUCCESS: queued", r)
        path, e = t.entry()
        ok("/new/" in path and e.meta.get(b"route") ==
           (b"s", b"smtp:127.0.0.1:%d" % server.port),
           "NOTIFY=SUCCESS: at once, to where it should go", path)
        same(len(server.mails), 1, "NOTIFY=SUCCESS: not passed on here")
        quit_clean(t, "no DSN offered")


def test_utf8():
    with Server(EHLO=offers("SMTPUTF8", "DSN", "8BITMIME")) as server, \
         Trial(server.port) as t:
        t.say("MAIL FROM:<j\xc3\xb6@b.example> SMTPUTF8 BODY=8BITMIME")
        t.say("RCPT TO:<\xc3\xa4@example.org> ORCPT=utf-8;\xc3\xa4@x")
        t.say("DATA")
        same(t.say("Subject: \xc3\xb6\r\n.")[:3], "250", "UTF-8: taken")
        same(server.commands[1:3],
             ["MAIL FROM:<j\xc3\xb6@b.example> BODY=8BITMIME SMTPUTF8",
              "RCPT TO:<\xc3\xa4@example.org> ORCPT=utf-8;\xc3\xa4@x"],
             "UTF-8: passed on as it came")
        got = server.mails[0][2].decode("latin-1")
        ok("with UTF8SMTP id" in got, "UTF-8: Received says so", got)
        t.say("MAIL FROM:<a@b.example> SMTPUTF8")
        t.say("RCPT TO:<x@example.org> ORCPT=utf-8;\xc3\xa4@x")
        t.say("DATA")
        same(t.say("Subject: o\r\n.")[:3], "250", "UTF-8 for nothing: taken")
        same(server.commands[4:6], ["MAIL FROM:<a@b.example>",
             "RCPT TO:<x@example.org> ORCPT=utf-8;\\x{E4}@x"],
             "UTF-8 for nothing: it is not asked for")
        quit_clean(t, "UTF-8")


def test_utf8_refused():
    """A next host without SMTPUTF8 gets none of it."""
    cases = (("header", "a@b.example", "x@example.org", "\xc3\xb6"),
             ("sender", "j\xc3\xb6@b.example", "x@example.org", "o"),
             ("recipient", "a@b.example", "\xc3\xb6@example.org", "o"))
    for name, sender, rcpt, subject in cases:
        with Server() as server, Trial(server.port) as t:
            t.say("MAIL FROM:<%s> SMTPUTF8" % sender)
            t.say("RCPT TO:<%s>" % rcpt)
            t.say("DATA")
            r = t.say("Subject: %s\r\n." % subject)
            ok(r.startswith("553 5.6.7 "), "UTF-8 in the %s: refused" % name, r)
            same((t.entries(), server.mails), ([], []),
                 "UTF-8 in the %s: nobody has it" % name)
            ok(not re.search("[\x80-\xff]", r + str(server.commands)),
               "UTF-8 in the %s: none was said" % name)
            quit_clean(t, "UTF-8 in the " + name)
    with Server() as server, Trial(server.port) as t:
        t.say("MAIL FROM:<a@b.example> SMTPUTF8")
        t.say("RCPT TO:<x@example.org>")
        t.say("DATA")
        same(t.say("Subject: o\r\n.")[:3], "250",
             "UTF-8 declared and not there: taken")
        quit_clean(t, "UTF-8 declared and not there")
    # Nothing but ASCII comes back, whatever the next host says.
    refused("UTF-8 in its reply", "550 5.1.1 n\xc3\xb6",
            "550 5.1.1 n\\x{F6}", dot="550 5.1.1 n\xc3\xb6")


SPLIT = """
function hook.received(msg)
  if msg:recipients()[1] == "y@y.example" then
    msg:set_sender("other@b.example")
    msg:set_data("Subject: other\\r\\n\\r\\nother\\r\\n")
  end
end
"""
DOMAINS = ("x@x.example", "y@y.example", "z@z.example")


def test_batches():
    """Each batch is sent on by itself, as hook.received left it."""
    with Server() as server, \
            Trial(server.port, script=SPLIT, rcpthosts=".example") as t:
        r = t.message(*DOMAINS)
        ok(re.match(r"250 2\.0\.0 Ok (%s)-1 \1-2 \1-3\r\n\Z" % ID, r),
           "batches: 250 names each", r)
        same([m[1] for m in server.mails], [[r] for r in DOMAINS],
             "batches: each alone")
        same([re.search("<(.*)>", m[0]).group(1) for m in server.mails],
             ["a@b.example", "other@b.example", "a@b.example"],
             "batches: each with its sender")
        same([m[2].split(b"\r\n\r\n")[1].split(b"\r\n")[0]
              for m in server.mails], [b"text", b"other", b"text"],
             "batches: each with its octets")
        # What a script puts in the place of all has no fields of ours.
        same([b"for <%s>" % r.encode() in m[2]
              for m, r in zip(server.mails, DOMAINS)], [True, False, True],
             "batches: each with its Received")
        same((server.connections, t.entries()), (1, []),
             "batches: over one connection, nothing queued")
        quit_clean(t, "batches")


def test_batches_refused():
    says = {"x": None, "y": "550 5.1.1 nobody", "z": "450 4.2.1 later"}
    with Server(RCPT=lambda a: says[a[0]]) as server:
        with Trial(server.port, rcpthosts=".example") as t:
            r = t.message(*DOMAINS)
            ok(re.match(r"250 2\.0\.0 Queued as (%s)-1 \1-2 \1-3\r\n\Z" %
                        ID, r), "some batches refused: 250", r)
            same(sorted((e.rcpts[0][1], e.rcpts[0][0]) for e in map(
                read_entry.read, t.entries())),
                 [(b"y@y.example", "P"), (b"z@z.example", "T")],
                 "some batches refused: the rest becomes entries")
            ok(all("/due/" in p for p in t.entries()),
               "some batches refused: due later")
            quit_clean(t, "some batches refused")
        with Trial(server.port, rcpthosts=".example") as t:
            r = t.message(*DOMAINS[1:])
            ok(r.startswith("450 4.2.1"),
               "all batches refused: a 4xx before a 5xx", r)
            same(t.entries(), [], "all batches refused: nothing is queued")
            quit_clean(t, "all batches refused")
        with Trial(server.port, rcpthosts=".example", perrecipient="1") as t:
            r = t.message(*DOMAINS)
            ok(r.startswith("450 4.2.1"),
               "perrecipient: the refusal is the reply", r)
            same(t.entries(), [], "perrecipient: its sender hears of it")
            quit_clean(t, "perrecipient")


def test_loops():
    with Server() as server, Trial(server.port, maxhops="3") as t:
        r = t.message(text="Received: x\r\n" * 3 + "\r\n")
        ok(r.startswith("554 5.4.6"), "too many hops: refused", r)
        same(server.connections, 0, "too many hops: not passed on")
        same(t.message(text="Received: x\r\n" * 2 + "\r\n")[:3], "250",
             "one hop less is none too many")
        same(server.mails[0][2].count(b"Received:"), 3, "... and one more")
        quit_clean(t, "hops")


def test_stopped():
    """A signal while the smart host thinks: its answer is waited for, so that
    the message is neither lost nor sent twice."""
    with Server(dot=THINKS) as server, Trial(server.port,
                                             timeoutremote="60") as t:
        t.begin()
        t.s.send(b"text\r\n.\r\n")
        ok(server.reached.wait(20), "stopped: the smart host has the message")
        t.s.p.send_signal(signal.SIGTERM)
        server.released.set()
        r = t.s.reply()
        ok(r.startswith("250 2.0.0 Ok "), "stopped: it is answered", r)
        r = t.s.reply()
        ok(r.startswith("421 4.3.2 "), "stopped: then the end", r)
        same(t.s.close()[1], 0, "stopped: no failure of ours")
        same((len(server.mails), t.entries(), t.left()), (1, [], []),
             "stopped: the smart host has it, and nobody else")


def main():
    for name, test in list(globals().items()):
        if name.startswith("test_"):
            test()
    return end()


sys.exit(main())
