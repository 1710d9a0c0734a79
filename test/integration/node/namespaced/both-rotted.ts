import { readFileSync, utimesSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { findingOf, flipByte } from '../../scrub/rot.ts';
import { attach, detach, eventually } from '../attach.ts';
import { startCluster, within, type TestCluster } from '../cluster.ts';

let cluster: TestCluster;
beforeAll(async () => {
  cluster = await startCluster(['n1', 'n2', 'n3'], ['n1', 'n2']);
});
afterAll(() => cluster[Symbol.asyncDispose]());

async function bothHold(volumeId: string): Promise<void> {
  await eventually(async () => {
    const { base } = (await cluster.volume(volumeId)).status;
    expect(base.holders.map(({ node }) => node)).toEqual(['n1', 'n2']);
    for (const node of ['n1', 'n2']) {
      const { receiveOnlyTotalItems } = await cluster
        .node(node)
        .daemon.client.folderStatus(volumeId, within());
      expect({ node, receiveOnlyTotalItems }).toEqual({ node, receiveOnlyTotalItems: 0 });
    }
  });
}

function fileOf(node: string, volumeId: string, name: string): string {
  return path.join(cluster.node(node).paths(volumeId).data, name);
}

/** As it is between the scan that makes a rotten file count as changed and the look at what is changed. */
async function marked(node: string, volumeId: string, name: string): Promise<void> {
  const now = new Date();
  const index = await cluster.node(node).daemon.client.file(volumeId, `data/${name}`, within());
  const repairing = [findingOf(`data/${name}`, index?.local?.blocksHash)];
  flipByte(fileOf(node, volumeId, name), 0);
  utimesSync(fileOf(node, volumeId, name), now, now);
  const { daemon } = cluster.node(node);
  await daemon.client.scan(volumeId, { ...within(), sub: [`data/${name}`] });
  // Not the only one, perhaps: 1.x also takes directories for changed (docs/handoff.md, rule 8).
  expect(await daemon.client.localChanged(volumeId, { ...within(), perPage: 10 })).toContain(`data/${name}`);
  const startedAt = now.toISOString();
  const nothing = { files: 0, bytes: 0, skipped: 0, rotten: [], repaired: 0, differing: 0, names: [] };
  const run = { startedAt, scanned: true, walked: true, repairing, ...nothing };
  const record = { version: 1, since: startedAt, run };
  writeFileSync(cluster.node(node).paths(volumeId).scrubFile, JSON.stringify(record));
}

// Handoff rule 42: none of the two is intact until one of them is, so that neither may wait for the other.
test('two copies that rotted in different files are both repaired, each from the other', async () => {
  const volumeId = await cluster.createVolume('pvc-both');
  const target = await attach(cluster.node('n3'), volumeId, 'pod-a');
  for (const name of ['one', 'two']) writeFileSync(path.join(target, name), 'what was proven');
  await detach(cluster.node('n3'), volumeId, 'pod-a');
  await bothHold(volumeId);
  for (const node of ['n1', 'n2']) await cluster.node(node).stop();
  await marked('n1', volumeId, 'one');
  await marked('n2', volumeId, 'two');
  for (const node of ['n1', 'n2']) await cluster.node(node).start();
  for (const node of ['n1', 'n2'])
    await eventually(async () => {
      const found = ['one', 'two'].map((name) => readFileSync(fileOf(node, volumeId, name), 'utf8'));
      expect({ node, found }).toEqual({ node, found: ['what was proven', 'what was proven'] });
      expect((await cluster.replica(volumeId, node)).status?.scrubbed).toMatchObject({ repaired: 1 });
    });
  await bothHold(volumeId);
});
