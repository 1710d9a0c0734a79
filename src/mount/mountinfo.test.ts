import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseMountInfo, unescapeOctal } from './mountinfo.ts';

const line = '36 35 98:0 /root /mount/point rw,noatime shared:1 master:2 - ext3 /dev/root rw,errors=continue';

test('a line with optional fields', () => {
  expect(parseMountInfo(`${line}\n`).mounts).toEqual([
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
  expect(parseMountInfo(text)).toMatchObject({ mounts: [expected], unreadable: [] });
});

test('the order stays', () => {
  const text = ['1 0 8:1 / /a rw - ext4 d rw', '2 1 8:1 /x /a rw - ext4 d rw', ''].join('\n');
  expect(parseMountInfo(text).mounts.map(({ mountId }) => mountId)).toEqual([1, 2]);
});

describe('what is not a line', () => {
  test.for(['x', line.replace(' - ', ' '), line.slice(0, 20)])('%s', (text) => {
    const { mounts, unreadable } = parseMountInfo([line, text, line].join('\n'));
    expect(mounts).toHaveLength(2);
    expect(unreadable).toEqual([text]);
  });

  test('is given as it was before it was escaped', () => {
    expect(parseMountInfo('odd /a\\040b').unreadable).toEqual(['odd /a b']);
  });
});

/** As seq_path(9) does: byte by byte, and nothing but these. */
function escaped(bytes: Uint8Array, special: string): Buffer {
  const written = [...bytes].map((byte) => {
    const isSpecial = special.includes(String.fromCodePoint(byte));
    return isSpecial ? Buffer.from(`\\${byte.toString(8).padStart(3, '0')}`) : Buffer.of(byte);
  });
  return Buffer.concat(written);
}

const IN_PATHS = ' \t\n\\';
const IN_SOURCES = `${IN_PATHS}#`;

/** White space and line ends of JavaScript that the kernel leaves alone, in UTF-8 and as lone bytes, and what it escapes. */
const odd = [
  '\u00A0',
  '\u3000',
  '\u2028',
  '\u2029',
  '\uFEFF',
  '\u0085',
  '\r',
  '\v',
  '\f',
  ' ',
  '\t',
  '\n',
  '\\',
  '#',
];
const name = fc.oneof(
  fc.string({ unit: fc.oneof(fc.constantFrom(...odd), fc.string({ unit: 'binary', maxLength: 1 })) }),
  fc.uint8Array({ maxLength: 30 }),
);
/** Any bytes but those that no path has; what is no UTF-8 becomes U+FFFD where a file is read as text. */
const path = name.map((given) =>
  Buffer.concat([Buffer.from('/'), Buffer.from(given).filter((byte) => byte !== 0)]),
);
const superOptions = name.map((given) => `rw,${Buffer.from(given).toString('utf8').replaceAll('\n', '')}`);

test('a whole line is read, whatever bytes its paths have', () => {
  fc.assert(
    fc.property(path, path, path, superOptions, (root, mountPoint, source, of) => {
      fc.pre(!root.toString('utf8').endsWith('//deleted'));
      const written = Buffer.concat([
        Buffer.from('7 1 8:1 '),
        escaped(root, IN_PATHS),
        Buffer.from(' '),
        escaped(mountPoint, IN_PATHS),
        Buffer.from(' ro,noatime shared:1 - ext4 '),
        escaped(source, IN_SOURCES),
        Buffer.from(` ${of}`),
      ]).toString('utf8');
      const { mounts, unreadable } = parseMountInfo(`${line}\n${written}\n${line}\n`);
      expect(unreadable).toEqual([]);
      expect(mounts).toHaveLength(3);
      expect(mounts[1]).toMatchObject({
        mountId: 7,
        root: root.toString('utf8'),
        mountPoint: mountPoint.toString('utf8'),
        readOnly: true,
        source: source.toString('utf8'),
        superOptions: of.split(','),
      });
    }),
    { numRuns: 500 },
  );
});

test('any name comes back from how the kernel writes it', () => {
  fc.assert(
    fc.property(fc.string(), (given) => {
      const written = given.replaceAll(
        /[ \t\n\\#]/g,
        (c) => `\\${c.charCodeAt(0).toString(8).padStart(3, '0')}`,
      );
      expect(unescapeOctal(written)).toBe(given);
    }),
  );
});
