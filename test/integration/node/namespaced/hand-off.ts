import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  attach,
  detach,
  eventually,
  meddle,
  publishRequest,
  stageRequest,
  unpublish,
  untilOk,
} from '../attach.ts';
import { connect } from '../../csi/client.ts';
import { DRIVER, startCluster, type TestCluster } from '../cluster.ts';

let cluster: TestCluster;
beforeAll(async () => {
  cluster = await startCluster(['n1', 'n2', 'n3'], ['n1', 'n2']);
});
afterAll(() => cluster[Symbol.asyncDispose]());

describe('a volume that moves between nodes', () => {
  test('has on each what was written on the other', async () => {
    const volumeId = await cluster.createVolume('pvc-moves');
    for (const [index, name] of ['n1', 'n2', 'n1'].entries()) {
      const node = cluster.node(name);
      const target = await attach(node, volumeId, `pod-${index}`);
      for (let before = 0; before < index; before += 1) {
        expect(readFileSync(path.join(target, `file-${before}`), 'utf8')).toBe(`by pod-${before}`);
      }
      writeFileSync(path.join(target, `file-${index}`), `by pod-${index}`);
      await detach(node, volumeId, `pod-${index}`);
      expect(existsSync(target)).toBe(false);
    }
    await eventually(async () => expect((await cluster.volume(volumeId)).status.grant).toBeUndefined());
    const { status } = await cluster.volume(volumeId);
    expect(status.base).toMatchObject({ kind: 'handoff', epoch: 3 });
    expect(status.base.holders.map(({ node }) => node)).toEqual(['n1', 'n2']);
  });

  test('is used on a node without a copy, which gives it back', async () => {
    const volumeId = await cluster.createVolume('pvc-visits');
    writeFileSync(path.join(await attach(cluster.node('n1'), volumeId, 'pod-a'), 'one'), '1');
    await detach(cluster.node('n1'), volumeId, 'pod-a');
    const visitor = cluster.node('n3');
    const target = await attach(visitor, volumeId, 'pod-b');
    expect(readFileSync(path.join(target, 'one'), 'utf8')).toBe('1');
    writeFileSync(path.join(target, 'two'), '2');
    await detach(visitor, volumeId, 'pod-b');
    await eventually(() => expect(existsSync(visitor.paths(volumeId).directory)).toBe(false));
    await eventually(() =>
      expect(cluster.replica(volumeId, 'n3')).rejects.toThrow(/not found|not there|no /i),
    );
    const back = await attach(cluster.node('n2'), volumeId, 'pod-c');
    expect(readFileSync(path.join(back, 'two'), 'utf8')).toBe('2');
    await detach(cluster.node('n2'), volumeId, 'pod-c');
  });
});

describe('a copy that no pod has', () => {
  test('was emptied and edited by hand since it was proven: the next pod there finds all as it was', async () => {
    const volumeId = await cluster.createVolume('pvc-by-hand');
    const [one, two] = [cluster.node('n1'), cluster.node('n2')];
    const target = await attach(one, volumeId, 'pod-a');
    for (const name of ['gone', 'edited', 'kept']) writeFileSync(path.join(target, name), `${name} by pod-a`);
    await detach(one, volumeId, 'pod-a');
    const isOn = async (node: string) =>
      (await cluster.volume(volumeId)).status.base.holders.some((holder) => holder.node === node);
    await eventually(async () => expect(await isOn('n2')).toBe(true));
    const { data } = two.paths(volumeId);
    meddle(data);
    const next = await attach(two, volumeId, 'pod-b');
    expect(readdirSync(next).toSorted()).toEqual(['edited', 'gone', 'kept']);
    expect(readFileSync(path.join(next, 'edited'), 'utf8')).toBe('edited by pod-a');
    await detach(two, volumeId, 'pod-b');
    expect(readdirSync(one.paths(volumeId).data).toSorted()).toEqual(['edited', 'gone', 'kept']);
  });
});

describe('a node service that is restarted', () => {
  test('with a pod running: staged and published are still so, without the API server', async () => {
    const volumeId = await cluster.createVolume('pvc-restart');
    const node = cluster.node('n1');
    writeFileSync(path.join(await attach(node, volumeId, 'pod-a'), 'file'), 'x');
    await node.stop();
    expect(existsSync(path.join(node.targetPath(volumeId, 'pod-a'), 'file'))).toBe(true);
    await node.start();
    await untilOk(() => node.rpc('NodeStageVolume', stageRequest(node, volumeId)));
    await untilOk(() => node.rpc('NodePublishVolume', publishRequest(node, volumeId, 'pod-a')));
    expect((await cluster.volume(volumeId)).status.grant?.epoch).toBe(1);
    await detach(node, volumeId, 'pod-a');
    const target = await attach(cluster.node('n2'), volumeId, 'pod-b');
    expect(readFileSync(path.join(target, 'file'), 'utf8')).toBe('x');
    await detach(cluster.node('n2'), volumeId, 'pod-b');
  });

  test('while it flushes: the flush goes on, whatever the kubelet calls', async () => {
    const volumeId = await cluster.createVolume('pvc-flush');
    const [node, other] = [cluster.node('n1'), cluster.node('n2')];
    const target = await attach(node, volumeId, 'pod-a');
    await eventually(async () =>
      expect((await cluster.replica(volumeId, 'n1')).status?.writer?.scan).toBeDefined(),
    );
    await other.daemon.stop();
    writeFileSync(path.join(target, 'file'), 'unproven');
    const targetPath = node.targetPath(volumeId, 'pod-a');
    const unpublished = node.rpc('NodeUnpublishVolume', { volumeId, targetPath });
    await eventually(() => expect(existsSync(target)).toBe(false));
    await node.stop();
    await unpublished;
    await node.start();
    await other.daemon.start();
    await eventually(async () => expect((await cluster.volume(volumeId)).status.grant).toBeUndefined());
    const moved = await attach(other, volumeId, 'pod-b');
    expect(readFileSync(path.join(moved, 'file'), 'utf8')).toBe('unproven');
    await detach(other, volumeId, 'pod-b');
    await untilOk(() =>
      node.rpc('NodeUnstageVolume', { volumeId, stagingTargetPath: node.stagingPath(volumeId) }),
    );
    expect(existsSync(node.stagingPath(volumeId))).toBe(false);
  });
});

describe('the kubelet', () => {
  test('finds the driver by its registration socket, under the path that the kubelet knows', async () => {
    const { config } = cluster.node('n1');
    const client = connect(config.registrationSocket);
    const info = await client.call('Registration', 'GetInfo', {});
    client.close();
    const endpoint = config.csiEndpoint.replace('unix://', '');
    expect(info).toMatchObject({ response: { type: 'CSIPlugin', name: DRIVER, endpoint } });
    expect(await cluster.node('n1').rpc('NodeGetInfo', {})).toMatchObject({ response: { nodeId: 'n1' } });
  });
});

describe('pods of one node', () => {
  test('a pod that comes back while the volume is flushed goes on in a session of its own', async () => {
    const volumeId = await cluster.createVolume('pvc-back');
    const node = cluster.node('n1');
    await attach(node, volumeId, 'pod-a');
    await unpublish(node, volumeId, 'pod-a');
    await untilOk(() => node.rpc('NodePublishVolume', publishRequest(node, volumeId, 'pod-b')));
    writeFileSync(path.join(node.targetPath(volumeId, 'pod-b'), 'late'), 'late');
    await detach(node, volumeId, 'pod-b');
    const target = await attach(cluster.node('n2'), volumeId, 'pod-c');
    expect(readFileSync(path.join(target, 'late'), 'utf8')).toBe('late');
    await detach(cluster.node('n2'), volumeId, 'pod-c');
  });

  test('two pods share a volume, a single-writer mode refuses the second before it makes a directory', async () => {
    const volumeId = await cluster.createVolume('pvc-two');
    const node = cluster.node('n1');
    await attach(node, volumeId, 'pod-a');
    await untilOk(() =>
      node.rpc('NodePublishVolume', publishRequest(node, volumeId, 'pod-b', { readonly: true })),
    );
    expect(() => writeFileSync(path.join(node.targetPath(volumeId, 'pod-b'), 'x'), '')).toThrow(/EROFS/);
    const again = publishRequest(node, volumeId, 'pod-b', { readonly: false });
    expect(await node.rpc('NodePublishVolume', again)).toMatchObject({ kind: 'error', code: 6 });
    const single = publishRequest(node, volumeId, 'pod-c', { mode: 'SINGLE_NODE_SINGLE_WRITER' });
    expect(await node.rpc('NodePublishVolume', single)).toMatchObject({ kind: 'error', code: 9 });
    expect(existsSync(path.dirname(single.targetPath))).toBe(false);
    const stats = { volumeId, volumePath: node.targetPath(volumeId, 'pod-a') };
    expect(await node.rpc('NodeGetVolumeStats', stats)).toMatchObject({
      response: { usage: [{ unit: 'BYTES' }, { unit: 'INODES' }] },
    });
    const elsewhere = { volumeId, volumePath: path.dirname(stats.volumePath) };
    expect(await node.rpc('NodeGetVolumeStats', elsewhere)).toMatchObject({ kind: 'error', code: 5 });
    await unpublish(node, volumeId, 'pod-b');
    expect((await cluster.volume(volumeId)).status.grant).toBeDefined();
    await detach(node, volumeId, 'pod-a');
  });
});

describe('a volume that is deleted', () => {
  test('leaves nothing on any node', async () => {
    const volumeId = await cluster.createVolume('pvc-gone');
    const node = cluster.node('n1');
    writeFileSync(path.join(await attach(node, volumeId, 'pod-a'), 'file'), 'x');
    await detach(node, volumeId, 'pod-a');
    expect(await cluster.controllerRpc('DeleteVolume', { volumeId })).toMatchObject({ kind: 'ok' });
    await eventually(() => {
      for (const name of ['n1', 'n2'])
        expect(existsSync(cluster.node(name).paths(volumeId).directory)).toBe(false);
    });
    await eventually(() => expect(cluster.volume(volumeId)).rejects.toThrow());
    expect(await node.rpc('NodeStageVolume', stageRequest(node, volumeId))).toMatchObject({
      kind: 'error',
      code: 5,
    });
    const stagingTargetPath = node.stagingPath(volumeId);
    expect(await node.rpc('NodeUnstageVolume', { volumeId, stagingTargetPath })).toMatchObject({
      kind: 'ok',
    });
  });
});
