import { expect, test } from 'vitest';
import { grantTo, readerOn, volume, writerOn } from '../../test/builders/volume-view.ts';
import type { SyncthingVolume } from '../desired/volume.ts';
import type { Unreadable } from '../kubernetes/client.ts';
import { judgeUninstall } from './uses.ts';

function judge(items: readonly SyncthingVolume[], unreadable: readonly Unreadable[] = []) {
  return judgeUninstall({ items, unreadable });
}

const claim = { namespace: 'default', name: 'photos' };

test('volumes that nobody uses are no obstacle, and stay', () => {
  expect(judge([])).toEqual({ isFree: true, text: 'no volume is in use; there are no volumes' });
  expect(judge([volume(), volume()])).toMatchObject({
    isFree: true,
    text: expect.stringContaining('2 volume(s) stay on the disks'),
  });
});

test('each that is used is named, with its claim and its nodes', () => {
  const written = volume({ spec: { claim }, status: { grant: grantTo('n1', 1) } });
  const read = volume({ status: { readers: [readerOn('n2'), readerOn('n3')] } });
  const shared = volume({
    spec: { access: 'eventual' },
    status: { writers: [writerOn('n1'), writerOn('n2')], readers: [readerOn('n3')] },
  });
  const { isFree, text } = judge([written, volume(), read, shared]);
  expect(isFree).toBe(false);
  expect(text.split('\n')).toMatchObject([
    '3 volume(s) in use:',
    expect.stringMatching(/^default\/photos \(v-a+\) is written, .* on n1$/),
    expect.stringMatching(/^v-a+ is read on n2, n3$/),
    expect.stringMatching(/^v-a+ is written, .* on n1, n2, and is read on n3$/),
    expect.stringMatching(/helm uninstall --no-hooks.*helm rollback NAME REVISION/),
  ]);
});

const UNREADABLE = {
  name: 'v-b',
  problem: 'SyncthingVolume v-b cannot be read: status.grant is not a object',
};

test('one that cannot be read may be in use, and is named', () => {
  const { isFree, text } = judge([volume()], [UNREADABLE]);
  expect(isFree).toBe(false);
  expect(text.split('\n')).toEqual([
    '1 volume(s) that may be in use, since they cannot be read:',
    `v-b: ${UNREADABLE.problem}`,
    expect.stringContaining('helm uninstall --no-hooks'),
  ]);
});

test('it is named beside those that are in use', () => {
  const { isFree, text } = judge([volume({ status: { readers: [readerOn('n2')] } })], [UNREADABLE]);
  expect(isFree).toBe(false);
  expect(text).toMatch(/^1 volume\(s\) in use:\nv-a+ is read on n2\n1 volume\(s\) that may be in use/);
});
