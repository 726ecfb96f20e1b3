#!/usr/bin/python3
"""Takes mail out of a queue that agent-amqp(8) fills, each message once.

    consumer.py URI QUEUE SEEN.db [SECONDS]

A message may come twice, after a crash of either side, and has the same
message_id then. What was done is remembered in SEEN.db before the broker is
told, so a repeat is recognised even if this program was killed in between.
Ends after SECONDS without a message; runs for ever without. Debian:
python3-pika.
"""

import sqlite3
import sys

import pika


def work(properties, body):
    """Yours. If this has effects, put them into the same transaction."""
    print(properties.message_id, properties.headers.get("sender", ""),
          len(body))


uri, queue, database = sys.argv[1:4]
idle = float(sys.argv[4]) if len(sys.argv) > 4 else None
seen = sqlite3.connect(database)
seen.execute("CREATE TABLE IF NOT EXISTS seen (id TEXT PRIMARY KEY)")
channel = pika.BlockingConnection(pika.URLParameters(uri)).channel()
channel.basic_qos(prefetch_count=256)
for method, properties, body in channel.consume(queue,
                                                inactivity_timeout=idle):
    if method is None:
        break
    with seen:  # one transaction
        new = seen.execute("INSERT OR IGNORE INTO seen VALUES (?)",
                           (properties.message_id,)).rowcount
        if new:
            work(properties, body)
        else:
            print("again", properties.message_id)
    channel.basic_ack(method.delivery_tag)
