import { describe, expect, it } from 'vitest';
import { decideEngine, parseEngineName } from './engine.ts';
import { decideNodeCount } from './up.ts';

describe('decideEngine', () => {
  it.each([
    ['nobody: what needs no Docker', undefined, undefined, 'namespaces'],
    ['the user’s word', 'kind', undefined, 'kind'],
    ['a cluster that exists', undefined, 'kind', 'kind'],
  ] as const)('follows %s', (_, wanted, existing, engine) => {
    expect(decideEngine(wanted, existing)).toBe(engine);
  });

  it('does not turn one kind of cluster into the other', () => {
    expect(() => decideEngine('kind', 'namespaces')).toThrow('make cluster-down');
  });

  it('refuses an engine that it does not know', () => {
    expect(() => parseEngineName('minikube')).toThrow('CLUSTER=minikube');
  });
});

describe('decideNodeCount', () => {
  it.each([
    [undefined, undefined, 3],
    [undefined, 5, 5],
    [4, 2, 4],
    [1, undefined, 1],
  ])('wanted %s, existing %s: %s', (wanted, existing, count) => {
    expect(decideNodeCount(wanted, existing)).toBe(count);
  });

  it('takes no node away', () => {
    expect(() => decideNodeCount(2, 3)).toThrow('first make cluster-down');
  });
});
