#!/usr/bin/env python3
"""Writes events to a ledger's topic with confluent-kafka (librdkafka)."""
from confluent_kafka import Producer

import jangbu_events

arguments = jangbu_events.arguments(__doc__)
events = jangbu_events.read_events(arguments.events)
failures = []


def delivered(error, message):
    # Called once a message. Only an answer without an error means that all replicas have it.
    if error is not None:
        failures.append(f"not delivered: {error}")


producer = Producer({
    **jangbu_events.kafka_settings(arguments.kafka),
    "enable.idempotence": True,
    "acks": "all",
    "message.timeout.ms": 30_000,
})
for line, event in events:
    headers, value = jangbu_events.record_of(line, event, arguments.mode)
    producer.produce(arguments.topic, value=value, headers=headers, partition=0, on_delivery=delivered)
    producer.poll(0)
producer.flush()  # every message has been reported then: delivered, or failed within its time-out
jangbu_events.finish(arguments, events, failures)
