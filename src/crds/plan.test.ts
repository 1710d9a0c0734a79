import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { type Definition, planDefinition } from './plan.ts';

const CRDS = 'deploy/chart/crds';

function definition(properties: object, more: readonly object[] = []): Definition {
  const schema = { openAPIV3Schema: { type: 'object', properties } };
  return { name: 'x', spec: { versions: [{ name: 'v1', served: true, schema }, ...more] } };
}

function mapOf(properties: object): object {
  return { type: 'object', additionalProperties: { type: 'object', properties } };
}

function read(yaml: string): Definition {
  const { metadata, spec } = parse(yaml) as { metadata: { name: string }; spec: Record<string, unknown> };
  return { name: metadata.name, spec };
}

const text = { type: 'string' };
const state = { type: 'string', enum: ['a', 'b'] };
const small = definition({ spec: { type: 'object', properties: { a: text } } });

describe('planDefinition', () => {
  test('makes what is not there', () => {
    expect(planDefinition(small, undefined)).toEqual({ action: 'create' });
  });

  test.each([
    ['the same', { a: text }],
    ['another field', { a: text, b: text }],
    [
      'a field in a list',
      { a: text, c: { type: 'array', items: { type: 'object', properties: { d: text } } } },
    ],
    ['another description', { a: { ...text, description: 'new' } }],
  ])('replaces what grows or stays: %s', (_name, properties) => {
    const ours = definition({ spec: { type: 'object', properties } });
    expect(planDefinition(ours, small)).toEqual({ action: 'replace' });
  });

  test('keeps one that holds more', () => {
    const newer = definition({ spec: { type: 'object', properties: { a: text, b: text } } });
    expect(planDefinition(small, newer)).toEqual({ action: 'keep' });
    const other = { name: 'v2', served: true, schema: {} };
    expect(planDefinition(definition({}), definition({}, [other]))).toEqual({ action: 'keep' });
  });

  test.each([
    ['a field', { a: text, b: text }, { a: text, c: text }, ['v1.b: string']],
    ['a type', { a: text }, { a: { type: 'integer' } }, ['v1.a: string']],
    ['a value', { a: state, b: text }, { a: { ...state, enum: ['b', 'c'] } }, ['v1.a = "a"', 'v1.b: string']],
    ['a field of a map', { m: mapOf({ a: text }) }, { m: mapOf({ b: text }) }, ['v1.m{}.a: string']],
  ])('refuses what would take %s away, and names it', (_name, live, ours, lost) => {
    const plan = planDefinition(definition(ours), definition(live));
    expect(plan).toEqual({ action: 'refuse', lost, tightened: [] });
  });

  test('refuses what would grow here and tighten there, and names what is tightened', () => {
    const ours = definition({ a: { ...text, maxLength: 5 }, b: text });
    const plan = planDefinition(ours, definition({ a: text }));
    expect(plan).toEqual({ action: 'refuse', lost: [], tightened: ['v1.a: maxLength 5'] });
  });

  test('keeps the looser one of two that have the same fields', () => {
    const [loose, tight] = [definition({ a: text }), definition({ a: { ...text, maxLength: 5 } })];
    expect(planDefinition(tight, loose)).toEqual({ action: 'keep' });
    expect(planDefinition(loose, tight)).toEqual({ action: 'replace' });
  });

  test('a version that is not served any more is lost', () => {
    const other = { name: 'v2', served: true, schema: {} };
    const ours = definition({ a: text }, [{ ...other, served: false }]);
    const plan = planDefinition(ours, definition({}, [other]));
    expect(plan).toEqual({ action: 'refuse', lost: ['v2'], tightened: [] });
  });

  test.each(readdirSync(CRDS))('%s is its own successor', (file) => {
    const live = read(readFileSync(`${CRDS}/${file}`, 'utf8'));
    expect(planDefinition(live, live)).toEqual({ action: 'replace' });
    expect(planDefinition({ ...live, spec: { versions: [] } }, live)).toEqual({ action: 'keep' });
  });
});
