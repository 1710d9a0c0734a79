import { expect, test } from 'vitest';
import { findKeyring, findMainIndex, parsePackageIndexes, readOsRelease } from './package-source.ts';

const MIRROR = 'http://mirror.example/debian';

test('finds the release itself among the indexes of apt', () => {
  const indexes = parsePackageIndexes(`${MIRROR}|bookworm-updates|main|/etc/apt/sources.list.d/a.sources:1
${MIRROR}|bookworm|contrib|/etc/apt/sources.list.d/a.sources:1
${MIRROR}|bookworm|main|/etc/apt/sources.list.d/a.sources:1
`);
  expect(findMainIndex(indexes, 'bookworm')).toEqual({
    mirror: MIRROR,
    suite: 'bookworm',
    component: 'main',
    file: '/etc/apt/sources.list.d/a.sources',
  });
  expect(findMainIndex(indexes, 'trixie')).toBeUndefined();
});

test('an index that was never fetched is not one', () => {
  expect(
    parsePackageIndexes(`${MIRROR}|$(CODENAME)|main|/etc/apt/sources.list:3\n${MIRROR}||main|x\n`),
  ).toEqual([]);
});

test.each([
  [
    'deb822',
    `Types: deb\nURIs: http://other.example/x\nSigned-By: /keys/other.gpg\n\nTypes: deb\nURIs: ${MIRROR}\nSigned-By: /keys/debian.gpg\n`,
    '/keys/debian.gpg',
  ],
  [
    'one line',
    `deb [signed-by=/keys/other.gpg] http://other.example/x a main\ndeb [arch=amd64 signed-by=/keys/debian.gpg] ${MIRROR} bookworm main\n`,
    '/keys/debian.gpg',
  ],
  ['no key named', `deb ${MIRROR} bookworm main\n`, undefined],
  [
    'a key written in place',
    `URIs: ${MIRROR}\nSigned-By:\n -----BEGIN PGP PUBLIC KEY BLOCK-----\n`,
    undefined,
  ],
  [
    'armoured, which gpgv cannot read',
    `deb [signed-by=/keys/debian.asc] ${MIRROR} bookworm main\n`,
    undefined,
  ],
])('keyring of a source: %s', (_, sources, keyring) => {
  expect(findKeyring(sources, `${MIRROR}/`)).toBe(keyring);
});

test('reads os-release with and without quotes', () => {
  const text = 'PRETTY_NAME="Debian"\nVERSION_CODENAME=bookworm\nID="debian"\nID_LIKE=x\n';
  expect([
    readOsRelease(text, 'ID'),
    readOsRelease(text, 'VERSION_CODENAME'),
    readOsRelease('ID_LIKE=x', 'ID'),
  ]).toEqual(['debian', 'bookworm', undefined]);
});
