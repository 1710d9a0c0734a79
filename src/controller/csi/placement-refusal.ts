/** Why no volume can be made now, for the person who reads `kubectl describe pvc`. */
import { labelledNodes, unfitReason, type Cluster } from '../../desired/placement.ts';

export interface PlacementQuestion {
  readonly cluster: Cluster;
  readonly capacityBytes: number;
  /** Milliseconds since the epoch. */
  readonly now: number;
  readonly heartbeatTimeoutMs: number;
}

function silenceReason(
  { cluster, now, heartbeatTimeoutMs }: PlacementQuestion,
  node: string,
): string | undefined {
  const heartbeat = cluster.nodes.get(node)?.status?.heartbeat;
  if (heartbeat === undefined || now - Date.parse(heartbeat) <= heartbeatTimeoutMs) return undefined;
  return `its driver pod has not reported since ${heartbeat}`;
}

/** Undefined when at least one data node can take a copy of that size. */
export function placementRefusal(question: PlacementQuestion): string | undefined {
  const { cluster, capacityBytes } = question;
  const labelled = labelledNodes(cluster);
  if (labelled.length === 0) {
    const { storageLabel } = cluster;
    return `no node is labelled ${storageLabel}=yes: kubectl label node NAME ${storageLabel}=yes`;
  }
  const judged = labelled.map((node) => ({
    node,
    reason: unfitReason(cluster, node) ?? silenceReason(question, node),
  }));
  const fit = judged.filter(({ reason }) => reason === undefined).map(({ node }) => node);
  if (fit.length === 0) {
    const reasons = judged.map(({ node, reason }) => `${node}: ${reason}`).join('; ');
    return `no data node can take a copy now (${reasons})`;
  }
  const free = fit.map((node) => ({ node, bytes: cluster.nodes.get(node)?.status?.capacity.freeBytes ?? 0 }));
  if (free.some(({ bytes }) => bytes >= capacityBytes)) return undefined;
  const reports = free.map(({ node, bytes }) => `${node}: ${bytes} bytes free`).join('; ');
  return `no data node has the ${capacityBytes} bytes that are asked for (${reports})`;
}
