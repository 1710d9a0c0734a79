/** A copy asks for writer type, so that all learn of what is here and they do not have (handoff rules 24, 28 and 37). */
import { announcing } from '../handoff/disk-state.ts';
import { mayAnnounce } from '../handoff/folder-type.ts';
import type { NodeContext } from './context.ts';
import { NodeError } from './errors.ts';

export interface Announcement {
  readonly folderId: string;
  /** For the log. */
  readonly what: string;
  /** For people, where this copy may not speak for the volume, or may not any more. */
  readonly refusal: string;
}

/** Returns when state.json says so; the folder gets the type after that, and the plan goes on from there. */
export async function beginAnnouncing(
  ctx: NodeContext,
  { folderId, what, refusal }: Announcement,
): Promise<void> {
  const order = ctx.volumes.record(folderId).order?.spec;
  await ctx.mutex.run(folderId, async () => {
    const state = await ctx.states.read(folderId);
    if (order === undefined || state === undefined || !mayAnnounce(state, order))
      throw new NodeError('inconsistent', refusal);
    await ctx.states.write(announcing(state));
    ctx.log.info({ folderId }, what);
  });
}
