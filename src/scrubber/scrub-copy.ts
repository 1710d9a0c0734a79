import type { ScrubFinding, ScrubReport, ScrubRequest } from '../desired/scrub.ts';
import { isOver, type Budget } from '../runtime/apply-actions.ts';
import type { SyncthingClient } from '../syncthing/client.ts';
import { examineFile, type CopyUnderScrub } from './observe.ts';
import { createPace } from './pace.ts';
import { filesAfter } from './walk.ts';

export interface ScrubOptions {
  readonly client: Pick<SyncthingClient, 'file' | 'version'>;
  readonly budget: Budget;
  readonly signal: AbortSignal;
}

/** Pods see `data/` alone, and so does a scrub: what is beside it is Syncthing's and ours. */
const DATA = 'data';
/** More is not rot but a disk, or a rule of ours, that is wrong as a whole: a person looks at these first. */
const MAX_FINDINGS = 100;

/** Compares files until the copy or the budget ends; a file that was begun is finished. */
export async function scrubCopy(request: ScrubRequest, options: ScrubOptions): Promise<ScrubReport> {
  const { folderId, root, cursor, only, bytesPerSecond } = request;
  const { client, budget, signal } = options;
  const pace = createPace(budget.clock, bytesPerSecond, signal);
  const withAdler = (await client.version({ signal })).startsWith('v1.');
  const copy: CopyUnderScrub = { client, folderId, root, pace, withAdler, signal };
  const tally = { files: 0, bytes: 0, skipped: 0, findings: new Array<ScrubFinding>() };
  let last = cursor;
  for await (const name of only ?? filesAfter(root, DATA, cursor)) {
    const isFull = tally.findings.length >= MAX_FINDINGS;
    if (isFull || (last !== cursor && isOver(budget))) return reportOf(tally, last, false);
    const outcome = await examineFile(copy, name);
    last = name;
    if (outcome.kind === 'skipped') {
      tally.skipped += 1;
      continue;
    }
    tally.files += 1;
    tally.bytes += outcome.bytes;
    if (outcome.kind === 'found') tally.findings.push(outcome.finding);
  }
  return reportOf(tally, last, true);
}

function reportOf(
  tally: Omit<ScrubReport, 'done' | 'cursor'>,
  cursor: string | undefined,
  done: boolean,
): ScrubReport {
  return { ...tally, done, ...(cursor !== undefined && { cursor }) };
}
