import { CONTROL_PLANE, HOST, MAX_NODES, machineNamed, nodeMachines } from './address-plan.ts';
import { ClusterError } from './errors.ts';

/** Seen from the machine that is cut off: what arrives there, what leaves it, or both. */
export type Way = 'in' | 'out' | 'both';

export type Partition = {
  readonly machine: string;
  /** Undefined: every other machine of the cluster. */
  readonly peer: string | undefined;
  readonly way: Way;
};

/** One direction between two machines: packets from `from` to `to` are dropped. */
export type CutPair = { readonly from: string; readonly to: string };

/** Reads a direction as a user gives it. */
export function parseWay(text: string): Way {
  if (text === 'in' || text === 'out' || text === 'both') return text;
  throw new ClusterError('bad-option', `WAY=${text} is none of in, out, both`);
}

/**
 * The directions that a partition drops. All peers are the control plane and every node there could be, so that a node
 * that joins later is cut off too. The machine on which the cluster runs is a peer only when it is named: kubectl goes on
 * reaching an API server that the nodes have lost.
 */
export function cutPairs(partition: Partition): readonly CutPair[] {
  const { machine, peer, way } = partition;
  const peers =
    peer === undefined ? [CONTROL_PLANE, ...nodeMachines(MAX_NODES).map((node) => node.name)] : [peer];
  return peers
    .filter((name) => name !== machine)
    .flatMap((name) => [
      ...(way === 'in' ? [] : [{ from: machine, to: name }]),
      ...(way === 'out' ? [] : [{ from: name, to: machine }]),
    ]);
}

/** What healing takes back: every cut between the machine and the peer, or between it and anybody. */
export function healedPairs(
  machine: string,
  peer: string | undefined,
  cut: readonly CutPair[],
): readonly CutPair[] {
  return cut.filter(
    ({ from, to }) =>
      (from === machine && (peer === undefined || to === peer)) ||
      (to === machine && (peer === undefined || from === peer)),
  );
}

/** Reads a partition as a user gives it, for a cluster of `count` nodes. */
export function parsePartition(
  machine: string,
  peer: string | undefined,
  way: string,
  count: number,
): Partition {
  machineNamed(machine, count);
  if (peer !== undefined && peer !== HOST) machineNamed(peer, count);
  if (peer === machine) throw new ClusterError('bad-option', `${machine} cannot be cut off from itself`);
  return { machine, peer, way: parseWay(way) };
}
