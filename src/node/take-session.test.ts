import { mkdirSync } from 'node:fs';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createNodeUnderTest, giveGrant, NODE, type NodeUnderTest } from '../../test/builders/test-node.ts';
import { handoffBase } from '../../test/builders/volume-view.ts';
import { begun } from '../desired/plan-scrub.ts';
import { newScrubRecord } from '../desired/scrub.ts';
import type { FileEntry, FileVersion } from '../syncthing/client.ts';
import { takeSession } from './take-session.ts';

const signal = AbortSignal.timeout(10_000);

let node: NodeUnderTest;
beforeEach(async () => {
  node = await createNodeUnderTest();
});
afterEach(() => node[Symbol.dispose]());

const VERSION: FileVersion = {
  name: '',
  isDirectory: false,
  deleted: false,
  invalid: false,
  sequence: 1,
  size: 1,
  modified: '',
  blocksHash: '',
  modifiedBy: 'OTHER',
  version: [],
  localFlags: 0,
};
const ELSEWHERE: FileEntry = { local: VERSION, global: VERSION, availability: ['DEVICE-n2'] };
const NOWHERE: FileEntry = { ...ELSEWHERE, availability: [] };

/** Whether a session begins on a copy whose file `data/a` a scrub marked, with what Syncthing takes for changed. */
async function begins(
  changed: Readonly<Record<string, FileEntry>>,
  others: readonly string[],
): Promise<'open' | 'wait'> {
  const { storeId } = node.ctx.store;
  const holders = [...handoffBase(others).holders, { node: NODE, storeId, sequence: 1 }];
  const volume = await giveGrant(node, 2, { status: { base: handoffBase([], { holders }) } });
  const folderId = volume.volumeId;
  mkdirSync(node.ctx.store.layout.volume(folderId).data);
  const { run, ...record } = begun(newScrubRecord(0), 0);
  if (run !== undefined)
    await node.ctx.scrubs.write(folderId, { ...record, run: { ...run, repairing: ['data/a'] } });
  const names = Object.keys(changed);
  const counts = { needTotalItems: 0, needDeletes: 0, needBytes: 0, globalTotalItems: 1, globalBytes: 1 };
  const local = { localTotalItems: 1, localBytes: 1, receiveOnlyTotalItems: names.length };
  const syncthing = {
    ...node.ctx.syncthing,
    scan: () => Promise.resolve(),
    folderStatus: async () => ({ state: 'idle' as const, errors: 0, sequence: 1, ...counts, ...local }),
    localChanged: async () => names,
    file: async (_: string, name: string) => changed[name],
  };
  return (await takeSession({ ...node.ctx, syncthing }, folderId, signal)).kind;
}

test.each<[string, Readonly<Record<string, FileEntry>>, readonly string[], 'open' | 'wait']>([
  ['nothing is changed any more', {}, ['n2'], 'open'],
  ['another holder has what is to be repaired', { 'data/a': ELSEWHERE }, ['n2'], 'wait'],
  ['the other holder is away', { 'data/a': NOWHERE }, ['n2'], 'wait'],
  ['this is the only holder, and another copy has it', { 'data/a': ELSEWHERE }, [], 'wait'],
  ['this is the only holder, and nobody has it', { 'data/a': NOWHERE }, [], 'open'],
  [
    'this is the only holder, and more is changed here',
    { 'data/a': ELSEWHERE, 'data/b': ELSEWHERE },
    [],
    'open',
  ],
])('after a scrub marked a file: %s', async (_, changed, others, expected) => {
  expect(await begins(changed, others)).toBe(expected);
});
