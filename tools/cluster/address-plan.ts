import { ClusterError } from './errors.ts';

/** The one place that says which addresses the cluster has: PREFIX.0.0/16, reachable from this machine and nowhere else. */
const PREFIX = '10.220';

export const MAX_NODES = 5;
export const CONTROL_PLANE = 'control-plane';
/** The machine that the cluster runs on, as a peer of its nodes. */
export const HOST = 'host';

export const HOST_ADDRESS = `${PREFIX}.0.254`;
export const CONTROL_PLANE_ADDRESS = `${PREFIX}.0.1`;
export const API_SERVER_URL = `https://${CONTROL_PLANE_ADDRESS}:6443`;
export const MACHINE_PREFIX_LENGTH = 24;
export const POD_RANGE = `${PREFIX}.16.0/20`;
export const SERVICE_RANGE = `${PREFIX}.240.0/20`;
/** The address of the Service `kubernetes`: the first of its range. */
export const KUBERNETES_SERVICE_ADDRESS = `${PREFIX}.240.1`;

/** A machine of the cluster with its place in the network. */
export type Machine = {
  readonly name: string;
  readonly role: 'control-plane' | 'node';
  readonly address: string;
  /** Undefined where no pods run. */
  readonly podRange: string | undefined;
  readonly podGateway: string | undefined;
};

/** Node `index` counts from 1. */
export function nodeMachine(index: number): Machine {
  return {
    name: `node${index}`,
    role: 'node',
    address: `${PREFIX}.0.${10 + index}`,
    podRange: `${PREFIX}.${16 + index}.0/24`,
    podGateway: `${PREFIX}.${16 + index}.1`,
  };
}

/** The machine of etcd, API server, controller manager and scheduler. */
export function controlPlaneMachine(): Machine {
  return {
    name: CONTROL_PLANE,
    role: 'control-plane',
    address: CONTROL_PLANE_ADDRESS,
    podRange: undefined,
    podGateway: undefined,
  };
}

/** node1 … nodeN. */
export function nodeMachines(count: number): readonly Machine[] {
  return Array.from({ length: count }, (_, index) => nodeMachine(index + 1));
}

/** Reads the number of nodes as a user gives it. */
export function parseNodeCount(text: string): number {
  const count = Number(text);
  if (!Number.isInteger(count) || count < 1 || count > MAX_NODES)
    throw new ClusterError('bad-option', `NODES=${text} is not a whole number from 1 to ${MAX_NODES}`);
  return count;
}

/** The machine of that name in a cluster of `count` nodes. */
export function machineNamed(name: string, count: number): Machine {
  const machines = [controlPlaneMachine(), ...nodeMachines(count)];
  const machine = machines.find((candidate) => candidate.name === name);
  if (machine !== undefined) return machine;
  const names = machines.map((candidate) => candidate.name).join(', ');
  throw new ClusterError('unknown-machine', `NODE=${name} is not of this cluster, which has ${names}`);
}
