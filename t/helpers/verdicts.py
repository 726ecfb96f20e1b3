"""verdicts: what each verdict does at each stage, and that one that means
nothing there is an error of the script that costs the session nothing. Speaks
TAP.

    verdicts.py LIB     LIB/hook.def is the table of stages
"""
import os
import re
import shutil
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import session  # noqa: E402
from tap import end, same  # noqa: E402

VERDICTS = {
    "accept": 'action.accept("WORDS")',
    "trust": 'action.trust("WORDS")',
    "info": 'action.info(250, "2.0.0 WORDS")',
    "reject": 'action.reject(554, "5.7.9 WORDS")',
    "defer": 'action.defer(452, "4.7.9 WORDS")',
    "discard": 'action.discard("WORDS")',
    "quarantine": 'action.quarantine("odd")',
    "disconnect": 'action.disconnect(421, "4.7.9 WORDS")',
}

# What is said in a session that calls the stage once; MESSAGE is sent only
# after a 354.
MESSAGE = "Subject: one\r\n\r\ntext\r\n."
MAIL = ["MAIL FROM:<a@b.example>", "RCPT TO:<x@example.org>", "DATA", MESSAGE]
USUAL = ["EHLO c.example"] + MAIL + ["QUIT"]
SESSIONS = {
    "helo": ["HELO c.example"] + MAIL + ["QUIT"],
    "auth": ["EHLO c.example", "AUTH PLAIN AGFubgB4"] + MAIL + ["QUIT"],
    "starttls": ["EHLO c.example", "STARTTLS"] + USUAL,
    "rset": ["EHLO c.example"] + MAIL[:2] + ["RSET"] + MAIL[2:] + ["QUIT"],
    "noop": ["EHLO c.example"] + MAIL[:2] + ["NOOP"] + MAIL[2:] + ["QUIT"],
    "help": ["EHLO c.example"] + MAIL[:2] + ["HELP"] + MAIL[2:] + ["QUIT"],
    "unknown": ["EHLO c.example"] + MAIL[:2] + ["FROB"] + MAIL[2:] + ["QUIT"],
    "out_seq": ["EHLO c.example", "DATA"] + MAIL + ["QUIT"],
    "xclient": ["XCLIENT ADDR=192.0.2.1 NAME=c.example"] + USUAL,
    "error": USUAL[:-1],
}
# Which call of a stage that is called often is meant.
WHEN = {
    "command": "(...):find('^MAIL')",
    "reply": "select(2, ...) == 'MAIL'",
    "reset": "transaction.sender",
    "domain": "select(2, ...) == 'sender'",
}

# The codes that come, "w" behind one that comes with the verdict's words, "-"
# for the end of the connection; then where the message is; then "dot" when
# hook.dot was asked about it. Each verdict that means something at a stage has
# a line; the first shows what happens without one.
TABLE = """
firewall
    nothing      220 250 250 250 354 250 221 new dot
    accept       220 250 250 250 354 250 221 new dot
    reject       - none
    defer        - none
    disconnect   - none
accept
    nothing      220 250 250 250 354 250 221 new dot
    accept       220w 250 250 250 354 250 221 new dot
    trust        220w 250 250 250 354 250 221 new
    reject       554w 503 503 503 503 221 none
    defer        452w 503 503 503 503 221 none
    disconnect   421w - none
params
    nothing      220 250 250 250 354 250 221 new dot
command
    nothing      220 250 250 250 354 250 221 new dot
    info         220 250 250w 503 503 221 none
    reject       220 250 554w 503 503 221 none
    defer        220 250 452w 503 503 221 none
    disconnect   220 250 421w - none
helo,ehlo
    nothing      220 250 250 250 354 250 221 new dot
    accept       220 250w 250 250 354 250 221 new dot
    trust        220 250w 250 250 354 250 221 new
    info         220 250w 503 503 503 221 none
    reject       220 554w 503 503 503 221 none
    defer        220 452w 503 503 503 221 none
    disconnect   220 421w - none
starttls
    nothing      220 250 220 250 250 250 354 250 221 new dot
    accept       220 250 220w 250 250 250 354 250 221 new dot
    reject       220 250 554w 250 250 250 354 250 221 new dot
    defer        220 250 452w 250 250 250 354 250 221 new dot
    disconnect   220 250 421w - none
auth
    nothing      220 250 535 250 250 354 250 221 new dot
    accept       220 250 235w 250 250 354 250 221 new dot
    reject       220 250 554w 250 250 354 250 221 new dot
    defer        220 250 452w 250 250 354 250 221 new dot
    disconnect   220 250 421w - none
mail
    nothing      220 250 250 250 354 250 221 new dot
    accept       220 250 250w 250 354 250 221 new dot
    trust        220 250 250w 250 354 250 221 new
    info         220 250 250w 503 503 221 none
    reject       220 250 554w 503 503 221 none
    defer        220 250 452w 503 503 221 none
    discard      220 250 250w 250 354 250 221 none
    quarantine   220 250 250 250 354 250 221 odd
    disconnect   220 250 421w - none
domain
    nothing      220 250 250 250 354 250 221 new dot
    reject       220 250 250 554w 503 221 none
    defer        220 250 250 452w 503 221 none
    disconnect   220 250 250 421w - none
rcpt
    nothing      220 250 250 250 354 250 221 new dot
    accept       220 250 250 250w 354 250 221 new dot
    trust        220 250 250 250w 354 250 221 new
    info         220 250 250 250w 503 221 none
    reject       220 250 250 554w 503 221 none
    defer        220 250 250 452w 503 221 none
    discard      220 250 250 250w 354 250 221 none dot
    quarantine   220 250 250 250 354 250 221 odd
    disconnect   220 250 250 421w - none
data
    nothing      220 250 250 250 354 250 221 new dot
    accept       220 250 250 250 354w 250 221 new dot
    trust        220 250 250 250 354w 250 221 new
    info         220 250 250 250 250w 221 none
    reject       220 250 250 250 554w 221 none
    defer        220 250 250 250 452w 221 none
    discard      220 250 250 250 354w 250 221 none
    quarantine   220 250 250 250 354 250 221 odd
    disconnect   220 250 250 250 421w - none
content,header,eoh,body
    nothing      220 250 250 250 354 250 221 new dot
    reject       220 250 250 250 354 554w 221 none
    defer        220 250 250 250 354 452w 221 none
    discard      220 250 250 250 354 250w 221 none
    quarantine   220 250 250 250 354 250 221 odd
    disconnect   220 250 250 250 354 421w - none
dot,received
    nothing      220 250 250 250 354 250 221 new dot
    accept       220 250 250 250 354 250w 221 new dot
    reject       220 250 250 250 354 554w 221 none dot
    defer        220 250 250 250 354 452w 221 none dot
    discard      220 250 250 250 354 250w 221 none dot
    quarantine   220 250 250 250 354 250 221 odd dot
    disconnect   220 250 250 250 354 421w - none dot
forward
    nothing      220 250 250 250 354 250 221 new dot
    accept       220 250 250 250 354 250w 221 none dot
    reject       220 250 250 250 354 554w 221 none dot
    defer        220 250 250 250 354 452w 221 none dot
    discard      220 250 250 250 354 250w 221 none dot
    quarantine   220 250 250 250 354 250 221 odd dot
    disconnect   220 250 250 250 354 421w - none dot
split,queue_config
    nothing      220 250 250 250 354 250 221 new dot
    reject       220 250 250 250 354 554w 221 none dot
    defer        220 250 250 250 354 452w 221 none dot
    disconnect   220 250 250 250 354 421w - none dot
reset
    nothing      220 250 250 250 354 250 221 new dot
rset
    nothing      220 250 250 250 250 503 221 none
    accept       220 250 250 250 250w 503 221 none
    info         220 250 250 250 250w 354 250 221 new dot
    reject       220 250 250 250 554w 354 250 221 new dot
    defer        220 250 250 250 452w 354 250 221 new dot
    disconnect   220 250 250 250 421w - none
noop
    nothing      220 250 250 250 250 354 250 221 new dot
    accept       220 250 250 250 250w 354 250 221 new dot
    info         220 250 250 250 250w 354 250 221 new dot
    reject       220 250 250 250 554w 354 250 221 new dot
    defer        220 250 250 250 452w 354 250 221 new dot
    disconnect   220 250 250 250 421w - none
help
    nothing      220 250 250 250 214 354 250 221 new dot
    accept       220 250 250 250 214w 354 250 221 new dot
    info         220 250 250 250 250w 354 250 221 new dot
    reject       220 250 250 250 554w 354 250 221 new dot
    defer        220 250 250 250 452w 354 250 221 new dot
    disconnect   220 250 250 250 421w - none
quit
    nothing      220 250 250 250 354 250 221 new dot
    accept       220 250 250 250 354 250 221w new dot
    disconnect   220 250 250 250 354 250 421w new dot
unknown
    nothing      220 250 250 250 502 354 250 221 new dot
    info         220 250 250 250 250w 354 250 221 new dot
    reject       220 250 250 250 554w 354 250 221 new dot
    defer        220 250 250 250 452w 354 250 221 new dot
    disconnect   220 250 250 250 421w - none
xclient
    nothing      220 220 250 250 250 354 250 221 new dot
    reject       220 554w 250 250 250 354 250 221 new dot
    defer        220 452w 250 250 250 354 250 221 new dot
    disconnect   220 421w - none
out_seq
    nothing      220 250 503 250 250 354 250 221 new dot
    info         220 250 250w 250 250 354 250 221 new dot
    reject       220 250 554w 250 250 354 250 221 new dot
    defer        220 250 452w 250 250 354 250 221 new dot
    disconnect   220 250 421w - none
error
    nothing      220 250 250 250 354 250 new dot
reply
    nothing      220 250 250 250 354 250 221 new dot
    info         220 250 250w 250 354 250 221 new dot
close
    nothing      220 250 250 250 354 250 221 new dot
"""
# What an error of the script gives where that is not the same as nothing.
ERROR = {
    "firewall": "- none",
    "params": "421 - none",
    "split": "220 250 250 250 354 451 221 none dot",
    "received": "220 250 250 250 354 451 221 none dot",
    "queue_config": "220 250 250 250 354 451 221 none dot",
    "domain": "220 250 250 451 503 221 none",
    "auth": "220 250 454 250 250 354 250 221 new dot",
}

def stages(path):
    """{stage: [verdicts]} of hook.def."""
    with open(path) as f:
        rows = re.findall(r'^HOOK\((\w+), "[^"]*", ([^,]*),', f.read(), re.M)
    return {name: [v.lower() for v in re.findall(r"V\((\w+)\)", vs)]
            for name, vs in rows}


def table():
    """{stage: {verdict: result}} of TABLE."""
    rows, stages_here = {}, ()
    for line in TABLE.strip().splitlines():
        if not line.startswith(" "):
            stages_here = line.split(",")
            continue
        verdict, result = line.split(None, 1)
        for stage in stages_here:
            rows.setdefault(stage, {})[verdict] = result
    return rows


def converse(s, lines):
    said = []
    try:
        for line in [None] + lines:
            if line == MESSAGE and said[-1][:3] != "354":
                continue
            if line is not None:
                s.send(line.encode() + b"\r\n")
            r = s.reply()
            said.append(r[:3] + ("w" if "WORDS" in r else ""))
            if line == "STARTTLS" and r.startswith("220"):
                s.start_tls(session.tls_client())
            if r.startswith("221"):
                break
    except session.Gone:
        said.append("-")
    return said


def run(work, stage, verdict, count_calls):
    queue, log = os.path.join(work, "queue"), os.path.join(work, "log")
    script = os.path.join(work, "script.lua")
    when = WHEN.get(stage, "true")
    with open(script, "w") as f:
        f.write("local asked, before = false\n"
                "function hook.dot() asked = true end\n"
                "function hook.close() if asked then "
                "io.stderr:write('lua: dot\\n') end end\n"
                "before = hook.%s\n"
                "function hook.%s(...)\n"
                "  if before then before(...) end\n"
                "  if not (%s) then return end\n"
                "  io.stderr:write('lua: called\\n')\n"
                "  return %s\n"
                "end\n" % (stage, stage, when, verdict))
    with open(log, "w") as err:
        s = session.Session(
            [session.SMTPE, "-c", os.path.join(work, "control"), "-q", queue,
             "-s", script], err, seconds=20)
        said = converse(s, SESSIONS.get(stage, USUAL))
        s.close()
    with open(log) as f:
        lines = f.read()
    where = [w for w, path in (("new", "new"), ("odd", "quarantine/odd"))
             if os.path.isdir(os.path.join(queue, path)) and
             os.listdir(os.path.join(queue, path))]
    if os.path.isdir(queue):
        shutil.rmtree(queue)
    if count_calls:
        same(lines.count("lua: called\n"), 1, "hook.%s is called" % stage)
    said += where or ["none"]
    if "lua: dot\n" in lines:
        said.append("dot")
    return " ".join(said), lines


def main():
    rows, wanted = stages(os.path.join(sys.argv[1], "hook.def")), table()
    same(sorted(wanted), sorted(rows), "each stage has its verdicts here")
    work = tempfile.mkdtemp()
    certificate = os.path.join(work, "mx")
    session.make_certificate(certificate)
    session.make_controls(os.path.join(work, "control"), authplain="1",
                          xclienthosts="127.0.0.1", tlscache="none",
                          tlscert=certificate + ".pem",
                          tlskey=certificate + ".key")
    for stage, verdicts in rows.items():
        here = wanted.get(stage, {})
        same(sorted(here), sorted(verdicts + ["nothing"]),
             "hook.%s: each of its verdicts is here, and no other" % stage)
        got, _ = run(work, stage, "nil", True)
        same(got, here.get("nothing"), "hook.%s: nothing" % stage)
        for verdict, made in VERDICTS.items():
            got, log = run(work, stage, made, False)
            if verdict in verdicts:
                same(got, here.get(verdict), "hook.%s: %s" % (stage, verdict))
                same(re.findall("event=hook-error.*", log), [],
                     "hook.%s: %s is none of its errors" % (stage, verdict))
                continue
            same(got, ERROR.get(stage, here.get("nothing")),
                 "hook.%s: %s means nothing" % (stage, verdict))
            same("action.%s means nothing in hook.%s" % (verdict, stage) in
                 log, True, "... and the log says so")
    shutil.rmtree(work)
    return end()


sys.exit(main())
