#!/usr/bin/env python3
"""Writes events to a ledger's topic with kafka-python (Python all the way down)."""
from kafka import KafkaProducer
from kafka.errors import KafkaError

import jangbu_events

# Its names for librdkafka's.
NAMES = {
    "bootstrap.servers": "bootstrap_servers",
    "ssl.ca.location": "ssl_cafile",
    "ssl.certificate.location": "ssl_certfile",
    "ssl.key.location": "ssl_keyfile",
}

arguments = jangbu_events.arguments(__doc__)
settings = {}
for name, value in jangbu_events.kafka_settings(arguments.kafka).items():
    if name == "security.protocol":
        settings["security_protocol"] = value.upper()
    elif name in NAMES:
        settings[NAMES[name]] = value
    else:
        raise SystemExit(f"{arguments.kafka}: {name} has no counterpart here")

events = jangbu_events.read_events(arguments.events)
failures = []
try:
    producer = KafkaProducer(**settings, enable_idempotence=True, acks="all", delivery_timeout_ms=30_000,
                             request_timeout_ms=10_000, max_block_ms=30_000, allow_auto_create_topics=False)
    sent = []
    for line, event in events:
        headers, value = jangbu_events.record_of(line, event, arguments.mode)
        # It sends a null value, an event without data, only with a key; the ledger looks at none.
        key = b"" if value is None else None
        sent.append(producer.send(arguments.topic, value=value, key=key, headers=headers, partition=0))
    for future in sent:
        future.get(timeout=60)  # only then all replicas have it
    producer.close()
except KafkaError as error:
    failures.append(f"not delivered: {error}")
jangbu_events.finish(arguments, events, failures)
