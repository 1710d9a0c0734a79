import { mkdirSync } from 'node:fs';
import { withFileLock } from '../host/file-lock.ts';
import { writeBaseImages, writeSidecarImages } from '../images/sidecars.ts';
import type { PlacedSet } from '../programs/build-programs.ts';
import { type Machine, controlPlaneMachine, nodeMachines } from './address-plan.ts';
import { ensureCertificates } from './certificates.ts';
import { type ClusterContext, placeSets } from './cluster-context.ts';
import { readClusterState, writeClusterState } from './cluster-state.ts';
import { startControlPlane, writeKubeconfig } from './control-plane.ts';
import { ClusterError } from './errors.ts';
import { imageSteps } from './image-steps.ts';
import { bootMachine, findRunningMachine, runningMachine, stopMachine } from './machine.ts';
import { writeMachineConfig } from './machine-config.ts';
import { ensureBridge, ensureMachineLink } from './network.ts';
import { startNode, waitForReadyNode } from './node.ts';
import { CLUSTER_LOCK, claimCluster } from './ownership.ts';
import { healAll } from './partition.ts';
import { buildCacheStep, programSteps } from './program-steps.ts';
import { type StepGroup, runSteps } from './steps.ts';

const DEFAULT_NODES = 3;

/** How many nodes there will be: more can join a cluster that runs, none can be taken from it. */
export function decideNodeCount(wanted: number | undefined, existing: number | undefined): number {
  if (wanted !== undefined && existing !== undefined && wanted < existing)
    throw new ClusterError(
      'bad-option',
      `the cluster has ${existing} nodes; for ${wanted}, first make cluster-down`,
    );
  return wanted ?? existing ?? DEFAULT_NODES;
}

export type MachineOptions = {
  readonly context: ClusterContext;
  readonly programs: readonly PlacedSet[];
  /** Every machine of the cluster. */
  readonly machines: readonly Machine[];
};

/** Gives a machine configuration, cable and boot; one that runs but was never plugged in right is healed. */
export async function bringUpMachine(machine: Machine, options: MachineOptions): Promise<void> {
  const { context, programs, machines } = options;
  const { paths, cache, signal } = context;
  if (findRunningMachine(paths, machine.name) === undefined) await stopMachine(paths, machine.name, signal);
  writeMachineConfig(machine, { paths, cache, programs, machines });
  await ensureMachineLink(machine, machines, signal);
  await bootMachine(machine, { paths, cache, signal });
}

/** Brings a node to Ready, whatever of it runs already. */
export async function bringUpNode(node: Machine, options: MachineOptions): Promise<void> {
  const { paths, signal } = options.context;
  await bringUpMachine(node, options);
  const begun = await startNode(node, runningMachine(paths, node.name), paths, signal);
  await waitForReadyNode(node.name, begun ?? 0, paths, signal);
}

function clusterSteps(nodes: readonly Machine[], options: MachineOptions): readonly StepGroup[] {
  const { context } = options;
  const { paths, signal } = context;
  const controlPlane = controlPlaneMachine();
  return [
    {
      title: 'Certificates, network and base images',
      async run() {
        await ensureCertificates(paths.pki, signal);
        writeKubeconfig(paths);
        await ensureBridge(signal);
        await healAll(signal);
        writeBaseImages({ images: paths.images, bin: paths.bin, architecture: context.architecture });
      },
    },
    {
      title: 'Control plane',
      async run() {
        await bringUpMachine(controlPlane, options);
        await startControlPlane(runningMachine(paths, controlPlane.name), paths, signal);
      },
    },
    {
      title: 'Nodes',
      together: nodes.map((node) => ({
        title: node.name,
        run: async () => await bringUpNode(node, options),
      })),
    },
  ];
}

async function bringUp(wanted: number | undefined, context: ClusterContext): Promise<void> {
  const { paths } = context;
  claimCluster(paths.checkout);
  const count = decideNodeCount(wanted, readClusterState(paths)?.nodes);
  mkdirSync(paths.images, { recursive: true });
  writeClusterState(paths, { engine: 'namespaces', nodes: count });
  const start = await placeSets(context, ['start']);
  const use = await placeSets(context, ['use']);
  const nodes = nodeMachines(count);
  const options: MachineOptions = {
    context,
    programs: [...start, ...use],
    machines: [controlPlaneMachine(), ...nodes],
  };
  await runSteps(
    [
      { title: 'Programs that the cluster starts with', inOrder: programSteps(start, context) },
      {
        title: 'At the same time',
        together: [
          { title: `Kubernetes of ${count} nodes`, inOrder: clusterSteps(nodes, options) },
          { title: 'Programs for its use', inOrder: programSteps(use, context) },
        ],
      },
      {
        title: 'Images of the sidecars',
        async run() {
          writeSidecarImages({ images: paths.images, bin: paths.bin, architecture: context.architecture });
          await Promise.resolve();
        },
      },
      { title: 'Images', together: imageSteps(nodes, context) },
      ...(context.goCache === undefined ? [buildCacheStep(context)] : []),
    ],
    context,
  );
}

/** The same, with a signal that ends when either the user or a failed step ends it. */
function endingTogether(context: ClusterContext): ClusterContext & { readonly onFailure: () => void } {
  const failed = new AbortController();
  const signal = AbortSignal.any([context.signal, failed.signal]);
  return {
    ...context,
    signal,
    onFailure() {
      failed.abort(new Error('another step failed'));
    },
  };
}

/** Brings the cluster up, heals it where something is missing, and puts every image on every node. */
export async function up(wanted: number | undefined, context: ClusterContext): Promise<void> {
  await withFileLock(CLUSTER_LOCK, { signal: context.signal, whenHeld: 'fail' }, async () => {
    await bringUp(wanted, endingTogether(context));
  });
}
