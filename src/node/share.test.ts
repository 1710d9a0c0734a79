import { existsSync, mkdirSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { FILE_VERSION } from '../../test/builders/file-version.ts';
import { IN_SYNC } from '../../test/builders/folder-status.ts';
import {
  callOf,
  createNodeUnderTest,
  giveOrder,
  giveWriting,
  NODE,
  seedVolume,
  type NodeUnderTest,
} from '../../test/builders/test-node.ts';
import { EMPTY_BASE, sharedBase } from '../../test/builders/volume-view.ts';
import { release } from '../handoff/disk-state.ts';
import { KubernetesError } from '../kubernetes/errors.ts';
import type { FolderConfig } from '../syncthing/client.ts';
import type { NodeContext } from './context.ts';
import { nodePublishVolume } from './publish.ts';
import { nodeStageVolume, nodeUnstageVolume } from './stage.ts';
import { openWriting } from './take-writing.ts';
import { nodeUnpublishVolume } from './unpublish.ts';

/** Access mode ReadWriteMany, as NodeStageVolume and NodePublishVolume get it (handoff rule 37). */
let node: NodeUnderTest;
/** As the local Syncthing has the folder. */
let type: FolderConfig['type'];
let rounds: number;
beforeEach(async () => {
  node = await createNodeUnderTest();
  [type, rounds] = ['sendreceive', 0];
});
afterEach(() => node[Symbol.dispose]());

const FIRST = '2026-01-02T03:04:05.000Z';
const SECOND = '2026-01-02T03:05:05.000Z';
const SCAN = { sequence: 1, startedAt: FIRST };

function context(of: NodeUnderTest = node): NodeContext {
  const { syncthing, wake } = of.ctx;
  const folder = async (id: string): Promise<FolderConfig> => ({
    id,
    type,
    label: '',
    path: '',
    paused: false,
    devices: [],
  });
  return {
    ...of.ctx,
    syncthing: { ...syncthing, folder },
    wake: { ...wake, round: () => void (rounds += 1) },
  };
}

function stagingPath(): string {
  return path.join(node.kubeletDir, 'plugins/kubernetes.io/csi/d.test/1234/globalmount');
}

function targetPath(pod: string): string {
  return path.join(node.kubeletDir, 'pods', pod, 'volumes/kubernetes.io~csi/pv/mount');
}

type Mode = 'MULTI_NODE_MULTI_WRITER' | 'MULTI_NODE_READER_ONLY';

function requestFor(volumeId: string, mode: Mode = 'MULTI_NODE_MULTI_WRITER') {
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
  return nodeStageVolume(context(of))(requestFor(volumeId), callOf());
}

function publish(volumeId: string, pod: string) {
  const request = { ...requestFor(volumeId), targetPath: targetPath(pod), readonly: false };
  return nodePublishVolume(context())(request, callOf());
}

function unpublish(volumeId: string, pod: string) {
  return nodeUnpublishVolume(context())({ volumeId, targetPath: targetPath(pod) }, callOf());
}

/** The right to write of a copy that has its files. */
async function writable(since = FIRST): Promise<string> {
  const { volumeId } = await giveWriting(node, since);
  mkdirSync(node.ctx.store.layout.volume(volumeId).data, { recursive: true });
  return volumeId;
}

async function writingOf(volumeId: string) {
  return (await node.ctx.states.read(volumeId))?.writing;
}

/** As the look does on the controller's word that the scan is held. */
async function end(volumeId: string): Promise<void> {
  const state = await node.ctx.states.read(volumeId);
  if (state === undefined) throw new Error('no copy');
  await node.ctx.states.write(release(state, SCAN));
  node.ctx.volumes.changed(volumeId);
}

describe('writing beside others', () => {
  test('mounts at staging and target, each pod with a session of its own', async () => {
    const volumeId = await writable();
    await stage(volumeId);
    await publish(volumeId, 'a');
    await publish(volumeId, 'b');
    const { data } = node.ctx.store.layout.volume(volumeId);
    expect(node.mounter.mounts()).toMatchObject(
      [stagingPath(), targetPath('a'), targetPath('b')].map((mountPoint) => ({
        root: data,
        mountPoint,
        readOnly: false,
      })),
    );
    expect(await node.ctx.states.read(volumeId)).toMatchObject({
      phase: { kind: 'replica' },
      writing: { since: FIRST, session: 3, phase: 'writing' },
    });
    expect(node.ctx.wanted.list(() => undefined)).toEqual([]);
  });

  test('is not mounted before the folder sends, and asks for that', async () => {
    const volumeId = await writable();
    type = 'receiveonly';
    await expect(stage(volumeId)).rejects.toThrow(/is about to send/);
    expect(node.mounter.mounts()).toEqual([]);
    expect(rounds).toBeGreaterThan(0);
    expect(await writingOf(volumeId)).toEqual({ since: FIRST, session: 1, phase: 'writing' });
    type = 'sendreceive';
    await stage(volumeId);
    expect(await writingOf(volumeId)).toEqual({ since: FIRST, session: 1, phase: 'writing' });
    expect(node.mounter.mounts()).toHaveLength(1);
  });

  test('what was deleted by hand is taken back first, not announced as if a pod had deleted it', async () => {
    const { storeId } = node.ctx.store;
    const holders = [...sharedBase(['n2']).holders, { node: NODE, storeId, sequence: 1 }];
    const { volumeId } = await giveWriting(node, FIRST, { status: { base: { ...sharedBase([]), holders } } });
    mkdirSync(node.ctx.store.layout.volume(volumeId).data, { recursive: true });
    let items = 0;
    const syncthing: NodeContext['syncthing'] = {
      ...context().syncthing,
      scan: async () => void (items = 3),
      localChanged: async () => ['data/a'],
      file: async () => ({ local: FILE_VERSION, global: FILE_VERSION, availability: ['DEVICE-n2'] }),
      folderStatus: async () => ({ ...IN_SYNC, receiveOnlyTotalItems: items }),
    };
    const ctx = { ...context(), syncthing };
    expect(await openWriting(ctx, volumeId, callOf().signal)).toMatchObject({
      kind: 'wait',
      reason: '3 item(s) that were changed by hand on n1 are taken back first, from a copy that has them',
    });
    expect(await writingOf(volumeId)).toBeUndefined();
    items = 0;
    expect(await openWriting(ctx, volumeId, callOf().signal)).toMatchObject({ kind: 'open' });
  });

  test('makes the directory of a volume that nobody wrote, and of no other', async () => {
    const { volumeId } = await giveWriting(node, FIRST, { status: { base: EMPTY_BASE } });
    const { data } = node.ctx.store.layout.volume(volumeId);
    await stage(volumeId);
    expect(existsSync(data)).toBe(true);
  });

  test('a copy without its files is not served as an empty one, and its folder does not send', async () => {
    const { volumeId } = await giveWriting(node, FIRST);
    await expect(stage(volumeId)).rejects.toThrow(/is missing/);
    expect(await writingOf(volumeId)).toBeUndefined();
  });

  test('is done already in an open session, also after a restart and without the API server', async () => {
    const volumeId = await writable();
    await stage(volumeId);
    node.kubernetes.intercept = () => new KubernetesError('unreachable', 'gone');
    await stage(volumeId);
    await stage(volumeId, await node.restarted());
    expect(node.mounter.mounts()).toHaveLength(1);
  });

  test('a pod that comes back before the end goes on with a further session, one after it with another right', async () => {
    const volumeId = await writable();
    await stage(volumeId);
    await publish(volumeId, 'a');
    await unpublish(volumeId, 'a');
    await publish(volumeId, 'b');
    expect(await writingOf(volumeId)).toEqual({ since: FIRST, session: 3, phase: 'writing' });
    await unpublish(volumeId, 'b');
    await end(volumeId);
    await expect(publish(volumeId, 'c')).rejects.toThrow(/has ended on this node/);
    await writable(SECOND);
    await publish(volumeId, 'c');
    expect(await writingOf(volumeId)).toEqual({ since: SECOND, session: 5, phase: 'writing' });
  });

  test('not under a right that was taken back meanwhile, or is of another disk', async () => {
    const volumeId = await writable();
    seedVolume(node, { spec: { access: 'eventual' }, status: { writers: [] } });
    await expect(stage(volumeId)).rejects.toThrow(/was taken back/);
    const writer = { node: NODE, storeId: 'another', since: SECOND };
    await giveWriting(node, SECOND, { status: { writers: [writer] } });
    await expect(stage(volumeId)).rejects.toMatchObject({ kind: 'unavailable' });
    expect(node.mounter.mounts()).toEqual([]);
  });

  test('the last pod waits for the end of the session, for a while; unstaging says what is missing', async () => {
    const volumeId = await writable();
    await stage(volumeId);
    await publish(volumeId, 'a');
    await unpublish(volumeId, 'a');
    const unstage = () =>
      nodeUnstageVolume(context())({ volumeId, stagingTargetPath: stagingPath() }, callOf());
    await expect(unstage()).rejects.toMatchObject({ kind: 'unavailable' });
    await end(volumeId);
    await unstage();
    expect(node.mounter.mounts()).toEqual([]);
  });

  test('ends with its order, where the volume goes', async () => {
    const volumeId = await writable();
    const volume = seedVolume(node, { spec: { access: 'eventual', deletion: { requestedAt: 'now' } } });
    await stage(volumeId).catch(() => undefined);
    await giveOrder(node, volume, { access: 'eventual', removal: 'delete' });
    await nodeUnstageVolume(context())({ volumeId, stagingTargetPath: stagingPath() }, callOf());
    expect(node.mounter.mounts()).toEqual([]);
  });
});
