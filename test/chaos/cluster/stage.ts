/** The local cluster as rounds see it, and where a run keeps what it writes down. */
import { join, relative } from 'node:path';
import type { ClusterPaths } from '../../../tools/cluster/cluster-paths.ts';
import { openWithNodes, type Kube } from '../../../tools/kube/kube.ts';
import type { PowerCut } from '../ledger/acknowledged.ts';

export const NAMESPACE = 'chaos';
export const HOST_DATA_DIR = '/var/syncthing-csi';

export interface Stage {
  readonly kube: Kube;
  readonly paths: ClusterPaths;
  readonly signal: AbortSignal;
  /** Of this run, on the host's own disk, which no fault touches. */
  readonly directory: string;
  readonly say: (line: string) => void;
  /** Every power cut of the run, in order; faults add theirs. */
  readonly cuts: PowerCut[];
}

export interface StageOptions {
  readonly checkout: string;
  readonly directory: string;
  readonly signal: AbortSignal;
  readonly say: (line: string) => void;
}

export function openStage(options: StageOptions): Stage {
  const kube = openWithNodes(options.checkout, options.signal);
  return { kube, paths: kube.paths, cuts: [], ...options };
}

/** Where a machine of the cluster sees a path below the checkout. */
export function insideMachines(stage: Stage, path: string): string {
  return join('/run/cluster/checkout', relative(stage.paths.checkout, path));
}

/** The directory in which a pod writes its logs, as the host sees it. */
export function podDirectory(stage: Stage, pod: string): string {
  return join(stage.directory, 'pods', pod);
}
