import { spawnSync } from 'node:child_process';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Command } from 'commander';
import { parseNodeCount } from './address-plan.ts';
import { chooseEngine } from './choose-engine.ts';
import type { ClusterContext } from './cluster-context.ts';
import { clusterPaths } from './cluster-paths.ts';
import { requireClusterState } from './cluster-state.ts';
import { type EngineName, parseEngineName } from './engine.ts';
import { machineOf } from './kind/kind-plan.ts';
import { MACHINE_ENVIRONMENT } from './machine.ts';
import { type Partition, parsePartition } from './partition-plan.ts';
import { buildPrograms } from './program-steps.ts';
import { StepError } from './steps.ts';

const ARCHITECTURES: Readonly<Record<string, string>> = { x64: 'amd64', arm64: 'arm64' };

function makeContext(signal: AbortSignal): ClusterContext {
  const { env } = process;
  const checkout = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
  return {
    paths: clusterPaths(checkout),
    cache: join(env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'syncthing-csi'),
    goCache: env['GOCACHE'],
    architecture: ARCHITECTURES[process.arch] ?? process.arch,
    interactive: process.stdout.isTTY,
    signal,
  };
}

type PartitionFlags = { readonly from?: string; readonly way: string };

/** Names as the user knows them: node1 …, control-plane, host; with kind also the names that kind gives. */
function readPartition(context: ClusterContext, name: string, flags: PartitionFlags): Partition {
  const { nodes } = requireClusterState(context.paths);
  const peer = flags.from === undefined ? undefined : machineOf(flags.from);
  return parsePartition(machineOf(name), peer, flags.way, nodes);
}

function networkCommands(program: Command, context: ClusterContext): void {
  program
    .command('node-partition <machine>')
    .description('drop what a machine sends and gets, silently')
    .option(
      '--from <peer>',
      'only between the machine and this peer (host is the machine that runs the cluster)',
    )
    .option('--way <way>', 'in, out or both, as seen from the machine', 'both')
    .action(async (name: string, flags: PartitionFlags) => {
      await chooseEngine(undefined, context).partition(readPartition(context, name, flags));
    });
  program
    .command('node-heal <machine>')
    .description('take back what node-partition did')
    .option('--from <peer>', 'only between the machine and this peer')
    .action(async (name: string, flags: { readonly from?: string }) => {
      const { machine, peer } = readPartition(context, name, { ...flags, way: 'both' });
      await chooseEngine(undefined, context).heal(machine, peer);
    });
}

function nodeCommands(program: Command, context: ClusterContext): void {
  program
    .command('node-kill <node>')
    .description('cut the power of a node: what its disk had not synced is lost')
    .action(async (name: string) => {
      await chooseEngine(undefined, context).killNode(name);
    });
  program
    .command('node-start <node>')
    .description('give a node its power back and wait until it is Ready')
    .action(async (name: string) => {
      await chooseEngine(undefined, context).startNode(name);
    });
  program
    .command('exec <machine> [command...]')
    .description('run a command inside a machine (a shell if none is given)')
    .action(async (name: string, command: readonly string[]) => {
      requireClusterState(context.paths);
      const engine = chooseEngine(undefined, context);
      const [file, ...args] = engine.nodeCommand(name, command.length === 0 ? ['bash'] : command);
      const ended = spawnSync(file, args, {
        stdio: 'inherit',
        env: { ...process.env, ...MACHINE_ENVIRONMENT },
      });
      process.exitCode = ended.status ?? 1;
    });
}

function clusterCommands(program: Command, context: ClusterContext): void {
  program
    .command('up')
    .description('bring the cluster up, or heal it, and put every image on every node')
    .option('--nodes <count>', 'from 1 to 5; 3 when the cluster is new', parseNodeCount)
    .option(
      '--engine <engine>',
      'namespaces, or kind with a Docker engine, for a cluster of your own',
      parseEngineName,
    )
    .action(async (flags: { readonly nodes?: number; readonly engine?: EngineName }) => {
      await chooseEngine(flags.engine, context).up(flags.nodes);
    });
  program
    .command('down')
    .description('end the cluster and leave nothing of it but programs and images')
    .action(async () => {
      await chooseEngine(undefined, context).down();
    });
  program
    .command('images')
    .description('put every image of .cluster/images on every node of a running cluster')
    .action(async () => {
      await chooseEngine(undefined, context).loadImages();
    });
  program
    .command('programs')
    .description('build every program and link it into .cluster/bin, without a cluster')
    .action(async () => {
      await buildPrograms(context);
    });
}

/** The first Ctrl-C ends the step that runs; everything can be run again and goes on from there. */
function interruptible(): AbortSignal {
  const controller = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const)
    process.on(name, () => {
      controller.abort(new Error(`interrupted by ${name}; run the same command again to go on`));
    });
  return controller.signal;
}

function explain(error: unknown): string {
  if (error instanceof StepError) return error.explanation;
  return error instanceof Error ? error.message : String(error);
}

async function main(): Promise<void> {
  const context = makeContext(interruptible());
  const program = new Command('cluster')
    .description('A Kubernetes cluster of this machine’s own')
    .enablePositionalOptions();
  clusterCommands(program, context);
  nodeCommands(program, context);
  networkCommands(program, context);
  try {
    await program.parseAsync(process.argv);
  } catch (error) {
    process.stderr.write(`\n${explain(error)}\n`);
    process.exitCode = 1;
  }
}

await main();
