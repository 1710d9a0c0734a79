/** One turn of one helper: the view of this moment, the pass, and what its report changes here. */
import type { NodeView, PassReport } from '../desired/node-view.ts';
import type { HelperName, HelperOutcome } from '../runtime/plan-rounds.ts';
import type { NodeContext } from './context.ts';
import type { HelperReports, Helpers } from './helpers.ts';
import type { RoundFacts } from './round-facts.ts';
import { keepPodsOut } from './keep-pods-out.ts';
import { mayGo, roundView, type RoundSources } from './round-view.ts';
import { ALL_FOLDERS } from './switch-folder.ts';

export interface HelperTurns {
  run(helper: HelperName, signal: AbortSignal): Promise<HelperOutcome>;
  /** What the helpers said last. */
  facts(): RoundFacts;
}

export function createHelperTurns(ctx: NodeContext, sources: RoundSources, helpers: Helpers): HelperTurns {
  let facts: RoundFacts = {};
  const failedLast = new Map<HelperName, readonly string[]>();
  return {
    facts: () => facts,
    async run(helper, signal) {
      const pass = async (): Promise<Pass> => {
        const options = { helper, failedLast: failedLast.get(helper) ?? [], signal };
        const view = await roundView(ctx, sources, options);
        return { view, report: await helpers.run(helper, view, signal) };
      };
      const { view, report, isPartial } = await AROUND[helper](pass, { ctx, sources, signal });
      if (report === undefined) {
        failedLast.set(helper, [...new Set([...(failedLast.get(helper) ?? []), helper])]);
        if (helper === 'introducer') facts = { ...facts, introducer: fencesLeft(facts, sources, view) };
        return 'failed';
      }
      failedLast.set(
        helper,
        report.failed.map(({ item }) => item),
      );
      for (const { item, reason } of report.failed)
        ctx.log.warn({ helper, item, reason }, 'a helper could not do an item');
      facts = { ...facts, [helper]: report };
      applyReport(ctx, stillOrdered(ctx, view), report);
      ctx.wake.nodeReport();
      return isPartial === true ? 'failed' : outcomeOf(report);
    },
  };
}

/** What came of the pass is not known: a fence that it may have taken down does not stand for the next one. */
function fencesLeft(
  { introducer }: RoundFacts,
  { node }: RoundSources,
  { order }: NodeView,
): NonNullable<RoundFacts['introducer']> {
  const known = introducer?.fenced ?? node()?.status?.fenced ?? [];
  return { fenced: known.filter((fenced) => order?.fenced.includes(fenced) === true) };
}

interface Pass {
  readonly view: NodeView;
  readonly report: HelperReports[HelperName] | undefined;
  /** Something could not be asked of it, and is to be soon. */
  readonly isPartial?: boolean;
}

interface Turn {
  readonly ctx: NodeContext;
  readonly sources: RoundSources;
  readonly signal: AbortSignal;
}

type Around = (pass: () => Promise<Pass>, turn: Turn) => Promise<Pass>;

const alone: Around = (pass) => pass();

/** What must not happen on the node while a helper's view is made and acted on. */
const AROUND: Readonly<Record<HelperName, Around>> = {
  introducer: alone,
  nodewatcher: alone,
  // What the resharer saw of a folder must not be older than a switch that the node makes itself.
  resharer: (pass, { ctx }) => ctx.mutex.run(ALL_FOLDERS, pass),
  deleter: async (pass, { ctx, sources, signal }) => {
    const { result, isPartial } = await keepPodsOut(ctx, { folderIds: mayGo(sources), signal }, pass);
    return { ...result, isPartial };
  },
};

/** Single items that fail hold up nothing else: what is left of the plan comes first. */
function outcomeOf({ more, failed }: PassReport): HelperOutcome {
  if (more) return 'more';
  return failed.length > 0 ? 'failed' : 'done';
}

/** What came in the place of an order meanwhile is another order: what a pass did is nothing of its. */
function stillOrdered({ volumes }: NodeContext, view: NodeView): NodeView {
  const replicas = view.replicas.filter(({ uid, spec }) => volumes.record(spec.folderId).order?.uid === uid);
  return { ...view, replicas };
}

function applyReport(ctx: NodeContext, view: NodeView, report: HelperReports[HelperName]): void {
  if ('applied' in report) {
    noteApplied(ctx, view, report.applied);
    noteReasons(ctx, view, { key: 'refused', failed: report.failed });
    noteUnscanned(ctx, view, report.unscanned);
    wakeCalls(ctx, view);
  }
  if ('removed' in report) {
    noteRemoved(ctx, view, report.removed);
    noteReasons(ctx, view, { key: 'unremoved', failed: report.failed });
  }
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

interface Reasons {
  readonly key: 'refused' | 'unremoved';
  readonly failed: PassReport['failed'];
}

function noteReasons(ctx: NodeContext, { replicas }: NodeView, { key, failed }: Reasons): void {
  const reasons = new Map(failed.map(({ item, reason }) => [item, reason]));
  for (const { name, spec } of replicas) {
    const record = ctx.volumes.record(spec.folderId);
    const reason = reasons.get(name);
    if (record[key] === reason) continue;
    record[key] = reason;
    ctx.wake.volume(spec.folderId);
  }
}

function noteUnscanned(ctx: NodeContext, { replicas }: NodeView, unscanned: readonly string[]): void {
  for (const { spec, generation } of replicas) {
    if (!unscanned.includes(spec.folderId)) continue;
    const record = ctx.volumes.record(spec.folderId);
    if (record.peersGo?.generation === generation) continue;
    record.peersGo = { generation, isScanned: false };
    ctx.wake.volume(spec.folderId);
  }
}

/** A call that waits for its folder's type looks at once, and so does the volume, where the type did not come. */
function wakeCalls(ctx: NodeContext, { states }: NodeView): void {
  for (const { folderId, phase } of Object.values(states)) {
    if (phase.kind !== 'taking') continue;
    ctx.volumes.changed(folderId);
    ctx.wake.volume(folderId);
  }
}

function noteRemoved(ctx: NodeContext, view: NodeView, removed: readonly string[]): void {
  for (const replica of removed) {
    const folderId = folderOf(view, replica);
    if (folderId === undefined) continue;
    const record = ctx.volumes.record(folderId);
    // Taken back while the pass ran: what comes next on this node is a new copy.
    if (record.removed || record.order?.spec.removal === undefined) continue;
    record.removed = true;
    ctx.wake.volume(folderId);
  }
}
