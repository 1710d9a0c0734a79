/** PURE: what is reported of a copy's scrubs. */
import { underRepair } from '../desired/plan-scrub.ts';
import type { ScrubProgress, ScrubStatus } from '../desired/replica.ts';
import type { Differing, ScrubRecord, ScrubRun } from '../desired/scrub.ts';

/** Names in a report; the rest is a number. */
const MAX_NAMES = 5;

/** Undefined where no scrub was begun, nor should have been. */
export function scrubStatus(record: ScrubRecord | undefined): ScrubStatus | undefined {
  if (record === undefined) return undefined;
  const { last, run, failing } = record;
  if (last === undefined && run === undefined && failing === undefined) return undefined;
  return {
    ...(last ?? NOTHING),
    ...differingOf(last ?? NOTHING, run ?? NOTHING),
    ...(run !== undefined && { running: progressOf(record, run) }),
    ...(failing !== undefined && { failing }),
  };
}

const NOTHING = { files: 0, bytes: 0, skipped: 0, repaired: 0, differing: 0, names: [] };

/** What was found counts at once, and what the last scrub found until this one is over. */
function differingOf(last: Differing, run: Differing): Differing {
  const names = [...new Set([...run.names, ...last.names])];
  const differing = Math.max(last.differing, run.differing, names.length);
  return { differing, names: names.slice(0, MAX_NAMES) };
}

function progressOf(record: ScrubRecord, { startedAt, files, bytes }: ScrubRun): ScrubProgress {
  return { startedAt, files, bytes, repairing: underRepair(record).length };
}
