import { describe, expect, test } from 'vitest';
import { at, folder, handoffBase, replica, storeOf } from '../../test/builders/volume-view.ts';
import type { FolderReport, SyncthingReplicaSpec } from '../desired/replica.ts';
import type { ScrubFinding } from '../desired/scrub.ts';
import { newDiskState, type DiskPhase, type DiskState, type DiskWriting } from './disk-state.ts';
import { scrubObstacle, verdictOnFinding, type ScrubView } from './scrub.ts';

const REPLICA: DiskPhase = { kind: 'replica' };
const RELEASED: DiskPhase = {
  kind: 'released',
  epoch: 2,
  session: 1,
  scan: { sequence: 10, startedAt: at(0) },
};

const WRITING: DiskWriting = { since: at(-9), session: 1, phase: 'writing' };
const ENDED: DiskWriting = { ...WRITING, phase: 'ended', scan: { sequence: 10, startedAt: at(0) } };

function order(given: Partial<SyncthingReplicaSpec> = {}): SyncthingReplicaSpec {
  return replica('n1', ['n2'], { spec: { base: handoffBase(['n1', 'n2']), ...given } }).spec;
}

interface Given {
  readonly phase?: DiskPhase;
  readonly state?: Partial<DiskState>;
  readonly order?: Partial<SyncthingReplicaSpec>;
  readonly folder?: Partial<FolderReport>;
  readonly isWanted?: boolean;
}

function copy(given: Given = {}): ScrubView {
  const fresh = newDiskState({ volume: 'v', folderId: 'v-1', storeId: storeOf('n1') });
  return {
    state: { ...fresh, phase: given.phase ?? REPLICA, ...given.state },
    order: order(given.order),
    folder: folder(['n2'], given.folder),
    isWanted: given.isWanted ?? false,
  };
}

describe('a copy can be scrubbed', () => {
  test.each<[string, Given]>([
    ['that others write', {}],
    ['that wrote once', { phase: RELEASED }],
    [
      'that a pod writes',
      { phase: { kind: 'writer', epoch: 2, session: 1 }, folder: { type: 'sendreceive', state: 'scanning' } },
    ],
    [
      'that a pod writes beside others',
      { state: { writing: WRITING }, folder: { type: 'sendreceive', needItems: 1 } },
    ],
    ['that rejoined', { order: { rejoin: { epoch: 3 } }, state: { rejoined: { epoch: 3, archive: '' } } }],
  ])('%s', (_, given) => expect(scrubObstacle(copy(given))).toBeUndefined());

  test.each<[string, Given, string]>([
    ['that goes', { order: { removal: 'leave' } }, 'removed'],
    ['that is to rejoin', { order: { rejoin: { epoch: 3 } } }, 'rejoins'],
    ['that rejoins', { phase: { kind: 'rejoining', epoch: 3, step: 'archived', archive: '/a' } }, 'rejoins'],
    ['that a pod waits for', { isWanted: true }, 'pod'],
    ['that announces', { state: { announcing: true } }, 'announced'],
    ['that lacks items', { folder: { needItems: 1 } }, 'still to come'],
    ['that was changed', { folder: { receiveOnlyItems: 1 } }, 'changed outside'],
    ['whose folder is in error', { folder: { type: 'sendreceive', state: 'error' } }, 'in error'],
  ])('not one %s', (_, given, reason) => expect(scrubObstacle(copy(given))).toContain(reason));

  test.each<Partial<FolderReport>>([
    { needItems: 1234 },
    { receiveOnlyItems: 1234 },
    { errors: 1234 },
    { state: 'syncing', sequence: 1234 },
  ])('what is in its way is said without numbers: %j', (seen) => {
    expect(scrubObstacle(copy({ folder: seen }))).toMatch(/^\D+$/);
  });

  test('not one without a folder', () => {
    expect(scrubObstacle({ ...copy(), folder: undefined })).toContain('does not have the folder');
  });
});

function finding(given: Partial<ScrubFinding> = {}): ScrubFinding {
  const rest = { reason: 'r', blocksHash: 'hash', modifiedBy: 'OTHER', changedAt: at(1) };
  return { name: 'data/a', kind: 'differs', ...rest, ...given };
}

function verdict(given: Given, found: Partial<ScrubFinding> = {}): string {
  const decided = verdictOnFinding({ ...copy(given), finding: finding(found), ownId: 'OWN' });
  return decided.kind === 'repair' ? 'repair' : decided.reason;
}

describe('a file that differs', () => {
  test('is repaired in a copy that never wrote', () => {
    expect(verdict({})).toBe('repair');
    expect(verdict({}, { changedAt: at(-9), modifiedBy: 'OTHER' })).toBe('repair');
  });

  test('is repaired in one that wrote, if it came from elsewhere after that', () => {
    expect(verdict({ phase: RELEASED })).toBe('repair');
    expect(verdict({ state: { writing: ENDED } })).toBe('repair');
  });

  test.each<[string, Given, Partial<ScrubFinding>]>([
    ['was written here', { phase: RELEASED }, { modifiedBy: 'OWN' }],
    ['was there when a pod wrote here', { phase: RELEASED }, { changedAt: at(0) }],
    ['is in a copy of which it is not known', { phase: { kind: 'untouched', epoch: 3 } }, {}],
    [
      'a pod writes',
      { phase: { kind: 'writer', epoch: 2, session: 1 }, folder: { type: 'sendreceive' } },
      {},
    ],
    ['was written here beside others', { state: { writing: ENDED } }, { modifiedBy: 'OWN' }],
    ['was there when a pod wrote beside others', { state: { writing: ENDED } }, { changedAt: at(0) }],
    // Its folder need not have been switched yet.
    ['a pod writes beside others', { state: { writing: WRITING } }, {}],
    ['its folder has writer type', { folder: { type: 'sendreceive' } }, {}],
  ])('is left as it is where it %s', (_, given, found) => {
    expect(verdict(given, found)).toContain('may have written it unseen');
  });

  test('is left where nobody else has it', () => {
    expect(verdict({ folder: { peers: [] } })).toContain('no other copy');
  });

  test('is left where the disk does not give it away', () => {
    const reason = 'the disk does not give it away (EIO)';
    expect(verdict({}, { kind: 'unreadable', reason })).toContain(`${reason}: look at the disk`);
  });
});
