"""tls_resume: sessions that another process resumes, and a cache file that
is damaged, foreign, full or gone. Speaks TAP."""
import os
import shutil

import tls_base as t
from tls_base import controls, encrypt, like, log, path, quit, same, session

session.make_certificate(path("ec"))
CACHE = path("cache")
SLOT, SLOTS = 160, 4096


def once(name, context, one=None, options=(), **more):
    """One session in a process of its own: was it resumed? And the TLS
    session that it leaves."""
    s = t.start(*options)
    encrypt(s, context, session=one, **more)
    reused, kept = s.tls.session_reused, s.tls.session
    same(t.say(s, "NOOP"), "250", "%s: it speaks" % name)
    same(quit(s), "221 0", "and ends in order")
    like(log(), "event=tls .* resumed=%d\n" % reused, "the log knows")
    return reused, kept


def resumes(name, wanted, damage=lambda: None, first=(), **more):
    context = session.tls_client()
    reused, one = once(name, context, **more)
    same(reused, False, "a full handshake")
    damage()
    reused, _ = once(name, context, one, **more)
    same(reused, wanted, "%s: another process %s" %
         (name, "resumes" if wanted else "does not resume"))


controls(tlscache=CACHE)
resumes("an empty cache", True)
same(oct(os.stat(CACHE).st_mode & 0o7777), "0o600", "nobody else reads it")
same(os.stat(CACHE).st_size <= SLOT * SLOTS, True, "it is bounded")
resumes("with a name", True, server_hostname="mx.example.org")

# The name is part of the session (RFC 6066 3).
context = session.tls_client()
_, one = once("one name", context, server_hostname="mx.example.org")
reused, _ = once("another name", context, one, server_hostname="mx.example.net")
same(reused, False, "a session is not resumed for another name")
reused, _ = once("no name", context, one)
same(reused, False, "nor for none")
reused, _ = once("the same", context, one, server_hostname="MX.example.org")
same(reused, True, "but for its own, again and again")

# Octet by octet the ClientHello is not all there when we are asked.
s = t.start()
encrypt(s, context, octets=True, session=one, server_hostname="mx.example.org")
same(quit(s), "221 0", "octet by octet it works, resumed or not")


def overwrite(octets):
    with open(CACHE, "wb") as f:
        f.write(octets)


def flip():
    """One bit of each octet that is not zero."""
    with open(CACHE, "rb") as f:
        all_ = f.read()
    overwrite(bytes(o ^ 1 if o else 0 for o in all_))


resumes("noise", False, lambda: overwrite(os.urandom(SLOT * SLOTS)))
resumes("noise was there", True)
resumes("a flipped bit", False, flip)
resumes("cut short", False, lambda: overwrite(b""))
resumes("cut inside", False, lambda: overwrite(b"x" * 100))
resumes("far too long", True,
        lambda: os.truncate(CACHE, 4 * SLOT * SLOTS))
os.truncate(CACHE, SLOT * SLOTS)
resumes("gone", False, lambda: os.unlink(CACHE))
resumes("from another day", False, lambda: shutil.copy("/bin/true", CACHE))
os.unlink(CACHE)


def unusable(name, make):
    """Each session says so, and works."""
    make()
    resumes(name, False)
    like(log(), "event=tls-cache file=.*cache error=", "and the log says so")
    if os.path.isdir(CACHE):
        os.rmdir(CACHE)
    else:
        os.unlink(CACHE)


def make(octets=b"", mode=0o600):
    overwrite(octets)
    os.chmod(CACHE, mode)


unusable("readable by others", lambda: make(mode=0o644))
unusable("a directory", lambda: os.mkdir(CACHE))
unusable("a fifo", lambda: os.mkfifo(CACHE, 0o600))
make()
os.rename(CACHE, path("elsewhere"))
unusable("a symbolic link", lambda: os.symlink(path("elsewhere"), CACHE))
unusable("a hard link", lambda: os.link(path("elsewhere"), CACHE))
if os.geteuid() == 0:
    unusable("somebody else's", lambda: (make(), os.chown(CACHE, 1, 1)))

# Full: all slots are taken, and the next session still gets one.
resumes("fresh", True)
with open(CACHE, "rb") as f:
    taken = f.read()
slots = [taken[i:i + SLOT] for i in range(0, len(taken), SLOT)]
good = next(x for x in slots if any(x))
overwrite(good * SLOTS)
resumes("full", True)

controls(tlscache="none")
resumes("switched off", False)
same(t.get("cache")[:SLOT], good, "and the file is left alone")
controls(tlscache=path("no/such/directory/cache"))
resumes("no directory", False)
same("tls-cache" in log(), False, "which nobody needs to know")
controls(tlscache=CACHE)
resumes("a device", False,
        options=("-o", "tlscache=/dev/full"))
t.done()
