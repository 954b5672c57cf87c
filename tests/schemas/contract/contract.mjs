// The published contract as ajv sees it: schemas/*.json and schemas/types/*.json, compiled. Used by validate.mjs.
import { readFileSync, readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import Ajv from 'ajv';

// Keywords that the screen's compiler takes; anything else would be judged by ajv and not by us.
export const KEYWORDS = new Set([
  '$ref', 'type', 'properties', 'required', 'additionalProperties', 'items', 'minItems', 'maxItems', 'uniqueItems',
  'minProperties', 'maxProperties', 'enum', 'const', 'pattern', 'minLength', 'maxLength', 'minimum', 'maximum', 'anyOf',
]);
export const ANNOTATIONS = new Set([
  '$schema', '$id', 'title', 'description', 'x-jangbu', 'x-examples', 'x-form', 'x-members', 'x-open', 'x-source',
  'x-parents', 'x-names',
]);

// { common, codes, envelope, types: Map name -> schema }
export function load(folder) {
  const read = (path) => JSON.parse(readFileSync(join(folder, path), 'utf8'));
  const types = new Map();
  for (const file of readdirSync(join(folder, 'types')).sort())
    if (file.endsWith('.json')) types.set(basename(file, '.json'), read(join('types', file)));
  return { common: read('common.json'), codes: read('codes.json'), envelope: read('envelope.json'), types };
}

// References name files relative to schemas/, while $id is a URN: ajv gets the files under file-like ids.
function placed(schema, file) {
  return { ...schema, $id: `https://contract.invalid/${file}` };
}

// { isDraft07, envelope, types: Map full name -> ValidateFunction }; throws where ajv, in strict mode, refuses a schema.
export function compile(contract) {
  const ajv = new Ajv({
    strict: true,
    strictTypes: true,
    strictTuples: true,
    strictRequired: false, // anyOf's `required` names members of the object around it
    allErrors: true,
    verbose: false,
    unicodeRegExp: true,
    validateFormats: false,
  });
  for (const keyword of ANNOTATIONS) if (keyword.startsWith('x-')) ajv.addKeyword({ keyword });
  ajv.addSchema(placed(contract.common, 'common.json'));
  ajv.addSchema(placed(contract.codes, 'codes.json'));
  const envelope = ajv.compile(placed(contract.envelope, 'envelope.json'));
  const types = new Map();
  for (const [name, schema] of contract.types)
    types.set(`kr.jangbu.${name}.v1`, ajv.compile(placed(schema, `${name}.json`)));
  const plain = new Ajv({ strict: false, logger: false });
  return { isDraft07: (schema) => plain.validateSchema(schema), envelope, types };
}

const escaped = (name) => name.replaceAll('~', '~0').replaceAll('/', '~1');

// A JSON pointer for each error, as the screen gives it: a missing or unknown member is named itself; an anyOf of
// `required` is named by its object.
function pointers(errors, prefix) {
  const found = new Set();
  for (const error of errors ?? []) {
    if (error.schemaPath.includes('/anyOf/')) continue; // the anyOf itself is reported too
    let pointer = prefix + error.instancePath;
    if (error.keyword === 'required') pointer += '/' + escaped(error.params.missingProperty);
    if (error.keyword === 'additionalProperties') pointer += '/' + escaped(error.params.additionalProperty);
    found.add(pointer);
  }
  return [...found];
}

// The verdict over one event: { valid, pointers }. Beyond the two schemas it knows one thing: which types carry the
// `ledger` attribute.
export function judge(contract, compiled, event) {
  if (event === null || typeof event !== 'object' || Array.isArray(event)) return { valid: false, pointers: [''] };
  const found = new Set();
  if (!compiled.envelope(event)) for (const pointer of pointers(compiled.envelope.errors, '')) found.add(pointer);
  const type = compiled.types.get(event.type);
  if (!type) {
    found.add('/type');
  } else {
    if (event.data !== null && typeof event.data === 'object' && !Array.isArray(event.data) && !type(event.data))
      for (const pointer of pointers(type.errors, '/data')) found.add(pointer);
    const either = contract.types.get(event.type.slice('kr.jangbu.'.length, -'.v1'.length))['x-jangbu'].ledger === 'either';
    if (either !== Object.hasOwn(event, 'ledger')) found.add('/ledger');
  }
  return { valid: found.size === 0, pointers: [...found] };
}
