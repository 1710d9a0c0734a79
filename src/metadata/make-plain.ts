/** Carrying out planPlain's steps on a tree that nobody has mounted (handoff rule 39). */
import { closeSync, fchmodSync, fstatSync, renameSync, unlinkSync } from 'node:fs';
import { mkdir, readlink, rm } from 'node:fs/promises';
import path from 'node:path';
import { execa } from 'execa';
import { errnoOf } from '../runtime/errno.ts';
import { MetadataError } from './errors.ts';
import { OpenTree } from './open-tree.ts';
import type { PlainStep } from './plan-plain.ts';
import { readablePath } from './readable-path.ts';

export interface PlainOptions {
  /** Absolute path of `data/`. */
  readonly root: string;
  /** A directory on the same filesystem, outside the tree, that this may make and remove. */
  readonly scratch: string;
  readonly syncFilesystems: (paths: readonly string[], signal: AbortSignal) => Promise<void>;
  readonly signal: AbortSignal;
}

const MAX_STEPS = 256;
const MAX_BYTES = 256n * 1024n * 1024n;

/** Steps in portions that take a moment each, so that whoever wants the volume back need not wait for all of them. */
export function portionsOf(steps: readonly PlainStep[]): readonly (readonly PlainStep[])[] {
  const portions: PlainStep[][] = [];
  let bytes = 0n;
  for (const step of steps) {
    const size = step.kind === 'separate' ? step.size : 0n;
    const last = portions.at(-1);
    if (last === undefined || last.length === MAX_STEPS || bytes + size > MAX_BYTES) {
      portions.push([step]);
      bytes = size;
    } else {
      last.push(step);
      bytes += size;
    }
  }
  return portions;
}

/** One portion. Safe to repeat, and to break off: a name has the shared file or its own copy, whole and on the disk. */
export async function makePlain(steps: readonly PlainStep[], options: PlainOptions): Promise<void> {
  using tree = new OpenTree(options.root);
  for (const step of steps) takeAway(tree, step);
  const names = steps.filter((step) => step.kind === 'separate');
  if (names.length > 0) await separate(tree, names, options);
}

type Step<K extends PlainStep['kind']> = Extract<PlainStep, { kind: K }>;

function takeAway(tree: OpenTree, step: PlainStep): void {
  try {
    if (step.kind === 'clear-bits') clearBits(tree, step);
    if (step.kind === 'remove') remove(tree, step);
  } catch (cause) {
    const why = errnoOf(cause) ?? 'failed';
    const what = `cannot ${step.kind === 'remove' ? 'remove' : 'change'} ${readablePath(step.path)} (${why})`;
    throw new MetadataError('failed', `${what}: is it immutable (lsattr)?`, { cause });
  }
}

/** The file that find saw, or nothing: another that came to have its name since is none of this step's. */
function openSeen(tree: OpenTree, { path: name, inode }: PlainStep): number | undefined {
  if (tree.see(name)?.inode !== inode) return undefined;
  const fd = tree.open(name);
  if (fd === undefined) return undefined;
  const { dev, ino } = fstatSync(fd, { bigint: true });
  if (`${dev}:${ino}` === inode) return fd;
  closeSync(fd);
  return undefined;
}

function clearBits(tree: OpenTree, step: Step<'clear-bits'>): void {
  const fd = openSeen(tree, step);
  if (fd === undefined) return;
  try {
    fchmodSync(fd, step.mode);
  } finally {
    closeSync(fd);
  }
}

function remove(tree: OpenTree, step: Step<'remove'>): void {
  if (tree.see(step.path)?.inode !== step.inode) return;
  const place = tree.reach(step.path);
  if (place !== undefined) unlinkSync(place);
}

interface Opened {
  readonly step: Step<'separate'>;
  readonly fd: number;
}

async function separate(
  tree: OpenTree,
  steps: readonly Step<'separate'>[],
  options: PlainOptions,
): Promise<void> {
  const { scratch, signal } = options;
  const opened = steps.flatMap((step): readonly Opened[] => {
    const fd = openSeen(tree, step);
    return fd === undefined ? [] : [{ step, fd }];
  });
  try {
    if (opened.length === 0) return;
    await rm(scratch, { recursive: true, force: true });
    await mkdir(scratch, { mode: 0o700 });
    await copyInto(scratch, opened, signal);
    await options.syncFilesystems([scratch], signal);
    for (const { step, fd } of opened) {
      const place = tree.reach(step.path);
      if (place !== undefined) renameSync(path.join(scratch, String(fd)), place);
    }
  } finally {
    for (const { fd } of opened) closeSync(fd);
    await rm(scratch, { recursive: true, force: true });
  }
}

/**
 * By cp(1), which knows of attributes, access lists, holes and reflinks. It is given the open files, so that no name is
 * looked up again; each copy is called like its descriptor.
 */
async function copyInto(scratch: string, opened: readonly Opened[], signal: AbortSignal): Promise<void> {
  const own = await readlink('/proc/self');
  const sources = opened.map(({ fd }) => `/proc/${own}/fd/${fd}`);
  const what = ['--preserve=mode,ownership,timestamps,xattr', '--reflink=auto', '--sparse=auto'];
  try {
    await execa('cp', [...what, `--target-directory=${scratch}`, '--', ...sources], {
      env: { LC_ALL: 'C' },
      stdin: 'ignore',
      cancelSignal: signal,
    });
  } catch (cause) {
    signal.throwIfAborted();
    const why = errnoOf(cause) ?? (cause instanceof Error ? cause.message.split('\n').at(-1) : 'failed');
    const first = readablePath(opened[0]?.step.path ?? '');
    throw new MetadataError(
      'failed',
      `cannot give ${first} and other hard-linked files copies of their own (${why}): is the disk full?`,
      { cause },
    );
  }
}
