"""What both Python examples share: events from a file, their records in either mode, and their receipts.

It needs Python's standard library only. The Kafka clients are in emit_confluent.py and emit_kafka_python.py.
"""
import argparse
import json
import os
import sys
import time
import urllib.error
import urllib.parse
import urllib.request

RECEIPT_SECONDS = 60


def arguments(description):
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--kafka", required=True, metavar="BROKERS|FILE",
                        help="host:port,... or a file of librdkafka's properties, one name=value a line")
    parser.add_argument("--topic", required=True, help="the ledger's: <space>.events.v1.<ledger>")
    parser.add_argument("--mode", choices=["structured", "binary"], default="structured")
    parser.add_argument("--api", metavar="URL", help="a node that follows the topic: waits for the receipts there")
    parser.add_argument("events", metavar="EVENTS.ndjson")
    return parser.parse_args()


def kafka_settings(brokers_or_file):
    """The connection, in librdkafka's names."""
    if not os.path.isfile(brokers_or_file):
        return {"bootstrap.servers": brokers_or_file}
    settings = {}
    with open(brokers_or_file, encoding="utf-8") as lines:
        for line in lines:
            name, equals, value = line.partition("=")
            if equals and not line.startswith("#"):
                settings[name.strip()] = value.strip()
    return settings


def read_events(path):
    """The lines of a file: (bytes as they stand there, parsed)."""
    with open(path, "rb") as lines:
        return [(line.rstrip(b"\r\n"), json.loads(line)) for line in lines if line.strip()]


def record_of(line, event, mode):
    """CloudEvents' Kafka binding: (headers, value) of an event's record."""
    if mode == "structured":
        # The bytes as they are: they are what is hashed, and what a signature is over.
        return [("content-type", b"application/cloudevents+json")], line
    headers = [("ce_" + name, value.encode()) for name, value in event.items() if name not in ("data", "datacontenttype")]
    if "datacontenttype" in event:
        headers.append(("content-type", event["datacontenttype"].encode()))
    value = None  # an event without data
    if "data" in event:
        value = json.dumps(event["data"], ensure_ascii=False, separators=(",", ":")).encode()
    return headers, value


def receipt_of(api, event):
    """Asks until the node has read the topic that far. None: not within RECEIPT_SECONDS."""
    query = urllib.parse.urlencode({"source": event["source"], "id": event["id"]})
    until = time.monotonic() + RECEIPT_SECONDS
    while time.monotonic() < until:
        try:
            with urllib.request.urlopen(f"{api}/v1/receipts?{query}", timeout=10) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            if error.code != 404:
                raise SystemExit(f"{event['id']}: {error.read().decode()}")
        time.sleep(0.2)
    return None


def finish(arguments_, events, failures):
    """Says what was delivered, and what the receipts say; ends the program."""
    for failure in failures:
        print(failure, file=sys.stderr)
    if failures:
        sys.exit(1)
    print(f"delivered {len(events)} events to {arguments_.topic} ({arguments_.mode})")
    if arguments_.api:
        for _, event in events:
            receipt = receipt_of(arguments_.api, event)
            if receipt is None:
                sys.exit(f"{event['id']}: no receipt after {RECEIPT_SECONDS} s; was it rejected? The ledger's entries tell")
            print(f"receipt {event['id']}: {receipt['origin']} entry {receipt['sequence']}, leaf {receipt['leaf']}")
    sys.exit(0)
