/** The speed of a pod's disk through a volume, next to a hostPath on the same disk. */
import { z } from 'zod';
import { ensure, remove, shell, type Kube } from '../tools/kube/kube.ts';
import { claimManifest, podManifest, WAIT_SCRIPT } from '../tools/kube/manifests.ts';
import { claimRef, podRef, waitForGone, waitForRunning } from '../tools/kube/wait-for.ts';
import { setTimeout as delay } from 'node:timers/promises';
import { cpus } from 'node:os';
import type { ResultRow, ResultTable } from './result.ts';
import { mean, median, medianRatio, ratioInterval } from './statistics.ts';
import { syncthingSeconds } from './syncthing-time.ts';

export interface IoBench {
  readonly kube: Kube;
  readonly namespace: string;
  readonly node: string;
  readonly seconds: number;
  readonly pairs: number;
  /** Makes exactly these nodes data nodes. */
  readonly label: (nodes: readonly string[]) => Promise<void>;
  readonly allNodes: readonly string[];
  readonly say: (line: string) => void;
}

const JOBS = {
  'sequential read': '--rw=read --bs=1M',
  'sequential write': '--rw=write --bs=1M',
  'random read, 4k': '--rw=randread --bs=4k --iodepth=16',
  'random write, 4k': '--rw=randwrite --bs=4k --iodepth=16',
} as const;
type Job = keyof typeof JOBS;

const IO_PODS = ['io-volume', 'io-host'] as const;
type IoPod = (typeof IO_PODS)[number];

const side = z.object({ bw: z.number() });
const report = z.object({ jobs: z.array(z.object({ read: side, write: side })).min(1) });

/**
 * What two that are compared take turns in, in seconds. One run of fio differs from the next by a fifth and more, also
 * of the same file, however long it is: only many turns tell a few hundredths.
 */
const TURN = 1;

/** KiB a second of one fio run, in the pod that has the disk under /data. */
async function runFio(bench: IoBench, pod: string, job: Job, seconds = TURN): Promise<number> {
  const flags = `--ioengine=libaio --direct=1 --size=256M --time_based --runtime=${seconds} --filename=/data/fio`;
  // Where on the disk a file lies makes a difference of its own, so that each turn makes it anew.
  const script = `rm -f /data/fio; sync; fio --name=run ${flags} ${JOBS[job]} --output-format=json`;
  const options = { namespace: bench.namespace, pod, timeoutMs: (seconds + 60) * 1000 };
  const printed = await shell(bench.kube, script, options);
  const [first] = report.parse(JSON.parse(printed.slice(printed.indexOf('{')))).jobs;
  return (first?.read.bw ?? 0) + (first?.write.bw ?? 0);
}

async function startPod(
  bench: IoBench,
  name: string,
  volume: { readonly claim?: string; readonly hostPath?: string },
): Promise<void> {
  const { kube, namespace, node } = bench;
  const image = 'local.test/bench:dev';
  await ensure(kube, podManifest({ namespace, name, node, image, script: WAIT_SCRIPT, ...volume }));
  await waitForRunning(kube, namespace, name);
}

async function endPod(bench: IoBench, name: string): Promise<void> {
  await remove(bench.kube, podRef(bench.namespace, name));
  await waitForGone(bench.kube, podRef(bench.namespace, name));
}

/** KiB a second of each turn. */
type Turns = Readonly<Record<IoPod, readonly number[]>>;

function meansOf(pairs: readonly Turns[], pod: IoPod): readonly number[] {
  return pairs.map((turns) => mean(turns[pod]));
}

function turnsOf(pairs: readonly Turns[], pod: IoPod): readonly number[] {
  return pairs.flatMap((turns) => turns[pod]);
}

function row(what: Job, pairs: readonly Turns[], goal?: number): ResultRow {
  const [ours, peers] = [meansOf(pairs, 'io-volume'), meansOf(pairs, 'io-host')];
  const ratio = medianRatio(ours, peers);
  const [low, high] = ratioInterval(turnsOf(pairs, 'io-volume'), turnsOf(pairs, 'io-host'));
  const mib = (values: readonly number[]) => (median(values) / 1024).toFixed(0);
  const values = {
    'volume MiB/s': mib(ours),
    'hostPath MiB/s': mib(peers),
    'median ratio': ratio.toFixed(3),
    'the ratio is within': `${low.toFixed(3)} – ${high.toFixed(3)}`,
    pairs: String(pairs.length),
  };
  return goal === undefined ? { what, values } : { what, values, goal: `≥ ${goal}`, met: ratio >= goal };
}

/** Each of the two for `seconds`, in turns that begin with the one and the other. */
async function onePair(bench: IoBench, job: Job): Promise<Turns> {
  const found: Record<IoPod, number[]> = { 'io-volume': [], 'io-host': [] };
  const turns = Math.max(2, Math.round(bench.seconds / TURN));
  for (let turn = 0; turn < turns; turn += 1) {
    const order = turn % 2 === 0 ? IO_PODS : IO_PODS.toReversed();
    for (const pod of order) found[pod].push(await runFio(bench, pod, job));
  }
  return found;
}

async function compare(bench: IoBench, job: Job, pairs: number): Promise<readonly Turns[]> {
  const found: Turns[] = [];
  for (let pair = 0; pair < pairs; pair += 1) {
    found.push(await onePair(bench, job));
    bench.say(`I/O, ${job}: pair ${pair + 1} of ${pairs}`);
  }
  return found;
}

/** Syncthing looks at what was written up to so long after it. */
const LOOKS_WITHIN = 30;

/** What Syncthing takes of the processors for a pod that writes without a pause, until it has looked at all of it. */
async function writingRow(bench: IoBench, job: Job): Promise<ResultRow> {
  const before = await syncthingSeconds(bench.kube, bench.node);
  const speed = await runFio(bench, 'io-volume', job, bench.seconds);
  await delay(LOOKS_WITHIN * 1000, undefined, { signal: bench.kube.signal });
  const taken = (await syncthingSeconds(bench.kube, bench.node)) - before;
  const share = (100 * taken) / (bench.seconds * cpus().length);
  const values = { 'volume MiB/s': (speed / 1024).toFixed(0), 's of a processor': taken.toFixed(2) };
  return { what: job, values: { ...values, 'of all processors, %': share.toFixed(1) } };
}

interface Measured {
  readonly compared: readonly ResultRow[];
  readonly writing: readonly ResultRow[];
}

/** One volume with `copies` data nodes, the pod's own among them, against a hostPath. */
async function measureVolume(
  bench: IoBench,
  copies: readonly string[],
  pairs: number,
  goal?: number,
): Promise<Measured> {
  const { kube, namespace } = bench;
  const claim = `io${copies.length}`;
  await bench.label(copies);
  await ensure(kube, claimManifest({ namespace, name: claim }));
  await startPod(bench, 'io-volume', { claim });
  await startPod(bench, 'io-host', { hostPath: '/var/bench-io' });
  const compared: ResultRow[] = [];
  for (const job of ['sequential read', 'sequential write', 'random read, 4k', 'random write, 4k'] as const) {
    compared.push(row(job, await compare(bench, job, pairs), goal));
  }
  const writing: ResultRow[] = [];
  for (const job of ['sequential write', 'random write, 4k'] as const)
    writing.push(await writingRow(bench, job));
  for (const pod of IO_PODS) {
    await shell(kube, 'rm -f /data/fio', { namespace, pod });
    await endPod(bench, pod);
  }
  await remove(kube, claimRef(namespace, claim));
  await waitForGone(kube, claimRef(namespace, claim));
  return { compared, writing };
}

export async function ioSpeed(bench: IoBench): Promise<readonly ResultTable[]> {
  const note = `fio in a pod, 256 MiB, direct, ${bench.seconds} s each a pair, in turns of ${TURN} s with files made anew for each; median of the pairs' ratios of bytes a second. Single runs of fio differ by a fifth, also of one file: where the ratio lies by all turns, with 95 % certainty, stands beside it.`;
  const alone = await measureVolume(bench, [bench.node], bench.pairs, 0.97);
  const replicated = await measureVolume(bench, bench.allNodes, 1);
  return [
    { title: 'I/O in a pod, the only data node its own', note, rows: alone.compared },
    {
      title: 'What Syncthing takes while a pod writes',
      note: `Of a pod that writes over the same 256 MiB for ${bench.seconds} s without a pause, the only data node its own. The turns above share this between the two that are compared.`,
      rows: alone.writing,
    },
    {
      title: 'I/O in a pod, two more replicas',
      note: 'Replication shares the disk and the processors of one machine here.',
      rows: replicated.compared,
    },
  ];
}
