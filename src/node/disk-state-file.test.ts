import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
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
  await states.create(state({ kind: 'replica' }));
  await states.write(written);
  expect(await states.read(folderId)).toEqual(written);
  expect(await states.list()).toEqual([folderId]);
  expect(readdirSync(layout.volume(folderId).directory)).toEqual(['state.json']);
});

test('a directory that the deleter took away in the meantime is not made again', async () => {
  await states.create(state({ kind: 'replica' }));
  const { directory } = layout.volume(folderId);
  rmSync(directory, { recursive: true });
  await expect(states.write(state({ kind: 'writer', epoch: 2, session: 4 }))).rejects.toMatchObject({
    kind: 'inconsistent',
    message: `${directory} went away while its volume was looked at`,
  });
  expect(readdirSync(layout.volumes)).toEqual([]);
});

test('what a later version has added is passed over', async () => {
  const written = state({ kind: 'rejoining', epoch: 2, step: 'archived', archive: '/a' });
  await states.create(written);
  const later = { version: 1, ...written, phase: { ...written.phase, later: ['/b'] }, later: 1 };
  writeFileSync(layout.volume(folderId).stateFile, JSON.stringify(later));
  expect(await states.read(folderId)).toEqual(written);
});

const since = '2026-01-01T00:00:00.000Z';
const writing = { since, session: 3, phase: 'writing' } as const;

/** Version 1 is of drivers that know of no writing beside others, and pass over what they do not know. */
test.each<[string, DiskState, number]>([
  ['an idle copy', state({ kind: 'released', epoch: 2, session: 4, scan }), 1],
  ['an exclusive session', state({ kind: 'writer', epoch: 2, session: 4 }), 1],
  ['a copy that is read', state({ kind: 'replica' }, { reading: { since, phase: 'reading' } }), 1],
  ['a shared session', state({ kind: 'replica' }, { writing }), 2],
  ['one that ended', state({ kind: 'replica' }, { writing: { ...writing, phase: 'ended', scan } }), 2],
])('%s is of the lowest version that says it', async (_, written, version) => {
  await states.create(written);
  const { stateFile } = layout.volume(folderId);
  expect(JSON.parse(readFileSync(stateFile, 'utf8'))).toMatchObject({ version });
  expect(await states.read(folderId)).toEqual(written);
});

test('a shared session that a driver wrote as version 1 is read, and is of version 2 from its next write', async () => {
  const written = state({ kind: 'replica' }, { writing });
  await states.create(written);
  const { stateFile } = layout.volume(folderId);
  writeFileSync(stateFile, JSON.stringify({ version: 1, ...written }));
  const read = await states.read(folderId);
  expect(read).toEqual(written);
  if (read !== undefined) await states.write(read);
  expect(JSON.parse(readFileSync(stateFile, 'utf8'))).toMatchObject({ version: 2 });
});

test('of a newer version it is said what to do', async () => {
  await states.create(state({ kind: 'replica' }));
  writeFileSync(layout.volume(folderId).stateFile, JSON.stringify({ version: 3 }));
  await expect(states.read(folderId)).rejects.toThrow(
    /state\.json was written by a newer version of the driver .*install that one again.*docs\/troubleshooting\.md/,
  );
});

test('a volume without a directory has no state, one with files and no state is an error', async () => {
  expect(await states.read(folderId)).toBeUndefined();
  mkdirSync(layout.volume(folderId).syncRoot, { recursive: true });
  await expect(states.read(folderId)).rejects.toMatchObject({ kind: 'inconsistent' });
});

test.each([
  [
    'of another disk',
    JSON.stringify({ version: 1, ...state({ kind: 'replica' }, { storeId: 'other' }) }),
    'inconsistent',
  ],
  ['cut off', '{"version":1', 'corrupt-state'],
  ['without a version', JSON.stringify(state({ kind: 'replica' })), 'corrupt-state'],
  ['of a later version', JSON.stringify({ version: 3, phase: { kind: 'later' } }), 'newer-state'],
])('a state %s is not guessed', async (_, text, kind) => {
  await states.create(state({ kind: 'replica' }));
  writeFileSync(layout.volume(folderId).stateFile, text);
  await expect(states.read(folderId)).rejects.toMatchObject({ kind });
});

test('an id that leads elsewhere is refused', async () => {
  await expect(states.read('../v-aaaaaaaaaaaaaaaa-0123456789ab')).rejects.toThrow(/not a volume id/);
});
