import { describe, expect, test } from 'vitest';
import type { FoundMount } from '../mount/mounter.ts';
import { sortMounts } from './found-mounts.ts';

const kubelet = '/var/lib/kubelet';
const staged = `${kubelet}/plugins/kubernetes.io/csi/syncthing.example.org/3f2a/globalmount`;
const published = `${kubelet}/pods/5f0c7a52-7d0c-4a77-b1ac-0cf0b43a1f29/volumes/kubernetes.io~csi/pvc-1/mount`;
const subPath = `${kubelet}/pods/5f0c7a52-7d0c-4a77-b1ac-0cf0b43a1f29/volume-subpaths/pvc-1/app/0`;

function mount(namespace: string, mountPoint: string, podUid?: string): FoundMount {
  return { pid: 7, namespace, mountPoint, readOnly: false, ...(podUid !== undefined && { podUid }) };
}

function sorted(...found: readonly FoundMount[]) {
  return sortMounts(found, { ownNamespace: 'mnt:[1]', stagingPaths: new Set(['/tmp/csi-staging']) });
}

describe('mounts of a volume', () => {
  test.each([
    ['the staging mount', mount('mnt:[1]', staged), [], [staged]],
    [
      'a staging path of another form that a call named',
      mount('mnt:[1]', '/tmp/csi-staging'),
      [],
      ['/tmp/csi-staging'],
    ],
    ['a published target', mount('mnt:[1]', published), [published], []],
    ['a part of it for a subPath', mount('mnt:[1]', subPath), [subPath], []],
    ['a target of another form', mount('mnt:[1]', '/tmp/csi-mount/target'), ['/tmp/csi-mount/target'], []],
    ['a copy of the target in another namespace', mount('mnt:[2]', published), [], []],
    ['a copy of it under a mounted host root', mount('mnt:[2]', `/host${published}`), [], []],
    ['a copy of a subPath', mount('mnt:[2]', subPath), [], []],
    ['a copy of the staging mount', mount('mnt:[2]', `/rootfs${staged}`), [], []],
    ['the mount point in a container', mount('mnt:[2]', '/data', 'u1'), ['/data in process 7 of pod u1'], []],
    [
      'a path that only looks like staging in a container',
      mount('mnt:[2]', '/tmp/csi-staging'),
      ['/tmp/csi-staging in process 7'],
      [],
    ],
  ])('%s', (_, found, pods, staging) => {
    expect(sorted(found)).toEqual({ pods, staging });
  });

  test('the same place seen twice is one mount', () => {
    expect(sorted(mount('mnt:[1]', published), mount('mnt:[1]', published)).pods).toEqual([published]);
  });
});
