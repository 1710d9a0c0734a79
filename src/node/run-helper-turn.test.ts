import { existsSync, mkdirSync, renameSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { helpersThatSay } from '../../test/builders/helper-reports.ts';
import { roundSources } from '../../test/builders/round-sources.ts';
import {
  callOf,
  createNodeUnderTest,
  giveGrant,
  giveOrder,
  giveReading,
  giveWriting,
  seedVolume,
  type NodeUnderTest,
} from '../../test/builders/test-node.ts';
import type { NodeView, PassFailure } from '../desired/node-view.ts';
import type { SyncthingNode } from '../desired/node.ts';
import type { SyncthingReplica, SyncthingReplicaSpec } from '../desired/replica.ts';
import type { SyncthingVolume } from '../desired/volume.ts';
import { SYNCTHING_NODES, SYNCTHING_REPLICAS } from '../kubernetes/resource-kind.ts';
import type { Helpers } from './helpers.ts';
import { createHelperTurns } from './run-helper-turn.ts';
import { takeReading } from './take-reading.ts';
import { takeSession, type Session } from './take-session.ts';
import { openWriting } from './take-writing.ts';
import type { VolumeRecord } from './volumes.ts';

const REASON = 'still mounted on this node: end its pods';
const SINCE = '2026-01-02T03:04:05.000Z';

let node: NodeUnderTest;
beforeEach(async () => {
  node = await createNodeUnderTest();
});
afterEach(() => node[Symbol.dispose]());

const { signal } = callOf();

function recordOf({ volumeId }: SyncthingVolume): VolumeRecord {
  return node.ctx.volumes.record(volumeId);
}

/** As the watch and the API server have it; what is given to this node stays given. */
function told(volume: SyncthingVolume, given: Partial<SyncthingReplicaSpec>): SyncthingReplica {
  const record = recordOf(volume);
  if (record.order === undefined) throw new Error('no order was given');
  const { name, spec } = record.order;
  record.order = node.kubernetes.seed(SYNCTHING_REPLICAS, { name, spec: { ...spec, ...given } });
  return record.order;
}

async function toBeRemoved(given: Partial<SyncthingReplicaSpec>): Promise<SyncthingVolume> {
  const volume = seedVolume(node);
  await giveOrder(node, volume);
  told(volume, given);
  return volume;
}

async function deleterTurn(volume: SyncthingVolume, helpers: Helpers): Promise<void> {
  const { order } = recordOf(volume);
  await createHelperTurns(node.ctx, roundSources(order === undefined ? [] : [order]), helpers).run(
    'deleter',
    signal,
  );
}

/** As the deleter does it, once it has seen nothing mounted in its view. */
function moveAway(view: NodeView, { volumeId }: SyncthingVolume): void {
  const { directory } = node.ctx.store.layout.volume(volumeId);
  const isTold = view.replicas.some(({ removalConfirmed }) => removalConfirmed);
  if (isTold && !view.mounted.includes(volumeId)) renameSync(directory, `${directory}.trash`);
}

test('why an order to remove is not carried out is kept until a pass of the deleter has nothing to say', async () => {
  const volume = await toBeRemoved({ removal: 'delete' });
  const { order } = recordOf(volume);
  let failed: readonly PassFailure[] = [{ item: order?.name ?? '', reason: REASON }];
  const report = { changed: 0, more: false, removed: [], tombstonesDone: [], orphans: [] };
  const helpers = helpersThatSay(() => ({ deleter: { ...report, failed } }));
  await deleterTurn(volume, helpers);
  expect(recordOf(volume).unremoved).toBe(REASON);
  failed = [];
  await deleterTurn(volume, helpers);
  expect(recordOf(volume).unremoved).toBeUndefined();
});

interface Right {
  readonly name: string;
  readonly give: () => Promise<SyncthingVolume>;
  readonly take: (folderId: string) => Promise<Session>;
}

const written = { kind: 'handoff', epoch: 1, session: 1, holders: [] } as const;
const rights: readonly Right[] = [
  {
    name: 'alone',
    give: () => giveGrant(node, 2, { status: { base: written } }),
    take: async (folderId) => {
      await takeSession(node.ctx, folderId, signal);
      return takeSession(node.ctx, folderId, signal);
    },
  },
  {
    name: 'to read',
    give: () => giveReading(node, SINCE),
    take: (folderId) => takeReading(node.ctx, folderId, signal),
  },
  {
    name: 'beside others',
    give: () => giveWriting(node, SINCE),
    take: (folderId) => openWriting(node.ctx, folderId, signal),
  },
];

describe.each(rights)('a copy whose order to go was taken back by a right, $name', ({ give, take }) => {
  let volume: SyncthingVolume;
  let data: string;
  beforeEach(async () => {
    volume = await give();
    told(volume, { removal: 'leave' });
    ({ data } = node.ctx.store.layout.volume(volume.volumeId));
    mkdirSync(data, { recursive: true });
  });

  /** As NodeStageVolume does: the mount comes before anybody else has the volume. */
  function mount(): Promise<Session> {
    return node.ctx.mutex.run(volume.volumeId, async () => {
      const session = await take(volume.volumeId);
      const target = path.join(node.kubeletDir, 'staged');
      mkdirSync(target, { recursive: true });
      recordOf(volume).stagingPaths.add(target);
      if (session.kind === 'open')
        await node.ctx.mounter.bind({ source: data, target, readOnly: true }, signal);
      return session;
    });
  }

  test('gets no pod while a pass is about to move it away, and one afterwards', async () => {
    const sessions: Session[] = [];
    await deleterTurn(
      volume,
      helpersThatSay(async () => {
        sessions.push(await mount());
        return {};
      }),
    );
    expect(sessions).toEqual([
      { kind: 'wait', reason: 'the copy on n1 is being removed, or is about to be' },
    ]);
    expect(await mount()).toMatchObject({ kind: 'open' });
  });

  test('stays where a pod was on its way to it when the pass began', async () => {
    const mounting = mount();
    await deleterTurn(
      volume,
      helpersThatSay((view) => {
        moveAway(view, volume);
        return {};
      }),
    );
    expect(await mounting).toMatchObject({ kind: 'open' });
    expect(existsSync(data)).toBe(true);
  });
});

test('what became to be removed while pods were shut out of others is not removed in that pass', async () => {
  const volume = await toBeRemoved({});
  const { order } = recordOf(volume);
  if (order === undefined) throw new Error('no order was given');
  let orders = [order];
  const sources = { ...roundSources([]), replicas: () => orders };
  const shutOut = node.ctx.mutex.run('v-bbbbbbbbbbbbbbbb-0123456789ab', () => {
    orders = [told(volume, { removal: 'delete' })];
    return Promise.resolve();
  });
  const other = { ...order, spec: { ...order.spec, folderId: 'v-bbbbbbbbbbbbbbbb-0123456789ab' } };
  orders = [{ ...other, spec: { ...other.spec, removal: 'delete' } }];
  const views: NodeView[] = [];
  const helpers = helpersThatSay((view) => {
    views.push(view);
    return {};
  });
  const turns = createHelperTurns(node.ctx, sources, helpers);
  await turns.run('deleter', signal);
  await shutOut;
  await turns.run('deleter', signal);
  expect(views.map(({ replicas }) => replicas.map(({ removalConfirmed }) => removalConfirmed))).toEqual([
    [false],
    [true],
  ]);
});

test('a fence that a pass may have taken down does not stand when nothing came of that pass', async () => {
  const orderOf = (fenced: readonly string[]) =>
    node.kubernetes.seed(SYNCTHING_NODES, {
      name: node.ctx.node,
      spec: { fenced, devices: [], tombstones: [] },
    });
  let own: SyncthingNode = { ...orderOf(['n2', 'n3']), generation: 2 };
  const nothing = { changed: 0, more: false, failed: [] };
  const helpers = helpersThatSay(() => ({ introducer: { ...nothing, fenced: ['n2', 'n3'] } }));
  let isBroken = false;
  const turns = createHelperTurns(
    node.ctx,
    { ...roundSources([]), node: () => own },
    { run: (name, view, call) => (isBroken ? Promise.resolve(undefined) : helpers.run(name, view, call)) },
  );
  await turns.run('introducer', signal);
  expect(turns.facts().introducer?.fenced).toEqual(['n2', 'n3']);
  isBroken = true;
  own = { ...orderOf(['n3']), generation: 3 };
  expect(await turns.run('introducer', signal)).toBe('failed');
  own = { ...orderOf(['n2', 'n3']), generation: 4 };
  expect(turns.facts().introducer?.fenced).toEqual(['n3']);
});

describe('what a pass did is nothing of', () => {
  const done = { changed: 1, more: false, failed: [], tombstonesDone: [], orphans: [] };

  async function removedWhile(change: (volume: SyncthingVolume) => void): Promise<boolean> {
    const volume = await toBeRemoved({ removal: 'leave' });
    await deleterTurn(
      volume,
      helpersThatSay(({ replicas }) => {
        change(volume);
        return { deleter: { ...done, removed: replicas.map(({ name }) => name) } };
      }),
    );
    return recordOf(volume).removed;
  }

  test('the order it was given, once that is taken back', async () => {
    expect(await removedWhile(() => undefined)).toBe(true);
    const takenBack = await removedWhile((volume) => {
      const { order } = recordOf(volume);
      if (order === undefined) throw new Error('no order was given');
      const { removal: _, ...spec } = order.spec;
      recordOf(volume).removed = false;
      recordOf(volume).order = { ...order, spec };
    });
    expect(takenBack).toBe(false);
  });

  test('another of the same name', async () => {
    const another = await removedWhile((volume) => {
      const { order } = recordOf(volume);
      if (order !== undefined) recordOf(volume).order = { ...order, uid: 'another' };
    });
    expect(another).toBe(false);
  });
});
