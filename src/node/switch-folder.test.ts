import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import {
  createNodeUnderTest,
  giveGrant,
  giveOrder,
  type NodeUnderTest,
} from '../../test/builders/test-node.ts';
import { handoffBase } from '../../test/builders/volume-view.ts';
import type { DiskState } from '../handoff/disk-state.ts';
import { FakeSyncthingNetwork } from '../syncthing/fake/fake-network.ts';
import type { FakeSyncthing, Misbehaviour } from '../syncthing/fake/fake-syncthing.ts';
import { folderConfig } from '../syncthing/folder-config.ts';
import type { NodeContext } from './context.ts';
import { ALL_FOLDERS, switchFolder } from './switch-folder.ts';

const signal = AbortSignal.timeout(30_000);
/** The daemon looks through the folder, and answers no other scan before that has ended. */
const SCANNING: Misbehaviour = { kind: 'hang', match: /^POST \/rest\/db\/scan/ };

let node: NodeUnderTest;
let network: FakeSyncthingNetwork;
let syncthing: FakeSyncthing;
let ctx: NodeContext;
let state: DiskState;
beforeEach(async () => {
  node = await createNodeUnderTest();
  network = new FakeSyncthingNetwork();
  syncthing = await network.add('one', path.join(node.kubeletDir, 'syncthing'));
  ctx = { ...node.ctx, syncthing: syncthing.client };
  // Another store holds the base, so that what counts as changed here may be nobody's work.
  const volume = await giveGrant(node, 2, { status: { base: handoffBase(['n2']) } });
  const { volumeId: folderId } = volume;
  await giveOrder(node, volume, { ...(volume.status.grant && { grant: volume.status.grant }) });
  const { syncRoot } = node.ctx.store.layout.volume(folderId);
  syncthing.putFolders([
    folderConfig({ folderId, label: 'label', path: syncRoot, type: 'receiveonly', peers: [] }),
  ]);
  const before = await ctx.states.read(folderId);
  if (before === undefined) throw new Error('no copy');
  state = { ...before, highestEpoch: 2, phase: { kind: 'taking', epoch: 2 } };
  await ctx.states.write(state);
});
afterEach(async () => {
  await network[Symbol.asyncDispose]();
  node[Symbol.dispose]();
});

function found() {
  const { folderId } = state;
  return {
    type: syncthing.folders.get(folderId)?.config.type,
    refused: ctx.volumes.record(folderId).refused,
  };
}

test('the folder of a copy that took its grant gets the type of a writer', async () => {
  await switchFolder(ctx, state, signal);
  expect(found()).toEqual({ type: 'sendonly', refused: undefined });
});

test('it is the order of its own turn that is carried out', async () => {
  const record = ctx.volumes.record(state.folderId);
  const { order } = record;
  if (order === undefined) throw new Error('no order was given');
  const { grant: _, ...spec } = order.spec;
  const turn = Promise.withResolvers<void>();
  const before = ctx.mutex.run(ALL_FOLDERS, () => turn.promise);
  const switching = switchFolder(ctx, state, signal);
  record.order = { ...order, generation: 2, spec };
  turn.resolve();
  await before;
  await switching;
  expect(found().type).toBe('receiveonly');
});

test('a change that could not be saved is doubted, and a round asked for, also when the call is over', async () => {
  const asked: string[] = [];
  const wake = { ...ctx.wake, round: (reason: string) => void asked.push(reason) };
  const putFolders = () => Promise.reject(new Error('no space left on device'));
  const full = { ...ctx, wake, syncthing: { ...ctx.syncthing, putFolders } };
  await switchFolder(full, state, signal);
  expect(found().refused).toBe('no space left on device');
  await expect(switchFolder(full, state, AbortSignal.abort(new Error('over')))).rejects.toThrow();
  expect(asked).toEqual(['folders', 'folders']);
});

// The lock is that of all folders: half an hour of one volume's scan must not be that of every pod of the node.
test('during a long scan others come to change their folders, and the pod is told', async () => {
  syncthing.misbehaviours.add(SCANNING);
  const begun = performance.now();
  const switching = switchFolder(ctx, state, signal);
  await ctx.mutex.run(ALL_FOLDERS, async () => undefined);
  expect(performance.now() - begun).toBeLessThan(5_000);
  await switching;
  expect(found()).toEqual({
    type: 'receiveonly',
    refused: expect.stringContaining('Syncthing still looks through the folder'),
  });
  syncthing.misbehaviours.delete(SCANNING);
  await switchFolder(ctx, state, signal);
  expect(found()).toEqual({ type: 'sendonly', refused: undefined });
});
