import { existsSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { attach, detach, eventually } from '../attach.ts';
import { systemClock } from '../../../../src/runtime/clock.ts';
import { startCluster, within, type TestCluster, type TestNode } from '../cluster.ts';

let cluster: TestCluster;
beforeAll(async () => {
  cluster = await startCluster(['n1', 'n2', 'n3']);
});
afterAll(() => cluster[Symbol.asyncDispose]());

/** As after a disk error, or by hand: Syncthing makes a new one when it starts. */
function loseDatabase({ daemon }: TestNode): void {
  const databases = readdirSync(daemon.home).filter((name) => name.startsWith('index-'));
  expect(databases).toHaveLength(1);
  for (const name of databases) rmSync(path.join(daemon.home, name), { recursive: true });
}

async function holderOf(volumeId: string, node: string) {
  return (await cluster.volume(volumeId)).status.base.holders.find((holder) => holder.node === node);
}

test('a session is over for others once its folder cannot announce any more', async () => {
  const volumeId = await cluster.createVolume('pvc-over');
  const writer = cluster.node('n1');
  const target = await attach(writer, volumeId, 'pod-a');
  writeFileSync(path.join(target, 'file'), 'x');
  const detached = detach(writer, volumeId, 'pod-a');
  while ((await cluster.volume(volumeId)).status.grant !== undefined) await systemClock.sleep(5);
  expect((await writer.daemon.client.folder(volumeId, within()))?.type).toBe('receiveonly');
  await detached;
});

test('what the volume deleted while a copy had no database is gone from there as well', async () => {
  const volumeId = await cluster.createVolume('pvc-replica', { replicas: '3' });
  const [writer, other] = [cluster.node('n1'), cluster.node('n2')];
  const names = ['gone', 'gone-too', 'stays'];
  // Written there once: the deletions' versions have a counter of that node as well.
  const first = await attach(other, volumeId, 'pod-a');
  for (const name of names) writeFileSync(path.join(first, name), name);
  await detach(other, volumeId, 'pod-a');
  await eventually(async () => expect((await cluster.volume(volumeId)).status.base.holders).toHaveLength(3));
  const before = await holderOf(volumeId, 'n2');

  const target = await attach(writer, volumeId, 'pod-b');
  await other.daemon.kill();
  rmSync(path.join(target, 'gone'));
  rmSync(path.join(target, 'gone-too'));
  await detach(writer, volumeId, 'pod-b');
  loseDatabase(other);
  await other.daemon.start();

  const { data } = other.paths(volumeId);
  await eventually(async () => {
    const holder = await holderOf(volumeId, 'n2');
    expect(holder?.index).toMatch(/^[-0-9a-f]{36}$/);
    expect(holder?.index).not.toBe(before?.index);
  }, 90_000);
  expect(readdirSync(data)).toEqual(['stays']);
  const again = await attach(other, volumeId, 'pod-c');
  expect(readdirSync(again)).toEqual(['stays']);
  expect(readFileSync(path.join(again, 'stays'), 'utf8')).toBe('stays');
  await detach(other, volumeId, 'pod-c');
  const others = [cluster.node('n1'), cluster.node('n3')].map((node) => node.paths(volumeId).data);
  for (const each of others) expect(existsSync(path.join(each, 'gone'))).toBe(false);
});

test("a writer without its database keeps its pod's files, and what the pod deleted stays deleted", async () => {
  const volumeId = await cluster.createVolume('pvc-writer', { replicas: '3' });
  const [writer, one, other] = [cluster.node('n1'), cluster.node('n2'), cluster.node('n3')];
  const first = await attach(one, volumeId, 'pod-a');
  for (const name of ['gone', 'changed', 'stays']) writeFileSync(path.join(first, name), 'of the first');
  await detach(one, volumeId, 'pod-a');
  await eventually(async () => expect((await cluster.volume(volumeId)).status.base.holders).toHaveLength(3));

  const target = await attach(writer, volumeId, 'pod-b');
  // What the pod does now, no other node hears of before the database is gone.
  for (const { daemon } of [one, other]) await daemon.kill();
  rmSync(path.join(target, 'gone'));
  writeFileSync(path.join(target, 'changed'), 'of the second');
  utimesSync(path.join(target, 'changed'), 1, 1);
  await writer.daemon.kill();
  loseDatabase(writer);
  await writer.daemon.start();
  for (const { daemon } of [one, other]) await daemon.start();
  await detach(writer, volumeId, 'pod-b');
  expect(readdirSync(writer.paths(volumeId).data).toSorted()).toEqual(['changed', 'stays']);

  const again = await attach(one, volumeId, 'pod-c');
  expect(readdirSync(again).toSorted()).toEqual(['changed', 'stays']);
  expect(readFileSync(path.join(again, 'changed'), 'utf8')).toBe('of the second');
  await detach(one, volumeId, 'pod-c');
  const data = cluster.node('n3').paths(volumeId).data;
  await eventually(() => expect(readdirSync(data).toSorted()).toEqual(['changed', 'stays']), 60_000);
});
