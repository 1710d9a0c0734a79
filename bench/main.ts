import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ensure, openWithNodes, remove, type Kube } from '../tools/kube/kube.ts';
import { claimManifest, namespaceManifest } from '../tools/kube/manifests.ts';
import { claimRef, waitForGone } from '../tools/kube/wait-for.ts';
import { labelNodes, NODES } from '../tools/kube/data-nodes.ts';
import { callTable, nodeCalls, stageAndPublish } from './driver-calls.ts';
import { ioSpeed } from './io.ts';
import { openKept } from './kept.ts';
import { memoryTable } from './memory.ts';
import { moveTimes } from './moves.ts';
import { resultsText, type Provenance, type ResultTable } from './result.ts';
import { startTimes } from './start-times.ts';
import { openWatched, type Watched } from './watched.ts';

const checkout = dirname(dirname(fileURLToPath(import.meta.url)));
const NAMESPACE = 'bench';

function say(line: string): void {
  process.stdout.write(`${new Date().toISOString().slice(11, 19)} ${line}\n`);
}

function provenance(): Provenance {
  const git = (...words: string[]) =>
    execFileSync('git', ['-C', checkout, ...words], { encoding: 'utf8' }).trim();
  const changed = git('status', '--porcelain') === '' ? '' : ', with changes';
  const [processor] = cpus();
  const memory = (totalmem() / 2 ** 30).toFixed(0);
  return {
    commit: `${git('rev-parse', '--short', 'HEAD')}${changed}`,
    date: new Date().toISOString().slice(0, 10),
    machine: `${cpus().length} × ${processor?.model ?? 'unknown'}, ${memory} GiB; three nodes and their disks (ext4 on loop devices) on this one machine`,
    versions: {
      Kubernetes: '1.36.3',
      Syncthing: '1.30.0',
      'Node.js': process.version,
      Linux: readFileSync('/proc/sys/kernel/osrelease', 'utf8').trim(),
    },
  };
}

interface Common {
  readonly kube: Kube;
  readonly watched: Watched;
  readonly namespace: string;
  readonly say: (line: string) => void;
}

async function memory({ kube, watched }: Common): Promise<readonly ResultTable[]> {
  const names = Array.from({ length: 20 }, (_, index) => `memory${index}`);
  const make = async () => {
    for (const name of names) await ensure(kube, claimManifest({ namespace: NAMESPACE, name }));
    for (const name of names) await watched.claimBound(name);
    say('memory: 20 volumes');
  };
  const drop = async () => {
    for (const name of names) await remove(kube, claimRef(NAMESPACE, name));
    for (const name of names) await waitForGone(kube, claimRef(NAMESPACE, name));
  };
  return [await memoryTable({ kube, nodes: NODES, volumes: names.length, make, drop })];
}

const runs = Number(process.env['BENCH_RUNS'] ?? 20);

async function starts(common: Common): Promise<readonly ResultTable[]> {
  const since = new Date().toISOString();
  const start = await startTimes({ ...common, runs, dataNode: 'node1', clientNode: 'node3' });
  return [start, callTable(stageAndPublish(await nodeCalls(common.kube, 'node1', since)))];
}

async function moves(common: Common): Promise<readonly ResultTable[]> {
  return [await moveTimes({ ...common, runs: Math.ceil(runs / 2), nodes: ['node1', 'node2'] })];
}

async function io(common: Common): Promise<readonly ResultTable[]> {
  return ioSpeed({
    ...common,
    node: 'node1',
    seconds: Number(process.env['BENCH_IO_SECONDS'] ?? 30),
    pairs: Number(process.env['BENCH_IO_PAIRS'] ?? 5),
    allNodes: NODES,
    label: async (nodes) => await labelNodes(common.kube, nodes),
  });
}

const PARTS = { starts, memory, moves, io } as const;

function isPart(name: string): name is keyof typeof PARTS {
  return name in PARTS;
}

/** BENCH_PARTS: some of the parts alone, for who works on one of them. */
function wantedParts(): readonly (keyof typeof PARTS)[] {
  const names = process.env['BENCH_PARTS']?.split(',') ?? Object.keys(PARTS);
  const unknown = names.find((name) => !isPart(name));
  if (unknown !== undefined)
    throw new Error(`BENCH_PARTS has no "${unknown}"; there are ${Object.keys(PARTS).join(', ')}`);
  return names.filter(isPart);
}

async function main(): Promise<void> {
  const abort = new AbortController();
  process.on('SIGINT', () => abort.abort());
  process.on('SIGTERM', () => abort.abort());
  const kube = openWithNodes(checkout, abort.signal);
  const from = provenance();
  await ensure(kube, namespaceManifest(NAMESPACE));
  const watched = await openWatched(kube, NAMESPACE);
  const kept = openKept(join(checkout, '.cluster/bench-so-far.json'), from.commit);
  const tables: ResultTable[] = [];
  try {
    for (const part of wantedParts()) {
      const known = kept.tablesOf(part);
      if (known !== undefined) say(`${part}: measured at this commit before the last run ended early`);
      else await labelNodes(kube, ['node1', 'node2']);
      const found = known ?? (await PARTS[part]({ kube, watched, namespace: NAMESPACE, say }));
      tables.push(...found);
      kept.keep(part, found);
    }
  } finally {
    await watched.close();
  }
  await labelNodes(kube, ['node1', 'node2']);
  const file = join(checkout, 'bench/RESULTS.md');
  writeFileSync(file, resultsText(from, tables));
  kept.end();
  await remove(kube, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE } });
  say(`written: ${file}`);
}

try {
  await main();
} catch (error) {
  process.stderr.write(`the benchmark stopped: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
