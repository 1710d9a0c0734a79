/** What happens to the API server and to the objects in it. */
import { count } from './counts.ts';
import { heal } from './faults.ts';
import { nextNumber, type World } from './world.ts';

export function stopApi(world: World): void {
  if (!world.isApiUp) return;
  count(world.counts, 'fault: API away');
  world.isApiUp = false;
}

export function startApi(world: World): void {
  world.isApiUp = true;
}

export function deleteVolume(world: World): void {
  const { volume } = world.api;
  if (volume === undefined || volume.spec.deletion !== undefined) return;
  count(world.counts, 'call: DeleteVolume');
  world.ledger.isDeletionOrdered = true;
  world.api.volume = {
    ...volume,
    resourceVersion: String(nextNumber(world)),
    spec: { ...volume.spec, deletion: { requestedAt: new Date(world.now).toISOString() } },
  };
}

/** `kubectl delete` of the resource, or of its whole kind: nobody ordered a byte to go. */
export function vanish(world: World, isWholeKind: boolean): void {
  const { volume } = world.api;
  if (volume === undefined) return;
  count(world.counts, isWholeKind ? 'fault: resources vanished' : 'fault: resource deleted');
  if (isWholeKind) {
    world.api.replicas = new Map();
    world.api.volume = undefined;
    return;
  }
  const resourceVersion = String(nextNumber(world));
  world.api.volume = { ...volume, resourceVersion, deletionTimestamp: new Date(world.now).toISOString() };
}

export function backUp(world: World): void {
  world.backup = { ...world.api };
}

/** Who came to read since then is not known any more, and does not keep a writer waiting. */
function forgetReaders({ nodes, ledger }: World): void {
  for (const { disk, pods } of nodes)
    for (const { mount } of pods.values())
      if (mount?.reading !== undefined) ledger.lostReadings.add(`${disk.storeId} ${mount.reading}`);
}

/**
 * Etcd from a backup: objects are as they were, and the controller begins anew. Everybody is there to say what they
 * saw: nobody can tell what happened to a volume whose nodes are all off.
 */
export function restoreBackup(world: World): void {
  const { backup, api, ledger } = world;
  if (backup?.volume === undefined || api.volume === undefined) return;
  heal(world);
  if (api.volume.spec.deletion !== undefined) return;
  const { status: before } = api.volume;
  Object.assign(api, backup);
  forgetReaders(world);
  const version = String(nextNumber(world));
  api.volume = { ...backup.volume, resourceVersion: version };
  ledger.isRestored = true;
  ledger.isAmbiguous ||= before.epoch !== backup.volume.status.epoch;
  count(world.counts, 'fault: API restored from a backup');
  Object.assign(world.controller, { status: undefined, orders: [] });
  Object.assign(world.controller.cache, api);
}
