import { existsSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { CLUSTER_NODES, EVENTS, SYNCTHING_VOLUMES } from '../../../../src/kubernetes/resource-kind.ts';
import { findingOf, flipByte } from '../../scrub/rot.ts';
import { attach, detach, eventually } from '../attach.ts';
import { startCluster, within, type TestCluster, type TestNode } from '../cluster.ts';

let cluster: TestCluster;
beforeAll(async () => {
  cluster = await startCluster(['n1', 'n2']);
});
afterAll(() => cluster[Symbol.asyncDispose]());

/** As `kubectl annotate stvol NAME syncthing-csi.io/scrub-now=TIME` does; resolves when both copies were scrubbed. */
async function scrubNow(volumeId: string): Promise<void> {
  const asked = new Date().toISOString();
  const { name } = await cluster.volume(volumeId);
  const patch = { metadata: { annotations: { 'syncthing-csi.io/scrub-now': asked } } };
  await cluster.kubernetes.mergePatch(SYNCTHING_VOLUMES, { name }, patch, within());
  for (const node of ['n1', 'n2'])
    await eventually(async () => {
      const { startedAt = '', failing } = (await cluster.replica(volumeId, node)).status?.scrubbed ?? {};
      expect({ node, failing, isDone: startedAt >= asked }).toEqual({ node, isDone: true });
    });
}

/** A volume that a pod on n1 wrote, and n2 holds as well; nobody uses it. */
async function written(name: string, files: Readonly<Record<string, string>>): Promise<string> {
  const volumeId = await cluster.createVolume(name);
  const target = await attach(cluster.node('n1'), volumeId, 'pod-a');
  for (const [file, content] of Object.entries(files)) writeFileSync(path.join(target, file), content);
  await detach(cluster.node('n1'), volumeId, 'pod-a');
  await bothHold(volumeId);
  await bothReceive(volumeId);
  return volumeId;
}

/** The scan that comes with the writer's way back to a receiver would see a byte that is being flipped. */
async function bothReceive(volumeId: string): Promise<void> {
  for (const node of ['n1', 'n2'])
    await eventually(async () => {
      const { generation, status } = await cluster.replica(volumeId, node);
      expect(status?.generation).toBe(generation);
      expect(status?.folder).toMatchObject({ type: 'receiveonly', state: 'idle', scanned: true });
    });
}

async function bothHold(volumeId: string): Promise<void> {
  await eventually(async () => {
    const { base } = (await cluster.volume(volumeId)).status;
    expect(base.holders.map(({ node }) => node)).toEqual(['n1', 'n2']);
  });
}

function fileOf(node: TestNode, volumeId: string, name: string): string {
  return path.join(node.paths(volumeId).data, name);
}

function textOf(node: TestNode, volumeId: string, name: string): string {
  return readFileSync(fileOf(node, volumeId, name), 'utf8');
}

/** Everything under the archives of a volume, by its path in the volume. */
function archived(node: TestNode, volumeId: string): ReadonlyMap<string, string> {
  const archive = path.join(node.config.hostDataDir, 'archive', volumeId);
  if (!existsSync(archive)) return new Map();
  const found = readdirSync(archive, { recursive: true, withFileTypes: true }).filter((entry) =>
    entry.isFile(),
  );
  return new Map(
    found.map((entry) => {
      const file = path.join(entry.parentPath, entry.name);
      const [, ...name] = path.relative(archive, file).split('/');
      return [name.join('/'), readFileSync(file, 'utf8')];
    }),
  );
}

async function reasonsTold(): Promise<readonly string[]> {
  const events = await cluster.kubernetes.list(EVENTS, {}, within());
  return events.items.map(({ reason }) => reason);
}

test('clean copies report that they are', async () => {
  const volumeId = await written('pvc-clean', { one: 'one', two: 'two' });
  await scrubNow(volumeId);
  for (const node of ['n1', 'n2'])
    expect((await cluster.replica(volumeId, node)).status?.scrubbed).toMatchObject({
      files: 2,
      bytes: 6,
      repaired: 0,
      differing: 0,
    });
});

test('a byte that rotted in a mere copy comes back from the other one, whose files nobody touches', async () => {
  const volumeId = await written('pvc-rot', { rotten: 'what was proven', sound: 'sound' });
  const [source, copy] = [cluster.node('n1'), cluster.node('n2')];
  const before = readFileSync(fileOf(source, volumeId, 'rotten'), 'utf8');
  flipByte(fileOf(copy, volumeId, 'rotten'), 0);
  expect(textOf(copy, volumeId, 'rotten')).not.toBe(before);
  await scrubNow(volumeId);
  expect((await cluster.replica(volumeId, 'n2')).status?.scrubbed).toMatchObject({
    repaired: 1,
    differing: 0,
  });
  expect((await cluster.replica(volumeId, 'n1')).status?.scrubbed).toMatchObject({
    repaired: 0,
    differing: 0,
  });
  expect(textOf(copy, volumeId, 'rotten')).toBe('what was proven');
  expect(textOf(source, volumeId, 'rotten')).toBe('what was proven');
  expect(archived(copy, volumeId)).toEqual(new Map([['data/rotten', 'vhat was proven']]));
  expect(await reasonsTold()).toEqual(expect.arrayContaining(['TakenBack', 'Repaired']));
  await bothHold(volumeId);
  const target = await attach(copy, volumeId, 'pod-b');
  expect(readFileSync(path.join(target, 'rotten'), 'utf8')).toBe('what was proven');
  await detach(copy, volumeId, 'pod-b');
});

test('no session begins on a copy before what was touched for a repair is right again', async () => {
  const volumeId = await written('pvc-crash', { file: 'what was proven' });
  const copy = cluster.node('n2');
  await copy.stop();
  // As a crash leaves it between the touch and Syncthing's scan.
  const now = new Date().toISOString();
  const nothing = { files: 0, bytes: 0, skipped: 0, repairing: [], repaired: 0, differing: 0, names: [] };
  const index = await copy.daemon.client.file(volumeId, 'data/file', within());
  const rotten = [findingOf('data/file', index?.local?.blocksHash)];
  const run = { startedAt: now, scanned: true, walked: true, rotten, ...nothing };
  writeFileSync(fileOf(copy, volumeId, 'file'), 'wh4t was proven');
  writeFileSync(copy.paths(volumeId).scrubFile, JSON.stringify({ version: 1, since: now, run }));
  await copy.start();
  const target = await attach(copy, volumeId, 'pod-d');
  expect(readFileSync(path.join(target, 'file'), 'utf8')).toBe('what was proven');
  await detach(copy, volumeId, 'pod-d');
  expect(textOf(cluster.node('n1'), volumeId, 'file')).toBe('what was proven');
});

test('a copy leaves when the other one was scrubbed', async () => {
  const volumeId = await written('pvc-leaves', { file: 'file' });
  const labelled = (isLabelled: boolean) =>
    cluster.kubernetes.seed(CLUSTER_NODES, {
      name: 'n2',
      labels: isLabelled ? { 'syncthing.test/syncthing-storage': 'yes' } : {},
      status: { conditions: [{ type: 'Ready', status: 'True' }] },
    });
  expect((await cluster.replica(volumeId, 'n1')).status?.scrubbed).toBeUndefined();
  labelled(false);
  await eventually(() => expect(existsSync(cluster.node('n2').paths(volumeId).directory)).toBe(false));
  expect((await cluster.replica(volumeId, 'n1')).status?.scrubbed).toMatchObject({ files: 1, differing: 0 });
  labelled(true);
});

test('what was edited, made or removed by hand in a mere copy is taken back, its bytes kept', async () => {
  const volumeId = await written('pvc-hand', { edited: 'before', removed: 'removed', sound: 'sound' });
  const copy = cluster.node('n2');
  writeFileSync(fileOf(copy, volumeId, 'edited'), 'by hand');
  writeFileSync(fileOf(copy, volumeId, 'made'), 'of nobody');
  rmSync(fileOf(copy, volumeId, 'removed'));
  // Nothing but its time: not worth an archive.
  utimesSync(fileOf(copy, volumeId, 'sound'), 1, 1);
  await scrubNow(volumeId);
  await bothHold(volumeId);
  const names = readdirSync(copy.paths(volumeId).data).toSorted();
  expect(names.map((name) => [name, textOf(copy, volumeId, name)])).toEqual([
    ['edited', 'before'],
    ['removed', 'removed'],
    ['sound', 'sound'],
  ]);
  expect(archived(copy, volumeId)).toEqual(
    new Map([
      ['data/edited', 'by hand'],
      ['data/made', 'of nobody'],
    ]),
  );
  expect(textOf(cluster.node('n1'), volumeId, 'edited')).toBe('before');
});

test('what a pod of this node may have written unseen is told, and left as it is', async () => {
  const volumeId = await written('pvc-unseen', { file: 'what was seen' });
  const writer = cluster.node('n1');
  flipByte(fileOf(writer, volumeId, 'file'), 0);
  await scrubNow(volumeId);
  expect((await cluster.replica(volumeId, 'n1')).status?.scrubbed).toMatchObject({
    repaired: 0,
    differing: 1,
    names: ['data/file'],
  });
  expect(textOf(writer, volumeId, 'file')).toBe('vhat was seen');
  expect(textOf(cluster.node('n2'), volumeId, 'file')).toBe('what was seen');
  expect(await reasonsTold()).toContain('Differs');
  await eventually(async () => {
    const { conditions } = (await cluster.volume(volumeId)).status;
    const found = conditions.find(({ type }) => type === 'Scrubbed');
    expect(found).toMatchObject({ status: 'False', reason: 'Differs' });
    expect(found?.message).toContain('n1: 1 file(s), data/file');
  });
});

test('a scrub goes on while a pod writes, and after the service was restarted', async () => {
  const volumeId = await written('pvc-busy', { old: 'old' });
  const writer = cluster.node('n1');
  const target = await attach(writer, volumeId, 'pod-c');
  writeFileSync(path.join(target, 'new'), 'new');
  flipByte(fileOf(cluster.node('n2'), volumeId, 'old'), 1);
  await cluster.node('n2').stop();
  await cluster.node('n2').start();
  // If the writer were lost now, this would be the copy to go on from (handoff rule 42).
  await scrubNow(volumeId);
  expect((await cluster.replica(volumeId, 'n2')).status?.scrubbed).toMatchObject({
    repaired: 0,
    differing: 1,
    names: ['data/old'],
  });
  expect(readFileSync(path.join(target, 'new'), 'utf8')).toBe('new');
  await detach(writer, volumeId, 'pod-c');
  await bothHold(volumeId);
  await scrubNow(volumeId);
  expect((await cluster.replica(volumeId, 'n2')).status?.scrubbed).toMatchObject({
    repaired: 1,
    differing: 0,
  });
  expect(textOf(cluster.node('n2'), volumeId, 'old')).toBe('old');
});
