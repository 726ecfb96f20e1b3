#!/bin/sh
# 20,000 messages while the broker is killed and brought back five times at
# random: every acknowledged id is consumed, nothing is left in the queue.
# SEED repeats a run.
# shellcheck source=t/lib.sh
. "${0%/*}/../lib.sh"
need tcpserver smtp-source python3 perl epmd
[ -e /usr/sbin/rabbitmq-server ] || skip_all "no rabbitmq-server here"
TOOL=$BUILD/t/helpers/amqp-tool
[ -x "$TOOL" ] || skip_all "amqp-tool is not built"
# shellcheck source=t/lib-rabbit.sh
. "$HERE/lib-rabbit.sh"

new_setup
rabbit_start "$T/rabbit" || {
	fail "a RabbitMQ node of our own starts"
	done_testing
	exit
}
control amqp "$AMQP_URI"
control amqpdeclare "queue mail classic"
control route amqp:/mail
control locals none.invalid
control amqptimeout 5
control retry "1 1 1"
SEED=${SEED:-$(date +%N | sed 's/^0*//')}
diag "SEED=$SEED"
random() {
	SEED=$(((${SEED:-1} * 1103515245 + 12345) % 2147483648))
	echo $((SEED / 65536 % $1))
}
left() {
	find "$T/queue" -type f ! -path '*/log/*' | wc -l
}

: >"$T/log"
serve_tcp -c 40 -- "$SMTPE" -c "$T/control" -q "$T/queue"
while [ ! -e "$T/enough" ]; do
	"$QUEUERUN" -c "$T/control" -q "$T/queue" -o log=none 2>>"$T/log.run"
	sleep 0.1
done &
runner=$!
smtp-source -s 20 -m 20000 -l 4096 -f a@client.example -t b@example.org \
    "127.0.0.1:$PORT" &
source=$!
kills=0
while [ "$kills" -lt 5 ]; do
	random 40 >"$T/n"
	sleep "$(($(cat "$T/n") / 10)).$(($(cat "$T/n") % 10))"
	rabbit_kill
	kills=$((kills + 1))
	rabbit_start "$T/rabbit" || fail "the broker comes back"
done
wait "$source"
is "all are acknowledged" $? 0
stop "$SERVER"
n=0
while [ "$(left)" -gt 0 ] && [ "$n" -lt 300 ]; do
	n=$((n + 1))
	sleep 1
done
: >"$T/enough"
wait "$runner"
is "nothing is left in the queue" "$(left)" 0
sed -n 's/.*event=message id=\([0-9a-z]*\) result=new.*/\1/p' "$T/log" |
    sort >"$T/acknowledged"
mkdir "$T/bodies"
"$TOOL" "$AMQP_URI" consume mail 0 "$T/bodies" |
    sed -n 's/.*"message_id": *"\([^"]*\)".*/\1/p' | sort >"$T/consumed"
is "20,000 acknowledged" "$(wc -l <"$T/acknowledged")" 20000
sort -u "$T/consumed" >"$T/distinct"
is "none of them is missing" \
    "$(comm -23 "$T/acknowledged" "$T/distinct" | wc -l)" 0
is "and nothing else is there" \
    "$(comm -13 "$T/acknowledged" "$T/distinct" | wc -l)" 0
diag "$(($(wc -l <"$T/consumed") - $(wc -l <"$T/distinct"))) came twice"

# Octet for octet, in both formats: what is large, odd, or nearly nothing.
cat >"$T/shapes.py" <<'X'
import base64, json, os, subprocess, sys
build, work, uri, made = sys.argv[1:5]
head = b"Subject: s\r\n\r\n"
messages = {
    "50 MB of anything": head + os.urandom(50000000).translate(
        None, b"\0\r\n"),
    "50 MB of text": head + (b"0123456789abcdef" * 4 + b"\r\n") * 757576,
    "8-bit": head + bytes(range(128, 256)) + b"\r\n",
    "an empty body": head, "nothing at all": b""}
tests = 0
for form in ("raw", "json"):
    for name, text in messages.items():
        with open(work + "/message", "wb") as f:
            f.write(text)
        queue = work + "/shapes"
        subprocess.run([made, "-q", queue, "-b", work + "/message", "-f", "",
                        "b@example.org"], check=True,
                       stdout=subprocess.DEVNULL)
        subprocess.run([build + "/queuerun/queuerun", "-c", work + "/control",
                        "-q", queue, "-o", "amqpformat=" + form,
                        "-o", "log=none", "-o", "amqptimeout=60"], check=True)
        d = work + "/got"
        subprocess.run(["rm", "-rf", d], check=True)
        os.mkdir(d)
        out = subprocess.run([build + "/t/helpers/amqp-tool", uri, "consume",
                              "mail", "0", d], check=True,
                             stdout=subprocess.PIPE).stdout.splitlines()
        good = len(out) == 1
        if good:
            m = json.loads(out[0])
            with open(d + "/" + str(m["n"]), "rb") as f:
                body = f.read()
            sender = m["headers"].get("sender", ["S", None])[1]
            if form == "json":
                o = json.loads(body)
                sender = o["sender"]
                body = o["email_content"].encode()
                if o.get("encoding") == "base64":
                    body = base64.b64decode(body, validate=True)
            good = body == text and sender == ""
        tests += 1
        print("ok" if good else "not ok", "-", form + ":", name)
sys.exit(0)
X
python3 "$T/shapes.py" "$BUILD" "$T" "$AMQP_URI" \
    "$BUILD/t/helpers/make-entry" >"$T/shapes.out"
while read -r line; do
	case $line in
	ok*) pass "${line#ok - }" ;;
	*) fail "${line#not ok - }" ;;
	esac
done <"$T/shapes.out"
is "all shapes were tried" "$(wc -l <"$T/shapes.out")" 10
rabbit_stop
done_testing
