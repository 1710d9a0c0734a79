import { expect, test } from 'vitest';
import { podUidInCgroup, podUidInPath } from './pod-uid.ts';

const uid = '0f0e0d0c-0b0a-4908-8706-050403020100';
const hash = '0f0e0d0c0b0a49088706050403020100';

test.for([
  [`/var/lib/kubelet/pods/${uid}/volumes/kubernetes.io~csi/pv/mount`, uid],
  [`/data/kubelet/pods/${uid}/volume-subpaths/pv/app/0`, uid],
  [`/var/lib/kubelet/pods/${hash}/volumes/x`, hash],
  ['/var/lib/kubelet/plugins/kubernetes.io/csi/x/globalmount', undefined],
  ['/data', undefined],
] as const)('path %s is of pod %s', ([path, expected]) => {
  expect(podUidInPath(path)).toBe(expected);
});

const escaped = uid.replaceAll('-', '_');
test.for([
  [
    `0::/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod${escaped}.slice/cri-containerd-ab.scope`,
    uid,
  ],
  [`0::/../../kubepods-pod${escaped}.slice/cri-containerd-ab.scope`, uid],
  [`12:pids:/kubepods/besteffort/pod${uid}/ab12\n0::/`, uid],
  [`0::/kubepods/pod${uid}`, uid],
  [`0::/kubepods/pod${hash}/ab`, hash],
  ['0::/system.slice/containerd.service', undefined],
  ['', undefined],
] as const)('cgroup %s is of pod %s', ([cgroup, expected]) => {
  expect(podUidInCgroup(cgroup)).toBe(expected);
});
