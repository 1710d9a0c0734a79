import type { NodeView, NodewatcherReport } from '../desired/node-view.ts';
import { storePaths } from '../desired/volume-paths.ts';

/** A directory of ours under `host_data_dir`. */
export interface ObservedDirectory {
  readonly path: string;
  /** Number of the file system; absent while the directory is not made. */
  readonly device?: number;
}

export interface ObservedDisk {
  readonly capacity: { readonly totalBytes: number; readonly freeBytes: number };
  /** Why nothing can be written, in the words of the kernel. */
  readonly unwritable?: string;
  /** What `store-id` says; absent when there is no such file. */
  readonly storeId?: string;
  readonly directories: readonly ObservedDirectory[];
}

export interface NodewatcherAction {
  readonly kind: 'make-directory';
  readonly path: string;
}

/**
 * A node with less room than this takes no new copies. Below 1 GiB Syncthing's own database and a scan's temporary
 * files have no room; at 1 % free receivers stop pulling, and 5 % leaves time to act before that.
 */
const LEAST_FREE_BYTES = 1024 ** 3;
const LEAST_FREE_SHARE = 0.05;

const LABEL_VALUES: ReadonlySet<string | undefined> = new Set(['yes', 'true']);

/** The directories that others move things between, once it is certain that this is the right disk. */
export function planNodewatcher(view: NodeView, observed: ObservedDisk): readonly NodewatcherAction[] {
  if (observed.unwritable !== undefined || observed.storeId !== view.storeId) return [];
  return observed.directories
    .filter(({ device }) => device === undefined)
    .map(({ path }) => ({ kind: 'make-directory', path }));
}

/**
 * Whether this node is to be a data node, and whether it can be. `unfit` keeps new copies away; those that it has
 * stay. The controller decides.
 */
export function fitness(
  view: NodeView,
  observed: ObservedDisk,
): Omit<NodewatcherReport, 'changed' | 'failed' | 'more'> {
  const unfit =
    unwritable(view, observed) ?? otherStore(view, observed) ?? severed(observed) ?? full(view, observed);
  const labelled = LABEL_VALUES.has(view.labels[view.storageLabel]);
  return { labelled, ...(unfit !== undefined && { unfit }), capacity: observed.capacity };
}

function unwritable(view: NodeView, observed: ObservedDisk): string | undefined {
  if (observed.unwritable === undefined) return undefined;
  return `cannot write to ${view.hostDataDir}: ${observed.unwritable}; is its disk mounted, and not read-only?`;
}

function otherStore(view: NodeView, { storeId }: ObservedDisk): string | undefined {
  if (storeId === view.storeId) return undefined;
  const file = storePaths(view.hostDataDir).storeId;
  const found = storeId === undefined ? 'is missing' : `says ${storeId}`;
  return `${file} ${found}, the node began with ${view.storeId}: is the right disk mounted? If so, restart the node pod`;
}

/** Removal is a rename, and so is archiving: between file systems neither can be done at once. */
function severed({ directories }: ObservedDisk): string | undefined {
  const [first, ...others] = directories.filter(({ device }) => device !== undefined);
  const other = others.find(({ device }) => device !== first?.device);
  if (first === undefined || other === undefined) return undefined;
  return `${first.path} and ${other.path} are on different file systems: mount the disk at their parent`;
}

function full({ hostDataDir }: NodeView, { capacity }: ObservedDisk): string | undefined {
  const least = Math.max(LEAST_FREE_BYTES, capacity.totalBytes * LEAST_FREE_SHARE);
  if (capacity.freeBytes >= least) return undefined;
  return `${mebibytes(capacity.freeBytes)} MiB free at ${hostDataDir}, less than ${mebibytes(least)}: make room`;
}

function mebibytes(bytes: number): number {
  return Math.floor(bytes / 1024 ** 2);
}
