import { expect, test } from 'vitest';
import { parseDefinition, parseSettings } from './settings.ts';

test('what the hook gives', () => {
  expect(parseSettings({ NAMESPACE: 'ns', CRDS_DIR: '/crds', OTHER: 'x' })).toEqual({
    namespace: 'ns',
    directory: '/crds',
  });
});

test.each([
  [{ CRDS_DIR: '/crds' }, 'NAMESPACE is not set'],
  [{ NAMESPACE: '', CRDS_DIR: '/crds' }, 'NAMESPACE is not set'],
  [{ NAMESPACE: 'ns' }, 'CRDS_DIR is not set'],
  [{ NAMESPACE: 'ns', CRDS_DIR: 'crds' }, 'CRDS_DIR is no absolute path'],
])('%j is refused: %s', (env, complaint) => {
  expect(() => parseSettings(env)).toThrow(complaint);
});

test('a definition is its name and its spec', () => {
  const text = JSON.stringify({
    kind: 'CustomResourceDefinition',
    metadata: { name: 'x' },
    spec: { group: 'g' },
  });
  expect(parseDefinition('x.json', text)).toEqual({ name: 'x', spec: { group: 'g' } });
});

test.each(['', '{}', '{"kind":"Secret","metadata":{"name":"x"},"spec":{}}'])('%j is none', (text) => {
  expect(() => parseDefinition('x.json', text)).toThrow('x.json is no CustomResourceDefinition');
});
