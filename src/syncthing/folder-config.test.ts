import fc from 'fast-check';
import { expect, test } from 'vitest';
import { folderConfig, sameFolder, type FolderInput } from './folder-config.ts';

const input: FolderInput = {
  folderId: 'v',
  label: 'l',
  path: '/d/v',
  type: 'receiveonly',
  peers: ['B', 'A'],
};

test('the daemon adds itself, orders devices and has keys of its own: still the same', () => {
  const desired = folderConfig(input);
  const [first, second] = desired.devices;
  if (first === undefined || second === undefined) {
    throw new Error('two peers make two devices');
  }
  const actual = { ...desired, devices: [second, { deviceID: 'SELF' }, first], copiers: 0 };
  expect(sameFolder(actual, desired, 'SELF')).toBe(true);
});

test('an older daemon lacks the keys of 2.x', () => {
  const { pullerDelayS: _delay, blockIndexing: _indexing, ...older } = folderConfig(input);
  expect(sameFolder(older, folderConfig(input), 'SELF')).toBe(true);
  const { syncOwnership: _ownership, ...tooOld } = older;
  expect(sameFolder(tooOld, folderConfig(input), 'SELF')).toBe(false);
});

test('property: a change of any key that we render is seen', () => {
  const desired = folderConfig(input);
  fc.assert(
    fc.property(fc.constantFrom(...Object.keys(desired)), (key) => {
      const changed = { ...desired, [key]: key === 'devices' ? [] : 'something else' };
      expect(sameFolder(changed, desired, 'SELF')).toBe(false);
    }),
  );
});

test('property: of a folder that many write every copy keeps what loses, and for a week what it replaces', () => {
  fc.assert(
    fc.property(fc.constantFrom('sendreceive', 'receiveonly'), (type) => {
      const versioning = { type: 'simple', params: { cleanoutDays: '7' }, cleanupIntervalS: 3600 };
      expect(folderConfig({ ...input, type, isShared: true })).toMatchObject({
        fsWatcherEnabled: type === 'sendreceive',
        maxConflicts: -1,
        minDiskFree: { value: 1, unit: '%' },
        versioning,
      });
    }),
  );
});

test('property: every type but receiveonly is a writer: watches, keeps all conflicts, no versions', () => {
  fc.assert(
    fc.property(fc.constantFrom('sendreceive', 'sendonly', 'receiveonly'), (type) => {
      const receiver = type === 'receiveonly';
      expect(folderConfig({ ...input, type })).toMatchObject({
        fsWatcherEnabled: !receiver,
        fsWatcherTimeoutS: 20,
        maxConflicts: receiver ? 0 : -1,
        rescanIntervalS: receiver ? 0 : 3600,
        versioning: { type: receiver ? 'simple' : '' },
      });
    }),
  );
});

test.each([
  { peers: [], seconds: 60 },
  { peers: ['A'], seconds: 20 },
])(
  'what is written without a pause is read by Syncthing every $seconds s, shared with $peers',
  ({ peers, seconds }) => {
    for (const isShared of [false, true])
      expect(folderConfig({ ...input, type: 'sendreceive', peers, isShared })).toMatchObject({
        fsWatcherTimeoutS: seconds,
      });
  },
);
