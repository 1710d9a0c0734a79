/** The lines of a writer's log and of a tree that was read, as they are written in the pod and parsed by the runner. */
import { z } from 'zod';
import type { Op } from './session.ts';
import type { Tree, Value } from './value.ts';

const ownership = {
  mode: z.number(),
  uid: z.number(),
  gid: z.number(),
  xattr: z.exactOptional(z.string()),
};
const carried = z.exactOptional(
  z.object({
    special: z.number(),
    linkedWith: z.exactOptional(z.string()),
    mtimeNs: z.exactOptional(z.string()),
  }),
);
const value: z.ZodType<Value> = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('absent') }),
  z.object({
    kind: z.literal('file'),
    sha256: z.string(),
    size: z.number(),
    mtimeNs: z.string(),
    content: z.exactOptional(z.string()),
    carried,
    ...ownership,
  }),
  z.object({ kind: z.literal('large'), size: z.number(), mtimeNs: z.string(), ...ownership }),
  z.object({ kind: z.literal('block'), content: z.string() }),
  z.object({ kind: z.literal('link'), target: z.string() }),
  z.object({ kind: z.literal('directory'), carried, ...ownership }),
  z.object({ kind: z.literal('other') }),
]);
const effect = z.object({ path: z.string(), value });

const opLine = z.discriminatedUnion('event', [
  z.object({
    event: z.literal('begin'),
    seq: z.number(),
    at: z.number(),
    inPlace: z.boolean(),
    effects: z.array(effect),
  }),
  z.object({ event: z.literal('done'), seq: z.number(), at: z.number() }),
  z.object({ event: z.literal('synced'), seq: z.number(), at: z.number() }),
  z.object({ event: z.literal('failed'), seq: z.number(), at: z.number(), error: z.string() }),
  /** A burst that the runner ordered is over. */
  z.object({ event: z.literal('carried-out'), at: z.number(), order: z.string() }),
  z.object({ event: z.literal('ended'), at: z.number() }),
]);
export type LogLine = z.infer<typeof opLine>;

const treeHeader = z.object({ startedAt: z.number(), entries: z.number() });

/** Lines that are whole; the last one may be cut off in the middle of being written. */
function wholeLines(text: string): readonly string[] {
  return text.split('\n').slice(0, -1);
}

export function parseLog(text: string): readonly LogLine[] {
  return wholeLines(text).map((line) => opLine.parse(JSON.parse(line)));
}

/** The changes of a log, in the order in which they were begun. */
export function opsOf(lines: readonly LogLine[]): readonly Op[] {
  const ops = new Map<number, Op>();
  for (const line of lines) {
    if (line.event === 'begin') {
      const { seq, at, inPlace, effects } = line;
      ops.set(seq, { seq, begunAt: at, inPlace, effects });
    }
    if (line.event !== 'done' && line.event !== 'synced') continue;
    const op = ops.get(line.seq);
    if (op === undefined) continue;
    ops.set(line.seq, line.event === 'done' ? { ...op, doneAt: line.at } : { ...op, syncedAt: line.at });
  }
  return [...ops.values()];
}

/** The text of a tree: a header, then one line a path. */
export function treeText(tree: Tree, startedAt: number): string {
  const header = JSON.stringify({ startedAt, entries: tree.size });
  const lines = [...tree].map(([path, found]) => JSON.stringify({ path, value: found }));
  return `${[header, ...lines].join('\n')}\n`;
}

export interface ReadTree {
  readonly startedAt: number;
  readonly tree: Tree;
}

/** Parses what treeText made; throws where lines are missing. */
export function parseTree(text: string): ReadTree {
  const [first, ...lines] = wholeLines(text);
  const header = treeHeader.parse(JSON.parse(first ?? ''));
  const entries = lines.map((line) => effect.parse(JSON.parse(line)));
  if (entries.length !== header.entries)
    throw new Error(`a tree of ${header.entries} paths was cut off after ${entries.length}`);
  return { startedAt: header.startedAt, tree: new Map(entries.map((entry) => [entry.path, entry.value])) };
}
