import { expect, test } from 'vitest';
import {
  at,
  folder,
  handoffBase,
  node,
  replica,
  SILENT,
  storeOf,
  view,
  volume,
  type ReplicaGiven,
} from '../../test/builders/volume-view.ts';
import { divergedReplica } from './diverged.ts';

const writer = { epoch: 2, session: 1, phase: 'attached' as const, since: at(-9000), switched: true };

function namedBy(n9: ReplicaGiven, n1 = SILENT): string | undefined {
  const copies = [
    replica('n1', ['n2'], { status: { writer } }),
    replica('n2', []),
    replica('n9', ['n2'], { ...n9, status: { storeId: storeOf('n1'), ...n9.status } }),
  ];
  const nodes = [node('n1', n1), node('n9', { storeId: storeOf('n1') })];
  const status = { epoch: 3, base: handoffBase(['n2'], { epoch: 3 }) };
  return divergedReplica(view({ volume: volume({ status }), replicas: copies, nodes }))?.spec.node;
}

test('a session that the volume does not know is named, also of a node that is off', () => {
  expect(namedBy({ status: { storeId: storeOf('n9') } })).toBe('n1');
});

test('what a disk said under its former name is over when it answers under another', () => {
  expect(namedBy({})).toBeUndefined();
  expect(namedBy({ status: { writer } })).toBe('n9');
});

test.each([
  ['the former node still answers', { status: { folder: folder([]) } }, {}],
  ['nothing was read of the disk yet', { status: { folder: undefined } }, SILENT],
])('not while %s', (_what, n9, n1) => {
  expect(namedBy(n9 as ReplicaGiven, n1)).toBe('n1');
});
