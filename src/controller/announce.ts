/** Kubernetes Events about what a person should know, on the volume and on the claim it was made for. */
import type { Base, SyncthingVolume, SyncthingVolumeStatus } from '../desired/volume.ts';
import { acknowledgedHolders } from '../handoff/failover.ts';
import type { VolumeView } from '../handoff/view.ts';
import type { Occurrence } from '../kubernetes/event-recorder.ts';
import { referenceTo } from '../kubernetes/event-recorder.ts';
import { PERSISTENT_VOLUME_CLAIMS, SYNCTHING_VOLUMES } from '../kubernetes/resource-kind.ts';
import type { ControllerContext } from './context.ts';

export type Announcement = Omit<Occurrence, 'about'>;

/** By condition, the reasons that wait for a person. */
const WARNINGS: Readonly<Record<string, ReadonlySet<string>>> = {
  Ready: new Set(['Blocked', 'NoDataNode', 'StoreChanged', 'Diverged']),
  Carried: new Set(['NotCarried']),
  Scrubbed: new Set(['Differs']),
};

type Told = { readonly reason: string; readonly message: string } | undefined;

function conditionOf(volume: SyncthingVolume, type: string): Told {
  return volume.status.conditions.find((condition) => condition.type === type);
}

/** A condition that has come to one of the reasons that wait for a person. */
function warningOf(before: Told, after: Told, reasons: ReadonlySet<string>): readonly Announcement[] {
  const isNew = after !== undefined && reasons.has(after.reason) && before?.reason !== after.reason;
  return isNew ? [{ type: 'Warning', reason: after.reason, message: after.message }] : [];
}

/** The copy from which the volume goes on was proven to have everything that the lost grant acknowledged. */
function isAcknowledged(before: SyncthingVolumeStatus, next: Base): boolean {
  const holders = acknowledgedHolders(before);
  return next.holders.every(({ node }) => holders.some((holder) => holder.node === node));
}

function failoverAnnouncement(before: SyncthingVolume, after: SyncthingVolume): Announcement | undefined {
  const { base } = after.status;
  const lost = before.status.grant;
  if (base.kind !== 'failover' || base.epoch === before.status.base.epoch || lost === undefined)
    return undefined;
  const through = before.status.proven?.epoch === lost.epoch ? before.status.proven.scanStartedAt : undefined;
  const holders = base.holders.map((holder) => holder.node).join(', ');
  if (!isAcknowledged(before.status, base)) {
    const message = `node ${lost.node} is given up, the volume goes on from what ${holders} has, which may be less than was acknowledged`;
    return { type: 'Warning', reason: 'FailedOver', message };
  }
  const kept =
    through === undefined
      ? `what ${lost.node} wrote since ${lost.since} was never replicated and is archived when it returns`
      : `everything written before ${through} is there; what ${lost.node} wrote after that is archived when it returns`;
  return {
    type: 'Normal',
    reason: 'FailedOver',
    message: `node ${lost.node} is lost, the volume goes on from ${holders}: ${kept}`,
  };
}

/** Each conflict copy that was not there before; the latest are named, and the rest is a number. */
function conflictAnnouncements(before: SyncthingVolume, after: SyncthingVolume): readonly Announcement[] {
  const known = before.status.conflicts?.names ?? [];
  const names = (after.status.conflicts?.names ?? []).filter((name) => !known.includes(name));
  const isNew = (after.status.conflicts?.count ?? 0) > (before.status.conflicts?.count ?? 0);
  if (!isNew) return [];
  return names.map((name) => ({
    type: 'Warning',
    reason: 'Conflict',
    message: `a file was changed on two nodes at once, and the version that lost is kept as ${name}`,
  }));
}

/** Only what is new: an unchanged condition was told already. */
export function announcements(before: SyncthingVolume, after: SyncthingVolume): readonly Announcement[] {
  const failover = failoverAnnouncement(before, after);
  const warnings = Object.entries(WARNINGS).flatMap(([type, reasons]) =>
    warningOf(conditionOf(before, type), conditionOf(after, type), reasons),
  );
  const conflicts = conflictAnnouncements(before, after);
  return [...(failover === undefined ? [] : [failover]), ...warnings, ...conflicts];
}

/** Does not wait: an event that cannot be written is logged and forgotten. */
export function announce(
  ctx: ControllerContext,
  before: VolumeView,
  after: SyncthingVolume,
  signal: AbortSignal,
): void {
  const found = announcements(before.volume, after);
  if (found.length === 0) return;
  const about = referenceTo(SYNCTHING_VOLUMES, after, ctx.client.namespace);
  for (const announcement of found) ctx.events.record({ about, ...announcement });
  void announceOnClaim(ctx, after, { found, signal }).catch((error: unknown) => {
    ctx.log.debug({ volume: after.name, error }, 'the claim could not be told');
  });
}

interface Telling {
  readonly found: readonly Announcement[];
  readonly signal: AbortSignal;
}

/** `kubectl describe pvc` finds events by the claim's uid, so it is read first. */
async function announceOnClaim(
  ctx: ControllerContext,
  volume: SyncthingVolume,
  { found, signal }: Telling,
): Promise<void> {
  const { claim } = volume.spec;
  if (claim === undefined) return;
  const object = await ctx.client.get(PERSISTENT_VOLUME_CLAIMS, claim.name, {
    signal,
    namespace: claim.namespace,
  });
  const about = referenceTo(PERSISTENT_VOLUME_CLAIMS, object, claim.namespace);
  for (const announcement of found) ctx.events.record({ about, ...announcement });
}
