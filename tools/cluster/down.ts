import { readdirSync, existsSync, rmSync } from 'node:fs';
import { withFileLock } from '../host/file-lock.ts';
import { CONTROL_PLANE, MAX_NODES, nodeMachines } from './address-plan.ts';
import { removeParentCgroup } from './cgroups.ts';
import type { ClusterContext } from './cluster-context.ts';
import { removeClusterState } from './cluster-state.ts';
import { stopMachine } from './machine.ts';
import { removeNetwork } from './network.ts';
import { CLUSTER_LOCK, refuseForeignCluster, releaseClaim } from './ownership.ts';
import { runSteps } from './steps.ts';

async function bringDown(context: ClusterContext): Promise<void> {
  const { paths, signal } = context;
  refuseForeignCluster(paths.checkout);
  // Not only the nodes that were asked for: a half-made cluster may have others.
  const names = [...nodeMachines(MAX_NODES).map((node) => node.name), CONTROL_PLANE];
  await runSteps(
    [
      {
        title: 'End every machine',
        async run() {
          await Promise.all(names.map(async (name) => await stopMachine(paths, name, signal)));
        },
      },
      {
        title: 'Remove network, cgroups and files',
        async run() {
          await removeNetwork(signal);
          await removeParentCgroup(signal);
          for (const path of [paths.machines, paths.pki, paths.logs, paths.kubeconfig])
            rmSync(path, { recursive: true, force: true });
          removeClusterState(paths);
          releaseClaim();
        },
      },
    ],
    context,
  );
  if (existsSync(paths.images) && readdirSync(paths.images).length === 0)
    rmSync(paths.images, { recursive: true });
}

/** Ends the cluster and leaves nothing of it but the programs and the images. */
export async function down(context: ClusterContext): Promise<void> {
  await withFileLock(CLUSTER_LOCK, { signal: context.signal, whenHeld: 'fail' }, async () => {
    await bringDown(context);
  });
  rmSync(CLUSTER_LOCK, { force: true });
}
