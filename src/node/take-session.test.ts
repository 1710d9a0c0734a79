import { mkdirSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { FILE_VERSION } from '../../test/builders/file-version.ts';
import {
  createNodeUnderTest,
  giveGrant,
  giveOrder,
  NODE,
  type NodeUnderTest,
} from '../../test/builders/test-node.ts';
import { handoffBase } from '../../test/builders/volume-view.ts';
import { begun } from '../desired/plan-scrub.ts';
import { newScrubRecord } from '../desired/scrub.ts';
import type { DiskPhase } from '../handoff/disk-state.ts';
import type { FileEntry, Completion } from '../syncthing/client.ts';
import type { NodeContext } from './context.ts';
import { takeSession, type Session } from './take-session.ts';

const signal = AbortSignal.timeout(10_000);

let node: NodeUnderTest;
beforeEach(async () => {
  node = await createNodeUnderTest();
});
afterEach(() => node[Symbol.dispose]());

const ELSEWHERE: FileEntry = { local: FILE_VERSION, global: FILE_VERSION, availability: ['DEVICE-n2'] };
const NOWHERE: FileEntry = { ...ELSEWHERE, availability: [] };
/** Taken back, and not fetched yet. */
const NEEDED: FileEntry = { ...ELSEWHERE, global: { ...FILE_VERSION, version: ['OTHER:2'] } };

interface Given {
  /** What Syncthing has of names that it takes for changed. */
  readonly changed?: Readonly<Record<string, FileEntry>>;
  /** And of names that it does not. */
  readonly unchanged?: Readonly<Record<string, FileEntry>>;
  /** Holders of the base beside this node. */
  readonly others?: readonly string[];
  /** Nodes with whom it is shared. */
  readonly peers?: readonly string[];
  readonly connected?: readonly string[];
  /** When Syncthing is asked for the first time; as later unless given. */
  readonly connectedAtFirst?: readonly string[];
  /** What the peers say of sharing it. */
  readonly remoteState?: Completion['remoteState'];
  /** How far the peers' indexes are known. */
  readonly known?: number;
  readonly phase?: DiskPhase;
}

interface Outcome {
  readonly session: Session;
  readonly scanned: readonly (readonly string[] | undefined)[];
}

/** What becomes of a session on a copy whose file `data/a` a scrub marked. */
async function take(given: Given): Promise<Outcome> {
  const { changed = {}, unchanged = {}, others = [], peers = ['n2'] } = given;
  const { storeId } = node.ctx.store;
  const holders = [...handoffBase(others).holders, { node: NODE, storeId, sequence: 1 }];
  const volume = await giveGrant(node, 2, { status: { base: handoffBase([], { holders }) } });
  const folderId = volume.volumeId;
  const shared = peers.map((peer) => ({ node: peer, deviceId: `DEVICE-${peer}` }));
  await giveOrder(node, volume, {
    peers: shared,
    ...(volume.status.grant && { grant: volume.status.grant }),
  });
  mkdirSync(node.ctx.store.layout.volume(folderId).data);
  await mark(folderId);
  const state = await node.ctx.states.read(folderId);
  if (state !== undefined && given.phase !== undefined)
    await node.ctx.states.write({ ...state, highestEpoch: 2, phase: given.phase });
  const scanned: (readonly string[] | undefined)[] = [];
  const syncthing: NodeContext['syncthing'] = {
    ...node.ctx.syncthing,
    ...peersOf(given, peers),
    scan: async (_, { sub }) => void scanned.push(sub),
    localChanged: async () => Object.keys(changed),
    file: async (_, name) => changed[name] ?? unchanged[name],
  };
  const ctx = { ...node.ctx, syncthing };
  const first = await takeSession(ctx, folderId, signal);
  const hasBegun = (await node.ctx.states.read(folderId))?.phase.kind === 'taking';
  return { session: hasBegun ? await takeSession(ctx, folderId, signal) : first, scanned };
}

/** What Syncthing says of the others, each time that it is asked. */
function peersOf(given: Given, peers: readonly string[]) {
  const { connected = peers, connectedAtFirst = connected, known = 7, remoteState = 'valid' } = given;
  const answers = [connectedAtFirst];
  return {
    connections: async () => {
      const there = answers.shift() ?? connected;
      return new Map(there.map((peer) => [`DEVICE-${peer}`, CONNECTION]));
    },
    completion: async () => ({ ...COMPLETION, remoteState, sequence: known }),
  };
}

const CONNECTION = { connected: true, paused: false, address: '', clientVersion: '' };
const COMPLETION = {
  needItems: 0,
  needDeletes: 0,
  needBytes: 0,
  globalItems: 0,
  globalBytes: 0,
} as const;

test('a folder that is a writer’s in memory alone, since it cannot be saved, opens no session', async () => {
  const { volumeId } = await giveGrant(node, 2, { status: { base: handoffBase([NODE]) } });
  mkdirSync(node.ctx.store.layout.volume(volumeId).data);
  let isFull = true;
  const configSettled = async (): Promise<void> => {
    if (isFull) throw new Error('no space left on device');
  };
  const ctx = { ...node.ctx, syncthing: { ...node.ctx.syncthing, configSettled } };
  const state = await ctx.states.read(volumeId);
  if (state === undefined) throw new Error('there is no copy');
  await ctx.states.write({ ...state, highestEpoch: 2, phase: { kind: 'taking', epoch: 2 } });
  ctx.volumes.record(volumeId).refused = 'no space left on device';
  await expect(takeSession(ctx, volumeId, signal)).rejects.toThrow('no space left');
  isFull = false;
  expect(await takeSession(ctx, volumeId, signal)).toMatchObject({ kind: 'open' });
});

async function mark(folderId: string): Promise<void> {
  const { run, ...record } = begun(newScrubRecord(0), 0);
  const unknown = { reason: '', blocksHash: '', modifiedBy: 'OTHER', changedAt: '' };
  const repairing = [{ name: 'data/a', kind: 'differs', ...unknown }] as const;
  if (run !== undefined) await node.ctx.scrubs.write(folderId, { ...record, run: { ...run, repairing } });
}

describe('after a scrub marked a file a session begins', () => {
  test.each<[string, Given]>([
    ['where it is right again', { unchanged: { 'data/a': ELSEWHERE }, others: ['n2'] }],
    ['where it is gone', { others: ['n2'] }],
    [
      'where something else is changed',
      { changed: { 'data/b': ELSEWHERE }, unchanged: { 'data/a': ELSEWHERE }, others: ['n2'] },
    ],
    ['on the only holder where nobody has it', { changed: { 'data/a': NOWHERE } }],
    ['on the only holder that shares with nobody', { changed: { 'data/a': NOWHERE }, peers: [] }],
  ])('%s', async (_, given) => {
    const { session, scanned } = await take(given);
    expect(session.kind).toBe('open');
    const isElsewhere = (given.others ?? []).length > 0;
    expect(scanned).toEqual([['data/a'], ...(isElsewhere ? [undefined] : [])]);
  });
});

describe('after a scrub marked a file a session waits', () => {
  const AWAY = 'who may have it is not connected: bring back n2';
  const COMES = 'n1 fetches data/a again';
  test.each<[string, Given, string]>([
    ['where another holder has it', { changed: { 'data/a': ELSEWHERE }, others: ['n2'] }, COMES],
    ['where it was taken back and did not come yet', { unchanged: { 'data/a': NEEDED } }, COMES],
    ['where the other holder is away', { changed: { 'data/a': NOWHERE }, others: ['n2'] }, AWAY],
    ['on the only holder, where another copy has it', { changed: { 'data/a': ELSEWHERE } }, COMES],
    [
      'on the only holder, also where more is changed',
      { changed: { 'data/a': ELSEWHERE, 'data/b': ELSEWHERE } },
      COMES,
    ],
    [
      'on the only holder, where another copy is away',
      { changed: { 'data/a': NOWHERE }, connected: [] },
      AWAY,
    ],
    [
      'on the only holder, where another copy says nothing yet',
      { changed: { 'data/a': NOWHERE }, known: 0 },
      AWAY,
    ],
    [
      'on the only holder, where another copy did not say yet that it shares it',
      { changed: { 'data/a': NOWHERE }, remoteState: 'unknown' },
      AWAY,
    ],
    [
      'on the only holder, where another copy came while it was looked for the file',
      { changed: { 'data/a': NOWHERE }, connectedAtFirst: [] },
      AWAY,
    ],
  ])('%s', async (_, given, reason) => {
    const { session } = await take(given);
    expect(session).toEqual({ kind: 'wait', reason: expect.stringContaining(reason) });
  });
});

// Handoff rule 12: a node that restarts in the epoch that it writes in waits for nothing.
test('in the epoch that this node writes in nothing is looked at', async () => {
  const phase = { kind: 'writer', epoch: 2, session: 1 } as const;
  const { session, scanned } = await take({ changed: { 'data/a': ELSEWHERE }, others: ['n2'], phase });
  expect(session.kind).toBe('open');
  expect(scanned).toEqual([]);
});
