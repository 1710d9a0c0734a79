import * as z from 'zod/mini';
import type { DeleterReport, IntroducerReport, NodewatcherReport, ResharerReport } from './node-view.ts';

/** What each helper prints on stdout, for whoever runs it. */
const count = z.int().check(z.nonnegative());
const texts = z.readonly(z.array(z.string()));
const pass = {
  changed: count,
  failed: z.readonly(z.array(z.object({ item: z.string(), reason: z.string() }))),
  more: z.boolean(),
};
const applied = z.object({ replica: z.string(), generation: count, epoch: count });

export const introducerReport: z.ZodMiniType<IntroducerReport> = z.object({ ...pass, fenced: texts });

export const resharerReport: z.ZodMiniType<ResharerReport> = z.object({
  ...pass,
  applied: z.readonly(z.array(applied)),
  unscanned: texts,
});

export const deleterReport: z.ZodMiniType<DeleterReport> = z.object({
  ...pass,
  removed: texts,
  tombstonesDone: texts,
  orphans: texts,
});

export const nodewatcherReport: z.ZodMiniType<NodewatcherReport> = z.object({
  ...pass,
  labelled: z.boolean(),
  unfit: z.exactOptional(z.string()),
  capacity: z.object({ totalBytes: count, freeBytes: count }),
});
