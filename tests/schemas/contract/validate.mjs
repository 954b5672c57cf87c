// Holds the published contract against ajv.
//
//   node validate.mjs            every schema is draft-07 and keeps to the subset that the screen compiles; every good
//                                example passes; every bad one fails, or passes where only the screen can see the fault
//   node validate.mjs --stdin    reads NDJSON events; answers {"valid":bool,"pointers":[...]} for each line, in order
//
// Exit code 0, or 1 with a line for each thing that does not hold. Schemas are read from ../../../schemas, or the folder
// that JANGBU_SCHEMAS names.
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { ANNOTATIONS, KEYWORDS, compile, judge, load } from './contract.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const folder = process.env.JANGBU_SCHEMAS ?? join(here, '..', '..', '..', 'schemas');

// Faults that draft-07 can express; the screen's other codes (direct_identifier, wrong_ledger, ...) are beyond it.
const SCHEMA_CODES = new Set([
  'missing_member', 'unknown_member', 'wrong_type', 'bad_value', 'unknown_code', 'bad_time', 'bad_envelope',
  'unknown_type', 'bad_number',
]);
const KINDS = ['hospital', 'demand', 'platform', 'coordinator', 'government'];
const KEY_USES = ['log', 'emitter', 'system', 'coordinator', 'ticker', 'witness', 'agent', 'prober', 'recovery'];
const TERMS = ['patient', 'project', 'permit', 'dataset', 'analysis', 'export', 'actor', 'finding'];

async function answerStdin() {
  const contract = load(folder);
  const compiled = compile(contract);
  for await (const line of createInterface({ input: process.stdin, crlfDelay: Infinity })) {
    if (line === '') continue;
    let verdict = { valid: false, pointers: [''] };
    try {
      verdict = judge(contract, compiled, JSON.parse(line));
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
    }
    process.stdout.write(JSON.stringify(verdict) + '\n');
  }
}

class Report {
  problems = [];
  add(where, what) {
    this.problems.push(`${where}: ${what}`);
  }
}

// The schema that a reference leads to.
function resolve(contract, file, reference, report, where) {
  const match = /^(common\.json|codes\.json|)#\/definitions\/([a-z0-9-]+)$/.exec(reference);
  const document = { 'common.json': contract.common, 'codes.json': contract.codes, '': file }[match?.[1]];
  const target = match && document?.definitions?.[match[2]];
  if (!target) report.add(where, `reference that leads nowhere: ${reference}`);
  return target;
}

// The subset: known keywords only, every object closed, every list bounded, every string with a form or a list of codes.
function checkShape(contract, file, schema, where, report) {
  const keys = Object.keys(schema);
  if ('$ref' in schema) {
    if (keys.length > 1) report.add(where, '$ref with something beside it');
    resolve(contract, file, schema.$ref, report, where);
    return;
  }
  for (const key of keys)
    if (!KEYWORDS.has(key) && !ANNOTATIONS.has(key)) report.add(where, `keyword outside the subset: ${key}`);
  if (schema.type === 'object' && !schema['x-open']) {
    if (schema.additionalProperties !== false) report.add(where, 'an object that is not closed');
    const names = Object.keys(schema.properties ?? {});
    for (const name of schema.required ?? []) if (!names.includes(name)) report.add(where, `required, not described: ${name}`);
    for (const name of Object.keys(schema['x-members'] ?? {}))
      if (!names.includes(name)) report.add(where, `x-members of no member: ${name}`);
    for (const option of schema.anyOf ?? [])
      if (Object.keys(option).join() !== 'required' || !option.required.every((name) => names.includes(name)))
        report.add(where, 'anyOf of something else than `required`');
    for (const name of names) checkShape(contract, file, schema.properties[name], `${where}/${name}`, report);
  } else if (schema.type === 'array') {
    if (!Number.isInteger(schema.maxItems)) report.add(where, 'a list without maxItems');
    checkShape(contract, file, schema.items, `${where}/*`, report);
  } else if (schema.type === 'string') {
    if (!schema.enum && schema.const === undefined && !(schema.pattern && schema['x-form'])) report.add(where, 'a string without a form');
  } else if (schema.type === 'integer') {
    if (!schema.enum && !(Number.isInteger(schema.minimum) && Number.isInteger(schema.maximum))) report.add(where, 'an integer without a range');
  } else if (schema.type !== 'boolean' && schema.type !== 'object') {
    report.add(where, `type ${schema.type}`);
  }
}

// Does `pointer` ("*": every item) lead to strings of this schema?
function leadsToString(contract, file, schema, pointer, report, where) {
  while (schema?.$ref) {
    const next = resolve(contract, file, schema.$ref, report, where);
    if (schema.$ref.startsWith('common.json')) file = contract.common;
    schema = next;
  }
  if (!schema) return false;
  if (pointer === '') return schema.type === 'string';
  const [, token, rest] = /^\/([^/]+)(.*)$/.exec(pointer) ?? [];
  const below = token === '*' ? schema.items : schema.properties?.[token];
  return below ? leadsToString(contract, file, below, rest, report, where) : false;
}

function checkAnnotation(contract, name, schema, report) {
  const where = `types/${name}.json`;
  if (schema.$id !== `urn:jangbu:schema:${name}:v1`) report.add(where, `$id is ${schema.$id}`);
  for (const member of ['title', 'description'])
    if (typeof schema[member] !== 'string' || schema[member] === '') report.add(where, `no ${member}`);
  const rights = schema['x-jangbu'] ?? {};
  if (!['shared', 'patients', 'either'].includes(rights.ledger)) report.add(where, 'x-jangbu: ledger');
  if (!(rights.kinds?.length > 0) || !rights.kinds.every((kind) => KINDS.includes(kind))) report.add(where, 'x-jangbu: kinds');
  if (!rights.keys?.every((use) => KEY_USES.includes(use))) report.add(where, 'x-jangbu: keys');
  for (const [term, list] of Object.entries(rights.terms ?? { none: [] })) {
    if (!TERMS.includes(term)) report.add(where, `x-jangbu: term ${term}`);
    for (const pointer of list)
      if (!leadsToString(contract, schema, schema, pointer, report, where)) report.add(where, `x-jangbu: ${pointer} leads to no string`);
  }
}

function checkExamples(contract, compiled, where, examples, type, report, counts) {
  for (const [index, event] of (examples?.good ?? []).entries()) {
    const verdict = judge(contract, compiled, event);
    if (type && event.type !== type) report.add(where, `good ${index} is of another type`);
    if (!verdict.valid) report.add(where, `good ${index} fails at ${verdict.pointers.join(' ')}`);
    ++counts.good;
  }
  for (const [index, { why, code, pointer, event, screen_only }] of (examples?.bad ?? []).entries()) {
    const verdict = judge(contract, compiled, event);
    const expressible = SCHEMA_CODES.has(code) && !screen_only;
    const label = `bad ${index} (${why})`;
    if (!expressible && !verdict.valid) report.add(where, `${label} fails already at ${verdict.pointers.join(' ')}`);
    if (expressible && verdict.valid) report.add(where, `${label} passes`);
    else if (expressible && (verdict.pointers.length !== 1 || verdict.pointers[0] !== pointer))
      report.add(where, `${label} should fail at ${pointer} alone, fails at ${verdict.pointers.join(' ')}`);
    ++counts.bad;
  }
}

// Codes that examples name must exist.
function errorCodes() {
  const text = readFileSync(join(folder, 'errors.def'), 'utf8');
  return new Set([...text.matchAll(/^JANGBU_ERROR\((\w+),/gm)].map((match) => match[1]));
}

function checkAll() {
  const report = new Report();
  const counts = { types: 0, good: 0, bad: 0 };
  const contract = load(folder);
  const compiled = compile(contract);
  const codes = errorCodes();
  const files = [['common.json', contract.common], ['codes.json', contract.codes], ['envelope.json', contract.envelope]];
  for (const [name, schema] of contract.types) files.push([`types/${name}.json`, schema]);
  for (const [name, schema] of files)
    if (!compiled.isDraft07(schema)) report.add(name, 'is no draft-07 schema');
  for (const [name, definition] of Object.entries(contract.common.definitions))
    checkShape(contract, contract.common, definition, `common.json#${name}`, report);
  for (const [name, list] of Object.entries(contract.codes.definitions)) {
    const where = `codes.json#${name}`;
    checkShape(contract, contract.codes, list, where, report);
    if (!list['x-source']) report.add(where, 'no x-source');
    for (const [code, parent] of Object.entries(list['x-parents'] ?? {}))
      if (!list.enum.includes(code) || !list.enum.includes(parent)) report.add(where, `x-parents: ${code}`);
    for (const code of Object.keys(list['x-names'] ?? {})) if (!list.enum.includes(code)) report.add(where, `x-names: ${code}`);
  }
  checkShape(contract, contract.envelope, contract.envelope, 'envelope.json', report);
  checkExamples(contract, compiled, 'envelope.json', contract.envelope['x-examples'], undefined, report, counts);
  for (const [name, schema] of contract.types) {
    const where = `types/${name}.json`;
    checkShape(contract, schema, schema, where, report);
    checkAnnotation(contract, name, schema, report);
    checkExamples(contract, compiled, where, schema['x-examples'], `kr.jangbu.${name}.v1`, report, counts);
    if (!(schema['x-examples']?.good?.length >= 2)) report.add(where, 'fewer than two good examples');
    if (!(schema['x-examples']?.bad?.length >= 3)) report.add(where, 'fewer than three bad examples');
    for (const { code } of schema['x-examples']?.bad ?? []) if (!codes.has(code)) report.add(where, `no such code: ${code}`);
    ++counts.types;
  }
  for (const problem of report.problems) console.error(problem);
  console.log(`${counts.types} types, ${counts.good} good and ${counts.bad} bad examples: ` +
    (report.problems.length === 0 ? 'all hold' : `${report.problems.length} problems`));
  process.exitCode = report.problems.length === 0 ? 0 : 1;
}

if (process.argv.includes('--stdin')) await answerStdin();
else checkAll();
