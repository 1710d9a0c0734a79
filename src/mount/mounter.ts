import type { MountInfo } from './mountinfo.ts';

export interface BindOptions {
  /** An existing directory. */
  readonly source: string;
  /** A directory made by createMountPoint. */
  readonly target: string;
  readonly readOnly: boolean;
}

/** A mount of a directory, or of something below it, somewhere on the host. */
export interface FoundMount {
  /** A process that sees it. */
  readonly pid: number;
  /** As that process sees it. */
  readonly mountPoint: string;
  /** The mount namespace, for example `mnt:[4026531841]`, or `of process 12` where the kernel does not tell. */
  readonly namespace: string;
  readonly readOnly: boolean;
  /** The pod, where the mount point lies in the kubelet's directory or the process in a pod's cgroup. */
  readonly podUid?: string;
}

/**
 * Bind mounts. Every call is idempotent, throws MountError, and has looked into mountinfo before it answers: what
 * mount(8) says is not what is there (a pod that starts over a missing mount writes to the node's root disk).
 */
export interface Mounter {
  /**
   * Mounts `source` at `target` and nothing below it. Already so: nothing is done. Something else there, or the same
   * with another readOnly: `busy`.
   */
  bind(options: BindOptions, signal: AbortSignal): Promise<MountInfo>;
  /** Unmounts whatever is at `target`, several layers if need be, never lazily. Nothing there, or no such path: OK. */
  unmount(target: string, signal: AbortSignal): Promise<void>;
  /** What is seen at `target` now, of this process' mount namespace; undefined if it is no mount point. */
  mountAt(target: string): Promise<MountInfo | undefined>;
  /** Mounts of this process' namespace that show `directory` or something below it, `directory` itself not counted. */
  mountsOf(directory: string): Promise<readonly MountInfo[]>;
  /**
   * The same in every mount namespace in which a process lives (handoff rule 29: containers outlive their kubelet).
   * `not-found` if the directory is not there: an empty list must not come from looking at nothing.
   */
  findMountsOf(directory: string): Promise<readonly FoundMount[]>;
}
