import { mkdirSync, statSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import {
  createNodeUnderTest,
  giveOrder,
  NODE,
  seedVolume,
  type NodeUnderTest,
} from '../../test/builders/test-node.ts';
import { handoffBase } from '../../test/builders/volume-view.ts';
import type { ScrubFinding } from '../desired/scrub.ts';
import { FILE_VERSION } from '../../test/builders/file-version.ts';
import type { FileVersion } from '../syncthing/client.ts';
import type { NodeContext } from './context.ts';
import { markRotten } from './mark-rotten.ts';

let node: NodeUnderTest;
let folderId: string;
let victim: string;
beforeEach(async () => {
  node = await createNodeUnderTest();
  const holders = [
    ...handoffBase(['n2']).holders,
    { node: NODE, storeId: node.ctx.store.storeId, sequence: 10 },
  ];
  const volume = seedVolume(node, { status: { epoch: 1, base: handoffBase([], { holders }) } });
  folderId = volume.volumeId;
  await giveOrder(node, volume, { type: 'receiveonly' });
  victim = path.join(node.ctx.store.layout.volumes, 'victim/sync/data');
  mkdirSync(victim, { recursive: true });
  mkdirSync(path.join(node.ctx.store.layout.volume(folderId).data, 'd'), { recursive: true });
});
afterEach(() => node[Symbol.dispose]());

const VERSION: FileVersion = { ...FILE_VERSION, blocksHash: 'proven', version: ['OTHER:1'] };

/** What Syncthing was told to scan, of files all of which its index has. */
async function mark(...names: readonly string[]): Promise<readonly string[]> {
  const scanned: string[] = [];
  const syncthing: NodeContext['syncthing'] = {
    ...node.ctx.syncthing,
    folder: async (id) => ({ id, label: '', path: '', type: 'receiveonly', paused: false, devices: [] }),
    file: async () => ({ local: VERSION, global: VERSION, availability: ['DEVICE-n2'] }),
    scan: async (_, { sub = [] }) => void scanned.push(...sub),
  };
  const findings = names.map((name): ScrubFinding => {
    const rest = { reason: 'r', blocksHash: 'proven', modifiedBy: 'OTHER', changedAt: '' };
    return { name, kind: 'differs', ...rest };
  });
  await markRotten({ ...node.ctx, syncthing }, folderId, findings, AbortSignal.timeout(10_000));
  return scanned;
}

function makeFile(file: string): string {
  writeFileSync(file, 'x');
  utimesSync(file, 1, 1);
  return file;
}

test('a file gets another time, and nothing that a link leads to', async () => {
  const { data } = node.ctx.store.layout.volume(folderId);
  const rotten = makeFile(path.join(data, 'd/ä'));
  const precious = makeFile(path.join(victim, 'x'));
  symlinkSync('../../../victim/sync/data', path.join(data, 'link'));
  symlinkSync('../../../victim/sync/data/x', path.join(data, 'x'));
  expect(await mark('data/d/ä', 'data/link/x', 'data/x', 'data/gone')).toEqual(['data/d/ä']);
  expect(statSync(rotten).mtimeMs).toBeGreaterThan(1000);
  expect(statSync(precious).mtimeMs).toBe(1000);
});
