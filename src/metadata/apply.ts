/** Carrying out planApply on a copy that nobody has mounted (handoff rule 40). */
import { closeSync, fchmodSync, lchownSync, linkSync, lutimesSync, renameSync, rmSync } from 'node:fs';
import { readlink } from 'node:fs/promises';
import { execa } from 'execa';
import { byPath, parentOf, type Entry, type FifoEntry } from './entry.ts';
import { MetadataError } from './errors.ts';
import { inSlices } from './in-slices.ts';
import { OpenTree } from './open-tree.ts';
import { planApply, type ApplyStep, type Seen } from './plan-apply.ts';

export interface ApplyOptions {
  /** Absolute path of `data/`. */
  readonly root: string;
  /** A path on the same filesystem, outside the tree, at which nothing is or only what an earlier call left. */
  readonly scratch: string;
  readonly signal: AbortSignal;
}

export interface Applied {
  /** How many things were changed. */
  readonly steps: number;
  /** Entries that the copy does not have as the manifest says, or that could not be changed; the copy stays usable. */
  readonly skipped: readonly string[];
}

/**
 * Gives the copy what its manifest says. Done again it does nothing; broken off anywhere it may be begun anew, since
 * each step leaves the path with the old thing or the new.
 */
export async function applyEntries(entries: readonly Entry[], options: ApplyOptions): Promise<Applied> {
  const { root, signal } = options;
  using tree = new OpenTree(root);
  const seen = new Map<string, Seen>();
  await inSlices(entries.toSorted(byPath), signal, ({ path }) => {
    const found = tree.see(path);
    if (found !== undefined) seen.set(path, found);
  });
  const plan = planApply(entries, seen);
  const failed: string[] = [];
  const attempt = (path: string, work: () => void): void => {
    try {
      work();
    } catch (error) {
      failed.push(`${path} (${error instanceof Error ? error.message : 'failed'})`);
    }
  };
  const links = plan.steps.filter((step) => step.kind === 'link');
  await inSlices(links, signal, (step) => attempt(step.path, () => linkName(tree, step, options.scratch)));
  const fifos = plan.steps.flatMap((step) => (step.kind === 'make-fifo' ? [step.entry] : []));
  for (const batch of batchesOf(fifos)) {
    await makeFifos(tree, batch, signal);
    for (const fifo of batch) attempt(fifo.path, () => setOnFifo(tree, fifo));
  }
  await inSlices(plan.steps, signal, (step) => attempt(pathOf(step), () => setOn(tree, step)));
  return { steps: plan.steps.length, skipped: [...plan.skipped, ...failed] };
}

function pathOf(step: ApplyStep): string {
  return step.kind === 'make-fifo' ? step.entry.path : step.path;
}

type Link = Extract<ApplyStep, { kind: 'link' }>;

/** By way of a name outside the tree: the path has one file or the other at any moment. */
function linkName(tree: OpenTree, { path, to }: Link, scratch: string): void {
  rmSync(scratch, { force: true });
  linkSync(reached(tree, to), scratch);
  renameSync(scratch, reached(tree, path));
}

function setOn(tree: OpenTree, step: ApplyStep): void {
  if (step.kind === 'set-mode') {
    const fd = tree.open(step.path);
    if (fd === undefined) throw new MetadataError('failed', 'it is gone');
    try {
      fchmodSync(fd, step.mode);
    } finally {
      closeSync(fd);
    }
  }
  if (step.kind === 'set-mtime') {
    const seconds = Number(step.mtimeNs / 1000n) / 1e6;
    lutimesSync(reached(tree, step.path), seconds, seconds);
  }
}

/** Those of one directory, so many as a command line holds. */
function batchesOf(fifos: readonly FifoEntry[]): readonly (readonly FifoEntry[])[] {
  return [...Map.groupBy(fifos, ({ path }) => parentOf(path)).values()].flatMap((all) =>
    Array.from({ length: Math.ceil(all.length / FIFOS) }, (_, index) =>
      all.slice(index * FIFOS, (index + 1) * FIFOS),
    ),
  );
}

const FIFOS = 256;

/** Node has no mkfifo; coreutils do. What it could not make is found when its owner is to be set. */
async function makeFifos(tree: OpenTree, batch: readonly FifoEntry[], signal: AbortSignal): Promise<void> {
  const own = await readlink('/proc/self');
  const places = batch.flatMap(({ path }) => {
    const place = tree.see(path) === undefined ? tree.reach(path) : undefined;
    return place === undefined ? [] : [argumentOf(place.toString('latin1').replace('/self/', `/${own}/`))];
  });
  const named = places.filter((place) => place !== undefined);
  if (named.length === 0) return;
  await execa('mkfifo', ['--mode=0600', '--', ...named], {
    stdin: 'ignore',
    cancelSignal: signal,
    reject: false,
  });
  signal.throwIfAborted();
}

function setOnFifo(tree: OpenTree, { path, mode, uid, gid }: FifoEntry): void {
  if (tree.see(path)?.type !== 'fifo') throw new MetadataError('failed', 'it cannot be made');
  lchownSync(reached(tree, path), uid, gid);
  setOn(tree, { kind: 'set-mode', path, mode });
}

/** Arguments of a program are text to Node: a name that is no UTF-8 cannot be given. Syncthing refuses those anyway. */
function argumentOf(bytes: string): string | undefined {
  const text = Buffer.from(bytes, 'latin1').toString('utf8');
  return Buffer.from(text, 'utf8').toString('latin1') === bytes ? text : undefined;
}

function reached(tree: OpenTree, path: string): Buffer {
  const place = tree.reach(path);
  if (place === undefined) throw new MetadataError('failed', 'a directory above it is gone');
  return place;
}
