/** A copy begins with its state.json, before Syncthing hears of it (handoff rule 9); one that is to go gets none. */
import type { SyncthingReplica } from '../desired/replica.ts';
import { newDiskState, type DiskState } from '../handoff/disk-state.ts';
import type { NodeContext } from './context.ts';
import { NodeError } from './errors.ts';
import { forgetCopy } from './volumes.ts';

type Order = SyncthingReplica['spec'];
type Context = Pick<NodeContext, 'node' | 'states' | 'store' | 'volumes'>;

/** What the copy is, begun where there is none; undefined: it is to go, and is gone. The caller holds the volume's mutex. */
export async function copyOf(ctx: Context, { spec }: SyncthingReplica): Promise<DiskState | undefined> {
  const { folderId, volume, removal } = spec;
  const state = await ctx.states.read(folderId);
  if (state !== undefined) return state;
  const record = ctx.volumes.record(folderId);
  if (removal !== undefined) {
    // It went by order, and what comes after it may be by an older one.
    delete record.opened;
    return undefined;
  }
  requireUnused(ctx, spec);
  forgetCopy(record);
  const made = newDiskState({ volume, folderId, storeId: ctx.store.storeId });
  await ctx.states.create(made);
  return made;
}

/**
 * A state.json that went while a pod was given the volume is not made anew: it would give the right back as one that was
 * never used, while the pod goes on writing (handoff rule 5). After a restored API server an order may name a right that
 * this node had, and a copy that it has not any more: of that nothing is known here.
 */
function requireUnused({ node, store, volumes }: Context, { grant, writer, folderId }: Order): void {
  const { opened } = volumes.record(folderId);
  const right = [grant, writer].find((given) => given?.node === node && given.storeId === store.storeId);
  if (right === undefined || right.since !== opened) return;
  const { directory, stateFile } = store.layout.volume(folderId);
  throw new NodeError(
    'inconsistent',
    `${stateFile} is missing on ${node}, which may write the volume since ${right.since}: put ${directory} back as it ` +
      'was; if it is lost for good, let another node go on (docs/operations.md, "A node will not come back")',
  );
}
