import * as z from 'zod/mini';
import type {
  FinishedScrub,
  ScrubFinding,
  ScrubRecord,
  ScrubReport,
  ScrubRequest,
  ScrubRun,
} from './scrub.ts';

const text = z.string();
const count = z.int().check(z.nonnegative());

export const scrubRequest: z.ZodMiniType<ScrubRequest> = z.object({
  folderId: text,
  root: text,
  syncthing: z.object({ socketPath: text, apiKeyFile: text }),
  cursor: z.exactOptional(text),
  only: z.exactOptional(z.readonly(z.array(text))),
  bytesPerSecond: z.int().check(z.positive()),
  budgetMs: count,
});

const finding: z.ZodMiniType<ScrubFinding> = z.object({
  name: text,
  kind: z.enum(['differs', 'unreadable']),
  reason: text,
  blocksHash: text,
  modifiedBy: text,
  changedAt: text,
});

export const scrubReport: z.ZodMiniType<ScrubReport> = z.object({
  done: z.boolean(),
  cursor: z.exactOptional(text),
  files: count,
  bytes: count,
  skipped: count,
  findings: z.readonly(z.array(finding)),
  matched: z.readonly(z.array(z.object({ name: text, blocksHash: text, modifiedBy: text }))),
});

const texts = z.readonly(z.array(text));
const run: z.ZodMiniType<ScrubRun> = z.object({
  startedAt: text,
  scanned: z.boolean(),
  cursor: z.exactOptional(text),
  walked: z.boolean(),
  files: count,
  bytes: count,
  skipped: count,
  rotten: z.readonly(z.array(finding)),
  repairing: z.readonly(z.array(finding)),
  repaired: count,
  differing: count,
  names: texts,
  stopped: z.exactOptional(z.literal(true)),
});

const finished: z.ZodMiniType<FinishedScrub> = z.object({
  startedAt: text,
  finishedAt: text,
  files: count,
  bytes: count,
  skipped: count,
  repaired: count,
  differing: count,
  names: texts,
});

export const scrubRecord: z.ZodMiniType<ScrubRecord> = z.object({
  version: z.literal(1),
  since: text,
  run: z.exactOptional(run),
  last: z.exactOptional(finished),
  failing: z.exactOptional(z.object({ since: text, message: text })),
});
