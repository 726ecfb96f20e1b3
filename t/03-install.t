#!/bin/sh
# make install: everything where it belongs, and it works from there.
# shellcheck source=t/lib.sh
. "${0%/*}/lib.sh"

root=$(cd "$HERE/.." && pwd)
case $BUILD in
"$root/build") variant=glibc ;;
"$root/build/"*) variant=${BUILD##*/} ;;
*) skip_all "only the tree's own builds are installed" ;;
esac
need make

ok "make install" \
    make -s -C "$root" VARIANT="$variant" DESTDIR="$T/root" install
at=$T/root/usr/local
for p in bin/smtpe bin/queuerun bin/smtpe-queue bin/smtpe-checkpw bin/smtpe-passwd libexec/smtpe/agent-maildir \
    libexec/smtpe/agent-amqp libexec/smtpe/agent-pipe \
    libexec/smtpe/agent-smtp libexec/smtpe/agent-lmtp bin/smtpe-cdb; do
	ok "$p is a program" test -x "$at/$p"
done
for p in share/man/man8/smtpe.8 share/man/man8/queuerun.8 \
    share/man/man5/smtpe-control.5 share/man/man5/smtpe-queue.5 \
    share/man/man7/smtpe-hooks.7 share/man/man7/smtpe-policy.7 \
    share/smtpe/smtpe.lua share/smtpe/policy.lua \
    share/smtpe/policy/greylist.lua share/smtpe/policy/store.lua \
    share/smtpe/control/databytes share/smtpe/systemd/smtpe.socket \
    share/man/man7/smtpe-policy.7 share/smtpe/policy.lua \
    share/smtpe/policy/dnsbl.lua; do
	ok "$p is there" test -f "$at/$p"
done
is "nothing that is not ours" \
    "$(find "$T/root" -type f | grep -Ev \
	'/usr/local/(bin|libexec/smtpe|share/man/man[578]|share/smtpe)/')" ""

# The sample settings and the example policy, as installed, take a message.
cp -R "$at/share/smtpe/control" "$T/control"
control me mx.example.org
control locals example.org
control routes example.org:maildir:
control script "$at/share/smtpe/smtpe.lua"
session "$T/in"
SMTPE=$at/bin/smtpe
smtpe_run "$T/in"
is "a session with the installed smtpe ends well" "$STATUS" 0
like "and the message is taken" "$(cat "$T/out")" '^250 .* [0-9a-z]{26}'
"$at/bin/queuerun" -c "$T/control" -q "$T/queue" \
    -o agentdir="$at/libexec/smtpe" 2>"$T/log"
is "the installed queuerun and agent deliver it" \
    "$(find "$T/maildir/example.org/b/new" -type f 2>/dev/null | wc -l)" 1
echo 'require "policy".chain { require "policy.dnsbl" }' >"$T/script.lua"
smtpe_run /dev/null -s "$T/script.lua"
is "the installed smtpe finds the installed policies" \
    "$STATUS $(cut -c 1-3 "$T/out")" "0 220"
[ "$failed" -eq 0 ] || diag "$(cat "$T/log")"

# Other places: not one that is in the programs, so that nothing is built.
ok "make install BINDIR=" make -s -C "$root" VARIANT="$variant" \
    DESTDIR="$T/other" BINDIR=/usr/sbin install
ok "programs are there" test -x "$T/other/usr/sbin/queuerun"
is "and the examples name them" \
    "$(grep -rl /usr/local/bin/ "$T/other/usr/local/share/smtpe")" ""
like "... the units" \
    "$(cat "$T/other/usr/local/share/smtpe/systemd/smtpe@.service")" \
    '^ExecStart=-/usr/sbin/smtpe$'
ok "run scripts can still be run" \
    test -x "$T/other/usr/local/share/smtpe/tcpserver/run"
done_testing
