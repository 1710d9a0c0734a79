import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { PassReport } from '../desired/node-view.ts';
import { applyActions } from '../runtime/apply-actions.ts';
import { systemClock } from '../runtime/clock.ts';
import { silentLogger } from '../runtime/logger.ts';
import type { FolderConfig, SyncthingClient } from '../syncthing/client.ts';
import { SyncthingError } from '../syncthing/errors.ts';
import { FakeSyncthingNetwork } from '../syncthing/fake/fake-network.ts';
import type { FakeSyncthing } from '../syncthing/fake/fake-syncthing.ts';
import { folderConfig } from '../syncthing/folder-config.ts';
import { applyResharer, replicasOf, type ApplyOptions } from './apply.ts';
import type { ResharerAction } from './plan.ts';

const signal = AbortSignal.timeout(30_000);

let directory: string;
let network: FakeSyncthingNetwork;
let syncthing: FakeSyncthing;
beforeEach(async () => {
  directory = fs.mkdtempSync(path.join(os.tmpdir(), 'folders-'));
  network = new FakeSyncthingNetwork();
  syncthing = await network.add('one', directory);
  syncthing.putFolders([folder('a', 'receiveonly'), folder('b', 'receiveonly')]);
});
afterEach(async () => {
  await network[Symbol.asyncDispose]();
  fs.rmSync(directory, { recursive: true });
});

function folder(folderId: string, type: 'receiveonly' | 'sendreceive'): FolderConfig {
  const root = path.join(syncthing.data, folderId);
  return folderConfig({ folderId, label: folderId, path: root, type, peers: [] });
}

function toWriter(folderId: string): ResharerAction {
  const put = {
    kind: 'put',
    replica: `replica-${folderId}`,
    folder: folder(folderId, 'sendreceive'),
  } as const;
  return { ...put, onlyClean: true };
}

/** A pass over both, as the helper makes it. */
function pass(
  options: Partial<ApplyOptions> = {},
  client: SyncthingClient = syncthing.client,
): Promise<PassReport> {
  return applyActions([toWriter('a'), toWriter('b')], {
    budget: { clock: systemClock, endsAt: systemClock.now() + 30_000 },
    log: silentLogger,
    itemsOf: replicasOf,
    apply: (action) => applyResharer(client, action, { signal, ...options }),
  });
}

function typeOf(folderId: string): string | undefined {
  return syncthing.folders.get(folderId)?.config.type;
}

test('folders that are clean get the type of a writer', async () => {
  expect(await pass()).toEqual({ changed: 2, failed: [], more: false });
  expect([typeOf('a'), typeOf('b')]).toEqual(['sendreceive', 'sendreceive']);
});

test('one with changes stays, and says so', async () => {
  fs.writeFileSync(path.join(syncthing.data, 'a', 'file'), '');
  syncthing.scan('a');
  expect(await pass()).toMatchObject({
    changed: 1,
    failed: [{ item: 'replica-a', reason: expect.stringContaining('1 item(s) count as changed') }],
  });
  expect([typeOf('a'), typeOf('b')]).toEqual(['receiveonly', 'sendreceive']);
});

// Handoff rule 38: it fails alone, and the next pass has it last.
test('one in a long scan holds up no other', async () => {
  syncthing.misbehaviours.add({ kind: 'hang', match: /^POST \/rest\/db\/scan\?folder=a&/ });
  expect(await pass({ busyMs: 50 })).toMatchObject({
    changed: 1,
    failed: [{ item: 'replica-a', reason: expect.stringContaining('still looks through the folder') }],
  });
  expect([typeOf('a'), typeOf('b')]).toEqual(['receiveonly', 'sendreceive']);
});

test('a pass, which lives for a minute, waits for a few seconds unless told otherwise', async () => {
  const waited: (number | undefined)[] = [];
  const client: SyncthingClient = {
    ...syncthing.client,
    async scan(_, { timeoutMs }) {
      waited.push(timeoutMs);
      throw new SyncthingError('timeout', 'no answer');
    },
  };
  expect((await pass({}, client)).failed).toHaveLength(2);
  expect(waited).toEqual([5_000, 5_000]);
});

test('a folder that cannot be looked at fails with the reason of Syncthing', async () => {
  Object.assign(syncthing.folders.get('a') ?? {}, { injectedError: 'insufficient space' });
  expect((await pass()).failed).toEqual([
    { item: 'replica-a', reason: expect.stringContaining('insufficient space') },
  ]);
});
