import { describe, expect, test } from 'vitest';
import { lossesBetween } from './losses.ts';

function spec(properties: object): Readonly<Record<string, unknown>> {
  const openAPIV3Schema = { type: 'object', properties };
  return { versions: [{ name: 'v1', served: true, schema: { openAPIV3Schema } }] };
}

function tightened(before: object, after: object): readonly string[] {
  return lossesBetween(spec({ a: before }), spec({ a: after })).tightened;
}

function lost(before: object, after: object): readonly string[] {
  return lossesBetween(spec({ a: before }), spec({ a: after })).lost;
}

const text = { type: 'string' };
const number = { type: 'integer' };
const list = { type: 'array', items: text };
const any = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true };
const holder = { type: 'object', properties: { b: text } };

function ruled(...rules: readonly string[]): object {
  return { 'x-kubernetes-validations': rules.map((rule) => ({ rule, message: 'so' })) };
}

/** Each the other way round is a loosening, which loses nothing. */
describe.each([
  ['minimum 2', { ...number, minimum: 1 }, { ...number, minimum: 2 }],
  ['minimum 0', number, { ...number, minimum: 0 }],
  ['maximum 2', { ...number, maximum: 3 }, { ...number, maximum: 2 }],
  ['exclusiveMaximum true', { ...number, maximum: 3 }, { ...number, maximum: 3, exclusiveMaximum: true }],
  ['multipleOf 2', number, { ...number, multipleOf: 2 }],
  ['minLength 1', text, { ...text, minLength: 1 }],
  ['maxLength 5', { ...text, maxLength: 6 }, { ...text, maxLength: 5 }],
  ['pattern ^x$', text, { ...text, pattern: '^x$' }],
  ['format date-time', text, { ...text, format: 'date-time' }],
  ['format int32', { ...number, format: 'int64' }, { ...number, format: 'int32' }],
  ['enum ["x"]', text, { ...text, enum: ['x'] }],
  ['minItems 1', list, { ...list, minItems: 1 }],
  ['maxItems 5', list, { ...list, maxItems: 5 }],
  ['maxProperties 5', any, { ...any, maxProperties: 5 }],
  ['x-kubernetes-list-type set', list, { ...list, 'x-kubernetes-list-type': 'set' }],
  ['required b', holder, { ...holder, required: ['b'] }],
  ['required c', holder, { ...holder, properties: { b: text, c: text }, required: ['c'] }],
  ['rule self > 1', number, { ...number, ...ruled('self > 1') }],
])('%s', (what, before, after) => {
  test('is tighter', () => {
    expect(lossesBetween(spec({ a: before }), spec({ a: after }))).toEqual({
      lost: [],
      tightened: [`v1.a: ${what}`],
    });
  });

  test('taken away is looser', () => {
    expect(tightened(after, before)).toEqual([]);
  });
});

test.each([
  ['another pattern', { ...text, pattern: 'x' }, { ...text, pattern: 'y' }, ['v1.a: pattern y']],
  [
    'another rule',
    { ...number, ...ruled('self > 1') },
    { ...number, ...ruled('self > 0') },
    ['v1.a: rule self > 0'],
  ],
  ['one of a list', list, { ...list, items: { ...text, maxLength: 1 } }, ['v1.a[]: maxLength 1']],
  [
    'one of a map',
    { type: 'object', additionalProperties: text },
    { type: 'object', additionalProperties: { ...text, maxLength: 1 } },
    ['v1.a{}: maxLength 1'],
  ],
])('tighter too is %s', (_name, before, after, what) => {
  expect(tightened(before, after)).toEqual(what);
});

test.each([
  ['null', { ...text, nullable: true }, text, 'v1.a = null'],
  ['a default', { ...text, default: 'x' }, text, 'v1.a: default "x"'],
  ['any field', any, { type: 'object' }, 'v1.a: any field'],
  [
    'any value of a map',
    { type: 'object', additionalProperties: true },
    { type: 'object' },
    'v1.a: any field',
  ],
  ['a map', { type: 'object', additionalProperties: text }, { type: 'object' }, 'v1.a{}: string'],
  ['the type of a list', list, { ...list, items: number }, 'v1.a[]: string'],
  ['a number or a text', { 'x-kubernetes-int-or-string': true }, text, 'v1.a: integer or string'],
])('what was possible and is lost: %s', (_name, before, after, what) => {
  expect(lost(before, after)).toEqual([what]);
});

test.each([
  ['a longer list of values', { ...text, enum: ['x'] }, { ...text, enum: ['x', 'y'] }],
  ['no list of values', { ...text, enum: ['x'] }, text],
  [
    'another message',
    { ...number, ...ruled('self > 1') },
    { ...number, 'x-kubernetes-validations': [{ rule: 'self > 1' }] },
  ],
  [
    'a demand that a default meets',
    holder,
    { ...holder, properties: { b: { ...text, default: 'x' } }, required: ['b'] },
  ],
  [
    'a field with limits of its own',
    holder,
    { ...holder, properties: { b: text, c: { ...holder, required: ['b'], ...ruled('self.b != ""') } } },
  ],
  [
    'a rule about a field that is new',
    holder,
    { ...holder, properties: { b: text, c: text }, ...ruled('!has(self.c) || self.c == self.b') },
  ],
])('nothing is lost by %s', (_name, before, after) => {
  expect(lossesBetween(spec({ a: before }), spec({ a: after }))).toEqual({ lost: [], tightened: [] });
});

test('a rule about a field that anybody could have had refuses some', () => {
  const after = { ...any, properties: { c: text }, ...ruled('!has(self.c) || self.c != ""') };
  expect(tightened(any, after)).toEqual(['v1.a: rule !has(self.c) || self.c != ""']);
});
