/** Proportional set size of what the driver runs, from smaps_rollup, container by container. */
import { runInside, runningMachine } from '../tools/cluster/machine.ts';
import type { Kube } from '../tools/kube/kube.ts';
import type { ResultRow, ResultTable } from './result.ts';
import { percentile } from './statistics.ts';

/** Prints `<PSS in KiB> <command line>` of every process of a node. */
const LIST_SCRIPT = `for p in /proc/[0-9]*; do
  c=$(tr '\\0' ' ' < $p/cmdline 2>/dev/null) || continue
  k=$(awk '/^Pss:/ {print $2}' $p/smaps_rollup 2>/dev/null) || continue
  [ -n "$k" ] && echo "$k $c"
done; true`;

export interface ProcessSize {
  readonly kib: number;
  readonly command: string;
}

export function parseSizes(printed: string): readonly ProcessSize[] {
  return printed.split('\n').flatMap((line) => {
    const found = /^(\d+) (.+)$/.exec(line);
    return found?.[1] === undefined || found[2] === undefined
      ? []
      : [{ kib: Number(found[1]), command: found[2] }];
  });
}

const HELPERS = ['introducer', 'resharer', 'deleter', 'nodewatcher'];

function runs(process: ProcessSize, subcommands: readonly string[]): boolean {
  return (
    process.command.includes('/app/') &&
    subcommands.some((name) => new RegExp(`[ /]${name}(\\.js)?( |$)`).test(process.command))
  );
}

function sum(sizes: readonly ProcessSize[]): number {
  return sizes.reduce((total, process) => total + process.kib, 0) / 1024;
}

export interface Sizes {
  /** MiB of the `node` container while no helper runs, one value a look. */
  readonly idle: readonly number[];
  /** MiB while one runs; empty where none was caught. */
  readonly busy: readonly number[];
  readonly syncthing: readonly number[];
  readonly controller: readonly number[];
}

/** Looks at one node again and again until both kinds of moments were seen, or patience ends. */
export async function watchSizes(kube: Kube, node: string, looks: number): Promise<Sizes> {
  const machine = runningMachine(kube.paths, node);
  const sizes = {
    idle: [] as number[],
    busy: [] as number[],
    syncthing: [] as number[],
    controller: [] as number[],
  };
  for (let look = 0; look < looks; look += 1) {
    const found = parseSizes(await runInside(machine, ['sh', '-c', LIST_SCRIPT], kube.signal));
    const helpers = found.filter((process) => runs(process, HELPERS));
    const total = sum([...found.filter((process) => runs(process, ['node'])), ...helpers]);
    (helpers.length > 0 ? sizes.busy : sizes.idle).push(total);
    sizes.syncthing.push(sum(found.filter((process) => process.command.includes('syncthing serve'))));
    const controller = sum(found.filter((process) => runs(process, ['controller'])));
    if (controller > 0) sizes.controller.push(controller);
  }
  return sizes;
}

function row(what: string, sample: readonly number[], limit?: number): ResultRow {
  const most = Math.max(...sample);
  const values = {
    looks: String(sample.length),
    p50: percentile(sample, 0.5).toFixed(1),
    most: sample.length === 0 ? '' : most.toFixed(1),
  };
  return limit === undefined || sample.length === 0
    ? { what, values }
    : { what, values, goal: `≤ ${limit}`, met: percentile(sample, 0.5) <= limit };
}

export function sizeTable(volumes: number, sizes: Sizes): ResultTable {
  return {
    title: `Memory with ${volumes} volumes (PSS, MiB)`,
    rows: [
      row('`node` container, idle', sizes.idle, 80),
      row('`node` container while a helper runs', sizes.busy, 128),
      row('`controller` container', sizes.controller, 80),
      row('`syncthing` container', sizes.syncthing),
    ],
  };
}
