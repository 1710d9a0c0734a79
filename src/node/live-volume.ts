/** The SyncthingVolume as the API server has it now, never from a cache (handoff rules 10, 12 and 14). */
import { CsiError, invalidArgument } from '../csi/errors.ts';
import { accessComplaint, type Capability } from '../csi/validate/capability.ts';
import { parseVolumeId } from '../desired/volume-id.ts';
import type { SyncthingVolume } from '../desired/volume.ts';
import type { Place } from '../handoff/session.ts';
import { SYNCTHING_VOLUMES } from '../kubernetes/resource-kind.ts';
import { apiFailure } from './call-errors.ts';
import type { NodeContext } from './context.ts';

/** NOT_FOUND for a volume that is not there, and for one that now belongs to another of the same name. */
export async function readVolume(
  ctx: NodeContext,
  volumeId: string,
  signal: AbortSignal,
): Promise<SyncthingVolume> {
  const name = parseVolumeId(volumeId)?.name;
  const missing = new CsiError('not-found', `volume ${volumeId} does not exist`);
  if (name === undefined) throw missing;
  try {
    const volume = await ctx.kubernetes.get(SYNCTHING_VOLUMES, name, { signal });
    if (volume.volumeId === volumeId) return volume;
  } catch (thrown) {
    throw apiFailure(`look up volume ${volumeId}`, thrown);
  }
  throw missing;
}

/** What stands against staging this volume with that capability, whoever holds it. */
export function checkUsable(volume: SyncthingVolume, capability: Capability): void {
  const { access, deletion } = volume.spec;
  const complaint = accessComplaint([capability.mode], access);
  if (complaint !== undefined) throw invalidArgument('volume_capability.access_mode', complaint);
  if (deletion !== undefined) {
    throw new CsiError(
      'failed-precondition',
      `volume ${volume.volumeId} is being deleted since ${deletion.requestedAt}`,
    );
  }
}

/** This node and its disk, as a grant names them. */
export function placeOf({ node, store }: NodeContext): Place {
  return { node, storeId: store.storeId };
}

export interface WaitReason {
  readonly message: string;
  /** Nothing on its way will change it: a person has to. */
  readonly isBlocked: boolean;
}

/** Reasons of the condition `Ready` (src/desired/conditions.ts) behind which no machine is at work. */
const BLOCKED: ReadonlySet<string> = new Set(['Blocked', 'NoDataNode', 'Deleting', 'Diverged']);

/** Why the controller keeps the volume waiting, in its own words. */
export function waitReason(volume: SyncthingVolume): WaitReason {
  const ready = volume.status.conditions.find((condition) => condition.type === 'Ready');
  if (ready === undefined)
    return { message: 'the controller has not looked at the volume yet', isBlocked: false };
  return { message: ready.message, isBlocked: ready.status === 'False' && BLOCKED.has(ready.reason) };
}
