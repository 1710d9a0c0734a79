import {
  chmodSync,
  closeSync,
  copyFileSync,
  existsSync,
  linkSync,
  lstatSync,
  lutimesSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { once } from 'node:events';
import path from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { attach, detach, eventually, publishRequest } from '../attach.ts';
import { startCluster, within, type TestCluster, type TestNode } from '../cluster.ts';

// Handoff rules 39 and 40: what Syncthing does not carry, from pod to pod, with the real Syncthing in between.
let cluster: TestCluster;
beforeAll(async () => {
  cluster = await startCluster(['n1', 'n2']);
});
afterAll(() => cluster[Symbol.asyncDispose]());

/** All of a tree's metadata, a line an entry; names of one file by the first of them, sockets left out. */
async function metadataOf(root: string): Promise<readonly string[]> {
  const { stdout } = await execa('find', [
    root,
    '-mindepth',
    '1',
    '-printf',
    '%i %y %m %U:%G %n %s %Ts %P\n',
  ]);
  const lines = stdout.split('\n').map((line) => line.split(' '));
  const first = new Map<string, string>();
  const named = lines.toSorted((one, other) => ((one.at(-1) ?? '') < (other.at(-1) ?? '') ? -1 : 1));
  return named
    .filter(([, type]) => type !== 's')
    .map(([inode = '', type = '', mode, owner, links, size, time, name = '']) => {
      if (!first.has(inode)) first.set(inode, name);
      const sizes = type === 'd' ? [] : [links, size];
      const times = type === 'p' ? [] : [time];
      return [name, type, mode, owner, ...sizes, ...times, first.get(inode)].join(' ');
    });
}

async function writeTree(target: string): Promise<void> {
  const at = (name: string): string => path.join(target, name);
  mkdirSync(at('dir/deep'), { recursive: true });
  mkdirSync(at('sticky'));
  mkdirSync(at('run'));
  writeFileSync(at('one'), 'shared');
  linkSync(at('one'), at('dir/two'));
  linkSync(at('one'), at('dir/deep/three'));
  writeFileSync(at('dir/set'), '#!/bin/sh\n');
  chmodSync(at('dir/set'), 0o6755);
  chmodSync(at('sticky'), 0o1777);
  chmodSync(at('dir'), 0o2770);
  symlinkSync('one', at('link'));
  await execa('mkfifo', ['--mode=0620', at('run/fifo')]);
  await leaveSocket(at('run'));
  lutimesSync(at('link'), 1_000_000_000, 1_000_000_000);
  for (const name of ['dir/deep', 'dir', 'sticky', 'run']) utimesSync(at(name), 1_100_000_000, 1_100_000_000);
}

/** As a process leaves one behind that does not end well. The way to it has to be short. */
async function leaveSocket(directory: string): Promise<void> {
  const fd = openSync(directory, 'r');
  const server = createServer().listen(`/proc/self/fd/${fd}/socket`);
  await once(server, 'listening');
  renameSync(path.join(directory, 'socket'), path.join(directory, 'left-behind'));
  server.close();
  closeSync(fd);
}

async function untilHeldBy(volumeId: string, ...nodes: readonly string[]): Promise<void> {
  await eventually(async () => {
    const { base, grant } = (await cluster.volume(volumeId)).status;
    expect(grant).toBeUndefined();
    expect(base.holders.map(({ node }) => node)).toEqual(nodes);
  });
}

async function isPlain(node: TestNode, volumeId: string): Promise<boolean> {
  const { stateFile } = node.paths(volumeId);
  return readFileSync(stateFile, 'utf8').includes('"plain": true');
}

describe('what Syncthing does not carry', () => {
  test('goes with the pod, there and back, and leaves copies that nobody writes as others know them', async () => {
    const volumeId = await cluster.createVolume('pvc-metadata');
    const [n1, n2] = [cluster.node('n1'), cluster.node('n2')];
    const first = await attach(n1, volumeId, 'pod-1');
    await writeTree(first);
    const written = await metadataOf(first);
    expect(written).toContain(
      'dir/two f 644 0:0 3 6 ' +
        String(Math.floor(statSync(path.join(first, 'one')).mtimeMs / 1000)) +
        ' dir/deep/three',
    );
    await detach(n1, volumeId, 'pod-1');
    await untilHeldBy(volumeId, 'n1', 'n2');

    const second = await attach(n2, volumeId, 'pod-2');
    expect(await metadataOf(second)).toEqual(written);
    expect(existsSync(path.join(second, 'run/left-behind'))).toBe(false);
    // Content and times stay, so that n1 gets nothing but new permissions of one of two files: not of both.
    const separate = path.join(second, 'separate');
    copyFileSync(path.join(second, 'dir/two'), separate);
    const { atime, mtime } = statSync(path.join(second, 'one'));
    utimesSync(separate, atime, mtime);
    renameSync(separate, path.join(second, 'dir/two'));
    chmodSync(path.join(second, 'dir/two'), 0o600);
    chmodSync(path.join(second, 'dir/set'), 0o755);
    rmSync(path.join(second, 'run'), { recursive: true });
    const changed = await metadataOf(second);
    await detach(n2, volumeId, 'pod-2');
    await untilHeldBy(volumeId, 'n1', 'n2');
    expect((await cluster.replica(volumeId, 'n1')).status?.folder).toMatchObject({
      receiveOnlyItems: 0,
      errors: 0,
    });

    const third = await attach(n1, volumeId, 'pod-3');
    expect(await metadataOf(third)).toEqual(changed);
    await detach(n1, volumeId, 'pod-3');
  });

  test('is not sent again where nothing changed, and not written where there is nothing', async () => {
    const volumeId = await cluster.createVolume('pvc-unchanged');
    const [n1, n2] = [cluster.node('n1'), cluster.node('n2')];
    const target = await attach(n1, volumeId, 'pod-1');
    writeFileSync(path.join(target, 'file'), 'x');
    await detach(n1, volumeId, 'pod-1');
    expect(existsSync(n1.paths(volumeId).manifest)).toBe(false);
    await writeTree(await attach(n1, volumeId, 'pod-2'));
    await detach(n1, volumeId, 'pod-2');
    await untilHeldBy(volumeId, 'n1', 'n2');
    const { ino } = lstatSync(n2.paths(volumeId).manifest);
    const before = await n2.daemon.client.file(volumeId, '.metadata', within());
    await attach(n2, volumeId, 'pod-3');
    await detach(n2, volumeId, 'pod-3');
    expect(lstatSync(n2.paths(volumeId).manifest).ino).toBe(ino);
    expect((await n2.daemon.client.file(volumeId, '.metadata', within()))?.local).toEqual(before?.local);
  });

  test('is back when a pod comes back before the hand-off is over', async () => {
    const volumeId = await cluster.createVolume('pvc-back-again');
    const [n1, n2] = [cluster.node('n1'), cluster.node('n2')];
    const target = await attach(n1, volumeId, 'pod-1');
    await writeTree(target);
    const written = await metadataOf(target);
    await eventually(async () =>
      expect((await cluster.replica(volumeId, 'n1')).status?.writer?.scan).toBeDefined(),
    );
    await n2.daemon.stop();
    const unpublished = n1.rpc('NodeUnpublishVolume', {
      volumeId,
      targetPath: n1.targetPath(volumeId, 'pod-1'),
    });
    await eventually(async () => expect(await isPlain(n1, volumeId)).toBe(true));
    await eventually(() => expect(statSync(path.join(n1.paths(volumeId).data, 'one')).nlink).toBe(1));
    // One call at a time for a volume: it comes again until the other gave up waiting.
    await eventually(async () => {
      const answer = await n1.rpc('NodePublishVolume', publishRequest(n1, volumeId, 'pod-2'));
      expect(answer).toMatchObject({ kind: 'ok' });
    });
    expect(await isPlain(n1, volumeId)).toBe(false);
    expect(await metadataOf(n1.targetPath(volumeId, 'pod-2'))).toEqual(written);
    await unpublished;
    await n2.daemon.start();
    await detach(n1, volumeId, 'pod-2');
  });
});
