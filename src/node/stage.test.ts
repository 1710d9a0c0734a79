import { mkdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  callOf,
  createNodeUnderTest,
  giveGrant,
  giveOrder,
  NODE,
  seedVolume,
  type NodeUnderTest,
  patient,
} from '../../test/builders/test-node.ts';
import { KubernetesError } from '../kubernetes/errors.ts';
import { MountError } from '../mount/errors.ts';
import { keepPodsOut } from './keep-pods-out.ts';
import { nodePublishVolume } from './publish.ts';
import { nodeStageVolume, nodeUnstageVolume } from './stage.ts';
import { nodeUnpublishVolume } from './unpublish.ts';

let node: NodeUnderTest;
beforeEach(async () => {
  node = await createNodeUnderTest();
});
afterEach(() => node[Symbol.dispose]());

function stagingPath(of: NodeUnderTest = node): string {
  return path.join(of.kubeletDir, 'plugins/kubernetes.io/csi/d.test/1234/globalmount');
}

function targetPath(pod: string): string {
  return path.join(node.kubeletDir, 'pods', pod, 'volumes/kubernetes.io~csi/pv/mount');
}

function stageRequest(
  volumeId: string,
  mode: 'SINGLE_NODE_MULTI_WRITER' | 'MULTI_NODE_MULTI_WRITER' = 'SINGLE_NODE_MULTI_WRITER',
) {
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
  return nodeStageVolume(of.ctx)(stageRequest(volumeId), callOf());
}

function publish(volumeId: string, pod: string, of: NodeUnderTest = node) {
  const request = { ...stageRequest(volumeId), targetPath: targetPath(pod), readonly: false };
  return nodePublishVolume(of.ctx)(request, callOf());
}

function unpublish(volumeId: string, pod: string) {
  return nodeUnpublishVolume(node.ctx)({ volumeId, targetPath: targetPath(pod) }, callOf());
}

function unstage(volumeId: string, of: NodeUnderTest = node) {
  return nodeUnstageVolume(of.ctx)({ volumeId, stagingTargetPath: stagingPath() }, callOf());
}

async function phaseOf(volumeId: string, of: NodeUnderTest = node) {
  return (await of.ctx.states.read(volumeId))?.phase;
}

describe('NodeStageVolume', () => {
  test('mounts data/ of an empty volume for its first writer', async () => {
    const { volumeId } = await giveGrant(node, 1);
    await stage(volumeId);
    expect(await phaseOf(volumeId)).toEqual({ kind: 'writer', epoch: 1, session: 1 });
    const { data } = node.ctx.store.layout.volume(volumeId);
    expect(statSync(data).mode & 0o777).toBe(0o777);
    expect(node.mounter.mounts()).toMatchObject([{ root: data, mountPoint: stagingPath(), readOnly: false }]);
    expect(statSync(stagingPath()).mode & 0o777).toBe(0);
    expect(node.ctx.wanted.isWanted(volumeId)).toBe(false);
  });

  test("waits for the grant, says in the controller's words why it is not there, and goes on asking", async () => {
    const ready = {
      type: 'Ready',
      status: 'False',
      reason: 'Waiting',
      message: 'n9 holds the volume',
      lastTransitionTime: '',
    } as const;
    const { volumeId } = seedVolume(node, { status: { conditions: [ready] } });
    await expect(stage(volumeId)).rejects.toMatchObject({
      kind: 'unavailable',
      message: `volume ${volumeId} waits: n9 holds the volume`,
    });
    expect(node.ctx.wanted.list(() => undefined)).toMatchObject([{ volumeId }]);
  });

  test('takes a grant that comes while it waits', async () => {
    const volume = seedVolume(node);
    const staged = stage(volume.volumeId, patient(node));
    await giveGrant(node, 1);
    await staged;
    expect(await phaseOf(volume.volumeId)).toMatchObject({ kind: 'writer', epoch: 1 });
  });

  test('is done already in the same epoch, also without the API server', async () => {
    const { volumeId } = await giveGrant(node, 1);
    await stage(volumeId);
    node.kubernetes.intercept = () => new KubernetesError('unreachable', 'gone');
    await stage(volumeId);
    const again = await node.restarted();
    await stage(volumeId, again);
    expect(await phaseOf(volumeId)).toEqual({ kind: 'writer', epoch: 1, session: 1 });
  });

  test.each([
    ['before the grant is confirmed', (of: NodeUnderTest) => failGet(of, 2)],
    [
      'before the mount',
      (of: NodeUnderTest) => of.mounter.failNext('bind', new MountError('failed', 'no mount')),
    ],
  ])('goes on after a crash %s, in a session of its own', async (_, breakIt) => {
    const { volumeId } = await giveGrant(node, 1);
    breakIt(node);
    await expect(stage(volumeId)).rejects.toMatchObject({ kind: 'unavailable' });
    expect(await phaseOf(volumeId)).toEqual({ kind: 'writer', epoch: 1, session: 1 });
    expect(node.mounter.mounts()).toEqual([]);
    node.kubernetes.intercept = undefined;
    const again = await node.restarted();
    await giveGrant(again, 1);
    await stage(volumeId, again);
    expect(await phaseOf(volumeId, again)).toEqual({ kind: 'writer', epoch: 1, session: 2 });
    expect(again.mounter.mounts()).toHaveLength(1);
  });

  test('does not mount under a grant that was taken back, or that is of another disk', async () => {
    const volume = await giveGrant(node, 1);
    const {
      status: { epoch, readers, base, stale, conditions },
    } = volume;
    seedVolume(node, { status: { epoch, readers, base, stale, conditions } });
    await expect(stage(volume.volumeId)).rejects.toMatchObject({ kind: 'unavailable' });
    expect(node.mounter.mounts()).toEqual([]);
    const grant = { epoch: 2, node: NODE, storeId: 'another', since: '' };
    await giveOrder(node, volume, { grant });
    seedVolume(node, { status: { epoch: 2, grant } });
    await expect(stage(volume.volumeId)).rejects.toMatchObject({ kind: 'unavailable' });
    expect(node.mounter.mounts()).toEqual([]);
  });

  test('never makes the directory of a volume that has data', async () => {
    const base = { kind: 'handoff', epoch: 1, session: 1, holders: [] } as const;
    const { volumeId } = await giveGrant(node, 2, { status: { base } });
    await expect(stage(volumeId)).rejects.toThrow(/data is missing on n1, though the volume has data/);
    expect(await phaseOf(volumeId)).toEqual({ kind: 'replica' });
  });

  test('refuses a new epoch while a pod of an older one has the volume mounted; a staging mount alone goes', async () => {
    const volume = await giveGrant(node, 1);
    await stage(volume.volumeId);
    await publish(volume.volumeId, 'old');
    await release(volume.volumeId);
    await giveGrant(node, 2);
    await expect(stage(volume.volumeId)).rejects.toThrow(/StillMounted: .*pods\/old/);
    await node.mounter.unmount(targetPath('old'), AbortSignal.timeout(1_000));
    const before = node.mounter.mounts();
    await stage(volume.volumeId);
    expect(await phaseOf(volume.volumeId)).toEqual({ kind: 'writer', epoch: 2, session: 1 });
    expect(node.mounter.mounts().map(({ mountId }) => mountId)).not.toEqual(
      before.map(({ mountId }) => mountId),
    );
  });

  test.each([
    ['a volume that does not exist', {}, 'not-found', 'v-bbbbbbbbbbbbbbbb-0123456789ab'],
    ['a volume that is deleted', { deletion: { requestedAt: 'now' } }, 'failed-precondition', undefined],
  ])('refuses %s', async (_, spec, kind, otherId) => {
    const { volumeId } = seedVolume(node, { spec });
    await expect(stage(otherId ?? volumeId)).rejects.toMatchObject({ kind });
  });

  test("refuses a path outside the kubelet's directory, naming the field and the directory", async () => {
    const { volumeId } = seedVolume(node);
    const request = { ...stageRequest(volumeId), stagingTargetPath: '/etc/globalmount' };
    await expect(nodeStageVolume(node.ctx)(request, callOf())).rejects.toMatchObject({
      kind: 'invalid-argument',
      message: expect.stringMatching(`staging_target_path: .*${node.kubeletDir}`),
    });
  });

  test('refuses many writers where one writes at a time', async () => {
    const { volumeId } = seedVolume(node);
    const request = stageRequest(volumeId, 'MULTI_NODE_MULTI_WRITER');
    await expect(nodeStageVolume(node.ctx)(request, callOf())).rejects.toThrow(/ReadWriteMany/);
  });
});

/** The n-th read of a volume finds no API server. */
function failGet(of: NodeUnderTest, nth: number): void {
  let reads = 0;
  of.kubernetes.intercept = ({ verb }) => {
    if (verb === 'get') reads += 1;
    return reads >= nth ? new KubernetesError('unreachable', 'gone') : undefined;
  };
}

async function release(volumeId: string): Promise<void> {
  const state = await node.ctx.states.read(volumeId);
  if (state?.phase.kind !== 'writer') throw new Error('nothing to release');
  const { epoch, session } = state.phase;
  const scan = { sequence: 1, startedAt: '2026-01-01T00:00:00.000Z' };
  await node.ctx.states.write({ ...state, phase: { kind: 'released', epoch, session, scan } });
  node.ctx.volumes.changed(volumeId);
}

describe('NodePublishVolume', () => {
  test('opens a session for the first pod, which a second joins', async () => {
    const { volumeId } = await giveGrant(node, 1);
    await stage(volumeId);
    await publish(volumeId, 'a');
    await publish(volumeId, 'b');
    expect(await phaseOf(volumeId)).toEqual({ kind: 'writer', epoch: 1, session: 2 });
  });

  test('lets no further pod in while the deleter may take the copy away', async () => {
    const { volumeId } = await giveGrant(node, 1);
    await stage(volumeId);
    await publish(volumeId, 'a');
    const kept = { folderIds: new Set([volumeId]), signal: AbortSignal.timeout(10_000) };
    await keepPodsOut(node.ctx, kept, async () => {
      await expect(publish(volumeId, 'b')).rejects.toMatchObject({
        kind: 'unavailable',
        message: `volume ${volumeId} waits: the copy on n1 is being removed, or is about to be`,
      });
    });
    await publish(volumeId, 'b');
    expect(node.mounter.mounts()).toHaveLength(3);
  });

  test('does what staging does where the epoch has ended since', async () => {
    const { volumeId } = await giveGrant(node, 1);
    await stage(volumeId);
    await publish(volumeId, 'a');
    await node.mounter.unmount(targetPath('a'), AbortSignal.timeout(1_000));
    await release(volumeId);
    await expect(publish(volumeId, 'b')).rejects.toMatchObject({ kind: 'unavailable' });
    await giveGrant(node, 2);
    await publish(volumeId, 'b');
    expect(await phaseOf(volumeId)).toMatchObject({ kind: 'writer', epoch: 2 });
  });

  test('does not let a pod join a session whose grant has gone to another node', async () => {
    const { volumeId } = await giveGrant(node, 1);
    await stage(volumeId);
    await publish(volumeId, 'a');
    seedVolume(node, { status: { epoch: 2, grant: { epoch: 2, node: 'n2', storeId: 's', since: '' } } });
    await expect(publish(volumeId, 'b')).rejects.toMatchObject({ kind: 'unavailable' });
    expect(node.mounter.mounts().map(({ mountPoint }) => mountPoint)).not.toContain(targetPath('b'));
  });
});

describe('NodeUnpublishVolume and NodeUnstageVolume', () => {
  test('are done for what was never there', async () => {
    const volumeId = 'v-bbbbbbbbbbbbbbbb-0123456789ab';
    await unpublish(volumeId, 'a');
    await unstage(volumeId);
    await unpublish('foreign', 'a');
    await unstage('foreign');
  });

  test('unpublish answers OK though the flush takes longer; unstage says what is missing', async () => {
    const { volumeId } = await giveGrant(node, 1);
    await stage(volumeId);
    await publish(volumeId, 'a');
    await unpublish(volumeId, 'a');
    expect(await phaseOf(volumeId)).toMatchObject({ kind: 'writer' });
    await expect(unstage(volumeId)).rejects.toMatchObject({
      kind: 'unavailable',
      message: expect.stringMatching(/is not detached from n1 yet: /),
    });
    expect(node.mounter.mounts()).toEqual([]);
    await release(volumeId);
    await unstage(volumeId);
  });

  test('unstage ends as soon as the session does', async () => {
    const { volumeId } = await giveGrant(node, 1);
    await stage(volumeId);
    await publish(volumeId, 'a');
    await unpublish(volumeId, 'a');
    const unstaged = unstage(volumeId, patient(node));
    await release(volumeId);
    await unstaged;
  });

  test.each([
    ['superseded', { rejoin: { epoch: 2 } }],
    ['of a volume that is removed', { removal: 'delete' as const }],
    ["whose grant is another node's", { grant: { epoch: 2, node: 'n2', storeId: 's', since: '' } }],
  ])('nobody waits for a session %s', async (_, order) => {
    const volume = await giveGrant(node, 1);
    await stage(volume.volumeId);
    await giveOrder(node, volume, order);
    await unstage(volume.volumeId);
  });

  test('a session whose order is not known yet is waited for', async () => {
    const { volumeId } = await giveGrant(node, 1);
    await stage(volumeId);
    const again = await node.restarted();
    const unknowing = { ...again.ctx, knowsOrders: () => false };
    const request = { volumeId, stagingTargetPath: stagingPath() };
    await expect(nodeUnstageVolume(unknowing)(request, callOf())).rejects.toMatchObject({
      kind: 'unavailable',
    });
  });

  test('a target with files in it is not removed', async () => {
    const { volumeId } = seedVolume(node);
    mkdirSync(path.join(targetPath('a'), 'file'), { recursive: true });
    await expect(unpublish(volumeId, 'a')).rejects.toMatchObject({ kind: 'unavailable' });
  });
});
