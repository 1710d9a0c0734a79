import { chmodSync, existsSync, linkSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  callOf,
  createNodeUnderTest,
  giveGrant,
  NODE,
  type NodeUnderTest,
} from '../../test/builders/test-node.ts';
import type { Base } from '../desired/volume.ts';
import { MountError } from '../mount/errors.ts';
import { renderManifest } from '../metadata/manifest.ts';
import type { NodeContext } from './context.ts';
import { makeTreePlain } from './make-tree-plain.ts';
import { nodeStageVolume } from './stage.ts';

let node: NodeUnderTest;
beforeEach(async () => {
  node = await createNodeUnderTest();
});
afterEach(() => node[Symbol.dispose]());

const { signal } = new AbortController();

function stage(volumeId: string) {
  const stagingTargetPath = path.join(node.kubeletDir, 'plugins/kubernetes.io/csi/d.test/1234/globalmount');
  const mount = { fsType: '', mountFlags: [], volumeMountGroup: '' };
  const volumeCapability = { mount, accessMode: { mode: 'SINGLE_NODE_MULTI_WRITER' } } as const;
  const request = {
    volumeId,
    stagingTargetPath,
    publishContext: {},
    secrets: {},
    volumeContext: {},
    volumeCapability,
  };
  return nodeStageVolume(node.ctx)(request, callOf());
}

async function unmounted(): Promise<void> {
  for (const { mountPoint } of node.mounter.mounts()) await node.mounter.unmount(mountPoint, signal);
}

function layoutOf(volumeId: string) {
  return node.ctx.store.layout.volume(volumeId);
}

async function phaseOf(volumeId: string) {
  return (await node.ctx.states.read(volumeId))?.phase;
}

function modeOf(volumeId: string, name: string): number {
  return statSync(path.join(layoutOf(volumeId).data, name)).mode & 0o7777;
}

/** A volume in its first session, with what a pod wrote. */
async function written(): Promise<string> {
  const { volumeId } = await giveGrant(node, 1);
  await stage(volumeId);
  const { data } = layoutOf(volumeId);
  writeFileSync(path.join(data, 'one'), 'shared');
  linkSync(path.join(data, 'one'), path.join(data, 'two'));
  writeFileSync(path.join(data, 'set'), 'x');
  chmodSync(path.join(data, 'set'), 0o4755);
  return volumeId;
}

function flush(volumeId: string, session = 1, ctx: NodeContext = node.ctx): Promise<boolean> {
  return makeTreePlain(
    ctx,
    { folderId: volumeId, epoch: 1, session, afterUnmount: true, isShared: false },
    signal,
  );
}

describe('a flush', () => {
  test('writes down what it takes away, state.json between the two', async () => {
    const volumeId = await written();
    expect(await flush(volumeId)).toBe(true);
    expect(await phaseOf(volumeId)).toEqual({ kind: 'writer', epoch: 1, session: 1, plain: true });
    expect(readFileSync(layoutOf(volumeId).manifest, 'latin1')).toMatch(
      /1 one\0f 4755 .* 0 set\0f .* 1 two\0$/,
    );
    expect([modeOf(volumeId, 'set'), statSync(path.join(layoutOf(volumeId).data, 'two')).nlink]).toEqual([
      0o755, 1,
    ]);
  });

  test('that dies while it takes things away goes on with them, and keeps the manifest', async () => {
    const volumeId = await written();
    const dying = { ...node.ctx, syncFilesystems: () => Promise.reject(new Error('power cut')) };
    await expect(flush(volumeId, 1, dying)).rejects.toThrow('power cut');
    expect([modeOf(volumeId, 'set'), statSync(path.join(layoutOf(volumeId).data, 'two')).nlink]).toEqual([
      0o755, 2,
    ]);
    const before = readFileSync(layoutOf(volumeId).manifest);
    node = await node.restarted();
    expect(await flush(volumeId)).toBe(true);
    expect(readFileSync(layoutOf(volumeId).manifest)).toEqual(before);
    expect(statSync(path.join(layoutOf(volumeId).data, 'two')).nlink).toBe(1);
  });

  test('that dies there has it all put back for the pod that comes back', async () => {
    const volumeId = await written();
    const dying = { ...node.ctx, syncFilesystems: () => Promise.reject(new Error('power cut')) };
    await expect(flush(volumeId, 1, dying)).rejects.toThrow('power cut');
    await unmounted();
    await stage(volumeId);
    expect(await phaseOf(volumeId)).toEqual({ kind: 'writer', epoch: 1, session: 2 });
    expect([modeOf(volumeId, 'set'), statSync(path.join(layoutOf(volumeId).data, 'two')).nlink]).toEqual([
      0o4755, 2,
    ]);
  });

  test('does nothing in a session that is over, since a pod may be in the next', async () => {
    const volumeId = await written();
    await unmounted();
    await stage(volumeId);
    expect(await flush(volumeId, 1)).toBe(false);
    expect(existsSync(layoutOf(volumeId).manifest)).toBe(false);
    expect(modeOf(volumeId, 'set')).toBe(0o4755);
  });

  test('takes an older manifest away where there is nothing to write down any more', async () => {
    const { volumeId } = await giveGrant(node, 1);
    await stage(volumeId);
    writeFileSync(layoutOf(volumeId).manifest, 'old');
    expect(await flush(volumeId)).toBe(true);
    expect(existsSync(layoutOf(volumeId).manifest)).toBe(false);
    expect(await phaseOf(volumeId)).toEqual({ kind: 'writer', epoch: 1, session: 1 });
  });

  test('remembers what arrives on no other node', async () => {
    const { volumeId } = await giveGrant(node, 1);
    await stage(volumeId);
    for (const name of ['ü', '2', '3', '4', '5', '6', '7'])
      writeFileSync(path.join(layoutOf(volumeId).data, `.syncthing.${name}`), '');
    await flush(volumeId);
    expect(node.ctx.volumes.record(volumeId).uncarried).toEqual({
      epoch: 1,
      paths: ['.syncthing.2', '.syncthing.3', '.syncthing.4', '.syncthing.5', '.syncthing.6', 'and 2 more'],
    });
  });
});

/** A copy that others wrote, as it is when this node is granted the next epoch. */
async function received(kind: Base['kind'], manifest?: Buffer): Promise<string> {
  const holders = [{ node: NODE, storeId: node.ctx.store.storeId, sequence: 1 }];
  const base = { kind, epoch: 1, session: 1, holders };
  const { volumeId } = await giveGrant(node, 2, { status: { base } });
  const { data, manifest: file } = layoutOf(volumeId);
  mkdirSync(data);
  writeFileSync(path.join(data, 'set'), 'x', { mode: 0o755 });
  const { size, mtimeNs, uid, gid } = statSync(path.join(data, 'set'), { bigint: true });
  const owner = { uid: Number(uid), gid: Number(gid) };
  const entry = { kind: 'file', path: 'set', mode: 0o4755, size, mtimeNs, ...owner, group: 0 } as const;
  writeFileSync(file, manifest ?? renderManifest([entry]));
  return volumeId;
}

describe('the first session of an epoch', () => {
  test('gets what belongs to the state that it starts from', async () => {
    const volumeId = await received('handoff');
    await stage(volumeId);
    expect(modeOf(volumeId, 'set')).toBe(0o4755);
    expect(await phaseOf(volumeId)).toEqual({ kind: 'writer', epoch: 2, session: 1 });
  });

  test('says that it has it only once that is on the disk', async () => {
    const volumeId = await received('handoff');
    const fails = () => Promise.reject(new MountError('failed', 'power cut'));
    node = { ...node, ctx: { ...node.ctx, syncFilesystems: fails } };
    // The second time there is nothing left to put back, and it may be in the page cache alone.
    for (const _ of [1, 2]) await expect(stage(volumeId)).rejects.toMatchObject({ kind: 'unavailable' });
    expect(await phaseOf(volumeId)).toMatchObject({ kind: 'writer', epoch: 2, plain: true });
  });

  test('gets it before its mount', async () => {
    const volumeId = await received('handoff');
    node.mounter.failNext('bind', new MountError('failed', 'no mount'));
    await expect(stage(volumeId)).rejects.toMatchObject({ kind: 'unavailable' });
    expect(modeOf(volumeId, 'set')).toBe(0o4755);
    expect(await phaseOf(volumeId)).toEqual({ kind: 'writer', epoch: 2, session: 1 });
  });

  test.each(['failover', 'seed'] as const)('gets nothing of an older state after a %s', async (kind) => {
    const volumeId = await received(kind);
    await stage(volumeId);
    expect(modeOf(volumeId, 'set')).toBe(0o755);
  });

  test('is the only one: what a pod changed since is not changed back', async () => {
    const volumeId = await received('handoff');
    await stage(volumeId);
    chmodSync(path.join(layoutOf(volumeId).data, 'set'), 0o755);
    await unmounted();
    await stage(volumeId);
    expect(await phaseOf(volumeId)).toEqual({ kind: 'writer', epoch: 2, session: 2 });
    expect(modeOf(volumeId, 'set')).toBe(0o755);
  });

  test('starts all the same where the manifest cannot be read', async () => {
    const volumeId = await received('handoff', Buffer.from('of another version\0'));
    await stage(volumeId);
    expect(node.mounter.mounts()).toHaveLength(1);
    expect(modeOf(volumeId, 'set')).toBe(0o755);
  });
});
