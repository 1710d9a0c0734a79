import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  callOf,
  createNodeUnderTest,
  giveGrant,
  giveReading,
  NODE,
  seedVolume,
  type NodeUnderTest,
  patient,
} from '../../test/builders/test-node.ts';
import { endReading } from '../handoff/reading.ts';
import { KubernetesError } from '../kubernetes/errors.ts';
import { nodePublishVolume } from './publish.ts';
import { nodeStageVolume, nodeUnstageVolume } from './stage.ts';
import { nodeUnpublishVolume } from './unpublish.ts';

/** Access mode ReadOnlyMany, as NodeStageVolume and NodePublishVolume get it (handoff rule 36). */
let node: NodeUnderTest;
beforeEach(async () => {
  node = await createNodeUnderTest();
});
afterEach(() => node[Symbol.dispose]());

const FIRST = '2026-01-02T03:04:05.000Z';
const SECOND = '2026-01-02T03:05:05.000Z';

function stagingPath(): string {
  return path.join(node.kubeletDir, 'plugins/kubernetes.io/csi/d.test/1234/globalmount');
}

function targetPath(pod: string): string {
  return path.join(node.kubeletDir, 'pods', pod, 'volumes/kubernetes.io~csi/pv/mount');
}

function requestFor(volumeId: string, mode: 'MULTI_NODE_READER_ONLY' | 'SINGLE_NODE_MULTI_WRITER') {
  return {
    volumeId,
    stagingTargetPath: stagingPath(),
    publishContext: {},
    secrets: {},
    volumeContext: {},
    volumeCapability: { mount: { fsType: '', mountFlags: [], volumeMountGroup: '' }, accessMode: { mode } },
  };
}

function stage(volumeId: string, of: NodeUnderTest = node) {
  return nodeStageVolume(of.ctx)(requestFor(volumeId, 'MULTI_NODE_READER_ONLY'), callOf());
}

function publish(volumeId: string, pod: string) {
  const request = requestFor(volumeId, 'MULTI_NODE_READER_ONLY');
  return nodePublishVolume(node.ctx)({ ...request, targetPath: targetPath(pod), readonly: true }, callOf());
}

function unpublish(volumeId: string, pod: string) {
  return nodeUnpublishVolume(node.ctx)({ volumeId, targetPath: targetPath(pod) }, callOf());
}

/** The right to read of a copy that has its files. */
async function readable(since = FIRST, of: NodeUnderTest = node): Promise<string> {
  const { volumeId } = await giveReading(of, since);
  mkdirSync(of.ctx.store.layout.volume(volumeId).data, { recursive: true });
  return volumeId;
}

async function readingOf(volumeId: string) {
  return (await node.ctx.states.read(volumeId))?.reading;
}

/** As the look does when no pod is left (src/handoff/local.ts). */
async function end(volumeId: string, since: string): Promise<void> {
  const state = await node.ctx.states.read(volumeId);
  if (state === undefined) throw new Error('no copy');
  await node.ctx.states.write(endReading(state, since));
  node.ctx.volumes.changed(volumeId);
}

describe('reading beside others', () => {
  test('mounts read-only at staging and target, and is no writer', async () => {
    const volumeId = await readable();
    await stage(volumeId);
    await publish(volumeId, 'a');
    await publish(volumeId, 'b');
    const { data } = node.ctx.store.layout.volume(volumeId);
    expect(node.mounter.mounts()).toMatchObject(
      [stagingPath(), targetPath('a'), targetPath('b')].map((mountPoint) => ({
        root: data,
        mountPoint,
        readOnly: true,
      })),
    );
    expect(await node.ctx.states.read(volumeId)).toMatchObject({
      phase: { kind: 'replica' },
      reading: { since: FIRST, phase: 'reading' },
    });
    expect(node.ctx.wanted.list(() => undefined)).toEqual([]);
  });

  test('asks to read, and takes what comes while it waits', async () => {
    const { volumeId } = await giveGrant(node, 1);
    const staged = stage(volumeId, patient(node));
    await expect.poll(() => node.ctx.wanted.list(() => undefined)).toMatchObject([{ volumeId, reads: true }]);
    await readable();
    await staged;
    expect(await readingOf(volumeId)).toEqual({ since: FIRST, phase: 'reading' });
  });

  test('of a volume that nothing was ever written to is refused at once, and nobody is asked', async () => {
    const { volumeId } = seedVolume(node);
    await expect(stage(volumeId)).rejects.toMatchObject({
      kind: 'failed-precondition',
      message: expect.stringContaining('let a pod write it first'),
    });
    expect(node.ctx.wanted.list(() => undefined)).toEqual([]);
  });

  test('is done already under the same right, also after a restart and without the API server', async () => {
    const volumeId = await readable();
    await stage(volumeId);
    node.kubernetes.intercept = () => new KubernetesError('unreachable', 'gone');
    await stage(volumeId);
    await stage(volumeId, await node.restarted());
    expect(node.mounter.mounts()).toHaveLength(1);
  });

  test('never goes on under a right that this node has ended', async () => {
    const volumeId = await readable();
    await stage(volumeId);
    await publish(volumeId, 'a');
    await unpublish(volumeId, 'a');
    await end(volumeId, FIRST);
    await expect(publish(volumeId, 'b')).rejects.toThrow(/has ended on this node/);
    await readable(SECOND);
    await publish(volumeId, 'b');
    expect(await readingOf(volumeId)).toEqual({ since: SECOND, phase: 'reading' });
  });

  test('not under a right that was taken back meanwhile, or is of another disk', async () => {
    const volumeId = await readable();
    seedVolume(node, { status: { base: { kind: 'handoff', epoch: 1, session: 1, holders: [] } } });
    await expect(stage(volumeId)).rejects.toThrow(/was taken back/);
    expect(node.mounter.mounts()).toEqual([]);
    const reader = { node: NODE, storeId: 'another', since: SECOND };
    await giveReading(node, SECOND, { status: { readers: [reader] } });
    await expect(stage(volumeId)).rejects.toThrow(/was taken back/);
    expect(node.mounter.mounts()).toEqual([]);
  });

  test('not while a pod has the volume mounted from before; a staging mount alone goes', async () => {
    const volumeId = await readable();
    await stage(volumeId);
    await publish(volumeId, 'old');
    await end(volumeId, FIRST);
    await readable(SECOND);
    await expect(stage(volumeId)).rejects.toThrow(/StillMounted: .*pods\/old/);
    await node.mounter.unmount(targetPath('old'), AbortSignal.timeout(1_000));
    const before = node.mounter.mounts();
    await stage(volumeId);
    expect(node.mounter.mounts().map(({ mountId }) => mountId)).not.toEqual(
      before.map(({ mountId }) => mountId),
    );
  });

  test("a writer's staging mount is not a reader's", async () => {
    const { volumeId } = await giveGrant(node, 1);
    await nodeStageVolume(node.ctx)(requestFor(volumeId, 'SINGLE_NODE_MULTI_WRITER'), callOf());
    expect(node.mounter.mounts()).toMatchObject([{ readOnly: false }]);
    await expect(stage(volumeId)).rejects.toMatchObject({ kind: 'unavailable' });
    const state = await node.ctx.states.read(volumeId);
    const scan = { sequence: 1, startedAt: FIRST };
    if (state === undefined) throw new Error('no copy');
    await node.ctx.states.write({ ...state, phase: { kind: 'released', epoch: 1, session: 1, scan } });
    await readable();
    await stage(volumeId);
    expect(node.mounter.mounts()).toMatchObject([{ readOnly: true }]);
  });

  test('a copy without its files is not served as an empty one', async () => {
    const { volumeId } = await giveReading(node, FIRST);
    await expect(stage(volumeId)).rejects.toThrow(/data is missing on n1, though the volume has data/);
    expect(await readingOf(volumeId)).toBeUndefined();
  });

  test('unstaging waits for nothing', async () => {
    const volumeId = await readable();
    await stage(volumeId);
    await publish(volumeId, 'a');
    await unpublish(volumeId, 'a');
    await nodeUnstageVolume(node.ctx)({ volumeId, stagingTargetPath: stagingPath() }, callOf());
    expect(node.mounter.mounts()).toEqual([]);
  });
});
