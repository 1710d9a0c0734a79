import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { anyVolumeWorld } from '../../test/builders/arbitrary-volume-view.ts';
import {
  asks,
  asksToRead,
  at,
  clusterNode,
  EMPTY_BASE,
  folder,
  grantTo,
  handoffBase,
  node,
  NOW,
  peer,
  readerOn,
  replica,
  SILENT,
  storeOf,
  view,
  volume,
  type ViewGiven,
} from '../../test/builders/volume-view.ts';
import type { SyncthingReplicaStatus } from '../desired/replica.ts';
import type { Reader, SyncthingVolumeSpec, SyncthingVolumeStatus } from '../desired/volume.ts';
import { decideGrant } from './grant.ts';
import { currentReaders, lostReaders, nextReader } from './readers.ts';
import { withRights } from './rights.ts';
import { defaultHandoffSettings } from './settings.ts';
import type { VolumeView } from './view.ts';

const ALL = ['n1', 'n2', 'n3'];
const BASE = handoffBase(['n1', 'n2']);
const SINCE = at(-60_000);

interface Given extends Partial<ViewGiven> {
  readonly spec?: Partial<SyncthingVolumeSpec>;
  readonly status?: Partial<SyncthingVolumeStatus>;
  readonly reports?: Readonly<Record<string, Partial<SyncthingReplicaStatus>>>;
}

/** Held by n1 and n2, all in sync, nobody writes. */
function detached({ spec = {}, status, reports = {}, ...given }: Given = {}) {
  const replicas = ALL.map((name) => replica(name, ALL, { status: reports[name] ?? {} }));
  return view({ volume: volume({ spec, status: { epoch: 1, base: BASE, ...status } }), replicas, ...given });
}

function readBy(...names: readonly string[]): Partial<SyncthingVolumeStatus> {
  return { readers: names.map((name) => readerOn(name)) };
}

describe('who may read', () => {
  test('all who ask and are covered, together', () => {
    const nodes = ALL.map((name) => node(name, asksToRead(BASE)));
    expect(decideGrant(detached({ nodes }))).toEqual({
      kind: 'admit',
      readers: ALL.map((name) => readerOn(name, at(0))),
    });
  });

  test('beside those who read already, who are not asked again', () => {
    const nodes = [node('n1', asksToRead(BASE)), node('n2', asksToRead(BASE))];
    expect(decideGrant(detached({ nodes, status: readBy('n1', 'n3') }))).toEqual({
      kind: 'admit',
      readers: [readerOn('n2', at(0))],
    });
    expect(decideGrant(detached({ nodes, status: readBy('n1', 'n2') }))).toEqual({ kind: 'nobody-asks' });
  });

  test('a node with another disk than the one that reads is another reader', () => {
    const status = { readers: [{ ...readerOn('n1'), storeId: 'old' }] };
    expect(decideGrant(detached({ nodes: [node('n1', asksToRead(BASE))], status })).kind).toBe('admit');
  });

  const refused: readonly (readonly [string, Given, RegExp])[] = [
    ['somebody writes', { status: { epoch: 2, grant: grantTo('n2', 2) } }, /node n2 holds the volume since/],
    [
      'nothing was ever written',
      { status: { epoch: 0, base: EMPTY_BASE } },
      /there is nothing to read: let a pod write/,
    ],
    ['the volume is deleted', { spec: { deletion: { requestedAt: at(0) } } }, /is being deleted/],
    ['the copy is not there yet', { replicas: [replica('n2', ALL)] }, /n1 has no copy yet/],
    ['the copy lacks something', { reports: { n1: { storeId: 'new' } } }, /has not reported its copy yet/],
    [
      'the copy is leaving',
      { status: { leaving: { node: 'n1', storeId: storeOf('n1') } } },
      /is being removed/,
    ],
    [
      'something is mounted there from before',
      { reports: { n1: { mounts: ['/pods/a'] } } },
      /StillMounted: \/pods\/a/,
    ],
    ['it asked for an older base', { nodes: [node('n1', asksToRead(EMPTY_BASE))] }, /latest state/],
    ['an API server was restored', { reports: { n2: { highestEpoch: 9 } } }, /older than the data/],
  ];

  test.each(refused)('not while %s', (_what, given, reason) => {
    const nodes = [node('n1', asksToRead(given.status?.base ?? BASE))];
    expect(decideGrant(detached({ nodes, ...given }))).toEqual({
      kind: 'wait',
      waiting: [{ node: 'n1', reason: expect.stringMatching(reason) }],
    });
  });

  test('a copy that is not covered waits for the holder', () => {
    const catching = replica('n3', ALL, { status: { folder: folder(['n1'], { needItems: 1 }) } });
    const replicas = [replica('n1', ALL), replica('n2', ALL), catching];
    const decision = decideGrant(detached({ replicas, nodes: [node('n3', asksToRead(BASE))] }));
    expect(decision).toMatchObject({
      kind: 'wait',
      waiting: [{ reason: expect.stringContaining('n3 is catching up') }],
    });
  });

  test('a writer waits for every reader, and is told whom for', () => {
    const nodes = [node('n3', asks(BASE))];
    expect(decideGrant(detached({ nodes, status: readBy('n1', 'n2') }))).toEqual({
      kind: 'wait',
      waiting: [{ node: 'n3', reason: expect.stringContaining('is read on n1, n2') }],
    });
  });

  test("a reader's own node waits like others when it wants to write, and the writer's when it wants to read", () => {
    const writes = detached({ nodes: [node('n1', asks(BASE))], status: readBy('n1') });
    expect(decideGrant(writes)).toMatchObject({ kind: 'wait', waiting: [{ node: 'n1' }] });
    const reads = detached({
      nodes: [node('n2', asksToRead(BASE))],
      status: { epoch: 2, grant: grantTo('n2', 2) },
    });
    expect(decideGrant(reads)).toMatchObject({ kind: 'wait', waiting: [{ node: 'n2' }] });
  });

  test('of those who come to a free volume the first decides; then readers go before a writer that waits', () => {
    const early = at(-9000);
    const late = at(-100);
    const writerFirst = [node('n1', asks(BASE, early)), node('n2', asksToRead(BASE, late))];
    expect(decideGrant(detached({ nodes: writerFirst }))).toMatchObject({
      kind: 'give',
      grant: { node: 'n1' },
    });
    const readerFirst = [node('n1', asks(BASE, late)), node('n2', asksToRead(BASE, early))];
    expect(decideGrant(detached({ nodes: readerFirst }))).toMatchObject({
      kind: 'admit',
      readers: [{ node: 'n2' }],
    });
    expect(decideGrant(detached({ nodes: writerFirst, status: readBy('n3') }))).toMatchObject({
      kind: 'admit',
      readers: [{ node: 'n2' }],
    });
  });
});

describe('a reader is one until', () => {
  function left(given: Given): readonly string[] {
    return currentReaders(detached({ status: readBy('n1', 'n2'), ...given })).map((reader) => reader.node);
  }

  test.each([
    ['nothing happens', {}, ['n1', 'n2']],
    [
      'its node reports that it reads',
      { reports: { n1: { reader: { since: SINCE, phase: 'reading' } } } },
      ['n1', 'n2'],
    ],
    ['its node reports the end', { reports: { n1: { reader: { since: SINCE, phase: 'ended' } } } }, ['n2']],
    [
      'the end of an earlier one is no end',
      { reports: { n1: { reader: { since: at(-70_000), phase: 'ended' } } } },
      ['n1', 'n2'],
    ],
    [
      'a later one was given before the API server was restored',
      { reports: { n1: { reader: { since: at(-50_000), phase: 'reading' } } } },
      ['n2'],
    ],
    [
      'the end is of another disk',
      { reports: { n1: { storeId: 'old', reader: { since: SINCE, phase: 'ended' } } } },
      ['n1', 'n2'],
    ],
    ['its node has another disk', { nodes: [node('n1', { storeId: 'new' })] }, ['n2']],
    ['its node is silent', { nodes: [node('n1', SILENT)] }, ['n1', 'n2']],
    ['its node is out of service', { clusterNodes: [clusterNode('n1', { outOfService: true })] }, ['n2']],
  ] as const)('%s', (_what, given, readers) => {
    expect(left(given)).toEqual(readers);
  });

  test('its node has been silent for long, where that is enough, and no copy sees it', () => {
    const heartbeat = at(-defaultHandoffSettings.failoverAfterMs);
    const silent = { spec: { failover: 'automatic' as const }, nodes: [node('n1', { heartbeat })] };
    expect(left(silent)).toEqual(['n1', 'n2']);
    const away = { folder: folder([], { peers: [peer('n1', { connected: false })] }) };
    const reports = { n2: away, n3: away };
    expect(left({ ...silent, reports })).toEqual(['n2']);
    expect(left({ nodes: silent.nodes, reports })).toEqual(['n1', 'n2']);
  });

  test('nobody is lost in a volume that goes', () => {
    const gone = { status: readBy('n1'), clusterNodes: [clusterNode('n1', { outOfService: true })] };
    expect(lostReaders(detached(gone))).toHaveLength(1);
    expect(lostReaders(detached({ ...gone, spec: { deletion: { requestedAt: at(0) } } }))).toEqual([]);
  });
});

describe('a new right to read', () => {
  test.each([
    ['is given now', undefined, at(0)],
    ['is later than the last of the copy', at(-1), at(0)],
    ['is later also where the clock was set back', at(90_000), at(90_001)],
  ])('%s', (_what, before, since) => {
    const reports =
      before === undefined ? {} : { n1: { reader: { since: before, phase: 'ended' as const } } };
    expect(nextReader(detached({ reports }), node('n1'))).toEqual(readerOn('n1', since));
  });

  test('takes the place of the one that the node had', () => {
    const coming = [readerOn('n2', at(0)), readerOn('n1', at(0))];
    expect(withRights([readerOn('n3'), readerOn('n2')], coming)).toEqual([
      readerOn('n1', at(0)),
      readerOn('n2', at(0)),
      readerOn('n3'),
    ]);
  });
});

describe('whatever the view', () => {
  test('nobody is given a volume that is read to write, or one that is written to read', () => {
    fc.assert(
      fc.property(anyVolumeWorld, ({ view: seen }) => {
        const { grant, readers } = seen.volume.status;
        const decision = decideGrant(seen);
        if (decision.kind === 'give') expect([grant, readers]).toEqual([undefined, []]);
        if (decision.kind !== 'admit') return;
        expect(grant).toBeUndefined();
        for (const reader of decision.readers) {
          const before = seen.replicas.get(reader.node)?.status;
          expect(reader.storeId).toBe(before?.storeId);
          expect(Date.parse(reader.since)).toBeGreaterThan(Date.parse(before?.reader?.since ?? at(-NOW)));
        }
      }),
      { numRuns: 500 },
    );
  });

  /** Its node has told of the end of it, or of a later one; its disk or its node is gone. */
  function isNodeGone({ nodes, clusterNodes }: VolumeView, name: string): boolean {
    return clusterNodes.get(name)?.outOfService === true || nodes.get(name)?.spec.expelled === true;
  }
  function mayGo(seen: VolumeView, { node: name, storeId }: Reader): boolean {
    const status = seen.replicas.get(name)?.status;
    if (status?.storeId === storeId && status.reader !== undefined) return true;
    return seen.nodes.get(name)?.status?.storeId !== storeId || isNodeGone(seen, name);
  }

  test('a reader that is let go has said so, or its disk or its node is gone', () => {
    fc.assert(
      fc.property(anyVolumeWorld, ({ view: seen }) => {
        const left = currentReaders(seen);
        const gone = seen.volume.status.readers.filter((reader) => !left.includes(reader));
        for (const reader of gone) expect(mayGo(seen, reader)).toBe(true);
        for (const reader of lostReaders(seen)) expect(isNodeGone(seen, reader.node)).toBe(true);
      }),
      { numRuns: 500 },
    );
  });
});
