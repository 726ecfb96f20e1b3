#!/bin/sh
# Between the look at a name and its lock another process may do what it does:
# strace holds queuerun where it is about to lock, and meanwhile that is done.
# shellcheck source=t/lib.sh
. "${0%/*}/lib.sh"
# shellcheck source=t/lib-queue.sh
. "${0%/*}/lib-queue.sh"
need_strace

# held PATH: a run that stands where it is about to lock the path.
held() {
	: >"$T/trace"
	strace -D -f -y -qq -P "$1" -e trace=flock \
	    -e inject=flock:delay_enter=60s -o "$T/trace" \
	    "$QUEUERUN" -c "$T/control" -q "$T/queue" --now $T0 2>"$T/log" &
	runner=$!
	started $runner
	until_true 20 grep -q 'flock(.*LOCK_EX' "$T/trace" ||
	    diag "it never came to $1"
	tracer=$(awk '/^TracerPid:/ {print $2}' "/proc/$runner/status")
}
# It goes on, untraced: a tracer that ends in order would wait, too.
release() {
	kill -9 "$tracer"
	wait $runner
}

# A writer's group becomes mail while a sweeper looks at what is in tmp/.
fresh
control route ok:
entry a@x.test
group=$(printf '%s' "$ID" | sed 's/.$/0/')
mkdir -p "$T/queue/tmp"
mkdir -m 700 "$T/queue/tmp/$group"
mv "$T/queue/new/$ID" "$T/queue/tmp/$group/$ID"
held "$T/queue/tmp/$group"
mv "$T/queue/tmp/$group" "$T/queue/new/$group"
release
run --flush
is "a sweeper lets go of a group that was committed" "$(jobs_of ok)" \
    "$ID sender@example.net a@x.test"

# Another runner puts a new file in an entry's place, and lets go of the old.
fresh
control route ok:
entry a@x.test
cp -p "$T/queue/new/$ID" "$T/other"
LC_ALL=C sed -i 's/a@x\.test/b@x.test/' "$T/other"
held "$T/queue/new/$ID"
mv "$T/other" "$T/queue/new/$ID"
release
is "an entry that was written anew is not delivered as it was" \
    "$(jobs_of ok)" ""
is "but stays for the next run" "$(where "$ID")" "new/$ID"
run --flush
is "which delivers what is there" "$(jobs_of ok)" \
    "$ID sender@example.net b@x.test"
done_testing
