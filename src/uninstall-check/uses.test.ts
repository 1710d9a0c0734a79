import { expect, test } from 'vitest';
import { grantTo, readerOn, volume, writerOn } from '../../test/builders/volume-view.ts';
import { judgeUninstall } from './uses.ts';

const claim = { namespace: 'default', name: 'photos' };

test('volumes that nobody uses are no obstacle, and stay', () => {
  expect(judgeUninstall([])).toEqual({ isFree: true, text: 'no volume is in use; there are no volumes' });
  expect(judgeUninstall([volume(), volume()])).toMatchObject({
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
  const { isFree, text } = judgeUninstall([written, volume(), read, shared]);
  expect(isFree).toBe(false);
  expect(text.split('\n')).toMatchObject([
    '3 volume(s) in use:',
    expect.stringMatching(/^default\/photos \(v-a+\) is written, .* on n1$/),
    expect.stringMatching(/^v-a+ is read on n2, n3$/),
    expect.stringMatching(/^v-a+ is written, .* on n1, n2, and is read on n3$/),
    expect.stringContaining('helm uninstall --no-hooks'),
  ]);
});
