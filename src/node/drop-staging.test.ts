import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import {
  createNodeUnderTest,
  giveOrder,
  seedVolume,
  type NodeUnderTest,
} from '../../test/builders/test-node.ts';
import type { SyncthingVolume } from '../desired/volume.ts';
import { dropStaging } from './drop-staging.ts';
import { volumeMounts } from './volume-mounts.ts';

let node: NodeUnderTest;
let volume: SyncthingVolume;
beforeEach(async () => {
  node = await createNodeUnderTest();
  volume = seedVolume(node);
  await giveOrder(node, volume);
});
afterEach(() => node[Symbol.dispose]());

const signal = AbortSignal.timeout(10_000);

async function mount(place: string): Promise<void> {
  const { data } = node.ctx.store.layout.volume(volume.volumeId);
  const target = path.join(node.kubeletDir, place);
  mkdirSync(data, { recursive: true });
  mkdirSync(target, { recursive: true });
  await node.mounter.bind({ source: data, target, readOnly: false }, signal);
}

const STAGING = 'plugins/kubernetes.io/csi/d.test/1234/globalmount';

async function drop(): Promise<number> {
  await dropStaging(node.ctx, volume.volumeId, signal);
  return (await volumeMounts(node.ctx, volume.volumeId)).staging.length;
}

test('the staging mount of a copy without an order goes', async () => {
  await mount(STAGING);
  delete node.ctx.volumes.record(volume.volumeId).order;
  expect(await drop()).toBe(0);
});

test('it stays while the copy has an order', async () => {
  await mount(STAGING);
  expect(await drop()).toBe(1);
});

test('it stays while a pod has the volume mounted', async () => {
  await mount(STAGING);
  await mount('pods/1/volumes/kubernetes.io~csi/pv/mount');
  delete node.ctx.volumes.record(volume.volumeId).order;
  expect(await drop()).toBe(1);
});
