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

/**
 * What is missing of the copy's scrub; undefined where nothing is. One that cannot be scrubbed for a whole interval
 * keeps nobody waiting any longer: it was reported all that time.
 */
export function scrubLack(view: VolumeView, copy: SyncthingReplica): ScrubLack | undefined {
  const { node } = copy.spec;
  const scrubbed = copy.status?.scrubbed ?? NEVER;
  if (isGivenUp(view, scrubbed)) return undefined;
  if (scrubbed.differing > 0)
    return { node, reason: `${node} has ${scrubbed.differing} file(s) that differ from what was proven` };
  const staleAt = scrubbed.finishedAt === undefined ? 0 : Date.parse(scrubbed.finishedAt) + maxAgeMs(view);
  if (view.now < staleAt) return undefined;
  return { node, requestedAt: new Date(staleAt).toISOString(), reason: waitReason(node, scrubbed) };
}

const NEVER: ScrubStatus = { files: 0, bytes: 0, repaired: 0, differing: 0, names: [] };

function isGivenUp(view: VolumeView, { failing }: ScrubStatus): boolean {
  return failing !== undefined && view.now - Date.parse(failing.since) > view.settings.scrubIntervalMs;
}

function waitReason(node: string, { failing, running }: ScrubStatus): string {
  if (failing !== undefined) return `${node} cannot be scrubbed: ${failing.message}`;
  return `${node} is scrubbed first${running === undefined ? '' : `, ${running.files} file(s) so far`}`;
}
