import { existsSync, readdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
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
import { startCluster, type TestCluster } from '../cluster.ts';

/** Handoff rule 37, with n3 as a node that keeps no copy. */
const NAMES = ['n1', 'n2', 'n3'];
const MANY = { mode: 'MULTI_NODE_MULTI_WRITER' };

let cluster: TestCluster;
beforeAll(async () => {
  cluster = await startCluster(NAMES, ['n1', 'n2']);
});
afterAll(() => cluster[Symbol.asyncDispose]());

function createShared(name: string): Promise<string> {
  return cluster.createVolume(name, { access: 'eventual' });
}

async function writerNodes(volumeId: string): Promise<readonly string[]> {
  return (await cluster.volume(volumeId)).status.writers.map(({ node }) => node);
}

function dataOf(node: string, volumeId: string): string {
  return cluster.node(node).paths(volumeId).data;
}

/** What lies in the copy of a node, by name. */
function filesOf(node: string, volumeId: string): Readonly<Record<string, string>> {
  const data = dataOf(node, volumeId);
  if (!existsSync(data)) return {};
  // What Syncthing is about to put there is none of it yet.
  const names = readdirSync(data)
    .filter((name) => !name.startsWith('.syncthing.'))
    .toSorted();
  return Object.fromEntries(names.map((name) => [name, readFileSync(path.join(data, name), 'utf8')]));
}

async function untilAlike(volumeId: string, nodes: readonly string[], contents: readonly string[]) {
  await eventually(() => {
    const [first, ...others] = nodes.map((node) => filesOf(node, volumeId));
    for (const other of others) expect(other).toEqual(first);
    expect(Object.values(first ?? {})).toEqual(expect.arrayContaining([...contents]));
  }, 90_000);
  return filesOf(nodes[0] ?? '', volumeId);
}

describe('a volume that many write', () => {
  test('is written on all nodes at once, and each gets what the others wrote', async () => {
    const volumeId = await createShared('pvc-shared');
    for (const name of NAMES) {
      const target = await attach(cluster.node(name), volumeId, `pod-${name}`, MANY);
      writeFileSync(path.join(target, `from-${name}`), name);
    }
    expect(await writerNodes(volumeId)).toEqual(NAMES);
    await untilAlike(volumeId, NAMES, NAMES);
    const { status } = await cluster.volume(volumeId);
    expect(status.conditions.find(({ type }) => type === 'Ready')).toMatchObject({
      status: 'True',
      reason: 'Shared',
    });
    expect(status).toMatchObject({ writing: 'n1, n2, n3', base: { kind: 'shared' } });
    for (const name of NAMES) await detach(cluster.node(name), volumeId, `pod-${name}`);
    await eventually(async () => expect(await writerNodes(volumeId)).toEqual([]));
    await eventually(() => expect(existsSync(cluster.node('n3').paths(volumeId).directory)).toBe(false));
    expect(Object.values(filesOf('n1', volumeId))).toEqual(NAMES);
  });

  test('keeps both versions of a file that two nodes changed, names the one that lost, and loses nothing', async () => {
    const volumeId = await createShared('pvc-conflict');
    const one = await attach(cluster.node('n1'), volumeId, 'one', MANY);
    writeFileSync(path.join(one, 'file.txt'), 'before');
    await untilAlike(volumeId, ['n1', 'n2'], ['before']);
    const other = await attach(cluster.node('n3'), volumeId, 'other', MANY);
    writeFileSync(path.join(one, 'file.txt'), 'older');
    const earlier = new Date(Date.now() - 60_000);
    utimesSync(path.join(one, 'file.txt'), earlier, earlier);
    writeFileSync(path.join(other, 'file.txt'), 'newer!');
    await unpublish(cluster.node('n3'), volumeId, 'other');
    await unpublish(cluster.node('n1'), volumeId, 'one');
    await eventually(async () => expect(await writerNodes(volumeId)).toEqual([]), 90_000);
    const files = await untilAlike(volumeId, ['n1', 'n2'], ['older', 'newer!']);
    expect(files['file.txt']).toBe('newer!');
    const copies = Object.keys(files).filter((name) => name.includes('.sync-conflict-'));
    expect(copies.length).toBeGreaterThan(0);
    await eventually(async () => {
      const { status } = await cluster.volume(volumeId);
      expect(status.conditions.find(({ type }) => type === 'Conflicted')).toMatchObject({ status: 'True' });
      expect(status.conflicts).toEqual({ count: copies.length, names: expect.arrayContaining(copies) });
    });
  });

  test('hands on what a session left to whoever comes next, also where that one keeps no copy', async () => {
    const volumeId = await createShared('pvc-next');
    const one = await attach(cluster.node('n3'), volumeId, 'one', MANY);
    writeFileSync(path.join(one, 'file'), 'first');
    await detach(cluster.node('n3'), volumeId, 'one');
    const next = await attach(cluster.node('n2'), volumeId, 'next', MANY);
    expect(readFileSync(path.join(next, 'file'), 'utf8')).toBe('first');
    writeFileSync(path.join(next, 'file'), 'second');
    await detach(cluster.node('n2'), volumeId, 'next');
    const again = await attach(cluster.node('n3'), volumeId, 'again', MANY);
    expect(readFileSync(path.join(again, 'file'), 'utf8')).toBe('second');
    await detach(cluster.node('n3'), volumeId, 'again');
  });

  test('does not take for its own what was deleted and edited by hand where no pod was', async () => {
    const volumeId = await createShared('pvc-shared-by-hand');
    const target = await attach(cluster.node('n1'), volumeId, 'one', MANY);
    for (const name of ['gone', 'edited', 'kept']) writeFileSync(path.join(target, name), `${name} by a pod`);
    await detach(cluster.node('n1'), volumeId, 'one');
    await eventually(async () => {
      const { holders } = (await cluster.volume(volumeId)).status.base;
      expect(holders.map(({ node }) => node)).toEqual(['n1', 'n2']);
    });
    meddle(dataOf('n2', volumeId));
    await attach(cluster.node('n2'), volumeId, 'next', MANY);
    const asWritten = { edited: 'edited by a pod', gone: 'gone by a pod', kept: 'kept by a pod' };
    expect(filesOf('n2', volumeId)).toMatchObject(asWritten);
    await detach(cluster.node('n2'), volumeId, 'next');
    for (const node of ['n1', 'n2']) {
      const files = filesOf(node, volumeId);
      expect(files).toMatchObject(asWritten);
      // What was edited stays beside it, as whatever loses here.
      const beside = Object.keys(files).filter((name) => !(name in asWritten));
      expect(beside.filter((name) => !name.startsWith('edited.sync-conflict-'))).toEqual([]);
    }
  });

  test('goes on over a restart of the service, and is read beside its writers', async () => {
    const volumeId = await createShared('pvc-shared-restart');
    const node = cluster.node('n2');
    const target = await attach(node, volumeId, 'a', MANY);
    writeFileSync(path.join(target, 'file'), 'before');
    await node.stop();
    writeFileSync(path.join(target, 'file'), 'meanwhile');
    await node.start();
    await untilOk(() => node.rpc('NodeStageVolume', stageRequest(node, volumeId, MANY)));
    await untilOk(() => node.rpc('NodePublishVolume', publishRequest(node, volumeId, 'a', MANY)));
    await untilAlike(volumeId, ['n1', 'n2'], ['meanwhile']);
    const read = { mode: 'MULTI_NODE_READER_ONLY' };
    const seen = await attach(cluster.node('n1'), volumeId, 'reader', read);
    expect(readFileSync(path.join(seen, 'file'), 'utf8')).toBe('meanwhile');
    expect(() => writeFileSync(path.join(seen, 'new'), '')).toThrow(/EROFS/);
    expect(await cluster.controllerRpc('DeleteVolume', { volumeId })).toMatchObject({
      kind: 'error',
      code: 9,
    });
    await detach(cluster.node('n1'), volumeId, 'reader');
    await detach(node, volumeId, 'a');
    await eventually(async () =>
      expect(await cluster.controllerRpc('DeleteVolume', { volumeId })).toMatchObject({ kind: 'ok' }),
    );
    await eventually(() => expect(existsSync(node.paths(volumeId).directory)).toBe(false), 90_000);
  });
});
