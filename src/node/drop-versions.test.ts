import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import {
  createNodeUnderTest,
  giveOrder,
  NODE,
  seedVolume,
  type GivenVolume,
  type NodeUnderTest,
} from '../../test/builders/test-node.ts';
import { KubernetesError } from '../kubernetes/errors.ts';
import { dropVersions } from './drop-versions.ts';

let node: NodeUnderTest;
beforeEach(async () => {
  node = await createNodeUnderTest();
});
afterEach(() => node[Symbol.dispose]());

const BASE = { epoch: 1, session: 1 };

async function drop(status: GivenVolume['status'] = {}): Promise<readonly string[]> {
  const holders = [{ node: NODE, storeId: node.ctx.store.storeId, sequence: 3 }];
  const volume = seedVolume(node, {
    status: { epoch: 1, base: { kind: 'handoff', ...BASE, holders }, ...status },
  });
  await giveOrder(node, volume);
  const { syncRoot } = node.ctx.store.layout.volume(volume.volumeId);
  const versions = path.join(syncRoot, '.stversions');
  mkdirSync(path.join(versions, 'data/d'), { recursive: true });
  writeFileSync(path.join(versions, 'data/d/x~20260101-000000'), 'old');
  const options = { folderId: volume.volumeId, base: BASE };
  await dropVersions(node.ctx, options, AbortSignal.timeout(10_000));
  return readdirSync(versions);
}

test('older versions go, with the directories that they leave empty', async () => {
  expect(await drop()).toEqual([]);
});

test('they stay where the API server knows of a writer', async () => {
  const grant = { epoch: 2, node: 'n2', storeId: 's', since: '2026-01-01T00:00:00.000Z' };
  expect(await drop({ grant })).toEqual(['data']);
});

test('nothing is asked where nothing is there', async () => {
  node.kubernetes.intercept = () => new KubernetesError('unreachable', 'nobody is to be asked');
  const options = { folderId: 'v-aaaaaaaaaaaaaaaa-0123456789ab', base: BASE };
  await dropVersions(node.ctx, options, AbortSignal.timeout(10_000));
  expect(node.ctx.volumes.record(options.folderId).versionsDropped).toEqual(BASE);
});
