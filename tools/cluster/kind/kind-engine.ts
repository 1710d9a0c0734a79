import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { z } from 'zod';
import { withFileLock } from '../../host/file-lock.ts';
import { runCommand } from '../../host/run-command.ts';
import { writeAtomically } from '../../host/write-atomically.ts';
import { writeBaseImages, writeSidecarImages } from '../../images/sidecars.ts';
import { CONTROL_PLANE, nodeMachines } from '../address-plan.ts';
import { type ClusterContext, placeSets } from '../cluster-context.ts';
import {
  readClusterState,
  removeClusterState,
  requireClusterState,
  writeClusterState,
} from '../cluster-state.ts';
import type { ClusterEngine } from '../engine.ts';
import { ClusterError } from '../errors.ts';
import { archivesToImport, listImageArchives } from '../image-import.ts';
import { waitForReadyNode } from '../node.ts';
import { CLUSTER_LOCK, claimCluster, refuseForeignCluster, releaseClaim } from '../ownership.ts';
import { programSteps } from '../program-steps.ts';
import { type Step, runSteps } from '../steps.ts';
import { decideNodeCount } from '../up.ts';
import { KIND_CLUSTER, containerOf, kindConfiguration } from './kind-plan.ts';
import { healKind, partitionKind } from './kind-network.ts';

/** Pulling kind's node image can take minutes. */
const CREATE_TIMEOUT_MS = 900_000;
const importRecord = z.record(z.string(), z.object({ version: z.string(), names: z.array(z.string()) }));

function kindProgram(context: ClusterContext): string {
  return join(context.paths.bin, 'kind');
}

async function clusterExists(context: ClusterContext): Promise<boolean> {
  const names = await runCommand([kindProgram(context), 'get', 'clusters'], { signal: context.signal });
  return names.split('\n').includes(KIND_CLUSTER);
}

/** Creates the cluster, or starts those of its containers that stand still. */
async function createOrStart(nodes: number, context: ClusterContext): Promise<void> {
  const { paths, signal } = context;
  const kind = kindProgram(context);
  if (await clusterExists(context)) {
    const containers = [CONTROL_PLANE, ...nodeMachines(nodes).map((node) => node.name)].map(containerOf);
    await runCommand(['docker', 'start', ...containers], { signal });
    await runCommand(
      [kind, 'export', 'kubeconfig', '--name', KIND_CLUSTER, '--kubeconfig', paths.kubeconfig],
      { signal },
    );
    return;
  }
  const config = join(paths.root, 'kind.yaml');
  writeAtomically(config, stringify(kindConfiguration(nodes)));
  const where = ['--config', config, '--kubeconfig', paths.kubeconfig, '--wait', '180s'];
  await runCommand([kind, 'create', 'cluster', '--name', KIND_CLUSTER, ...where], {
    signal,
    timeoutMs: CREATE_TIMEOUT_MS,
    logFile: join(paths.logs, 'kind.log'),
  });
}

function recordFile(context: ClusterContext): string {
  return join(context.paths.root, 'kind-images.json');
}

async function loadArchives(context: ClusterContext): Promise<readonly string[]> {
  const { paths, signal } = context;
  const file = recordFile(context);
  const record = existsSync(file) ? importRecord.parse(JSON.parse(readFileSync(file, 'utf8'))) : {};
  const wanted = archivesToImport(listImageArchives(paths.images), record, new Set());
  for (const archive of wanted) {
    const path = join(paths.images, archive.file);
    await runCommand([kindProgram(context), 'load', 'image-archive', '--name', KIND_CLUSTER, path], {
      signal,
      timeoutMs: 600_000,
    });
    record[archive.file] = { version: archive.version, names: [] };
    writeAtomically(file, JSON.stringify(record));
  }
  return wanted.map((archive) => archive.file);
}

function imageStep(context: ClusterContext): Step {
  return {
    title: 'Images on every node',
    async run(report) {
      const files = await loadArchives(context);
      report(files.length === 0 ? 'nothing new' : files.join(', '));
    },
  };
}

async function bringUp(wanted: number | undefined, context: ClusterContext): Promise<void> {
  const { paths, signal, architecture } = context;
  claimCluster(paths.checkout);
  const nodes = decideNodeCount(wanted, readClusterState(paths)?.nodes);
  if (readClusterState(paths) !== undefined && nodes !== readClusterState(paths)?.nodes)
    throw new ClusterError(
      'bad-option',
      `no node can join a cluster of kind; for ${nodes}, first make cluster-down`,
    );
  for (const directory of [paths.images, paths.logs]) mkdirSync(directory, { recursive: true });
  writeClusterState(paths, { engine: 'kind', nodes });
  // kubectl comes with the control plane's programs, which tests also start by themselves.
  const placed = await placeSets(context, ['kind', 'start', 'use']);
  await runSteps(
    [
      { title: 'Programs', inOrder: programSteps(placed, context) },
      { title: `kind with ${nodes} workers`, run: async () => await createOrStart(nodes, context) },
      {
        title: 'Nodes',
        together: nodeMachines(nodes).map(({ name }) => ({
          title: containerOf(name),
          run: async () => await waitForReadyNode(containerOf(name), 0, paths, signal),
        })),
      },
      {
        title: 'Images of the sidecars',
        async run() {
          const folders = { images: paths.images, bin: paths.bin, architecture };
          writeBaseImages(folders);
          writeSidecarImages(folders);
          await Promise.resolve();
        },
      },
      imageStep(context),
    ],
    context,
  );
}

async function bringDown(context: ClusterContext): Promise<void> {
  const { paths, signal } = context;
  refuseForeignCluster(paths.checkout);
  const kubeconfig = ['--kubeconfig', paths.kubeconfig];
  await runCommand([kindProgram(context), 'delete', 'cluster', '--name', KIND_CLUSTER, ...kubeconfig], {
    signal,
    timeoutMs: 120_000,
  });
  const files = [paths.kubeconfig, paths.logs, recordFile(context), join(paths.root, 'kind.yaml')];
  for (const path of files) rmSync(path, { recursive: true, force: true });
  removeClusterState(paths);
  releaseClaim();
}

/** Nodes that are containers of a Docker engine. A power cut is `docker kill`: the host's disk keeps what was written. */
export function kindEngine(context: ClusterContext): ClusterEngine {
  const { paths, signal } = context;
  const lock = { signal, whenHeld: 'fail' } as const;
  function network() {
    return { paths, signal, nodes: requireClusterState(paths).nodes };
  }
  return {
    up: async (nodes) => await withFileLock(CLUSTER_LOCK, lock, async () => await bringUp(nodes, context)),
    down: async () => await withFileLock(CLUSTER_LOCK, lock, async () => await bringDown(context)),
    async killNode(name) {
      await runCommand(['docker', 'kill', containerOf(name)], { signal });
    },
    async startNode(name) {
      const since = Date.now();
      await runCommand(['docker', 'start', containerOf(name)], { signal });
      await waitForReadyNode(containerOf(name), since, paths, signal);
    },
    partition: async (wanted) => await partitionKind(wanted, network()),
    heal: async (machine, peer) => await healKind(machine, peer, network()),
    loadImages: async () => await runSteps([imageStep(context)], context),
    nodeCommand: (name, command) => ['docker', 'exec', '--interactive', containerOf(name), ...command],
  };
}
