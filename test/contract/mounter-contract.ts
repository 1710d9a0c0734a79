import { mkdir, mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Mounter } from '../../src/mount/mounter.ts';

/** What every Mounter does, the real one and the fake. The directories are real for both. */
export function describeMounter(name: string, create: () => Mounter): void {
  describe(name, () => {
    const { signal } = new AbortController();
    let mounter: Mounter;
    let base: string;
    let source: string;
    let staging: string;
    let target: string;

    beforeEach(async () => {
      mounter = create();
      base = await realpath(await mkdtemp(path.join(tmpdir(), 'mounter contract-')));
      source = path.join(base, 'volumes', 'data');
      staging = path.join(base, 'staging');
      target = path.join(base, 'target');
      await mkdir(path.join(source, 'below'), { recursive: true });
      await mkdir(path.join(base, 'volumes', 'data-other'));
      await mkdir(staging);
      await mkdir(target);
    });

    afterEach(async () => {
      await mounter.unmount(target, signal);
      await mounter.unmount(staging, signal);
      // Never recursive over a mount that was missed.
      await rm(path.join(base, 'volumes'), { recursive: true });
      await rm(base, { recursive: true });
    });

    test('a directory is mounted, seen, and gone after unmount', async () => {
      const mount = await mounter.bind({ source, target, readOnly: false }, signal);
      expect(mount).toMatchObject({ mountPoint: target, readOnly: false, rootDeleted: false });
      expect(mount.root.endsWith('/volumes/data')).toBe(true);
      expect(await mounter.mountAt(target)).toEqual(mount);
      await mounter.unmount(target, signal);
      expect(await mounter.mountAt(target)).toBeUndefined();
    });

    test('read-only is seen as such', async () => {
      await mounter.bind({ source, target, readOnly: true }, signal);
      expect(await mounter.mountAt(target)).toMatchObject({ readOnly: true });
    });

    test('a plain directory is no mount point, nor is one that is missing', async () => {
      expect(await mounter.mountAt(target)).toBeUndefined();
      expect(await mounter.mountAt(path.join(base, 'missing'))).toBeUndefined();
    });

    test('bind and unmount can be repeated', async () => {
      const first = await mounter.bind({ source, target, readOnly: false }, signal);
      expect(await mounter.bind({ source, target, readOnly: false }, signal)).toEqual(first);
      expect(await mounter.mountsOf(source)).toHaveLength(1);
      await mounter.unmount(target, signal);
      await mounter.unmount(target, signal);
      await mounter.unmount(path.join(base, 'missing'), signal);
    });

    test('a mount of a mount shows the same directory', async () => {
      const staged = await mounter.bind({ source, target: staging, readOnly: false }, signal);
      const published = await mounter.bind({ source: staging, target, readOnly: true }, signal);
      expect(published).toMatchObject({ device: staged.device, root: staged.root });
      expect(await mounter.mountsOf(source)).toHaveLength(2);
    });

    test.for([
      { what: 'another directory', other: 'data-other', readOnly: false },
      { what: 'another readOnly', other: 'data', readOnly: true },
    ])('$what at a mount point in use is busy', async ({ other, readOnly }) => {
      await mounter.bind({ source, target, readOnly: false }, signal);
      const again = mounter.bind({ source: path.join(base, 'volumes', other), target, readOnly }, signal);
      await expect(again).rejects.toMatchObject({ name: 'MountError', kind: 'busy' });
      expect(await mounter.mountAt(target)).toMatchObject({ readOnly: false });
    });

    test('a source or a target that is missing is not found', async () => {
      const missing = path.join(base, 'missing');
      const fromNowhere = mounter.bind({ source: missing, target, readOnly: false }, signal);
      await expect(fromNowhere).rejects.toMatchObject({ kind: 'not-found' });
      const toNowhere = mounter.bind({ source, target: missing, readOnly: false }, signal);
      await expect(toNowhere).rejects.toMatchObject({ kind: 'not-found' });
    });

    test('mounts of a directory include what lies below it, not what only begins with its name', async () => {
      await mounter.bind({ source: path.join(source, 'below'), target, readOnly: false }, signal);
      await mounter.bind(
        { source: path.join(base, 'volumes', 'data-other'), target: staging, readOnly: false },
        signal,
      );
      const points = (await mounter.mountsOf(source)).map(({ mountPoint }) => mountPoint);
      expect(points).toEqual([target]);
      const found = await mounter.findMountsOf(source);
      expect(new Set(found.map(({ mountPoint }) => mountPoint))).toEqual(new Set([target]));
    });

    test('nothing is mounted of a directory that nobody mounted', async () => {
      expect(await mounter.mountsOf(source)).toEqual([]);
      expect(await mounter.findMountsOf(source)).toEqual([]);
    });

    test('to look for mounts of a directory that is missing is an error, not an empty list', async () => {
      const missing = path.join(base, 'missing');
      await expect(mounter.findMountsOf(missing)).rejects.toMatchObject({ kind: 'not-found' });
      await expect(mounter.mountsOf(missing)).rejects.toMatchObject({ kind: 'not-found' });
    });

    test('a signal that has fired mounts nothing', async () => {
      const bound = mounter.bind({ source, target, readOnly: false }, AbortSignal.abort());
      await expect(bound).rejects.toMatchObject({ kind: 'cancelled' });
      expect(await mounter.mountAt(target)).toBeUndefined();
    });
  });
}
