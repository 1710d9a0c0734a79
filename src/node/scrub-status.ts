/** PURE: what is reported of a copy's scrubs. */
import type { ScrubStatus } from '../desired/replica.ts';
import type { FinishedScrub, ScrubRecord } from '../desired/scrub.ts';

/** Names in a report; the rest is a number. */
const MAX_NAMES = 5;

/** Undefined where no scrub was begun, nor should have been. */
export function scrubStatus(record: ScrubRecord | undefined): ScrubStatus | undefined {
  if (record === undefined) return undefined;
  const { last, run, failing } = record;
  if (last === undefined && run === undefined && failing === undefined) return undefined;
  return {
    ...finishedPart(last),
    ...(run !== undefined && { running: { startedAt: run.startedAt, files: run.files, bytes: run.bytes } }),
    ...(failing !== undefined && { failing }),
  };
}

function finishedPart(last: FinishedScrub | undefined): ScrubStatus {
  if (last === undefined) return { files: 0, bytes: 0, repaired: 0, differing: 0, names: [] };
  const { differing, ...rest } = last;
  return { ...rest, differing: differing.length, names: differing.slice(0, MAX_NAMES) };
}
