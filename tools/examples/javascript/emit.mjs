// Writes events to a ledger's topic with kafkajs.
//   node emit.mjs --kafka BROKERS|FILE --topic TOPIC [--mode structured|binary] [--api URL] EVENTS.ndjson
// Exit status: 0 all delivered (with --api: and all receipts found), 1 not, 2 not called rightly.
import {existsSync, readFileSync} from 'node:fs';
import {setTimeout as sleep} from 'node:timers/promises';
import {parseArgs} from 'node:util';

import {Kafka, logLevel, Partitioners} from 'kafkajs';

const kReceiptSeconds = 60;

function readArguments() {
  try {
    const {values, positionals} = parseArgs({
      allowPositionals: true,
      options: {
        kafka: {type: 'string'},
        topic: {type: 'string'},
        mode: {type: 'string', default: 'structured'},
        api: {type: 'string'},
      },
    });
    if (!values.kafka || !values.topic || positionals.length !== 1) throw new Error('something is missing');
    if (!['structured', 'binary'].includes(values.mode)) throw new Error('--mode is structured or binary');
    return {...values, events: positionals[0]};
  } catch (error) {
    console.error(error.message);
    console.error(
        'usage: node emit.mjs --kafka BROKERS|FILE --topic TOPIC [--mode structured|binary] [--api URL] EVENTS.ndjson');
    process.exit(2);
  }
}

// "host:port,..." or a file of librdkafka's properties, one name=value a line.
function connection(brokersOrFile) {
  if (!existsSync(brokersOrFile)) return {brokers: brokersOrFile.split(',')};
  const settings = Object.fromEntries(
      readFileSync(brokersOrFile, 'utf8')
          .split('\n')
          .filter((line) => line.includes('=') && !line.startsWith('#'))
          .map((line) => [line.slice(0, line.indexOf('=')).trim(), line.slice(line.indexOf('=') + 1).trim()]));
  const brokers = settings['bootstrap.servers'].split(',');
  if ((settings['security.protocol'] ?? 'plaintext').toLowerCase() === 'plaintext') return {brokers};
  const pem = (name) => settings[name] && readFileSync(settings[name]);
  return {
    brokers,
    ssl: {ca: pem('ssl.ca.location'), cert: pem('ssl.certificate.location'), key: pem('ssl.key.location')},
  };
}

// CloudEvents' Kafka binding.
function recordOf(line, mode) {
  // The line as it is: its bytes are what is hashed, and what a signature is over.
  if (mode === 'structured') return {headers: {'content-type': 'application/cloudevents+json'}, value: line};
  const {data, datacontenttype, ...attributes} = JSON.parse(line);
  const headers = Object.fromEntries(Object.entries(attributes).map(([name, value]) => [`ce_${name}`, value]));
  if (datacontenttype !== undefined) headers['content-type'] = datacontenttype;
  return {headers, value: data === undefined ? null : JSON.stringify(data)};
}

// Asks until the node has read the topic that far.
async function receiptOf(api, event) {
  const url = `${api}/v1/receipts?${new URLSearchParams({source: event.source, id: event.id})}`;
  const until = Date.now() + kReceiptSeconds * 1000;
  while (Date.now() < until) {
    const answer = await fetch(url);
    if (answer.ok) return answer.json();
    if (answer.status !== 404) throw new Error(`${event.id}: ${await answer.text()}`);
    await answer.arrayBuffer();
    await sleep(200);
  }
  throw new Error(`${event.id}: no receipt after ${kReceiptSeconds} s; was it rejected? The ledger's entries tell`);
}

const {kafka, topic, mode, api, events: file} = readArguments();
const lines = readFileSync(file, 'utf8').split('\n').filter((line) => line.trim() !== '');
const client = new Kafka({clientId: 'example', logLevel: logLevel.ERROR, retry: {retries: 5}, ...connection(kafka)});
// One request in flight keeps the order; acks -1: all replicas have it before it counts.
const producer = client.producer({
  idempotent: true,
  maxInFlightRequests: 1,
  allowAutoTopicCreation: false,
  createPartitioner: Partitioners.DefaultPartitioner,
});
try {
  await producer.connect();
  const messages = lines.map((line) => ({partition: 0, ...recordOf(line, mode)}));
  await producer.send({topic, acks: -1, timeout: 30000, messages});
  console.log(`delivered ${lines.length} events to ${topic} (${mode})`);
  if (api) {
    for (const line of lines) {
      const event = JSON.parse(line);
      const receipt = await receiptOf(api, event);
      console.log(`receipt ${event.id}: ${receipt.origin} entry ${receipt.sequence}, leaf ${receipt.leaf}`);
    }
  }
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
} finally {
  await producer.disconnect();
}
