import { describe, expect, test } from 'vitest';
import { ALL, sharedView as shared, type SharedGiven as Given } from '../../test/builders/shared-view.ts';
import {
  asks,
  asksToRead,
  at,
  clusterNode,
  EMPTY_BASE,
  expelledNode,
  folder,
  node,
  peer,
  readerOn,
  sharedBase,
  SILENT,
  storeOf,
  writerOn,
  writes,
} from '../../test/builders/volume-view.ts';
import type { SyncthingReplicaStatus } from '../desired/replica.ts';
import { coverageOf } from './coverage.ts';
import { decideGrant } from './grant.ts';
import { decideSharedFlush } from './shared-flush.ts';
import { currentWriters, lostWriters, nextWriter } from './writers.ts';

function coverage(given: Given, name = 'n3') {
  const seen = shared(given);
  const copy = seen.replicas.get(name);
  if (copy === undefined) throw new Error(`no copy on ${name}`);
  return coverageOf(seen, copy);
}

/** n3 lacks something that this node has. */
function ahead(of: string): Partial<SyncthingReplicaStatus> {
  const others = ALL.filter((name) => name !== of);
  return {
    folder: folder([], { peers: others.map((name) => peer(name, { remoteNeedEmpty: name !== 'n3' })) }),
  };
}

describe('what the next writer may start from', () => {
  test.each([
    ['by each that answers', {}, { kind: 'covered', by: 'n1' }],
    ['not by one alone', { reports: { n2: ahead('n2') } }, { kind: 'uncovered', blocked: false }],
    [
      'also where the other does not answer',
      { reports: { n2: ahead('n2') }, nodes: [node('n2', SILENT)] },
      { kind: 'covered', by: 'n1' },
    ],
    [
      'not where none of them answers',
      { nodes: [node('n1', SILENT), node('n2', SILENT)] },
      { kind: 'uncovered', blocked: true },
    ],
    [
      'not by one that never had all',
      { status: { base: sharedBase(['n1']) }, nodes: [node('n1', SILENT)] },
      { kind: 'uncovered', blocked: true },
    ],
    [
      'nor by one whose files were changed alone',
      { reports: { n2: { folder: folder(ALL, { receiveOnlyItems: 1 }) } }, nodes: [node('n1', SILENT)] },
      { kind: 'uncovered' },
    ],
    [
      'of one whose files were changed all the same',
      {
        reports: {
          n2: { folder: { ...folder(ALL, { receiveOnlyItems: 1 }), peers: ahead('n2').folder?.peers ?? [] } },
        },
      },
      { kind: 'uncovered', blocked: false },
    ],
    [
      'whoever is in error is not waited for',
      { reports: { n2: { folder: { ...folder([]), errors: 1 } } } },
      { kind: 'covered', by: 'n1' },
    ],
    [
      'anything, while nobody has left anything',
      { status: { base: EMPTY_BASE } },
      { kind: 'covered', by: 'n3' },
    ],
    [
      'but beside what is there',
      { status: { base: EMPTY_BASE }, reports: { n1: ahead('n1') } },
      { kind: 'uncovered', blocked: false },
    ],
  ] as const)('%s', (_what, given, expected) => {
    expect(coverage(given)).toMatchObject(expected);
  });

  test('a data node is covered by itself where nobody else answers, if it had all once', () => {
    const nodes = [node('n2', SILENT), node('n3', SILENT)];
    expect(coverage({ nodes }, 'n1')).toEqual({ kind: 'covered', by: 'n1' });
    expect(coverage({ nodes: [node('n1', SILENT), node('n2', SILENT)] }, 'n3')).toMatchObject({
      blocked: true,
    });
  });
});

describe('who is given a volume that many write', () => {
  test('all who ask and are covered, to write and to read, beside those who have it', () => {
    const nodes = [node('n1', asks()), node('n2', asksToRead()), node('n3', asks())];
    expect(decideGrant(shared({ nodes, status: { writers: [writerOn('n1')] } }))).toEqual({
      kind: 'share',
      writers: [writerOn('n3', at(0))],
      readers: [readerOn('n2', at(0))],
    });
  });

  test.each([
    ['one that has it', { status: { writers: [writerOn('n3')] } }, { kind: 'nobody-asks' }],
    ['one that is not covered', { reports: { n1: ahead('n1') } }, { kind: 'wait' }],
    ['anybody, where the volume is to go', { spec: { deletion: { requestedAt: at(0) } } }, { kind: 'wait' }],
    ['one that is lost', { clusterNodes: [clusterNode('n3', { outOfService: true })] }, { kind: 'wait' }],
  ] as const)('not %s', (_what, given, expected) => {
    expect(decideGrant(shared({ nodes: [node('n3', asks())], ...given }))).toMatchObject(expected);
  });

  test('its right is later than any that the copy had', () => {
    const reports = { n3: { writer: writes({ right: at(7_000), phase: 'released' }) } };
    expect(nextWriter(shared({ reports }), node('n3')).since).toBe(at(7_001));
  });
});

describe('until when a writer is one', () => {
  const status = { writers: [writerOn('n1'), writerOn('n2')] };
  const both = ['n1', 'n2'];

  test.each([
    ['while it writes', { n1: { writer: writes() } }, both],
    ['while it flushes', { n1: { writer: writes({ phase: 'flushing' }) } }, both],
    ['before it reported', {}, both],
    ['not when it has ended', { n1: { writer: writes({ phase: 'released' }) } }, ['n2']],
    ['not when nobody came', { n1: { writer: writes({ phase: 'untouched' }) } }, ['n2']],
    [
      'still, when an earlier one has ended',
      { n1: { writer: writes({ right: at(-70_000), phase: 'released' }) } },
      both,
    ],
    [
      'still, on the word of another disk',
      { n1: { storeId: 'old', writer: writes({ phase: 'released' }) } },
      both,
    ],
  ] as const)('%s', (_what, reports, expected) => {
    expect(currentWriters(shared({ status, reports })).map((each) => each.node)).toEqual(expected);
  });

  test('not when its node or its disk is lost, and the node is to be confirmed', () => {
    const clusterNodes = [clusterNode('n1', { outOfService: true })];
    const reports = { n1: { writer: writes() } };
    const seen = shared({ status, reports, clusterNodes });
    expect(currentWriters(seen)).toEqual([writerOn('n2')]);
    expect(lostWriters(seen)).toEqual([writerOn('n1')]);
    const other = shared({ status, nodes: [node('n1', { storeId: 'new' })] });
    expect([currentWriters(other), lostWriters(other)]).toEqual([[writerOn('n2')], []]);
  });

  test('not when a person expelled its node, though it goes on reporting; again when that is taken back', () => {
    const reports = { n1: { writer: writes() } };
    const seen = shared({ status, reports, nodes: [expelledNode('n1')] });
    expect(currentWriters(seen)).toEqual([writerOn('n2')]);
    expect(lostWriters(seen)).toEqual([writerOn('n1')]);
    const dropped = { writers: [writerOn('n2')] };
    expect(currentWriters(shared({ status: dropped, reports, nodes: [expelledNode('n1')] }))).toEqual([
      writerOn('n2'),
    ]);
    expect(currentWriters(shared({ status: dropped, reports }))).toEqual(both.map((name) => writerOn(name)));
  });

  test('again, when it comes back with a session that has not ended', () => {
    const reports = { n1: { writer: writes({ phase: 'flushing' }) } };
    const dropped = { writers: [writerOn('n2')] };
    expect(currentWriters(shared({ status: dropped, reports }))).toEqual([writerOn('n1'), writerOn('n2')]);
    const nodes = [node('n1', SILENT)];
    expect(currentWriters(shared({ status: dropped, reports, nodes }))).toEqual([writerOn('n2')]);
  });

  test('silence alone drops it only with failover: automatic, and only once', () => {
    const nodes = [node('n1', { heartbeat: at(-600_000) })];
    const peers = { folder: folder(ALL, { peers: [peer('n1', { connected: false })] }) };
    const reports = { n1: { writer: writes() }, n2: peers, n3: peers };
    expect(currentWriters(shared({ status, reports, nodes }))).toHaveLength(2);
    const automatic = shared({ status, reports, nodes, spec: { failover: 'automatic' } });
    expect(currentWriters(automatic)).toEqual([writerOn('n2')]);
    const after = shared({
      status: { writers: [writerOn('n2')] },
      reports,
      nodes,
      spec: { failover: 'automatic' },
    });
    expect(currentWriters(after)).toEqual([writerOn('n2')]);
  });
});

describe('the end of a session', () => {
  function decision(given: Given, report = writes({ phase: 'flushing' }), own = {}) {
    const reports = {
      n3: { writer: report, folder: folder(ALL, { type: 'sendreceive', ...own }) },
      ...given.reports,
    };
    const seen = shared({ ...given, reports });
    const copy = seen.replicas.get('n3');
    return copy === undefined ? undefined : decideSharedFlush(seen, copy);
  }

  test.each([
    ['when a data node holds it', {}, 'enough'],
    ['when one of them does', { nodes: [node('n1', SILENT)] }, 'enough'],
    ['not when none answers', { clients: ['n3'], nodes: [node('n1', SILENT), node('n2', SILENT)] }, 'wait'],
    [
      'not on the word of one side alone',
      { reports: { n1: { folder: folder(ALL, { needItems: 1 }) }, n2: { folder: folder(['n1']) } } },
      'wait',
    ],
    ['not by a client', { clients: ['n1', 'n2', 'n3'] }, 'wait'],
    [
      'not by a disk that was replaced',
      { nodes: [node('n1', { storeId: 'new' }), node('n2', SILENT)] },
      'wait',
    ],
  ] as const)('%s', (_what, given, kind) => {
    expect(decision(given)?.kind).toBe(kind);
  });

  test.each([
    ['something is to come, which may win over what it wrote', { needItems: 1 }],
    ['something came in since the scan', { sequence: 11 }],
    ['its folder is not idle', { state: 'syncing' }],
    ['files are in error', { errors: 1 }],
  ])('not where %s', (_what, own) => {
    expect(decision({}, writes({ phase: 'flushing' }), own)?.kind).toBe('wait');
  });

  test.each([
    ['attached', 'not-flushing'],
    ['released', 'not-flushing'],
  ] as const)('nothing to decide while %s', (phase, kind) => {
    expect(decision({}, writes({ phase }))?.kind).toBe(kind);
  });

  test('not with a scan from before the last unmount, or of an earlier session', () => {
    expect(decision({}, writes({ phase: 'flushing' }, { afterUnmount: false }))?.kind).toBe('wait');
    expect(decision({}, writes({ phase: 'flushing', session: 2 }, { session: 1 }))?.kind).toBe('wait');
  });

  test("a data node's own copy is enough after a while, a client's never", () => {
    const off = { nodes: [node('n1', SILENT), node('n2', SILENT)] };
    const long = writes({ phase: 'flushing', since: at(-20_000) });
    expect(decision(off)).toMatchObject({ kind: 'wait', recheckAfterMs: 15_000 });
    expect(decision(off, long)?.kind).toBe('enough');
    expect(decision({ ...off, clients: ['n3'] }, long)).toMatchObject({ kind: 'wait' });
  });
});

test('a right is of the disk that the node has', () => {
  expect(nextWriter(shared(), node('n3'))).toEqual({ node: 'n3', storeId: storeOf('n3'), since: at(0) });
});
