import { describe, expect, it } from 'vitest';
import { hasSysResource, isLocalRootDocker } from './docker-facts.ts';
import { decideEngine, parseEngineName } from './engine.ts';
import { decideNodeCount } from './up.ts';

const able = { answers: true, fullyPrivileged: true };
const unable = { answers: true, fullyPrivileged: false };
const none = { answers: false, fullyPrivileged: true };

describe('decideEngine', () => {
  it.each([
    ['Docker that can', { wanted: undefined, existing: undefined, docker: able }, 'kind'],
    [
      'Docker that cannot run privileged containers',
      { wanted: undefined, existing: undefined, docker: unable },
      'namespaces',
    ],
    ['no Docker', { wanted: undefined, existing: undefined, docker: none }, 'namespaces'],
    ['the user’s word', { wanted: 'namespaces', existing: undefined, docker: able }, 'namespaces'],
    ['the user’s word against Docker', { wanted: 'kind', existing: undefined, docker: none }, 'kind'],
    ['a cluster that exists', { wanted: undefined, existing: 'namespaces', docker: able }, 'namespaces'],
  ] as const)('follows %s', (_, given, engine) => {
    expect(decideEngine(given.wanted, given.existing, given.docker)).toBe(engine);
  });

  it('does not turn one kind of cluster into the other', () => {
    expect(() => decideEngine('kind', 'namespaces', able)).toThrow('make cluster-down');
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

describe('Docker', () => {
  it.each([
    ['CapBnd:\t000001ffffffffff\n', true],
    ['CapBnd:\t000001fffeffffff\n', false],
    ['Name:\tnode\n', false],
  ])('reads CAP_SYS_RESOURCE from %j', (status, expected) => {
    expect(hasSysResource(status)).toBe(expected);
  });

  it.each([
    ['{"ServerVersion":"28.2.2","SecurityOptions":["name=seccomp,profile=builtin"]}', true],
    ['{"ServerVersion":"28.2.2","SecurityOptions":["name=rootless"]}', false],
    ['{"ServerVersion":"","ServerErrors":["Cannot connect"]}', false],
    ['Cannot connect to the Docker daemon', false],
  ])('judges %s', (info, expected) => {
    expect(isLocalRootDocker(info)).toBe(expected);
  });
});
