import type { Command } from '../host/run-command.ts';
import { ClusterError } from './errors.ts';
import type { Partition } from './partition-plan.ts';

/** What every kind of local cluster can do; the chart and the tests know no more of it. */
export type ClusterEngine = {
  /** Brings up, or heals, a cluster of so many nodes (undefined: as many as it has, or 3). */
  readonly up: (nodes: number | undefined) => Promise<void>;
  readonly down: () => Promise<void>;
  readonly killNode: (name: string) => Promise<void>;
  /** Ends when the node is Ready. */
  readonly startNode: (name: string) => Promise<void>;
  readonly partition: (partition: Partition) => Promise<void>;
  readonly heal: (machine: string, peer: string | undefined) => Promise<void>;
  /** Puts every archive of .cluster/images on every node. */
  readonly loadImages: () => Promise<void>;
  /** The words that run a command inside a machine, for any caller on the host. */
  readonly nodeCommand: (name: string, command: readonly string[]) => Command;
};

export type EngineName = 'namespaces' | 'kind';

/** Reads CLUSTER as a user gives it. */
export function parseEngineName(text: string): EngineName {
  if (text === 'namespaces' || text === 'kind') return text;
  throw new ClusterError('bad-option', `CLUSTER=${text} is neither namespaces nor kind`);
}

/** A cluster that exists stays what it is; otherwise the user decides. What was not asked for is what needs no Docker. */
export function decideEngine(wanted: EngineName | undefined, existing: EngineName | undefined): EngineName {
  if (wanted !== undefined && existing !== undefined && wanted !== existing)
    throw new ClusterError(
      'bad-option',
      `the cluster is made of ${existing}; for CLUSTER=${wanted}, first make cluster-down`,
    );
  return existing ?? wanted ?? 'namespaces';
}
