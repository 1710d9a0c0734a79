import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { isConflictName } from '../../../src/desired/shared-status.ts';
import { folderConfig, type FolderType } from '../../../src/syncthing/folder-config.ts';
import { callOptions, introduce, isSettled, rootOf, type Peer } from './peers.ts';
import { startRealPeer, type RealPeer } from './real-peer.ts';
import { until } from './until.ts';

// What handoff rule 37 rests on: who keeps the version of a file that lost against another node's change. A Syncthing
// that does otherwise is to be noticed here.
const FOLDER = 'conflicts';
let ended: RealPeer;
let copy: RealPeer;
let late: RealPeer;
const call = callOptions;

beforeAll(async () => {
  [ended, copy, late] = [await startRealPeer(), await startRealPeer(), await startRealPeer()];
  await introduce([ended, copy, late]);
});
afterAll(async () => {
  for (const daemon of [ended, copy, late]) await daemon?.[Symbol.asyncDispose]();
});

async function put(peer: Peer, type: FolderType, others: readonly Peer[]): Promise<void> {
  const root = rootOf(peer, FOLDER);
  mkdirSync(path.join(root, '.stfolder'), { recursive: true });
  mkdirSync(path.join(root, 'data'), { recursive: true });
  const peers = others.map((other) => other.deviceId);
  const folder = folderConfig({ folderId: FOLDER, label: FOLDER, path: root, type, peers, isShared: true });
  await peer.client.putFolders([folder], call());
}

function dataOf(peer: Peer): string {
  return path.join(rootOf(peer, FOLDER), 'data');
}

function contentsOf(peer: Peer): readonly string[] {
  const names = readdirSync(dataOf(peer)).filter((name) => !name.startsWith('.syncthing.'));
  return names.map((name) => readFileSync(path.join(dataOf(peer), name), 'utf8')).toSorted();
}

function conflictsOf(peer: Peer): readonly string[] {
  return readdirSync(dataOf(peer)).filter(isConflictName);
}

async function untilHas(peer: Peer, contents: readonly string[]): Promise<void> {
  await until(`${contents.join()} is there`, () => {
    const found = contentsOf(peer);
    return Promise.resolve(contents.every((content) => found.includes(content)));
  });
}

test('a receiver keeps what a session had left on it, and sends it on when it has writer type for a scan', async () => {
  // `late` has the folder and is cut off from the others; what `ended` writes is on `copy`.
  await put(late, 'sendreceive', []);
  await put(copy, 'receiveonly', [ended, late]);
  await put(ended, 'sendreceive', [copy]);
  writeFileSync(path.join(dataOf(ended), 'file.txt'), 'what the session left');
  await ended.client.scan(FOLDER, call());
  await untilHas(copy, ['what the session left']);
  await until('all has arrived', async () => isSettled(await copy.client.folderStatus(FOLDER, call())));
  // The session has ended, and its node is gone; then comes a change that knew nothing of it, and wins.
  await put(ended, 'receiveonly', []);
  writeFileSync(path.join(dataOf(late), 'file.txt'), 'what wins');
  await late.client.scan(FOLDER, call());
  await put(late, 'sendreceive', [copy]);
  await untilHas(copy, ['what wins', 'what the session left']);
  const [kept] = conflictsOf(copy);
  expect(kept).toMatch(/^file\.sync-conflict-\d{8}-\d{6}-[A-Z2-7]{7}\.txt$/);
  await copy.client.scan(FOLDER, call());
  expect(await copy.client.localChanged(FOLDER, { ...call(), perPage: 10 })).toContain(`data/${kept}`);
  expect(contentsOf(late)).toEqual(['what wins']);
  await put(copy, 'sendreceive', [late]);
  await copy.client.scan(FOLDER, call());
  await put(copy, 'receiveonly', [late]);
  await untilHas(late, ['what wins', 'what the session left']);
  await until('nothing counts as changed', async () =>
    isSettled(await copy.client.folderStatus(FOLDER, call())),
  );
});
