/** Whether a copy's bytes were looked at lately enough to be what a volume rests on (handoff rule 43). */
import type { ScrubStatus, SyncthingReplica } from '../desired/replica.ts';
import type { VolumeView } from './view.ts';

export interface ScrubLack {
  readonly node: string;
  /** For people. */
  readonly reason: string;
  /** RFC 3339: a scrub begun after this would do; absent where another scrub alone changes nothing. */
  readonly requestedAt?: string;
}

/** Two intervals: one that has passed, and one for the scrub that it made due. */
function maxAgeMs({ settings }: Pick<VolumeView, 'settings'>): number {
  return 2 * settings.scrubIntervalMs;
}

/** Scrubs are made, and nobody said that this volume's copies may go without. */
export function asksForScrubs({ settings, volume }: Pick<VolumeView, 'settings' | 'volume'>): boolean {
  return settings.scrubIntervalMs > 0 && volume.wishes?.leaveWithoutScrub !== true;
}

/** What is missing of the copy's scrub; undefined where nothing is. However long it fails, only a person may go on. */
export function scrubLack(view: VolumeView, copy: SyncthingReplica): ScrubLack | undefined {
  const { node } = copy.spec;
  const scrubbed = copy.status?.scrubbed ?? NEVER;
  const reason = differenceOf(copy) ?? uncomparedReason(copy);
  if (reason !== undefined) return { node, reason: `${node} ${reason}` };
  const staleAt = scrubbed.finishedAt === undefined ? 0 : Date.parse(scrubbed.finishedAt) + maxAgeMs(view);
  if (view.now < staleAt) return undefined;
  return { node, requestedAt: new Date(staleAt).toISOString(), reason: waitReason(node, scrubbed) };
}

const NEVER: ScrubStatus = { files: 0, bytes: 0, skipped: 0, repaired: 0, differing: 0, names: [] };

function differenceOf({ status }: SyncthingReplica): string | undefined {
  const { differing, running } = status?.scrubbed ?? NEVER;
  if (differing > 0) return `has ${differing} file(s) that differ from what was proven`;
  const repairing = running?.repairing ?? 0;
  return repairing > 0 ? `fetches ${repairing} file(s) again that differed from what was proven` : undefined;
}

/** A scrub that came to its end and compared nothing; undefined where it did, or where there is nothing to compare. */
export function uncomparedReason({ status }: SyncthingReplica): string | undefined {
  const { files, skipped, finishedAt } = status?.scrubbed ?? NEVER;
  const isNothing = finishedAt !== undefined && files === 0 && skipped > 0;
  // What a pod writes may be changing all the time.
  return isNothing && status?.folder?.type === 'receiveonly'
    ? `has ${skipped} file(s), none of which could be compared with what was proven`
    : undefined;
}

/** Why what a scrub once said of the copy says little about now; undefined where it does, or where there was none. */
export function staleReason(view: VolumeView, { spec, status }: SyncthingReplica): string | undefined {
  const { finishedAt, running } = status?.scrubbed ?? NEVER;
  const isOld = (moment: string | undefined): boolean =>
    moment !== undefined && view.now - Date.parse(moment) >= maxAgeMs(view);
  if (isOld(running?.startedAt)) return `${spec.node} is being compared since ${running?.startedAt}`;
  return isOld(finishedAt) ? `${spec.node} was compared last at ${finishedAt}` : undefined;
}

function waitReason(node: string, { failing, running }: ScrubStatus): string {
  if (failing !== undefined) return `${node} cannot be scrubbed: ${failing.message}`;
  return `${node} is scrubbed first${running === undefined ? '' : `, ${running.files} file(s) so far`}`;
}
