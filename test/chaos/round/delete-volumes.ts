/** The end of a round's volumes: the claims go, and nothing of them is left on any disk. */
import { remove } from '../../../tools/kube/kube.ts';
import { claimRef } from '../../../tools/kube/wait-for.ts';
import { listNodes, listVolumes } from '../../../tools/kube/volumes.ts';
import { nodesWithCopy } from '../cluster/copies.ts';
import { eventually } from '../cluster/eventually.ts';
import { NAMESPACE } from '../cluster/stage.ts';
import { faultsOf } from '../plan/round-plan.ts';
import { fireFault } from './fire-fault.ts';
import { noteStuck, PATIENCE_MS } from './move.ts';
import type { RoundRun } from './round-run.ts';
import { endPods, type RoundVolume } from './round-volume.ts';

async function askForRemoval(run: RoundRun, volume: RoundVolume): Promise<void> {
  const { stage } = run;
  const ask = async () => {
    await remove(stage.kube, claimRef(NAMESPACE, volume.claim));
    return true as const;
  };
  const what = `claim ${volume.claim} to be removed`;
  await eventually(ask, { signal: stage.signal, timeoutMs: PATIENCE_MS, what });
}

/**
 * An API that was restored may know nothing of a copy that came since: nobody orders such bytes to go, and its node
 * lists it for people (docs/operations.md, "Resources deleted by hand").
 */
async function forgottenOn({ stage, plan }: RoundRun, { volumeId }: RoundVolume): Promise<readonly string[]> {
  if (!faultsOf(plan).some(({ kind }) => kind === 'api-restored')) return [];
  const nodes = await listNodes(stage.kube);
  return nodes.flatMap(({ name, status }) => (status?.orphans.includes(volumeId) === true ? [name] : []));
}

async function waitUntilGone(run: RoundRun, volume: RoundVolume): Promise<void> {
  const { stage } = run;
  const ask = async () => {
    const volumes = await listVolumes(stage.kube);
    if (volumes.some(({ volumeId }) => volumeId === volume.volumeId))
      throw new Error('its SyncthingVolume is still there');
    const orphaned = await forgottenOn(run, volume);
    const nodes = nodesWithCopy(stage, volume.volumeId).filter((node) => !orphaned.includes(node));
    if (nodes.length > 0) throw new Error(`${nodes.join(', ')} still has a copy of it`);
    return true as const;
  };
  const what = `all of ${volume.claim} to go`;
  await eventually(ask, { signal: stage.signal, timeoutMs: PATIENCE_MS, everyMs: 400, what });
}

async function deleteVolume(run: RoundRun, volume: RoundVolume): Promise<void> {
  try {
    await waitUntilGone(run, volume);
  } catch (error) {
    await noteStuck(run, volume, 'deletion', error);
  }
}

/** With the round's faults in the middle of it. */
export async function deleteVolumes(run: RoundRun): Promise<void> {
  for (const volume of run.volumes) await endPods(run.stage, volume, PATIENCE_MS).catch(() => undefined);
  run.stage.signal.throwIfAborted();
  const faults = run.plan.deletion.map(async (fault) => {
    await fireFault(run, fault, async () => await Promise.resolve(true));
  });
  await Promise.all(run.volumes.map(async (volume) => await askForRemoval(run, volume)));
  await Promise.all([...faults, ...run.volumes.map(async (volume) => await deleteVolume(run, volume))]);
}
