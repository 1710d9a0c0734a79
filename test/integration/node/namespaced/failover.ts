import {
  chmodSync,
  existsSync,
  linkSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { CLUSTER_NODES } from '../../../../src/kubernetes/resource-kind.ts';
import { attach, detach, eventually } from '../attach.ts';
import { startCluster, within, type TestCluster } from '../cluster.ts';

let cluster: TestCluster;
beforeAll(async () => {
  cluster = await startCluster(['n1', 'n2', 'n3']);
});
afterAll(() => cluster[Symbol.asyncDispose]());

/** The taint by which a person says that a node is off and stays off (handoff rule 25). */
function taint(node: string, isOut: boolean): void {
  const taints = [{ key: 'node.kubernetes.io/out-of-service', effect: 'NoExecute' }];
  cluster.kubernetes.seed(CLUSTER_NODES, {
    name: node,
    labels: { 'syncthing.test/syncthing-storage': 'yes' },
    spec: isOut ? { taints } : {},
    status: { conditions: [{ type: 'Ready', status: isOut ? 'Unknown' : 'True' }] },
  });
}

async function replicatedThrough(volumeId: string, moment: number): Promise<void> {
  await eventually(async () => {
    const { replicatedThrough: through = '' } = (await cluster.volume(volumeId)).status;
    expect(Date.parse(through)).toBeGreaterThan(moment);
  });
}

test('a lost writer: what was acknowledged goes on elsewhere, what was not is kept in its archive', async () => {
  const volumeId = await cluster.createVolume('pvc-lost');
  const [lost, heir] = [cluster.node('n1'), cluster.node('n2')];
  const target = await attach(lost, volumeId, 'pod-a');
  writeFileSync(path.join(target, 'kept'), 'acknowledged');
  linkSync(path.join(target, 'kept'), path.join(target, 'same'));
  chmodSync(path.join(target, 'kept'), 0o4755);
  writeFileSync(path.join(target, 'changed'), 'before');
  await replicatedThrough(volumeId, Date.now());

  await lost.daemon.kill();
  writeFileSync(path.join(target, 'only-here'), 'unproven');
  linkSync(path.join(target, 'kept'), path.join(target, 'second-name'));
  writeFileSync(path.join(target, 'changed'), 'after');
  await lost.stop();
  taint('n1', true);
  const moved = await attach(heir, volumeId, 'pod-b');
  expect(readFileSync(path.join(moved, 'kept'), 'utf8')).toBe('acknowledged');
  expect(readFileSync(path.join(moved, 'changed'), 'utf8')).toBe('before');
  expect(existsSync(path.join(moved, 'only-here'))).toBe(false);
  writeFileSync(path.join(moved, 'new'), 'of the new lineage');
  // Nobody knows what became of links and bits after the last hand-off, so that none are made up (handoff rule 40).
  const { nlink, mode } = statSync(path.join(moved, 'kept'));
  expect([nlink, mode & 0o7777]).toEqual([1, 0o755]);
  chmodSync(path.join(moved, 'same'), 0o600);

  await lost.daemon.start();
  await lost.start();
  taint('n1', false);
  // Its pod is still there for the kernel: nothing is moved under it.
  await eventually(async () => {
    const report = (await cluster.replica(volumeId, 'n1')).status;
    expect(report?.mounts).toContain(lost.targetPath(volumeId, 'pod-a'));
  });
  expect(existsSync(path.join(target, 'only-here'))).toBe(true);
  await detach(lost, volumeId, 'pod-a');
  await eventually(async () => {
    expect((await cluster.replica(volumeId, 'n1')).status?.rejoin?.step).toBe('done');
  }, 90_000);
  const { archive = '' } = (await cluster.replica(volumeId, 'n1')).status?.rejoin ?? {};
  expect(readdirSync(path.join(archive, 'data')).toSorted()).toEqual(['changed', 'only-here', 'second-name']);
  expect(readFileSync(path.join(archive, 'data', 'changed'), 'utf8')).toBe('after');
  const { data } = lost.paths(volumeId);
  expect(readdirSync(data).toSorted()).toEqual(['changed', 'kept', 'new', 'same']);
  expect(readFileSync(path.join(data, 'changed'), 'utf8')).toBe('before');
  // One file under two names would have got the other's permissions behind Syncthing's back.
  const permissions = (name: string): number => statSync(path.join(data, name)).mode & 0o7777;
  expect([permissions('kept'), permissions('same')]).toEqual([0o755, 0o600]);

  await detach(heir, volumeId, 'pod-b');
  await eventually(async () => expect((await cluster.volume(volumeId)).status.stale).toEqual([]));
  const back = await attach(lost, volumeId, 'pod-c');
  expect(readFileSync(path.join(back, 'new'), 'utf8')).toBe('of the new lineage');
  // In the lost writer's tree these were names of one file.
  writeFileSync(path.join(back, 'kept'), 'in place by now', { flag: 'r+' });
  expect(readFileSync(path.join(archive, 'data', 'second-name'), 'utf8')).toBe('acknowledged');
  await detach(lost, volumeId, 'pod-c');
});

test('what a lost writer deleted and nothing proved is back on every copy, in a version that follows the deletion', async () => {
  const volumeId = await cluster.createVolume('pvc-deleted', { replicas: '3' });
  const [lost, heir, other] = [cluster.node('n1'), cluster.node('n2'), cluster.node('n3')];
  const target = await attach(lost, volumeId, 'pod-a');
  writeFileSync(path.join(target, 'gone'), 'proven');
  writeFileSync(path.join(target, 'stays'), 'proven');
  await replicatedThrough(volumeId, Date.now());
  const survivors = [heir, other].map((node) => path.join(node.paths(volumeId).data, 'gone'));
  await eventually(() => expect(survivors.map((file) => existsSync(file))).toEqual([true, true]));

  // Nobody scans for a proof any more; Syncthing notices the deletion, in a later second than the last scan's.
  await lost.stop();
  await new Promise((resolve) => setTimeout(resolve, 1_100));
  rmSync(path.join(target, 'gone'));
  await eventually(() => expect(survivors.map((file) => existsSync(file))).toEqual([false, false]));
  await lost.daemon.kill();
  taint('n1', true);
  const moved = await attach(heir, volumeId, 'pod-b');
  expect(readFileSync(path.join(moved, 'gone'), 'utf8')).toBe('proven');
  await eventually(() => expect(survivors.map((file) => existsSync(file))).toEqual([true, true]));
  for (const { daemon } of [heir, other]) {
    const { local } = (await daemon.client.file(volumeId, 'data/gone', within())) ?? {};
    const devices = local?.version.map((counter) => counter.slice(0, counter.indexOf(':')));
    expect(devices).toContain(lost.daemon.deviceId.slice(0, 7));
    expect(devices).toHaveLength(2);
  }
  await detach(heir, volumeId, 'pod-b');

  await lost.daemon.start();
  await lost.start();
  taint('n1', false);
  await detach(lost, volumeId, 'pod-a');
  await eventually(async () => expect((await cluster.volume(volumeId)).status.stale).toEqual([]), 90_000);
  expect(readdirSync(lost.paths(volumeId).data).toSorted()).toEqual(['gone', 'stays']);
});

test('a Syncthing that is away is named, and the call that waits for it is answered so that it is repeated', async () => {
  const volumeId = await cluster.createVolume('pvc-away');
  const node = cluster.node('n3');
  await node.daemon.stop();
  const request = {
    volumeId,
    stagingTargetPath: node.stagingPath(volumeId),
    volumeCapability: { mount: {}, accessMode: { mode: 'SINGLE_NODE_MULTI_WRITER' } },
  };
  const answer = await node.rpc('NodeStageVolume', request, 20_000);
  expect(answer).toMatchObject({ kind: 'error', code: 14 });
  expect(answer).toMatchObject({
    message: expect.stringMatching(/Syncthing on n3 does not answer at .*sock/),
  });
  await eventually(async () => {
    expect((await cluster.nodeResource('n3')).status?.syncthing).toMatchObject({ ready: false });
  });
  await node.daemon.start();
  await attach(node, volumeId, 'pod-b');
  await detach(node, volumeId, 'pod-b');
});
