/** A writer's life: reads the whole tree, then changes it until it is told to end. */
import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { treeText } from '../ledger/log-line.ts';
import type { Value } from '../ledger/value.ts';
import { randomOf } from '../random.ts';
import { burstChanges, dropManyFiles } from './bursts.ts';
import { type Change, createJournal, type Journal } from './journal.ts';
import { LOG_FILE, ORDER_FILE, START_PREFIX, TREE_FILE, type WriterOrder, writerOrder } from './order.ts';
import { readTree } from './read-tree.ts';
import { type Desk, missingDirectories, nextChange } from './steady-work.ts';

export interface WriterOptions {
  readonly root: string;
  /** Outside the volume, on a disk that no fault touches. */
  readonly logDirectory: string;
  /** The pod's name, unique in a run; at most 24 characters. */
  readonly name: string;
  readonly pauseMs: number;
  /** Reads the tree and changes nothing. */
  readonly quiet: boolean;
  readonly now: () => number;
  readonly signal: AbortSignal;
}

/** Of the changes, so many are fsynced at once; the last ones before the end never are. */
const SYNC_SHARE = 0.7;
const LAST_CHANGES = 6;
const DROP_SHARE = 0.5;

interface Worker {
  readonly desk: Desk;
  readonly journal: Journal;
  readonly tree: Map<string, Value>;
}

function remember({ tree }: Worker, change: Change): void {
  for (const { path, value } of change.effects)
    if (value.kind === 'absent') tree.delete(path);
    else tree.set(path, value);
}

/** What a change that failed half-way left is looked at again, and becomes the state from which the next ones go on. */
function lookAgain(worker: Worker, change: Change): void {
  if (!change.inPlace) return;
  const found = readTree(worker.desk.root);
  const effects = change.effects.map(({ path }) => ({
    path,
    value: found.get(path) ?? { kind: 'absent' as const },
  }));
  const seen: Change = { effects, inPlace: false, apply: () => () => undefined };
  if (worker.journal.carryOut(seen, { sync: false })) remember(worker, seen);
}

function carryOut(worker: Worker, change: Change, sync: boolean): boolean {
  if (worker.journal.carryOut(change, { sync })) {
    remember(worker, change);
    return true;
  }
  try {
    lookAgain(worker, change);
  } catch {
    // The disk is gone: nothing can be said, and the log says that the change failed.
  }
  return false;
}

function takeOrder(directory: string): WriterOrder | undefined {
  const file = join(directory, ORDER_FILE);
  if (!existsSync(file)) return undefined;
  const order = writerOrder.parse(JSON.parse(readFileSync(file, 'utf8')));
  rmSync(file);
  return order;
}

/** The next of start-0, start-1 …: a container that is started again has a log of its own. */
function makeStartDirectory(logDirectory: string): { readonly directory: string; readonly start: number } {
  const start = readdirSync(logDirectory).filter((name) => name.startsWith(START_PREFIX)).length;
  const directory = join(logDirectory, `${START_PREFIX}${start}`);
  mkdirSync(directory);
  return { directory, start };
}

function openDesk(options: WriterOptions, start: number, tree: Map<string, Value>): Desk {
  let contents = 0;
  let mtime = 0;
  return {
    root: options.root,
    random: randomOf(options.name, start),
    tree,
    nextContent() {
      contents += 1;
      return `${options.name}.${start}.${contents}`;
    },
    nextMtime() {
      mtime = Math.max(mtime + 1, Math.floor((options.now() * 64) / 1000));
      return mtime / 64;
    },
  };
}

async function runBurst(
  worker: Worker,
  changes: readonly (() => Change)[],
  options: WriterOptions,
): Promise<void> {
  for (const make of changes) {
    if (options.signal.aborted) return;
    carryOut(worker, make(), worker.desk.random.chance(SYNC_SHARE));
    await delay(1);
  }
}

async function work(worker: Worker, options: WriterOptions): Promise<void> {
  const { desk, journal } = worker;
  for (const change of missingDirectories(desk)) carryOut(worker, change, true);
  if (desk.random.chance(DROP_SHARE)) await runBurst(worker, dropManyFiles(desk), options);
  while (!options.signal.aborted) {
    const order = takeOrder(options.logDirectory);
    if (order !== undefined) {
      await runBurst(worker, burstChanges(desk, order), options);
      journal.note({ event: 'carried-out', at: options.now(), order: order.id });
    }
    const ok = carryOut(worker, nextChange(desk), desk.random.chance(SYNC_SHARE));
    await delay(ok ? options.pauseMs : 200);
  }
  for (let last = 0; last < LAST_CHANGES; last += 1) carryOut(worker, nextChange(desk), false);
}

async function untilAborted(signal: AbortSignal): Promise<void> {
  while (!signal.aborted) await delay(60_000, undefined, { signal }).catch(() => undefined);
}

/** Ends when the signal does, after some last changes that nobody syncs. */
export async function write(options: WriterOptions): Promise<void> {
  const { directory, start } = makeStartDirectory(options.logDirectory);
  const startedAt = options.now();
  const found = readTree(options.root);
  const treeFile = join(directory, TREE_FILE);
  writeFileSync(`${treeFile}.part`, treeText(found, startedAt));
  renameSync(`${treeFile}.part`, treeFile);
  const journal = createJournal(join(directory, LOG_FILE), options.now);
  const tree = new Map(found);
  const worker: Worker = { desk: openDesk(options, start, tree), journal, tree };
  if (options.quiet) await untilAborted(options.signal);
  else await work(worker, options);
  journal.note({ event: 'ended', at: options.now() });
}
