/** Proportional set size of what the driver runs, from smaps_rollup, container by container. */
import { setTimeout as delay } from 'node:timers/promises';
import { runInside, runningMachine } from '../tools/cluster/machine.ts';
import type { Kube } from '../tools/kube/kube.ts';
import { containerSizes, type Look } from './container-sizes.ts';
import type { ResultRow, ResultTable } from './result.ts';
import { percentile } from './statistics.ts';

/** Prints `<PSS in KiB> <command line>` of every process of a node. */
const LIST_SCRIPT = `for p in /proc/[0-9]*; do
  c=$(tr '\\0' ' ' < $p/cmdline 2>/dev/null) || continue
  k=$(awk '/^Pss:/ {print $2}' $p/smaps_rollup 2>/dev/null) || continue
  [ -n "$k" ] && echo "$k $c"
done; true`;

async function lookAt({ paths, signal }: Kube, node: string): Promise<Look> {
  const machine = runningMachine(paths, node);
  return containerSizes(await runInside(machine, ['sh', '-c', LIST_SCRIPT], signal));
}

/** A minute after the last work: what is free by then has gone back to the machine. */
const SETTLE_MS = 60_000;
const LOOKS = 20;

interface Idle {
  readonly data: readonly Look[];
  readonly controller: readonly number[];
}

async function lookWhenIdle(kube: Kube, nodes: readonly string[]): Promise<Idle> {
  await delay(SETTLE_MS, undefined, { signal: kube.signal });
  const data: Look[] = [];
  const controller: number[] = [];
  for (let count = 0; count < LOOKS; count += 1) {
    const looks: Look[] = [];
    for (const node of nodes) looks.push(await lookAt(kube, node));
    data.push(...looks.slice(0, 1));
    controller.push(...looks.map((look) => look.controller).filter((size) => size > 0));
  }
  return { data: data.filter(({ helpers }) => helpers === 0), controller };
}

/** What the node's container has while a helper runs, looked at for as long as the work goes on. */
async function lookDuring(kube: Kube, node: string, work: Promise<void>): Promise<readonly number[]> {
  const busy: number[] = [];
  let isOver = false;
  const end = work.finally(() => {
    isOver = true;
  });
  while (!isOver) {
    const look = await lookAt(kube, node);
    if (look.helpers > 0) busy.push(look.node + look.helpers);
  }
  await end;
  return busy;
}

export interface MemoryBench {
  readonly kube: Kube;
  /** The first is looked at; the controller is looked for on all. */
  readonly nodes: readonly string[];
  readonly volumes: number;
  /** Makes so many volumes, and takes them away again. */
  readonly make: () => Promise<void>;
  readonly drop: () => Promise<void>;
}

function row(what: string, sample: readonly number[], limit?: number): ResultRow {
  const p50 = percentile(sample, 0.5);
  const most = Math.max(...sample);
  const values = { looks: String(sample.length), p50: p50.toFixed(1), most: most.toFixed(1) };
  return limit === undefined ? { what, values } : { what, values, goal: `≤ ${limit}`, met: p50 <= limit };
}

function idleRows(volumes: number, { data, controller }: Idle): readonly ResultRow[] {
  const those = `idle, ${volumes} volumes`;
  return [
    row(
      `\`node\` container, ${those}`,
      data.map(({ node }) => node),
      80,
    ),
    row(`\`controller\` container, ${those}`, controller, 80),
    row(
      `\`syncthing\` container, ${those}`,
      data.map(({ syncthing }) => syncthing),
    ),
  ];
}

/** Idle without volumes and with them, and while they come and go. */
export async function memoryTable({ kube, nodes, volumes, make, drop }: MemoryBench): Promise<ResultTable> {
  const [node] = nodes;
  if (node === undefined) throw new Error('there is no node to look at');
  const without = await lookWhenIdle(kube, nodes);
  const coming = await lookDuring(kube, node, make());
  const having = await lookWhenIdle(kube, nodes);
  const going = await lookDuring(kube, node, drop());
  return {
    title: 'Memory (PSS, MiB)',
    note: 'Idle is a minute after the last work. A process alone on its disk has the pages of its program for itself: of a bare `node` that does nothing they are 38 MiB.',
    rows: [
      ...idleRows(0, without),
      ...idleRows(volumes, having),
      row(
        `\`node\` container while a helper runs, ${volumes} volumes come and go`,
        [...coming, ...going],
        128,
      ),
    ],
  };
}
