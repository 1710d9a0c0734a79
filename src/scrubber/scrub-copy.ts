import {
  MAX_FINDINGS,
  type ScrubFinding,
  type ScrubMatch,
  type ScrubReport,
  type ScrubRequest,
} from '../desired/scrub.ts';
import { isOver, type Budget } from '../runtime/apply-actions.ts';
import type { SyncthingClient } from '../syncthing/client.ts';
import { examineFile, unreadable, type CopyUnderScrub, type Outcome } from './observe.ts';
import { createPace } from './pace.ts';
import { filesAfter, type WalkedEntry } from './walk.ts';

export interface ScrubOptions {
  readonly client: Pick<SyncthingClient, 'file' | 'version'>;
  readonly budget: Budget;
  readonly signal: AbortSignal;
}

/** Pods see `data/` alone, and so does a scrub: what is beside it is Syncthing's and ours. */
const DATA = 'data';

/** Compares files until the copy or the budget ends; a file that was begun is finished. */
export async function scrubCopy(request: ScrubRequest, options: ScrubOptions): Promise<ScrubReport> {
  const { folderId, root, cursor, only, bytesPerSecond } = request;
  const { client, budget, signal } = options;
  const pace = createPace(budget.clock, bytesPerSecond, signal);
  const withAdler = (await client.version({ signal })).startsWith('v1.');
  const copy: CopyUnderScrub = { client, folderId, root, pace, withAdler, signal };
  const tally = newTally();
  let last = cursor;
  for await (const entry of only === undefined ? filesAfter(root, DATA, cursor) : named(only)) {
    const isFull = tally.findings.length >= MAX_FINDINGS;
    if (isFull || (last !== cursor && isOver(budget))) return reportOf(tally, last, false);
    const outcome = await outcomeOf(copy, entry);
    note(tally, outcome);
    if (only !== undefined && outcome.kind === 'same') tally.matched.push(outcome.match);
    last = entry.name;
  }
  return reportOf(tally, last, true);
}

function* named(names: readonly string[]): Generator<WalkedEntry> {
  for (const name of names) yield { kind: 'file', name };
}

function outcomeOf(copy: CopyUnderScrub, entry: WalkedEntry): Promise<Outcome> | Outcome {
  return entry.kind === 'file' ? examineFile(copy, entry.name) : unreadable(entry.name, entry.errno);
}

interface Tally {
  files: number;
  bytes: number;
  skipped: number;
  readonly findings: ScrubFinding[];
  readonly matched: ScrubMatch[];
}

function newTally(): Tally {
  return { files: 0, bytes: 0, skipped: 0, findings: [], matched: [] };
}

function note(tally: Tally, outcome: Outcome): void {
  if (outcome.kind === 'skipped') {
    tally.skipped += 1;
    return;
  }
  tally.files += 1;
  tally.bytes += outcome.bytes;
  if (outcome.kind === 'found') tally.findings.push(outcome.finding);
}

function reportOf(
  tally: Omit<ScrubReport, 'done' | 'cursor'>,
  cursor: string | undefined,
  done: boolean,
): ScrubReport {
  return { ...tally, done, ...(cursor !== undefined && { cursor }) };
}
