import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startCluster, type TestCluster, type TestNode } from '../cluster.ts';

const capability = { mount: {}, accessMode: { mode: 'SINGLE_NODE_MULTI_WRITER' } };

let cluster: TestCluster;
beforeAll(async () => {
  cluster = await startCluster(['n1', 'n2']);
});
afterAll(() => cluster[Symbol.asyncDispose]());

async function attach(node: TestNode, volumeId: string, pod: string): Promise<string> {
  const stagingTargetPath = node.stagingPath(volumeId);
  const targetPath = node.targetPath(volumeId, pod);
  const request = { volumeId, stagingTargetPath, volumeCapability: capability };
  const staged = await node.rpc('NodeStageVolume', request);
  expect(staged).toMatchObject({ kind: 'ok' });
  expect(await node.rpc('NodePublishVolume', { ...request, targetPath })).toMatchObject({ kind: 'ok' });
  return targetPath;
}

async function detach(node: TestNode, volumeId: string, pod: string): Promise<void> {
  const targetPath = node.targetPath(volumeId, pod);
  expect(await node.rpc('NodeUnpublishVolume', { volumeId, targetPath })).toMatchObject({ kind: 'ok' });
  const stagingTargetPath = node.stagingPath(volumeId);
  expect(await node.rpc('NodeUnstageVolume', { volumeId, stagingTargetPath })).toMatchObject({ kind: 'ok' });
}

describe('a volume that moves between two nodes', () => {
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
    const { status } = await cluster.volume(volumeId);
    expect(status.grant).toBeUndefined();
    expect(status.base).toMatchObject({ kind: 'handoff', epoch: 3 });
    expect(status.base.holders.map(({ node }) => node)).toEqual(['n1', 'n2']);
  });
});
