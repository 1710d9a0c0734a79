/** What every part of the reconciling controller works with. */
import type { ClusterNode, SyncthingNode } from '../desired/node.ts';
import type { SyncthingReplica } from '../desired/replica.ts';
import type { SyncthingVolume } from '../desired/volume.ts';
import type { HandoffSettings } from '../handoff/settings.ts';
import type { KubernetesClient } from '../kubernetes/client.ts';
import type { EventRecorder } from '../kubernetes/event-recorder.ts';
import type { Clock } from '../runtime/clock.ts';
import type { Logger } from '../runtime/logger.ts';
import type { Cache, Caches } from './caches.ts';
import type { Liveness } from './liveness.ts';
import { createOwnWrites, type OwnWrites } from './own-writes.ts';

/**
 * What earlier versions put on a volume, to be taken away: nothing needs it, since only the controller deletes the
 * resource of a volume that is to go, after its copies (handoff rule 33), and a namespace that is deleted would wait for
 * a controller that went with it.
 */
export const VOLUME_FINALIZER = 'syncthing-csi.io/volume';

export interface KnownObjects extends Caches {
  readonly volumes: OwnWrites<SyncthingVolume>;
  readonly replicas: OwnWrites<SyncthingReplica>;
  readonly nodes: OwnWrites<SyncthingNode>;
  readonly clusterNodes: Cache<ClusterNode>;
}

export interface ControllerContext {
  readonly client: KubernetesClient;
  readonly known: KnownObjects;
  readonly liveness: Liveness;
  readonly events: Pick<EventRecorder, 'record'>;
  readonly clock: Clock;
  readonly log: Logger;
  readonly settings: HandoffSettings;
  readonly driverName: string;
  /** Key of the label that makes a data node. */
  readonly storageLabel: string;
}

export function knownObjects(caches: Caches, clock: Clock): KnownObjects {
  return {
    volumes: createOwnWrites(caches.volumes, clock),
    replicas: createOwnWrites(caches.replicas, clock),
    nodes: createOwnWrites(caches.nodes, clock),
    clusterNodes: caches.clusterNodes,
  };
}
