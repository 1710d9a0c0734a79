import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { replicaName } from './replica-name.ts';
import { parseVolumeId, resourceNameOf, shortHash, volumeIdOf } from './volume-id.ts';

const SUBDOMAIN = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;

/** Base32 the slow way: the digest as one long string of bits. */
function base32(text: string): string {
  const bits = [...createHash('sha256').update(text).digest()]
    .map((byte) => byte.toString(2).padStart(8, '0'))
    .join('');
  return (bits.match(/.{5}/g) ?? [])
    .map((five) => 'abcdefghijklmnopqrstuvwxyz234567'.charAt(Number.parseInt(five, 2)))
    .join('');
}

describe('names of a volume', () => {
  test('are what other tools compute for the same request', () => {
    // printf pvc-1 | sha256sum | xxd -r -p | base32 | tr A-Z a-z
    expect(shortHash('pvc-1', 51)).toBe(base32('pvc-1'));
    expect(resourceNameOf('pvc-1')).toBe(`v-${base32('pvc-1').slice(0, 16)}`);
  });

  test('hash as base32 does, for any text', () => {
    fc.assert(
      fc.property(fc.string(), fc.integer({ min: 1, max: 51 }), (text, length) => {
        expect(shortHash(text, length)).toBe(base32(text).slice(0, length));
      }),
    );
  });

  test('join and part without loss, for any request and uid', () => {
    fc.assert(
      fc.property(fc.string(), fc.uuid(), (request, uid) => {
        const name = resourceNameOf(request);
        const id = volumeIdOf(name, uid);
        expect(parseVolumeId(id)).toEqual({ name, uidPrefix: uid.replaceAll('-', '').slice(0, 12) });
        expect(id.length).toBeLessThanOrEqual(64);
      }),
    );
  });

  test.each([
    '',
    'v-',
    '../v-aaaaaaaaaaaaaaaa-0123456789ab',
    'v-aaaaaaaaaaaaaaaa-0123456789ab/..',
    'v-aaaaaaaaaaaaaaa1-0123456789ab',
    'v-aaaaaaaaaaaaaaaa-0123456789aB',
    'v-aaaaaaaaaaaaaaaa-0123456789ab\n',
    'v-aaaaaaaaaaaaaaaaa-0123456789ab',
    'pvc-1',
  ])('refuse %j', (id) => {
    expect(parseVolumeId(id)).toBeUndefined();
  });

  test.each([
    'n1',
    'worker-1.example.org',
    `${'n'.repeat(63)}.${'m'.repeat(63)}.${'o'.repeat(63)}.${'p'.repeat(61)}`,
  ])('make a valid replica name for node %s', (node) => {
    const name = replicaName(resourceNameOf('pvc-1'), node);
    expect(name.length).toBeLessThanOrEqual(253);
    expect(name).toMatch(SUBDOMAIN);
  });

  test('keep replicas of two long node names apart', () => {
    const long = 'n'.repeat(252);
    expect(replicaName('v-aaaaaaaaaaaaaaaa', `${long}a`)).not.toBe(
      replicaName('v-aaaaaaaaaaaaaaaa', `${long}b`),
    );
  });
});
