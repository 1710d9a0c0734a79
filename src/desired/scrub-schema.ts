import * as z from 'zod/mini';
import type { ScrubFinding, ScrubReport, ScrubRequest } from './scrub.ts';

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
});
