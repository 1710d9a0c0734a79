import fs from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { callOptions, introduce, putFolder, rootOf, share, untilProven } from './peers.ts';
import { startRealPeer, type RealPeer } from './real-peer.ts';

// What a scan comes first for where peers go from a receiver (docs/handoff.md, rules 7 and 11).
const LINKS = Array.from({ length: 5 }, (_, index) => `link${index}`);

let left: RealPeer;
let writer: RealPeer;
const call = callOptions;

beforeAll(async () => {
  left = await startRealPeer();
  writer = await startRealPeer();
  await introduce([left, writer]);
});
afterAll(async () => {
  for (const daemon of [left, writer]) await daemon?.[Symbol.asyncDispose]();
});

/** Links and a directory that both have, and of which the inodes of the one that is to write moved since they came. */
async function shared(folderId: string): Promise<void> {
  await share(folderId, left, writer);
  for (const link of LINKS) fs.symlinkSync('before', path.join(rootOf(left, folderId), link));
  fs.mkdirSync(path.join(rootOf(left, folderId), 'removed'));
  await left.client.scan(folderId, call());
  await untilProven(folderId, left, writer);
  await putFolder(left, folderId, 'receiveonly', [writer]);
  await left.client.scan(folderId, call());
  await putFolder(left, folderId, 'receiveonly', []);
  for (const link of LINKS) {
    const file = path.join(rootOf(writer, folderId), link);
    const { uid, gid } = fs.lstatSync(file);
    fs.lchownSync(file, uid, gid);
  }
  fs.chmodSync(path.join(rootOf(writer, folderId), 'removed'), 0o755);
}

/** As a receiver with nobody, which is what a change of its peers alone leads to; how much counts as changed then. */
async function letGo(folderId: string): Promise<number> {
  await putFolder(writer, folderId, 'receiveonly', []);
  await writer.client.scan(folderId, call());
  return (await writer.client.folderStatus(folderId, call())).receiveOnlyTotalItems;
}

/** A session that replaces the links and removes the directory, shared afterwards with the copy that was left out. */
async function write(folderId: string): Promise<void> {
  await putFolder(writer, folderId, 'sendreceive', []);
  await writer.client.scan(folderId, call());
  for (const link of LINKS) {
    fs.rmSync(path.join(rootOf(writer, folderId), link));
    fs.symlinkSync('after', path.join(rootOf(writer, folderId), link));
  }
  fs.rmdirSync(path.join(rootOf(writer, folderId), 'removed'));
  await writer.client.scan(folderId, call());
  await putFolder(left, folderId, 'receiveonly', [writer]);
  await putFolder(writer, folderId, 'sendreceive', [left]);
  await untilProven(folderId, writer, left);
}

function found(peer: RealPeer, folderId: string): readonly string[] {
  const root = rootOf(peer, folderId);
  const links = LINKS.map((link) => fs.readlinkSync(path.join(root, link)));
  return [...links, ...(fs.existsSync(path.join(root, 'removed')) ? ['removed'] : [])];
}

test('what a receiver without peers takes for changed is concurrent with the versions of a copy left out', async () => {
  await shared('unscanned');
  expect(await letGo('unscanned')).toBe(LINKS.length + 1);
  await write('unscanned');
  // The directory that was removed is back under the writer as well; of the links either version may win.
  for (const peer of [writer, left]) expect(found(peer, 'unscanned')).toContain('removed');
});

test('a scan while it still shares takes note of it, and what is written afterwards wins', async () => {
  await shared('scanned');
  await writer.client.scan('scanned', call());
  expect(await letGo('scanned')).toBe(0);
  await write('scanned');
  for (const peer of [writer, left]) expect(found(peer, 'scanned')).toEqual(LINKS.map(() => 'after'));
});
