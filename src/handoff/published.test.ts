import { describe, expect, test } from 'vitest';
import {
  at,
  EMPTY_BASE,
  grantTo,
  handoffBase,
  readerOn,
  sharedBase,
  view,
  volume,
  writerOn,
} from '../../test/builders/volume-view.ts';
import type { SyncthingVolumeStatus } from '../desired/volume.ts';
import { currentPublished, decidePublish, publishedNodes, withoutPublished } from './published.ts';
import { defaultHandoffSettings } from './settings.ts';

const now = at(0);
const base = handoffBase(['n1']);

function decide(status: Partial<SyncthingVolumeStatus>, reads = false) {
  return decidePublish(volume({ status: { base, ...status } }), { node: 'n2', reads, now });
}

describe('ControllerPublishVolume to n2', () => {
  test.each([
    ['that nobody has', {}, false],
    ['that nobody has, to read', {}, true],
    ['that was never written', { base: EMPTY_BASE }, false],
    ['that n2 writes', { grant: grantTo('n2', 2) }, false],
    ['that others read too', { readers: [readerOn('n1'), readerOn('n2')] }, true],
  ] as const)('of a volume %s is answered', (_what, status, reads) => {
    expect(decide(status, reads)).toEqual({ kind: 'publish', published: [{ node: 'n2', since: now }] });
    const published = [{ node: 'n2', since: at(-1000) }];
    expect(decide({ ...status, published }, reads)).toEqual({ kind: 'already' });
  });

  test.each([
    ['n1 writes', { grant: grantTo('n1', 2) }, false, 'elsewhere', 'node n1 holds the volume'],
    ['n1 writes, to read', { grant: grantTo('n1', 2) }, true, 'elsewhere', 'node n1 holds the volume'],
    ['n1 and n2 read', { readers: [readerOn('n1'), readerOn('n2')] }, false, 'elsewhere', 'read on n1,'],
    ['n2 writes, to read', { grant: grantTo('n2', 2) }, true, 'incompatible', 'n2 writes it'],
    ['n2 reads, to write', { readers: [readerOn('n2')] }, false, 'incompatible', 'n2 reads it'],
    ['nobody wrote, to read', { base: EMPTY_BASE }, true, 'nothing-to-read', 'nothing was ever written'],
  ] as const)('of a volume that %s is refused', (...[, status, reads, kind, reason]) => {
    const published = [{ node: 'n2', since: at(-1000) }];
    const expected = { kind, reason: expect.stringContaining(reason) };
    expect(decide(status, reads)).toMatchObject(expected);
    expect(decide({ ...status, published }, reads)).toMatchObject(expected);
  });

  test('keeps the others, in order', () => {
    const published = ['n1', 'n3'].map((node) => ({ node, since: at(-1000) }));
    expect(decide({ published })).toMatchObject({
      kind: 'publish',
      published: [{ node: 'n1' }, { node: 'n2' }, { node: 'n3' }],
    });
  });
});

describe('ControllerPublishVolume to n2, of a volume that many write', () => {
  function decideShared(status: Partial<SyncthingVolumeStatus>, reads: boolean) {
    const shared = volume({ spec: { access: 'eventual' }, status: { base: sharedBase(['n1']), ...status } });
    return decidePublish(shared, { node: 'n2', reads, now });
  }

  test.each([
    ['others write', { writers: [writerOn('n1')] }, false],
    ['others write, to read', { writers: [writerOn('n1')] }, true],
    ['others read', { readers: [readerOn('n1')] }, false],
    ['n2 reads, to write', { readers: [readerOn('n2')] }, false],
    ['n2 writes, to read', { writers: [writerOn('n2')] }, true],
    ['somebody writes for the first time, to read', { base: EMPTY_BASE, writers: [writerOn('n1')] }, true],
  ] as const)('is answered while %s', (_what, status, reads) => {
    expect(decideShared(status, reads)).toMatchObject({ kind: 'publish', published: [{ node: 'n2' }] });
  });

  test('is refused to read where nothing was ever written', () => {
    expect(decideShared({ base: EMPTY_BASE }, true)).toMatchObject({ kind: 'nothing-to-read' });
  });
});

describe('what was published', () => {
  const published = ['n1', 'n2'].map((node) => ({ node, since: now }));

  test('is taken back for one node, or for all', () => {
    expect(withoutPublished(published, 'n1')).toEqual([{ node: 'n2', since: now }]);
    expect(withoutPublished(published, undefined)).toEqual([]);
    expect(withoutPublished(published, 'n9')).toBe(published);
    expect(withoutPublished([], undefined)).toEqual([]);
  });

  test('counts with the attach step alone', () => {
    const off = view({ volume: volume({ status: { published } }), replicas: [] });
    const on = { ...off, settings: { ...defaultHandoffSettings, attach: true } };
    expect([publishedNodes(off), currentPublished(off)]).toEqual([[], []]);
    expect(publishedNodes(on)).toEqual(['n1', 'n2']);
    expect(currentPublished(on)).toBe(on.volume.status.published);
  });
});
