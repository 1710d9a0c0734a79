/** How long a pod's move between two data nodes takes, next to that of a pod without a volume. */
import { ensure, remove, shell, type Kube } from '../tools/kube/kube.ts';
import { claimManifest, podManifest } from '../tools/kube/manifests.ts';
import { claimRef, podRef, waitForBound, waitForGone } from '../tools/kube/wait-for.ts';
import { waitUntil } from '../tools/host/wait-until.ts';
import { volumeOf } from '../tools/kube/volumes.ts';
import { nodeCalls, type LoggedCall } from './driver-calls.ts';
import type { ResultRow, ResultTable } from './result.ts';
import { percentile } from './statistics.ts';
import type { Watched } from './watched.ts';

export interface MoveBench {
  readonly kube: Kube;
  readonly watched: Watched;
  readonly namespace: string;
  readonly runs: number;
  /** Two data nodes. */
  readonly nodes: readonly [string, string];
  readonly say: (line: string) => void;
}

/** What is in the volume, and what is changed in it right before each move. */
interface Content {
  readonly title: string;
  readonly files: number;
  readonly bytes: number;
  readonly changedFiles: number;
  readonly goals: boolean;
}

const CONTENTS: readonly Content[] = [
  { title: '1 GiB in 1,000 files, 10 changed', files: 1_000, bytes: 2 ** 30, changedFiles: 10, goals: true },
  {
    title: '100,000 files of 1 KiB, 10 changed',
    files: 100_000,
    bytes: 100_000 * 1024,
    changedFiles: 10,
    goals: false,
  },
];

const SIDE = 100;

/** Large files are random; small ones, each another, are written by one awk a directory: a fork a file takes minutes. */
function fillScript({ files, bytes }: Content): string {
  const each = Math.floor(bytes / files);
  const inOne = files / SIDE;
  const random = `for i in $(seq 1 ${inOne}); do head -c ${each} /dev/urandom > x$i; done`;
  const text = `awk -v d=$d 'BEGIN { for (i = 1; i <= ${inOne}; i++) { f = "x" i; s = d " " i " "; while (length(s) < ${each}) s = s s; printf "%s", substr(s, 1, ${each}) > f; close(f) } }'`;
  return `cd /data
    for d in $(seq 1 ${SIDE}); do mkdir -p d$d; cd d$d; ${each < 65_536 ? text : random}; cd ..; done
    sync`;
}

function changeScript({ files, bytes, changedFiles }: Content): string {
  const each = Math.floor(bytes / files);
  return `cd /data; for d in $(seq 1 ${changedFiles}); do head -c ${each} /dev/urandom > d$d/x1; done`;
}

/** A change that a scan under way has seen already is followed by no other scan. */
const MARK_AGAIN_MS = 15_000;

/** A last change, and the proof of a scan that began after it. */
async function waitForReplicated(bench: MoveBench, claim: string): Promise<void> {
  const { kube, namespace } = bench;
  const pv = await waitForBound(kube, namespace, claim);
  const mark = async () => await shell(kube, 'date > /data/mark; sync', { namespace, pod: 'move' });
  await mark();
  const since = Date.now();
  let markedAt = since;
  const ask = async () => {
    const volume = await volumeOf(kube, pv);
    if (Date.parse(volume?.status.replicatedThrough ?? '') > since) return true;
    if (Date.now() - markedAt > MARK_AGAIN_MS) {
      await mark();
      markedAt = Date.now();
    }
    return undefined;
  };
  const options = { signal: kube.signal, timeoutMs: 600_000, what: `the copies of ${claim} to be proven` };
  await waitUntil(ask, options);
}

/** Seconds from the deletion of the pod on one node to the next one running on the other. */
async function timeMove(bench: MoveBench, to: string, claim?: string): Promise<number> {
  const { kube, watched, namespace } = bench;
  const started = performance.now();
  await remove(kube, podRef(namespace, 'move'));
  await watched.podGone('move');
  await ensure(
    kube,
    podManifest({ namespace, name: 'move', node: to, ...(claim === undefined ? {} : { claim }) }),
  );
  await watched.podStarted('move');
  return (performance.now() - started) / 1000;
}

async function timePlainMoves(bench: MoveBench): Promise<readonly number[]> {
  const { kube, watched, namespace, nodes } = bench;
  await ensure(kube, podManifest({ namespace, name: 'move', node: nodes[0] }));
  await watched.podStarted('move');
  const seconds: number[] = [];
  for (let run = 0; run < bench.runs; run += 1)
    seconds.push(await timeMove(bench, nodes[(run + 1) % 2] ?? nodes[0]));
  await remove(kube, podRef(namespace, 'move'));
  await watched.podGone('move');
  return seconds;
}

interface Moves {
  readonly seconds: readonly number[];
  /** What was answered in each move. */
  readonly calls: readonly (readonly LoggedCall[])[];
}

async function timeVolumeMoves(bench: MoveBench, content: Content): Promise<Moves> {
  const { kube, watched, namespace, nodes } = bench;
  const claim = `move${content.files}`;
  await ensure(kube, claimManifest({ namespace, name: claim, size: '4Gi' }));
  await ensure(kube, podManifest({ namespace, name: 'move', node: nodes[0], claim }));
  await watched.podStarted('move');
  await shell(kube, fillScript(content), { namespace, pod: 'move', timeoutMs: 600_000 });
  const seconds: number[] = [];
  const moves: (readonly LoggedCall[])[] = [];
  // What has no goal, and takes minutes a move, is measured half as often.
  const runs = content.goals ? bench.runs : Math.ceil(bench.runs / 2);
  for (let run = 0; run < runs; run += 1) {
    await waitForReplicated(bench, claim);
    await shell(kube, changeScript(content), { namespace, pod: 'move' });
    const since = new Date().toISOString();
    seconds.push(await timeMove(bench, nodes[(run + 1) % 2] ?? nodes[0], claim));
    const calls = await Promise.all(nodes.map(async (node) => await nodeCalls(kube, node, since)));
    moves.push(calls.flat());
    bench.say(`moves, ${content.title}: ${run + 1} of ${runs}`);
  }
  await remove(kube, podRef(namespace, 'move'));
  await watched.podGone('move');
  await remove(kube, claimRef(namespace, claim));
  await waitForGone(kube, claimRef(namespace, claim));
  return { seconds, calls: moves };
}

const CALLS = ['NodeUnpublishVolume', 'NodeUnstageVolume', 'NodeStageVolume', 'NodePublishVolume'];

/** Attempts that were answered with "not yet" count as well: they are time that the pod waits. */
export function secondsInCalls(calls: readonly LoggedCall[]): number {
  return (
    calls.filter(({ rpc }) => CALLS.includes(rpc)).reduce((sum, call) => sum + call.durationMs, 0) / 1000
  );
}

/** The same of all moves, and p50 of each of the calls by itself. */
function callsRow(moves: Moves['calls'], limit?: number): ResultRow {
  const inCalls = moves.map(secondsInCalls);
  const goal = limit === undefined ? undefined : { limit, value: percentile(inCalls, 0.5) };
  const { what, values, ...verdict } = row('— of which in our own calls', inCalls, goal);
  const apart = CALLS.map((rpc) => {
    const seconds = moves.map((calls) => secondsInCalls(calls.filter((call) => call.rpc === rpc)));
    return [rpc.replace('Volume', ''), percentile(seconds, 0.5).toFixed(2)] as const;
  });
  return { what, values: { ...values, ...Object.fromEntries(apart) }, ...verdict };
}

function row(what: string, sample: readonly number[], goal?: { limit: number; value: number }): ResultRow {
  const values = {
    n: String(sample.length),
    p50: percentile(sample, 0.5).toFixed(2),
    p95: percentile(sample, 0.95).toFixed(2),
  };
  return goal === undefined
    ? { what, values }
    : { what, values, goal: `p50 ≤ ${goal.limit}`, met: goal.value <= goal.limit };
}

/** A pod without a volume, then each content, moved to and fro. */
export async function moveTimes(bench: MoveBench): Promise<ResultTable> {
  const plain = await timePlainMoves(bench);
  const rows: ResultRow[] = [row('pod without a volume', plain)];
  for (const content of CONTENTS) {
    const { seconds, calls } = await timeVolumeMoves(bench, content);
    const over = percentile(seconds, 0.5) - percentile(plain, 0.5);
    const goal = content.goals ? { limit: 2, value: over } : undefined;
    rows.push(row(`${content.title} (${over.toFixed(2)} s over the pod without)`, seconds, goal));
    rows.push(callsRow(calls, content.goals ? 1.5 : undefined));
  }
  return {
    title: 'A clean move between two data nodes (s)',
    note: 'From the deletion of the pod on one node to the next one running on the other; the goal of a move is held against what it takes over the pod without a volume. The four calls, p50 each, beside what they take together.',
    rows,
  };
}
