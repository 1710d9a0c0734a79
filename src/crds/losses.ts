/** What resources that one definition takes could not have, or would be refused for, with another in its place: PURE. */
import { holdsWithout } from './new-rule.ts';

export interface Losses {
  /** What could be written and read, each a text for a person: versions, fields with their types, values. */
  readonly lost: readonly string[];
  /** What was valid without, or with less of it. */
  readonly tightened: readonly string[];
}

/** The spec of a CustomResourceDefinition. */
type Json = Readonly<Record<string, unknown>>;

interface Loss {
  readonly how: keyof Losses;
  readonly what: string;
}

/** What limits a value from below, from above, or in a way of which nobody can say which of two is the tighter. */
const AT_LEAST = ['minimum', 'minLength', 'minItems', 'minProperties'];
const AT_MOST = ['maximum', 'maxLength', 'maxItems', 'maxProperties'];
const BY_ITSELF = [
  'pattern',
  'format',
  'multipleOf',
  'not',
  'allOf',
  'anyOf',
  'oneOf',
  'exclusiveMinimum',
  'exclusiveMaximum',
  'uniqueItems',
  'x-kubernetes-embedded-resource',
  'x-kubernetes-list-type',
  'x-kubernetes-list-map-keys',
];

export function lossesBetween(before: Json, after: Json): Losses {
  const wanted = new Map(servedBy(after));
  const losses = servedBy(before).flatMap(([version, schema]) => {
    const next = wanted.get(version);
    return next === undefined ? [lost(version)] : compare(version, schema, next);
  });
  const those = (how: keyof Losses) => losses.filter((loss) => loss.how === how).map(({ what }) => what);
  return { lost: those('lost'), tightened: those('tightened') };
}

function servedBy(spec: Json): readonly (readonly [string, Json])[] {
  return listOf(spec['versions'])
    .map(jsonOf)
    .filter((version) => version['served'] === true)
    .map((version) => [String(version['name']), jsonOf(jsonOf(version['schema'])['openAPIV3Schema'])]);
}

/** Below a field that is new nothing is looked at: no resource has it yet. */
function compare(at: string, before: Json, after: Json): readonly Loss[] {
  if (typeOf(before) !== typeOf(after)) return [lost(`${at}: ${typeOf(before)}`)];
  return [
    ...valuesGone(at, before, after),
    ...limits(at, before, after),
    ...required(at, before, after),
    ...rules(at, before, after),
    ...below(at, before).flatMap(([path, find]) => {
      const [was, is] = [find(before), find(after)];
      if (was === undefined) return [];
      return is === undefined ? [lost(`${path}: ${typeOf(was)}`)] : compare(path, was, is);
    }),
  ];
}

/** The schemas that a schema holds: where each is, and how it is found. */
function below(at: string, schema: Json): readonly (readonly [string, (schema: Json) => Json | undefined])[] {
  const fields = Object.keys(jsonOf(schema['properties'])).map(
    (name) => [`${at}.${name}`, (from: Json) => asJson(jsonOf(from['properties'])[name])] as const,
  );
  return [
    ...fields,
    [`${at}[]`, ({ items }) => asJson(items)],
    [`${at}{}`, ({ additionalProperties }) => asJson(additionalProperties)],
  ];
}

function valuesGone(at: string, before: Json, after: Json): readonly Loss[] {
  const gone: Loss[] = [];
  if (takesAnyField(before) && !takesAnyField(after)) gone.push(lost(`${at}: any field`));
  if (before['nullable'] === true && after['nullable'] !== true) gone.push(lost(`${at} = null`));
  if ('default' in before && !('default' in after))
    gone.push(lost(`${at}: default ${asText(before['default'])}`));
  if (!('enum' in after)) return gone;
  if (!('enum' in before)) return [...gone, tightened(at, 'enum', after['enum'])];
  const left = new Set(listOf(after['enum']).map(asText));
  const values = listOf(before['enum']).map(asText);
  return [...gone, ...values.filter((value) => !left.has(value)).map((value) => lost(`${at} = ${value}`))];
}

function limits(at: string, before: Json, after: Json): readonly Loss[] {
  const isTighter = (keyword: string) => {
    const [was, is] = [before[keyword], after[keyword]];
    if (is === undefined || is === false || asText(was) === asText(is)) return false;
    if (AT_LEAST.includes(keyword)) return was === undefined || Number(is) > Number(was);
    if (AT_MOST.includes(keyword)) return was === undefined || Number(is) < Number(was);
    return !(was === 'int32' && is === 'int64');
  };
  return [...AT_LEAST, ...AT_MOST, ...BY_ITSELF]
    .filter(isTighter)
    .map((keyword) => tightened(at, keyword, after[keyword]));
}

/** What has a default is there before anybody asks for it. */
function required(at: string, before: Json, after: Json): readonly Loss[] {
  const known = new Set(listOf(before['required']));
  const fields = jsonOf(after['properties']);
  return listOf(after['required'])
    .filter((name) => !known.has(name) && !('default' in jsonOf(fields[String(name)])))
    .map((name) => tightened(at, 'required', name));
}

function rules(at: string, before: Json, after: Json): readonly Loss[] {
  const ofSchema = (schema: Json) => listOf(schema['x-kubernetes-validations']).map(jsonOf);
  const key = ({ rule, optionalOldSelf }: Json) => asText([rule, optionalOldSelf === true]);
  const known = new Set(ofSchema(before).map(key));
  const fields = jsonOf(before['properties']);
  const isNew = (field: string) =>
    !takesAnyField(before) && asJson(before['additionalProperties']) === undefined && !(field in fields);
  return ofSchema(after)
    .filter((each) => !known.has(key(each)) && !holdsWithout(String(each['rule']), isNew))
    .map(({ rule }) => tightened(at, 'rule', rule));
}

function takesAnyField(schema: Json): boolean {
  return schema['x-kubernetes-preserve-unknown-fields'] === true || schema['additionalProperties'] === true;
}

function typeOf({ type, 'x-kubernetes-int-or-string': isEither }: Json): string {
  if (isEither === true) return 'integer or string';
  return typeof type === 'string' ? type : 'any';
}

function lost(what: string): Loss {
  return { how: 'lost', what };
}

function tightened(at: string, keyword: string, value: unknown): Loss {
  return { how: 'tightened', what: `${at}: ${keyword} ${typeof value === 'string' ? value : asText(value)}` };
}

function asText(value: unknown): string {
  return JSON.stringify(value) ?? 'undefined';
}

function asJson(value: unknown): Json | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : undefined;
}

function jsonOf(value: unknown): Json {
  return asJson(value) ?? {};
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
