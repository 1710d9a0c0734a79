/** What the runner asks of a writer on top of its steady work, by a file beside its log. */
import { z } from 'zod';

export const writerOrder = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('many-small-files'), id: z.string(), files: z.number() }),
  z.object({ kind: z.literal('big-file-blocks'), id: z.string(), bytes: z.number(), blocks: z.number() }),
]);
export type WriterOrder = z.infer<typeof writerOrder>;

/** Names of the files in a writer's directory outside the volume. */
export const ORDER_FILE = 'order.json';
export const LOG_FILE = 'ops.jsonl';
export const TREE_FILE = 'tree.jsonl';
/** One directory each start of the container: start-0, start-1 … */
export const START_PREFIX = 'start-';
