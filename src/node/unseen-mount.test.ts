import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { IN_SYNC } from '../../test/builders/folder-status.ts';
import { callOf, createNodeUnderTest, giveGrant, type NodeUnderTest } from '../../test/builders/test-node.ts';
import type { DiskState } from '../handoff/disk-state.ts';
import { MountError } from '../mount/errors.ts';
import type { Completion } from '../syncthing/client.ts';
import type { NodeContext } from './context.ts';
import { makeTreePlain } from './make-tree-plain.ts';
import { nodePublishVolume } from './publish.ts';
import { nodeStageVolume } from './stage.ts';
import { nodeUnpublishVolume } from './unpublish.ts';
import { jobOf } from './volume-jobs.ts';

/** A look that missed the mount of a pod, as a table of mounts that changes while it is read may have it. */
let node: NodeUnderTest;
let volumeId: string;
beforeEach(async () => {
  node = await createNodeUnderTest();
  ({ volumeId } = await giveGrant(node, 1));
});
afterEach(() => node[Symbol.dispose]());

const { signal } = callOf();

function requestFor(pod: string) {
  const mount = { fsType: '', mountFlags: [], volumeMountGroup: '' };
  return {
    volumeId,
    stagingTargetPath: path.join(node.kubeletDir, 'plugins/kubernetes.io/csi/d.test/1234/globalmount'),
    targetPath: path.join(node.kubeletDir, 'pods', pod, 'volumes/kubernetes.io~csi/pv/mount'),
    readonly: false,
    publishContext: {},
    secrets: {},
    volumeContext: {},
    volumeCapability: { mount, accessMode: { mode: 'SINGLE_NODE_MULTI_WRITER' } },
  } as const;
}

async function startPod(pod: string): Promise<DiskState> {
  await nodeStageVolume(node.ctx)(requestFor(pod), callOf());
  await nodePublishVolume(node.ctx)(requestFor(pod), callOf());
  const state = await node.ctx.states.read(volumeId);
  if (state === undefined) throw new Error('there is no copy');
  return state;
}

async function endPod(pod: string): Promise<void> {
  await nodeUnpublishVolume(node.ctx)({ volumeId, targetPath: requestFor(pod).targetPath }, callOf());
}

/** The flush of a node that sees no mount; `meanwhile` happens while Syncthing scans. */
async function flush(state: DiskState, meanwhile: () => Promise<void>): Promise<void> {
  const completion: Completion = {
    needItems: 0,
    needDeletes: 0,
    needBytes: 0,
    globalItems: 0,
    globalBytes: 0,
    remoteState: 'valid',
    sequence: 9,
  };
  const syncthing: NodeContext['syncthing'] = {
    ...node.ctx.syncthing,
    scan: meanwhile,
    systemStatus: async () => ({ myID: '', startTime: '', uptimeSeconds: 1 }),
    folderStatus: async () => IN_SYNC,
    completion: async () => completion,
  };
  const mounter: NodeContext['mounter'] = { ...node.mounter, findMountsOf: async () => [] };
  await jobOf({ ...node.ctx, syncthing, mounter }, state, { kind: 'scan', afterUnmount: true })?.work(signal);
}

function scanNow() {
  return node.ctx.volumes.record(volumeId).scan;
}

test('a scan made by it does not stand for what the pod wrote until it ended', async () => {
  const state = await startPod('a');
  await flush(state, async () => undefined);
  expect(scanNow()).toMatchObject({ session: 2, afterUnmount: true, proves: true });
  await endPod('a');
  expect(scanNow()).toBeUndefined();
  await flush(state, async () => undefined);
  expect(scanNow()).toMatchObject({ session: 2, afterUnmount: true, proves: true });
  // Once more for the same pod: there is nothing new to be scanned.
  await endPod('a');
  expect(scanNow()).toBeDefined();
});

test('nor does one during which the pod ended', async () => {
  const state = await startPod('a');
  await flush(state, () => endPod('a'));
  expect(scanNow()).toBeUndefined();
});

test('nothing is taken from a tree that the next look finds mounted', async () => {
  const state = await startPod('a');
  const { data } = node.ctx.store.layout.volume(volumeId);
  writeFileSync(path.join(data, 'set'), 'x', { mode: 0o4755 });
  const request = { folderId: volumeId, epoch: 1, session: 2, afterUnmount: true, isShared: false };
  expect(await makeTreePlain(node.ctx, request, signal)).toBe(false);
  expect((await node.ctx.states.read(volumeId))?.phase).toEqual(state.phase);
  await endPod('a');
  expect(await makeTreePlain(node.ctx, request, signal)).toBe(true);
});

test.each(['mountAt', 'findMountsOf'] as const)(
  'mounts that cannot be seen (%s) are looked for again by the kubelet',
  async (call) => {
    await nodeStageVolume(node.ctx)(requestFor('a'), callOf());
    const single = {
      ...requestFor('a'),
      volumeCapability: {
        ...requestFor('a').volumeCapability,
        accessMode: { mode: 'SINGLE_NODE_SINGLE_WRITER' },
      },
    } as const;
    const broken = () => Promise.reject(new MountError('failed', 'no table of mounts'));
    const ctx = { ...node.ctx, mounter: { ...node.mounter, [call]: broken } };
    mkdirSync(path.dirname(requestFor('a').targetPath), { recursive: true });
    await expect(nodePublishVolume(ctx)(single, callOf())).rejects.toMatchObject({
      kind: 'unavailable',
      message: expect.stringContaining('no table of mounts'),
    });
  },
);

test('a state.json that cannot be read is told to who describes the pod, and asked for again', async () => {
  const { stateFile } = node.ctx.store.layout.volume(volumeId);
  writeFileSync(stateFile, 'rubbish');
  await expect(nodeStageVolume(node.ctx)(requestFor('a'), callOf())).rejects.toMatchObject({
    kind: 'unavailable',
    message: expect.stringContaining(stateFile),
  });
});
