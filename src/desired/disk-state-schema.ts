/** `state.json` as it lies on the disk, but for its version, and in a helper's view of it. */
import * as z from 'zod/mini';
import type { DiskPhase, DiskState, DiskWriting } from '../handoff/disk-state.ts';

const text = z.string();
const count = z.int().check(z.nonnegative());

/**
 * Later versions may add what earlier ones leave out: a key that is not known is passed over. Where that would do harm,
 * the file gets another version (src/node/disk-state-version.ts).
 */
const archives = { archive: text, earlier: z.exactOptional(z.readonly(z.array(text))) };
const scan = z.object({ sequence: count, startedAt: text });
const phase: z.ZodMiniType<DiskPhase> = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('replica') }),
  z.object({ kind: z.literal('taking'), epoch: count }),
  z.object({
    kind: z.literal('writer'),
    epoch: count,
    session: count,
    plain: z.exactOptional(z.literal(true)),
  }),
  z.object({ kind: z.literal('released'), epoch: count, session: count, scan }),
  z.object({ kind: z.literal('untouched'), epoch: count }),
  z.object({
    kind: z.literal('rejoining'),
    epoch: count,
    step: z.enum(['archiving', 'archived']),
    ...archives,
  }),
]);

const session = { since: text, session: count };
const writing: z.ZodMiniType<DiskWriting> = z.discriminatedUnion('phase', [
  z.object({ ...session, phase: z.literal('writing') }),
  z.object({ ...session, phase: z.literal('ended'), scan: z.exactOptional(scan) }),
]);

export const diskState: z.ZodMiniType<DiskState> = z.object({
  volume: text,
  folderId: text,
  storeId: text,
  highestEpoch: count,
  highestBase: z.exactOptional(count),
  rejoined: z.exactOptional(z.object({ epoch: count, ...archives })),
  phase,
  announcing: z.exactOptional(z.literal(true)),
  reading: z.exactOptional(z.object({ since: text, phase: z.enum(['reading', 'ended']) })),
  writing: z.exactOptional(writing),
});
