/** How long a claim takes to be bound, and a pod to run on it, next to a pod without a volume. */
import { ensure, remove, shell, type Kube } from '../tools/kube/kube.ts';
import { claimManifest, podManifest } from '../tools/kube/manifests.ts';
import { claimRef, podRef, waitForGone } from '../tools/kube/wait-for.ts';
import type { ResultRow, ResultTable } from './result.ts';
import { percentile } from './statistics.ts';
import type { Watched } from './watched.ts';

export interface StartBench {
  readonly kube: Kube;
  readonly watched: Watched;
  readonly namespace: string;
  readonly runs: number;
  readonly dataNode: string;
  readonly clientNode: string;
  readonly say: (line: string) => void;
}

/** Seconds from creating the pod to its container running. The pod is removed again. */
async function timePod(bench: StartBench, node: string, claim?: string): Promise<number> {
  const { kube, watched, namespace } = bench;
  const name = 'start';
  const started = performance.now();
  await ensure(kube, podManifest({ namespace, name, node, ...(claim === undefined ? {} : { claim }) }));
  await watched.podStarted(name);
  const seconds = (performance.now() - started) / 1000;
  await remove(kube, podRef(namespace, name));
  await watched.podGone(name);
  return seconds;
}

async function timeClaim(bench: StartBench, name: string): Promise<number> {
  const { kube, watched, namespace } = bench;
  const started = performance.now();
  await ensure(kube, claimManifest({ namespace, name }));
  await watched.claimBound(name);
  return (performance.now() - started) / 1000;
}

async function fill(bench: StartBench, claim: string, bytes: number): Promise<void> {
  const { kube, watched, namespace, dataNode } = bench;
  await ensure(kube, podManifest({ namespace, name: 'fill', node: dataNode, claim }));
  await watched.podStarted('fill');
  await shell(kube, `head -c ${bytes} /dev/urandom > /data/content; sync`, { namespace, pod: 'fill' });
  await remove(kube, podRef(namespace, 'fill'));
  await watched.podGone('fill');
}

async function drop(bench: StartBench, claim: string): Promise<void> {
  await remove(bench.kube, claimRef(bench.namespace, claim));
  await waitForGone(bench.kube, claimRef(bench.namespace, claim));
}

interface Samples {
  readonly bound: number[];
  readonly plain: number[];
  readonly dataNode: number[];
  readonly emptyClient: number[];
  readonly fullClient: number[];
}

const FULL_BYTES = 100_000_000;

/** One of each, interleaved, so that all see the same machine. */
async function measureOnce(bench: StartBench, run: number, samples: Samples): Promise<void> {
  const empty = `empty${run}`;
  const full = `full${run}`;
  samples.bound.push(await timeClaim(bench, empty));
  samples.plain.push(await timePod(bench, bench.dataNode));
  samples.dataNode.push(await timePod(bench, bench.dataNode, empty));
  samples.emptyClient.push(await timePod(bench, bench.clientNode, empty));
  samples.bound.push(await timeClaim(bench, full));
  await fill(bench, full, FULL_BYTES);
  samples.fullClient.push(await timePod(bench, bench.clientNode, full));
  await drop(bench, empty);
  await drop(bench, full);
}

function row(what: string, sample: readonly number[]): ResultRow {
  const p50 = percentile(sample, 0.5).toFixed(2);
  const p95 = percentile(sample, 0.95).toFixed(2);
  return { what, values: { n: String(sample.length), p50, p95 } };
}

function held(found: ResultRow, limit: number, value: number, goal: string): ResultRow {
  return { ...found, goal, met: value <= limit };
}

/** Claims, and pods on data and client nodes, `runs` times. */
export async function startTimes(bench: StartBench): Promise<ResultTable> {
  const samples: Samples = { bound: [], plain: [], dataNode: [], emptyClient: [], fullClient: [] };
  for (let run = 0; run < bench.runs; run += 1) {
    await measureOnce(bench, run, samples);
    bench.say(`start times: ${run + 1} of ${bench.runs}`);
  }
  const { bound, plain, dataNode, emptyClient, fullClient } = samples;
  const over = percentile(dataNode, 0.5) - percentile(plain, 0.5);
  const transfer = percentile(fullClient, 0.5) - percentile(emptyClient, 0.5);
  const share = (100 * transfer) / percentile(fullClient, 0.5);
  return {
    title: 'From asking to having (s)',
    note: `A pod on a data node starts ${over.toFixed(2)} s after one without a volume (p50). Of a client node's start with 100 MB, ${share.toFixed(0)} % is over that of an empty volume: the transfer and its proof.`,
    rows: [
      held(row('claim → Bound', bound), 1.5, percentile(bound, 0.5), 'p50 ≤ 1.5'),
      row('pod without a volume → running', plain),
      held(row('pod on a bound claim, data node', dataNode), 1, over, 'p50 ≤ 1 over the pod without'),
      row('the same, client node, empty volume', emptyClient),
      row('the same, client node, 100 MB', fullClient),
    ],
  };
}
