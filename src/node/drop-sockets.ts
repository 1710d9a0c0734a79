/** What pods left that is of no use to anybody, and in the way of others who write the volume (handoff rule 37). */
import { execa } from 'execa';
import type { NodeContext } from './context.ts';
import { NodeError } from './errors.ts';
import { exists } from './exists.ts';
import type { ScanRequest } from './scan.ts';

/** A cold disk with millions of files; the volume's lock is held as long. */
const TIMEOUT_MS = 10 * 60_000;

/**
 * Takes sockets and FIFOs out of a tree in which no pod of this node is: Syncthing sees none of them, and could never
 * delete a directory here that has one, so that this copy would be clean no more and its session never end. False: a pod
 * came back, and with it another session.
 */
export async function dropSockets(
  ctx: NodeContext,
  { folderId, session }: ScanRequest,
  signal: AbortSignal,
): Promise<boolean> {
  return ctx.mutex.run(folderId, async () => {
    const writing = (await ctx.states.read(folderId))?.writing;
    if (writing?.phase !== 'writing' || writing.session !== session) return false;
    const { data } = ctx.store.layout.volume(folderId);
    if (!(await exists(data))) return true;
    // Follows no link.
    const words = [data, '-type', 'p,s', '-delete'];
    const found = await execa('find', words, { cancelSignal: signal, timeout: TIMEOUT_MS, reject: false });
    signal.throwIfAborted();
    if (found.failed)
      throw new NodeError(
        'inconsistent',
        `cannot look through ${data}: ${found.stderr || found.shortMessage}`,
      );
    return true;
  });
}
