/** Making Syncthing see that a file is not what its index says, so that it fetches it again (handoff rule 42). */
import { lutimes } from 'node:fs/promises';
import { replicaName } from '../desired/replica-name.ts';
import type { ScrubFinding } from '../desired/scrub.ts';
import type { Holder, SyncthingVolume } from '../desired/volume.ts';
import { otherHolders } from '../handoff/other-source.ts';
import { isKubernetesError } from '../kubernetes/errors.ts';
import { SYNCTHING_REPLICAS } from '../kubernetes/resource-kind.ts';
import { bytePath } from '../metadata/byte-path.ts';
import { statIn } from '../metadata/look-in-tree.ts';
import { OpenTree } from '../metadata/open-tree.ts';
import { isMissing } from './errors.ts';
import { isWriting } from '../handoff/writing.ts';
import type { NodeContext } from './context.ts';
import { isElsewhere } from './judge-changes.ts';
import { placeOf, readVolume } from './live-volume.ts';
import { volumeMounts } from './volume-mounts.ts';

const SCAN_TIMEOUT_MS = 30 * 60_000;

/**
 * Another time on the file, and a scan of it: it counts as changed on a receiver then, and the copy as no holder until
 * it is taken back. The caller holds no lock, no other job of the volume runs, the names are in `scrub.json`, and the
 * API server knows that there are some. Safe to repeat. Does nothing where the copy is in use now, or where nobody else
 * could carry the volume on. The scan may take long, so that it holds no lock either: a session that begins meanwhile
 * looks at these names itself.
 */
export async function markRotten(
  ctx: NodeContext,
  folderId: string,
  findings: readonly ScrubFinding[],
  signal: AbortSignal,
): Promise<void> {
  const touched = await ctx.mutex.run(folderId, () => touchAll(ctx, folderId, findings, signal));
  if (touched.length > 0)
    await ctx.syncthing.scan(folderId, { signal, sub: touched, timeoutMs: SCAN_TIMEOUT_MS });
}

async function touchAll(
  ctx: NodeContext,
  folderId: string,
  findings: readonly ScrubFinding[],
  signal: AbortSignal,
): Promise<readonly string[]> {
  if (!(await isIdleReceiver(ctx, folderId, signal))) return [];
  if (!(await isHeldElsewhere(ctx, folderId, signal))) return [];
  const touched: string[] = [];
  for (const finding of findings) if (await touch(ctx, folderId, finding, signal)) touched.push(finding.name);
  return touched;
}

/** Nor may a pod that was left over look at it: what it has open would be taken from under its feet. */
async function isIdleReceiver(ctx: NodeContext, folderId: string, signal: AbortSignal): Promise<boolean> {
  const state = await ctx.states.read(folderId);
  if (state === undefined || state.announcing === true) return false;
  if (state.phase.kind !== 'replica' && state.phase.kind !== 'released') return false;
  if (isWriting(state)) return false;
  if ((await volumeMounts(ctx, folderId)).pods.length > 0) return false;
  return (await ctx.syncthing.folder(folderId, { signal }))?.type === 'receiveonly';
}

/**
 * The volume live: a copy with changed files is neither a holder nor what the volume goes on from, so that another has
 * to be there that is; while somebody writes, on a data node, since a client's copy may go with its pod.
 */
async function isHeldElsewhere(ctx: NodeContext, folderId: string, signal: AbortSignal): Promise<boolean> {
  const volume = await readVolume(ctx, folderId, signal);
  const { grant } = volume.status;
  if (grant?.node === ctx.node) return false;
  const others = otherHolders(volume.status, placeOf(ctx));
  if (grant === undefined) return others.length > 0;
  for (const holder of others) if (await isDataCopy(ctx, volume, holder, signal)) return true;
  return false;
}

async function isDataCopy(
  { kubernetes }: NodeContext,
  { name }: SyncthingVolume,
  { node, storeId }: Holder,
  signal: AbortSignal,
): Promise<boolean> {
  try {
    const { spec, status } = await kubernetes.get(SYNCTHING_REPLICAS, replicaName(name, node), { signal });
    return spec.role === 'data' && spec.removal === undefined && status?.storeId === storeId;
  } catch (error) {
    if (isKubernetesError(error, 'not-found')) return false;
    throw error;
  }
}

/** False where it is gone, was changed since it was compared, or where nobody who is connected has it. */
async function touch(
  { syncthing, store, clock }: NodeContext,
  folderId: string,
  { name, blocksHash }: ScrubFinding,
  signal: AbortSignal,
): Promise<boolean> {
  const found = await syncthing.file(folderId, name, { signal });
  if (found?.local?.blocksHash !== blocksHash || !isElsewhere(found)) return false;
  // By now there may be a link on the way, into another volume, whose file would count as changed.
  using tree = new OpenTree(store.layout.volume(folderId).syncRoot);
  if ((await statIn(tree, bytePath(name)))?.isFile() !== true) return false;
  const file = tree.reach(bytePath(name));
  if (file === undefined) return false;
  try {
    const now = new Date(clock.now());
    await lutimes(file, now, now);
    return true;
  } catch (error) {
    if (isMissing(error)) return false;
    throw error;
  }
}
