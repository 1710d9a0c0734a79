/** One round: the helpers one after the other, each on the view of this moment, and what their reports change here. */
import type { NodeView, PassReport } from '../desired/node-view.ts';
import type { NodeContext } from './context.ts';
import type { HelperName, HelperReports, Helpers } from './helpers.ts';
import type { RoundFacts } from './round-facts.ts';
import { roundView, type RoundSources } from './round-view.ts';
import type { RoundKind, RoundOutcome } from './rounds.ts';

export interface RoundRunner {
  run(kind: RoundKind, signal: AbortSignal): Promise<RoundOutcome>;
  /** What the helpers said last. */
  facts(): RoundFacts;
}

/** Fences and devices before folders, bytes last (handoff rule 38). */
const ORDER: Readonly<Record<RoundKind, readonly HelperName[]>> = {
  waited: ['introducer', 'resharer'],
  full: ['introducer', 'resharer', 'deleter', 'nodewatcher'],
};

export function createRoundRunner(ctx: NodeContext, sources: RoundSources, helpers: Helpers): RoundRunner {
  let facts: RoundFacts = {};
  const failedLast = new Map<HelperName, readonly string[]>();

  async function runHelper<Name extends HelperName>(name: Name, kind: RoundKind, signal: AbortSignal): Promise<RoundOutcome> {
    const view = await roundView(ctx, sources, { kind, failedLast: failedLast.get(name) ?? [], signal });
    const report = await helpers.run(name, view, signal);
    if (report === undefined) return { more: false, failed: true };
    failedLast.set(name, report.failed.map(({ item }) => item));
    for (const { item, reason } of report.failed) ctx.log.warn({ helper: name, item, reason }, 'a helper could not do an item');
    facts = { ...facts, [name]: report };
    applyReport(ctx, view, { name, report });
    return outcomeOf(report);
  }

  return {
    facts: () => facts,
    async run(kind, signal) {
      let outcome: RoundOutcome = { more: false, failed: false };
      for (const name of ORDER[kind]) {
        signal.throwIfAborted();
        const one = await runHelper(name, kind, signal);
        outcome = { more: outcome.more || one.more, failed: outcome.failed || one.failed };
      }
      ctx.wake.nodeReport();
      return outcome;
    },
  };
}

function outcomeOf({ more, failed }: PassReport): RoundOutcome {
  return { more, failed: failed.length > 0 };
}

interface NamedReport {
  readonly name: HelperName;
  readonly report: HelperReports[HelperName];
}

function applyReport(ctx: NodeContext, view: NodeView, { name, report }: NamedReport): void {
  if (name === 'resharer' && 'applied' in report) noteApplied(ctx, view, report.applied);
  if (name === 'deleter' && 'removed' in report) noteRemoved(ctx, view, report.removed);
}

function folderOf(view: NodeView, replica: string): string | undefined {
  return view.replicas.find(({ name }) => name === replica)?.spec.folderId;
}

function noteApplied(ctx: NodeContext, view: NodeView, applied: HelperReports['resharer']['applied']): void {
  for (const { replica, generation, epoch } of applied) {
    const folderId = folderOf(view, replica);
    if (folderId === undefined) continue;
    const record = ctx.volumes.record(folderId);
    if (record.applied?.generation === generation) continue;
    record.applied = { generation, epoch };
    ctx.wake.volume(folderId);
  }
}

function noteRemoved(ctx: NodeContext, view: NodeView, removed: readonly string[]): void {
  for (const replica of removed) {
    const folderId = folderOf(view, replica);
    if (folderId === undefined || ctx.volumes.record(folderId).removed) continue;
    ctx.volumes.record(folderId).removed = true;
    ctx.wake.volume(folderId);
  }
}
