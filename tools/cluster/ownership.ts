import { existsSync, readFileSync, rmSync } from 'node:fs';
import { z } from 'zod';
import { writeAtomically } from '../host/write-atomically.ts';
import { ClusterError } from './errors.ts';

/** In /run, because a cluster does not outlive the machine's power either. */
const CLAIM = '/run/syncthing-csi-cluster.json';
const claim = z.object({ checkout: z.string() });

/** One change of the machine's cluster at a time. */
export const CLUSTER_LOCK = '/run/syncthing-csi-cluster.lock';

/** The checkout that has this machine's cluster; undefined when there is none. */
export function clusterOwner(): string | undefined {
  if (!existsSync(CLAIM)) return undefined;
  const parsed = claim.safeParse(JSON.parse(readFileSync(CLAIM, 'utf8')));
  return parsed.success ? parsed.data.checkout : undefined;
}

/** Fails when another checkout has the machine's cluster. One whose folder is gone has nothing any more. */
export function refuseForeignCluster(checkout: string): void {
  const owner = clusterOwner();
  if (owner === undefined || owner === checkout || !existsSync(owner)) return;
  throw new ClusterError(
    'owned-elsewhere',
    `this machine's cluster belongs to ${owner}, and there is one a machine; use that one, or end it: make -C ${owner} cluster-down`,
  );
}

/** Makes the machine's cluster this checkout's. */
export function claimCluster(checkout: string): void {
  refuseForeignCluster(checkout);
  const owner = clusterOwner();
  if (owner !== undefined && owner !== checkout)
    throw new ClusterError(
      'owned-elsewhere',
      `a cluster of ${owner}, which is gone, still runs; end it: make cluster-down`,
    );
  writeAtomically(CLAIM, JSON.stringify({ checkout }));
}

/** Gives the machine's cluster up. */
export function releaseClaim(): void {
  rmSync(CLAIM, { force: true });
}
