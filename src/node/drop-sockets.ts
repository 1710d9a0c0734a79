/** What pods left that is of no use to anybody, and in the way of others who write the volume (handoff rule 37). */
import { rm } from 'node:fs/promises';
import { execa } from 'execa';
import { statIn } from '../metadata/look-in-tree.ts';
import { OpenTree } from '../metadata/open-tree.ts';
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
    await remove(data, found);
    return true;
  });
}

/** Only what still is one: another node's change may have come meanwhile. */
async function remove(data: string, names: readonly string[]): Promise<void> {
  if (names.length === 0) return;
  using tree = new OpenTree(data);
  for (const name of names) {
    const stats = await statIn(tree, name);
    const place = stats?.isFIFO() === true || stats?.isSocket() === true ? tree.reach(name) : undefined;
    if (place !== undefined) await rm(place, { force: true });
  }
}

/** Relative to `root`, of bytes as Latin-1; follows no link. */
async function findSockets(root: string, signal: AbortSignal): Promise<readonly string[]> {
  // Others' deletions go on meanwhile.
  const words = [root, '-ignore_readdir_race', '-type', 'p,s', '-printf', String.raw`%P\0`];
  const options = { encoding: 'latin1', cancelSignal: signal, timeout: TIMEOUT_MS, reject: false } as const;
  const found = await execa('find', words, options);
  signal.throwIfAborted();
  if (found.failed)
    throw new NodeError('inconsistent', `cannot look through ${root}: ${found.stderr || found.shortMessage}`);
  return found.stdout.split('\0').filter((name) => name !== '');
}
