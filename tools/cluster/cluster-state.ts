import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { writeAtomically } from '../host/write-atomically.ts';
import type { ClusterPaths } from './cluster-paths.ts';
import { ClusterError } from './errors.ts';

const clusterState = z.object({ engine: z.enum(['namespaces', 'kind']), nodes: z.number() });

/** What this checkout's cluster is made of. */
export type ClusterState = Readonly<z.infer<typeof clusterState>>;

function stateFile(paths: ClusterPaths): string {
  return join(paths.root, 'cluster.json');
}

/** Undefined where no cluster was begun. */
export function readClusterState(paths: ClusterPaths): ClusterState | undefined {
  const file = stateFile(paths);
  return existsSync(file) ? clusterState.parse(JSON.parse(readFileSync(file, 'utf8'))) : undefined;
}

/** For those who need a cluster. */
export function requireClusterState(paths: ClusterPaths): ClusterState {
  const state = readClusterState(paths);
  if (state === undefined)
    throw new ClusterError('not-up', 'there is no cluster in this checkout; start one: make cluster-up');
  return state;
}

export function writeClusterState(paths: ClusterPaths, state: ClusterState): void {
  writeAtomically(stateFile(paths), JSON.stringify(state));
}

export function removeClusterState(paths: ClusterPaths): void {
  rmSync(stateFile(paths), { force: true });
}
