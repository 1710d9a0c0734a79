import { describe, expect, test } from 'vitest';
import { describeMounter } from '../../test/contract/mounter-contract.ts';
import { MountError } from './errors.ts';
import { createFakeMounter } from './fake-mounter.ts';

describeMounter('the fake mounter', createFakeMounter);

describe('what only the fake can do', () => {
  const { signal } = new AbortController();
  const mount = { source: '/data', target: '/pods/a', readOnly: false } as const;

  test('a container of another namespace is found until it ends', async () => {
    const mounter = createFakeMounter({ exists: () => true });
    const end = mounter.mountElsewhere({ directory: '/data/x', pid: 7, mountPoint: '/mnt', podUid: 'uid' });
    const [found] = await mounter.findMountsOf('/data');
    expect(found).toMatchObject({ pid: 7, mountPoint: '/mnt', podUid: 'uid' });
    end();
    expect(await mounter.findMountsOf('/data')).toEqual([]);
  });

  test('a busy mount stays', async () => {
    const mounter = createFakeMounter({ exists: () => true });
    await mounter.bind(mount, signal);
    const free = mounter.keepBusy('/pods/a');
    await expect(mounter.unmount('/pods/a', signal)).rejects.toMatchObject({ kind: 'busy' });
    free();
    await mounter.unmount('/pods/a', signal);
    expect(mounter.mounts()).toEqual([]);
  });

  test('fails once when told to', async () => {
    const mounter = createFakeMounter({ exists: () => true });
    mounter.failNext('bind', new MountError('timeout', 'mount hung'));
    await expect(mounter.bind(mount, signal)).rejects.toMatchObject({ kind: 'timeout' });
    await mounter.bind(mount, signal);
  });
});
