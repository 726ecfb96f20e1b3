"""tls: STARTTLS, certificates, client certificates and what goes wrong,
seen from the other side of the socket. Speaks TAP."""
# rfc: 3207 4.2
import os
import re
import resource
import shutil
import signal
import ssl
import subprocess

import tls_base as t
from tls_base import (MESSAGE, WORK, client, controls, encrypt, entry, fails,
                      hello, like, log, path, put, quit, same, say, session,
                      start, subject)

session.make_certificate(path("ec"))
session.make_certificate(path("rsa"), "rsa", "rsa.example.org")
session.make_certificate(path("p384"), "p384", "p384.example.org")
session.make_certificate(path("wild"), "ec", "*.example.net")
session.make_certificate(path("named"), "ec", "named.example.com")
SHOW = """
local function show(t)
	local parts = {}
	for _, k in ipairs{"protocol", "cipher", "sni", "peer", "bits", "resumed"} do
		parts[#parts + 1] = k .. "=" .. tostring(t[k])
	end
	io.stderr:write("lua: ", table.concat(parts, " "), "\\n")
end
function hook.mail() show(connection.tls or {}) end
"""


def a_message():
    controls()
    s = start(lua=SHOW)
    like(hello(s), r"250.STARTTLS\r", "EHLO offers STARTTLS")
    s.send(b"STARTTLS\r\n")
    s.expect("220 2.0.0")
    s.start_tls(session.tls_client(), server_hostname="MX.Example.org")
    same(s.tls.version(), "TLSv1.2", "it is TLS 1.2")
    same(say(s, "MAIL FROM:<a@b.example>"), "503", "HELO is forgotten")
    s.send(b"EHLO again.example\r\n")
    same("STARTTLS" in s.expect("250"), False, "it is not offered again")
    same(say(s, "STARTTLS"), "503", "nor taken again")
    same(say(s, *MESSAGE), "250 250 354 250", "a message goes through")
    same(quit(s), "221 0", "QUIT: close_notify, exit 0")
    e = entry()
    like(e, r"from again\.example .*with ESMTPS\r\n\t\(TLSv1\.2 cipher "
         r"ECDHE-ECDSA-AES128-GCM-SHA256 bits 128\) id ",
         "Received says so")
    like(e, "\ntls TLSv1.2:ECDHE-ECDSA-AES128-GCM-SHA256\n",
         "and the envelope")
    like(e, "\nprotocol ESMTPS\n", "with its protocol")
    like(log(), "lua: protocol=TLSv1.2 cipher=ECDHE-ECDSA-AES128-GCM-SHA256 "
         "sni=mx.example.org peer=nil bits=128 resumed=false",
         "and connection.tls")
    like(log(), "event=tls id=[^ ]+ ip=127.0.0.1 protocol=TLSv1.2 "
         "cipher=ECDHE-ECDSA-AES128-GCM-SHA256 sni=mx.example.org resumed=0",
         "and the log")


def octet_by_octet():
    controls()
    s = start()
    encrypt(s, octets=True)
    same(say(s, *MESSAGE), "250 250 354 250",
         "octet by octet a message goes through")
    same(quit(s), "221 0", "and QUIT")


def large():
    controls()
    s = start()
    encrypt(s)
    same(say(s, *MESSAGE[:3]), "250 250 354", "a large message")
    body = b"".join(b"%07d %s\r\n" % (i, b"x" * 60) for i in range(40000))
    s.send(body + b".\r\n")
    same(s.reply()[:3], "250", "is taken")
    same(quit(s), "221 0", "and the session ends in order")
    same(body.decode() in entry(), True, "all of it, as it was sent")


def forgotten():
    controls(authplain="1")
    s = start(lua="function hook.auth() return '235 2.7.0 in' end\n"
              "function hook.reset() io.stderr:write('lua: reset\\n') end\n"
              "function hook.ehlo(n)\n"
              " if n == 'friend' then return action.trust() end\nend\n"
              "function hook.mail() return action.reject('hook asked') end")
    s.expect("220")
    same(say(s, "EHLO friend", "AUTH PLAIN AGFubgB4", "MAIL FROM:<a@b.c>",
             "RCPT TO:<x@elsewhere.example>", "RSET", "STARTTLS"),
         "250 235 250 250 250 220", "before: authenticated and trusted")
    s.start_tls(session.tls_client())
    same(say(s, "EHLO x"), "250", "after")
    same(say(s, "MAIL FROM:<a@b.c>"), "550", "trust by HELO is forgotten")
    same(log().count("lua: reset"), 3, "hook.reset is not called for it")
    t.quit(s)
    s = start(lua="function hook.auth() return '235 2.7.0 in' end")
    s.expect("220")
    same(say(s, "EHLO x", "AUTH PLAIN AGFubgB4", "STARTTLS"), "250 235 220",
         "authenticated")
    s.start_tls(session.tls_client())
    same(say(s, "EHLO x", "MAIL FROM:<a@b.c>",
             "RCPT TO:<x@elsewhere.example>"), "250 250 550",
         "AUTH is forgotten, and with it the right to relay")
    same(say(s, "RSET", "AUTH PLAIN AGFubgB4", "MAIL FROM:<a@b.c>",
             "RCPT TO:<x@example.org>", "DATA", "x: y\r\n\r\n."),
         "250 235 250 250 354 250", "and can be done again")
    like(entry(), "with ESMTPSA\r\n", "ESMTPSA then")
    t.quit(s)
    controls()
    s = start(lua="function hook.domain(name, role)\n"
              " io.stderr:write('lua: ', name, ' ', role, '\\n') end\n"
              "context.n = 1\n"
              "function hook.mail() context.n = context.n + 1\n"
              " if context.n > 3 then return action.accept('third') end\n"
              "end")
    hello(s)
    rcpt = "RCPT TO:<x@example.org>"
    same(say(s, "MAIL FROM:<a@b.c>", rcpt, "RSET", "MAIL FROM:<a@b.c>", rcpt,
             "RSET", "STARTTLS"), "250 250 250 250 250 250 220",
         "hook.domain in clear")
    s.start_tls(session.tls_client())
    same(say(s, "EHLO x"), "250", "and encrypted")
    s.send(b"MAIL FROM:<a@b.c>\r\n")
    same(s.reply(), "250 2.1.0 third\r\n", "the table context stays")
    same(say(s, rcpt), "250", "with a recipient")
    same(log().count("lua: b.c sender"), 2, "answers about domains do not")
    t.quit(s)
    controls()
    s = start(lua="function hook.accept() return action.trust() end\n"
              "function hook.mail() return action.reject('asked') end")
    encrypt(s)
    same(say(s, "MAIL FROM:<a@b.c>"), "250", "accept's verdict stays")
    t.quit(s)


def injection():
    """CVE-2011-0411: what comes with STARTTLS has never been there."""
    controls()
    for octets in (b"RSET\r\n", b"EHLO evil\r\nMAIL FROM:<evil@b.c>\r\n",
                   b"x" * 5000, b"\x16\x03\x01\x02\x00\x01"):
        s = start()
        hello(s)
        s.send(b"STARTTLS\r\n" + octets)
        s.expect("220")
        s.start_tls(session.tls_client())
        same(say(s, "NOOP", "MAIL FROM:<a@b.c>"), "250 503",
             "%r behind STARTTLS has no effect" % octets[:12])
        same(quit(s), "221 0", "and no reply")
        like(log(), "event=tls-early id=[^ ]+ ip=127.0.0.1 octets=%d" %
             len(octets), "but a log line")
    s = start()
    hello(s)
    s.send(b"STARTTLS\r\n")
    s.expect("220")
    s.send(b"MAIL FROM:<evil@b.c>\r\n")
    same(s.close(), ("", 0), "a command where a handshake is due: the end")
    # Its end may overtake what it said.
    like(log(), "event=tls-failed .*(no TLS|reset by peer)", "and a log line")


def too_many():
    controls(tlscert="\n".join([path("ec.pem")] * 17),
             tlskey="\n".join([path("ec.key")] * 17))
    s = start()
    encrypt(s)
    same(quit(s), "221 0", "more certificates than there may be")
    like(log(), "event=tls-unusable text=\"tlscert: more than 16, ",
         "and one line about it")


def names():
    controls(tlscert=path("ec.pem") + "\n" + path("rsa.pem") + "\n" +
             path("p384.pem"),
             tlskey=path("ec.key") + "\n" + path("rsa.key") + "\n" +
             path("p384.key"))
    pem = t.get("named.pem") + t.get("named.key")
    put("control/tlscerts/named.example.com.pem", pem)
    put("control/tlscerts/broken.example.com.pem", "nothing")
    put("control/tlscerts/example.net.pem",
        t.get("wild.pem") + t.get("wild.key"))
    rsa = t.get("rsa.pem") + t.get("rsa.key")
    table = put("records", b"".join(
        b"+%d,%d:%s->%s\n" % (len(k), len(v), k, v)
        for k, v in ((b"table.example.com", pem),
                     (b"both.example.com", pem),
                     (b"both.example.com.rsa", rsa))) + b"\n")
    subprocess.run(["cdb", "-c", os.path.join(t.CONTROL, "tlscerts.cdb"),
                    table], check=True)
    for name, wanted in (
            (None, "mx.example.org"), ("mx.example.org", "mx.example.org"),
            ("rsa.example.org", "rsa.example.org"),
            ("RSA.Example.org", "rsa.example.org"),
            ("p384.example.org", "p384.example.org"),
            ("named.example.com", "named.example.com"),
            ("table.example.com", "named.example.com"),
            ("a.example.net", "*.example.net"),
            ("a.b.example.net", "mx.example.org"),
            ("example.net", "*.example.net"),
            ("unknown.example", "mx.example.org"),
            ("..", "mx.example.org"),
            ("../../../etc/passwd", "mx.example.org"),
            ("x/../named.example.com", "mx.example.org"),
            ("127.0.0.1", "mx.example.org"),
            ("broken.example.com", "mx.example.org")):
        s = start()
        try:
            encrypt(s, server_hostname=name)
            got = subject(s)
        except (ValueError, UnicodeError):
            # Python does not send every name.
            s.close()
            continue
        same(got, wanted, "server name %s" % name)
        same(quit(s), "221 0", "and that is all")
    like(log(), r"tls-unusable .*broken\.example\.com\.pem: no certificate",
         "one that cannot be used is named")
    s = start()
    encrypt(s, client(ciphers="ECDHE-RSA-AES128-GCM-SHA256"),
            server_hostname="both.example.com")
    same(subject(s), "rsa.example.org", "NAME.rsa for who takes only RSA")
    t.quit(s)
    for ciphers, curve, wanted in (
            ("ECDHE-RSA-AES128-GCM-SHA256", None, "rsa.example.org"),
            ("ECDHE-RSA-CHACHA20-POLY1305", None, "rsa.example.org"),
            ("ECDHE-ECDSA-AES256-GCM-SHA384", None, "mx.example.org"),
            ("ECDHE-ECDSA-CHACHA20-POLY1305", None, "mx.example.org"),
            ("ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-AES128-GCM-SHA256",
             None, "mx.example.org"),
            ("ECDHE+AESGCM", "prime256v1", "mx.example.org")):
        s = start()
        more = {"ciphers": ciphers}
        if curve:
            more["curve"] = curve
        encrypt(s, client(**more))
        same(subject(s), wanted, "%s %s" % (ciphers, curve or ""))
        t.quit(s)


def refused():
    controls()
    v = ssl.TLSVersion
    for name, context in (
            ("TLS 1.3 alone", client(versions=(v.TLSv1_3, v.TLSv1_3))),
            ("CBC", client(versions=(v.TLSv1_2, v.TLSv1_2),
                           ciphers="ECDHE-ECDSA-AES128-SHA256")),
            ("no forward secrecy", client(versions=(v.TLSv1_2, v.TLSv1_2),
                                          ciphers="AES128-GCM-SHA256")),
            ("P-384 alone", client(versions=(v.TLSv1_2, v.TLSv1_2),
                                   curve="secp384r1"))):
        s = start()
        same(fails(s, context) != "success", True, "%s: no handshake" % name)
        same(s.close()[1], 0, "exit 0")
        like(log(), "event=tls-failed id=[^ ]+ ip=127.0.0.1 error=",
             "a log line")
    # A ClientHello of TLS 1.1, which libraries make no more.
    bio = ssl.MemoryBIO()
    tls = client(versions=(v.TLSv1_2, v.TLSv1_2)).wrap_bio(ssl.MemoryBIO(),
                                                           bio)
    try:
        tls.do_handshake()
    except ssl.SSLWantReadError:
        pass
    octets = bio.read()
    for version in (b"\3\0", b"\3\1", b"\3\2"):
        s = start()
        hello(s)
        s.send(b"STARTTLS\r\n")
        s.expect("220")
        s.send(octets[:9] + version + octets[11:])
        alert = s.receive_raw()
        same(alert, b"\x15\3\3\0\2\2\x46",
             "SSL 3, TLS 1.0, TLS 1.1: the alert protocol_version")
        same(s.close()[1], 0, "exit 0")
    context = session.tls_client()
    context.set_alpn_protocols(["http/1.1"])
    s = start()
    same(fails(s, context) != "success", True, "a browser: no handshake")
    s.close()
    context.set_alpn_protocols(["http/1.1", "smtp"])
    s = start()
    encrypt(s, context)
    same(s.tls.selected_alpn_protocol(), "smtp", "ALPN smtp is understood")
    t.quit(s)


def make_ca():
    run = lambda *a: subprocess.run(a, check=True, cwd=WORK,  # noqa: E731
                                    stderr=subprocess.DEVNULL)
    put("ext", "subjectAltName=DNS:relay.example.com\n")
    for ca in ("ca", "other"):
        session.make_certificate(path(ca), "ec", ca + ".example.org",
                                 ["-addext", "basicConstraints=critical,"
                                  "CA:TRUE"])
        for kind, args in (("ec", ["-newkey", "ec", "-pkeyopt",
                                   "ec_paramgen_curve:prime256v1"]),
                           ("rsa", ["-newkey", "rsa:2048"])):
            name = ca + "-" + kind
            run("openssl", "req", "-nodes", "-subj", "/O=x/CN=client " + name,
                "-keyout", name + ".key", "-out", name + ".csr", *args)
            run("openssl", "x509", "-req", "-in", name + ".csr", "-CA",
                ca + ".pem", "-CAkey", ca + ".key", "-CAcreateserial",
                "-days", "30", "-extfile", "ext", "-out", name + ".pem")
    run("openssl", "x509", "-req", "-in", "ca-ec.csr", "-CA", "ca.pem",
        "-CAkey", "ca.key", "-days", "-1", "-out", "expired.pem")
    shutil.copy(path("ca-ec.key"), path("expired.key"))


def forge_key(name, of, by):
    """The key of BY that says that it is OF's: OpenSSL believes it."""
    der = []
    for key in of, by:
        der.append(subprocess.run(
            ["openssl", "ec", "-in", path(key), "-outform", "DER"],
            check=True, capture_output=True).stdout)
    # ECPrivateKey (RFC 5915 3): the secret is the octets 7 to 38.
    forged = der[0][:7] + der[1][7:39] + der[0][39:]
    put(name, ssl.DER_cert_to_PEM_cert(forged).replace(
        "CERTIFICATE", "EC PRIVATE KEY"))


def client_certificates():
    make_ca()
    controls(tlsclientca=path("ca.pem"), tlscache=path("cache"))
    for name, peer in ((None, "nil"), ("ca-ec", "client ca-ec"),
                       ("ca-rsa", "client ca-rsa"), ("other-ec", "nil"),
                       ("other-rsa", "nil"), ("ec", "nil"),
                       ("expired", "nil")):
        context = session.tls_client()
        if name:
            context.load_cert_chain(path(name + ".pem"), path(name + ".key"))
        s = start(lua=SHOW)
        encrypt(s, context)
        same(say(s, *MESSAGE), "250 250 354 250",
             "client certificate %s: mail goes through" % name)
        like(log(), "sni=nil peer=%s bits" % peer, "its name is %s" % peer)
        one = s.tls.session
        t.quit(s)
        s = start()
        encrypt(s, context, session=one)
        same(s.tls.session_reused, peer == "nil",
             "resumed only when nobody was known")
        t.quit(s)
    for name, code in ("ca-ec", "250"), ("other-ec", "550"):
        context = session.tls_client()
        context.load_cert_chain(path(name + ".pem"), path(name + ".key"))
        s = start(lua="function hook.domain(name, role)\n"
                  " local tls = connection.tls\n"
                  " if role == 'recipient' and\n"
                  "   tls and tls.peer == 'client ca-ec' then\n"
                  "  return {relay_to = true}\n end\nend\n")
        encrypt(s, context)
        same(say(s, "MAIL FROM:<a@b.c>", "RCPT TO:<x@elsewhere.example>"),
             "250 " + code, "a script lets %s relay: %s" % (name, code))
        t.quit(s)
    forge_key("forged.key", "ca-ec.key", "other-ec.key")
    context = session.tls_client()
    context.load_cert_chain(path("ca-ec.pem"), path("forged.key"))
    s = start()
    same(fails(s, context) != "success", True,
         "a certificate of another, without its key: no handshake")
    s.close()
    like(log(), "tls-failed .*bad signature", "and a line that says why")
    put("empty", "")
    controls(tlsclientca=path("empty"))
    s = start()
    same("STARTTLS" in hello(s), False, "CAs that cannot be used: no STARTTLS")
    t.quit(s)
    like(log(), "tls-unusable .*empty: no certificate in it", "and one line")


def garbage():
    controls(timeoutsmtpd="5")
    hello_record = bytes.fromhex("160301") + b"\x00\x05" + b"\x01\0\0\x01\x03"
    for name, octets in (
            ("noise", os.urandom(4096)), ("zeros", bytes(4096)),
            ("SSLv2", b"\x80\x2e\x01\x00\x02" + bytes(41)),
            ("HTTP", b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"),
            ("half a record", b"\x16\x03\x01\x40\x00" + bytes(100)),
            ("record too long", b"\x16\x03\x01\xff\xff" + bytes(70000)),
            ("a broken ClientHello", hello_record),
            ("an alert", b"\x15\x03\x01\x00\x02\x02\x28"),
            ("application data", b"\x17\x03\x03\x00\x05hello"),
            ("a ChangeCipherSpec", b"\x14\x03\x03\x00\x01\x01"),
            ("nothing", b"")):
        s = start(lua="function hook.error(n) io.stderr:write('lua: error\\n')"
                  " end")
        hello(s)
        s.send(b"STARTTLS\r\n")
        s.expect("220")
        try:
            s.send(octets)
        except session.Gone:
            pass
        rest, status = s.close()
        same((re.search("[245][0-9][0-9] ", rest), status), (None, 0),
             "%s instead of a handshake: no reply, exit 0" % name)
        like(log(), "event=tls-failed .*lua: error.*end=gone",
             "a log line, and hook.error")
    s = start()
    encrypt(s)
    s.send_raw(b"\x17\x03\x03\x00\x20" + os.urandom(32))
    try:
        rest, status = s.close()
    except (ssl.SSLError, session.Gone):
        rest, status = "", s.p.wait()
    same((rest, status), ("", 0), "a forged record: the end")
    like(log(), "event=tls-broken id=[^ ]+ ip=127.0.0.1 "
         "error=\"record that does not decrypt\"",
         "and a log line")
    s = start()
    encrypt(s)
    same(say(s, *MESSAGE[:3]), "250 250 354", "inside a message")
    s.tls.write(b"Subject: x\r\n\r\n.\r\n")
    s.send_raw(s.bio_out.read()[:-1])
    same(s.close()[1], 0, "a record that is cut short: the end")
    same(t.left(), [], "nothing is left")


def slow():
    controls(timeoutsmtpd="1")
    s = start()
    hello(s)
    s.send(b"STARTTLS\r\n")
    s.expect("220")
    bio = ssl.MemoryBIO()
    tls = session.tls_client().wrap_bio(ssl.MemoryBIO(), bio)
    try:
        tls.do_handshake()
    except ssl.SSLWantReadError:
        pass
    try:
        for octet in bio.read():
            s.send_raw(bytes([octet]))
            signal.sigtimedwait([], 0.05)
    except session.Gone:
        pass
    same(s.close()[1], 0, "one octet after the other: the deadline strikes")
    like(log(), "event=tls-failed .*error=\"[^\"]*timed out\".*"
         "end=timeout", "and a log line")
    s = start()
    hello(s)
    s.send(b"STARTTLS\r\n")
    s.expect("220")
    # Alerts that are only warnings, and always one more.
    try:
        while True:
            s.send_raw(b"\x15\3\1\0\2\1\x5a" * 1000)
    except session.Gone:
        pass
    same(s.close()[1], 0, "warnings without an end: the deadline strikes")
    like(log(), "event=tls-failed .*end=timeout", "and a log line")
    s = start()
    encrypt(s)
    rest, status = s.reply(), s.close()
    same((rest[:9], status), ("421 4.4.2", ("", 0)),
         "a time-out inside: 421, close_notify")


def signals():
    controls()
    s = start()
    encrypt(s)
    s.p.terminate()
    same((s.reply()[:9], s.close()), ("421 4.3.2", ("", 0)),
         "SIGTERM inside TLS: 421, close_notify")
    s = start()
    hello(s)
    s.send(b"STARTTLS\r\n")
    s.expect("220")
    s.p.terminate()
    # Our own end would be another reason to stop.
    same((s.receive(), s.close()), (b"", ("", 0)),
         "SIGTERM in the handshake: the end")
    like(log(), "event=tls-failed.*end=stopped", "and a log line")


def smuggling():
    for end in ("\n.\r\n", "\n.\n", "\r\n.\n", "\r.\r\n", "\r\n.\r",
                "\r\n\0.\r\n"):
        controls()
        s = start()
        encrypt(s)
        same(say(s, *MESSAGE[:3]), "250 250 354", "smuggling %r" % end)
        s.send(("Subject: x\r\n\r\none" + end + "MAIL FROM:<evil@b.c>\r\n"
                "RCPT TO:<x@example.org>\r\nDATA\r\nevil\r\n.\r\n").encode())
        same(s.reply()[:10], "550 5.6.11", "over TLS is refused")
        same(quit(s), "221 0", "and there is one reply")
        same(t.left(), [], "and no message")


def hooks():
    controls()
    s = start(lua="function hook.starttls() return '220 2.0.0 Come in' end\n"
              "function hook.reply(text)\n"
              " if text:find('^220') then return '220 2.0.0 changed' end\n"
              "end")
    s.expect("220 2.0.0 changed")
    same(say(s, "EHLO x"), "250", "hook.starttls with a string")
    s.send(b"STARTTLS\r\n")
    same(s.reply(), "220 2.0.0 Come in\r\n", "which hook.reply leaves alone")
    s.start_tls(session.tls_client())
    same(quit(s), "221 0", "and TLS begins")
    s = start(lua="function hook.starttls() return '250 2.0.0 no' end")
    hello(s)
    same(say(s, "STARTTLS", "NOOP"), "250 250", "another 2xx: no TLS")
    t.quit(s)
    s = start(lua="function hook.starttls() error('x') end")
    encrypt(s)
    same(quit(s), "221 0", "an error in it is the default")
    s = start("-o", "hooktimeout=0.3", lua="function hook.mail()\n"
              " string.rep('a', 50):find(string.rep('a?', 50) .. "
              "string.rep('a', 50)) end")
    encrypt(s)
    s.send(b"MAIL FROM:<a@b.c>\r\n")
    rest = b""
    more = s.receive_raw()
    while more:
        rest += more
        more = s.receive_raw()
    same((b"421" in rest, s.p.wait()), (False, 111),
         "a hook that is stuck: nothing in clear")
    like(log(), "event=hook-stuck", "and a log line")


def required():
    controls(tlsrequire="1")
    s = start()
    encrypt(s)
    same(say(s, *MESSAGE), "250 250 354 250", "tlsrequire, with TLS")
    same(quit(s), "221 0", "ends in order")
    s = start("--smtps", lua="function hook.params()\n return "
              "{tls_certificate = '%s', tls_private_key = '%s'}\nend"
              % (path("rsa.pem"), path("rsa.key")))
    s.start_tls(session.tls_client())
    s.expect("220 mx.example.org")
    same(subject(s), "rsa.example.org",
         "--smtps, with the certificate of hook.params")
    same(say(s, "EHLO x", *MESSAGE), "250 250 250 354 250", "a message")
    same(quit(s), "221 0", "ends in order")
    s = start("--smtps", lua="function hook.accept()\n"
              " return action.reject('no') end")
    s.start_tls(session.tls_client())
    same(s.reply()[:3], "550", "--smtps: a refusal is encrypted, too")
    t.quit(s)
    s = start("--smtps", "-o", "pipeliningreject=1")
    s.start_tls(session.tls_client())
    same(s.reply()[:3], "220", "a handshake is nobody who talks early")
    t.quit(s)
    s = start("--smtps", "-o", "tlscert=/nonexistent")
    same(s.close(), ("", 111), "--smtps without a certificate: not a word")
    like(log(), "tls-unusable.*nonexistent: No such file", "but in the log")
    s = start("--smtps", "-o", "script=/nonexistent")
    same(s.close(), ("", 111), "nor with other trouble")


def xclient():
    controls(xclienthosts="127.0.0.1")
    s = start(lua=SHOW)
    encrypt(s)
    same(say(s, "XCLIENT ADDR=192.0.2.1 NAME=c.example", "EHLO x", *MESSAGE),
         "220 250 250 250 354 250", "XCLIENT inside TLS")
    same(quit(s), "221 0", "ends in order")
    like(entry(), r"\[192\.0\.2\.1\].*with ESMTPS\r\n", "is still encrypted")
    controls(xclienthosts="127.0.0.1", tlsrequire="1")
    s = start()
    hello(s)
    same(say(s, "XCLIENT ADDR=192.0.2.1", "EHLO x", "MAIL FROM:<a@b.c>"),
         "220 250 530", "and before it it is not required")
    t.quit(s)


def trouble():
    """Out of memory in the middle: the last words are encrypted."""
    if session.sanitized():
        return
    controls(maxrecipients="0", softerrors="0", maxerrors="0")
    s = start()
    encrypt(s)
    same(say(s, "MAIL FROM:<a@b.c>"), "250", "out of memory")
    resource.prlimit(s.p.pid, resource.RLIMIT_AS, (1, 1))
    line = b"RCPT TO:<" + b"x" * 200 + b"@example.org>\r\n"
    r, n = "250", 0
    while r.startswith("250") and n < 5000:
        s.send(line)
        r, n = s.reply(), n + 1
    same(r, "421 4.3.0 Local trouble, try again later\r\n",
         "is a 421, encrypted")
    same(s.close(), ("", 111), "close_notify, and exit 111")


def proxy():
    controls(proxyhosts="127.0.0.1")
    line = b"PROXY TCP4 192.0.2.7 192.0.2.25 4711 465\r\n"
    for name, octets in (("together", False), ("octet by octet", True)):
        s = start("--smtps", lua=SHOW)
        send_raw, s.send_raw = s.send_raw, None

        def with_line(data, send_raw=send_raw, s=s):
            s.send_raw = send_raw
            send_raw(line + data)
        s.send_raw = with_line
        s.start_tls(session.tls_client(), octets=octets)
        s.expect("220")
        same(say(s, "EHLO x", *MESSAGE), "250 250 250 354 250",
             "PROXY and ClientHello %s" % name)
        same(quit(s), "221 0", "ends in order")
        like(log(), "event=tls id=[^ ]+ ip=192.0.2.7 ", "it is the client")


def calls():
    """System calls that TLS adds to a session."""
    if session.sanitized() or shutil.which("strace") is None:
        return
    controls(tlscache=path("calls-cache"))
    n = []
    one = None
    for how in ("clear", "full", "resumed"):
        s = start(wrap=["strace", "-qqo", path("trace")])
        hello(s)
        if how != "clear":
            s.send(b"STARTTLS\r\n")
            s.expect("220")
            s.start_tls(session.tls_client() if one is None else context,
                        session=one)
            one, context = s.tls.session, s.tls.context
            say(s, "EHLO x")
        say(s, *MESSAGE)
        quit(s)
        n.append(t.get("trace").count(b"\n"))
    print("# system calls in clear, with TLS, resumed: %s" % n)
    same(n[1] - n[0] < 50 and n[2] - n[0] < 50, True,
         "TLS adds few system calls")


def memory():
    if session.sanitized():
        return
    controls()
    sizes = []
    for _ in range(3):
        s = start()
        encrypt(s)
        with open("/proc/%d/smaps_rollup" % s.p.pid) as f:
            sizes.append(int(re.search(r"\nPss_Anon: +(\d+)",
                                       f.read()).group(1)))
        t.quit(s)
    print("# private memory of an idle TLS connection: %s KiB" % sizes)
    same(max(sizes) < 400, True, "an idle TLS connection is small")
    same(max(sizes) - min(sizes) < 64, True, "and always the same")


a_message()
octet_by_octet()
large()
forgotten()
injection()
names()
too_many()
refused()
client_certificates()
garbage()
slow()
signals()
smuggling()
hooks()
required()
xclient()
trouble()
proxy()
calls()
memory()
t.done()
