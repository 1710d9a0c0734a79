/** What pods left that is of no use to anybody, and in the way of others who write the volume (handoff rule 37). */
import { rm } from 'node:fs/promises';
import { execa } from 'execa';
import type { NodeContext } from './context.ts';
import { NodeError } from './errors.ts';
import { exists } from './exists.ts';
import type { ScanRequest } from './scan.ts';

/** A cold disk with millions of files. */
const TIMEOUT_MS = 10 * 60_000;

/**
 * Takes sockets and FIFOs out of a tree in which no pod of this node is: Syncthing sees none of them, and could never
 * delete a directory here that has one, so that this copy would be clean no more and its session never end. Looked for
 * without the volume's lock, since a pod that comes back must not wait for that. False: one did, and with it another
 * session.
 */
export async function dropSockets(
  ctx: NodeContext,
  { folderId, session }: ScanRequest,
  signal: AbortSignal,
): Promise<boolean> {
  const { data } = ctx.store.layout.volume(folderId);
  const found = (await exists(data)) ? await findSockets(data, signal) : [];
  return ctx.mutex.run(folderId, async () => {
    const writing = (await ctx.states.read(folderId))?.writing;
    if (writing?.phase !== 'writing' || writing.session !== session) return false;
    for (const name of found) await rm(Buffer.concat([Buffer.from(`${data}/`), name]), { force: true });
    return true;
  });
}

/** Relative to `root`; follows no link. Names are bytes. */
async function findSockets(root: string, signal: AbortSignal): Promise<readonly Buffer[]> {
  const words = [root, '-type', 'p,s', '-printf', String.raw`%P\0`];
  const options = { encoding: 'latin1', cancelSignal: signal, timeout: TIMEOUT_MS, reject: false } as const;
  const found = await execa('find', words, options);
  signal.throwIfAborted();
  if (found.failed)
    throw new NodeError('inconsistent', `cannot look through ${root}: ${found.stderr || found.shortMessage}`);
  const names = found.stdout.split('\0').filter((name) => name !== '');
  return names.map((name) => Buffer.from(name, 'latin1'));
}
