import { z } from 'zod';
import type { DeleterReport, IntroducerReport, NodewatcherReport, ResharerReport } from './node-view.ts';

/** What each helper prints on stdout, for whoever runs it. */
const count = z.int().nonnegative();
const texts = z.readonly(z.array(z.string()));
const pass = {
  changed: count,
  failed: z.readonly(z.array(z.object({ item: z.string(), reason: z.string() }))),
  more: z.boolean(),
};
const applied = z.object({ replica: z.string(), generation: count, epoch: count });

export const introducerReport: z.ZodType<IntroducerReport> = z.object({ ...pass, fenced: texts });

export const resharerReport: z.ZodType<ResharerReport> = z.object({
  ...pass,
  applied: z.readonly(z.array(applied)),
});

export const deleterReport: z.ZodType<DeleterReport> = z.object({
  ...pass,
  removed: texts,
  tombstonesDone: texts,
  orphans: texts,
});

export const nodewatcherReport: z.ZodType<NodewatcherReport> = z.object({
  ...pass,
  labelled: z.boolean(),
  unfit: z.string().exactOptional(),
  capacity: z.object({ totalBytes: count, freeBytes: count }),
});
