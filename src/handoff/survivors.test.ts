import { describe, expect, test } from 'vitest';
import {
  at,
  folder,
  handoffBase,
  node,
  peer,
  replica,
  storeOf,
  view,
  volume,
} from '../../test/builders/volume-view.ts';
import type { FolderReport, SyncthingReplicaStatus } from '../desired/replica.ts';
import { hearingLeftMs, leftBehind } from './survivors.ts';

const ALL = ['n1', 'n2', 'n3'];
const LOST = { node: 'n1', storeId: storeOf('n1'), epoch: 3 };
const N3 = { node: 'n3', storeId: storeOf('n3'), epoch: 3 };
const SILENT = { heartbeat: at(-3_600_000) };

interface Given {
  /** How far the source n2 knows the index of n3, which is at 20. */
  readonly known?: number;
  readonly source?: Partial<FolderReport>;
  readonly other?: Partial<SyncthingReplicaStatus>;
  readonly isSilent?: boolean;
  readonly generation?: number;
  /** When the failover was decided. */
  readonly since?: string;
}

/** n1 was lost, n2 is the source, n3 put up the fence as well. */
function after({ known = 20, source, other, isSilent = false, generation = 1, since = at(-1000) }: Given) {
  const base = handoffBase(['n2'], { kind: 'failover', epoch: 3, session: 0, since });
  const heard = folder(['n3'], { peers: [peer('n3', { knownSequence: known })], ...source });
  return view({
    volume: volume({ status: { epoch: 3, base, stale: [LOST] } }),
    replicas: [
      replica('n1', ALL),
      replica('n2', ALL, { status: { folder: heard } }),
      replica('n3', ALL, { generation, status: { folder: folder(['n2'], { sequence: 20 }), ...other } }),
    ],
    nodes: [node('n1', SILENT), node('n2'), node('n3', isSilent ? SILENT : {})],
  });
}

describe('the source of a failover', () => {
  test('has heard of everybody', () => {
    expect(hearingLeftMs(after({}))).toBeUndefined();
    expect(leftBehind(after({}))).toEqual([]);
  });

  test.each<[string, Given]>([
    ['whose index it does not know to its end', { known: 19 }],
    ['that may still get something from the lost writer', { generation: 2 }],
    ['of which it still needs something', { source: { needItems: 1 } }],
  ])('waits for a copy %s, and then goes on without it', (_, given) => {
    expect(hearingLeftMs(after(given))).toBe(29_000);
    const later = after({ ...given, since: at(-30_000) });
    expect(hearingLeftMs(later)).toBeUndefined();
    expect(leftBehind(later)).toEqual([N3]);
  });

  test('waits for nobody who does not answer', () => {
    expect(hearingLeftMs(after({ known: 0, isSilent: true }))).toBeUndefined();
    expect(leftBehind(after({ known: 20, isSilent: true }))).toEqual([N3]);
  });

  test.each<[string, Given]>([['is removed', { other: { removed: true } }]])(
    'asks nothing of a copy that %s',
    (_, given) => {
      const seen = after({ known: 0, ...given });
      expect(hearingLeftMs(seen)).toBeUndefined();
      expect(leftBehind(seen)).toEqual([]);
    },
  );
});
