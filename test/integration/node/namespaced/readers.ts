import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { attach, detach, eventually, publishRequest, stageRequest, untilOk } from '../attach.ts';
import { startCluster, type TestCluster } from '../cluster.ts';

/** Handoff rule 36, with n3 as a node that keeps no copy. */
const NAMES = ['n1', 'n2', 'n3'];
const READ = { mode: 'MULTI_NODE_READER_ONLY' };

let cluster: TestCluster;
beforeAll(async () => {
  cluster = await startCluster(NAMES, ['n1', 'n2']);
});
afterAll(() => cluster[Symbol.asyncDispose]());

/** One file, written on n1 and handed off. */
async function written(name: string): Promise<string> {
  const volumeId = await cluster.createVolume(name);
  const target = await attach(cluster.node('n1'), volumeId, 'writer');
  writeFileSync(path.join(target, 'file'), 'first');
  await detach(cluster.node('n1'), volumeId, 'writer');
  return volumeId;
}

async function readerNodes(volumeId: string): Promise<readonly string[]> {
  return (await cluster.volume(volumeId)).status.readers.map(({ node }) => node);
}

describe('readers', () => {
  test('have it on all nodes at once, read-only, and a writer waits for the last of them', async () => {
    const volumeId = await written('pvc-read');
    for (const name of NAMES) {
      const target = await attach(cluster.node(name), volumeId, `reader-${name}`, READ);
      expect(readFileSync(path.join(target, 'file'), 'utf8')).toBe('first');
      expect(() => writeFileSync(path.join(target, 'new'), '')).toThrow(/EROFS/);
    }
    expect(await readerNodes(volumeId)).toEqual(NAMES);
    const writer = cluster.node('n2');
    await detach(writer, volumeId, 'reader-n2');
    const refused = await writer.rpc('NodeStageVolume', stageRequest(writer, volumeId), 9_000);
    expect(refused).toMatchObject({ kind: 'error', message: expect.stringContaining('is read on n1') });
    for (const name of ['n1', 'n3']) await detach(cluster.node(name), volumeId, `reader-${name}`);
    const target = await attach(writer, volumeId, 'next');
    writeFileSync(path.join(target, 'file'), 'second');
    const waits = await cluster
      .node('n1')
      .rpc('NodeStageVolume', stageRequest(cluster.node('n1'), volumeId, READ), 9_000);
    expect(waits).toMatchObject({ kind: 'error', message: expect.stringContaining('n2 holds the volume') });
    await detach(writer, volumeId, 'next');
    const again = await attach(cluster.node('n1'), volumeId, 'again', READ);
    expect(readFileSync(path.join(again, 'file'), 'utf8')).toBe('second');
    await detach(cluster.node('n1'), volumeId, 'again');
    await eventually(async () => expect(await readerNodes(volumeId)).toEqual([]));
    await eventually(() => expect(existsSync(cluster.node('n3').paths(volumeId).directory)).toBe(false));
  });

  test('stay readers while the service of their node restarts, and end with their last pod', async () => {
    const volumeId = await written('pvc-read-restart');
    const node = cluster.node('n2');
    const target = await attach(node, volumeId, 'a', READ);
    await untilOk(() => node.rpc('NodePublishVolume', publishRequest(node, volumeId, 'b', READ)));
    await node.stop();
    expect(readFileSync(path.join(target, 'file'), 'utf8')).toBe('first');
    await node.start();
    await untilOk(() => node.rpc('NodeStageVolume', stageRequest(node, volumeId, READ)));
    await untilOk(() => node.rpc('NodePublishVolume', publishRequest(node, volumeId, 'a', READ)));
    await untilOk(() =>
      node.rpc('NodeUnpublishVolume', { volumeId, targetPath: node.targetPath(volumeId, 'a') }),
    );
    expect(await readerNodes(volumeId)).toEqual(['n2']);
    await detach(node, volumeId, 'b');
    await eventually(async () => expect(await readerNodes(volumeId)).toEqual([]));
    expect((await cluster.replica(volumeId, 'n2')).status?.reader?.phase).toBe('ended');
  });

  test('are told when there is nothing to read', async () => {
    const volumeId = await cluster.createVolume('pvc-unread');
    const node = cluster.node('n2');
    expect(await node.rpc('NodeStageVolume', stageRequest(node, volumeId, READ))).toMatchObject({
      kind: 'error',
      code: 9,
      message: expect.stringContaining('nothing was ever written'),
    });
  });

  test('keep the volume from being deleted, as a writer does', async () => {
    const volumeId = await written('pvc-read-deleted');
    await attach(cluster.node('n2'), volumeId, 'a', READ);
    await eventually(async () =>
      expect((await cluster.replica(volumeId, 'n2')).status?.reader?.phase).toBe('reading'),
    );
    expect(await cluster.controllerRpc('DeleteVolume', { volumeId })).toMatchObject({
      kind: 'error',
      code: 9,
      message: expect.stringContaining('in use on node n2'),
    });
    await detach(cluster.node('n2'), volumeId, 'a');
    await eventually(async () =>
      expect(await cluster.controllerRpc('DeleteVolume', { volumeId })).toMatchObject({ kind: 'ok' }),
    );
  });
});
