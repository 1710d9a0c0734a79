import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  at,
  expelledNode,
  folder,
  grantTo,
  handoffBase,
  holder,
  node,
  peer,
  replica,
  SILENT,
  storeOf,
  view,
  volume,
  type ViewGiven,
  MADE_ANEW,
} from '../../test/builders/volume-view.ts';
import type { FolderReport, SyncthingReplica, WriterReport } from '../desired/replica.ts';
import type { Proof, SyncthingVolumeStatus } from '../desired/volume.ts';
import { decideFlush, grantEnd, joinProof } from './flush.ts';
import { isProven } from './proof.ts';
import { defaultHandoffSettings } from './settings.ts';

const ALL = ['n1', 'n2', 'n3'];
const SCAN = { epoch: 2, session: 1, sequence: 10, startedAt: at(-5000), afterUnmount: true };
const PROOF: Proof = {
  epoch: 2,
  session: 1,
  sequence: 10,
  scanStartedAt: at(-5000),
  holders: ALL.map((name) => holder(name)),
};

function writer(given: Partial<WriterReport> = {}): WriterReport {
  return { epoch: 2, session: 1, phase: 'flushing', since: at(-6000), switched: true, scan: SCAN, ...given };
}

function without<T extends object, K extends keyof T>(given: T, key: K): Omit<T, K> {
  const { [key]: _gone, ...rest } = given;
  return rest;
}

interface Given extends Partial<ViewGiven> {
  readonly writer?: WriterReport;
  readonly status?: Partial<SyncthingVolumeStatus>;
  readonly folders?: Readonly<Record<string, Partial<FolderReport>>>;
  readonly roles?: Readonly<Record<string, 'data' | 'client'>>;
}

/** n1 writes in epoch 2, the others follow. */
function written(given: Given = {}) {
  const replicas = ALL.map((name): SyncthingReplica => {
    const peers = ALL.filter((other) => other !== name);
    return replica(name, ALL, {
      spec: { role: given.roles?.[name] ?? 'data' },
      status: {
        folder: folder(peers, {
          type: name === 'n1' ? 'sendreceive' : 'receiveonly',
          ...given.folders?.[name],
        }),
        ...(name === 'n1' && { writer: given.writer ?? writer() }),
      },
    });
  });
  const status = { epoch: 2, base: handoffBase(['n1']), grant: grantTo('n1', 2), ...given.status };
  return view({ volume: volume({ status }), replicas, ...given });
}

describe('a proof is joined from two halves', () => {
  test('all copies hold the scan', () => {
    expect(joinProof(written())).toEqual(PROOF);
  });

  test('with the end of the scan, where the writer says it', () => {
    const scan = { ...SCAN, finishedAt: at(-4000) };
    expect(joinProof(written({ writer: writer({ scan }) }))).toEqual({ ...PROOF, scanFinishedAt: at(-4000) });
  });

  const halves: readonly (readonly [string, Given])[] = [
    ['the copy needs an item', { folders: { n2: { needItems: 1 } } }],
    ['the copy is not idle', { folders: { n2: { state: 'syncing' } } }],
    ['the copy is in error', { folders: { n2: { errors: 1 } } }],
    ['the copy has local changes', { folders: { n2: { receiveOnlyItems: 1 } } }],
    ['the copy did not scan', { folders: { n2: { scanned: false } } }],
    ['the copy knows less of the index', { folders: { n2: { peers: [peer('n1', { knownSequence: 9 })] } } }],
    ['the copy does not know the writer', { folders: { n2: { peers: [] } } }],
    [
      'the writer sees it lacking something',
      { folders: { n1: { peers: [peer('n2', { remoteNeedEmpty: false }), peer('n3')] } } },
    ],
    ['the writer does not know it', { folders: { n1: { peers: [peer('n3')] } } }],
    ['it does not answer', { nodes: [node('n2', SILENT)] }],
    ['its disk is another', { nodes: [node('n2', { storeId: 'new' })] }],
    ['it is stale', { status: { stale: [{ node: 'n2', storeId: storeOf('n2'), epoch: 2 }] } }],
    ['it is leaving', { status: { leaving: { node: 'n2', storeId: storeOf('n2') } } }],
  ];
  test.each(halves)('not with a copy when %s', (_what, given) => {
    expect(joinProof(written(given))?.holders.map((each) => each.node)).toEqual(['n1', 'n3']);
  });

  test.each([
    ['there is no grant', written({ status: { grant: grantTo('n3', 2) } })],
    ['it reports on an earlier epoch', written({ writer: writer({ epoch: 1 }) })],
    ['its scan is of an earlier session', written({ writer: writer({ session: 2 }) })],
    ['it has not scanned', written({ writer: without(writer(), 'scan') })],
    ['its own sequence is below its scan', written({ folders: { n1: { sequence: 9 } } })],
    ['the grant is of another disk', written({ status: { grant: { ...grantTo('n1', 2), storeId: 'old' } } })],
    ['nobody else holds it', written({ folders: { n2: { needItems: 1 }, n3: { needItems: 1 } } })],
  ])('none while %s', (_what, given) => {
    expect(joinProof(given)).toBeUndefined();
  });

  test('who once held a scan still does, with newer needs', () => {
    const given = { status: { proven: PROOF }, folders: { n2: { needItems: 5 } } };
    expect(joinProof(written(given))?.holders.map((each) => each.node)).toEqual(ALL);
  });

  test('the end of a scan that was proven stays, also when its session has ended and says it no more', () => {
    const proven = { ...PROOF, scanFinishedAt: at(-4000) };
    const given = { status: { proven }, writer: writer({ phase: 'released' }) };
    expect(joinProof(written(given))?.scanFinishedAt).toBe(at(-4000));
  });

  test('who lost its database since and holds the scan again is named as it is now', () => {
    const given = { status: { proven: PROOF }, folders: { n2: MADE_ANEW } };
    const found = joinProof(written(given))?.holders.find((each) => each.node === 'n2');
    expect(found).toEqual({ ...holder('n2', MADE_ANEW.sequence), index: MADE_ANEW.index });
  });

  test('an older scan or session takes nothing back', () => {
    const proven = { ...PROOF, sequence: 12, scanStartedAt: at(-1000) };
    expect(joinProof(written({ status: { proven } }))).toBe(proven);
    const later = { ...PROOF, session: 2 };
    expect(joinProof(written({ status: { proven: later } }))).toBe(later);
  });

  test('a sequence that fell is proven anew, when the scan is the later one', () => {
    const proven = { ...PROOF, sequence: 12, scanStartedAt: at(-9000) };
    expect(joinProof(written({ status: { proven } }))).toEqual(PROOF);
  });

  test('never on one half alone, whatever else is reported', () => {
    const anyFolder = fc.record({
      sequence: fc.nat(12),
      needItems: fc.nat(1),
      errors: fc.nat(1),
      receiveOnlyItems: fc.nat(1),
      scanned: fc.boolean(),
      state: fc.constantFrom('idle', 'syncing'),
      knownSequence: fc.nat(12),
      remoteNeedEmpty: fc.boolean(),
    });
    fc.assert(
      fc.property(anyFolder, anyFolder, fc.nat(12), (mine, theirs, sequence) => {
        const one = replica('n1', ALL, {
          status: { folder: folder([], { ...mine, peers: [peer('n2', mine)] }) },
        });
        const two = replica('n2', ALL, {
          status: { folder: folder([], { ...theirs, peers: [peer('n1', theirs)] }) },
        });
        if (!isProven(one, sequence, two)) return;
        expect(mine.sequence >= sequence && mine.remoteNeedEmpty).toBe(true);
        expect(theirs.knownSequence >= sequence && theirs.needItems === 0 && theirs.scanned).toBe(true);
      }),
    );
  });
});

describe('whether enough copies hold the last scan', () => {
  test('the writer does not flush', () => {
    const given = written({ writer: writer({ phase: 'attached' }) });
    expect(decideFlush(given, PROOF)).toEqual({ kind: 'not-flushing' });
  });

  test('one proven copy on another data node is enough', () => {
    expect(decideFlush(written(), PROOF)).toEqual({ kind: 'enough', proof: PROOF });
  });

  test('a scan that was begun before the last unmount is not', () => {
    const given = written({ writer: writer({ scan: { ...SCAN, afterUnmount: false } }) });
    expect(decideFlush(given, PROOF)).toMatchObject({
      kind: 'wait',
      reason: expect.stringContaining('scan'),
    });
  });

  test('a proof of an earlier scan is not', () => {
    expect(decideFlush(written(), { ...PROOF, sequence: 9 }).kind).toBe('wait');
  });

  test('a proof of the very sequence, of the database that the writer lost since, is not', () => {
    const rebuilt = {
      folders: {
        n1: { index: 'another', peers: ALL.slice(1).map((name) => peer(name, { remoteNeedEmpty: false })) },
      },
    };
    const given = { ...rebuilt, status: { proven: PROOF } };
    const seen = written(given);
    const proven = joinProof(seen);
    expect(decideFlush(seen, proven)).toMatchObject({ kind: 'wait' });
    expect(decideFlush(written({ status: { proven: PROOF } }), PROOF)).toMatchObject({ kind: 'enough' });
    const released = written({ ...given, writer: writer({ phase: 'released' }) });
    expect(grantEnd(released)).toMatchObject({ base: { holders: [{ node: 'n1' }] } });
  });

  test('a copy on a client node is not', () => {
    const given = written({ roles: { n2: 'client', n3: 'client' } });
    expect(decideFlush(given, { ...PROOF, holders: [holder('n1'), holder('n2')] })).toMatchObject({
      kind: 'enough',
    });
    const client = written({ roles: { n1: 'client', n2: 'client' } });
    expect(decideFlush(client, { ...PROOF, holders: [holder('n1'), holder('n2')] })).toMatchObject({
      kind: 'wait',
    });
  });

  test("the writer's own copy is, on a data node and after a time", () => {
    const late = { since: at(-defaultHandoffSettings.ownCopyAfterMs) };
    expect(decideFlush(written({ writer: writer(late) }), undefined)).toMatchObject({
      kind: 'enough',
      proof: { holders: [{ node: 'n1' }] },
    });
    expect(decideFlush(written(), undefined)).toMatchObject({ kind: 'wait', recheckAfterMs: 14_000 });
    const client = written({ writer: writer(late), roles: { n1: 'client' } });
    expect(decideFlush(client, undefined)).toMatchObject({
      kind: 'wait',
      reason: expect.stringContaining('n2, n3'),
    });
  });
});

describe('the end of a grant', () => {
  test.each(['attached', 'flushing'] as const)('not while %s, proven or not', (phase) => {
    expect(grantEnd(written({ writer: writer({ phase }), status: { proven: PROOF } }))).toEqual({
      kind: 'goes-on',
    });
  });

  test('released: the base is what was proven', () => {
    const given = written({ writer: writer({ phase: 'released' }), status: { proven: PROOF } });
    expect(grantEnd(given)).toEqual({
      kind: 'handed-off',
      base: { kind: 'handoff', epoch: 2, session: 1, holders: PROOF.holders },
    });
  });

  test('not on the word of a node that was expelled', () => {
    const given = { writer: writer({ phase: 'released' }), status: { proven: PROOF } };
    expect(grantEnd(written({ ...given, nodes: [expelledNode('n1')] }))).toEqual({ kind: 'goes-on' });
    expect(joinProof(written({ nodes: [expelledNode('n1')] }))).toBeUndefined();
  });

  test('released on its own copy alone: nobody else holds it', () => {
    const given = written({
      writer: writer({ phase: 'released' }),
      status: { proven: { ...PROOF, sequence: 3 } },
    });
    expect(grantEnd(given)).toMatchObject({ base: { holders: [{ node: 'n1' }] } });
  });

  test('untouched: no base comes of it', () => {
    const given = writer({ phase: 'untouched', session: 0 });
    expect(grantEnd(written({ writer: without(given, 'scan') }))).toEqual({ kind: 'untouched' });
  });

  test.each([
    ['an earlier epoch', written({ writer: writer({ phase: 'released', epoch: 1 }) })],
    [
      'another disk',
      written({ writer: writer({ phase: 'released' }), nodes: [node('n1', { storeId: 'new' })] }),
    ],
    ['a scan of another session', written({ writer: writer({ phase: 'released', session: 2 }) })],
  ])('not by a report on %s', (_what, given) => {
    expect(grantEnd(given)).toEqual({ kind: 'goes-on' });
  });
});
