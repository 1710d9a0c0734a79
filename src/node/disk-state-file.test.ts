import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { DiskPhase, DiskState } from '../handoff/disk-state.ts';
import { createDiskStates, type DiskStates } from './disk-state-file.ts';
import { hostLayout, type HostLayout } from './host-layout.ts';

const folderId = 'v-aaaaaaaaaaaaaaaa-0123456789ab';
const scan = { sequence: 3, startedAt: '2026-01-01T00:00:00.000Z' };

let directory: string;
let layout: HostLayout;
let states: DiskStates;
beforeEach(() => {
  directory = mkdtempSync(path.join(os.tmpdir(), 'states-'));
  layout = hostLayout(directory);
  mkdirSync(layout.volumes);
  states = createDiskStates(layout, 'store');
});
afterEach(() => rmSync(directory, { recursive: true }));

function state(phase: DiskPhase, more: Partial<DiskState> = {}): DiskState {
  return {
    version: 1,
    volume: 'v-aaaaaaaaaaaaaaaa',
    folderId,
    storeId: 'store',
    highestEpoch: 2,
    phase,
    ...more,
  };
}

test.each<DiskState>([
  state({ kind: 'replica' }),
  state({ kind: 'replica' }, { rejoined: { epoch: 1, archive: '' }, announcing: true }),
  state({ kind: 'writer', epoch: 2, session: 4 }),
  state({ kind: 'writer', epoch: 2, session: 4, plain: true }),
  state({ kind: 'released', epoch: 2, session: 4, scan }),
  state({ kind: 'untouched', epoch: 2 }),
  state({ kind: 'rejoining', epoch: 2, step: 'archived', archive: '/a' }),
  state({ kind: 'rejoining', epoch: 2, step: 'archiving', archive: '/a', earlier: ['/b', '/c'] }),
  state({ kind: 'replica' }, { rejoined: { epoch: 2, archive: '/a', earlier: ['/b'] } }),
])('what is written is read, $phase.kind', async (written) => {
  await states.write(state({ kind: 'replica' }));
  await states.write(written);
  expect(await states.read(folderId)).toEqual(written);
  expect(await states.list()).toEqual([folderId]);
  expect(readdirSync(layout.volume(folderId).directory)).toEqual(['state.json']);
});

test('what a later version has added is passed over', async () => {
  const written = state({ kind: 'rejoining', epoch: 2, step: 'archived', archive: '/a' });
  await states.write(written);
  const later = { ...written, phase: { ...written.phase, later: ['/b'] }, later: 1 };
  writeFileSync(layout.volume(folderId).stateFile, JSON.stringify(later));
  expect(await states.read(folderId)).toEqual(written);
});

test('a volume without a directory has no state, one with files and no state is an error', async () => {
  expect(await states.read(folderId)).toBeUndefined();
  mkdirSync(layout.volume(folderId).syncRoot, { recursive: true });
  await expect(states.read(folderId)).rejects.toMatchObject({ kind: 'inconsistent' });
});

test.each([
  ['of another disk', JSON.stringify(state({ kind: 'replica' }, { storeId: 'other' })), 'inconsistent'],
  ['cut off', '{"version":1', 'corrupt-state'],
  ['of a later version', JSON.stringify({ ...state({ kind: 'replica' }), version: 2 }), 'corrupt-state'],
])('a state %s is not guessed', async (_, text, kind) => {
  await states.write(state({ kind: 'replica' }));
  writeFileSync(layout.volume(folderId).stateFile, text);
  await expect(states.read(folderId)).rejects.toMatchObject({ kind });
});

test('an id that leads elsewhere is refused', async () => {
  await expect(states.read('../v-aaaaaaaaaaaaaaaa-0123456789ab')).rejects.toThrow(/not a volume id/);
});
