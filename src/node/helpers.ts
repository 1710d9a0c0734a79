/** The helpers as programs of their own (docs/design.md, "Parts"). */
import type * as z from 'zod/mini';
import {
  deleterReport,
  introducerReport,
  nodewatcherReport,
  resharerReport,
} from '../desired/helper-report.ts';
import type {
  DeleterReport,
  IntroducerReport,
  NodeView,
  NodewatcherReport,
  PassReport,
  ResharerReport,
} from '../desired/node-view.ts';
import type { Counter, Metrics } from '../runtime/metrics.ts';
import type { Logger } from '../runtime/logger.ts';
import type { HelperName } from '../runtime/plan-rounds.ts';
import { helperCommand } from '../runtime/program.ts';
import { runHelper } from '../runtime/subprocess.ts';

export interface HelperReports extends Record<HelperName, PassReport> {
  readonly introducer: IntroducerReport;
  readonly resharer: ResharerReport;
  readonly deleter: DeleterReport;
  readonly nodewatcher: NodewatcherReport;
}

export interface Helpers {
  /** Undefined when the pass could not be done; that is logged and counted, and a later round does it. */
  run<Name extends HelperName>(
    name: Name,
    view: NodeView,
    signal: AbortSignal,
  ): Promise<HelperReports[Name] | undefined>;
}

export interface HelpersOptions {
  /** process.execPath. */
  readonly node: string;
  /** import.meta.filename of the program that starts them. */
  readonly callerFile: string;
  readonly timeoutMs: number;
  readonly log: Logger;
  readonly metrics: Metrics;
  /** The helpers' whole environment. */
  readonly env: Readonly<Record<string, string>>;
}

const KILL_AFTER_MS = 5_000;

const reports: { readonly [Name in HelperName]: z.ZodMiniType<HelperReports[Name]> } = {
  introducer: introducerReport,
  resharer: resharerReport,
  deleter: deleterReport,
  nodewatcher: nodewatcherReport,
};

export function createHelpers(options: HelpersOptions): Helpers {
  const passes = options.metrics.counter(
    'syncthing_csi_helper_passes_total',
    'Passes of helpers by helper and outcome',
  );
  return { run: (name, view, signal) => runPass({ ...options, passes }, { name, view, signal }) };
}

interface Pass<Name extends HelperName> {
  readonly name: Name;
  readonly view: NodeView;
  readonly signal: AbortSignal;
}

async function runPass<Name extends HelperName>(
  options: HelpersOptions & { readonly passes: Counter },
  { name, view, signal }: Pass<Name>,
): Promise<HelperReports[Name] | undefined> {
  const { node, callerFile, timeoutMs, env } = options;
  const log = options.log.child({ helper: name });
  const result = await runHelper({
    name,
    command: helperCommand({ node, callerFile, name }),
    input: view,
    report: reports[name],
    timeoutMs,
    killAfterMs: KILL_AFTER_MS,
    log,
    signal,
    env,
  });
  options.passes.add({ helper: name, outcome: result.kind });
  if (result.kind === 'ok') return result.report;
  if (result.kind !== 'cancelled')
    log.error({ outcome: result.kind, reason: result.message }, 'a pass of a helper could not be done');
  return undefined;
}
