#!/usr/bin/env python3
"""seccomp: runs a program under the system call filter of a systemd unit, as
systemd would, but that a call outside of it kills the process (SIGSYS).

    seccomp.py UNIT COMMAND...
    seccomp.py --list UNIT     the calls that it allows
"""
import ctypes
import os
import platform
import re
import struct
import subprocess
import sys

PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP, MODE_FILTER = 38, 22, 2
ALLOW, KILL_PROCESS = 0x7FFF0000, 0x80000000
ARCH = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
LD, JEQ, RET = 0x20, 0x15, 0x06


def sets():
    """{"@set": [names and other sets]} of this systemd."""
    out = subprocess.run(["systemd-analyze", "--no-pager", "syscall-filter"],
                         capture_output=True, text=True, check=True).stdout
    known, here = {}, None
    for line in out.splitlines():
        if re.match(r"@\S+$", line):
            here = known.setdefault(line, [])
        elif here is not None and re.match(r"    [@a-z_]", line):
            here.append(line.strip())
    return known


def expand(name, known):
    if not name.startswith("@"):
        return {name}
    return set().union(*(expand(n, known) for n in known[name]))


def allowed(unit):
    known = sets()
    calls = expand("@default", known)
    with open(unit) as f:
        lines = re.findall(r"^SystemCallFilter=(.*)$", f.read(), re.M)
    if not lines or lines[0].startswith("~"):
        sys.exit("%s: no filter that begins with what is allowed" % unit)
    for line in lines:
        named = set().union(*(expand(n, known)
                              for n in line.lstrip("~").split()))
        calls = calls - named if line.startswith("~") else calls | named
    return calls


def numbers():
    """{name: number} of this machine."""
    out = subprocess.run(["cc", "-E", "-dM", "-include", "sys/syscall.h", "-x",
                          "c", "/dev/null"], capture_output=True, text=True,
                         check=True).stdout
    return {n: int(v) for n, v in
            re.findall(r"^#define __NR_(\w+) (\d+)$", out, re.M)}


def program(calls):
    def stop(code, jt, jf, k):
        return struct.pack("HBBI", code, jt, jf, k)

    number = numbers()
    code = [stop(LD, 0, 0, 4), stop(JEQ, 1, 0, ARCH[platform.machine()]),
            stop(RET, 0, 0, KILL_PROCESS), stop(LD, 0, 0, 0)]
    for n in sorted(number[c] for c in calls if c in number):
        code += [stop(JEQ, 0, 1, n), stop(RET, 0, 0, ALLOW)]
    code.append(stop(RET, 0, 0, KILL_PROCESS))
    return b"".join(code)


def main():
    if sys.argv[1] == "--list":
        print("\n".join(sorted(allowed(sys.argv[2]))))
        return
    code = program(allowed(sys.argv[1]))
    libc = ctypes.CDLL(None, use_errno=True)
    buf = ctypes.create_string_buffer(code)
    fprog = ctypes.create_string_buffer(
        struct.pack("HxxxxxxP", len(code) // 8, ctypes.addressof(buf)))
    if (libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 or
            libc.prctl(PR_SET_SECCOMP, MODE_FILTER, fprog, 0, 0) != 0):
        sys.exit("no filter: %s" % os.strerror(ctypes.get_errno()))
    os.execvp(sys.argv[2], sys.argv[2:])


main()
