/** Carrying out one step of a scrub. */
import {
  begun,
  finished,
  isBeyondRot,
  marked,
  rechecked,
  recheckOf,
  scannedCopy,
  stopped,
  walked,
  type ScrubStep,
} from '../desired/plan-scrub.ts';
import type {
  ScrubFinding,
  ScrubRecord,
  ScrubReport,
  ScrubRequest,
  ScrubSettings,
} from '../desired/scrub.ts';
import { isUnderRepair } from '../handoff/copy.ts';
import { verdictOnFinding, type ScrubView } from '../handoff/scrub.ts';
import type { Counter } from '../runtime/metrics.ts';
import type { NodeContext } from './context.ts';
import type { Jobs } from './jobs.ts';
import { markRotten } from './mark-rotten.ts';
import { tellOfReplica } from './tell.ts';

export interface ScrubOrder extends Omit<ScrubRequest, 'syncthing'> {
  /** What the whole copy has: no file of it is larger. */
  readonly copyBytes: number;
}

/** Compares one part of one copy; rejects where it cannot. */
export type Scrubber = (order: ScrubOrder, signal: AbortSignal) => Promise<ScrubReport>;

export interface Copy extends ScrubView {
  readonly folderId: string;
  readonly record: ScrubRecord;
}

export interface ScrubTally {
  readonly files: Counter;
  readonly bytes: Counter;
  readonly differing: Counter;
  readonly repaired: Counter;
}

export interface ScrubTools {
  readonly ctx: NodeContext;
  readonly jobs: Jobs;
  readonly scrubber: Scrubber;
  readonly settings: ScrubSettings;
  readonly tally: ScrubTally;
  /** The copy as it is now. */
  readonly observe: () => Promise<Copy | undefined>;
}

interface Carrying {
  readonly step: ScrubStep;
  readonly signal: AbortSignal;
}

/** So long one pass lasts, unless a file takes longer: what was begun later may be waited for. */
const PASS_MS = 60_000;
const SCAN_TIMEOUT_MS = 30 * 60_000;

/** The record after the step; undefined where another job of the volume is in the way. */
export async function carryOut(
  tools: ScrubTools,
  copy: Copy,
  { step, signal }: Carrying,
): Promise<ScrubRecord | undefined> {
  const { ctx } = tools;
  switch (step.kind) {
    case 'begin':
      return begun(copy.record, ctx.clock.now());
    case 'scan':
      return scan(tools, copy);
    case 'walk':
      return walk(tools, copy, signal);
    case 'mark':
      return mark(tools, copy, { findings: step.findings, signal });
    case 'recheck':
      return recheck(tools, copy, { names: step.names, signal });
    case 'finish':
      return finish(tools, copy);
  }
}

async function scan({ ctx, jobs }: ScrubTools, { folderId, record }: Copy): Promise<ScrubRecord | undefined> {
  const isDone = await jobs.alone({
    folderId,
    name: 'scan for a scrub',
    work: (signal) => ctx.syncthing.scan(folderId, { signal, timeoutMs: SCAN_TIMEOUT_MS }),
  });
  return isDone ? scannedCopy(record) : undefined;
}

async function orderOf(
  { ctx, settings }: ScrubTools,
  { folderId }: Copy,
  { signal, ...part }: Pick<ScrubRequest, 'cursor' | 'only'> & { readonly signal: AbortSignal },
): Promise<ScrubOrder> {
  const { syncRoot } = ctx.store.layout.volume(folderId);
  const { localBytes } = await ctx.syncthing.folderStatus(folderId, { signal });
  const { bytesPerSecond } = settings;
  return { folderId, root: syncRoot, bytesPerSecond, budgetMs: PASS_MS, copyBytes: localBytes, ...part };
}

function count({ tally }: ScrubTools, { files, bytes }: ScrubReport): void {
  tally.files.add({}, files);
  tally.bytes.add({}, bytes);
}

async function walk(tools: ScrubTools, copy: Copy, signal: AbortSignal): Promise<ScrubRecord> {
  const cursor = copy.record.run?.cursor;
  const order = await orderOf(tools, copy, { signal, ...(cursor !== undefined && { cursor }) });
  const report = await tools.scrubber(order, signal);
  count(tools, report);
  if (report.findings.length === 0) return walked(copy.record, report, []);
  tools.tally.differing.add({}, report.findings.length);
  return settle(tools, copy, { report, signal });
}

interface Settling {
  readonly report: ScrubReport;
  readonly signal: AbortSignal;
}

/** What is done with each finding. */
async function settle(tools: ScrubTools, before: Copy, { report, signal }: Settling): Promise<ScrubRecord> {
  const { ctx } = tools;
  const copy = (await tools.observe()) ?? before;
  const { toRepair, left } = await judge(ctx, copy, { findings: report.findings, signal });
  if (isBeyondRot(before.record, report, toRepair.length)) {
    tellOfStop(ctx, before.folderId, report);
    return stopped(before.record, report);
  }
  for (const difference of left) tellOfDifference(ctx, before.folderId, difference);
  return walked(before.record, report, toRepair);
}

interface Judging {
  readonly findings: readonly ScrubFinding[];
  readonly signal: AbortSignal;
}

interface Judged {
  readonly toRepair: readonly ScrubFinding[];
  readonly left: readonly Difference[];
}

async function judge(ctx: NodeContext, copy: Copy, { findings, signal }: Judging): Promise<Judged> {
  const ownId = await ownIdOf(ctx, signal);
  const toRepair: ScrubFinding[] = [];
  const left: Difference[] = [];
  for (const finding of findings) {
    const verdict = verdictOnFinding({ ...copy, finding, ownId });
    if (verdict.kind === 'repair') toRepair.push(finding);
    else left.push({ finding, reason: verdict.reason });
  }
  return { toRepair, left };
}

/** Syncthing's short id of this device, as its index names who changed a file. */
async function ownIdOf({ syncthing }: NodeContext, signal: AbortSignal): Promise<string> {
  return (await syncthing.systemStatus({ signal })).myID.split('-')[0] ?? '';
}

/**
 * Judged anew: a session may have come and gone since they were found, which may have written them. Not before the API
 * server knows that files of this copy are about to be changed, or another holder may be struck for its sake.
 */
async function mark(
  { ctx, jobs }: ScrubTools,
  copy: Copy,
  judging: Judging,
): Promise<ScrubRecord | undefined> {
  const { folderId, record } = copy;
  if (!isReported(ctx, folderId)) return undefined;
  const { toRepair, left } = await judge(ctx, copy, judging);
  const isDone = await jobs.alone({
    folderId,
    name: 'repair of what rotted',
    work: (signal) => markRotten(ctx, folderId, toRepair, signal),
  });
  if (!isDone) return undefined;
  const names = toRepair.map(({ name }) => name);
  if (names.length > 0) ctx.log.warn({ folderId, files: names }, 'files that rotted are fetched again');
  for (const difference of left) tellOfDifference(ctx, folderId, difference);
  return marked(
    record,
    left.map(({ finding }) => finding.name),
  );
}

/** As this process wrote it last, else as the watch brought it. */
function isReported({ volumes }: NodeContext, folderId: string): boolean {
  const { written, order } = volumes.record(folderId);
  return isUnderRepair(written?.uid === order?.uid ? written?.status : order?.status);
}

interface Difference {
  readonly finding: Pick<ScrubFinding, 'name' | 'kind'>;
  readonly reason: string;
}

function tellOfDifference(ctx: NodeContext, folderId: string, { finding, reason }: Difference): void {
  const { name, kind } = finding;
  ctx.log.warn({ folderId, file: name, kind, reason }, 'a file differs from what was proven');
  const what = kind === 'unreadable' ? 'cannot be read' : DIFFERS;
  const message = `${name} on ${ctx.node} ${what}: ${reason}`;
  tellOfReplica(ctx, folderId, { type: 'Warning', reason: 'Differs', message });
}

const DIFFERS = 'differs from what was proven, with the same size and time';

/** One event for all of them. */
function tellOfStop(ctx: NodeContext, folderId: string, { findings, files }: ScrubReport): void {
  const names = findings.map(({ name }) => name);
  ctx.log.error({ folderId, files: names }, 'so much differs that it is no rot; the scrub ends here');
  const some = names.slice(0, TOLD).join(', ');
  const message = `${findings.length} of ${files} files on ${ctx.node} differ from what was proven, ${some} and others: that is no rot of single files, so that nothing was touched; look at the disk`;
  tellOfReplica(ctx, folderId, { type: 'Warning', reason: 'Differs', message });
}

/** Names in a message; the rest is a number. */
const TOLD = 5;

interface Rechecking {
  readonly names: readonly string[];
  readonly signal: AbortSignal;
}

async function recheck(tools: ScrubTools, copy: Copy, { names, signal }: Rechecking): Promise<ScrubRecord> {
  const { ctx, tally } = tools;
  const report = await tools.scrubber(await orderOf(tools, copy, { only: names, signal }), signal);
  count(tools, report);
  const outcome = recheckOf(copy.record, report, await ownIdOf(ctx, signal));
  const { repaired, differing } = outcome;
  tally.repaired.add({}, repaired.length);
  const reason = 'it was to be fetched again, and was not';
  for (const name of differing)
    tellOfDifference(ctx, copy.folderId, { finding: { name, kind: 'differs' }, reason });
  if (repaired.length > 0) {
    const message = `${repaired.join(', ')} on ${ctx.node} rotted, and is what was proven again`;
    tellOfReplica(ctx, copy.folderId, { type: 'Normal', reason: 'Repaired', message });
  }
  return rechecked(copy.record, outcome);
}

function finish({ ctx }: ScrubTools, { folderId, record }: Copy): ScrubRecord {
  const next = finished(record, ctx.clock.now());
  ctx.log.info({ folderId, ...next.last }, 'a copy was scrubbed');
  return next;
}
