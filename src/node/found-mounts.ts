/** Which of the mounts found on a node mean that somebody can write into a volume (handoff rules 13, 18 and 29). */
import type { FoundMount } from '../mount/mounter.ts';

export interface VolumeMounts {
  /** Where a pod can reach the volume: targets the kubelet published, and mount points inside containers. */
  readonly pods: readonly string[];
  /** The kubelet's staging mount: nobody writes through it. */
  readonly staging: readonly string[];
}

export interface MountPlaces {
  /** The mount namespace of this process, which the kubelet's mounts propagate into and out of. */
  readonly ownNamespace: string;
  /** Staging paths of calls in this life of the process; those of the kubelet are known by their form as well. */
  readonly stagingPaths: ReadonlySet<string>;
}

/** `<kubelet>/plugins/kubernetes.io/csi/<driver>/<hash>/globalmount`; before Kubernetes 1.24 `csi/pv/<name>/globalmount`. */
const STAGING = /\/plugins\/kubernetes\.io\/csi\/[^/]+\/[^/]+\/globalmount$/;
/** Published targets, and the bind mounts that the kubelet makes of parts of them for `subPath`. */
const PUBLISHED = /\/pods\/[^/]+\/(volumes\/kubernetes\.io~csi\/[^/]+\/mount|volume-subpaths\/.+)$/;

/**
 * In our own namespace everything counts that is no staging mount. In another one a mount point of the kubelet's form
 * is a copy that came along when a container was started with the kubelet's or the host's tree mounted into it: where
 * mounts do not propagate, it stays for as long as that container lives, although the kubelet unmounted long ago, and
 * no pod uses it. Any other mount point there is one that a container runtime made for a container of ours.
 */
export function sortMounts(found: readonly FoundMount[], places: MountPlaces): VolumeMounts {
  const pods = new Set<string>();
  const staging = new Set<string>();
  for (const mount of found) {
    const isOwn = mount.namespace === places.ownNamespace;
    const isStaging = STAGING.test(mount.mountPoint) || (isOwn && places.stagingPaths.has(mount.mountPoint));
    if (isStaging) {
      if (isOwn) staging.add(mount.mountPoint);
    } else if (isOwn || !PUBLISHED.test(mount.mountPoint)) {
      pods.add(describe(mount, isOwn));
    }
  }
  return { pods: [...pods].toSorted(), staging: [...staging].toSorted() };
}

/** For people: a path of the kubelet's says which pod it is, a container's does not. */
function describe(mount: FoundMount, isOwn: boolean): string {
  if (isOwn) return mount.mountPoint;
  const pod = mount.podUid === undefined ? '' : ` of pod ${mount.podUid}`;
  return `${mount.mountPoint} in process ${mount.pid}${pod}`;
}
