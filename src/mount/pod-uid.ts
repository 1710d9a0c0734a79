const uid = '[0-9a-f]{8}[-_][0-9a-f]{4}[-_][0-9a-f]{4}[-_][0-9a-f]{4}[-_][0-9a-f]{12}';
/** Static pods have a hash of 32 digits instead. */
const inPath = /\/pods\/([0-9a-f-]{32,36})\//;
const inCgroup = new RegExp(`pod(${uid}|[0-9a-f]{32})(?:[./]|$)`, 'm');

/** `<kubelet>/pods/<uid>/volumes/kubernetes.io~csi/<pv>/mount`: a mount point as the host sees it. */
export function podUidInPath(mountPoint: string): string | undefined {
  return inPath.exec(mountPoint)?.[1];
}

/**
 * From /proc/PID/cgroup: `…/kubepods-burstable-pod<uid>.slice/…` with systemd, which writes `_` for `-`, or
 * `/kubepods/burstable/pod<uid>/…`. For a mount seen in a container, whose mount point says nothing about the pod.
 */
export function podUidInCgroup(cgroup: string): string | undefined {
  return inCgroup.exec(cgroup)?.[1]?.replaceAll('_', '-');
}
