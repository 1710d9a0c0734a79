/** Carrying out one step of a scrub. */
import {
  begun,
  finished,
  marked,
  rechecked,
  scannedCopy,
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
import { verdictOnFinding, type ScrubView } from '../handoff/scrub.ts';
import type { Counter } from '../runtime/metrics.ts';
import type { NodeContext } from './context.ts';
import type { Jobs } from './jobs.ts';
import { markRotten } from './mark-rotten.ts';
import { tellOfReplica } from './tell.ts';

/** Compares one part of one copy; rejects where it cannot. */
export type Scrubber = (
  request: Omit<ScrubRequest, 'syncthing'>,
  signal: AbortSignal,
) => Promise<ScrubReport>;

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
      return mark(tools, copy, step.names);
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

function requestOf(
  { ctx, settings }: ScrubTools,
  { folderId }: Copy,
  part: Pick<ScrubRequest, 'cursor' | 'only'>,
): Omit<ScrubRequest, 'syncthing'> {
  const { syncRoot } = ctx.store.layout.volume(folderId);
  const { bytesPerSecond } = settings;
  return { folderId, root: syncRoot, bytesPerSecond, budgetMs: PASS_MS, ...part };
}

function count({ tally }: ScrubTools, { files, bytes }: ScrubReport): void {
  tally.files.add({}, files);
  tally.bytes.add({}, bytes);
}

async function walk(tools: ScrubTools, copy: Copy, signal: AbortSignal): Promise<ScrubRecord> {
  const cursor = copy.record.run?.cursor;
  const report = await tools.scrubber(requestOf(tools, copy, cursor === undefined ? {} : { cursor }), signal);
  count(tools, report);
  if (report.findings.length === 0) return walked(copy.record, report, []);
  return settle(tools, copy, { report, signal });
}

interface Settling {
  readonly report: ScrubReport;
  readonly signal: AbortSignal;
}

/** What is done with each finding. */
async function settle(tools: ScrubTools, before: Copy, { report, signal }: Settling): Promise<ScrubRecord> {
  const { ctx, tally } = tools;
  const { folderId } = before;
  const copy = (await tools.observe()) ?? before;
  const ownId = (await ctx.syncthing.systemStatus({ signal })).myID.split('-')[0] ?? '';
  const toRepair: string[] = [];
  for (const finding of report.findings) {
    tally.differing.add({});
    const verdict = verdictOnFinding({ ...copy, finding, ownId });
    if (verdict.kind === 'repair') toRepair.push(finding.name);
    else tellOfDifference(ctx, folderId, { finding, reason: verdict.reason });
  }
  return walked(before.record, report, toRepair);
}

async function mark(
  { ctx, jobs }: ScrubTools,
  { folderId, record }: Copy,
  names: readonly string[],
): Promise<ScrubRecord | undefined> {
  const isDone = await jobs.alone({
    folderId,
    name: 'repair of what rotted',
    work: (signal) => markRotten(ctx, folderId, names, signal),
  });
  if (!isDone) return undefined;
  ctx.log.warn({ folderId, files: names }, 'files that rotted are fetched again');
  return marked(record);
}

interface Difference {
  readonly finding: ScrubFinding;
  readonly reason: string;
}

function tellOfDifference(ctx: NodeContext, folderId: string, { finding, reason }: Difference): void {
  const { name, kind } = finding;
  ctx.log.warn({ folderId, file: name, kind, reason }, 'a file differs from what was proven');
  const message = `${name} on ${ctx.node} differs from what was proven, with the same size and time: ${reason}`;
  tellOfReplica(ctx, folderId, { type: 'Warning', reason: 'Differs', message });
}

interface Rechecking {
  readonly names: readonly string[];
  readonly signal: AbortSignal;
}

async function recheck(tools: ScrubTools, copy: Copy, { names, signal }: Rechecking): Promise<ScrubRecord> {
  const { ctx, tally } = tools;
  const report = await tools.scrubber(requestOf(tools, copy, { only: names }), signal);
  count(tools, report);
  const left = report.findings.map(({ name }) => name);
  const repaired = report.files - left.length;
  tally.repaired.add({}, repaired);
  for (const finding of report.findings)
    tellOfDifference(ctx, copy.folderId, { finding, reason: 'it was to be fetched again, and was not' });
  if (repaired > 0) {
    const files = names.filter((name) => !left.includes(name)).join(', ');
    const message = `${files} on ${ctx.node} rotted, and is what was proven again`;
    tellOfReplica(ctx, copy.folderId, { type: 'Normal', reason: 'Repaired', message });
  }
  return rechecked(copy.record, report);
}

function finish({ ctx }: ScrubTools, { folderId, record }: Copy): ScrubRecord {
  const next = finished(record, ctx.clock.now());
  ctx.log.info({ folderId, ...next.last }, 'a copy was scrubbed');
  return next;
}
