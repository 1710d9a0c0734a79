import { referenceTo, type Occurrence } from '../kubernetes/event-recorder.ts';
import { SYNCTHING_REPLICAS } from '../kubernetes/resource-kind.ts';
import type { NodeContext } from './context.ts';

/** An event on this node's replica of the volume; does not wait, and says nothing of a volume without an order. */
export function tellOfReplica(
  { volumes, events, kubernetes }: Pick<NodeContext, 'volumes' | 'events' | 'kubernetes'>,
  folderId: string,
  occurrence: Omit<Occurrence, 'about'>,
): void {
  const { order } = volumes.record(folderId);
  if (order === undefined) return;
  events.record({ about: referenceTo(SYNCTHING_REPLICAS, order, kubernetes.namespace), ...occurrence });
}
