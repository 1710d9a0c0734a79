import { expect, test } from 'vitest';
import {
  expelledNode,
  folder,
  grantTo,
  handoffBase,
  node,
  replica,
  SILENT,
  view,
  volume,
  type ViewGiven,
} from '../../test/builders/volume-view.ts';
import type { SyncthingReplicaStatus } from '../desired/replica.ts';
import type { SyncthingVolumeStatus } from '../desired/volume.ts';
import { sourceTrouble, type SourceTrouble } from './source-trouble.ts';

const ALL = ['n1', 'n2', 'n3'];
const SOURCE = handoffBase(['n2'], { kind: 'failover', epoch: 3, session: 0 });

interface Given extends Partial<ViewGiven> {
  readonly status?: Partial<SyncthingVolumeStatus>;
  readonly report?: Partial<SyncthingReplicaStatus>;
}

/** n1 was lost, and the volume goes on from n2. */
function trouble({ status, report, ...given }: Given = {}): SourceTrouble | undefined {
  const replicas = ALL.map((name) =>
    replica(name, ALL, name === 'n2' && report !== undefined ? { status: report } : {}),
  );
  const now = { epoch: 3, base: SOURCE, ...status };
  return sourceTrouble(view({ volume: volume({ status: now }), replicas, ...given }));
}

const silent = [node('n2', SILENT)];

test.each<[string, Given, string]>([
  ['is silent', { nodes: silent }, 'does not answer'],
  ['was expelled', { nodes: [expelledNode('n2')] }, 'is expelled'],
  ['came back with another disk', { nodes: [node('n2', { storeId: 'new' })] }, 'has another disk now'],
  ['was taken away', { replicas: [replica('n3', ALL)], nodes: [node('n2')] }, 'has no copy of it any more'],
  ['has removed it', { report: { removed: true } }, 'has no copy of it any more'],
])('the source %s: nobody but a person helps', (_what, given, reason) => {
  expect(trouble(given)).toEqual({ node: 'n2', reason, isLost: true });
});

test.each<[string, Given, RegExp]>([
  ['its node says why', { report: { message: 'no space left' } }, /^no space left$/],
  [
    'its Syncthing does',
    { report: { folder: folder([], { errors: 1, messages: ['a: denied'] }) } },
    /a: denied/,
  ],
])('the source is held up, and %s', (_what, given, reason) => {
  expect(trouble(given)).toMatchObject({ reason: expect.stringMatching(reason), isLost: false });
});

test.each<[string, Given]>([
  ['nothing is the matter', {}],
  ['another copy is away', { nodes: [node('n3', SILENT)] }],
  ['it has its files back', { nodes: silent, status: { base: { ...SOURCE, session: 1 } } }],
  ['the last session was handed off', { nodes: silent, status: { base: handoffBase(['n2']) } }],
  ['somebody has the volume', { nodes: silent, status: { grant: grantTo('n3', 4) } }],
])('none while %s', (_what, given) => {
  expect(trouble(given)).toBeUndefined();
});
