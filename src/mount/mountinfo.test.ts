import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseMountInfo, unescapeOctal } from './mountinfo.ts';

const line = '36 35 98:0 /root /mount/point rw,noatime shared:1 master:2 - ext3 /dev/root rw,errors=continue';

test('a line with optional fields', () => {
  expect(parseMountInfo(`${line}\n`)).toEqual([
    {
      mountId: 36,
      parentId: 35,
      device: '98:0',
      root: '/root',
      rootDeleted: false,
      mountPoint: '/mount/point',
      readOnly: false,
      options: ['rw', 'noatime'],
      fsType: 'ext3',
      source: '/dev/root',
      superOptions: ['rw', 'errors=continue'],
    },
  ]);
});

test.for([
  ['no optional field', '22 27 0:21 / /proc rw,relatime - proc proc rw', { fsType: 'proc', source: 'proc' }],
  ['a mount point named -', '1 0 8:1 / /a/- rw - ext4 /dev/a rw', { mountPoint: '/a/-', fsType: 'ext4' }],
  ['a source that is empty', '1 0 8:1 / /a rw - tmpfs  rw', { fsType: 'tmpfs', source: '' }],
  ['a type with a dot', '1 0 0:9 / /a rw - fuse.x-y host:/a rw', { fsType: 'fuse.x-y', source: 'host:/a' }],
  ['spaces', '1 0 8:1 /a\\040b /c\\011d rw - ext4 /dev/a rw', { root: '/a b', mountPoint: '/c\td' }],
  ['a backslash before digits', '1 0 8:1 /a\\134040 /c rw - ext4 /dev/a rw', { root: '/a\\040' }],
  ['other letters', '1 0 8:1 /ä /ö rw - ext4 /dev/a rw', { root: '/ä', mountPoint: '/ö' }],
  ['a removed source', '1 0 8:1 /a//deleted /c rw - ext4 /dev/a rw', { root: '/a', rootDeleted: true }],
  [
    'a read-only mount of a writable filesystem',
    '1 0 8:1 / /c ro,nosuid - ext4 /dev/a rw',
    { readOnly: true },
  ],
  ['a writable mount of a read-only filesystem', '1 0 8:1 / /c rw - ext4 /dev/a ro', { readOnly: false }],
  [
    'options of overlay',
    '1 0 0:9 / / rw - overlay overlay rw,lowerdir=/a:/b',
    { superOptions: ['rw', 'lowerdir=/a:/b'] },
  ],
] as const)('%s', ([, text, expected]) => {
  expect(parseMountInfo(text)).toMatchObject([expected]);
});

test('the order stays', () => {
  const text = ['1 0 8:1 / /a rw - ext4 d rw', '2 1 8:1 /x /a rw - ext4 d rw', ''].join('\n');
  expect(parseMountInfo(text).map(({ mountId }) => mountId)).toEqual([1, 2]);
});

describe('what is not a line', () => {
  test.for(['x', line.replace(' - ', ' '), line.slice(0, 20)])('%s', (text) => {
    expect(() => parseMountInfo(text)).toThrow('not a line of mountinfo');
  });
});

test('any name comes back from how the kernel writes it', () => {
  fc.assert(
    fc.property(fc.string(), (name) => {
      const written = name.replaceAll(
        /[ \t\n\\#]/g,
        (c) => `\\${c.charCodeAt(0).toString(8).padStart(3, '0')}`,
      );
      expect(unescapeOctal(written)).toBe(name);
    }),
  );
});
