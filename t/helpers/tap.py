"""tap: what the helpers that speak TAP share."""
import sys

count = failed = 0


def ok(good, name, said=""):
    global count, failed
    count += 1
    failed += not good
    print("%sok %d - %s" % ("" if good else "not ", count, name))
    if not good and said != "":
        print("\n".join("# %s" % line for line in str(said).splitlines()))
    sys.stdout.flush()


def same(got, wanted, name):
    ok(got == wanted, name, "got:    %r\nwanted: %r" % (got, wanted))


def end():
    """The plan; the exit status."""
    print("1..%d" % count)
    return 1 if failed else 0
