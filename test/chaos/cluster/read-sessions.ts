/** Sessions from what the pods wrote on the host's disk. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { opsOf, parseLog, parseTree } from '../ledger/log-line.ts';
import type { Session } from '../ledger/session.ts';
import { LOG_FILE, START_PREFIX, TREE_FILE } from '../writer/order.ts';
import { podDirectory, type Stage } from './stage.ts';
import type { WriterPod } from './writer-pod.ts';

function startsOf(directory: string): readonly string[] {
  if (!existsSync(directory)) return [];
  return readdirSync(directory)
    .filter((name) => name.startsWith(START_PREFIX))
    .filter((name) => existsSync(join(directory, name, TREE_FILE)))
    .toSorted((a, b) => a.localeCompare(b, 'en', { numeric: true }));
}

/** How many times the pod's container came as far as having read its volume. */
export function countSessions(stage: Stage, pod: string): number {
  return startsOf(podDirectory(stage, pod)).length;
}

function count(text: string, part: string): number {
  return text.split(part).length - 1;
}

/** Changes that the pod's containers have carried out. Not parsed: it is asked often, of logs that are long. */
export function countDone(stage: Stage, pod: string): number {
  const directory = podDirectory(stage, pod);
  const logs = startsOf(directory).map((start) => join(directory, start, LOG_FILE));
  return logs
    .filter((file) => existsSync(file))
    .reduce((sum, file) => sum + count(readFileSync(file, 'latin1'), '{"event":"done"'), 0);
}

/** True when the pod said that it has done what it was ordered. */
export function hasCarriedOut(stage: Stage, pod: string, order: string): boolean {
  const directory = podDirectory(stage, pod);
  return startsOf(directory).some((start) => {
    const file = join(directory, start, LOG_FILE);
    return existsSync(file) && readFileSync(file, 'latin1').includes(`"order":"${order}"`);
  });
}

/** Every session of these pods, the one that began first at first. */
export function readSessions(stage: Stage, pods: readonly WriterPod[]): readonly Session[] {
  const sessions = pods.flatMap(({ name, node }) => {
    const directory = podDirectory(stage, name);
    return startsOf(directory).map((start): Session => {
      const { startedAt, tree } = parseTree(readFileSync(join(directory, start, TREE_FILE), 'utf8'));
      const log = join(directory, start, LOG_FILE);
      const ops = existsSync(log) ? opsOf(parseLog(readFileSync(log, 'utf8'))) : [];
      return { name: `${name}.${start.slice(START_PREFIX.length)}`, node, startedAt, tree, ops };
    });
  });
  return sessions.toSorted((a, b) => a.startedAt - b.startedAt);
}
