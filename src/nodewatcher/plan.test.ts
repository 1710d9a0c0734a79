import { expect, test } from 'vitest';
import { nodeView, STORE } from '../../test/builders/node-view.ts';
import { fitness, planNodewatcher, type ObservedDisk } from './plan.ts';

const GIB = 1024 ** 3;
const label = nodeView().storageLabel;

function disk(given: Partial<ObservedDisk> = {}): ObservedDisk {
  const directories = ['/data/volumes', '/data/archive', '/data/trash'].map((path) => ({ path, device: 1 }));
  return { capacity: { totalBytes: 100 * GIB, freeBytes: 50 * GIB }, storeId: STORE, directories, ...given };
}

test.each([
  { value: 'yes', labelled: true },
  { value: 'true', labelled: true },
  { value: 'no', labelled: false },
  { value: '', labelled: false },
])('the label $value', ({ value, labelled }) => {
  expect(fitness(nodeView({ labels: { [label]: value } }), disk())).toEqual({
    labelled,
    capacity: disk().capacity,
  });
});

test('no label, and another instance’s', () => {
  expect(fitness(nodeView({ labels: { 'other/syncthing-storage': 'yes' } }), disk()).labelled).toBe(false);
});

test.each([
  {
    name: 'read-only',
    observed: { unwritable: 'EROFS: read-only file system' },
    unfit: /cannot write to \/data: EROFS/,
  },
  { name: 'another disk', observed: { storeId: 'other' }, unfit: /store-id says other/ },
  { name: 'no disk', observed: { unwritable: 'ENOENT' }, unfit: /is its disk mounted/ },
  {
    name: 'two file systems',
    observed: {
      directories: [
        { path: '/data/volumes', device: 1 },
        { path: '/data/archive' },
        { path: '/data/trash', device: 2 },
      ],
    },
    unfit: /\/data\/volumes and \/data\/trash are on different file systems/,
  },
  {
    name: 'less than 5 %',
    observed: { capacity: { totalBytes: 100 * GIB, freeBytes: 5 * GIB - 1 } },
    unfit: /5119 MiB free at \/data, less than 5120/,
  },
  {
    name: 'less than 1 GiB',
    observed: { capacity: { totalBytes: 10 * GIB, freeBytes: GIB - 1 } },
    unfit: /less than 1024/,
  },
])('unfit: $name', ({ observed, unfit }) => {
  expect(fitness(nodeView(), disk(observed)).unfit).toMatch(unfit);
});

test('unfit: no store-id', () => {
  const { storeId: _, ...without } = disk();
  expect(fitness(nodeView(), without).unfit).toMatch(/store-id is missing/);
});

test.each([
  { name: 'exactly 5 %', capacity: { totalBytes: 100 * GIB, freeBytes: 5 * GIB } },
  { name: 'exactly 1 GiB', capacity: { totalBytes: 20 * GIB, freeBytes: GIB } },
])('fit: $name', ({ capacity }) => {
  expect(fitness(nodeView(), disk({ capacity })).unfit).toBeUndefined();
});

test('makes the directories that are missing, once it is the right disk', () => {
  const missing = disk({ directories: [{ path: '/data/volumes', device: 1 }, { path: '/data/trash' }] });
  expect(planNodewatcher(nodeView(), missing)).toEqual([{ kind: 'make-directory', path: '/data/trash' }]);
  expect(planNodewatcher(nodeView(), { ...missing, storeId: 'other' })).toEqual([]);
  expect(planNodewatcher(nodeView(), { ...missing, unwritable: 'EROFS' })).toEqual([]);
  expect(planNodewatcher(nodeView(), disk())).toEqual([]);
});
