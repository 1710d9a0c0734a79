/** The speed of a pod's disk through a volume, next to a hostPath on the same disk. */
import { z } from 'zod';
import { ensure, remove, shell, type Kube } from '../tools/kube/kube.ts';
import { claimManifest, podManifest, WAIT_SCRIPT } from '../tools/kube/manifests.ts';
import { claimRef, podRef, waitForGone, waitForRunning } from '../tools/kube/wait-for.ts';
import type { ResultRow, ResultTable } from './result.ts';
import { median, medianRatio } from './statistics.ts';

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

/** What two that are compared take turns in: what else the machine does changes more slowly. Seconds. */
const TURN = 5;

/** KiB a second of one fio run, in the pod that has the disk under /data. */
async function runFio(bench: IoBench, pod: string, job: Job): Promise<number> {
  const flags = `--ioengine=libaio --direct=1 --size=256M --time_based --runtime=${TURN} --filename=/data/fio`;
  const script = `fio --name=run ${flags} ${JOBS[job]} --output-format=json`;
  const options = { namespace: bench.namespace, pod, timeoutMs: (TURN + 60) * 1000 };
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

function row(what: Job, ours: readonly number[], peers: readonly number[], goal?: number): ResultRow {
  const ratio = medianRatio(ours, peers);
  const mib = (values: readonly number[]) => (median(values) / 1024).toFixed(0);
  const values = {
    'volume MiB/s': mib(ours),
    'hostPath MiB/s': mib(peers),
    'median ratio': ratio.toFixed(3),
    pairs: String(ours.length),
  };
  return goal === undefined ? { what, values } : { what, values, goal: `≥ ${goal}`, met: ratio >= goal };
}

/** Each of the two for `seconds`, in turns that begin with the one and the other. KiB a second. */
async function onePair(bench: IoBench, job: Job): Promise<Readonly<Record<IoPod, number>>> {
  const turns = Math.max(2, Math.round(bench.seconds / TURN));
  const sums = { 'io-volume': 0, 'io-host': 0 };
  for (let turn = 0; turn < turns; turn += 1) {
    const order = turn % 2 === 0 ? IO_PODS : IO_PODS.toReversed();
    for (const pod of order) sums[pod] += (await runFio(bench, pod, job)) / turns;
  }
  return sums;
}

async function compare(
  bench: IoBench,
  job: Job,
  pairs: number,
): Promise<readonly [readonly number[], readonly number[]]> {
  const ours: number[] = [];
  const peers: number[] = [];
  for (let pair = 0; pair < pairs; pair += 1) {
    const sums = await onePair(bench, job);
    ours.push(sums['io-volume']);
    peers.push(sums['io-host']);
    bench.say(`I/O, ${job}: pair ${pair + 1} of ${pairs}`);
  }
  return [ours, peers];
}

/** One volume with `copies` data nodes, the pod's own among them, against a hostPath. */
async function measureVolume(
  bench: IoBench,
  copies: readonly string[],
  pairs: number,
  goal?: number,
): Promise<readonly ResultRow[]> {
  const { kube, namespace } = bench;
  const claim = `io${copies.length}`;
  await bench.label(copies);
  await ensure(kube, claimManifest({ namespace, name: claim }));
  await startPod(bench, 'io-volume', { claim });
  await startPod(bench, 'io-host', { hostPath: '/var/bench-io' });
  const rows: ResultRow[] = [];
  for (const job of ['sequential read', 'sequential write', 'random read, 4k', 'random write, 4k'] as const) {
    rows.push(row(job, ...(await compare(bench, job, pairs)), goal));
  }
  await shell(kube, 'rm -f /data/fio', { namespace, pod: 'io-host' });
  for (const pod of ['io-volume', 'io-host']) await endPod(bench, pod);
  await remove(kube, claimRef(namespace, claim));
  await waitForGone(kube, claimRef(namespace, claim));
  return rows;
}

export async function ioSpeed(bench: IoBench): Promise<readonly ResultTable[]> {
  const note = `fio in a pod, 256 MiB, direct, ${bench.seconds} s each a pair, in turns of ${TURN} s, median of the pairs' ratios of bytes a second.`;
  const alone = await measureVolume(bench, [bench.node], bench.pairs, 0.97);
  const replicated = await measureVolume(bench, bench.allNodes, Math.min(2, bench.pairs));
  return [
    { title: 'I/O in a pod, the only data node its own', note, rows: alone },
    {
      title: 'I/O in a pod, two more replicas',
      note: 'Replication shares the disk and the processors of one machine here.',
      rows: replicated,
    },
  ];
}
