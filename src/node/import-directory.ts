import type { NodeContext } from './context.ts';
import { NodeError } from './errors.ts';
import { requireImport } from './first-data.ts';
import { takeSession } from './take-session.ts';

/**
 * A session in the place of a pod, with the directory as the tree that it leaves behind: with nothing mounted the flush
 * begins at once, makes the tree plain and has it proven, as after any pod (handoff rules 35, 18 and 39). As the first of
 * its volume it does not wait for the folder's type (rule 11).
 */
export async function importDirectory(
  ctx: NodeContext,
  folderId: string,
  signal: AbortSignal,
): Promise<void> {
  await ctx.mutex.run(folderId, async () => {
    const importFrom = ctx.volumes.record(folderId).order?.spec.importFrom;
    if (importFrom === undefined) return;
    await requireImport(ctx, folderId, importFrom);
    const session = await takeSession(ctx, folderId, signal);
    if (session.kind === 'wait' && session.reason !== undefined)
      throw new NodeError('inconsistent', `it waits: ${session.reason}`);
  });
}
